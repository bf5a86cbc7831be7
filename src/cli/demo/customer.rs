//! What customers do and see, and what is expected of it.

use super::service::Service;
use super::{Failed, Screen};
use crate::sandbox::telegram::{Message, World};
use crate::sandbox::{Sandbox, kie, telegram};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

/// How long the demo waits for what must happen. Never waited out when it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with Telegram in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) id: i64,
    pub(super) name: &'static str,
}

/// How much of a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// All of it.
    Whole,
    /// Its first line.
    Briefly,
}

/// The play as it goes.
pub(super) struct Play<'a> {
    pub(super) sandbox: Sandbox,
    pub(super) service: Service,
    pub(super) screen: Screen<'a>,
    /// How many calls of the bot there were when each customer last did something: an answer to it
    /// is a later one. An older screen may say the same, and a person would not take it for an answer.
    acted: BTreeMap<i64, usize>,
    checks: usize,
    scenes: usize,
}

impl<'a> Play<'a> {
    pub(super) fn new(sandbox: Sandbox, service: Service, screen: Screen<'a>) -> Self {
        Self { sandbox, service, screen, acted: BTreeMap::new(), checks: 0, scenes: 0 }
    }

    /// How many things were checked, and held.
    pub(super) fn checks(&self) -> usize {
        self.checks
    }

    /// Begins a scene.
    pub(super) fn scene(&mut self, title: &str) -> Result<(), Failed> {
        self.scenes += 1;
        Ok(self.screen.scene(self.scenes, title)?)
    }

    /// Checks that something is as it should be.
    pub(super) fn expect<T: PartialEq + Debug + ?Sized>(
        &mut self,
        what: &str,
        came: &T,
        expected: &T,
    ) -> Result<(), Failed> {
        if came != expected {
            return Err(self.service.unexpected(what, &format!("{expected:?}"), &format!("{came:?}")));
        }
        self.checks += 1;
        Ok(self.screen.held(what)?)
    }

    /// Checks that a text has these words in it.
    pub(super) fn expect_words(&mut self, what: &str, text: &str, words: &[&str]) -> Result<(), Failed> {
        if let Some(missing) = words.iter().find(|word| !text.contains(**word)) {
            return Err(self.service.unexpected(
                what,
                &format!("the words «{missing}»"),
                &format!("«{text}»"),
            ));
        }
        self.checks += 1;
        Ok(self.screen.held(what)?)
    }

    /// A customer writes to the bot.
    pub(super) fn says(&mut self, who: Customer, text: &str) -> Result<(), Failed> {
        self.screen.customer(who.name, text)?;
        let calls = self
            .sandbox
            .telegram
            .act(|world, now| world.say(now, who.id, text).map(|_sent| world.seen().len()))?;
        self.acted.insert(who.id, calls);
        Ok(())
    }

    /// A customer taps the newest button with this label or data, so many times at once.
    pub(super) async fn taps(&mut self, who: Customer, button: &str, times: usize) -> Result<(), Failed> {
        let there = |world: &World| {
            let message = world.chat(who.id)?.latest_with(button)?;
            Some((message.id, message.button(button)?.text.clone()))
        };
        let (message, label) = self.until(who, &format!("a button «{button}»"), there).await?;
        let does = match times {
            1 => format!("👆 [ {label} ]"),
            _ => format!("👆👆 [ {label} ] {times} times at once"),
        };
        self.screen.customer(who.name, &does)?;
        let calls = self.sandbox.telegram.act(|world, now| {
            let taps = (0..times).try_for_each(|_| world.tap(now, who.id, message, button).map(drop));
            taps.map(|()| world.seen().len())
        })?;
        self.acted.insert(who.id, calls);
        Ok(())
    }

    /// A customer pays the invoice that comes; gives Telegram's name of the payment.
    pub(super) async fn pays(&mut self, who: Customer) -> Result<String, Failed> {
        let there = |world: &World| world.chat(who.id)?.latest_invoice().cloned();
        let message = self.until(who, "an invoice", there).await?;
        let asked = message.invoice.as_ref().map_or(0, |invoice| invoice.total);
        self.screen.bot_briefly(&format!("🧾 an invoice of {asked} Stars"))?;
        self.screen.customer(who.name, &format!("👆 [ Pay ⭐ {asked} ]"))?;
        let query = self.sandbox.telegram.act(|world, now| world.pay(now, who.id, who.id, message.id))?;
        let charged = |world: &World| world.checkouts().get(&query)?.charge.clone();
        self.until(who, "a yes to the payment", charged).await
    }

    /// Waits until the bot answers with a message, new or edited, that says this, and shows it.
    pub(super) async fn sees(&mut self, who: Customer, words: &str, show: Show) -> Result<Message, Failed> {
        let says = |message: &Message| message.text.contains(words);
        let message = self.answer(who, &format!("a message that says «{words}»"), says).await?;
        match show {
            Show::Whole => self.screen.bot(None, &message.text, &message.keyboard)?,
            Show::Briefly => self.screen.bot_briefly(&message.text)?,
        }
        Ok(message)
    }

    /// Waits for the end of a generation, a picture or a failure, and shows it.
    pub(super) async fn outcome(&mut self, who: Customer) -> Result<Message, Failed> {
        let is_end = |message: &Message| message.media.is_some() || message.text.starts_with("❌ Ген");
        let message = self.answer(who, "the end of a generation", is_end).await?;
        let picture = self.picture_line(&message);
        self.screen.bot(picture.as_deref(), &message.text, &message.keyboard)?;
        Ok(message)
    }

    /// Waits for a message that the bot sent or edited after the customer's last act.
    async fn answer(
        &mut self,
        who: Customer,
        expected: &str,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Message, Failed> {
        let after = self.acted.get(&who.id).copied().unwrap_or(0);
        let there = |world: &World| {
            let calls = world.seen().iter().skip(after).filter(|call| call.chat == Some(who.id));
            let mut messages = calls.filter_map(|call| world.message(who.id, call.message_id?));
            messages.find(|message| message.from.is_none() && is_it(message)).cloned()
        };
        self.until(who, expected, there).await
    }

    /// A picture in one line; `None` for a message without one.
    fn picture_line(&self, message: &Message) -> Option<String> {
        let media = message.media.as_ref()?;
        self.sandbox.telegram.look(|world| {
            let file = world.file(&media.file_id)?;
            let size = file.size.map_or_else(String::new, |(width, height)| format!(" {width}×{height},"));
            Some(format!("🖼 {}{size} {} kB", media.kind.field(), file.bytes.len().div_ceil(1000)))
        })
    }

    /// Waits until `seek` finds something in Telegram, or the service dies.
    pub(super) async fn until<R>(
        &mut self,
        who: Customer,
        expected: &str,
        seek: impl FnMut(&World) -> Option<R>,
    ) -> Result<R, Failed> {
        let found = tokio::select! {
            biased;
            found = self.sandbox.telegram.wait(seek, PATIENCE) => found,
            failed = self.service.died() => return Err(failed),
        };
        found.map_err(|telegram_waited| {
            let shows = self.sandbox.telegram.look(|world| last_message(world, who));
            let came = format!("{telegram_waited}; the chat ends with {shows}");
            self.service.unexpected(&format!("{} is answered", who.name), expected, &came)
        })
    }

    /// Waits until the service has set its webhook, the `times`-th time since the sandbox began.
    pub(super) async fn is_up(&mut self, times: usize) -> Result<(), Failed> {
        let set = |world: &World| {
            let calls = world.seen().iter().filter(|call| call.method == "setwebhook").count();
            (calls >= times).then_some(())
        };
        tokio::select! {
            biased;
            up = self.sandbox.telegram.wait(set, PATIENCE) => up.map_err(|waited| {
                self.service.unexpected("the service starts", "a call of setWebhook", &waited.to_string())
            }),
            failed = self.service.died() => Err(failed),
        }
    }

    /// Waits until KIE was given so many tasks in all; gives the last one's id.
    pub(super) async fn kie_works_on(&mut self, number: usize) -> Result<String, Failed> {
        let given = |kie: &kie::World| kie.creates().get(number - 1)?.task.clone();
        tokio::select! {
            biased;
            given = self.sandbox.kie.wait(given, PATIENCE) => given.map_err(|waited| {
                let came = format!("{waited}; there are {}", self.tasks().len());
                self.service.unexpected("KIE is given the task", &format!("task number {number}"), &came)
            }),
            failed = self.service.died() => Err(failed),
        }
    }

    /// How many pictures the bot sent this customer.
    pub(super) fn pictures(&self, who: Customer) -> usize {
        self.sandbox.telegram.look(|world| {
            let calls = world.seen().iter().filter(|call| call.chat == Some(who.id));
            calls.flat_map(|call| &call.files).filter(|file| file.kind == telegram::FileKind::Photo).count()
        })
    }

    /// The models of all createTask calls that KIE took, with their prompts, in order.
    pub(super) fn tasks(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.sandbox.kie.look(|kie| {
            let bodies = kie.creates().iter().map(|create| &create.body);
            bodies.map(|body| (text(&body["model"]), text(&body["input"]["prompt"]))).collect()
        })
    }

    /// A `samovar` command in the operator's shell, shown with what it writes. It must succeed.
    pub(super) async fn shell(&mut self, args: &[&str], show: Show) -> Result<(), Failed> {
        let quoted =
            args.iter().map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { (*arg).to_owned() });
        self.screen.shell(&format!("samovar {}", quoted.collect::<Vec<_>>().join(" ")))?;
        let written = self.command(args).await?;
        let shown = match show {
            Show::Whole => written.as_str(),
            Show::Briefly => written.lines().next().unwrap_or_default(),
        };
        Ok(self.screen.shell_output(shown)?)
    }

    /// A `samovar` command that answers with JSON; not shown.
    pub(super) async fn ask(&mut self, args: &[&str]) -> Result<Value, Failed> {
        let written = self.command(args).await?;
        serde_json::from_str(&written).map_err(|error| {
            let what = format!("`samovar {}` writes JSON", args.join(" "));
            self.service.unexpected(&what, "one JSON object", &format!("{error}: {written}"))
        })
    }

    async fn command(&mut self, args: &[&str]) -> Result<String, Failed> {
        let output = self.service.run(args).await?;
        let written = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(written);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let came = format!("{}: {}{}", output.status, written.trim(), said.trim());
        Err(self.service.unexpected(
            &format!("`samovar {}` succeeds", args.join(" ")),
            "exit status: 0",
            &came,
        ))
    }

    /// What a customer may spend and what is held, as `samovar wallet show` tells it.
    pub(super) async fn wallet(&mut self, who: Customer) -> Result<(String, String), Failed> {
        let wallet = self.ask(&["wallet", "show", &who.id.to_string(), "--json"]).await?;
        let text = |name: &str| wallet[name].as_str().unwrap_or("?").to_owned();
        Ok((text("available"), text("held")))
    }
}

fn last_message(world: &World, who: Customer) -> String {
    let last = world.chat(who.id).and_then(telegram::Chat::latest);
    last.map_or_else(|| "nothing".to_owned(), |message| format!("«{}» {:?}", message.text, message.labels()))
}
