//! A short tune from a prompt: eight notes of a pentatonic scale as a mono 16-bit WAV.

const RATE_HZ: u32 = 8_000;
const NOTE_SAMPLES: u32 = 1_600;
const NOTES: usize = 8;
/// Two octaves of a pentatonic scale on A, in hertz: whatever the hash picks sounds well together.
const SCALE_HZ: [u32; 8] = [220, 262, 294, 330, 392, 440, 523, 587];

/// The sine of a phase of 0..360,000 thousandths of a degree, times 10,000, by Bhaskara's formula
/// (off by less than 0.2 %): the crate denies floats.
fn sine(phase: u32) -> i32 {
    let half = i64::from(phase % 180_000) / 10;
    let product = half * (18_000 - half);
    let value = i32::try_from(40_000 * product / (405_000_000 - product)).unwrap_or(0);
    if phase < 180_000 { value } else { -value }
}

fn samples(prompt: &str) -> Vec<i16> {
    let seed = blake3::hash(prompt.as_bytes());
    let mut samples = Vec::new();
    for byte in seed.as_bytes().iter().take(NOTES) {
        let hertz = SCALE_HZ[usize::from(byte % 8)];
        for index in 0..NOTE_SAMPLES {
            let phase = u64::from(hertz) * u64::from(index) * 360_000 / u64::from(RATE_HZ) % 360_000;
            let phase = u32::try_from(phase).unwrap_or(0);
            // Fades out over the note, so that notes do not click.
            let loudness = i32::try_from(NOTE_SAMPLES - index).unwrap_or(0);
            let value = sine(phase) * loudness / i32::try_from(NOTE_SAMPLES).unwrap_or(1);
            samples.push(i16::try_from(value).unwrap_or(0));
        }
    }
    samples
}

/// A WAV file of 1.6 seconds.
pub fn wav(prompt: &str) -> Vec<u8> {
    let data: Vec<u8> = samples(prompt).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let size = u32::try_from(data.len()).unwrap_or(0);
    let mut file = Vec::with_capacity(44 + data.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&RATE_HZ.to_le_bytes());
    file.extend_from_slice(&(RATE_HZ * 2).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&data);
    file
}
