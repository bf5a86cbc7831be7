//! Invoices, and what else only has to be well-formed: documents and copy buttons. No sockets, the
//! time is a number.

use super::tests::{ANN, TOKEN, done, refused, upload, world};
use super::*;

pub(super) fn stars(total: i64) -> Value {
    json!({
        "chat_id": ANN, "title": "Пополнение", "description": "100 ⭐ = 180 ₽", "payload": "p:1",
        "currency": "XTR", "provider_token": "", "prices": [{"label": "Пополнение", "amount": total}],
    })
}

pub(super) fn card(kopecks: i64) -> Value {
    let mut params = stars(kopecks);
    params["currency"] = json!("RUB");
    params["provider_token"] = json!("381764678:TEST:1");
    params
}

pub(super) fn with(params: &Value, name: &str, value: Value) -> Value {
    let mut params = params.clone();
    params[name] = value;
    params
}

#[test]
fn an_invoice_stands_in_the_chat_with_a_pay_button_first() {
    let mut world = world();
    let sent = done(&mut world, "sendInvoice", &stars(100));
    let shown = json!({
        "title": "Пополнение", "description": "100 ⭐ = 180 ₽", "start_parameter": "",
        "currency": "XTR", "total_amount": 100,
    });
    assert_eq!((&sent["invoice"], sent.get("text")), (&shown, None));
    let message = world.chat(ANN).and_then(Chat::latest_invoice).expect("an invoice").clone();
    let kept = message.invoice.clone().expect("an invoice");
    assert_eq!((kept.payload.as_str(), kept.total, message.labels()), ("p:1", 100, vec!["Pay ⭐️100"]));
    assert_eq!(world.tap(0, ANN, message.id, "Pay ⭐️100"), Err(CannotAct::NoData("Pay ⭐️100".to_owned())));

    let (pay, back) = (json!({"text": "💳", "pay": true}), json!({"text": "Назад", "callback_data": "back"}));
    let rows = |rows: Value| with(&stars(100), "reply_markup", json!({"inline_keyboard": rows}));
    done(&mut world, "sendInvoice", &rows(json!([[pay], [back]])));
    for wrong in [json!([[back], [pay]]), json!([[back]]), json!([[pay, pay]])] {
        let refusal = refused(&mut world, "sendInvoice", &rows(wrong));
        assert_eq!(refusal.1, "Bad Request: BUTTON_TYPE_INVALID");
    }
    let words = json!({"chat_id": ANN, "text": "x", "reply_markup": {"inline_keyboard": [[pay]]}});
    assert_eq!(refused(&mut world, "sendMessage", &words).1, "Bad Request: BUTTON_TYPE_INVALID");
    let edit = json!({"chat_id": ANN, "message_id": message.id, "text": "x"});
    let refusal = refused(&mut world, "editMessageText", &edit);
    assert_eq!(refusal.1, "Bad Request: there is no text in the message to edit");
}

#[test]
fn an_invoice_is_checked_as_telegram_checks_it() {
    let mut world = world();
    let (s, c) = (stars(1), card(6_000));
    let amount = |amount: Value| json!([{"label": "x", "amount": amount}]);
    let two = json!([{"label": "x", "amount": 1}, {"label": "y", "amount": 2}]);
    for fine in [
        s.clone(),
        with(&s, "provider_token", Value::Null),
        with(&s, "prices", json!(amount(json!("7")).to_string())),
        with(&s, "title", json!("ж".repeat(32))),
        with(&s, "payload", json!("ж".repeat(64))),
        c.clone(),
        card(100_000_000),
        with(&c, "prices", json!([{"label": "x", "amount": 9000}, {"label": "y", "amount": -3000}])),
    ] {
        done(&mut world, "sendInvoice", &fine);
        done(&mut world, "createInvoiceLink", &fine);
    }
    for (params, words) in [
        (with(&s, "title", json!("")), "parameter \"title\" is required"),
        (with(&s, "description", json!("")), "parameter \"description\" is required"),
        (with(&s, "payload", json!("")), "parameter \"payload\" is required"),
        (with(&s, "currency", json!("")), "parameter \"currency\" is required"),
        (with(&s, "prices", json!("")), "parameter \"prices\" is required"),
        (with(&s, "prices", json!("{")), "can't parse prices JSON object"),
        (
            with(&s, "prices", json!([{"amount": 1}])),
            "can't parse labeled price: Field \"label\" must be a non-empty String",
        ),
        (
            with(&s, "prices", json!([{"label": "x"}])),
            "can't parse labeled price: Can't find field \"amount\"",
        ),
        (
            with(&s, "prices", amount(json!(1.5))),
            "can't parse labeled price: Can't parse \"amount\" as Number",
        ),
        (with(&s, "prices", amount(json!(i64::MIN))), "too big amount of the currency specified"),
        (with(&s, "title", json!("ж".repeat(33))), "TITLE_INVALID"),
        (with(&s, "description", json!("ж".repeat(256))), "DESCRIPTION_INVALID"),
        (with(&s, "payload", json!("ж".repeat(65))), "INVOICE_PAYLOAD_INVALID"),
        (with(&s, "currency", json!("ABC")), "CURRENCY_INVALID"),
        (with(&s, "provider_token", json!("x")), "STARS_INVOICE_INVALID"),
        (with(&s, "prices", two), "STARS_INVOICE_INVALID"),
        (with(&s, "prices", json!([])), "STARS_INVOICE_INVALID"),
        (with(&c, "provider_token", json!("")), "PAYMENT_PROVIDER_INVALID"),
        (stars(0), "CURRENCY_TOTAL_AMOUNT_INVALID"),
        (stars(-5), "CURRENCY_TOTAL_AMOUNT_INVALID"),
        (card(5_999), "CURRENCY_TOTAL_AMOUNT_INVALID"),
        (card(100_000_001), "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ] {
        for method in ["sendInvoice", "createInvoiceLink"] {
            assert_eq!(refused(&mut world, method, &params), (400, format!("Bad Request: {words}")));
        }
    }
    let nobody = with(&s, "chat_id", json!(5));
    assert_eq!(refused(&mut world, "sendInvoice", &nobody).1, "Bad Request: chat not found");
}

#[test]
fn a_document_keeps_its_name_and_bytes_and_is_sent_again_by_its_id() {
    let mut world = world();
    let sent = upload(&mut world, "sendDocument", b"a;b\n1;2\n")["result"].clone();
    let document = &sent["document"];
    assert_eq!((&document["file_name"], &document["mime_type"]), (&json!("f.csv"), &json!("text/csv")));
    let id = document["file_id"].as_str().expect("an id").to_owned();
    let kept = world.file(&id).expect("kept");
    assert_eq!((kept.name.as_str(), &kept.bytes[..]), ("f.csv", &b"a;b\n1;2\n"[..]));
    let again = done(&mut world, "sendDocument", &json!({"chat_id": ANN, "document": id}));
    assert_eq!(again["document"]["file_id"], id);
    let receipt = ("receipt.pdf", bytes::Bytes::from_static(b"%PDF-1.4"));
    let sent = world.send_file(0, ANN, FileKind::Document, receipt, "").expect("sent");
    let id = world.message(ANN, sent.message_id).and_then(|one| one.media.clone()).expect("media").file_id;
    done(&mut world, "sendDocument", &json!({"chat_id": ANN, "document": id}));
    let wrong = refused(&mut world, "sendPhoto", &json!({"chat_id": ANN, "photo": id}));
    assert_eq!(wrong.1, "Bad Request: can't use file of type Document as Photo");
}

#[test]
fn a_copy_button_copies_1_to_256_characters() {
    let mut world = world();
    let button = |copied: Value| {
        let button = json!({"text": "📋", "copy_text": copied});
        json!({"chat_id": ANN, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}})
    };
    done(&mut world, "sendMessage", &button(json!({"text": "ж".repeat(256)})));
    for wrong in [json!({"text": "ж".repeat(257)}), json!({"text": ""}), json!({}), json!("x")] {
        let refusal = refused(&mut world, "sendMessage", &button(wrong));
        assert_eq!(refusal, (400, "Bad Request: BUTTON_COPY_TEXT_INVALID".to_owned()));
    }
}

#[test]
fn any_parameters_of_payments_are_answered_without_a_panic() {
    let methods = ["sendInvoice", "createInvoiceLink", "answerPreCheckoutQuery", "refundStarPayment"];
    let methods = [&methods[..], &["getStarTransactions", "getMyStarBalance"]].concat();
    let values = [json!(null), json!(""), json!("[]"), json!([[]]), json!({"a": 1}), json!(1.5), json!(true)];
    let prices = [i64::MAX, i64::MIN, 7].map(|amount| json!([{"label": "x", "amount": amount}]));
    let values = [&values[..], &prices[..], &[json!(i64::MAX), json!(i64::MIN), json!(ANN)]].concat();
    let names = "chat_id title payload currency prices provider_token reply_markup pre_checkout_query_id ok \
                 error_message user_id telegram_payment_charge_id offset limit";
    let mut world = world();
    for method in methods {
        for first in names.split_whitespace() {
            for second in names.split_whitespace() {
                for value in &values {
                    let params = with(&with(&stars(1), first, value.clone()), second, json!("7"));
                    world.call(0, &Call::new(TOKEN, method, &params));
                }
            }
        }
    }
}
