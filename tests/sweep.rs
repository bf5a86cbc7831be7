//! What is done by the minute: a step that a damaged row stops keeps no other step from being done.

use crate::support::rows::file;
use crate::support::{ADMIN, Mode, TestApp};
use redb::{Database, TableDefinition};
use std::path::Path;
use std::time::Duration;

/// Writes over the note of where updates are forgotten next, as no code of ours would.
fn spoil_the_note(database: &Path) {
    let database = Database::open(database).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let settings = TableDefinition::<&str, &[u8]>::new("settings");
    let mut table = write.open_table(settings).expect("the table");
    table.insert("forget_seen_from", [9_u8, 9].as_slice()).expect("written");
    drop(table);
    write.commit().expect("committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_a_damaged_row_stops_keeps_no_other_from_being_done() {
    let mut app = TestApp::start(Mode::Webhook).await;
    app.user(ADMIN).sends("/start").sees("Здравствуйте").await;
    app.settled().await;
    app.stop().await;
    spoil_the_note(&file(&app.data_dir()));
    app.sandbox.kie.act(|kie, _| kie.set_credits(rust_decimal::Decimal::ONE));
    app.start_again().await;
    app.skip(Duration::from_secs(6 * 60));
    // The last step of all asks what is left at KIE.
    app.user(ADMIN).sees("На счету KIE осталось мало").await;
    app.settled().await;
}
