//! Real result files, made from the prompt: the same prompt always gives the same bytes.

mod melody;
mod movie;
mod picture;

use bytes::Bytes;

pub use melody::wav;
pub use movie::mp4;
pub use picture::{measure, png};

/// What a model makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// A picture: PNG.
    Image,
    /// A video: MP4.
    Video,
    /// A sound: WAV.
    Audio,
}

impl MediaKind {
    /// The file name's ending.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Image => "png",
            Self::Video => "mp4",
            Self::Audio => "wav",
        }
    }

    /// The content type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Image => "image/png",
            Self::Video => "video/mp4",
            Self::Audio => "audio/wav",
        }
    }
}

/// Guesses from a KIE model's name what it makes; `None` for an empty name.
pub fn guess(model: &str) -> Option<MediaKind> {
    const VIDEO: [&str; 15] = [
        "video",
        "sora",
        "kling",
        "hailuo",
        "seedance",
        "infinitalk",
        "avatar",
        "wan/",
        "animate",
        "runway",
        "veo",
        "lipsync",
        "watermark",
        "grok-imagine/upscale",
        "happyhorse",
    ];
    const AUDIO: [&str; 7] = [
        "elevenlabs",
        "text-to-speech",
        "speech-to-text",
        "audio-isolation",
        "sound-effect",
        "suno",
        "music",
    ];
    if model.is_empty() {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| model.contains(word));
    // "speech-to-video" and "from-audio" make videos: a video word decides before a sound word.
    Some(match (has(&VIDEO), has(&AUDIO)) {
        (true, _) => MediaKind::Video,
        (false, true) => MediaKind::Audio,
        (false, false) => MediaKind::Image,
    })
}

/// A result file for `prompt`; `aspect_ratio` such as `16:9` shapes pictures and videos.
///
/// # Errors
/// What the PNG encoder says; it writes to memory, so nothing is expected.
pub fn make(kind: MediaKind, prompt: &str, aspect_ratio: &str) -> Result<Bytes, png::EncodingError> {
    Ok(Bytes::from(match kind {
        MediaKind::Image => png(prompt, aspect_ratio)?,
        MediaKind::Video => mp4(prompt, aspect_ratio),
        MediaKind::Audio => wav(prompt),
    }))
}

/// Width and height for a ratio such as `16:9`, `portrait` or `square_hd`; 512 on the longer side, but
/// for a `thumbnail`.
fn shape(aspect_ratio: &str) -> (u32, u32) {
    const LONG: u32 = 512;
    let named = match aspect_ratio {
        "thumbnail" => return (32, 32),
        "portrait" => "9:16",
        "landscape" => "16:9",
        other => other,
    };
    let ratio = named.split_once(':').and_then(|(width, height)| {
        let (width, height) = (width.parse::<u32>().ok()?, height.parse::<u32>().ok()?);
        ((1..=100).contains(&width) && (1..=100).contains(&height)).then_some((width, height))
    });
    match ratio {
        Some((width, height)) if width >= height => (LONG, (LONG * height / width).max(32) & !1),
        Some((width, height)) => ((LONG * width / height).max(32) & !1, LONG),
        None => (LONG, LONG),
    }
}

#[cfg(test)]
mod tests;
