//! Money: what the bot asks for and is asked before, what it is paid, and what it gives back.

use super::World;
use super::chats::{ChatKind, Person};
use super::invoice::{self, Invoice};
use super::params::Params;
use super::refusal::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long the bot has to answer before a payment, in milliseconds.
const ANSWER_MS: i64 = 10_000;
/// The Stars of whoever was given none.
const PURSE: i64 = 100_000;

/// What the bot said before a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at_ms: i64,
    /// What the customer reads when it said no; `None` for a yes.
    pub refused: Option<String>,
}

/// The question before a payment, a `pre_checkout_query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// When it was asked.
    pub at_ms: i64,
    /// Who wants to pay.
    pub person: i64,
    /// What for.
    pub invoice: Invoice,
    /// The update that asks; `None` when the bot did not ask for such.
    pub update_id: Option<i64>,
    /// The bot's answer; `None` while there is none.
    pub said: Option<Said>,
    /// The charge that came of it.
    pub charge: Option<String>,
}

impl Checkout {
    /// Milliseconds until the bot's answer; `None` while there is none.
    pub fn latency_ms(&self) -> Option<i64> {
        self.said.as_ref().map(|said| said.at_ms - self.at_ms)
    }
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Telegram's id for it.
    pub charge: String,
    /// The provider's id for it.
    pub provider_charge: String,
    /// When.
    pub at_ms: i64,
    /// Who paid.
    pub person: i64,
    /// `XTR` for Stars, `RUB` for a card.
    pub currency: String,
    /// Whole Stars, or kopecks.
    pub total: i64,
    /// The bot's own word from the invoice.
    pub payload: String,
    /// The message that tells of it.
    pub message_id: i64,
    /// The first update that told the bot; `None` while none did.
    pub update_id: Option<i64>,
    /// When it was given back.
    pub refunded_at_ms: Option<i64>,
    /// The message that tells of that.
    pub refund_message_id: Option<i64>,
}

impl Payment {
    fn told(&self) -> Value {
        json!({
            "currency": self.currency, "total_amount": self.total, "invoice_payload": self.payload,
            "telegram_payment_charge_id": self.charge,
        })
    }
}

/// A line of the bot's Star account.
#[derive(Clone, Debug)]
struct Transaction {
    charge: String,
    at_ms: i64,
    person: i64,
    stars: i64,
    payload: String,
    is_refund: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Payments {
    pub(super) links: BTreeMap<String, Invoice>,
    pub(super) checkouts: BTreeMap<String, Checkout>,
    pub(super) made: Vec<Payment>,
    transactions: Vec<Transaction>,
    purses: BTreeMap<i64, i64>,
    /// Nobody tells the bot of payments and refunds.
    pub(super) quiet: bool,
}

/// Different for every moment and number: who starts again with the old files meets no old ids.
fn mark(now_ms: i64, number: usize) -> String {
    blake3::hash(format!("{now_ms}:{number}").as_bytes()).to_hex().to_string()
}

impl World {
    /// `createInvoiceLink`.
    pub(super) fn create_link(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let invoice = invoice::read(params)?;
        let mark = mark(now_ms, self.payments.links.len());
        let link = format!("https://t.me/${}", &mark[..16]);
        self.payments.links.insert(link.clone(), invoice);
        Ok(json!(link))
    }

    /// `answerPreCheckoutQuery`; after a yes Telegram takes the money.
    pub(super) fn answer_checkout(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let refused =
            if params.flag("ok") { None } else { Some(invoice::required(params, "error_message")?) };
        let late = || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
        let id = params.text("pre_checkout_query_id").ok_or_else(late)?;
        let checkout = self.payments.checkouts.get_mut(&id).ok_or_else(late)?;
        if checkout.said.is_some() || now_ms.saturating_sub(checkout.at_ms) > ANSWER_MS {
            return Err(late());
        }
        let takes = refused.is_none() && checkout.charge.is_none();
        checkout.said = Some(Said { at_ms: now_ms, refused });
        let (person, invoice) = (checkout.person, checkout.invoice.clone());
        if takes && self.can_pay(person, &invoice) {
            let charge = self.take(now_ms, person, &invoice);
            if let Some(checkout) = self.payments.checkouts.get_mut(&id) {
                checkout.charge = Some(charge);
            }
        }
        Ok(json!(true))
    }

    /// `getStarTransactions`: the oldest first.
    pub(super) fn star_transactions(&self, params: &Params) -> Value {
        let skip = usize::try_from(params.number("offset").unwrap_or(0).max(0)).unwrap_or(usize::MAX);
        let limit = usize::try_from(params.number("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
        let lines = self.payments.transactions.iter().skip(skip).take(limit);
        let lines: Vec<Value> = lines.map(|line| self.transaction_json(line)).collect();
        json!({"transactions": lines})
    }

    fn transaction_json(&self, line: &Transaction) -> Value {
        let mut shown = json!({"id": line.charge, "amount": line.stars, "date": line.at_ms.div_euclid(1000)});
        shown[if line.is_refund { "receiver" } else { "source" }] = json!({
            "type": "user", "transaction_type": "invoice_payment",
            "user": self.chats.people.get(&line.person).map(Person::to_json),
            "invoice_payload": line.payload,
        });
        shown
    }

    /// `getMyStarBalance`.
    pub(super) fn star_balance(&self) -> Value {
        json!({"amount": self.bot_stars()})
    }

    /// `refundStarPayment`.
    pub(super) fn refund_payment(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let person = params.number("user_id").ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
        let charge = params.text("telegram_payment_charge_id").filter(|charge| !charge.is_empty());
        let charge = charge.ok_or_else(|| Refusal::bad("CHARGE_ID_EMPTY"))?;
        let paid = self.payment(&charge).filter(|paid| paid.person == person);
        if paid.ok_or_else(|| Refusal::bad("CHARGE_NOT_FOUND"))?.refunded_at_ms.is_some() {
            return Err(Refusal::bad("CHARGE_ALREADY_REFUNDED"));
        }
        self.give_back(now_ms, &charge);
        Ok(json!(true))
    }

    /// Whether the purse has enough; a card always has.
    pub(super) fn can_pay(&self, person: i64, invoice: &Invoice) -> bool {
        !invoice.is_in_stars() || self.stars(person) >= invoice.total
    }

    /// Takes the money and tells the bot; gives the charge's id.
    pub(super) fn take(&mut self, now_ms: i64, person: i64, invoice: &Invoice) -> String {
        let number = self.payments.made.len() + 1;
        let mark = mark(now_ms, number);
        let is_in_stars = invoice.is_in_stars();
        let payment = Payment {
            charge: if is_in_stars { format!("stx{mark}") } else { format!("{person}_{mark}") },
            provider_charge: if is_in_stars { format!("{person}_{number}") } else { mark },
            at_ms: now_ms,
            person,
            currency: invoice.currency.clone(),
            total: invoice.total,
            payload: invoice.payload.clone(),
            message_id: 0,
            update_id: None,
            refunded_at_ms: None,
            refund_message_id: None,
        };
        if is_in_stars {
            self.enter(now_ms, &payment, false);
        }
        let mut told = payment.told();
        told["provider_payment_charge_id"] = json!(payment.provider_charge);
        let message_id = self.service_message(now_ms, person, Some(person), ("successful_payment", told));
        let charge = payment.charge.clone();
        self.payments.made.push(Payment { message_id, ..payment });
        if !self.payments.quiet {
            let update_id = self.tell_of(now_ms, person, message_id, None);
            self.change_payment(&charge, |paid| paid.update_id = update_id);
        }
        charge
    }

    /// Gives the Stars of a payment back, and tells the bot; gives the update's id.
    pub(super) fn give_back(&mut self, now_ms: i64, charge: &str) -> Option<i64> {
        let payment = self.payment(charge)?.clone();
        self.enter(now_ms, &payment, true);
        let message_id =
            self.service_message(now_ms, payment.person, None, ("refunded_payment", payment.told()));
        self.change_payment(charge, |paid| {
            paid.refunded_at_ms = Some(now_ms);
            paid.refund_message_id = Some(message_id);
        });
        if self.payments.quiet { None } else { self.tell_of(now_ms, payment.person, message_id, None) }
    }

    /// Moves the Stars between the customer's purse and the bot's account.
    fn enter(&mut self, at_ms: i64, payment: &Payment, is_refund: bool) {
        let (person, stars) = (payment.person, payment.total);
        let had = self.stars(person);
        let left = if is_refund { had.saturating_add(stars) } else { had.saturating_sub(stars) };
        self.set_stars(person, left);
        let (charge, payload) = (payment.charge.clone(), payment.payload.clone());
        self.payments.transactions.push(Transaction { charge, at_ms, person, stars, payload, is_refund });
    }

    /// Writes a service message into somebody's private chat.
    fn service_message(
        &mut self,
        now_ms: i64,
        person: i64,
        from: Option<i64>,
        (field, told): (&str, Value),
    ) -> i64 {
        self.chats.chat(person, ChatKind::Private);
        self.chats.post(person, from, now_ms).map_or(0, |message| {
            message.extra.insert(field.to_owned(), told);
            message.id
        })
    }

    /// Puts a message of a private chat before the bot, in an update of its own or one it may have had.
    pub(super) fn tell_of(
        &mut self,
        now_ms: i64,
        person: i64,
        message_id: i64,
        update_id: Option<i64>,
    ) -> Option<i64> {
        let message = self.chats.message(person, message_id)?.clone();
        let mut update = json!({"message": self.shown(&message)});
        if let Some(update_id) = update_id {
            update["update_id"] = json!(update_id);
        }
        self.updates.push(now_ms, update)
    }

    fn change_payment(&mut self, charge: &str, change: impl FnOnce(&mut Payment)) {
        if let Some(payment) = self.payments.made.iter_mut().find(|paid| paid.charge == charge) {
            change(payment);
        }
    }

    /// A payment in Stars by its charge id.
    fn payment(&self, charge: &str) -> Option<&Payment> {
        let in_stars = |paid: &&Payment| paid.charge == charge && paid.currency == invoice::STARS;
        self.payments.made.iter().find(in_stars)
    }

    /// The questions before payments, by their ids: those asked first come first.
    pub fn checkouts(&self) -> &BTreeMap<String, Checkout> {
        &self.payments.checkouts
    }

    /// All payments, in order.
    pub fn payments(&self) -> &[Payment] {
        &self.payments.made
    }

    /// The Stars in somebody's purse: 100,000 at the beginning.
    pub fn stars(&self, person: i64) -> i64 {
        self.payments.purses.get(&person).copied().unwrap_or(PURSE)
    }

    /// From now on there are so many Stars in somebody's purse.
    pub fn set_stars(&mut self, person: i64, stars: i64) {
        self.payments.purses.insert(person, stars);
    }

    /// The Stars that the bot has earned and not given back.
    pub fn bot_stars(&self) -> i64 {
        self.payments.transactions.iter().fold(0, |sum: i64, line| {
            if line.is_refund { sum.saturating_sub(line.stars) } else { sum.saturating_add(line.stars) }
        })
    }
}
