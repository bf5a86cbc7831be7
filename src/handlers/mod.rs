//! The conversation: what a customer did comes in, rows go out. Nothing here touches the world.
//!
//! [`handle`] is the router: it notes who speaks, keeps the pace, and hands the turn to the screen
//! that it belongs to. **Invariants:** everything that a customer does in the chat gets an answer (but for
//! somebody in a hurry who was told so); all of a turn is one transaction; money moves only through `flow`.

mod admin;
mod amount;
mod browse;
mod card;
mod chain;
mod confirm;
mod files;
mod form;
mod help;
mod history;
mod inputs;
mod invite;
mod keyboard;
mod law;
mod options;
mod promo;
mod quick;
mod rate;
pub mod reach;
mod start;
mod statement;
mod talk;
pub(crate) mod target;
#[cfg(test)]
mod tests;
mod topup;
mod transfer;
mod wallet;

use crate::catalog::input::GivenFile;
use crate::flow::topup::Heard;
use crate::flow::{self, Shop};
use crate::ids::{LookId, MessageId, UserId};
use crate::ledger::Transfer;
use crate::message::{About, Act, Attachment, Incoming, Lang, Outgoing, Person, What};
use crate::payment::Way;
use crate::store::{DayRow, Expects, Fault, Found, Session, Stage, Tx, UserRow};
use crate::texts::{self, Arg};
use rate::Pace;
use talk::{Talk, Tap};
use target::Target;

/// Handles one thing that somebody did: writes what it changes and what we answer.
///
/// # Errors
/// Only faults; whatever a customer does wrong is answered with a sentence.
pub fn handle(shop: &Shop, tx: &mut Tx<'_>, incoming: &Incoming) -> Result<(), Fault> {
    let Incoming { from, chat, what, .. } = incoming;
    let say =
        |tx: &mut Tx<'_>, act| tx.say(Outgoing { chat: *chat, act, about: About::Nothing }, None).map(drop);
    match what {
        What::AddedToGroup => {
            let text = texts::say(from.lang, "group-only-private", &[("bot", Arg::Text(&shop.bot_name))]);
            say(tx, Act::Text { text, keyboard: Vec::new(), edit: None })?;
            say(tx, Act::Leave)
        }
        What::PreCheckout { query, bill } => {
            let lang = tx.user(from.id)?.map_or(from.lang, |row| row.lang);
            let refusal = topup::before_payment(tx, from.id, lang, bill)?;
            say(tx, Act::PreCheckout { query: query.clone(), refusal })
        }
        What::Paid { bill, charge } => {
            meet(shop, tx, from)?;
            flow::topup::arrive(shop, tx, from.id, bill, charge, Heard::Told)
        }
        What::WentBack { charge, .. } => flow::refund::went_back_of(shop, tx, Way::Stars, charge),
        What::Blocked(blocked) => note_blocked(tx, from.id, *blocked),
        What::Text(_) | What::Tap { .. } | What::File(_) | What::Unsupported => turn(shop, tx, from, what),
    }
}

/// A customer's file was looked at, or cannot be had: the form goes on with what was found.
///
/// # Errors
/// Only faults.
pub fn looked(
    shop: &Shop,
    tx: &mut Tx<'_>,
    look: LookId,
    found: Result<GivenFile, NotLooked>,
) -> Result<(), Fault> {
    let Some(row) = tx.look(look)? else { return Ok(()) };
    tx.end_look(look)?;
    let (Some(user), Some(session)) = (tx.user(row.user)?, tx.session(row.user)?) else { return Ok(()) };
    let mut talk = Talk::new(shop, tx, row.user, user.lang, session, None);
    let found = match found {
        Ok(file) => Found::File(file),
        Err(not) => Found::Nothing(talk.say(not.key(), &[])),
    };
    files::looked(&mut talk, look, found)?;
    talk.end()
}

/// A customer's file cannot be looked at by our own mistake: it is put aside, and the form goes on with the
/// others, with an error and its code above it.
///
/// # Errors
/// Only faults.
pub fn not_looked(shop: &Shop, tx: &mut Tx<'_>, look: LookId, why: &str) -> Result<(), Fault> {
    let Some((user, session, code)) = flow::intake::park_look(shop, tx, look, why)? else { return Ok(()) };
    let lang = flow::lang_of(tx, user)?;
    let mut talk = Talk::new(shop, tx, user, lang, session, None);
    let sentence = talk.say("error-ours", &[("code", Arg::Text(&code))]);
    files::looked(&mut talk, look, Found::Nothing(sentence))?;
    talk.end()
}

/// Why a customer's file could not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLooked {
    /// It is larger than we fetch.
    TooBig,
    /// The file behind a link is larger than we fetch.
    LinkTooBig,
    /// The link leads nowhere that the public can see.
    NotPublic,
    /// It is gone, or its host refuses it.
    Gone,
    /// It could not be had in time.
    Unreachable,
    /// It came, and what it is cannot be told.
    Unreadable,
}

impl NotLooked {
    fn key(self) -> &'static str {
        match self {
            Self::TooBig => "files-too-big",
            Self::LinkTooBig => "files-link-too-big",
            Self::NotPublic => "files-not-public",
            Self::Gone => "files-gone",
            Self::Unreachable => "files-unreachable",
            Self::Unreadable => "files-unreadable",
        }
    }
}

/// Nobody can be answered here: the customer has gone, or has not said anything yet.
fn note_blocked(tx: &mut Tx<'_>, user: UserId, blocked: bool) -> Result<(), Fault> {
    let Some(mut row) = tx.user(user)? else { return Ok(()) };
    row.blocked = blocked;
    count_visit(tx, &row, false)?;
    row.last_seen = tx.now().at;
    tx.put_user(user, &row)
}

/// Counts a customer among those of today, once a day: before their row says that they were here.
fn count_visit(tx: &mut Tx<'_>, row: &UserRow, new: bool) -> Result<(), Fault> {
    let active = u32::from(new || row.last_seen.day() < tx.now().at.day());
    if active == 0 {
        return Ok(());
    }
    tx.count_day(&DayRow { active, new: new.into(), ..DayRow::default() })
}

/// A turn of the conversation.
fn turn(shop: &Shop, tx: &mut Tx<'_>, from: &Person, what: &What) -> Result<(), Fault> {
    let (lang, new) = meet(shop, tx, from)?;
    let mut session = tx.session(from.id)?.unwrap_or(Session::default());
    // A receipt is money: it is never lost to haste.
    let is_receipt =
        matches!((&session.expects, what), (Expects::Receipt(_), What::File(file)) if transfer::fits(file));
    let pace = if is_receipt || shop.is_admin(from.id) {
        Pace::Fine
    } else {
        rate::count(shop, &mut session, tx.now().at)
    };
    let mut talk = Talk::new(shop, tx, from.id, lang, session, tap_of(what));
    match (pace, what) {
        (Pace::Fine, What::Text(text)) => written(&mut talk, from, text, new)?,
        (Pace::Fine, What::Tap { data, .. }) => tapped(&mut talk, data)?,
        (Pace::Fine, What::File(file)) => given(&mut talk, file)?,
        (Pace::Fine, _) => talk.tell("unsupported")?,
        (Pace::SlowDown, _) => talk.tell("toast-slow-down")?,
        (Pace::Silence, _) => {}
    }
    talk.end()
}

fn tap_of(what: &What) -> Option<Tap> {
    match what {
        What::Tap { query, message, .. } => {
            let message: Option<MessageId> = *message;
            Some(Tap { query: query.clone(), message })
        }
        What::Text(_)
        | What::File(_)
        | What::PreCheckout { .. }
        | What::Paid { .. }
        | What::WentBack { .. }
        | What::Blocked(_)
        | What::AddedToGroup
        | What::Unsupported => None,
    }
}

/// Notes who speaks; a new customer gets a row and the start bonus. Gives the language to speak
/// and whether they are new.
fn meet(shop: &Shop, tx: &mut Tx<'_>, from: &Person) -> Result<(Lang, bool), Fault> {
    let now = tx.now().at;
    let known = tx.user(from.id)?;
    let new = known.is_none();
    // Whoever was forgotten comes as anybody does, but for the bonus, which they had.
    let returns = known.as_ref().is_some_and(|row| row.first_name.is_empty());
    let mut row = known.unwrap_or(UserRow {
        first_name: String::new(),
        username: None,
        lang: from.lang,
        first_seen: now,
        last_seen: now,
        newest_job: None,
        open_jobs: 0,
        blocked: false,
        banned: false,
    });
    if returns {
        (row.lang, row.first_seen) = (from.lang, now);
    }
    row.first_name.clone_from(&from.first_name);
    row.username.clone_from(&from.username);
    count_visit(tx, &row, new)?;
    row.last_seen = now;
    row.blocked = false;
    tx.put_user(from.id, &row)?;
    if new && shop.start_bonus.is_positive() {
        tx.transfer_welcome(from.id, &Transfer::welcome(from.id, shop.start_bonus, now))?;
    }
    Ok((row.lang, new))
}

/// A text: a command, or what the screen waits for.
fn written(talk: &mut Talk<'_, '_>, from: &Person, text: &str, new: bool) -> Result<(), Fault> {
    if let Some(name) = command(text) {
        let words = text.trim_start().split_once(char::is_whitespace).map_or("", |(_, words)| words.trim());
        return commanded(talk, from, &name, words, new);
    }
    match talk.session.expects.clone() {
        Expects::Search => browse::search(talk, text),
        Expects::Input(name) => form::take_input(talk, &name, text),
        Expects::Option(name) => options::take(talk, &name, text),
        Expects::TopUp => topup::take(talk, text),
        Expects::Receipt(payment) => transfer::words(talk, payment),
        Expects::Admin(asked) => admin::written(talk, asked, text),
        Expects::Promo => promo::take(talk, text),
        Expects::Nothing | Expects::ReceiptAlbum(_) => {
            match talk.session.draft.as_ref().map(|draft| draft.stage) {
                Some(Stage::Card | Stage::Options | Stage::Confirm) => form::take_prompt(talk, text),
                None if new => start::hello(talk, &from.first_name, new),
                Some(Stage::Form | Stage::Aside) | None => start::pick_first(talk),
            }
        }
    }
}

/// A file: a receipt, a further page of one, or an input of the order.
fn given(talk: &mut Talk<'_, '_>, file: &Attachment) -> Result<(), Fault> {
    match &talk.session.expects {
        Expects::Receipt(payment) => {
            let payment = *payment;
            transfer::receipt(talk, payment, file)
        }
        Expects::ReceiptAlbum(album) if file.album.as_ref() == Some(album) => talk.tell("transfer-one-page"),
        Expects::Nothing
        | Expects::Search
        | Expects::Input(_)
        | Expects::Option(_)
        | Expects::TopUp
        | Expects::Admin(_)
        | Expects::Promo
        | Expects::ReceiptAlbum(_) => files::take(talk, file),
    }
}

/// The name of a command, small, without the slash and the bot's name; `None` for other texts.
fn command(text: &str) -> Option<String> {
    let word = text.trim_start().strip_prefix('/')?.split_whitespace().next()?;
    let name = word.split('@').next()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// A command; `words` are what follows it.
fn commanded(
    talk: &mut Talk<'_, '_>,
    from: &Person,
    name: &str,
    words: &str,
    new: bool,
) -> Result<(), Fault> {
    match name {
        "start" => {
            if new {
                invite::came(talk, words)?;
            }
            start::hello(talk, &from.first_name, new)
        }
        "menu" => start::go_home(talk, true),
        "cancel" => start::cancel(talk),
        "balance" => wallet::balance(talk),
        "topup" | "pay" => topup::begin(talk),
        "history" | "jobs" => history::list(talk, 0),
        "free" => browse::list(talk, browse::Group::Free, 0),
        "prices" | "tariffs" => wallet::prices(talk, 0),
        "search" => browse::ask(talk),
        "help" | "faq" => help::help(talk),
        "support" => help::support(talk),
        "statement" => statement::show(talk, 0),
        "paysupport" => law::paysupport(talk),
        "terms" => law::terms(talk),
        "privacy" => law::privacy(talk),
        "lang" | "language" => start::ask_language(talk),
        "promo" => promo::command(talk, words),
        "invite" => invite::show(talk),
        "admin" if talk.shop.is_admin(talk.user) => admin::open(talk),
        "promo_new" | "promo_off" | "promos" if talk.shop.is_admin(talk.user) => {
            admin::promo_command(talk, name, words)
        }
        _ => start::unknown_command(talk),
    }
}

/// A tap: where the button leads. One of no version of ours gets the current screen.
fn tapped(talk: &mut Talk<'_, '_>, data: &str) -> Result<(), Fault> {
    let Some(target) = Target::read(data) else { return form::current(talk) };
    match target {
        Target::Home => start::go_home(talk, false),
        Target::Menu => start::go_home(talk, true),
        Target::List(group, page) => browse::list(talk, group, page),
        Target::Found(page) => browse::found(talk, page),
        Target::Search => browse::ask(talk),
        Target::Card(model) => card::open(talk, &model),
        Target::CardAgain(model) => card::back(talk, &model),
        Target::Generate(model) => form::begin(talk, &model),
        Target::Options(draft) => options::show(talk, draft),
        Target::Edit(draft, input, from) => options::edit(talk, draft, &input, from),
        Target::Set(draft, input, value) => options::set(talk, draft, &input, &value),
        Target::Unset(draft, input) => options::unset(talk, draft, &input),
        Target::Order(draft) => confirm::open(talk, draft),
        Target::Run(draft, price) => confirm::run(talk, draft, price),
        Target::Reset(draft) => options::reset(talk, draft),
        Target::Change(job) => confirm::change(talk, job),
        Target::Enough(draft) => files::enough(talk, draft),
        Target::Chain(job) => chain::go_on_from(talk, job),
        Target::Drop(draft) => confirm::drop(talk, draft),
        Target::Again(job) => confirm::again(talk, job),
        Target::TakeBack(job) => history::take_back(talk, job),
        Target::Jobs(page) => history::list(talk, page),
        Target::Job(job) => history::job(talk, job),
        Target::Files(job) => history::files(talk, job),
        Target::Balance => wallet::balance(talk),
        Target::TopUp => topup::begin(talk),
        Target::TopUpBy(amount) => topup::choose(talk, amount),
        Target::TopUpOther => topup::ask(talk),
        Target::PayBy(way, amount) => topup::pay(talk, way, amount),
        Target::Details(payment) => transfer::again(talk, payment),
        Target::Paid(payment) => transfer::paid(talk, payment),
        Target::DropTransfer(payment) => transfer::drop(talk, payment),
        Target::Payments(page) => topup::list(talk, page),
        Target::Payment(payment) => topup::payment(talk, payment),
        Target::Prices(page) => wallet::prices(talk, page),
        Target::Help => help::help(talk),
        Target::Question(question) => help::answer(talk, question),
        Target::QuickList => quick::list(talk),
        Target::Quick(code) => quick::begin(talk, &code),
        Target::Support => help::support(talk),
        Target::Speak(lang) => start::speak(talk, lang),
        Target::Admin(target) => admin::tapped(talk, target),
        Target::Statement(page) => statement::show(talk, page),
        Target::StatementFile => statement::file(talk),
        Target::Terms => law::terms(talk),
        Target::Privacy => law::privacy(talk),
        Target::PaySupport => law::paysupport(talk),
        Target::Export => law::export(talk),
        Target::Forget => law::ask_to_forget(talk),
        Target::GiveUp(amount) => law::give_up(talk, amount),
        Target::ForgetNow => law::forget_now(talk),
        Target::Promo => promo::ask(talk),
        Target::Invite => invite::show(talk),
    }
}
