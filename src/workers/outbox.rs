//! Hands messages to Telegram, at Telegram's pace, and notes what became of each.
//!
//! One chat gets its messages one after another, in order; different chats in parallel. A 429 parks
//! only the chat that got it. The table is the truth: this holds nothing that a restart would miss.

use super::{Engine, media};
use crate::flow::deliver::{self, Next};
use crate::ids::{self, ChatId, JobId, OutboxId, UserId};
use crate::message::{About, Priority, Sent};
use crate::store::{Fault, OutboxRow, Tx};
use crate::time::{Clock, Up};
use governor::clock::Clock as Ticks;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tracing::Instrument;

/// So many messages are under way at once.
const PARALLEL: usize = 64;
/// Beside these, so many answers may be: a customer who is about to pay waits 10 s at most.
const ANSWERS: usize = 32;
/// Of these, so many may be results: their files make them slow, and answers must go beside them.
const UPLOADS: usize = 32;
/// So many rows are looked at in one go, and so often before the pass ends.
const PAGE: usize = 64;
const PAGES: usize = 160;
/// Telegram takes about one message a second in a chat, and a few at once.
const CHAT_PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
const CHAT_BURST: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
/// After so many messages the chats are forgotten that have been silent: each time looks at all of them.
const FORGET_EVERY: u32 = 1_024;

/// Uptime as the limiter counts it, so that a simulated clock drives it too.
#[derive(Clone, Debug)]
struct Uptime(Clock);

impl Ticks for Uptime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(u64::try_from(self.0.now().up.0).unwrap_or(0)))
    }
}

type ChatLimit =
    RateLimiter<ChatId, HashMapStateStore<ChatId>, Uptime, governor::middleware::NoOpMiddleware<Nanos>>;
type NoticeLimit = RateLimiter<
    governor::state::NotKeyed,
    governor::state::InMemoryState,
    Uptime,
    governor::middleware::NoOpMiddleware<Nanos>,
>;

/// What is under way, and who must wait.
struct Desk {
    clock: Uptime,
    chats: ChatLimit,
    notices: NoticeLimit,
    /// Chats with a message under way.
    talking: HashSet<ChatId>,
    /// Messages under way, and how many of them are results.
    under_way: HashSet<OutboxId>,
    uploads: usize,
    /// Up to this one all messages of a priority are under way or gone: nobody reads them again.
    begun: HashMap<Priority, OutboxId>,
    /// How many messages are over, up to when chats are forgotten next.
    over: u32,
    /// Chats that Telegram told to wait.
    parked: HashMap<ChatId, Up>,
}

/// One message whose sending is over.
struct Finished {
    id: OutboxId,
    chat: ChatId,
    priority: Priority,
    next: Result<Next, Fault>,
}

/// Delivers messages until the stop; then waits for those under way.
pub async fn run(engine: Engine) {
    let mut desk = Desk::new(engine.clock().clone(), engine.send_per_second);
    let mut sends: JoinSet<Finished> = JoinSet::new();
    let store = engine.store.clone();
    while !engine.stop.is_cancelled() {
        let wake = match pick(&engine, &mut desk, &mut sends).await {
            Ok(wake) => wake,
            Err(fault) => {
                engine.pause_after("reading the outbox", &fault).await;
                continue;
            }
        };
        tokio::select! {
            biased;
            Some(finished) = sends.join_next() => desk.finish(finished, &engine).await,
            () = engine.wait(&store.bells().outbox, wake) => {}
        }
        while let Some(finished) = sends.try_join_next() {
            desk.finish(finished, &engine).await;
        }
    }
    while let Some(finished) = sends.join_next().await {
        desk.finish(finished, &engine).await;
    }
}

/// Starts what may go now; gives when something that must wait may go.
async fn pick(engine: &Engine, desk: &mut Desk, sends: &mut JoinSet<Finished>) -> Result<Option<Up>, Fault> {
    let mut wake: Option<Up> = None;
    desk.parked.retain(|_, until| *until > engine.store.clock().now().up);
    let mut waiting: HashSet<ChatId> = HashSet::new();
    for priority in [Priority::Answer, Priority::Result, Priority::Reply, Priority::Notice] {
        let mut after = desk.begun.get(&priority).copied();
        let mut all_begun = true;
        let most = if priority == Priority::Answer { PARALLEL + ANSWERS } else { PARALLEL };
        for _ in 0..PAGES {
            if sends.len() >= most {
                break;
            }
            let rows = engine.store.read(move |view| view.outbox(priority as u8, after, PAGE)).await?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(*last);
            for (id, row) in rows {
                if sends.len() >= most {
                    break;
                }
                let row = match row {
                    Ok(row) => row,
                    Err(fault) => {
                        give_up(engine, priority, id, &fault).await?;
                        continue;
                    }
                };
                match desk.may_go(priority, id, &row, &mut waiting) {
                    Turn::Now => desk.start(engine, sends, priority, id, row),
                    Turn::At(due) => wake = Some(wake.map_or(due, |wake| wake.min(due))),
                    Turn::Later => {}
                }
                all_begun &= desk.under_way.contains(&id);
                if all_begun {
                    desk.begun.insert(priority, id);
                }
            }
        }
    }
    Ok(wake)
}

/// Whether a message may go.
enum Turn {
    Now,
    /// Not before this.
    At(Up),
    /// When something else is over.
    Later,
}

impl Desk {
    fn new(clock: Clock, send_per_second: u32) -> Self {
        let clock = Uptime(clock);
        let chat = Quota::per_second(CHAT_PER_SECOND).allow_burst(CHAT_BURST);
        let notices = Quota::per_second(NonZeroU32::new(send_per_second).unwrap_or(NonZeroU32::MIN));
        Self {
            chats: RateLimiter::new(chat, HashMapStateStore::default(), clock.clone()),
            notices: RateLimiter::direct_with_clock(notices, clock.clone()),
            clock,
            talking: HashSet::new(),
            under_way: HashSet::new(),
            uploads: 0,
            begun: HashMap::new(),
            over: 0,
            parked: HashMap::new(),
        }
    }

    /// Answers to taps are never limited. In a chat, a message that must wait holds back those
    /// behind it, so that order is kept.
    fn may_go(
        &mut self,
        priority: Priority,
        id: OutboxId,
        row: &OutboxRow,
        waiting: &mut HashSet<ChatId>,
    ) -> Turn {
        let now = self.clock.0.now().up;
        if self.under_way.contains(&id) {
            return Turn::Later;
        }
        if priority == Priority::Answer {
            return if row.not_before > now { Turn::At(row.not_before) } else { Turn::Now };
        }
        let chat = row.outgoing.chat;
        if priority == Priority::Result && self.uploads >= UPLOADS {
            return Turn::Later;
        }
        // What fails again and again holds nobody else in its chat back.
        if row.tries > 2 && row.not_before > now {
            return Turn::At(row.not_before);
        }
        if self.talking.contains(&chat) || !waiting.insert(chat) {
            return Turn::Later;
        }
        let parked = self.parked.get(&chat).copied().unwrap_or(now);
        let free = parked.max(row.not_before);
        if free > now {
            return Turn::At(free);
        }
        if priority == Priority::Notice
            && let Err(early) = self.notices.check()
        {
            return Turn::At(now.plus(early.wait_time_from(self.clock.now()) + MARGIN));
        }
        match self.chats.check_key(&chat) {
            Ok(()) => {
                waiting.remove(&chat);
                Turn::Now
            }
            Err(early) => Turn::At(now.plus(early.wait_time_from(self.clock.now()) + MARGIN)),
        }
    }

    fn start(
        &mut self,
        engine: &Engine,
        sends: &mut JoinSet<Finished>,
        priority: Priority,
        id: OutboxId,
        row: OutboxRow,
    ) {
        let chat = row.outgoing.chat;
        self.under_way.insert(id);
        self.uploads += usize::from(priority == Priority::Result);
        if priority != Priority::Answer {
            self.talking.insert(chat);
        }
        let engine = engine.clone();
        let code = row.request.map(|request| request.code(&engine.shop.server_key));
        let span = ids::about(code.as_deref(), job_of(row.outgoing.about), UserId(chat.0));
        sends.spawn(async move {
            let next = deliver_one(&engine, priority, id, row).instrument(span).await;
            Finished { id, chat, priority, next }
        });
    }

    async fn finish(&mut self, finished: Result<Finished, tokio::task::JoinError>, engine: &Engine) {
        let Finished { id, chat, priority, next } = match finished {
            Ok(finished) => finished,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        self.under_way.remove(&id);
        self.uploads -= usize::from(priority == Priority::Result);
        if priority != Priority::Answer {
            self.talking.remove(&chat);
        }
        if next != Ok(Next::Gone) {
            // It is still there, perhaps before others that are under way.
            self.begun.remove(&priority);
        }
        match next {
            Ok(Next::ParkChat(pause)) => {
                self.parked.insert(chat, engine.clock().now().up.plus(pause));
            }
            Ok(Next::Gone | Next::Again(_)) => {}
            Err(fault) => engine.pause_after("noting a delivery", &fault).await,
        }
        self.over += 1;
        if self.over >= FORGET_EVERY {
            self.over = 0;
            self.chats.retain_recent();
        }
    }
}

/// The job that a message is about.
fn job_of(about: About) -> Option<JobId> {
    match about {
        About::Status(job) | About::Ending(job) | About::Result(job) => Some(job),
        About::Nothing | About::Screen(_) | About::Invoice(_) | About::Receipt(_) | About::Refund(_) => None,
    }
}

/// The limiter's clock counts whole milliseconds: one more, or we wake just before our turn.
const MARGIN: Duration = Duration::from_millis(1);

/// Sends one message and commits what became of it: commit 6.
async fn deliver_one(
    engine: &Engine,
    priority: Priority,
    id: OutboxId,
    row: OutboxRow,
) -> Result<Next, Fault> {
    let brought = if let About::Result(job) = row.outgoing.about {
        media::bring_back(engine, job, &row).await
    } else {
        Ok(())
    };
    let sent = match brought {
        Ok(()) => engine.gateway.send(&row.outgoing).await,
        Err(why) => Sent::NotSent(why),
    };
    if let Sent::InDoubt(why) | Sent::NotSent(why) = &sent {
        tracing::warn!(message = id.0, why, "a message was not delivered yet");
    }
    let delivered = matches!(sent, Sent::Delivered { .. });
    metrics::counter!("samovar_sends_total", "outcome" => outcome(&sent)).increment(1);
    let next = note(engine, priority, id, sent).await?;
    if let (About::Result(job), true, Next::Gone) = (row.outgoing.about, delivered, next) {
        media::drop_job(&engine.data_dir, job).await;
    }
    Ok(next)
}

/// Commit 6. It is out in the world already, so a disk that hiccups is waited for.
async fn note(engine: &Engine, priority: Priority, id: OutboxId, sent: Sent) -> Result<Next, Fault> {
    let sent = Arc::new(sent);
    loop {
        let (shop, sent) = (engine.shop.clone(), sent.clone());
        let act = move |tx: &mut Tx<'_>| deliver::note(&shop, tx, priority as u8, id, &sent);
        match engine.store.write("delivered", act).await {
            Err(fault) if fault.is_passing() && !engine.stop.is_cancelled() => {
                engine.pause_after("noting a delivery", &fault).await;
            }
            Err(fault @ (Fault::Row { .. } | Fault::Damaged(_) | Fault::Bug(_))) => {
                give_up(engine, priority, id, &fault).await?;
                return Ok(Next::Gone);
            }
            noted => return noted,
        }
    }
}

async fn give_up(engine: &Engine, priority: Priority, id: OutboxId, fault: &Fault) -> Result<(), Fault> {
    tracing::error!(%fault, message = id.0, "a message is taken out of the outbox");
    let (shop, why) = (engine.shop.clone(), fault.to_string());
    let act = move |tx: &mut Tx<'_>| deliver::give_up(&shop, tx, priority as u8, id, &why);
    engine.store.write("give-up", act).await
}

fn outcome(sent: &Sent) -> &'static str {
    match sent {
        Sent::Delivered { .. } => "delivered",
        Sent::Refused(_) => "refused",
        Sent::Later { .. } => "later",
        Sent::NotSent(_) => "not-sent",
        Sent::InDoubt(_) => "in-doubt",
    }
}
