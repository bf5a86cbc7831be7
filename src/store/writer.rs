//! The one writer: takes the acts that wait, commits them together, then answers them.
//!
//! A plain state machine ([`Engine::take`] → [`Engine::commit`] → [`Answers::send`]) that a thread
//! drives in the service and that tests and the simulator drive step by step.

use super::hot::Known;
use super::{After, Fault, OpenError, Ran, Shared, Tx, Wake};
use crate::panics::caught;
use std::sync::Arc;
use std::task::{Context, Poll, Wake as Wakes, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// One commit takes at most so many acts; they wait in memory, so there is no need for fewer.
const BATCH: usize = 4_096;
/// So often in a row the writer gives way to callers and none comes before it goes on. Each time takes
/// under a microsecond when nobody else wants the core; 20 did as much as 400 (`benches/README.md`).
const IN_VAIN: u32 = 20;

/// What waits for the writer.
pub(super) trait Act: Send {
    fn name(&self) -> &'static str;
    /// Runs inside the transaction and keeps the result for the answer.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault>;
    /// Tells the caller: the kept result, or the fault.
    fn answer(self: Box<Self>, outcome: Result<(), Fault>);
}

/// What an act's caller gets: its result, and the act itself. What that holds ends where it came from,
/// not on the writer's time.
pub(super) type Answer<F, R> = (Result<R, Fault>, F);

struct Pending<F, R> {
    name: &'static str,
    act: F,
    result: Option<R>,
    answer: oneshot::Sender<Answer<F, R>>,
}

impl<F, R> Act for Pending<F, R>
where
    F: Fn(&mut Tx<'_>) -> Result<R, Fault> + Send,
    R: Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        self.result = Some((self.act)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Fault>) {
        let result = match (outcome, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err(Fault::Bug("an act was answered that never ran".to_owned())),
            (Err(fault), _) => Err(fault),
        };
        // A caller that went away (a closed connection) needs no answer; its act is done.
        drop(self.answer.send((result, self.act)));
    }
}

/// Wraps an act with the place its answer goes to.
pub(super) fn pending<R, F>(name: &'static str, act: F) -> (Box<dyn Act>, oneshot::Receiver<Answer<F, R>>)
where
    F: Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    R: Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    (Box::new(Pending { name, act, result: None, answer }), receiver)
}

/// Acts that will be committed together.
pub struct Batch(Vec<Box<dyn Act>>);

impl Batch {
    /// What the acts are called, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|act| act.name())
    }
}

/// Acts whose commit is on disk (or failed), and which do not know it yet.
pub struct Answers {
    acts: Vec<(Box<dyn Act>, Result<(), Fault>)>,
    after: Vec<After>,
}

impl Answers {
    /// True when the disk failed: nothing more is read or written until [`Engine::reopen`].
    pub fn disk_failed(&self) -> bool {
        self.acts.iter().any(|(_, outcome)| matches!(outcome, Err(Fault::Storage(_))))
    }

    /// Tells the log, and then every caller: what they log themselves comes after it.
    pub fn send(self) {
        for then in self.after {
            then();
        }
        for (act, outcome) in self.acts {
            act.answer(outcome);
        }
    }
}

/// The writer. Whoever drives it decides when commits happen; nobody else can write.
pub struct Engine {
    shared: Arc<Shared>,
    acts: mpsc::Receiver<Box<dyn Act>>,
    /// How many acts the last commit held.
    answered: usize,
    /// What is known of the file as it is now.
    known: Known,
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, acts: mpsc::Receiver<Box<dyn Act>>) -> Self {
        Self { shared, acts, answered: 0, known: Known::default() }
    }

    /// Waits for an act and takes all that wait by then. `None` when no store is left to ask.
    pub fn take(&mut self) -> Option<Batch> {
        let first = self.acts.blocking_recv()?;
        let mut batch = self.batch(first);
        self.give_way(&mut batch.0);
        Some(batch)
    }

    /// The same for a driver that is async itself.
    pub async fn take_async(&mut self) -> Option<Batch> {
        let first = self.acts.recv().await?;
        Some(self.batch(first))
    }

    /// Never waits for company: what is there goes at once, what comes meanwhile is the next batch.
    fn batch(&mut self, first: Box<dyn Act>) -> Batch {
        let mut acts = vec![first];
        while acts.len() < BATCH {
            match self.acts.try_recv() {
                Ok(act) => acts.push(act),
                Err(mpsc::error::TryRecvError::Empty | mpsc::error::TryRecvError::Disconnected) => break,
            }
        }
        Batch(acts)
    }

    /// Lets those who were just answered ask again, as long as they do so: else two halves of a crowd
    /// take turns, each in commits half as full as they could be. Never waits for a clock, and a lone
    /// caller waits for nobody.
    fn give_way(&mut self, acts: &mut Vec<Box<dyn Act>>) {
        let crowd = (acts.len() + self.answered).min(BATCH);
        let mut in_vain = 0;
        while crowd > 2 && acts.len() < crowd && in_vain < IN_VAIN {
            if let Ok(act) = self.acts.try_recv() {
                acts.push(act);
                in_vain = 0;
            } else {
                thread::yield_now();
                in_vain += 1;
            }
        }
    }

    /// Commits a batch; it is on disk when this returns. One act's fault or panic rolls the batch
    /// back and the acts are tried one by one, so that only the guilty one fails.
    pub fn commit(&mut self, batch: Batch) -> Answers {
        let mut acts = batch.0;
        self.answered = acts.len();
        let all = |acts: Vec<Box<dyn Act>>, outcome: Result<(), Fault>| {
            acts.into_iter().map(|act| (act, outcome.clone())).collect()
        };
        match self.attempt(&mut acts) {
            Ok(after) => Answers { acts: all(acts, Ok(())), after },
            Err(fault @ (Fault::Storage(_) | Fault::Closed)) => {
                Answers { acts: all(acts, Err(fault)), after: Vec::new() }
            }
            Err(fault) if acts.len() == 1 => Answers { acts: all(acts, Err(fault)), after: Vec::new() },
            Err(Fault::Row { .. } | Fault::Damaged(_) | Fault::Busy | Fault::Bug(_)) => self.one_by_one(acts),
        }
    }

    fn one_by_one(&mut self, acts: Vec<Box<dyn Act>>) -> Answers {
        let mut answers = Answers { acts: Vec::new(), after: Vec::new() };
        for mut act in acts {
            let outcome = self.attempt(std::slice::from_mut(&mut act));
            answers.acts.push((act, outcome.map(|after| answers.after.extend(after))));
        }
        answers
    }

    /// One transaction: all of the acts, or none. Gives what is to be done afterwards.
    fn attempt(&mut self, acts: &mut [Box<dyn Act>]) -> Result<Vec<After>, Fault> {
        let started = self.shared.clock.now().up;
        let database = self.shared.database()?;
        let mut txn = database.begin_write()?;
        // Without it the first start after a kill reads the whole file.
        txn.set_quick_repair(true);
        // Given back when the commit is on disk, and only then.
        let known = std::mem::take(&mut self.known);
        let ran = Tx::run(&txn, self.shared.clock.now(), known, |tx| {
            acts.iter_mut().try_for_each(|act| run_caught(act.as_mut(), tx))
        });
        let Ran { wake, known, after } = match ran {
            Ok(ran) => ran,
            Err(fault) => {
                txn.abort()?;
                return Err(fault);
            }
        };
        txn.commit()?;
        self.known = known;
        let took = self.shared.clock.now().up.since(started);
        metrics::histogram!("samovar_commit_seconds").record(took.as_secs_f64());
        for same in acts.chunk_by(|one, next| one.name() == next.name()) {
            metrics::counter!("samovar_acts_total", "act" => same[0].name()).increment(same.len() as u64);
        }
        self.ring(wake);
        Ok(after)
    }

    fn ring(&self, wake: Wake) {
        let bells = &self.shared.bells;
        for (due, bell) in [
            (wake.urgent, &bells.urgent),
            (wake.inbox, &bells.inbox),
            (wake.outbox, &bells.outbox),
            (wake.jobs, &bells.jobs),
            (wake.looks, &bells.looks),
        ] {
            if due {
                bell.notify_one();
            }
        }
    }

    /// Drives the writer until no store is left. When the disk fails, closes the file and opens it
    /// again, with growing pauses: redb answers nothing after an I/O error until then.
    pub fn run(mut self) {
        while let Some(batch) = self.take() {
            let answers = self.commit(batch);
            let failed = answers.disk_failed();
            answers.send();
            if failed {
                self.recover();
            }
        }
    }

    /// Closes the file and opens it again, once. Until that works every act is answered that the
    /// store is closed.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        self.shared.set_database(None);
        self.known = Known::default();
        let database = (self.shared.open)()?;
        self.shared.set_database(Some(database));
        Ok(())
    }

    /// Opens the file again, however often that takes.
    fn recover(&mut self) {
        let mut pause = Duration::from_millis(200);
        while let Err(error) = self.reopen() {
            tracing::error!(%error, "the database cannot be opened again yet");
            if !self.refuse_for(pause) {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(30));
        }
        tracing::info!("the database is open again; nothing acknowledged was lost");
    }

    /// Tells everybody who asks within `pause`, as soon as they ask, that the store is closed. False
    /// when no store is left to ask.
    fn refuse_for(&mut self, pause: Duration) -> bool {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let until = self.shared.clock.now().up.plus(pause);
        loop {
            let left = until.since(self.shared.clock.now().up);
            if left.is_zero() {
                return true;
            }
            match self.acts.poll_recv(&mut context) {
                Poll::Ready(Some(act)) => act.answer(Err(Fault::Closed)),
                Poll::Ready(None) => return false,
                Poll::Pending => thread::park_timeout(left),
            }
        }
    }
}

/// Wakes the writer's thread.
struct Unpark(Thread);

impl Wakes for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn run_caught(act: &mut dyn Act, tx: &mut Tx<'_>) -> Result<(), Fault> {
    let name = act.name();
    match caught(|| act.run(tx)) {
        Ok(outcome) => outcome,
        Err(mut panic) => {
            panic.words.insert_str(0, &format!("{name}: "));
            Err(panic.into())
        }
    }
}
