//! The whole service against the sandbox, driven as customers drive it: an update in, messages out.
//!
//! Nothing in the product knows that it is tested. Crashes happen at the edge: the writer's driver
//! stops before or after a commit, everything in memory is thrown away, and the service starts again
//! on the same files. Dropping a [`TestApp`] runs the audit.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod bucket;
pub(crate) mod driver;
pub(crate) mod moto;
mod payments;
pub(crate) mod rows;

use bytes::Bytes;
use driver::Driver;
use samovar::app::{App, Parts, StartError};
use samovar::config::{BotMode, Keys, Settings};
use samovar::ids::{JobId, UserId};
use samovar::ledger::Account;
use samovar::money::Kopecks;
use samovar::sandbox::telegram::{Bot, FileKind, Message};
use samovar::sandbox::{self, Sandbox, kie, telegram};
use samovar::store::{Job, Lock, OpenError, Store};
use samovar::time::{At, Clock, Up};
use secrecy::SecretString;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen; never waited out when it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const ADMIN: i64 = 900;
const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const START: At = At(1_795_431_300_000);

/// Prints past the test runner, which keeps what passing tests print to itself.
pub(crate) fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

/// How updates come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Polling,
    Webhook,
}

/// The keys of the sandbox's bot and account.
fn keys(admins: &[i64]) -> Keys {
    Keys {
        telegram_bot_token: SecretString::from(TOKEN),
        bot_id: 4242,
        kie_api_key: SecretString::from(kie::Account::default().api_key),
        admin_ids: admins.iter().copied().map(UserId).collect(),
    }
}

/// The service, its sandbox, and the files they share.
pub(crate) struct TestApp {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Clock,
    pub(crate) driver: Driver,
    pub(crate) settings: Settings,
    pub(crate) port: u16,
    admins: Vec<i64>,
    mode: Mode,
    dir: TempDir,
    running: Option<Running>,
}

struct Running {
    store: Store,
    stop: CancellationToken,
    task: JoinHandle<()>,
    runtime: Runtime,
}

impl TestApp {
    /// The service with its usual settings.
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::start_with(mode, |_| {}).await
    }

    /// The service with some settings changed.
    pub(crate) async fn start_with(mode: Mode, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_run_by(&[ADMIN], mode, change).await
    }

    /// The same with these operators.
    pub(crate) async fn start_run_by(admins: &[i64], mode: Mode, change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Clock::simulated(START);
        let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 20, ..Bot::default() };
        let sandbox = sandbox::Settings { bot, clock: clock.clone(), ..sandbox::Settings::default() };
        let sandbox = Sandbox::start(sandbox).await.expect("a sandbox");
        let dir = TempDir::new().expect("a directory");
        let url = |text: &str| text.parse().expect("an address");
        let mut settings = Settings {
            data_dir: dir.path().join("data"),
            telegram_api_url: url(sandbox.telegram_url()),
            kie_base_url: url(sandbox.kie_url()),
            kie_upload_url: url(sandbox.kie_url()),
            actions_per_minute: 0,
            ..Settings::default()
        };
        // Days pass in tests; those that are about backups say so.
        (settings.backups.every, settings.backups.max_age) = (None, None);
        change(&mut settings);
        let (driver, admins) = (Driver::default(), admins.to_vec());
        let mut app = Self { sandbox, clock, driver, settings, port: 0, admins, mode, dir, running: None };
        for admin in app.admins.clone() {
            app.sandbox.telegram.act(|world, _| world.user(admin, "Оператор", "ru"));
        }
        app.boot().await;
        app
    }

    /// Starts the service on the files there are.
    async fn boot(&mut self) {
        self.free_files().await;
        let listener = self.listen().await;
        self.port = listener.local_addr().expect("an address").port();
        let base = format!("http://127.0.0.1:{}", self.port).parse().expect("an address");
        match self.mode {
            Mode::Webhook => {
                self.settings.bot_mode = BotMode::Webhook;
                self.settings.webhook_base_url = Some(base);
            }
            Mode::Polling => self.settings.bot_mode = BotMode::Polling,
        }
        let stop = CancellationToken::new();
        let (opened, ready) = oneshot::channel();
        let (driver, clock, settings) = (self.driver.clone(), self.clock.clone(), self.settings.clone());
        let (listener, stopped) = (listener.into_std().expect("a socket"), stop.clone());
        let admins = self.admins.clone();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let task = runtime.spawn(async move {
            let started = tokio::time::Instant::now();
            let app = loop {
                let driver = driver.clone();
                let listener = listener.try_clone().and_then(TcpListener::from_std).expect("a socket");
                let parts = Parts {
                    clock: clock.clone(),
                    drive: Box::new(move |engine, lock| driver.drive(engine, lock)),
                    listener: Some(listener),
                    admin_listener: None,
                    metrics: None,
                };
                match App::bind(settings.clone(), keys(&admins), parts).await {
                    Ok(app) => break app,
                    // A process that another test is just starting has a copy of our lock until it runs.
                    Err(StartError::Open(OpenError::Taken(_))) if started.elapsed() < PATIENCE => {
                        tokio::time::sleep(Duration::from_millis(3)).await;
                    }
                    Err(error) => panic!("the service does not start: {error}"),
                }
            };
            assert!(opened.send(app.store().clone()).is_ok(), "the test waits");
            app.run(stopped).await;
        });
        let store = ready.await.expect("the service starts");
        self.running = Some(Running { store, stop, task, runtime });
    }

    async fn listen(&self) -> TcpListener {
        let started = tokio::time::Instant::now();
        loop {
            match TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => return listener,
                Err(error) => assert!(started.elapsed() < PATIENCE, "the port is not let go: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Waits until an earlier life of the service, which is being torn down, has let go of the files.
    async fn free_files(&self) {
        if self.driver.crashes() > 0 {
            self.wait_for_files().await;
        }
    }

    async fn wait_for_files(&self) {
        let started = tokio::time::Instant::now();
        loop {
            let free = Lock::take(&self.settings.data_dir).and_then(|lock| {
                let opened = Store::open(&self.settings.data_dir, self.clock.clone())?;
                drop((opened, lock));
                Ok(())
            });
            match free {
                Ok(()) => return,
                Err(error) => assert!(started.elapsed() < PATIENCE, "the files are not let go: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Throws the running service away, as a power cut does, and starts it again.
    pub(crate) async fn crash(&mut self) {
        self.crash_and(|_| {}).await;
    }

    /// The same, with something done to the data directory in between.
    pub(crate) async fn crash_and(&mut self, meanwhile: impl FnOnce(&Path)) {
        self.dies_for_now().await;
        meanwhile(&self.settings.data_dir);
        self.boot().await;
    }

    /// The same, up to where the files are free; [`TestApp::start_again`] starts it.
    pub(crate) async fn dies_for_now(&mut self) {
        self.driver.stop();
        if let Some(running) = self.running.take() {
            running.task.abort();
            drop(running.store);
            // Connections and workers go with their runtime, in whatever they were doing.
            running.runtime.shutdown_background();
        }
        self.driver.arm_again();
        self.free_files().await;
    }

    /// Stops the service as systemd does, and waits for its end.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.cancel();
            drop(running.store);
            running.task.await.expect("a clean end");
            running.runtime.shutdown_background();
            self.wait_for_files().await;
        }
    }

    /// Starts it again after [`TestApp::stop`].
    pub(crate) async fn start_again(&mut self) {
        self.boot().await;
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.settings.data_dir.clone()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.running.as_ref().expect("a running service").store
    }

    /// Somebody with Telegram in hand.
    pub(crate) fn user(&self, id: i64) -> Customer<'_> {
        self.sandbox.telegram.act(|world, _| world.user(id, &format!("Клиент {id}"), "ru"));
        Customer { app: self, id }
    }

    /// Gives a customer money, as an operator does.
    pub(crate) async fn credit(&self, user: i64, roubles: &str) {
        let amount = Kopecks::parse(roubles).expect("an amount");
        let store = self.store();
        let id = store.write("test", |tx| tx.new_action().inspect(|_| ())).await.expect("a number");
        let posted =
            store.write("test", move |tx| tx.adjust(id, "test", UserId(user), amount, "a test")).await;
        posted.expect("written").expect("not refused");
    }

    /// What a customer may spend, and what is held.
    pub(crate) fn wallet(&self, user: i64) -> (String, String) {
        let view = self.store().view().expect("a view");
        let counters = view.account(Account::User(UserId(user))).expect("an account").counters;
        (counters.available().expect("fits").to_string(), counters.held().to_string())
    }

    /// The job, as it stands.
    pub(crate) fn job(&self, id: u64) -> Job {
        self.store().view().expect("a view").job(JobId(id)).expect("readable").expect("a job")
    }

    /// How many jobs there ever were.
    pub(crate) fn jobs(&self) -> u64 {
        self.store().view().expect("a view").last_job().expect("readable").map_or(0, |id| id.0)
    }

    /// What the operator's account `of` has earned.
    pub(crate) fn posted(&self, of: Account) -> String {
        let view = self.store().view().expect("a view");
        view.account(of).expect("an account").counters.posted().expect("fits").to_string()
    }

    /// Waits until nothing waits: no update, no message, no open job.
    #[track_caller]
    pub(crate) fn settled(&self) -> impl Future<Output = ()> {
        let store = self.store().clone();
        let caller = std::panic::Location::caller();
        async move {
            let quiet = async {
                loop {
                    let view = store.view().expect("a view");
                    let waits =
                        view.inbox_depth().expect("readable") + view.outbox_depth().expect("readable");
                    // A final job is due only for a late success, and its message is in the outbox.
                    let due = view.due(Up(i64::MAX), usize::MAX).expect("readable");
                    let mut due = due.into_iter().map(|id| view.job(id).expect("readable").expect("a job"));
                    let is_open = due.any(|job| !job.row.state.is_final());
                    if waits == 0 && !is_open {
                        return;
                    }
                    drop(view);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let waited = tokio::time::timeout(PATIENCE, quiet).await;
            assert!(waited.is_ok(), "something still waits after {PATIENCE:?}, at {caller}");
        }
    }

    /// Waits until `seek` finds something in the store.
    #[track_caller]
    pub(crate) fn until<R>(
        &self,
        what: &str,
        seek: impl Fn(&samovar::store::View) -> Option<R>,
    ) -> impl Future<Output = R> {
        let store = self.store().clone();
        let what = format!("{what}, at {}", std::panic::Location::caller());
        async move {
            let search = async {
                loop {
                    if let Some(found) = store.view().ok().and_then(|view| seek(&view)) {
                        return found;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            match tokio::time::timeout(PATIENCE, search).await {
                Ok(found) => found,
                Err(late) => panic!("waited in vain ({late}) for {what}"),
            }
        }
    }

    /// Lets time pass at once.
    pub(crate) fn skip(&self, time: Duration) {
        self.clock.skip(time);
    }

    /// Posts bytes to the service's own port.
    pub(crate) async fn post(
        &self,
        path: &str,
        secret: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Response {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = client.post(format!("http://127.0.0.1:{}{path}", self.port)).body(body);
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        request.send().await.expect("an answer")
    }

    /// Asks the service's own port.
    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        client.get(format!("http://127.0.0.1:{}{path}", self.port)).send().await.expect("an answer")
    }

    /// The secret that Telegram was told.
    pub(crate) fn webhook_secret(&self) -> String {
        let kept = self.store().view().expect("a view").note::<String>("webhook_secret");
        kept.expect("readable").expect("made at the start")
    }

    /// Fails unless L1 to L10 hold.
    pub(crate) fn audit(&self) {
        let report = self.store().view().expect("a view").audit().expect("readable");
        assert!(
            report.ok,
            "the audit fails: {:#?}",
            report.rules.iter().filter(|rule| !rule.ok).collect::<Vec<_>>()
        );
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.running.is_some() {
            self.audit();
        }
        if let Some(running) = self.running.take() {
            running.runtime.shutdown_background();
        }
    }
}

/// Somebody with Telegram in hand.
#[derive(Clone, Copy)]
pub(crate) struct Customer<'a> {
    app: &'a TestApp,
    pub(crate) id: i64,
}

impl Customer<'_> {
    /// Writes to the bot. A second passes: nobody is faster, and Telegram takes one message a second.
    pub(crate) fn sends(&self, text: &str) -> Self {
        self.app.skip(Duration::from_secs(1));
        self.app.sandbox.telegram.act(|world, now| world.say(now, self.id, text)).expect("sent");
        *self
    }

    /// Sends the bot a file.
    pub(crate) fn sends_file(&self, kind: FileKind, name: &str, bytes: impl Into<Bytes>) -> Self {
        self.sends_file_with(kind, name, bytes, "")
    }

    /// The same with words beside it.
    pub(crate) fn sends_file_with(
        &self,
        kind: FileKind,
        name: &str,
        bytes: impl Into<Bytes>,
        caption: &str,
    ) -> Self {
        self.app.skip(Duration::from_secs(1));
        let file = (name, bytes.into());
        let sent =
            self.app.sandbox.telegram.act(|world, now| world.send_file(now, self.id, kind, file, caption));
        sent.expect("sent");
        *self
    }

    /// Sends what a button that is not there would carry, from the bot's newest message.
    pub(crate) fn forges_tap(&self, data: &str) -> Self {
        self.app.skip(Duration::from_secs(1));
        let id = self.id;
        let update = |message: i64| {
            json!({"callback_query": {
                "id": format!("forged-{message}-{data}"), "chat_instance": "1", "data": data,
                "from": {"id": id, "is_bot": false, "first_name": "Клиент", "language_code": "ru"},
                "message": {"message_id": message, "date": 1, "chat": {"id": id, "type": "private"}},
            }})
        };
        self.app.sandbox.telegram.act(|world, now| {
            let newest = world.chat(id).and_then(|chat| chat.latest()).expect("a message").id;
            world.inject(now, update(newest)).expect("an update");
        });
        *self
    }

    /// Waits until the bot's newest message is as `wanted` says; gives what that gives.
    #[track_caller]
    pub(crate) fn waits_for<R>(
        &self,
        what: &str,
        wanted: impl Fn(&Message) -> Option<R>,
    ) -> impl Future<Output = R> {
        let caller = std::panic::Location::caller();
        async move {
            let there = |world: &telegram::World| world.chat(self.id)?.latest().and_then(&wanted);
            match self.app.sandbox.telegram.wait(there, PATIENCE).await {
                Ok(found) => found,
                Err(late) => panic!("{late}: no {what}, at {caller}; the chat shows:\n{}", self.chat()),
            }
        }
    }

    /// Taps a button of the bot's newest message, by label or data, once it is there.
    pub(crate) async fn taps(&self, button: &str) -> Self {
        self.app.skip(Duration::from_secs(1));
        let there = |world: &telegram::World| {
            let newest = world.chat(self.id)?.latest()?;
            newest.button(button).map(|_| newest.id)
        };
        let Ok(message) = self.app.sandbox.telegram.wait(there, PATIENCE).await else {
            panic!("there is no button {button}; the chat shows:\n{}", self.chat());
        };
        let tapped = self.app.sandbox.telegram.act(|world, now| world.tap(now, self.id, message, button));
        tapped.expect("tapped");
        *self
    }

    /// Waits until a message of the bot holds `text`.
    pub(crate) async fn sees(&self, text: &str) -> Message {
        self.sees_after(None, text).await
    }

    /// Waits until the bot sent one that holds `text`, after the message `last`.
    pub(crate) async fn sees_after(&self, last: Option<i64>, text: &str) -> Message {
        let there = |world: &telegram::World| {
            let mut newest = world.chat(self.id)?.messages.values().rev();
            let is_it = |one: &&Message| one.from.is_none() && one.text.contains(text);
            newest.find(is_it).filter(|one| Some(one.id) > last).cloned()
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(message) => message,
            Err(late) => panic!("{late}: nobody said «{text}»; the chat shows:\n{}", self.chat()),
        }
    }

    /// Waits until the bot's newest message holds `text`.
    pub(crate) async fn sees_last(&self, text: &str) -> Message {
        let there = |world: &telegram::World| {
            let chat = world.chat(self.id)?;
            chat.latest().filter(|one| one.text.contains(text)).cloned()
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(message) => message,
            Err(late) => panic!("{late}: the last word is not «{text}»; the chat shows:\n{}", self.chat()),
        }
    }

    /// Waits until the bot sent its `count`-th piece of media; gives it.
    pub(crate) async fn gets_media(&self, count: usize) -> Message {
        let there = |world: &telegram::World| {
            let chat = world.chat(self.id)?;
            let mut media = chat.messages.values().filter(|one| one.from.is_none() && one.media.is_some());
            media.nth(count - 1).cloned()
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(message) => message,
            Err(late) => panic!("{late}: media number {count} never came; the chat shows:\n{}", self.chat()),
        }
    }

    /// The bot's newest message.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.app.sandbox.telegram.look(|world| world.chat(self.id)?.latest().map(|one| one.id))
    }

    /// How many pieces of media the bot sent.
    pub(crate) fn media(&self) -> usize {
        self.app.sandbox.telegram.look(|world| {
            world.chat(self.id).map_or(0, |chat| {
                chat.messages.values().filter(|one| one.from.is_none() && one.media.is_some()).count()
            })
        })
    }

    /// From /start to the confirm screen of a free-tier model, with `prompt` and default options.
    /// With `FREE_DAILY_LIMIT` 0 it costs money.
    pub(crate) async fn orders(&self, model: &str, prompt: &str) -> Self {
        self.chooses(model, prompt).await;
        self.sees_last("Проверьте заказ").await;
        *self
    }

    /// From /start up to the screen that says what the order costs, or that money is missing.
    pub(crate) async fn chooses(&self, model: &str, prompt: &str) -> Self {
        self.sends("/start");
        self.taps("🎁 Бесплатные").await;
        self.taps(&format!("m:{model}")).await;
        self.taps("✨ Сгенерировать").await;
        // Taps and texts travel in queues of their own: a person reads the question first.
        let asked = |world: &telegram::World| {
            let newest = world.chat(self.id)?.latest()?;
            let asks = newest.text.contains("💡") && newest.button("✨ Сгенерировать").is_none();
            asks.then_some(())
        };
        let waited = self.app.sandbox.telegram.wait(asked, PATIENCE).await;
        assert!(waited.is_ok(), "no question comes; the chat shows:\n{}\n{}", self.chat(), self.calls());
        self.sends(prompt);
        self.taps("⏭ Пропустить все").await;
        *self
    }

    /// Every call the bot made for this chat, for messages of tests.
    pub(crate) fn calls(&self) -> String {
        self.app.sandbox.telegram.look(|world| {
            let own = world.seen().iter().filter(|seen| seen.chat == Some(self.id));
            let line = |seen: &telegram::Seen| {
                let text: String = seen.text.iter().flat_map(|text| text.chars()).take(30).collect();
                format!("{} {} {:?} {text:?}\n", seen.at_ms, seen.method, seen.message_id)
            };
            own.map(line).collect()
        })
    }

    /// The whole chat, for messages of tests.
    pub(crate) fn chat(&self) -> String {
        self.app.sandbox.telegram.look(|world| {
            let Some(chat) = world.chat(self.id) else { return "(no chat)".to_owned() };
            let line = |one: &Message| {
                let asks = one.invoice.as_ref().map(|invoice| (invoice.total, &invoice.currency));
                format!("{} {:?}: {} {asks:?} {:?}", one.id, one.from, one.text, one.labels())
            };
            chat.messages.values().map(line).collect::<Vec<_>>().join("\n")
        })
    }
}
