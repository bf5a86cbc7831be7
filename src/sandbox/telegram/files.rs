//! Files that people and the bot sent: their ids, sizes and contents.

use super::chats::Media;
use super::params::Upload;
use super::refusal::Refusal;
use crate::sandbox::media;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MIB: usize = 1024 * 1024;
/// The most that the bot may upload.
pub const UPLOAD_LIMIT_BYTES: usize = 50 * MIB;
const PHOTO_LIMIT_BYTES: usize = 10 * MIB;
const DOWNLOAD_LIMIT_BYTES: usize = 20 * MIB;

/// As what a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A picture shown in the chat.
    Photo,
    /// A video.
    Video,
    /// Music.
    Audio,
    /// A voice message.
    Voice,
    /// A video without sound that repeats.
    Animation,
    /// Any file.
    Document,
}

impl FileKind {
    /// The field of a message, and the parameter of the method, that carries it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Animation => "animation",
            Self::Document => "document",
        }
    }

    /// The kind that a method (`sendphoto`, in small letters) or a media type (`photo`) names.
    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::Photo, Self::Video, Self::Audio, Self::Voice, Self::Animation, Self::Document];
        all.into_iter().find(|kind| kind.field() == name.strip_prefix("send").unwrap_or(name))
    }

    fn title(self) -> &'static str {
        match self {
            Self::Photo => "Photo",
            Self::Video => "Video",
            Self::Audio => "Audio",
            Self::Voice => "VoiceNote",
            Self::Animation => "Animation",
            Self::Document => "Document",
        }
    }
}

/// A file that Telegram keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id, by which it can be sent again.
    pub file_id: String,
    /// As what it was first sent; only so can it be sent again.
    pub kind: FileKind,
    /// The name it came with.
    pub name: String,
    /// Its type, from its first bytes or else its name.
    pub mime: &'static str,
    /// The contents.
    pub bytes: Bytes,
    /// Width and height of a picture.
    pub size: Option<(u32, u32)>,
    /// The path under `/file/bot<token>/`.
    pub path: String,
}

/// All files.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    by_id: BTreeMap<String, StoredFile>,
}

fn photo_size(bytes: &Bytes) -> Result<(u32, u32), Refusal> {
    if bytes.len() > PHOTO_LIMIT_BYTES {
        return Err(Refusal::bad(&format!(
            "file of size {} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT_BYTES} bytes",
            bytes.len()
        )));
    }
    let (width, height) = media::measure(bytes).ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
    let (short, long) = (width.min(height), width.max(height));
    if short == 0 || u64::from(width) + u64::from(height) > 10_000 || long / short > 20 {
        return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok((width, height))
}

/// What a file is: its type and the ending of its path, from its first bytes, or else from its name.
fn type_of(upload: &Upload) -> (&'static str, &'static str) {
    if let Some(found) = infer::get(&upload.bytes) {
        return (found.mime_type(), found.extension());
    }
    let ending = upload.file_name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "csv" => ("text/csv", "csv"),
        "json" => ("application/json", "json"),
        "txt" => ("text/plain", "txt"),
        _ => ("application/octet-stream", "bin"),
    }
}

impl Files {
    pub(super) fn get(&self, file_id: &str) -> Option<&StoredFile> {
        self.by_id.get(file_id)
    }

    /// Keeps a file that comes as `kind`.
    pub(super) fn store(&mut self, kind: FileKind, upload: &Upload) -> Result<Media, Refusal> {
        if upload.bytes.is_empty() {
            return Err(Refusal::bad("file must be non-empty"));
        }
        if upload.bytes.len() > UPLOAD_LIMIT_BYTES {
            return Err(Refusal::new(413, "Request Entity Too Large"));
        }
        let size = match kind {
            FileKind::Photo => Some(photo_size(&upload.bytes)?),
            FileKind::Video
            | FileKind::Audio
            | FileKind::Voice
            | FileKind::Animation
            | FileKind::Document => media::measure(&upload.bytes),
        };
        let (mime, ending) = type_of(upload);
        let number = self.by_id.len() + 1;
        let mark = blake3::hash(format!("{number}").as_bytes()).to_hex();
        let file_id = format!("{}-{number}-{}", kind.field(), &mark[..24]);
        let file = StoredFile {
            file_id: file_id.clone(),
            kind,
            name: upload.file_name.clone(),
            mime,
            bytes: upload.bytes.clone(),
            size,
            path: format!("{}s/file_{number}.{ending}", kind.field()),
        };
        self.by_id.insert(file_id.clone(), file);
        Ok(Media { kind, file_id })
    }

    /// A file sent again by its id.
    pub(super) fn again(&self, kind: FileKind, file_id: &str) -> Result<Media, Refusal> {
        let wrong = "wrong file identifier/HTTP URL specified";
        let file = self.by_id.get(file_id).ok_or_else(|| Refusal::bad(wrong))?;
        if file.kind != kind {
            let (was, wanted) = (file.kind.title(), kind.title());
            return Err(Refusal::bad(&format!("can't use file of type {was} as {wanted}")));
        }
        Ok(Media { kind, file_id: file.file_id.clone() })
    }

    /// `getFile`.
    pub(super) fn describe(&self, file_id: &str) -> Result<Value, Refusal> {
        let wrong = "wrong file_id or the file is temporarily unavailable";
        let file = self.by_id.get(file_id).ok_or_else(|| Refusal::bad(wrong))?;
        if file.bytes.len() > DOWNLOAD_LIMIT_BYTES {
            return Err(Refusal::bad("file is too big"));
        }
        let mut described = common(file);
        described["file_path"] = json!(file.path);
        Ok(described)
    }

    /// The file at this path, for its download.
    pub(super) fn at_path(&self, path: &str) -> Option<&StoredFile> {
        self.by_id.values().find(|file| file.path == path && file.bytes.len() <= DOWNLOAD_LIMIT_BYTES)
    }

    /// The media as it stands in a message.
    pub(super) fn media_json(&self, media: &Media) -> Value {
        let Some(file) = self.by_id.get(&media.file_id) else { return Value::Null };
        let (width, height) = file.size.unwrap_or((128, 128));
        let mut described = common(file);
        match media.kind {
            FileKind::Photo => {
                described["width"] = json!(width);
                described["height"] = json!(height);
                return json!([described]);
            }
            FileKind::Video | FileKind::Animation => {
                described["width"] = json!(width);
                described["height"] = json!(height);
                described["duration"] = json!(2);
            }
            FileKind::Audio | FileKind::Voice => described["duration"] = json!(2),
            FileKind::Document => {}
        }
        described["mime_type"] = json!(file.mime);
        if !file.name.is_empty() && media.kind != FileKind::Voice {
            described["file_name"] = json!(file.name);
        }
        described
    }
}

fn common(file: &StoredFile) -> Value {
    let unique = blake3::hash(&file.bytes).to_hex();
    json!({"file_id": file.file_id, "file_unique_id": &unique[..16], "file_size": file.bytes.len()})
}
