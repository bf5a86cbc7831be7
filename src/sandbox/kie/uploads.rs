//! Files that the service gave to KIE's own store, to be named in a task's input.

use super::{World, coded};
use crate::sandbox::wire::{Answer, Reply};
use bytes::Bytes;
use serde_json::json;

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Folder and name, as given.
    pub path: String,
    /// The contents.
    pub bytes: Bytes,
    /// The address under which a task's input names it.
    pub url: String,
}

/// What an upload brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// `uploadPath`.
    pub folder: String,
    /// `fileName`, else the name that the part carried.
    pub name: String,
    /// The part `file`; `None` when it is missing.
    pub bytes: Option<Bytes>,
}

impl World {
    /// `POST /api/file-stream-upload`.
    pub fn upload(&mut self, now_ms: i64, authorization: Option<&str>, upload: &Upload) -> Reply {
        if let Some(denied) = self.denied(authorization) {
            return denied;
        }
        let Some(bytes) = &upload.bytes else { return coded(400, "Missing required parameter: file") };
        let folder = upload.folder.trim_matches('/');
        if folder.is_empty() {
            return coded(400, "Missing required parameter: uploadPath");
        }
        let number = self.uploads.len() + 1;
        let name = if upload.name.is_empty() { format!("file-{number}") } else { upload.name.clone() };
        let mime = infer::get(bytes).map_or("application/octet-stream", |kind| kind.mime_type());
        let url = format!("{}/uploads/{number}", self.base_url);
        let path = format!("{folder}/{name}");
        let answer = json!({
            "success": true, "code": 200, "msg": "File uploaded successfully",
            "data": {
                "success": true, "fileName": name, "filePath": format!("kieai/sandbox/{path}"),
                "downloadUrl": url, "fileSize": bytes.len(), "mimeType": mime,
            },
        });
        self.uploads.push(Uploaded { at_ms: now_ms, path, bytes: bytes.clone(), url });
        Reply::json(answer)
    }

    /// An uploaded file, by the number in its address.
    pub fn uploaded(&self, number: &str) -> Reply {
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match index.and_then(|index| self.uploads.get(index)) {
            Some(file) => {
                let content_type =
                    infer::get(&file.bytes).map_or("application/octet-stream", |kind| kind.mime_type());
                Answer::Raw { status: 200, content_type, body: file.bytes.clone() }.into()
            }
            None => Reply::html(404),
        }
    }

    /// All uploads, in order.
    pub fn uploads(&self) -> &[Uploaded] {
        &self.uploads
    }
}
