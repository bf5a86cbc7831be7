//! A Telegram and a KIE of our own, good enough to run the whole service unchanged through
//! `TELEGRAM_API_URL` and `KIE_BASE_URL`: for the demo, for tests and for the simulator.
//!
//! Each is a pure state machine ([`telegram::World`], [`kie::World`]) behind a short lock
//! ([`Shared`]); [`Sandbox`] adds real sockets on ports of the system's choice.
//! **Invariant:** a world never reads a clock, draws a random number or waits.

pub mod disk;
pub mod kie;
pub mod media;
mod shared;
mod shell;
pub mod telegram;
pub mod wire;

pub use shared::{Shared, TimedOut};

use crate::carrier::Outlet;
use crate::time::Clock;
use axum::Router;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct Settings {
    /// The bot and its Telegram.
    pub bot: telegram::Bot,
    /// The account and its KIE.
    pub account: kie::Account,
    /// The time of both.
    pub clock: Clock,
    /// Whether Telegram posts updates to the webhook by itself; else whoever plays with it does, by
    /// [`telegram::World::next_post`].
    pub posts_updates: bool,
    /// Where Telegram listens.
    pub telegram_address: SocketAddr,
    /// Where KIE listens.
    pub kie_address: SocketAddr,
}

impl Default for Settings {
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            bot: telegram::Bot::default(),
            account: kie::Account::default(),
            clock: Clock::system(),
            posts_updates: true,
            telegram_address: any_port,
            kie_address: any_port,
        }
    }
}

/// Both worlds, and what answers for them, without a socket: whoever holds them carries requests to
/// the routers, and [`Worlds::live`] carries updates and callbacks out.
#[derive(Clone)]
pub struct Worlds {
    /// The Telegram world.
    pub telegram: Shared<telegram::World>,
    /// The KIE world.
    pub kie: Shared<kie::World>,
}

/// What answers for the worlds.
#[derive(Clone)]
pub struct Routers {
    /// The Bot API.
    pub telegram: Router,
    /// KIE's API, and the files of its results.
    pub kie: Router,
}

impl Worlds {
    /// Two worlds in which nothing has happened; KIE's results will be under `kie_url`.
    pub fn new(bot: telegram::Bot, account: kie::Account, clock: Clock, kie_url: &str) -> Self {
        Self {
            telegram: Shared::new(telegram::World::new(bot), clock.clone()),
            kie: Shared::new(kie::World::new(account, kie_url), clock),
        }
    }

    /// What answers for them until `stop`; through `outlet` Telegram fetches what it is given links to.
    pub fn routers(&self, outlet: Outlet, stop: &CancellationToken) -> Routers {
        Routers {
            telegram: telegram::router(self.telegram.clone(), outlet, stop.clone()),
            kie: kie::router(self.kie.clone(), stop.clone()),
        }
    }

    /// Posts updates and callbacks through `outlet` and ends tasks when their time comes, until `stop`.
    pub fn live(&self, outlet: &Outlet, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
        tasks.spawn(telegram::deliver(self.telegram.clone(), outlet.clone(), stop.clone()));
        self.call_back(outlet, stop, tasks);
    }

    fn call_back(&self, outlet: &Outlet, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
        tasks.spawn(kie::call_back(self.kie.clone(), outlet.clone(), stop.clone()));
    }
}

/// A running sandbox. Dropped, it stops as after [`Sandbox::shutdown`], without waiting.
pub struct Sandbox {
    /// The Telegram world.
    pub telegram: Shared<telegram::World>,
    /// The KIE world.
    pub kie: Shared<kie::World>,
    telegram_url: String,
    kie_url: String,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

fn client() -> io::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(io::Error::other)
}

impl Sandbox {
    /// Listens and serves. When this returns, requests are taken.
    ///
    /// # Errors
    /// When a socket cannot be bound or the HTTP client not be made.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let (stop, outlet) = (CancellationToken::new(), Outlet::from(client()?));
        let (telegram_socket, telegram_url) = shell::listen(settings.telegram_address).await?;
        let (kie_socket, kie_url) = shell::listen(settings.kie_address).await?;
        let worlds = Worlds::new(settings.bot, settings.account, settings.clock, &kie_url);
        let routers = worlds.routers(outlet.clone(), &stop);
        let mut tasks = JoinSet::new();
        tasks.spawn(shell::serve(telegram_socket, routers.telegram, stop.clone()));
        tasks.spawn(shell::serve(kie_socket, routers.kie, stop.clone()));
        if settings.posts_updates {
            worlds.live(&outlet, &stop, &mut tasks);
        } else {
            worlds.call_back(&outlet, &stop, &mut tasks);
        }
        let Worlds { telegram, kie } = worlds;
        Ok(Self { telegram, kie, telegram_url, kie_url, stop, tasks })
    }

    /// For `TELEGRAM_API_URL`.
    pub fn telegram_url(&self) -> &str {
        &self.telegram_url
    }

    /// For `KIE_BASE_URL`.
    pub fn kie_url(&self) -> &str {
        &self.kie_url
    }

    /// Stops listening and posting; open requests are hung up.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests;
