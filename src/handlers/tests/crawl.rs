//! Every button that is ever shown, tapped where it is shown, in both languages.

use super::{Guest, converse, shop};
use crate::catalog;
use crate::handlers::reach::{buttons, reachable_models};
use crate::message::{Lang, Press};
use crate::store::{Draft, Expects};
use std::collections::{BTreeSet, VecDeque};

/// What a walker does next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Taps the button whose data, with the draft's number left out, is this.
    Tap(String),
    /// Writes something that fits.
    Write,
}

/// A button's data with the draft's number replaced by its model, so that the same button of two
/// walks counts as one. Jobs get new numbers in every walk.
fn normal(data: &str, draft: Option<&Draft>) -> String {
    if let Some((word @ ("x" | "job" | "again" | "file" | "pm" | "bank" | "paid" | "unpay"), _)) =
        data.split_once(':')
    {
        return format!("{word}:*");
    }
    let Some(draft) = draft else { return data.to_owned() };
    let mut parts: Vec<&str> = data.split(':').collect();
    let number = draft.number.to_string();
    let bound = ["opts", "e", "v", "u", "ok", "go", "no"].contains(&parts[0]);
    if bound && parts.get(1) == Some(&number.as_str()) {
        parts[1] = &draft.model;
    }
    parts.join(":")
}

fn draft(guest: &Guest<'_, '_>) -> Option<Draft> {
    guest.tx.session(guest.id).expect("a session").and_then(|session| session.draft)
}

/// Takes a step as the screen now stands; `false` when the screen has no such button any more.
fn take(guest: &mut Guest<'_, '_>, step: &Step) -> bool {
    match step {
        Step::Write => {
            let model = draft(guest).and_then(|draft| catalog::model(&draft.model));
            let text = model.map_or("nano", |model| model.example.ru);
            guest.writes(text);
            true
        }
        Step::Tap(wanted) => {
            let draft = draft(guest);
            let data = buttons(&guest.seen).find_map(|button| match &button.press {
                Press::Tap(data) if normal(data, draft.as_ref()) == *wanted => Some(data.clone()),
                Press::Tap(_) | Press::Open(_) | Press::Copy(_) => None,
            });
            if let Some(data) = &data {
                guest.taps_data(data);
            }
            data.is_some()
        }
    }
}

/// The steps that the screen offers.
fn offered(guest: &Guest<'_, '_>) -> Vec<Step> {
    let draft = draft(guest);
    let session = guest.tx.session(guest.id).expect("a session").expect("a session");
    let mut steps: Vec<Step> = buttons(&guest.seen)
        .filter_map(|button| match &button.press {
            Press::Tap(data) => Some(Step::Tap(normal(data, draft.as_ref()))),
            Press::Open(_) | Press::Copy(_) => None,
        })
        .collect();
    if matches!(session.expects, Expects::Input(_) | Expects::Search) {
        steps.push(Step::Write);
    }
    steps
}

fn crawl(lang: Lang) {
    converse(move |tx| {
        let mut known: BTreeSet<(Option<String>, Step)> = BTreeSet::new();
        let mut walks: VecDeque<Vec<Step>> = VecDeque::from([Vec::new()]);
        let mut user = 1_000;
        let mut cards = BTreeSet::new();
        while let Some(walk) = walks.pop_front() {
            user += 1;
            let mut guest = Guest::new(&mut *tx, shop(), user, lang);
            guest.writes("/start");
            let walked = walk.iter().all(|step| take(&mut guest, step));
            assert!(walked, "{walk:?} cannot be walked twice");
            if let Some(Step::Tap(data)) = walk.last() {
                cards.extend(data.strip_prefix("m:").map(str::to_owned));
            }
            let model = draft(&guest).map(|draft| draft.model);
            for step in offered(&guest) {
                let place = if step == Step::Write { model.clone() } else { None };
                if known.insert((place, step.clone())) {
                    walks.push_back(walk.iter().cloned().chain([step]).collect());
                }
            }
        }
        let all: BTreeSet<String> = catalog::models().iter().map(|model| model.id.to_owned()).collect();
        assert_eq!(cards, all);
        assert!(known.len() > 500, "only {} buttons were found", known.len());
        Ok(())
    });
}

#[test]
fn every_button_leads_to_an_answer_in_russian() {
    crawl(Lang::Ru);
}

#[test]
fn every_button_leads_to_an_answer_in_english() {
    crawl(Lang::En);
}

#[test]
fn every_model_is_found_in_the_menus() {
    let all: BTreeSet<&str> = catalog::models().iter().map(|model| model.id).collect();
    for lang in [Lang::Ru, Lang::En] {
        assert_eq!(reachable_models(&shop(), lang).expect("a walk"), all);
    }
}
