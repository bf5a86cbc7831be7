//! The 42 models: what each is, takes, costs. Compiled in by `build.rs` from `models/`, so nothing
//! is parsed at the start and a lookup allocates nothing.

mod charge;
mod generated;
pub mod given;
pub mod input;
pub mod price;
#[cfg(test)]
mod price_tests;
#[cfg(any(test, feature = "simulate"))]
#[cfg_attr(not(test), allow(dead_code, unused_imports, reason = "the build uses the rest"))]
pub(crate) mod source;
#[cfg(test)]
mod tests;
mod valid;
mod words;
mod wrong;

pub use charge::{Charge, Chosen, Extreme, Per, UpTo};
pub use words::{Availability, Category, Output, Task};

use rust_decimal::Decimal;

/// How many models there are.
pub const MODELS: usize = 42;

/// How many of the cheapest are free.
pub const FREE: usize = 5;

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Russian.
    pub ru: &'static str,
    /// English.
    pub en: &'static str,
}

/// One model.
#[derive(Debug)]
pub struct Model {
    /// Its place in the catalogue, from 0: the order of the price list.
    pub index: u8,
    /// Our name of it, which never changes: buttons, jobs and scripts carry it.
    pub id: &'static str,
    /// KIE's name of it.
    pub api_model: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Who made it.
    pub vendor: &'static str,
    /// Its place in the price list.
    pub category: Category,
    /// What it does; menus group by this.
    pub task: Task,
    /// What comes out.
    pub output: Output,
    /// The price list's price of one generation, in US dollars.
    pub usd: Decimal,
    /// The least that a generation costs, whatever is chosen: the price list's price, or KIE's charge
    /// for the cheapest options where that is more.
    pub least_usd: Decimal,
    /// One of the five cheapest.
    pub free: bool,
    /// A sentence or two about it.
    pub description: Label,
    /// What a customer might write to it (or send, if it takes no words).
    pub example: Label,
    /// How long it takes as a rule, in seconds.
    pub expected_s: u32,
    /// What is known of it at KIE.
    pub availability: Availability,
    /// What it takes, in the order in which it is asked for.
    pub inputs: &'static [Input],
    /// What does not go together.
    pub conflicts: &'static [Conflict],
    /// What KIE charges; the first that fits counts.
    pub charges: &'static [Charge],
    /// The options that KIE charges least for.
    pub cheapest: Extreme,
    /// The options that KIE charges most for (of files without a limit, those of ten minutes).
    pub dearest: Extreme,
}

/// One input of a model.
#[derive(Debug)]
pub struct Input {
    /// KIE's name of it.
    pub name: &'static str,
    /// What it is, with its limits.
    pub kind: Kind,
    /// Whether KIE must get it. With a default it is not asked for.
    pub required: bool,
    /// What is sent when the customer gives nothing; without one nothing is sent.
    pub default: Option<Preset>,
    /// Technical: never shown to a customer.
    pub hidden: bool,
    /// Its name for people.
    pub label: Label,
    /// What it is for.
    pub help: Label,
}

/// The value of an input that the customer left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Of a text or a choice.
    Text(&'static str),
    /// Of a switch.
    Boolean(bool),
    /// Of a whole number.
    Integer(i64),
    /// Of a number.
    Number(Decimal),
}

/// What files an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// MIME types.
    pub accept: &'static [&'static str],
    /// The largest one, in mebibytes.
    pub max_mb: u32,
    /// The shortest side of a picture, in pixels.
    pub min_side: Option<u32>,
    /// The longest side of a picture, in pixels.
    pub max_side: Option<u32>,
    /// The most pixels of a picture, in millions.
    pub max_megapixels: Option<u32>,
    /// The longest sound, in seconds.
    pub max_seconds: Option<u32>,
}

/// What an input is, with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text {
        /// The fewest characters; 0 means that it may be empty.
        min_chars: u32,
        /// The most characters.
        max_chars: u32,
    },
    /// One of several values.
    Choice {
        /// What KIE gets.
        values: &'static [&'static str],
        /// What people read, one for each value; the value itself where it needs no words.
        labels: &'static [Label],
    },
    /// A switch.
    Boolean,
    /// A whole number: `min`, `min + step`, … up to `max`.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// The distance from one to the next.
        step: i64,
        /// KIE wants it as text.
        as_text: bool,
    },
    /// A number: `min`, `min + step`, … up to `max`.
    Number {
        /// The least.
        min: Decimal,
        /// The greatest.
        max: Decimal,
        /// The distance from one to the next.
        step: Decimal,
    },
    /// A picture.
    Image(Files),
    /// Pictures, sent as a list.
    Images {
        /// What each may be.
        files: Files,
        /// The most of them.
        max_items: u32,
    },
    /// A video.
    Video(Files),
    /// Videos, sent as a list.
    Videos {
        /// What each may be.
        files: Files,
        /// The most of them.
        max_items: u32,
    },
    /// A sound file.
    Audio(Files),
    /// A link that KIE itself opens; only to this host, by https.
    Link {
        /// The one host.
        host: &'static str,
        /// The most characters.
        max_chars: u32,
    },
    /// KIE's task id of an earlier job of the same customer, which he chooses and never types.
    Task {
        /// The ids of the models whose jobs will do.
        from: &'static [&'static str],
    },
}

/// Two conditions that KIE refuses together.
#[derive(Debug)]
pub struct Conflict {
    /// One of them.
    pub first: Condition,
    /// The other.
    pub second: Condition,
}

/// What an input must be for a [`Conflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The input's name.
    pub input: &'static str,
    /// How it must be.
    pub is: Is,
}

/// How an input must be for a [`Conflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// This value of a choice.
    Value(&'static str),
    /// A list with more files than this.
    MoreThan(u32),
}

impl Model {
    /// The input with KIE's name `name`, or `None`.
    pub fn input(&self, name: &str) -> Option<&'static Input> {
        self.inputs.iter().find(|input| input.name == name)
    }
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Model {}

/// All models, in the order of the price list.
pub fn models() -> &'static [Model; MODELS] {
    &generated::MODELS
}

/// The model with this id, or `None`.
pub fn model(id: &str) -> Option<&'static Model> {
    let same_length = generated::BY_LENGTH.get(id.len())?;
    let (_, index) = same_length.iter().find(|(known, _)| *known == id)?;
    by_index(*index)
}

/// The model at this place of the catalogue, or `None`.
pub fn by_index(index: u8) -> Option<&'static Model> {
    generated::MODELS.get(usize::from(index))
}

/// The model that goes on from a result of the model `from`, with its input for that; `None` when
/// there is none.
pub fn chained(from: &str) -> Option<(&'static Model, &'static Input)> {
    let goes_on = |input: &&Input| match input.kind {
        Kind::Task { from: models } => models.contains(&from),
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. } => false,
    };
    models().iter().find_map(|model| Some((model, model.inputs.iter().find(goes_on)?)))
}

/// The free models, cheapest first.
pub fn free_tier() -> [&'static Model; FREE] {
    generated::FREE.map(|index| &generated::MODELS[usize::from(index)])
}
