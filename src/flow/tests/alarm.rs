//! Telling the operator: each kind by itself, to every admin, and not more often than is of use.

use super::{ADMIN, BOB, MILLISECOND, SECOND, Stage, just_before, play, text};
use crate::flow::alarm::{Alarm, raise};
use crate::message::{About, Lang};
use crate::store::SOLD_AGAIN;
use crate::texts::{Arg, say};
use crate::time::At;

const KINDS: [(Alarm<'static>, &str); 21] = [
    (Alarm::Parked, "alarm-parked"),
    (Alarm::NoCredit, "alarm-no-credit"),
    (Alarm::KeyRefused, "alarm-key-refused"),
    (Alarm::ModelStopped("z-image"), "alarm-model-stopped"),
    (Alarm::ModelStopped("grok-imagine/upscale"), "alarm-model-stopped"),
    (Alarm::SellingStopped, "alarm-selling-stopped"),
    (Alarm::ResultLost, "alarm-result-lost"),
    (Alarm::DiskFull, "alarm-disk-full"),
    (Alarm::ModelsMissing, "alarm-models-missing"),
    (Alarm::LowCredit, "alarm-low-credit"),
    (Alarm::ErrorBurst, "alarm-error-burst"),
    (Alarm::Maintenance, "alarm-maintenance"),
    (Alarm::MailParked, "alarm-mail-parked"),
    (Alarm::NotFetched, "alarm-not-fetched"),
    (Alarm::InvoiceRefused, "alarm-invoice-refused"),
    // Each payment by itself, as each model.
    (Alarm::PaymentOdd("1"), "alarm-payment-odd"),
    (Alarm::PaymentOdd("2"), "alarm-payment-odd"),
    (Alarm::ChargedBack("1"), "alarm-charged-back"),
    (Alarm::ChargedBack("2"), "alarm-charged-back"),
    (Alarm::RefundRefused("1"), "alarm-refund-refused"),
    (Alarm::RefundRefused("2"), "alarm-refund-refused"),
];

/// Gives an alarm; says how many messages that made.
fn ring(stage: &mut Stage, alarm: Alarm<'static>) -> usize {
    let before = stage.outbox().len();
    stage.act(move |shop, tx| raise(shop, tx, alarm, "<3>"));
    stage.outbox().len() - before
}

#[test]
fn each_kind_is_told_by_itself_to_every_admin_in_their_language() {
    play(|stage| {
        stage.shop.admins = vec![ADMIN, BOB];
        stage.meet(BOB, Lang::En);
        for (alarm, key) in KINDS {
            assert_eq!(ring(stage, alarm), 2, "{alarm:?}");
            let mut rows = stage.outbox();
            let bobs = rows.pop().expect("a message");
            let admins = rows.pop().expect("a message");
            // Nobody who runs the bot has to have spoken to it: Russian is the default.
            for ((priority, _, row), to, lang) in [(admins, ADMIN, Lang::Ru), (bobs, BOB, Lang::En)] {
                assert_eq!((priority, row.outgoing.chat), (3, to.chat()), "{alarm:?}");
                assert_eq!(row.outgoing.about, About::Nothing, "{alarm:?}");
                assert_eq!(text(&row), say(lang, key, &[("detail", Arg::Text("<3>"))]), "{alarm:?}");
            }
        }
        for (alarm, _) in KINDS {
            assert_eq!(ring(stage, alarm), 0, "{alarm:?} a second time");
        }
    });
}

#[test]
fn the_log_quotes_no_customer_shows_no_id_of_one_and_masks_no_other_number() {
    for (alarm, detail, logged) in [
        (Alarm::DiskFull, "25550 MB are free", "25550 MB are free"),
        (Alarm::LowCredit, "12345.5", "12345.5"),
        (Alarm::ErrorBurst, "z-image RQ-12345678: самовар на снегу", "z-image RQ-12345678"),
        (Alarm::Parked, "update 700000455: {\"text\":\"самовар\"}", "update …0455"),
        (Alarm::SellingStopped, "accounts user:1234567: below zero", "accounts user:…4567: below zero"),
        (Alarm::ChargedBack("7"), "№ 7 of 1234567", "№ 7 of …4567"),
    ] {
        assert_eq!(alarm.logged(detail), logged, "{alarm:?}");
    }
}

#[test]
fn the_same_alarm_is_given_again_after_ten_minutes_and_not_a_millisecond_earlier() {
    play(|stage| {
        assert_eq!(ring(stage, Alarm::NoCredit), 1);
        assert_eq!(ring(stage, Alarm::NoCredit), 0);
        stage.skip(just_before(600 * SECOND));
        assert_eq!(ring(stage, Alarm::NoCredit), 0);
        stage.skip(MILLISECOND);
        assert_eq!(ring(stage, Alarm::NoCredit), 1);
        assert_eq!(ring(stage, Alarm::NoCredit), 0);
    });
}

#[test]
fn a_clock_that_was_set_back_silences_no_alarm() {
    play(|stage| {
        assert_eq!(ring(stage, Alarm::DiskFull), 1);
        stage.store.clock().jump(-1);
        assert_eq!(ring(stage, Alarm::DiskFull), 1);
        assert_eq!(ring(stage, Alarm::DiskFull), 0);
    });
}

#[test]
fn after_an_operator_had_orders_taken_again_the_same_alarm_is_news() {
    play(|stage| {
        let At(now) = stage.now().at;
        let sold_again = |stage: &mut Stage, at: i64| {
            stage.act(move |_, tx| tx.put_note(SOLD_AGAIN, &At(at)));
        };
        sold_again(stage, now - 1);
        assert_eq!(ring(stage, Alarm::SellingStopped), 1);
        assert_eq!(ring(stage, Alarm::SellingStopped), 0, "it was before the alarm");
        sold_again(stage, now);
        assert_eq!(ring(stage, Alarm::SellingStopped), 1, "at the same moment: rather twice than never");
        stage.skip(MILLISECOND);
        assert_eq!(ring(stage, Alarm::SellingStopped), 1);
        assert_eq!(ring(stage, Alarm::SellingStopped), 0);
        sold_again(stage, now + 1);
        assert_eq!(ring(stage, Alarm::SellingStopped), 1);
    });
}
