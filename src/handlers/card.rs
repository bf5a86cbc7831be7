//! A model's card: what it does, what it costs this customer now, what it takes, how long it takes.

use super::browse::{Group, task_name};
use super::inputs::{self, word};
use super::keyboard::back_row;
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::catalog::price::quote_from;
use crate::catalog::{self, Kind, Model};
use crate::flow::{free, values};
use crate::store::{Expects, Fault, Stage};
use crate::texts::Arg;

/// Opens a fresh card and drops an order that was not confirmed.
pub(super) fn open(talk: &mut Talk<'_, '_>, id: &str) -> Result<(), Fault> {
    talk.drop_draft();
    let Some(model) = catalog::model(id) else {
        talk.toast("toast-stale");
        return super::start::go_home(talk, false);
    };
    if !inputs::needs_earlier_job(model) {
        let draft = talk.new_draft(model.id, Stage::Card)?;
        talk.session.draft = Some(draft);
    }
    let screen = screen(talk, model)?;
    talk.show(screen)
}

/// Back to the card of the order that is being put together, which keeps all that was entered.
pub(super) fn back(talk: &mut Talk<'_, '_>, id: &str) -> Result<(), Fault> {
    let Some((mut draft, model)) = super::form::draft(talk).filter(|(_, model)| model.id == id) else {
        return open(talk, id);
    };
    draft.stage = Stage::Card;
    talk.session.expects = Expects::Nothing;
    talk.session.draft = Some(draft);
    let screen = screen(talk, model)?;
    talk.show(screen)
}

/// The card.
pub(super) fn screen(talk: &Talk<'_, '_>, model: &'static Model) -> Result<Screen, Fault> {
    let task = task_name(talk.lang, model.task);
    let (price, time) = (price(talk, model)?, time(talk, model));
    let args = [
        ("title", Arg::Text(model.title)),
        ("vendor", Arg::Text(model.vendor)),
        ("task", Arg::Html(&task)),
        ("description", Arg::Text(word(talk.lang, model.description))),
        ("price", Arg::Html(&price)),
        ("time", Arg::Html(&time)),
    ];
    let mut parts = vec![talk.say("card", &args), input_lines(talk, model)];
    parts.push(talk.say("card-example", &[("example", Arg::Text(word(talk.lang, model.example)))]));
    let first = inputs::next_asked(model, &catalog::input::Values::new());
    parts.push(match first.map(|input| input.kind) {
        Some(Kind::Task { .. }) => talk.say("needs-earlier-job", &[]),
        Some(kind) if inputs::is_file(kind) => talk.say("card-send-file", &[]),
        Some(_) | None => talk.say("card-write-prompt", &[]),
    });
    let keyboard = vec![
        vec![Target::Generate(model.id.to_owned()).button(talk.say("button-generate", &[]))],
        back_row(talk, &Target::List(Group::of(model.task), 0)),
    ];
    Ok(Screen { text: parts.join("\n\n"), keyboard })
}

fn price(talk: &Talk<'_, '_>, model: &Model) -> Result<String, Fault> {
    if talk.tx.stop(model.id)?.is_some() {
        return Ok(talk.say("card-stopped", &[]));
    }
    let Ok(quote) = quote_from(model, &talk.shop.rates) else {
        return Ok(talk.say("card-no-price", &[]));
    };
    let price = ("price", Arg::Money(quote.price));
    Ok(match free::best(&talk.shop.free, talk.tx, talk.user, model, &quote)? {
        Some(free) => talk.say("card-price-free", &[("left", Arg::Number(free.left.into())), price]),
        None if free::is_budget_spent(&talk.shop.free, talk.tx, talk.user, model, &quote)? => {
            format!("{}\n{}", talk.say("card-price-from", &[price]), talk.say("card-free-spent", &[]))
        }
        None => talk.say("card-price-from", &[price]),
    })
}

/// How long the model takes as a rule.
pub(super) fn time(talk: &Talk<'_, '_>, model: &Model) -> String {
    values::time(talk.lang, model.expected_s)
}

fn input_lines(talk: &Talk<'_, '_>, model: &Model) -> String {
    let mut lines = vec![talk.say("card-inputs", &[])];
    let none = catalog::input::Values::new();
    for input in model.inputs.iter().filter(|input| !input.hidden) {
        let label = ("label", Arg::Text(word(talk.lang, input.label)));
        lines.push(if inputs::is_asked(input) {
            talk.say("card-input-required", &[label])
        } else {
            let value = inputs::current(talk.lang, input, &none);
            talk.say("card-input-optional", &[label, ("value", Arg::Text(&value))])
        });
    }
    lines.join("\n")
}
