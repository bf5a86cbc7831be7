//! Payments: asked for, asked before, made, given back, and gone wrong. No sockets, the time is a
//! number.

use super::invoice_tests::{card, stars, with};
use super::tests::{ANN, ask, done, refused, world};
use super::*;

const BOB: i64 = 78;

fn invoice(world: &mut World, params: &Value) -> i64 {
    done(world, "sendInvoice", params)["message_id"].as_i64().expect("an id")
}

fn answer(world: &mut World, now_ms: i64, query: &str, why_not: Option<&str>) -> Value {
    let mut params = json!({"pre_checkout_query_id": query, "ok": why_not.is_none()});
    if let Some(why_not) = why_not {
        params["error_message"] = json!(why_not);
    }
    ask(world, now_ms, "answerPreCheckoutQuery", &params)
}

/// An invoice of so many Stars, paid by Ann; the charge's id.
fn paid(world: &mut World, total: i64) -> String {
    let message_id = invoice(world, &stars(total));
    let query = world.pay(5000, ANN, ANN, message_id).expect("paid");
    assert_eq!(answer(world, 6000, &query, None)["ok"], true);
    world.checkouts()[&query].charge.clone().expect("charged")
}

/// Everything that waits for the bot, oldest first; it waits no more.
fn updates(world: &mut World) -> Vec<Value> {
    let batch = ask(world, 7000, "getUpdates", &json!({}))["result"].clone();
    let batch = batch.as_array().expect("a list").clone();
    let last = batch.last().map_or(0, |update| update["update_id"].as_i64().expect("an id"));
    ask(world, 7000, "getUpdates", &json!({"offset": last + 1}));
    batch
}

fn transactions(world: &mut World, params: &Value) -> Vec<Value> {
    done(world, "getStarTransactions", params)["transactions"].as_array().expect("a list").clone()
}

#[test]
fn a_payment_is_asked_before_and_made_after_a_yes() {
    let mut world = world();
    let message_id = invoice(&mut world, &stars(100));
    updates(&mut world);
    let query = world.pay(5000, ANN, ANN, message_id).expect("paid");
    let asked = updates(&mut world);
    let from = json!({"id": ANN, "is_bot": false, "first_name": "Ann", "language_code": "ru"});
    assert_eq!(
        asked[0]["pre_checkout_query"],
        json!({"id": query, "from": from, "currency": "XTR", "total_amount": 100, "invoice_payload": "p:1"})
    );
    assert_eq!(world.stars(ANN), 100_000);
    assert_eq!(answer(&mut world, 5120, &query, None)["result"], true);
    let checkout = world.checkouts()[&query].clone();
    assert_eq!(checkout.latency_ms(), Some(120));
    let payment = world.payments()[0].clone();
    assert_eq!(checkout.charge.as_ref(), Some(&payment.charge));
    let told = updates(&mut world);
    assert_eq!(Some(told[0]["update_id"].as_i64().expect("an id")), payment.update_id);
    let message = &told[0]["message"];
    assert_eq!((&message["from"]["id"], &message["chat"]["id"]), (&json!(ANN), &json!(ANN)));
    assert_eq!(
        message["successful_payment"],
        json!({
            "currency": "XTR", "total_amount": 100, "invoice_payload": "p:1",
            "telegram_payment_charge_id": payment.charge,
            "provider_payment_charge_id": payment.provider_charge,
        })
    );
    assert_eq!((world.stars(ANN), world.bot_stars()), (99_900, 100));
    assert_eq!(done(&mut world, "getMyStarBalance", &json!({})), json!({"amount": 100}));
    let answered = world.seen().last().expect("seen");
    assert_eq!((answered.method.as_str(), answered.chat), ("answerprecheckoutquery", Some(ANN)));
}

#[test]
fn a_no_a_late_answer_a_second_one_and_a_strange_one_take_nothing() {
    let mut world = world();
    let late = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    let message_id = invoice(&mut world, &stars(100));
    let [no, too_late, in_time] = [0; 3].map(|_| world.pay(5000, ANN, ANN, message_id).expect("paid"));
    let why = refused(&mut world, "answerPreCheckoutQuery", &json!({"pre_checkout_query_id": no}));
    assert_eq!(why.1, "Bad Request: parameter \"error_message\" is required");
    assert_eq!(answer(&mut world, 5001, &no, Some("Счёт устарел"))["ok"], true);
    let said = world.checkouts()[&no].said.clone().expect("answered");
    assert_eq!(said.refused.as_deref(), Some("Счёт устарел"));
    assert_eq!(answer(&mut world, 5002, &no, None)["description"], late);
    assert_eq!(answer(&mut world, 15_001, &too_late, None)["description"], late);
    assert_eq!(answer(&mut world, 5002, "x", None)["description"], late);
    assert!(world.payments().is_empty());
    assert_eq!(answer(&mut world, 15_000, &in_time, None)["ok"], true);
    assert_eq!(world.payments().len(), 1);
}

#[test]
fn an_invoice_is_paid_many_times_by_anyone_who_has_it_and_the_stars() {
    let mut world = world();
    world.user(BOB, "Bob", "en");
    let open = invoice(&mut world, &stars(100));
    let own = invoice(&mut world, &with(&stars(100), "start_parameter", json!("s")));
    let link = done(&mut world, "createInvoiceLink", &stars(70)).as_str().expect("a link").to_owned();
    assert_eq!(world.pay(0, BOB, ANN, own), Err(CannotAct::OnlyALink(own)));
    assert_eq!(world.pay(0, ANN, ANN, 1), Err(CannotAct::NoInvoice(1)));
    assert_eq!(world.pay(0, 5, ANN, open), Err(CannotAct::NoPerson(5)));
    assert_eq!(world.pay_link(0, ANN, "x"), Err(CannotAct::NoLink("x".to_owned())));
    world.set_stars(BOB, 250);
    let queries = [
        world.pay(0, ANN, ANN, own).expect("paid"),
        world.pay(0, BOB, ANN, open).expect("paid"),
        world.pay(0, BOB, ANN, open).expect("paid"),
        world.pay(0, BOB, ANN, open).expect("paid"),
        world.pay_link(0, ANN, &link).expect("paid"),
    ];
    for query in &queries {
        assert_eq!(answer(&mut world, 1, query, None)["ok"], true);
    }
    // For the third the purse was too empty when the bot said yes.
    let charged = queries.map(|query| world.checkouts()[&query].charge.is_some());
    assert_eq!(charged, [true, true, true, false, true]);
    assert_eq!((world.stars(ANN), world.stars(BOB), world.bot_stars()), (99_830, 50, 370));
    assert_eq!(world.pay(0, BOB, ANN, open), Err(CannotAct::TooFewStars { has: 50, costs: 100 }));
    let chats: Vec<Value> =
        updates(&mut world).iter().map(|one| one["message"]["chat"]["id"].clone()).collect();
    assert_eq!(chats.iter().filter(|chat| **chat == json!(BOB)).count(), 2);
}

#[test]
fn questions_go_in_the_persons_lane_for_payments() {
    let mut world = world();
    ask(&mut world, 0, "setWebhook", &json!({"url": "http://127.0.0.1:1/"}));
    let message_id = invoice(&mut world, &stars(100));
    world.pay(0, ANN, ANN, message_id).expect("paid");
    let lanes: Vec<Lane> = std::iter::from_fn(|| world.next_post(0)).map(|post| post.lane).collect();
    assert_eq!(lanes, [Lane::Chat(ANN), Lane::Payments(ANN)]);
}

#[test]
fn a_card_pays_roubles_and_is_not_among_the_stars() {
    let mut world = world();
    let message_id = invoice(&mut world, &card(50_000));
    assert_eq!(world.message(ANN, message_id).expect("there").labels(), ["Pay 500.00 RUB"]);
    let query = world.pay(0, ANN, ANN, message_id).expect("paid");
    answer(&mut world, 1, &query, None);
    let payment = world.payments()[0].clone();
    assert_eq!((payment.currency.as_str(), payment.total), ("RUB", 50_000));
    assert_ne!(payment.charge, payment.provider_charge);
    assert_eq!((world.stars(ANN), world.bot_stars()), (100_000, 0));
    assert!(transactions(&mut world, &json!({})).is_empty());
    let refund = json!({"user_id": ANN, "telegram_payment_charge_id": payment.charge});
    assert_eq!(refused(&mut world, "refundStarPayment", &refund).1, "Bad Request: CHARGE_NOT_FOUND");
}

#[test]
fn a_refund_returns_the_stars_once_and_has_the_payments_id() {
    let mut world = world();
    let charge = paid(&mut world, 100);
    updates(&mut world);
    let refund = |user: i64, charge: &str| json!({"user_id": user, "telegram_payment_charge_id": charge});
    for (params, words) in [
        (refund(BOB, &charge), "CHARGE_NOT_FOUND"),
        (refund(ANN, "x"), "CHARGE_NOT_FOUND"),
        (refund(ANN, ""), "CHARGE_ID_EMPTY"),
        (json!({"telegram_payment_charge_id": charge}), "invalid user_id specified"),
    ] {
        let refusal = refused(&mut world, "refundStarPayment", &params);
        assert_eq!(refusal, (400, format!("Bad Request: {words}")));
    }
    let newest = world.chat(ANN).and_then(Chat::latest).map(|one| one.id);
    assert_eq!(done(&mut world, "refundStarPayment", &refund(ANN, &charge)), true);
    let again = refused(&mut world, "refundStarPayment", &refund(ANN, &charge));
    assert_eq!(again.1, "Bad Request: CHARGE_ALREADY_REFUNDED");
    assert_eq!((world.stars(ANN), world.bot_stars()), (100_000, 0));
    let told = updates(&mut world);
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0]["message"]["refunded_payment"],
        json!({
            "currency": "XTR", "total_amount": 100, "invoice_payload": "p:1",
            "telegram_payment_charge_id": charge,
        })
    );
    assert_eq!(told[0]["message"]["from"]["is_bot"], true);
    // It is not what the bot wrote last.
    assert_eq!(world.chat(ANN).and_then(Chat::latest).map(|one| one.id), newest);
    let lines = transactions(&mut world, &json!({}));
    let partner = json!({
        "type": "user", "transaction_type": "invoice_payment", "invoice_payload": "p:1",
        "user": {"id": ANN, "is_bot": false, "first_name": "Ann", "language_code": "ru"},
    });
    assert_eq!(
        lines,
        [
            json!({"id": charge, "amount": 100, "date": 6, "source": partner}),
            json!({"id": charge, "amount": 100, "date": 1, "receiver": partner}),
        ]
    );
    assert_eq!(world.payments()[0].refunded_at_ms, Some(1000));
}

#[test]
fn transactions_come_by_pages_the_oldest_first() {
    let mut world = world();
    for total in 1..=102 {
        paid(&mut world, total);
    }
    let mut amounts = |params: Value| -> Vec<i64> {
        let lines = transactions(&mut world, &params);
        lines.iter().map(|line| line["amount"].as_i64().expect("a number")).collect()
    };
    assert_eq!(amounts(json!({})), (1..=100).collect::<Vec<_>>());
    assert_eq!(amounts(json!({"offset": 100})), [101, 102]);
    assert_eq!(amounts(json!({"offset": "1", "limit": 2})), [2, 3]);
    assert_eq!(amounts(json!({"offset": -7, "limit": 0})), [1]);
    assert_eq!(amounts(json!({"offset": 102})), [0; 0]);
}

#[test]
fn stars_go_back_without_the_bot_and_the_bot_cannot_return_them_again() {
    let mut world = world();
    let charge = paid(&mut world, 100);
    updates(&mut world);
    assert!(world.charge_back(9000, &charge).expect("given back").is_some());
    assert_eq!(world.charge_back(9000, &charge), Err(CannotAct::NoCharge(charge.clone())));
    assert_eq!(updates(&mut world)[0]["message"]["refunded_payment"]["telegram_payment_charge_id"], charge);
    let refund = json!({"user_id": ANN, "telegram_payment_charge_id": charge});
    assert_eq!(refused(&mut world, "refundStarPayment", &refund).1, "Bad Request: CHARGE_ALREADY_REFUNDED");
    assert_eq!(transactions(&mut world, &json!({})).len(), 2);
}

#[test]
fn a_payment_is_told_again_in_the_same_update_or_in_another() {
    let mut world = world();
    let charge = paid(&mut world, 100);
    let first = world.payments()[0].update_id;
    assert_eq!(world.repeat_payment(9000, &charge), Ok(first));
    let another = world.tell_payment(9000, &charge).expect("told");
    assert!(another > first);
    let told = updates(&mut world);
    let told: Vec<&Value> =
        told.iter().filter(|one| one["message"]["successful_payment"].is_object()).collect();
    assert_eq!(told.iter().map(|one| one["update_id"].as_i64()).collect::<Vec<_>>(), [first, first, another]);
    assert!(told.iter().all(|one| one["message"] == told[0]["message"]));
    assert_eq!((world.payments().len(), world.bot_stars()), (1, 100));
    // Everything can be repeated, too.
    world.repeat_updates(3);
    paid(&mut world, 7);
    let told = updates(&mut world);
    assert_eq!(told.iter().filter(|one| one["message"]["successful_payment"].is_object()).count(), 3);
}

#[test]
fn a_refund_is_told_before_its_payment_and_a_quiet_payment_is_only_among_the_transactions() {
    let mut world = world();
    world.keep_payments_quiet(true);
    let (early, lost) = (paid(&mut world, 100), paid(&mut world, 200));
    assert_eq!(world.payments()[0].update_id, None);
    assert_eq!(world.repeat_payment(0, &early), Err(CannotAct::NoCharge(early.clone())));
    world.keep_payments_quiet(false);
    updates(&mut world);
    assert!(world.charge_back(9000, &early).expect("given back").is_some());
    world.tell_payment(9000, &early).expect("told");
    world.tell_refund(9000, &early).expect("told");
    assert_eq!(world.tell_refund(9000, &lost), Err(CannotAct::NoCharge(lost.clone())));
    let told = updates(&mut world);
    let kinds: Vec<bool> = told.iter().map(|one| one["message"]["refunded_payment"].is_object()).collect();
    assert_eq!(kinds, [true, false, true]);
    let lines = transactions(&mut world, &json!({}));
    assert_eq!(lines.iter().map(|line| &line["id"]).collect::<Vec<_>>(), [&early, &lost, &early]);
}

#[test]
fn money_comes_that_nobody_asked_for_and_before_the_question() {
    let mut world = world();
    let charge = world.pays_out_of_nowhere(0, ANN, ("XTR", 5_000_000), "another bot's").expect("paid");
    assert_eq!(transactions(&mut world, &json!({}))[0]["id"], charge);
    assert_eq!(world.stars(ANN), 100_000 - 5_000_000);
    world.pays_out_of_nowhere(0, ANN, ("USD", i64::MIN), "").expect("paid");
    world.set_stars(ANN, 100);
    let message_id = invoice(&mut world, &stars(100));
    updates(&mut world);
    let charge = world.pay_unasked(9000, ANN, ANN, message_id).expect("paid");
    let told = updates(&mut world);
    assert_eq!(told[0]["message"]["successful_payment"]["telegram_payment_charge_id"], charge);
    let query = told[1]["pre_checkout_query"]["id"].as_str().expect("an id").to_owned();
    answer(&mut world, 9001, &query, None);
    assert_eq!((world.payments().len(), world.stars(ANN)), (3, 0));
}
