//! Posts updates to the webhook as cheaply as can be, so that what is measured is the service: a few
//! lines of HTTP on connections that stay open, and no more of it than the service's answers need.

use crate::sandbox::telegram::{Post, Posted};
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// So long Telegram waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// More than any answer of the service.
const ANSWER_BYTES: usize = 4_096;

/// The connections.
pub(super) struct Poster {
    address: SocketAddr,
    idle: Mutex<Vec<TcpStream>>,
}

impl Poster {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts an update and tells how it went.
    pub(super) async fn post(&self, post: &Post) -> Posted {
        let request = request(self.address, post);
        match tokio::time::timeout(TIMEOUT, self.send(&request)).await {
            Ok(Ok(answer)) => Posted::Status { status: answer.status, retry_after_s: answer.retry_after_s },
            Ok(Err(why)) => Posted::Failed(why.to_string()),
            Err(_) => Posted::Failed("no answer in time".to_owned()),
        }
    }

    async fn send(&self, request: &[u8]) -> io::Result<Head> {
        let kept = self.idle().pop();
        // The service closes what was idle for long: that says nothing about this update.
        if let Some(stream) = kept
            && let Ok(answer) = self.exchange(stream, request).await
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.exchange(stream, request).await
    }

    async fn exchange(&self, mut stream: TcpStream, request: &[u8]) -> io::Result<Head> {
        stream.write_all(request).await?;
        let (mut answer, mut length) = ([0; ANSWER_BYTES], 0);
        loop {
            let read = stream.read(&mut answer[length..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            length += read;
            let Some(head) = Head::of(&answer[..length])? else { continue };
            if length >= head.whole {
                self.idle().push(stream);
                return Ok(head);
            }
        }
    }
}

fn request(address: SocketAddr, post: &Post) -> Vec<u8> {
    let path = post.url.splitn(4, '/').nth(3).unwrap_or("");
    let (secret, body) = (&post.secret_token, post.body.to_string());
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    request.into_bytes()
}

/// What counts of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    retry_after_s: Option<u32>,
    /// The bytes of the answer, head and body.
    whole: usize,
}

impl Head {
    /// Reads it; `None` while it is not all there.
    fn of(answer: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "that is no answer of the service's");
        let head = std::str::from_utf8(&answer[..end]).map_err(|_| wrong())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(wrong)?;
        let (mut retry_after_s, mut length) = (None, 0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| wrong())?;
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after_s = value.trim().parse().ok();
            }
        }
        Ok(Some(Self { status, retry_after_s, whole: end + 4 + length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_its_head_is_all_there() {
        let busy =
            b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nContent-Length: 10\r\n\r\ntry again\n";
        let head = Head { status: 503, retry_after_s: Some(1), whole: busy.len() };
        assert_eq!(Head::of(busy).expect("HTTP"), Some(head));
        assert_eq!(Head::of(&busy[..40]).expect("HTTP"), None);
        assert!(Head::of(b"SSH-2.0\r\n\r\n").is_err());
    }
}
