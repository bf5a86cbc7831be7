//! Whoever pays through Telegram, and what goes wrong with it: paid twice, by another, before the question, out
//! of nowhere, told again or never; given back by Telegram or by the operator. And transfers by hand, which
//! two operators decide at once.

use super::people::FIRST;
use super::tally::Kind;
use super::world::{ADMIN, World};
use crate::flow::{Shop, refund, transfer};
use crate::ids::{PaymentId, UserId};
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::sandbox::telegram::{self, CannotAct, FileKind, Message};
use crate::simulate::dice::Dice;
use crate::simulate::left::payments;
use crate::store::{Fault, Payment, Store, Tx};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What operators were told that they had decided: how much came in, `None` for a rejection.
pub(super) type Decided = Arc<Mutex<BTreeMap<PaymentId, Option<Kopecks>>>>;

/// Those who pay, one act after the other.
struct Payers {
    world: World,
    dice: Dice,
    people: u64,
    shop: Arc<Shop>,
    decided: Decided,
}

/// They pay for as long as customers come.
pub(super) async fn pay(world: World, dice: Dice, people: u64, decided: Decided) {
    let shop = Arc::new(crate::app::rules::shop(&world.settings, &[UserId(ADMIN)], [0; 32]));
    let mut payers = Payers { world, dice, people, shop, decided };
    for _ in 0..people {
        tokio::time::sleep(Duration::from_millis(payers.dice.between(200, 2_000))).await;
        payers.acts().await;
    }
}

impl Payers {
    async fn acts(&mut self) {
        match self.dice.roll(24) {
            0..=4 => self.asks_for_stars(),
            5..=9 => self.pays(Kind::StarsPaid, |world, now, (owner, invoice), _| {
                world.pay(now, owner, owner, invoice).map(drop)
            }),
            10 => self.pays(Kind::StarsTwice, |world, now, (owner, invoice), _| {
                world.pay(now, owner, owner, invoice)?;
                world.pay(now, owner, owner, invoice).map(drop)
            }),
            11 => self.pays(Kind::StarsForwarded, |world, now, (owner, invoice), other| {
                world.pay(now, other, owner, invoice).map(drop)
            }),
            12 => self.pays(Kind::StarsFirst, |world, now, (owner, invoice), other| {
                let person = if now % 2 == 0 { owner } else { other };
                world.pay_unasked(now, person, owner, invoice).map(drop)
            }),
            13 => self.pays_out_of_nowhere(),
            14 | 15 => self.pays(Kind::StarsQuiet, |world, now, (owner, invoice), _| {
                world.keep_payments_quiet(true);
                let paid = world.pay_unasked(now, owner, owner, invoice);
                world.keep_payments_quiet(false);
                paid.map(drop)
            }),
            16 => self.of_a_charge(Kind::StarsToldAgain, |world, now, charge| {
                world.tell_refund(now, charge).or_else(|_| world.repeat_payment(now, charge))?;
                world.tell_payment(now, charge).map(drop)
            }),
            17 => self.of_a_charge(Kind::StarsChargedBack, |world, now, charge| {
                world.charge_back(now, charge).map(drop)
            }),
            18 => self.of_a_charge(Kind::StarsChargedBackQuiet, |world, now, charge| {
                world.keep_payments_quiet(true);
                let back = world.charge_back(now, charge);
                world.keep_payments_quiet(false);
                back.map(drop)
            }),
            19 | 20 => self.gives_back().await,
            21 | 22 => self.transfers(),
            _ => self.decides().await,
        }
    }

    fn telegram<R>(&self, act: impl FnOnce(&mut telegram::World, i64) -> R) -> R {
        self.world.worlds.telegram.act(act)
    }

    fn somebody(&mut self) -> i64 {
        FIRST + i64::try_from(self.dice.roll(self.people)).expect("a number of people")
    }

    /// A tap on a button of an old message.
    fn taps(&mut self, person: i64, data: &str) {
        let number = self.dice.roll(1 << 40);
        let update = json!({"callback_query": {
            "id": format!("{person}{number}"), "chat_instance": "1", "data": data,
            "from": {"id": person, "is_bot": false, "first_name": "Клиент", "language_code": "ru"},
            "message": {"message_id": 1, "date": 1, "chat": {"id": person, "type": "private"}},
        }});
        self.telegram(|world, now| world.inject(now, update)).expect("an update is an object");
    }

    fn asks_for_stars(&mut self) {
        let (person, kopecks) = (self.somebody(), self.dice.between(100, 60_000));
        self.taps(person, &format!("by:s:{kopecks}"));
        self.world.notes.count(Kind::StarsAsked);
    }

    /// The messages that fit, of all customers: whose, and which.
    fn messages(&self, fits: impl Fn(&Message) -> bool) -> Vec<(i64, i64)> {
        let last = FIRST + i64::try_from(self.people).expect("a number of people");
        self.world.worlds.telegram.look(|world| {
            let chats = (FIRST..last).filter_map(|person| world.chat(person));
            let all = chats.flat_map(|chat| chat.messages.values());
            all.filter(|message| fits(message)).map(|message| (message.chat, message.id)).collect()
        })
    }

    /// Somebody has an invoice in hand, and somebody else a copy of it.
    fn pays(
        &mut self,
        kind: Kind,
        pay: impl FnOnce(&mut telegram::World, i64, (i64, i64), i64) -> Result<(), CannotAct>,
    ) {
        let invoices = self.messages(|message| message.invoice.is_some());
        if invoices.is_empty() {
            return self.asks_for_stars();
        }
        let (invoice, other) = (*self.dice.one_of(&invoices), self.somebody());
        if self.telegram(|world, now| pay(world, now, invoice, other)).is_ok() {
            self.world.notes.count(kind);
        }
    }

    fn pays_out_of_nowhere(&mut self) {
        let person = self.somebody();
        let stars = i64::try_from(self.dice.between(1, 300)).expect("a few");
        let payload = *self.dice.one_of(&["topup:1", "topup:99999", "topup:x", "of another bot", "🫖"]);
        let paid =
            self.telegram(|world, now| world.pays_out_of_nowhere(now, person, ("XTR", stars), payload));
        paid.expect("somebody there");
        self.world.notes.count(Kind::StarsUnasked);
    }

    fn of_a_charge(
        &mut self,
        kind: Kind,
        act: impl FnOnce(&mut telegram::World, i64, &str) -> Result<(), CannotAct>,
    ) {
        let charges: Vec<String> = self
            .world
            .worlds
            .telegram
            .look(|world| world.payments().iter().map(|paid| paid.charge.clone()).collect());
        if charges.is_empty() {
            return self.pays_out_of_nowhere();
        }
        let charge = self.dice.one_of(&charges).clone();
        if self.telegram(|world, now| act(world, now, &charge)).is_ok() {
            self.world.notes.count(kind);
        }
    }

    /// A payment that fits, if the service is there to ask.
    fn one_of(&mut self, fits: impl Fn(&Payment) -> bool) -> Option<(Store, PaymentId)> {
        let store = self.world.store()?;
        let all = store.view().and_then(|view| payments(&view)).unwrap_or_default();
        let fitting: Vec<PaymentId> = all.iter().filter(|one| fits(one)).map(|one| one.id).collect();
        if fitting.is_empty() { None } else { Some((store, *self.dice.one_of(&fitting))) }
    }

    /// The operator wants Stars to go back.
    async fn gives_back(&mut self) {
        let stars = |one: &Payment| one.row.way == Way::Stars && one.row.state == State::Paid;
        let Some((store, id)) = self.one_of(stars) else { return };
        let begun = did(&store, "refund", move |tx| refund::begin(tx, id, UserId(ADMIN))).await;
        if let Some(Ok(_)) = begun {
            self.world.notes.count(Kind::StarsGivenBack);
        }
    }

    /// The next step of somebody's transfer by hand: the receipt, `✅ Я оплатил(а)`, or a new one.
    fn transfers(&mut self) {
        let asks = self.newest(|message| message.text.contains("Пришлите чек"));
        let shows = self.newest(|message| message.button("✅ Я оплатил(а)").is_some());
        if let (Some((person, _)), true) = (asks.first(), self.dice.percent(80)) {
            let file = ("receipt.pdf", format!("%PDF-1.4 {}", self.dice.roll(40)).into_bytes().into());
            let sent =
                self.telegram(|world, now| world.send_file(now, *person, FileKind::Document, file, ""));
            if sent.is_ok() {
                self.world.notes.count(Kind::Receipt);
            }
        } else if let Some((person, message)) = shows.first() {
            let tapped = self.telegram(|world, now| world.tap(now, *person, *message, "✅ Я оплатил(а)"));
            drop(tapped);
        } else {
            let person = self.somebody();
            let kopecks = self.dice.between(100, 60_000);
            self.taps(person, &format!("by:m:{kopecks}"));
        }
    }

    /// The newest messages that fit.
    fn newest(&self, fits: impl Fn(&Message) -> bool) -> Vec<(i64, i64)> {
        let last = FIRST + i64::try_from(self.people).expect("a number of people");
        self.world.worlds.telegram.look(|world| {
            let newest = (FIRST..last).filter_map(|person| world.chat(person)?.latest());
            newest.filter(|message| fits(message)).map(|message| (message.chat, message.id)).collect()
        })
    }

    /// Two operators decide the same transfer at once; one of them may decide.
    async fn decides(&mut self) {
        let claimed = |one: &Payment| matches!(one.row.state, State::Claimed { .. });
        let Some((store, id)) = self.one_of(claimed) else { return self.transfers() };
        let amount = Kopecks::new(i64::try_from(self.dice.between(100, 60_000)).expect("kopecks"));
        let (shop, other) = (self.shop.clone(), self.shop.clone());
        let approves =
            did(&store, "approve", move |tx| transfer::approve(&shop, tx, id, amount, UserId(ADMIN)));
        let rejects = did(&store, "reject", move |tx| {
            transfer::reject(&other, tx, id, "nothing came", UserId(ADMIN + 1))
        });
        let (approved, rejected) = if self.dice.percent(60) {
            tokio::join!(biased; approves, rejects)
        } else {
            let (rejected, approved) = tokio::join!(biased; rejects, approves);
            (approved, rejected)
        };
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        for (answer, amount, kind) in
            [(approved, Some(amount), Kind::Approved), (rejected, None, Kind::Rejected)]
        {
            if let Some(Ok(_)) = answer {
                let before = decided.insert(id, amount);
                assert_eq!(before, None, "transfer {id} was decided twice");
                self.world.notes.count(kind);
            }
        }
    }
}

/// What came of an act; `None` when nobody could say.
async fn did<R: Send + 'static>(
    store: &Store,
    name: &'static str,
    act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
) -> Option<R> {
    tokio::time::timeout(Duration::from_secs(20), store.write(name, act)).await.ok()?.ok()
}
