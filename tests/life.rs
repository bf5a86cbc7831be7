//! A whole life of money, as a customer lives it: none, a top-up, an order that fails, its money back, the
//! order again. The statement, its table and the payment's own page say exactly that.

use crate::statement::rows;
use crate::support::{Mode, TestApp};
use samovar::sandbox::kie::Script;

const ANN: i64 = 1001;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_of_money_reads_the_same_in_the_chat_the_table_and_the_books() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let ann = app.user(ANN);

    // She has no money, and the order says what is missing.
    ann.orders("z-image", "самовар на снегу").await;
    ann.sees_last("На балансе не хватает 0,76 ₽").await;
    ann.taps("➕ Добавить 1,00 ₽").await;
    let charge = ann.pays(1).await;
    ann.sees_last("Баланс пополнен на 1,00 ₽").await;

    // The same order is one tap away, runs, and fails at KIE: the money comes back.
    ann.taps("⬅️ Вернуться к заказу").await;
    ann.sees_last("самовар на снегу").await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "The generation failed.")));
    ann.taps("✅ Запустить").await;
    let told = ann.sees_last("❌ Генерация не удалась").await;
    assert!(told.text.contains("Деньги вернулись на баланс: 0,76 ₽"), "{}", told.text);
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("1.00".to_owned(), "0.00".to_owned()));

    // She orders it again, and it succeeds.
    ann.taps("🔁 Повторить").await;
    ann.sees_last("самовар на снегу").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("0.24".to_owned(), "0.00".to_owned()));

    // The statement says that, newest first.
    ann.sends("/statement");
    let page = ann.sees_last("📄 Выписка").await;
    assert!(page.text.contains("Баланс: 0,24 ₽\nДоступно: 0,24 ₽\nВ резерве: 0,00 ₽"), "{}", page.text);
    let told = [
        ("−0,76 ₽ · Списание", "Z-Image Turbo, № 2: результат готов", "баланс 0,24 ₽"),
        ("🔒 0,76 ₽ · Резерв", "Z-Image Turbo, № 2: заказ принят", "баланс 1,00 ₽, из них в резерве 0,76 ₽"),
        (
            "🔓 0,76 ₽ · Освобождение",
            "Z-Image Turbo, № 1: не получилось, деньги снова свободны",
            "баланс 1,00 ₽",
        ),
        ("🔒 0,76 ₽ · Резерв", "Z-Image Turbo, № 1: заказ принят", "баланс 1,00 ₽, из них в резерве 0,76 ₽"),
        ("+1,00 ₽ · Пополнение", "Telegram Stars, платёж № 1", "баланс 1,00 ₽"),
    ];
    let lines: Vec<&str> = page.text.split("\n\n").skip(2).collect();
    assert_eq!(lines.len(), told.len(), "{}", page.text);
    for (line, (what, why, after)) in lines.iter().zip(told) {
        assert!(line.starts_with(&format!("{what}\n{why}\n")), "{what}, {why}: {line}");
        assert!(line.ends_with(&format!(" · {after}")), "{after}: {line}");
    }

    // So does its table.
    ann.taps("📥 Скачать CSV").await;
    assert_eq!(
        rows(&ann.gets_document("statement.csv").await),
        [
            "Списание|-0,76|-0,76|0,24|0,24|результат готов|Z-Image Turbo|2|5",
            "Резерв|0,00|0,76|1,00|0,24|заказ принят|Z-Image Turbo|2|4",
            "Освобождение|0,00|-0,76|1,00|1,00|не получилось, деньги снова свободны|Z-Image Turbo|1|3",
            "Резерв|0,00|0,76|1,00|0,24|заказ принят|Z-Image Turbo|1|2",
            "Пополнение|1,00|0,00|1,00|1,00|Telegram Stars, платёж № 1|||1",
        ]
    );

    // The payment's own page shows its steps.
    ann.sends("/topup").sees_last("На сколько пополнить").await;
    ann.taps("🧾 Мои платежи").await.sees_last("Мои платежи").await;
    ann.taps("pm:1").await;
    let page = ann.sees_last("Платёж № 1").await;
    for words in ["Сумма: 1,00 ₽", "✅ Зачислен на баланс", &charge] {
        assert!(page.text.contains(words), "{words} is not in {}", page.text);
    }
    let steps: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("• ")).collect();
    assert!(matches!(steps[..], [asked, credited]
        if asked.ends_with(": счёт выставлен") && credited.ends_with(": деньги на балансе")));
    app.settled().await;
}
