//! What became of a message: the commit that takes it out of the outbox. No money moves here, but
//! where Telegram refuses a result for good, or its files are gone (a free use goes back then), and where it
//! answers that a payment goes back.

use super::alarm::{self, Alarm};
use super::settle::{self, end};
use super::{Shop, free, news, refund, topup};
use crate::ids::{JobId, MessageId, OutboxId, PaymentId, UserId, about};
use crate::job::State;
use crate::ledger::{Memo, Transfer};
use crate::message::{About, Act, MediaKind, NotTaken, Sent};
use crate::store::{Delivery, Fault, Job, OutboxRow, Tx};
use std::time::Duration;

/// What the outbox worker does next with this message and its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is out of the outbox.
    Gone,
    /// It stays, and its whole chat waits so long: Telegram said so.
    ParkChat(Duration),
    /// It stays for another try after this pause.
    Again(Duration),
}

/// How long a message that cannot be delivered is tried,
const KEEP: Duration = Duration::from_secs(3 * 24 * 3600);
/// and how often at least, which takes twenty minutes: after a long stop, or in a file that came out of an old
/// backup, a hiccup of the network is no reason to pay a result back.
pub(super) const LEAST_TRIES: u32 = 12;
/// How often one that may have gone is sent again: a second copy does no harm, a tenth does.
const DOUBTS: u32 = 3;

/// Notes what became of a message. A message that is not in the outbox any more changes nothing.
pub fn note(shop: &Shop, tx: &mut Tx<'_>, priority: u8, id: OutboxId, sent: &Sent) -> Result<Next, Fault> {
    let Some(row) = tx.outbox_row(priority, id)? else { return Ok(Next::Gone) };
    if let About::Refund(payment) = row.outgoing.about {
        return refund_answered(shop, tx, priority, id, row, payment, sent);
    }
    match sent {
        Sent::Delivered { message, file_ids } => {
            tx.drop_outbox_row(priority, id)?;
            delivered(tx, &row, id, *message, file_ids)?;
            Ok(Next::Gone)
        }
        Sent::Refused(why) => refused(shop, tx, priority, id, row, why),
        Sent::Later { pause } => {
            again(tx, priority, id, row, *pause)?;
            Ok(Next::ParkChat(*pause))
        }
        Sent::NotSent(_) if tx.now().at.since(row.at) < KEEP || row.tries < LEAST_TRIES => {
            let pause = Duration::from_secs(1 << row.tries.min(8));
            again(tx, priority, id, row, pause)?;
            Ok(Next::Again(pause))
        }
        Sent::InDoubt(_) if repeatable(&row.outgoing.act) && row.doubts < DOUBTS => {
            let row = OutboxRow { doubts: row.doubts + 1, ..row };
            let pause = Duration::from_secs(2 << row.tries.min(8));
            again(tx, priority, id, row, pause)?;
            Ok(Next::Again(pause))
        }
        Sent::NotSent(why) => {
            if let About::Invoice(payment) = row.outgoing.about {
                tx.drop_outbox_row(priority, id)?;
                return topup::not_invoiced(shop, tx, payment, None).map(|()| Next::Gone);
            }
            let why = NotTaken::Bad(format!("given up after three days: {why}"));
            refused(shop, tx, priority, id, row, &why)
        }
        // It very likely went, several times over; saying that it did not would be worse.
        Sent::InDoubt(_) => {
            tx.drop_outbox_row(priority, id)?;
            delivered(tx, &row, id, None, &[])?;
            Ok(Next::Gone)
        }
    }
}

/// What Telegram said of a payment that is to go back. Without a definite answer it is asked again, for
/// ever: a second call does no harm, and the money stays held.
fn refund_answered(
    shop: &Shop,
    tx: &mut Tx<'_>,
    priority: u8,
    id: OutboxId,
    row: OutboxRow,
    payment: PaymentId,
    sent: &Sent,
) -> Result<Next, Fault> {
    match sent {
        Sent::Delivered { .. } => refund::went_back(shop, tx, payment)?,
        Sent::Refused(why) => refund::refused(shop, tx, payment, &format!("{why:?}"))?,
        Sent::Later { pause } => {
            again(tx, priority, id, row, *pause)?;
            return Ok(Next::Again(*pause));
        }
        Sent::NotSent(_) | Sent::InDoubt(_) => {
            let pause = Duration::from_secs(2 << row.tries.min(8));
            again(tx, priority, id, row, pause)?;
            return Ok(Next::Again(pause));
        }
    }
    tx.drop_outbox_row(priority, id)?;
    Ok(Next::Gone)
}

/// Takes a message out whose fate cannot be noted, because a row it belongs to cannot be read: sent
/// again and again it would only annoy. The operator is told.
pub fn give_up(shop: &Shop, tx: &mut Tx<'_>, priority: u8, id: OutboxId, why: &str) -> Result<(), Fault> {
    tx.drop_unreadable(priority, id, why)?;
    alarm::raise(shop, tx, Alarm::MailParked, why)
}

fn again(
    tx: &mut Tx<'_>,
    priority: u8,
    id: OutboxId,
    mut row: OutboxRow,
    pause: Duration,
) -> Result<(), Fault> {
    row.tries += 1;
    row.not_before = tx.now().up.plus(pause);
    tx.put_outbox_row(priority, id, &row)
}

/// An answer to a tap is worth nothing a second later; everything else reads the same twice.
fn repeatable(act: &Act) -> bool {
    match act {
        Act::Toast { .. } => false,
        Act::Text { .. }
        | Act::Media { .. }
        | Act::PreCheckout { .. }
        | Act::Leave
        | Act::Invoice { .. }
        | Act::RefundStars { .. }
        | Act::Document { .. } => true,
    }
}

fn delivered(
    tx: &mut Tx<'_>,
    row: &OutboxRow,
    id: OutboxId,
    message: Option<MessageId>,
    file_ids: &[String],
) -> Result<(), Fault> {
    match row.outgoing.about {
        About::Nothing | About::Screen(_) | About::Invoice(_) | About::Receipt(_) | About::Refund(_) => {
            Ok(())
        }
        About::Status(job) => {
            let Some(mut job) = tx.job(job)? else { return Ok(()) };
            if message.is_none() || job.row.status_message == message {
                return Ok(());
            }
            job.row.status_message = message;
            tx.put_job(&job)
        }
        About::Ending(job) | About::Result(job) => {
            let delivery = Delivery::Delivered { at: tx.now().at, file_ids: file_ids.to_vec() };
            set_delivery(tx, job, id, delivery)?;
            if let Some(job) = tx.job(job)? {
                let data = format!("message {}", message.map_or("?".to_owned(), |id| id.to_string()));
                tx.trace(job.row.request, job.row.user, Some(job.id), "delivered", data)?;
            }
            Ok(())
        }
    }
}

/// Notes the fate of the message that told how a job ended, if it is still that one.
fn set_delivery(tx: &mut Tx<'_>, job: JobId, id: OutboxId, delivery: Delivery) -> Result<(), Fault> {
    let Some(mut job) = tx.job(job)? else { return Ok(()) };
    if job.row.told == Some(id) {
        job.row.delivery = delivery;
        tx.put_job(&job)?;
    }
    Ok(())
}

fn refused(
    shop: &Shop,
    tx: &mut Tx<'_>,
    priority: u8,
    id: OutboxId,
    mut row: OutboxRow,
    why: &NotTaken,
) -> Result<Next, Fault> {
    let job = match row.outgoing.about {
        About::Result(job) | About::Ending(job) => tx.job(job)?.filter(|job| job.row.told == Some(id)),
        About::Nothing
        | About::Screen(_)
        | About::Status(_)
        | About::Invoice(_)
        | About::Receipt(_)
        | About::Refund(_) => None,
    };
    if *why == NotTaken::Blocked && row.outgoing.chat.0 > 0 {
        let user = UserId(row.outgoing.chat.0);
        if let Some(mut known) = tx.user(user)? {
            known.blocked = true;
            tx.put_user(user, &known)?;
        }
    }
    let bad = matches!(why, NotTaken::BadFile(_) | NotTaken::Bad(_) | NotTaken::BadAmount(_));
    // Some pictures are fine as a file only: too long a side, too odd a shape.
    if let (true, Act::Media { kind, .. }) = (bad, &mut row.outgoing.act)
        && *kind != MediaKind::Document
    {
        *kind = MediaKind::Document;
        tx.put_outbox_row(priority, id, &row)?;
        return Ok(Next::Again(Duration::ZERO));
    }
    tx.drop_outbox_row(priority, id)?;
    if let (About::Invoice(payment), true) = (row.outgoing.about, bad) {
        return topup::not_invoiced(shop, tx, payment, Some(why)).map(|()| Next::Gone);
    }
    let Some(mut job) = job else {
        let (why, customer) = (why.clone(), UserId(row.outgoing.chat.0));
        tx.after_commit(move || {
            about(None, None, customer).in_scope(|| tracing::warn!(?why, "Telegram refused a message"));
        });
        return Ok(Next::Gone);
    };
    tx.trace(job.row.request, job.row.user, Some(job.id), "refused-by-telegram", format!("{why:?}"))?;
    job.row.delivery = Delivery::Refused { at: tx.now().at, why: why.clone() };
    if bad && matches!(row.outgoing.about, About::Result(_)) {
        refund(shop, tx, &mut job)?;
    }
    tx.put_job(&job)?;
    Ok(Next::Gone)
}

/// Gives back what a result cost that Telegram will not take, or whose files are gone, and says so: after a
/// restore its customer may have had it.
fn refund(shop: &Shop, tx: &mut Tx<'_>, job: &mut Job) -> Result<(), Fault> {
    let now = tx.now().at;
    let sorry = |job: &Job| news::undeliverable(shop, job, now);
    // A late result was paid back before it came, another perhaps by an operator.
    if !matches!(job.row.state, State::Done { .. }) || settle::is_paid_back(job) {
        let message = sorry(job);
        return end(tx, job, message);
    }
    let code = job.row.request.code(&shop.server_key);
    alarm::raise(shop, tx, Alarm::ResultLost, &format!("{} {code}", job.row.model))?;
    if job.row.free_hour.is_some() {
        free::give_use_back(tx, job)?;
        let message = sorry(job);
        // It has none any more, so that none goes back a second time.
        job.row.free_hour = None;
        return end(tx, job, message);
    }
    let (user, price) = (job.row.user, job.row.price);
    let transfer = Transfer::refund(job.id, user, price, now, Memo::Undeliverable);
    if let Err(refusal) = tx.transfer_for_job(job.id, &mut job.row.money, &transfer)? {
        return Err(Fault::Bug(format!("job {}: the refund is refused: {refusal}", job.id)));
    }
    let message = sorry(job);
    end(tx, job, message)
}
