//! What a file is, from its bytes alone: its type, a picture's size, how long sound and video last.
//! What it is called, and what its sender says of it, counts for nothing: prices depend on this.
//!
//! **Invariant:** no bytes take the memory that they claim to need, and none bring us down: pixels are
//! never decoded, packets are read one by one, and a reader that panics does so on a thread of its own.

use crate::disk;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::{Duration, TimeBase};
use symphonia::default::formats::{AdtsReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader};
use symphonia::default::meta::Id3v2Reader;

/// How much of a file's beginning says what it is.
const HEAD_BYTES: u64 = 8192;
/// A look may take so long: forged tables of an MP4 can make each packet slow.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// More packets than a day of sound has; tables that promise more are made up.
const MOST_PACKETS: u32 = 4_000_000;
/// What an encoder puts before and after the sound, at most: a header may tell us to leave it out. One
/// that hides more hides what will be heard, and paid for.
const MOST_TRIM_NANOS: i128 = 250_000_000;
/// So many spoilt packets in a row are the end: some readers do not get past one.
const MOST_SPOILT: u32 = 1000;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its type: `application/x-empty` for no bytes, `application/octet-stream` for unknown ones.
    pub mime: String,
    /// Its size.
    pub size_bytes: u64,
    /// A picture's width and height, if its header says them.
    pub pixels: Option<(u32, u32)>,
    /// How long sound or video lasts, rounded up; `None` when that cannot be told.
    pub seconds: Option<u32>,
}

/// Why nothing is known of a file.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Our own disk.
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
    /// Its bytes were too much for whoever reads them.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

/// Looks into the file at `path`.
pub async fn inspect(path: &Path) -> Result<Facts, InspectError> {
    let path = path.to_owned();
    // Nobody can stop a thread from outside: it looks at this between two packets.
    let over = Arc::new(AtomicBool::new(false));
    let looking = disk::wait({
        let over = over.clone();
        move || look(&path, &over)
    });
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(facts)) => facts,
        Ok(Err(error)) => Err(InspectError::Unreadable(error.to_string())),
        Err(_) => {
            over.store(true, Ordering::Relaxed);
            Err(InspectError::Unreadable("it takes too long to read".to_owned()))
        }
    }
}

pub(crate) fn look(path: &Path, over: &AtomicBool) -> Result<Facts, InspectError> {
    let mut file = File::open(path)?;
    let size_bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    file.rewind()?;
    let mime = match infer::get(&head) {
        Some(kind) => kind.mime_type(),
        None if head.is_empty() => "application/x-empty",
        None => "application/octet-stream",
    };
    let pixels = if mime.starts_with("image/") { pixels(&head, &mut BufReader::new(&file)) } else { None };
    let seconds = match reader_for(mime) {
        Some(probe) => seconds(&probe, file, over)?,
        None => None,
    };
    Ok(Facts { mime: mime.to_owned(), size_bytes, pixels, seconds })
}

/// The size that a picture's header gives; nothing is decoded.
fn pixels(head: &[u8], file: &mut BufReader<&File>) -> Option<(u32, u32)> {
    // The reader takes a PNG's size from where it must stand, whatever stands there.
    if head.starts_with(b"\x89PNG") && head.get(12..16) != Some(b"IHDR") {
        return None;
    }
    let size = imagesize::image_type(head).ok()?.reader_size(file).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

/// The one reader for a type of sound or video; `None` when its length cannot be told. Only that
/// one: bytes that look like another format further on must not be taken for the sound.
fn reader_for(mime: &str) -> Option<Probe> {
    let mut probe = Probe::default();
    match mime {
        "audio/aac" => probe.register_format::<AdtsReader<'_>>(),
        "audio/mpeg" => probe.register_format::<MpaReader<'_>>(),
        "audio/x-flac" => probe.register_format::<FlacReader<'_>>(),
        "audio/x-wav" => probe.register_format::<WavReader<'_>>(),
        "audio/ogg" | "audio/opus" => probe.register_format::<OggReader<'_>>(),
        "audio/m4a" | "video/mp4" | "video/quicktime" | "video/x-m4v" => {
            probe.register_format::<IsoMp4Reader<'_>>();
        }
        _ => return None,
    }
    // MP3 files begin with these tags, and some of the others may.
    probe.register_metadata::<Id3v2Reader<'_>>();
    Some(probe)
}

/// How long a file lasts, rounded up: its packets are counted, whatever its header says. The header
/// decides only where that is close, for it knows what the encoder put around the sound; and where an
/// MP4's says more, for its packets may lie in parts that cannot be read.
fn seconds(probe: &Probe, file: File, over: &AtomicBool) -> Result<Option<u32>, InspectError> {
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let options = (FormatOptions::default(), MetadataOptions::default());
    let Ok(mut reader) = probe.probe(&Hint::new(), stream, options.0, options.1) else { return Ok(None) };
    let said = said(reader.as_ref());
    let counted = counted(reader.as_mut(), over)?;
    let is_mp4 = reader.format_info().short_name == "isomp4";
    let is_close = (0..=MOST_TRIM_NANOS).contains(&(counted - said));
    let nanos = if is_close || (is_mp4 && said > counted) { said } else { counted };
    let seconds = u32::try_from(nanos.saturating_add(NANOS_PER_SECOND - 1) / NANOS_PER_SECOND);
    Ok(seconds.ok().filter(|seconds| *seconds > 0))
}

/// The longest time that the header says, of the whole or of a track, in nanoseconds.
fn said(reader: &dyn FormatReader) -> i128 {
    let whole = reader.media_info();
    let tracks = reader.tracks().iter().map(|track| (track.time_base, track.duration));
    let times = tracks.chain([(whole.time_base, whole.duration)]);
    times.filter_map(|(base, length)| Some(base?.calc_duration(length?)?.as_nanos())).max().unwrap_or(0)
}

/// What the packets add up to, in nanoseconds: of the longest track, and of the whole chain if the
/// file is one. Silence that a header orders is counted as sound, or a forged header would hide it.
/// What follows a break in the file is not heard and not counted.
fn counted(reader: &mut dyn FormatReader, over: &AtomicBool) -> Result<i128, InspectError> {
    // This reader's packets keep their full length and carry what would be cut besides.
    let is_mpa = matches!(reader.format_info().short_name, "mp1" | "mp2" | "mp3");
    let (mut before, mut spoilt) = (0_i128, 0);
    let mut tracks: BTreeMap<u32, (TimeBase, Duration)> = BTreeMap::new();
    for _ in 0..MOST_PACKETS {
        if over.load(Ordering::Relaxed) {
            break;
        }
        match reader.next_packet() {
            Ok(Some(packet)) => {
                spoilt = 0;
                let track = reader.tracks().iter().find(|track| track.id == packet.track_id);
                let Some(base) = track.and_then(|track| track.time_base) else { continue };
                let (_, length) = tracks.entry(packet.track_id).or_insert((base, Duration::ZERO));
                let more = if is_mpa { packet.dur } else { packet.block_dur() };
                *length = length.saturating_add(more);
            }
            // The next of a chain begins.
            Err(Error::ResetRequired) => {
                before = before.saturating_add(longest(&tracks));
                tracks.clear();
            }
            // Players skip a spoilt packet.
            Err(Error::DecodeError(_)) if spoilt < MOST_SPOILT => spoilt += 1,
            Ok(None) | Err(_) => return Ok(before.saturating_add(longest(&tracks))),
        }
    }
    Err(InspectError::Unreadable("it promises more packets than a sound has".to_owned()))
}

fn longest(tracks: &BTreeMap<u32, (TimeBase, Duration)>) -> i128 {
    let nanos = |(base, length): &(TimeBase, Duration)| base.calc_duration_saturating(*length).as_nanos();
    tracks.values().map(nanos).max().unwrap_or(0)
}
