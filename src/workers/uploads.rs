//! Brings the files of an order to the provider before it is sent, each once.

use super::Engine;
use super::inputs::{self, Here, NotHere};
use crate::catalog::input::{GivenFile, Value};
use crate::flow::settle;
use crate::job::Event;
use crate::provider::UploadError;
use crate::store::{Fault, Job, Tx};

/// A file of an order that the provider does not have yet.
pub(super) struct Missing {
    input: String,
    number: usize,
    file: GivenFile,
}

/// The first file that the provider does not have yet; `None` when it has all.
pub(super) fn missing(job: &Job) -> Option<Missing> {
    job.row.input.iter().find_map(|(input, value)| {
        let Value::Files(files) = value else { return None };
        let number = job.row.uploads.get(input).map_or(0, Vec::len);
        let file = files.get(number)?.clone();
        Some(Missing { input: input.clone(), number, file })
    })
}

/// Brings one file. Gives what happened instead, if it could not be brought.
pub(super) async fn bring(engine: &Engine, job: &Job, missing: Missing) -> Result<Option<Event>, Fault> {
    let Missing { input, number, file } = missing;
    let id = job.id;
    let Here { path, facts, .. } = &match inputs::obtain(engine, &file.source).await {
        Ok(here) => here,
        Err(NotHere::Never(why)) => {
            tracing::warn!(?why, "a customer's file is gone");
            return Ok(Some(Event::InputLost));
        }
        Err(NotHere::Later { why, .. }) => {
            tracing::warn!(why, "a customer's file cannot be had yet");
            return Ok(Some(Event::NotUploaded));
        }
    };
    if !inputs::is_same(&file, facts) {
        tracing::warn!("a customer's file is not what it was when the price was made");
        return Ok(Some(Event::InputLost));
    }
    let name = name(engine, job, &input, number, &facts.mime);
    let url = match engine.provider.upload(path, &name).await {
        Ok(url) => url,
        Err(UploadError::Refused(why)) => {
            tracing::warn!(why, "the provider does not take a customer's file");
            return Ok(Some(Event::InputLost));
        }
        Err(UploadError::KeyRefused) => {
            engine.key_refused(id).await?;
            return Ok(Some(Event::NotUploaded));
        }
        Err(UploadError::Passing(why)) => {
            tracing::warn!(why, "a file could not be uploaded yet");
            return Ok(Some(Event::NotUploaded));
        }
        Err(UploadError::Disk(error)) => {
            tracing::warn!(%error, "a file could not be read for its upload");
            return Ok(Some(Event::NotUploaded));
        }
    };
    let act = move |tx: &mut Tx<'_>| settle::uploaded(tx, id, &input, number, &url);
    engine.store.write("uploaded", act).await.map(|()| None)
}

/// A name that no other upload has and nobody can guess: an equal one would overwrite it there.
fn name(engine: &Engine, job: &Job, input: &str, number: usize, mime: &str) -> String {
    let what = format!("{}/{input}/{number}/{}", job.id, job.row.created.0);
    let hash = blake3::keyed_hash(&engine.shop.server_key, what.as_bytes()).to_hex();
    let ending = match mime {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/x-wav" | "audio/wav" => "wav",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        other => other.rsplit(['/', '-']).next().unwrap_or("bin"),
    };
    format!("{}.{ending}", &hash[..32])
}
