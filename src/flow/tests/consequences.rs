//! What a failure means for the sales to come: stops and their length, and who is told.

use super::{ADMIN, ANN, HOUR, SECOND, Stage, play};
use crate::ids::JobId;
use crate::job::Why;
use crate::message::Lang;
use crate::store::{StopRow, StoppedBy};
use crate::texts::{Arg, say};
use std::time::Duration;

const MODEL: &str = "z-image";
const OTHER: &str = "grok-imagine/text-to-image";

fn stop(stage: &Stage, what: &str) -> Option<StopRow> {
    stage.view().stop(what).expect("readable")
}

/// For how long a model is not sold after the provider refused it with `why` once more.
fn pause(stage: &mut Stage, model: &'static str, why: Why) -> Duration {
    let id = stage.sell(model);
    stage.refuse(id, why);
    let row = stop(stage, model).expect("it is stopped");
    stage.act(move |_, tx| tx.lift_stop(model));
    row.until.expect("for a time").since(stage.now().up)
}

#[test]
fn each_failure_stops_what_it_must_and_no_more() {
    type Stop = (&'static str, StoppedBy, Option<Duration>);
    let words = |message: &str| message.to_owned();
    let cases: [(Why, Option<Stop>, Option<&str>); 9] = [
        (Why::NoCredit, Some(("all", StoppedBy::Credit, None)), Some("alarm-no-credit")),
        (Why::KeyRefused, Some(("all", StoppedBy::Provider, Some(600 * SECOND))), Some("alarm-key-refused")),
        (Why::Paused, Some((MODEL, StoppedBy::Provider, Some(600 * SECOND))), Some("alarm-model-stopped")),
        (Why::ModelGone, Some((MODEL, StoppedBy::Provider, Some(6 * HOUR))), Some("alarm-model-stopped")),
        (Why::ResultLost, None, Some("alarm-not-fetched")),
        (Why::Rejected { message: words("no") }, None, None),
        (Why::TaskFailed { message: words("no") }, None, None),
        (Why::NoAnswer, None, None),
        (Why::InputLost, None, None),
    ];
    for (why, stopped, alarm) in cases {
        play(|stage| {
            let id = stage.sell(MODEL);
            stage.refuse(id, why.clone());
            let now = stage.now();
            let stops = stage.view().stops().expect("readable");
            let stops: Vec<Stop> = stops
                .iter()
                .map(|(what, row)| {
                    assert_eq!(row.at, now.at, "{why}");
                    let what = ["all", MODEL].into_iter().find(|known| *known == what.as_str());
                    let what = what.expect("a stop of this order");
                    (what, row.by, row.until.map(|until| until.since(now.up)))
                })
                .collect();
            assert_eq!(stops, stopped.into_iter().collect::<Vec<_>>(), "{why}");
            let code = stage.job(id).request.code(&stage.shop.server_key);
            let of_all = matches!(why, Why::NoCredit | Why::KeyRefused);
            let detail = if of_all { code } else { format!("{MODEL} {code}") };
            let detail = [("detail", Arg::Text(&detail))];
            let told: Vec<_> = alarm.iter().map(|key| say(Lang::Ru, key, &detail)).collect();
            assert_eq!(stage.texts(ADMIN, 3), told, "{why}");
            assert_eq!(stage.wallet(ANN), (10_000, 0), "{why}");
        });
    }
}

#[test]
fn every_refusal_in_a_row_doubles_the_pause_up_to_a_day() {
    play(|stage| {
        let minutes = [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440];
        for (times, minutes) in minutes.into_iter().enumerate() {
            assert_eq!(pause(stage, MODEL, Why::Paused), 60 * SECOND * minutes, "{times}");
        }
        assert_eq!(pause(stage, OTHER, Why::Paused), 600 * SECOND, "each model has its own row");
        assert_eq!(pause(stage, OTHER, Why::Paused), 1200 * SECOND);
    });
}

#[test]
fn a_model_that_is_gone_is_asked_for_every_six_hours_then_twelve_then_once_a_day() {
    play(|stage| {
        for hours in [6, 12, 24, 24] {
            assert_eq!(pause(stage, MODEL, Why::ModelGone), hours * HOUR);
        }
    });
}

#[test]
fn an_order_that_is_taken_ends_the_row_of_refusals_of_its_own_model() {
    play(|stage| {
        for model in [MODEL, OTHER] {
            assert_eq!(pause(stage, model, Why::Paused), 600 * SECOND);
            assert_eq!(pause(stage, model, Why::Paused), 1200 * SECOND);
        }
        let id = stage.sell(MODEL);
        stage.accept(id, "t-1");
        assert_eq!(pause(stage, MODEL, Why::Paused), 600 * SECOND);
        assert_eq!(pause(stage, MODEL, Why::Paused), 1200 * SECOND);
        assert_eq!(pause(stage, OTHER, Why::Paused), 2400 * SECOND);
    });
}

#[test]
fn a_stop_that_others_must_lift_is_not_shortened() {
    let cases = [
        (StoppedBy::Audit, Why::NoCredit, true),
        (StoppedBy::Audit, Why::KeyRefused, true),
        (StoppedBy::Operator, Why::NoCredit, true),
        (StoppedBy::Operator, Why::KeyRefused, true),
        (StoppedBy::Disk, Why::NoCredit, true),
        (StoppedBy::Disk, Why::KeyRefused, true),
        (StoppedBy::Credit, Why::KeyRefused, true),
        (StoppedBy::Credit, Why::NoCredit, false),
        (StoppedBy::Provider, Why::KeyRefused, false),
        (StoppedBy::Provider, Why::NoCredit, false),
    ];
    for (by, why, stays) in cases {
        play(|stage| {
            stage.sell(MODEL);
            stage.act(move |_, tx| {
                let why = "an earlier one".to_owned();
                tx.put_stop("all", &StopRow { at: tx.now().at, why, until: None, by })
            });
            let earlier = stop(stage, "all").expect("stopped");
            stage.skip(SECOND);
            stage.refuse(JobId(1), why.clone());
            let found = stop(stage, "all").expect("stopped");
            assert_eq!(found == earlier, stays, "{by:?} and then {why}");
            if !stays {
                let expected = if why == Why::NoCredit { StoppedBy::Credit } else { StoppedBy::Provider };
                assert_eq!((found.by, found.at), (expected, stage.now().at));
            }
            assert_eq!(stage.texts(ADMIN, 3).len(), 1, "{by:?} and then {why}: the operator is told");
        });
    }
}
