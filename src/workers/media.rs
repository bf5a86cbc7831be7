//! The results' files between the provider and Telegram.

use super::Engine;
use crate::disk;
use crate::flow::news::media_dir;
use crate::ids::JobId;
use crate::job::File;
use crate::message::{Act, Source};
use crate::provider::{FetchError, Look};
use crate::store::OutboxRow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Telegram takes files of up to 50 MB from a bot.
const FILE_MAX_BYTES: u64 = 50 * 1000 * 1000;
/// So often, within half an hour, a result is looked for at a provider that answers and does not have it.
const BRINGS: u32 = 13;

/// Copies all files of a result; they are complete, checked and synced when this gives them. When
/// one is too large for Telegram, all are left where they are, and their links stand for them.
pub(super) async fn fetch_all(engine: &Engine, job: JobId, urls: &[String]) -> Result<Vec<File>, String> {
    let dir = engine.data_dir.join(media_dir(job));
    let mut files = Vec::new();
    for (number, url) in urls.iter().enumerate() {
        let name = (number + 1).to_string();
        match engine.provider.fetch(url, &dir, &name, FILE_MAX_BYTES).await {
            Ok(file) => files.push(file),
            Err(FetchError::TooLarge { .. }) => {
                drop_job(&engine.data_dir, job).await;
                return Ok(urls.iter().map(|url| linked(url)).collect());
            }
            Err(error) => return Err(format!("file {name} of {}: {error}", urls.len())),
        }
    }
    Ok(files)
}

/// Has the files here of a result that is about to be sent. In a file that came out of a backup they are not: then
/// they are copied from the provider once more, for its customer may have had them, and is not paid for them. An
/// error says why nobody can tell yet whether they can be had; when they cannot, the message is refused for it.
pub(super) async fn bring_back(engine: &Engine, job: JobId, row: &OutboxRow) -> Result<(), String> {
    if !is_missing(&engine.data_dir, &row.outgoing.act).await {
        return Ok(());
    }
    let found = engine.store.read(move |view| view.job(job)).await.map_err(|fault| fault.to_string())?;
    let Some(task) = found.and_then(|job| job.row.task) else { return Ok(()) };
    tracing::warn!("the files of a result are not here: they are copied from the provider once more");
    let why = match engine.provider.look(&task).await {
        Look::Success { urls, .. } => match fetch_all(engine, job, &urls).await {
            Ok(_) => return Ok(()),
            Err(why) => why,
        },
        Look::Failed { .. } => return Ok(()),
        Look::NotFound => "the provider does not know the task".to_owned(),
        Look::Running(_) => "the provider says that it works on the task".to_owned(),
        Look::Unreachable(why) => return Err(why),
        Look::KeyRefused => return Err("the provider does not take our key".to_owned()),
    };
    if row.tries < BRINGS { Err(why) } else { Ok(()) }
}

async fn is_missing(data_dir: &Path, act: &Act) -> bool {
    let Act::Media { files, .. } = act else { return false };
    for file in files {
        let Source::Path(path) = file else { continue };
        let path = data_dir.join(path);
        if let Ok(false) = disk::with(move || path.try_exists()).await {
            return true;
        }
    }
    false
}

/// A file that stays at the provider.
fn linked(url: &str) -> File {
    File { name: String::new(), mime: String::new(), size_bytes: 0, link: Some(url.to_owned()) }
}

/// Removes our copy of a result that Telegram has.
pub(super) async fn drop_job(data_dir: &Path, job: JobId) {
    let dir = data_dir.join(media_dir(job));
    match disk::with(move || std::fs::remove_dir_all(dir)).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(job = job.0, %error, "the files of a delivered result stay behind"),
    }
}

/// The jobs whose files lie here.
pub(super) async fn jobs(data_dir: &Path) -> Vec<JobId> {
    let media = data_dir.join("media");
    match disk::with(move || names(&media)).await {
        Ok(names) => names.iter().filter_map(|name| name.to_str()?.parse().map(JobId).ok()).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            tracing::warn!(%error, "the folder of results cannot be read");
            Vec::new()
        }
    }
}

/// What lies in a folder, in the order of its names.
fn names(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}
