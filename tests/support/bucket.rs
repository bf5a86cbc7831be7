//! An S3 server that keeps what it is given, and gives back what a test lets it.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use samovar::config::{self, BackupTo, Settings};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const NAME: &str = "samovar-backups";
/// What lies below this is ours.
const PREFIX: &str = "shop/";
const LONGEST: usize = 64 << 20;

/// What it does when it is asked for an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    All,
    /// It has lost everything.
    Nothing,
    /// It keeps who asks waiting.
    NoAnswer,
    /// It does not trust the keys.
    Refusal,
}

struct World {
    objects: BTreeMap<String, Bytes>,
    /// What was begun in parts and never ended.
    uploads: BTreeSet<String>,
    gives: Gives,
    /// How often something was put, and asked for.
    puts: usize,
    gets: usize,
}

/// The server, as long as its runtime lives.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) endpoint: String,
    world: Arc<Mutex<World>>,
}

impl Bucket {
    pub(crate) async fn start(gives: Gives) -> Self {
        let world = World { objects: BTreeMap::new(), uploads: BTreeSet::new(), gives, puts: 0, gets: 0 };
        let world = Arc::new(Mutex::new(world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(world.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, world }
    }

    fn look<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.world.lock().expect("nobody panicked"))
    }

    pub(crate) fn now_gives(&self, gives: Gives) {
        self.look(|world| world.gives = gives);
    }

    /// The names of what is kept.
    pub(crate) fn names(&self) -> Vec<String> {
        self.look(|world| world.objects.keys().cloned().collect())
    }

    /// Somebody begins an upload in parts, and does not end it.
    pub(crate) fn begins_upload(&self, name: &str) {
        self.look(|world| world.uploads.insert(name.to_owned()));
    }

    /// The uploads that were never ended.
    pub(crate) fn uploads(&self) -> Vec<String> {
        self.look(|world| world.uploads.iter().cloned().collect())
    }

    pub(crate) fn puts(&self) -> usize {
        self.look(|world| world.puts)
    }

    /// Waits until it was asked for an object.
    pub(crate) async fn is_asked(&self) {
        while self.look(|world| world.gets) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the service must be told to find it.
    pub(crate) fn tell(&self, settings: &mut Settings) {
        let bucket = config::Bucket { name: NAME.to_owned(), prefix: PREFIX.to_owned() };
        settings.backups.to = BackupTo::Bucket(bucket);
        settings.backups.s3_endpoint = Some(self.endpoint.parse().expect("an address"));
        settings.backups.s3_key_id = Some(SecretString::from("TESTKEY"));
        settings.backups.s3_secret = Some(SecretString::from("planted-secret"));
    }

    /// What a command must be told.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("BACKUP_TO", format!("s3://{NAME}/{PREFIX}")),
            ("BACKUP_S3_ENDPOINT", self.endpoint.clone()),
            ("BACKUP_S3_KEY_ID", "TESTKEY".to_owned()),
            ("BACKUP_S3_SECRET", "planted-secret".to_owned()),
        ]
    }
}

fn says(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let answer = Response::builder().status(status).header("etag", "\"tag\"");
    answer.body(body.into()).expect("an answer")
}

async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let key = head.uri.path().trim_start_matches(&format!("/{NAME}/{PREFIX}")).to_owned();
    let body = to_bytes(body, LONGEST).await.expect("a body");
    let gives = {
        let mut world = world.lock().expect("nobody panicked");
        match head.method {
            Method::GET if query.contains("list-type=2") => {
                return says(StatusCode::OK, list(&world.objects));
            }
            Method::GET if query.contains("uploads=") => {
                return says(StatusCode::OK, list_uploads(&world.uploads));
            }
            Method::GET => {
                world.gets += 1;
                world.gives
            }
            Method::PUT => {
                world.puts += 1;
                world.objects.insert(key, body);
                return says(StatusCode::OK, "");
            }
            _ => {
                assert_eq!(head.method, Method::DELETE);
                if query.contains("uploadId=") {
                    world.uploads.remove(&key);
                } else {
                    world.objects.remove(&key);
                }
                return says(StatusCode::NO_CONTENT, "");
            }
        }
    };
    match gives {
        Gives::NoAnswer => std::future::pending().await,
        Gives::Refusal => says(StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>"),
        Gives::Nothing => says(StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>"),
        Gives::All => {
            let object = world.lock().expect("nobody panicked").objects.get(&key).cloned();
            object.map_or_else(|| says(StatusCode::NOT_FOUND, ""), |object| says(StatusCode::OK, object))
        }
    }
}

fn list_uploads(uploads: &BTreeSet<String>) -> String {
    let each =
        uploads.iter().map(|key| format!("<Upload><Key>{PREFIX}{key}</Key><UploadId>1</UploadId></Upload>"));
    format!("<ListMultipartUploadsResult>{}</ListMultipartUploadsResult>", each.collect::<String>())
}

fn list(objects: &BTreeMap<String, Bytes>) -> String {
    let each = objects.iter().map(|(key, object)| {
        format!("<Contents><Key>{PREFIX}{key}</Key><Size>{}</Size></Contents>", object.len())
    });
    let each: String = each.collect();
    format!("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{each}</ListBucketResult>")
}
