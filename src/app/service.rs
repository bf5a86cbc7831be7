//! The service without its sockets: what answers over HTTP, and the loops that work. The simulator
//! runs the same one, with other ends to its seams.

use super::{StartError, intake, rules};
use crate::config::{BotMode, Keys, Settings};
use crate::flow::Shop;
use crate::http::{self, Doors, Ends, Health, SelfSigned, WebhookDoor};
use crate::message::{Lang, Urgency};
use crate::provider::Provider;
use crate::shelf::Keeper;
use crate::store::{Fault, Store};
use crate::telegram::{CallError, Gateway, Webhook, setup};
use crate::texts;
use crate::time::Clock;
use crate::workers;
use axum::Router;
use backon::{BackoffBuilder, ExponentialBuilder};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// What is under way gets so long to end after the stop. The last shipment of changes (4 s) and the closing of the file
/// (2 s) come after it, and all of it within the 30 s that are promised.
const GRACE: Duration = Duration::from_secs(23);

/// The ways out.
pub struct Seams {
    /// Telegram.
    pub gateway: Arc<dyn Gateway>,
    /// Whoever makes the pictures.
    pub provider: Arc<dyn Provider>,
}

/// The service, put together and not yet working.
pub struct Service {
    store: Store,
    settings: Settings,
    keys: Keys,
    doors: Arc<Doors>,
    seams: Seams,
    keeper: Arc<Keeper>,
    webhook: Option<Webhook>,
    certificate: Option<Arc<SelfSigned>>,
    ends: Option<Ends>,
}

impl Service {
    /// Puts it together on an open store whose writer is being driven.
    pub async fn assemble(
        settings: Settings,
        keys: Keys,
        store: Store,
        seams: Seams,
    ) -> Result<Self, StartError> {
        let webhook_secret = webhook_secret(&settings, &store).await?;
        let server_key = server_key(&store).await?;
        workers::stars::begin(&store, keys.bot_id).await?;
        workers::backup::begin(&store, &settings.backups).await?;
        let keeper = keeper(&settings)?;
        let is_webhook = settings.bot_mode == BotMode::Webhook;
        let webhook = intake::webhook_of(&settings, webhook_secret.clone())?;
        let doors = Arc::new(Doors {
            store: store.clone(),
            bot: keys.bot_id,
            server_key,
            shop: Arc::new(rules::shop(&settings, &keys.admin_ids, server_key)),
            webhook: is_webhook.then(|| WebhookDoor {
                path: settings.telegram_webhook_path.clone(),
                secret: webhook_secret,
            }),
            kie_hmac_key: settings.kie_webhook_hmac_key.clone(),
            unsigned_told: AtomicBool::new(false),
            health: Arc::new(Health::default()),
        });
        let keeper = Arc::new(keeper);
        Ok(Self { store, settings, keys, doors, seams, keeper, webhook, certificate: None, ends: None })
    }

    /// The same behind TLS: with a certificate to give to Telegram along with the webhook's address, if it is
    /// of our own making, and with how to look when the one that callers are shown ends.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Option<Arc<SelfSigned>>, ends: Option<Ends>) -> Self {
        (self.certificate, self.ends) = (certificate, ends);
        self
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What only the running process knows about itself.
    pub fn health(&self) -> Arc<Health> {
        self.doors.health.clone()
    }

    /// What makes its backups.
    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// What answers on the public port.
    pub fn router(&self) -> Router {
        http::router(self.doors.clone())
    }

    /// What answers on the operator's port.
    pub fn admin_router(&self, metrics: PrometheusHandle) -> Router {
        http::admin_router(self.doors.clone(), self.keeper.place_id(), metrics)
    }

    /// Works until `stop`; then lets what is under way end, `doors` included, for 23 s at most. What needs
    /// no Telegram begins at once, and the end is the same before Telegram has answered.
    pub async fn run(self, doors: JoinSet<()>, stop: CancellationToken) {
        let mut tasks = doors;
        let engine = self.engine(&stop);
        tasks.spawn(workers::backup::run(engine.clone()));
        tasks.spawn(workers::sweep::run(engine.clone()));
        if let Some(ends) = self.ends {
            tasks.spawn(workers::certificate::run(engine.clone(), ends));
        }
        // Before there are new orders: what it finds is an earlier life's.
        beside(&mut tasks, workers::jobs::recover(&engine)).await;
        tasks.spawn(workers::jobs::run(engine.clone()));
        tasks.spawn(workers::compare::run(engine.clone()));
        let greeting =
            stop.run_until_cancelled(greet(engine.gateway.as_ref(), self.store.clock(), &self.doors.health));
        if let Some(bot_name) = beside(&mut tasks, greeting).await {
            tracing::info!(bot = bot_name, "ready");
            let intake = intake::Intake {
                gateway: engine.gateway.clone(),
                store: self.store.clone(),
                bot: self.keys.bot_id,
                webhook: self.webhook,
                certificate: self.certificate,
            };
            converse(&mut tasks, engine, bot_name);
            tasks.spawn(intake.run(stop.clone()));
            self.doors.health.telegram_answered();
            beside(&mut tasks, stop.cancelled()).await;
        }
        self.doors.health.stopping();
        if tokio::time::timeout(GRACE, ended(tasks)).await.is_err() {
            tracing::warn!("what was under way did not end in time; it goes on at the next start");
        }
        workers::backup::end(&self.keeper, &self.store, self.settings.backups.stream).await;
    }

    fn engine(&self, stop: &CancellationToken) -> workers::Engine {
        workers::Engine {
            store: self.store.clone(),
            shop: self.doors.shop.clone(),
            gateway: self.seams.gateway.clone(),
            bot: self.keys.bot_id,
            provider: self.seams.provider.clone(),
            data_dir: self.settings.data_dir.clone(),
            callback_base: self.settings.callback_base().cloned(),
            send_per_second: self.settings.send_per_second,
            credit_alert: self.settings.kie_credit_alert,
            min_free_disk_bytes: self.settings.min_free_disk_bytes,
            keeper: self.keeper.clone(),
            backups: workers::backup::Schedule::of(&self.settings.backups),
            stop: stop.clone(),
        }
    }
}

/// What speaks with Telegram, and only once that has said who the bot is.
fn converse(tasks: &mut JoinSet<()>, engine: workers::Engine, bot_name: String) {
    let engine = workers::Engine { shop: Arc::new(Shop { bot_name, ..(*engine.shop).clone() }), ..engine };
    tasks.spawn(workers::inbox::run(engine.clone(), Urgency::Urgent));
    tasks.spawn(workers::inbox::run(engine.clone(), Urgency::Usual));
    tasks.spawn(workers::outbox::run(engine.clone()));
    tasks.spawn(workers::looks::run(engine.clone()));
    tasks.spawn(workers::stars::run(engine.clone()));
    tasks.spawn(menu(engine.gateway.clone(), engine.store.clock().clone(), engine.stop.clone()));
}

/// Waits for something that happens beside the tasks. A task that panics meanwhile takes the process along:
/// it starts again from the file.
async fn beside<R>(tasks: &mut JoinSet<()>, happening: impl Future<Output = R>) -> R {
    let mut happening = pin!(happening);
    loop {
        tokio::select! {
            biased;
            happened = &mut happening => return happened,
            Some(one) = tasks.join_next() => or_panic(one),
        }
    }
}

/// Waits for all of them.
async fn ended(mut tasks: JoinSet<()>) {
    while let Some(one) = tasks.join_next().await {
        or_panic(one);
    }
}

fn or_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Asks Telegram who the bot is until it says; gives the bot's @name.
async fn greet(gateway: &dyn Gateway, clock: &Clock, health: &Health) -> String {
    let patience = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .without_max_times();
    let mut said = None;
    for pause in patience.build() {
        match gateway.me().await {
            Ok(me) => return me.username,
            Err(error) if said.as_ref() == Some(&error) => {}
            Err(error) => {
                health.telegram_knows(error != CallError::Token);
                tracing::warn!(%error, "Telegram has not said who the bot is; asking again");
                said = Some(error);
            }
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

/// What makes backups, as the settings say.
pub(super) fn keeper(settings: &Settings) -> Result<Keeper, StartError> {
    Keeper::of(settings).map_err(|error| StartError::Settings(error.to_string()))
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
