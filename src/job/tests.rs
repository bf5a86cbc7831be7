//! The life of a job: one line an arrow, allowed and refused; deadlines to the millisecond; and that
//! whatever happens, in whatever order, every job ends and its money moves once.

#![allow(clippy::wildcard_enum_match_arm, reason = "a new variant that a test forgets fails the test")]

use super::{Event, File, Late, Limits, Money, Refused, State, Step, Why, next};
use crate::time::Up;
use proptest::prelude::*;
use std::time::Duration;

const MINUTE: i64 = 60_000;
const ATTEMPT: u32 = 7;

fn limits() -> Limits {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    Limits {
        queued: minutes(15),
        sending: minutes(1),
        unknown: minutes(30),
        working: minutes(15),
        unreachable: minutes(60),
        fetching: minutes(30),
        late: minutes(24 * 60),
        late_pause: minutes(10),
        callbacks: true,
    }
}

fn files() -> Vec<File> {
    vec![File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 3, link: None }]
}

/// Every kind of state, entered at 0.
fn state(name: &str) -> State {
    let (since, until) = (Up(0), Up(24 * 60 * MINUTE));
    let (urls, tries) = (vec!["https://files.example/1.png".to_owned()], 0);
    let failed = |late| State::Failed { why: Why::Deadline, late };
    match name {
        "queued" => State::Queued { since, not_before: since },
        "sending" => State::Sending { attempt: ATTEMPT, queued: since, since },
        "waiting" => State::Waiting { task: "t".to_owned(), since, looks: 0 },
        "unknown" => State::Unknown { attempt: ATTEMPT, since, hint: None },
        "unknown+hint" => State::Unknown { attempt: ATTEMPT, since, hint: Some("h".to_owned()) },
        "fetching" => State::Fetching { task: "t".to_owned(), urls, since, tries },
        "done" => State::Done { files: files() },
        "late" => State::Late { files: files() },
        "failed" => failed(Late::Never),
        "failed,watch" => failed(Late::Watch { task: None, hint: None, until }),
        "failed,watch+hint" => failed(Late::Watch { task: None, hint: Some("h".to_owned()), until }),
        "failed,watch+task" => failed(Late::Watch { task: Some("t".to_owned()), hint: None, until }),
        "failed,fetch" => failed(Late::Fetch { task: "t".to_owned(), urls, since, tries }),
        other => panic!("no state {other}"),
    }
}

/// The columns of the tables below.
fn events() -> Vec<Event> {
    let attempt = ATTEMPT;
    vec![
        Event::Start,
        Event::NotSent { attempt },
        Event::Busy { attempt, pause: Duration::from_secs(20) },
        Event::Accepted { attempt, task: "t".to_owned() },
        Event::Refused { attempt, why: Why::Paused },
        Event::InDoubt { attempt },
        Event::Hint { task: None },
        Event::Hint { task: Some("h".to_owned()) },
        Event::Bound { task: "h".to_owned() },
        Event::NotOurs,
        Event::Running,
        Event::NoLook,
        Event::Succeeded { urls: vec!["https://files.example/1.png".to_owned()] },
        Event::TaskFailed { message: "no".to_owned() },
        Event::Fetched { files: files() },
        Event::NotFetched,
        Event::Cancel,
        Event::Expire,
        Event::NotUploaded,
        Event::InputLost,
        Event::Restored,
    ]
}

/// A step in one sign: small letters and digits go on, capitals end the job and move its money.
fn sign(step: &Result<Step, Refused>) -> &'static str {
    let step = match step {
        Ok(step) => step,
        Err(Refused::NotExpected) => return "-",
        Err(Refused::OtherAttempt) => return "o",
        Err(Refused::TooLate) => return "t",
        Err(Refused::NotYet) => return "y",
    };
    match (&step.state, step.money) {
        (State::Queued { .. }, Money::Keep) => "q",
        (State::Sending { .. }, Money::Keep) => "s",
        (State::Waiting { .. }, Money::Keep) => "w",
        (State::Unknown { hint: None, .. }, Money::Keep) => "u",
        (State::Unknown { hint: Some(_), .. }, Money::Keep) => "h",
        (State::Fetching { .. }, Money::Keep) => "f",
        (State::Done { .. }, Money::Charge) => "D",
        (State::Late { .. }, Money::Lose) => "L",
        (State::Failed { late: Late::Never, .. }, Money::Release) => "R",
        (State::Failed { late: Late::Watch { .. }, .. }, Money::Release) => "W",
        (State::Failed { late: Late::Never, .. }, Money::Keep) => "x",
        (State::Failed { late: Late::Watch { task: None, hint: None, .. }, .. }, Money::Keep) => "0",
        (State::Failed { late: Late::Watch { task: None, hint: Some(_), .. }, .. }, Money::Keep) => "1",
        (State::Failed { late: Late::Watch { task: Some(_), .. }, .. }, Money::Keep) => "2",
        (State::Failed { late: Late::Fetch { .. }, .. }, Money::Keep) => "3",
        (state, money) => panic!("{state:?} with {money:?}"),
    }
}

#[track_caller]
fn check(now: Up, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, expected) = line.split_once('|').expect("a state and its row");
        let state = state(name.trim());
        let found: Vec<_> =
            events().into_iter().map(|event| sign(&next(&state, event, now, &limits()))).collect();
        let expected: Vec<_> = expected.split_whitespace().collect();
        assert_eq!(expected.len(), events().len(), "the row of {name}");
        assert_eq!(found, expected, "{name}: {:?}", events());
    }
}

#[test]
fn every_event_in_every_state_before_any_deadline() {
    check(
        Up(1_000),
        // Start NotSent Busy Accepted Refused InDoubt Hint Hint(h) Bound NotOurs Running NoLook
        //                                  Succeeded TaskFailed Fetched NotFetched Cancel Expire NotUploaded InputLost Restored
        "
        queued            | s o o o o o  - - - - - -  - - - - R y  q R u
        sending           | - q q w R u  - h - - - -  - - - - t y  - - u
        waiting           | - o o o o o  w w - - w w  f R - - t -  - - -
        unknown           | - o o w R o  - h - - - -  - - - - t y  - - -
        unknown+hint      | - o o w R o  - h w u h h  - - - - t y  - - -
        fetching          | - o o o o o  - - - - - -  - - D f t -  - - -
        done              | - o o o o o  - - - - - -  - - - - t -  - - -
        late              | - o o o o o  - - - - - -  - - - - t -  - - -
        failed            | - o o o o o  - - - - - -  - - - - t -  - - -
        failed,watch      | - o o o o o  - 1 - - - -  - - - - t y  - - -
        failed,watch+hint | - o o o o o  - 1 2 0 1 1  - - - - t y  - - -
        failed,watch+task | - o o o o o  2 2 - - 2 2  3 x - - t y  - - -
        failed,fetch      | - o o o o o  - - - - - -  - - L 3 t -  - - -
        ",
    );
}

#[test]
fn every_event_in_every_state_after_every_deadline() {
    check(
        Up(25 * 60 * MINUTE),
        "
        queued            | - o o o o o  - - - - - -  - - - - R R  q R u
        sending           | - q q w R u  - h - - - -  - - - - t u  - - u
        waiting           | - o o o o o  w w - - W W  f R - - t -  - - -
        unknown           | - o o w R o  - h - - - -  - - - - t W  - - -
        unknown+hint      | - o o w R o  - h w u W W  - - - - t W  - - -
        fetching          | - o o o o o  - - - - - -  - - D W t -  - - -
        done              | - o o o o o  - - - - - -  - - - - t -  - - -
        late              | - o o o o o  - - - - - -  - - - - t -  - - -
        failed            | - o o o o o  - - - - - -  - - - - t -  - - -
        failed,watch      | - o o o o o  - 1 - - x x  - - - - t x  - - -
        failed,watch+hint | - o o o o o  - 1 2 0 x x  - - - - t x  - - -
        failed,watch+task | - o o o o o  2 2 - - x x  3 x - - t x  - - -
        failed,fetch      | - o o o o o  - - - - - -  - - L x t -  - - -
        ",
    );
}

#[test]
fn an_answer_to_another_call_changes_nothing() {
    let attempt = ATTEMPT + 1;
    for state in [state("sending"), state("unknown"), state("unknown+hint")] {
        for event in [
            Event::NotSent { attempt },
            Event::Busy { attempt, pause: Duration::ZERO },
            Event::Accepted { attempt, task: "t".to_owned() },
            Event::Refused { attempt, why: Why::Paused },
            Event::InDoubt { attempt },
        ] {
            let found = next(&state, event.clone(), Up(1), &limits());
            assert_eq!(found, Err(Refused::OtherAttempt), "{} {event:?}", state.name());
        }
    }
}

/// The steps of one event a millisecond before a deadline and at it.
#[track_caller]
fn at_deadline(name: &str, event: &Event, deadline_ms: i64, before: &str, at: &str) {
    let step = |now| next(&state(name), event.clone(), Up(now), &limits());
    assert_eq!(sign(&step(deadline_ms - 1)), before, "{name} before its deadline");
    assert_eq!(sign(&step(deadline_ms)), at, "{name} at its deadline");
}

#[test]
fn deadlines_hold_to_the_millisecond() {
    at_deadline("queued", &Event::Expire, 15 * MINUTE, "y", "R");
    at_deadline("queued", &Event::Start, 15 * MINUTE, "s", "-");
    at_deadline("sending", &Event::Expire, MINUTE, "y", "u");
    at_deadline("waiting", &Event::Running, 15 * MINUTE, "w", "W");
    at_deadline("waiting", &Event::NoLook, 75 * MINUTE, "w", "W");
    at_deadline("unknown", &Event::Expire, 30 * MINUTE, "y", "W");
    at_deadline("unknown+hint", &Event::NoLook, 90 * MINUTE, "h", "W");
    at_deadline("unknown+hint", &Event::Running, 90 * MINUTE, "h", "W");
    at_deadline("unknown+hint", &Event::Expire, 90 * MINUTE, "y", "W");
    at_deadline("fetching", &Event::NotFetched, 30 * MINUTE, "f", "W");
    at_deadline("failed,watch", &Event::Expire, 24 * 60 * MINUTE, "y", "x");
    at_deadline("failed,watch+hint", &Event::NoLook, 24 * 60 * MINUTE, "1", "x");
    at_deadline("failed,watch+task", &Event::Running, 24 * 60 * MINUTE, "2", "x");
    at_deadline("failed,fetch", &Event::NotFetched, 30 * MINUTE, "3", "x");
}

#[track_caller]
fn due(name: &str, event: &Event, now_ms: i64) -> Option<i64> {
    next(&state(name), event.clone(), Up(now_ms), &limits()).expect("an arrow").due.map(|due| due.0)
}

#[test]
fn the_next_look_comes_when_it_should() {
    let attempt = ATTEMPT;
    let accepted = Event::Accepted { attempt, task: "t".to_owned() };
    assert_eq!(due("queued", &Event::Start, 0), Some(MINUTE), "who made the call may be gone");
    assert_eq!(due("sending", &accepted, 1_000), Some(9_000));
    assert_eq!(due("sending", &Event::InDoubt { attempt }, 1_000), Some(30 * MINUTE + 1_000));
    assert_eq!(due("sending", &Event::Hint { task: Some("h".to_owned()) }, 1_000), Some(1_000));
    assert_eq!(due("waiting", &Event::Running, 1_000), Some(13_000), "the second pause is half longer");
    assert_eq!(due("waiting", &Event::Running, 15 * MINUTE - 1), Some(15 * MINUTE), "at the deadline");
    assert_eq!(due("waiting", &Event::NoLook, 1_000), Some(31_000));
    assert_eq!(due("waiting", &Event::Hint { task: None }, 1_000), Some(1_000));
    assert_eq!(due("unknown+hint", &Event::NotOurs, 1_000), Some(30 * MINUTE));
    assert_eq!(due("unknown+hint", &Event::NotOurs, 31 * MINUTE), Some(31 * MINUTE));
    assert_eq!(due("fetching", &Event::NotFetched, 1_000), Some(3_000));
    assert_eq!(due("fetching", &Event::NotFetched, 30 * MINUTE - 1), Some(30 * MINUTE));
    assert_eq!(due("fetching", &Event::Fetched { files: files() }, 1), None);
    assert_eq!(due("waiting", &Event::Running, 15 * MINUTE), Some(25 * MINUTE), "then every ten minutes");
    assert_eq!(due("unknown", &Event::Expire, 30 * MINUTE), Some(24 * 60 * MINUTE + 30 * MINUTE));
    assert_eq!(due("failed,watch+task", &Event::NoLook, MINUTE), Some(11 * MINUTE));
    assert_eq!(due("failed,watch+hint", &Event::NotOurs, MINUTE), Some(24 * 60 * MINUTE));
}

#[test]
fn each_try_to_fetch_waits_twice_as_long_and_a_minute_at_most() {
    for name in ["fetching", "failed,fetch"] {
        let mut now = Up(0);
        let mut state = state(name);
        let pauses_s = [2, 4, 8, 16, 32, 60, 60].map(|_| {
            let step = next(&state, Event::NotFetched, now, &limits()).expect("an arrow");
            let due = step.due.expect("another try");
            let pause = due.since(now);
            (state, now) = (step.state, due);
            pause.as_secs()
        });
        assert_eq!(pauses_s, [2, 4, 8, 16, 32, 60, 60], "{name}");
    }
}

#[test]
fn a_long_pause_at_the_provider_does_not_keep_the_money_longer() {
    let busy = Event::Busy { attempt: ATTEMPT, pause: Duration::from_secs(7_200) };
    let step = next(&state("sending"), busy, Up(1_000), &limits()).expect("an arrow");
    let queued = State::Queued { since: Up(0), not_before: Up(7_201_000) };
    assert_eq!((step.state, step.due), (queued.clone(), Some(Up(15 * MINUTE))));
    assert_eq!(next(&queued, Event::Start, Up(14 * MINUTE), &limits()), Err(Refused::NotYet));
    assert_eq!(sign(&next(&queued, Event::Expire, Up(15 * MINUTE), &limits())), "R");
}

#[test]
fn a_busy_provider_is_asked_again_after_a_second_at_least() {
    let busy = Event::Busy { attempt: ATTEMPT, pause: Duration::ZERO };
    let step = next(&state("sending"), busy, Up(10), &limits()).expect("an arrow");
    assert_eq!(step.state, State::Queued { since: Up(0), not_before: Up(1_010) });
    assert_eq!(next(&step.state, Event::Start, Up(1_009), &limits()), Err(Refused::NotYet));
    let again = next(&step.state, Event::Start, Up(1_010), &limits()).expect("an arrow");
    assert_eq!(again.state, State::Sending { attempt: 1_010, queued: Up(0), since: Up(1_010) });
}

#[test]
fn an_empty_result_is_not_paid_for() {
    let nothing = Event::Fetched { files: Vec::new() };
    assert_eq!(sign(&next(&state("fetching"), nothing.clone(), Up(1), &limits())), "f");
    assert_eq!(sign(&next(&state("fetching"), nothing.clone(), Up(30 * MINUTE), &limits())), "W");
    assert_eq!(sign(&next(&state("failed,fetch"), nothing, Up(1), &limits())), "3");
}

#[test]
fn a_hint_nobody_could_look_at_stays_when_the_money_goes_back() {
    let step = next(&state("unknown+hint"), Event::NoLook, Up(90 * MINUTE), &limits()).expect("an arrow");
    let until = Up((90 + 24 * 60) * MINUTE);
    let late = Late::Watch { task: None, hint: Some("h".to_owned()), until };
    assert_eq!(step.state, State::Failed { why: Why::NoAnswer, late: late.clone() });
    assert_eq!(step.due, Some(Up(100 * MINUTE)));
    let step = next(&step.state, Event::NoLook, Up(100 * MINUTE), &limits()).expect("an arrow");
    assert_eq!(step.state, State::Failed { why: Why::NoAnswer, late });
    assert_eq!(step.due, Some(Up(110 * MINUTE)));
    let step = next(&step.state, Event::Bound { task: "h".into() }, Up(110 * MINUTE), &limits());
    let late = Late::Watch { task: Some("h".to_owned()), hint: None, until };
    assert_eq!(step.expect("an arrow").state, State::Failed { why: Why::NoAnswer, late });
}

#[test]
fn pauses_between_looks_grow_to_their_limit() {
    let pauses = |callbacks| {
        let limits = Limits { callbacks, ..limits() };
        (0..9).map(|looks| limits.look_pause(looks).as_millis()).collect::<Vec<_>>()
    };
    assert_eq!(pauses(false), [2_000, 2_600, 3_380, 4_394, 5_712, 7_425, 9_652, 10_000, 10_000]);
    assert_eq!(pauses(true), [8_000, 12_000, 18_000, 27_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    assert_eq!(limits().look_pause(u32::MAX), Duration::from_secs(30));
}

/// What a job went through, and what must hold of it whatever that was.
struct Life {
    state: State,
    now: Up,
    due: Option<Up>,
    settled: u32,
    lost: u32,
    may_have_arrived: bool,
}

impl Life {
    fn new() -> Self {
        Self {
            state: state("queued"),
            now: Up(0),
            due: Some(Up(0)),
            settled: 0,
            lost: 0,
            may_have_arrived: false,
        }
    }

    fn happens(&mut self, event: &Event) {
        let start = *event == Event::Start;
        let was = self.state.clone();
        let Ok(step) = next(&self.state, event.clone(), self.now, &limits()) else { return };
        assert!(!(start && self.may_have_arrived), "createTask is called again after {was:?}");
        match event {
            Event::InDoubt { .. } | Event::Restored | Event::Accepted { .. } | Event::Bound { .. } => {
                self.may_have_arrived = true;
            }
            _ => {}
        }
        match step.money {
            Money::Keep => assert_eq!(was.is_final(), step.state.is_final(), "{was:?} to {:?}", step.state),
            Money::Charge | Money::Release => {
                assert!(!was.is_final() && step.state.is_final(), "{was:?} to {:?}", step.state);
                self.settled += 1;
            }
            Money::Lose => self.lost += 1,
        }
        assert!(self.settled <= 1 && self.lost <= 1, "money moves once");
        let open = !step.state.is_final();
        assert!(!open || step.due.is_some(), "nothing looks at {:?} again", step.state);
        assert!(step.due.is_none_or(|due| due >= self.now), "due in the past");
        (self.state, self.due) = (step.state, step.due);
    }

    /// Does what a worker does when the job is due; the provider answers as `mood` says.
    fn is_looked_at(&mut self, mood: u8) {
        let nothing = mood.is_multiple_of(2);
        let event = match &self.state {
            State::Queued { not_before, .. } if *not_before <= self.now && !nothing => Event::Start,
            State::Waiting { .. } | State::Failed { late: Late::Watch { task: Some(_), .. }, .. } => {
                if nothing {
                    Event::NoLook
                } else {
                    Event::Running
                }
            }
            State::Unknown { hint: Some(_), .. }
            | State::Failed { late: Late::Watch { task: None, hint: Some(_), .. }, .. } => match mood % 3 {
                0 => Event::NoLook,
                1 => Event::Running,
                _ => Event::NotOurs,
            },
            State::Fetching { .. } | State::Failed { late: Late::Fetch { .. }, .. } => Event::NotFetched,
            State::Sending { attempt, .. } if !nothing => {
                Event::Busy { attempt: *attempt, pause: Duration::from_secs(u64::from(mood)) }
            }
            _ => Event::Expire,
        };
        let before = self.state.clone();
        self.happens(&event);
        // Refused as overdue or too early: the other thing to do with a due job is to end it.
        if self.state == before {
            self.happens(&Event::Expire);
        }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let attempt = prop_oneof![Just(ATTEMPT), any::<u32>()];
    let task = prop_oneof![Just("t".to_owned()), Just("h".to_owned())];
    (0..events().len(), attempt, task).prop_map(|(index, attempt, task)| match events().remove(index) {
        Event::NotSent { .. } => Event::NotSent { attempt },
        Event::Busy { pause, .. } => Event::Busy { attempt, pause },
        Event::Accepted { .. } => Event::Accepted { attempt, task },
        Event::Refused { why, .. } => Event::Refused { attempt, why },
        Event::InDoubt { .. } => Event::InDoubt { attempt },
        Event::Hint { task: Some(_) } => Event::Hint { task: Some(task) },
        Event::Bound { .. } => Event::Bound { task },
        other => other,
    })
}

/// Gives an event the attempt under way, as the caller of that call would.
fn with_attempt(event: Event, state: &State) -> Event {
    let (State::Sending { attempt, .. } | State::Unknown { attempt, .. }) = state else { return event };
    let attempt = *attempt;
    match event {
        Event::NotSent { attempt: ATTEMPT } => Event::NotSent { attempt },
        Event::Busy { attempt: ATTEMPT, pause } => Event::Busy { attempt, pause },
        Event::Accepted { attempt: ATTEMPT, task } => Event::Accepted { attempt, task },
        Event::Refused { attempt: ATTEMPT, why } => Event::Refused { attempt, why },
        Event::InDoubt { attempt: ATTEMPT } => Event::InDoubt { attempt },
        other => other,
    }
}

#[test]
fn a_state_has_a_word_a_task_once_it_is_ours_and_an_end() {
    for (name, word, task, is_final) in [
        ("queued", "queued", None, false),
        ("sending", "sending", None, false),
        ("waiting", "waiting", Some("t"), false),
        ("unknown", "unknown", None, false),
        // A hint is nobody's task before a look has proven it ours.
        ("unknown+hint", "unknown", None, false),
        ("fetching", "fetching", Some("t"), false),
        ("done", "done", None, true),
        ("late", "late", None, true),
        ("failed", "failed", None, true),
        ("failed,watch", "failed", None, true),
        ("failed,watch+hint", "failed", None, true),
        ("failed,watch+task", "failed", Some("t"), true),
        ("failed,fetch", "failed", Some("t"), true),
    ] {
        let state = state(name);
        let found = (state.name(), state.task().map(String::as_str), state.is_final());
        assert_eq!(found, (word, task, is_final), "{name}");
    }
}

#[test]
fn why_a_job_failed_is_said_with_the_providers_words_where_it_had_some() {
    let message = "no luck".to_owned();
    for (why, words) in [
        (Why::Cancelled, "cancelled by the customer"),
        (Why::QueueTimeout, "never sent: the queue did not move"),
        (Why::NoCredit, "the provider's account is empty"),
        (Why::KeyRefused, "the provider refused our key"),
        (Why::Paused, "the model is paused"),
        (Why::ModelGone, "the provider does not know the model"),
        (Why::Rejected { message: message.clone() }, "refused: no luck"),
        (Why::TaskFailed { message }, "failed: no luck"),
        (Why::NoAnswer, "no answer to createTask"),
        (Why::Deadline, "too slow"),
        (Why::ResultLost, "the result could not be fetched"),
        (Why::InputLost, "a file of the customer's is gone or was changed"),
    ] {
        assert_eq!(why.to_string(), words);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_whatever_happens(
        events in prop::collection::vec((any_event(), 0_i64..200_000), 0..60),
        moods in prop::collection::vec(any::<u8>(), 16),
    ) {
        let mut life = Life::new();
        for (event, pause_ms) in events {
            life.now = Up(life.now.0 + pause_ms);
            let event = with_attempt(event, &life.state);
            life.happens(&event);
        }
        let quiet_since = life.now;
        let mut looks = 0;
        while let Some(due) = life.due {
            life.now = life.now.max(due);
            life.is_looked_at(moods[looks % moods.len()]);
            looks += 1;
            prop_assert!(looks < 3_000, "{:?} is looked at for ever", life.state);
            if !life.state.is_final() {
                let hours = life.now.since(quiet_since).as_secs() / 3_600;
                prop_assert!(hours < 4, "{:?} is open after {hours} hours", life.state);
            }
        }
        prop_assert!(life.state.is_final());
        prop_assert_eq!(life.settled, 1);
    }
}
