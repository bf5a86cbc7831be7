//! Asking the running service, or the file when nothing runs, from a command that is not async.

use super::Failure;
use crate::config::Settings;
use crate::control::{Answer, Ask, Client, Found, Unanswered, Unreachable};
use crate::disk;
use crate::ids::ActionId;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Who acts, in the journal of operators' acts.
pub(super) const WHO: &str = "cli";
/// An act whose answer was lost is asked again so often; its number keeps it one act.
const TRIES: u32 = 3;
/// Only who waits longer than this is shown that something happens.
const SHOW_AFTER: Duration = Duration::from_millis(500);

/// Who has the data directory.
#[derive(Debug)]
pub(super) enum Holder {
    /// A running service, with its pid.
    Service(String),
    /// Another process, which does not answer: a command, or a service that hangs.
    Silent,
    /// Nobody.
    Nobody,
    /// There is no such directory.
    Missing,
    /// That cannot be found out, and why.
    Unknown(String),
}

/// Looks who has the data directory, and leaves its file alone.
pub(super) fn who_has(settings: &Settings) -> Holder {
    match settings.data_dir.try_exists() {
        Ok(true) => {}
        Ok(false) => return Holder::Missing,
        Err(why) => return Holder::Unknown(format!("{}: {why}", disk::shown(&settings.data_dir))),
    }
    let looked = block_on(async {
        Ok(match Client::find(&settings.data_dir).await {
            Ok(Found::Free(_)) => Holder::Nobody,
            Ok(Found::Service(client)) => match client.ask(Ask::Pid).await {
                Ok(Answer::Pid(pid)) => Holder::Service(pid.to_string()),
                Ok(_) | Err(Unanswered::Foreign(_)) => Holder::Service("of another version".to_owned()),
                Err(Unanswered::Lost(_) | Unanswered::Late) => Holder::Silent,
            },
            Err(Unreachable::Silent { .. }) => Holder::Silent,
            Err(Unreachable::Open(error)) => Holder::Unknown(error.to_string()),
        })
    });
    looked.unwrap_or_else(|failure: Failure| Holder::Unknown(failure.to_string()))
}

/// Asks one question that changes nothing.
pub(super) fn ask(settings: &Settings, ask: Ask) -> Result<Answer, Failure> {
    block_on(async {
        let client = reach(&settings.data_dir).await?;
        let answered = patiently(&client, ask).await?;
        good(answered)
    })
}

/// Has something done that has no number and so is asked for once. Without an answer `lost` says what to do.
pub(super) fn once(settings: &Settings, ask: Ask, lost: &str) -> Result<Answer, Failure> {
    block_on(async {
        let client = reach(&settings.data_dir).await?;
        let answered = patiently(&client, ask).await.map_err(|error| Failure::from(error).but(lost))?;
        good(answered)
    })
}

/// Asks on and on: `next` takes each answer and gives the next question, until there is none. What
/// opened the file stays open meanwhile.
pub(super) fn each(
    settings: &Settings,
    first: Ask,
    mut next: impl FnMut(Answer) -> Result<Option<Ask>, Failure>,
) -> Result<(), Failure> {
    block_on(async {
        let client = reach(&settings.data_dir).await?;
        let mut question = Some(first);
        while let Some(ask) = question {
            question = next(good(client.ask(ask).await?)?)?;
        }
        Ok(())
    })
}

/// Has one act done, once, whatever becomes of the answers. `make` gives the act with its number.
pub(super) fn act(settings: &Settings, make: impl Fn(ActionId) -> Ask) -> Result<Answer, Failure> {
    block_on(async {
        let mut client = reach(&settings.data_dir).await?;
        let Answer::Action(id) = good(client.ask(Ask::NewAction).await?)? else {
            return Err(Failure::foreign());
        };
        for _ in 1..TRIES {
            match client.ask(make(id)).await {
                Ok(answer) => return good(answer),
                // It may have happened. Whoever has the file now is asked the same again.
                Err(Unanswered::Lost(_) | Unanswered::Late) => {
                    drop(client);
                    client = reach(&settings.data_dir).await.map_err(Failure::in_doubt)?;
                }
                Err(error @ Unanswered::Foreign(_)) => return Err(Failure::from(error).in_doubt()),
            }
        }
        good(client.ask(make(id)).await.map_err(|error| Failure::from(error).in_doubt())?)
    })
}

pub(super) fn block_on<R>(work: impl Future<Output = Result<R, Failure>>) -> Result<R, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::refused(format!("no runtime: {error}")))?;
    runtime.block_on(work)
}

pub(super) async fn reach(data_dir: &Path) -> Result<Client, Failure> {
    // What cannot be looked at is not new: opening it says why.
    if matches!(data_dir.try_exists(), Ok(false)) {
        // Most likely DATA_DIR is not what was meant; an empty ledger should not look like the real one.
        drop(writeln!(io::stderr(), "note: {} is new: an empty ledger is made there", data_dir.display()));
    }
    Ok(Client::reach(data_dir).await?)
}

async fn patiently(client: &Client, ask: Ask) -> Result<Answer, Unanswered> {
    shown("reading the whole file", client.ask(ask)).await
}

/// Shows that something happens, for who waits long.
pub(super) async fn shown<R>(what: &'static str, work: impl Future<Output = R>) -> R {
    let mut answer = pin!(work);
    if let Ok(answered) = timeout(SHOW_AFTER, &mut answer).await {
        return answered;
    }
    let spinner = spinner(what);
    let answered = answer.await;
    spinner.finish_and_clear();
    answered
}

/// Turns on stderr, and only when that is a terminal.
pub(super) fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// An answer that is one.
pub(super) fn good(answer: Answer) -> Result<Answer, Failure> {
    match answer {
        Answer::Refused(why) => Err(Failure::refused(why)),
        Answer::Failed { why, is_damaged: true } => Err(Failure::damaged(why)),
        Answer::Failed { why, is_damaged: false } => Err(Failure::refused(why)),
        Answer::NotUnderstood(_) => Err(Failure::foreign()),
        Answer::Pid(_)
        | Answer::Action(_)
        | Answer::Wallet(_)
        | Answer::Audit(_)
        | Answer::Timeline(_)
        | Answer::Selling(_)
        | Answer::Migration(_)
        | Answer::Page(_)
        | Answer::Concerns(_)
        | Answer::Backup(_)
        | Answer::Ready(_) => Ok(answer),
    }
}
