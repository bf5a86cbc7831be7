//! How things stand, and the way to everything else.

use super::target::Target;
use super::{number, payments};
use crate::flow::admin;
use crate::handlers::keyboard::home;
use crate::handlers::talk::{Screen, Talk, clip};
use crate::message::Keyboard;
use crate::store::{DISK, Fault, Waiting};
use crate::texts::{self, Arg};
use crate::time::{At, millis};
use rust_decimal::Decimal;

/// How much of a reason a screen shows.
const WHY: usize = 200;

/// A dollar at KIE, in its credits.
const CREDITS_PER_USD: Decimal = Decimal::from_parts(200, 0, 0, false, 0);

/// The main screen.
pub(super) fn show(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let screen = screen(talk)?;
    talk.show(screen)
}

/// The same below what was just done.
pub(super) fn show_below(talk: &mut Talk<'_, '_>, sentence: &str) -> Result<(), Fault> {
    talk.aside();
    let screen = screen(talk)?;
    talk.show(screen.below(sentence))
}

/// The main screen, to be shown.
pub(super) fn screen(talk: &Talk<'_, '_>) -> Result<Screen, Fault> {
    let Waiting { updates, messages, jobs } = talk.tx.waiting()?;
    let today = talk.tx.day(talk.tx.now().at.day())?;
    let spent = talk.tx.free_spent(talk.tx.now().at.day())?;
    let (spent, budget) = (usd(Decimal::new(spent, 6)), usd(talk.shop.free.budget_usd));
    let all = talk.tx.stop("all")?;
    let keyboard = keyboard(talk, all.is_none(), payments::waiting(talk)?.len());
    let selling = match all.or(talk.tx.stop(DISK)?) {
        None => talk.say("admin-selling", &[]),
        Some(stop) => {
            let since = texts::moment(talk.lang, stop.at);
            let args = [("since", Arg::Html(&since)), ("why", Arg::Text(&clip(&stop.why, WHY)))];
            talk.say("admin-not-selling", &args)
        }
    };
    let mut lines = vec![talk.say("admin-home", &[]), String::new(), selling];
    let models = talk.tx.stops()?.iter().filter(|(what, _)| crate::catalog::model(what).is_some()).count();
    if models > 0 {
        lines.push(talk.say("admin-models-stopped", &[("count", number(models))]));
    }
    let queued = talk.tx.queued_jobs()?;
    let args = [("open", number(jobs)), ("queued", number(queued)), ("most", number(talk.shop.queue_max))];
    lines.push(talk.say("admin-jobs-open", &args));
    lines.push(talk.say("admin-waiting", &[("updates", number(updates)), ("messages", number(messages))]));
    lines.push(credit(talk)?);
    lines.push(talk.say("admin-free", &[("spent", Arg::Html(&spent)), ("budget", Arg::Html(&budget))]));
    let args = [
        ("revenue", Arg::Money(today.revenue())),
        ("paid", Arg::Money(today.topped_up)),
        ("sold", number(today.sold)),
        ("active", number(today.active)),
        ("fresh", number(today.new)),
    ];
    lines.push(talk.say("admin-today", &args));
    Ok(Screen { text: lines.join("\n"), keyboard })
}

fn keyboard(talk: &Talk<'_, '_>, selling: bool, transfers: usize) -> Keyboard {
    let switch = if selling { "admin-button-stop" } else { "admin-button-sell" };
    vec![
        vec![Target::Find.button(talk.say("admin-button-find", &[]))],
        vec![Target::Open.button(talk.say("admin-button-open", &[("count", number(transfers))]))],
        vec![
            Target::Failures.button(talk.say("admin-button-failures", &[])),
            Target::Days(7).button(talk.say("admin-button-days", &[])),
        ],
        vec![
            Target::Models(0).button(talk.say("admin-button-models", &[])),
            Target::Selling(!selling).button(talk.say(switch, &[])),
        ],
        vec![
            Target::Log(0).button(talk.say("admin-button-log", &[])),
            Target::Parked.button(talk.say("admin-button-parked", &[])),
        ],
        vec![Target::Promos.button(talk.say("admin-button-promos", &[]))],
        vec![Target::Home.button(talk.say("admin-button-fresh", &[])), home(talk)],
    ]
}

/// What KIE said last of our account.
fn credit(talk: &Talk<'_, '_>) -> Result<String, Fault> {
    let Some(credit) = admin::credit(talk.tx)? else { return Ok(talk.say("admin-credit-unknown", &[])) };
    let dollars = credit.credits.checked_div(CREDITS_PER_USD).unwrap_or(Decimal::ZERO);
    let (credits, dollars) = (credit.credits.normalize().to_string(), usd(dollars));
    let minutes = minutes_since(talk.tx.now().at, credit.at);
    let args = [
        ("credits", Arg::Text(&credits)),
        ("dollars", Arg::Html(&dollars)),
        ("minutes", Arg::Number(minutes)),
    ];
    Ok(talk.say("admin-credit", &args))
}

fn minutes_since(now: At, then: At) -> i64 {
    millis(now.since(then)) / 60_000
}

/// An amount of dollars with two decimals.
pub(super) fn usd(amount: Decimal) -> String {
    format!("${:.2}", amount.round_dp(2))
}

/// The way back to the main screen.
pub(super) fn row(talk: &Talk<'_, '_>) -> Vec<crate::message::Button> {
    vec![Target::Home.button(talk.say("admin-button-home", &[]))]
}
