//! The whole service in this process, against the sandbox, with a customer in it.

use crate::app::{App, Parts};
use crate::config::{Backups, BotMode, Keys, Settings};
use crate::ids::{JobId, UserId};
use crate::money::Kopecks;
use crate::sandbox::telegram::{Bot, World};
use crate::sandbox::{self, Sandbox, kie};
use crate::store::{Store, View};
use crate::time::{At, Clock};
use reqwest::header::HeaderValue;
use reqwest::{Client, StatusCode};
use secrecy::SecretString;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The customer with the money.
pub(super) const ANN: i64 = 1001;
/// Who comes after the bad bodies.
const NEXT: i64 = 1002;
const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SECRET: &str = "a-secret-of-the-webhook";
const START: At = At(1_795_431_300_000);
const PATIENCE: Duration = Duration::from_secs(30);

/// A service that sells, and its customer's first job.
pub(super) struct Shop {
    sandbox: Sandbox,
    clock: Clock,
    store: Store,
    client: Client,
    base: String,
    /// Where KIE calls for her job, with its secret.
    pub(super) callback: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _dir: TempDir,
}

fn told<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

impl Shop {
    /// Opens it, up to the point where she has one job at KIE and looks at the button for another.
    pub(super) async fn open() -> Result<Self, String> {
        let clock = Clock::simulated(START);
        let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 20, ..Bot::default() };
        let sandbox = sandbox::Settings { bot, clock: clock.clone(), ..sandbox::Settings::default() };
        let sandbox = Sandbox::start(sandbox).await.map_err(told)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(told)?;
        let base = format!("http://{}", listener.local_addr().map_err(told)?);
        let dir = TempDir::new().map_err(told)?;
        let settings = settings(&sandbox, &base, dir.path())?;
        let keys = Keys {
            telegram_bot_token: SecretString::from(TOKEN),
            bot_id: 4242,
            kie_api_key: SecretString::from(kie::Account::default().api_key),
            admin_ids: vec![UserId(900)],
        };
        let parts = Parts { clock: clock.clone(), listener: Some(listener), ..Parts::usual().0 };
        let app = App::bind(settings, keys, parts).await.map_err(told)?;
        let (store, stop) = (app.store().clone(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(app.run(stopped));
        // A connection that was shut in the middle of one body must not meet the next.
        let client = Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(0);
        let client = client.build().map_err(told)?;
        let callback = String::new();
        let mut shop = Self { sandbox, clock, store, client, base, callback, stop, task, _dir: dir };
        shop.admit().await?;
        Ok(shop)
    }

    /// Lets her in: money, one order that KIE never ends, and the way to a second.
    async fn admit(&mut self) -> Result<(), String> {
        for (id, name) in [(900, "Оператор"), (ANN, "Анна"), (NEXT, "Борис")] {
            self.sandbox.telegram.act(|world, _| world.user(id, name, "ru"));
        }
        self.seek("the webhook", |world| world.webhook().map(drop)).await?;
        let id = self.store.write("proof", |tx| tx.new_action().inspect(|_| ())).await.map_err(told)?;
        let amount = Kopecks::parse("10").map_err(told)?;
        let given =
            move |tx: &mut crate::store::Tx<'_>| tx.adjust(id, "proof", UserId(ANN), amount, "a proof");
        self.store.write("proof", given).await.map_err(told)?.map_err(|refusal| format!("{refusal:?}"))?;
        self.orders().await?;
        self.taps("✅ Запустить").await?;
        let view = self.store.clone();
        let sent = move || {
            let job = view.view().and_then(|view| view.job(JobId(1))).map_err(told)?;
            Ok(job.and_then(|job| job.row.state.task().map(drop)))
        };
        self.until("KIE to have the order", PATIENCE, sent).await?;
        let url = self
            .sandbox
            .kie
            .look(|kie| kie.tasks().values().next().and_then(|task| task.callback_url.clone()));
        let url = url.ok_or("KIE was told no address")?;
        url.strip_prefix(&self.base).ok_or("KIE calls another address")?.clone_into(&mut self.callback);
        self.orders().await
    }

    /// From /start to the button that costs money.
    async fn orders(&self) -> Result<(), String> {
        self.says(ANN, "/start")?;
        self.taps("🎁 Бесплатные").await?;
        self.taps("m:z-image").await?;
        self.taps("✨ Сгенерировать").await?;
        // Taps and texts travel in queues of their own: a person reads the question first.
        self.seek("the question", |world| {
            let newest = world.chat(ANN)?.latest()?;
            (newest.text.contains("💡") && newest.button("✨ Сгенерировать").is_none()).then_some(())
        })
        .await?;
        self.says(ANN, "самовар sandbox:never")?;
        self.taps("⏭ Пропустить все").await?;
        self.seek("the button", |world| world.chat(ANN)?.latest()?.button("✅ Запустить").map(drop)).await
    }

    fn says(&self, who: i64, text: &str) -> Result<(), String> {
        self.clock.skip(Duration::from_secs(1));
        self.sandbox.telegram.act(|world, now| world.say(now, who, text)).map(drop).map_err(told)
    }

    async fn taps(&self, button: &str) -> Result<(), String> {
        self.clock.skip(Duration::from_secs(1));
        let there = |world: &World| {
            let newest = world.chat(ANN)?.latest()?;
            newest.button(button).map(|_| newest.id)
        };
        let message = self.seek(button, there).await?;
        self.sandbox.telegram.act(|world, now| world.tap(now, ANN, message, button)).map(drop).map_err(told)
    }

    /// What the button of this label carries, under her newest message that has one.
    pub(super) async fn button(&self, label: &str) -> Result<String, String> {
        let there = |world: &World| world.chat(ANN)?.latest_with(label)?.button(label)?.data.clone();
        self.seek(label, there).await
    }

    async fn seek<R>(&self, what: &str, seek: impl FnMut(&World) -> Option<R>) -> Result<R, String> {
        let found = self.sandbox.telegram.wait(seek, PATIENCE).await;
        found.map_err(|late| format!("waited in vain for {what}: {late}"))
    }

    /// Waits until `look` finds something, or the service is gone.
    pub(super) async fn until(
        &self,
        what: &str,
        patience: Duration,
        look: impl Fn() -> Result<Option<()>, String>,
    ) -> Result<(), String> {
        let search = async {
            while look()?.is_none() {
                if self.task.is_finished() {
                    return Err("the service ended".to_owned());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        };
        let found = tokio::time::timeout(patience, search).await;
        found
            .unwrap_or_else(|_| Err("it takes too long".to_owned()))
            .map_err(|why| format!("waiting for {what}: {why}"))
    }

    pub(super) fn view(&self) -> Result<View, String> {
        self.store.view().map_err(told)
    }

    /// Posts an update as Telegram does.
    pub(super) async fn post_update(&self, body: Vec<u8>) -> Result<StatusCode, String> {
        let request = self.client.post(format!("{}/webhook", self.base));
        let request = request.header("X-Telegram-Bot-Api-Secret-Token", SECRET).body(body);
        request.send().await.map(|answer| answer.status()).map_err(told)
    }

    /// Posts a callback as KIE does.
    pub(super) async fn post_callback(
        &self,
        path: &str,
        headers: &[(&str, Option<HeaderValue>)],
        body: &[u8],
    ) -> Result<StatusCode, String> {
        let mut request = self.client.post(format!("{}{path}", self.base)).body(body.to_vec());
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(*name, value);
            }
        }
        request.send().await.map(|answer| answer.status()).map_err(told)
    }

    /// Asks whether it is well.
    pub(super) async fn is_well(&self) -> Result<(), String> {
        let answer = self.client.get(format!("{}/healthz", self.base)).send().await.map_err(told)?;
        if answer.status() == StatusCode::OK {
            Ok(())
        } else {
            Err(format!("/healthz says {}", answer.status()))
        }
    }

    /// Another customer comes, and is greeted.
    pub(super) async fn serves_the_next(&self) -> Result<(), String> {
        self.says(NEXT, "/start")?;
        self.seek("the next customer's menu", |world| world.chat(NEXT)?.latest().map(drop)).await
    }

    /// Stops it, as systemd does.
    pub(super) async fn close(self) -> Result<(), String> {
        self.stop.cancel();
        match tokio::time::timeout(PATIENCE, self.task).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(panic)) => Err(format!("the service panicked: {panic}")),
            Err(_) => Err("the service does not stop".to_owned()),
        }
    }
}

fn settings(sandbox: &Sandbox, base: &str, dir: &std::path::Path) -> Result<Settings, String> {
    let url = |text: &str| text.parse::<url::Url>().map_err(told);
    Ok(Settings {
        data_dir: dir.join("data"),
        telegram_api_url: url(sandbox.telegram_url())?,
        kie_base_url: url(sandbox.kie_url())?,
        kie_upload_url: url(sandbox.kie_url())?,
        bot_mode: BotMode::Webhook,
        webhook_base_url: Some(url(base)?),
        telegram_webhook_secret_token: Some(SecretString::from(SECRET)),
        actions_per_minute: 0,
        free_daily_limit: 0,
        kie_credit_alert: rust_decimal::Decimal::ZERO,
        // A machine whose disk is almost full proves the same.
        min_free_disk_bytes: 0,
        // What backups do is proven elsewhere; here a day passes in no time.
        backups: Backups { every: None, max_age: None, ..Settings::default().backups },
        ..Settings::default()
    })
}
