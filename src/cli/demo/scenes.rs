//! The scenes, in order.

use super::Failed;
use super::customer::{Customer, Play, Show};
use crate::catalog::price::{Rates, quote_from};
use crate::catalog::{self, Model};
use crate::config::Settings;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::sandbox::kie::Script;
use crate::texts;

const ANNA: Customer = Customer { id: 1001, name: "Анна" };
const BORIS: Customer = Customer { id: 2002, name: "Борис" };
const CREDIT: Kopecks = Kopecks::new(20_000);
/// How long KIE works on the generation that the service is killed in.
const KILLED_WORK_MS: u64 = 900;

/// Plays all of them.
pub(super) async fn all(play: &mut Play<'_>) -> Result<(), Failed> {
    play.screen.title(
        "Samovar: the real service, a Telegram and a KIE of its own, and two customers",
        "The service is a child process on a temporary directory. Whatever carries a ✓ was compared with \
         what Telegram and KIE really received.",
    )?;
    play.sandbox.telegram.act(|world, _| {
        for who in [ANNA, BORIS] {
            world.user(who.id, who.name, "ru");
        }
    });
    let began = tokio::time::Instant::now();
    play.service.start()?;
    play.is_up(1).await?;
    opens(play).await?;
    free(play).await?;
    credit(play).await?;
    let paid = paid_model();
    sale(play, &paid).await?;
    failure(play, &paid).await?;
    double_tap(play, &paid).await?;
    kill(play, &paid).await?;
    books(play, &paid).await?;
    let (checks, time) = (play.checks(), began.elapsed());
    let end = format!("✓ All {checks} expectations held, in {}.{} s.", time.as_secs(), time.subsec_millis() / 100);
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
    let rates = Rates { markup: settings.pricing_markup, usd_to_rub: settings.usd_to_rub };
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
    play.expect_words("the order is free, and says how often it still is", &confirm.text, &["🆓 Бесплатно (осталось 2)"])?;
    play.notes_the_last_message(ANNA);
    play.taps(ANNA, "✅ Запустить", 1).await?;
    let result = play.outcome(ANNA).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(ANNA)), &(true, 1))?;
    let tasks = play.tasks();
    play.expect("KIE was given one task, with her words", &tasks, &vec![("z-image".to_owned(), prompt.to_owned())])?;
    let wallet = play.wallet(ANNA).await?;
    play.expect("nothing was charged", &wallet, &money("0.00", "0.00"))
}

fn money(available: &str, held: &str) -> (String, String) {
    (available.to_owned(), held.to_owned())
}

async fn credit(play: &mut Play<'_>) -> Result<(), Failed> {
    play.scene("Борис pays the operator, who credits his wallet while the service runs")?;
    play.says(BORIS, "/start")?;
    play.sees(BORIS, "Здравствуйте", Show::Briefly).await?;
    let (user, amount) = (BORIS.id.to_string(), CREDIT.to_string());
    play.shell(&["wallet", "credit", &user, &amount, "--reason", "card transfer, by hand"]).await?;
    play.taps(BORIS, "💰 Баланс", 1).await?;
    let shown = texts::money(Lang::Ru, CREDIT);
    let balance = play.sees(BORIS, "Доступно", Show::Whole).await?;
    play.expect_words("he sees the money", &balance.text, &[&shown])
}

async fn sale(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    let prompt = "Самовар на берегу Байкала, рассвет, лёгкий туман";
    let button = format!("m:{}", paid.model.id);
    play.scene("A paid generation")?;
    play.taps(BORIS, "🔍 Поиск модели", 1).await?;
    play.sees(BORIS, "Поиск модели", Show::Briefly).await?;
    play.says(BORIS, "flux")?;
    play.taps(BORIS, &button, 1).await?;
    play.sees(BORIS, paid.model.title, Show::Briefly).await?;
    play.says(BORIS, prompt)?;
    play.taps(BORIS, "⏭ Пропустить все", 1).await?;
    let confirm = play.sees(BORIS, "Проверьте заказ", Show::Whole).await?;
    play.expect_words("the order names its price", &confirm.text, &["💰 Цена", &paid.shown()])?;
    play.notes_the_last_message(BORIS);
    play.taps(BORIS, "✅ Запустить", 1).await?;
    let result = play.outcome(BORIS).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(BORIS)), &(true, 1))?;
    play.expect_words("the receipt names the price", &result.text, &[&paid.shown()])?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("he paid exactly that", &wallet, &money(&paid.left_after(1), "0.00"))
}

/// `🔁 Повторить`, then another prompt, up to the order to be confirmed.
async fn orders_again(play: &mut Play<'_>, prompt: &str) -> Result<(), Failed> {
    play.taps(BORIS, "🔁 Повторить", 1).await?;
    play.sees(BORIS, "Проверьте заказ", Show::Briefly).await?;
    play.says(BORIS, prompt)?;
    play.sees(BORIS, prompt, Show::Briefly).await?;
    play.notes_the_last_message(BORIS);
    Ok(())
}

async fn failure(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("A generation that fails")?;
    orders_again(play, "То же, но зимой sandbox:fail").await?;
    play.taps(BORIS, "✅ Запустить", 1).await?;
    let failure = play.outcome(BORIS).await?;
    let words = ["Генерация не удалась", &paid.shown(), "Деньги вернулись", "Код ошибки: RQ-"];
    play.expect_words("he is told why, that the money is back, and a code for the support", &failure.text, &words)?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("the money is back", &wallet, &money(&paid.left_after(1), "0.00"))?;
    play.expect("no photo came", &play.pictures(BORIS), &1)
}

async fn double_tap(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("An impatient thumb")?;
    orders_again(play, "То же, но осенью").await?;
    let tasks = play.tasks().len();
    play.taps(BORIS, "✅ Запустить", 2).await?;
    let result = play.outcome(BORIS).await?;
    play.expect("one photo came", &(result.media.is_some(), play.pictures(BORIS)), &(true, 2))?;
    play.expect("KIE was given one task", &(play.tasks().len() - tasks), &1)?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("he paid once", &wallet, &money(&paid.left_after(2), "0.00"))
}

async fn kill(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("The service is killed in the middle of a generation")?;
    orders_again(play, "То же, но весной").await?;
    let tasks = play.tasks().len();
    play.sandbox.kie.act(|kie, _| kie.next(Script::success_after_ms(KILLED_WORK_MS)));
    play.taps(BORIS, "✅ Запустить", 1).await?;
    play.sees(BORIS, "Работаю над заказом", Show::Briefly).await?;
    let wallet = play.wallet(BORIS).await?;
    let held = money(&paid.left_after(3), &paid.price.to_string());
    play.expect("the price is held, not charged", &wallet, &held)?;
    play.screen.shell("kill -9 samovar")?;
    play.service.kill().await?;
    play.screen.shell("samovar run")?;
    play.service.start()?;
    play.is_up(2).await?;
    let result = play.outcome(BORIS).await?;
    play.expect("the photo still came, once", &(result.media.is_some(), play.pictures(BORIS)), &(true, 3))?;
    play.expect("KIE was not asked a second time", &(play.tasks().len() - tasks), &1)?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("he paid once", &wallet, &money(&paid.left_after(3), "0.00"))
}

async fn books(play: &mut Play<'_>, paid: &Paid) -> Result<(), Failed> {
    play.scene("Closing time: the statement and the audit")?;
    play.screen.shell("kill samovar")?;
    let ended = play.service.stop().await?;
    play.expect("it stops cleanly when asked", &ended.code(), &Some(0))?;
    let user = BORIS.id.to_string();
    play.shell(&["wallet", "show", &user]).await?;
    let wallet = play.wallet(BORIS).await?;
    play.expect("200 ₽ came in and three pictures went out", &wallet, &money(&paid.left_after(3), "0.00"))?;
    play.shell(&["audit"]).await?;
    let audit = play.ask(&["audit", "--json"]).await?;
    let rules = audit["rules"].as_array().map_or(0, Vec::len);
    play.expect("all ten rules of the ledger hold", &(audit["ok"].as_bool(), rules), &(Some(true), 10))
}
