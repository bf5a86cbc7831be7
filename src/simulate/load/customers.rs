//! The customers: what each does next, and how long they wait for the answer.
//!
//! They look at the menus, and now and then one orders a picture. Who has acted does nothing more
//! until the answer is there: Telegram's pace for one chat is never what is measured.

use super::figures::Times;
use crate::sandbox::telegram::{CannotAct, Chat, Message, Seen, World};
use crate::simulate::dice::Dice;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The first customer's Telegram id.
const FIRST: i64 = 1_000_000;
/// KIE takes 20 orders in 10 seconds and the service sends 15: so often somebody confirms one, however
/// many updates there are.
const ORDER_EVERY_MS: i64 = 720;
/// Who has read an answer does nothing for so long.
const READS_MS: i64 = 1_100;
/// One of so many has come to buy and looks at nothing else.
const BUYERS: i64 = 8;
/// One of so many of the others has come to put money in: asks for an invoice, and pays it.
const PAYERS: i64 = 16;
/// The Stars that whoever pays has.
const PURSE: i64 = 1_000_000;
/// What they tap under "how much?".
const AMOUNT: &str = "pay:10000";
/// One of so many who care for no answer pays an invoice instead.
const PAYS: u64 = 50;
/// One of so many who act is new, until all have come.
const NEW: u64 = 20;
/// Who has no answer by then gives up; it is counted.
const PATIENCE_MS: i64 = 20_000;
/// The same for a picture.
const PICTURE_MS: i64 = 90_000;

const PROMPT: &str = "Самовар на берегу Байкала, рассвет, лёгкий туман";
const RUN: &str = "✅ Запустить";
const CANCEL: &str = "❌ Отмена";
const AGAIN: &str = "🔁 Повторить";
const HOME: &str = "🏠 В меню";
const HELP: &str = "📖 Как это работает";
/// The way to an order, the last step first.
const ORDER: [&str; 3] = ["⏭ Пропустить все", "✨ Сгенерировать", "m:z-image"];
const FREE: &str = "🎁 Бесплатные";
/// What is tapped in the main menu.
const MENU: [&str; 8] =
    [FREE, FREE, "🎨 Создать картинку", "⭐ Популярные", "💰 Баланс", "💎 Тарифы", "📋 Мои задачи", HELP];

/// Somebody who has acted.
struct Waiting {
    since_ms: i64,
    /// The message they tapped: its edit is the answer too.
    tapped: Option<i64>,
    answered: bool,
    /// They wait for a picture as well.
    picture: bool,
    /// They pay: Telegram asks first and tells then, so this is more than one answer.
    pays: bool,
}

/// What somebody does.
enum Step {
    Say(&'static str),
    Tap(i64, &'static str),
    Pay(i64),
}

/// All customers.
pub(super) struct Customers {
    dice: Dice,
    many: usize,
    come: usize,
    /// Who may act and since when, the first first.
    idle: VecDeque<(i64, i64)>,
    waiting: HashMap<i64, Waiting>,
    order_ms: i64,
    /// Invoices that came: whose, and which message.
    invoices: Vec<(i64, i64)>,
    /// How many have no answer yet.
    pub(super) asking: usize,
    /// From the update's sending until the answer was handed to Telegram.
    pub(super) replies: Times,
    /// Pictures that came.
    pub(super) pictures: usize,
    /// Those who gave up.
    pub(super) given_up: usize,
    /// New messages that the bot sent, and answers to who was about to pay.
    pub(super) told: usize,
}

impl Customers {
    pub(super) fn new(seed: u64, many: usize) -> Self {
        Self {
            dice: Dice::new(seed),
            many,
            come: 0,
            idle: VecDeque::new(),
            waiting: HashMap::new(),
            order_ms: 0,
            invoices: Vec::new(),
            asking: 0,
            replies: Times::default(),
            pictures: 0,
            given_up: 0,
            told: 0,
        }
    }

    fn come(&mut self, world: &mut World) -> i64 {
        self.come += 1;
        let customer = FIRST.saturating_add_unsigned(u64::try_from(self.come).unwrap_or(0));
        world.user(customer, "Клиент", "ru");
        customer
    }

    /// Who acts next: somebody who has read their last answer, or somebody new.
    fn next(&mut self, world: &mut World, now_ms: i64) -> i64 {
        let new = self.come < self.many && self.dice.roll(NEW) == 0;
        let has_read = self.idle.front().is_some_and(|(_, since_ms)| now_ms - since_ms >= READS_MS);
        self.one(world, has_read && !new)
    }

    /// Who has been idle for the longest, if it is to be one of these.
    fn one(&mut self, world: &mut World, of_these: bool) -> i64 {
        let old = if of_these { self.idle.pop_front() } else { None };
        old.map_or_else(|| self.come(world), |(customer, _)| customer)
    }

    /// Everybody has their answer, and their picture.
    pub(super) fn are_content(&self) -> bool {
        self.waiting.is_empty()
    }

    /// One of them acts, who was to act at `due_ms`. Gives the update's id.
    pub(super) fn act(&mut self, world: &mut World, now_ms: i64, due_ms: i64) -> Result<i64, String> {
        let customer = self.next(world, now_ms);
        self.goes_on(world, customer, (now_ms, due_ms))
    }

    fn goes_on(
        &mut self,
        world: &mut World,
        customer: i64,
        (now_ms, due_ms): (i64, i64),
    ) -> Result<i64, String> {
        let latest = world.chat(customer).and_then(Chat::latest);
        let step = if customer % PAYERS == 1 {
            Self::puts_in(latest)
        } else {
            self.step(latest, now_ms, customer % BUYERS == 0)
        };
        let (tapped, picture, pays) = match step {
            Step::Say(_) => (None, false, false),
            Step::Tap(message, button) => (Some(message), button == RUN, false),
            Step::Pay(_) => (None, false, true),
        };
        if picture {
            self.order_ms = now_ms.max(self.order_ms) + ORDER_EVERY_MS;
        }
        let sent = match step {
            Step::Say(text) => world.say(now_ms, customer, text).map(|sent| sent.update_id),
            Step::Tap(message, button) => {
                world.tap(now_ms, customer, message, button).map(|sent| sent.update_id)
            }
            Step::Pay(invoice) => pays_invoice(world, now_ms, (customer, invoice)),
        };
        self.asking += 1;
        self.waiting.insert(customer, Waiting { since_ms: due_ms, tapped, answered: false, picture, pays });
        let sent = sent.map_err(|why| format!("customer {customer} cannot act: {why}"))?;
        sent.ok_or_else(|| "the service wants no such updates".to_owned())
    }

    /// The way to an invoice, and to paying it.
    fn puts_in(latest: Option<&Message>) -> Step {
        match latest {
            Some(latest) if latest.invoice.is_some() => Step::Pay(latest.id),
            Some(latest) if latest.button(AMOUNT).is_some() => Step::Tap(latest.id, AMOUNT),
            Some(_) | None => Step::Say("/topup"),
        }
    }

    /// Somebody who cares for no answer says /start, or pays an invoice of before.
    pub(super) fn shout(&mut self, world: &mut World, now_ms: i64) -> Result<i64, String> {
        if !self.invoices.is_empty() && self.dice.roll(PAYS) == 0 {
            let invoice = *self.dice.one_of(&self.invoices);
            let asked = pays_invoice(world, now_ms, invoice).map_err(|why| why.to_string())?;
            return asked.ok_or_else(|| "the service wants no questions before payments".to_owned());
        }
        let customer = self.one(world, self.come >= self.many);
        self.idle.push_back((customer, now_ms));
        let sent = world.say(now_ms, customer, "/start").map_err(|why| why.to_string())?;
        sent.update_id.ok_or_else(|| "the service wants no messages".to_owned())
    }

    /// Somebody new comes and says /start; they wait for the answer.
    pub(super) fn knock(&mut self, world: &mut World, now_ms: i64) -> Result<i64, String> {
        let customer = self.come(world);
        self.goes_on(world, customer, (now_ms, now_ms))
    }

    fn step(&mut self, latest: Option<&Message>, now_ms: i64, buys: bool) -> Step {
        let stays = buys || self.dice.roll(12) > 0;
        let Some(latest) = latest.filter(|_| stays) else { return Step::Say("/start") };
        let there = |button: &&str| latest.button(button).is_some();
        let tap = |button: &'static str| Step::Tap(latest.id, button);
        if there(&RUN) {
            return tap(if now_ms >= self.order_ms { RUN } else { CANCEL });
        }
        if let Some(step) = ORDER.into_iter().find(there) {
            return tap(step);
        }
        if there(&HELP) {
            return tap(if buys { FREE } else { MENU[self.dice.index(MENU.len())] });
        }
        if latest.media.is_some() {
            return tap(AGAIN);
        }
        // The question for words has a way back to the model's card.
        let data = latest.keyboard.iter().flatten().filter_map(|button| button.data.as_deref());
        if data.into_iter().any(|data| data.starts_with("c:")) {
            return Step::Say(PROMPT);
        }
        if there(&HOME) { tap(HOME) } else { Step::Say("/start") }
    }

    /// They read what the bot has said.
    pub(super) fn read(&mut self, calls: &[Seen]) {
        for call in calls {
            self.told +=
                usize::from(matches!(call.method.as_str(), "sendmessage" | "answerprecheckoutquery"));
            if let ("sendinvoice", Some(chat), Some(message)) =
                (call.method.as_str(), call.chat, call.message_id)
            {
                self.invoices.push((chat, message));
            }
            let Some((chat, waiting)) = call.chat.and_then(|chat| Some((chat, self.waiting.get_mut(&chat)?)))
            else {
                continue;
            };
            let edits = call.method.starts_with("edit") && call.message_id == waiting.tapped;
            if !waiting.answered && (edits || call.method.starts_with("send")) {
                waiting.answered = true;
                self.asking -= 1;
                let took = u64::try_from(call.at_ms - waiting.since_ms).unwrap_or(0);
                if !waiting.pays {
                    self.replies.add(Duration::from_millis(took));
                }
            }
            let ended = !call.files.is_empty();
            self.pictures += usize::from(waiting.picture && ended);
            if waiting.answered && (ended || !waiting.picture) {
                self.waiting.remove(&chat);
                self.idle.push_back((chat, call.at_ms));
            }
        }
    }

    /// Who has waited for too long gives up.
    pub(super) fn give_up(&mut self, now_ms: i64) {
        let over = |waiting: &Waiting| {
            now_ms - waiting.since_ms > if waiting.picture { PICTURE_MS } else { PATIENCE_MS }
        };
        for (customer, waiting) in self.waiting.extract_if(|_, waiting| over(waiting)) {
            self.asking -= usize::from(!waiting.answered);
            self.given_up += 1;
            self.idle.push_back((customer, now_ms));
        }
    }
}

/// Somebody pays an invoice in their chat: gives the update by which Telegram asks before.
fn pays_invoice(
    world: &mut World,
    now_ms: i64,
    (person, invoice): (i64, i64),
) -> Result<Option<i64>, CannotAct> {
    // Whoever pays ten times a second has as many Stars as that takes.
    world.set_stars(person, PURSE);
    let query = world.pay(now_ms, person, person, invoice)?;
    Ok(world.checkouts().get(&query).and_then(|asked| asked.update_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::telegram::{Bot, Call};
    use serde_json::json;

    #[test]
    fn an_answer_counts_from_when_its_update_was_due_and_its_customer_reads_it_first() {
        let (mut world, mut customers) = (World::new(Bot::default()), Customers::new(1, 1));
        customers.act(&mut world, 1_000, 990).expect("somebody acts");
        assert_eq!((customers.asking, customers.are_content()), (1, false));
        let answer = json!({"chat_id": FIRST + 1, "text": "Hello"});
        world.call(1_050, &Call::new("4242:sandbox", "sendMessage", &answer));
        customers.read(&world.take_seen());
        assert_eq!(customers.replies.within(1_000), Some(Duration::from_millis(60)));
        assert_eq!((customers.asking, customers.are_content()), (0, true));
        assert_eq!(customers.next(&mut world, 1_060), FIRST + 2);
        assert_eq!(customers.next(&mut world, 1_050 + READS_MS), FIRST + 1);
    }

    #[test]
    fn who_waits_for_too_long_gives_up() {
        let (mut world, mut customers) = (World::new(Bot::default()), Customers::new(1, 1));
        customers.act(&mut world, 0, 0).expect("somebody acts");
        customers.give_up(PATIENCE_MS);
        assert_eq!(customers.given_up, 0);
        customers.give_up(PATIENCE_MS + 1);
        assert_eq!((customers.given_up, customers.asking), (1, 0));
    }
}
