//! What one update and one price cost: the catalogue's lookup and quote, and an update on its whole
//! way through inbox, handler and outbox, each step durable.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rust_decimal::Decimal;
use samovar::catalog::input::{ValidInput, Value, Values};
use samovar::catalog::price::{Rates, quote};
use samovar::catalog::{self, Model};
use samovar::flow::{FreeRules, PayRules, Shop, deliver};
use samovar::handlers;
use samovar::ids::{UpdateId, UserId};
use samovar::job::Limits;
use samovar::message::{Sent, Urgency};
use samovar::money::Kopecks;
use samovar::store::{Lock, Received, Store, Tx};
use samovar::telegram::decode::{Decoded, decode};
use samovar::time::Clock;
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

fn rates() -> Rates {
    Rates { markup: Decimal::TWO, usd_to_rub: Decimal::from(95), by_options: true }
}

fn shop() -> Shop {
    let minute = Duration::from_secs(60);
    let limits = Limits {
        queued: minute,
        sending: minute,
        unknown: minute,
        working: minute,
        unreachable: minute,
        fetching: minute,
        late: minute,
        late_pause: minute,
        callbacks: true,
    };
    Shop {
        rates: rates(),
        free: FreeRules { daily: 5, hourly: 2, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE },
        open_jobs_per_customer: 5,
        queue_max: 200,
        start_bonus: Kopecks::ZERO,
        pay: PayRules { star_rub: Decimal::ONE, cards: false, bank: None },
        referral: samovar::flow::ReferralRules { free_uses: 3, monthly_cap: 10 },
        actions_per_minute: 0,
        actions_burst: 0,
        admins: vec![UserId(900)],
        support: None,
        bot_name: "bench_bot".to_owned(),
        server_key: [7; 32],
        nsfw_checker: true,
        quick: limits,
        video: limits,
        law: samovar::flow::Law::default(),
        retention_days: 30,
    }
}

fn model(id: &str) -> &'static Model {
    catalog::model(id).expect("a model of the catalogue")
}

fn prices(criterion: &mut Criterion) {
    let input = |id: &str| {
        let prompt = Value::Text("a red fox in the snow".to_owned());
        let values = Values::from([("prompt".to_owned(), prompt)]);
        ValidInput::check(model(id), &values).expect("a good input")
    };
    for (name, id) in [("cheap", "z-image"), ("dear", "sora-2-text-to-video")] {
        let (model, input, rates) = (model(id), input(id), rates());
        criterion.bench_function(&format!("quote/{name}"), |bench| {
            bench.iter(|| quote(black_box(model), black_box(&input), black_box(&rates)));
        });
    }
    let ids: Vec<&str> = catalog::models().iter().map(|model| model.id).collect();
    let mut next = ids.iter().cycle();
    criterion.bench_function("catalogue/by id", |bench| {
        bench.iter(|| catalog::model(black_box(next.next().expect("a cycle"))));
    });
    criterion.bench_function("catalogue/by index", |bench| {
        bench.iter(|| catalog::by_index(black_box(17)));
    });
}

fn update(number: u64) -> Vec<u8> {
    let person = json!({"id": 1001, "is_bot": false, "first_name": "Анна", "language_code": "ru"});
    let chat = json!({"id": 1001, "type": "private", "first_name": "Анна"});
    json!({"update_id": number, "message": {
        "message_id": number, "date": 1_795_431_300, "from": person, "chat": chat, "text": "/start"
    }})
    .to_string()
    .into_bytes()
}

/// Receive, handle, deliver: three commits, as in the service, for one lone customer.
fn one_update(criterion: &mut Criterion) {
    let dir = TempDir::new().expect("a directory");
    let _lock = Lock::take(dir.path()).expect("free");
    let (store, engine) = Store::open(dir.path(), Clock::system()).expect("a store");
    std::thread::spawn(move || engine.run());
    let (shop, numbers) = (Arc::new(shop()), AtomicU64::new(1));
    let mut group = criterion.benchmark_group("update");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("one, received, handled and delivered", |bench| {
        bench.iter_batched(
            || update(numbers.fetch_add(1, Ordering::SeqCst)),
            |body| pass_through(&store, &shop, body),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("decode", |bench| {
        let body = update(1);
        bench.iter(|| decode(black_box(&body)));
    });
    group.finish();
}

fn pass_through(store: &Store, shop: &Arc<Shop>, body: Vec<u8>) {
    let Decoded::Useful(incoming) = decode(&body) else { panic!("an update we use") };
    let number = UpdateId(incoming.update.0);
    let received = store
        .write_blocking("receive", move |tx: &mut Tx<'_>| tx.receive(4242, number, Urgency::Usual, &body));
    let Received::New(id) = received.expect("stored") else { panic!("a new update") };
    let rules = shop.clone();
    let handled = store.write_blocking("handle", move |tx| {
        let Some(row) = tx.inbox_row(id)? else { return Ok(()) };
        handlers::handle(&rules, tx, &incoming)?;
        tx.handled(id, &row)
    });
    handled.expect("handled");
    let waiting = store.view().and_then(|view| view.outbox(2, None, 100)).expect("readable");
    assert!(!waiting.is_empty(), "every update gets an answer");
    let rules = shop.clone();
    let delivered = store.write_blocking("delivered", move |tx| {
        let sent = Sent::Delivered { message: None, file_ids: Vec::new() };
        waiting.iter().try_for_each(|(id, _)| deliver::note(&rules, tx, 2, *id, &sent).map(drop))
    });
    delivered.expect("noted");
}

criterion_group!(benches, prices, one_update);
criterion_main!(benches);
