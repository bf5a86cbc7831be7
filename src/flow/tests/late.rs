//! What comes after the money went back: a gift, and the operator's loss.

use super::{ANN, PRICE, SECOND, Stage, picture, play, text};
use crate::ids::JobId;
use crate::job::{Event, Late, State};
use crate::ledger::{Account, Kind, Memo};
use crate::message::{About, Lang};
use crate::texts::{Arg, say};
use rust_decimal::Decimal;

const JOB: JobId = JobId(1);

/// Ann's job took too long; nobody has been told anything else.
fn given_up(stage: &mut Stage) {
    stage.accept(JOB, "t-1");
    stage.skip(900 * SECOND);
    stage.step(JOB, Event::Running);
    stage.hush();
}

#[test]
fn a_late_result_is_given_away_and_booked_as_the_operators_loss() {
    play(|stage| {
        stage.sell("z-image");
        given_up(stage);
        let before = stage.job(JOB);
        let first = before.told.expect("told");
        stage.skip(600 * SECOND);
        stage.step(JOB, Event::Succeeded { urls: vec!["https://kie/1.png".to_owned()] });
        assert!(matches!(stage.job(JOB).state, State::Failed { late: Late::Fetch { .. }, .. }));
        assert_eq!(stage.timeline(JOB).len(), 4, "nothing new for the timeline yet");
        stage.step(JOB, Event::Fetched { files: vec![picture()] });

        let row = stage.job(JOB);
        assert_eq!(row.state, State::Late { files: vec![picture()] });
        assert_eq!(row.ended, before.ended, "it ended when the money went back");
        assert_eq!(stage.user(ANN).open_jobs, 0);
        let back = [(Kind::Hold, PRICE, Memo::Ordered), (Kind::Release, PRICE, Memo::Failed)];
        assert_eq!((stage.sales(), stage.wallet(ANN)), (back.to_vec(), (10_000, 0)));
        // What z-image costs in dollars, in roubles.
        let loss = [(Kind::Loss, 38, Memo::Late)];
        assert_eq!(
            (stage.ledger(Account::Loss), stage.ledger(Account::Provider)),
            (loss.into(), loss.into())
        );
        assert_eq!(stage.last_event(JOB), ("fetched".to_owned(), "1 file(s)".to_owned()));
        let (_, told, gift) = stage.ending(JOB);
        assert!(told != first && gift.outgoing.about == About::Result(JOB));
        let title = [("model", Arg::Text("Z-Image Turbo"))];
        assert!(text(&gift).starts_with(&say(Lang::Ru, "job-late-gift", &title)), "{gift:?}");
        assert!(stage.texts(ANN, 2).is_empty(), "its status says failed, and that stays");
        assert_eq!(stage.act(|_, tx| tx.sold("z-image")), 0);
    });
}

#[test]
fn what_cost_less_than_half_a_kopeck_is_no_loss() {
    for (usd_to_rub, kopecks) in [(Decimal::ONE, None), (Decimal::new(125, 2), Some(1))] {
        play(|stage| {
            stage.sell("z-image");
            given_up(stage);
            stage.shop.rates.usd_to_rub = usd_to_rub;
            stage.finish(JOB);
            let losses: Vec<_> =
                kopecks.map(|kopecks| (Kind::Loss, kopecks, Memo::Late)).into_iter().collect();
            assert_eq!(stage.ledger(Account::Loss), losses, "{usd_to_rub}");
            assert!(matches!(stage.job(JOB).state, State::Late { .. }));
        });
    }
}

#[test]
fn a_free_use_that_comes_late_moves_no_money() {
    play(|stage| {
        stage.shop.free.daily = 1;
        stage.place(ANN, "z-image", 0).expect("sold");
        given_up(stage);
        stage.finish(JOB);
        assert!(matches!(stage.job(JOB).state, State::Late { .. }));
        assert_eq!((stage.sales(), stage.ledger(Account::Loss)), (Vec::new(), Vec::new()));
    });
}

#[test]
fn a_look_at_a_job_that_failed_is_nobodys_news() {
    play(|stage| {
        stage.sell("z-image");
        given_up(stage);
        let (told, events) = (stage.job(JOB).told, stage.timeline(JOB));
        stage.step(JOB, Event::Running);
        stage.skip(24 * 3600 * SECOND);
        stage.step(JOB, Event::Expire);
        let row = stage.job(JOB);
        assert!(matches!(row.state, State::Failed { late: Late::Never, .. }));
        assert_eq!((row.told, row.due, stage.timeline(JOB)), (told, None, events));
        assert!(stage.texts(ANN, 2).is_empty());
        assert_eq!((stage.texts(ANN, 1).len(), stage.wallet(ANN)), (1, (10_000, 0)));
    });
}
