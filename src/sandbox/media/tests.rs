//! The result files are what they claim to be.

use super::*;

fn be32(bytes: &[u8], at: usize) -> usize {
    let word: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
    usize::try_from(u32::from_be_bytes(word)).expect("fits")
}

/// The body of the first box called `name`, looked for in the children of `path`.
fn find<'a>(mut bytes: &'a [u8], path: &[&[u8; 4]]) -> &'a [u8] {
    for name in path {
        let mut at = 0;
        loop {
            assert!(at + 8 <= bytes.len(), "no box {}", String::from_utf8_lossy(*name));
            let size = be32(bytes, at);
            assert!(size >= 8 && at + size <= bytes.len(), "a box that sticks out of its parent");
            if &bytes[at + 4..at + 8] == *name {
                bytes = &bytes[at + 8..at + size];
                break;
            }
            at += size;
        }
    }
    bytes
}

#[test]
fn a_prompt_gives_the_same_picture_each_time_and_another_prompt_another() {
    let cat = png("a cat", "1:1").expect("a picture");
    assert_eq!(cat, png("a cat", "1:1").expect("a picture"));
    assert_ne!(cat, png("a dog", "1:1").expect("a picture"));
    assert_eq!(measure(&cat), Some((512, 512)));
    assert_eq!(infer::get(&cat).map(|kind| kind.mime_type()), Some("image/png"));
}

#[test]
fn the_aspect_ratio_shapes_the_picture() {
    for (ratio, size) in [
        ("16:9", (512, 288)),
        ("9:16", (288, 512)),
        ("portrait", (288, 512)),
        ("auto", (512, 512)),
        ("1:0", (512, 512)),
        ("100:1", (512, 32)),
        ("x:y", (512, 512)),
    ] {
        assert_eq!(measure(&png("p", ratio).expect("a picture")), Some(size), "{ratio}");
    }
}

#[test]
fn half_a_picture_is_no_picture() {
    let whole = png("a cat", "1:1").expect("a picture");
    assert_eq!(measure(&whole[..whole.len() / 2]), None);
    assert_eq!(measure(b"<html>"), None);
    assert_eq!(measure(&[]), None);
    assert_eq!(measure(&[0xFF, 0xD8, 0xFF]), None);
}

#[test]
fn sizes_of_other_pictures_are_read_from_their_headers() {
    let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 17, 8, 0, 20, 1, 44, 3];
    assert_eq!(measure(&jpeg), Some((300, 20)));
    assert_eq!(measure(b"GIF89a\x0a\x00\x05\x00"), Some((10, 5)));
}

#[test]
fn the_sound_is_a_wav_whose_sizes_add_up() {
    let file = wav("a bell");
    assert_eq!(infer::get(&file).map(|kind| kind.mime_type()), Some("audio/x-wav"));
    let data = u32::from_le_bytes(file[40..44].try_into().expect("four bytes"));
    assert_eq!(usize::try_from(data).expect("fits"), file.len() - 44);
    let loudest =
        file[44..].chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs()).max();
    assert!(loudest.is_some_and(|value| value > 5_000), "silence: {loudest:?}");
}

#[test]
fn the_video_is_a_box_tree_whose_samples_lie_where_the_table_says() {
    let file = mp4("a ball", "16:9");
    assert_eq!(infer::get(&file).map(|kind| kind.mime_type()), Some("video/mp4"));
    let table: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
    let under = |name: &'static [u8; 4]| find(&file, &[&table[..], &[name]].concat());
    let (sizes, mut at) = (under(b"stsz"), be32(under(b"stco"), 8));
    for index in 0..be32(sizes, 8) {
        let size = be32(sizes, 12 + index * 4);
        assert_eq!(be32(&file, at), size - 4, "each sample is one unit with its length before it");
        assert_eq!(file[at + 4], 0x65, "each frame stands alone");
        at += size;
    }
    assert_eq!(at, file.len());
    let description = under(b"stsd");
    assert_eq!(&description[12..16], b"avc1");
}

#[test]
fn a_models_name_says_what_it_makes() {
    for (model, kind) in [
        ("z-image", Some(MediaKind::Image)),
        ("google/nano-banana", Some(MediaKind::Image)),
        ("recraft/remove-background", Some(MediaKind::Image)),
        ("topaz/image-upscale", Some(MediaKind::Image)),
        ("infinitalk/from-audio", Some(MediaKind::Video)),
        ("wan/2-2-a14b-speech-to-video-turbo", Some(MediaKind::Video)),
        ("sora-watermark-remover", Some(MediaKind::Video)),
        ("grok-imagine/text-to-image", Some(MediaKind::Image)),
        ("elevenlabs/sound-effect-v2", Some(MediaKind::Audio)),
        ("", None),
    ] {
        assert_eq!(guess(model), kind, "{model}");
    }
}
