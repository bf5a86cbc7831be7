//! A server for tests that says exactly the bytes it is told, and ends as it is told.

use crate::provider::{Kie, Options, Timeouts};
use crate::time::Clock;
use secrecy::SecretString;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// The key that must be found nowhere.
pub(crate) const KEY: &str = "planted-key-5e3f";

/// What follows the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection closes.
    Close,
    /// Nothing more, for ever.
    Hang,
    /// The last bytes again and again, for ever.
    Endless,
    /// The connection breaks before the request is read, and nothing is said.
    Reset,
}

/// A server on a port of its own.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) url: Url,
    end: End,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with `bytes`, then `end`.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (bytes, log) = (Arc::new(bytes.into()), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&bytes), end, Arc::clone(&log)));
            }
        });
        Self { url: Url::parse(&format!("http://{address}")).expect("a link"), end, seen }
    }

    /// Answers each request with this status line's end, headers and body, complete.
    pub(crate) async fn answering(status: &str, headers: &str, body: &[u8]) -> Self {
        Self::saying(http(status, headers, body), End::Close).await
    }

    /// Answers each request with this JSON under HTTP 200.
    pub(crate) async fn json(body: &str) -> Self {
        Self::answering("200 OK", "content-type: application/json\r\n", body.as_bytes()).await
    }

    /// The requests so far, heads and bodies.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// KIE at this address, with little patience where only patience's end can end a test.
    pub(crate) fn kie(&self) -> Kie {
        let patience_ms = if self.end == End::Hang { 300 } else { 10_000 };
        kie_at(&self.url, Duration::from_millis(patience_ms))
    }
}

/// KIE at `url`, which may keep us waiting for so long.
pub(crate) fn kie_at(url: &Url, patience: Duration) -> Kie {
    let options = Options {
        base_url: url.clone(),
        upload_url: url.clone(),
        key: SecretString::from(KEY),
        result_hosts: vec!["cdn.example.com".to_owned(), "*.example.org".to_owned()],
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            create: patience,
            ask: patience,
            idle: patience,
            file: Duration::from_secs(20),
        },
    };
    Kie::new(options, &Clock::system()).expect("usable")
}

/// A whole answer with its length.
pub(crate) fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn answer(mut socket: TcpStream, bytes: Arc<Vec<u8>>, end: End, log: Arc<Mutex<Vec<String>>>) {
    if end == End::Reset {
        // Closing with the rest of the request unread resets the connection.
        let read = socket.read(&mut [0]).await;
        log.lock().expect("not poisoned").push(format!("{read:?}"));
        return;
    }
    let request = request(&mut socket).await;
    log.lock().expect("not poisoned").push(request);
    let mut sent = socket.write_all(&bytes).await;
    while sent.is_ok() && end == End::Endless {
        sent = socket.write_all(&bytes[bytes.len().saturating_sub(65_536)..]).await;
    }
    if end == End::Hang {
        // Until the client has had enough.
        let gone = socket.read(&mut [0]).await;
        log.lock().expect("not poisoned").push(format!("{gone:?}"));
    }
}

/// Reads one request: its head, and as much body as that says.
async fn request(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>())
            });
            if body.len() >= length.map_or(0, |length| length.expect("a length")) {
                return text;
            }
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
}
