//! Files as real media: one as a photo, video, sound or document, several as an album.

use super::request::{Contents, Request, Upload, recipient};
use crate::disk;
use crate::ids::ChatId;
use crate::message::{MediaKind, NotTaken, Sent, Source};
use std::io::ErrorKind;
use std::path::{Component, Path};
use teloxide::payloads::{self, setters::*};
use teloxide::types::{
    FileId, InlineKeyboardMarkup, InputFile, InputMedia, InputMediaAudio, InputMediaDocument,
    InputMediaPhoto, InputMediaVideo, ParseMode,
};

/// What Telegram takes from a bot, and what it takes as a photo.
const UPLOAD_MAX_BYTES: u64 = 50 * 1024 * 1024;
const PHOTO_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Files that were looked at, and how they can be shown.
#[derive(Debug)]
pub(super) struct Files {
    /// As asked for, or as documents when one of them is too large for a photo.
    pub(super) kind: MediaKind,
    files: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Here(Upload),
    There(String),
}

impl Files {
    /// Looks at the files below `data_dir`.
    ///
    /// # Errors
    /// What became of the message: it cannot be sent so, or (the disk failed) not now.
    pub(super) async fn look(data_dir: &Path, kind: MediaKind, sources: &[Source]) -> Result<Self, Sent> {
        if !(1..=10).contains(&sources.len()) {
            return Err(Sent::Refused(NotTaken::Bad(format!("{} files in one message", sources.len()))));
        }
        let mut seen = Self { kind, files: Vec::new() };
        for (number, source) in sources.iter().enumerate() {
            let piece = match source {
                Source::FileId(id) => Piece::There(id.clone()),
                Source::Path(path) => {
                    let (upload, size_bytes) = look_at(data_dir, path, number).await?;
                    if kind == MediaKind::Photo && size_bytes > PHOTO_MAX_BYTES {
                        seen.kind = MediaKind::Document;
                    }
                    Piece::Here(upload)
                }
            };
            seen.files.push(piece);
        }
        Ok(seen)
    }

    /// Whether the files can be shown as documents instead: what is at Telegram stays what it is.
    pub(super) fn can_be_documents(&self) -> bool {
        self.files.iter().all(|file| matches!(file, Piece::Here(_)))
    }

    /// More than one.
    pub(super) fn is_album(&self) -> bool {
        self.files.len() > 1
    }

    /// The message that shows them as `kind`. Under an album Telegram allows no buttons.
    pub(super) fn request(
        &self,
        chat: ChatId,
        kind: MediaKind,
        caption: &str,
        buttons: Option<InlineKeyboardMarkup>,
    ) -> Request {
        match self.files.as_slice() {
            [one] => single(chat, kind, one, caption, buttons),
            several => album(chat, kind, several, caption),
        }
    }
}

async fn look_at(data_dir: &Path, path: &str, number: usize) -> Result<(Upload, u64), Sent> {
    let refused = |why: NotTaken| Err(Sent::Refused(why));
    let relative = Path::new(path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return refused(NotTaken::Bad("a file outside the data directory".to_owned()));
    }
    let full = data_dir.join(relative);
    let asked = full.clone();
    let size_bytes = match disk::with(move || std::fs::metadata(asked)).await {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return refused(NotTaken::BadFile(format!("{path} is no file"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return refused(NotTaken::BadFile(format!("{path} is gone")));
        }
        Err(error) => return Err(Sent::NotSent(format!("{path}: {error}"))),
    };
    if size_bytes == 0 {
        return refused(NotTaken::BadFile(format!("{path} is empty")));
    }
    // Telegram would drop the connection in the middle, which reads as "may have gone".
    if size_bytes > UPLOAD_MAX_BYTES {
        return refused(NotTaken::BadFile(format!("{path} has {size_bytes} bytes, more than 50 MB")));
    }
    let file_name = relative.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let contents = Contents::File(full);
    Ok((Upload { part: format!("file{number}"), contents, file_name }, size_bytes))
}

fn single(
    chat: ChatId,
    kind: MediaKind,
    file: &Piece,
    caption: &str,
    buttons: Option<InlineKeyboardMarkup>,
) -> Request {
    let (chat, input) = (recipient(chat), file.input());
    macro_rules! request {
        ($payload:expr, $part:literal) => {{
            let mut payload = $payload;
            if !caption.is_empty() {
                payload = payload.caption(caption).parse_mode(ParseMode::Html);
            }
            if let Some(buttons) = buttons {
                payload = payload.reply_markup(buttons);
            }
            (Request::of(&payload), $part)
        }};
    }
    let (request, part) = match kind {
        MediaKind::Photo => request!(payloads::SendPhoto::new(chat, input), "photo"),
        MediaKind::Video => {
            request!(payloads::SendVideo::new(chat, input).supports_streaming(true), "video")
        }
        MediaKind::Audio => request!(payloads::SendAudio::new(chat, input), "audio"),
        MediaKind::Document => request!(payloads::SendDocument::new(chat, input), "document"),
    };
    match file {
        Piece::Here(upload) => request.carrying(vec![Upload { part: part.to_owned(), ..upload.clone() }]),
        Piece::There(_) => request,
    }
}

fn album(chat: ChatId, kind: MediaKind, files: &[Piece], caption: &str) -> Request {
    let media = files.iter().enumerate().map(|(number, file)| {
        let caption = if number == 0 && !caption.is_empty() { Some(caption) } else { None };
        file.in_album(kind, caption)
    });
    let uploads = files.iter().filter_map(|file| match file {
        Piece::Here(upload) => Some(upload.clone()),
        Piece::There(_) => None,
    });
    Request::of(&payloads::SendMediaGroup::new(recipient(chat), media)).carrying(uploads.collect())
}

impl Piece {
    /// As a field's value: Telegram's name for it, or where in the form it is.
    fn input(&self) -> InputFile {
        let name = match self {
            Self::Here(upload) => format!("attach://{}", upload.part),
            Self::There(id) => id.clone(),
        };
        InputFile::file_id(FileId(name))
    }

    fn in_album(&self, kind: MediaKind, caption: Option<&str>) -> InputMedia {
        macro_rules! piece {
            ($kind:expr, $media:ty) => {{
                let media = <$media>::new(self.input());
                $kind(match caption {
                    Some(caption) => media.caption(caption).parse_mode(ParseMode::Html),
                    None => media,
                })
            }};
        }
        match kind {
            MediaKind::Photo => piece!(InputMedia::Photo, InputMediaPhoto),
            MediaKind::Video => piece!(InputMedia::Video, InputMediaVideo),
            MediaKind::Audio => piece!(InputMedia::Audio, InputMediaAudio),
            MediaKind::Document => piece!(InputMedia::Document, InputMediaDocument),
        }
    }
}
