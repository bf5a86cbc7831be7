//! Putting an order together: what cannot be left out is asked one by one, everything else stands
//! on one screen of options.

use super::inputs::{self, complaint, word};
use super::keyboard::{back_row, home};
use super::talk::{Screen, Talk, clip};
use super::{confirm, files, options};
use crate::catalog::input::Wrong;
use crate::catalog::{self, Input, Kind, Model};
use crate::message::Button;
use crate::store::{Draft, Expects, Fault, Stage};
use crate::texts::Arg;

use super::target::Target;

/// How much of a prompt a screen shows.
pub(super) const PROMPT_CHARS: usize = 300;

/// A draft whose model the catalogue still has; drops any other.
pub(super) fn draft(talk: &mut Talk<'_, '_>) -> Option<(Draft, &'static Model)> {
    let draft = talk.session.draft.clone()?;
    let model = catalog::model(&draft.model);
    if model.is_none() {
        talk.drop_draft();
    }
    model.map(|model| (draft, model))
}

/// `✨ Сгенерировать`: begins the form of a model, or says why it cannot be ordered yet.
pub(super) fn begin(talk: &mut Talk<'_, '_>, id: &str) -> Result<(), Fault> {
    let Some(model) = catalog::model(id) else {
        talk.toast("toast-stale");
        return super::start::go_home(talk, false);
    };
    if inputs::needs_earlier_job(model) {
        talk.drop_draft();
        let keyboard = vec![
            vec![Target::CardAgain(model.id.to_owned()).button(talk.say("button-model", &[]))],
            vec![home(talk)],
        ];
        let screen = Screen { text: talk.say("needs-earlier-job", &[]), keyboard };
        return talk.show(screen);
    }
    // A prompt written on the card may come before the tap on its button: it is kept.
    let begun = draft(talk).filter(|(draft, _)| {
        draft.model == model.id && (!draft.values.is_empty() || files::is_waiting(draft))
    });
    let draft = match begun {
        Some((draft, _)) => draft,
        None => talk.new_draft(model.id, Stage::Form)?,
    };
    go_on(talk, draft, model, None)
}

/// Keeps the draft and shows what comes next: the next question, the options, or the order.
/// `complaint` says what was wrong with what they just gave.
pub(super) fn go_on(
    talk: &mut Talk<'_, '_>,
    mut draft: Draft,
    model: &'static Model,
    complaint: Option<&str>,
) -> Result<(), Fault> {
    let collecting = draft.collecting.as_deref().and_then(|name| model.input(name));
    let screen = if let Some(input) = collecting {
        draft.shown_price = None;
        talk.session.expects = Expects::Input(input.name.to_owned());
        talk.session.draft = Some(draft.clone());
        files::collecting(talk, &draft, input)
    } else if let Some(input) = inputs::next_asked(model, &draft.values) {
        draft.stage = Stage::Form;
        draft.shown_price = None;
        talk.session.expects = Expects::Input(input.name.to_owned());
        talk.session.draft = Some(draft.clone());
        question(talk, &draft, model, input)
    } else if inputs::options(model).next().is_none() {
        return confirm::show(talk, draft, model, complaint);
    } else {
        draft.stage = Stage::Options;
        talk.session.expects = Expects::Nothing;
        talk.session.draft = Some(draft.clone());
        options::screen(talk, &draft, model)?
    };
    let screen = match complaint {
        Some(complaint) => screen.below(complaint),
        None => screen,
    };
    talk.show(screen)
}

/// Asks for one input, with the model's example if it is the prompt.
fn question(talk: &Talk<'_, '_>, draft: &Draft, model: &'static Model, input: &'static Input) -> Screen {
    let base = [
        ("title", Arg::Text(model.title)),
        ("label", Arg::Text(word(talk.lang, input.label))),
        ("help", Arg::Text(word(talk.lang, input.help))),
    ];
    let is_prompt = inputs::prompt(model).is_some_and(|prompt| prompt.name == input.name);
    let text = if is_prompt {
        let [title, label, help] = base;
        let example = ("example", Arg::Text(word(talk.lang, model.example)));
        talk.say("form-ask", &[title, label, help, example])
    } else {
        let ask = talk.say("form-ask-plain", &base);
        match files::limits_line(talk, input) {
            Some(limits) => format!("{ask}\n\n{limits}"),
            None => ask,
        }
    };
    let mut keyboard: Vec<Vec<Button>> = Vec::new();
    for value in inputs::buttons(input) {
        let set = Target::Set(draft.number, input.name.to_owned(), inputs::code(&value));
        keyboard.push(vec![set.button(inputs::shown(talk.lang, input, &value))]);
    }
    keyboard.push(back_row(talk, &Target::CardAgain(model.id.to_owned())));
    Screen { text, keyboard }
}

/// A text for the input that was asked for. One that will not do is asked for again.
pub(super) fn take_input(talk: &mut Talk<'_, '_>, name: &str, text: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = draft(talk) else { return super::start::pick_first(talk) };
    let Some(input) = model.input(name) else { return go_on(talk, draft, model, None) };
    if inputs::is_file(input.kind) {
        if let Some(asked) = files::take_links(talk, &draft, model, input, text) {
            return asked;
        }
        // In any order: a text while a file is asked for is the prompt, if there is room for one.
        if inputs::prompt(model).is_some_and(|prompt| !draft.values.contains_key(prompt.name)) {
            return take_prompt(talk, text);
        }
    }
    match input.read(text) {
        Ok(value) => {
            draft.values.insert(name.to_owned(), value);
            go_on(talk, draft, model, None)
        }
        Err(wrong) => {
            let wrong = complaint(talk.lang, model, &wrong);
            go_on(talk, draft, model, Some(&wrong))
        }
    }
}

/// A text on a card, or on the options or confirm screen: it is the prompt, or replaces it.
pub(super) fn take_prompt(talk: &mut Talk<'_, '_>, text: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = draft(talk) else { return super::start::pick_first(talk) };
    if let Some(input) = files::open_input(&draft, model)
        && let Some(asked) = files::take_links(talk, &draft, model, input, text)
    {
        return asked;
    }
    let Some(input) = inputs::prompt(model) else {
        let open = files::open_input(&draft, model);
        let wrong = open.map(|input| complaint(talk.lang, model, &Wrong::NotByWords { input: input.name }));
        return show(talk, draft, model, wrong.as_deref());
    };
    let wrong = match input.read(text) {
        Ok(value) => {
            draft.values.insert(input.name.to_owned(), value);
            None
        }
        Err(wrong) => Some(complaint(talk.lang, model, &wrong)),
    };
    // The screens shown before say another prompt: their buttons must not count any more.
    draft.number = talk.next_number()?;
    draft.shown_price = None;
    show(talk, draft, model, wrong.as_deref())
}

/// Shows the screen the draft is on; what is not complete goes on where it stopped.
pub(super) fn show(
    talk: &mut Talk<'_, '_>,
    draft: Draft,
    model: &'static Model,
    complaint: Option<&str>,
) -> Result<(), Fault> {
    let complete = inputs::next_asked(model, &draft.values).is_none() && draft.collecting.is_none();
    match draft.stage {
        Stage::Confirm | Stage::Aside if complete => confirm::show(talk, draft, model, complaint),
        Stage::Card | Stage::Form | Stage::Options | Stage::Confirm | Stage::Aside => {
            go_on(talk, draft, model, complaint)
        }
    }
}

/// The screen the customer is on now, for a button of one that is gone.
pub(super) fn current(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.toast("toast-stale");
    match draft(talk) {
        Some((draft, model)) if draft.stage == Stage::Card => {
            let screen = super::card::screen(talk, model)?;
            talk.session.draft = Some(draft);
            talk.show(screen)
        }
        Some((draft, model)) => show(talk, draft, model, None),
        None => super::start::go_home(talk, false),
    }
}

/// The draft a button belongs to; `None` when it is not the newest one any more.
pub(super) fn of_button(talk: &mut Talk<'_, '_>, number: u32) -> Option<(Draft, &'static Model)> {
    draft(talk).filter(|(draft, _)| draft.number == number)
}

/// The prompt of a draft for a screen, cut and not escaped; `None` when the model takes none.
pub(super) fn prompt_of(draft: &Draft, model: &'static Model) -> Option<String> {
    let input = inputs::prompt(model)?;
    debug_assert!(matches!(input.kind, Kind::Text { .. } | Kind::Link { .. }), "a prompt is words");
    draft.values.get(input.name).map(|value| clip(&inputs::code(value), PROMPT_CHARS))
}
