//! The statement says exactly what happened to a wallet, in the chat and as a table.

use crate::support::{Mode, TestApp};
use samovar::ids::UserId;
use samovar::money::Kopecks;
use samovar::sandbox::kie::Script;
use samovar::sandbox::telegram::{Fault, Message, Misbehaviour};
use std::time::Duration;

const ANN: i64 = 1001;

/// An operator corrects Ann's wallet, for a reason of theirs.
async fn corrects(app: &TestApp, roubles: &str, reason: &'static str) {
    let amount = Kopecks::parse(roubles).expect("an amount");
    let act = move |tx: &mut samovar::store::Tx<'_>| {
        let action = tx.new_action()?;
        tx.adjust(action, "test", UserId(ANN), amount, reason)
    };
    app.store().write("test", act).await.expect("written").expect("not refused");
}

/// What lies in a file that the bot sent.
fn contents(app: &TestApp, message: &Message) -> (String, Vec<u8>) {
    let media = message.media.as_ref().expect("a file");
    app.sandbox.telegram.look(|world| {
        let file = world.file(&media.file_id).expect("kept");
        (file.name.clone(), file.bytes.to_vec())
    })
}

/// The table's rows, without the date, which must be one.
pub(crate) fn rows(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a mark, so that Excel reads UTF-8");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(bytes);
    let row = |record: csv::StringRecord| {
        let mut cells = record.iter();
        let date = cells.next().expect("a date");
        assert!(date.len() == 20 && date.starts_with("2026-11-23T") && date.ends_with('Z'), "{date}");
        cells.collect::<Vec<_>>().join("|")
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// A free use, a sale, a failure, a result that cannot be delivered, and two corrections.
async fn life() -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 1).await;
    corrects(&app, "10", "=HYPERLINK(\"http://x\")").await;
    let ann = app.user(ANN);
    for (media, prompt) in [(1, "бесплатный"), (2, "платный")] {
        ann.orders("z-image", prompt).await.taps("✅ Запустить").await;
        ann.gets_media(media).await;
        app.settled().await;
    }
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "no")));
    ann.orders("z-image", "неудача").await.taps("✅ Запустить").await;
    ann.sees("❌ Генерация не удалась").await;
    app.settled().await;
    for (method, times) in [("sendPhoto", 1), ("sendDocument", 2)] {
        let description = "Bad Request: IMAGE_PROCESS_FAILED".to_owned();
        let fault = Fault::of(method, Misbehaviour::Refuse { code: 400, description }).times(times);
        app.sandbox.telegram.act(|world, _| world.script(fault));
    }
    ann.orders("z-image", "не дойдёт").await.taps("✅ Запустить").await;
    ann.sees("Не получилось прислать результат").await;
    app.settled().await;
    corrects(&app, "-1", "-1 за справку").await;
    assert_eq!(app.wallet(ANN), ("8.24".to_owned(), "0.00".to_owned()));
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statement_and_its_table_say_what_happened_and_add_up() {
    let app = life().await;
    let ann = app.user(ANN);
    ann.sends("/balance");
    ann.taps("📄 Выписка").await;
    let page = ann.sees_last("📄 Выписка").await;
    assert!(page.text.contains("Баланс: 8,24 ₽\nДоступно: 8,24 ₽\nВ резерве: 0,00 ₽"), "{}", page.text);
    let order = |job: u8, why: &str| format!("Z-Image Turbo, № {job}: {why}");
    let expected = [
        ("−1,00 ₽ · Корректировка", "-1 за справку".to_owned(), "баланс 8,24 ₽"),
        ("+0,76 ₽ · Возврат", order(4, "результат не удалось доставить"), "баланс 9,24 ₽"),
        ("−0,76 ₽ · Списание", order(4, "результат готов"), "баланс 8,48 ₽"),
        ("🔒 0,76 ₽ · Резерв", order(4, "заказ принят"), "баланс 9,24 ₽, из них в резерве 0,76 ₽"),
        ("🔓 0,76 ₽ · Освобождение", order(3, "не получилось, деньги снова свободны"), "баланс 9,24 ₽"),
        ("🔒 0,76 ₽ · Резерв", order(3, "заказ принят"), "баланс 9,24 ₽, из них в резерве 0,76 ₽"),
        ("−0,76 ₽ · Списание", order(2, "результат готов"), "баланс 9,24 ₽"),
        ("🔒 0,76 ₽ · Резерв", order(2, "заказ принят"), "баланс 10,00 ₽, из них в резерве 0,76 ₽"),
    ];
    let lines: Vec<&str> = page.text.split("\n\n").skip(2).collect();
    assert_eq!(lines.len(), expected.len(), "{}", page.text);
    for (line, (what, why, after)) in lines.iter().zip(expected) {
        assert!(line.starts_with(&format!("{what}\n{why}\n23.11.2026 ")), "{what} {why}: {line}");
        assert!(line.ends_with(&format!("МСК · {after}")), "{after}: {line}");
    }
    ann.taps("➡️").await;
    let oldest = ann.sees_last("+10,00 ₽").await;
    assert!(oldest.text.contains("=HYPERLINK(\"http://x\")\n"), "{}", oldest.text);
    assert!(oldest.text.ends_with("баланс 10,00 ₽") && oldest.button("➡️").is_none(), "{}", oldest.text);

    ann.taps("📥 Скачать CSV").await;
    let (name, bytes) = contents(&app, &ann.gets_media(3).await);
    assert_eq!(name, "statement.csv");
    let head = "\u{feff}Дата (UTC);Операция;Сумма;Резерв;Баланс;Доступно;Причина;Модель;Задача;Строка\r\n";
    assert!(bytes.starts_with(head.as_bytes()), "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(
        rows(&bytes),
        [
            "Корректировка|-1,00|0,00|8,24|8,24|'-1 за справку|||9",
            "Возврат|0,76|0,00|9,24|9,24|результат не удалось доставить|Z-Image Turbo|4|8",
            "Списание|-0,76|-0,76|8,48|8,48|результат готов|Z-Image Turbo|4|7",
            "Резерв|0,00|0,76|9,24|8,48|заказ принят|Z-Image Turbo|4|6",
            "Освобождение|0,00|-0,76|9,24|9,24|не получилось, деньги снова свободны|Z-Image Turbo|3|5",
            "Резерв|0,00|0,76|9,24|8,48|заказ принят|Z-Image Turbo|3|4",
            "Списание|-0,76|-0,76|9,24|9,24|результат готов|Z-Image Turbo|2|3",
            "Резерв|0,00|0,76|10,00|9,24|заказ принят|Z-Image Turbo|2|2",
            "Корректировка|10,00|0,00|10,00|10,00|'=HYPERLINK(\"http://x\")|||1",
        ]
    );
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_had_money_gets_a_statement_of_nothing() {
    let app = TestApp::start(Mode::Webhook).await;
    let ann = app.user(ANN);
    ann.sends("/statement");
    let page = ann.sees_last("Движений пока нет").await;
    assert_eq!(page.labels(), ["⬅️ Назад", "🏠 В меню"]);
    ann.forges_tap("st:18446744073709551615").sees_last("Движений пока нет").await;
    ann.forges_tap("stfile");
    let (_, bytes) = contents(&app, &ann.gets_media(1).await);
    assert_eq!(rows(&bytes), [""; 0]);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_in_the_statement_leads_to_all_that_happened_to_it() {
    let app = TestApp::start(Mode::Webhook).await;
    let ann = app.user(ANN);
    ann.sends("/topup");
    ann.taps("✏️ Другая сумма").await.sees_last("Напишите сумму").await;
    ann.sends("100");
    let charge = ann.pays(81).await;
    ann.sees("Баланс пополнен на 100,00 ₽").await;
    ann.charges_back(&charge).sees("Платёж № 1 отозван").await;
    app.settled().await;
    ann.sends("/statement");
    let page = ann.sees_last("📄 Выписка").await;
    let lines: Vec<&str> = page.text.split("\n\n").skip(2).collect();
    let expected = [
        ("−100,00 ₽ · Платёж отозван\nплатёж № 1 вернулся тому, кто платил\n", "баланс 0,00 ₽"),
        ("+100,00 ₽ · Пополнение\nTelegram Stars, платёж № 1\n", "баланс 100,00 ₽"),
    ];
    assert_eq!(lines.len(), expected.len(), "{}", page.text);
    for (line, (what, after)) in lines.iter().zip(expected) {
        assert!(line.starts_with(what) && line.ends_with(after), "{what} {after}: {line}");
    }
    ann.taps("🧾 Платёж № 1").await;
    let own = ann.sees_last(&charge).await;
    assert!(own.text.contains("100,00 ₽"), "{}", own.text);
    ann.sends("/privacy");
    ann.taps("📦 Мои данные файлом").await;
    let document = ann.gets_document("my-data.json").await;
    let data: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!((&data["payments"][0]["charge"], &data["payments"][0]["stars"]), (&charge.into(), &81.into()));
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_not_made_a_second_time_within_a_minute() {
    let app = life().await;
    let ann = app.user(ANN);
    let files = || ann.media();
    let before = files();
    ann.forges_tap("stfile").forges_tap("stfile").forges_tap("stfile");
    app.heard().await;
    assert_eq!(files(), before + 1);
    app.skip(Duration::from_secs(61));
    ann.forges_tap("stfile");
    app.heard().await;
    assert_eq!(files(), before + 2);
}
