//! The real binary under load, killed with SIGKILL at random moments, and what it did compared with
//! what the outside saw: nothing acknowledged is lost, nothing is done twice.
//!
//! `samovar run` is a child process in webhook mode; Telegram and KIE are the sandbox, in this
//! process, and forty customers act all the time. A life is killed after a random time, one in eight
//! while it still starts. A copy of the file it left is looked at (the next life opens the file
//! itself, as it was left): `landed` tells between which commits the kill came. When the kills are
//! over a last life works everything off and is stopped by SIGTERM; `compare` then holds the file
//! against everything that Telegram and KIE saw in all lives.
//!
//! The customers' and the provider's dice come from the seed; processes and time are real, so a seed
//! gives a like run, not the same one.

mod compare;
mod landed;
mod load;
mod outside;
mod tally;

use super::left::{self, Depths, audited};
use super::service::{self, Launch, TOKEN};
use super::{budget::Budget, say};
use crate::sandbox::telegram::{Bot, World};
use crate::sandbox::{self, Sandbox, kie};
use landed::{Landed, Life};
use load::Load;
use outside::Mark;
use rust_decimal::Decimal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tally::Tally;
use tempfile::TempDir;

/// Telegram says nothing for so long: whatever is due soon was done.
const QUIET: Duration = Duration::from_secs(2);
/// So often the last life may be stopped and started again before all is worked off.
const LAST_LIVES: u32 = 40;
/// An audit that takes longer than this is made after every tenth kill only.
const QUICK: Duration = Duration::from_millis(50);

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// How often the service is killed
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// What the customers' and the provider's dice begin with
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The service; without it, the `samovar` beside this program
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Print a line for every kill
    #[arg(long)]
    trace: bool,
    #[command(flatten)]
    budget: Budget,
}

/// Runs the proof; an error says what did not hold, and how to see it again.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let program = service::program(arguments.binary.as_deref())?;
    let home = TempDir::new().map_err(|why| format!("no directory for the proof: {why}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|why| why.to_string())?;
    let proven = runtime.block_on(prove(arguments, program, home.path()));
    proven.map_err(|why| {
        let Arguments { kills, seed, .. } = arguments;
        let (again, left) = (format!("simulate kill --kills {kills} --seed {seed}"), home.keep());
        format!("{why}\nA like run: {again}; the data and the service's log are in {}", left.display())
    })
}

async fn prove(arguments: &Arguments, program: PathBuf, home: &Path) -> Result<(), String> {
    let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 20, ..Bot::default() };
    // Enough for any number of kills: without credit nothing is sold any more.
    let account = kie::Account { credits: Decimal::from(1_000_000_000), ..kie::Account::default() };
    let settings = sandbox::Settings { bot, account, ..sandbox::Settings::default() };
    let sandbox = Sandbox::start(settings).await.map_err(|why| format!("no sandbox: {why}"))?;
    let launch = Launch::new(program, home, &sandbox, &[("UNKNOWN_DEADLINE", "3s")])?;
    let mut load = Load::new(arguments.seed, &sandbox);
    let (mut tally, started) = (Tally::default(), Instant::now());
    while arguments.budget.goes_on(tally.kills(), arguments.kills, started) {
        let lived = one_life(&launch, &sandbox, &mut load, tally.audits(QUICK)).await;
        let (landed, audit) = lived.map_err(|why| format!("kill {}: {why}", tally.kills() + 1))?;
        tally.add(&landed, audit);
        load.are_reading(landed.behind.clone());
        if arguments.trace {
            say(&format!("kill {}: {landed}", tally.kills()))?;
        } else if tally.kills().is_multiple_of(100) {
            say(&format!("{} kills, {} s", tally.kills(), started.elapsed().as_secs()))?;
        }
    }
    load::calm(&sandbox);
    settle(&launch, &sandbox, &mut tally).await?;
    let books = left::inspect(home, |view| compare::compare(view, &sandbox, &load, &tally))?;
    compare::nothing_was_mended(home)?;
    for line in tally.lines().into_iter().chain(books.lines()) {
        say(&line)?;
    }
    say(&format!("seed {}, {} s", arguments.seed, started.elapsed().as_secs()))?;
    tally.is_enough(&books)
}

/// One life and its end; gives where the kill landed and how long the audit took, if one was made.
async fn one_life(
    launch: &Launch,
    sandbox: &Sandbox,
    load: &mut Load,
    audits: bool,
) -> Result<(Landed, Option<Duration>), String> {
    let mark = Mark::of(sandbox);
    let mut service = launch.start()?;
    let born = Instant::now();
    let posts = if load.is_early() {
        tokio::time::sleep(load.early_death()).await;
        None
    } else {
        service.speaks(sandbox, |world| mark.is_past(world)).await?;
        let posts = sandbox.telegram.look(outside::posts);
        let death = load.death();
        load.play(sandbox, death).await?;
        Some(posts)
    };
    let (posted, at_ms) = sandbox.telegram.act(|world, now| (outside::posted(world, posts.as_ref()), now));
    let lived = born.elapsed();
    service.kill().await?;
    let life = Life { mark, posted, at_ms, lived, started: posts.is_some() };
    left::inspect(launch.home(), |view| {
        let landed = landed::tell(view, sandbox, life)?;
        let audit = if audits { Some(audited(view)?) } else { None };
        Ok((landed, audit))
    })
}

/// Lets the last life work everything off and stops it cleanly; begins anew while something waits
/// for its time.
async fn settle(launch: &Launch, sandbox: &Sandbox, tally: &mut Tally) -> Result<(), String> {
    let mut waiting = Depths::default();
    for _ in 0..LAST_LIVES {
        let mut service = launch.start()?;
        service.is_ready(launch.port()).await?;
        let calls = || sandbox.telegram.look(|world| world.seen().len());
        let mut before = calls();
        let next = |before| move |world: &World| (world.seen().len() > before).then_some(());
        while sandbox.telegram.wait(next(before), QUIET).await.is_ok() {
            before = calls();
        }
        service.stop().await?;
        let waits = sandbox.telegram.look(World::pending_updates);
        waiting = left::inspect(launch.home(), |view| {
            tally.left_unnoted(landed::unnoted(view)?);
            left::depths(view)
        })?;
        if waiting == Depths::default() && waits == 0 {
            return Ok(());
        }
    }
    Err(format!("the last lives did not work everything off: {waiting:?}"))
}
