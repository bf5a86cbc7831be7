//! The service as a child process: started, killed, stopped, and its commands run beside it.

use super::{Failed, Stage};
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// The operator's id in the demo's Telegram.
pub(super) const OPERATOR: i64 = 900;
/// So many of the last lines of its log are shown when something goes wrong.
const LOG_LINES: usize = 12;
/// A clean stop lets what is under way end, for 23 s at most.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// The service's binary, its settings and, while it runs, its process.
pub(super) struct Service {
    program: PathBuf,
    settings: Vec<(&'static str, String)>,
    config_file: PathBuf,
    log_file: PathBuf,
    child: Option<Child>,
}

impl Service {
    /// A service that is not started yet, with everything it keeps below `home`.
    pub(super) fn new(stage: &Stage, token: &str, home: &Path) -> io::Result<Self> {
        let port = free_port()?;
        let base_url = format!("http://127.0.0.1:{port}");
        let key = crate::sandbox::kie::Account::default().api_key;
        let settings = vec![
            ("TELEGRAM_BOT_TOKEN", token.to_owned()),
            ("KIE_API_KEY", key),
            ("ADMIN_IDS", OPERATOR.to_string()),
            ("DATA_DIR", home.join("data").display().to_string()),
            ("TELEGRAM_API_URL", stage.sandbox.telegram_url().to_owned()),
            ("KIE_BASE_URL", stage.sandbox.kie_url().to_owned()),
            ("KIE_UPLOAD_URL", stage.sandbox.kie_url().to_owned()),
            ("WEBHOOK_BASE_URL", base_url),
            ("LISTEN", format!("127.0.0.1:{port}")),
            ("ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ];
        // An empty file of our own, so that no settings file of the operator's is found.
        let config_file = home.join("samovar.toml");
        fs::write(&config_file, "")?;
        let log_file = home.join("service.log");
        Ok(Self { program: stage.program.clone(), settings, config_file, log_file, child: None })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config_file).args(args);
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts `samovar run`; gives its process id.
    pub(super) fn start(&mut self) -> io::Result<u32> {
        let log = File::options().create(true).append(true).open(&self.log_file)?;
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn()?;
        let pid = child.id().ok_or_else(|| io::Error::other("the service ended at once"))?;
        self.child = Some(child);
        Ok(pid)
    }

    /// Kills it with SIGKILL, if it runs, and waits until it is gone.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().await,
            None => Ok(()),
        }
    }

    /// Asks it with SIGTERM to end, and waits for that; gives how it ended.
    pub(super) async fn stop(&mut self) -> Result<ExitStatus, Failed> {
        let mut child = self.child.take().ok_or_else(|| io::Error::other("the service does not run"))?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the service has ended already"))?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(io::Error::from)?;
        match tokio::time::timeout(STOP_PATIENCE, child.wait()).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(self.unexpected("the service stops after SIGTERM", "its end", "nothing")),
        }
    }

    /// Comes back only when it ends by itself.
    pub(super) async fn died(&mut self) -> Failed {
        let ended = match self.child.as_mut() {
            Some(child) => child.wait().await,
            None => std::future::pending().await,
        };
        match ended {
            Ok(status) => Failed::Died { status: status.to_string(), service_log: self.last_words() },
            Err(error) => error.into(),
        }
    }

    /// Runs a `samovar` command on the same data directory to its end.
    pub(super) async fn run(&self, args: &[&str]) -> io::Result<Output> {
        self.command(args).output().await
    }

    /// The last lines of its log.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log_file).unwrap_or_else(|error| format!("(no log: {error})"));
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LOG_LINES)..].iter();
        last.map(|line| format!("    {}", console::strip_ansi_codes(line))).collect::<Vec<_>>().join("\n")
    }

    /// Something was not as it should be.
    pub(super) fn unexpected(&self, what: &str, expected: &str, came: &str) -> Failed {
        let [what, expected, came] = [what, expected, came].map(str::to_owned);
        Failed::Expectation { what, expected, came, service_log: self.last_words() }
    }
}

/// A port of this machine that nobody listens on. The service takes it a moment later, and again
/// after its kill: Telegram was told the address once.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
