//! An S3 bucket as a place: signed requests over our own HTTP client, large objects in parts.
//!
//! The addresses carry signatures, so none of them is ever logged or told.

use super::stop::STOPS;
use super::{Failed, Object, Pieces};
use crate::carrier;
use crate::config;
use crate::disk;
use crate::time::At;
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use futures_util::stream::{StreamExt, TryStreamExt};
use reqwest::{Client, Method, Response, StatusCode};
use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use secrecy::ExposeSecret;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Larger objects go in parts of so many bytes; one part is in memory at a time.
const PART_BYTES: u64 = 16 << 20;
/// A signature is good for so long.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
const CONNECT: Duration = Duration::from_secs(10);
/// Between two signs of life of an answer.
const SILENCE: Duration = Duration::from_secs(60);
/// A request with its body, and the head of its answer, take at most this time.
const REQUEST: Duration = Duration::from_secs(10 * 60);
/// After a passing fault it is asked again so often, with growing pauses.
const TRIES: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// An upload that is given up is told to the server within this time: the service may be stopping.
const GIVING_UP: Duration = Duration::from_secs(5);
/// A list, or an error, is no longer than this.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// More of a server's word than this is for nobody.
const WORD_CHARS: usize = 60;

/// A bucket, and the keys to it.
#[derive(Debug)]
pub struct S3 {
    bucket: Bucket,
    prefix: String,
    credentials: Credentials,
    client: Client,
}

impl S3 {
    pub(super) fn new(to: &config::Bucket, backups: &config::Backups) -> Result<Self, String> {
        let amazon = || Url::parse(&format!("https://s3.{}.amazonaws.com", backups.s3_region));
        let endpoint = backups.s3_endpoint.clone().map_or_else(amazon, Ok).map_err(|why| why.to_string())?;
        let bucket = Bucket::new(endpoint, UrlStyle::Path, to.name.clone(), backups.s3_region.clone());
        let bucket = bucket.map_err(|why| why.to_string())?;
        let (Some(id), Some(secret)) = (&backups.s3_key_id, &backups.s3_secret) else {
            return Err("BACKUP_S3_KEY_ID or BACKUP_S3_SECRET is missing".to_owned());
        };
        let credentials = Credentials::new(id.expose_secret(), secret.expose_secret());
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .build()
            .map_err(|error| carrier::reason(&error))?;
        Ok(Self { bucket, prefix: to.prefix.clone(), credentials, client })
    }

    pub(super) fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket.name(), self.prefix)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) async fn put(
        &self,
        name: &str,
        file: File,
        stop: &CancellationToken,
    ) -> Result<blake3::Hash, Failed> {
        let key = self.key(name);
        let (file, size_bytes) = disk::with(move || at_start(file)).await?;
        if size_bytes <= PART_BYTES {
            let (_, whole) = next_part(file).await?;
            let hash = blake3::hash(&whole);
            let sign = || self.bucket.put_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
            let put = stop.run_until_cancelled(self.ask(Method::PUT, sign, whole)).await;
            return put.unwrap_or_else(|| Err(stops())).map(|_| hash);
        }
        let begun = stop.run_until_cancelled(self.begin_upload(&key)).await;
        let upload = begun.unwrap_or_else(|| Err(stops()))?;
        let put = stop.run_until_cancelled(self.put_parts(&key, &upload, file)).await;
        let put = put.unwrap_or_else(|| Err(stops()));
        if put.is_err() {
            self.give_up(&key, &upload).await;
        }
        put
    }

    async fn put_parts(&self, key: &str, upload: &str, mut file: File) -> Result<blake3::Hash, Failed> {
        let (mut hasher, mut tags) = (blake3::Hasher::new(), Vec::new());
        loop {
            let (rest, part) = next_part(file).await?;
            file = rest;
            if part.is_empty() {
                self.end_upload(key, upload, &tags).await?;
                return Ok(hasher.finalize());
            }
            hasher.update(&part);
            let number =
                u16::try_from(tags.len() + 1).map_err(|_| Failed::For("it has too many parts".to_owned()))?;
            tags.push(self.put_part(key, upload, number, part).await?);
        }
    }

    async fn begin_upload(&self, key: &str) -> Result<String, Failed> {
        let sign = || self.bucket.create_multipart_upload(Some(&self.credentials), key).sign(SIGNED_FOR);
        let answer = text(self.ask(Method::POST, sign, Bytes::new()).await?).await?;
        let begun = CreateMultipartUpload::parse_response(&answer).map_err(|_| strange())?;
        Ok(begun.upload_id().to_owned())
    }

    /// Gives the tag that the server made for the part.
    async fn put_part(&self, key: &str, upload: &str, number: u16, part: Bytes) -> Result<String, Failed> {
        let sign = || self.bucket.upload_part(Some(&self.credentials), key, number, upload).sign(SIGNED_FOR);
        let answer = self.ask(Method::PUT, sign, part).await?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
        tag.map(str::to_owned).ok_or_else(strange)
    }

    async fn end_upload(&self, key: &str, upload: &str, tags: &[String]) -> Result<(), Failed> {
        let tags = || tags.iter().map(String::as_str);
        let end = || self.bucket.complete_multipart_upload(Some(&self.credentials), key, upload, tags());
        let answer = self.ask(Method::POST, || end().sign(SIGNED_FOR), end().body().into()).await?;
        // The server may say 200 before it knows. Servers differ in the rest of this answer.
        let answer = text(answer).await?;
        let is_done = answer.contains("<CompleteMultipartUpload");
        if is_done { Ok(()) } else { Err(told(StatusCode::OK, &answer)) }
    }

    /// Parts of an upload that never ends would be stored, and paid for, until somebody looks.
    async fn give_up(&self, key: &str, upload: &str) {
        let told = tokio::time::timeout(GIVING_UP, self.end_without(key, upload)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!(?told, "an upload that was given up may have left parts at the S3 server");
        }
    }

    /// What is not there any more was ended by somebody else.
    async fn end_without(&self, key: &str, upload: &str) -> Result<(), Failed> {
        let sign =
            || self.bucket.abort_multipart_upload(Some(&self.credentials), key, upload).sign(SIGNED_FOR);
        match self.ask_once(Method::DELETE, sign(), Bytes::new()).await {
            Ok(_) | Err(Failed::Missing) => Ok(()),
            Err(failed) => Err(failed),
        }
    }

    /// Gives up the uploads that a process which was killed had begun: all that can be, whatever becomes of one.
    pub(super) async fn tidy(&self, is_ours: impl Fn(&str) -> bool) -> Result<(), Failed> {
        let mut tidied = Ok(());
        let mut after = None;
        loop {
            let page = self.list_uploads(after.as_ref()).await?;
            for (key, upload) in uploads(&page) {
                if !key.strip_prefix(&self.prefix).is_some_and(&is_ours) {
                    continue;
                }
                match self.end_without(key, upload).await {
                    Ok(()) => tracing::info!(key, "an upload that was never ended was given up"),
                    Err(failed) => tidied = Err(failed),
                }
            }
            let next = next_uploads(&page);
            // A server that gives the same page again would be asked for ever.
            if next.is_none() || next == after {
                return tidied;
            }
            after = next;
        }
    }

    /// A page of the uploads that were begun, from after this key and id on.
    async fn list_uploads(&self, after: Option<&(String, String)>) -> Result<String, Failed> {
        let sign = || {
            // A bucket is the object without a name.
            let mut list = self.bucket.get_object(Some(&self.credentials), "");
            list.query_mut().insert("prefix", self.prefix.as_str());
            list.query_mut().insert("uploads", "");
            if let Some((key, upload)) = after {
                list.query_mut().insert("key-marker", key.as_str());
                list.query_mut().insert("upload-id-marker", upload.as_str());
            }
            list.sign(SIGNED_FOR)
        };
        let page = text(self.ask(Method::GET, sign, Bytes::new()).await?).await?;
        if page.contains("<ListMultipartUploadsResult") { Ok(page) } else { Err(strange()) }
    }

    pub(super) async fn list(&self) -> Result<Vec<Object>, Failed> {
        let mut objects = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let sign = || {
                let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
                list.with_prefix(self.prefix.as_str());
                if let Some(token) = &token {
                    list.with_continuation_token(token.as_str());
                }
                list.sign(SIGNED_FOR)
            };
            let answer = text(self.ask(Method::GET, sign, Bytes::new()).await?).await?;
            let page = ListObjectsV2::parse_response(&answer).map_err(|_| strange())?;
            for one in page.contents {
                let name = one.key.strip_prefix(&self.prefix).unwrap_or(&one.key).to_owned();
                let written = one.last_modified.as_deref().and_then(At::parse);
                objects.push(Object { name, size_bytes: one.size.unwrap_or(0), written });
            }
            match page.next_continuation_token {
                Some(next) => token = Some(next),
                None => return Ok(objects),
            }
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), Failed> {
        let key = self.key(name);
        let sign = || self.bucket.delete_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        self.ask(Method::DELETE, sign, Bytes::new()).await.map(drop)
    }

    pub(super) async fn pieces(&self, name: &str) -> Result<Pieces, Failed> {
        let key = self.key(name);
        let sign = || self.bucket.get_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.ask(Method::GET, sign, Bytes::new()).await?;
        // An answer that is shorter than its head says is an error of the client's.
        Ok(answer.bytes_stream().map_err(|error| Failed::Passing(carrier::reason(&error))).boxed())
    }

    /// One request, tried again after passing faults and signed anew for each try.
    async fn ask(&self, method: Method, sign: impl Fn() -> Url, body: Bytes) -> Result<Response, Failed> {
        let pauses = ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_times(TRIES);
        let once = || self.ask_once(method.clone(), sign(), body.clone());
        once.retry(pauses.with_jitter()).when(Failed::is_passing).await
    }

    async fn ask_once(&self, method: Method, url: Url, body: Bytes) -> Result<Response, Failed> {
        let mut request = self.client.request(method.clone(), url);
        if method != Method::GET {
            request = request.body(body).timeout(REQUEST);
        }
        let answer = request.send().await.map_err(|error| Failed::Passing(carrier::reason(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(told(status, &text(answer).await?))
    }
}

fn at_start(mut file: File) -> io::Result<(File, u64)> {
    file.rewind()?;
    let size_bytes = file.metadata()?.len();
    Ok((file, size_bytes))
}

/// The file, and what comes next in it; nothing at its end.
async fn next_part(file: File) -> io::Result<(File, Bytes)> {
    disk::with(move || {
        let most = usize::try_from(PART_BYTES).map_err(io::Error::other)?;
        let mut part = Vec::with_capacity(most);
        (&file).take(PART_BYTES).read_to_end(&mut part)?;
        Ok((file, part.into()))
    })
    .await
}

/// A short answer, as text.
async fn text(mut answer: Response) -> Result<String, Failed> {
    let mut read = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(piece)) if read.len() + piece.len() <= MAX_ANSWER_BYTES => read.extend_from_slice(&piece),
            Ok(Some(_)) => return Err(strange()),
            Ok(None) => return Ok(String::from_utf8_lossy(&read).into_owned()),
            Err(error) => return Err(Failed::Passing(carrier::reason(&error))),
        }
    }
}

/// The keys and ids of a list of uploads. What is escaped in one is not ours.
fn uploads(answer: &str) -> impl Iterator<Item = (&str, &str)> {
    let each = answer.split("<Upload>").skip(1);
    each.filter_map(|one| Some((within(one, "Key")?, within(one, "UploadId")?)))
}

/// After which key and id the next page of uploads begins; `None`: this is the last.
fn next_uploads(answer: &str) -> Option<(String, String)> {
    let next = |name| within(answer, name).map(str::to_owned);
    let is_cut = within(answer, "IsTruncated") == Some("true");
    if is_cut { Some((next("NextKeyMarker")?, next("NextUploadIdMarker")?)) } else { None }
}

/// What stands in the first element of this name.
fn within<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(within, _)| within)
}

fn stops() -> Failed {
    Failed::For(STOPS.to_owned())
}

fn strange() -> Failed {
    Failed::For("the server answers something that no S3 server does: BACKUP_S3_ENDPOINT".to_owned())
}

/// What a refusal means, in words of ours: a server's own may repeat what was sent.
fn told(status: StatusCode, answer: &str) -> Failed {
    let code = within(answer, "Code").unwrap_or("");
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(WORD_CHARS).collect();
    let said = format!("{} {code}", status.as_u16());
    let said = said.trim();
    match (status.as_u16(), code.as_str()) {
        (_, "NoSuchBucket") => Failed::For("there is no such bucket: BACKUP_TO".to_owned()),
        (301 | 302 | 307 | 308, _) | (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") => {
            Failed::For(format!("the bucket is elsewhere ({said}): BACKUP_S3_REGION, BACKUP_S3_ENDPOINT"))
        }
        (401 | 403, _) => {
            Failed::For(format!("the keys are refused ({said}): BACKUP_S3_KEY_ID, BACKUP_S3_SECRET"))
        }
        (404, _) => Failed::Missing,
        (200 | 408 | 429 | 500..=599, _) => Failed::Passing(format!("the server says {said}")),
        _ => Failed::For(format!("the server says {said}")),
    }
}
