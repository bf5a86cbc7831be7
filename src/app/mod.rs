//! Assembly: `bind` opens everything and listens, `run` works until it is told to stop, and then
//! lets what is under way end. The same calls serve `main`, the demo and the tests.

mod intake;
pub(crate) mod rules;

use crate::config::{BotMode, Keys, Settings};
use crate::control;
use crate::flow::Shop;
use crate::http::{self, Doors, Health, WebhookDoor};
use crate::message::Lang;
use crate::provider::Provider;
use crate::provider::kie::{Kie, Options, Timeouts as KieTimeouts};
use crate::store::{Engine, Fault, Lock, OpenError, Store};
use crate::telegram::{Gateway, Telegram, Timeouts, setup};
use crate::texts;
use crate::time::Clock;
use crate::workers;
use backon::{BackoffBuilder, ExponentialBuilder};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What is under way gets so long to end after the stop.
const GRACE: Duration = Duration::from_secs(25);

/// Why the service did not start. Nothing was sold and nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store's own notes.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// An address cannot be listened on.
    #[error("{setting} {address} cannot be listened on: {why}")]
    Listen {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// The settings are wrong in a way that only the whole can tell.
    #[error("{0}")]
    Settings(String),
}

/// What one start needs beside its settings.
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// Drives the store's writer: a thread in the service, step by step in tests.
    pub drive: Box<dyn FnOnce(Engine) + Send>,
    /// Already listening, if somebody else opened the port.
    pub listener: Option<TcpListener>,
    /// What `/metrics` shows; without it there is no such page.
    pub metrics: Option<PrometheusHandle>,
}

impl Parts {
    /// As the service runs: the machine's clock and a thread for the writer.
    pub fn usual() -> Self {
        Self {
            clock: Clock::system(),
            drive: Box::new(|engine| drop(std::thread::spawn(move || drive_or_die(engine)))),
            listener: None,
            metrics: None,
        }
    }
}

/// Without its writer the service could only say "closed" for ever: a panic in it ends the process,
/// which starts again from the file.
fn drive_or_die(engine: Engine) {
    if catch_unwind(AssertUnwindSafe(|| engine.run())).is_err() {
        tracing::error!("the store's writer panicked; the process ends and starts again from the file");
        std::process::abort();
    }
}

/// The service, listening and not yet working.
pub struct App {
    store: Store,
    settings: Settings,
    keys: Keys,
    doors: Arc<Doors>,
    shop: Arc<OnceLock<Arc<Shop>>>,
    gateway: Arc<dyn Gateway>,
    provider: Arc<dyn Provider>,
    listener: TcpListener,
    admin: Option<(TcpListener, PrometheusHandle)>,
    webhook_secret: SecretString,
    _lock: Lock,
}

impl App {
    /// Takes the data directory, opens the store, and listens.
    pub async fn bind(settings: Settings, keys: Keys, parts: Parts) -> Result<Self, StartError> {
        rules::check_free_tier(&settings)?;
        let unusable = |why: String| StartError::Settings(why);
        let telegram = Telegram::new(
            keys.telegram_bot_token.clone(),
            settings.telegram_api_url.clone(),
            settings.data_dir.clone(),
            Timeouts::default(),
        )
        .map_err(|error| unusable(format!("TELEGRAM_API_URL: {error}")))?;
        let options = Options {
            base_url: settings.kie_base_url.clone(),
            upload_url: settings.kie_upload_url.clone(),
            key: keys.kie_api_key.clone(),
            result_hosts: settings.result_hosts.clone(),
            timeouts: KieTimeouts::default(),
        };
        let kie = Kie::new(options, &parts.clock).map_err(|error| unusable(error.to_string()))?;
        let lock = Lock::take(&settings.data_dir)?;
        let (store, engine) = Store::open(&settings.data_dir, parts.clock)?;
        (parts.drive)(engine);
        let webhook_secret = webhook_secret(&settings, &store).await?;
        let server_key = server_key(&store).await?;
        let listener = match parts.listener {
            Some(listener) => listener,
            None => listen("LISTEN", settings.listen).await?,
        };
        let admin = match parts.metrics {
            Some(handle) => Some((listen("ADMIN_LISTEN", settings.admin_listen).await?, handle)),
            None => None,
        };
        let shop = Arc::new(OnceLock::new());
        let is_webhook = settings.bot_mode == BotMode::Webhook;
        let doors = Arc::new(Doors {
            store: store.clone(),
            bot: keys.bot_id,
            server_key,
            shop: shop.clone(),
            webhook: is_webhook.then(|| WebhookDoor {
                path: settings.telegram_webhook_path.clone(),
                secret: webhook_secret.clone(),
            }),
            kie_hmac_key: settings.kie_webhook_hmac_key.clone(),
            health: Arc::new(Health::default()),
        });
        let (gateway, provider) = (Arc::new(telegram), Arc::new(kie));
        Ok(Self {
            store,
            settings,
            keys,
            doors,
            shop,
            gateway,
            provider,
            listener,
            admin,
            webhook_secret,
            _lock: lock,
        })
    }

    /// Where the public port listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The store, for the control socket, the demo and tests.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Serves until `stop`; then takes nothing new and lets what is under way end, for 25 s at most.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartError> {
        let mut tasks = JoinSet::new();
        let router = http::router(self.doors.clone());
        tasks.spawn(http::serve(self.listener, router, stop.clone()));
        if let Some((listener, handle)) = self.admin {
            tasks.spawn(http::serve(listener, http::admin_router(handle), stop.clone()));
        }
        let socket = control::socket_path(&self.settings.data_dir);
        tasks.spawn(answer_operators(self.store.clone(), socket, stop.clone()));
        let Some(bot_name) = stop.run_until_cancelled(greet(self.gateway.as_ref(), self.store.clock())).await
        else {
            return Ok(());
        };
        let shop =
            Arc::new(rules::shop(&self.settings, &self.keys.admin_ids, &bot_name, self.doors.server_key));
        // Set once, here: nobody else holds the cell to set it.
        let shop = self.shop.get_or_init(|| shop).clone();
        self.doors.health.telegram_answered();
        let engine = workers::Engine {
            store: self.store.clone(),
            shop,
            gateway: self.gateway.clone(),
            provider: self.provider,
            data_dir: self.settings.data_dir.clone(),
            callback_base: self.settings.webhook_base_url.clone(),
            send_per_second: self.settings.send_per_second,
            min_free_disk_bytes: self.settings.min_free_disk_bytes,
            stop: stop.clone(),
        };
        workers::jobs::recover(&engine).await?;
        tasks.spawn(workers::inbox::run(engine.clone()));
        tasks.spawn(workers::outbox::run(engine.clone()));
        tasks.spawn(workers::compare::run(engine.clone()));
        tasks.spawn(workers::looks::run(engine.clone()));
        tasks.spawn(workers::jobs::run(engine.clone()));
        tasks.spawn(workers::sweep::run(engine));
        tasks.spawn(menu(self.gateway.clone(), self.store.clock().clone(), stop.clone()));
        let intake = intake::Intake {
            gateway: self.gateway,
            store: self.store.clone(),
            bot: self.keys.bot_id,
            webhook: intake::webhook_of(&self.settings, self.webhook_secret)?,
        };
        tasks.spawn(intake.run(stop.clone()));
        tracing::info!(bot = bot_name, "ready");
        wait(tasks, &stop, &self.doors.health).await;
        Ok(())
    }
}

/// Waits for the stop, then for the tasks. A task that panicked takes the process along: it starts
/// again from the file.
async fn wait(mut tasks: JoinSet<()>, stop: &CancellationToken, health: &Health) {
    let ended = |ended: Result<(), tokio::task::JoinError>| {
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(one) = tasks.join_next() => ended(one),
        }
    }
    health.stopping();
    let rest = async {
        while let Some(one) = tasks.join_next().await {
            ended(one);
        }
    };
    if tokio::time::timeout(GRACE, rest).await.is_err() {
        tracing::warn!("what was under way did not end in time; it goes on at the next start");
    }
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|why| StartError::Listen { setting, address, why })
}

/// Answers the command line. The service goes on without; a command then says that it is silent.
async fn answer_operators(store: Store, socket: PathBuf, stop: CancellationToken) {
    if let Err(error) = control::serve(store, &socket, stop).await {
        tracing::error!(%error, "the command line cannot reach the service");
    }
}

/// Asks Telegram who the bot is until it answers; gives the bot's @name.
async fn greet(gateway: &dyn Gateway, clock: &Clock) -> String {
    let patience = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .without_max_times();
    for pause in patience.build() {
        match gateway.me().await {
            Ok(me) => return me.username,
            Err(error) => tracing::warn!(%error, "Telegram has not said who the bot is; asking again"),
        }
        clock.sleep(pause).await;
    }
    String::new()
}

/// Sets the menu of commands; tried until it works, since nothing depends on it.
async fn menu(gateway: Arc<dyn Gateway>, clock: Clock, stop: CancellationToken) {
    let describe = |lang: Lang, name: &str| texts::say(lang, &format!("command-{name}"), &[]);
    while let Err(error) = setup::set_menu(gateway.as_ref(), describe).await {
        tracing::warn!(%error, "the menu of commands could not be set; trying again in a minute");
        if stop.run_until_cancelled(clock.sleep(Duration::from_secs(60))).await.is_none() {
            return;
        }
    }
}

/// The secret Telegram sends along: the setting, or one made at random and kept.
async fn webhook_secret(settings: &Settings, store: &Store) -> Result<SecretString, Fault> {
    if let Some(secret) = &settings.telegram_webhook_secret_token {
        return Ok(secret.clone());
    }
    let mut fresh = [0u8; 32];
    getrandom::fill(&mut fresh).map_err(|error| Fault::Bug(format!("no randomness: {error}")))?;
    let fresh = hex::encode(fresh);
    let kept = store.write("webhook-secret", move |tx| match tx.note::<String>("webhook_secret")? {
        Some(kept) => Ok(kept),
        None => tx.put_note("webhook_secret", &fresh).map(|()| fresh.clone()),
    });
    kept.await.map(SecretString::from)
}

async fn server_key(store: &Store) -> Result<[u8; 32], Fault> {
    let key = store.read(|view| view.note::<[u8; 32]>("server_key")).await?;
    key.ok_or_else(|| Fault::Bug("the store has no key of its own".to_owned()))
}
