//! Places for backups: what is put into a folder and into a bucket of a real S3 server comes out again,
//! and what goes wrong there is said in one line without a secret.

use crate::support::moto::{BUCKET, Moto};
use samovar::config::{BackupTo, Settings, Sources};
use samovar::shelf::{Place, PlaceError, Spool};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

fn settings(given: &[(&'static str, String)]) -> Settings {
    let environment = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Settings::for_backups(&Sources { environment, file: None }).expect("good settings")
}

fn bucket(moto: &Moto, prefix: &str) -> Place {
    Place::of(&settings(&moto.settings(prefix))).expect("a place")
}

fn folder(path: &Path) -> Place {
    Place::of(&settings(&[("BACKUP_TO", path.display().to_string())])).expect("a place")
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

/// Nobody stops.
fn go_on() -> CancellationToken {
    CancellationToken::new()
}

/// So many bytes that do not repeat.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(b"noise").finalize_xof().fill(&mut noise);
    noise
}

/// What an object holds.
async fn holds(place: &Place, name: &str, scratch: &Path) -> Vec<u8> {
    let listed = place.list().await.expect("listed");
    let size_bytes = listed.iter().find(|object| object.name == name).expect("it is there").size_bytes;
    let mut spool = Spool::new(scratch).expect("a file");
    // Several lie one behind the other.
    let (first, mut second) = (spool.part(3), spool.part(size_bytes));
    place.fetch(name, &second).await.expect("fetched");
    let mut bytes = Vec::new();
    second.read_to_end(&mut bytes).expect("read");
    drop(first);
    bytes
}

/// It is eleven bytes long, if it is there.
async fn unfetched(place: &Place, name: &str) -> PlaceError {
    let dir = TempDir::new().expect("a directory");
    let mut spool = Spool::new(dir.path()).expect("a file");
    place.fetch(name, &spool.part(11)).await.expect_err("it cannot be fetched")
}

async fn names(place: &Place) -> Vec<String> {
    place.list().await.expect("listed").into_iter().map(|object| object.name).collect()
}

/// What every place does.
async fn keeps(place: Place) {
    let scratch = TempDir::new().expect("a directory");
    assert!(names(&place).await.is_empty());
    // One that goes at once, one that goes in parts, and one of exactly a part.
    let sizes = [0, 11, 16 << 20, (33 << 20) + 7];
    for (number, size) in sizes.into_iter().enumerate() {
        let name = format!("object-{number}.samovar");
        let bytes = noise(size);
        let hash = place.put(&name, file(&bytes), &go_on()).await.expect("put");
        assert_eq!(hash, blake3::hash(&bytes), "{size}");
        assert_eq!(place.hash(&name).await.expect("read"), hash, "{size}");
        assert!(holds(&place, &name, scratch.path()).await == bytes, "{size} bytes come out as they went in");
    }
    let listed = place.list().await.expect("listed");
    let listed: Vec<_> = listed.iter().map(|object| (object.name.as_str(), object.size_bytes)).collect();
    let sizes = sizes.map(|size| u64::try_from(size).expect("small"));
    let expected = ["object-0.samovar", "object-1.samovar", "object-2.samovar", "object-3.samovar"];
    assert_eq!(listed, expected.into_iter().zip(sizes).collect::<Vec<_>>());

    place.put("object-1.samovar", file(b"another"), &go_on()).await.expect("put in its place");
    assert_eq!(holds(&place, "object-1.samovar", scratch.path()).await, b"another");
    place.delete("object-2.samovar").await.expect("deleted");
    place.delete("object-2.samovar").await.expect("deleted already");
    assert_eq!(names(&place).await, ["object-0.samovar", "object-1.samovar", "object-3.samovar"]);
    for name in ["object-2.samovar", "../object-1.samovar", "", ".hidden", "a/b"] {
        let missing = unfetched(&place, name).await;
        assert!(matches!(missing, PlaceError::Missing { .. }), "{missing}");
    }
    let shorter = unfetched(&place, "object-1.samovar").await;
    assert!(shorter.to_string().contains("not as long as it was"), "{shorter}");
    let left = fs::read_dir(scratch.path()).expect("a folder").count();
    assert_eq!(left, 0, "nothing stays where it was fetched to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_keeps_objects_for_its_owner_alone() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("not/there/yet");
    keeps(folder(&path)).await;
    let mine = ["full-20261127T000000Z-0000beef", "changes-0000beef-0000000000005-00000001"];
    let half = |name: &str| path.join(format!(".unfinished-{name}.samovar~1"));
    let ([copy, shipment], others) = (mine.map(half), half("full-20261127T000000Z-0000cafe"));
    for half in [&copy, &shipment, &others] {
        fs::write(half, "half of it").expect("written");
    }
    let next = "full-20261128T000000Z-0000beef.samovar";
    folder(&path).put(next, file(b"whole"), &go_on()).await.expect("put");
    assert!(!copy.exists(), "what a process that was killed left half written goes");
    assert!(shipment.exists(), "what may be written just now does not");
    let next = "changes-0000beef-0000000000005-00000002.samovar";
    folder(&path).put(next, file(b"changes"), &go_on()).await.expect("put");
    assert!(!shipment.exists(), "it goes with the next of its kind");
    folder(&path).tidy(|name| name.contains("0000beef")).await.expect("tidied");
    assert!(others.exists(), "another ledger's stays");
    folder(&path).tidy(|name| name.contains("0000cafe")).await.expect("tidied");
    assert!(!others.exists());
    for entry in fs::read_dir(&path).expect("a folder") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_objects() {
    let moto = Moto::start().await;
    keeps(bucket(&moto, "shop/one")).await;
    assert!(names(&bucket(&moto, "shop/two")).await.is_empty(), "each prefix is a place of its own");
    let many = bucket(&moto, "");
    assert_eq!(names(&many).await, [""; 0], "what lies below a prefix is another's");
    for number in 0..1_002 {
        many.put(&format!("{number:04}"), file(b"x"), &go_on()).await.expect("put");
    }
    assert_eq!(names(&many).await.len(), 1_002, "a list of several pages");
}

/// One line, and nothing that must not be told.
#[track_caller]
fn says(error: &PlaceError, what: &str) {
    let said = error.to_string();
    assert!(said.contains(what) && !said.contains('\n'), "{said}");
    for secret in ["planted", "TESTKEY", "X-Amz", "http:"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_at_a_bucket_is_one_line_without_a_secret() {
    let mut moto = Moto::start().await;
    let mut other = settings(&moto.settings("x"));
    let BackupTo::Bucket(named) = &mut other.backups.to else { panic!("a bucket") };
    "another-bucket".clone_into(&mut named.name);
    let nowhere = Place::of(&other).expect("a place");
    says(&nowhere.list().await.expect_err("there is none"), "there is no such bucket");
    says(
        &nowhere.put("a", file(b"x"), &go_on()).await.expect_err("there is none"),
        "there is no such bucket",
    );
    let place = bucket(&moto, "x");
    place.put("a", file(b"x"), &go_on()).await.expect("put");
    moto.stop();
    says(&place.put("b", file(&noise(20 << 20)), &go_on()).await.expect_err("it is gone"), "no connection");
    says(&unfetched(&place, "a").await, "no connection");
    says(&place.list().await.expect_err("it is gone"), BUCKET);
}

/// A server that answers in its own way.
async fn answers(status: &'static str, headers: &'static str, body: &'static str) -> Settings {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).await.expect("read");
            assert!(read > 0);
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n{body}");
            // Whoever has heard enough hangs up.
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    s3(format!("http://127.0.0.1:{port}"))
}

/// A bucket of this server.
fn s3(endpoint: String) -> Settings {
    settings(&[
        ("BACKUP_TO", format!("s3://{BUCKET}")),
        ("BACKUP_S3_ENDPOINT", endpoint),
        ("BACKUP_S3_KEY_ID", "TESTKEY".to_owned()),
        ("BACKUP_S3_SECRET", "planted-secret".to_owned()),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_leads_elsewhere_or_breaks_off_is_told_of() {
    for (status, headers, body, says_so) in [
        ("403 Forbidden", "", "<Error><Code>SignatureDoesNotMatch</Code></Error>", "the keys are refused"),
        ("301 Moved", "location: http://127.0.0.1:1/planted\r\n", "", "BACKUP_S3_REGION"),
        ("400 Bad", "", "<Error><Code>planted &lt;b&gt;\n</Code></Error>", "the server says 400"),
        ("503 Slow", "", "<Error><Code>SlowDown</Code></Error>", "the server says 503 SlowDown"),
        ("200 OK", "content-length: 100\r\n", "cut short", "the connection broke"),
    ] {
        let place = Place::of(&answers(status, headers, body).await).expect("a place");
        let error = unfetched(&place, "a").await;
        if status.starts_with("400") {
            assert!(error.to_string().contains("the server says 400 plantedltbgt"), "{error}");
        } else {
            says(&error, says_so);
        }
    }
    let web = Place::of(&answers("200 OK", "", "<html>hello</html>").await).expect("a place");
    says(&web.list().await.expect_err("no list"), "something that no S3 server does");
}

/// A bucket of a server that answers so.
async fn served(router: axum::Router) -> Place {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Place::of(&s3(endpoint)).expect("a place")
}

/// Takes the first part of an upload and is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_goes_away_midway_leaves_no_object_and_is_told_of() {
    use axum::extract::Request;
    use axum::http::StatusCode;
    let begun = "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <UploadId>planted</UploadId></InitiateMultipartUploadResult>";
    let answer = move |request: Request| async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = axum::body::to_bytes(request.into_body(), 32 << 20).await.expect("a body");
        let first = query.contains("partNumber=1&") && body.len() == 16 << 20;
        match () {
            () if query.contains("uploads=") => (StatusCode::OK, [("etag", "")], begun),
            () if first => (StatusCode::OK, [("etag", "\"one\"")], ""),
            () => (StatusCode::SERVICE_UNAVAILABLE, [("etag", "")], "<Error><Code>SlowDown</Code></Error>"),
        }
    };
    let place = served(axum::Router::new().fallback(answer)).await;
    says(
        &place.put("a", file(&noise(20 << 20)), &go_on()).await.expect_err("it is gone"),
        "the server says 503 SlowDown",
    );
}

/// Begins an upload and is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_never_ended_is_given_up_and_no_other() {
    let moto = Moto::start().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let at = |path: &str| format!("{}/{BUCKET}/{path}", moto.endpoint);
    for name in ["shop/mine", "shop/yours", "elsewhere/mine"] {
        let begun = client.post(at(&format!("{name}?uploads="))).send().await.expect("an answer");
        assert!(begun.status().is_success(), "{begun:?}");
    }
    let place = bucket(&moto, "shop");
    place.tidy(|name| name == "mine").await.expect("tidied");
    let left = client.get(at("?uploads=")).send().await.expect("an answer").text().await.expect("a text");
    let is_left = |name: &str| left.contains(&format!("<Key>{name}</Key>"));
    assert!(!is_left("shop/mine") && is_left("shop/yours") && is_left("elsewhere/mine"), "{left}");
}

/// Lists uploads on two pages; of each it has its own opinion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_were_never_ended_are_given_up_on_all_pages_whatever_becomes_of_one() {
    use axum::extract::Request;
    use axum::http::StatusCode;
    use std::sync::{Arc, Mutex};
    let asked = Arc::new(Mutex::new(Vec::new()));
    let hears = asked.clone();
    let page = |names: &[&str], next: &str| {
        let each = names.iter().map(|one| format!("<Upload><Key>{one}</Key><UploadId>1</UploadId></Upload>"));
        format!("<ListMultipartUploadsResult>{next}{}</ListMultipartUploadsResult>", each.collect::<String>())
    };
    let next = "<IsTruncated>true</IsTruncated><NextKeyMarker>d</NextKeyMarker>\
                <NextUploadIdMarker>1</NextUploadIdMarker>";
    let pages = [page(&["a", "b", "c", "d"], next), page(&["e", "f"], "<IsTruncated>false</IsTruncated>")];
    let answer = move |request: Request| async move {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let name = path.rsplit('/').next().unwrap_or_default();
        if request.method() != axum::http::Method::DELETE {
            let is_second = query.contains("key-marker=d&") && query.contains("upload-id-marker=1&");
            return (StatusCode::OK, pages[usize::from(is_second)].clone());
        }
        hears.lock().expect("nobody panicked").push(name.to_owned());
        match name {
            "a" => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchUpload</Code></Error>".to_owned()),
            "c" => (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>".to_owned()),
            _ => (StatusCode::NO_CONTENT, String::new()),
        }
    };
    let place = served(axum::Router::new().fallback(answer)).await;
    let tidied = place.tidy(|name| name != "b").await;
    says(&tidied.expect_err("one is left"), "the keys are refused");
    assert_eq!(*asked.lock().expect("nobody panicked"), ["a", "c", "d", "e", "f"]);
}

/// Takes the first part of an upload, keeps the second waiting, and hears that it is given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_given_up_at_the_stop() {
    use axum::extract::Request;
    let begun = "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <UploadId>planted</UploadId></InitiateMultipartUploadResult>";
    let (given_up, stop) = (CancellationToken::new(), CancellationToken::new());
    let (heard, stops) = (given_up.clone(), stop.clone());
    let answer = move |request: Request| async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        if request.method() == axum::http::Method::DELETE {
            assert!(query.contains("uploadId=planted"), "{query}");
            heard.cancel();
        }
        if query.contains("partNumber=2&") {
            stops.cancel();
            std::future::pending::<()>().await;
        }
        // Who answers before it has read all of a part breaks the connection.
        axum::body::to_bytes(request.into_body(), 64 << 20).await.expect("a body");
        ([("etag", "\"one\"")], if query.contains("uploads=") { begun } else { "" })
    };
    let place = served(axum::Router::new().fallback(answer)).await;
    let put = place.put("a", file(&noise(40 << 20)), &stop).await;
    says(&put.expect_err("it stops"), "the service stops");
    assert!(given_up.is_cancelled(), "nobody told the server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_named() {
    let dir = TempDir::new().expect("a directory");
    let taken = dir.path().join("taken");
    fs::write(&taken, "a file").expect("written");
    let error = folder(&taken.join("below")).put("a", file(b"x"), &go_on()).await.expect_err("no folder");
    says(&error, "taken/below cannot be used");
    // What cannot be read is a folder here, and a broken disk elsewhere.
    let place = folder(dir.path());
    fs::create_dir(dir.path().join("full-1")).expect("made");
    says(
        &place.hash("full-1").await.expect_err("no file"),
        "once it is moved elsewhere, what was kept before it",
    );
}

#[cfg(feature = "age")]
mod sealed {
    use super::*;
    use samovar::shelf::{Key, Opened, SealError, seal};
    use std::io::Seek;

    /// A key pair: the public key, and a file with the secret one.
    fn keys(dir: &TempDir, name: &str) -> (String, std::path::PathBuf) {
        use secrecy::ExposeSecret;
        let identity = age::x25519::Identity::generate();
        let path = dir.path().join(name);
        let text = format!("# created: now\n{}\n", identity.to_string().expose_secret());
        fs::write(&path, text).expect("written");
        (identity.to_public().to_string(), path)
    }

    fn seals(to: &[String], bytes: &[u8]) -> File {
        let (mut plain, mut sealed) = (at_start(bytes), tempfile::tempfile().expect("a file"));
        seal(to, &mut plain, &mut sealed).expect("sealed");
        sealed.rewind().expect("rewound");
        sealed
    }

    fn at_start(bytes: &[u8]) -> File {
        let mut file = file(bytes);
        file.rewind().expect("rewound");
        file
    }

    fn open(with: &Path, sealed: File) -> Result<Opened, SealError> {
        Key::read(with)?.open(sealed)
    }

    #[test]
    fn what_is_sealed_opens_with_each_of_its_keys_and_with_no_other() {
        let dir = TempDir::new().expect("a directory");
        let (one, with_one) = keys(&dir, "one");
        let (two, with_two) = keys(&dir, "two");
        let (_, with_three) = keys(&dir, "three");
        let bytes = noise(200_000);
        for with in [&with_one, &with_two] {
            let sealed = seals(&[one.clone(), two.clone()], &bytes);
            let mut opened = Vec::new();
            open(with, sealed).expect("opened").read_to_end(&mut opened).expect("read");
            assert!(opened == bytes);
        }
        let why = |with: &Path, sealed| open(with, sealed).err().expect("refused");
        let sealed = || seals(std::slice::from_ref(&one), &bytes);
        assert!(matches!(why(&with_three, sealed()), SealError::WrongKey(_)));
        fs::write(dir.path().join("public"), &one).expect("written");
        for name in ["public", "nothing"] {
            let said = why(&dir.path().join(name), sealed()).to_string();
            assert!(said.starts_with("--identity ") && !said.contains('\n'), "{said}");
        }
        assert!(matches!(why(&with_one, at_start(b"no age file")), SealError::Broken(_)));
    }

    #[test]
    fn what_was_sealed_and_cut_or_changed_is_found() {
        let dir = TempDir::new().expect("a directory");
        let (one, with) = keys(&dir, "one");
        let mut sealed = Vec::new();
        seals(std::slice::from_ref(&one), &noise(200_000)).read_to_end(&mut sealed).expect("read");
        let mut changed = sealed.clone();
        changed[150_000] ^= 1;
        for spoiled in [&sealed[..150_000], &sealed[..sealed.len() - 1], &changed] {
            let read =
                open(&with, at_start(spoiled)).expect("its head is whole").read_to_end(&mut Vec::new());
            assert!(read.is_err());
        }
    }
}
