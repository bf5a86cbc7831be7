//! `samovar init`: asks for the three values that nobody can do without, tries them, and writes a settings
//! file that explains every setting, or fills in one that waits for it, as the package's does. Takes no notice
//! of settings that are there.
//!
//! **Invariants:** a secret is never an argument, and never on the screen; a file in which anything is set, but
//! for where the data is, is not touched.

use super::{Failure, Output};
use crate::app;
use crate::config::{EXAMPLE, Keys, Problems, Settings, Sources, USUAL_FILES};
use crate::provider::Provider;
use crate::telegram::{CallError, Gateway};
use crate::time::Clock;
use clap::Args;
use dialoguer::{Input, Password};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tokio::runtime::Builder;

/// Where `samovar` looks first.
const USUAL: &str = USUAL_FILES[0];
const SYSTEM: &str = USUAL_FILES[1];
/// The data directory of the unit that reads that file.
const SYSTEM_DATA: &str = "/var/lib/samovar";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A file with the bot's token (/dev/stdin is one); without it you are asked
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// A file with the key of your KIE.AI account; without it you are asked
    #[arg(long, value_name = "FILE")]
    kie_key_file: Option<String>,
    /// Your Telegram id, or several with commas between; without it you are asked
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    admin: Option<String>,
    /// Write them without trying them at Telegram and KIE
    #[arg(long)]
    offline: bool,
    #[arg(long, hide = true)]
    telegram_api_url: Option<String>,
    #[arg(long, hide = true)]
    kie_base_url: Option<String>,
}

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Token,
    Key,
    Admins,
}

impl Wanted {
    const ALL: [Self; 3] = [Self::Token, Self::Key, Self::Admins];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "TELEGRAM_BOT_TOKEN",
            Self::Key => "KIE_API_KEY",
            Self::Admins => "ADMIN_IDS",
        }
    }

    /// What is well formed and nobody's: the others are checked beside it.
    fn stand_in(self) -> &'static str {
        match self {
            Self::Token => "1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            Self::Key => "none",
            Self::Admins => "1",
        }
    }

    /// What it is and where to get it.
    fn explained(self) -> &'static str {
        match self {
            Self::Token => {
                "\n1. The bot's token. In Telegram, write /newbot to @BotFather (or /mybots, for a bot you have).\n   \
                 What you paste here is not shown."
            }
            Self::Key => {
                "\n2. The key of your KIE.AI account, from https://kie.ai/api-key. It is not shown, either."
            }
            Self::Admins => {
                "\n3. Your own Telegram id, a number; @userinfobot tells it. You become the bot's operator."
            }
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Written {
    file: String,
    bot: Option<String>,
    credits: Option<String>,
    next: String,
}

pub(super) fn run(output: Output, config: Option<PathBuf>, arguments: &Arguments) -> Result<(), Failure> {
    let path = config.unwrap_or_else(usual);
    let waiting = waiting(&path)?;
    let mut form = Form::new(arguments);
    let missing: Vec<_> =
        Wanted::ALL.into_iter().filter(|wanted| arguments.given(*wanted).is_none()).collect();
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !missing.is_empty() && !can_ask {
        return Err(Failure::settings(
            "this is no terminal where you could be asked: give --token-file FILE, --kie-key-file FILE and --admin ID",
        ));
    }
    // What is wrong in itself is told before anybody is asked about anything.
    for wanted in Wanted::ALL {
        if let Some((name, value)) = arguments.given(wanted) {
            form.take(wanted, name, value)?;
        }
    }
    for wanted in Wanted::ALL {
        if missing.contains(&wanted) { form.ask(wanted)? } else { form.try_out(wanted).map(drop)? }
    }
    if path == Path::new(SYSTEM) {
        // Where the unit keeps it: else commands would make a ledger of their own in ./data.
        form.given.insert("DATA_DIR".to_owned(), SYSTEM_DATA.to_owned());
    }
    write(&path, waiting.as_deref(), &form.given)?;
    let flag = if [USUAL, SYSTEM].iter().any(|usual| Path::new(usual) == path) {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
    let next = if path == Path::new(SYSTEM) {
        "systemctl enable --now samovar".to_owned()
    } else {
        format!("samovar{flag} run")
    };
    let written = Written { file: path.display().to_string(), bot: form.bot, credits: form.credits, next };
    output.done(&written, |_| say(&written, waiting.is_some(), &flag))
}

/// The file that the service will find: the package's, if that is there and may be looked into.
fn usual() -> PathBuf {
    let is_packaged = !Path::new(USUAL).exists() && File::open(SYSTEM).is_ok();
    PathBuf::from(if is_packaged { SYSTEM } else { USUAL })
}

/// The text of a file that is there and waits to be filled in; `None` when there is none.
fn waiting(path: &Path) -> Result<Option<String>, Failure> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(found) if !found.is_file() => return Err(there(path)),
        Ok(_) | Err(_) => {}
    }
    let text = fs::read_to_string(path);
    let text =
        text.map_err(|error| Failure::refused(format!("{} cannot be read: {error}", path.display())))?;
    let is_open =
        |line: &str| setting(line).is_some_and(|(name, value)| name == "DATA_DIR" || is_empty(value));
    let waits =
        text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || is_open(line));
    if waits { Ok(Some(text)) } else { Err(there(path)) }
}

/// The name and the value of a line that is a setting, or is one behind a `# `.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("# ").unwrap_or(line).split_once('=')?;
    Some((name.trim(), value.trim()))
}

fn is_empty(value: &str) -> bool {
    value == "\"\"" || value == "''"
}

fn say(written: &Written, is_filled: bool, flag: &str) -> String {
    let bot = written.bot.as_ref().map_or("your bot".to_owned(), |name| format!("@{name}"));
    let file = &written.file;
    let done = if is_filled {
        format!(
            "Filled in: {file}. It stays whose it was, and nobody beside its owner and group may read it."
        )
    } else {
        format!("Written: {file}, which only you can read. Every setting is explained in it.")
    };
    format!(
        "\n{done}\n\nNext:\n  {}\n      starts the service; say /start to {bot}\n  samovar{flag} doctor\n      \
         shows whether all is well\n",
        written.next
    )
}

fn there(path: &Path) -> Failure {
    let path = path.display();
    Failure::refused(format!(
        "{path} is there already and stays as it is: edit it, or name another with --config"
    ))
}

impl Arguments {
    /// What was given for one of the three, as a setting of the environment.
    fn given(&self, wanted: Wanted) -> Option<(String, String)> {
        let (value, ending) = match wanted {
            Wanted::Token => (&self.token_file, "_FILE"),
            Wanted::Key => (&self.kie_key_file, "_FILE"),
            Wanted::Admins => (&self.admin, ""),
        };
        value.as_ref().map(|value| (format!("{}{ending}", wanted.name()), value.clone()))
    }
}

/// What is known so far.
struct Form {
    /// As the environment would have it; stand-ins for what is still to come.
    given: BTreeMap<String, String>,
    offline: bool,
    bot: Option<String>,
    credits: Option<String>,
}

impl Form {
    fn new(arguments: &Arguments) -> Self {
        let mut given: BTreeMap<String, String> =
            Wanted::ALL.map(|wanted| (wanted.name().to_owned(), wanted.stand_in().to_owned())).into();
        let urls =
            [("TELEGRAM_API_URL", &arguments.telegram_api_url), ("KIE_BASE_URL", &arguments.kie_base_url)];
        for (name, url) in urls {
            given.extend(url.as_ref().map(|url| (name.to_owned(), url.clone())));
        }
        Self { given, offline: arguments.offline, bot: None, credits: None }
    }

    /// Asks until it is right.
    fn ask(&mut self, wanted: Wanted) -> Result<(), Failure> {
        tell(wanted.explained())?;
        loop {
            let answered = match wanted {
                Wanted::Token => Password::new().with_prompt("   Token").interact(),
                Wanted::Key => Password::new().with_prompt("   Key").interact(),
                Wanted::Admins => Input::new().with_prompt("   Id").interact_text(),
            };
            let answer =
                answered.map_err(|error| Failure::refused(format!("nothing was written: {error}")))?;
            // A blank at the ends is the copying's.
            let taken = self.take(wanted, wanted.name().to_owned(), answer.trim().to_owned());
            match taken.and_then(|()| self.try_out(wanted)) {
                Ok(says) => return tell(&format!("   ✓ {says}")),
                Err(failure) => tell(&format!("   ✗ {failure}"))?,
            }
        }
    }

    /// Checks one of the three and keeps it.
    fn take(&mut self, wanted: Wanted, name: String, value: String) -> Result<(), Failure> {
        let mut environment = self.given.clone();
        environment.remove(wanted.name());
        environment.insert(name, value);
        let (_, keys) = read(environment)?;
        let kept = match wanted {
            Wanted::Token => keys.telegram_bot_token.expose_secret().to_owned(),
            Wanted::Key => keys.kie_api_key.expose_secret().to_owned(),
            Wanted::Admins => keys.admin_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        };
        self.given.insert(wanted.name().to_owned(), kept);
        Ok(())
    }

    /// Tries one of the three that is kept; gives a few words on it.
    fn try_out(&mut self, wanted: Wanted) -> Result<String, Failure> {
        let (settings, keys) = read(self.given.clone())?;
        let unusable = |error: app::StartError| Failure::settings(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::refused(format!("no runtime: {error}")))?;
        match wanted {
            Wanted::Token | Wanted::Key if self.offline => Ok("it is well formed; not tried".to_owned()),
            Wanted::Token => {
                let telegram = app::telegram(&settings, &keys).map_err(unusable)?;
                let me = runtime.block_on(telegram.me()).map_err(|error| match error {
                    CallError::Token => Failure::refused(
                        "TELEGRAM_BOT_TOKEN is of no bot that Telegram knows: copy it again from @BotFather",
                    ),
                    CallError::OtherPoller
                    | CallError::WebhookSet
                    | CallError::Later(_)
                    | CallError::Unreachable(_)
                    | CallError::Refused(_) => Failure::refused(format!(
                        "TELEGRAM_BOT_TOKEN could not be tried: {error} (--offline writes it untried)"
                    )),
                })?;
                self.bot = Some(me.username.clone());
                Ok(format!("the bot is @{}", me.username))
            }
            Wanted::Key => {
                let kie = app::kie(&settings, &keys, &Clock::system()).map_err(unusable)?;
                let credit = runtime.block_on(kie.credit()).map_err(|why| {
                    Failure::refused(format!(
                        "KIE_API_KEY was not taken: KIE says {why}. Yours is at https://kie.ai/api-key \
                         (--offline writes it untried)"
                    ))
                })?;
                self.credits = Some(credit.to_string());
                Ok(format!("KIE takes it; {credit} credits are on the account"))
            }
            Wanted::Admins => Ok(format!("{} it is", keys.admin_ids[0])),
        }
    }
}

/// The settings with these values, by the very checks of the service.
fn read(environment: BTreeMap<String, String>) -> Result<(Settings, Keys), Failure> {
    Settings::for_service(&Sources { environment, file: None }).map_err(|problems| one_line(&problems))
}

/// What is wrong, without saying that it came from an environment which nobody set.
fn one_line(problems: &Problems) -> Failure {
    let lines = problems.0.iter().map(|problem| {
        let name = problem.name.split(' ').next().unwrap_or(&problem.name);
        format!("{name} {}", problem.what)
    });
    Failure::settings(lines.collect::<Vec<_>>().join("\n"))
}

/// To the person at the terminal; stdout is for the answer.
fn tell(line: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "{line}").map_err(|error| Failure::refused(format!("stderr: {error}")))
}

/// Puts the file in its place, whole, or not at all. One that takes the place of `waiting` belongs to whom that
/// did, and nobody beside those may read it.
fn write(path: &Path, waiting: Option<&str>, given: &BTreeMap<String, String>) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return there(path);
        }
        Failure::refused(format!("{} cannot be written: {error}", path.display()))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // It is made for its owner alone.
    let mut file = tempfile::Builder::new().prefix(".samovar-").tempfile_in(folder).map_err(cannot)?;
    let text = filled(waiting.unwrap_or(EXAMPLE), given);
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
    if waiting.is_none() {
        return file.persist_noclobber(path).map(drop).map_err(|error| cannot(error.error));
    }
    give_as(path, file.as_file()).map_err(cannot)?;
    file.persist(path).map(drop).map_err(|error| cannot(error.error))
}

/// Gives a new file the owner, the group and the mode of another.
fn give_as(other: &Path, file: &File) -> io::Result<()> {
    let (wanted, made) = (fs::metadata(other)?, file.metadata()?);
    if (wanted.uid(), wanted.gid()) != (made.uid(), made.gid()) {
        fchown(file, Some(wanted.uid()), Some(wanted.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(wanted.mode() & 0o770))
}

/// A text with what was given: in the lines that wait for it, and at its end what has none.
fn filled(text: &str, given: &BTreeMap<String, String>) -> String {
    // All that was checked is one line of visible ASCII.
    let line = |name: &str, value: &str| {
        format!("{name} = \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let settings = text.lines().filter(|line| !line.starts_with('#')).filter_map(setting);
    let there: BTreeSet<&str> = settings.map(|(name, _)| name).collect();
    let mut done = BTreeSet::new();
    let mut filled = String::new();
    for old in text.lines() {
        let known = setting(old).and_then(|(name, value)| Some((given.get_key_value(name)?, value)));
        let new = known.and_then(|((name, new), value)| {
            let waits = if old.starts_with('#') { !there.contains(name.as_str()) } else { is_empty(value) };
            (waits && done.insert(name.as_str())).then(|| line(name, new))
        });
        filled.push_str(new.as_deref().unwrap_or(old));
        filled.push('\n');
    }
    let rest =
        given.iter().filter(|(name, _)| !done.contains(name.as_str()) && !there.contains(name.as_str()));
    filled.extend(rest.map(|(name, value)| line(name, value) + "\n"));
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NAMES;

    #[test]
    fn a_setting_is_filled_in_where_it_waits_and_once() {
        let given = [("ADMIN_IDS", "900"), ("DATA_DIR", "/var/lib/samovar"), ("KIE_API_KEY", "a-key")];
        let given: BTreeMap<_, _> = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let waiting = "# ADMIN_IDS = \"1\"\nADMIN_IDS = ''\n\n# DATA_DIR = \"\"\nDATA_DIR = \"/srv\"\n";
        assert_eq!(
            filled(waiting, &given),
            "# ADMIN_IDS = \"1\"\nADMIN_IDS = \"900\"\n\n# DATA_DIR = \"\"\nDATA_DIR = \"/srv\"\nKIE_API_KEY = \"a-key\"\n"
        );
    }

    #[test]
    fn what_is_written_is_read_again_and_explains_every_setting() {
        let token = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let given = [("TELEGRAM_BOT_TOKEN", token), ("KIE_API_KEY", "a\"b\\c#"), ("ADMIN_IDS", "900,901")];
        let given: BTreeMap<_, _> = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("samovar.toml");
        write(&path, None, &given).expect("written");
        let sources = Sources { environment: BTreeMap::new(), file: Some(path.clone()) };
        let (_, keys) = Settings::for_service(&sources).expect("good");
        assert_eq!(keys.kie_api_key.expose_secret(), "a\"b\\c#");
        assert_eq!((keys.bot_id, keys.admin_ids.len()), (4242, 2));
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(NAMES.iter().all(|name| text.contains(name)), "{text}");
        let again = write(&path, None, &given).expect_err("it is there");
        assert!(again.to_string().contains("stays as it is"), "{again}");
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left over");
    }
}
