//! Callers and what they call. The callers are async tasks that wait for the durable answer before they ask
//! again, whatever the store; the writer of the others takes what waits just as the writer of our own does.

use crate::order::Order;
use crate::stores::{Peer, Pool, place};
use samovar::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// As many as one commit of ours takes at most, and as many as may wait for it.
pub(crate) const BATCH: usize = 4_096;
/// As often as the writer of ours gives way in vain.
const IN_VAIN: u32 = 20;

/// An order and where to say that it is on disk.
type Asked = (Order, oneshot::Sender<()>);

/// Where callers ask.
#[derive(Clone)]
pub(crate) enum Door {
    Store(Store),
    Writer(mpsc::Sender<Asked>),
    Pool(Arc<Pool>),
}

impl Door {
    /// Returns when the order is on disk.
    async fn place(&self, caller: usize, order: Order) {
        match self {
            Self::Store(store) => place(store, order.job).await,
            Self::Writer(queue) => {
                let (answer, placed) = oneshot::channel();
                queue.send((order, answer)).await.expect("the writer runs");
                placed.await.expect("durable");
            }
            Self::Pool(pool) => pool.place(caller, order).await,
        }
    }
}

/// A store that is open for callers.
pub(crate) struct Running {
    door: Door,
    end: Box<dyn FnOnce()>,
}

impl Running {
    /// `end` is done after the last caller.
    pub(crate) fn new(door: Door, end: impl FnOnce() + 'static) -> Self {
        Self { door, end: Box::new(end) }
    }

    /// With a thread that commits at most so many acts together.
    pub(crate) fn writer(peer: Box<dyn Peer>, most: usize) -> Self {
        let (queue, asked) = mpsc::channel(BATCH);
        let writer = thread::spawn(move || write(peer, asked, most));
        Self::new(Door::Writer(queue), move || writer.join().expect("no panic"))
    }

    /// Closes it; it can be opened again when this returns.
    pub(crate) fn close(self) {
        drop(self.door);
        (self.end)();
    }

    /// Has so many callers place orders one after the other for so long.
    pub(crate) fn measure(
        &self,
        runtime: &Runtime,
        last: &Arc<AtomicI64>,
        callers: usize,
        time: Duration,
    ) -> Measured {
        let started = Instant::now();
        let mut answers = runtime.block_on(async {
            let callers = (0..callers).map(|caller| {
                let (door, last) = (self.door.clone(), last.clone());
                async move {
                    let mut answers = Vec::new();
                    while started.elapsed() < time {
                        let (asked, job) = (Instant::now(), last.fetch_add(1, Ordering::Relaxed) + 1);
                        door.place(caller, Order::numbered(job)).await;
                        answers.push(asked.elapsed());
                    }
                    answers
                }
            });
            callers.collect::<JoinSet<_>>().join_all().await.concat()
        });
        let took = started.elapsed().as_nanos().max(1);
        answers.sort_unstable();
        let a_second = answers.len() as u128 * 1_000_000_000 / took;
        let p50 = answers.get(answers.len() / 2).copied().unwrap_or_default();
        Measured { a_second: u64::try_from(a_second).expect("few"), p50 }
    }
}

/// What came of one measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) a_second: u64,
    /// The answer that came after as many sooner as later ones.
    pub(crate) p50: Duration,
}

/// The writer: takes what waits, commits it together, answers.
fn write(mut peer: Box<dyn Peer>, mut asked: mpsc::Receiver<Asked>, most: usize) {
    let mut answered = 0;
    while let Some(first) = asked.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < most
            && let Ok(next) = asked.try_recv()
        {
            batch.push(next);
        }
        let crowd = (batch.len() + answered).min(most);
        give_way(&mut batch, &mut asked, crowd);
        answered = batch.len();
        let orders: Vec<Order> = batch.iter().map(|(order, _)| *order).collect();
        peer.place(&orders);
        for (_, answer) in batch {
            answer.send(()).expect("the caller waits");
        }
    }
}

/// Lets those who were just answered ask again, as our own writer does.
fn give_way(batch: &mut Vec<Asked>, asked: &mut mpsc::Receiver<Asked>, crowd: usize) {
    let mut in_vain = 0;
    while crowd > 2 && batch.len() < crowd && in_vain < IN_VAIN {
        if let Ok(next) = asked.try_recv() {
            batch.push(next);
            in_vain = 0;
        } else {
            thread::yield_now();
            in_vain += 1;
        }
    }
}
