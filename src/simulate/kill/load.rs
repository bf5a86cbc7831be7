//! The customers, who order all the time, and the provider, which is not always well.

use crate::sandbox::Sandbox;
use crate::sandbox::kie::{CreateAnswer, Script};
use crate::sandbox::telegram::{CannotAct, World};
use crate::simulate::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

/// The customers' Telegram ids.
pub(super) const CUSTOMERS: Range<i64> = 2001..2041;
/// A person looks at the answer before the next step, and asks again when none comes.
const PACE_MS: i64 = 300;
const PATIENCE_MS: i64 = 5_000;
/// What they tap, whatever screen is there, until they have ordered: the last steps first.
const RUN: &str = "✅ Запустить";
const AGAIN: &str = "🔁 Повторить";
const STEPS: [&str; 6] = [RUN, "⏭ Пропустить все", "✨ Сгенерировать", "m:z-image", "🎁 Бесплатные", AGAIN];

/// One of so many puts money in as well, and this is what they tap under "how much?".
const PAYERS: i64 = 5;
const AMOUNT: &str = "pay:10000";

/// What happens to the service, but for the kills.
pub(super) struct Load {
    dice: Dice,
    lives: u64,
    /// When each customer acted last, and when they have read the answer.
    acted: BTreeMap<i64, (i64, i64)>,
    /// Customers who have still to read what was said: on a slow machine no flood of impatience may
    /// come before the orders.
    reading: BTreeSet<i64>,
    /// Who tapped the button of which order: each may make one job, however often it is tapped.
    pressed: BTreeMap<i64, BTreeSet<String>>,
}

impl Load {
    pub(super) fn new(seed: u64, sandbox: &Sandbox) -> Self {
        sandbox.telegram.act(|world, _| {
            CUSTOMERS.for_each(|id| world.user(id, &format!("Клиент {id}"), "ru"));
        });
        let (acted, reading, pressed) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { dice: Dice::new(seed), lives: 0, acted, reading, pressed }
    }

    /// Whether the next life is killed while it starts. The first is not: it makes the file.
    pub(super) fn is_early(&mut self) -> bool {
        self.lives += 1;
        self.lives > 1 && self.dice.roll(8) == 0
    }

    /// After which time such a life is killed.
    pub(super) fn early_death(&mut self) -> Duration {
        self.ms(0..60)
    }

    /// For how long a life works. Half of them die young: what waited for them is just being done.
    pub(super) fn death(&mut self) -> Duration {
        if self.dice.roll(2) == 0 { self.ms(0..60) } else { self.ms(60..500) }
    }

    /// In the next life only those act whose chats are not behind.
    pub(super) fn are_reading(&mut self, customers: BTreeSet<i64>) {
        self.reading = customers;
    }

    /// How many orders a customer confirmed.
    pub(super) fn confirmed(&self, customer: i64) -> usize {
        self.pressed.get(&customer).map_or(0, BTreeSet::len)
    }

    /// Everybody acts, for a time.
    pub(super) async fn play(&mut self, sandbox: &Sandbox, time: Duration) -> Result<(), String> {
        let until = Instant::now() + time;
        let copies = if self.dice.roll(4) == 0 { 2 } else { 1 };
        sandbox.telegram.act(|world, _| world.repeat_updates(copies));
        loop {
            let script = self.script();
            sandbox.kie.act(|kie, _| kie.by_default(script));
            sandbox
                .telegram
                .act(|world, now| { CUSTOMERS }.try_for_each(|who| self.step(world, now, who)))?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            tokio::time::sleep(left.min(self.ms(5..30))).await;
        }
    }

    /// How the orders of this moment go. No script here refuses an order but for 429, so that any
    /// other createTask is known to be the only one its job may make.
    fn script(&mut self) -> Script {
        let late = |ms: Duration| u64::try_from(ms.as_millis()).unwrap_or(0);
        match self.dice.roll(24) {
            0 | 1 => Script::fails("500", "The generation failed, please try again."),
            2 => Script::answered(CreateAnswer::Hangup),
            3 => Script::answered(CreateAnswer::Hangup).without_callbacks(),
            4 => Script::answered(CreateAnswer::Never),
            5 => Script::answered(CreateAnswer::Slow(late(self.ms(20..2_000)))),
            6 => Script::answered(CreateAnswer::Page(502)),
            7 => named("early-callback"),
            8 | 9 => named("repeated-callback"),
            10 | 11 => named("no-callback"),
            12 => named("429"),
            13 => named("false-success"),
            14 => named("false-fail"),
            15..18 => Script::success_after_ms(late(self.ms(200..2_500))),
            _ => Script::default(),
        }
    }

    fn ms(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.dice.roll(range.end - range.start))
    }

    /// One customer's next step, if it is time: they push on until they have ordered.
    fn step(&mut self, world: &mut World, now: i64, customer: i64) -> Result<(), String> {
        let (at, read) = self.acted.get(&customer).copied().unwrap_or((0, 0));
        let newest = world.chat(customer).and_then(|chat| chat.latest());
        let answered = newest.is_some_and(|message| message.edited_at_ms.unwrap_or(message.at_ms) > at);
        if self.reading.contains(&customer) || now < if answered { read } else { at + PATIENCE_MS } {
            return Ok(());
        }
        self.acted.insert(customer, (now, now + PACE_MS + self.dice.roll(300).cast_signed()));
        if customer % PAYERS == 0 && self.dice.roll(3) == 0 {
            return puts_in(world, now, customer)
                .map_err(|why| format!("customer {customer} cannot pay: {why}"));
        }
        let button = newest.and_then(|message| {
            let step = STEPS.iter().find(|step| message.button(step).is_some())?;
            Some((message.id, *step, message.button(step)?.data.clone()?))
        });
        let acted = match (button, self.dice.roll(24)) {
            (None, 1..=16) => world.say(now, customer, "самовар на снегу"),
            (None, _) | (Some(_), 0) => world.say(now, customer, "/start"),
            (Some((_, AGAIN, _)), 1..=8) => world.say(now, customer, "/start"),
            (Some((message, step, data)), roll) => {
                if step == RUN {
                    self.pressed.entry(customer).or_default().insert(data);
                }
                let tapped = world.tap(now, customer, message, step);
                // An impatient finger.
                if roll < 4 { tapped.and_then(|_| world.tap(now, customer, message, step)) } else { tapped }
            }
        };
        acted.map(drop).map_err(|why| format!("customer {customer} cannot act: {why}"))
    }
}

/// The next step to an invoice, or to paying it.
fn puts_in(world: &mut World, now: i64, customer: i64) -> Result<(), CannotAct> {
    let newest = world.chat(customer).and_then(|chat| chat.latest());
    match newest.map(|message| (message.id, message.invoice.is_some(), message.button(AMOUNT).is_some())) {
        Some((invoice, true, _)) => world.pay(now, customer, customer, invoice).map(drop),
        Some((message, false, true)) => world.tap(now, customer, message, AMOUNT).map(drop),
        Some((_, false, false)) | None => world.say(now, customer, "/topup").map(drop),
    }
}

fn named(name: &str) -> Script {
    Script::named(name).expect("the sandbox has this script")
}

/// From now on the provider is well, and Telegram repeats nothing by itself.
pub(super) fn calm(sandbox: &Sandbox) {
    sandbox.kie.act(|kie, _| kie.by_default(Script::default()));
    sandbox.telegram.act(|world, _| world.repeat_updates(1));
}
