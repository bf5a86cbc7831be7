//! What a newer or damaged file may hold: jobs of models that are sold no more, rows that nobody can
//! read. Neither stops the line, and no money stays where it is.

use crate::support::{ADMIN, Mode, TestApp};
use redb::{Database, TableDefinition};
use samovar::ids::{InboxId, JobId, UpdateId};
use samovar::job::State;
use samovar::store::{Delivery, Fate, SeenRow};
use samovar::time::At;
use std::time::Duration;

const ANN: i64 = 1001;
const INBOX: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("inbox");
const OUTBOX: TableDefinition<'static, (u8, u64), &'static [u8]> = TableDefinition::new("outbox");
const SEEN: TableDefinition<'static, (u64, u64), &'static [u8]> = TableDefinition::new("seen_updates");

/// Ann's order of a model that costs money, confirmed.
async fn ordered(prompt: &str) -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", prompt).await;
    ann.taps("✅ Запустить").await;
    app
}

/// As if a newer version of the bot had dropped the model from its catalogue.
async fn lose_model(app: &TestApp) {
    let act = |tx: &mut samovar::store::Tx<'_>| {
        let mut job = tx.job(JobId(1))?.expect("a job");
        "gone/model".clone_into(&mut job.row.model);
        tx.put_job(&job)
    };
    app.store().write("test", act).await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_a_model_that_is_gone_gives_its_money_back() {
    let app = ordered("sandbox:455").await;
    app.until("a job that waits for the provider", |view| {
        let job = view.job(JobId(1)).ok()??;
        matches!(job.row.state, State::Queued { since, not_before } if not_before > since).then_some(())
    })
    .await;
    lose_model(&app).await;
    let created = app.sandbox.kie.look(|world| world.tasks().len());
    app.skip(Duration::from_secs(61));
    let ann = app.user(ANN);
    ann.sees("gone/model").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
    assert_eq!(app.sandbox.kie.look(|world| world.tasks().len()), created, "nothing was ordered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_of_a_model_that_is_gone_still_arrives() {
    let app = ordered("sandbox:slow").await;
    app.until("a job at the provider", |view| {
        let job = view.job(JobId(1)).ok()??;
        matches!(job.row.state, State::Waiting { .. }).then_some(())
    })
    .await;
    lose_model(&app).await;
    app.skip(Duration::from_secs(10));
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert!(matches!(app.job(1).row.delivery, Delivery::Delivered { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_nobody_can_read_are_put_aside_and_the_line_moves() {
    let mut app = TestApp::start(Mode::Webhook).await;
    for id in [ANN, ADMIN] {
        app.user(id).sends("/start").sees("Самовар").await;
    }
    app.settled().await;
    app.stop().await;
    let database = Database::open(app.data_dir().join("samovar.redb")).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let seen = SeenRow { at: At(1_795_431_300_000), fate: Fate::Stored(InboxId(0)) };
    let seen = postcard::to_extend(&seen, vec![1]).expect("encoded");
    write.open_table(SEEN).expect("a table").insert((4242, 555), seen.as_slice()).expect("written");
    write.open_table(INBOX).expect("a table").insert(0, [1u8, 255].as_slice()).expect("written");
    write.open_table(OUTBOX).expect("a table").insert((2, 0), [9u8].as_slice()).expect("written");
    write.commit().expect("committed");
    drop(database);
    app.start_again().await;
    app.user(ANN).sends("/help").sees_last("Как это работает").await;
    app.user(ADMIN).sees("cannot be read").await;
    app.settled().await;
    let view = app.store().view().expect("a view");
    assert_eq!(view.parked(9).expect("readable").len(), 2);
    let fate = view.seen(4242, UpdateId(555)).expect("readable").expect("kept").fate;
    assert_eq!(fate, Fate::Parked);
}
