//! A short film from a prompt: H.264 frames whose macroblocks are sent as plain samples (`I_PCM`),
//! in an MP4 container. No encoder is needed for it, and any player shows it.

use super::shape;

const FRAMES: u32 = 8;
const FRAMES_PER_SECOND: u32 = 4;
const BLOCK: u32 = 16;

/// Bits from the highest to the lowest, as H.264 reads them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> place & 1 == 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    /// An unsigned Exp-Golomb number; signed zero is written the same.
    fn golomb(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.put(0, length);
        self.put(value + 1, length + 1);
    }

    fn align(&mut self) {
        self.used = 0;
    }

    fn end(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}

/// Size in macroblocks.
#[derive(Clone, Copy)]
struct Size {
    across: u32,
    down: u32,
}

/// A NAL unit: the header byte, then the payload with its start-code lookalikes broken up.
fn nal(header: u8, payload: &[u8]) -> Vec<u8> {
    let (mut unit, mut zeros) = (vec![header], 0);
    for &byte in payload {
        if zeros == 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}

fn sequence_parameters(size: Size) -> Vec<u8> {
    let mut bits = Bits::default();
    for byte in [66, 0xC0, 30] {
        bits.put(byte, 8);
    }
    // Parameter set 0, 4 bits of frame number, output in decoding order, one reference frame.
    for value in [0, 0, 2, 1] {
        bits.golomb(value);
    }
    bits.put(0, 1);
    bits.golomb(size.across - 1);
    bits.golomb(size.down - 1);
    // Whole frames, 8x8 inference; no cropping, no display information.
    bits.put(0b1100, 4);
    nal(0x67, &bits.end())
}

fn picture_parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(0);
    bits.put(0, 2);
    for _ in 0..3 {
        bits.golomb(0);
    }
    bits.put(0, 3);
    for _ in 0..3 {
        bits.golomb(0);
    }
    // The deblocking filter is controlled by each slice.
    bits.put(0b100, 3);
    nal(0x68, &bits.end())
}

/// Luma and the two chroma values of a block: a ball on a striped ground, coloured by the hash.
fn luma(seed: &[u8; 32], frame: u32, x: u32, y: u32, size: Size) -> u8 {
    let (width, height) = (size.across * BLOCK, size.down * BLOCK);
    let ball_x = (width * (frame + 1) / (FRAMES + 1)).abs_diff(x);
    let ball_y = (height / 2).abs_diff(y);
    if ball_x * ball_x + ball_y * ball_y < (height.min(width) / 4).pow(2) {
        return 220;
    }
    let stripe = (x + y * 2 + u32::from(seed[0])) / 12 % 2;
    u8::try_from(60 + stripe * 30 + y * 60 / height).unwrap_or(90)
}

fn frame(seed: &[u8; 32], number: u32, size: Size) -> Vec<u8> {
    let mut bits = Bits::default();
    // First macroblock 0, slice of I macroblocks only, parameter set 0.
    for value in [0, 7, 0] {
        bits.golomb(value);
    }
    bits.put(0, 4);
    bits.golomb(number % 2);
    bits.put(0, 2);
    bits.golomb(0);
    bits.golomb(1);
    for block in 0..size.across * size.down {
        let (left, top) = (block % size.across * BLOCK, block / size.across * BLOCK);
        bits.golomb(25);
        bits.align();
        for y in top..top + BLOCK {
            for x in left..left + BLOCK {
                bits.bytes.push(luma(seed, number, x, y, size));
            }
        }
        for chroma in [seed[1], seed[2]] {
            bits.bytes.extend_from_slice(&[64 + chroma / 2; 64]);
        }
    }
    nal(0x65, &bits.end())
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

fn atom(name: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(length(&body) + 8).to_be_bytes()[..], name, &body].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn sample_description(size: Size, sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let half = |value: u32| u16::try_from(value).unwrap_or(0).to_be_bytes();
    let config = atom(
        b"avcC",
        &[
            &[1, 66, 0xC0, 30, 0xFF, 0xE1],
            &half(length(sequence)),
            sequence,
            &[1],
            &half(length(picture)),
            picture,
        ],
    );
    let entry = atom(
        b"avc1",
        &[
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 16],
            &half(size.across * BLOCK),
            &half(size.down * BLOCK),
            &words(&[0x0048_0000, 0x0048_0000, 0]),
            &[0, 1],
            &[0; 32],
            &[0, 24, 0xFF, 0xFF],
            &config,
        ],
    );
    atom(b"stsd", &[&words(&[0, 1]), &entry])
}

fn sample_table(size: Size, units: [&[u8]; 2], samples: &[Vec<u8>], offset: u32) -> Vec<u8> {
    let sizes: Vec<u32> = samples.iter().map(|sample| length(sample)).collect();
    atom(
        b"stbl",
        &[
            &sample_description(size, units[0], units[1]),
            &atom(b"stts", &[&words(&[0, 1, FRAMES, 1])]),
            &atom(b"stsc", &[&words(&[0, 1, 1, FRAMES, 1])]),
            &atom(b"stsz", &[&words(&[0, 0, FRAMES]), &words(&sizes)]),
            &atom(b"stco", &[&words(&[0, 1, offset])]),
        ],
    )
}

fn movie(size: Size, table: &[u8]) -> Vec<u8> {
    let header = [
        &words(&[0, 0, 0, FRAMES_PER_SECOND, FRAMES, 0x1_0000])[..],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &words(&MATRIX),
        &[0; 24],
        &words(&[2]),
    ]
    .concat();
    let (width, height) = (size.across * BLOCK, size.down * BLOCK);
    let track = [
        &words(&[3, 0, 0, 1, 0, FRAMES, 0, 0, 0, 0])[..],
        &words(&MATRIX),
        &words(&[width << 16, height << 16]),
    ]
    .concat();
    let media_header = [&words(&[0, 0, 0, FRAMES_PER_SECOND, FRAMES])[..], &[0x55, 0xC4, 0, 0]].concat();
    let handler = [&words(&[0, 0])[..], b"vide", &[0; 12], b"Video\0"].concat();
    let source = atom(b"dref", &[&words(&[0, 1]), &atom(b"url ", &[&words(&[1])])]);
    let info = atom(b"minf", &[&atom(b"vmhd", &[&words(&[1, 0, 0])]), &atom(b"dinf", &[&source]), table]);
    let media = atom(b"mdia", &[&atom(b"mdhd", &[&media_header]), &atom(b"hdlr", &[&handler]), &info]);
    let whole = atom(b"trak", &[&atom(b"tkhd", &[&track]), &media]);
    atom(b"moov", &[&atom(b"mvhd", &[&header]), &whole])
}

/// An MP4 of two seconds, 128 pixels on its longer side.
pub fn mp4(prompt: &str, aspect_ratio: &str) -> Vec<u8> {
    let seed = *blake3::hash(prompt.as_bytes()).as_bytes();
    let (width, height) = shape(aspect_ratio);
    let size = Size { across: (width / 4 / BLOCK).max(1), down: (height / 4 / BLOCK).max(1) };
    let (sequence, picture) = (sequence_parameters(size), picture_parameters());
    let samples: Vec<Vec<u8>> = (0..FRAMES)
        .map(|number| {
            let unit = frame(&seed, number, size);
            [&length(&unit).to_be_bytes()[..], &unit].concat()
        })
        .collect();
    let brand = atom(b"ftyp", &[b"isom", &words(&[512]), b"isomiso2avc1mp41"]);
    let build = |offset| movie(size, &sample_table(size, [&sequence, &picture], &samples, offset));
    // The offset is a fixed-width number: a first pass tells how long the part before the frames is.
    let offset = length(&brand) + length(&build(0)) + 8;
    [brand, build(offset), atom(b"mdat", &[&samples.concat()])].concat()
}
