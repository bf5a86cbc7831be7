//! The customer's generations: a list, one of them, its files once more, taking it back.

use super::form::PROMPT_CHARS;
use super::inputs;
use super::keyboard::{home, pages};
use super::talk::{Screen, Talk, clip};
use super::target::Target;
use crate::catalog;
use crate::flow::resend::{self, NotSent};
use crate::flow::{news, settle};
use crate::ids::JobId;
use crate::job::{Refused, State, Why};
use crate::store::{Fault, Job};
use crate::texts::{self, Arg};

/// How many jobs a page shows.
const PAGE: usize = 6;
/// A button may say any number; each page is a walk past all newer ones.
const MOST_PAGES: usize = 500;

/// Where a job stands, and what became of what it cost.
fn status_key(job: &Job) -> &'static str {
    let is_free = job.row.free_hour.is_some();
    match &job.row.state {
        State::Queued { .. } => "status-queued",
        State::Sending { .. } | State::Waiting { .. } | State::Unknown { .. } | State::Fetching { .. } => {
            "status-working"
        }
        State::Done { .. } if job.row.money.refund.is_some() => "status-refunded",
        State::Done { .. } if settle::is_paid_back(job) => "status-refunded-free",
        State::Done { .. } => "status-done",
        State::Failed { why: Why::Cancelled, .. } if is_free => "status-cancelled-free",
        State::Failed { why: Why::Cancelled, .. } => "status-cancelled",
        State::Failed { .. } if is_free => "status-failed-free",
        State::Failed { .. } => "status-failed",
        State::Late { .. } => "status-gift",
    }
}

/// A page of the customer's jobs, newest first.
pub(super) fn list(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.aside();
    let page = page.min(MOST_PAGES);
    // One more than is shown tells whether there is another page.
    let mut jobs = talk.tx.jobs_of(talk.user, page.saturating_mul(PAGE), PAGE + 1)?;
    let more = jobs.len() > PAGE;
    jobs.truncate(PAGE);
    let text = talk.say(if jobs.is_empty() && page == 0 { "jobs-none" } else { "jobs" }, &[]);
    let mut keyboard = Vec::new();
    for job in &jobs {
        let (status, at) = (talk.say(status_key(job), &[]), texts::moment(talk.lang, job.row.created));
        let status = status.split_whitespace().next().unwrap_or("").to_owned();
        let args =
            [("status", Arg::Html(&status)), ("title", Arg::Html(news::title(job))), ("at", Arg::Html(&at))];
        keyboard.push(vec![Target::Job(job.id).button(talk.say("jobs-item", &args))]);
    }
    keyboard.extend(pages(talk, page, page + 1 + usize::from(more), Target::Jobs));
    keyboard.push(vec![home(talk)]);
    talk.show(Screen { text, keyboard })
}

/// A job of this customer, or `None`.
fn own(talk: &Talk<'_, '_>, id: JobId) -> Result<Option<Job>, Fault> {
    Ok(talk.tx.job(id)?.filter(|job| job.row.user == talk.user))
}

/// One job with all there is to know and do.
pub(super) fn job(talk: &mut Talk<'_, '_>, id: JobId) -> Result<(), Fault> {
    talk.aside();
    let Some(job) = own(talk, id)? else { return talk.tell("job-gone") };
    let status = talk.say(status_key(&job), &[]);
    let at = texts::moment(talk.lang, job.row.created);
    let price = if job.row.price.is_positive() {
        texts::money(talk.lang, job.row.price)
    } else {
        talk.say("job-price-free", &[])
    };
    let args = [
        ("title", Arg::Text(news::title(&job))),
        ("status", Arg::Html(&status)),
        ("price", Arg::Html(&price)),
        ("at", Arg::Html(&at)),
    ];
    let mut lines = vec![talk.say("job-card", &args)];
    let model = catalog::model(&job.row.model);
    let prompt = model.and_then(inputs::prompt).and_then(|input| job.row.input.get(input.name));
    if let Some(prompt) = prompt {
        let prompt = clip(&inputs::code(prompt), PROMPT_CHARS);
        lines.push(talk.say("job-card-prompt", &[("prompt", Arg::Text(&prompt))]));
    }
    if let State::Failed { why, .. } = &job.row.state {
        let reason = news::reason(talk.lang, why);
        lines.push(talk.say("job-card-reason", &[("reason", Arg::Html(&reason))]));
    }
    let code = job.row.request.code(&talk.shop.server_key);
    lines.push(talk.say("job-card-code", &[("code", Arg::Html(&code))]));
    let mut keyboard = Vec::new();
    if resend::possible(&job, talk.tx.now().at) {
        keyboard.push(vec![Target::Files(id).button(talk.say("button-send-again", &[]))]);
    }
    if matches!(job.row.state, State::Queued { .. }) {
        keyboard.push(vec![Target::TakeBack(id).button(talk.say("button-take-back", &[]))]);
    }
    if model.is_some() && !job.row.is_forgotten() {
        keyboard.push(vec![Target::Again(id).button(talk.say("button-repeat", &[]))]);
    }
    keyboard.push(vec![Target::Jobs(0).button(talk.say("button-back", &[])), home(talk)]);
    talk.show(Screen { text: lines.join("\n"), keyboard })
}

/// Sends the files of a finished job once more.
pub(super) fn files(talk: &mut Talk<'_, '_>, id: JobId) -> Result<(), Fault> {
    match resend::again(talk.tx, talk.user, id)? {
        Ok(()) => talk.toast("toast-sent-again"),
        Err(NotSent::NoSuchJob) => return talk.tell("job-gone"),
        Err(NotSent::NoFiles) => talk.alert("toast-no-files"),
    }
    Ok(())
}

/// Takes a queued job back. Its status message and a message of its own tell the rest.
pub(super) fn take_back(talk: &mut Talk<'_, '_>, id: JobId) -> Result<(), Fault> {
    let Some(job) = own(talk, id)? else { return talk.tell("job-gone") };
    if job.row.state.is_final() {
        talk.alert("toast-not-cancellable");
        return Ok(());
    }
    match settle::cancel(talk.shop, talk.tx, talk.user, id)? {
        Ok(()) => talk.toast("toast-taken-back"),
        Err(Refused::TooLate) if job.row.free_hour.is_some() => talk.alert("toast-too-late-free"),
        Err(Refused::TooLate) => talk.alert("toast-too-late"),
        Err(Refused::NotExpected | Refused::OtherAttempt | Refused::NotYet) => {
            talk.alert("toast-not-cancellable");
        }
    }
    Ok(())
}
