//! Every word about payments ten times over and in any order: the question before, the payment, that it
//! went back. Some are never told at all, and the list of Star transactions tells of them. Each payment is
//! credited once and goes back at most once, and in the end the ledger and Telegram agree.
//!
//! `PAY_SEED=7 cargo test --test samovar -- payshuffle::` plays another order.

use crate::support::{ADMIN, Mode, TestApp};
use samovar::flow::refund;
use samovar::ids::{PaymentId, UserId};
use samovar::payment::State;
use samovar::sandbox::telegram::Payment;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const PAYERS: std::ops::RangeInclusive<i64> = 3001..=3006;
const TIMES: usize = 10;
const SENDERS: usize = 8;

/// What Telegram may say of a payment, as often as it likes.
#[derive(Clone)]
enum Told {
    Update(String),
    /// Somebody presses Pay on an invoice in a chat.
    Asks {
        person: i64,
        chat: i64,
        invoice: i64,
    },
}

fn word(number: i64, payment: &Payment, came: bool) -> Told {
    let person = payment.person;
    let mut money = json!({
        "currency": payment.currency, "total_amount": payment.total, "invoice_payload": payment.payload,
        "telegram_payment_charge_id": payment.charge, "provider_payment_charge_id": payment.provider_charge,
    });
    let message_id = if came { payment.message_id } else { payment.message_id + 10_000 };
    let mut message = json!({
        "message_id": message_id, "date": 1, "chat": {"id": person, "type": "private"},
        "from": {"id": person, "is_bot": false, "first_name": "Клиент", "language_code": "ru"},
    });
    let name = if came { "successful_payment" } else { "refunded_payment" };
    message[name] = std::mem::take(&mut money);
    Told::Update(json!({"update_id": 900_000_000 + number, "message": message}).to_string())
}

/// Each word in two updates, for Telegram may tell the same again under another number.
fn words(payments: &[Payment]) -> Vec<Told> {
    let mut told = Vec::new();
    for (number, payment) in (0..).zip(payments) {
        for copy in 0..2 {
            told.push(word(4 * number + copy, payment, true));
            if payment.refunded_at_ms.is_some() {
                told.push(word(4 * number + 2 + copy, payment, false));
            }
        }
    }
    told
}

async fn send(app: &TestApp, told: Vec<Told>) {
    for one in told {
        match one {
            Told::Update(body) => {
                let secret = app.webhook_secret();
                assert_eq!(app.post("/webhook", Some(&secret), body).await.status(), 200);
            }
            Told::Asks { person, chat, invoice } => {
                let asked = app.sandbox.telegram.act(|world, now| world.pay(now, person, chat, invoice));
                asked.expect("asked");
            }
        }
    }
}

/// All of it ten times, in any order, by several senders at once.
async fn storm(app: &TestApp, told: &[Told], dice: &mut fastrand::Rng) {
    let mut all: Vec<_> = (0..TIMES).flat_map(|_| told.iter().cloned()).collect();
    dice.shuffle(&mut all);
    let senders =
        (0..SENDERS).map(|sender| send(app, all.iter().skip(sender).step_by(SENDERS).cloned().collect()));
    futures_util::future::join_all(senders).await;
}

/// Payments of all kinds, of which nobody has told the bot: of an invoice, of another's, of a wrong sum, out
/// of nowhere; some have gone back already. Gives the invoices.
/// Waits until all was told and had its effect. Every odd payment is told to the operator, who takes a
/// message a second.
async fn heard(app: &TestApp) {
    app.until("an empty outbox", |view| {
        app.skip(Duration::from_secs(1));
        (view.outbox_depth().ok()? == 0).then_some(())
    })
    .await;
    app.heard().await;
}

async fn makes_payments(app: &TestApp, dice: &mut fastrand::Rng) -> Vec<(i64, i64)> {
    let mut invoices = Vec::new();
    for person in PAYERS {
        let customer = app.user(person);
        customer.sends("/topup");
        customer.taps("pay:10000").await;
        invoices.push((person, customer.sees_invoice(81).await.id));
    }
    heard(app).await;
    app.sandbox.telegram.act(|world, now| {
        world.keep_payments_quiet(true);
        for (person, invoice) in &invoices {
            let other = PAYERS.start() + (person - PAYERS.start() + 1) % 6;
            let mut charges = vec![
                world.pay_unasked(now, *person, *person, *invoice).expect("paid"),
                world.pay_unasked(now, other, *person, *invoice).expect("paid by another"),
                world.pays_out_of_nowhere(now, *person, ("XTR", 7), "topup:4").expect("paid"),
                world.pays_out_of_nowhere(now, *person, ("XTR", 5), "of another bot").expect("paid"),
            ];
            dice.shuffle(&mut charges);
            for charge in charges.iter().take(2) {
                world.charge_back(now, charge).expect("given back");
            }
        }
    });
    invoices
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_told_of_payments_each_comes_once_and_goes_back_at_most_once() {
    let seed: u64 = std::env::var("PAY_SEED").map_or(0x57a2_0001, |seed| seed.parse().expect("a number"));
    crate::support::tell(&format!("payshuffle: PAY_SEED={seed}"));
    let mut dice = fastrand::Rng::with_seed(seed);
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let invoices = makes_payments(&app, &mut dice).await;
    let made = app.sandbox.telegram.look(|world| world.payments().to_vec());

    // Of every fifth nobody ever tells; of the others everything, and people press Pay all the while.
    let told_of: Vec<Payment> =
        (0..).zip(&made).filter(|(nth, _)| nth % 5 > 0).map(|(_, one)| one.clone()).collect();
    let mut told = words(&told_of);
    let asks =
        |(person, invoice): &(i64, i64)| Told::Asks { person: *person, chat: *person, invoice: *invoice };
    told.extend(invoices.iter().map(asks));
    storm(&app, &told, &mut dice).await;
    heard(&app).await;
    let came: BTreeSet<String> = app.stars_that_came().into_keys().collect();
    let known: BTreeSet<String> = told_of.iter().map(|one| one.charge.clone()).collect();
    assert_eq!(came, known, "what was told came, and nothing else");

    // An operator gives some back, and all is told again, with what went back since.
    let paid: Vec<PaymentId> = app
        .stars_that_came()
        .into_values()
        .filter(|one| one.row.state == State::Paid)
        .map(|one| one.id)
        .collect();
    for id in paid.iter().copied().step_by(3) {
        let begun = app.store().write("refund", move |tx| refund::begin(tx, id, UserId(ADMIN))).await;
        begun.expect("written").expect("it is still in the wallet");
    }
    let made = app.sandbox.telegram.look(|world| world.payments().to_vec());
    let again: Vec<Payment> = made.into_iter().filter(|one| known.contains(&one.charge)).collect();
    storm(&app, &words(&again), &mut dice).await;
    heard(&app).await;

    // The list tells of the rest.
    let many = app.sandbox.telegram.look(|world| world.payments().len());
    app.until("the comparison", |_| {
        app.skip(Duration::from_secs(601));
        (app.stars_that_came().len() == many).then_some(())
    })
    .await;
    app.skip(Duration::from_secs(601));
    heard(&app).await;
    app.until("what went back", |_| {
        let came = app.stars_that_came();
        let back =
            |one: &Payment| matches!(came[&one.charge].row.state, State::Refunded | State::ChargedBack);
        let made = app.sandbox.telegram.look(|world| world.payments().to_vec());
        made.iter().all(|one| one.refunded_at_ms.is_some() == back(one)).then_some(())
    })
    .await;
    heard(&app).await;
    app.agrees_with_telegram();
    let refunded = app.stars_that_came().into_values().filter(|one| one.row.state == State::Refunded).count();
    assert_eq!(refunded, paid.len().div_ceil(3), "each that an operator gave back");
}

/// Telegram lists a hundred transactions at once; what was compared for good is not read again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_is_compared_page_by_page_to_its_end() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let payer = *PAYERS.start();
    app.user(payer).sends("/start").sees("Самовар").await;
    let pays = |many: usize| {
        app.sandbox.telegram.act(|world, now| {
            world.keep_payments_quiet(true);
            let pay = |_| world.pays_out_of_nowhere(now, payer, ("XTR", 2), "?").expect("paid");
            (0..many).map(pay).collect::<Vec<_>>()
        })
    };
    let comes = |many: usize| {
        let app = &app;
        async move {
            app.until("the comparison", |_| {
                app.skip(Duration::from_secs(601));
                (app.stars_that_came().len() == many).then_some(())
            })
            .await;
            // Telegram takes one message a second in a chat.
            app.until("the receipts", |view| {
                app.skip(Duration::from_secs(60));
                (view.outbox_depth().ok()? == 0).then_some(())
            })
            .await;
        }
    };
    let first = pays(230);
    comes(230).await;
    let compared =
        || app.store().view().expect("a view").note::<u32>("stars_compared/4242").expect("readable");
    assert_eq!(compared(), Some(200), "two whole pages");
    // What goes back of the first page is listed after all that came.
    app.sandbox.telegram.act(|world, now| {
        for charge in first.iter().take(30) {
            world.charge_back(now, charge).expect("given back");
        }
    });
    pays(45);
    comes(275).await;
    app.until("the end of the list", |_| {
        app.skip(Duration::from_secs(601));
        (compared() == Some(300)).then_some(())
    })
    .await;
    comes(275).await;
    app.agrees_with_telegram();
    assert_eq!(app.wallet(payer).0, "605.15", "245 payments of 2.47");
}
