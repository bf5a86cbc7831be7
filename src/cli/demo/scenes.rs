//! The scenes, in order.

use super::Failed;
use super::customer::{Customer, Play, Show};
use crate::app::rules::rates;
use crate::catalog::price::quote_from;
use crate::catalog::{self, Model};
use crate::config::Settings;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::sandbox::kie::{Ends, Script};
use crate::sandbox::telegram::Message;
use crate::texts;
use crate::time::Clock;

// Telegram takes about one message a second in a chat, after a few at once; so no chat is long.
const ANNA: Customer = Customer { id: 1001, name: "Анна" };
const BORIS: Customer = Customer { id: 2002, name: "Борис" };
const VERA: Customer = Customer { id: 3003, name: "Вера" };
const GLEB: Customer = Customer { id: 4004, name: "Глеб" };
const CREDIT: Kopecks = Kopecks::new(10_000);

/// Plays all of them.
pub(super) async fn all(play: &mut Play<'_>) -> Result<(), Failed> {
    play.screen.title(
        "Samovar: the real service, a Telegram and a KIE of its own, and four customers",
        "The service is a child process on a temporary directory. Whatever carries a ✓ was compared with \
         what Telegram and KIE really received.",
    )?;
    play.sandbox.telegram.act(|world, _| {
        for who in [ANNA, BORIS, VERA, GLEB] {
            world.user(who.id, who.name, "ru");
        }
    });
    let clock = Clock::system();
    let began = clock.now().up;
    play.service.start()?;
    play.is_up(1).await?;
    opens(play).await?;
    free(play).await?;
    let paid = paid_model();
    pays_in_stars(play).await?;
    sale(play, &paid).await?;
    double_tap(play, &paid).await?;
    kill(play, &paid).await?;
    failure(play, &paid).await?;
    books(play, &paid).await?;
    let (checks, time) = (play.checks(), clock.now().up.since(began));
    let end =
        format!("✓ All {checks} expectations held, in {}.{} s.", time.as_secs(), time.subsec_millis() / 100);
    Ok(play.screen.end(&end)?)
}

/// What Boris buys, and what it costs with the settings of the demo, which are the defaults.
struct Paid {
    model: &'static Model,
    price: Kopecks,
}

impl Paid {
    /// The price as the bot writes it.
    fn shown(&self) -> String {
        texts::money(Lang::Ru, self.price)
    }

    /// What is left of the credit after so many sales.
    fn left_after(&self, sales: u32) -> String {
        let spent = self.price.times(sales).and_then(|spent| CREDIT.checked_sub(spent));
        spent.map_or_else(|| "?".to_owned(), |left| left.to_string())
    }
}

fn paid_model() -> Paid {
    let settings = Settings::default();
    let rates = rates(&settings);
    let model = catalog::model("flux-2/pro-text-to-image").expect("it is one of the 42, or nothing compiles");
    let price = quote_from(model, &rates).expect("the default rates are above zero").price;
    Paid { model, price }
}

async fn opens(play: &mut Play<'_>) -> Result<(), Failed> {
    play.scene("Анна opens the bot")?;
    play.says(ANNA, "/start")?;
    let hello = play.sees(ANNA, "Здравствуйте", Show::Whole).await?;
    play.expect_words("the bot greets her by name", &hello.text, &[ANNA.name])
}

async fn free(play: &mut Play<'_>) -> Result<(), Failed> {
    let prompt = "Рыжий кот пьёт чай из самовара";
    play.scene("A free generation")?;
    play.taps(ANNA, "🎁 Бесплатные", 1).await?;
    play.sees(ANNA, "бесплатно", Show::Briefly).await?;
    play.taps(ANNA, "m:z-image", 1).await?;
    play.sees(ANNA, "Пример", Show::Whole).await?;
    play.says(ANNA, prompt)?;
    play.taps(ANNA, "⏭ Пропустить все", 1).await?;
    let confirm = play.sees(ANNA, "Проверьте заказ", Show::Whole).await?;
    play.expect_words(
        "the order is free, and says how often it still is",
        &confirm.text,
        &["🆓 Бесплатно (осталось 2)"],
    )?;
    play.taps(ANNA, "✅ Запустить", 1).await?;
    let result = play.outcome(ANNA).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(ANNA)), &(true, 1))?;
    let tasks = play.tasks();
    play.expect(
        "KIE was given one task, with her words",
        &tasks,
        &vec![("z-image".to_owned(), prompt.to_owned())],
    )?;
    let wallet = play.wallet(ANNA).await?;
    play.expect("nothing was charged", &wallet, &money("0.00", "0.00"))
}

fn money(available: &str, held: &str) -> (String, String) {
    (available.to_owned(), held.to_owned())
}

/// The operator credits a customer's wallet.
async fn credit(play: &mut Play<'_>, who: Customer, show: Show) -> Result<(), Failed> {
    let (user, amount) = (who.id.to_string(), CREDIT.to_string());
    let reason = format!("card transfer from {}", who.name);
    play.shell(&["wallet", "credit", &user, &amount, "--reason", &reason], show).await
}

async fn pays_in_stars(play: &mut Play<'_>) -> Result<(), Failed> {
    play.scene("Борис pays with Telegram Stars")?;
    let amount = texts::money(Lang::Ru, CREDIT);
    play.says(BORIS, "/balance")?;
    play.taps(BORIS, "💳 Пополнить", 1).await?;
    play.sees(BORIS, "На сколько пополнить?", Show::Whole).await?;
    play.taps(BORIS, &amount, 1).await?;
    let charge = play.pays(BORIS).await?;
    let receipt = play.sees(BORIS, "Баланс пополнен", Show::Whole).await?;
    play.expect_words("the receipt names the amount", &receipt.text, &[&amount])?;
    play.sandbox.telegram.act(|world, now| world.tell_payment(now, &charge))?;
    play.screen.aside("Telegram tells of the payment a second time.")?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("the money is there, once", &wallet, &money(&CREDIT.to_string(), "0.00"))
}

/// From `/start` to the order of the paid model, to be confirmed. Gives the confirm screen.
async fn orders(
    play: &mut Play<'_>,
    who: Customer,
    paid: &Paid,
    prompt: &str,
    show: Show,
) -> Result<Message, Failed> {
    play.says(who, "/start")?;
    play.taps(who, "🎨 Создать картинку", 1).await?;
    play.taps(who, &format!("m:{}", paid.model.id), 1).await?;
    play.sees(who, paid.model.title, Show::Briefly).await?;
    play.says(who, prompt)?;
    play.taps(who, "⏭ Пропустить все", 1).await?;
    play.sees(who, "Проверьте заказ", show).await
}

async fn sale(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("A paid generation")?;
    let prompt = "Самовар на берегу Байкала, рассвет, лёгкий туман";
    let order = orders(play, BORIS, paid, prompt, Show::Whole).await?;
    let words = [paid.shown(), texts::money(Lang::Ru, CREDIT)];
    play.expect_words(
        "the order names its price and his balance",
        &order.text,
        &words.each_ref().map(String::as_str),
    )?;
    play.taps(BORIS, "✅ Запустить", 1).await?;
    let result = play.outcome(BORIS).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(BORIS)), &(true, 1))?;
    play.expect_words("the receipt names the price", &result.text, &[&paid.shown()])?;
    let task = play.tasks().pop();
    let expected = Some((paid.model.api_model.to_owned(), prompt.to_owned()));
    play.expect("KIE was given his words", &task, &expected)?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("he paid exactly that", &wallet, &money(&paid.left_after(1), "0.00"))
}

async fn failure(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    let prompt = "То же, но зимой sandbox:fail";
    play.scene("A generation that fails")?;
    play.taps(BORIS, "🔁 Повторить", 1).await?;
    play.sees(BORIS, "Проверьте заказ", Show::Briefly).await?;
    play.says(BORIS, prompt)?;
    play.sees(BORIS, prompt, Show::Briefly).await?;
    play.taps(BORIS, "✅ Запустить", 1).await?;
    let failure = play.outcome(BORIS).await?;
    let words = ["Генерация не удалась", "Деньги вернулись", &paid.shown(), "Код ошибки: RQ-"];
    play.expect_words(
        "he is told why, that the money is back, and a code for the support",
        &failure.text,
        &words,
    )?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("the money is back", &wallet, &money(&paid.left_after(1), "0.00"))?;
    play.expect("no photo came", &play.pictures(BORIS), &1)?;
    let code = failure.text.split_whitespace().find(|word| word.starts_with("RQ-")).unwrap_or_default();
    play.shell(&["trace", code], Show::Whole).await
}

async fn double_tap(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("An impatient thumb")?;
    credit(play, VERA, Show::Briefly).await?;
    orders(play, VERA, paid, "Котёнок спит в чайнике", Show::Briefly).await?;
    let tasks = play.tasks().len();
    play.taps(VERA, "✅ Запустить", 2).await?;
    let result = play.outcome(VERA).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(VERA)), &(true, 1))?;
    play.expect("KIE was given one task", &(play.tasks().len() - tasks), &1)?;
    let wallet = play.wallet(VERA).await?;
    play.expect("she paid once", &wallet, &money(&paid.left_after(1), "0.00"))
}

async fn kill(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("The service is killed in the middle of a generation")?;
    credit(play, GLEB, Show::Briefly).await?;
    orders(play, GLEB, paid, "Паровоз, который топят шишками", Show::Briefly).await?;
    let tasks = play.tasks().len();
    play.sandbox.kie.act(|kie, _| kie.next(Script { ends: Ends::Never, ..Script::default() }));
    play.taps(GLEB, "✅ Запустить", 1).await?;
    let task = play.kie_works_on(tasks + 1).await?;
    let wallet = play.wallet(GLEB).await?;
    let held = money(&paid.left_after(1), &paid.price.to_string());
    play.expect("KIE works on it; the price is held, not charged", &wallet, &held)?;
    play.screen.shell("kill -9 $(pidof samovar)")?;
    play.service.kill().await?;
    play.sandbox.kie.act(|kie, now| kie.finish(now, &task));
    play.expect("KIE is done, and nobody is there to hear it: no photo", &play.pictures(GLEB), &0)?;
    play.screen.shell("samovar run")?;
    play.service.start()?;
    play.is_up(2).await?;
    let result = play.outcome(GLEB).await?;
    play.expect(
        "the photo came all the same, once",
        &(result.media.is_some(), play.pictures(GLEB)),
        &(true, 1),
    )?;
    play.expect("KIE was not asked a second time", &(play.tasks().len() - tasks), &1)?;
    let wallet = play.wallet(GLEB).await?;
    play.expect("he paid once", &wallet, &money(&paid.left_after(1), "0.00"))
}

async fn books(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("Closing time: the statement and the audit")?;
    play.screen.shell("kill $(pidof samovar)")?;
    let ended = play.service.stop().await?;
    play.expect("it stops cleanly when asked", &ended.code(), &Some(0))?;
    let user = BORIS.id.to_string();
    play.shell(&["wallet", "show", &user], Show::Whole).await?;
    let wallet = play.wallet(BORIS).await?;
    play.expect(
        "100 ₽ came in, one picture was sold, one failed and was given back",
        &wallet,
        &money(&paid.left_after(1), "0.00"),
    )?;
    play.shell(&["audit"], Show::Whole).await?;
    let audit = play.ask(&["audit", "--json"]).await?;
    let rules = audit["rules"].as_array().map_or(0, Vec::len);
    play.expect("all ten rules of the ledger hold", &(audit["ok"].as_bool(), rules), &(Some(true), 10))
}
