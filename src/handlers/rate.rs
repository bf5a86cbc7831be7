//! How often a customer may act: a bucket of tokens in their session.

use crate::flow::Shop;
use crate::store::Session;
use crate::time::{At, millis};

/// What to do with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Go on.
    Fine,
    /// Too many; say so.
    SlowDown,
    /// Too many, and they know.
    Silence,
}

/// Counts an action at `now`. A session that never acted (`actions_at` zero) has a full bucket.
pub(super) fn count(shop: &Shop, session: &mut Session, now: At) -> Pace {
    if shop.actions_per_minute == 0 || shop.actions_burst == 0 {
        return Pace::Fine;
    }
    let full = i64::from(shop.actions_burst).saturating_mul(1_000);
    let left = if session.actions_at == At(0) {
        full
    } else {
        let gone = millis(now.since(session.actions_at));
        let back = gone.saturating_mul(i64::from(shop.actions_per_minute)) / 60;
        session.actions_left_milli.saturating_add(back).min(full)
    };
    session.actions_at = now;
    if left < 1_000 {
        session.actions_left_milli = left;
        let told = std::mem::replace(&mut session.slowed, true);
        return if told { Pace::Silence } else { Pace::SlowDown };
    }
    session.actions_left_milli = left - 1_000;
    // A hasty person passes now and then; only a real pause ends the haste.
    if session.actions_left_milli >= full / 3 {
        session.slowed = false;
    }
    Pace::Fine
}
