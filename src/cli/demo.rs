//! `samovar demo --script`: the real service against the sandbox, a sale played in the terminal.
//!
//! The service runs as a child process, the very binary that `samovar run` is, on a temporary
//! directory; Telegram and KIE are the sandbox in this process. Customers act, and what the sandbox
//! received is compared with what it should have: each comparison is a `✓` line, the first that
//! fails ends the demo. **Invariant:** nothing is read from or written to the operator's settings and data.

mod customer;
mod failed;
mod scenes;
mod screen;
mod service;

pub use failed::Failed;

use crate::sandbox::telegram::Bot;
use crate::sandbox::{self, Sandbox};
use screen::Screen;
use service::Service;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// The bot's token in the sandbox: of the right shape, and of no use anywhere else.
const TOKEN: &str = "4242:sandbox-sandbox-sandbox-sandbox-sandb";
/// Wider than this a chat is hard to read.
const MAX_WIDTH: usize = 88;
const MIN_WIDTH: usize = 48;
/// Telegram repeats a webhook that failed; here it does so sooner, to keep the demo short.
const RETRY_SCALE_PERMILLE: u32 = 50;

/// Where the play takes place.
pub struct Stage {
    /// The `samovar` binary.
    pub program: PathBuf,
    /// The Telegram and the KIE to play against. Its bot must be the one of [`Stage::set`].
    pub sandbox: Sandbox,
    /// How wide lines may be, in columns.
    pub width: usize,
    /// Whether to write colours.
    pub colour: bool,
}

impl Stage {
    /// A stage for this binary with a well-behaved sandbox; plain text, 80 columns.
    ///
    /// # Errors
    /// When the sandbox cannot listen.
    pub async fn set(program: PathBuf) -> io::Result<Self> {
        let bot =
            Bot { token: TOKEN.to_owned(), retry_scale_permille: RETRY_SCALE_PERMILLE, ..Bot::default() };
        let account = sandbox::kie::Account { callback_retry_ms: 100, ..sandbox::kie::Account::default() };
        let sandbox =
            Sandbox::start(sandbox::Settings { bot, account, ..sandbox::Settings::default() }).await?;
        Ok(Self { program, sandbox, width: 80, colour: false })
    }
}

/// Plays the whole script and writes it to `out` as it goes. The child process and its directory are
/// gone when this returns, however it went.
///
/// # Errors
/// The first thing that was not as it should be.
pub async fn play(stage: Stage, out: &mut (dyn Write + Send)) -> Result<(), Failed> {
    let home = tempfile::Builder::new().prefix("samovar-demo-").tempdir()?;
    let service = Service::new(&stage, TOKEN, home.path())?;
    let screen = Screen::new(out, stage.width, stage.colour);
    let mut play = customer::Play::new(stage.sandbox, service, screen);
    let played = scenes::all(&mut play).await;
    // What still runs may write below the directory that goes now.
    play.service.kill().await?;
    home.close()?;
    played
}

/// Plays the demo on this terminal; gives the exit code.
pub(super) fn run(script: bool) -> u8 {
    if !script {
        eprintln!("a chat in the browser comes later; `samovar demo --script` plays a sale in the terminal");
        return 2;
    }
    let runtime = match Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the demo cannot start: {error}");
            return 1;
        }
    };
    let played = runtime.block_on(async {
        tokio::select! {
            biased;
            played = on_this_terminal() => played,
            stopped = stop_signal() => Err(stopped.map_or_else(Failed::from, |()| Failed::Stopped)),
        }
    });
    // A request that the child left hanging is nobody's any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match played {
        Ok(()) => 0,
        Err(failed) => {
            eprintln!("\n{failed}");
            1
        }
    }
}

async fn on_this_terminal() -> Result<(), Failed> {
    let mut stage = Stage::set(std::env::current_exe()?).await?;
    let terminal = console::Term::stdout();
    if io::stdout().is_terminal() {
        stage.width = usize::from(terminal.size().1).clamp(MIN_WIDTH, MAX_WIDTH);
        stage.colour = console::colors_enabled();
    }
    play(stage, &mut io::stdout()).await
}

/// Comes back when somebody stops the demo.
async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
