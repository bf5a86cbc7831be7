//! `samovar trace`: what happened to one request, from tap to delivery.

use super::output::text;
use super::{Failure, Output, ask};
use crate::config::Settings;
use crate::control::{Answer, Ask, Timeline};

pub(super) fn run(output: Output, settings: &Settings, what: String) -> Result<(), Failure> {
    let Answer::Timeline(timeline) = ask::ask(settings, Ask::Trace { what })? else {
        return Err(Failure::foreign());
    };
    output.answer(&timeline, |output| say(output, &timeline))
}

fn say(output: Output, timeline: &Timeline) -> String {
    let job = timeline.job.map_or("no job".to_owned(), |job| format!("job {job}"));
    let mut table = output.table(&["when", "what", ""]);
    for event in &timeline.events {
        table.add_row([&event.at, &event.what, &event.data]);
    }
    format!("{}, customer {}, {job}\n\n{}", timeline.code, timeline.user, text(&table))
}
