//! Links to places that are ours alone are refused, however they are written or reached.

use super::*;
use crate::provider::testing::{End, Server, http};
use tempfile::TempDir;

const MAX_BYTES: u64 = 100_000;

fn quick() -> Patience {
    let ms = Duration::from_millis;
    Patience { connect: ms(5_000), idle: ms(300), whole: ms(20_000) }
}

/// A lookup that finds these for every name.
fn finding(addresses: &[&str]) -> Lookup {
    let found: Vec<SocketAddr> =
        addresses.iter().map(|address| SocketAddr::new(address.parse().expect("an address"), 0)).collect();
    Arc::new(move |_| {
        let found = found.clone();
        Box::pin(async move { Ok(found) })
    })
}

fn links(own: &[&Url]) -> Links {
    Links::with(own, system_lookup(), quick()).expect("a client")
}

async fn fetched(links: &Links, link: &str) -> Result<Vec<u8>, LinkError> {
    let dir = TempDir::new().expect("a folder");
    let to = dir.path().join("file");
    match links.fetch(link, &to, MAX_BYTES).await {
        Ok(size_bytes) => {
            let bytes = std::fs::read(&to).expect("the file");
            assert_eq!(u64::try_from(bytes.len()).expect("small"), size_bytes);
            Ok(bytes)
        }
        Err(error) => {
            assert!(!to.exists(), "nothing is left: {error}");
            Err(error)
        }
    }
}

#[test]
fn addresses_for_special_purposes_are_not_public() {
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.1.2.3",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().expect("an address")), "{address}");
    }
}

#[test]
fn what_anybody_may_reach_is_public() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
    ] {
        assert!(is_public(address.parse().expect("an address")), "{address}");
    }
}

#[tokio::test]
async fn the_resolver_gives_only_public_addresses() {
    let ask = |addresses: &[&str]| {
        let name: Name = "shop.example".parse().expect("a name");
        PublicOnly(finding(addresses)).resolve(name)
    };
    let found: Vec<_> = match ask(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]).await {
        Ok(found) => found.map(|address| address.ip().to_string()).collect(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(found, ["8.8.8.8", "2606:4700::1"]);
    for private in [&["127.0.0.1", "::ffff:192.168.0.1"][..], &[]] {
        let refused = ask(private).await.err().expect("refused");
        assert!(refused.is::<NotPublic>(), "{refused}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_before_a_connection() {
    let links = Links::with(&[], finding(&["127.0.0.1", "169.254.169.254"]), quick()).expect("a client");
    let refused = fetched(&links, "https://rebound.example/a.png").await.expect_err("private");
    assert!(matches!(refused, LinkError::NotAllowed), "{refused}");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_a_passing_failure() {
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Err(io::Error::other("no such name")) }));
    let links = Links::with(&[], lookup, quick()).expect("a client");
    let failed = fetched(&links, "https://nowhere.example/a.png").await.expect_err("no such name");
    assert!(matches!(failed, LinkError::Network(_)) && failed.is_passing(), "{failed}");
}

#[tokio::test]
async fn links_to_ourselves_are_refused_however_they_are_written() {
    let long = format!("https://example.com/{}", "a".repeat(2048));
    for link in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://①②⑦.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "http://example.com/a.png",
        "http://169.254.169.254/",
        "https://example.com:8443/a.png",
        "https://example.com:80/a.png",
        "https://user@example.com/a.png",
        "https://user:word@example.com/a.png",
        "https://:word@example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "data:text/plain,hello",
        "//example.com/a.png",
        "example.com/a.png",
        "",
        &long,
    ] {
        let refused = fetched(&links(&[]), link).await.expect_err(link);
        assert!(matches!(refused, LinkError::NotAllowed) && !refused.is_passing(), "{link}: {refused}");
    }
}

#[tokio::test]
async fn a_file_at_the_providers_own_address_is_fetched_through_three_redirects() {
    let end = Server::answering("200 OK", "", &vec![7; 50_000]).await;
    let hop = |to: &Url| {
        let head = format!("location: {to}\r\nset-cookie: a=b\r\n");
        async move { Server::answering("302 Found", &head, b"").await }
    };
    let (third, second);
    third = hop(&end.url).await;
    second = hop(&third.url).await;
    let first = hop(&second.url).await;
    let fourth = hop(&first.url).await;
    let own = [&end.url, &third.url, &second.url, &first.url, &fourth.url];
    let all = links(&own);
    assert_eq!(fetched(&all, first.url.as_str()).await.expect("fetched"), vec![7; 50_000]);
    let seen = end.seen().remove(0).to_lowercase();
    assert!(seen.contains("samovar/") && !seen.contains("referer") && !seen.contains("cookie"), "{seen}");
    let refused = fetched(&all, fourth.url.as_str()).await.expect_err("four");
    assert!(matches!(refused, LinkError::TooManyRedirects), "{refused}");
    let stuck = Server::answering("302 Found", "location: /again\r\n", b"").await;
    let refused = fetched(&links(&[&stuck.url]), stuck.url.as_str()).await.expect_err("a circle");
    assert!(matches!(refused, LinkError::TooManyRedirects), "{refused}");
    assert_eq!(stuck.seen().len(), 4);
}

#[tokio::test]
async fn a_redirect_to_ourselves_is_refused_and_nobody_is_asked() {
    let secret = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    secret.set_nonblocking(true).expect("set");
    let secret_url = format!("http://{}/", secret.local_addr().expect("an address"));
    for to in [
        &secret_url,
        &secret_url.replace("http", "https"),
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://localhost/",
        "//127.0.0.1/",
        "file:///etc/passwd",
    ] {
        let own = Server::answering("302 Found", &format!("location: {to}\r\n"), b"").await;
        let refused = fetched(&links(&[&own.url]), own.url.as_str()).await.expect_err(to);
        assert!(matches!(refused, LinkError::NotAllowed), "{to}: {refused}");
    }
    let asked = secret.accept().expect_err("nobody came");
    assert_eq!(asked.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_file_that_does_not_come_whole_leaves_nothing_behind() {
    let whole = http("200 OK", "", &vec![7; 50_000]);
    let said_huge = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 5_u64 << 30);
    let chunk = [b"fff8\r\n".as_slice(), &vec![7; 65_528], b"\r\n"].concat();
    let endless = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &chunk].concat();
    for (name, bytes, end, error, passing) in [
        ("gone", http("404 Not Found", "", b"x"), End::Close, "HTTP 404", false),
        ("its own error", http("503 Busy", "", b"x"), End::Close, "HTTP 503", true),
        ("a redirect to nowhere", http("302 Found", "", b""), End::Close, "HTTP 302", false),
        ("partial", http("206 Partial Content", "", b"x"), End::Close, "HTTP 206", false),
        ("5 GB", said_huge.into_bytes(), End::Hang, "larger than 100000 bytes", false),
        ("endless", endless, End::Endless, "larger than 100000 bytes", false),
        ("truncated", whole[..30_000].to_vec(), End::Close, "network: the connection broke", true),
        ("stuck", whole[..30_000].to_vec(), End::Hang, "network: no answer in time", true),
        ("silent", Vec::new(), End::Hang, "network: no answer in time", true),
        ("reset", Vec::new(), End::Reset, "network: the connection broke", true),
    ] {
        let server = Server::saying(bytes, end).await;
        let failed = fetched(&links(&[&server.url]), server.url.as_str()).await.expect_err(name);
        assert!(failed.to_string().contains(error), "{name}: {failed}");
        assert_eq!(failed.is_passing(), passing, "{name}");
        assert!(!failed.to_string().contains("127.0.0.1"), "{failed}");
    }
}

#[tokio::test]
async fn a_file_that_takes_too_long_in_all_leaves_nothing_behind() {
    let stuck = Server::saying(http("200 OK", "", &vec![7; 50_000])[..30_000].to_vec(), End::Hang).await;
    let ms = Duration::from_millis;
    let patience = Patience { whole: ms(200), idle: ms(20_000), ..quick() };
    let links = Links::with(&[&stuck.url], system_lookup(), patience).expect("a client");
    let failed = fetched(&links, stuck.url.as_str()).await.expect_err("too slow");
    assert!(failed.to_string().contains("longer than 200ms") && failed.is_passing(), "{failed}");
}

#[tokio::test]
async fn a_file_that_is_there_already_is_not_touched() {
    let server = Server::answering("200 OK", "", b"new").await;
    let dir = TempDir::new().expect("a folder");
    let to = dir.path().join("file");
    std::fs::write(&to, b"old").expect("written");
    let refused = links(&[&server.url]).fetch(server.url.as_str(), &to, 10).await.expect_err("there");
    assert!(matches!(refused, LinkError::Disk(_)), "{refused}");
    assert_eq!(std::fs::read(&to).expect("the file"), b"old");
}
