//! Files of customers and files for them: taken, looked at before the order, brought to KIE once;
//! what will not do is refused with a sentence, and nothing is fetched from inside.

use crate::support::driver::Side;
use crate::support::{Customer, Mode, PATIENCE, TestApp};
use bytes::Bytes;
use samovar::ids::JobId;
use samovar::job::State;
use samovar::sandbox::media::{self, MediaKind};
use samovar::sandbox::telegram::FileKind;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;

const ANN: i64 = 1001;

fn picture(words: &str) -> Bytes {
    media::make(MediaKind::Image, words, "1:1").expect("a picture")
}

fn sound() -> Bytes {
    media::make(MediaKind::Audio, "самовар", "1:1").expect("a sound")
}

async fn shop() -> TestApp {
    shop_with(|_| {}).await
}

async fn shop_with(change: impl FnOnce(&mut samovar::config::Settings)) -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        change(settings);
    })
    .await;
    app.credit(ANN, "1000").await;
    app.user(ANN).sends("/start").sees("Самовар").await;
    app
}

/// Opens a model's card, as a button of an older menu would.
async fn opens(ann: &Customer<'_>, id: &str) {
    // From the menu, so that a card which is there already is not taken for the new one.
    ann.forges_tap("home");
    ann.waits_for("menu", |one| one.button("quick").map(drop)).await;
    ann.forges_tap(&format!("m:{id}"));
    let generate = format!("gen:{id}");
    ann.waits_for("card", |one| one.button(&generate).map(drop)).await;
}

async fn asked_input(app: &TestApp) -> Value {
    app.settled().await;
    app.sandbox.kie.look(|kie| kie.creates().last().expect("a task").body["input"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_sent_on_a_card_is_its_input_and_kie_gets_a_copy_of_its_own() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    let sent = picture("кот");
    ann.sends_file(FileKind::Photo, "cat.png", sent.clone());
    ann.sees_last("Проверьте заказ").await;
    assert_eq!(app.sandbox.kie.look(|kie| kie.uploads().len()), 0, "nothing leaves before the order");
    ann.taps("✅ Запустить").await.gets_media(1).await;
    let input = asked_input(&app).await;
    app.sandbox.kie.look(|kie| {
        let [upload] = kie.uploads() else { panic!("one upload, not {}", kie.uploads().len()) };
        assert_eq!(input["image"], upload.url.as_str());
        assert_eq!(upload.bytes, sent);
    });
    // The same once more, from Telegram's own name of the file.
    ann.taps("🔁 Повторить").await.sees_last("Проверьте заказ").await;
    ann.taps("✅ Запустить").await.gets_media(2).await;
    app.settled().await;
    assert_eq!(app.sandbox.kie.look(|kie| kie.uploads().len()), 2, "each order has its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_come_one_by_one_in_any_order_until_it_is_enough() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "google/nano-banana-edit").await;
    let pictures = [picture("раз"), picture("два"), picture("три")];
    // Words beside the first file are the prompt.
    ann.sends_file_with(FileKind::Photo, "1.png", pictures[0].clone(), "Соедини их");
    ann.sees_last("принято 1 из 10").await;
    for one in &pictures[1..] {
        ann.sends_file(FileKind::Document, "n.png", one.clone());
    }
    ann.sees_last("принято 3 из 10").await;
    ann.taps("✅ Готово").await.taps("⏭ Пропустить все").await;
    let order = ann.sees_last("Проверьте заказ").await;
    assert!(order.text.contains("3 файла") && order.text.contains("Соедини их"), "{}", order.text);
    ann.taps("✅ Запустить").await.gets_media(1).await;
    let input = asked_input(&app).await;
    app.sandbox.kie.look(|kie| {
        let urls: Vec<&str> =
            input["image_urls"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let bytes = |url: &&str| {
            kie.uploads().iter().find(|upload| upload.url == *url).expect("uploaded").bytes.clone()
        };
        let there: Vec<Bytes> = urls.iter().map(bytes).collect();
        assert_eq!(there, pictures, "in the order they came");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eleventh_picture_is_one_too_many() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "google/nano-banana-edit").await;
    for number in 1..=10 {
        ann.sends_file(FileKind::Photo, "n.png", picture(&format!("кадр {number}")));
    }
    // Ten are enough by themselves: the words are asked for.
    ann.sees_last("Описание").await;
    ann.sends_file(FileKind::Photo, "n.png", picture("лишний"));
    ann.sees_last("можно не больше 10").await;
    assert_eq!(app.jobs(), 0);
}

/// A PNG whose header claims these sides.
fn claims(width: u32, height: u32) -> Bytes {
    let mut bytes = picture("кот").to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_will_not_do_are_refused_with_a_sentence_before_any_price() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    let exe = [b"MZ\x90\x00".as_slice(), &[0; 4_000]].concat();
    let gif = [b"GIF89a\x10\x00\x10\x00".as_slice(), &[0; 400]].concat();
    let large = [picture("кот").as_ref(), &vec![0; 6 * 1024 * 1024]].concat();
    for (kind, name, bytes, said) in [
        (FileKind::Document, "photo.png", Bytes::from(exe), "такой файл не подойдёт"),
        (FileKind::Document, "a.png", claims(30_000, 30_000), "каждая сторона должна быть"),
        (FileKind::Document, "a.png", claims(100, 300), "каждая сторона должна быть"),
        (FileKind::Document, "a.gif", Bytes::from(gif), "такой файл не подойдёт"),
        (FileKind::Document, "a.png", Bytes::from(large), "слишком большой"),
        (FileKind::Document, "a.png", picture("кот").slice(..20), "такой файл не подойдёт"),
        (FileKind::Voice, "a.ogg", sound(), "не нужен"),
        (FileKind::Video, "a.mp4", media::make(MediaKind::Video, "кот", "1:1").expect("a video"), "не нужен"),
    ] {
        let before = ann.newest();
        ann.sends_file(kind, name, bytes);
        ann.waits_for(said, |one| (Some(one.id) > before && one.text.contains(said)).then_some(())).await;
    }
    // What the sandbox's people cannot send: an empty file, one that is too big to fetch, a sticker.
    for (field, file, said) in [
        ("document", json!({"file_size": 25_000_000}), "до 20 МБ"),
        (
            "sticker",
            json!({"width": 512, "height": 512, "is_animated": true, "is_video": false, "type": "regular"}),
            "не нужен",
        ),
        ("document", json!({"mime_type": "image/png"}), "не открывается"),
    ] {
        let mut file = file;
        file["file_id"] = json!("a-file-of-nobody");
        file["file_unique_id"] = json!("u");
        let mut message = json!({"message_id": 9_000, "date": 1,
            "chat": {"id": ANN, "type": "private", "first_name": "Анна"},
            "from": {"id": ANN, "is_bot": false, "first_name": "Анна", "language_code": "ru"}});
        message[field] = file;
        let before = ann.newest();
        app.sandbox
            .telegram
            .act(|world, now| world.inject(now, json!({"message": message})).expect("an update"));
        ann.waits_for(said, |one| (Some(one.id) > before && one.text.contains(said)).then_some(())).await;
    }
    assert_eq!((app.jobs(), app.wallet(ANN).1), (0, "0.00".to_owned()));
    assert_eq!(app.sandbox.kie.look(|kie| (kie.uploads().len(), kie.creates().len())), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_to_the_inside_are_refused_and_nobody_knocks_there() {
    let app = shop().await;
    let ann = app.user(ANN);
    let inside = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = inside.local_addr().expect("an address").port();
    opens(&ann, "recraft/remove-background").await;
    for link in [
        format!("https://127.0.0.1:{port}/a.png"),
        format!("https://localhost:{port}/a.png"),
        format!("https://[::1]:{port}/a.png"),
        "https://127.0.0.1/a.png".to_owned(),
        "https://[::1]/a.png".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/a.png".to_owned(),
        "https://0x7f000001/a.png".to_owned(),
        "https://[::ffff:127.0.0.1]/a.png".to_owned(),
        "https://localhost/a.png".to_owned(),
    ] {
        let before = ann.newest();
        ann.sends(&link);
        let said = "нужен публичный адрес";
        ann.waits_for(&link, |one| (Some(one.id) > before && one.text.contains(said)).then_some(())).await;
    }
    for words in ["file:///etc/passwd", &format!("http://127.0.0.1:{port}/a.png"), "ftp://a.example/1.png"] {
        let before = ann.newest();
        ann.sends(words);
        let said = "нужен файл или ссылка";
        ann.waits_for(words, |one| (Some(one.id) > before && one.text.contains(said)).then_some(())).await;
    }
    let knocked = tokio::time::timeout(Duration::from_millis(1), inside.accept()).await;
    assert!(knocked.is_err(), "somebody knocked inside");
    assert_eq!((app.jobs(), app.wallet(ANN).1), (0, "0.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_plain_http_is_refused_whoevers_host_it_is() {
    let app = shop().await;
    let ann = app.user(ANN);
    // A picture of an earlier order lies at the sandbox's KIE, whose address is configured.
    opens(&ann, "recraft/remove-background").await;
    ann.sends_file(FileKind::Photo, "cat.png", picture("кот")).sees_last("Проверьте заказ").await;
    ann.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    let link = app.sandbox.kie.look(|kie| kie.uploads()[0].url.clone());
    opens(&ann, "recraft/remove-background").await;
    ann.sends(&link);
    ann.sees_last("нужен файл или ссылка").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seconds_of_a_recording_come_from_the_file_itself() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "elevenlabs/audio-isolation").await;
    ann.sends_file(FileKind::Voice, "a.ogg", sound()).sees_last("Проверьте заказ").await;
    let session = app.store().view().expect("a view").session(samovar::ids::UserId(ANN)).expect("readable");
    let draft = session.and_then(|session| session.draft).expect("a draft");
    let samovar::catalog::input::Value::Files(files) = &draft.values["audio_url"] else { panic!("a file") };
    assert!(files[0].seconds.is_some_and(|seconds| seconds >= 1), "{files:?}");
    ann.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_with_its_files_survives_a_crash_and_they_are_uploaded_once() {
    let mut app = shop().await;
    opens(&app.user(ANN), "google/nano-banana-edit").await;
    app.user(ANN).sends_file(FileKind::Photo, "1.png", picture("раз")).sees_last("принято 1 из 10").await;
    app.crash().await;
    app.user(ANN).sends_file(FileKind::Photo, "2.png", picture("два")).sees_last("принято 2 из 10").await;
    app.user(ANN).taps("✅ Готово").await.sees_last("Описание").await;
    app.user(ANN).sends("Соедини их").taps("⏭ Пропустить все").await;
    app.user(ANN).sees_last("2 файла").await;
    // KIE is slow to take the order, and the service dies with both files uploaded.
    let script = samovar::sandbox::kie::Script::named("455").expect("a script");
    app.sandbox.kie.act(|kie, _| kie.next(script));
    app.user(ANN).taps("✅ Запустить").await;
    app.until("both files to be there", |view| {
        let job = view.job(JobId(1)).ok()??;
        let put_off = matches!(job.row.state, State::Queued { since, not_before } if not_before > since);
        (put_off && job.row.uploads["image_urls"].len() == 2).then_some(())
    })
    .await;
    app.crash().await;
    app.skip(Duration::from_secs(90));
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert_eq!(app.sandbox.kie.look(|kie| kie.uploads().len()), 2, "uploaded once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_of_groks_leads_to_its_upscaler() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "grok-imagine/text-to-video").await;
    ann.sends("Самовар кипит").taps("⏭ Пропустить все").await.taps("✅ Запустить").await;
    let video = ann.gets_media(1).await;
    app.settled().await;
    let task = app.sandbox.kie.look(|kie| kie.tasks().keys().next().expect("a task").clone());
    app.skip(Duration::from_secs(1));
    app.sandbox
        .telegram
        .act(|world, now| world.tap(now, ANN, video.id, "⬆️ Улучшить качество"))
        .expect("tapped");
    // Whose video it is stands fixed: no forged button changes it.
    ann.waits_for("options", |one| one.button("⏭ Пропустить все").map(drop)).await;
    let session = app.store().view().expect("a view").session(samovar::ids::UserId(ANN)).expect("readable");
    let number = session.and_then(|session| session.draft).expect("a draft").number;
    ann.forges_tap(&format!("v:{number}:task_id:another")).forges_tap(&format!("u:{number}:task_id"));
    app.settled().await;
    ann.taps("⏭ Пропустить все").await;
    ann.sees_last("ваше видео").await;
    ann.taps("✅ Запустить").await.gets_media(2).await;
    assert_eq!(asked_input(&app).await, json!({"task_id": task, "resolution": "720p"}));
    // Once more, to the other resolution: it is dearer.
    ann.taps("✏️ Изменить").await.taps("Разрешение: 720p").await.taps("1080p").await;
    ann.sees_last("28,50").await;
    ann.taps("⏭ Пропустить все").await.sees_last("28,50").await;
    app.skip(Duration::from_secs(10));
    ann.taps("✅ Запустить").await;
    let video = ann.gets_media(3).await;
    assert!(
        video.text.contains("Списано: 28,50 ₽") && video.text.contains("Разрешение: 1080p"),
        "{}",
        video.text
    );
    assert_eq!(asked_input(&app).await, json!({"task_id": task, "resolution": "1080p"}));
    opens(&ann, "grok-imagine/upscale").await;
    ann.taps("✨ Сгенерировать").await.sees_last("сделайте видео моделью Grok Imagine").await;
    assert_eq!(app.jobs(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_loses_nothing_and_one_tap_makes_all_options_usual() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "flux-2/pro-text-to-image").await;
    ann.sends("Самовар на снегу").sees_last("Самовар на снегу").await;
    ann.taps("Разрешение: 1K").await.taps("2K").await.taps("Разрешение: 2K").await;
    // From one option back to all, from all back to the card, and forth again.
    ann.taps("⬅️ Назад").await.taps("⏭ Пропустить все").await.taps("⚙️ Параметры").await;
    ann.taps("⬅️ Назад").await.taps("✨ Сгенерировать").await;
    let options = ann.sees_last("Самовар на снегу").await;
    assert!(options.labels().contains(&"Разрешение: 2K"), "{:?}", options.labels());
    ann.taps("↩️ Всё как обычно").await.taps("Разрешение: 1K").await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sells_best_stands_first_among_the_popular() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "google/imagen4-fast").await;
    ann.sends("Самовар").taps("⏭ Пропустить все").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    ann.forges_tap("t:popular:0");
    let first = ann
        .waits_for("list", |one| one.keyboard[0][0].data.clone().filter(|data| data.starts_with("m:")))
        .await;
    assert_eq!(first, "m:google/imagen4-fast");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_too_large_for_telegram_comes_as_a_link() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "grok-imagine/text-to-video").await;
    ann.sends("Самовар sandbox:file-large").taps("⏭ Пропустить все").await.taps("✅ Запустить").await;
    let message = ann.sees("слишком большой для Telegram").await;
    app.settled().await;
    assert!(
        message.text.contains("Списано") && message.text.contains(app.sandbox.kie_url()),
        "{}",
        message.text
    );
    assert!(matches!(app.job(1).row.state, State::Done { .. }));
    assert_eq!(app.wallet(ANN).1, "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_results_come_as_one_album() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "grok-imagine/text-to-image").await;
    ann.sends("Самовар").taps("⏭ Пропустить все").await.taps("✅ Запустить").await.gets_media(6).await;
    app.settled().await;
    let albums = app
        .sandbox
        .telegram
        .look(|world| world.seen().iter().filter(|seen| seen.method == "sendmediagroup").count());
    assert_eq!((albums, ann.media()), (1, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_kie_pauses_is_shown_so_and_tried_again_with_growing_pauses() {
    let app = shop().await;
    let ann = app.user(ANN);
    let buys = async |script: &str| {
        let script = samovar::sandbox::kie::Script::named(script).expect("a script");
        app.sandbox.kie.act(|kie, _| kie.next(script));
        opens(&app.user(ANN), "z-image").await;
        let before = app.jobs();
        app.user(ANN).sends("самовар").taps("⏭ Пропустить все").await.taps("✅ Запустить").await;
        app.until("the order", |view| view.job(JobId(before + 1)).ok()?).await;
        app.settled().await;
    };
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60 + 5);
    buys("paused").await;
    assert_eq!(app.wallet(ANN).0, "1000.00", "the money is back");
    ann.sends("/free");
    let list = ann.waits_for("list", |one| one.button("m:z-image").map(|button| button.text.clone())).await;
    assert!(list.contains("временно недоступна"), "{list}");
    ann.taps("m:z-image").await.sees_last("временно не продаётся").await;
    app.skip(minutes(10));
    buys("paused").await;
    app.skip(minutes(10));
    app.user(ANN)
        .orders("z-image", "самовар")
        .await
        .taps("✅ Запустить")
        .await
        .sees("временно не работает")
        .await;
    app.skip(minutes(10));
    buys("success").await;
    assert_eq!(app.wallet(ANN).0, "999.24");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bots_token_reaches_neither_kie_nor_the_file_nor_any_message() {
    let app = shop().await;
    let ann = app.user(ANN);
    opens(&ann, "recraft/remove-background").await;
    ann.sends_file(FileKind::Document, "cat.png", picture("кот")).sees_last("Проверьте заказ").await;
    ann.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    let marker = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    app.sandbox.kie.look(|kie| {
        assert!(kie.creates().iter().all(|create| !create.body.to_string().contains(marker)));
        assert!(kie.uploads().iter().all(|upload| !upload.path.contains(marker)));
    });
    assert!(!ann.chat().contains(marker));
    let file = std::fs::read(app.data_dir().join("samovar.redb")).expect("the file");
    let found = file.windows(marker.len()).any(|bytes| bytes == marker.as_bytes());
    assert!(!found, "the token is in the database");
    let inputs = std::fs::read_dir(app.data_dir().join("inputs")).expect("a folder");
    assert_eq!(inputs.count(), 0, "no copy stays behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_hears_of_models_that_kie_lists_no_more() {
    let app = shop().await;
    let admin = app.user(crate::support::ADMIN);
    admin.sends("/start").sees("Здравствуйте").await;
    let listed: Vec<&str> = samovar::catalog::models().iter().map(|model| model.api_model).collect();
    let without: Vec<&str> = listed.iter().copied().filter(|model| *model != "z-image").collect();
    app.sandbox.kie.act(|kie, _| kie.list_models(&without));
    app.skip(Duration::from_secs(25 * 3600));
    let alarm = admin.sees("больше нет наших").await;
    assert!(alarm.text.contains("z-image") && !alarm.text.contains("nano"), "{}", alarm.text);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_around_the_look_or_the_upload_of_a_file_still_makes_one_sale() {
    for (act, side, most_uploads) in [
        ("looked", Side::Before, 1),
        ("looked", Side::After, 1),
        ("uploaded", Side::Before, 2),
        ("uploaded", Side::After, 1),
    ] {
        let mut app = shop().await;
        opens(&app.user(ANN), "recraft/remove-background").await;
        app.driver.crash_at(act, 1, side);
        app.user(ANN).sends_file(FileKind::Photo, "cat.png", picture("кот"));
        if act == "looked" {
            assert!(app.driver.crashed(PATIENCE).await, "no commit had an act called {act}");
            app.crash().await;
        }
        app.user(ANN).sees_last("Проверьте заказ").await;
        app.user(ANN).taps("✅ Запустить").await;
        if act == "uploaded" {
            assert!(app.driver.crashed(PATIENCE).await, "no commit had an act called {act}");
            app.crash().await;
        }
        app.user(ANN).gets_media(1).await;
        app.settled().await;
        assert_eq!(app.wallet(ANN), ("999.05".to_owned(), "0.00".to_owned()), "{side:?} {act}");
        let (uploads, creates) = app.sandbox.kie.look(|kie| (kie.uploads().len(), kie.creates().len()));
        assert!((1..=most_uploads).contains(&uploads) && creates == 1, "{side:?} {act}: {uploads} {creates}");
    }
}
