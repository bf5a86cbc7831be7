//! Files of customers that cannot be had, or not soon: nobody keeps others waiting, and everybody hears of it.

use crate::support::rows::file;
use crate::support::{ADMIN, Customer, Mode, PATIENCE, TestApp};
use bytes::Bytes;
use redb::{Database, TableDefinition};
use samovar::ids::UserId;
use samovar::sandbox::media::{self, MediaKind};
use samovar::sandbox::telegram::{Fault, FileKind, Misbehaviour};
use samovar::store::View;
use samovar::time::Up;
use std::path::Path;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;

fn picture(words: &str) -> Bytes {
    media::make(MediaKind::Image, words, "1:1").expect("a picture")
}

async fn shop() -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.user(ADMIN).sends("/start").sees("Здравствуйте").await;
    for who in [ANN, BOB] {
        app.credit(who, "1000").await;
        app.user(who).sends("/start").sees("Самовар").await;
    }
    app
}

async fn opens(who: &Customer<'_>, model: &str) {
    who.forges_tap(&format!("m:{model}"));
    let generate = format!("gen:{model}");
    who.waits_for("card", |one| one.button(&generate).map(drop)).await;
}

/// Ann sends a picture, of which Telegram says that it is too early for it.
fn sends_too_early(app: &TestApp, retry_after_s: u32) {
    let later = Fault::of("getfile", Misbehaviour::TooMany { retry_after_s });
    app.sandbox.telegram.act(|world, _| world.script(later));
    app.user(ANN).sends_file(FileKind::Photo, "cat.png", picture("кот"));
}

/// When the first file that waits is tried again.
fn put_off(view: &View) -> Option<Up> {
    let (_, row) = view.looks(1).ok()?.into_iter().next()?;
    row.ok().filter(|row| row.tries == 1).map(|row| row.not_before)
}

/// How many files are being fetched and looked at.
fn under_way(app: &TestApp) -> usize {
    std::fs::read_dir(app.data_dir().join("inputs")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_customers_files_three_are_looked_at_at_once_and_others_do_not_wait() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "google/nano-banana-edit").await;
    let silent = Fault::of("getfile", Misbehaviour::Silence).times(3);
    app.sandbox.telegram.act(|world, _| world.script(silent));
    for number in 1..=6 {
        ann.sends_file(FileKind::Photo, "n.png", picture(&format!("кадр {number}")));
    }
    let all_silent = |world: &samovar::sandbox::telegram::World| world.faults().is_empty().then_some(());
    assert!(app.sandbox.telegram.wait(all_silent, PATIENCE).await.is_ok(), "three files are asked for");
    app.settled().await;
    assert_eq!(under_way(&app), 3);
    let bob = app.user(BOB);
    opens(&bob, "recraft/remove-background").await;
    bob.sends_file(FileKind::Photo, "cat.png", picture("кот")).sees_last("Проверьте заказ").await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_a_link_hears_at_once_that_it_is_being_opened() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    ann.sends("https://169.254.169.254/a.png");
    ann.sees("Открываю вашу ссылку").await;
    ann.sees_last("нужен публичный адрес").await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_tried_again_when_telegram_said_and_no_sooner() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    sends_too_early(&app, 50);
    let not_before = app.until("a try that is put off", put_off).await;
    let pause = not_before.since(app.clock.now().up);
    assert!(pause > Duration::from_secs(25), "{pause:?}");
    app.skip(Duration::from_secs(51));
    ann.sees_last("Проверьте заказ").await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_telegram_will_not_give_for_an_hour_is_told_at_once() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    sends_too_early(&app, 3_600);
    ann.sees_last("Не получилось скачать файл. Пришлите его ещё раз").await;
    ann.sends_file(FileKind::Photo, "cat.png", picture("кот")).sees_last("Проверьте заказ").await;
    app.settled().await;
}

/// Writes over a row, as no code of ours would; gives what it was.
fn spoil<K: redb::Key + 'static>(file: &Path, table: &str, key: K::SelfType<'_>, row: &[u8]) -> Vec<u8> {
    let database = Database::open(file).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let rows = TableDefinition::<K, &[u8]>::new(table);
    let mut rows = write.open_table(rows).expect("the table");
    let before = rows.insert(key, row).expect("written").expect("a row").value().to_vec();
    drop(rows);
    write.commit().expect("committed");
    before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_we_fail_to_look_at_is_told_with_a_code_and_another_one_will_do() {
    let mut app = shop().await;
    opens(&app.user(ANN), "recraft/remove-background").await;
    sends_too_early(&app, 50);
    app.until("a try that is put off", put_off).await;
    app.stop().await;
    spoil::<u64>(&file(&app.data_dir()), "looks", 1, &[9, 9]);
    app.start_again().await;
    app.user(ANN).sees("Код ошибки: RQ-").await;
    app.user(ADMIN).sees("отложено").await;
    app.settled().await;
    let again = app.user(ANN).sends_file(FileKind::Photo, "cat.png", picture("кот"));
    again.sees_last("Проверьте заказ").await;
    app.user(ANN).taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_files_the_others_stay_when_we_fail_to_look_at_one() {
    let mut app = shop().await;
    opens(&app.user(ANN), "google/nano-banana-edit").await;
    sends_too_early(&app, 50);
    app.until("a try that is put off", put_off).await;
    app.user(ANN).sends_file(FileKind::Photo, "dog.png", picture("пёс"));
    let is_here = |view: &View| {
        let draft = view.session(UserId(ANN)).ok()??.draft?;
        let [late, here] = &draft.pending[..] else { return None };
        (late.found.is_none() && here.found.is_some()).then_some(())
    };
    app.until("the other one was looked at", is_here).await;
    app.stop().await;
    spoil::<u64>(&file(&app.data_dir()), "looks", 1, &[9, 9]);
    app.start_again().await;
    let told = app.user(ANN).sees("Код ошибки: RQ-").await;
    assert!(told.text.contains("1 из"), "{}", told.text);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_customer_whose_row_is_damaged_is_put_aside_once_and_they_are_told() {
    let mut app = shop().await;
    opens(&app.user(ANN), "recraft/remove-background").await;
    sends_too_early(&app, 50);
    app.until("a try that is put off", put_off).await;
    app.stop().await;
    let before = spoil::<i64>(&file(&app.data_dir()), "users", ANN, &[9, 9]);
    app.start_again().await;
    app.skip(Duration::from_secs(51));
    app.user(ANN).sees("RQ-").await;
    app.user(ADMIN).sees("отложено").await;
    let nothing = |view: &View| view.looks(1).ok().filter(Vec::is_empty).map(drop);
    app.until("nothing waits to be looked at", nothing).await;
    app.stop().await;
    spoil::<i64>(&file(&app.data_dir()), "users", ANN, &before);
    app.start_again().await;
    app.settled().await;
}
