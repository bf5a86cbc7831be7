//! Every button an operator can see, tapped where it is shown, in both languages: each leads to the
//! screen it names, and nothing changes but by a confirmed act, which changes what it says.

use super::scene::{ADMIN, Scene, after, scene, wide, world};
use super::{Guest, converse, shop};
use crate::catalog;
use crate::flow::topup::{self, Heard};
use crate::handlers::admin::Target as Desk;
use crate::handlers::reach::buttons;
use crate::handlers::target::Target;
use crate::ids::UserId;
use crate::message::{Act, Bill, Lang, Press};
use crate::money::Kopecks;
use crate::store::{Action, Asked, DayRow, Expects};
use std::collections::{BTreeSet, VecDeque};

/// What an operator writes as a reason.
const REASON: &str = "<b>ошибка</b> & \"сбой\"";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Tap(String),
    /// Writes what is asked for.
    Write,
}

fn expects(admin: &Guest<'_, '_>) -> Expects {
    admin.tx.session(admin.id).expect("a session").map_or(Expects::Nothing, |session| session.expects)
}

/// Words of the screen a button leads to, in Russian and English.
fn words_of(target: &Desk) -> [&'static str; 2] {
    match target {
        Desk::Home => ["Пульт оператора", "operator’s desk"],
        Desk::Find => ["Кого ищем?", "Whom are we looking for?"],
        Desk::Person(_) => ["С нами с", "With us since"],
        Desk::Moves(..) => ["Движения клиента", "Movements of customer"],
        Desk::Jobs(..) => ["Задачи клиента", "Tasks of customer"],
        Desk::Job(_) | Desk::Request(_) => ["Номер у KIE", "KIE’s number"],
        Desk::Amount { off: false, .. } => ["Начислить клиенту", "Credit Анна"],
        Desk::Amount { off: true, .. } => ["Списать у клиента", "Debit Анна"],
        Desk::Ban(_) => ["Закрыть заказы", "Close orders"],
        Desk::Unban(_) => ["Открыть заказы", "Open orders"],
        Desk::Refund(_) => ["Вернуть деньги за задачу", "Refund task"],
        Desk::SendAgain(_) => ["Отправить результат", "Send the result"],
        Desk::Selling(true) => ["Принимать заказы", "Take orders"],
        Desk::Selling(false) => ["Остановить приём", "Stop taking orders"],
        Desk::Model(_, true) => ["Продавать модель", "Sell the model"],
        Desk::Model(_, false) => ["Не продавать модель", "Do not sell the model"],
        Desk::Yes(_) => ["Сделано", "Done"],
        Desk::Failures => ["Сбои за сутки", "Failures of the last 24 hours"],
        Desk::Days(_) => ["Цифры по дням", "Numbers by day"],
        Desk::Models(_) => ["Нажмите на модель", "Tap a model"],
        Desk::Log(_) => ["Журнал действий", "Log of actions"],
        Desk::Parked => ["Отложенные обновления", "Updates put aside"],
        Desk::Open => ["Переводы на проверку", "Transfers to check"],
        Desk::Payments(..) => ["Платежи клиента", "Payments of customer"],
        Desk::Payment(_) => ["Платёж №", "Payment No."],
        Desk::Receipt(_) => ["Перевод №", "Transfer No."],
        Desk::Approve(_) => ["Зачислен на баланс", "On your balance"],
        Desk::OtherAmount(_) => ["Сколько пришло", "How much came"],
        Desk::Reject(_) => ["Отклонить перевод", "Reject transfer"],
        Desk::RefundPayment(_) => ["Вернуть платёж", "Refund payment"],
        Desk::PaidBack(_, true) => ["отправлены обратно", "was sent back"],
        Desk::PaidBack(_, false) => ["вернуть не вышло", "could not be sent back"],
        Desk::Promos => ["Промокоды", "Promo codes"],
    }
}

/// Taps, and sees that the screen is the one the button names and that what changed is what it says.
fn tap(admin: &mut Guest<'_, '_>, scene: &Scene, lang: Lang, data: &str) {
    let Some(Target::Admin(target)) = Target::read(data) else { panic!("no button of the desk: {data}") };
    let price = admin.tx.job(scene.jobs[0].0).expect("readable").expect("a job").row.price;
    let before = world(admin.tx, scene);
    let expected = match (&target, expects(admin)) {
        (Desk::Yes(_), Expects::Admin(Asked::Yes { what, .. })) => after(&before, &what, price),
        // The one button that is not asked back: what it does it says itself.
        (Desk::Approve(id), _) => {
            let amount = admin.tx.payment(*id).expect("readable").expect("a payment").row.amount;
            after(&before, &Action::Approve { payment: *id, amount }, price)
        }
        _ => before,
    };
    admin.taps_data(data);
    let [ru, en] = words_of(&target);
    admin.sees(if lang == Lang::Ru { ru } else { en });
    assert_eq!(world(admin.tx, scene), expected, "{data}");
}

/// Writes what is asked for.
fn write(admin: &mut Guest<'_, '_>, scene: &Scene) {
    let before = world(admin.tx, scene);
    match expects(admin) {
        Expects::Admin(Asked::Find) => {
            admin.writes(&scene.user.to_string());
            admin.sees(&scene.user.to_string());
        }
        Expects::Admin(Asked::Amount { .. } | Asked::Sum(_)) => admin.writes("10"),
        Expects::Admin(Asked::Reason(_)) => {
            admin.writes(REASON);
            admin.sees("&lt;b&gt;ошибка&lt;/b&gt; &amp; &quot;сбой&quot;");
        }
        Expects::Admin(Asked::Yes { .. }) => admin.writes("да"),
        other @ (Expects::Nothing
        | Expects::Search
        | Expects::Input(_)
        | Expects::Option(_)
        | Expects::TopUp
        | Expects::Receipt(_)
        | Expects::Promo
        | Expects::ReceiptAlbum(_)) => {
            panic!("nothing is asked for: {other:?}")
        }
    }
    assert_eq!(world(admin.tx, scene), before, "words change nothing");
}

/// What the operator was asked for, without its numbers: the same words may mean another thing.
fn place(admin: &Guest<'_, '_>, scene: &Scene) -> String {
    let deed = |what: &Action| {
        let plain = format!("{what:?}").replace(|char: char| char.is_ascii_digit(), "");
        let named = |id| scene.payments.iter().find(|(one, _)| *one == id);
        let name = what.payment().and_then(named).map_or("", |(_, name)| name);
        format!("{plain} {name}")
    };
    match expects(admin) {
        Expects::Admin(Asked::Find) => "find".to_owned(),
        Expects::Admin(Asked::Amount { off, .. }) => format!("amount {off}"),
        Expects::Admin(Asked::Sum(_)) => "sum".to_owned(),
        Expects::Admin(Asked::Reason(what)) => format!("reason {}", deed(&what)),
        Expects::Admin(Asked::Yes { what, .. }) => format!("yes {}", deed(&what)),
        Expects::Nothing
        | Expects::Search
        | Expects::Input(_)
        | Expects::Option(_)
        | Expects::TopUp
        | Expects::Receipt(_)
        | Expects::Promo
        | Expects::ReceiptAlbum(_) => String::new(),
    }
}

/// The steps that the screen offers.
fn offered(admin: &Guest<'_, '_>, scene: &Scene) -> Vec<Step> {
    let mut steps: Vec<Step> = buttons(&admin.seen)
        .filter_map(|button| match &button.press {
            Press::Tap(data) => scene.normal(data).map(Step::Tap),
            Press::Open(_) | Press::Copy(_) => None,
        })
        .collect();
    if !place(admin, scene).is_empty() {
        steps.push(Step::Write);
    }
    steps
}

fn take(admin: &mut Guest<'_, '_>, scene: &Scene, lang: Lang, step: &Step) {
    match step {
        Step::Write => write(admin, scene),
        Step::Tap(wanted) => {
            let found = buttons(&admin.seen).find_map(|button| match &button.press {
                Press::Tap(data) if scene.normal(data).as_ref() == Some(wanted) => Some(data.clone()),
                Press::Tap(_) | Press::Open(_) | Press::Copy(_) => None,
            });
            let data = found.unwrap_or_else(|| panic!("{wanted} is not there: {:?}", admin.labels()));
            tap(admin, scene, lang, &data);
        }
    }
}

fn crawl(lang: Lang) {
    converse(move |tx| {
        let mut known: BTreeSet<(String, Step)> = BTreeSet::new();
        let mut walks: VecDeque<Vec<Step>> = VecDeque::from([Vec::new()]);
        let mut number = 0;
        while let Some(walk) = walks.pop_front() {
            number += 1;
            let scene = scene(tx, number);
            let mut admin = Guest::new(&mut *tx, wide(), ADMIN, lang);
            admin.writes("/admin");
            for step in &walk {
                take(&mut admin, &scene, lang, step);
            }
            let place = place(&admin, &scene);
            for step in offered(&admin, &scene) {
                if known.insert((place.clone(), step.clone())) {
                    walks.push_back(walk.iter().cloned().chain([step]).collect());
                }
            }
        }
        assert!(known.len() > 90, "only {} steps were found", known.len());
        let words: BTreeSet<&str> = known
            .iter()
            .filter_map(|(_, step)| match step {
                Step::Tap(data) => data.split(':').nth(1),
                Step::Write => None,
            })
            .collect();
        // All but the timeline of a request that became no job, which there is none of here.
        let all: BTreeSet<String> = Desk::samples()
            .iter()
            .filter_map(|one| one.data().split(':').next().map(str::to_owned))
            .collect();
        let missing: Vec<_> =
            all.iter().filter(|word| !words.contains(word.as_str()) && *word != "rq").collect();
        assert!(missing.is_empty(), "never shown: {missing:?}");
        Ok(())
    });
}

#[test]
fn every_button_of_the_desk_does_what_it_says_in_russian() {
    crawl(Lang::Ru);
}

#[test]
fn every_button_of_the_desk_does_what_it_says_in_english() {
    crawl(Lang::En);
}

#[test]
fn every_model_can_be_switched_off_and_on() {
    converse(|tx| {
        let mut admin = Guest::new(tx, shop(), ADMIN, Lang::Ru);
        admin.writes("/admin");
        for model in catalog::models() {
            for on in [false, true] {
                admin.taps_data(&Target::Admin(Desk::Model(model.id.to_owned(), on)).data());
                admin.writes("проверка");
                admin.taps("👍 Да");
                admin.sees(model.id);
                assert_eq!(admin.tx.stop(model.id)?.is_none(), on, "{}", model.id);
                let switch = Target::Admin(Desk::Model(model.id.to_owned(), !on)).data();
                assert!(
                    buttons(&admin.seen).any(|button| button.press == Press::Tap(switch.clone())),
                    "the page of {} shows it",
                    model.id
                );
            }
        }
        Ok(())
    });
}

#[test]
fn a_forged_button_of_the_desk_shows_a_customer_their_own_screen_and_changes_nothing() {
    converse(|tx| {
        let scene = scene(tx, 1);
        let mut admin = Guest::new(&mut *tx, wide(), ADMIN, Lang::Ru);
        admin.writes("/admin");
        admin.taps_data(&Target::Admin(Desk::Ban(scene.user)).data());
        admin.writes("проверка");
        let before = world(admin.tx, &scene);
        let mut eve = Guest::new(tx, wide(), 66, Lang::Ru);
        eve.writes("/admin");
        eve.sees("Такой команды нет");
        eve.taps_data("m:z-image");
        eve.writes("кот");
        for target in Desk::samples() {
            eve.taps_data(&Target::Admin(target).data());
            eve.sees("Параметры");
        }
        for data in ["ban", "unban", "cr", "db", "u", "mv", "js", "ps"] {
            eve.taps_data(&format!("a:{data}:{}", scene.user));
            eve.taps_data(&format!("a:{data}:{}:0", scene.user));
        }
        for number in 0..50 {
            for word in
                ["do", "rf", "sa", "j", "rq", "p", "prc", "pok", "psum", "pno", "prf", "pback", "pkeep"]
            {
                eve.taps_data(&format!("a:{word}:{number}"));
            }
        }
        assert_eq!(world(eve.tx, &scene), before);
        let session = eve.tx.session(eve.id)?.expect("a session");
        assert!(!matches!(session.expects, Expects::Admin(_)));
        Ok(())
    });
}

#[test]
fn who_is_no_operator_any_more_is_asked_for_nothing() {
    converse(|tx| {
        let scene = scene(tx, 1);
        let mut admin = Guest::new(tx, wide(), ADMIN, Lang::Ru);
        admin.writes("/admin");
        admin.taps_data(&Target::Admin(Desk::Amount { user: scene.user, off: false }).data());
        let before = world(admin.tx, &scene);
        admin.shop.admins.clear();
        admin.writes("100");
        admin.sees("выберите модель");
        assert_eq!((world(admin.tx, &scene), expects(&admin)), (before, Expects::Nothing));
        Ok(())
    });
}

#[test]
fn an_old_confirm_button_does_nothing_and_a_second_tap_says_that_it_was_done() {
    converse(|tx| {
        let scene = scene(tx, 1);
        let mut admin = Guest::new(tx, wide(), ADMIN, Lang::Ru);
        let ask = |admin: &mut Guest<'_, '_>, amount: &str| {
            admin.taps_data(&Target::Admin(Desk::Amount { user: scene.user, off: false }).data());
            admin.writes(amount);
            admin.writes("проверка");
            admin.data("👍 Да")
        };
        let had = world(admin.tx, &scene).available;
        let first = ask(&mut admin, "1");
        let second = ask(&mut admin, "2");
        assert_ne!(first, second);
        admin.taps_data(&first);
        admin.sees("Пульт оператора");
        assert_eq!(world(admin.tx, &scene).available, had, "it was given up");
        let third = ask(&mut admin, "3");
        admin.taps_data(&third);
        assert_eq!(world(admin.tx, &scene).available, had + 300);
        admin.taps_data(&third);
        admin.sees("Это уже сделано");
        assert_eq!(world(admin.tx, &scene).available, had + 300);
        Ok(())
    });
}

#[test]
fn a_customer_a_job_a_payment_and_a_request_are_found_by_what_the_operator_has_of_them() {
    converse(|tx| {
        let scene = scene(tx, 1);
        let (job, _) = scene.jobs[0];
        let code = tx.job(job)?.expect("a job").row.request.code(&shop().server_key);
        let mut row = tx.user(scene.user)?.expect("a customer");
        row.username = Some("Ann_The_Artist".to_owned());
        tx.put_user(scene.user, &row)?;
        let bill = Bill { currency: "RUB".to_owned(), total: 10_000, payload: String::new() };
        topup::arrive(&wide(), tx, scene.user, &bill, "card:1", Heard::Told)?;
        let mut admin = Guest::new(tx, wide(), ADMIN, Lang::Ru);
        let person = format!("<code>{}</code>", scene.user);
        for (words, seen) in [
            (scene.user.to_string(), person.as_str()),
            ("@ann_the_artist".to_owned(), "@Ann_The_Artist"),
            ("https://t.me/Ann_The_Artist".to_owned(), "@Ann_The_Artist"),
            ("artist".to_owned(), "@Ann_The_Artist"),
            (code.clone(), code.as_str()),
            (code.to_uppercase(), code.as_str()),
            (format!("#{job}"), code.as_str()),
            ("№ 3".to_owned(), "Платёж № 3"),
            ("charge:1".to_owned(), "charge:1"),
            ("card:1".to_owned(), "картой"),
            ("№ 99".to_owned(), "ничего не нашлось"),
            ("<b>nobody</b>".to_owned(), "ничего не нашлось"),
            ("RQ-00000000".to_owned(), "ничего не нашлось"),
            ("😀".to_owned(), "ничего не нашлось"),
            ("99999999999999999999999".to_owned(), "ничего не нашлось"),
        ] {
            admin.writes("/admin");
            admin.taps("🔎 Найти");
            admin.writes(&words);
            admin.sees(seen);
        }
        // One who has the job's number as their own id: both are offered.
        let mut twin = admin.tx.user(scene.user)?.expect("a customer");
        twin.newest_job = None;
        twin.open_jobs = 0;
        admin.tx.put_user(UserId(i64::try_from(job.0).expect("small")), &twin)?;
        admin.taps_data("a:find");
        admin.writes(&job.to_string());
        admin.data(&format!("👤 {job}"));
        admin.taps(&format!("#{job}"));
        admin.sees(&code);
        assert!(
            admin
                .seen
                .iter()
                .any(|one| matches!(&one.act, Act::Text { text, .. } if text.contains("ordered")))
        );
        Ok(())
    });
}

#[test]
fn pages_beyond_all_numbers_and_people_who_never_were_are_answered() {
    converse(|tx| {
        let scene = scene(tx, 1);
        let mut admin = Guest::new(tx, wide(), ADMIN, Lang::Ru);
        let before = world(admin.tx, &scene);
        for target in Desk::samples() {
            admin.taps_data(&Target::Admin(target).data());
        }
        for user in [scene.user, UserId(0), UserId(-1), UserId(12)] {
            for page in [1, 2, 499, usize::MAX] {
                admin.taps_data(&Target::Admin(Desk::Moves(user, page)).data());
                admin.taps_data(&Target::Admin(Desk::Jobs(user, page)).data());
                admin.taps_data(&Target::Admin(Desk::Payments(user, page)).data());
            }
        }
        for days in [0, 1, 8, u32::MAX] {
            admin.taps_data(&Target::Admin(Desk::Days(days)).data());
            admin.sees("Цифры по дням");
        }
        assert_eq!(world(admin.tx, &scene), before);
        Ok(())
    });
}

#[test]
fn a_rich_day_and_a_full_log_fit_into_a_message() {
    converse(|tx| {
        let (most, many) = (Kopecks::new(999_999_999_999), 9_999_999);
        tx.count_day(&DayRow {
            charged: most,
            topped_up: most,
            given: most,
            credited: most,
            debited: most,
            cost_micro_usd: 1_000_000_000_000,
            sold: many,
            free: many,
            new: many,
            active: many,
            first_paid: many,
            from_free: many,
            refunded: Kopecks::new(5),
        })?;
        let long = "я".repeat(200);
        for _ in 0..7 {
            let id = tx.new_action()?;
            tx.switch_selling(id, "900", false, &long)?;
        }
        for _ in 0..9 {
            tx.keep_unreadable(None, b"{\"poll\":{}}", &long)?;
        }
        let mut admin = Guest::new(tx, wide(), ADMIN, Lang::Ru);
        admin.writes("/admin");
        admin.taps("📊 Цифры");
        admin.sees("9\u{a0}999\u{a0}999\u{a0}999,94 ₽");
        admin.taps("📅 За 30 дней");
        admin.sees("маржа");
        admin.taps_data("a:log:0");
        admin.taps("➡️");
        admin.sees("Остановить приём");
        admin.taps_data("a:parked");
        admin.sees("<code>poll</code>");
        Ok(())
    });
}
