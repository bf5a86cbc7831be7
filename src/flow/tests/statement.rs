//! The balance after each movement: whatever happened, it comes from zero and adds up.

use super::*;
use crate::flow::statement::{Line, Statement, Sums, kind_key, read, table};
use crate::ledger::Transfer;

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
fn a_payment_says_its_way_and_a_chargeback_that_it_went() {
    play(|stage| {
        for source in [Account::CashStars, Account::CashManual, Account::CashCard] {
            stage.act(move |_, tx| {
                let paid = tx.credit_payment(source, "charge-1", ANN, Kopecks::new(100))?;
                let (payment, _) = paid.expect("credited");
                if source == Account::CashStars { tx.charge_back(payment).map(drop) } else { Ok(()) }
            });
        }
        let statement = whole(stage, Lang::Ru);
        let told: Vec<_> =
            statement.lines.iter().map(|line| (kind_key(&line.transfer), &*line.why)).collect();
        assert_eq!(
            told,
            [
                ("move-topup", "карта, платёж № 3"),
                ("move-topup", "перевод, платёж № 2"),
                ("move-chargeback", "платёж № 1 вернулся тому, кто платил"),
                ("move-topup", "Telegram Stars, платёж № 1"),
                ("move-adjust", "a test"),
            ]
        );
    });
}

#[test]
fn the_english_table_has_commas_between_its_cells_and_points_in_its_numbers() {
    play(|stage| {
        stage.done();
        let statement = whole(stage, Lang::En);
        let table = String::from_utf8(table(Lang::En, &statement.lines)).expect("UTF-8");
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
