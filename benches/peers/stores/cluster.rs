//! A PostgreSQL of our own on the disk of the bench, with the settings it comes with. Reached by a socket in
//! its folder, stopped with whoever started it.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls};

/// The system's user that it runs as when we are root, which it refuses to run as.
const USER: &str = "postgres";
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Cluster {
    server: Child,
    dir: PathBuf,
}

/// Makes an empty cluster in `dir`; an error says why there can be none.
pub(super) fn make(dir: &Path) -> Result<(), String> {
    fs::create_dir(dir).map_err(|error| error.to_string())?;
    if rustix::process::geteuid().is_root() {
        done(Command::new("chown").arg(USER).arg(dir))?;
    }
    let mut initdb = command("initdb");
    done(
        initdb
            .args(["--no-locale", "--encoding=UTF8", "--auth=trust", "--username=bench", "-D"])
            .arg(data(dir)),
    )
}

impl Cluster {
    /// Starts it and waits until it answers.
    pub(super) fn start(dir: &Path, runtime: &Runtime) -> Self {
        let log = File::create(dir.with_extension("log")).expect("a file");
        let mut command = command("postgres");
        command.arg("-D").arg(data(dir)).arg("-k").arg(dir).args(["-c", "listen_addresses="]);
        let server = command.stderr(log.try_clone().expect("a file")).stdout(log).spawn();
        let cluster = Self { server: server.expect("a server"), dir: dir.to_owned() };
        let started = Instant::now();
        runtime.block_on(async {
            while let Err(error) = config(dir).connect(NoTls).await {
                assert!(started.elapsed() < PATIENCE, "PostgreSQL does not answer: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        cluster
    }

    /// A connection, driven by the runtime that asks.
    pub(super) async fn connect(&self) -> Client {
        let (client, connection) = config(&self.dir).connect(NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The fast way to stop: connections are cut, all is written, nothing is left to recover.
        let stopped = kill_process(Pid::from_child(&self.server), Signal::INT);
        let ended = self.server.wait();
        assert!(stopped.is_ok() && ended.is_ok_and(|status| status.success()), "PostgreSQL did not stop");
    }
}

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

fn config(dir: &Path) -> Config {
    let mut config = Config::new();
    config.host_path(dir).user("bench").dbname("postgres");
    config
}

/// One of its programs, from where Debian keeps them or else from the path. It ends with us, however we do.
fn command(program: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        versions.map(|version| version.path().join("bin").join(program)).filter(|path| path.exists()).max();
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=INT").current_dir("/").stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.args([format!("--reuid={USER}"), format!("--regid={USER}"), "--clear-groups".to_owned()]);
    }
    command.arg(newest.unwrap_or_else(|| program.into()));
    command
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
