//! Where money is at stake: too little of it, another price, a queued job taken back, repeats.

use super::{Guest, converse, shop};
use crate::flow::Shop;
use crate::ids::UserId;
use crate::message::Lang;
use crate::money::Kopecks;
use rust_decimal::Decimal;

/// Comes to the confirm screen of a paid model.
fn to_confirm(ann: &mut Guest<'_, '_>) {
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
        ann.sees("@samovar_help");
        ann.sees("42");
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
