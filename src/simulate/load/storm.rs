//! The storm: ten times more updates than go through, on many connections at once. Telegram sends again
//! what was refused; when it is over, the service must be as quick as before within seconds.

use super::figures::{per_second, shown, verdict};
use super::play::{Pace, Play};
use super::{Arguments, PATIENCE, Stage};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many customers at once show what goes through, and for how long.
const AT_ONCE: usize = 256;
const WARM_UP: Duration = Duration::from_secs(5);
const TIMES: u64 = 10;
/// Whoever comes after the storm must be answered so quickly.
const QUICK: Duration = Duration::from_millis(100);
/// So long after the last update was taken all must be as before.
const RECOVERY: Duration = Duration::from_secs(10);
/// How often somebody new comes to see whether it is over.
const KNOCK_EVERY: Duration = Duration::from_millis(250);
/// With thousands of chats waiting, Telegram is not asked at every millisecond whether they wait.
const LOOK_EVERY: u128 = 50;

/// Plays it.
pub(super) fn play(stage: &mut Stage<'_>, arguments: &Arguments) -> Result<(), String> {
    let play = stage.play.clone();
    let mut gauges = stage.gauges()?;
    play.offer(Pace::Closed(AT_ONCE), WARM_UP, &mut gauges)?;
    let goes = play.book().customers.replies.count();
    if !play.rest(PATIENCE, &mut gauges)? {
        return Err("not even the warm-up is answered".to_owned());
    }
    stage.table.row("goes through", per_second(goes, WARM_UP));
    let rate = TIMES * u64::try_from(goes).unwrap_or(0) / WARM_UP.as_secs();
    let before = Counts::of(&play);

    let (time, mut gauges) = (arguments.time(), stage.gauges()?);
    stage.table.row("the storm", format!("{rate} updates a second for {} s", time.as_secs()));
    play.offer(Pace::Storm(rate), time, &mut gauges)?;
    let under = Counts::of(&play).since(&before);
    under.tell(stage, "while it lasted", time);

    let began = Instant::now();
    let most = time * 40 + PATIENCE;
    play.until(Pace::None, &mut gauges, |play, passed| {
        let looks = passed.as_millis() % LOOK_EVERY == 0;
        passed > most || looks && play.posted_all()
    })?;
    if !play.posted_all() {
        return Err(format!("{} s after the storm Telegram still has updates", most.as_secs()));
    }
    stage.table.row("Telegram repeats for", shown(began.elapsed()));
    recover(stage, &play, &before, &mut gauges)?;
    stage.costs(&gauges, None);
    stage.outcome(None, None);
    Ok(())
}

/// Somebody new comes again and again until the answer is quick and everybody else has theirs.
fn recover(
    stage: &mut Stage<'_>,
    play: &Arc<Play>,
    before: &Counts,
    gauges: &mut [super::Gauge; 2],
) -> Result<(), String> {
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    loop {
        let took = play.knock(PATIENCE, gauges)?.ok_or("after the storm nobody is answered")?;
        slowest = slowest.max(took);
        let counts = Counts::of(play).since(before);
        let missing = counts.acknowledged.saturating_sub(counts.told);
        if took <= QUICK && missing == 0 {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{missing} updates that were acknowledged in the storm have no answer"));
        }
        play.offer(Pace::None, KNOCK_EVERY, gauges)?;
    }
    let took = began.elapsed();
    let kept = verdict(took <= RECOVERY, &format!("at most {}", shown(RECOVERY)));
    let how = format!("{}{kept}; the slowest answer to somebody new took {}", shown(took), shown(slowest));
    stage.table.row("then as before after", how);
    Ok(())
}

/// How many of each there were.
#[derive(Clone, Copy, Default)]
struct Counts {
    offered: usize,
    acknowledged: usize,
    refused: usize,
    told: usize,
}

impl Counts {
    fn of(play: &Play) -> Self {
        // An answer that comes too late is told as such, and is waited for no longer.
        let unsaid = play.unsaid();
        let book = play.book();
        Self {
            offered: book.offered,
            acknowledged: book.acks.count(),
            refused: book.refusals.count(),
            told: book.customers.told + unsaid,
        }
    }

    fn since(self, before: &Self) -> Self {
        Self {
            offered: self.offered - before.offered,
            acknowledged: self.acknowledged - before.acknowledged,
            refused: self.refused - before.refused,
            told: self.told.saturating_sub(before.told),
        }
    }

    fn tell(self, stage: &mut Stage<'_>, what: &'static str, time: Duration) {
        let Self { offered, acknowledged, refused, told } = self;
        let parts =
            [("offered", offered), ("acknowledged", acknowledged), ("refused", refused), ("answered", told)];
        let parts = parts.map(|(what, many)| format!("{what} {many} ({})", per_second(many, time)));
        stage.table.row(what, parts.join(", "));
    }
}
