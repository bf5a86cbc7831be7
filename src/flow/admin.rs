//! What an operator does, under a number that was given before the first try: a second time does
//! nothing. Who, what, before, after and why go into the list of actions in the same commit.

use super::alarm::{self, Alarm};
use super::resend::{self, NotSent};
use super::{Shop, decide, news, promo};
use crate::catalog;
use crate::ids::{ActionId, JobId, Seq, UserId};
use crate::job::State;
use crate::ledger::{MOST_GIVEN, Memo, Refusal, Transfer};
use crate::message::{About, Act, Lang, Outgoing};
use crate::money::Kopecks;
use crate::store::{Action, ActionRow, Delivery, Fault, Job, StoppedBy, Tx, View};
use crate::texts::{self, Arg};
use crate::time::At;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the provider said last of what is left on our account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// When.
    pub at: At,
    /// In the provider's credits.
    pub credits: Decimal,
}

/// The note of the [`Credit`].
const CREDIT: &str = "kie_credit";

/// Why nothing was done. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Nobody of this number ever spoke to the bot.
    #[error("there is no such customer")]
    NoCustomer,
    /// No job has this number.
    #[error("there is no such job")]
    NoJob,
    /// The catalogue has no such model.
    #[error("there is no such model")]
    NoModel,
    /// The wallet holds less.
    #[error("only {available} ₽ can be taken")]
    Short {
        /// So much can be taken.
        available: Kopecks,
    },
    /// The wallet would not fit into its counters.
    #[error("the amount is too large")]
    TooLarge,
    /// The job was free, or its money is back already.
    #[error("there is nothing to give back")]
    NothingToRefund,
    /// Its result is on its way to the customer.
    #[error("the result is still on its way")]
    OnItsWay,
    /// There is no such promo code.
    #[error("there is no such promo code")]
    NoPromo,
    /// There are no files to send, or they are gone.
    #[error("there is nothing to send")]
    NoFiles,
    /// It is so already.
    #[error("it is so already")]
    AlreadySo,
    /// No payment has this number.
    #[error("there is no such payment")]
    NoPayment,
    /// It was decided about the payment already, or its time is over.
    #[error("it was decided already")]
    Decided,
    /// A payment goes back only as long as its money is in the wallet.
    #[error("{missing} ₽ of it are spent")]
    Spent {
        /// So much is missing.
        missing: Kopecks,
    },
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// This.
    Now,
    /// It had been done before, under the same number.
    Before,
}

/// The money of a job as an action's row tells it.
fn job_words(job: &Job, refunded: bool) -> String {
    format!("{} {} ₽", if refunded { "refunded" } else { "charged" }, job.row.price)
}

/// True when the job's money was taken and is not back.
pub fn is_refundable(job: &Job) -> bool {
    let is_charged = job.row.money.hold.is_some() && job.row.money.settled.is_some();
    is_charged && job.row.money.refund.is_none() && matches!(job.row.state, State::Done { .. })
}

/// Whether it could be done now.
///
/// # Errors
/// Faults; the refusals are inside.
pub fn check(tx: &Tx<'_>, what: &Action) -> Result<Result<(), NotDone>, Fault> {
    if let Some(verdict) = decide::check(tx, what)? {
        return Ok(verdict);
    }
    let verdict = match what {
        Action::Adjust { user, amount } => {
            let available = tx.available(*user)?;
            match (tx.user(*user)?, available.checked_add(*amount)) {
                (None, _) => Err(NotDone::NoCustomer),
                (Some(_), None) => Err(NotDone::TooLarge),
                (Some(_), Some(_)) if *amount > MOST_GIVEN => Err(NotDone::TooLarge),
                (Some(_), Some(left)) if amount.is_negative() && left.is_negative() => {
                    Err(NotDone::Short { available })
                }
                (Some(_), Some(_)) => Ok(()),
            }
        }
        Action::Ban { user } | Action::Unban { user } => {
            let ban = matches!(what, Action::Ban { .. });
            match tx.user(*user)? {
                None => Err(NotDone::NoCustomer),
                Some(row) if row.banned == ban => Err(NotDone::AlreadySo),
                Some(_) => Ok(()),
            }
        }
        Action::RefundJob { job } => match tx.job(*job)? {
            None => Err(NotDone::NoJob),
            Some(job) if !is_refundable(&job) => Err(NotDone::NothingToRefund),
            // Else a message that Telegram refuses would give the money back a second time.
            Some(job) if job.row.delivery == Delivery::Waiting => Err(NotDone::OnItsWay),
            Some(_) => Ok(()),
        },
        Action::SendAgain { job } => match tx.job(*job)? {
            None => Err(NotDone::NoJob),
            Some(job) if !resend::possible(&job, tx.now().at) => Err(NotDone::NoFiles),
            Some(_) => Ok(()),
        },
        Action::Selling { on } => check_switch(tx, "all", *on)?,
        Action::Model { model, .. } if catalog::model(model).is_none() => Err(NotDone::NoModel),
        Action::Model { model, on } => check_switch(tx, model, *on)?,
        Action::Approve { .. }
        | Action::Reject { .. }
        | Action::RefundPayment { .. }
        | Action::PaidBack { .. } => Ok(()),
        Action::PromoNew { code, .. } => tx.promo(code)?.map_or(Ok(()), |_| Err(NotDone::AlreadySo)),
        Action::PromoOff { code } => match tx.promo(code)? {
            None => Err(NotDone::NoPromo),
            Some(row) if row.off => Err(NotDone::AlreadySo),
            Some(_) => Ok(()),
        },
    };
    Ok(verdict)
}

/// A stop that lifts itself may be made one that does not; one of a broken rule is enough.
fn check_switch(tx: &Tx<'_>, what: &str, on: bool) -> Result<Result<(), NotDone>, Fault> {
    let stop = tx.stop(what)?;
    let is_so = match (on, stop) {
        (true, stop) => stop.is_none(),
        (false, Some(stop)) => matches!(stop.by, StoppedBy::Operator | StoppedBy::Audit),
        (false, None) => false,
    };
    Ok(if is_so { Err(NotDone::AlreadySo) } else { Ok(()) })
}

/// Does it, once for its number, and tells the customer whom it concerns.
///
/// # Errors
/// Faults; the refusals are inside.
pub fn perform(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: ActionId,
    admin: UserId,
    what: &Action,
    reason: &str,
) -> Result<Result<Done, NotDone>, Fault> {
    match tx.action(id)? {
        Some(row) if row.what == *what => return Ok(Ok(Done::Before)),
        Some(_) => return Err(Fault::Bug(format!("action {id} was something else"))),
        None => {}
    }
    if let Err(not) = check(tx, what)? {
        return Ok(Err(not));
    }
    let who = admin.to_string();
    let (seq, before, after) = match what {
        Action::Adjust { user, amount } => return adjust(tx, id, &who, *user, *amount, reason),
        Action::Selling { on } => {
            tx.switch_selling(id, &who, *on, reason)?;
            return Ok(Ok(Done::Now));
        }
        Action::Model { model, on } => {
            tx.switch_model(id, &who, model, *on, reason)?;
            return Ok(Ok(Done::Now));
        }
        Action::Ban { user } => (None, set_banned(tx, *user, true)?, "banned".to_owned()),
        Action::Unban { user } => (None, set_banned(tx, *user, false)?, "may order".to_owned()),
        Action::RefundJob { job } => {
            let job = known(tx, *job)?;
            let seq = refund(shop, tx, id, job.clone())?;
            (Some(seq), job_words(&job, false), job_words(&job, true))
        }
        Action::SendAgain { job } => {
            let job = known(tx, *job)?;
            match resend::again(tx, job.row.user, job.id)? {
                Ok(()) => {}
                Err(NotSent::NoSuchJob | NotSent::NoFiles) => return Ok(Err(NotDone::NoFiles)),
            }
            let request = job.row.request;
            tx.trace(request, job.row.user, Some(job.id), "sent-again", format!("by operator {who}"))?;
            (None, "delivered".to_owned(), "sent again".to_owned())
        }
        Action::Approve { .. }
        | Action::Reject { .. }
        | Action::RefundPayment { .. }
        | Action::PaidBack { .. } => match decide::perform(shop, tx, admin, what, reason)? {
            Ok((before, after)) => (None, before, after),
            Err(not) => return Ok(Err(not)),
        },
        Action::PromoNew { code, gift, limit, until } => {
            let promo = promo::New { code, gift: *gift, limit: *limit, until: *until };
            promo::make(tx, admin, &promo)?;
            (None, "none".to_owned(), "on".to_owned())
        }
        Action::PromoOff { code } => {
            let used = promo::switch_off(tx, code)?;
            (None, "on".to_owned(), format!("off after {used} uses"))
        }
    };
    let (what, reason) = (what.clone(), reason.to_owned());
    tx.put_action(id, &ActionRow { at: tx.now().at, who, what, reason, seq, before, after })?;
    Ok(Ok(Done::Now))
}

fn known(tx: &Tx<'_>, job: JobId) -> Result<Job, Fault> {
    tx.job(job)?.ok_or_else(|| Fault::Bug(format!("job {job} was there a moment ago")))
}

fn adjust(
    tx: &mut Tx<'_>,
    id: ActionId,
    who: &str,
    user: UserId,
    amount: Kopecks,
    reason: &str,
) -> Result<Result<Done, NotDone>, Fault> {
    match tx.adjust(id, who, user, amount, reason)? {
        Ok(_) => {}
        Err(Refusal::TooLarge) => return Ok(Err(NotDone::TooLarge)),
        Err(refusal) => return Err(Fault::Bug(format!("a checked correction is refused: {refusal}"))),
    }
    let sum = Kopecks::new(amount.get().saturating_abs());
    let available = tx.available(user)?;
    let args =
        [("amount", Arg::Money(sum)), ("reason", Arg::Text(reason)), ("available", Arg::Money(available))];
    let key = if amount.is_negative() { "told-debit" } else { "told-credit" };
    tell(tx, user, key, &args)?;
    Ok(Ok(Done::Now))
}

/// Says whether they were banned before.
fn set_banned(tx: &mut Tx<'_>, user: UserId, banned: bool) -> Result<String, Fault> {
    let row = tx.user(user)?;
    let mut row =
        row.ok_or_else(|| Fault::Bug(format!("customer {} was there a moment ago", user.masked())))?;
    let before = if row.banned { "banned" } else { "may order" };
    row.banned = banned;
    tx.put_user(user, &row)?;
    Ok(before.to_owned())
}

/// Gives a charge back, and says so.
fn refund(shop: &Shop, tx: &mut Tx<'_>, id: ActionId, mut job: Job) -> Result<Seq, Fault> {
    let (user, price, at) = (job.row.user, job.row.price, tx.now().at);
    let transfer = Transfer::refund(job.id, user, price, at, Memo::Action(id));
    let posted = match tx.transfer_for_job(job.id, &mut job.row.money, &transfer)? {
        Ok(posted) => posted,
        Err(refusal) => return Err(Fault::Bug(format!("job {}: the refund is refused: {refusal}", job.id))),
    };
    tx.put_job(&job)?;
    tx.trace(job.row.request, user, Some(job.id), "refunded", format!("{price} ₽, action {id}"))?;
    let code = job.row.request.code(&shop.server_key);
    let available = tx.available(user)?;
    let args = [
        ("amount", Arg::Money(price)),
        ("model", Arg::Text(news::title(&job))),
        ("code", Arg::Text(&code)),
        ("available", Arg::Money(available)),
    ];
    tell(tx, user, "told-refund", &args)?;
    Ok(posted.seq())
}

/// A message to a customer, in their language.
fn tell(tx: &mut Tx<'_>, user: UserId, key: &str, args: &[(&str, Arg<'_>)]) -> Result<(), Fault> {
    let lang = tx.user(user)?.map_or(Lang::default(), |row| row.lang);
    let text = texts::say(lang, key, args);
    let act = Act::Text { text, keyboard: Vec::new(), edit: None };
    tx.say(Outgoing { chat: user.chat(), act, about: About::Nothing }, None)?;
    Ok(())
}

/// What the provider said last; `None` before it ever did.
pub fn credit(tx: &Tx<'_>) -> Result<Option<Credit>, Fault> {
    tx.note(CREDIT)
}

/// The same, as a snapshot has it.
pub fn credit_in(view: &View) -> Result<Option<Credit>, Fault> {
    view.note(CREDIT)
}

/// Notes what is left on the account at the provider: sells again if it was empty, and tells the
/// operators when it goes below `alert`, then once a day as long as it is.
pub fn note_credit(shop: &Shop, tx: &mut Tx<'_>, credits: Decimal, alert: Decimal) -> Result<(), Fault> {
    let at = tx.now().at;
    let before = credit(tx)?;
    tx.put_note(CREDIT, &Credit { at, credits })?;
    let is_out = tx.stop("all")?.is_some_and(|stop| stop.by == StoppedBy::Credit);
    if is_out && credits > Decimal::ZERO {
        tx.after_commit(move || tracing::info!(%credits, "the provider has credit again; selling goes on"));
        tx.lift_stop("all")?;
    }
    let told = |last: Credit| last.credits < alert && last.at.day() == at.day();
    if credits < alert && !before.is_some_and(told) {
        alarm::raise(shop, tx, Alarm::LowCredit, &credits.to_string())?;
    }
    Ok(())
}
