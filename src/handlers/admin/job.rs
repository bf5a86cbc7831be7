//! A job as the operator sees it, the timeline of its request, and what failed within a day.

use super::home::{self, usd};
use super::person;
use super::target::Target;
use super::{number, show as show_screen};
use crate::flow::admin::is_refundable;
use crate::flow::{count, news, resend};
use crate::handlers::talk::{Screen, Talk, clip};
use crate::ids::{JobId, RequestId};
use crate::job::State;
use crate::message::{Button, Keyboard};
use crate::money::Kopecks;
use crate::store::{Delivery, Fault, Job};
use crate::texts::{self, Arg};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many events of a timeline are shown, the newest.
const EVENTS: usize = 20;
/// So much of an event's words.
const DATA: usize = 80;
/// How much of a label a button shows.
const LABEL: usize = 60;
/// So many jobs are looked through for failures.
const LOOK: usize = 5_000;
/// So many examples of each failure are kept.
const EXAMPLES: usize = 3;

fn icon(state: &State) -> &'static str {
    match state {
        State::Queued { .. } => "🕐",
        State::Sending { .. } | State::Waiting { .. } | State::Fetching { .. } => "⚙️",
        State::Unknown { .. } => "❔",
        State::Done { .. } => "✅",
        State::Failed { .. } => "❌",
        State::Late { .. } => "🎁",
    }
}

/// A job in a line.
pub(super) fn line(talk: &Talk<'_, '_>, job: &Job) -> String {
    let at = texts::moment(talk.lang, job.row.created);
    let number = job.id.to_string();
    let args = [
        ("icon", Arg::Html(icon(&job.row.state))),
        ("number", Arg::Text(&number)),
        ("title", Arg::Text(news::title(job))),
        ("price", Arg::Money(job.row.price)),
        ("at", Arg::Html(&at)),
    ];
    talk.say("admin-job-line", &args)
}

/// A button that leads to a job.
pub(super) fn button(talk: &Talk<'_, '_>, job: &Job) -> Button {
    let at = texts::moment(talk.lang, job.row.created);
    let label = format!("{} #{} · {} · {at}", icon(&job.row.state), job.id, news::title(job));
    Target::Job(job.id).button(clip(&label, LABEL))
}

/// A job's page, below what was just done.
pub(super) fn show(talk: &mut Talk<'_, '_>, id: JobId, above: Option<&str>) -> Result<(), Fault> {
    talk.aside();
    let screen = match talk.tx.job(id)? {
        Some(job) => screen(talk, &job)?,
        None => Screen { text: talk.say("admin-not-job", &[]), keyboard: vec![home::row(talk)] },
    };
    show_screen(talk, screen, above)
}

fn screen(talk: &Talk<'_, '_>, job: &Job) -> Result<Screen, Fault> {
    let code = job.row.request.code(&talk.shop.server_key);
    let at = texts::moment(talk.lang, job.row.created);
    let cost = usd(job.row.cost_usd);
    let task = job.row.task.clone().unwrap_or_else(|| "–".to_owned());
    let numbers = (job.id.to_string(), job.row.user.to_string());
    let args = [
        ("number", Arg::Text(&numbers.0)),
        ("code", Arg::Text(&code)),
        ("user", Arg::Text(&numbers.1)),
        ("title", Arg::Text(news::title(job))),
        ("icon", Arg::Html(icon(&job.row.state))),
        ("state", Arg::Text(job.row.state.name())),
        ("at", Arg::Html(&at)),
        ("price", Arg::Money(job.row.price)),
        ("cost", Arg::Html(&cost)),
        ("task", Arg::Text(&task)),
    ];
    let mut lines = vec![talk.say("admin-job", &args), money(talk, job), delivery(talk, job)];
    if let State::Failed { why, .. } = &job.row.state {
        let reason = news::reason(talk.lang, why);
        lines.push(talk.say("admin-job-failed", &[("reason", Arg::Html(&reason))]));
    }
    lines.push(String::new());
    lines.extend(events(talk, job.row.request)?);
    let mut keyboard = Keyboard::new();
    if is_refundable(job) {
        keyboard.push(vec![Target::Refund(job.id).button(talk.say("admin-button-refund", &[]))]);
    }
    if resend::possible(job, talk.tx.now().at) {
        keyboard.push(vec![Target::SendAgain(job.id).button(talk.say("admin-button-send-again", &[]))]);
    }
    keyboard.push(person::back(talk, job.row.user));
    Ok(Screen { text: lines.join("\n"), keyboard })
}

/// How its money stands.
fn money(talk: &Talk<'_, '_>, job: &Job) -> String {
    let money = &job.row.money;
    let key = match (&job.row.state, money.hold, money.settled) {
        _ if money.refund.is_some() => "admin-money-refunded",
        _ if job.row.free_hour.is_some() => "admin-money-free",
        (_, None, _) => "admin-money-none",
        (_, Some(_), None) => "admin-money-held",
        (State::Done { .. }, Some(_), Some(_)) => "admin-money-charged",
        (
            State::Queued { .. }
            | State::Sending { .. }
            | State::Waiting { .. }
            | State::Unknown { .. }
            | State::Fetching { .. }
            | State::Failed { .. }
            | State::Late { .. },
            Some(_),
            Some(_),
        ) => "admin-money-released",
    };
    talk.say(key, &[])
}

/// What became of the message that told how it ended.
fn delivery(talk: &Talk<'_, '_>, job: &Job) -> String {
    let why;
    let (key, args) = match &job.row.delivery {
        Delivery::Waiting if job.row.told.is_some() => ("admin-delivery-waiting", Vec::new()),
        Delivery::Waiting => ("admin-delivery-none", Vec::new()),
        Delivery::Delivered { .. } => ("admin-delivery-done", Vec::new()),
        Delivery::Refused { why: refused, .. } => {
            why = clip(&format!("{refused:?}"), DATA);
            ("admin-delivery-refused", vec![("why", Arg::Text(&why))])
        }
    };
    talk.say(key, &args)
}

/// The timeline of a request, a line an event.
fn events(talk: &Talk<'_, '_>, request: RequestId) -> Result<Vec<String>, Fault> {
    let rows = talk.tx.timeline(request, EVENTS)?;
    let line = |row: &crate::store::TraceRow| {
        let at = texts::moment(talk.lang, row.at);
        let data = clip(&row.data, DATA);
        let args = [("at", Arg::Html(&at)), ("what", Arg::Text(&row.what)), ("data", Arg::Text(&data))];
        talk.say("admin-event", &args)
    };
    Ok(rows.iter().map(line).collect())
}

/// A request: its job's page, or, when it became none, its timeline.
pub(super) fn request(talk: &mut Talk<'_, '_>, request: RequestId) -> Result<(), Fault> {
    let rows = talk.tx.timeline(request, EVENTS)?;
    if let Some(job) = rows.iter().find_map(|row| row.job) {
        return show(talk, job, None);
    }
    talk.aside();
    let code = request.code(&talk.shop.server_key);
    let mut lines = vec![talk.say("admin-request", &[("code", Arg::Text(&code))])];
    lines.extend(events(talk, request)?);
    if rows.is_empty() {
        lines.push(talk.say("admin-nothing", &[]));
    }
    let row = match rows.first() {
        Some(event) => person::back(talk, event.user),
        None => home::row(talk),
    };
    talk.show(Screen { text: lines.join("\n"), keyboard: vec![row] })
}

/// How often one thing went wrong, with the newest examples.
#[derive(Default)]
struct Failure {
    count: u32,
    examples: Vec<(JobId, RequestId)>,
    last: String,
}

/// What failed of the last day's orders, by code, the most frequent first.
pub(super) fn failures(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let since = crate::time::At(talk.tx.now().at.0 - crate::time::millis(Duration::from_secs(24 * 3600)));
    let mut by_code: BTreeMap<&'static str, Failure> = BTreeMap::new();
    let (mut all, mut back) = (0_u32, 0_i64);
    let lang = talk.lang;
    let is_all = talk.tx.newest_jobs(since, LOOK, |job| {
        all += 1;
        let State::Failed { why, .. } = &job.row.state else { return };
        let failure = by_code.entry(count::code(why)).or_default();
        failure.count += 1;
        back = back.saturating_add(job.row.price.get());
        if failure.examples.is_empty() {
            failure.last = news::reason(lang, why);
        }
        if failure.examples.len() < EXAMPLES {
            failure.examples.push((job.id, job.row.request));
        }
    })?;
    let failed: u32 = by_code.values().map(|failure| failure.count).sum();
    let args = [("failed", number(failed)), ("all", number(all)), ("back", Arg::Money(Kopecks::new(back)))];
    let mut lines = vec![talk.say("admin-failures", &args)];
    if !is_all {
        lines.push(talk.say("admin-failures-part", &[("count", number(LOOK))]));
    }
    let mut sorted: Vec<_> = by_code.into_iter().collect();
    sorted.sort_by_key(|(_, failure)| std::cmp::Reverse(failure.count));
    let mut keyboard = Keyboard::new();
    for (code, failure) in &sorted {
        let codes: Vec<_> =
            failure.examples.iter().map(|(_, request)| request.code(&talk.shop.server_key)).collect();
        let args = [
            ("code", Arg::Text(code)),
            ("count", number(failure.count)),
            ("reason", Arg::Html(&failure.last)),
            ("examples", Arg::Text(&codes.join(", "))),
        ];
        lines.push(talk.say("admin-failure", &args));
        if let (Some((job, _)), Some(newest)) = (failure.examples.first(), codes.first()) {
            keyboard.push(vec![Target::Job(*job).button(format!("🆘 {newest} · {code}"))]);
        }
    }
    keyboard.push(home::row(talk));
    talk.show(Screen { text: lines.join("\n\n"), keyboard })
}
