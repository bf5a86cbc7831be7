//! The store on a simulated disk, its writer driven in line, with a note of when each act was answered.

use crate::sandbox::disk::{Disk, Operation};
use crate::store::{Engine, Fault, Store, Tx, View};
use crate::time::Clock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// What an act does.
pub(super) type Act = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Fault> + Send>;

/// One act, under the name the service has for it.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) act: Act,
}

/// An open store.
pub(super) struct Service {
    pub(super) disk: Disk,
    store: Store,
    engine: Engine,
}

/// A commit, as the disk saw it.
pub(super) struct Committed {
    /// Its acts.
    pub(super) names: Vec<&'static str>,
    /// The disk when it began.
    pub(super) before: Disk,
    /// What it did to the disk, in order.
    pub(super) record: Vec<Operation>,
    /// How much of that was done when the first act was told that it is done.
    pub(super) answered: usize,
}

impl Service {
    /// Opens what is on the disk; a panic inside is an error too.
    pub(super) fn open(disk: &Disk, clock: &Clock) -> Result<Self, String> {
        let (disk, clock) = (disk.clone(), clock.clone());
        let open = || {
            let file = disk.clone();
            Store::open_on(move || Ok(file.backend()), clock)
        };
        let opened = catch_unwind(AssertUnwindSafe(open)).map_err(|_| "opening it panics".to_owned())?;
        let (store, engine) = opened.map_err(|error| format!("it does not open: {error}"))?;
        Ok(Self { disk, store, engine })
    }

    pub(super) fn view(&self) -> Result<View, String> {
        self.store.view().map_err(|fault| format!("it cannot be read: {fault}"))
    }

    /// Commits acts together and sees each answered.
    pub(super) fn commit(&mut self, steps: Vec<Step>) -> Result<Committed, String> {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        let before = self.disk.fork();
        self.disk.record();
        let mut waiting: Vec<_> = steps.into_iter().map(|step| Waiting::new(&self.store, step)).collect();
        let bell = Arc::new(Bell { disk: self.disk.clone(), rang: AtomicUsize::new(usize::MAX) });
        for one in &mut waiting {
            if one.poll(&bell).is_some() {
                return Err("an act was answered before the writer took it".to_owned());
            }
        }
        let batch = self.engine.take().ok_or("no act came to the writer")?;
        self.engine.commit(batch).send();
        let record = self.disk.recorded();
        for (one, name) in waiting.iter_mut().zip(&names) {
            match one.poll(&bell) {
                Some(Ok(())) => {}
                Some(Err(fault)) => return Err(format!("{name}: {fault}")),
                None => return Err(format!("{name} was not answered")),
            }
        }
        Ok(Committed { names, before, record, answered: bell.rang.load(Ordering::SeqCst) })
    }
}

/// Notes how far the disk was when the first answer came.
struct Bell {
    disk: Disk,
    rang: AtomicUsize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rang.fetch_min(self.disk.record_len(), Ordering::SeqCst);
    }
}

/// Someone who waits for an answer.
struct Waiting(Pin<Box<dyn Future<Output = Result<(), Fault>>>>);

impl Waiting {
    fn new(store: &Store, step: Step) -> Self {
        let store = store.clone();
        Self(Box::pin(async move { store.write(step.name, step.act).await }))
    }

    fn poll(&mut self, bell: &Arc<Bell>) -> Option<Result<(), Fault>> {
        let waker = Waker::from(bell.clone());
        match self.0.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }
}
