//! Whoever is about to pay is answered, whatever the queue holds: Telegram waits ten seconds, then nothing
//! is paid. Thousands of updates wait, so many that others are sent away; the question goes before them.

use crate::support::{Mode, TestApp};
use samovar::ids::UpdateId;
use samovar::message::Urgency;
use samovar::store::{BACKLOG_MAX, Received};
use serde_json::json;

const ANN: i64 = 1001;
const BOT: u64 = 4242;

/// Somebody unknown to Telegram's sandbox says /start.
fn start(number: u64) -> (UpdateId, Vec<u8>) {
    let (id, person) = (800_000_000 + number, 500_000 + number);
    let from = json!({"id": person, "is_bot": false, "first_name": "Клиент", "language_code": "ru"});
    let chat = json!({"id": person, "type": "private"});
    let update = json!({"update_id": id, "message": {
        "message_id": 1, "date": 1, "from": from, "chat": chat, "text": "/start",
    }});
    (UpdateId(id), update.to_string().into_bytes())
}

/// Fills the line in one commit, so that nothing of it is worked off before.
async fn fill(app: &TestApp) {
    let filled = app.store().write("fill", |tx| {
        for number in 0..BACKLOG_MAX {
            let (id, body) = start(number);
            if tx.receive(BOT, id, Urgency::Usual, &body)? == Received::Full {
                return Ok(());
            }
        }
        Ok(())
    });
    filled.await.expect("written");
}

fn waiting(app: &TestApp) -> u64 {
    let view = app.store().view().expect("a view");
    view.inbox_depth().expect("readable") + view.outbox_depth().expect("readable")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_before_a_payment_goes_before_thousands_that_wait() {
    let app = TestApp::start(Mode::Webhook).await;
    let ann = app.user(ANN);
    ann.sends("/topup");
    ann.taps("pay:10000").await;
    let invoice = ann.sees_invoice(81).await.id;
    app.settled().await;
    fill(&app).await;
    let (_, usual) = start(BACKLOG_MAX);
    let refused = app.post("/webhook", Some(&app.webhook_secret()), usual).await;
    assert_eq!(refused.status(), 503, "what can wait is sent away");
    // Telegram's own clock says how long it took: it takes the money only within ten seconds.
    let asked = ann.tries_to_pay(ANN, invoice).await;
    assert!(asked.charge.is_some(), "answered after {:?} ms: {:?}", asked.latency_ms(), asked.said);
    let left = waiting(&app);
    assert!(left > BACKLOG_MAX / 2, "it was no proof: only {left} still wait");
    // And the payment itself goes before them as well.
    app.until("the credit", |view| {
        view.payment(samovar::ids::PaymentId(1)).ok()?.filter(|one| one.row.money.credited.is_some())
    })
    .await;
    assert!(waiting(&app) > 0, "the money came when all others were done");
    assert_eq!(app.wallet(ANN).0, "100.00");
}
