//! The last screen before the money: what is ordered, what it costs now, and the button that is
//! bound to exactly that.

use super::form::{self, of_button, prompt_of};
use super::inputs::{self, complaint, word};
use super::keyboard::home;
use super::talk::{Screen, Talk, clip};
use super::target::Target;
use super::topup::whole_roubles;
use super::{browse, card, files};
use crate::catalog::input::{ValidInput, Values};
use crate::catalog::{self, Model, Output};
use crate::flow::order::{self, NotSold, Offer, Order, Placed};
use crate::flow::topup::MOST;
use crate::ids::JobId;
use crate::message::{Button, Keyboard};
use crate::money::Kopecks;
use crate::store::{Draft, Expects, Fault, Stage};
use crate::texts::Arg;

/// How much of a value a line shows.
const VALUE_CHARS: usize = 60;

/// What an order costs this customer now, as a line; or the sentence that it is not sold.
pub(super) fn price_line(talk: &Talk<'_, '_>, input: &ValidInput) -> Result<String, Fault> {
    Ok(match order::offer(talk.shop, talk.tx, talk.user, input)? {
        Ok(offer) => offer_line(talk, &offer),
        Err(refusal) => refusal_text(talk, &refusal),
    })
}

fn offer_line(talk: &Talk<'_, '_>, offer: &Offer) -> String {
    match offer.free_left {
        Some(left) => talk.say("confirm-price-free", &[("left", Arg::Number(left.into()))]),
        None => talk.say("confirm-price", &[("price", Arg::Money(offer.price))]),
    }
}

/// Shows the order at today's price. What is missing is asked for first.
pub(super) fn show(
    talk: &mut Talk<'_, '_>,
    mut draft: Draft,
    model: &'static Model,
    above: Option<&str>,
) -> Result<(), Fault> {
    let checked = match ValidInput::check(model, &draft.values) {
        Ok(input) => input,
        Err(wrong) if inputs::options(model).next().is_some() => {
            let wrong = complaint(talk.lang, model, &wrong);
            draft.stage = Stage::Options;
            return form::go_on(talk, draft, model, Some(&wrong));
        }
        Err(wrong) => {
            // Values of an older catalogue that no screen can mend.
            let wrong = complaint(talk.lang, model, &wrong);
            talk.drop_draft();
            let screen = card::screen(talk, model)?.below(&wrong);
            return talk.show(screen);
        }
    };
    let offer = match order::offer(talk.shop, talk.tx, talk.user, &checked)? {
        Ok(offer) => offer,
        Err(refusal) => {
            draft.stage = Stage::Aside;
            talk.session.expects = Expects::Nothing;
            talk.session.draft = Some(draft);
            return refuse(talk, &refusal, None);
        }
    };
    // Older screens of this draft may say something else: only this one confirms it.
    draft.number = talk.next_number()?;
    draft.stage = Stage::Confirm;
    draft.shown_price = Some(offer.price);
    let screen = screen(talk, &draft, model, &checked, &offer)?;
    talk.session.expects = Expects::Nothing;
    talk.session.draft = Some(draft);
    talk.show(match above {
        Some(above) => screen.below(above),
        None => screen,
    })
}

fn screen(
    talk: &Talk<'_, '_>,
    draft: &Draft,
    model: &'static Model,
    input: &ValidInput,
    offer: &Offer,
) -> Result<Screen, Fault> {
    let available = talk.tx.available(talk.user)?;
    let mut price = offer_line(talk, offer);
    let missing = offer.price.checked_sub(available).filter(|missing| missing.is_positive());
    let missing = missing.filter(|_| offer.free_left.is_none());
    if let Some(missing) = missing {
        price = format!("{price}\n{}", talk.say("confirm-short", &[("missing", Arg::Money(missing))]));
    }
    let output = talk.say(output_key(model.output), &[]);
    let (inputs, time) = (input_lines(talk, draft, model, input.values()), card::time(talk, model));
    let args = [
        ("title", Arg::Text(model.title)),
        ("inputs", Arg::Html(&inputs)),
        ("output", Arg::Html(&output)),
        ("time", Arg::Html(&time)),
        ("price", Arg::Html(&price)),
        ("balance", Arg::Money(available)),
    ];
    let run = Target::Run(draft.number, offer.price).button(talk.say("button-run", &[]));
    let cancel = Target::Drop(draft.number).button(talk.say("button-cancel", &[]));
    let mut keyboard = vec![vec![run]];
    keyboard.extend(missing.and_then(|missing| top_up(talk, missing)));
    keyboard.push(vec![cancel]);
    if inputs::options(model).next().is_some() {
        keyboard.push(vec![Target::Options(draft.number).button(talk.say("button-options", &[]))]);
    }
    Ok(Screen { text: talk.say("confirm", &args), keyboard })
}

/// `💳 Пополнить на …`: what the order lacks, as one tap.
fn top_up(talk: &Talk<'_, '_>, missing: Kopecks) -> Option<Vec<Button>> {
    let amount = whole_roubles(missing);
    if amount > MOST {
        return None;
    }
    let label = talk.say("button-topup-by", &[("amount", Arg::Money(amount))]);
    Some(vec![Target::TopUpBy(amount).button(label)])
}

fn output_key(output: Output) -> &'static str {
    match output {
        Output::Image => "output-image",
        Output::Video => "output-video",
        Output::Audio => "output-audio",
    }
}

/// The prompt and every option with its value.
fn input_lines(talk: &Talk<'_, '_>, draft: &Draft, model: &'static Model, values: &Values) -> String {
    let prompt = inputs::prompt(model);
    let mut lines = Vec::new();
    for input in model.inputs.iter().filter(|input| !input.hidden) {
        let Some(value) = values.get(input.name) else { continue };
        let shown = match prompt_of(draft, model) {
            Some(text) if prompt.is_some_and(|prompt| prompt.name == input.name) => text,
            Some(_) | None => clip(&inputs::shown(talk.lang, input, value), VALUE_CHARS),
        };
        if shown.is_empty() {
            continue;
        }
        let args = [("label", Arg::Text(word(talk.lang, input.label))), ("value", Arg::Text(&shown))];
        lines.push(talk.say("confirm-input", &args));
    }
    lines.join("\n")
}

/// `⏭`, `⬅️ К заказу`: the order of a draft.
pub(super) fn open(talk: &mut Talk<'_, '_>, number: u32) -> Result<(), Fault> {
    match of_button(talk, number) {
        Some((draft, model)) => show(talk, draft, model, None),
        None => form::current(talk),
    }
}

/// `✅ Запустить`: sells what this screen showed at the price it showed, once.
pub(super) fn run(talk: &mut Talk<'_, '_>, number: u32, price: Kopecks) -> Result<(), Fault> {
    if number == talk.session.placed {
        talk.toast("toast-running");
        return Ok(());
    }
    let Some((draft, model)) = of_button(talk, number) else { return form::current(talk) };
    if files::is_waiting(&draft) {
        talk.toast("toast-looking");
        return Ok(());
    }
    let input = match ValidInput::check(model, &draft.values) {
        Ok(input) if draft.shown_price == Some(price) => input,
        Ok(_) | Err(_) => return form::current(talk),
    };
    if number <= talk.tx.drafts_after()? {
        // What the lost minute sold of it nobody here knows, and KIE would be paid twice: its customer may say.
        let restored = talk.say("confirm-restored", &[]);
        return show(talk, draft, model, Some(&restored));
    }
    let order = Order {
        user: talk.user,
        lang: talk.lang,
        input,
        shown_price: price,
        status_message: talk.editable()?,
    };
    match order::place(talk.shop, talk.tx, &order)? {
        Ok(Placed { .. }) => {
            talk.session.placed = number;
            talk.drop_draft();
            talk.toast("toast-started");
            Ok(())
        }
        Err(NotSold::PriceChanged(_)) => {
            let changed = talk.say("confirm-price-changed", &[]);
            show(talk, draft, model, Some(&changed))
        }
        Err(refusal) => {
            talk.aside();
            refuse(talk, &refusal, Some(number))
        }
    }
}

/// `❌ Отмена`: drops the draft. Nothing was charged for it.
pub(super) fn drop(talk: &mut Talk<'_, '_>, number: u32) -> Result<(), Fault> {
    if number == talk.session.placed {
        talk.toast("toast-running");
        return Ok(());
    }
    if of_button(talk, number).is_none() {
        return form::current(talk);
    }
    talk.toast("toast-cancelled");
    super::start::cancel(talk)
}

/// `🔁 Повторить`: the same model and values at today's price, to be confirmed in a new message.
pub(super) fn again(talk: &mut Talk<'_, '_>, job: JobId) -> Result<(), Fault> {
    order_of(talk, job, Stage::Confirm)
}

/// `✏️ Изменить`: the same, on the options screen.
pub(super) fn change(talk: &mut Talk<'_, '_>, job: JobId) -> Result<(), Fault> {
    order_of(talk, job, Stage::Options)
}

/// An earlier job's order as a new draft.
fn order_of(talk: &mut Talk<'_, '_>, job: JobId, stage: Stage) -> Result<(), Fault> {
    talk.drop_draft();
    talk.leave_tapped();
    let job = talk.tx.job(job)?.filter(|job| job.row.user == talk.user);
    let Some(job) = job else { return talk.tell("job-gone") };
    if job.row.is_forgotten() {
        return talk.tell("job-forgotten");
    }
    let Some(model) = catalog::model(&job.row.model) else { return talk.tell("job-model-gone") };
    let mut draft = talk.new_draft(model.id, stage)?;
    draft.values = files::kept(job.row.input, model);
    form::show(talk, draft, model, None)
}

/// The sentence for a sale that did not happen.
fn refusal_text(talk: &Talk<'_, '_>, refusal: &NotSold) -> String {
    match refusal {
        NotSold::PriceChanged(_) => talk.say("confirm-price-changed", &[]),
        NotSold::Short { price, available, missing } => talk.say(
            "not-sold-short",
            &[
                ("price", Arg::Money(*price)),
                ("available", Arg::Money(*available)),
                ("missing", Arg::Money(*missing)),
            ],
        ),
        NotSold::TooManyOpen { limit } => {
            talk.say("not-sold-too-many", &[("limit", Arg::Number((*limit).into()))])
        }
        NotSold::QueueFull => talk.say("not-sold-queue-full", &[]),
        NotSold::NotSelling => talk.say("not-sold-not-selling", &[]),
        NotSold::ModelStopped => talk.say("not-sold-model", &[]),
        NotSold::Banned => talk.say("not-sold-banned", &[]),
        NotSold::NoPrice(_) => talk.say("not-sold-no-price", &[]),
    }
}

/// Shows why nothing was sold, with the ways on; the order itself is kept.
fn refuse(talk: &mut Talk<'_, '_>, refusal: &NotSold, draft: Option<u32>) -> Result<(), Fault> {
    let text = refusal_text(talk, refusal);
    let mut keyboard: Keyboard = Vec::new();
    if let NotSold::Short { missing, .. } = refusal {
        keyboard.extend(top_up(talk, *missing));
        let free = Target::List(browse::Group::Free, 0).button(talk.say("button-free", &[]));
        keyboard.push(vec![Target::TopUp.button(talk.say("button-topup", &[])), free]);
    }
    let mut last = Vec::new();
    if let Some(number) = draft {
        last.push(Target::Order(number).button(talk.say("button-order", &[])));
    }
    last.push(home(talk));
    keyboard.push(last);
    talk.show(Screen { text, keyboard })
}
