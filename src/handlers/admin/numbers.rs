//! What the days brought: revenue, what came in, what went back, KIE's cost, the margin, people.

use super::home;
use super::number;
use super::target::Target;
use crate::handlers::talk::{Screen, Talk};
use crate::money::Kopecks;
use crate::store::{DayRow, Fault};
use crate::texts::Arg;
use crate::time::At;
use rust_decimal::Decimal;

/// At most so many days are shown.
const MOST_DAYS: u32 = 30;
/// Up to so many are shown with everything, more only in a line each.
const FULL: u32 = 7;

/// KIE's cost of a day in roubles, at today's rate.
fn cost(talk: &Talk<'_, '_>, day: &DayRow) -> Kopecks {
    let usd = Decimal::new(day.cost_micro_usd, 6);
    let roubles = usd.checked_mul(talk.shop.rates.usd_to_rub).and_then(Kopecks::from_roubles);
    roubles.unwrap_or(Kopecks::new(i64::MAX))
}

fn minus(a: Kopecks, b: Kopecks) -> Kopecks {
    Kopecks::new(a.get().saturating_sub(b.get()))
}

/// The calendar day of a number: `2026-11-23`.
fn date(day: u32) -> String {
    let at = At(i64::from(day) * 24 * 3_600_000);
    at.to_string().split('T').next().unwrap_or("").to_owned()
}

/// The last `days` days and their sum.
pub(super) fn show(talk: &mut Talk<'_, '_>, days: u32) -> Result<(), Fault> {
    talk.aside();
    let days = days.clamp(1, MOST_DAYS);
    let today = talk.tx.now().at.day();
    let mut sum = DayRow::default();
    let mut lines = Vec::new();
    for day in (0..days).filter_map(|back| today.checked_sub(back)) {
        let row = talk.tx.day(day)?;
        sum = sum.plus(&row);
        if row == DayRow::default() {
            continue;
        }
        let date = date(day);
        if days <= FULL {
            lines.push(full(talk, &date, &row));
        } else {
            let args = [
                ("day", Arg::Html(&date)),
                ("revenue", Arg::Money(row.revenue())),
                ("margin", Arg::Money(minus(row.revenue(), cost(talk, &row)))),
                ("active", number(row.active)),
                ("fresh", number(row.new)),
            ];
            lines.push(talk.say("admin-day-short", &args));
        }
    }
    let all = talk.say("admin-days-sum", &[("days", number(days))]);
    let gap = if days <= FULL { "\n\n" } else { "\n" };
    let mut text = format!("{}\n\n{}", talk.say("admin-days", &[]), full(talk, &all, &sum));
    if !lines.is_empty() {
        text = format!("{text}\n\n{}", lines.join(gap));
    }
    let other = if days <= FULL { MOST_DAYS } else { FULL };
    let button = Target::Days(other).button(talk.say("admin-button-other-days", &[("days", number(other))]));
    let keyboard = vec![vec![button], home::row(talk)];
    talk.show(Screen { text, keyboard })
}

/// A day, or several together, with everything.
fn full(talk: &Talk<'_, '_>, title: &str, row: &DayRow) -> String {
    let cost = cost(talk, row);
    let args = [
        ("day", Arg::Html(title)),
        ("revenue", Arg::Money(row.revenue())),
        ("refunded", Arg::Money(row.refunded)),
        ("cost", Arg::Money(cost)),
        ("margin", Arg::Money(minus(row.revenue(), cost))),
        ("paid", Arg::Money(row.topped_up)),
        ("given", Arg::Money(row.given)),
        ("credited", Arg::Money(row.credited)),
        ("debited", Arg::Money(row.debited)),
        ("sold", number(row.sold)),
        ("free", number(row.free)),
        ("active", number(row.active)),
        ("fresh", number(row.new)),
        ("first", number(row.first_paid)),
        ("fromfree", number(row.from_free)),
    ];
    talk.say("admin-day", &args)
}
