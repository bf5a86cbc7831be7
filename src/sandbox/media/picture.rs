//! A picture drawn from a prompt: a gradient, soft discs and bands, chosen by the prompt's hash.

use super::shape;
use std::io::Cursor;

struct Disc {
    x: i64,
    y: i64,
    radius: i64,
    colour: [i64; 3],
}

fn hash(prompt: &str) -> [u8; 32] {
    *blake3::hash(prompt.as_bytes()).as_bytes()
}

fn colour(bytes: &[u8]) -> [i64; 3] {
    [0, 1, 2].map(|index| i64::from(bytes.get(index).copied().unwrap_or(0)))
}

fn discs(seed: &[u8; 32], width: i64, height: i64) -> Vec<Disc> {
    let mut more = [0; 64];
    blake3::Hasher::new_keyed(seed).finalize_xof().fill(&mut more);
    more.chunks_exact(8)
        .map(|bytes| Disc {
            x: i64::from(bytes[0]) * width / 256,
            y: i64::from(bytes[1]) * height / 256,
            radius: (20 + i64::from(bytes[2])) * width.min(height) / 768,
            colour: colour(&bytes[3..6]),
        })
        .collect()
}

fn mix(below: [i64; 3], above: [i64; 3], weight: i64, of: i64) -> [i64; 3] {
    [0, 1, 2].map(|index| (below[index] * (of - weight) + above[index] * weight) / of)
}

fn pixel(seed: &[u8; 32], discs: &[Disc], at: (i64, i64), size: (i64, i64)) -> [u8; 3] {
    let ((x, y), (width, height)) = (at, size);
    let mut shade = mix(colour(&seed[0..3]), colour(&seed[3..6]), x * height + y * width, 2 * width * height);
    let slope = i64::from(seed[6] % 5) + 1;
    if (x * slope + y * 3).rem_euclid(96) < 3 + i64::from(seed[7] % 6) {
        shade = mix(shade, [255, 255, 255], 1, 6);
    }
    for disc in discs {
        let (dx, dy) = (x - disc.x, y - disc.y);
        let (distance, reach) = (dx * dx + dy * dy, (disc.radius * disc.radius).max(1));
        if distance < reach {
            shade = mix(shade, disc.colour, (reach - distance) * 3 / 4 + reach / 5, reach);
        }
    }
    shade.map(|value| u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX))
}

/// A PNG for `prompt`, 512 pixels on its longer side.
///
/// # Errors
/// What the encoder says; it writes to memory, so nothing is expected.
pub fn png(prompt: &str, aspect_ratio: &str) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = shape(aspect_ratio);
    let size = (i64::from(width), i64::from(height));
    let seed = hash(prompt);
    let discs = discs(&seed, size.0, size.1);
    let mut pixels = Vec::new();
    for y in 0..size.1 {
        for x in 0..size.0 {
            pixels.extend_from_slice(&pixel(&seed, &discs, (x, y), size));
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().ok()?;
    let size = (reader.info().width, reader.info().height);
    let mut pixels = vec![0; reader.output_buffer_size().filter(|bytes| *bytes <= 1 << 29)?];
    // Decoding to the end is what tells a picture from the first half of one.
    reader.next_frame(&mut pixels).ok()?;
    Some(size)
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(*bytes.get(at)?) << 8 | u32::from(*bytes.get(at + 1)?))
}

fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    bytes.strip_prefix(&[0xFF, 0xD8])?;
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        if *bytes.get(at)? != 0xFF {
            return None;
        }
        if matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF) {
            return Some((be16(bytes, at + 7)?, be16(bytes, at + 5)?));
        }
        at += 2 + usize::try_from(be16(bytes, at + 2)?).ok()?;
    }
}

fn gif_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"GIF8")?;
    let le16 = |at: usize| Some(u32::from(*rest.get(at)?) | u32::from(*rest.get(at + 1)?) << 8);
    Some((le16(2)?, le16(4)?))
}

fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WEBP").then_some(())?;
    let le = |at: usize| bytes.get(at).map(|byte| u32::from(*byte));
    match bytes.get(12..16)? {
        b"VP8X" => {
            let le24 = |at: usize| Some(le(at)? | le(at + 1)? << 8 | le(at + 2)? << 16);
            Some((le24(24)? + 1, le24(27)? + 1))
        }
        b"VP8 " => Some(((le(26)? | le(27)? << 8) & 0x3FFF, (le(28)? | le(29)? << 8) & 0x3FFF)),
        b"VP8L" => {
            let bits = le(21)? | le(22)? << 8 | le(23)? << 16 | le(24)? << 24;
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => None,
    }
}

/// Width and height of a PNG (decoded to its end), JPEG, GIF or WebP; `None` if it is no picture.
pub fn measure(bytes: &[u8]) -> Option<(u32, u32)> {
    png_size(bytes).or_else(|| jpeg_size(bytes)).or_else(|| gif_size(bytes)).or_else(|| webp_size(bytes))
}
