//! The words about a job, in both languages: which text, which buttons, which kind of message.

use super::{ANN, STATUS, job, picture, rules, taps, words};
use crate::catalog::input::{Value, Values};
use crate::flow::news::{failed, media_dir, queued, reason, result, status_ended, undeliverable, working};
use crate::ids::{JobId, Seq};
use crate::job::{File, Late, State, Why};
use crate::message::{About, Act, Keyboard, Lang, MediaKind, Outgoing, Source};
use crate::store::{BONUS_HOUR, Job, JobMoney};
use crate::texts::{Arg, say};
use crate::time::{At, Up};

const BOTH: [Lang; 2] = [Lang::Ru, Lang::En];

const VIDEO: &str = "grok-imagine/text-to-video";

const TITLE: (&str, Arg<'static>) = ("model", Arg::Text("Z-Image Turbo"));

const ID: (&str, Arg<'static>) = ("model", Arg::Text("z-image"));

/// Of the day that [`free`] jobs were begun on.
const NOON: At = At(12 * 3_600_000);

fn done() -> State {
    State::Done { files: vec![picture()] }
}

fn late() -> State {
    State::Late { files: vec![picture()] }
}

fn ended(why: Why) -> State {
    State::Failed { why, late: Late::Never }
}

fn waiting() -> State {
    State::Queued { since: Up(0), not_before: Up(0) }
}

fn paid(mut job: Job) -> Job {
    job.row.money = JobMoney { hold: Some(Seq(1)), ..JobMoney::default() };
    job
}

fn free(mut job: Job) -> Job {
    job.row.free_hour = Some(7);
    job
}

fn of(model: &str, mut job: Job) -> Job {
    job.row.model = model.to_owned();
    job
}

fn in_lang(lang: Lang, mut job: Job) -> Job {
    job.row.lang = lang;
    job
}

#[track_caller]
fn keyboard(message: &Outgoing) -> &Keyboard {
    match &message.act {
        Act::Text { keyboard, .. } | Act::Media { keyboard, .. } => keyboard,
        Act::Toast { .. }
        | Act::PreCheckout { .. }
        | Act::Leave
        | Act::Invoice { .. }
        | Act::RefundStars { .. }
        | Act::Document { .. } => panic!("no buttons: {message:?}"),
    }
}

/// A message with these words to Ann, changed in place.
#[track_caller]
fn is_status(message: &Outgoing, text: &str) {
    let Act::Text { text: found, edit, .. } = &message.act else { panic!("{message:?}") };
    assert_eq!((found.as_str(), *edit), (text, Some(STATUS)));
    assert_eq!((message.chat, message.about), (ANN.chat(), About::Status(JobId(17))));
}

#[test]
fn what_waits_can_be_cancelled_and_what_is_worked_on_cannot() {
    for lang in BOTH {
        let news = queued(&in_lang(lang, job(waiting())));
        is_status(&news, &say(lang, "job-queued", &[TITLE]));
        assert_eq!(taps(keyboard(&news)), [["x:17"]]);
        assert_eq!(keyboard(&news)[0][0].label, say(lang, "button-cancel", &[]));
        let seconds = |seconds| say(lang, "time-seconds", &[("seconds", Arg::Number(seconds))]);
        let minutes = |minutes| say(lang, "time-minutes", &[("minutes", Arg::Number(minutes))]);
        for (model, name, time) in [
            ("z-image", "Z-Image Turbo", seconds(10)),
            (VIDEO, "Grok Imagine — Text to Video", seconds(90)),
            ("sora-2-text-to-video", "Sora 2 — Text to Video", minutes(4)),
            ("gone", "gone", seconds(60)),
        ] {
            let news = working(&of(model, in_lang(lang, job(waiting()))));
            let args = [("model", Arg::Text(name)), ("time", Arg::Html(&time))];
            is_status(&news, &say(lang, "job-working", &args));
            assert!(keyboard(&news).is_empty());
        }
    }
}

#[test]
fn the_last_status_says_how_it_ended() {
    for (state, key) in [
        (done(), "job-status-done"),
        (late(), "job-status-done"),
        (ended(Why::Cancelled), "job-status-cancelled"),
        (ended(Why::Paused), "job-status-failed"),
    ] {
        let news = status_ended(&job(state));
        is_status(&news, &say(Lang::Ru, key, &[TITLE]));
        assert!(keyboard(&news).is_empty());
    }
}

#[test]
fn a_result_says_what_it_cost() {
    for lang in BOTH {
        let price = ("price", Arg::Money(job(done()).row.price));
        let free_late = free(job(late()));
        for (job, key) in [
            (paid(job(done())), "job-done-caption"),
            (free(job(done())), "job-done-caption-free"),
            (paid(job(late())), "job-late-gift"),
            (free_late, "job-late-gift-free"),
        ] {
            let news = result(&in_lang(lang, job), &[picture()]);
            assert_eq!(words(&news.act), say(lang, key, &[TITLE, price]), "and no line of options");
            assert_eq!((news.chat, news.about), (ANN.chat(), About::Result(JobId(17))));
        }
    }
}

#[test]
fn a_result_shows_its_options_below() {
    let mut job = paid(job(done()));
    job.row.input = Values::from([("aspect_ratio".to_owned(), Value::Text("<9:16>".to_owned()))]);
    let caption = say(Lang::Ru, "job-done-caption", &[TITLE, ("price", Arg::Money(job.row.price))]);
    let options = [("options", Arg::Text("Соотношение сторон: <9:16>"))];
    let options = say(Lang::Ru, "job-options", &options);
    assert!(options.contains("&lt;9:16&gt;"));
    assert_eq!(words(&result(&job, &[picture()]).act), format!("{caption}\n{options}"));
}

#[test]
fn each_kind_of_result_goes_as_what_it_is_and_all_else_as_files() {
    let speech = "elevenlabs/text-to-speech-turbo-2-5";
    for (model, mimes, expected) in [
        ("z-image", &["image/png"][..], MediaKind::Photo),
        ("z-image", &["image/png", "image/jpeg"], MediaKind::Photo),
        ("z-image", &["image/png", "video/mp4"], MediaKind::Document),
        (VIDEO, &["video/mp4"], MediaKind::Video),
        (VIDEO, &["image/png"], MediaKind::Document),
        (speech, &["audio/mpeg"], MediaKind::Audio),
        (speech, &["video/mp4"], MediaKind::Document),
        ("gone", &["image/png"], MediaKind::Document),
    ] {
        let named = |(at, mime): (usize, &&str)| File {
            name: format!("{}.bin", at + 1),
            mime: (*mime).to_owned(),
            ..picture()
        };
        let files: Vec<File> = mimes.iter().enumerate().map(named).collect();
        let news = result(&of(model, job(done())), &files);
        let Act::Media { kind, files: sent, .. } = &news.act else { panic!("{news:?}") };
        assert_eq!(*kind, expected, "{model}: {mimes:?}");
        let paths: Vec<_> = (1..=mimes.len()).map(|at| Source::Path(format!("media/17/{at}.bin"))).collect();
        assert_eq!(sent, &paths);
    }
    assert_eq!(media_dir(JobId(5)), "media/5");
}

#[test]
fn what_is_too_large_for_telegram_goes_as_a_link() {
    let linked = |link: &str| File { link: Some(link.to_owned()), ..picture() };
    let files = [linked("https://kie/1?a&b"), picture(), linked("https://kie/2")];
    let job = paid(job(done()));
    let news = result(&job, &files);
    let Act::Text { text, edit: None, .. } = &news.act else { panic!("{news:?}") };
    let caption = say(Lang::Ru, "job-done-caption", &[TITLE, ("price", Arg::Money(job.row.price))]);
    let links = [("links", Arg::Text("https://kie/1?a&b\nhttps://kie/2"))];
    assert_eq!(text, &format!("{caption}\n\n{}", say(Lang::Ru, "job-done-link", &links)));
    assert_eq!((news.about, taps(keyboard(&news)).len()), (About::Result(JobId(17)), 2));
}

#[test]
fn below_a_result_stand_only_ways_that_lead_on() {
    for (model, task, leads_on) in [
        (VIDEO, Some("t"), true),
        (VIDEO, None, false),
        ("z-image", Some("t"), false),
        ("z-image", None, false),
    ] {
        let mut job = of(model, job(done()));
        job.row.task = task.map(str::to_owned);
        let news = result(&job, &[picture()]);
        let mut expected = vec![vec!["again:17", "menu"], vec!["change:17"]];
        expected.extend(leads_on.then(|| vec!["up:17"]));
        assert_eq!(taps(keyboard(&news)), expected, "{model} {task:?}");
    }
    let news = result(&in_lang(Lang::En, job(done())), &[picture()]);
    let labels: Vec<_> = keyboard(&news).iter().flatten().map(|button| button.label.clone()).collect();
    let keys = ["button-repeat", "button-menu", "button-change"];
    assert_eq!(labels, keys.map(|key| say(Lang::En, key, &[])));
}

#[test]
fn a_failure_says_why_what_became_of_the_money_and_its_code() {
    let shop = rules();
    for lang in BOTH {
        let price = job(done()).row.price;
        let returned = say(lang, "money-returned", &[("amount", Arg::Money(price))]);
        let free_returned = say(lang, "money-free-returned", &[]);
        let nothing = say(lang, "money-nothing-charged", &[]);
        for (why, key) in [(Why::Paused, "job-failed"), (Why::Cancelled, "job-cancelled")] {
            let failure = || in_lang(lang, job(ended(why.clone())));
            for (job, money) in
                [(paid(failure()), &returned), (free(failure()), &free_returned), (failure(), &nothing)]
            {
                let code = job.row.request.code(&shop.server_key);
                let reason = reason(lang, &why);
                let args = [
                    ID,
                    ("reason", Arg::Html(&reason)),
                    ("money", Arg::Html(money)),
                    ("code", Arg::Text(&code)),
                ];
                let text = say(lang, key, &args);
                let news = failed(&shop, &job, &why, false, NOON);
                assert_eq!(words(&news.act), text);
                assert_eq!((news.chat, news.about), (ANN.chat(), About::Ending(JobId(17))));
                assert_eq!(taps(keyboard(&news)), [["again:17", "menu"]]);
                let hope = say(lang, "job-may-come-late", &[]);
                let hopeful = failed(&shop, &job, &why, true, NOON);
                assert_eq!(words(&hopeful.act), format!("{text}\n\n{hope}"));
            }
        }
    }
}

#[test]
fn what_telegram_would_not_take_is_said_with_what_really_became_of_the_money() {
    let shop = rules();
    let returned = say(Lang::Ru, "money-returned", &[("amount", Arg::Money(job(done()).row.price))]);
    let free_returned = say(Lang::Ru, "money-free-returned", &[]);
    let nothing = say(Lang::Ru, "money-nothing-charged", &[]);
    for (job, money) in [
        (paid(job(done())), &returned),
        (free(job(done())), &free_returned),
        (paid(job(late())), &nothing),
        (free(job(late())), &nothing),
    ] {
        let code = job.row.request.code(&shop.server_key);
        let args = [ID, ("money", Arg::Html(money)), ("code", Arg::Text(&code))];
        let news = undeliverable(&shop, &job, NOON);
        assert_eq!(words(&news.act), say(Lang::Ru, "job-undeliverable-refund", &args));
        assert_eq!((news.chat, news.about), (ANN.chat(), About::Ending(JobId(17))));
        assert_eq!(taps(keyboard(&news)), [["again:17", "menu"]]);
    }
}

#[test]
fn a_free_run_is_said_to_be_back_only_where_it_can_be_used_again() {
    let mut bonus = free(job(done()));
    bonus.row.free_hour = Some(BONUS_HOUR);
    let next_day = At(24 * 3_600_000);
    for (name, job, now, is_back) in [
        ("of today", free(job(done())), NOON, true),
        ("of yesterday", free(job(done())), next_day, false),
        ("of a model that is gone", of("gone", free(job(done()))), NOON, false),
        ("a bonus use of yesterday", bonus.clone(), next_day, true),
        ("a bonus use of a model that is gone", of("gone", bonus), NOON, true),
    ] {
        let key = if is_back { "money-free-returned" } else { "money-nothing-charged" };
        for news in [undeliverable(&rules(), &job, now), failed(&rules(), &job, &Why::Paused, false, now)] {
            assert!(words(&news.act).contains(&say(Lang::Ru, key, &[])), "{name}: {news:?}");
        }
    }
}

#[test]
fn every_reason_has_its_own_sentence() {
    let message = || "<no>".to_owned();
    for lang in BOTH {
        for (why, key) in [
            (Why::Cancelled, "reason-cancelled"),
            (Why::QueueTimeout, "reason-queue-timeout"),
            (Why::NoCredit, "reason-no-credit"),
            (Why::KeyRefused, "reason-key-refused"),
            (Why::Paused, "reason-paused"),
            (Why::ModelGone, "reason-model-gone"),
            (Why::NoAnswer, "reason-no-answer"),
            (Why::Deadline, "reason-deadline"),
            (Why::ResultLost, "reason-result-lost"),
            (Why::InputLost, "reason-input-lost"),
        ] {
            assert_eq!(reason(lang, &why), say(lang, key, &[]), "{why}");
        }
        let said = [("message", Arg::Text("<no>"))];
        assert_eq!(reason(lang, &Why::Rejected { message: message() }), say(lang, "reason-rejected", &said));
        let failed = reason(lang, &Why::TaskFailed { message: message() });
        assert_eq!(failed, say(lang, "reason-task-failed", &said));
        assert!(failed.contains("&lt;no&gt;"), "{failed}");
    }
}
