//! Customers who tap real buttons: from the first word to the order, and every way beside it.

mod admin;
mod crawl;
mod money;
mod promises;
mod receipts;
mod scene;
mod walk;

use crate::catalog::price::Rates;
use crate::flow::{FreeRules, Shop};
use crate::handlers::reach::{Visitor, buttons};
use crate::ids::UserId;
use crate::job::Limits;
use crate::message::{Act, Lang, Outgoing, Press, What};
use crate::money::Kopecks;
use crate::store::{Fault, Store, Tx};
use crate::time::{At, Clock};
use rust_decimal::Decimal;
use std::time::Duration;

fn bank() -> crate::flow::BankDetails {
    let words = |words: &str| Some(words.to_owned());
    crate::flow::BankDetails {
        bank: words("Банк «Самовар»"),
        card: words("2200 0000 0000 0004"),
        holder: words("Анна К."),
        phone: words("+7 900 000-00-00"),
    }
}

/// The operator's rules with their defaults, and 100 roubles for everybody.
pub(super) fn shop() -> Shop {
    let second = Duration::from_secs(1);
    let limits = Limits {
        queued: 900 * second,
        sending: 60 * second,
        unknown: 120 * second,
        working: 900 * second,
        unreachable: 900 * second,
        fetching: 900 * second,
        late: 86_400 * second,
        late_pause: 600 * second,
        callbacks: false,
    };
    Shop {
        rates: Rates { markup: Decimal::from(2), usd_to_rub: Decimal::from(95), by_options: true },
        free: FreeRules { daily: 5, hourly: 2, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE },
        open_jobs_per_customer: 5,
        queue_max: 200,
        start_bonus: Kopecks::new(10_000),
        referral: crate::flow::ReferralRules { free_uses: 3, monthly_cap: 10 },
        pay: crate::flow::PayRules { star_rub: Decimal::new(1_235, 3), cards: true, bank: Some(bank()) },
        actions_per_minute: 0,
        actions_burst: 30,
        admins: vec![UserId(1)],
        support: Some("samovar_help".to_owned()),
        bot_name: "samovar_bot".to_owned(),
        server_key: [7; 32],
        nsfw_checker: true,
        quick: limits,
        video: limits,
        law: crate::flow::Law::default(),
        retention_days: 30,
    }
}

/// Runs a conversation in one transaction of a fresh store, then audits the file.
#[track_caller]
pub(super) fn converse(talk: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static) {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Clock::simulated(At(1_795_431_300_000));
    let (store, engine) = Store::open(dir.path(), clock).expect("a store");
    let writer = std::thread::spawn(move || engine.run());
    if let Err(fault) = store.write_blocking("talk", talk) {
        panic!("{fault}");
    }
    let report = store.view().and_then(|view| view.audit()).expect("an audit");
    assert!(report.ok, "{report:?}");
    drop(store);
    writer.join().expect("the writer ends");
}

/// A customer and what they see.
pub(super) struct Guest<'a, 'txn> {
    pub(super) shop: Shop,
    pub(super) tx: &'a mut Tx<'txn>,
    pub(super) id: UserId,
    visitor: Visitor,
    /// The answers to what they did last.
    pub(super) seen: Vec<Outgoing>,
}

impl<'a, 'txn> Guest<'a, 'txn> {
    pub(super) fn new(tx: &'a mut Tx<'txn>, shop: Shop, id: i64, lang: Lang) -> Self {
        Self { shop, tx, id: UserId(id), visitor: Visitor::new(UserId(id), lang), seen: Vec::new() }
    }

    pub(super) fn does(&mut self, what: What) {
        self.seen = self.visitor.does(&self.shop, self.tx, what).expect("an answer, not a fault");
        check(&self.seen);
    }

    pub(super) fn writes(&mut self, text: &str) {
        self.does(What::Text(text.to_owned()));
        assert!(self.screen().is_some(), "no answer to {text:?}");
    }

    pub(super) fn taps_data(&mut self, data: &str) {
        self.seen = self.visitor.taps(&self.shop, self.tx, data).expect("an answer, not a fault");
        check(&self.seen);
        let toasts = self.seen.iter().filter(|answer| matches!(answer.act, Act::Toast { .. })).count();
        assert_eq!(toasts, 1, "the tap {data:?} has one answer");
        let silent = self.toast().is_none_or(str::is_empty) && self.screen().is_none();
        assert!(!silent, "{data:?} is answered with nothing");
    }

    /// Taps the button that says this.
    #[track_caller]
    pub(super) fn taps(&mut self, label: &str) {
        let data = self.data(label);
        self.taps_data(&data);
    }

    /// What the button that says this carries.
    #[track_caller]
    pub(super) fn data(&self, label: &str) -> String {
        let found = buttons(&self.seen).find(|button| button.label.contains(label));
        let Some(Press::Tap(data)) = found.map(|button| &button.press) else {
            panic!("no button says {label:?} below {:?}: {:?}", self.screen(), self.labels());
        };
        data.clone()
    }

    pub(super) fn labels(&self) -> Vec<&str> {
        buttons(&self.seen).map(|button| button.label.as_str()).collect()
    }

    /// The text of the last message.
    pub(super) fn screen(&self) -> Option<&str> {
        self.seen.iter().rev().find_map(|answer| match &answer.act {
            Act::Text { text, .. } => Some(text.as_str()),
            Act::Media { caption, .. } | Act::Document { caption, .. } => Some(caption.as_str()),
            Act::Toast { .. }
            | Act::PreCheckout { .. }
            | Act::Leave
            | Act::Invoice { .. }
            | Act::RefundStars { .. } => None,
        })
    }

    pub(super) fn toast(&self) -> Option<&str> {
        self.seen.iter().find_map(|answer| match &answer.act {
            Act::Toast { text, .. } => Some(text.as_str()),
            Act::Text { .. }
            | Act::Media { .. }
            | Act::PreCheckout { .. }
            | Act::Leave
            | Act::Invoice { .. }
            | Act::RefundStars { .. } => None,
            Act::Document { .. } => None,
        })
    }

    #[track_caller]
    pub(super) fn sees(&self, words: &str) {
        let shown = self.screen().is_some_and(|text| text.contains(words))
            || self.toast().is_some_and(|text| text.contains(words));
        assert!(shown, "{words:?} is not in {:?} / {:?}", self.screen(), self.toast());
    }

    pub(super) fn jobs(&self) -> usize {
        self.tx.jobs_of(self.id, 0, 100).expect("jobs").len()
    }
}

/// What Telegram takes: lengths, numbers of buttons, no markup that is not closed.
fn check(answers: &[Outgoing]) {
    for answer in answers {
        match &answer.act {
            Act::Text { text, keyboard, .. } => {
                assert!((1..=4_096).contains(&text.chars().count()), "{} characters", text.chars().count());
                let count: usize = keyboard.iter().map(Vec::len).sum();
                assert!(count <= 100 && keyboard.iter().all(|row| (1..=8).contains(&row.len())), "{count}");
                for button in keyboard.iter().flatten() {
                    let chars = button.label.chars().count();
                    assert!((1..=64).contains(&chars), "the label {:?}", button.label);
                }
                check_markup(text);
            }
            Act::Media { caption, .. } => assert!(caption.chars().count() <= 1_024),
            Act::Document { caption, bytes, .. } => {
                assert!(caption.chars().count() <= 1_024 && !bytes.is_empty());
                check_markup(caption);
            }
            Act::Toast { text, .. } => {
                assert!(text.chars().count() <= 200, "{text}");
                assert!(!text.contains(['<', '>']), "a toast knows no markup: {text}");
            }
            Act::PreCheckout { .. } | Act::Leave | Act::Invoice { .. } | Act::RefundStars { .. } => {}
        }
    }
}

/// Only our own tags, each closed.
fn check_markup(text: &str) {
    for tag in ["b", "i", "code"] {
        assert_eq!(text.matches(&format!("<{tag}>")).count(), text.matches(&format!("</{tag}>")).count());
    }
    let tags = text.matches('<').count();
    let ours: usize =
        ["<b>", "</b>", "<i>", "</i>", "<code>", "</code>"].iter().map(|tag| text.matches(tag).count()).sum();
    assert_eq!(tags, ours, "a tag that is not ours: {text}");
}
