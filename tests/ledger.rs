//! Who may move what: tables of transfers through the real store, each with what it answers and how
//! the wallet stands after it. After every table the whole audit passes.

use crate::shop::{Shop, end, job};
use samovar::ids::{ActionId, JobId, PaymentId, Seq, UserId};
use samovar::job::{Late, State, Why};
use samovar::ledger::{Account, Counters, Memo, Refusal, Situation, Standing, Transfer, apply};
use samovar::money::Kopecks;
use samovar::payment::{State as Paid, Way};
use samovar::store::{Fault, Posted, Tx};
use samovar::time::At;
use std::collections::HashMap;

/// Runs a table. A line is `command … -> answer  user N free, M held`; amounts are roubles; what
/// has no `id=` or `action=` gets one of its own.
#[track_caller]
fn check(table: &str) {
    let shop = Shop::new();
    for (number, line) in table.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        let (command, expected) = line.split_once("->").expect("an arrow");
        let (answer, wallet) = match expected.trim().split_once(char::is_whitespace) {
            Some((answer, wallet)) => (answer, Some(wallet)),
            None => (expected.trim(), None),
        };
        let order = Order::parse(command, number);
        let found = shop.act(move |tx| order.run(tx));
        assert_eq!(named(found), answer, "{line}");
        if let Some(wallet) = wallet {
            wallet_is(&shop, wallet, line);
        }
    }
}

#[track_caller]
fn wallet_is(shop: &Shop, expected: &str, line: &str) {
    let words: Vec<_> = expected.split_whitespace().collect();
    let [name, free, "free,", held, "held"] = words[..] else { panic!("{line}") };
    let counters = shop.act({
        let user = user(name);
        move |tx| Ok(tx.account(Account::User(user))?.counters)
    });
    let found = (counters.available().expect("it fits"), counters.held());
    assert_eq!(found, (amount(free), amount(held)), "{line}");
}

fn user(name: &str) -> UserId {
    match name {
        "ann" => UserId(1),
        "bob" => UserId(2),
        other => panic!("nobody is called {other}"),
    }
}

fn amount(text: &str) -> Kopecks {
    Kopecks::parse(text).expect("an amount")
}

/// One line's command.
struct Order {
    what: String,
    user: Option<UserId>,
    amount: Option<Kopecks>,
    named: HashMap<String, String>,
}

impl Order {
    fn parse(command: &str, line: usize) -> Self {
        let mut words = command.split_whitespace();
        let what = words.next().expect("a command").to_owned();
        let mut named = HashMap::from([
            ("id".to_owned(), line.to_string()),
            ("action".to_owned(), (line + 1_000).to_string()),
        ]);
        let mut order = Self { what, user: None, amount: None, named: HashMap::new() };
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => drop(named.insert(name.to_owned(), value.to_owned())),
                None if word.starts_with(char::is_alphabetic) => order.user = Some(user(word)),
                None => order.amount = Some(amount(word)),
            }
        }
        Self { named, ..order }
    }

    fn number(&self, name: &str) -> u64 {
        self.named[name].parse().expect("a number")
    }

    fn run(&self, tx: &mut Tx<'_>) -> Result<Result<Posted, Refusal>, Fault> {
        let amount = self.amount.unwrap_or(Kopecks::ZERO);
        match self.what.as_str() {
            "topup" => {
                let way = match self.named.get("from").map(String::as_str) {
                    None | Some("stars") => Way::Stars,
                    Some("card") => Way::Card,
                    Some("manual") => Way::Manual,
                    Some(other) => panic!("no source {other}"),
                };
                let user = self.user.expect("whose");
                let credited = tx.credit_payment(way, &self.named["id"], user, amount)?;
                Ok(credited.map(|(_, posted)| posted))
            }
            "welcome" => {
                let user = self.user.expect("whose");
                tx.transfer_welcome(user, &Transfer::welcome(user, amount, tx.now().at)).map(Ok)
            }
            "adjust" => {
                let action = ActionId(self.number("action"));
                tx.adjust(action, "cli", self.user.expect("whose"), amount, "a test")
            }
            "chargeback" => {
                let posted = tx.charge_back(PaymentId(self.number("payment")))?;
                Ok(Ok(posted.expect("a known payment")))
            }
            "payhold" | "paytaken" | "payrelease" | "payback" => self.run_for_payment(tx),
            _ => self.run_for_job(tx, amount),
        }
    }

    /// Giving a payment back: all of it, as the next try (or the last, to end it), if the line says nothing else.
    fn run_for_payment(&self, tx: &mut Tx<'_>) -> Result<Result<Posted, Refusal>, Fault> {
        let id = PaymentId(self.number("pay"));
        let mut payment = tx.payment(id)?.expect("a known payment");
        let (row, at) = (payment.row.clone(), tx.now().at);
        let user = self.user.unwrap_or(row.user);
        let amount = self.amount.unwrap_or(row.amount);
        let tries = u32::try_from(row.money.tries.len()).expect("a few tries");
        let is_hold = self.what == "payhold";
        let nth = match self.named.get("try") {
            Some(nth) => nth.parse().expect("a number"),
            None => tries + u32::from(is_hold),
        };
        let seq = match self.named.get("hold") {
            Some(other) => Seq(other.parse().expect("a row")),
            None => row.money.tries.last().map_or(Seq(77), |last| last.hold),
        };
        let hold = Transfer::pay_hold(id, nth, user, row.way.account(), amount, at);
        let (transfer, after) = match self.what.as_str() {
            "payhold" => (hold, Paid::Refunding),
            "paytaken" => (Transfer::pay_hold_end(&hold, seq, id, nth, true, at), Paid::Refunded),
            "payrelease" => (Transfer::pay_hold_end(&hold, seq, id, nth, false, at), Paid::Paid),
            _ => (Transfer::chargeback(id, user, amount, at), Paid::ChargedBack),
        };
        let posted = tx.transfer_for_payment(&mut payment, &transfer)?;
        if let Ok(Posted::New(_)) = posted {
            payment.row.state = after;
            tx.put_payment(&payment)?;
        }
        Ok(posted)
    }

    fn run_for_job(&self, tx: &mut Tx<'_>, amount: Kopecks) -> Result<Result<Posted, Refusal>, Fault> {
        let id = JobId(self.number("job"));
        let queued = State::Queued { since: tx.now().up, not_before: tx.now().up };
        let mut job = match tx.job(id)? {
            Some(job) => job,
            None => job(id, self.user.unwrap_or(UserId(1)), queued),
        };
        let (user, at) = (self.user.unwrap_or(job.row.user), tx.now().at);
        let hold = match self.named.get("hold") {
            Some(other) => Seq(other.parse().expect("a row")),
            None => job.row.money.hold.unwrap_or(Seq(77)),
        };
        let failed = State::Failed { why: Why::Paused, late: Late::Never };
        let (transfer, after) = match self.what.as_str() {
            "hold" => (Transfer::hold(id, user, amount, at), None),
            "charge" => {
                (Transfer::charge(id, user, hold, amount, at), Some(State::Done { files: Vec::new() }))
            }
            "release" => (Transfer::release(id, user, hold, amount, at, Memo::Failed), Some(failed)),
            "refund" => (Transfer::refund(id, user, amount, at, Memo::Undeliverable), None),
            "loss" => (Transfer::loss(id, amount, at), None),
            other => panic!("no command {other}"),
        };
        let posted = tx.transfer_for_job(id, &mut job.row.money, &transfer)?;
        if let Ok(Posted::New(_)) = posted {
            if let Some(state) = after {
                end(tx, &mut job, state)?;
            }
            tx.put_job(&job)?;
        }
        Ok(posted)
    }
}

/// What the tables call an answer.
fn named(posted: Result<Posted, Refusal>) -> String {
    match posted {
        Ok(Posted::New(_)) => "ok".to_owned(),
        Ok(Posted::Before(_)) => "exists".to_owned(),
        Err(Refusal::Short { missing }) => format!("short:{missing}"),
        Err(Refusal::ExistsDifferent(field)) => format!("differs:{field}"),
        Err(Refusal::NotPositive) => "not-positive".to_owned(),
        Err(Refusal::WrongAccounts) => "wrong-accounts".to_owned(),
        Err(Refusal::NoHold) => "no-hold".to_owned(),
        Err(Refusal::AlreadyCharged) => "charged-already".to_owned(),
        Err(Refusal::AlreadyReleased) => "released-already".to_owned(),
        Err(Refusal::NotTheHold) => "not-the-hold".to_owned(),
        Err(Refusal::NotCharged) => "not-charged".to_owned(),
        Err(Refusal::AlreadyRefunded) => "refunded-already".to_owned(),
        Err(Refusal::NoLoss) => "no-loss".to_owned(),
        Err(Refusal::TooLarge) => "too-large".to_owned(),
    }
}

#[test]
fn a_wallet_is_filled_and_spent_and_never_goes_below_zero() {
    check(
        "
        topup   ann 100            -> ok            ann 100 free, 0 held
        hold    ann 60 job=1       -> ok            ann 40 free, 60 held
        hold    ann 50 job=2       -> short:10.00   ann 40 free, 60 held
        hold    ann 40.01 job=2    -> short:0.01    ann 40 free, 60 held
        hold    ann 40 job=2       -> ok            ann 0 free, 100 held
        hold    ann 0.01 job=3     -> short:0.01    ann 0 free, 100 held
        charge  60 job=1           -> ok            ann 0 free, 40 held
        release 40 job=2           -> ok            ann 40 free, 0 held
        adjust  ann -40.01         -> short:0.01    ann 40 free, 0 held
        adjust  ann -40            -> ok            ann 0 free, 0 held
        hold    bob 1 job=4        -> short:1.00    bob 0 free, 0 held
        ",
    );
}

#[test]
fn a_capture_may_take_a_part_of_its_hold_and_the_rest_is_free_again() {
    check(
        "
        topup   ann 100            -> ok              ann 100 free, 0 held
        hold    ann 60 job=1       -> ok              ann 40 free, 60 held
        charge  60.01 job=1        -> not-the-hold    ann 40 free, 60 held
        charge  45 job=1           -> ok              ann 55 free, 0 held
        charge  45 job=1           -> exists          ann 55 free, 0 held
        charge  44 job=1           -> differs:amount  ann 55 free, 0 held
        release 60 job=1           -> charged-already ann 55 free, 0 held
        hold    ann 55 job=2       -> ok              ann 0 free, 55 held
        charge  0.01 job=2         -> ok              ann 54.99 free, 0 held
        ",
    );
}

#[test]
fn a_hold_ends_once() {
    check(
        "
        topup   ann 100            -> ok
        charge  10 job=1           -> no-hold          ann 100 free, 0 held
        release 10 job=1           -> no-hold          ann 100 free, 0 held
        hold    ann 60 job=1       -> ok               ann 40 free, 60 held
        hold    ann 60 job=1       -> exists           ann 40 free, 60 held
        hold    ann 61 job=1       -> differs:amount   ann 40 free, 60 held
        hold    bob 60 job=1       -> differs:debit    ann 40 free, 60 held
        release 59 job=1           -> not-the-hold     ann 40 free, 60 held
        release 61 job=1           -> not-the-hold     ann 40 free, 60 held
        topup   bob 100            -> ok
        hold    bob 60 job=2       -> ok               bob 40 free, 60 held
        charge  bob 60 job=1       -> not-the-hold     bob 40 free, 60 held
        release bob 60 job=1       -> not-the-hold     bob 40 free, 60 held
        charge  60 job=1 hold=4    -> not-the-hold     bob 40 free, 60 held
        release 60 job=1 hold=4    -> not-the-hold     ann 40 free, 60 held
        release 60 job=1           -> ok               ann 100 free, 0 held
        release 60 job=1           -> exists           ann 100 free, 0 held
        charge  60 job=1           -> released-already ann 100 free, 0 held
        hold    ann 60 job=1       -> exists           ann 100 free, 0 held
        ",
    );
}

#[test]
fn a_refund_gives_back_at_most_what_was_charged_and_once() {
    check(
        "
        topup   ann 100            -> ok
        refund  10 job=1           -> not-charged      ann 100 free, 0 held
        hold    ann 60 job=1       -> ok
        refund  60 job=1           -> not-charged      ann 40 free, 60 held
        charge  45 job=1           -> ok               ann 55 free, 0 held
        refund  45.01 job=1        -> not-charged      ann 55 free, 0 held
        refund  bob 45 job=1       -> not-charged      bob 0 free, 0 held
        refund  40 job=1           -> ok               ann 95 free, 0 held
        refund  40 job=1           -> exists           ann 95 free, 0 held
        refund  5 job=1            -> differs:amount   ann 95 free, 0 held
        release 60 job=1           -> charged-already  ann 95 free, 0 held
        loss    3 job=1            -> no-loss          ann 95 free, 0 held
        hold    ann 10 job=2       -> ok
        release 10 job=2           -> ok
        refund  10 job=2           -> not-charged      ann 95 free, 0 held
        ",
    );
}

#[test]
fn a_loss_comes_only_after_a_release_and_once() {
    check(
        "
        topup   ann 100            -> ok
        loss    3 job=1            -> no-loss
        hold    ann 10 job=1       -> ok
        loss    3 job=1            -> no-loss          ann 90 free, 10 held
        release 10 job=1           -> ok               ann 100 free, 0 held
        loss    3 job=1            -> ok               ann 100 free, 0 held
        loss    3 job=1            -> exists           ann 100 free, 0 held
        loss    4 job=1            -> differs:amount   ann 100 free, 0 held
        charge  10 job=1           -> released-already ann 100 free, 0 held
        refund  10 job=1           -> not-charged      ann 100 free, 0 held
        ",
    );
}

#[test]
fn a_payment_is_credited_once_by_its_outside_id() {
    check(
        "
        topup   ann 100 id=x              -> ok             ann 100 free, 0 held
        topup   ann 100 id=x              -> exists         ann 100 free, 0 held
        topup   ann 101 id=x              -> differs:amount ann 100 free, 0 held
        topup   bob 100 id=x              -> differs:credit bob 0 free, 0 held
        topup   bob 100 id=x from=card    -> ok             bob 100 free, 0 held
        topup   ann 5 id=y from=manual    -> ok             ann 105 free, 0 held
        topup   ann 5 id=z                -> ok             ann 110 free, 0 held
        topup   ann 0                     -> not-positive   ann 110 free, 0 held
        topup   ann -1                    -> not-positive   ann 110 free, 0 held
        hold    ann 0 job=1               -> not-positive   ann 110 free, 0 held
        ",
    );
}

#[test]
fn a_chargeback_may_put_a_wallet_below_zero_and_then_nothing_can_be_ordered() {
    check(
        "
        topup      ann 100          -> ok             ann 100 free, 0 held
        hold       ann 60 job=1     -> ok             ann 40 free, 60 held
        hold       ann 10 job=2     -> ok             ann 30 free, 70 held
        chargeback payment=1        -> ok             ann -70 free, 70 held
        chargeback payment=1        -> exists         ann -70 free, 70 held
        hold       ann 1 job=3      -> short:71.00    ann -70 free, 70 held
        adjust     ann -1           -> short:71.00    ann -70 free, 70 held
        charge     60 job=1         -> ok             ann -70 free, 10 held
        release    10 job=2         -> ok             ann -60 free, 0 held
        topup      ann 100          -> ok             ann 40 free, 0 held
        hold       ann 40 job=3     -> ok             ann 0 free, 40 held
        ",
    );
}

#[test]
fn a_payment_goes_back_once_whole_and_only_from_what_is_there() {
    check(
        "
        topup      ann 100              -> ok               ann 100 free, 0 held
        paytaken   pay=1                -> no-hold          ann 100 free, 0 held
        payrelease pay=1                -> no-hold          ann 100 free, 0 held
        payhold    pay=1 99             -> not-the-hold     ann 100 free, 0 held
        payhold    pay=1 101            -> not-the-hold     ann 100 free, 0 held
        payhold    bob pay=1            -> not-the-hold     ann 100 free, 0 held
        payhold    pay=1 try=2          -> not-the-hold     ann 100 free, 0 held
        payhold    pay=1                -> ok               ann 0 free, 100 held
        payhold    pay=1 try=1          -> exists           ann 0 free, 100 held
        payhold    pay=1 try=1 99       -> differs:amount   ann 0 free, 100 held
        payhold    pay=1 try=2          -> not-the-hold     ann 0 free, 100 held
        payback    pay=1                -> not-the-hold     ann 0 free, 100 held
        hold       ann 0.01 job=1       -> short:0.01       ann 0 free, 100 held
        topup      bob 100              -> ok
        payhold    pay=2                -> ok               bob 0 free, 100 held
        paytaken   pay=1 99             -> not-the-hold     ann 0 free, 100 held
        paytaken   bob pay=1            -> not-the-hold     bob 0 free, 100 held
        paytaken   pay=1 hold=4         -> not-the-hold     bob 0 free, 100 held
        payrelease pay=1 99             -> not-the-hold     ann 0 free, 100 held
        payrelease pay=1 hold=4         -> not-the-hold     ann 0 free, 100 held
        paytaken   pay=1                -> ok               ann 0 free, 0 held
        paytaken   pay=1                -> exists           ann 0 free, 0 held
        payrelease pay=1                -> charged-already  ann 0 free, 0 held
        payhold    pay=1 try=1          -> exists           ann 0 free, 0 held
        topup      ann 100              -> ok               ann 100 free, 0 held
        payhold    pay=1 try=2          -> charged-already  ann 100 free, 0 held
        payback    pay=1                -> refunded-already ann 100 free, 0 held
        paytaken   pay=2                -> ok               bob 0 free, 0 held
        ",
    );
}

#[test]
fn a_refund_that_its_source_refused_may_be_tried_again() {
    check(
        "
        topup      ann 100              -> ok               ann 100 free, 0 held
        payhold    pay=1                -> ok               ann 0 free, 100 held
        payrelease pay=1                -> ok               ann 100 free, 0 held
        payrelease pay=1                -> exists           ann 100 free, 0 held
        paytaken   pay=1                -> released-already ann 100 free, 0 held
        hold       ann 60 job=1         -> ok               ann 40 free, 60 held
        payhold    pay=1                -> short:60.00      ann 40 free, 60 held
        release    60 job=1             -> ok               ann 100 free, 0 held
        payhold    pay=1                -> ok               ann 0 free, 100 held
        payrelease pay=1 try=1 hold=2   -> exists           ann 0 free, 100 held
        payrelease pay=1 try=1          -> differs:pending_of
        paytaken   pay=1 try=1          -> not-the-hold     ann 0 free, 100 held
        paytaken   pay=1 hold=2         -> not-the-hold     ann 0 free, 100 held
        paytaken   pay=1                -> ok               ann 0 free, 0 held
        payhold    pay=1                -> charged-already  ann 0 free, 0 held
        ",
    );
}

#[test]
fn a_payment_that_its_source_took_back_is_taken_once_even_below_zero() {
    check(
        "
        topup      ann 100 from=card    -> ok               ann 100 free, 0 held
        hold       ann 60 job=1         -> ok               ann 40 free, 60 held
        payback    pay=1 40             -> not-the-hold     ann 40 free, 60 held
        payback    bob pay=1            -> not-the-hold     bob 0 free, 0 held
        payback    pay=1                -> ok               ann -60 free, 60 held
        payback    pay=1                -> exists           ann -60 free, 60 held
        charge     60 job=1             -> ok               ann -60 free, 0 held
        topup      ann 200              -> ok               ann 140 free, 0 held
        payhold    pay=1                -> charged-already  ann 140 free, 0 held
        topup      ann 10               -> ok               ann 150 free, 0 held
        payhold    pay=3                -> ok               ann 140 free, 10 held
        chargeback payment=2            -> ok               ann -60 free, 10 held
        payrelease pay=3                -> ok               ann -50 free, 0 held
        payback    pay=3                -> ok               ann -60 free, 0 held
        payhold    pay=3                -> charged-already  ann -60 free, 0 held
        ",
    );
}

#[test]
fn a_gift_comes_once_and_a_correction_once_by_its_action() {
    check(
        "
        welcome ann 50              -> ok             ann 50 free, 0 held
        welcome ann 70              -> exists         ann 50 free, 0 held
        adjust  ann 5 action=1      -> ok             ann 55 free, 0 held
        adjust  ann 5 action=1      -> exists         ann 55 free, 0 held
        adjust  ann 6 action=1      -> differs:amount ann 55 free, 0 held
        adjust  ann -5 action=1     -> differs:debit  ann 55 free, 0 held
        adjust  ann -5 action=2     -> ok             ann 50 free, 0 held
        adjust  ann 0               -> not-positive   ann 50 free, 0 held
        ",
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    check(
        "
        topup   ann 92233720368547758.07         -> ok         ann 92233720368547758.07 free, 0 held
        topup   ann 0.01                         -> too-large  ann 92233720368547758.07 free, 0 held
        adjust  ann 0.01                         -> too-large  ann 92233720368547758.07 free, 0 held
        hold    ann 92233720368547758.07 job=1   -> ok         ann 0 free, 92233720368547758.07 held
        hold    ann 0.01 job=2                   -> short:0.01
        charge  92233720368547758.07 job=1       -> ok         ann 0 free, 0 held
        topup   ann 0.01 from=card               -> too-large  ann 0 free, 0 held
        ",
    );
}

/// The rules alone, for what the store's derived refs let nobody ask: each kind against each
/// standing of its job's money, without a row of the same ref.
#[test]
fn every_kind_against_every_standing() {
    let (id, at, user) = (JobId(1), At(0), UserId(1));
    let ten = Kopecks::new(1_000);
    let transfers = [
        Transfer::hold(id, user, ten, at),
        Transfer::charge(id, user, Seq(1), ten, at),
        Transfer::release(id, user, Seq(1), ten, at, Memo::Failed),
        Transfer::refund(id, user, ten, at, Memo::Undeliverable),
        Transfer::loss(id, ten, at),
        Transfer::chargeback(PaymentId(1), user, ten, at),
    ];
    let table = [
        (Standing::Nothing, "ok no-hold no-hold not-charged no-loss ok"),
        (Standing::Held(ten), "not-the-hold ok ok not-charged no-loss not-the-hold"),
        (
            Standing::Charged(ten),
            "charged-already charged-already charged-already ok no-loss refunded-already",
        ),
        (
            Standing::Refunded,
            "charged-already charged-already charged-already refunded-already no-loss refunded-already",
        ),
        (Standing::Released, "released-already released-already released-already not-charged ok ok"),
        (
            Standing::Lost,
            "released-already released-already released-already not-charged no-loss refunded-already",
        ),
    ];
    let side = Counters { debits_pending: ten, credits_pending: ten, ..Counters::default() };
    let rich = Counters { credits_posted: Kopecks::new(100_000), ..side };
    let hold = Some((Seq(1), &transfers[0]));
    for (standing, expected) in table {
        let situation = Situation { same_ref: None, debit: rich, credit: side, standing, hold };
        let found: Vec<_> = transfers
            .iter()
            .map(|transfer| named(apply(&situation, transfer).map(|_| Posted::New(Seq(1)))))
            .collect();
        assert_eq!(found.join(" "), expected, "{standing:?}");
    }
}
