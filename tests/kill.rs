//! The real binary under load, killed with SIGKILL at random moments, and what is left compared
//! with what the outside saw: 200s given, tasks created, messages delivered. Nothing acknowledged is
//! lost, nothing is done twice, every job ends, every customer is told.

use samovar::ids::{JobId, UpdateId, UserId};
use samovar::job::State;
use samovar::ledger::Account;
use samovar::message::Priority;
use samovar::money::Kopecks;
use samovar::sandbox::kie::Script;
use samovar::sandbox::telegram::{Bot, World};
use samovar::sandbox::{self, Sandbox};
use samovar::store::{Delivery, Engine, Job, Lock, Store, View};
use samovar::time::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const CUSTOMERS: i64 = 40;
/// A person does one thing a second, and Telegram takes one message a second in a chat.
const PACE_MS: i64 = 900;
const KILLS: usize = 100;
const FIRST: i64 = 2001;
const QUIET: Duration = Duration::from_secs(12);
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a kill landed, by what was in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Landed {
    UpdateQueued,
    MessageQueued,
    JobOpen,
    Idle,
}

/// A small generator of its own, so that a run can be repeated by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Prints past the test runner, which keeps what passing tests print to itself.
fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

/// The service; one that outlives its test would be left behind when that fails.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().expect("it ends");
        }
    }
}

fn start(dir: &Path, sandbox: &Sandbox, port: u16) -> Service {
    let base = format!("http://127.0.0.1:{port}");
    let child = Command::new(env!("CARGO_BIN_EXE_samovar"))
        .args(["--config", "/dev/null", "run"])
        .env_clear()
        .env("TELEGRAM_BOT_TOKEN", TOKEN)
        .env("KIE_API_KEY", "sandbox-key")
        .env("ADMIN_IDS", "900")
        .env("DATA_DIR", dir)
        .env("TELEGRAM_API_URL", sandbox.telegram_url())
        .env("KIE_BASE_URL", sandbox.kie_url())
        .env("KIE_UPLOAD_URL", sandbox.kie_url())
        .env("WEBHOOK_BASE_URL", &base)
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("ADMIN_LISTEN", "127.0.0.1:0")
        .env("FREE_DAILY_LIMIT", "0")
        .env("UNKNOWN_DEADLINE", "3s")
        .env("START_BONUS_RUB", "1000")
        .env("ACTIONS_PER_MINUTE", "1000000")
        .env("ACTIONS_BURST", "1000000")
        .env("OPEN_JOBS_PER_CUSTOMER", "50")
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the binary starts");
    Service(child)
}

/// Reads the file that a dead process left, as the next start will find it.
fn inspect<R>(dir: &Path, look: impl FnOnce(&View) -> R) -> R {
    let lock = Lock::take(dir).expect("the dead hold no lock");
    let (store, engine): (Store, Engine) = Store::open(dir, Clock::system()).expect("the file opens");
    let view = store.view().expect("a view");
    let seen = look(&view);
    drop((view, engine, store, lock));
    seen
}

fn jobs(view: &View) -> Vec<Job> {
    let last = view.last_job().expect("readable").map_or(0, |id| id.0);
    (1..=last).map(|id| view.job(JobId(id)).expect("readable").expect("a job")).collect()
}

/// Who may have got a result whose delivery was not noted: it is still in the outbox, and goes again.
fn unnoted(view: &View) -> BTreeSet<i64> {
    let rows = view.outbox(Priority::Result as u8, None, usize::MAX).expect("readable");
    rows.into_iter().map(|(_, row)| row.expect("readable").outgoing.chat.0).collect()
}

fn landed(view: &View) -> Landed {
    let report = view.audit().expect("readable");
    assert!(report.ok, "the audit fails after a kill: {:#?}", report.rules);
    if view.inbox_depth().expect("readable") > 0 {
        Landed::UpdateQueued
    } else if jobs(view).iter().any(|job| !job.row.state.is_final()) {
        Landed::JobOpen
    } else if view.outbox_depth().expect("readable") > 0 {
        Landed::MessageQueued
    } else {
        Landed::Idle
    }
}

/// One customer's next step, whatever screen is there: they push on until they have ordered.
fn act(world: &mut World, now: i64, customer: i64, dice: &mut Dice) {
    let steps = ["✅ Запустить", "⏭ Пропустить все", "✨ Сгенерировать", "m:z-image", "🎁 Бесплатные"];
    let newest = world.chat(customer).and_then(|chat| chat.latest().cloned());
    let button = newest.and_then(|message| {
        steps.iter().find(|step| message.button(step).is_some()).map(|step| (message.id, *step))
    });
    // A tap that is not possible any more is a tap that does not happen.
    let acted = match (button, dice.roll(24)) {
        (_, 0) => world.say(now, customer, "/start").map(drop),
        (Some((message, step)), _) => world.tap(now, customer, message, step).map(drop),
        (None, 1..=16) => world.say(now, customer, "самовар на снегу").map(drop),
        (None, _) => world.say(now, customer, "/start").map(drop),
    };
    assert!(acted.is_ok() || button.is_some(), "a text can always be sent: {acted:?}");
}

async fn play(sandbox: &Sandbox, dice: &mut Dice, acted: &mut BTreeMap<i64, i64>, for_ms: u64) {
    let until = tokio::time::Instant::now() + Duration::from_millis(for_ms);
    while tokio::time::Instant::now() < until {
        for customer in FIRST..FIRST + CUSTOMERS {
            sandbox.telegram.act(|world, now| {
                let last = acted.get(&customer).copied().unwrap_or(0);
                if now - last > PACE_MS {
                    let jitter = i64::try_from(dice.roll(300)).expect("small");
                    acted.insert(customer, now + jitter);
                    act(world, now, customer, dice);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(5 + dice.roll(30))).await;
    }
}

fn scripts(sandbox: &Sandbox, dice: &mut Dice) {
    let name = match dice.roll(12) {
        0 => "fail",
        1 => "lost-answer",
        2 => "early-callback",
        3 => "repeated-callback",
        4 => "no-callback",
        5 => "429",
        _ => "success",
    };
    sandbox.kie.act(|kie, _| kie.next(Script::named(name).expect("a script")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_under_load_lose_nothing_and_double_nothing() {
    let seed = 0x5a30_7a11;
    let mut dice = Dice(seed);
    let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 20, ..Bot::default() };
    let sandbox =
        Sandbox::start(sandbox::Settings { bot, ..sandbox::Settings::default() }).await.expect("a sandbox");
    sandbox.telegram.act(|world, _| {
        (FIRST..FIRST + CUSTOMERS).for_each(|id| world.user(id, &format!("Клиент {id}"), "ru"));
    });
    let dir = TempDir::new().expect("a directory");
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let mut acted = BTreeMap::new();
    let mut places: BTreeMap<Landed, usize> = BTreeMap::new();
    // A chat has one result under way at a time, so each kill lets at most one come a second time.
    let mut again: BTreeMap<i64, usize> = BTreeMap::new();
    for number in 1..=KILLS {
        let child = start(dir.path(), &sandbox, port);
        let before = sandbox.telegram.look(|world| world.seen().len());
        // Up: it has said something in this life, or is about to.
        let up = sandbox
            .telegram
            .wait(|world| (world.seen().len() > before).then_some(()), Duration::from_millis(900));
        scripts(&sandbox, &mut dice);
        tokio::join!(async { up.await.is_ok() }, play(&sandbox, &mut dice, &mut acted, 120));
        let for_ms = 10 + dice.roll(400);
        play(&sandbox, &mut dice, &mut acted, for_ms).await;
        drop(child);
        let (place, waiting) = inspect(dir.path(), |view| (landed(view), unnoted(view)));
        for customer in waiting {
            *again.entry(customer).or_default() += 1;
        }
        tell(&format!("kill {number}: {place:?}"));
        *places.entry(place).or_default() += 1;
    }
    tell(&format!("{KILLS} kills, seed {seed:#x}, landed: {places:?}"));
    let count = |place: Landed| places.get(&place).copied().unwrap_or(0);
    let busy = count(Landed::UpdateQueued) + count(Landed::JobOpen);
    assert!(busy * 100 >= KILLS * 60, "too few kills with an update queued or a job open: {places:?}");
    let mut child = Some(start(dir.path(), &sandbox, port));
    settle(&sandbox, dir.path(), &mut child, port, &mut again).await;
    compare(&sandbox, dir.path(), &again);
}

/// Lets the last life work everything off, then stops it cleanly.
async fn settle(
    sandbox: &Sandbox,
    dir: &Path,
    child: &mut Option<Service>,
    port: u16,
    again: &mut BTreeMap<i64, usize>,
) {
    let started = tokio::time::Instant::now();
    let mut last = (0, 0, 0);
    loop {
        assert!(started.elapsed() < PATIENCE * 3, "not worked off (jobs, updates, messages): {last:?}");
        let calls = sandbox.telegram.look(|world| world.seen().len());
        // Longer than the 10 s after which a life's uptime is remembered: an order that KIE put off
        // for 10 s would else never be due.
        let next = sandbox.telegram.wait(|world| (world.seen().len() > calls).then_some(()), QUIET);
        if next.await.is_err() && sandbox.telegram.look(World::pending_updates) == 0 {
            drop(child.take());
            let left = inspect(dir, |view| {
                let open = jobs(view).iter().filter(|job| !job.row.state.is_final()).count();
                for customer in unnoted(view) {
                    *again.entry(customer).or_default() += 1;
                }
                (open, view.inbox_depth().expect("readable"), view.outbox_depth().expect("readable"))
            });
            if left == (0, 0, 0) {
                return;
            }
            last = left;
            *child = Some(start(dir, sandbox, port));
        }
    }
}

/// The file against what the outside saw.
fn compare(sandbox: &Sandbox, dir: &Path, again: &BTreeMap<i64, usize>) {
    let (jobs, seen) = inspect(dir, |view| {
        assert_eq!(landed(view), Landed::Idle);
        let acked = sandbox.telegram.look(|world| {
            world
                .receipts()
                .iter()
                .filter(|(_, receipt)| receipt.ok > 0)
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
        });
        for id in &acked {
            let update = UpdateId(u64::try_from(*id).expect("positive"));
            assert!(
                view.seen(4242, update).expect("readable").is_some(),
                "update {id} got a 200 and is lost"
            );
        }
        let jobs = jobs(view);
        for customer in FIRST..FIRST + CUSTOMERS {
            let counters = view.account(Account::User(UserId(customer))).expect("an account").counters;
            let charged = jobs
                .iter()
                .filter(|job| job.row.user == UserId(customer) && matches!(job.row.state, State::Done { .. }))
                .map(|job| job.row.price.get())
                .sum::<i64>();
            let left = Kopecks::new(100_000 - charged);
            assert_eq!(
                counters.available(),
                Some(left),
                "customer {customer} pays for what is done, no more"
            );
        }
        (jobs, acked.len())
    });
    let mut created: BTreeMap<u64, usize> = BTreeMap::new();
    sandbox.kie.look(|kie| {
        for create in kie.creates().iter().filter(|create| create.task.is_some()) {
            let url = create.body["callBackUrl"].as_str().expect("a callback address");
            let job = url.split('/').rev().nth(1).and_then(|id| id.parse().ok()).expect("a job in it");
            *created.entry(job).or_default() += 1;
        }
    });
    assert!(created.values().all(|tasks| *tasks == 1), "a createTask was repeated: {created:?}");
    let done: Vec<&Job> = jobs.iter().filter(|job| matches!(job.row.state, State::Done { .. })).collect();
    assert!(done.len() > 20, "too little was sold for a proof: {} of {}", done.len(), jobs.len());
    for job in &jobs {
        assert_ne!(job.row.delivery, Delivery::Waiting, "job {} told nobody", job.id);
        let made = created.get(&job.id.0).copied().unwrap_or(0);
        assert!(
            made == 1 || !matches!(job.row.state, State::Done { .. }),
            "job {} is done without a task",
            job.id
        );
    }
    messages(sandbox, &jobs, again);
    let sold = done.len();
    tell(&format!("{} jobs, {sold} sold, {seen} updates acknowledged, {} tasks", jobs.len(), created.len()));
}

/// What each customer got against what their jobs say.
fn messages(sandbox: &Sandbox, jobs: &[Job], again: &BTreeMap<i64, usize>) {
    sandbox.telegram.look(|world| {
        for customer in FIRST..FIRST + CUSTOMERS {
            let own = |wanted: fn(&State) -> bool| {
                jobs.iter().filter(|job| job.row.user == UserId(customer) && wanted(&job.row.state)).count()
            };
            let sold = own(|state| matches!(state, State::Done { .. }));
            let given = own(|state| matches!(state, State::Late { .. }));
            let failed = own(|state| matches!(state, State::Failed { .. }));
            let said = || world.chat(customer).into_iter().flat_map(|chat| chat.messages.values());
            let media = said().filter(|one| one.from.is_none() && one.media.is_some()).count();
            let told = said().filter(|one| one.text.contains("Код ошибки: RQ-")).count();
            let twice = again.get(&customer).copied().unwrap_or(0);
            let expected = sold + given..=sold + given + twice;
            assert!(expected.contains(&media), "customer {customer}: {media} pictures for {expected:?}");
            assert!(told >= failed, "customer {customer}: {failed} failures, told of {told}");
        }
    });
}
