//! Promo codes as an operator makes, ends and lists them: by commands, since a code is typed anyway.

use super::{describe, home};
use crate::flow::admin::{self, NotDone};
use crate::flow::promo::{self, MOST_FREE, MOST_USES, USUAL_LIMIT};
use crate::flow::topup::MOST;
use crate::handlers::amount;
use crate::handlers::talk::{Screen, Talk};
use crate::handlers::target::number;
use crate::store::{Action, Fault, Gift, PromoRow};
use crate::texts::{self, Arg};
use crate::time::At;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// How many codes are listed.
const LISTED: usize = 20;

/// `/promo_new CODE 100 limit=50 until=31.12.2026`.
pub(super) fn make(talk: &mut Talk<'_, '_>, words: &str) -> Result<(), Fault> {
    match read(talk.tx.now().at, words) {
        Ok(what) => perform(talk, &what),
        Err(wrong) => complain(talk, wrong),
    }
}

/// `/promo_off CODE`.
pub(super) fn switch_off(talk: &mut Talk<'_, '_>, words: &str) -> Result<(), Fault> {
    match promo::read(words) {
        Some(code) => perform(talk, &Action::PromoOff { code }),
        None => complain(talk, "promo-bad-code"),
    }
}

fn perform(talk: &mut Talk<'_, '_>, what: &Action) -> Result<(), Fault> {
    let id = talk.tx.new_action()?;
    match (admin::perform(talk.shop, talk.tx, id, talk.user, what, "")?, what) {
        (Ok(_), _) => {
            let done = talk.say("admin-done", &[("what", Arg::Html(&describe(talk, what)))]);
            show(talk, Some(&done))
        }
        (Err(_), Action::PromoNew { .. }) => complain(talk, "promo-taken"),
        (Err(NotDone::AlreadySo), _) => complain(talk, "promo-off-before"),
        (Err(_), _) => complain(talk, "promo-not-there"),
    }
}

/// Says what is wrong, and how it is right.
fn complain(talk: &mut Talk<'_, '_>, wrong: &str) -> Result<(), Fault> {
    talk.aside();
    let args = [
        ("most", Arg::Money(MOST)),
        ("uses", Arg::Number(MOST_USES.into())),
        ("free", Arg::Number(MOST_FREE.into())),
    ];
    let wrong = match wrong {
        "promo-bad-amount" => talk.say(wrong, &args[..1]),
        "promo-bad-limit" => talk.say(wrong, &args[1..2]),
        "promo-bad-free" => talk.say(wrong, &args[2..]),
        _ => talk.say(wrong, &[]),
    };
    let text = format!("{wrong}\n\n{}", usage(talk));
    let screen = Screen { text, keyboard: vec![home::row(talk)] };
    talk.show(screen)
}

fn usage(talk: &Talk<'_, '_>) -> String {
    talk.say("promo-usage", &[("limit", Arg::Number(USUAL_LIMIT.into()))])
}

/// What an operator wrote behind `/promo_new`, or the text that says what is wrong with it.
fn read(now: At, words: &str) -> Result<Action, &'static str> {
    let mut words = words.split_whitespace();
    let code = words.next().and_then(promo::read).ok_or("promo-bad-code")?;
    let (mut gift, mut limit, mut until) = (None, USUAL_LIMIT, None);
    for word in words {
        let given = match word.split_once('=') {
            Some(("limit", most)) => {
                limit =
                    number(most).filter(|most| (1..=MOST_USES).contains(most)).ok_or("promo-bad-limit")?;
                continue;
            }
            Some(("until", day)) => {
                let end = end_of(day).filter(|end| now <= *end);
                until = Some(end.ok_or("promo-bad-date")?);
                continue;
            }
            Some(("free", uses)) => {
                let uses = number(uses).filter(|uses| (1..=MOST_FREE).contains(uses));
                Gift::FreeUses(uses.ok_or("promo-bad-free")?)
            }
            Some(_) => return Err("promo-bad-word"),
            None => {
                let sum = amount::read(word).map_err(|_| "promo-bad-amount")?;
                let fits = sum.is_positive() && sum <= MOST;
                Gift::Money(fits.then_some(sum).ok_or("promo-bad-amount")?)
            }
        };
        if gift.replace(given).is_some() {
            return Err("promo-bad-word");
        }
    }
    let gift = gift.ok_or("promo-bad-amount")?;
    Ok(Action::PromoNew { code, gift, limit, until })
}

/// The last moment of a day in Moscow, as `31.12.2026` or `2026-12-31`.
fn end_of(day: &str) -> Option<At> {
    let date = match day.split('.').collect::<Vec<_>>()[..] {
        [day, month, year] => Date::new(number(year)?, number(month)?, number(day)?),
        _ => day.parse(),
    };
    let moscow = TimeZone::fixed(Offset::constant(3));
    let next = date.and_then(Date::tomorrow).and_then(|next| next.to_zoned(moscow));
    next.map_or(None, |next| Some(At(next.timestamp().as_millisecond() - 1)))
}

/// The newest codes, below what was just done, and how to make one.
pub(super) fn show(talk: &mut Talk<'_, '_>, above: Option<&str>) -> Result<(), Fault> {
    talk.aside();
    let codes = talk.tx.promos()?;
    let mut parts = vec![talk.say("promos", &[])];
    if codes.is_empty() {
        parts.push(talk.say("admin-nothing", &[]));
    } else {
        let lines: Vec<_> = codes.iter().take(LISTED).map(|(code, row)| line(talk, code, row)).collect();
        parts.push(lines.join("\n"));
    }
    let more = codes.len().saturating_sub(LISTED);
    if more > 0 {
        parts.push(talk.say("promos-more", &[("count", super::number(more))]));
    }
    parts.push(usage(talk));
    let screen = Screen { text: parts.join("\n\n"), keyboard: vec![home::row(talk)] };
    super::show(talk, screen, above)
}

fn line(talk: &Talk<'_, '_>, code: &str, row: &PromoRow) -> String {
    let gift = gift(talk, row.gift);
    let args = [
        ("code", Arg::Text(&code.to_uppercase())),
        ("gift", Arg::Html(&gift)),
        ("used", Arg::Number(row.used.into())),
        ("limit", Arg::Number(row.limit.into())),
    ];
    let mut parts = vec![talk.say("promo-line", &args)];
    parts.extend(until(talk, row.until));
    if row.off {
        parts.push(talk.say("promo-line-off", &[]));
    }
    parts.join(" · ")
}

/// What a new code is, in a line.
pub(super) fn described(talk: &Talk<'_, '_>, code: &str, given: Gift, limit: u32, end: Option<At>) -> String {
    let gift = gift(talk, given);
    let args = [
        ("code", Arg::Text(&code.to_uppercase())),
        ("gift", Arg::Html(&gift)),
        ("limit", Arg::Number(limit.into())),
    ];
    let mut parts = vec![talk.say("admin-act-promo-new", &args)];
    parts.extend(until(talk, end));
    parts.join(" · ")
}

fn gift(talk: &Talk<'_, '_>, gift: Gift) -> String {
    match gift {
        Gift::Money(amount) => texts::money(talk.lang, amount),
        Gift::FreeUses(count) => talk.say("promo-gift-free", &[("count", Arg::Number(count.into()))]),
    }
}

fn until(talk: &Talk<'_, '_>, end: Option<At>) -> Option<String> {
    let end = texts::moment(talk.lang, end?);
    Some(talk.say("promo-line-until", &[("until", Arg::Html(&end))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Kopecks;

    const NOW: At = At(1_795_431_300_000);

    #[test]
    fn a_code_is_made_as_operators_write_it() {
        let made = |words| read(NOW, words).expect("good");
        let new = |code: &str, gift, limit, until| {
            let code = code.to_owned();
            Action::PromoNew { code, gift, limit, until }
        };
        assert_eq!(made("LETO 100"), new("leto", Gift::Money(Kopecks::new(10_000)), USUAL_LIMIT, None));
        let end = Some(At(1_798_750_799_999));
        assert_eq!(end.map(|end| end.to_string()).as_deref(), Some("2026-12-31T20:59:59Z"));
        let money = Gift::Money(Kopecks::new(9_990));
        assert_eq!(made("ЛЕТО-26 99,90₽ limit=50 until=31.12.2026"), new("лето-26", money, 50, end));
        let free = Gift::FreeUses(3);
        assert_eq!(made("x_1 until=2026-12-31 free=3  limit=1"), new("x_1", free, 1, end));
        assert!(read(NOW, "today 1 until=23.11.2026").is_ok(), "to the end of the day");
    }

    #[test]
    fn what_is_none_is_named() {
        for (words, wrong) in [
            ("", "promo-bad-code"),
            ("ab 100", "promo-bad-code"),
            ("<b>x</b> 100", "promo-bad-code"),
            ("LETO", "promo-bad-amount"),
            ("LETO 0", "promo-bad-amount"),
            ("LETO -5", "promo-bad-amount"),
            ("LETO сто", "promo-bad-amount"),
            ("LETO 1e9", "promo-bad-amount"),
            ("LETO 10.001", "promo-bad-amount"),
            ("LETO 100000.01", "promo-bad-amount"),
            ("LETO 100 200", "promo-bad-word"),
            ("LETO 100 free=3", "promo-bad-word"),
            ("LETO 100 colour=red", "promo-bad-word"),
            ("LETO free=0", "promo-bad-free"),
            ("LETO free=1001", "promo-bad-free"),
            ("LETO free=", "promo-bad-free"),
            ("LETO 100 limit=0", "promo-bad-limit"),
            ("LETO 100 limit=-1", "promo-bad-limit"),
            ("LETO 100 limit=1000001", "promo-bad-limit"),
            ("LETO 100 until=22.11.2026", "promo-bad-date"),
            ("LETO 100 until=31.02.2027", "promo-bad-date"),
            ("LETO 100 until=31.12", "promo-bad-date"),
            ("LETO 100 until=завтра", "promo-bad-date"),
        ] {
            assert_eq!(read(NOW, words), Err(wrong), "{words}");
        }
    }
}
