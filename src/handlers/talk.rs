//! One turn of a conversation: who speaks, what they have begun, and how they are answered.
//!
//! **Invariant:** a tap gets exactly one answer, and a turn at most one screen.

use crate::flow::Shop;
use crate::ids::{MessageId, UserId};
use crate::message::{About, Act, Keyboard, Lang, Outgoing};
use crate::store::{Draft, Expects, Fault, Session, Stage, Tx};
use crate::texts::{self, Arg};

/// The newest jobs whose status message must not be overwritten by a screen.
const STATUS_MESSAGES: usize = 10;

/// A text with its buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    /// Telegram's HTML.
    pub(super) text: String,
    /// The buttons.
    pub(super) keyboard: Keyboard,
}

impl Screen {
    /// The same with a sentence above it.
    #[must_use]
    pub(super) fn below(mut self, sentence: &str) -> Self {
        self.text = format!("{sentence}\n\n{}", self.text);
        self
    }
}

/// A tap that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    /// Which.
    pub(super) query: String,
    /// On which message, if Telegram says.
    pub(super) message: Option<MessageId>,
}

/// One turn.
pub(super) struct Talk<'a, 'txn> {
    /// The operator's rules.
    pub(super) shop: &'a Shop,
    /// The transaction.
    pub(super) tx: &'a mut Tx<'txn>,
    /// Who.
    pub(super) user: UserId,
    /// Their language.
    pub(super) lang: Lang,
    /// Where the conversation stands; written by [`Talk::end`].
    pub(super) session: Session,
    tap: Option<Tap>,
    toast: Option<(String, bool)>,
}

impl<'a, 'txn> Talk<'a, 'txn> {
    /// Begins a turn of `user`, whose row exists.
    pub(super) fn new(
        shop: &'a Shop,
        tx: &'a mut Tx<'txn>,
        user: UserId,
        lang: Lang,
        session: Session,
        tap: Option<Tap>,
    ) -> Self {
        Self { shop, tx, user, lang, session, tap, toast: None }
    }

    /// A text of ours in their language.
    pub(super) fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        texts::say(self.lang, key, args)
    }

    /// Shows a screen: in the tapped message, or as the answer to what was written.
    pub(super) fn show(&mut self, screen: Screen) -> Result<(), Fault> {
        let edit = self.editable()?;
        let Screen { text, keyboard } = screen;
        let act = Act::Text { text, keyboard, edit };
        self.tx.say(Outgoing { chat: self.user.chat(), act, about: About::Screen(self.user) }, None)?;
        Ok(())
    }

    /// The tapped message, unless it shows by now how a job is getting on.
    pub(super) fn editable(&self) -> Result<Option<MessageId>, Fault> {
        let Some(message) = self.tap.as_ref().and_then(|tap| tap.message) else { return Ok(None) };
        let jobs = self.tx.jobs_of(self.user, 0, STATUS_MESSAGES)?;
        let taken = jobs.iter().any(|job| job.row.status_message == Some(message));
        Ok((!taken).then_some(message))
    }

    /// From now on screens go into a new message: the tapped one is a result and stays.
    pub(super) fn leave_tapped(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.message = None;
        }
    }

    /// What the tap is answered with; nothing for a written message.
    pub(super) fn toast(&mut self, key: &str) {
        self.toast = Some((self.say(key, &[]), false));
    }

    /// The same in a box that must be closed.
    pub(super) fn alert(&mut self, key: &str) {
        self.toast = Some((self.say(key, &[]), true));
    }

    /// Answers with a sentence: as a box for a tap, as a message for a text.
    pub(super) fn tell(&mut self, key: &str) -> Result<(), Fault> {
        if self.tap.is_some() {
            self.alert(key);
            return Ok(());
        }
        let screen = Screen { text: self.say(key, &[]), keyboard: super::keyboard::to_menu(self) };
        self.show(screen)
    }

    /// Ends the turn: writes where the conversation stands and answers the tap.
    pub(super) fn end(self) -> Result<(), Fault> {
        self.tx.put_session(self.user, &self.session)?;
        let Some(Tap { query, .. }) = self.tap else { return Ok(()) };
        let (text, alert) = self.toast.unwrap_or((String::new(), false));
        let act = Act::Toast { query, text, alert };
        self.tx.say(Outgoing { chat: self.user.chat(), act, about: About::Nothing }, None)?;
        Ok(())
    }

    /// Leaves the order aside for a look at something else; its buttons still lead back to it.
    pub(super) fn aside(&mut self) {
        self.session.expects = Expects::Nothing;
        if let Some(draft) = &mut self.session.draft {
            draft.stage = Stage::Aside;
        }
    }

    /// Drops the order that was not confirmed.
    pub(super) fn drop_draft(&mut self) {
        self.session.expects = Expects::Nothing;
        self.session.draft = None;
    }

    /// Begins an order of `model`. Older ones are dropped.
    pub(super) fn new_draft(&mut self, model: &str, stage: Stage) -> Result<Draft, Fault> {
        self.session.expects = Expects::Nothing;
        let number = self.next_number()?;
        let values = crate::catalog::input::Values::new();
        Ok(Draft {
            number,
            model: model.to_owned(),
            stage,
            values,
            pending: Vec::new(),
            collecting: None,
            shown_price: None,
        })
    }

    /// A number for a draft, or for one whose older buttons must not count any more.
    pub(super) fn next_number(&mut self) -> Result<u32, Fault> {
        self.session.drafts = self.session.drafts.max(self.tx.drafts_after()?).saturating_add(1);
        Ok(self.session.drafts)
    }
}

/// At most `chars` characters of a text, with an ellipsis where it was cut.
pub(super) fn clip(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
