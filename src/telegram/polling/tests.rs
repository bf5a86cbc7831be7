//! Polling against a scripted gateway, in simulated time.

use super::*;
use crate::message::{Lang, Outgoing, Sent};
use crate::telegram::{Command, FetchError, Me, StarMove, Webhook, WebhookInfo};
use crate::time::At;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

type Polled = Result<Vec<RawUpdate>, CallError>;

/// Answers polls as scripted; once the script is over, stops the poller and says nothing more.
struct Scripted {
    script: Mutex<VecDeque<Polled>>,
    hook: Mutex<String>,
    /// The offset of each poll and when it came.
    asked: Mutex<Vec<(Option<u64>, Up)>>,
    clock: Clock,
    stop: CancellationToken,
}

impl Gateway for Scripted {
    fn updates(&self, offset: Option<UpdateId>, _wait: Duration) -> BoxFuture<'_, Polled> {
        let asked = (offset.map(|offset| offset.0), self.clock.now().up);
        self.asked.lock().expect("no panic").push(asked);
        let Some(polled) = self.script.lock().expect("no panic").pop_front() else {
            self.stop.cancel();
            return std::future::pending().boxed();
        };
        std::future::ready(polled).boxed()
    }

    fn webhook(&self) -> BoxFuture<'_, Result<WebhookInfo, CallError>> {
        let url = self.hook.lock().expect("no panic").clone();
        std::future::ready(Ok(WebhookInfo { url, ..WebhookInfo::default() })).boxed()
    }

    fn delete_webhook(&self) -> BoxFuture<'_, Result<(), CallError>> {
        self.hook.lock().expect("no panic").clear();
        std::future::ready(Ok(())).boxed()
    }

    fn send<'a>(&'a self, _outgoing: &'a Outgoing) -> BoxFuture<'a, Sent> {
        unreachable!("polling sends nothing")
    }

    fn fetch_file<'a>(&'a self, _id: &'a str, _to: &'a Path) -> BoxFuture<'a, Result<u64, FetchError>> {
        unreachable!("polling fetches nothing")
    }

    fn star_moves(&self, _skip: u32) -> BoxFuture<'_, Result<Vec<StarMove>, CallError>> {
        unreachable!("polling counts no Stars")
    }

    fn me(&self) -> BoxFuture<'_, Result<Me, CallError>> {
        unreachable!("polling asks for updates only")
    }

    fn set_commands<'a>(
        &'a self,
        _lang: Option<Lang>,
        _commands: &'a [Command],
    ) -> BoxFuture<'a, Result<(), CallError>> {
        unreachable!("polling sets nothing")
    }

    fn set_webhook<'a>(&'a self, _webhook: &'a Webhook) -> BoxFuture<'a, Result<(), CallError>> {
        unreachable!("polling sets nothing")
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines_with(&self, words: &str) -> usize {
        let log = String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text");
        log.lines().filter(|line| line.contains(words)).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Run {
    /// The offsets polled with, and the seconds of uptime at each.
    offsets: Vec<Option<u64>>,
    asked_at_ms: Vec<i64>,
    /// The batches handed over, good or not.
    stored: Vec<Vec<u64>>,
    hook: String,
    log: Log,
}

/// Polls through a script. The store refuses the batches whose numbers (from 0) are in `faults`.
async fn run(script: Vec<Polled>, faults: &[usize], hook: &str) -> Run {
    let (clock, stop, log) = (Clock::simulated(At(0)), CancellationToken::new(), Log::default());
    let gateway = Scripted {
        script: Mutex::new(script.into()),
        hook: Mutex::new(hook.to_owned()),
        asked: Mutex::default(),
        clock: clock.clone(),
        stop: stop.clone(),
    };
    let stored: Mutex<Vec<Vec<u64>>> = Mutex::default();
    let store = |batch: Vec<RawUpdate>| {
        let mut stored = stored.lock().expect("no panic");
        stored.push(batch.iter().map(|update| update.id.0).collect());
        let refused = faults.contains(&(stored.len() - 1));
        std::future::ready(if refused { Err("disk full".to_owned()) } else { Ok(()) })
    };
    let writer = {
        let log = log.clone();
        move || log.clone()
    };
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
    let listening = tracing::subscriber::set_default(subscriber);
    poll(&gateway, store, &clock, &stop).await;
    drop(listening);
    let asked = gateway.asked.into_inner().expect("no panic");
    Run {
        offsets: asked.iter().map(|(offset, _)| *offset).collect(),
        asked_at_ms: asked.iter().map(|(_, up)| up.0).collect(),
        stored: stored.into_inner().expect("no panic"),
        hook: gateway.hook.into_inner().expect("no panic"),
        log,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a line of a script, whose others are errors")]
fn batch(numbers: &[u64]) -> Polled {
    let update = |number: &u64| RawUpdate { id: UpdateId(*number), bytes: Bytes::from_static(b"{}") };
    Ok(numbers.iter().map(update).collect())
}

fn down() -> Polled {
    Err(CallError::Unreachable("connection refused".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn the_offset_moves_only_after_the_batch_is_stored() {
    let run = run(vec![batch(&[5, 6]), batch(&[]), batch(&[7]), batch(&[7]), batch(&[9])], &[1], "").await;
    assert_eq!(run.stored, [vec![5, 6], vec![7], vec![7], vec![9]]);
    assert_eq!(run.offsets, [None, Some(7), Some(7), Some(7), Some(8), Some(10)]);
    assert_eq!(run.log.lines_with("could not be stored"), 1);
    assert_eq!(run.log.lines_with("updates come again"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_said_once_and_the_pauses_grow_to_thirty_seconds() {
    let mut script: Vec<Polled> = (0..9).map(|_| down()).collect();
    script.extend([batch(&[1]), down(), batch(&[2])]);
    let run = run(script, &[], "").await;
    let pauses: Vec<i64> = run.asked_at_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let expected = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 0, 500, 0];
    assert_eq!(pauses, expected);
    assert_eq!(run.log.lines_with("no updates from Telegram"), 2);
    assert_eq!(run.log.lines_with("updates come again"), 2);
}

#[tokio::test(start_paused = true)]
async fn telegram_is_given_the_pause_it_asks_for() {
    let run = run(vec![Err(CallError::Later(Duration::from_secs(77))), batch(&[1])], &[], "").await;
    assert_eq!(run.asked_at_ms, [0, 77_000, 77_000]);
}

#[tokio::test(start_paused = true)]
async fn another_poller_is_named_at_most_once_a_minute() {
    let run = run((0..25).map(|_| Err(CallError::OtherPoller)).collect(), &[], "").await;
    assert_eq!(run.asked_at_ms.last(), Some(&125_000));
    assert_eq!(run.log.lines_with("another program polls with this token"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_found_at_the_start_is_named_and_taken_away() {
    let run = run(vec![batch(&[1])], &[], "https://old.example.org/secret-path").await;
    assert_eq!((run.hook.as_str(), run.stored), ("", vec![vec![1]]));
    assert_eq!(run.log.lines_with("a webhook at old.example.org;"), 1);
    assert_eq!(run.log.lines_with("secret-path"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_set_while_we_poll_is_said_in_one_line() {
    let run = run(vec![Err(CallError::WebhookSet), Err(CallError::WebhookSet), batch(&[1])], &[], "").await;
    assert_eq!(run.stored, [vec![1]]);
    assert_eq!(run.log.lines_with("another program has set a webhook"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_even_a_long_pause() {
    let (clock, stop) = (Clock::simulated(At(0)), CancellationToken::new());
    let gateway = Scripted {
        script: Mutex::new([Err(CallError::Later(Duration::from_secs(9_999)))].into()),
        hook: Mutex::default(),
        asked: Mutex::default(),
        clock: clock.clone(),
        stop: stop.clone(),
    };
    let stopper = async {
        clock.sleep(Duration::from_secs(1)).await;
        stop.cancel();
    };
    tokio::join!(poll(&gateway, |_| std::future::ready(Ok(())), &clock, &stop), stopper);
    assert_eq!(clock.now().up, Up(1_000));
}
