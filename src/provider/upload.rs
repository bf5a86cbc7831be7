//! Puts a file into KIE's own store, so that a task's input can name it.

use crate::carrier::{Lost, Outlet};
use crate::disk;
use crate::provider::fetch::Hosts;
use crate::provider::wire::{MAX_ANSWER_BYTES, read_answer, without};
use reqwest::Body;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::time::Duration;
use url::Url;

/// How long an upload may take in all.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// The folder in KIE's store.
const FOLDER: &str = "samovar";

/// Why a file is not in KIE's store. None of these texts holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// KIE does not want it.
    #[error("KIE refused the file: {0}")]
    Refused(String),
    /// KIE does not take our key.
    #[error("KIE does not take our key")]
    KeyRefused,
    /// It may go well later.
    #[error("not uploaded: {0}")]
    Passing(String),
    /// Our own disk.
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
}

/// Sends `file` to `url` under `name`; gives the address KIE made for it.
pub(crate) async fn send(
    outlet: &Outlet,
    url: &Url,
    (bearer, key): (&HeaderValue, &str),
    hosts: &Hosts,
    file: &Path,
    name: &str,
) -> Result<String, UploadError> {
    let (size_bytes, pieces) = disk::read(file).await?;
    let part = Part::stream_with_length(Body::wrap_stream(pieces), size_bytes);
    let form = Form::new()
        .text("uploadPath", FOLDER)
        .text("fileName", name.to_owned())
        .part("file", part.file_name(name.to_owned()));
    let passing = |lost: Lost| UploadError::Passing(lost.into_words());
    let request = outlet.post(url.clone()).timeout(TIMEOUT).header(AUTHORIZATION, bearer.clone());
    let mut response = outlet.send(request.multipart(form)).await.map_err(passing)?;
    let status = response.status().as_u16();
    let body = read_answer(&mut response, MAX_ANSWER_BYTES).await.map_err(UploadError::Passing)?;
    uploaded(status, &without(&body, &[key]), hosts)
}

/// Judges by the body's code, for KIE's errors come under HTTP 200 too.
pub(crate) fn uploaded(status: u16, body: &[u8], hosts: &Hosts) -> Result<String, UploadError> {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let code = body["code"].as_u64().unwrap_or(if status == 200 { 0 } else { u64::from(status) });
    let said: String = body["msg"].as_str().unwrap_or_default().chars().take(300).collect();
    match code {
        200 => {
            let link = body["data"]["downloadUrl"].as_str().unwrap_or_default();
            match hosts.check(link) {
                Ok(_) => Ok(link.to_owned()),
                Err(error) => Err(UploadError::Passing(format!("its address: {error}"))),
            }
        }
        401 => Err(UploadError::KeyRefused),
        0 => Err(UploadError::Passing("an answer that says nothing".to_owned())),
        429 | 500.. => Err(UploadError::Passing(format!("{code}: {said}"))),
        _ => Err(UploadError::Refused(format!("{code}: {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::{End, KEY, Server, http};
    use crate::provider::{Kie, Provider};

    const LINK: &str = "https://tempfile.redpandaai.co/kieai/1/samovar/7-1.png";

    async fn sent(kie: &Kie) -> Result<String, UploadError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"the whole file").expect("written");
        kie.upload(file.path(), "7-1.png").await
    }

    #[tokio::test]
    async fn a_file_is_sent_as_kie_wants_it() {
        let body = format!(r#"{{"success":true,"code":200,"data":{{"downloadUrl":"{LINK}"}}}}"#);
        let server = Server::json(&body).await;
        assert_eq!(sent(&server.kie()).await.expect("sent"), LINK);
        let seen = server.seen().remove(0);
        assert!(seen.starts_with("POST /api/file-stream-upload HTTP/1.1"), "{seen}");
        assert!(seen.to_lowercase().contains(&format!("authorization: bearer {KEY}")), "{seen}");
        for part in
            ["the whole file", "name=\"uploadPath\"\r\n\r\nsamovar\r\n", "fileName\"\r\n\r\n7-1.png\r\n"]
        {
            assert!(seen.contains(part), "{part}: {seen}");
        }
    }

    #[tokio::test]
    async fn every_other_answer_says_what_went_wrong() {
        let said = |body: &str| http("200 OK", "", body.as_bytes());
        let elsewhere = r#"{"code":200,"data":{"downloadUrl":"https://evil.example/1"}}"#;
        for (bytes, end, wanted) in [
            (said(r#"{"code":401,"msg":"no"}"#), End::Close, "does not take our key"),
            (http("401 Unauthorized", "", b"<html>"), End::Close, "does not take our key"),
            (
                said(&format!(r#"{{"code":400,"msg":"bad {KEY}"}}"#)),
                End::Close,
                "refused the file: 400: bad …",
            ),
            (said(r#"{"code":429,"msg":"slow"}"#), End::Close, "not uploaded: 429"),
            (http("502 Bad Gateway", "", b"<html>"), End::Close, "not uploaded: 502"),
            (said("{"), End::Close, "not uploaded: an answer"),
            (said(elsewhere), End::Close, "not uploaded: its address"),
            (Vec::new(), End::Reset, "not uploaded:"),
        ] {
            let failed = sent(&Server::saying(bytes, end).await.kie()).await.expect_err(wanted);
            assert!(failed.to_string().contains(wanted), "{failed}");
            assert!(!format!("{failed} {failed:?}").contains(KEY), "{failed:?}");
        }
        let kie = Server::json("{}").await.kie();
        let missing = kie.upload(Path::new("/nowhere/at/all"), "x").await;
        assert!(matches!(missing, Err(UploadError::Disk(_))), "{missing:?}");
    }

    #[tokio::test]
    async fn the_models_are_read_or_not_known() {
        let server = Server::json(r#"{"code":200,"data":{"models":[{"model":"b"},{"model":"a"}]}}"#).await;
        let models = server.kie().models().await.expect("an answer").expect("known");
        assert_eq!(models.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(server.seen()[0].starts_with("GET /api/v1/models HTTP/1.1"));
        for body in ["[]", r#"{"code":200,"data":{}}"#, r#"{"data":{"models":[{"name":"x"}]}}"#] {
            assert_eq!(Server::json(body).await.kie().models().await, Ok(None), "{body}");
        }
        let gone = Server::answering("404 Not Found", "", b"<html>").await;
        assert_eq!(gone.kie().models().await, Ok(None));
        let down = Server::answering("503 Busy", "", b"<html>").await;
        assert!(down.kie().models().await.is_err());
    }
}
