//! Everything KIE may answer, and nothing at all: after each the customer has the picture or the
//! money, createTask was called as often as the rules allow, and the books are right.

use crate::support::{ADMIN, Mode, TestApp};
use samovar::ids::JobId;
use samovar::job::State;
use samovar::sandbox::kie::{ReadFault, Script};
use samovar::store::StoppedBy;
use std::time::Duration;

const ANN: i64 = 1001;

/// How it ends, and after how much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The picture comes.
    Sold,
    /// The picture comes after a pause of so many seconds.
    SoldAfter(u64),
    /// The money comes back at once.
    Back,
    /// The money comes back once nobody has heard anything for so many minutes.
    BackAfter(u64),
}

async fn try_script(script: &str, end: End) -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let admin = app.user(ADMIN);
    admin.sends("/start");
    admin.sees("Здравствуйте").await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    let script = samovar::sandbox::kie::Script::named(script).unwrap_or_else(|| panic!("no script {script}"));
    app.sandbox.kie.act(|kie, _| kie.next(script));
    ann.orders("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    app.until("the first answer", |view| {
        let job = view.job(JobId(1)).ok()??;
        let events = view.trace(job.row.request).ok()?;
        let answered = events.iter().any(|event| event.what != "ordered" && event.what != "sending");
        answered.then_some(())
    })
    .await;
    match end {
        End::Sold | End::Back => {}
        End::SoldAfter(seconds) => wait_out(&app, Duration::from_secs(10), seconds / 10).await,
        End::BackAfter(minutes) => wait_out(&app, Duration::from_secs(60), minutes).await,
    }
    match end {
        End::Sold | End::SoldAfter(_) => drop(ann.gets_media(1).await),
        End::Back | End::BackAfter(_) => drop(ann.sees("❌ Генерация не удалась").await),
    }
    app.settled().await;
    let left = if matches!(end, End::Sold | End::SoldAfter(_)) { "9.24" } else { "10.00" };
    assert_eq!(app.wallet(ANN), (left.to_owned(), "0.00".to_owned()));
    let tasks = app.sandbox.kie.look(|kie| kie.tasks().len());
    assert!(tasks <= 1, "{tasks} tasks were made for one order");
    app.audit();
    app
}

/// Lets time pass in steps, so that every look and try in between happens.
async fn wait_out(app: &TestApp, step: Duration, steps: u64) {
    for _ in 0..steps {
        if app.job(1).row.state.is_final() {
            return;
        }
        app.skip(step);
        let now = app.clock.now().up;
        let looked = |view: &samovar::store::View| {
            let job = view.job(JobId(1)).ok()??;
            job.row.due.is_none_or(|due| due > now).then_some(())
        };
        app.until("a look", looked).await;
    }
}

macro_rules! answers {
    ($($name:ident: $($script:literal)* => $end:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            for script in [$($script),*] {
                eprintln!("script {script}");
                drop(try_script(script, $end).await);
            }
        })*
    };
}

answers! {
    a_good_answer_in_any_shape_is_sold: "success" "object" "slow-answer" => End::Sold;
    a_task_in_an_unknown_state_is_looked_at_until_it_ends: "unknown-state" "reads" => End::SoldAfter(120);
    a_task_whose_answer_was_lost_is_found_by_its_callback: "lost-answer" "half" "page-after" => End::Sold;
    a_busy_provider_is_asked_again_later: "429" "429-http" => End::SoldAfter(30);
    maintenance_is_waited_out: "455" => End::SoldAfter(90);
    a_refusal_gives_the_money_back_at_once: "fail" "500" "422" "505" "paused" "no-urls" => End::Back;
    a_refusal_of_our_account_gives_the_money_back: "401" "402" "433" "500-credits" => End::Back;
    what_may_have_arrived_is_never_sent_again: "hangup" "page" "no-task-id" "redirect" "endless" => End::BackAfter(40);
    a_result_that_cannot_be_had_gives_the_money_back:
        "file-missing" "file-short" "file-wrong-type" "file-empty" "file-endless" "file-unreachable"
        => End::BackAfter(50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_hears_of_maintenance_and_selling_goes_on() {
    let app = try_script("455", End::SoldAfter(90)).await;
    app.user(ADMIN).sees("технические работы").await;
    let stop = app.store().view().and_then(|view| view.stop("all")).expect("readable");
    assert_eq!(stop, None, "the order waited, and others would have");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_is_told_our_key_is_no_good_stops_the_sales_that_the_alarm_says_are_stopped() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.user(ADMIN).sends("/start").sees("Здравствуйте").await;
    app.credit(ANN, "10").await;
    let refused = ReadFault::Refusal(401, "You do not have access permissions");
    let script = Script::success_after_reads(2).without_callbacks().with_reads(vec![refused]);
    app.sandbox.kie.act(|kie, _| kie.next(script));
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    app.until("the task", |view| {
        let job = view.job(JobId(1)).ok()??;
        matches!(job.row.state, State::Waiting { .. }).then_some(())
    })
    .await;
    app.skip(Duration::from_secs(31));
    app.user(ADMIN).sees("KIE не принимает наш ключ").await;
    let stop = app.until("the stop", |view| view.stop("all").ok()?).await;
    assert_eq!(stop.by, StoppedBy::Provider, "{stop:?}");
    let left = stop.until.expect("for a time").since(app.clock.now().up);
    assert!(left <= Duration::from_secs(600) && left > Duration::from_secs(500), "{left:?}");
    ann.orders("z-image", "ещё").await.taps("✅ Запустить").await;
    ann.sees("Приём заказов ненадолго остановлен").await;
    assert_eq!(app.jobs(), 1, "nothing is sold");
    // What was ordered before goes on, and after ten minutes so does selling.
    wait_out(&app, Duration::from_secs(31), 30).await;
    ann.gets_media(1).await;
    app.settled().await;
    app.skip(Duration::from_secs(600));
    ann.orders("z-image", "и ещё").await.taps("✅ Запустить").await.gets_media(2).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credit_at_the_provider_nothing_is_sold_until_there_is_some_again() {
    let app = try_script("402", End::Back).await;
    app.user(ADMIN).sees("закончились деньги").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "ещё").await;
    ann.taps("✅ Запустить").await;
    app.settled().await;
    assert_eq!(app.jobs(), 1, "nothing is sold");
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status(), 503);
    app.sandbox.kie.act(|kie, _| kie.set_credits(rust_decimal::Decimal::ONE_HUNDRED));
    app.skip(Duration::from_secs(70));
    app.until("selling again", |view| view.stop("all").ok()?.is_none().then_some(())).await;
    ann.orders("z-image", "и ещё").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
}
