//! `samovar run`: the service, until SIGTERM or Ctrl-C.

use super::failure::code_of;
use super::owner;
use crate::app::{App, Parts, Passed, StartError};
use crate::config::{LogFormat, Settings, Sources};
use crate::metrics;
use std::io::{self, IsTerminal};
use std::net;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Two threads are plenty: the work is waiting, and the writer has a thread of its own.
const THREADS: usize = 2;
/// What cannot be interrupted (a look through the whole file) is not waited for longer than this.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// Runs the service; gives the exit code.
pub(super) fn run(sources: &Sources) -> u8 {
    let (settings, keys) = match Settings::for_service(sources) {
        Ok(read) => read,
        Err(problems) => {
            eprintln!("{problems}");
            return 2;
        }
    };
    log_to_stderr(&settings);
    if let Err(failure) = owner::refuse_root(&settings.data_dir) {
        eprintln!("{failure}");
        return failure.code();
    }
    let passed = match Passed::take() {
        Ok(passed) => passed,
        Err(error) => {
            eprintln!("{error}");
            return exit_code(&error);
        }
    };
    let metrics = match metrics::install() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(%error, "there will be no metrics");
            None
        }
    };
    let runtime = match Builder::new_multi_thread().worker_threads(THREADS).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the service cannot start: {error}");
            return 1;
        }
    };
    let (usual, closed) = Parts::usual();
    let served = runtime.block_on(async {
        let stop = stop_on_signal()?;
        let is_passed = passed.public.is_some();
        let (listener, admin_listener) = (listening(passed.public)?, listening(passed.admin)?);
        let parts = Parts { listener, admin_listener, metrics, ..usual };
        let app = App::bind(settings, keys, parts).await?;
        if let Ok(address) = app.address() {
            let by = if is_passed { "a socket that was passed, not LISTEN" } else { "LISTEN" };
            tracing::info!(%address, by, "listening");
        }
        app.run(stop).await;
        Ok::<_, StartError>(())
    });
    runtime.shutdown_timeout(LEFT_ALONE);
    // Else the file stays as a kill would leave it: sound, and looked through by the next who opens it.
    if closed.recv_timeout(LEFT_ALONE) == Err(RecvTimeoutError::Timeout) {
        tracing::debug!("something still reads the file; it is left open");
    }
    match served {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            exit_code(&error)
        }
    }
}

fn listening(passed: Option<net::TcpListener>) -> Result<Option<TcpListener>, StartError> {
    let unusable = |why| StartError::Settings(format!("a socket that was passed cannot be used: {why}"));
    passed.map(TcpListener::from_std).transpose().map_err(unusable)
}

/// What a start that failed tells the shell.
fn exit_code(error: &StartError) -> u8 {
    match error {
        StartError::Settings(_) => 2,
        StartError::Open(error) => code_of(error),
        StartError::Fault(fault) if fault.is_damage() => 4,
        StartError::Fault(_) | StartError::Machine { .. } | StartError::Listen { .. } => 1,
    }
}

/// Logs go to stderr: stdout is for what a command answers.
pub(super) fn log_to_stderr(settings: &Settings) {
    let filter = settings.rust_log.parse::<Targets>().unwrap_or_else(|error| {
        eprintln!("RUST_LOG is not understood ({error}); logging at info");
        Targets::new().with_default(Level::INFO)
    });
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match (settings.log_format, journal(settings.log_format)) {
        (LogFormat::Journald, Ok(Some(journal))) => registry.with(journal).init(),
        (LogFormat::Json, _) => {
            // A line is one flat object; the ids of what it is about are in its span.
            registry.with(layer.json().flatten_event(true).with_span_list(false)).init();
        }
        (LogFormat::Text | LogFormat::Journald, journal) => {
            registry.with(layer.with_target(false)).init();
            if let Err(error) = journal {
                tracing::warn!(%error, "the journal cannot be reached; logging as text");
            }
        }
    }
}

/// The way to systemd's journal, if that is wanted.
fn journal(format: LogFormat) -> io::Result<Option<tracing_journald::Layer>> {
    match format {
        LogFormat::Journald => tracing_journald::layer().map(|layer| Some(layer.with_field_prefix(None))),
        LogFormat::Text | LogFormat::Json => Ok(None),
    }
}

/// Cancelled by the first SIGTERM or SIGINT.
fn stop_on_signal() -> Result<CancellationToken, StartError> {
    let cannot = |why| StartError::Machine { what: "signals cannot be heard", why };
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: nothing new is taken, what is under way ends");
        token.cancel();
    });
    Ok(stop)
}
