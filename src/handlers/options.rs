//! The options of an order: one screen for all, one for each.

use super::form::{self, of_button, prompt_of};
use super::inputs::{self, complaint, word};
use super::keyboard::pages;
use super::talk::{Screen, Talk};
use super::target::Target;
use super::{confirm, files};
use crate::catalog::input::{ValidInput, Value};
use crate::catalog::{Input, Kind, Model};
use crate::message::Button;
use crate::store::{Draft, Expects, Fault, Stage};
use crate::texts::Arg;

/// How many values of an option a page shows.
const PAGE: usize = 10;
/// How much of a value a button or line shows.
const VALUE_CHARS: usize = 40;

/// All options with their values.
pub(super) fn screen(talk: &Talk<'_, '_>, draft: &Draft, model: &'static Model) -> Result<Screen, Fault> {
    let prompt = prompt_of(draft, model).unwrap_or("…".to_owned());
    let price = match ValidInput::check(model, &draft.values) {
        Ok(input) => confirm::price_line(talk, &input)?,
        Err(wrong) => complaint(talk.lang, model, &wrong),
    };
    let args =
        [("title", Arg::Text(model.title)), ("prompt", Arg::Text(&prompt)), ("price", Arg::Html(&price))];
    let mut keyboard: Vec<Vec<Button>> =
        inputs::options(model).map(|input| vec![option_button(talk, draft, input)]).collect();
    let changed = inputs::options(model).any(|input| draft.values.contains_key(input.name));
    if changed {
        keyboard.push(vec![Target::Order(draft.number).button(talk.say("button-continue", &[]))]);
        keyboard.push(vec![Target::Reset(draft.number).button(talk.say("button-reset", &[]))]);
    }
    keyboard.push(vec![Target::Order(draft.number).button(talk.say("button-skip", &[]))]);
    keyboard.push(super::keyboard::back_row(talk, &Target::CardAgain(model.id.to_owned())));
    Ok(Screen { text: talk.say("options", &args), keyboard })
}

/// A switch is set the other way at once; everything else gets a screen of its own.
fn option_button(talk: &Talk<'_, '_>, draft: &Draft, input: &'static Input) -> Button {
    let value = super::talk::clip(&inputs::current(talk.lang, input, &draft.values), VALUE_CHARS);
    let args = [("label", Arg::Html(word(talk.lang, input.label))), ("value", Arg::Html(&value))];
    let label = talk.say("option-line", &args);
    let name = input.name.to_owned();
    if input.kind == Kind::Boolean {
        let default = input.default.map(Value::from);
        let on = draft.values.get(input.name).or(default.as_ref()) == Some(&Value::Boolean(true));
        return Target::Set(draft.number, name, (!on).to_string()).button(label);
    }
    Target::Edit(draft.number, name, 0).button(label)
}

/// `opts:` back to all options.
pub(super) fn show(talk: &mut Talk<'_, '_>, number: u32) -> Result<(), Fault> {
    let Some((mut draft, model)) = of_button(talk, number) else { return form::current(talk) };
    draft.stage = Stage::Options;
    form::go_on(talk, draft, model, None)
}

/// One option, from value `from` on; what is written next is its value.
pub(super) fn edit(talk: &mut Talk<'_, '_>, number: u32, name: &str, from: usize) -> Result<(), Fault> {
    let Some((draft, model)) = of_button(talk, number) else { return form::current(talk) };
    let Some(input) = inputs::option(model, name) else { return form::current(talk) };
    show_one(talk, draft, input, from, None)
}

fn show_one(
    talk: &mut Talk<'_, '_>,
    mut draft: Draft,
    input: &'static Input,
    from: usize,
    complaint: Option<&str>,
) -> Result<(), Fault> {
    draft.stage = Stage::Options;
    talk.session.expects = Expects::Option(input.name.to_owned());
    talk.session.draft = Some(draft.clone());
    let value = inputs::current(talk.lang, input, &draft.values);
    let value = super::talk::clip(&value, form::PROMPT_CHARS);
    let args = [
        ("label", Arg::Text(word(talk.lang, input.label))),
        ("help", Arg::Text(word(talk.lang, input.help))),
        ("value", Arg::Text(&value)),
    ];
    let text = format!("{}\n\n{}", talk.say("option-edit", &args), how(talk, input));
    let screen = Screen { text, keyboard: value_buttons(talk, &draft, input, from) };
    let screen = match complaint {
        Some(complaint) => screen.below(complaint),
        None => screen,
    };
    talk.show(screen)
}

/// How a value of the option is given.
fn how(talk: &Talk<'_, '_>, input: &Input) -> String {
    let range = |min: &Value, max: &Value| {
        let (min, max) = (inputs::shown(talk.lang, input, min), inputs::shown(talk.lang, input, max));
        talk.say("option-type-number", &[("min", Arg::Text(&min)), ("max", Arg::Text(&max))])
    };
    match input.kind {
        Kind::Integer { min, max, .. } => range(&Value::Integer(min), &Value::Integer(max)),
        Kind::Number { min, max, .. } => range(&Value::Number(min), &Value::Number(max)),
        Kind::Text { .. } | Kind::Link { .. } => talk.say("option-type-text", &[]),
        Kind::Choice { .. } | Kind::Boolean | Kind::Task { .. } => talk.say("option-pick", &[]),
        Kind::Image(_) | Kind::Images { .. } | Kind::Video(_) | Kind::Videos { .. } | Kind::Audio(_) => {
            files::limits_line(talk, input).unwrap_or_else(|| talk.say("option-pick", &[]))
        }
    }
}

fn value_buttons(talk: &Talk<'_, '_>, draft: &Draft, input: &'static Input, from: usize) -> Vec<Vec<Button>> {
    let values = inputs::buttons(input);
    let default = input.default.map(Value::from);
    let now = draft.values.get(input.name).or(default.as_ref());
    let count = values.len().div_ceil(PAGE);
    let page = (from / PAGE).min(count.saturating_sub(1));
    let mut buttons = Vec::new();
    for value in values.iter().skip(page * PAGE).take(PAGE) {
        let mut label = inputs::shown(talk.lang, input, value);
        if now == Some(value) {
            label = talk.say("value-chosen", &[("value", Arg::Html(&label))]);
        }
        let set = Target::Set(draft.number, input.name.to_owned(), inputs::code(value));
        buttons.push(set.button(label));
    }
    let short = buttons.iter().all(|button| button.label.chars().count() <= 12);
    let mut keyboard: Vec<Vec<Button>> =
        buttons.chunks(if short { 3 } else { 1 }).map(<[Button]>::to_vec).collect();
    let to = |page: usize| Target::Edit(draft.number, input.name.to_owned(), page * PAGE);
    keyboard.extend(pages(talk, page, count, to));
    if draft.values.contains_key(input.name) {
        let unset = Target::Unset(draft.number, input.name.to_owned());
        let label = if inputs::is_file(input.kind) { "button-files-remove" } else { "button-default" };
        keyboard.push(vec![unset.button(talk.say(label, &[]))]);
    }
    keyboard.push(vec![Target::Options(draft.number).button(talk.say("button-back", &[]))]);
    keyboard
}

/// A tapped value: of an option, or of the input that the form asks for.
pub(super) fn set(talk: &mut Talk<'_, '_>, number: u32, name: &str, code: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = of_button(talk, number) else { return form::current(talk) };
    let Some(input) = settable(model, name) else { return form::current(talk) };
    match input.read(code) {
        Ok(value) => {
            draft.values.insert(name.to_owned(), value);
            draft.shown_price = None;
            talk.toast("toast-chosen");
            form::go_on(talk, draft, model, None)
        }
        // The values changed with a new version of the bot.
        Err(_gone) => form::current(talk),
    }
}

fn settable(model: &'static Model, name: &str) -> Option<&'static Input> {
    let by_button = |input: &&'static Input| {
        !input.hidden && !inputs::is_file(input.kind) && !matches!(input.kind, Kind::Task { .. })
    };
    model.input(name).filter(by_button)
}

/// Every option as it is by default, in one tap; what was asked for stays.
pub(super) fn reset(talk: &mut Talk<'_, '_>, number: u32) -> Result<(), Fault> {
    let Some((mut draft, model)) = of_button(talk, number) else { return form::current(talk) };
    for input in inputs::options(model) {
        draft.values.remove(input.name);
    }
    draft.collecting = None;
    draft.shown_price = None;
    talk.toast("toast-chosen");
    form::go_on(talk, draft, model, None)
}

/// Back to the default.
pub(super) fn unset(talk: &mut Talk<'_, '_>, number: u32, name: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = of_button(talk, number) else { return form::current(talk) };
    // An earlier result is chosen at its own button alone, and stays.
    if model.input(name).is_none_or(|input| matches!(input.kind, Kind::Task { .. })) {
        return form::current(talk);
    }
    draft.values.remove(name);
    draft.collecting = None;
    draft.shown_price = None;
    talk.toast("toast-chosen");
    form::go_on(talk, draft, model, None)
}

/// A written value of the option on the screen. One that will not do is asked for again.
pub(super) fn take(talk: &mut Talk<'_, '_>, name: &str, text: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = form::draft(talk) else { return super::start::pick_first(talk) };
    let Some(input) = inputs::option(model, name) else { return form::current(talk) };
    if inputs::is_file(input.kind)
        && let Some(asked) = files::take_links(talk, &draft, model, input, text)
    {
        return asked;
    }
    draft.number = talk.next_number()?;
    draft.shown_price = None;
    match input.read(text) {
        Ok(value) => {
            draft.values.insert(name.to_owned(), value);
            form::go_on(talk, draft, model, None)
        }
        Err(wrong) => {
            let wrong = complaint(talk.lang, model, &wrong);
            show_one(talk, draft, input, 0, Some(&wrong))
        }
    }
}
