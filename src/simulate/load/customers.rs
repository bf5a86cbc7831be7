//! The customers: what each does next, and how long they wait for the answer.
//!
//! They look at the menus, and now and then one orders a picture. Who has acted does nothing more
//! until the answer is there: Telegram's pace for one chat is never what is measured.

use super::figures::Times;
use crate::sandbox::telegram::{Chat, Message, Seen, World};
use crate::simulate::dice::Dice;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The first customer's Telegram id.
const FIRST: i64 = 1_000_000;
/// KIE takes 20 orders in 10 seconds and the service sends 15: so often somebody confirms one, however
/// many updates there are.
const ORDER_EVERY_MS: i64 = 720;
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
/// What is tapped in the main menu.
const MENU: [&str; 8] = [
    "🎁 Бесплатные",
    "🎁 Бесплатные",
    "🎨 Создать картинку",
    "⭐ Популярные",
    "💰 Баланс",
    "💎 Тарифы",
    "📋 Мои задачи",
    HELP,
];

/// Somebody who has acted.
struct Waiting {
    since_ms: i64,
    /// The message they tapped: its edit is the answer too.
    tapped: Option<i64>,
    answered: bool,
    /// They wait for a picture as well.
    picture: bool,
}

/// What somebody does.
enum Step {
    Say(&'static str),
    Tap(i64, &'static str),
}

/// All customers.
pub(super) struct Customers {
    dice: Dice,
    newest: i64,
    /// Who may act, who has done nothing for the longest first.
    idle: VecDeque<i64>,
    waiting: HashMap<i64, Waiting>,
    order_ms: i64,
    /// How many have no answer yet.
    pub(super) asking: usize,
    /// From the update's sending until the answer was handed to Telegram.
    pub(super) replies: Times,
    /// Pictures that came.
    pub(super) pictures: usize,
    /// Those who gave up.
    pub(super) given_up: usize,
    /// New messages that the bot sent.
    pub(super) told: usize,
}

impl Customers {
    pub(super) fn new(seed: u64, many: usize, world: &mut World) -> Self {
        let mut customers = Self {
            dice: Dice::new(seed),
            newest: FIRST,
            idle: VecDeque::new(),
            waiting: HashMap::new(),
            order_ms: 0,
            asking: 0,
            replies: Times::default(),
            pictures: 0,
            given_up: 0,
            told: 0,
        };
        for _ in 0..many {
            let customer = customers.come(world);
            customers.idle.push_back(customer);
        }
        customers
    }

    fn come(&mut self, world: &mut World) -> i64 {
        self.newest += 1;
        world.user(self.newest, "Клиент", "ru");
        self.newest
    }

    /// Everybody has their answer, and their picture.
    pub(super) fn are_content(&self) -> bool {
        self.waiting.is_empty()
    }

    /// One of them acts, who was to act at `due_ms`; somebody new when all wait for an answer. Gives
    /// the update's id.
    pub(super) fn act(&mut self, world: &mut World, now_ms: i64, due_ms: i64) -> Result<i64, String> {
        let customer = self.idle.pop_front().unwrap_or_else(|| self.come(world));
        let step = self.step(world.chat(customer).and_then(Chat::latest), now_ms);
        let (tapped, picture) = match step {
            Step::Say(_) => (None, false),
            Step::Tap(message, button) => (Some(message), button == RUN),
        };
        if picture {
            self.order_ms = now_ms.max(self.order_ms) + ORDER_EVERY_MS;
        }
        let sent = match step {
            Step::Say(text) => world.say(now_ms, customer, text),
            Step::Tap(message, button) => world.tap(now_ms, customer, message, button),
        };
        self.asking += 1;
        self.waiting.insert(customer, Waiting { since_ms: due_ms, tapped, answered: false, picture });
        let sent = sent.map_err(|why| format!("customer {customer} cannot act: {why}"))?;
        sent.update_id.ok_or_else(|| "the service wants no such updates".to_owned())
    }

    /// Somebody who cares for no answer says /start.
    pub(super) fn shout(&mut self, world: &mut World, now_ms: i64) -> Result<i64, String> {
        let customer = self.idle.pop_front().unwrap_or_else(|| self.come(world));
        self.idle.push_back(customer);
        let sent = world.say(now_ms, customer, "/start").map_err(|why| why.to_string())?;
        sent.update_id.ok_or_else(|| "the service wants no messages".to_owned())
    }

    /// Somebody new comes and says /start; they wait for the answer.
    pub(super) fn knock(&mut self, world: &mut World, now_ms: i64) -> Result<i64, String> {
        let customer = self.come(world);
        self.idle.push_front(customer);
        self.act(world, now_ms, now_ms)
    }

    fn step(&mut self, latest: Option<&Message>, now_ms: i64) -> Step {
        let Some(latest) = latest.filter(|_| self.dice.roll(12) > 0) else { return Step::Say("/start") };
        let there = |button: &&str| latest.button(button).is_some();
        let tap = |button: &'static str| Step::Tap(latest.id, button);
        if there(&RUN) {
            return tap(if now_ms >= self.order_ms { RUN } else { CANCEL });
        }
        if let Some(step) = ORDER.into_iter().find(there) {
            return tap(step);
        }
        if there(&HELP) {
            return tap(MENU[self.dice.index(MENU.len())]);
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
            self.told += usize::from(call.method == "sendmessage");
            let Some((chat, waiting)) = call.chat.and_then(|chat| Some((chat, self.waiting.get_mut(&chat)?)))
            else {
                continue;
            };
            let edits = call.method.starts_with("edit") && call.message_id == waiting.tapped;
            if !waiting.answered && (edits || call.method.starts_with("send")) {
                waiting.answered = true;
                self.asking -= 1;
                let took = u64::try_from(call.at_ms - waiting.since_ms).unwrap_or(0);
                self.replies.add(Duration::from_millis(took));
            }
            let ended = !call.files.is_empty();
            self.pictures += usize::from(waiting.picture && ended);
            if waiting.answered && (ended || !waiting.picture) {
                self.waiting.remove(&chat);
                self.idle.push_back(chat);
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
            self.idle.push_back(customer);
        }
    }
}
