//! Assembly: `bind` opens everything and listens, `run` works until it is told to stop, and then
//! lets what is under way end. The same calls serve `main`, the demo and the tests.

mod intake;
mod notify;
mod passed;
pub(crate) mod rules;
mod service;

pub use passed::Passed;
pub use service::{Seams, Service};

use crate::config::{Keys, Settings};
use crate::control;
use crate::http::{self, Guard, GuardError};
use crate::provider::kie::{Kie, Options, Timeouts as KieTimeouts};
use crate::store::{Engine, Fault, Lock, OpenError, Store};
use crate::telegram::{Telegram, Timeouts};
use crate::time::Clock;
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often what was measured is summed up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why the service did not start. Nothing was sold; of the file no more changed than opening it does: it may have
/// been made, mended or upgraded.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store's own notes.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// An address cannot be listened on.
    #[error("{setting} {address} cannot be listened on: {why}; {}", listen_advice(.why))]
    Listen {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// What the service needs of the machine cannot be had now.
    #[error("{what}: {why}")]
    Machine {
        /// What is missing, and for what.
        what: &'static str,
        /// What the system said.
        why: io::Error,
    },
    /// The settings are wrong in a way that only the whole can tell.
    #[error("{0}")]
    Settings(String),
}

impl From<GuardError> for StartError {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::Machine(why) => Self::Machine { what: "TLS cannot be set up", why },
            GuardError::Settings(why) => Self::Settings(format!("TLS cannot be set up: {why}")),
        }
    }
}

/// What to do about an address that cannot be listened on.
fn listen_advice(why: &io::Error) -> &'static str {
    if why.kind() == io::ErrorKind::AddrInUse {
        "stop the program that has it, or set another port"
    } else if why.kind() == io::ErrorKind::PermissionDenied {
        "ports below 1024 are root's: set another, behind a proxy or a socket unit"
    } else {
        "set an address that this machine has"
    }
}

/// What one start needs beside its settings.
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// Drives the store's writer: a thread in the service, step by step in tests. It holds the data directory until the
    /// writer has closed the file: nobody else may find that open.
    pub drive: Box<dyn FnOnce(Engine, Lock) + Send>,
    /// Already listening, if somebody else opened the port.
    pub listener: Option<TcpListener>,
    /// The same for the port of `/metrics`.
    pub admin_listener: Option<TcpListener>,
    /// What `/metrics` shows; without it there is no such page.
    pub metrics: Option<PrometheusHandle>,
}

impl Parts {
    /// As the service runs: the machine's clock and a thread for the writer. The channel ends when that has closed
    /// the file and given the data directory up, once nobody has the store any more.
    pub fn usual() -> (Self, mpsc::Receiver<()>) {
        let (closing, closed) = mpsc::channel();
        let write = move |engine, lock: Lock| {
            drive_or_die(engine);
            drop(lock);
            drop(closing);
        };
        let parts = Self {
            clock: Clock::system(),
            drive: Box::new(|engine, lock| drop(std::thread::spawn(|| write(engine, lock)))),
            listener: None,
            admin_listener: None,
            metrics: None,
        };
        (parts, closed)
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
    service: Service,
    listener: TcpListener,
    guard: Option<Guard>,
    admin: Option<(TcpListener, PrometheusHandle)>,
    socket: PathBuf,
}

impl App {
    /// Takes the data directory, opens the store, and listens.
    pub async fn bind(settings: Settings, keys: Keys, parts: Parts) -> Result<Self, StartError> {
        let seams = check(&settings, &keys, &parts.clock)?;
        let lock = Lock::take(&settings.data_dir)?;
        let (store, engine) = Store::open(&settings.data_dir, parts.clock)?;
        (parts.drive)(engine, lock);
        let socket = control::socket_path(&settings.data_dir);
        let (public, private) = (settings.listen, settings.admin_listen);
        let guard = Guard::new(&settings, store.clock().now().at)?;
        let own = guard.as_ref().and_then(|guard| guard.own.clone());
        let ends = guard.as_ref().map(|guard| guard.ends.clone());
        let service = Service::assemble(settings, keys, store, seams).await?.with_certificate(own, ends);
        let listener = match parts.listener {
            Some(listener) => listener,
            None => listen("LISTEN", public).await?,
        };
        let admin = match (parts.metrics, parts.admin_listener) {
            (Some(handle), Some(listener)) => Some((listener, handle)),
            (Some(handle), None) => Some((listen("ADMIN_LISTEN", private).await?, handle)),
            (None, _) => None,
        };
        Ok(Self { service, listener, guard, admin, socket })
    }

    /// Where the public port listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The store, for the control socket, the demo and tests.
    pub fn store(&self) -> &Store {
        self.service.store()
    }

    /// Serves until `stop`; then takes nothing new and lets what is under way end, for 23 s at most.
    pub async fn run(self, stop: CancellationToken) {
        let mut doors = JoinSet::new();
        let tls = self.guard.as_ref().map(|guard| guard.acceptor.clone());
        doors.spawn(http::serve(self.listener, self.service.router(), tls, stop.clone()));
        if let Some(guard) = self.guard {
            doors.spawn(guard.keep(stop.clone()));
        }
        if let Some((listener, handle)) = self.admin {
            doors.spawn(keep_up(handle.clone(), stop.clone()));
            let router = self.service.admin_router(handle);
            doors.spawn(http::serve(listener, router, None, stop.clone()));
        }
        let (store, health) = (self.service.store().clone(), self.service.health());
        doors.spawn(notify::run(store, health, stop.clone()));
        doors.spawn(answer_operators(&self.service, self.socket, stop.clone()));
        self.service.run(doors, stop).await;
    }
}

/// All that a start asks of the settings beside their own reading; gives the ways out that they make. Files that
/// they name are read, and nothing is written.
pub(crate) fn check(settings: &Settings, keys: &Keys, clock: &Clock) -> Result<Seams, StartError> {
    rules::check_free_tier(settings)?;
    intake::webhook_url(settings)?;
    service::keeper(settings)?;
    Guard::check(settings)?;
    let (gateway, provider) = (telegram(settings, keys)?, kie(settings, keys, clock)?);
    Ok(Seams { gateway: Arc::new(gateway), provider: Arc::new(provider) })
}

/// Telegram, over the network.
pub(crate) fn telegram(settings: &Settings, keys: &Keys) -> Result<Telegram, StartError> {
    let telegram = Telegram::new(
        keys.telegram_bot_token.clone(),
        settings.telegram_api_url.clone(),
        settings.data_dir.clone(),
        Timeouts::default(),
    );
    let telegram = telegram.map_err(|error| StartError::Settings(format!("TELEGRAM_API_URL: {error}")))?;
    Ok(telegram.with_cards(settings.payment_provider_token.clone()))
}

/// KIE, over the network.
pub(crate) fn kie(settings: &Settings, keys: &Keys, clock: &Clock) -> Result<Kie, StartError> {
    Kie::new(kie_options(settings, keys), clock).map_err(|error| StartError::Settings(error.to_string()))
}

/// What KIE needs to be spoken to, from the settings.
pub(crate) fn kie_options(settings: &Settings, keys: &Keys) -> Options {
    Options {
        base_url: settings.kie_base_url.clone(),
        upload_url: settings.kie_upload_url.clone(),
        key: keys.kie_api_key.clone(),
        result_hosts: settings.result_hosts.clone(),
        timeouts: KieTimeouts::default(),
    }
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|why| StartError::Listen { setting, address, why })
}

/// Sums up what was measured, so that it does not gather where nobody asks for it.
async fn keep_up(metrics: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(UPKEEP_EVERY)).await.is_some() {
        metrics.run_upkeep();
    }
}

/// Answers the command line. The service goes on without; a command then says that it is silent.
fn answer_operators(
    service: &Service,
    socket: PathBuf,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (store, keeper, health) = (service.store().clone(), service.keeper().clone(), service.health());
    async move {
        if let Err(error) = control::serve(store, keeper, health, &socket, stop).await {
            tracing::error!(%error, "the command line cannot reach the service");
        }
    }
}
