//! Everything that outlives a life of the service: the two worlds, the disk, the network, the notes.

use super::net::{self, Gate, Line, To};
use super::notes::Notes;
use super::weather::Weather;
use crate::app::Seams;
use crate::carrier::Outlet;
use crate::config::{Backups, BotMode, Keys, Settings};
use crate::ids::UserId;
use crate::money::Kopecks;
use crate::provider::kie::{Kie, Outlets};
use crate::sandbox::disk::Disk;
use crate::sandbox::telegram::Bot;
use crate::sandbox::{Worlds, kie};
use crate::simulate::dice::Dice;
use crate::store::Store;
use crate::telegram::{Telegram, Timeouts};
use crate::time::{At, Clock};
use rust_decimal::Decimal;
use secrecy::SecretString;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A Monday in November 2026.
const START: At = At(1_795_431_300_000);
const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The bot's id.
pub(super) const BOT_ID: u64 = 4242;
/// What each new customer is given, in kopecks.
pub(super) const BONUS: i64 = 6_000;
/// The operator.
pub(super) const ADMIN: i64 = 900;

/// Writes requests; carries none.
static BUILDER: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false);
    builder.build().expect("a client that opens no connection")
});

/// The world around the service. Copies share it.
#[derive(Clone)]
pub(super) struct World {
    pub(super) worlds: Worlds,
    pub(super) disk: Disk,
    pub(super) notes: Notes,
    pub(super) weather: Arc<Weather>,
    pub(super) gate: Gate,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    /// The service's own clock and store while it lives.
    alive: Arc<Mutex<Option<(Clock, Store)>>>,
    /// How far the machine's clock is off, in milliseconds.
    skew_ms: Arc<Mutex<i64>>,
    out: Outlet,
    _dir: Arc<TempDir>,
}

impl World {
    /// A world in which nothing has happened, whose posts to the service begin with it.
    pub(super) fn new(notes: Notes, dice: &mut Dice, tasks: &mut JoinSet<()>) -> Self {
        let dir = TempDir::new().expect("a directory for results");
        let clock = Clock::simulated(START);
        let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 300, ..Bot::default() };
        let account = kie::Account {
            small_files: true,
            rate_limited: true,
            seed: dice.roll(u64::MAX),
            credits: Decimal::from(1_000_000),
            ..kie::Account::default()
        };
        let worlds = Worlds::new(bot, account, clock.clone(), net::KIE);
        let weather = Arc::new(Weather::default());
        let gate = Gate::default();
        let mut line =
            |to| Line { notes: notes.clone(), weather: weather.clone(), dice: Mutex::new(dice.fork()), to };
        let inward = Outlet::over(BUILDER.clone(), Arc::new(line(To::Service(gate.clone()))));
        let stop = CancellationToken::new();
        let routers = worlds.routers(inward.clone(), &stop);
        let out = Outlet::over(BUILDER.clone(), Arc::new(line(To::Worlds(routers))));
        worlds.live(&inward, &stop, tasks);
        Self {
            settings: settings(dir.path(), dice),
            worlds,
            disk: Disk::default(),
            notes,
            weather,
            gate,
            clock,
            alive: Arc::default(),
            skew_ms: Arc::default(),
            out,
            _dir: Arc::new(dir),
        }
    }

    /// The keys of the one bot and the one account.
    pub(super) fn keys() -> Keys {
        Keys {
            telegram_bot_token: SecretString::from(TOKEN),
            bot_id: BOT_ID,
            kie_api_key: SecretString::from(kie::Account::default().api_key),
            admin_ids: vec![UserId(ADMIN)],
        }
    }

    /// The service's ways out, as `app` makes them but for who carries the requests.
    pub(super) fn seams(&self, clock: &Clock) -> Seams {
        let (keys, settings) = (Self::keys(), &self.settings);
        let telegram = Telegram::over(
            self.out.clone(),
            keys.telegram_bot_token.clone(),
            settings.telegram_api_url.clone(),
            settings.data_dir.clone(),
            Timeouts::default(),
        );
        let outlets = Outlets {
            orders: self.out.clone(),
            asks: self.out.clone(),
            files: self.out.clone(),
            uploads: self.out.clone(),
        };
        let kie = Kie::over(outlets, crate::app::kie_options(settings, &keys), clock);
        Seams {
            gateway: Arc::new(telegram.expect("an address")),
            provider: Arc::new(kie.expect("a key that can be sent")),
        }
    }

    /// A clock for a new life: the machine's, as it is set.
    pub(super) fn machine_clock(&self) -> Clock {
        Clock::simulated(At(self.clock.now().at.0 + *lock(&self.skew_ms)))
    }

    /// Sets the machine's clock; false when it would be off by more than a day.
    pub(super) fn set_clock(&self, by_ms: i64) -> bool {
        let mut skew_ms = lock(&self.skew_ms);
        if (*skew_ms + by_ms).abs() > 24 * 3_600_000 {
            return false;
        }
        *skew_ms += by_ms;
        if let Some((clock, _)) = lock(&self.alive).as_ref() {
            clock.jump(by_ms);
        }
        true
    }

    /// Somebody sets the machine's clock right.
    pub(super) fn set_clock_right(&self) {
        let skew_ms = *lock(&self.skew_ms);
        self.set_clock(-skew_ms);
    }

    /// The service lives, or no more.
    pub(super) fn lives(&self, alive: Option<(Clock, Store)>) {
        *lock(&self.alive) = alive;
    }

    /// The store while the service lives.
    pub(super) fn store(&self) -> Option<Store> {
        lock(&self.alive).as_ref().map(|(_, store)| store.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Short deadlines, so that an hour of trouble passes in minutes.
fn settings(dir: &std::path::Path, dice: &mut Dice) -> Settings {
    let url = |text: &str| text.parse().expect("an address");
    let is_webhook = !dice.percent(20);
    Settings {
        data_dir: dir.to_owned(),
        telegram_api_url: url(net::TELEGRAM),
        kie_base_url: url(net::KIE),
        kie_upload_url: url(net::KIE),
        bot_mode: if is_webhook { BotMode::Webhook } else { BotMode::Polling },
        webhook_base_url: is_webhook.then(|| url(net::BOT)),
        telegram_webhook_secret_token: Some(SecretString::from("a-secret-of-the-simulation")),
        start_bonus_rub: Kopecks::new(BONUS),
        payment_card: Some("2200 0000 0000 0004".to_owned()),
        free_daily_limit: 1,
        job_deadline: Duration::from_secs(150),
        job_deadline_video: Duration::from_secs(200),
        unknown_deadline: Duration::from_secs(100),
        kie_credit_alert: rust_decimal::Decimal::ZERO,
        min_free_disk_bytes: 0,
        // What backups do is proven elsewhere; here a day passes in no time.
        backups: Backups { every: None, max_age: None, ..Settings::default().backups },
        ..Settings::default()
    }
}
