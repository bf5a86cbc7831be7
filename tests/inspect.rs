//! Files of every kind, whole, cut, forged and at random.

use proptest::prelude::*;
use samovar::provider::{Facts, InspectError, inspect};
use samovar::sandbox::media;
use std::path::Path;
use tempfile::TempDir;

fn facts(bytes: &[u8]) -> Facts {
    inspected(bytes).expect("read")
}

fn inspected(bytes: &[u8]) -> Result<Facts, InspectError> {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("file.txt");
    std::fs::write(&path, bytes).expect("written");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(inspect(&path))
}

/// A reader may have panicked, which its caller hears of as an error and no more.
fn survived(bytes: &[u8]) {
    let seen = inspected(bytes);
    assert!(matches!(seen, Ok(_) | Err(InspectError::Unreadable(_))), "{seen:?}");
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    let size = usize::try_from(width * height).expect("small");
    writer.write_image_data(&vec![7; size]).expect("written");
    writer.finish().expect("finished");
    bytes
}

/// A PNG that claims any size, up to its first chunk's end.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &size, &[8, 6, 0, 0, 0, 0, 0, 0, 0]].concat()
}

/// Frames of 1152 samples at 44.1 kHz, 128 kbit/s.
fn mp3(frames: usize) -> Vec<u8> {
    [[0xFF, 0xFB, 0x90, 0x64].as_slice(), &[0; 413]].concat().repeat(frames)
}

/// Frames of 1024 samples at 44.1 kHz.
fn aac(frames: usize) -> Vec<u8> {
    [[0xFF, 0xF1, 0x50, 0x80, 0x0D, 0x1F, 0xFC].as_slice(), &[0x21; 97]].concat().repeat(frames)
}

fn ogg_checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| (sum << 1) ^ ((sum >> 31) * 0x04C1_1DB7))
    })
}

/// One page with one packet of less than 255 bytes.
fn page(kind: u8, granule: u64, number: u32, packet: &[u8]) -> Vec<u8> {
    let mut page = [b"OggS\0".as_slice(), &[kind]].concat();
    page.extend_from_slice(&granule.to_le_bytes());
    page.extend_from_slice(&7_u32.to_le_bytes());
    page.extend_from_slice(&number.to_le_bytes());
    page.extend_from_slice(&[0; 4]);
    page.extend_from_slice(&[1, u8::try_from(packet.len()).expect("short")]);
    page.extend_from_slice(packet);
    let sum = ogg_checksum(&page).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    page
}

/// A voice message: packets of 20 ms, one to a page.
fn opus(packets: u32, last_granule: u64) -> Vec<u8> {
    let head = [b"OpusHead\x01\x01".as_slice(), &312_u16.to_le_bytes(), &48_000_u32.to_le_bytes(), &[0; 3]];
    let mut file = page(2, 0, 0, &head.concat());
    file.extend(page(0, 0, 1, b"OpusTags\0\0\0\0\0\0\0\0"));
    for number in 1..=packets {
        let is_last = number == packets;
        let granule = if is_last { last_granule } else { u64::from(number) * 960 };
        file.extend(page(if is_last { 4 } else { 0 }, granule, number + 1, &[0xF8, 0xFF, 0xFE]));
    }
    file
}

#[tokio::test]
async fn a_file_that_is_not_there_is_the_disks_fault() {
    let missing = inspect(Path::new("/nowhere/at/all")).await;
    assert!(matches!(missing, Err(InspectError::Disk(_))), "{missing:?}");
}

#[test]
fn nothing_and_anything_have_types_of_their_own() {
    let bare =
        |mime: &str, size_bytes| Facts { mime: mime.to_owned(), size_bytes, pixels: None, seconds: None };
    assert_eq!(facts(b""), bare("application/x-empty", 0));
    assert_eq!(facts(b"hello"), bare("application/octet-stream", 5));
    let program = [b"MZ".as_slice(), &[0; 200]].concat();
    assert_eq!(facts(&program), bare("application/vnd.microsoft.portable-executable", 202));
}

#[test]
fn a_pictures_size_is_what_its_header_says_and_no_pixel_is_needed() {
    let whole = picture(300, 20);
    for bytes in [&whole[..], &whole[..40]] {
        let facts = facts(bytes);
        assert_eq!((facts.mime.as_str(), facts.pixels), ("image/png", Some((300, 20))));
        assert_eq!(usize::try_from(facts.size_bytes).expect("small"), bytes.len());
    }
    assert_eq!(facts(&whole[..18]).pixels, None);
    assert_eq!(facts(&claiming(30_000, 30_000)).pixels, Some((30_000, 30_000)));
    let jpeg =
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 17, 8, 0, 20, 1, 44, 3, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(facts(&jpeg).pixels, Some((300, 20)));
    assert_eq!(facts(b"GIF89a\x0a\x00\x05\x00\0\0\0\0\0\0").pixels, Some((10, 5)));
}

#[test]
fn a_wav_lasts_as_long_as_its_samples_whatever_its_header_says() {
    let whole = media::wav("a bell");
    let seen = facts(&whole);
    assert_eq!((seen.mime.as_str(), seen.seconds), ("audio/x-wav", Some(2)));
    let mut claiming = whole.clone();
    claiming[4..8].copy_from_slice(&2_000_000_000_u32.to_le_bytes());
    claiming[40..44].copy_from_slice(&1_999_999_000_u32.to_le_bytes());
    assert_eq!(facts(&claiming).seconds, Some(2));
    assert_eq!(facts(&whole[..44 + 8_000]).seconds, Some(1));
    assert_eq!(facts(&whole[..44]).seconds, None);
}

#[test]
fn an_mp3_and_an_aac_last_as_long_as_their_frames() {
    let seen = facts(&mp3(115));
    assert_eq!((seen.mime.as_str(), seen.seconds), ("audio/mpeg", Some(4)), "3.004 s");
    assert_eq!(facts(&mp3(114)).seconds, Some(3));
    let tagged = [b"ID3\x04\0\0\0\0\0\x0a".as_slice(), &[0; 10], &mp3(40)].concat();
    assert_eq!(facts(&tagged).seconds, Some(2));
    // A header that counts one frame does not make the others silent.
    let mut claim = mp3(1);
    claim[36..48].copy_from_slice(b"Xing\0\0\0\x01\0\0\0\x01");
    assert_eq!(facts(&[claim, mp3(400)].concat()).seconds, Some(11));
    let seen = facts(&aac(100));
    assert_eq!((seen.mime.as_str(), seen.seconds), ("audio/aac", Some(3)));
}

#[test]
fn a_voice_message_lasts_as_long_as_its_last_page_says() {
    // 100 packets are 2 s; what the last page cuts off is the encoder's filling.
    let seen = facts(&opus(100, 96_000));
    assert_eq!((seen.mime.as_str(), seen.seconds), ("audio/opus", Some(2)));
    assert_eq!(facts(&opus(101, 96_000)).seconds, Some(2));
    assert_eq!(facts(&opus(101, 96_960)).seconds, Some(3));
    // A last page that hides most of it is not believed.
    assert_eq!(facts(&opus(500, 960)).seconds, Some(10));
    let chain = [opus(100, 96_000), opus(100, 96_000)].concat();
    assert_eq!(facts(&chain).seconds, Some(4));
    let whole = opus(100, 96_000);
    assert_eq!(facts(&whole[..whole.len() / 2]).seconds, Some(1));
}

#[test]
fn a_video_lasts_as_long_as_its_container_says() {
    let whole = media::mp4("a ball", "16:9");
    let seen = facts(&whole);
    assert_eq!((seen.mime.as_str(), seen.seconds, seen.pixels), ("video/mp4", Some(2), None));
    assert_eq!(facts(&whole[..whole.len() / 2]).seconds, Some(2));
    assert_eq!(facts(&whole[..40]).seconds, None);
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    let wholes = [
        picture(9, 9),
        media::wav("x")[..400].to_vec(),
        media::mp4("x", "1:1")[..1500].to_vec(),
        mp3(3),
        aac(4),
        opus(4, 3_000),
    ];
    for whole in wholes {
        for end in (0..whole.len()).step_by(7) {
            survived(&whole[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_behind_any_beginning_are_survived(
        kind in 0_usize..14,
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let heads: [&[u8]; 14] = [
            b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xFF\xD8\xFF\xE0\0\x04\0\0", b"GIF89a", b"RIFF\0\x01\0\0WEBPVP8 ",
            b"BM", b"II*\0", b"\0\0\0\x18ftypheic", b"RIFF\0\x01\0\0WAVEfmt \x10\0\0\0", b"ID3\x04\0\0\0\0\0\x0a",
            b"OggS\0\x02", b"fLaC\0\0\0\x22", b"\xFF\xF1", b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\x01\0moov",
        ];
        survived(&[heads[kind], &noise].concat());
    }

    #[test]
    fn whole_files_with_some_bytes_changed_are_survived(
        kind in 0_usize..6,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let wholes = [
            picture(9, 9), media::wav("x")[..400].to_vec(), media::mp4("x", "1:1")[..1500].to_vec(),
            mp3(3), aac(4), opus(4, 3_000),
        ];
        let mut bytes = wholes[kind].clone();
        for (place, byte) in changes {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        survived(&bytes);
    }
}

#[test]
fn a_png_whose_first_part_is_not_its_header_has_no_size() {
    let whole = picture(300, 200);
    assert_eq!(facts(&whole).pixels, Some((300, 200)));
    // A comment stands where the size would be looked for.
    let comment =
        [b"\0\0\0\x08tEXt".as_slice(), &1_u32.to_be_bytes(), &1_u32.to_be_bytes(), b"\0\0\0\0"].concat();
    let forged = [&whole[..8], &comment, &whole[8..]].concat();
    assert_eq!(facts(&forged).pixels, None);
}
