//! What people do with invoices, and what goes wrong with payments on their way to the bot: told
//! twice, late, never, or of nothing that the bot has asked for.

use super::World;
use super::acts::CannotAct;
use super::invoice::{Invoice, STARS};
use super::payments::{Checkout, Payment};
use serde_json::json;

impl World {
    /// The invoice in a message, if this person can pay it.
    fn payable(&self, person: i64, chat: i64, message_id: i64) -> Result<Invoice, CannotAct> {
        let message = self.chats.message(chat, message_id).ok_or(CannotAct::NoMessage(message_id))?;
        let invoice = message.invoice.as_ref().ok_or(CannotAct::NoInvoice(message_id))?;
        // Somebody else's private chat: what they have is a forwarded copy.
        if chat > 0 && chat != person && !invoice.start_parameter.is_empty() {
            return Err(CannotAct::OnlyALink(message_id));
        }
        Ok(invoice.clone())
    }

    fn can_be_charged(&self, person: i64, invoice: &Invoice) -> Result<(), CannotAct> {
        self.person(person)?;
        if self.can_pay(person, invoice) {
            return Ok(());
        }
        Err(CannotAct::TooFewStars { has: self.stars(person), costs: invoice.total })
    }

    /// Asks the bot; of a payment that was made already, `charge` is the id. Gives the query's id.
    fn ask_before(
        &mut self,
        now_ms: i64,
        person: i64,
        invoice: Invoice,
        charge: Option<String>,
    ) -> Result<String, CannotAct> {
        let from = self.person(person)?.to_json();
        let id = format!("{now_ms:013}{:06}", self.payments.checkouts.len() + 1);
        let query = json!({
            "id": id, "from": from, "currency": invoice.currency, "total_amount": invoice.total,
            "invoice_payload": invoice.payload,
        });
        let update_id = self.updates.push(now_ms, json!({"pre_checkout_query": query}));
        let checkout = Checkout { at_ms: now_ms, person, invoice, update_id, said: None, charge };
        self.payments.checkouts.insert(id.clone(), checkout);
        Ok(id)
    }

    /// Somebody pays an invoice: in their own private chat, in a group, or a copy that was forwarded
    /// to them from `chat`. The bot is asked first, by the query whose id is given. Telegram takes the
    /// money when it says yes within ten seconds; an invoice can be paid many times.
    ///
    /// # Errors
    /// When there is no such person, message or invoice, or they have too few Stars.
    pub fn pay(&mut self, now_ms: i64, person: i64, chat: i64, message_id: i64) -> Result<String, CannotAct> {
        let invoice = self.payable(person, chat, message_id)?;
        self.can_be_charged(person, &invoice)?;
        self.ask_before(now_ms, person, invoice, None)
    }

    /// Somebody pays what a link of `createInvoiceLink` asks for; as [`World::pay`].
    ///
    /// # Errors
    /// When there is no such person or link, or they have too few Stars.
    pub fn pay_link(&mut self, now_ms: i64, person: i64, link: &str) -> Result<String, CannotAct> {
        let invoice = self.payments.links.get(link).cloned();
        let invoice = invoice.ok_or_else(|| CannotAct::NoLink(link.to_owned()))?;
        self.can_be_charged(person, &invoice)?;
        self.ask_before(now_ms, person, invoice, None)
    }

    /// Somebody's payment reaches the bot before the question about it does, whatever it will answer.
    /// Gives the charge's id.
    ///
    /// # Errors
    /// As [`World::pay`].
    pub fn pay_unasked(
        &mut self,
        now_ms: i64,
        person: i64,
        chat: i64,
        message_id: i64,
    ) -> Result<String, CannotAct> {
        let invoice = self.payable(person, chat, message_id)?;
        self.can_be_charged(person, &invoice)?;
        let charge = self.take(now_ms, person, &invoice);
        self.ask_before(now_ms, person, invoice, Some(charge.clone()))?;
        Ok(charge)
    }

    /// A payment that no invoice of this bot asked for. Gives the charge's id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn pays_out_of_nowhere(
        &mut self,
        now_ms: i64,
        person: i64,
        (currency, total): (&str, i64),
        payload: &str,
    ) -> Result<String, CannotAct> {
        self.person(person)?;
        let invoice = Invoice {
            title: "?".to_owned(),
            description: "?".to_owned(),
            payload: payload.to_owned(),
            currency: currency.to_owned(),
            total,
            start_parameter: String::new(),
        };
        Ok(self.take(now_ms, person, &invoice))
    }

    fn paid(&self, charge: &str) -> Result<&Payment, CannotAct> {
        let paid = self.payments.made.iter().find(|paid| paid.charge == charge);
        paid.ok_or_else(|| CannotAct::NoCharge(charge.to_owned()))
    }

    /// Telegram gives a customer their Stars back without asking the bot. Gives the id of the update
    /// that tells it.
    ///
    /// # Errors
    /// When there is no such payment in Stars, or it was given back before.
    pub fn charge_back(&mut self, now_ms: i64, charge: &str) -> Result<Option<i64>, CannotAct> {
        let paid = self.paid(charge)?;
        if paid.currency != STARS || paid.refunded_at_ms.is_some() {
            return Err(CannotAct::NoCharge(charge.to_owned()));
        }
        Ok(self.give_back(now_ms, charge))
    }

    /// While it is so, no update tells the bot of payments and refunds: it finds them among its Star
    /// transactions, or learns of them by [`World::tell_payment`] and [`World::tell_refund`].
    pub fn keep_payments_quiet(&mut self, quiet: bool) {
        self.payments.quiet = quiet;
    }

    /// The bot is told of a payment, perhaps once more: in a new update, whose id is given.
    ///
    /// # Errors
    /// When there is no such payment.
    pub fn tell_payment(&mut self, now_ms: i64, charge: &str) -> Result<Option<i64>, CannotAct> {
        let (person, message_id) = self.paid(charge).map(|paid| (paid.person, paid.message_id))?;
        let update_id = self.tell_of(now_ms, person, message_id, None);
        let told = self.payments.made.iter_mut().find(|paid| paid.charge == charge);
        if let Some(paid) = told {
            paid.update_id = paid.update_id.or(update_id);
        }
        Ok(update_id)
    }

    /// The update that told the bot of a payment comes again, with its old id.
    ///
    /// # Errors
    /// When there is no such payment, or it was never told.
    pub fn repeat_payment(&mut self, now_ms: i64, charge: &str) -> Result<Option<i64>, CannotAct> {
        let paid = self.paid(charge)?;
        let (person, message_id) = (paid.person, paid.message_id);
        let update_id = paid.update_id.ok_or_else(|| CannotAct::NoCharge(charge.to_owned()))?;
        Ok(self.tell_of(now_ms, person, message_id, Some(update_id)))
    }

    /// The bot is told of a refund, perhaps once more: in a new update, whose id is given.
    ///
    /// # Errors
    /// When there is no such payment, or it was not given back.
    pub fn tell_refund(&mut self, now_ms: i64, charge: &str) -> Result<Option<i64>, CannotAct> {
        let paid = self.paid(charge)?;
        let person = paid.person;
        let message_id = paid.refund_message_id.ok_or_else(|| CannotAct::NoCharge(charge.to_owned()))?;
        Ok(self.tell_of(now_ms, person, message_id, None))
    }
}
