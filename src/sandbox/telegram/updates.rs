//! Updates on their way to the bot: the queues, and `getUpdates`.

use super::params::Params;
use super::refusal::Refusal;
use crate::sandbox::wire::{Answer, Reply};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Updates of one lane come one after the other; lanes know no order between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Messages of a chat.
    Chat(i64),
    /// Taps of a person.
    Taps(i64),
    /// Payment questions of a person.
    Payments(i64),
    /// What belongs to neither.
    Other,
    /// One of several copies of an update.
    Copy(u64),
}

/// An update that waits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pending {
    pub(super) order: u64,
    pub(super) update_id: i64,
    pub(super) body: Value,
    pub(super) expires_at_ms: i64,
    pub(super) attempts: u32,
}

/// One lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Pending>,
    pub(super) in_flight: bool,
    pub(super) due_ms: i64,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// POSTs begun for it.
    pub posts: u32,
    /// Answers with a 2xx status.
    pub ok: u32,
    /// Times it was in an answer of `getUpdates`.
    pub polled: u32,
    /// Confirmed by a later offset.
    pub confirmed: bool,
    /// Thrown away: too old, or by `drop_pending_updates`.
    pub dropped: bool,
}

/// A long poll that has nothing to tell yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    poll: u64,
    limit: usize,
    until_ms: i64,
}

/// All updates.
#[derive(Clone, Debug)]
pub(super) struct Updates {
    next_id: i64,
    order: u64,
    pub(super) queues: BTreeMap<Lane, Queue>,
    /// Lanes that may be posted from now, by the order of their first update, and those whose post
    /// failed, by when it is repeated. Thousands may wait, so nobody looks through all of them. A note
    /// that is not true any more does no harm: whoever takes it looks again.
    free: BTreeSet<(u64, Lane)>,
    put_off: BTreeSet<(i64, Lane)>,
    /// Nothing that waits is too old before this.
    expires_ms: i64,
    pub(super) receipts: BTreeMap<i64, Receipt>,
    /// `None`: everything but what must be asked for.
    pub(super) allowed: Option<BTreeSet<String>>,
    pub(super) copies: u32,
    waiting: Option<Waiting>,
    polls: u64,
    ended_by_webhook: bool,
}

const DAY_MS: i64 = 24 * 3_600_000;
/// Kinds that come only when `allowed_updates` names them.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

fn kind(body: &Value) -> &str {
    let named = body.as_object().and_then(|object| object.keys().find(|name| *name != "update_id"));
    named.map_or("", String::as_str)
}

fn life_ms(kind: &str) -> i64 {
    match kind {
        "callback_query" | "pre_checkout_query" | "shipping_query" => 150_000,
        "inline_query" => 30_000,
        "chosen_inline_result" => 600_000,
        _ => DAY_MS,
    }
}

fn lane(body: &Value, kind: &str) -> Lane {
    let inner = &body[kind];
    let sender = inner["from"]["id"].as_i64();
    match kind {
        "callback_query" => sender.map_or(Lane::Other, Lane::Taps),
        "pre_checkout_query" | "shipping_query" => sender.map_or(Lane::Other, Lane::Payments),
        _ => inner["chat"]["id"].as_i64().or(sender).map_or(Lane::Other, Lane::Chat),
    }
}

impl Updates {
    pub(super) fn new(first_id: i64) -> Self {
        Self {
            next_id: first_id,
            order: 0,
            queues: BTreeMap::new(),
            free: BTreeSet::new(),
            put_off: BTreeSet::new(),
            expires_ms: i64::MAX,
            receipts: BTreeMap::new(),
            allowed: None,
            copies: 1,
            waiting: None,
            polls: 0,
            ended_by_webhook: false,
        }
    }

    fn wanted(&self, kind: &str) -> bool {
        match &self.allowed {
            Some(kinds) => kinds.contains(kind),
            None => !ON_REQUEST.contains(&kind),
        }
    }

    /// Queues an update; one without `update_id` gets the next. `None` when the bot did not ask for
    /// its kind.
    pub(super) fn push(&mut self, now_ms: i64, mut body: Value) -> Option<i64> {
        let update_id = body["update_id"].as_i64().unwrap_or(self.next_id);
        self.next_id = self.next_id.max(update_id.saturating_add(1));
        body["update_id"] = json!(update_id);
        let kind = kind(&body).to_owned();
        if !self.wanted(&kind) {
            return None;
        }
        let home = lane(&body, &kind);
        for copy in 0..self.copies.max(1) {
            self.order += 1;
            let lane = if copy == 0 { home } else { Lane::Copy(self.order) };
            let expires_at_ms = now_ms.saturating_add(life_ms(&kind));
            let pending =
                Pending { order: self.order, update_id, body: body.clone(), expires_at_ms, attempts: 0 };
            self.queues.entry(lane).or_default().waiting.push_back(pending);
            self.expires_ms = self.expires_ms.min(expires_at_ms);
            self.may_go(lane);
        }
        self.receipts.entry(update_id).or_default();
        Some(update_id)
    }

    /// `allowed_updates` of `getUpdates` and `setWebhook`: absent keeps what was said before.
    pub(super) fn allow(&mut self, params: &Params) -> Result<(), Refusal> {
        let list = params.nested("allowed_updates");
        let wrong = || Refusal::bad("can't parse allowed updates JSON object");
        let Some(list) = list.map_err(|_| wrong())? else { return Ok(()) };
        let names = list.as_array().ok_or_else(wrong)?;
        let names: BTreeSet<String> = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        self.allowed = (!names.is_empty()).then_some(names);
        Ok(())
    }

    /// How many updates wait.
    pub(super) fn pending(&self) -> usize {
        self.queues.values().map(|queue| queue.waiting.len()).sum()
    }

    /// Throws away what `keep` does not want, noting why in the receipts.
    pub(super) fn retain(&mut self, keep: impl Fn(&Pending) -> bool, note: fn(&mut Receipt)) {
        for queue in self.queues.values_mut() {
            // What is on its way right now stays: its answer is still to come.
            let flying = if queue.in_flight { queue.waiting.pop_front() } else { None };
            for pending in queue.waiting.iter().filter(|pending| !keep(pending)) {
                note(self.receipts.entry(pending.update_id).or_default());
            }
            queue.waiting.retain(&keep);
            if let Some(pending) = flying {
                queue.waiting.push_front(pending);
            }
        }
        self.queues.retain(|_, queue| !queue.waiting.is_empty());
        self.note_all();
    }

    pub(super) fn expire(&mut self, now_ms: i64) {
        if now_ms < self.expires_ms {
            return;
        }
        self.retain(|pending| pending.expires_at_ms > now_ms, |receipt| receipt.dropped = true);
        let left = self.queues.values().flat_map(|queue| &queue.waiting);
        self.expires_ms = left.map(|pending| pending.expires_at_ms).min().unwrap_or(i64::MAX);
    }

    /// Notes that a lane may be posted from, now or when its time comes.
    pub(super) fn may_go(&mut self, lane: Lane) {
        let Some(queue) = self.queues.get(&lane).filter(|queue| !queue.in_flight) else { return };
        let Some(first) = queue.waiting.front() else { return };
        if queue.due_ms > 0 {
            self.put_off.insert((queue.due_ms, lane));
        } else {
            self.free.insert((first.order, lane));
        }
    }

    fn note_all(&mut self) {
        self.free.clear();
        self.put_off.clear();
        for lane in self.queues.keys().copied().collect::<Vec<_>>() {
            self.may_go(lane);
        }
    }

    /// Whatever failed is repeated at once.
    pub(super) fn put_off_no_more(&mut self) {
        for queue in self.queues.values_mut() {
            queue.due_ms = 0;
        }
        self.note_all();
    }

    /// Of the lanes that may be posted from now, the one whose first update is the oldest.
    pub(super) fn next_lane(&mut self, now_ms: i64) -> Option<Lane> {
        while self.put_off.first().is_some_and(|(due_ms, _)| *due_ms <= now_ms) {
            let Some((_, lane)) = self.put_off.pop_first() else { break };
            let first = self.queues.get(&lane).and_then(|queue| queue.waiting.front());
            self.free.extend(first.map(|first| (first.order, lane)));
        }
        while let Some((order, lane)) = self.free.pop_first() {
            let Some(queue) = self.queues.get(&lane).filter(|queue| !queue.in_flight) else { continue };
            if queue.waiting.front().is_none_or(|first| first.order != order) {
                continue;
            }
            if queue.due_ms <= now_ms {
                return Some(lane);
            }
            // Whoever freed it read the clock after whoever asks now.
            self.put_off.insert((queue.due_ms, lane));
        }
        None
    }

    fn confirm(&mut self, offset: i64) {
        let mut ids: Vec<i64> = self.in_order().into_iter().map(|pending| pending.update_id).collect();
        ids.dedup();
        let keep_last = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let below = match offset {
            0 => return,
            1.. => offset,
            _ => match ids.len().checked_sub(keep_last).and_then(|index| ids.get(index)) {
                Some(first) => *first,
                None => return,
            },
        };
        self.retain(|pending| pending.update_id >= below, |receipt| receipt.confirmed = true);
    }

    fn in_order(&self) -> Vec<&Pending> {
        let mut all: Vec<&Pending> = self.queues.values().flat_map(|queue| &queue.waiting).collect();
        all.sort_by_key(|pending| (pending.update_id, pending.order));
        all
    }

    fn take(&mut self, limit: usize) -> Vec<Value> {
        let batch: Vec<(i64, Value)> =
            self.in_order().into_iter().take(limit).map(|p| (p.update_id, p.body.clone())).collect();
        for (update_id, _) in &batch {
            self.receipts.entry(*update_id).or_default().polled += 1;
        }
        batch.into_iter().map(|(_, body)| body).collect()
    }

    /// `getUpdates`; the webhook must be known to be off.
    pub(super) fn poll(&mut self, now_ms: i64, params: &Params) -> Result<Reply, Refusal> {
        self.allow(params)?;
        self.expire(now_ms);
        self.confirm(params.number("offset").unwrap_or(0));
        let limit = usize::try_from(params.number("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
        let timeout_s = params.number("timeout").unwrap_or(0).clamp(0, 50);
        self.polls += 1;
        self.ended_by_webhook = false;
        let waiting = Waiting { poll: self.polls, limit, until_ms: now_ms + timeout_s * 1000 };
        // Whoever waited before hears at its next look that another took its place.
        self.waiting = Some(waiting);
        let poll = waiting.poll;
        Ok(self
            .poll_again(now_ms, poll)
            .unwrap_or_else(|| Answer::Poll { poll, until_ms: waiting.until_ms }.into()))
    }

    /// The answer for a waiting poll, or `None` while there is none yet.
    pub(super) fn poll_again(&mut self, now_ms: i64, poll: u64) -> Option<Reply> {
        let Some(waiting) = self.waiting.filter(|waiting| waiting.poll == poll) else {
            let why = if self.ended_by_webhook {
                "Conflict: terminated by setWebhook request"
            } else {
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            };
            return Some(Refusal::new(409, why).reply());
        };
        let batch = self.take(waiting.limit);
        if batch.is_empty() && now_ms < waiting.until_ms {
            return None;
        }
        self.waiting = None;
        Some(Reply::json(json!({"ok": true, "result": batch})))
    }

    /// The poller went away.
    pub(super) fn leave(&mut self, poll: u64) {
        self.waiting = self.waiting.filter(|waiting| waiting.poll != poll);
    }

    pub(super) fn end_polls(&mut self) {
        self.ended_by_webhook = self.waiting.take().is_some();
    }

    /// Somebody waits in a long poll.
    pub(super) fn is_polled(&self) -> bool {
        self.waiting.is_some()
    }
}
