//! How much the real binary bears, and what it costs: `samovar run` is a child process in webhook mode,
//! Telegram and KIE are the sandbox, in this process, and thousands of customers look at menus and order
//! pictures.
//!
//! Updates are sent when their time comes, not when the one before was answered, and every time counts
//! from then: a service that stops for a second cannot hide it. What this program itself uses of the
//! processor is told too, since both share the machine.
//!
//! It fails when something acknowledged had no effect or when `samovar audit` fails. A target that was
//! missed is marked and fails nothing.

mod customers;
mod figures;
mod gauge;
mod play;
mod post;
mod storm;

use super::left::{self, Depths, all_handled};
use super::say;
use super::service::{self, Launch, Service, TOKEN};
use crate::sandbox::kie::Script;
use crate::sandbox::telegram::Bot;
use crate::sandbox::{self, Sandbox, kie};
use crate::time::Clock;
use customers::Customers;
use figures::{Table, Times, hundredths, megabytes, per_second, shown};
use gauge::{Gauge, syncs, usage};
use play::{Pace, Play};
use post::Poster;
use rust_decimal::Decimal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long the service does nothing before its memory is measured, if the load takes as long.
const IDLE: Duration = Duration::from_secs(10);
/// How long KIE takes for a picture.
const PICTURE_MS: u64 = 2_000;
/// What was sent must be answered within this after the load.
const PATIENCE: Duration = Duration::from_secs(150);
/// What an acknowledgement, and an answer, may take.
const ACK: Duration = Duration::from_millis(10);
const REPLY: Duration = Duration::from_millis(30);
/// What a 503 may take, with hundreds of posts at once on a processor that is all in use.
const REFUSAL: Duration = Duration::from_millis(100);
/// What the answer to who is about to pay may take; Telegram waits for ten seconds.
const CHECKOUT: Duration = Duration::from_secs(2);
/// How much memory the service may have before the load, and under it.
const IDLE_MB: u64 = 30;
const LOADED_MB: u64 = 60;

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Updates a second, whatever becomes of them; 0: as many as go, as with --flat-out
    #[arg(long, default_value_t = 200, value_name = "RATE")]
    updates: u32,
    /// For how long [default: 60, with --storm 5]
    #[arg(long)]
    seconds: Option<u64>,
    /// As many as go: so many customers at once (--connections) act again as soon as they have their answer
    #[arg(long, conflicts_with = "updates")]
    flat_out: bool,
    /// Ten times more than go, from people who do not wait for answers
    #[arg(long, conflicts_with_all = ["updates", "flat_out"])]
    storm: bool,
    /// How many posts Telegram makes at once [default: as many as the service asks for; with --flat-out
    /// 64, with --storm 600]
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// How many customers there are [default: 5000, with --storm 20000]
    #[arg(long, value_name = "N")]
    customers: Option<usize>,
    /// The service; without it, the `samovar` beside this program
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// The service begins with a copy of this file (an earlier samovar.redb)
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// What the customers' dice begin with
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    fn is_closed(&self) -> bool {
        self.flat_out || self.updates == 0
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.storm { 5 } else { 60 }))
    }

    fn connections(&self) -> Option<usize> {
        let usual = if self.storm { Some(600) } else { self.is_closed().then_some(64) };
        self.connections.or(usual)
    }

    fn customers(&self) -> usize {
        self.customers.unwrap_or(if self.storm { 20_000 } else { 5_000 })
    }
}

/// Runs it; an error says what did not hold.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let program = service::program(arguments.binary.as_deref())?;
    let home = TempDir::new().map_err(|why| format!("no directory for the play: {why}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|why| why.to_string())?;
    let played =
        Stage::set(arguments, program, home.path(), &runtime).and_then(|stage| stage.play(arguments));
    played.map_err(|why| format!("{why}\nThe data and the service's log are in {}", home.keep().display()))
}

/// All that a play needs, with the service idle.
struct Stage<'a> {
    runtime: &'a Runtime,
    sandbox: Sandbox,
    launch: Launch,
    service: Service,
    play: Arc<Play>,
    table: Table,
}

impl<'a> Stage<'a> {
    fn set(
        arguments: &Arguments,
        program: PathBuf,
        home: &Path,
        runtime: &'a Runtime,
    ) -> Result<Self, String> {
        if let Some(file) = &arguments.file {
            let data = home.join("data");
            let copied = fs::create_dir_all(&data).and_then(|()| fs::copy(file, data.join("samovar.redb")));
            copied.map_err(|why| format!("{}: {why}", file.display()))?;
        }
        let sandbox = runtime.block_on(sandbox(arguments))?;
        let launch = Launch::new(program, home, &sandbox, &[])?;
        let (address, mut table) = (SocketAddr::from((Ipv4Addr::LOCALHOST, launch.port())), Table::default());
        table.row("a sync of the disk", syncs(home)?.line(&[500, 990], None));
        let (service, took) = runtime.block_on(start(&launch, &sandbox))?;
        runtime.block_on(async { tokio::time::sleep(IDLE.min(arguments.time())).await });
        let idle = usage(service.pid()?)?.kilobytes;
        table.row("started, sells after", shown(took));
        table.row("resident memory, idle", megabytes(idle, Some(IDLE_MB)));
        let customers = Customers::new(arguments.seed, arguments.customers());
        let play = Play::new(&sandbox.telegram, Poster::new(address), runtime.handle().clone(), customers);
        Ok(Self { runtime, sandbox, launch, service, play, table })
    }

    fn gauges(&self) -> Result<[Gauge; 2], String> {
        Ok([Gauge::new(self.service.pid()?)?, Gauge::new(std::process::id())?])
    }

    fn play(mut self, arguments: &Arguments) -> Result<(), String> {
        if arguments.storm {
            let title = "simulate load --storm: ten times more than goes";
            say(title)?;
            storm::play(&mut self, arguments)?;
        } else {
            self.steady(arguments)?;
        }
        self.end()
    }

    /// A steady load, as it was asked for.
    fn steady(&mut self, arguments: &Arguments) -> Result<(), String> {
        let at_once = arguments.connections().unwrap_or(64);
        let pace = if arguments.is_closed() {
            Pace::Closed(at_once)
        } else {
            Pace::Offered(arguments.updates.into())
        };
        let (time, mut gauges) = (arguments.time(), self.gauges()?);
        let seconds = time.as_secs();
        say(&format!("simulate load: {pace} for {seconds} s, {} customers", arguments.customers()))?;
        self.play.offer(pace, time, &mut gauges)?;
        self.rates(time);
        self.costs(&gauges, Some(LOADED_MB));
        let began = Instant::now();
        let mut after = self.gauges()?;
        if !self.play.rest(PATIENCE, &mut after)? {
            return Err(format!("{} s after the load not all is answered", PATIENCE.as_secs()));
        }
        self.table.row("all answered after", shown(began.elapsed()));
        self.outcome(Some(ACK), Some(REPLY));
        Ok(())
    }

    /// What went through while the load lasted.
    fn rates(&mut self, time: Duration) {
        let book = self.play.book();
        let callbacks = self.sandbox.kie.look(|kie| kie.callbacks_seen().len());
        let parts = [
            ("offered", book.offered),
            ("acknowledged", book.acks.count()),
            ("answered", book.customers.replies.count()),
            ("pictures", book.customers.pictures),
            ("callbacks", callbacks),
        ];
        let parts = parts.map(|(what, many)| format!("{what} {}", per_second(many, time)));
        self.table.row("while the load lasted", parts.join(", "));
    }

    /// What service and generator used.
    fn costs(&mut self, [service, own]: &[Gauge; 2], most_mb: Option<u64>) {
        let (first, last) = service.quarters();
        self.table.row("resident memory, most", megabytes(service.most(), most_mb));
        let [end, first, last] = [service.end(), first, last].map(|kilobytes| megabytes(kilobytes, None));
        let memory = format!("{end}; median of the first quarter {first}, of the last {last}");
        self.table.row("resident memory, end", memory);
        for (what, gauge) in [("processor, service", service), ("processor, this program", own)] {
            let cores = hundredths(gauge.core_percent());
            self.table.row(what, format!("{} in all, {cores} cores", shown(gauge.worked())));
        }
    }

    /// What became of all updates, and what was promised for their acknowledgement and answer.
    fn outcome(&mut self, ack: Option<Duration>, reply: Option<Duration>) {
        let book = self.play.book();
        let p99 = |most: Option<Duration>| most.map(|most| (990, most));
        let (acks, refusals, replies) = (&book.acks, &book.refusals, &book.customers.replies);
        let failed = book.first_failure.as_ref().map_or(String::new(), |first| format!(", first {first}"));
        let updates = format!(
            "{} offered, {} acknowledged, {} refusals (503), {} failed{failed}",
            book.offered,
            acks.count(),
            refusals.count(),
            book.failed
        );
        self.table.row("updates", updates);
        self.table.row("acknowledged within", acks.line(&[500, 990, 999, 1_000], p99(ack)));
        self.table.row("answered within", replies.line(&[500, 990, 1_000], p99(reply)));
        self.table.row("before a payment within", checkouts(&self.sandbox));
        if refusals.count() > 0 {
            self.table.row("refused within", refusals.line(&[500, 990, 1_000], p99(Some(REFUSAL))));
        }
        self.table.row("never answered", book.customers.given_up.to_string());
    }

    /// Stops the service and holds the file against what was acknowledged.
    fn end(self) -> Result<(), String> {
        let Self { runtime, launch, service, play, mut table, .. } = self;
        let began = Instant::now();
        let stopped = runtime.block_on(service.stop());
        table.row("stopped within", shown(began.elapsed()));
        table.row("a sync of the disk, after", syncs(launch.home())?.line(&[500, 990], None));
        for line in table.lines() {
            say(&line)?;
        }
        stopped?;
        let acknowledged = std::mem::take(&mut play.book().acknowledged);
        let left = left::inspect(launch.home(), |view| {
            all_handled(view, &acknowledged)?;
            left::depths(view)
        })?;
        if left != Depths::default() {
            return Err(format!("not all is worked off: {left:?}"));
        }
        say(&format!("{} updates acknowledged, each had its effect", acknowledged.len()))?;
        runtime.block_on(launch.audit())?;
        say("samovar audit: exit code 0, all ten rules hold")
    }
}

/// How long everybody waited who was about to pay, and who waited in vain.
fn checkouts(sandbox: &Sandbox) -> String {
    let (mut took, mut silent, mut paid) = (Times::default(), 0, 0);
    sandbox.telegram.look(|world| {
        for asked in world.checkouts().values() {
            match asked.latency_ms().map(u64::try_from) {
                Some(Ok(ms)) => took.add(Duration::from_millis(ms)),
                Some(Err(_)) | None => silent += 1,
            }
            paid += u32::from(asked.charge.is_some());
        }
    });
    let line = took.line(&[500, 990, 1_000], Some((990, CHECKOUT)));
    format!("{line}; {} asked, {paid} paid, {silent} never answered", took.count() + silent)
}

async fn sandbox(arguments: &Arguments) -> Result<Sandbox, String> {
    // Numbers go up from run to run: a file that is used again knows those it has seen.
    let first_update_id = Clock::system().now().at.0 / 10;
    let connections = arguments.connections();
    let bot = Bot { token: TOKEN.to_owned(), first_update_id, connections, ..Bot::default() };
    let credits = Decimal::from(1_000_000_000);
    let account = kie::Account { credits, small_files: true, ..kie::Account::default() };
    let settings = sandbox::Settings { bot, account, posts_updates: false, ..sandbox::Settings::default() };
    let sandbox = Sandbox::start(settings).await.map_err(|why| format!("no sandbox: {why}"))?;
    sandbox.kie.act(|kie, _| kie.by_default(Script::success_after_ms(PICTURE_MS)));
    Ok(sandbox)
}

/// Starts the service; gives how long it took until it sold.
async fn start(launch: &Launch, sandbox: &Sandbox) -> Result<(Service, Duration), String> {
    let began = Instant::now();
    let mut service = launch.start()?;
    service.is_ready(launch.port()).await?;
    let took = began.elapsed();
    service.speaks(sandbox, |world| world.webhook().is_some()).await?;
    Ok((service, took))
}
