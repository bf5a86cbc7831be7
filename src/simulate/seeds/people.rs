//! The customers: each looks at the newest screen, thinks, and does one thing that a person might do
//! there. And whoever pays: the operator puts money on wallets, with a number that is never used twice.

use super::tally::Kind;
use super::world::World;
use crate::catalog::{self, Model};
use crate::control::{Answer, Ask, answer};
use crate::ids::{ActionId, UserId};
use crate::money::Kopecks;
use crate::sandbox::kie::Script;
use crate::sandbox::media;
use crate::sandbox::telegram::{self, CannotAct, FileKind, Message, Sent};
use crate::simulate::dice::Dice;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The first customer's id.
pub(super) const FIRST: i64 = 2_001;

/// A picture that customers send.
static PICTURE: LazyLock<Bytes> =
    LazyLock::new(|| media::make(media::MediaKind::Image, "мой кот", "1:1").expect("a picture"));

/// What KIE is told to do, by a word in the prompt.
const SCRIPTS: [(u64, (&str, Option<Kind>)); 24] = [
    (50, ("success", None)),
    (6, ("reads", None)),
    (5, ("slow", None)),
    (7, ("fail", Some(Kind::KieFails))),
    (2, ("unanswered", Some(Kind::KieSilent))),
    (2, ("silence", Some(Kind::KieSilent))),
    (3, ("lost-answer", Some(Kind::KieLosesAnswer))),
    (2, ("page-after", Some(Kind::KieLosesAnswer))),
    (2, ("half", Some(Kind::KieLosesAnswer))),
    (3, ("early-callback", Some(Kind::KieEarly))),
    (3, ("false-success", Some(Kind::KieLies))),
    (2, ("success-then-fail", Some(Kind::KieLies))),
    (1, ("false-fail", Some(Kind::KieLies))),
    (3, ("too-late", Some(Kind::KieSlow))),
    (1, ("never", Some(Kind::KieNever))),
    (1, ("file-missing", Some(Kind::KieFileLost))),
    (1, ("file-short", Some(Kind::KieFileLost))),
    (3, ("repeated-callback", Some(Kind::KieRepeats))),
    (3, ("no-callback", Some(Kind::KieMute))),
    (2, ("429", Some(Kind::KieRefuses))),
    (1, ("455", Some(Kind::KieRefuses))),
    (1, ("402", Some(Kind::KieRefuses))),
    (1, ("paused", Some(Kind::KieRefuses))),
    (2, ("500", Some(Kind::KieRefuses))),
];

/// Teaches KIE the words that the sandbox does not know by itself.
pub(super) fn teach(world: &World) {
    world.worlds.kie.act(|kie, _| {
        kie.on_word("sandbox:too-late", Script::success_after_ms(260_000));
        let fails = Script::fails("500", "Something went wrong after all");
        let announced = Script::named("false-success").expect("a script");
        kie.on_word("sandbox:success-then-fail", Script { outcome: fails.outcome, ..announced });
    });
}

/// Models that need nothing but words, and those that also need a picture.
static MODELS: LazyLock<(Vec<&'static Model>, Vec<&'static Model>)> = LazyLock::new(|| {
    let asks = |model: &Model| {
        let asked = model.inputs.iter().filter(|input| input.required && input.default.is_none());
        asked.map(|input| input.kind).collect::<Vec<_>>()
    };
    let fits = |model: &&Model| {
        asks(model).iter().all(|kind| match kind {
            catalog::Kind::Text { .. } | catalog::Kind::Image(_) | catalog::Kind::Images { .. } => true,
            catalog::Kind::Choice { .. }
            | catalog::Kind::Boolean
            | catalog::Kind::Integer { .. }
            | catalog::Kind::Number { .. }
            | catalog::Kind::Video(_)
            | catalog::Kind::Videos { .. }
            | catalog::Kind::Audio(_)
            | catalog::Kind::Link { .. }
            | catalog::Kind::Task { .. } => false,
        })
    };
    let has_picture =
        |model: &Model| asks(model).iter().any(|kind| !matches!(kind, catalog::Kind::Text { .. }));
    catalog::models().iter().filter(fits).partition(|model| !has_picture(model))
});

/// One customer.
struct Person {
    id: i64,
    world: World,
    dice: Dice,
}

/// So many customers come at least: most look once, some buy.
const CUSTOMERS: i64 = 150;

/// Has all customers come, each at a time of their own; together they act at least `acts` times.
pub(super) fn come(world: &World, dice: &mut Dice, acts: u64, tasks: &mut JoinSet<()>) -> u64 {
    let (mut planned, mut people) = (0, 0);
    while planned < acts || people < CUSTOMERS {
        let id = FIRST + people;
        people += 1;
        world.worlds.telegram.act(|telegram, _| telegram.user(id, &format!("Клиент {id}"), "ru"));
        let mut person = Person { id, world: world.clone(), dice: dice.fork() };
        let steps = if person.dice.percent(90) { 1 } else { person.dice.between(6, 16) };
        planned += steps;
        let waits = Duration::from_millis(person.dice.roll(90_000));
        tasks.spawn(async move {
            tokio::time::sleep(waits).await;
            for _ in 0..steps {
                person.acts();
                let thinks = person.dice.between(2_500, 12_000);
                tokio::time::sleep(Duration::from_millis(thinks)).await;
            }
        });
    }
    u64::try_from(people).expect("a number of people")
}

impl Person {
    fn newest(&self) -> Option<Message> {
        self.world.worlds.telegram.look(|telegram| telegram.chat(self.id)?.latest().cloned())
    }

    fn telegram(&self, act: impl FnOnce(&mut telegram::World, i64) -> Result<Sent, CannotAct>) -> bool {
        self.world.worlds.telegram.act(act).is_ok()
    }

    fn say(&self, kind: Kind, text: &str) {
        self.world.notes.count(kind);
        assert!(self.telegram(|telegram, now| telegram.say(now, self.id, text)), "words can always be sent");
    }

    /// A tap on a button that is there; on one that has just gone there is none.
    fn tap(&self, kind: Kind, message: i64, button: &str) {
        if self.telegram(|telegram, now| telegram.tap(now, self.id, message, button)) {
            self.world.notes.count(kind);
        }
    }

    fn words(&mut self) {
        let (word, kind) = *self.dice.weighed(&SCRIPTS);
        if let Some(kind) = kind {
            self.world.notes.count(kind);
        }
        let number = self.dice.roll(1 << 40);
        self.say(Kind::Words, &format!("самовар №{number} sandbox:{word}"));
    }

    fn photo(&self) {
        let file = ("cat.png", PICTURE.clone());
        let sent =
            |telegram: &mut telegram::World, now| telegram.send_file(now, self.id, FileKind::Photo, file, "");
        if self.telegram(sent) {
            self.world.notes.count(Kind::Photo);
        }
    }

    /// Opens a model's card, as an old button of its list does.
    fn card(&mut self, message: i64) {
        let (worded, pictured) = &*MODELS;
        let models = if self.dice.percent(75) { worded } else { pictured };
        let model = self.dice.one_of(models).id;
        let (id, number) = (self.id, self.dice.roll(1 << 40));
        let update = json!({"callback_query": {
            "id": format!("{id}{number}"),
            "from": {"id": id, "is_bot": false, "first_name": format!("Клиент {id}"), "language_code": "ru"},
            "chat_instance": "1", "data": format!("m:{model}"),
            "message": {"message_id": message, "date": 1, "chat": {"id": id, "type": "private"}},
        }});
        self.world.notes.count(Kind::Card);
        self.world.worlds.telegram.act(|telegram, now| {
            telegram.inject(now, update).expect("an update is an object");
        });
    }

    /// Some other button of the newest message.
    fn browses(&mut self, message: &Message) {
        let buttons: Vec<&str> =
            message.keyboard.iter().flatten().filter_map(|button| button.data.as_deref()).collect();
        if buttons.is_empty() {
            return self.say(Kind::Browse, "/balance");
        }
        let button = (*self.dice.one_of(&buttons)).to_owned();
        // A result that is asked for again comes again.
        if let Some(Ok(job)) = button.strip_prefix("file:").map(str::parse) {
            self.world.notes.unheard(job);
        }
        self.tap(Kind::Browse, message.id, &button);
    }

    /// One thing that a person might do.
    fn acts(&mut self) {
        let blocked = self.world.worlds.telegram.look(|telegram| telegram.is_blocked(self.id));
        if blocked {
            return self.say(Kind::Return, "/start");
        }
        if self.dice.percent(2) && self.telegram(|telegram, now| telegram.block(now, self.id)) {
            return self.world.notes.count(Kind::Leave);
        }
        if self.dice.percent(2) {
            let long = "💥".repeat(1_500);
            let odd = ["\u{202e}\u{0}<b>&", "/gift 1000000", long.as_str(), "/start ref_1'--"];
            let odd = *self.dice.one_of(&odd);
            return self.say(Kind::Nonsense, odd);
        }
        let Some(message) = self.newest() else { return self.say(Kind::Start, "/start") };
        let has = |label: &str| message.button(label).is_some();
        match self.dice.roll(20) {
            0 => self.say(Kind::Start, "/start"),
            1 | 2 => self.browses(&message),
            _ if has("✅ Запустить") => self.decides(message.id),
            _ if has("⏭ Пропустить все") => {
                self.tap(Kind::Skip, message.id, "⏭ Пропустить все");
            }
            _ if has("✅ Готово") => self.tap(Kind::Browse, message.id, "✅ Готово"),
            _ if self.dice.percent(if message.text.contains("Пришлите") { 70 } else { 4 }) => {
                self.photo();
            }
            _ if has("✨ Сгенерировать") || message.text.contains("💡") => self.words(),
            _ => self.card(message.id),
        }
    }

    /// In front of an order.
    fn decides(&mut self, message: i64) {
        match self.dice.roll(20) {
            0 | 1 => self.tap(Kind::Cancel, message, "❌ Отмена"),
            2 => self.words(),
            3..=6 => {
                self.tap(Kind::Confirm, message, "✅ Запустить");
                self.tap(Kind::DoubleTap, message, "✅ Запустить");
            }
            _ => self.tap(Kind::Confirm, message, "✅ Запустить"),
        }
    }
}

/// What was put on each wallet and acknowledged.
pub(super) type Paid = Arc<Mutex<BTreeMap<i64, i64>>>;

/// Puts money on the wallets of customers; what got no answer is asked again under its number.
pub(super) async fn pay(world: World, mut dice: Dice, people: u64, paid: Paid) {
    for _ in 0..people / 10 {
        tokio::time::sleep(Duration::from_millis(dice.between(500, 6_000))).await;
        let user = FIRST + i64::try_from(dice.roll(people)).expect("a number of people");
        let amount = i64::try_from(dice.between(500, 40_000)).expect("kopecks");
        let Answer::Action(id) = ask(&world, &mut dice, &Ask::NewAction).await else {
            panic!("a number for an act is not refused")
        };
        put(&world, &mut dice, id, (user, amount)).await;
        if dice.percent(20) {
            world.notes.count(Kind::PaidAgain);
            put(&world, &mut dice, id, (user, amount)).await;
        }
        world.notes.count(Kind::Paid);
        *paid.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default() += amount;
    }
}

async fn put(world: &World, dice: &mut Dice, id: ActionId, (user, amount): (i64, i64)) {
    let (user, amount) = (UserId(user), Kopecks::new(amount));
    let ask_it = Ask::Adjust { id, user, amount, reason: "paid".to_owned(), who: "cli".to_owned() };
    let answered = ask(world, dice, &ask_it).await;
    assert!(matches!(answered, Answer::Wallet(_)), "money put on a wallet is refused: {answered:?}");
}

/// Asks until there is an answer, over as many lives as that takes.
async fn ask(world: &World, dice: &mut Dice, ask: &Ask) -> Answer {
    loop {
        if let Some(store) = world.store() {
            match tokio::time::timeout(Duration::from_secs(20), answer(&store, ask.clone())).await {
                Ok(Answer::Failed { is_damaged: false, .. }) | Err(_) => {}
                Ok(answered) => return answered,
            }
        }
        tokio::time::sleep(Duration::from_millis(dice.between(100, 2_000))).await;
    }
}
