//! Finding a model: lists by what a person wants to do, the free ones, the popular ones, the search.

use super::help::free_note;
use super::inputs::word;
use super::keyboard::{home, pages, to_menu};
use super::talk::{Screen, Talk, clip};
use super::target::Target;
use crate::catalog::price::quote_from;
use crate::catalog::{self, Model, Task};
use crate::message::{Button, Lang};
use crate::store::{Expects, Fault};
use crate::texts::{self, Arg};

/// How many models a page shows.
const PAGE: usize = 6;
/// How much of a search is kept.
const QUERY_CHARS: usize = 64;

/// How many models the popular ones are.
const POPULAR_SHOWN: usize = 12;

/// What most people come for, as long as too little was sold to know better.
const POPULAR: [&str; 12] = [
    "z-image",
    "google/nano-banana",
    "nano-banana-pro",
    "sora-2-text-to-video",
    "kling-2.6/text-to-video",
    "seedream/4.5-text-to-image",
    "flux-2/pro-text-to-image",
    "google/nano-banana-edit",
    "kling-2.6/image-to-video",
    "sora-2-image-to-video",
    "elevenlabs/text-to-speech-multilingual-v2",
    "grok-imagine/text-to-image",
];

/// A list of models in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Pictures from words.
    Image,
    /// Pictures from pictures.
    Edit,
    /// Videos from words.
    Video,
    /// Videos from pictures.
    Animate,
    /// Videos from videos.
    Restyle,
    /// Sound.
    Audio,
    /// Tools and portraits that speak; each stands in a list above as well.
    Other,
    /// The free tier.
    Free,
    /// What most people come for.
    Popular,
}

impl Group {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Image,
        Self::Edit,
        Self::Video,
        Self::Animate,
        Self::Restyle,
        Self::Audio,
        Self::Other,
        Self::Free,
        Self::Popular,
    ];

    /// What buttons carry.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Edit => "edit",
            Self::Video => "video",
            Self::Animate => "animate",
            Self::Restyle => "restyle",
            Self::Audio => "audio",
            Self::Other => "other",
            Self::Free => "free",
            Self::Popular => "popular",
        }
    }

    /// The group with this code, or `None`.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.code() == code)
    }

    /// The text that is its title and its button.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Image => "group-image",
            Self::Edit => "group-edit",
            Self::Video => "group-video",
            Self::Animate => "group-animate",
            Self::Restyle => "group-restyle",
            Self::Audio => "group-audio",
            Self::Other => "group-other",
            Self::Free => "group-free",
            Self::Popular => "group-popular",
        }
    }

    /// The list in which a person looks for a model first.
    pub(super) fn of(task: Task) -> Self {
        match task {
            Task::TextToImage => Self::Image,
            Task::ImageToImage | Task::BackgroundRemoval | Task::ImageUpscale => Self::Edit,
            Task::TextToVideo => Self::Video,
            Task::ImageToVideo | Task::SpeechToVideo => Self::Animate,
            Task::VideoToVideo | Task::WatermarkRemoval => Self::Restyle,
            Task::TextToSpeech | Task::SoundEffect | Task::AudioIsolation => Self::Audio,
        }
    }

    fn is_tool(task: Task) -> bool {
        match task {
            Task::BackgroundRemoval
            | Task::ImageUpscale
            | Task::SpeechToVideo
            | Task::WatermarkRemoval
            | Task::SoundEffect
            | Task::AudioIsolation => true,
            Task::TextToImage
            | Task::ImageToImage
            | Task::TextToVideo
            | Task::ImageToVideo
            | Task::VideoToVideo
            | Task::TextToSpeech => false,
        }
    }

    /// Its models, in the order they are shown in.
    fn models(self) -> Vec<&'static Model> {
        let all = catalog::models().iter();
        match self {
            Self::Free => catalog::free_tier().to_vec(),
            Self::Popular => POPULAR.iter().filter_map(|id| catalog::model(id)).collect(),
            Self::Other => all.filter(|model| Self::is_tool(model.task)).collect(),
            Self::Image | Self::Edit | Self::Video | Self::Animate | Self::Restyle | Self::Audio => {
                all.filter(|model| Self::of(model.task) == self).collect()
            }
        }
    }
}

/// The models of a list; the popular ones by what was really sold, then by what people come for.
fn models_of(talk: &Talk<'_, '_>, group: Group) -> Result<Vec<&'static Model>, Fault> {
    let models = group.models();
    if group != Group::Popular {
        return Ok(models);
    }
    let mut by_sales = Vec::new();
    for model in catalog::models() {
        let place = models.iter().position(|popular| *popular == model).unwrap_or(usize::MAX);
        let sold = talk.tx.sold(model.id)?;
        if sold > 0 || place < usize::MAX {
            by_sales.push((std::cmp::Reverse(sold), place, model));
        }
    }
    by_sales.sort_by_key(|(sold, place, model)| (*sold, *place, model.index));
    Ok(by_sales.into_iter().map(|(_, _, model)| model).take(POPULAR_SHOWN).collect())
}

/// What a model does, in words.
pub(super) fn task_name(lang: Lang, task: Task) -> String {
    let key = match task {
        Task::TextToImage => "task-text-to-image",
        Task::ImageToImage => "task-image-to-image",
        Task::BackgroundRemoval => "task-background-removal",
        Task::ImageUpscale => "task-image-upscale",
        Task::TextToVideo => "task-text-to-video",
        Task::ImageToVideo => "task-image-to-video",
        Task::VideoToVideo => "task-video-to-video",
        Task::SpeechToVideo => "task-speech-to-video",
        Task::WatermarkRemoval => "task-watermark-removal",
        Task::TextToSpeech => "task-text-to-speech",
        Task::SoundEffect => "task-sound-effect",
        Task::AudioIsolation => "task-audio-isolation",
    };
    texts::say(lang, key, &[])
}

/// The button of a model in a list: its name and its price, or that it is not to be had now.
fn model_button(talk: &Talk<'_, '_>, model: &Model) -> Result<Button, Fault> {
    let title = ("title", Arg::Html(model.title));
    let label = match quote_from(model, &talk.shop.rates) {
        _ if talk.tx.stop(model.id)?.is_some() => talk.say("list-item-stopped", &[title]),
        _ if model.free && talk.shop.free.is_on() => talk.say("list-item-free", &[title]),
        Ok(quote) => talk.say("list-item-price", &[title, ("price", Arg::Money(quote.price))]),
        Err(_no_price) => talk.say("list-item-no-price", &[title]),
    };
    Ok(Target::Card(model.id.to_owned()).button(label))
}

/// One page of models below `text`, and arrows to the others.
fn page_of(
    talk: &Talk<'_, '_>,
    mut text: String,
    models: &[&'static Model],
    page: usize,
    to: impl Fn(usize) -> Target,
) -> Result<Screen, Fault> {
    let count = models.len().div_ceil(PAGE).max(1);
    let page = page.min(count - 1);
    let shown = models.iter().skip(page * PAGE).take(PAGE);
    let mut keyboard: Vec<Vec<Button>> = Vec::new();
    for model in shown {
        keyboard.push(vec![model_button(talk, model)?]);
    }
    keyboard.extend(pages(talk, page, count, to));
    if count > 1 {
        let number = |number: usize| Arg::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let line = talk.say("list-page", &[("page", number(page + 1)), ("pages", number(count))]);
        text = format!("{text}\n\n{line}");
    }
    Ok(Screen { text, keyboard })
}

fn count_of(models: &[&Model]) -> Arg<'static> {
    Arg::Number(i64::try_from(models.len()).unwrap_or(i64::MAX))
}

/// Shows a page of a list. Drops an order that was not confirmed.
pub(super) fn list(talk: &mut Talk<'_, '_>, group: Group, page: usize) -> Result<(), Fault> {
    talk.drop_draft();
    let models = models_of(talk, group)?;
    let title = talk.say(group.key(), &[]);
    let mut text = talk.say("list-title", &[("title", Arg::Html(&title)), ("count", count_of(&models))]);
    if group == Group::Free {
        text = format!("{text}\n\n{}", free_note(talk, "list-free-note")?);
    }
    let mut screen = page_of(talk, text, &models, page, |page| Target::List(group, page))?;
    screen.keyboard.push(vec![home(talk)]);
    talk.show(screen)
}

/// Asks what to search for.
pub(super) fn ask(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.drop_draft();
    talk.session.expects = Expects::Search;
    let screen = Screen { text: talk.say("search-ask", &[]), keyboard: to_menu(talk) };
    talk.show(screen)
}

/// Searches for what was written and shows the first page.
pub(super) fn search(talk: &mut Talk<'_, '_>, query: &str) -> Result<(), Fault> {
    let query = clip(query.trim(), QUERY_CHARS);
    if query.chars().filter(|character| character.is_alphanumeric()).count() < 2 {
        let screen = Screen { text: talk.say("search-too-short", &[]), keyboard: to_menu(talk) };
        return talk.show(screen);
    }
    talk.session.found = query;
    found(talk, 0)
}

/// Shows a page of what the last search found. More words may follow.
pub(super) fn found(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.drop_draft();
    talk.session.expects = Expects::Search;
    let query = talk.session.found.clone();
    let models = matching(&query);
    let query_arg = ("query", Arg::Text(&query));
    let text = if models.is_empty() {
        talk.say("search-nothing", &[query_arg])
    } else {
        talk.say("search-found", &[query_arg, ("count", count_of(&models))])
    };
    let mut screen = page_of(talk, text, &models, page, Target::Found)?;
    screen.keyboard.push(vec![Target::Search.button(talk.say("button-search-again", &[])), home(talk)]);
    talk.show(screen)
}

/// Small letters, one kind of ё.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// The models that have every word of `query` somewhere, those with all of it in their name first.
fn matching(query: &str) -> Vec<&'static Model> {
    let query = plain(query);
    let words: Vec<&str> = query.split_whitespace().collect();
    let all_in = |text: &str| !words.is_empty() && words.iter().all(|word| text.contains(word));
    let name = |model: &Model| plain(&format!("{} {} {}", model.id, model.title, model.vendor));
    let everything = |model: &Model| {
        let tasks = [Lang::Ru, Lang::En].map(|lang| {
            let group = texts::say(lang, Group::of(model.task).key(), &[]);
            format!("{} {group} {}", task_name(lang, model.task), word(lang, model.description))
        });
        format!("{} {}", name(model), plain(&tasks.join(" ")))
    };
    let mut found: Vec<_> = catalog::models().iter().filter(|model| all_in(&everything(model))).collect();
    found.sort_by_key(|model| !all_in(&name(model)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_popular_model_is_in_the_catalogue() {
        assert_eq!(Group::Popular.models().len(), POPULAR.len());
    }

    #[test]
    fn every_model_stands_in_exactly_one_list_by_its_task() {
        let lists = [Group::Image, Group::Edit, Group::Video, Group::Animate, Group::Restyle, Group::Audio];
        for model in catalog::models() {
            let count = lists.iter().filter(|group| group.models().contains(&model)).count();
            assert_eq!(count, 1, "{}", model.id);
        }
        assert!(!Group::Other.models().is_empty());
    }

    #[test]
    fn the_search_knows_names_and_words_in_both_languages() {
        for (query, id) in [
            ("nano", "nano-banana-pro"),
            ("BANANA edit", "google/nano-banana-edit"),
            ("фон", "recraft/remove-background"),
            ("озвучка", "elevenlabs/text-to-speech-turbo-2-5"),
            ("talking portrait", "infinitalk/from-audio"),
            ("kling", "kling/ai-avatar-v1-pro"),
        ] {
            assert!(matching(query).iter().any(|model| model.id == id), "{query}");
        }
        assert!(matching("ъъъ").is_empty());
        assert!(matching("").is_empty());
    }
}
