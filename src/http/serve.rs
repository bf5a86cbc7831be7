//! Serves a router with limits that hold before anything of a request is read: so many connections,
//! so long for a head, and idle ones are closed.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Connections at once. Telegram opens at most 40, KIE a few; the rest waits in the system's queue.
const CONNECTIONS: usize = 512;
/// With TLS of our own, where callers come by themselves and not through a proxy, so many of these are one
/// address's: more than Telegram ever opens from all of its addresses (100), a quarter of all.
const OF_ONE_ADDRESS: usize = 128;
/// A request's head must be there within this, and an idle connection is closed after it.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// A TLS handshake must be done within this.
const SHAKEN_WITHIN: Duration = Duration::from_secs(5);
/// Heads larger than this are refused with 431.
const HEAD_BYTES: usize = 32 * 1024;
/// Who was let in just before a stop must begin to speak within this after it.
const FIRST_WORD_WITHIN: Duration = Duration::from_secs(1);
/// Nobody stays for longer than this: whoever keeps connections to keep others out must begin again.
const LIFE: Duration = Duration::from_secs(300);
/// After that, or a stop, an answer under way must be taken within this.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(20);
/// After a failed `accept` (no file descriptors left) the next try waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop`, in TLS with `tls`; then takes nothing new and lets answers that are under way be
/// given.
pub async fn serve(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    serve_at_most(CONNECTIONS, OF_ONE_ADDRESS, listener, router, tls, stop).await;
}

/// Who is here, by address: each connection has a copy of its address's seat.
#[derive(Default)]
struct Seats(HashMap<IpAddr, Weak<()>>);

impl Seats {
    /// A seat, unless the address has `most` already.
    fn take(&mut self, address: IpAddr, most: usize) -> Option<Arc<()>> {
        // There are never more with a connection than connections.
        self.0.retain(|_, seat| seat.strong_count() > 0);
        let place = self.0.entry(network(address)).or_default();
        let seat = place.upgrade().unwrap_or_default();
        *place = Arc::downgrade(&seat);
        (Arc::strong_count(&seat) <= most).then_some(seat)
    }
}

/// Who has one address of IPv6 has all that begin with the same 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

async fn serve_at_most(
    connections: usize,
    of_one_address: usize,
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(connections));
    let shutdown = GracefulShutdown::new();
    let mut seats = Seats::default();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let Some((place, accepted)) = stop.run_until_cancelled(next).await else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let most = if tls.is_some() { of_one_address } else { usize::MAX };
        let Some(seat) = seats.take(peer.ip(), most) else {
            tracing::debug!("an address has too many connections: one more is closed");
            continue;
        };
        let (router, watcher) = (router.clone(), shutdown.watcher());
        let (tls, stop) = (tls.clone(), stop.clone());
        tokio::spawn(async move {
            match tls {
                None => speak(stream, router, watcher, stop).await,
                Some(tls) => match stop.run_until_cancelled(timeout(SHAKEN_WITHIN, tls.accept(stream))).await
                {
                    Some(Ok(Ok(stream))) => speak(stream, router, watcher, stop.clone()).await,
                    Some(Ok(Err(error))) => tracing::debug!(%error, "a connection speaks no TLS"),
                    Some(Err(_)) | None => {}
                },
            }
            drop((place, seat));
        });
    }
    drop(listener);
    shutdown.shutdown().await;
}

/// Answers on one connection until it ends; `place` says to the stop that it has not.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    place: Watcher,
    stop: CancellationToken,
) {
    let mut stream = BufReader::new(stream);
    // A stop closes a connection on which nothing was read yet. Who was let in just before it is answered.
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(FIRST_WORD_WITHIN).await;
    };
    tokio::select! {
        biased;
        word = timeout(HEAD_WITHIN, stream.fill_buf()) => {
            if !matches!(word, Ok(Ok(bytes)) if !bytes.is_empty()) {
                return;
            }
        }
        () = too_late => return,
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // Reads what is there before it hears of the stop.
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Ok(ended),
        () = enough(&stop) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_WORDS_WITHIN, connection).await
        }
    };
    drop(place);
    // A peer that breaks off is no event of ours.
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection was cut off: it did not take its answer"),
    }
}

/// Until the stop, or until a connection was there for so long that it is another's turn.
async fn enough(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LIFE) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn served() -> (TcpStream, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a peer");
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, Router::new().route("/", get(async || "ok")), None, stop.clone()));
        (stream, stop)
    }

    #[tokio::test]
    async fn half_handshakes_make_room_for_who_speaks_tls() {
        let dir = tempfile::tempdir().expect("a directory");
        let (certificate, tls) = crate::http::tls::for_test(dir.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (router, stop) = (Router::new().route("/", get(async || "ok")), CancellationToken::new());
        let served = tokio::spawn(serve_at_most(3, 3, listener, router, Some(tls), stop.clone()));
        let mut half = Vec::new();
        for said in ["", "\u{16}\u{3}", "GET / HTTP/1.1\r\n\r\n"] {
            let mut stream = TcpStream::connect(address).await.expect("a peer");
            stream.write_all(said.as_bytes()).await.expect("sent");
            half.push(stream);
        }
        let client = reqwest::Client::builder().use_rustls_tls().no_proxy().tls_built_in_root_certs(false);
        let known = reqwest::Certificate::from_pem(&certificate).expect("a certificate");
        let client = client.add_root_certificate(known).build().expect("a client");
        let answer = client.get(format!("https://{address}/")).send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("a text"), "ok");
        stop.cancel();
        tokio::time::timeout(HEAD_WITHIN, served).await.expect("it ends").expect("no panic");
    }

    /// Somebody from this address of our own machine, if nobody closes the connection within that time.
    async fn stays(from: &str, to: std::net::SocketAddr, within_ms: u64) -> Option<TcpStream> {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{from}:0").parse().expect("an address")).expect("bound");
        let mut stream = socket.connect(to).await.expect("a peer");
        let closed = timeout(Duration::from_millis(within_ms), stream.read_u8()).await.is_ok();
        (!closed).then_some(stream)
    }

    #[tokio::test]
    async fn one_address_has_only_so_many_connections_where_nobody_stands_before_us() {
        let dir = tempfile::tempdir().expect("a directory");
        for (tls, is_limited) in [(Some(crate::http::tls::for_test(dir.path()).1), true), (None, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let (to, stop) = (listener.local_addr().expect("an address"), CancellationToken::new());
            let router = Router::new().route("/", get(async || "ok"));
            tokio::spawn(serve_at_most(8, 2, listener, router, tls, stop.clone()));
            let first = stays("127.0.0.1", to, 300).await.expect("let in");
            let _second = stays("127.0.0.1", to, 300).await.expect("let in");
            // Who is not let in is closed at once, but a busy machine may need longer for it.
            let patience_ms = if is_limited { 4_000 } else { 300 };
            assert_eq!(stays("127.0.0.1", to, patience_ms).await.is_none(), is_limited, "one too many");
            let _other = stays("127.0.0.2", to, 300).await.expect("another address has places of its own");
            drop(first);
            let mut freed = None;
            while freed.is_none() {
                freed = stays("127.0.0.1", to, 300).await;
            }
            stop.cancel();
        }
    }

    #[test]
    fn an_address_of_ipv6_stands_for_its_network() {
        let one = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(one("2001:db8::1"), one("2001:db8::ffff:1:2:3"));
        assert_ne!(one("2001:db8::1"), one("2001:db8:0:1::1"));
        assert_eq!(one("::ffff:203.0.113.7"), one("203.0.113.7"));
    }

    // The clock is stopped and jumps when nothing else can happen: nobody waits 15 s here.
    #[tokio::test(start_paused = true)]
    async fn half_a_head_is_cut_off_and_so_is_silence() {
        for said in ["GET / HTTP/1.1\r\nHost: a\r\n", ""] {
            let (mut stream, _stop) = served().await;
            stream.write_all(said.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("the connection is closed");
            assert!(!answer.contains("200"), "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_without_end_is_refused() {
        let (mut stream, _stop) = served().await;
        let head = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(HEAD_BYTES * 2));
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        // It may be reset, since not all of the head was read.
        drop(stream.read_to_end(&mut answer).await);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    }

    #[tokio::test]
    async fn a_whole_request_is_answered_and_a_stop_ends_the_connection() {
        let (mut stream, stop) = served().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        stop.cancel();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("the end");
    }
}
