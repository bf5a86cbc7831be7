//! Where money is at stake: too little of it, another price, a queued job taken back, repeats.

use super::{Guest, converse, shop};
use crate::flow::{Shop, deliver, settle};
use crate::ids::{JobId, UserId};
use crate::job::{Event, File, State};
use crate::message::{Act, Lang, NotTaken, Sent, Source};
use crate::money::Kopecks;
use crate::store::{Delivery, Tx};
use rust_decimal::Decimal;

/// Comes to the confirm screen of a paid model.
pub(super) fn to_confirm(ann: &mut Guest<'_, '_>) {
    ann.taps_data("m:google/imagen4");
    ann.writes("самовар");
    ann.taps("⏭ Пропустить все");
    ann.sees("Проверьте заказ");
}

#[test]
fn too_little_money_says_what_is_missing_and_the_ways_on() {
    converse(|tx| {
        let poor = Shop { start_bonus: Kopecks::new(100), ..shop() };
        let mut ann = Guest::new(tx, poor, 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.sees("не хватает");
        ann.taps("✅ Запустить");
        ann.sees("Не хватает денег");
        ann.sees("1,00 ₽");
        assert_eq!(ann.jobs(), 0);
        ann.data("💳 Пополнить");
        ann.data("🎁 Бесплатные");
        ann.data("🏠 В меню");
        let order = ann.data("⬅️ К заказу");
        ann.taps("💳 Пополнить");
        ann.sees("На сколько пополнить?");
        ann.data("➕ Сколько не хватает: ");
        ann.taps_data(&order);
        ann.sees("Проверьте заказ");
        Ok(())
    });
}

#[test]
fn another_price_shows_the_screen_again_and_charges_nothing() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        let old = ann.data("✅ Запустить");
        ann.shop.rates.usd_to_rub = Decimal::from(190);
        ann.taps_data(&old);
        ann.sees("Цена изменилась");
        assert_eq!(ann.jobs(), 0);
        let new = ann.data("✅ Запустить");
        assert_ne!(old, new);
        ann.taps_data(&new);
        assert_eq!(ann.jobs(), 1);
        Ok(())
    });
}

#[test]
fn a_queued_job_can_be_taken_back_and_its_money_is_there_again() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        ann.taps_data("bal");
        ann.sees("Резерв");
        ann.taps_data("jobs:0");
        ann.taps("Imagen");
        ann.sees("В очереди");
        ann.sees("RQ-");
        let back = ann.data("🚫 Снять с очереди");
        ann.taps_data(&back);
        ann.sees("Снято с очереди");
        ann.taps_data(&back);
        ann.sees("уже закончена");
        assert_eq!(ann.tx.available(ann.id)?, Kopecks::new(10_000));
        ann.taps_data("bal");
        ann.sees("Освобождение");
        Ok(())
    });
}

#[test]
fn a_repeat_shows_the_same_order_at_todays_price_first() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        let job = ann.tx.jobs_of(ann.id, 0, 1)?.remove(0);
        ann.shop.rates.usd_to_rub = Decimal::from(100);
        ann.taps_data(&format!("again:{}", job.id));
        ann.sees("Проверьте заказ");
        ann.sees("самовар");
        assert_eq!(ann.jobs(), 1, "a repeat is confirmed like any order");
        ann.taps("✅ Запустить");
        assert_eq!(ann.jobs(), 2);
        Ok(())
    });
}

#[test]
fn nobody_reaches_into_the_jobs_of_another() {
    converse(|tx| {
        let mut ann = Guest::new(&mut *tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        let job = ann.tx.jobs_of(ann.id, 0, 1)?.remove(0).id;
        let mut eve = Guest::new(tx, shop(), 66, Lang::Ru);
        for word in ["x", "job", "file", "again"] {
            eve.taps_data(&format!("{word}:{job}"));
            eve.sees("нет");
        }
        let left = eve.tx.jobs_of(UserId(42), 0, 1)?.remove(0);
        assert!(!left.row.state.is_final());
        Ok(())
    });
}

#[test]
fn after_five_open_jobs_the_sixth_is_refused_with_a_sentence() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        for _ in 0..5 {
            to_confirm(&mut ann);
            ann.taps("✅ Запустить");
        }
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        ann.sees("5 задач");
        assert_eq!(ann.jobs(), 5);
        Ok(())
    });
}

/// Takes a job through the provider to its end.
pub(super) fn finish(ann: &mut Guest<'_, '_>, id: JobId) {
    let step = |tx: &mut Tx<'_>, event| {
        settle::step(&shop(), tx, id, event).expect("no fault").expect("an event that fits")
    };
    let State::Sending { attempt, .. } = step(ann.tx, Event::Start) else { panic!("it is not being sent") };
    step(ann.tx, Event::Accepted { attempt, task: "task".to_owned() });
    step(ann.tx, Event::Succeeded { urls: vec!["https://files.example/1.png".to_owned()] });
    let file = File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 8, link: None };
    step(ann.tx, Event::Fetched { files: vec![file] });
}

#[test]
fn a_finished_job_is_sent_again_by_telegrams_own_names_of_its_files() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        let id = ann.tx.jobs_of(ann.id, 0, 1)?.remove(0).id;
        ann.taps_data(&format!("file:{id}"));
        ann.sees("недоступны");
        finish(&mut ann, id);
        // The result is delivered with this tap's answer, and its files get names.
        ann.taps_data("jobs:0");
        ann.taps("Imagen");
        ann.sees("Выполнено");
        ann.taps("📥 Прислать ещё раз");
        let again = ann.seen.iter().find_map(|answer| match &answer.act {
            Act::Media { files, .. } => Some(files.clone()),
            Act::Text { .. }
            | Act::Toast { .. }
            | Act::PreCheckout { .. }
            | Act::Leave
            | Act::Invoice { .. }
            | Act::RefundStars { .. } => None,
            Act::Document { .. } => None,
        });
        assert_eq!(again, Some(vec![Source::FileId("file 1".to_owned())]));
        Ok(())
    });
}

#[test]
fn who_had_blocked_the_bot_finds_the_result_in_the_history() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        let mut job = ann.tx.jobs_of(ann.id, 0, 1)?.remove(0);
        finish(&mut ann, job.id);
        let blocked = Sent::Refused(NotTaken::Blocked);
        for (priority, id, _) in ann.tx.outbox_rows()? {
            deliver::note(&ann.shop, ann.tx, priority, id, &blocked)?;
        }
        ann.taps_data(&format!("file:{}", job.id));
        let path = Source::Path(format!("media/{}/1.png", job.id));
        assert!(ann.seen.iter().any(|answer| match &answer.act {
            Act::Media { files, .. } => files.contains(&path),
            Act::Text { .. }
            | Act::Toast { .. }
            | Act::PreCheckout { .. }
            | Act::Leave
            | Act::Invoice { .. }
            | Act::RefundStars { .. } => false,
            Act::Document { .. } => false,
        }));
        job = ann.tx.job(job.id)?.expect("the job");
        assert!(matches!(&job.row.delivery, Delivery::Delivered { file_ids, .. } if file_ids.len() == 1));
        Ok(())
    });
}

#[test]
fn a_very_long_history_is_cut_and_the_file_says_so() {
    converse(|tx| {
        for number in 0..10_000_i64 {
            let action = tx.new_action()?;
            let amount = Kopecks::new(if number % 2 == 0 { 100 } else { -50 });
            tx.adjust(action, "test", UserId(42), amount, "a test")?.expect("there is enough");
        }
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("stfile");
        ann.sees("только последние 10000");
        let rows = ann.seen.iter().find_map(|answer| match &answer.act {
            Act::Document { bytes, .. } => Some(bytes.split(|byte| *byte == b'\n').count() - 1),
            Act::Text { .. }
            | Act::Toast { .. }
            | Act::Media { .. }
            | Act::PreCheckout { .. }
            | Act::Leave
            | Act::Invoice { .. }
            | Act::RefundStars { .. } => None,
        });
        assert_eq!(rows, Some(10_001), "its head and 10,000 of 10,001 movements");
        Ok(())
    });
}
