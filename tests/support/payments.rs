//! How customers pay, and what they get in writing.

use super::{Customer, PATIENCE, TestApp};
use bytes::Bytes;
use samovar::ids::{PaymentId, UserId};
use samovar::ledger::Account;
use samovar::payment::{State, Way};
use samovar::sandbox::telegram::{Checkout, FileKind, Message, World};
use samovar::store::Payment;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl TestApp {
    /// Waits until Telegram has told all that it has to tell, and all of it had its effect.
    pub(crate) async fn heard(&self) {
        let told = async {
            while self.sandbox.telegram.look(World::pending_updates) > 0 {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, told).await.is_ok(),
            "Telegram cannot tell what it has to tell"
        );
        self.settled().await;
    }

    /// All payments in Stars that came, by Telegram's id.
    pub(crate) fn stars_that_came(&self) -> BTreeMap<String, Payment> {
        let view = self.store().view().expect("a view");
        let numbers = (1..).map_while(|id| view.payment(PaymentId(id)).expect("readable"));
        // After a restore numbers go on much later: then those who paid have them.
        let made = self.sandbox.telegram.look(|world| world.payments().to_vec());
        let payers: BTreeSet<_> = made.into_iter().map(|one| UserId(one.person)).collect();
        let of = |user| view.payments_of(user, 0, usize::MAX).expect("readable");
        let all = numbers.chain(payers.into_iter().flat_map(of)).filter(|one| one.row.way == Way::Stars);
        all.filter_map(|one| Some((one.row.charge.clone()?, one))).collect()
    }

    /// Fails unless the ledger and Telegram's Star account say the same: each payment came once, what
    /// went back went back once, and the Stars that are left are those that count as paid.
    #[track_caller]
    pub(crate) fn agrees_with_telegram(&self) {
        let came = self.stars_that_came();
        let (made, left) = self.sandbox.telegram.look(|world| (world.payments().to_vec(), world.bot_stars()));
        let made: Vec<_> = made.into_iter().filter(|one| one.currency == "XTR").collect();
        assert_eq!(came.len(), made.len(), "as many came as were made");
        let (mut kept, mut through) = (0, 0);
        for one in made {
            let Payment { id, row } = &came[&one.charge];
            let (who, stars) = (row.user.0, i64::from(row.stars));
            assert_eq!((who, stars), (one.person, one.total), "payment {id}");
            let is_back = matches!(row.state, State::Refunded | State::ChargedBack);
            assert_eq!(is_back, one.refunded_at_ms.is_some(), "payment {id} is {:?}", row.state);
            assert!(is_back || row.state == State::Paid, "payment {id} is {:?}", row.state);
            kept += if is_back { 0 } else { stars };
            // A chargeback is a correction: it leaves by another account than it came through.
            through += if row.state == State::Refunded { 0 } else { row.amount.get() };
        }
        assert_eq!(kept, left, "Stars that are left");
        let view = self.store().view().expect("a view");
        let counters = view.account(Account::CashStars).expect("an account").counters;
        assert_eq!(counters.posted().expect("it fits").get(), -through, "cash:stars");
        assert_eq!(counters.credits_pending.get(), 0, "nothing is on its way back");
    }
}

impl Customer<'_> {
    /// The newest invoice over so many Stars, or kopecks for a card, once it is there.
    pub(crate) async fn sees_invoice(&self, total: i64) -> Message {
        let there = |world: &World| {
            let mut messages = world.chat(self.id)?.messages.values().rev();
            messages.find(|one| one.invoice.as_ref().is_some_and(|invoice| invoice.total == total)).cloned()
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(message) => message,
            Err(late) => panic!("{late}: no invoice over {total}; the chat shows:\n{}", self.chat()),
        }
    }

    /// Pays the newest invoice over so many Stars, or kopecks; gives the charge's id.
    pub(crate) async fn pays(&self, total: i64) -> String {
        let message = self.sees_invoice(total).await;
        let asked = self.tries_to_pay(self.id, message.id).await;
        asked
            .charge
            .unwrap_or_else(|| panic!("not charged: {:?}; the chat shows:\n{}", asked.said, self.chat()))
    }

    /// Wants to pay the newest invoice over so many Stars, or kopecks, and is told why not.
    pub(crate) async fn is_refused_to_pay(&self, total: i64) -> String {
        let message = self.sees_invoice(total).await;
        let asked = self.tries_to_pay(self.id, message.id).await;
        let said = asked.said.and_then(|said| said.refused);
        said.unwrap_or_else(|| panic!("it could be paid; the chat shows:\n{}", self.chat()))
    }

    /// Wants to pay an invoice, perhaps one forwarded from another's chat; gives what the bot said.
    pub(crate) async fn tries_to_pay(&self, chat: i64, message_id: i64) -> Checkout {
        self.app.skip(Duration::from_secs(1));
        let telegram = &self.app.sandbox.telegram;
        let query = telegram.act(|world, now| world.pay(now, self.id, chat, message_id)).expect("asked");
        let answered =
            |world: &World| world.checkouts().get(&query).filter(|asked| asked.said.is_some()).cloned();
        match telegram.wait(answered, PATIENCE).await {
            Ok(asked) => asked,
            Err(late) => panic!("{late}: the bot does not say whether it may be paid:\n{}", self.calls()),
        }
    }

    /// Gets the Stars of a payment back without asking the bot.
    pub(crate) fn charges_back(&self, charge: &str) -> Self {
        let told = self.app.sandbox.telegram.act(|world, now| world.charge_back(now, charge));
        told.expect("given back");
        *self
    }

    /// The newest document of the bot whose name ends so, once it is there.
    pub(crate) async fn gets_document(&self, ending: &str) -> Bytes {
        let there = |world: &World| {
            let messages = world.chat(self.id)?.messages.values().rev().filter(|one| one.from.is_none());
            let media = messages.filter_map(|one| one.media.as_ref());
            let mut files = media
                .filter(|media| media.kind == FileKind::Document)
                .filter_map(|media| world.file(&media.file_id));
            files.find(|file| file.name.ends_with(ending)).map(|file| file.bytes.clone())
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(bytes) => bytes,
            Err(late) => panic!("{late}: no document …{ending}; the chat shows:\n{}", self.chat()),
        }
    }
}
