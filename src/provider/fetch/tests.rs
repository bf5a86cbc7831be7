//! Files from servers that give them whole, broken, too large, or not at all.

use super::*;
use crate::provider::testing::{End, KEY, Server, http};
use crate::provider::{Kie, Provider};
use tempfile::TempDir;

const MAX_BYTES: u64 = 1_000_000;

fn png(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.resize(size, 7);
    bytes
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.collect()
}

async fn fetched(kie: &Kie, url: &Url, dir: &TempDir) -> Result<File, FetchError> {
    kie.fetch(url.as_str(), &dir.path().join("media/17"), "1", MAX_BYTES).await
}

#[tokio::test]
async fn a_whole_picture_is_kept_under_its_name() {
    let chunked = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n186a0\r\n".as_slice(),
        &png(100_000),
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for bytes in [http("200 OK", "content-type: text/html\r\n", &png(100_000)), chunked] {
        let dir = TempDir::new().expect("a folder");
        let server = Server::saying(bytes, End::Close).await;
        let url = server.url.join("files/cat?x=1").expect("a link");
        let file = fetched(&server.kie(), &url, &dir).await.expect("fetched");
        let whole =
            File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 100_000, link: None };
        assert_eq!(file, whole);
        let folder = dir.path().join("media/17");
        assert_eq!(names(&folder), ["1.png"]);
        assert_eq!(std::fs::read(folder.join("1.png")).expect("the file"), png(100_000));
        let seen = server.seen().remove(0);
        assert!(seen.starts_with("GET /files/cat?x=1 ") && !seen.contains(KEY), "{seen}");
        fetched(&server.kie(), &url, &dir).await.expect("fetched again over the old one");
        assert_eq!(names(&folder), ["1.png"]);
    }
}

#[tokio::test]
async fn videos_and_sounds_get_the_ending_of_their_first_bytes() {
    for (head, name, mime) in [
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41".as_slice(), "1.mp4", "video/mp4"),
        (b"ID3\x04\0\0\0\0\0\0", "1.mp3", "audio/mpeg"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "1.jpg", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "1.webp", "image/webp"),
    ] {
        let dir = TempDir::new().expect("a folder");
        let server = Server::answering("200 OK", "", head).await;
        let file = fetched(&server.kie(), &server.url, &dir).await.expect("fetched");
        assert_eq!((file.name.as_str(), file.mime.as_str()), (name, mime));
    }
}

#[tokio::test]
async fn what_is_no_whole_file_is_refused_and_leaves_nothing_behind() {
    let whole = http("200 OK", "", &png(50_000));
    let endless =
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), b"5\r\n\x89PNG\r\r\n"];
    let chunk = [b"10000\r\n".as_slice(), &vec![7; 65_536], b"\r\n"].concat();
    let cut_chunks = [endless[0], &chunk, b"10000\r\nabc"].concat();
    let plain = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice(), &png(50_000)].concat();
    let huge = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 5u64 << 30);
    let said_huge = [huge.as_bytes(), &png(100)].concat();
    let huge_page = [huge.as_bytes(), b"<!DOCTYPE html><html>"].concat();
    for (name, bytes, end, error) in [
        ("empty", http("200 OK", "", b""), End::Close, "the file is empty"),
        ("HTML", http("200 OK", "", b"<!DOCTYPE html><html></html>"), End::Close, "but text/html"),
        ("text", http("200 OK", "", b"hello"), End::Close, "but unknown"),
        (
            "an archive",
            http("200 OK", "", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            End::Close,
            "but application/zip",
        ),
        ("gone", http("404 Not Found", "", &png(100)), End::Close, "HTTP 404"),
        ("a redirect", http("302 Found", "location: https://x.example/\r\n", b""), End::Close, "HTTP 302"),
        ("partial", http("206 Partial Content", "", &png(100)), End::Close, "HTTP 206"),
        ("truncated", whole[..30_000].to_vec(), End::Close, "not complete"),
        ("truncated in a chunk", cut_chunks, End::Close, "not complete"),
        ("of unknown length", plain, End::Close, "not complete"),
        ("stuck", whole[..30_000].to_vec(), End::Hang, "network: silence"),
        ("too large", http("200 OK", "", &png(1_000_001)), End::Close, "larger than 1000000 bytes"),
        ("5 GB", said_huge, End::Hang, "larger than 1000000 bytes"),
        ("5 GB of a page", huge_page, End::Hang, "but text/html"),
        ("silent", Vec::new(), End::Hang, "network: no answer in time"),
        ("reset", Vec::new(), End::Reset, "network: the connection broke"),
    ] {
        let dir = TempDir::new().expect("a folder");
        let server = Server::saying(bytes, end).await;
        let refused = fetched(&server.kie(), &server.url, &dir).await.expect_err(name);
        assert!(refused.to_string().contains(error), "{name}: {refused}");
        assert_eq!(names(&dir.path().join("media/17")), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn an_endless_file_is_cut_off() {
    // The server repeats its last 65,536 bytes; a chunk of that size in all repeats as a whole.
    let chunk = [b"fff8\r\n".as_slice(), &png(65_528), b"\r\n"].concat();
    assert_eq!(chunk.len(), 65_536);
    let bytes = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &chunk].concat();
    let dir = TempDir::new().expect("a folder");
    let server = Server::saying(bytes, End::Endless).await;
    let refused = fetched(&server.kie(), &server.url, &dir).await.expect_err("endless");
    assert!(matches!(refused, FetchError::TooLarge { max_bytes: MAX_BYTES }), "{refused}");
    assert_eq!(names(&dir.path().join("media/17")), Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_our_fault() {
    let dir = TempDir::new().expect("a folder");
    std::fs::write(dir.path().join("media"), b"a file where the folder should be").expect("written");
    let server = Server::answering("200 OK", "", &png(100)).await;
    let refused = fetched(&server.kie(), &server.url, &dir).await.expect_err("no folder");
    assert!(matches!(refused, FetchError::Disk(_)), "{refused}");
}

#[tokio::test]
async fn files_come_only_from_known_hosts() {
    let server = Server::answering("200 OK", "", &png(100)).await;
    let kie = server.kie();
    let other = Server::answering("200 OK", "", &png(100)).await;
    let dir = TempDir::new().expect("a folder");
    let refused = fetched(&kie, &other.url, &dir).await.expect_err("another port is another host");
    assert!(matches!(refused, FetchError::BadLink), "{refused}");
    assert_eq!(other.seen(), Vec::<String>::new());

    let added = ["CDN.example.com".to_owned(), "*.example.org".to_owned()];
    let base = Url::parse("https://api.kie.ai").expect("a link");
    let hosts = Hosts::new(&added, &[&base, &server.url]);
    for link in [
        "https://tempfile.aiquickdraw.com/a.png",
        "https://TEMPFILE.redpandaai.co/a.png",
        "https://api.kie.ai/a.png",
        "https://cdn.example.com/a.png",
        "https://a.b.example.org/a.png",
        server.url.as_str(),
    ] {
        assert!(hosts.check(link).is_ok(), "{link}");
    }
    for link in [
        "https://aiquickdraw.com.evil.example/a.png",
        "https://evilaiquickdraw.com/a.png",
        "https://x.cdn.example.com/a.png",
        "https://example.org/a.png",
        "https://localhost/a.png",
    ] {
        let refused = hosts.check(link).expect_err(link);
        assert!(matches!(refused, FetchError::UnknownHost { .. }), "{link}: {refused}");
    }
    let long = format!("https://tempfile.aiquickdraw.com/{}", "a".repeat(2048));
    for link in [
        "http://tempfile.aiquickdraw.com/a.png",
        "https://tempfile.aiquickdraw.com:444/a.png",
        "https://u:p@tempfile.aiquickdraw.com/a.png",
        "https://[::1]/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "a.png",
        "",
        &long,
    ] {
        let refused = hosts.check(link).expect_err(link);
        assert!(matches!(refused, FetchError::BadLink), "{link}: {refused}");
    }
}
