//! Quick tasks: what people ask for most, each with a model, a prompt to start from and the options
//! that suit it. One tap leads to the order, where all of it can be changed.

use super::form;
use super::inputs;
use super::keyboard::to_menu;
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::catalog;
use crate::store::{Fault, Stage};

/// One quick task.
struct Quick {
    /// What buttons carry; never changes.
    code: &'static str,
    /// Its model.
    model: &'static str,
    /// The text that is its button.
    title: &'static str,
    /// The text that is its prompt.
    prompt: &'static str,
    /// Options that differ from the model's defaults.
    options: &'static [(&'static str, &'static str)],
}

const ALL: [Quick; 6] = [
    Quick {
        code: "post",
        model: "google/nano-banana",
        title: "quick-post",
        prompt: "quick-post-prompt",
        options: &[("aspect_ratio", "4:5")],
    },
    Quick {
        code: "preview",
        model: "seedream/4.5-text-to-image",
        title: "quick-preview",
        prompt: "quick-preview-prompt",
        options: &[("aspect_ratio", "16:9")],
    },
    Quick {
        code: "logo",
        model: "flux-2/pro-text-to-image",
        title: "quick-logo",
        prompt: "quick-logo-prompt",
        options: &[],
    },
    Quick {
        code: "tiktok",
        model: "kling/v2-5-turbo-text-to-video-pro",
        title: "quick-tiktok",
        prompt: "quick-tiktok-prompt",
        options: &[("aspect_ratio", "9:16")],
    },
    Quick {
        code: "reels",
        model: "grok-imagine/text-to-video",
        title: "quick-reels",
        prompt: "quick-reels-prompt",
        options: &[("aspect_ratio", "9:16")],
    },
    Quick {
        code: "card",
        model: "z-image",
        title: "quick-card",
        prompt: "quick-card-prompt",
        options: &[("aspect_ratio", "3:4")],
    },
];

/// The list of quick tasks.
pub(super) fn list(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.drop_draft();
    let button = |quick: &Quick| Target::Quick(quick.code.to_owned()).button(talk.say(quick.title, &[]));
    let mut keyboard: Vec<_> = ALL.iter().map(|quick| vec![button(quick)]).collect();
    keyboard.extend(to_menu(talk));
    let screen = Screen { text: talk.say("quick-ask", &[]), keyboard };
    talk.show(screen)
}

/// Begins the order of a quick task with its prompt; nothing is sold before the customer confirms.
pub(super) fn begin(talk: &mut Talk<'_, '_>, code: &str) -> Result<(), Fault> {
    let quick = ALL.iter().find(|quick| quick.code == code);
    let Some((quick, model)) = quick.and_then(|quick| Some((quick, catalog::model(quick.model)?))) else {
        return form::current(talk);
    };
    talk.drop_draft();
    let mut draft = talk.new_draft(model.id, Stage::Form)?;
    let prompt = talk.say(quick.prompt, &[]);
    let given = inputs::prompt(model).map(|input| (input, prompt.as_str()));
    let options = quick.options.iter().filter_map(|(name, value)| Some((model.input(name)?, *value)));
    for (input, text) in given.into_iter().chain(options) {
        // A catalogue that changed since leaves an option at its default.
        if let Ok(value) = input.read(text) {
            draft.values.insert(input.name.to_owned(), value);
        }
    }
    form::go_on(talk, draft, model, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Lang;
    use crate::texts;

    #[test]
    fn every_quick_task_has_a_model_that_takes_its_prompt_and_options() {
        for quick in &ALL {
            let model = catalog::model(quick.model).expect(quick.model);
            for lang in [Lang::Ru, Lang::En] {
                let prompt = inputs::prompt(model).expect("a model of words");
                assert!(prompt.read(&texts::say(lang, quick.prompt, &[])).is_ok(), "{}", quick.code);
            }
            for (name, value) in quick.options {
                let input = model.input(name).unwrap_or_else(|| panic!("{} has no {name}", model.id));
                assert!(input.read(value).is_ok(), "{} {name} {value}", model.id);
            }
        }
    }
}
