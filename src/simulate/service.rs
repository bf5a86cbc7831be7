//! The service as a child process: started, killed, stopped, audited.

use crate::sandbox::telegram::World;
use crate::sandbox::{Sandbox, kie};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The bot's token, and the id in it.
pub(super) const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const BOT: u64 = 4242;
/// A start, or a clean stop, that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Below those that the system gives to clients: with thousands of connections to a service that is
/// just dead, one would get the service's own port, connect to itself and keep it.
const PORTS: std::ops::Range<u16> = 21_000..32_000;

/// All that a start needs; every life is started the same.
pub(super) struct Launch {
    program: PathBuf,
    home: PathBuf,
    port: u16,
    settings: Vec<(&'static str, String)>,
}

/// A running service; dropped, it is killed.
pub(super) struct Service(Child);

fn free_port() -> Result<u16, String> {
    let mine = u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    let mut ports = PORTS.skip(usize::from(mine)).chain(PORTS);
    let free = ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.ok_or_else(|| "no port is free".to_owned())
}

/// The service to start: the named one, or the `samovar` beside this program.
pub(super) fn program(named: Option<&Path>) -> Result<PathBuf, String> {
    let program = match named {
        Some(program) => program.to_owned(),
        None => std::env::current_exe().map_err(|why| why.to_string())?.with_file_name("samovar"),
    };
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("there is no {}: build it, or name it with --binary", program.display()))
}

impl Launch {
    /// With `more` settings than every proof has.
    pub(super) fn new(
        program: PathBuf,
        home: &Path,
        sandbox: &Sandbox,
        more: &[(&'static str, &str)],
    ) -> Result<Self, String> {
        let port = free_port()?;
        let settings = [
            ("TELEGRAM_BOT_TOKEN", TOKEN),
            ("KIE_API_KEY", &kie::Account::default().api_key),
            ("ADMIN_IDS", "900"),
            ("DATA_DIR", &home.join("data").display().to_string()),
            ("TELEGRAM_API_URL", sandbox.telegram_url()),
            ("KIE_BASE_URL", sandbox.kie_url()),
            ("KIE_UPLOAD_URL", sandbox.kie_url()),
            ("WEBHOOK_BASE_URL", &format!("http://127.0.0.1:{port}")),
            ("LISTEN", &format!("127.0.0.1:{port}")),
            ("ADMIN_LISTEN", "127.0.0.1:0"),
            ("FREE_DAILY_LIMIT", "0"),
            ("START_BONUS_RUB", "10000"),
            ("ACTIONS_PER_MINUTE", "0"),
            ("OPEN_JOBS_PER_CUSTOMER", "50"),
            ("MIN_FREE_DISK", "0"),
            ("LOG_FORMAT", "json"),
            ("RUST_LOG", "warn"),
        ];
        let settings =
            settings.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
        Ok(Self { program, home: home.to_owned(), port, settings })
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `samovar` with these words and the settings of every life.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--config", "/dev/null"]).args(words).env_clear();
        command.envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    pub(super) fn start(&self) -> Result<Service, String> {
        let log = File::options().create(true).append(true).open(self.home.join("service.log"));
        let log = log.map_err(|why| format!("no log: {why}"))?;
        let child = self.command(&["run"]).stderr(log).kill_on_drop(true).spawn();
        child.map(Service).map_err(|why| format!("{} does not start: {why}", self.program.display()))
    }

    /// `samovar audit` on what the last life left; an error is what it says.
    pub(super) async fn audit(&self) -> Result<(), String> {
        let said = self.command(&["audit"]).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await;
        let said = said.map_err(|why| format!("the audit does not start: {why}"))?;
        if said.status.success() {
            return Ok(());
        }
        let [out, err] = [&said.stdout, &said.stderr].map(|text| String::from_utf8_lossy(text));
        Err(format!("samovar audit ended with {}\n{out}{err}", said.status))
    }
}

impl Service {
    pub(super) fn pid(&self) -> Result<u32, String> {
        self.0.id().ok_or_else(|| "the service ended by itself".to_owned())
    }

    /// Waits until it has said what is looked for to Telegram.
    pub(super) async fn speaks(
        &mut self,
        sandbox: &Sandbox,
        said: impl Fn(&World) -> bool,
    ) -> Result<(), String> {
        let said = sandbox.telegram.wait(|world| said(world).then_some(()), PATIENCE);
        tokio::select! {
            said = said => said.map_err(|late| format!("the service says nothing: {late}")),
            ended = self.0.wait() => Err(format!("the service ended by itself: {ended:?}")),
        }
    }

    /// Waits until `/readyz` says 200: then SIGTERM stops it cleanly, and it sells.
    pub(super) async fn is_ready(&mut self, port: u16) -> Result<(), String> {
        let client = reqwest::Client::builder().no_proxy().build().map_err(|why| why.to_string())?;
        let url = format!("http://127.0.0.1:{port}/readyz");
        let mut last = "nothing".to_owned();
        let asks = async {
            loop {
                last = match client.get(&url).send().await {
                    Ok(answer) if answer.status() == 200 => return,
                    Ok(answer) => answer.text().await.unwrap_or_else(|why| why.to_string()),
                    Err(why) => why.to_string(),
                };
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            ready = tokio::time::timeout(PATIENCE, asks) => {
                ready.map_err(|_| format!("the service is not ready: {last}"))
            }
            ended = self.0.wait() => Err(format!("the service ended by itself: {ended:?}")),
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) async fn kill(mut self) -> Result<(), String> {
        if let Ok(Some(ended)) = self.0.try_wait() {
            return Err(format!("the service ended by itself: {ended}"));
        }
        self.0.kill().await.map_err(|why| format!("it cannot be killed: {why}"))
    }

    /// SIGTERM, and waits for the clean end.
    pub(super) async fn stop(mut self) -> Result<(), String> {
        let pid = i32::try_from(self.pid()?).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or("the service has no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(|why| why.to_string())?;
        match tokio::time::timeout(PATIENCE, self.0.wait()).await {
            Ok(Ok(ended)) if ended.success() => Ok(()),
            Ok(ended) => Err(format!("after SIGTERM the service ended with {ended:?}")),
            Err(_) => Err("after SIGTERM the service did not end".to_owned()),
        }
    }
}
