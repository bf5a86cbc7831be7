//! `samovar healthcheck`: asks the running service whether it is well, for probes that only see an exit
//! code. One question to `ADMIN_LISTEN` where that is set, else at the socket for commands; it opens nothing.

use super::{Failure, Output, ask};
use crate::config::Probe;
use crate::control::{Answer, Ask, Client, Unanswered, socket_path};
use serde::Serialize;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The whole of it takes at most so long, however slowly somebody answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// More of an answer is not read.
const ANSWER_BYTES: u64 = 16 * 1024;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Health {
    ok: bool,
    address: String,
    says: String,
}

pub(super) fn run(output: Output, probe: &Probe, live: bool) -> Result<(), Failure> {
    let (address, asked) = match probe {
        Probe::Http(listen) => {
            let address = reachable(*listen);
            let path = if live { "/healthz" } else { "/readyz" };
            (address.to_string(), in_time(call(address, path))?)
        }
        Probe::Socket(data_dir) => {
            (socket_path(data_dir).display().to_string(), in_time(knock(data_dir, live))?)
        }
    };
    let (ok, says) = asked.unwrap_or_else(|error| {
        let todo = if error.kind() == io::ErrorKind::PermissionDenied {
            "ask as the service's user or as root, or set ADMIN_LISTEN"
        } else {
            "does the service run?"
        };
        (false, format!("nobody answers at {address} ({error}): {todo}"))
    });
    let health = Health { ok, address, says };
    if ok {
        return output.answer(&health, |_| health.says.clone());
    }
    // That it is not well is told whatever becomes of the document.
    drop(output.document(&health));
    Err(Failure::refused(health.says))
}

/// Who listens everywhere is asked here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Whether all is well, and what was said.
type Asked = io::Result<(bool, String)>;

/// Asks, and waits no longer than [`PATIENCE`].
fn in_time(asking: impl Future<Output = Asked>) -> Result<Asked, Failure> {
    ask::block_on(async { Ok(within(asking).await) })
}

async fn within(asking: impl Future<Output = Asked>) -> Asked {
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Asks at the socket for commands.
async fn knock(data_dir: &Path, live: bool) -> Asked {
    let service = Client::at_socket(data_dir);
    let question = if live { Ask::Pid } else { Ask::Ready };
    match service.ask(question).await {
        Ok(Answer::Pid(_)) => Ok((true, "ok".to_owned())),
        Ok(Answer::Ready(None)) => Ok((true, "ready".to_owned())),
        Ok(Answer::Ready(Some(why))) => Ok((false, format!("not ready: {why}"))),
        Ok(_) => Ok((false, Failure::foreign().to_string())),
        Err(Unanswered::Lost(error)) => Err(error),
        Err(error @ Unanswered::Foreign(_)) => Ok((false, error.to_string())),
        Err(Unanswered::Late) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Asks over HTTP.
async fn call(address: SocketAddr, path: &str) -> Asked {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(understand(&String::from_utf8_lossy(&answer)))
}

/// Whether an answer is a 200, and its first words.
fn understand(answer: &str) -> (bool, String) {
    let mut words = answer.lines().next().unwrap_or("").split(' ');
    let (protocol, status) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if !protocol.starts_with("HTTP/1.") {
        return (false, "what answers there speaks no HTTP".to_owned());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let says = body.lines().next().unwrap_or("").trim();
    let says = if says.is_empty() { format!("HTTP {status}") } else { says.to_owned() };
    match status {
        "200" => (true, says),
        "503" => (false, says),
        _ => (false, format!("HTTP {status}: is this Samovar? {says}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn only_a_200_is_well_and_everything_else_says_why() {
        let http = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\na: b\r\n\r\n{body}");
        for (answer, ok, says) in [
            (http("200 OK", "ready\n"), true, "ready"),
            (
                http("503 Service Unavailable", "not ready: selling is stopped\n"),
                false,
                "not ready: selling is stopped",
            ),
            (http("404 Not Found", ""), false, "HTTP 404: is this Samovar? HTTP 404"),
            (String::new(), false, "what answers there speaks no HTTP"),
            ("SSH-2.0-OpenSSH\r\n".to_owned(), false, "what answers there speaks no HTTP"),
        ] {
            assert_eq!(understand(&answer), (ok, says.to_owned()), "{answer}");
        }
    }

    // The clock is stopped and jumps when nothing else can happen: nobody waits here.
    #[tokio::test(start_paused = true)]
    async fn who_answers_a_byte_a_second_is_not_listened_to_for_hours() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let dripping = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody");
            while stream.write_all(b"H").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let asked = within(call(address, "/readyz")).await;
        assert_eq!(asked.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        dripping.abort();
    }

    #[test]
    fn who_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.7:80", "10.0.0.7:80")]
        {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), asked);
        }
    }
}
