//! Many at once: one wallet spent by 64 tasks, the last free use of an hour or of a day wanted by 64. That
//! of a job's capture and release one wins, and a payment told often counts once, is proven in the store.
//!
//! There is no kernel here for loom or shuttle: whatever two may want at once goes through the store's
//! one writer, whose queue is tokio's and whose transactions are redb's. [`LOCKS`] are all the locks and
//! atomics of our own, each with why no order of steps around it can matter; a new one has to be added.

use crate::shop::open;
use rust_decimal::Decimal;
use samovar::catalog::input::{ValidInput, Value, Values};
use samovar::catalog::model;
use samovar::catalog::price::Rates;
use samovar::flow::order::{NotSold, Order, place};
use samovar::flow::{FreeRules, Shop};
use samovar::ids::{ActionId, UserId};
use samovar::job::Limits;
use samovar::ledger::Account;
use samovar::message::Lang;
use samovar::money::Kopecks;
use samovar::store::{Fault, Store, Tx, UserRow};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const ANN: UserId = UserId(1001);

pub(crate) fn rules(daily: u32) -> Shop {
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
        rates: Rates { markup: Decimal::TWO, usd_to_rub: Decimal::from(95), by_options: true },
        free: FreeRules { daily, hourly: 2, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE },
        open_jobs_per_customer: 1_000,
        queue_max: 1_000,
        start_bonus: Kopecks::ZERO,
        referral: samovar::flow::ReferralRules { free_uses: 3, monthly_cap: 10 },
        pay: samovar::flow::PayRules { star_rub: Decimal::new(1_235, 3), cards: false, bank: None },
        actions_per_minute: 0,
        actions_burst: 0,
        admins: Vec::new(),
        support: None,
        bot_name: "races_bot".to_owned(),
        server_key: [7; 32],
        nsfw_checker: true,
        quick: limits,
        video: limits,
        law: samovar::flow::Law::default(),
        retention_days: 30,
    }
}

/// Ann comes, and an operator gives her money.
pub(crate) fn ann_comes(tx: &mut Tx<'_>, amount: Kopecks) -> Result<(), Fault> {
    let at = tx.now().at;
    let row = UserRow {
        first_name: "Анна".to_owned(),
        username: None,
        lang: Lang::Ru,
        first_seen: at,
        last_seen: at,
        newest_job: None,
        open_jobs: 0,
        blocked: false,
        banned: false,
    };
    tx.put_user(ANN, &row)?;
    let given = tx.adjust(ActionId(1), "test", ANN, amount, "a test")?;
    assert!(given.is_ok(), "{given:?}");
    Ok(())
}

/// Ann, with so much money, in a store of her own.
async fn ann_with(store: &Store, kopecks: i64) {
    let amount = Kopecks::new(kopecks);
    store.write("test", move |tx| ann_comes(tx, amount)).await.expect("written");
}

/// 64 tasks order at once at `shown_price`; gives how many were sold, and the other answers.
async fn sixty_four_orders(store: &Store, daily: u32, shown_price: Kopecks) -> (usize, Vec<NotSold>) {
    let shop = Arc::new(rules(daily));
    let values = Values::from([("prompt".to_owned(), Value::Text("самовар".to_owned()))]);
    let input = ValidInput::check(model("z-image").expect("a model"), &values).expect("a good input");
    let orders = (0..64).map(|_| {
        let (store, shop, input) = (store.clone(), shop.clone(), input.clone());
        tokio::spawn(async move {
            let order = Order { user: ANN, lang: Lang::Ru, input, shown_price, status_message: None };
            store.write("order", move |tx| place(&shop, tx, &order)).await.expect("no fault")
        })
    });
    let answers = futures_util::future::join_all(orders).await;
    let (sold, not): (Vec<_>, Vec<_>) =
        answers.into_iter().map(|one| one.expect("no panic")).partition(Result::is_ok);
    (sold.len(), not.into_iter().filter_map(Result::err).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_tasks_on_one_wallet_hold_exactly_what_the_money_allows() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let store = open(dir.path());
    ann_with(&store, 76 * 10 + 75).await;
    let (sold, not) = sixty_four_orders(&store, 0, Kopecks::new(76)).await;
    assert_eq!((sold, not.len()), (10, 54));
    assert!(
        not.iter().all(|one| matches!(one, NotSold::Short { missing, .. } if missing.get() == 1)),
        "{not:?}"
    );
    let view = store.view().expect("a view");
    let counters = view.account(Account::User(ANN)).expect("a wallet").counters;
    assert_eq!((counters.available(), counters.held()), (Some(Kopecks::new(75)), Kopecks::new(760)));
    assert!(view.audit().expect("readable").ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_free_use_of_an_hour_goes_to_one_of_sixty_four() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let store = open(dir.path());
    ann_with(&store, 1).await;
    let (sold, not) = sixty_four_orders(&store, 1, Kopecks::ZERO).await;
    assert_eq!((sold, not.len()), (1, 63));
    assert!(not.iter().all(|one| matches!(one, NotSold::PriceChanged(_))), "{not:?}");
    assert!(store.view().expect("a view").audit().expect("readable").ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_free_use_of_a_day_goes_to_one_of_sixty_four() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let store = open(dir.path());
    ann_with(&store, 1).await;
    // Two an hour, three a day: two went in an hour that is over, so it is the day that binds.
    assert_eq!(sixty_four_orders(&store, 3, Kopecks::ZERO).await.0, 2);
    store.clock().skip(Duration::from_secs(3_600));
    let (sold, not) = sixty_four_orders(&store, 3, Kopecks::ZERO).await;
    assert_eq!((sold, not.len()), (1, 63));
    assert!(not.iter().all(|one| matches!(one, NotSold::PriceChanged(_))), "{not:?}");
    store.clock().skip(Duration::from_secs(3_600));
    assert_eq!(sixty_four_orders(&store, 3, Kopecks::ZERO).await.0, 0, "the day's uses are gone");
    assert!(store.view().expect("a view").audit().expect("readable").ok);
}

/// Every lock and atomic of ours: in which file, what it is, and why it is no kernel of its own.
const LOCKS: &[(&str, &str, &str)] = &[
    ("src/cli/output.rs", "static WRITTEN: AtomicBool", "written and read by the one thread of a command"),
    ("src/http/health.rs", "telegram: AtomicBool", "set once, read alone; says nothing of other memory"),
    ("src/http/health.rs", "stopping: AtomicBool", "set once, read alone; says nothing of other memory"),
    (
        "src/http/health.rs",
        "unknown_token: AtomicBool",
        "of one task, read alone; says nothing of other memory",
    ),
    ("src/http/mod.rs", "unsigned_told: AtomicBool", "set once, so that one line is logged and not two"),
    ("src/app/service.rs", "unsigned_told: AtomicBool::new(", "the same one"),
    ("src/provider/inspect.rs", "Arc::new(AtomicBool::new(", "set once, to give up a look at a file"),
    ("src/provider/inspect.rs", "over: &AtomicBool", "the same one"),
    ("src/shelf/keeper.rs", "copying: Mutex<()>", "one whole copy at a time; held over its making alone"),
    ("src/shelf/keeper.rs", "copying: Mutex::new(", "the same one"),
    (
        "src/shelf/keeper.rs",
        "shipping: Mutex<()>",
        "one shipment at a time; taken after the one above, never before it",
    ),
    ("src/shelf/keeper.rs", "shipping: Mutex::new(", "the same one"),
    (
        "src/store/mod.rs",
        "database: RwLock<",
        "holds one pointer, taken or put whole; held for no other step",
    ),
    ("src/http/tls.rs", "kept: RwLock<", "of one value, changed once in months"),
    ("src/http/tls.rs", "kept: RwLock::new(", "the same one"),
    (
        "src/http/watch.rs",
        "jobs: Mutex<",
        "held for a few lines without a wait; a panic within them is one of a scrape",
    ),
    ("src/http/watch.rs", "jobs: Mutex::default(", "the same one"),
    ("src/store/mod.rs", "database: RwLock::new(", "the same one"),
    ("src/time.rs", "up_before: AtomicI64", "set before anybody else has the clock"),
    ("src/time.rs", "skipped: AtomicI64", "only tests and the demo write it; each read stands alone"),
    ("src/time.rs", "jumped: AtomicI64", "only tests and the demo write it; each read stands alone"),
    ("src/workers/inbox.rs", "type Counted = Mutex<", "of one task, which never waits for itself"),
];

#[test]
fn every_lock_of_our_own_is_known_and_no_kernel() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    crate::tidy::rust_files(&root.join("src"), &mut files);
    let mut known = 0;
    for path in files {
        let name = path.strip_prefix(root).expect("below the package").to_str().expect("a name").to_owned();
        let outside =
            ["src/sandbox/", "src/simulate/", "src/cli/demo"].iter().any(|place| name.starts_with(place));
        if outside || crate::tidy::is_test(&name) || name.ends_with("testing.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        for line in crate::tidy::before_tests(&text).lines().map(str::trim) {
            let locks = ["Mutex", "RwLock", "Condvar", "Atomic", "parking_lot"];
            let code = !line.starts_with("use ") && !line.starts_with("//");
            if code && locks.iter().any(|lock| line.contains(lock)) {
                let listed = LOCKS.iter().any(|(file, what, _)| *file == name && line.contains(what));
                assert!(listed, "a lock of ours that LOCKS in tests/races.rs does not know: {name}: {line}");
                known += 1;
            }
        }
    }
    assert!(known >= LOCKS.len(), "LOCKS names some that are gone");
}
