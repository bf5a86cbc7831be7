//! Files that a customer gave for an input: what was found when they were looked at, and whether the
//! input takes that.
//!
//! The facts are those of the bytes (type by magic numbers, pixels, length), never what a sender says.

use crate::catalog::Files;
use crate::catalog::wrong::Wrong;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No picture may have a side longer than this, whatever the model says.
pub const MAX_SIDE_PX: u32 = 16_384;
/// No picture may have more pixels than this, in millions, whatever the model says.
pub const MAX_MEGAPIXELS: u32 = 100;
/// The most characters of a link or of Telegram's name for a file.
const SOURCE_CHARS: usize = 2048;

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenFile {
    /// Where it can be had, as often as it is needed.
    pub source: FileSource,
    /// Its type, by its first bytes.
    pub mime: String,
    /// Its size.
    pub size_bytes: u64,
    /// Width and height, of a picture.
    pub pixels: Option<(u32, u32)>,
    /// Its length in seconds, rounded up, of a sound (and of a video, where it is known).
    pub seconds: Option<u32>,
}

/// Where a file can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileSource {
    /// At Telegram, under its `file_id` for this bot.
    Telegram(String),
    /// At a public https link that the customer wrote.
    Link(String),
}

/// Where the provider has the files of a job, by the names of their inputs, in their order.
pub type Uploads = BTreeMap<String, Vec<String>>;

/// One spelling for types that go by several.
fn plain(mime: &str) -> &str {
    match mime {
        "audio/x-wav" | "audio/vnd.wave" => "audio/wav",
        "audio/m4a" | "audio/x-m4a" => "audio/mp4",
        "audio/mp3" => "audio/mpeg",
        "audio/opus" => "audio/ogg",
        "audio/x-flac" => "audio/flac",
        "image/jpg" => "image/jpeg",
        other => other,
    }
}

impl Files {
    /// Whether an input with these limits, named `input`, takes the file.
    pub(super) fn check(&self, input: &'static str, file: &GivenFile) -> Result<(), Wrong> {
        let source = match &file.source {
            FileSource::Telegram(id) => id,
            FileSource::Link(link) => link,
        };
        let odd = |character: char| character.is_control() || character.is_whitespace();
        if source.is_empty() || source.chars().count() > SOURCE_CHARS || source.chars().any(odd) {
            return Err(Wrong::NotALink { input });
        }
        if !self.accept.iter().any(|accepted| plain(accepted) == plain(&file.mime)) {
            return Err(Wrong::WrongFile { input, found: file.mime.clone(), accept: self.accept });
        }
        if file.size_bytes == 0 {
            return Err(Wrong::Empty { input });
        }
        let max_mb = self.max_mb;
        if file.size_bytes > u64::from(max_mb) * 1024 * 1024 {
            return Err(Wrong::TooLarge { input, max_mb });
        }
        self.check_pixels(input, file)?;
        match (self.max_seconds, file.seconds) {
            (Some(_), None) => Err(Wrong::NoLength { input }),
            (Some(max_seconds), Some(seconds)) if seconds > max_seconds => {
                Err(Wrong::TooLongToPlay { input, seconds, max_seconds })
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn check_pixels(&self, input: &'static str, file: &GivenFile) -> Result<(), Wrong> {
        let is_picture = file.mime.starts_with("image/");
        let (width, height) = match file.pixels {
            Some(pixels) if is_picture => pixels,
            None if is_picture => {
                return Err(Wrong::WrongFile { input, found: file.mime.clone(), accept: self.accept });
            }
            Some(_) | None => return Ok(()),
        };
        let min_side = self.min_side.unwrap_or(1);
        let max_side = self.max_side.unwrap_or(MAX_SIDE_PX);
        if [width, height].iter().any(|side| *side < min_side || *side > max_side) {
            return Err(Wrong::WrongSides { input, width, height, min_side, max_side });
        }
        let max_megapixels = self.max_megapixels.unwrap_or(MAX_MEGAPIXELS);
        if u64::from(width) * u64::from(height) > u64::from(max_megapixels) * 1_000_000 {
            return Err(Wrong::TooManyPixels { input, width, height, max_megapixels });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Kind, model};

    fn limits(id: &str, name: &str) -> Files {
        let kind = model(id).and_then(|model| model.input(name)).expect("an input").kind;
        match kind {
            Kind::Image(files) | Kind::Audio(files) | Kind::Video(files) => files,
            Kind::Images { files, .. } | Kind::Videos { files, .. } => files,
            Kind::Text { .. }
            | Kind::Choice { .. }
            | Kind::Boolean
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Link { .. }
            | Kind::Task { .. } => panic!("{name} takes no files"),
        }
    }

    fn picture(width: u32, height: u32) -> GivenFile {
        let source = FileSource::Telegram("AgAC".to_owned());
        let mime = "image/png".to_owned();
        GivenFile { source, mime, size_bytes: 1_000, pixels: Some((width, height)), seconds: None }
    }

    fn sound(mime: &str, seconds: Option<u32>) -> GivenFile {
        GivenFile { mime: mime.to_owned(), pixels: None, seconds, ..picture(1, 1) }
    }

    #[test]
    fn a_picture_keeps_to_type_size_sides_and_area() {
        let files = limits("recraft/remove-background", "image");
        let check = |file: GivenFile| files.check("image", &file);
        assert_eq!(check(picture(256, 4096)), Ok(()));
        assert!(matches!(check(picture(255, 300)), Err(Wrong::WrongSides { min_side: 256, .. })));
        assert!(matches!(check(picture(300, 4097)), Err(Wrong::WrongSides { max_side: 4096, .. })));
        assert!(matches!(check(picture(4096, 4096)), Err(Wrong::TooManyPixels { max_megapixels: 16, .. })));
        let gif = GivenFile { mime: "image/gif".to_owned(), ..picture(300, 300) };
        assert!(matches!(check(gif), Err(Wrong::WrongFile { .. })));
        let blind = GivenFile { pixels: None, ..picture(300, 300) };
        assert!(matches!(check(blind), Err(Wrong::WrongFile { .. })));
        let empty = GivenFile { size_bytes: 0, ..picture(300, 300) };
        assert!(matches!(check(empty), Err(Wrong::Empty { .. })));
        let full = GivenFile { size_bytes: 5 * 1024 * 1024, ..picture(300, 300) };
        assert_eq!(check(full.clone()), Ok(()));
        let over = GivenFile { size_bytes: full.size_bytes + 1, ..full };
        assert!(matches!(check(over), Err(Wrong::TooLarge { max_mb: 5, .. })));
    }

    #[test]
    fn no_model_takes_a_picture_of_900_megapixels() {
        let files = limits("topaz/image-upscale", "image_url");
        assert!(matches!(files.check("image_url", &picture(30_000, 30_000)), Err(Wrong::WrongSides { .. })));
        assert!(matches!(
            files.check("image_url", &picture(16_000, 16_000)),
            Err(Wrong::TooManyPixels { .. })
        ));
    }

    #[test]
    fn a_sound_keeps_to_its_length_and_goes_by_any_spelling_of_its_type() {
        let files = limits("infinitalk/from-audio", "audio_url");
        let check = |file: GivenFile| files.check("audio_url", &file);
        for mime in ["audio/wav", "audio/x-wav", "audio/mpeg", "audio/m4a", "audio/opus", "audio/ogg"] {
            assert_eq!(check(sound(mime, Some(15))), Ok(()), "{mime}");
        }
        assert!(matches!(check(sound("audio/ogg", Some(16))), Err(Wrong::TooLongToPlay { .. })));
        assert!(matches!(check(sound("audio/ogg", None)), Err(Wrong::NoLength { .. })));
        assert!(matches!(check(sound("audio/midi", Some(1))), Err(Wrong::WrongFile { .. })));
    }
}
