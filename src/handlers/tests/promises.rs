//! What is promised and what is said of it afterwards: free uses, money and uses that went back, models and
//! words that are gone.

use super::money::{finish, to_confirm};
use super::{Guest, converse, shop};
use crate::flow::{FreeRules, Shop, admin, settle};
use crate::ids::{JobId, UserId};
use crate::job::{Event, State, Why};
use crate::message::Lang;
use crate::store::{Action, BonusRow, Job, Tx};
use rust_decimal::Decimal;

fn free_order(ann: &mut Guest<'_, '_>) -> JobId {
    ann.taps_data("m:z-image");
    ann.writes("самовар");
    ann.taps("⏭ Пропустить все");
    ann.sees("🆓 Бесплатно");
    ann.taps("✅ Запустить");
    newest(ann).id
}

fn newest(ann: &Guest<'_, '_>) -> Job {
    ann.tx.jobs_of(ann.id, 0, 1).expect("readable").remove(0)
}

fn step(tx: &mut Tx<'_>, id: JobId, event: Event) -> State {
    settle::step(&shop(), tx, id, event).expect("no fault").expect("an event that fits")
}

#[track_caller]
fn shows(ann: &mut Guest<'_, '_>, id: JobId, words: &str) {
    ann.taps_data(&format!("job:{id}"));
    ann.sees(words);
}

#[test]
fn free_runs_are_promised_within_the_days_limit_and_only_where_there_are_any() {
    let rules = shop().free;
    let nothing = FreeRules { budget_usd: Decimal::ZERO, ..rules };
    for (rules, note) in [
        (rules, "пока не исчерпан общий дневной лимит"),
        (nothing, "Сейчас бесплатных запусков нет"),
        (FreeRules { daily: 0, ..rules }, "Сейчас бесплатных запусков нет"),
    ] {
        converse(move |tx| {
            let mut ann = Guest::new(tx, Shop { free: rules, ..shop() }, 42, Lang::Ru);
            ann.writes("/start");
            ann.sees("С чего начнём?");
            let hello = ann.screen().expect("a screen").to_owned();
            assert_eq!(hello.contains("бесплатно, пока не исчерпан"), rules.is_on(), "{hello}");
            ann.writes("/free");
            ann.sees(note);
            assert_eq!(ann.labels().iter().any(|label| label.contains('🆓')), rules.is_on());
            ann.taps_data("faq:free");
            ann.sees(note);
            Ok(())
        });
    }
}

fn has_bonus_uses(ann: &mut Guest<'_, '_>, uses: u32) {
    let row = BonusRow { uses, ..ann.tx.bonus(ann.id).expect("readable") };
    ann.tx.put_bonus(ann.id, &row).expect("written");
}

#[test]
fn who_has_bonus_uses_is_not_told_that_nothing_is_free_unless_it_is_so() {
    let rules = shop().free;
    let off = "Сейчас бесплатных запусков нет";
    for (rules, uses, note) in [
        (FreeRules { daily: 0, ..rules }, 0, off),
        (FreeRules { daily: 0, ..rules }, 2, "у вас осталось 2 подаренных бесплатных запуска"),
        (FreeRules { hourly: 0, ..rules }, 1, "у вас остался 1 подаренный бесплатный запуск"),
        (FreeRules { budget_usd: Decimal::ZERO, ..rules }, 2, off),
        (rules, 2, "в сутки"),
    ] {
        converse(move |tx| {
            let mut ann = Guest::new(tx, Shop { free: rules, ..shop() }, 42, Lang::Ru);
            has_bonus_uses(&mut ann, uses);
            ann.writes("/free");
            ann.sees(note);
            ann.taps_data("faq:free");
            ann.sees(note);
            ann.taps_data("m:google/imagen4");
            let is_free = rules.budget_usd > Decimal::ZERO && uses > 0;
            assert_eq!(ann.screen().expect("a card").contains('🆓'), is_free, "{:?}", ann.screen());
            Ok(())
        });
    }
}

#[test]
fn a_card_says_when_only_the_days_limit_makes_its_model_cost_something() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        let spent = "Общий бесплатный лимит на сегодня исчерпан";
        let is_told = |ann: &mut Guest<'_, '_>, model: &str| {
            ann.taps_data(&format!("m:{model}"));
            ann.screen().expect("a card").contains(spent)
        };
        assert!(!is_told(&mut ann, "z-image"));
        let today = ann.tx.now().at.day();
        ann.tx.add_free_spent(today, 1_000_000)?;
        assert!(is_told(&mut ann, "z-image"));
        ann.sees("Цена: от");
        assert!(!is_told(&mut ann, "google/imagen4"), "it costs money every day");
        ann.shop.free.budget_usd = Decimal::ZERO;
        assert!(!is_told(&mut ann, "z-image"), "there is no limit that could be new tomorrow");
        has_bonus_uses(&mut ann, 2);
        assert!(!is_told(&mut ann, "z-image"), "nor for what was given to them");
        Ok(())
    });
}

#[test]
fn what_a_free_job_gave_back_is_a_free_run_and_not_money() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        let first = free_order(&mut ann);
        ann.taps_data(&format!("x:{first}"));
        shows(&mut ann, first, "Снято, бесплатный запуск вернулся");
        let second = free_order(&mut ann);
        let State::Sending { attempt, .. } = step(ann.tx, second, Event::Start) else { panic!("sending") };
        ann.taps_data(&format!("x:{second}"));
        ann.sees("бесплатный запуск вернётся");
        step(ann.tx, second, Event::Refused { attempt, why: Why::NoAnswer });
        shows(&mut ann, second, "Не удалось, бесплатный запуск вернулся");
        Ok(())
    });
}

#[test]
fn a_job_whose_money_went_back_says_so() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        to_confirm(&mut ann);
        ann.taps("✅ Запустить");
        let job = newest(&ann).id;
        finish(&mut ann, job);
        shows(&mut ann, job, "✅ Выполнено");
        let id = ann.tx.new_action()?;
        let act = Action::RefundJob { job };
        assert!(admin::perform(&shop(), ann.tx, id, UserId(1), &act, "плохо вышло")?.is_ok());
        shows(&mut ann, job, "↩️ Деньги возвращены");
        ann.taps_data("jobs:0");
        ann.data("↩️");
        Ok(())
    });
}

#[test]
fn a_job_that_is_there_is_never_said_not_to_be() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        let id = free_order(&mut ann);
        let mut job = newest(&ann);
        "gone".clone_into(&mut job.row.model);
        ann.tx.put_job(&job)?;
        for word in ["again", "change", "up"] {
            ann.taps_data(&format!("{word}:{id}"));
            ann.sees("Модели этой задачи в боте больше нет");
        }
        "grok-imagine/text-to-video".clone_into(&mut job.row.model);
        ann.tx.put_job(&job)?;
        ann.taps_data(&format!("up:{id}"));
        ann.sees("улучшить его нельзя");
        ann.taps_data("up:99");
        ann.sees("Такой задачи у вас нет");
        Ok(())
    });
}
