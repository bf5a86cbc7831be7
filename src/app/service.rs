//! The service without its sockets: what answers over HTTP, and the loops that work. The simulator
//! runs the same one, with other ends to its seams.

use super::{StartError, intake, rules};
use crate::config::{BotMode, Keys, Settings};
use crate::flow::Shop;
use crate::http::{self, Doors, Health, SelfSigned, WebhookDoor};
use crate::message::{Lang, Urgency};
use crate::provider::Provider;
use crate::shelf::Keeper;
use crate::store::{Fault, Store};
use crate::telegram::{Gateway, setup};
use crate::texts;
use crate::time::Clock;
use crate::workers;
use axum::Router;
use backon::{BackoffBuilder, ExponentialBuilder};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What is under way gets so long to end after the stop.
const GRACE: Duration = Duration::from_secs(25);

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
    shop: Arc<OnceLock<Arc<Shop>>>,
    seams: Seams,
    keeper: Arc<Keeper>,
    webhook_secret: SecretString,
    certificate: Option<Arc<SelfSigned>>,
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
        workers::backup::begin(&store, settings.backups.stream).await?;
        let shop = Arc::new(OnceLock::new());
        let keeper = Keeper::of(&settings).map_err(|error| StartError::Settings(error.to_string()))?;
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
        Ok(Self {
            store,
            settings,
            keys,
            doors,
            shop,
            seams,
            keeper: Arc::new(keeper),
            webhook_secret,
            certificate: None,
        })
    }

    /// The same, giving Telegram this certificate along with the webhook's address.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Option<Arc<SelfSigned>>) -> Self {
        self.certificate = certificate;
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
        http::admin_router(self.doors.clone(), metrics)
    }

    /// Works until `stop`; then lets what is under way end, `doors` included, for 25 s at most.
    pub async fn run(self, doors: JoinSet<()>, stop: CancellationToken) -> Result<(), StartError> {
        let Seams { gateway, provider } = self.seams;
        let mut tasks = doors;
        let Some(bot_name) = stop.run_until_cancelled(greet(gateway.as_ref(), self.store.clock())).await
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
            gateway: gateway.clone(),
            bot: self.keys.bot_id,
            provider,
            data_dir: self.settings.data_dir.clone(),
            callback_base: self.settings.callback_base().cloned(),
            send_per_second: self.settings.send_per_second,
            credit_alert: self.settings.kie_credit_alert,
            min_free_disk_bytes: self.settings.min_free_disk_bytes,
            keeper: self.keeper.clone(),
            backups: workers::backup::Schedule::of(&self.settings.backups),
            stop: stop.clone(),
        };
        workers::jobs::recover(&engine).await;
        tasks.spawn(workers::inbox::run(engine.clone(), Urgency::Urgent));
        tasks.spawn(workers::inbox::run(engine.clone(), Urgency::Usual));
        tasks.spawn(workers::outbox::run(engine.clone()));
        tasks.spawn(workers::compare::run(engine.clone()));
        tasks.spawn(workers::looks::run(engine.clone()));
        tasks.spawn(workers::jobs::run(engine.clone()));
        tasks.spawn(workers::stars::run(engine.clone()));
        tasks.spawn(workers::backup::run(engine.clone()));
        tasks.spawn(workers::sweep::run(engine));
        tasks.spawn(menu(gateway.clone(), self.store.clock().clone(), stop.clone()));
        let intake = intake::Intake {
            gateway,
            store: self.store.clone(),
            bot: self.keys.bot_id,
            webhook: intake::webhook_of(&self.settings, self.webhook_secret)?,
            certificate: self.certificate,
        };
        tasks.spawn(intake.run(stop.clone()));
        tracing::info!(bot = bot_name, "ready");
        wait(tasks, &stop, &self.doors.health).await;
        workers::backup::end(&self.keeper, &self.store, self.settings.backups.stream).await;
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
            biased;
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

/// Asks Telegram who the bot is until it answers; gives the bot's @name.
async fn greet(gateway: &dyn Gateway, clock: &Clock) -> String {
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
