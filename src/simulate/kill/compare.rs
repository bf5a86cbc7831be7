//! The file that the last life left against everything that Telegram and KIE saw in all lives.

use super::load::{CUSTOMERS, Load};
use super::outside::{self, Mark, Told};
use super::tally::Tally;
use crate::ids::{JobId, UserId};
use crate::job::{State, Why};
use crate::ledger::Account;
use crate::money::Kopecks;
use crate::sandbox::telegram::World;
use crate::sandbox::{Sandbox, kie};
use crate::simulate::left::{all_handled, audited, job_of, payments, read};
use crate::store::{Delivery, Job, Payment, View};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What START_BONUS_RUB gives each customer.
const BONUS: i64 = 1_000_000;

/// What all lives together did.
#[derive(Default)]
pub(super) struct Books {
    jobs: usize,
    sold: u64,
    given: u64,
    refunded: u64,
    acknowledged: usize,
    tasks: usize,
    twice: usize,
    payments: usize,
}

impl Books {
    /// The report.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { jobs, sold, given, refunded, acknowledged, tasks, twice, payments } = self;
        vec![
            format!("{jobs} jobs: {sold} sold, {refunded} failed and paid back, {given} came late and free"),
            format!("{acknowledged} updates acknowledged, none lost; {tasks} tasks, at most one a job"),
            format!("{payments} payments in Stars, each in its wallet once"),
            format!("{twice} endings came a second time, after a delivery that was not noted"),
        ]
    }

    /// An error when too little was sold for so many kills.
    pub(super) fn is_enough(&self, kills: u64) -> Result<(), String> {
        let enough = self.sold >= kills / 10;
        enough.then_some(()).ok_or_else(|| format!("too little was sold for a proof: {}", self.sold))
    }
}

fn holds(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// A file of which a copy was taken aside was damaged: a kill must not do that.
pub(super) fn nothing_was_mended(home: &Path) -> Result<(), String> {
    let entries = fs::read_dir(home.join("data")).map_err(|why| why.to_string())?;
    for entry in entries {
        let name = entry.map_err(|why| why.to_string())?.file_name();
        let name = name.to_string_lossy();
        holds(!name.contains("damaged"), || format!("a kill damaged the file: see {name}"))?;
    }
    let log = fs::read_to_string(home.join("service.log")).map_err(|why| why.to_string())?;
    let errors = log.lines().filter(|line| line.contains("\"ERROR\"") || line.contains("panicked at"));
    let errors: Vec<&str> = errors.take(5).collect();
    holds(errors.is_empty(), || format!("the service logged errors:\n{}", errors.join("\n")))
}

/// Compares, and tells what was done; an error says what does not fit.
pub(super) fn compare(view: &View, sandbox: &Sandbox, load: &Load, tally: &Tally) -> Result<Books, String> {
    audited(view)?;
    let acknowledged: Vec<i64> = sandbox.telegram.look(|world| outside::acknowledged(world).collect());
    all_handled(view, &acknowledged)?;
    let last = read(view.last_job())?.map_or(0, |id| id.0);
    let jobs: Vec<Job> = (1..=last).map(|id| job_of(view, JobId(id))).collect::<Result<_, _>>()?;
    let payments = read(payments(view))?;
    let paid = sandbox.telegram.look(|world| came(world, &payments))?;
    for customer in CUSTOMERS {
        wallet(view, customer, (&jobs, &payments), load)?;
    }
    let told = sandbox.telegram.look(|world| outside::told(world, Mark::default()));
    let tasks = sandbox.kie.look(outside::tasks)?;
    if let Some(job) = tasks.keys().chain(told.keys()).find(|job| job.0 == 0 || job.0 > last) {
        return Err(format!("the outside knows of job {job}, and the file does not"));
    }
    let mut books = Books { jobs: jobs.len(), tasks: tasks.len(), payments: paid, ..Books::default() };
    books.acknowledged = acknowledged.len();
    for job in &jobs {
        let told = told.get(&job.id).copied().unwrap_or_default();
        let again = tally.again(job.id);
        ending(job, told, again)?;
        sandbox.kie.look(|kie| provider(job, &tasks, kie))?;
        books.count(job, told);
    }
    Ok(books)
}

impl Books {
    fn count(&mut self, job: &Job, told: Told) {
        self.twice += usize::from(told.results > 1) + usize::from(told.failures > 1);
        match &job.row.state {
            State::Done { .. } => self.sold += 1,
            State::Late { .. } => self.given += 1,
            State::Failed { .. } => self.refunded += 1,
            State::Queued { .. }
            | State::Sending { .. }
            | State::Waiting { .. }
            | State::Unknown { .. }
            | State::Fetching { .. } => {}
        }
    }
}

/// Each payment that Telegram took came once, to who paid; gives how many.
fn came(world: &World, payments: &[Payment]) -> Result<usize, String> {
    let here = payments.iter().filter_map(|one| Some((one.row.charge.as_deref()?, one)));
    let here: BTreeMap<&str, &Payment> = here.collect();
    for made in world.payments() {
        let own = here
            .get(made.charge.as_str())
            .is_some_and(|one| one.row.user.0 == made.person && i64::from(one.row.stars) == made.total);
        holds(own, || format!("{made:?} did not come"))?;
    }
    let (here, made) = (here.len(), world.payments().len());
    holds(here == made, || format!("{here} payments came of {made}")).map(|()| made)
}

/// A customer paid for what is done and for nothing else, and has no order that they did not confirm.
fn wallet(
    view: &View,
    customer: i64,
    (jobs, payments): (&[Job], &[Payment]),
    load: &Load,
) -> Result<(), String> {
    let counters = read(view.account(Account::User(UserId(customer))))?.counters;
    let own = || jobs.iter().filter(|job| job.row.user == UserId(customer));
    let done = own().filter(|job| matches!(job.row.state, State::Done { .. }));
    let paid = payments.iter().filter(|one| one.row.user == UserId(customer) && one.row.charge.is_some());
    let paid: i64 = paid.map(|one| one.row.amount.get()).sum();
    let left = Kopecks::new(BONUS + paid - done.map(|job| job.row.price.get()).sum::<i64>());
    let (available, held) = (counters.available(), counters.held());
    holds(available == Some(left) && held == Kopecks::ZERO, || {
        format!("customer {customer} has {available:?} and {held} held, not {left}")
    })?;
    let (orders, confirmed) = (own().count(), load.confirmed(customer));
    holds(orders <= confirmed, || {
        format!("customer {customer} confirmed {confirmed} orders and has {orders}")
    })
}

/// Each ending came, and came again at most as often as a life left its delivery unnoted.
fn ending(job: &Job, told: Told, again: usize) -> Result<(), String> {
    let id = job.id;
    let delivered = matches!(job.row.delivery, Delivery::Delivered { .. });
    holds(delivered, || format!("job {id} told nobody: {:?}", job.row.delivery))?;
    let once = 1..=1 + again;
    let fits = match &job.row.state {
        State::Done { .. } => once.contains(&told.results) && told.failures == 0,
        State::Late { .. } => once.contains(&told.results) && once.contains(&told.failures),
        State::Failed { .. } => told.results == 0 && once.contains(&told.failures),
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. } => false,
    };
    holds(fits, || {
        format!("job {id} is {}, unnoted {again} times, and its customer got {told:?}", job.row.state.name())
    })
}

/// What the job says of its task is what KIE says.
fn provider(job: &Job, tasks: &BTreeMap<JobId, String>, kie: &kie::World) -> Result<(), String> {
    let task = tasks.get(&job.id);
    let ended = task.and_then(|task| kie.tasks().get(task)).map(|task| task.state);
    let fits = match &job.row.state {
        State::Done { .. } | State::Late { .. } => {
            ended == Some(kie::State::Success) && job.row.task.as_ref() == task
        }
        State::Failed { why: Why::TaskFailed { .. }, .. } => ended == Some(kie::State::Fail),
        // Its answer was lost: KIE may have made it or not.
        State::Failed { why: Why::NoAnswer, .. } => true,
        State::Failed { .. }
        | State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. } => false,
    };
    holds(fits, || format!("job {} is {:?}; at KIE its task {task:?} is {ended:?}", job.id, job.row.state))
}
