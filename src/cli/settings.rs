//! `samovar config`: what is in force and where it came from, and whether the service would start with it.

use super::output::text;
use super::{Failure, Output};
use crate::app;
use crate::config::{self, BotMode, Keys, Problems, Settings, Sources, USUAL_FILES};
use crate::time::Clock;
use clap::Subcommand;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show every setting as it is in force, and where it came from; secrets are hidden
    Show,
    /// Check all settings without starting anything
    Check,
}

/// What `config show --json` prints.
#[derive(Debug, Serialize)]
struct InForce {
    file: Option<String>,
    settings: Vec<Setting>,
}

#[derive(Debug, Serialize)]
struct Setting {
    name: &'static str,
    value: Option<String>,
    from: Option<&'static str>,
    secret: bool,
}

/// What `config check --json` prints.
#[derive(Debug, Serialize)]
struct Checked {
    ok: bool,
    problems: Vec<String>,
}

pub(super) fn run(output: Output, sources: &Sources, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(output, sources),
        Command::Check => check(output, sources),
    }
}

fn show(output: Output, sources: &Sources) -> Result<(), Failure> {
    let (shown, problems) = config::show(sources);
    let file = sources.file.as_ref().map(|file| file.display().to_string());
    let settings = shown.into_iter().map(|one| Setting {
        name: one.name,
        value: one.value,
        from: Some(one.from).filter(|from| !from.is_empty()),
        secret: one.is_secret,
    });
    let in_force = InForce { file, settings: settings.collect() };
    let written = output.answer(&in_force, |output| say(output, &in_force));
    for problem in problems {
        // It is `check` that judges. When stderr is gone nobody reads it.
        drop(writeln!(io::stderr(), "wrong: {problem}"));
    }
    written
}

fn say(output: Output, in_force: &InForce) -> String {
    let mut table = output.table(&["setting", "value", "from"]);
    for setting in &in_force.settings {
        let value = match (setting.value.as_deref(), setting.from, setting.secret) {
            (Some(value), _, _) => value,
            (None, Some(_), true) => "(hidden)",
            (None, Some(_) | None, _) => "–",
        };
        table.add_row([setting.name, value, setting.from.unwrap_or("")]);
    }
    let none = || format!("none: neither {} nor {}", USUAL_FILES[0], USUAL_FILES[1]);
    let file = in_force.file.clone().unwrap_or_else(none);
    format!("Settings file: {file}\n\n{}", text(&table))
}

fn check(output: Output, sources: &Sources) -> Result<(), Failure> {
    let checked = whole(sources);
    let problems = match &checked {
        Ok(_) => Vec::new(),
        Err(failure) => failure.to_string().lines().map(str::to_owned).collect(),
    };
    let document = Checked { ok: problems.is_empty(), problems };
    match checked {
        Ok((settings, keys)) => output.answer(&document, |_| good(&settings, &keys)),
        Err(failure) => {
            // What is wrong is told whatever becomes of the document.
            drop(output.document(&document));
            Err(failure)
        }
    }
}

/// All that the service checks before it opens anything.
fn whole(sources: &Sources) -> Result<(Settings, Keys), Failure> {
    let (settings, keys) =
        Settings::for_service(sources).map_err(|problems: Problems| Failure::from(problems))?;
    match app::check(&settings, &keys, &Clock::system()) {
        Ok(_) => Ok((settings, keys)),
        Err(error) => Err(Failure::settings(error.to_string())),
    }
}

fn good(settings: &Settings, keys: &Keys) -> String {
    let updates = match settings.bot_mode {
        BotMode::Polling => "asks Telegram for updates (polling)".to_owned(),
        BotMode::Webhook => format!("is called by Telegram through {}", settings.listen),
    };
    let operators = keys.admin_ids.len();
    format!(
        "The settings are good. Bot {} {updates}; {operators} operator{}; all is kept in {}.\n\
         Whether the keys work: samovar doctor.",
        keys.bot_id,
        if operators == 1 { "" } else { "s" },
        settings.data_dir.display()
    )
}
