//! Putting money in: how much, which way, and the payments there were.

use super::keyboard::{back_row, home, pages};
use super::talk::{Screen, Talk};
use super::target::Target;
use super::{amount, transfer};
use crate::flow::receipt;
use crate::flow::topup::{self, LEAST, MOST, NotAsked, NotWelcome, OPEN_TRANSFERS};
use crate::ids::{PaymentId, UserId};
use crate::message::{Bill, Button, Keyboard, Lang};
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::store::{Expects, Fault, Payment, Stepped, Tx};
use crate::texts::{self, Arg};
use crate::time::At;

/// What most people put in.
const PRESETS: [Kopecks; 4] =
    [Kopecks::new(10_000), Kopecks::new(50_000), Kopecks::new(100_000), Kopecks::new(500_000)];
/// How many payments a page lists.
const PAGE: usize = 6;
/// A button may say any number; each page is a walk past all newer ones.
const MOST_PAGES: usize = 100;

/// How much? What an order lacks comes first.
pub(super) fn begin(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let screen = question(talk, None)?;
    talk.show(screen)
}

fn question(talk: &Talk<'_, '_>, wrong: Option<&str>) -> Result<Screen, Fault> {
    let by = |amount: Kopecks| Target::TopUpBy(amount).button(texts::money(talk.lang, amount));
    let mut keyboard: Keyboard = Vec::new();
    if let Some(missing) = missing(talk)? {
        let label = talk.say("topup-missing", &[("amount", Arg::Money(missing))]);
        keyboard.push(vec![Target::TopUpBy(missing).button(label)]);
    }
    keyboard.extend(PRESETS.chunks(2).map(|pair| pair.iter().copied().map(by).collect::<Vec<_>>()));
    keyboard.push(vec![Target::TopUpOther.button(talk.say("topup-other", &[]))]);
    keyboard.push(vec![Target::Promo.button(talk.say("topup-promo", &[]))]);
    keyboard.push(vec![Target::Payments(0).button(talk.say("topup-payments", &[]))]);
    keyboard.push(back_row(talk, &Target::Balance));
    let balance = talk.tx.available(talk.user)?;
    let screen = Screen { text: talk.say("topup", &[("balance", Arg::Money(balance))]), keyboard };
    Ok(match wrong {
        Some(wrong) => screen.below(wrong),
        None => screen,
    })
}

/// What the order that was begun lacks, in whole roubles.
fn missing(talk: &Talk<'_, '_>) -> Result<Option<Kopecks>, Fault> {
    let price = talk.session.draft.as_ref().and_then(|draft| draft.shown_price);
    let Some(price) = price.filter(|price| price.is_positive()) else { return Ok(None) };
    let missing = price.checked_sub(talk.tx.available(talk.user)?).filter(|missing| missing.is_positive());
    Ok(missing.map(whole_roubles))
}

/// An amount to put in that covers `missing`: whole roubles, and not less than is taken.
pub(super) fn whole_roubles(missing: Kopecks) -> Kopecks {
    let roubles = missing.roubles().ceil();
    Kopecks::from_roubles(roubles).unwrap_or(missing).max(LEAST)
}

/// `✏️`: asks for the amount.
pub(super) fn ask(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    talk.session.expects = Expects::TopUp;
    let args = [("least", Arg::Money(LEAST)), ("most", Arg::Money(MOST))];
    let screen =
        Screen { text: talk.say("topup-ask", &args), keyboard: vec![back_row(talk, &Target::TopUp)] };
    talk.show(screen)
}

/// The amount that was written.
pub(super) fn take(talk: &mut Talk<'_, '_>, text: &str) -> Result<(), Fault> {
    let taken = match amount::read(text) {
        Ok(amount) if amount < LEAST => Err("amount-too-little"),
        Ok(amount) if amount > MOST => Err("amount-too-large"),
        other => other,
    };
    match taken {
        Ok(amount) => choose(talk, amount),
        Err(wrong) => {
            let args = [("least", Arg::Money(LEAST)), ("most", Arg::Money(MOST))];
            let text = format!("{}\n\n{}", talk.say(wrong, &[]), talk.say("topup-ask", &args));
            talk.show(Screen { text, keyboard: vec![back_row(talk, &Target::TopUp)] })
        }
    }
}

/// Which way? With one way only it is taken at once.
pub(super) fn choose(talk: &mut Talk<'_, '_>, amount: Kopecks) -> Result<(), Fault> {
    talk.aside();
    let ways: Vec<Way> = talk.shop.pay.ways().collect();
    if let [way] = ways[..] {
        return pay(talk, way, amount);
    }
    let mut keyboard: Keyboard = Vec::new();
    for way in ways {
        if let Err(not) = topup::check(talk.shop, talk.tx, talk.user, way, amount)? {
            if not == NotAsked::TooManyOpen {
                continue;
            }
            return refuse(talk, not);
        }
        let label = match way {
            Way::Stars => {
                let stars = talk.shop.pay.stars(amount).map_or(0, i64::from);
                talk.say("topup-by-stars", &[("stars", Arg::Number(stars))])
            }
            Way::Card => talk.say("topup-by-card", &[]),
            Way::Manual => talk.say("topup-by-transfer", &[]),
        };
        keyboard.push(vec![Target::PayBy(way, amount).button(label)]);
    }
    keyboard.push(back_row(talk, &Target::TopUp));
    let screen = Screen { text: talk.say("topup-choose", &[("amount", Arg::Money(amount))]), keyboard };
    talk.show(screen)
}

/// Asks for the payment: an invoice, or the bank details.
pub(super) fn pay(talk: &mut Talk<'_, '_>, way: Way, amount: Kopecks) -> Result<(), Fault> {
    talk.aside();
    match topup::ask(talk.shop, talk.tx, talk.user, talk.lang, way, amount)? {
        Ok(payment) => match way {
            Way::Stars | Way::Card => {
                talk.toast("toast-invoice");
                Ok(())
            }
            Way::Manual => transfer::details(talk, &payment),
        },
        Err(not) => refuse(talk, not),
    }
}

/// The sentence for a payment that is not asked for.
fn sentence(lang: Lang, not: NotAsked) -> String {
    let args = [("least", Arg::Money(LEAST)), ("most", Arg::Money(MOST))];
    match not {
        NotAsked::TooLittle => texts::say(lang, "topup-too-little", &args[..1]),
        NotAsked::TooMuch => texts::say(lang, "topup-too-much", &args[1..]),
        NotAsked::NotOffered => texts::say(lang, "topup-not-offered", &[]),
        NotAsked::TooManyOpen => {
            let count = i64::try_from(OPEN_TRANSFERS).unwrap_or(i64::MAX);
            texts::say(lang, "topup-too-many-open", &[("count", Arg::Number(count))])
        }
        NotAsked::Banned => texts::say(lang, "topup-banned", &[]),
        NotAsked::NotSelling => texts::say(lang, "topup-not-selling", &[]),
    }
}

fn refuse(talk: &mut Talk<'_, '_>, not: NotAsked) -> Result<(), Fault> {
    let sentence = sentence(talk.lang, not);
    let screen = question(talk, Some(&sentence))?;
    talk.show(screen)
}

/// The answer to the question before a payment: `None` is yes, else the sentence.
pub(super) fn before_payment(
    tx: &Tx<'_>,
    from: UserId,
    lang: Lang,
    bill: &Bill,
) -> Result<Option<String>, Fault> {
    Ok(topup::may_pay(tx, from, bill)?.err().map(|not| match not {
        NotWelcome::Unknown => texts::say(lang, "pre-checkout-unknown", &[]),
        NotWelcome::Over => texts::say(lang, "pre-checkout-over", &[]),
        NotWelcome::NotAsked(not) => sentence(lang, not),
    }))
}

/// The mark and the word for where a payment stands now.
pub(super) fn state_key(state: State, now: At) -> &'static str {
    match state {
        // An invoice has no end of its own: it can only not be paid any more.
        State::Asked { until } if until <= now => "payment-state-expired",
        State::Asked { .. } => "payment-state-asked",
        State::Claimed { .. } => "payment-state-claimed",
        State::Rejected => "payment-state-rejected",
        State::Expired => "payment-state-expired",
        State::Paid => "payment-state-paid",
        State::Refunding => "payment-state-refunding",
        State::Refunded => "payment-state-refunded",
        State::ChargedBack => "payment-state-charged-back",
    }
}

fn step_key(way: Way, what: Stepped) -> &'static str {
    match what {
        Stepped::Asked if way == Way::Manual => "payment-step-asked-transfer",
        Stepped::Asked => "payment-step-asked",
        Stepped::Claimed => "payment-step-claimed",
        Stepped::Rejected => "payment-step-rejected",
        Stepped::Expired => "payment-step-expired",
        Stepped::Credited => "payment-step-credited",
        Stepped::RefundBegun => "payment-step-refund-begun",
        Stepped::RefundRefused => "payment-step-refund-refused",
        Stepped::Refunded => "payment-step-refunded",
        Stepped::ChargedBack => "payment-step-charged-back",
    }
}

/// The customer's payments, newest first.
pub(super) fn list(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.aside();
    let page = page.min(MOST_PAGES);
    // One more than is shown tells whether there is another page.
    let mut payments = talk.tx.payments_of(talk.user, page.saturating_mul(PAGE), PAGE + 1)?;
    let more = payments.len() > PAGE;
    payments.truncate(PAGE);
    let text = talk.say(if payments.is_empty() && page == 0 { "payments-none" } else { "payments" }, &[]);
    let mut keyboard: Keyboard = payments.iter().map(|payment| vec![line(talk, payment)]).collect();
    keyboard.extend(pages(talk, page, page + 1 + usize::from(more), Target::Payments));
    keyboard.push(back_row(talk, &Target::TopUp));
    talk.show(Screen { text, keyboard })
}

fn line(talk: &Talk<'_, '_>, payment: &Payment) -> Button {
    let state = talk.say(state_key(payment.row.state, talk.tx.now().at), &[]);
    let mark = state.split_whitespace().next().unwrap_or("").to_owned();
    let at = payment.row.steps.first().map(|step| texts::moment(talk.lang, step.at)).unwrap_or(mark.clone());
    let args =
        [("mark", Arg::Html(&mark)), ("amount", Arg::Money(payment.row.amount)), ("at", Arg::Html(&at))];
    Target::Payment(payment.id).button(talk.say("payments-item", &args))
}

/// One payment with everything that happened to it: "I paid and nothing came" answers itself here.
pub(super) fn payment(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    talk.aside();
    let Some(payment) = talk.tx.payment(id)?.filter(|one| one.row.user == talk.user) else {
        return talk.tell("payment-gone");
    };
    let text = page(talk.lang, &payment, talk.tx.now().at);
    let mut keyboard: Keyboard = Vec::new();
    if let (Way::Manual, State::Asked { .. }) = (payment.row.way, payment.row.state) {
        keyboard.push(transfer::asked(talk, id).to_vec());
    }
    keyboard.push(vec![Target::Support.button(talk.say("menu-support", &[]))]);
    keyboard.push(vec![Target::Payments(0).button(talk.say("button-back", &[])), home(talk)]);
    talk.show(Screen { text, keyboard })
}

/// The text of a payment's page.
pub(super) fn page(lang: Lang, payment: &Payment, now: At) -> String {
    let (way, state) =
        (receipt::way(lang, payment.row.way), texts::say(lang, state_key(payment.row.state, now), &[]));
    let number = payment.id.to_string();
    let args = [
        ("number", Arg::Html(&number)),
        ("amount", Arg::Money(payment.row.amount)),
        ("way", Arg::Html(&way)),
        ("state", Arg::Html(&state)),
    ];
    let mut lines = vec![texts::say(lang, "payment-page", &args), String::new()];
    for step in &payment.row.steps {
        let (at, what) =
            (texts::moment(lang, step.at), texts::say(lang, step_key(payment.row.way, step.what), &[]));
        let args = [("at", Arg::Html(&at)), ("what", Arg::Html(&what))];
        lines.push(texts::say(lang, "payment-step", &args));
    }
    if let Some(charge) = &payment.row.charge {
        lines.push(String::new());
        lines.push(texts::say(lang, "payment-charge", &[("charge", Arg::Text(charge))]));
    }
    lines.join("\n")
}
