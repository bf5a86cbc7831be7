//! Telegram's side of the play: makes the updates when their time comes, posts them, repeats what was
//! refused, and notes when each was acknowledged and answered.
//!
//! The clock is a thread that sleeps until each millisecond. What is due then is sent then, answered or
//! not; if the thread comes late, that counts as the service's delay, so nothing slow is left out.

use super::customers::Customers;
use super::figures::Times;
use super::gauge::Gauge;
use super::post::Poster;
use crate::sandbox::Shared;
use crate::sandbox::telegram::{Post, Posted, Seen, World};
use crate::time::millis;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

const TICK: Duration = Duration::from_millis(1);
/// Every so many ticks the gauges are looked at and customers lose patience.
const SECOND: u64 = 1_000;
/// Nothing is said for so long: nothing more is to come.
const QUIET: Duration = Duration::from_secs(1);

/// How updates come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So many a second, each from somebody who then waits for the answer.
    Offered(u64),
    /// A new one as soon as another was answered, so many at once.
    Closed(usize),
    /// So many a second from people who wait for nothing.
    Storm(u64),
    /// No more.
    None,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offered(rate) => write!(f, "{rate} updates a second"),
            Self::Closed(at_once) => write!(f, "{at_once} updates at once, the next when one is answered,"),
            Self::Storm(rate) => write!(f, "{rate} updates a second from people who do not wait"),
            Self::None => write!(f, "no updates"),
        }
    }
}

/// What has happened so far.
pub(super) struct Book {
    pub(super) customers: Customers,
    /// When the updates that are not acknowledged yet were to be sent.
    due: HashMap<i64, Instant>,
    pub(super) offered: usize,
    /// From when it was to be sent until the 200.
    pub(super) acks: Times,
    /// The updates that got a 200.
    pub(super) acknowledged: Vec<i64>,
    /// From the post until the 503.
    pub(super) refusals: Times,
    /// Posts that ended in another way, and how the first did.
    pub(super) failed: usize,
    pub(super) first_failure: Option<String>,
    last_call: Instant,
}

impl Book {
    fn posted(&mut self, update: i64, began: Instant, posted: &Posted) {
        match posted {
            Posted::Status { status: 200, .. } => {
                let due = self.due.remove(&update).unwrap_or(began);
                self.acks.add(due.elapsed());
                self.acknowledged.push(update);
            }
            Posted::Status { status: 503, .. } => self.refusals.add(began.elapsed()),
            Posted::Status { .. } | Posted::Failed(_) => {
                self.failed += 1;
                self.first_failure.get_or_insert_with(|| format!("{posted:?}"));
            }
        }
    }

    fn read(&mut self, calls: &[Seen]) {
        if !calls.is_empty() {
            self.last_call = Instant::now();
        }
        self.customers.read(calls);
    }

    fn offer(
        &mut self,
        world: &mut World,
        (now_ms, due): (i64, Instant),
        pace: Pace,
        tick: u64,
    ) -> Result<(), String> {
        let now = |rate: u64| usize::try_from(rate * (tick + 1) / SECOND - rate * tick / SECOND);
        let many: usize = match pace {
            Pace::Offered(rate) | Pace::Storm(rate) => now(rate).unwrap_or(0),
            Pace::Closed(at_once) => at_once.saturating_sub(self.customers.asking),
            Pace::None => 0,
        };
        let due_ms = now_ms - millis(due.elapsed());
        for _ in 0..many {
            let update = match pace {
                Pace::Storm(_) => self.customers.shout(world, now_ms)?,
                Pace::Offered(_) | Pace::Closed(_) | Pace::None => {
                    self.customers.act(world, now_ms, due_ms)?
                }
            };
            self.sent(update, due);
        }
        Ok(())
    }

    fn sent(&mut self, update: i64, due: Instant) {
        self.offered += 1;
        self.due.insert(update, due);
    }
}

/// Waits on this thread, to the tenth of a millisecond: the runtime's timers know only whole ones.
fn wait_until(due: Instant) {
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

/// The play.
pub(super) struct Play {
    telegram: Shared<World>,
    poster: Poster,
    runtime: Handle,
    book: Mutex<Book>,
}

impl Play {
    pub(super) fn new(
        telegram: &Shared<World>,
        poster: Poster,
        runtime: Handle,
        customers: Customers,
    ) -> Arc<Self> {
        let book = Book {
            customers,
            due: HashMap::new(),
            offered: 0,
            acks: Times::default(),
            acknowledged: Vec::new(),
            refusals: Times::default(),
            failed: 0,
            first_failure: None,
            last_call: Instant::now(),
        };
        Arc::new(Self { telegram: telegram.clone(), poster, runtime, book: Mutex::new(book) })
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates come at a pace, for a time.
    pub(super) fn offer(
        self: &Arc<Self>,
        pace: Pace,
        time: Duration,
        gauges: &mut [Gauge],
    ) -> Result<(), String> {
        self.until(pace, gauges, |_, passed| passed >= time)
    }

    /// No more updates come until all that was sent is answered; false when that takes too long.
    pub(super) fn rest(self: &Arc<Self>, patience: Duration, gauges: &mut [Gauge]) -> Result<bool, String> {
        let mut over = false;
        self.until(Pace::None, gauges, |play, passed| {
            over = play.is_over();
            over || passed > patience
        })?;
        Ok(over)
    }

    /// Telegram has nothing left to post, everybody has their answer, and the service says no more.
    fn is_over(&self) -> bool {
        let book = self.book();
        let quiet = book.customers.are_content() && book.last_call.elapsed() > QUIET;
        drop(book);
        quiet && self.posted_all()
    }

    /// Telegram has nothing left to post.
    pub(super) fn posted_all(&self) -> bool {
        self.telegram.look(World::pending_updates) == 0
    }

    /// How many who were about to pay have no answer, or one that came too late.
    pub(super) fn unsaid(&self) -> usize {
        let unsaid = |world: &World| world.checkouts().values().filter(|asked| asked.said.is_none()).count();
        self.telegram.look(unsaid)
    }

    /// Somebody new knocks; gives how long the answer took, `None` when it took too long.
    pub(super) fn knock(
        self: &Arc<Self>,
        patience: Duration,
        gauges: &mut [Gauge],
    ) -> Result<Option<Duration>, String> {
        let began = Instant::now();
        let before = self.telegram.act(|world, now_ms| {
            let mut book = self.book();
            let update = book.customers.knock(world, now_ms)?;
            book.sent(update, began);
            Ok::<_, String>(book.customers.replies.count())
        })?;
        let answered = |play: &Self| play.book().customers.replies.count() > before;
        self.until(Pace::None, gauges, |play, passed| answered(play) || passed > patience)?;
        Ok(answered(self).then(|| began.elapsed()))
    }

    /// Plays until something is so; it is asked ever so often, with the time that has passed.
    pub(super) fn until(
        self: &Arc<Self>,
        pace: Pace,
        gauges: &mut [Gauge],
        mut ends: impl FnMut(&Self, Duration) -> bool,
    ) -> Result<(), String> {
        let (began, mut due) = (Instant::now(), Instant::now());
        for tick in 0.. {
            wait_until(due);
            if ends(self, due - began) {
                break;
            }
            self.tick(due, pace, tick)?;
            if tick % SECOND == SECOND - 1 {
                gauges.iter_mut().try_for_each(Gauge::look)?;
                self.telegram.act(|_, now_ms| self.book().customers.give_up(now_ms));
            }
            due += TICK;
        }
        gauges.iter_mut().try_for_each(Gauge::look)
    }

    fn tick(self: &Arc<Self>, due: Instant, pace: Pace, tick: u64) -> Result<(), String> {
        let (posts, calls) = self.telegram.act(|world, now_ms| {
            let (calls, mut book) = (world.take_seen(), self.book());
            book.read(&calls);
            book.offer(world, (now_ms, due), pace, tick)?;
            let posts: Vec<Post> = std::iter::from_fn(|| world.next_post(now_ms)).collect();
            Ok::<_, String>((posts, calls))
        })?;
        // Not while the world waits: there is much to take down.
        drop(calls);
        for post in posts {
            self.runtime.spawn(self.clone().post(post));
        }
        Ok(())
    }

    /// Posts an update, and what waited for its connection.
    async fn post(self: Arc<Self>, first: Post) {
        let mut next = Some(first);
        while let Some(post) = next {
            let began = Instant::now();
            let posted = self.poster.post(&post).await;
            self.book().posted(post.update_id, began, &posted);
            next = self.telegram.act(|world, now_ms| {
                world.posted(now_ms, &post, &posted);
                world.next_post(now_ms)
            });
        }
    }
}
