//! The closed lists of the catalogue: category, task, output, availability.
//!
//! `build.rs` includes this file too, so that the parser and the service can never know different lists.

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in files, on the command line and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The one with this name, or `None`.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

closed_list! {
    /// Where the price list files a model. Menus go by [`Task`], since 16 models are in `Other`.
    Category {
        /// Sound.
        Audio = "audio",
        /// A picture from pictures.
        ImageToImage = "image-to-image",
        /// A video from a picture.
        ImageToVideo = "image-to-video",
        /// Everything else.
        Other = "other",
        /// A picture from words.
        TextToImage = "text-to-image",
        /// A video from words.
        TextToVideo = "text-to-video",
        /// A video from a video.
        VideoToVideo = "video-to-video",
    }
}

closed_list! {
    /// What a model really does.
    Task {
        /// Draws from words.
        TextToImage = "text-to-image",
        /// Changes or combines pictures.
        ImageToImage = "image-to-image",
        /// Cuts a subject out of its background.
        BackgroundRemoval = "background-removal",
        /// Enlarges a picture.
        ImageUpscale = "image-upscale",
        /// Films from words.
        TextToVideo = "text-to-video",
        /// Brings a picture to life.
        ImageToVideo = "image-to-video",
        /// Makes a video from a video.
        VideoToVideo = "video-to-video",
        /// Makes a portrait speak a recording.
        SpeechToVideo = "speech-to-video/avatar",
        /// Takes a watermark off a video.
        WatermarkRemoval = "watermark-removal",
        /// Reads a text aloud.
        TextToSpeech = "text-to-speech",
        /// Makes a sound from words.
        SoundEffect = "sound-effect",
        /// Cleans a voice of noise.
        AudioIsolation = "audio-isolation",
    }
}

closed_list! {
    /// What the customer gets.
    Output {
        /// A picture.
        Image = "image",
        /// A video.
        Video = "video",
        /// A sound file.
        Audio = "audio",
    }
}

closed_list! {
    /// What is known of a model at KIE. It informs; whether a model sells is decided by KIE's answers.
    Availability {
        /// In KIE's catalogue.
        Live = "live",
        /// Works under a new name, which `api_model` has.
        Renamed = "renamed",
        /// Answers, but KIE's pages do not list it any more.
        Uncertain = "uncertain",
        /// Has answered, and is not documented.
        Undocumented = "undocumented",
        /// Answers that it is paused.
        Paused = "paused",
        /// Gone from KIE's pages.
        Removed = "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_others_are_not() {
        assert!(Category::ALL.iter().all(|one| Category::from_name(one.as_str()) == Some(*one)));
        assert!(Task::ALL.iter().all(|one| Task::from_name(one.as_str()) == Some(*one)));
        assert!(Output::ALL.iter().all(|one| Output::from_name(one.as_str()) == Some(*one)));
        assert!(Availability::ALL.iter().all(|one| Availability::from_name(one.as_str()) == Some(*one)));
        assert_eq!(Category::from_name("Audio"), None);
        assert_eq!(Task::from_name(""), None);
    }
}
