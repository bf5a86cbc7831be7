//! The balance after each movement: whatever happened, it comes from zero and adds up.

use super::*;
use crate::flow::statement::{Line, Statement, Sums, kind_key, read, table};
use crate::ledger::Transfer;
use crate::payment::{self, Way};

fn whole(stage: &mut Stage, lang: Lang) -> Statement {
    stage.act(move |_, tx| read(tx, lang, ANN, 0, 1_000))
}

/// Kind, change of balance and of what is held, then both and what is available, oldest first.
fn sums(statement: &Statement) -> Vec<(Kind, [i64; 5])> {
    let one = |line: &Line| {
        let Sums { balance, held } = line.change;
        let after = [line.after.balance, line.after.held, line.available].map(Kopecks::get);
        (line.transfer.kind, [balance.get(), held.get(), after[0], after[1], after[2]])
    };
    statement.lines.iter().rev().map(one).collect()
}

#[test]
fn a_part_of_a_hold_that_is_charged_frees_all_of_it() {
    play(|stage| {
        let id = stage.sell("z-image");
        stage.accept(id, "task-1");
        stage.act(move |_, tx| {
            let mut job = tx.job(id)?.expect("a job");
            let hold = job.row.money.hold.expect("held");
            let charge = Transfer::charge(id, ANN, hold, Kopecks::new(50), tx.now().at);
            tx.transfer_for_job(id, &mut job.row.money, &charge)?.expect("less than was held");
            tx.put_job(&job)
        });
        let statement = whole(stage, Lang::Ru);
        assert_eq!(
            sums(&statement),
            [
                (Kind::Adjust, [10_000, 0, 10_000, 0, 10_000]),
                (Kind::Hold, [0, PRICE, 10_000, PRICE, 10_000 - PRICE]),
                (Kind::Charge, [-50, -PRICE, 9_950, 0, 9_950]),
            ]
        );
    });
}

#[test]
fn pages_are_parts_of_the_whole_and_the_whole_comes_from_zero() {
    play(|stage| {
        for _ in 0..3 {
            stage.done();
            let id = stage.sell("z-image");
            stage.refuse(id, Why::Paused);
            stage.skip(DAY);
            stage.sell("z-image");
        }
        let statement = whole(stage, Lang::Ru);
        assert_eq!(statement.lines.len(), 1 + 3 * 5);
        assert!(!statement.more);
        assert_eq!((statement.available.get(), statement.now.held.get()), stage.wallet(ANN));
        let mut before = Sums::default();
        for line in statement.lines.iter().rev() {
            let add = |sum: Kopecks, change: Kopecks| sum.checked_add(change).expect("small sums");
            before.balance = add(before.balance, line.change.balance);
            before.held = add(before.held, line.change.held);
            assert_eq!(before, line.after, "{line:?}");
        }
        assert_eq!(before, statement.now);
        let mut pages = Vec::new();
        for skip in (0..).step_by(5) {
            let page = stage.act(move |_, tx| read(tx, Lang::Ru, ANN, skip, 5));
            pages.extend(page.lines);
            if !page.more {
                break;
            }
        }
        assert_eq!(pages, statement.lines);
        let beyond = stage.act(|_, tx| read(tx, Lang::Ru, ANN, usize::MAX, 5));
        assert_eq!((beyond.lines.len(), beyond.more, beyond.now), (0, false, statement.now));
    });
}

#[test]
fn a_payment_says_its_way_and_that_it_went_back() {
    play(|stage| {
        for way in Way::ALL {
            stage.act(move |_, tx| {
                let paid = tx.credit_payment(way, "charge-1", ANN, Kopecks::new(100))?;
                let (id, _) = paid.expect("credited");
                if way == Way::Stars {
                    return tx.charge_back(id).map(drop);
                }
                let mut payment = tx.payment(id)?.expect("a payment");
                let hold = Transfer::pay_hold(id, 1, ANN, way.account(), Kopecks::new(100), tx.now().at);
                let held = tx.transfer_for_payment(&mut payment, &hold)?.expect("there is enough");
                let taken = way == Way::Card;
                let end = Transfer::pay_hold_end(&hold, held.seq(), id, 1, taken, tx.now().at);
                tx.transfer_for_payment(&mut payment, &end)?.expect("it was held");
                payment.row.state = if taken { payment::State::Refunded } else { payment::State::Paid };
                tx.put_payment(&payment)
            });
        }
        let statement = whole(stage, Lang::Ru);
        let told: Vec<_> =
            statement.lines.iter().map(|line| (kind_key(&line.transfer), &*line.why)).collect();
        assert_eq!(
            told,
            [
                ("move-release", "возврат платежа № 3 не прошёл, деньги снова свободны"),
                ("move-hold", "возвращаем платёж № 3"),
                ("move-topup", "перевод, платёж № 3"),
                ("move-paid-back", "карта, платёж № 2"),
                ("move-hold", "возвращаем платёж № 2"),
                ("move-topup", "карта, платёж № 2"),
                ("move-chargeback", "платёж № 1 вернулся тому, кто платил"),
                ("move-topup", "Telegram Stars, платёж № 1"),
                ("move-adjust", "a test"),
            ]
        );
        assert_eq!((statement.now.balance.get(), statement.now.held.get()), (10_100, 0));
        let back = sums(&statement).into_iter().map(|(_, sums)| sums).collect::<Vec<_>>();
        assert_eq!(back[4..6], [[0, 100, 10_100, 100, 10_000], [-100, -100, 10_000, 0, 10_000]]);
    });
}

#[test]
fn the_english_table_has_commas_between_its_cells_and_points_in_its_numbers() {
    play(|stage| {
        stage.done();
        let statement = whole(stage, Lang::En);
        let table = String::from_utf8(table(Lang::En, &statement.lines, &statement.old)).expect("UTF-8");
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[0],
            "\u{feff}Date (UTC),Movement,Amount,Reserved,Balance,Available,Why,Model,Task,Row"
        );
        assert_eq!(
            lines[1],
            "2026-11-23T10:55:00Z,Charged,-0.76,-0.76,99.24,99.24,the result is there,Z-Image Turbo,1,3"
        );
        assert_eq!(lines.len(), 4);
    });
}
