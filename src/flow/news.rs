//! The words about a job: its status, its result, its failure. Pure: rows in, messages out.

use super::settle::model_of;
use super::values;
use super::{Shop, free};
use crate::catalog::{self, Output};
use crate::ids::JobId;
use crate::job::{File, State, Why};
use crate::message::{About, Act, Button, Keyboard, Lang, MediaKind, Outgoing, Source};
use crate::store::Job;
use crate::texts::{self, Arg};
use crate::time::At;

/// The folder of a job's files, below the data directory.
pub fn media_dir(job: JobId) -> String {
    format!("media/{job}")
}

/// What people call a job's model; the id when the catalogue has it no more.
pub fn title(job: &Job) -> &str {
    model_of(job).map_or(job.row.model.as_str(), |model| model.title)
}

fn model(job: &Job) -> (&'static str, Arg<'_>) {
    ("model", Arg::Text(title(job)))
}

fn status(job: &Job, text: String, keyboard: Keyboard) -> Outgoing {
    let act = Act::Text { text, keyboard, edit: job.row.status_message };
    Outgoing { chat: job.row.user.chat(), act, about: About::Status(job.id) }
}

fn say(job: &Job, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    texts::say(job.row.lang, key, args)
}

/// It waits to be sent and may be cancelled.
pub(super) fn queued(job: &Job) -> Outgoing {
    let text = say(job, "job-queued", &[model(job)]);
    let cancel = Button::tap(say(job, "button-cancel", &[]), format!("x:{}", job.id));
    status(job, text, vec![vec![cancel]])
}

/// The provider works on it.
pub(super) fn working(job: &Job) -> Outgoing {
    let time = values::time(job.row.lang, model_of(job).map_or(60, |model| model.expected_s));
    let args = [model(job), ("time", Arg::Html(&time))];
    status(job, say(job, "job-working", &args), Vec::new())
}

/// It is over; the result or the failure comes as a message of its own.
pub(super) fn status_ended(job: &Job) -> Outgoing {
    let key = match &job.row.state {
        State::Failed { why: Why::Cancelled, .. } => "job-status-cancelled",
        State::Failed { .. } => "job-status-failed",
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. }
        | State::Done { .. }
        | State::Late { .. } => "job-status-done",
    };
    status(job, say(job, key, &[model(job)]), Vec::new())
}

/// The buttons below a result: those of every ending, and the model that goes on from here.
fn after_result(job: &Job) -> Keyboard {
    let mut keyboard = after(job.row.lang, job.id);
    keyboard.push(vec![Button::tap(say(job, "button-change", &[]), format!("change:{}", job.id))]);
    if job.row.task.is_some() && catalog::chained(&job.row.model).is_some() {
        keyboard.push(vec![Button::tap(say(job, "button-upscale", &[]), format!("up:{}", job.id))]);
    }
    keyboard
}

/// The buttons below a result or failure.
fn after(lang: Lang, job: JobId) -> Keyboard {
    vec![vec![
        Button::tap(texts::say(lang, "button-repeat", &[]), format!("again:{job}")),
        Button::tap(texts::say(lang, "button-menu", &[]), "menu"),
    ]]
}

/// The result, as real media; what is not the model's kind of output goes as a document.
pub(super) fn result(job: &Job, files: &[File]) -> Outgoing {
    let args = [model(job), ("price", Arg::Money(job.row.price))];
    let key = match (&job.row.state, job.row.free_hour) {
        (State::Late { .. }, Some(_)) => "job-late-gift-free",
        (State::Late { .. }, None) => "job-late-gift",
        (_, Some(_)) => "job-done-caption-free",
        (_, None) => "job-done-caption",
    };
    let options = model_of(job).map(|model| values::options_line(job.row.lang, model, &job.row.input));
    let caption = match options.filter(|options| !options.is_empty()) {
        Some(options) => format!(
            "{}\n{}",
            say(job, key, &args),
            say(job, "job-options", &[("options", Arg::Text(&options))])
        ),
        None => say(job, key, &args),
    };
    let links: Vec<&str> = files.iter().filter_map(|file| file.link.as_deref()).collect();
    if !links.is_empty() {
        let links = ("links", Arg::Text(&links.join("\n")));
        let text = format!("{caption}\n\n{}", say(job, "job-done-link", &[links]));
        let act = Act::Text { text, keyboard: after_result(job), edit: None };
        return Outgoing { chat: job.row.user.chat(), act, about: About::Result(job.id) };
    }
    let (kind, family) = match model_of(job).map(|model| model.output) {
        Some(Output::Image) => (MediaKind::Photo, "image/"),
        Some(Output::Video) => (MediaKind::Video, "video/"),
        Some(Output::Audio) => (MediaKind::Audio, "audio/"),
        None => (MediaKind::Document, ""),
    };
    let fits = files.iter().all(|file| file.mime.starts_with(family));
    let dir = media_dir(job.id);
    let act = Act::Media {
        kind: if fits { kind } else { MediaKind::Document },
        files: files.iter().map(|file| Source::Path(format!("{dir}/{}", file.name))).collect(),
        caption,
        keyboard: after_result(job),
    };
    Outgoing { chat: job.row.user.chat(), act, about: About::Result(job.id) }
}

/// What happened to the money of an order that brings nothing, as it is now.
fn money_back(job: &Job, now: At) -> String {
    match (job.row.money.hold, job.row.free_hour) {
        (Some(_), _) => say(job, "money-returned", &[("amount", Arg::Money(job.row.price))]),
        (None, Some(hour)) if free::comes_back(&job.row.model, hour, now) => {
            say(job, "money-free-returned", &[])
        }
        (None, Some(_) | None) => say(job, "money-nothing-charged", &[]),
    }
}

/// The failure: what failed, why, what happened to the money, and the code for the support.
pub(super) fn failed(shop: &Shop, job: &Job, why: &Why, maybe_late: bool, now: At) -> Outgoing {
    let money = money_back(job, now);
    let code = job.row.request.code(&shop.server_key);
    let reason = reason(job.row.lang, why);
    let args = [
        ("model", Arg::Text(&job.row.model)),
        ("reason", Arg::Html(&reason)),
        ("money", Arg::Html(&money)),
        ("code", Arg::Text(&code)),
    ];
    let key = match why {
        Why::Cancelled => "job-cancelled",
        Why::QueueTimeout
        | Why::NoCredit
        | Why::KeyRefused
        | Why::Paused
        | Why::ModelGone
        | Why::Rejected { .. }
        | Why::TaskFailed { .. }
        | Why::NoAnswer
        | Why::Deadline
        | Why::InputLost
        | Why::ResultLost => "job-failed",
    };
    let mut text = say(job, key, &args);
    if maybe_late {
        text.push_str("\n\n");
        text.push_str(&say(job, "job-may-come-late", &[]));
    }
    let act = Act::Text { text, keyboard: after(job.row.lang, job.id), edit: None };
    Outgoing { chat: job.row.user.chat(), act, about: About::Ending(job.id) }
}

/// Telegram would not take the result, and what it cost went back.
pub(super) fn undeliverable(shop: &Shop, job: &Job, now: At) -> Outgoing {
    let code = job.row.request.code(&shop.server_key);
    let money = match &job.row.state {
        State::Late { .. } => say(job, "money-nothing-charged", &[]),
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. }
        | State::Done { .. }
        | State::Failed { .. } => money_back(job, now),
    };
    let args =
        [("model", Arg::Text(&job.row.model)), ("money", Arg::Html(&money)), ("code", Arg::Text(&code))];
    let text = say(job, "job-undeliverable-refund", &args);
    let act = Act::Text { text, keyboard: after(job.row.lang, job.id), edit: None };
    Outgoing { chat: job.row.user.chat(), act, about: About::Ending(job.id) }
}

/// Why a job failed, as a sentence.
pub fn reason(lang: Lang, why: &Why) -> String {
    let (key, message) = match why {
        Why::Cancelled => ("reason-cancelled", None),
        Why::QueueTimeout => ("reason-queue-timeout", None),
        Why::NoCredit => ("reason-no-credit", None),
        Why::KeyRefused => ("reason-key-refused", None),
        Why::Paused => ("reason-paused", None),
        Why::ModelGone => ("reason-model-gone", None),
        Why::Rejected { message } => ("reason-rejected", Some(message)),
        Why::TaskFailed { message } => ("reason-task-failed", Some(message)),
        Why::NoAnswer => ("reason-no-answer", None),
        Why::Deadline => ("reason-deadline", None),
        Why::ResultLost => ("reason-result-lost", None),
        Why::InputLost => ("reason-input-lost", None),
    };
    match message {
        Some(message) => texts::say(lang, key, &[("message", Arg::Text(message))]),
        None => texts::say(lang, key, &[]),
    }
}
