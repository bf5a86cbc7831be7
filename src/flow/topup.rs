//! Money comes in: asking for a payment, saying whether it is welcome, and crediting what came.
//!
//! **Invariants:** what Telegram says is paid is credited, once, to who paid (L6), whatever the invoice
//! is by then; only an invoice that is still good is let through before.

use super::alarm::{self, Alarm};
use super::{PayRules, Shop, receipt, referral, refund};
use crate::ids::{self, PaymentId, UserId};
use crate::ledger::{Account, Transfer};
use crate::message::{About, Act, Bill, Button, Lang, NotTaken, Outgoing, Price};
use crate::money::Kopecks;
use crate::payment::{Event, Money, State, Way, next};
use crate::store::{Fault, Odd, Payment, PaymentMoney, PaymentRow, Step, Stepped, StoppedBy, Tx};
use crate::texts::{self, Arg};
use rust_decimal::Decimal;
use std::time::Duration;

/// The least that can be put in at once.
pub const LEAST: Kopecks = Kopecks::new(100);
/// The most that can be put in at once.
pub const MOST: Kopecks = Kopecks::new(10_000_000);
/// How long an invoice may be paid.
const INVOICE_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a transfer by hand may take, from the bank details to the operator's word.
pub const TRANSFER_KEPT: Duration = Duration::from_secs(72 * 3600);
/// How many transfers by hand a customer may have open.
pub const OPEN_TRANSFERS: usize = 3;
/// What our invoices carry before their number.
const PAYLOAD: &str = "topup:";

/// Why nothing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// Below [`LEAST`].
    #[error("less than {LEAST} ₽ are not taken")]
    TooLittle,
    /// Above [`MOST`].
    #[error("more than {MOST} ₽ are not taken at once")]
    TooMuch,
    /// The operator does not offer this way.
    #[error("this way to pay is not offered")]
    NotOffered,
    /// Too many transfers by hand wait.
    #[error("{OPEN_TRANSFERS} transfers wait already")]
    TooManyOpen,
    /// An operator stopped this customer.
    #[error("this customer may not put money in")]
    Banned,
    /// A broken rule stopped everything that has to do with money.
    #[error("no money is taken just now")]
    NotSelling,
}

/// Why a payment is not welcome. Nothing was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWelcome {
    /// No invoice of ours, or not this customer's, or of another amount.
    #[error("this invoice is not known")]
    Unknown,
    /// Its time is over, or it was paid.
    #[error("this invoice is over")]
    Over,
    /// The customer or the wallet may not be credited.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

impl PayRules {
    /// So many Stars are an amount: rounded up. `None` when it does not fit.
    pub fn stars(&self, amount: Kopecks) -> Option<u32> {
        let stars = amount.roubles().checked_div(self.star_rub)?.ceil();
        u32::try_from(stars).ok()
    }

    /// So much are Stars that nobody asked for: rounded down. `None` when it does not fit.
    fn roubles(&self, stars: i64) -> Option<Kopecks> {
        let roubles = Decimal::from(stars).checked_mul(self.star_rub)?;
        Kopecks::from_roubles(roubles.trunc_with_scale(2))
    }

    /// The ways to pay that the operator offers, in the order they are shown.
    pub fn ways(&self) -> impl Iterator<Item = Way> + '_ {
        Way::ALL.into_iter().filter(|way| match way {
            Way::Stars => true,
            Way::Card => self.cards,
            Way::Manual => self.bank.is_some(),
        })
    }
}

/// Whether this customer can put `amount` in by `way` now.
pub fn check(
    shop: &Shop,
    tx: &Tx<'_>,
    user: UserId,
    way: Way,
    amount: Kopecks,
) -> Result<Result<(), NotAsked>, Fault> {
    if amount < LEAST {
        return Ok(Err(NotAsked::TooLittle));
    }
    if amount > MOST {
        return Ok(Err(NotAsked::TooMuch));
    }
    if !shop.pay.ways().any(|offered| offered == way) {
        return Ok(Err(NotAsked::NotOffered));
    }
    if way == Way::Manual && tx.open_payments_of(user)? >= OPEN_TRANSFERS {
        return Ok(Err(NotAsked::TooManyOpen));
    }
    may_be_credited(tx, user)
}

/// Whether money may come into this wallet now.
pub(super) fn may_be_credited(tx: &Tx<'_>, user: UserId) -> Result<Result<(), NotAsked>, Fault> {
    if tx.user(user)?.is_some_and(|row| row.banned) {
        return Ok(Err(NotAsked::Banned));
    }
    // A broken rule: no money is taken on books that are wrong.
    if tx.stop("all")?.is_some_and(|stop| stop.by == StoppedBy::Audit) {
        return Ok(Err(NotAsked::NotSelling));
    }
    let credits = tx.account(Account::User(user))?.counters.credits_posted;
    let fits = credits.checked_add(MOST).is_some();
    Ok(if fits { Ok(()) } else { Err(NotAsked::TooMuch) })
}

/// Asks a customer for a payment: the row, and for Stars and cards the invoice.
pub fn ask(
    shop: &Shop,
    tx: &mut Tx<'_>,
    user: UserId,
    lang: Lang,
    way: Way,
    amount: Kopecks,
) -> Result<Result<Payment, NotAsked>, Fault> {
    if let Err(not) = check(shop, tx, user, way, amount)? {
        return Ok(Err(not));
    }
    let Some(stars) = shop.pay.stars(amount) else { return Ok(Err(NotAsked::TooMuch)) };
    let now = tx.now().at;
    let kept = if way == Way::Manual { TRANSFER_KEPT } else { INVOICE_KEPT };
    let state = State::Asked { until: now.plus(kept) };
    let stars = if way == Way::Stars { stars } else { 0 };
    let step = Step { at: now, what: Stepped::Asked, by: None };
    let payment = tx.new_payment(row(way, user, amount, stars, state, step))?;
    let price = match way {
        Way::Stars => Price::Stars(stars),
        Way::Card => Price::Card(amount),
        Way::Manual => return Ok(Ok(payment)),
    };
    let description = match way {
        Way::Stars => {
            let args = [("amount", Arg::Money(amount)), ("stars", Arg::Number(stars.into()))];
            texts::say(lang, "invoice-description-stars", &args)
        }
        Way::Card | Way::Manual => {
            texts::say(lang, "invoice-description-card", &[("amount", Arg::Money(amount))])
        }
    };
    let act = Act::Invoice {
        title: texts::say(lang, "invoice-title", &[]),
        description,
        payload: format!("{PAYLOAD}{}", payment.id),
        price,
    };
    tx.say(Outgoing { chat: user.chat(), act, about: About::Invoice(payment.id) }, None)?;
    Ok(Ok(payment))
}

fn row(way: Way, user: UserId, amount: Kopecks, stars: u32, state: State, step: Step) -> PaymentRow {
    PaymentRow {
        way,
        charge: None,
        user,
        amount,
        stars,
        state,
        steps: vec![step],
        money: PaymentMoney::default(),
        odd: None,
        receipt: None,
        prev: None,
    }
}

/// Telegram would not show the invoice: the customer hears whether its amount is at fault; when it is not,
/// nobody can pay this way, and the operator hears so. Without a `why` it could not be sent for days.
pub(super) fn not_invoiced(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: PaymentId,
    why: Option<&NotTaken>,
) -> Result<(), Fault> {
    let Some(mut payment) = tx.payment(id)? else { return Ok(()) };
    let Ok((state, Money::Keep)) = next(payment.row.state, Event::Expire) else { return Ok(()) };
    payment.row.state = state;
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Expired, by: None });
    tx.put_payment(&payment)?;
    let (way, user) = (payment.row.way.name(), payment.row.user);
    let (key, said) = match why {
        None => ("payment-not-sent", format!("{way}: not sent for days")),
        Some(why @ NotTaken::BadAmount(_)) => ("payment-not-invoiced", format!("{way}: {why:?}")),
        Some(why) => {
            let said = format!("{way}: {why:?}");
            alarm::raise(shop, tx, Alarm::InvoiceRefused, &said)?;
            ("payment-way-broken", said)
        }
    };
    tx.after_commit(move || {
        ids::about(None, None, user)
            .in_scope(|| tracing::warn!(payment = id.0, why = said, "an invoice did not come"));
    });
    let lang = tx.user(user)?.map_or(Lang::default(), |row| row.lang);
    let text = texts::say(lang, key, &[("amount", Arg::Money(payment.row.amount))]);
    let again = Button::tap(texts::say(lang, "button-topup", &[]), "pay");
    tx.say(receipt::about(&payment, text, vec![vec![again]]), None)?;
    Ok(())
}

/// The payment that an invoice of ours asked for.
fn asked(tx: &Tx<'_>, payload: &str) -> Result<Option<Payment>, Fault> {
    let number = payload.strip_prefix(PAYLOAD).map(str::parse::<PaymentId>);
    match number {
        Some(Ok(id)) => tx.payment(id),
        Some(Err(_)) | None => Ok(None),
    }
}

/// The way that a currency of Telegram's stands for.
fn way_of(bill: &Bill) -> Option<Way> {
    match bill.currency.as_str() {
        "XTR" => Some(Way::Stars),
        "RUB" => Some(Way::Card),
        _ => None,
    }
}

/// The sum that a payment asked for, as Telegram says it.
fn is_sum_of(payment: &Payment, bill: &Bill) -> bool {
    way_of(bill) == Some(payment.row.way)
        && match payment.row.way {
            Way::Stars => bill.total == i64::from(payment.row.stars),
            Way::Card => bill.total == payment.row.amount.get(),
            Way::Manual => false,
        }
}

/// Whether a payment that is about to be made is welcome. Telegram waits 10 s for this.
pub fn may_pay(tx: &Tx<'_>, from: UserId, bill: &Bill) -> Result<Result<(), NotWelcome>, Fault> {
    let payment = asked(tx, &bill.payload)?;
    let Some(payment) = payment.filter(|one| one.row.user == from && is_sum_of(one, bill)) else {
        return Ok(Err(NotWelcome::Unknown));
    };
    match payment.row.state {
        State::Asked { until } if tx.now().at < until => {}
        State::Asked { .. }
        | State::Claimed { .. }
        | State::Rejected
        | State::Expired
        | State::Paid
        | State::Refunding
        | State::Refunded
        | State::ChargedBack => return Ok(Err(NotWelcome::Over)),
    }
    Ok(may_be_credited(tx, from)?.map_err(NotWelcome::NotAsked))
}

/// How the word of a payment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// By its update.
    Told,
    /// Only by the list of Star transactions.
    Listed,
}

/// A payment came: it is credited to who paid, once, whatever its invoice is by now.
pub fn arrive(
    shop: &Shop,
    tx: &mut Tx<'_>,
    from: UserId,
    bill: &Bill,
    charge: &str,
    heard: Heard,
) -> Result<(), Fault> {
    let Some(way) = way_of(bill).filter(|_| bill.total > 0) else {
        let what = format!("{} {} of {from}, charge {charge}", bill.total, bill.currency);
        return alarm::raise(shop, tx, Alarm::PaymentOdd(charge), &what);
    };
    if tx.payment_of_charge(way, charge)?.is_some() {
        return Ok(());
    }
    let mut payment = match whose(tx, from, bill, way)? {
        (Some(asked), odd) => Payment { row: PaymentRow { odd, ..asked.row }, ..asked },
        (None, odd) => unasked(shop, tx, from, bill, way, odd)?,
    };
    if heard == Heard::Listed && payment.row.odd.is_none() {
        payment.row.odd = Some(Odd::OnlyListed);
    }
    payment.row.charge = Some(charge.to_owned());
    credit(shop, tx, &mut payment, None)?;
    if let Some(odd) = payment.row.odd {
        tx.after_commit(|| metrics::counter!("samovar_payments_odd_total").increment(1));
        let what = format!("№ {}, {from}, {} ₽: {odd:?}", payment.id, payment.row.amount);
        alarm::raise(shop, tx, Alarm::PaymentOdd(&payment.id.to_string()), &what)?;
    }
    if tx.take_remembered_back(way, charge)? {
        refund::went_back(shop, tx, payment.id)?;
    }
    Ok(())
}

/// The invoice that a payment pays, if it is good for it; and what is unusual.
fn whose(tx: &Tx<'_>, from: UserId, bill: &Bill, way: Way) -> Result<(Option<Payment>, Option<Odd>), Fault> {
    let Some(asked) = asked(tx, &bill.payload)?.filter(|one| one.row.way == way) else {
        return Ok((None, Some(Odd::UnknownInvoice)));
    };
    if asked.row.user != from {
        return Ok((None, Some(Odd::OtherPayer)));
    }
    if !is_sum_of(&asked, bill) {
        return Ok((None, Some(Odd::OtherAmount)));
    }
    if next(asked.row.state, Event::Arrive).is_err() {
        return Ok((None, Some(Odd::PaidTwice)));
    }
    let in_time = matches!(asked.row.state, State::Asked { until } if tx.now().at < until);
    let odd =
        if may_be_credited(tx, from)?.is_err() { Some(Odd::Banned) } else { (!in_time).then_some(Odd::Late) };
    Ok((Some(asked), odd))
}

/// A payment that no invoice asked for in this way: at today's price of a Star.
fn unasked(
    shop: &Shop,
    tx: &mut Tx<'_>,
    from: UserId,
    bill: &Bill,
    way: Way,
    odd: Option<Odd>,
) -> Result<Payment, Fault> {
    let amount = match way {
        Way::Stars => shop.pay.roubles(bill.total),
        Way::Card | Way::Manual => Some(Kopecks::new(bill.total)),
    };
    let too_large = || Fault::Bug(format!("a payment of {} {} does not fit", bill.total, bill.currency));
    let amount = amount.ok_or_else(too_large)?.max(Kopecks::new(1));
    let stars = if way == Way::Stars { u32::try_from(bill.total).map_err(|_| too_large())? } else { 0 };
    let now = tx.now().at;
    // Nobody asked, so it is over before it is paid: from here on as if it had expired.
    let step = Step { at: now, what: Stepped::Expired, by: None };
    let mut row = row(way, from, amount, stars, State::Expired, step);
    row.steps.clear();
    row.odd = odd;
    tx.new_payment(row)
}

/// Puts a payment's money into the wallet and tells the customer.
pub(super) fn credit(
    shop: &Shop,
    tx: &mut Tx<'_>,
    payment: &mut Payment,
    by: Option<UserId>,
) -> Result<(), Fault> {
    let event = if by.is_some() { Event::Approve } else { Event::Arrive };
    let Ok((state, Money::Credit)) = next(payment.row.state, event) else {
        return Err(Fault::Bug(format!("payment {} was checked", payment.id)));
    };
    let PaymentRow { user, way, amount, .. } = payment.row;
    let transfer = Transfer::topup(payment.id, way.account(), user, amount, tx.now().at);
    if let Err(refusal) = tx.transfer_for_payment(payment, &transfer)? {
        return Err(Fault::Bug(format!("payment {} cannot be credited: {refusal}", payment.id)));
    }
    payment.row.state = state;
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Credited, by });
    tx.put_payment(payment)?;
    let lang = tx.user(user)?.map_or(Lang::default(), |row| row.lang);
    let number = payment.id.0;
    tx.after_commit(move || {
        metrics::counter!("samovar_payments_total", "way" => way.name()).increment(1);
        ids::about(None, None, user)
            .in_scope(|| tracing::info!(payment = number, way = way.name(), roubles = %amount, "paid in"));
    });
    let message = receipt::credited(shop, tx, lang, payment)?;
    tx.say(message, None)?;
    referral::paid(shop, tx, payment)
}
