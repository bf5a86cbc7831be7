//! Updates on their way: long polls, webhook repeats, lanes. No sockets, the time is a number.

use super::*;

const ANN: i64 = 77;
const BOB: i64 = 78;
const TOKEN: &str = "4242:sandbox";

fn world() -> World {
    let mut world = World::new(Bot::default());
    world.user(ANN, "Ann", "ru");
    world.user(BOB, "Bob", "en");
    world
}

fn ask(world: &mut World, now_ms: i64, method: &str, params: &Value) -> Answer {
    world.call(now_ms, &Call::new(TOKEN, method, params)).answer
}

fn batch(answer: &Answer) -> Vec<i64> {
    let Answer::Json { body, .. } = answer else { panic!("no answer yet: {answer:?}") };
    let updates = body["result"].as_array().unwrap_or_else(|| panic!("no updates: {body}"));
    updates.iter().map(|update| update["update_id"].as_i64().expect("an id")).collect()
}

fn webhook(world: &mut World, params: &Value) {
    let answer = ask(world, 0, "setWebhook", params);
    assert!(matches!(answer, Answer::Json { status: 200, .. }), "{answer:?}");
}

fn status(status: u16) -> Posted {
    Posted::Status { status, retry_after_s: None }
}

#[test]
fn an_offset_confirms_what_lies_below_and_the_rest_comes_again() {
    let mut world = world();
    let first = world.say(0, ANN, "1").expect("said").update_id.expect("wanted");
    world.say(0, BOB, "2").expect("said");
    world.say(0, ANN, "3").expect("said");
    for _ in 0..2 {
        assert_eq!(batch(&ask(&mut world, 0, "getUpdates", &json!({"limit": 2}))), [first, first + 1]);
    }
    let rest = ask(&mut world, 0, "getUpdates", &json!({"offset": first + 1}));
    assert_eq!(batch(&rest), [first + 1, first + 2]);
    assert!(world.receipts()[&first].confirmed);
    assert_eq!(world.receipts()[&first].polled, 2);
    assert_eq!(batch(&ask(&mut world, 0, "getUpdates", &json!({"offset": -1}))), [first + 2]);
    assert_eq!(world.pending_updates(), 1);
    assert_eq!(batch(&ask(&mut world, 0, "getUpdates", &json!({"offset": first + 3}))), [0; 0]);
}

#[test]
fn a_long_poll_waits_until_something_comes_or_its_time_is_up() {
    let mut world = world();
    let Answer::Poll { poll, until_ms } = ask(&mut world, 0, "getUpdates", &json!({"timeout": 30})) else {
        panic!("should wait");
    };
    assert_eq!(until_ms, 30_000);
    assert_eq!(world.poll_again(29_999, poll), None);
    let sent = world.say(1, ANN, "1").expect("said").update_id.expect("wanted");
    let reply = world.poll_again(2, poll).expect("an answer");
    assert_eq!(batch(&reply.answer), [sent]);
    let Answer::Poll { poll, .. } =
        ask(&mut world, 0, "getUpdates", &json!({"timeout": 1, "offset": sent + 1}))
    else {
        panic!("should wait");
    };
    let reply = world.poll_again(1000, poll).expect("an answer");
    assert_eq!(batch(&reply.answer), [0; 0]);
}

#[test]
fn a_second_poller_ends_the_first_and_a_webhook_ends_them_all() {
    let mut world = world();
    let poll = |world: &mut World| {
        let answer = ask(world, 0, "getUpdates", &json!({"timeout": 30}));
        let Answer::Poll { poll, .. } = answer else { panic!("should wait: {answer:?}") };
        poll
    };
    let (first, second) = (poll(&mut world), poll(&mut world));
    let conflict = |reply: Option<Reply>| reply.and_then(|reply| Some(reply.body()?["error_code"] == 409));
    assert_eq!(conflict(world.poll_again(0, first)), Some(true));
    assert_eq!(world.poll_again(0, second), None);
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/"}));
    let ended = world.poll_again(0, second).expect("ended");
    assert_eq!(
        ended.body().map(|body| body["description"].clone()),
        Some(json!("Conflict: terminated by setWebhook request"))
    );
    assert!(matches!(ask(&mut world, 0, "getUpdates", &json!({})), Answer::Json { status: 409, .. }));
    ask(&mut world, 0, "deleteWebhook", &json!({}));
    assert!(matches!(ask(&mut world, 0, "getUpdates", &json!({})), Answer::Json { status: 200, .. }));
}

#[test]
fn allowed_updates_are_remembered_and_an_empty_list_is_the_default() {
    let mut world = world();
    ask(&mut world, 0, "getUpdates", &json!({"allowed_updates": ["message"]}));
    ask(&mut world, 0, "getUpdates", &json!({}));
    assert_eq!(world.block(0, ANN).expect("blocked").update_id, None);
    assert_eq!(world.inject(0, json!({"chat_member": {}})).expect("an object"), None);
    // A form brings the list as a text.
    ask(&mut world, 0, "getUpdates", &json!({"allowed_updates": "[]"}));
    assert!(world.block(0, ANN).expect("blocked").update_id.is_some());
    assert_eq!(world.inject(0, json!({"chat_member": {}})).expect("an object"), None);
    assert_eq!(world.inject(0, json!([])), Err(CannotAct::NoObject));
}

#[test]
fn lanes_go_side_by_side_and_each_keeps_its_order() {
    let mut world = world();
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/", "secret_token": "s_-1"}));
    for (person, text) in [(ANN, "1"), (ANN, "2"), (BOB, "3")] {
        world.say(0, person, text).expect("said");
    }
    let (ann, bob) = (world.next_post(0).expect("due"), world.next_post(0).expect("due"));
    assert_eq!((ann.lane, bob.lane), (Lane::Chat(ANN), Lane::Chat(BOB)));
    assert_eq!(ann.secret_token, "s_-1");
    assert_eq!(world.next_post(0), None);
    world.posted(0, &ann, &status(500));
    world.posted(0, &bob, &status(200));
    let again = world.next_post(0).expect("repeated at once");
    assert_eq!(again.update_id, ann.update_id);
    world.posted(0, &again, &status(204));
    assert_eq!(world.next_post(0).map(|post| post.update_id), Some(ann.update_id + 1));
    let receipt = world.receipts()[&ann.update_id];
    assert_eq!((receipt.posts, receipt.ok), (2, 1));
}

#[test]
fn repeats_come_after_growing_delays_or_when_the_receiver_says() {
    let mut world = world();
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/"}));
    world.say(0, ANN, "1").expect("said");
    let (mut now_ms, mut waits) = (1, Vec::new());
    for _ in 0..9 {
        let post = world.next_post(now_ms).expect("due");
        world.posted(now_ms, &post, &Posted::Failed("refused".to_owned()));
        let due_ms = world.next_post_due_ms(now_ms).unwrap_or(now_ms);
        waits.push((due_ms - now_ms) / 1000);
        now_ms = due_ms;
    }
    let cap = waits[8];
    assert_eq!(waits[..6], [0, 2, 4, 8, 16, 32]);
    assert!((60..120).contains(&cap), "{waits:?}");
    let post = world.next_post(now_ms).expect("due");
    world.posted(now_ms, &post, &Posted::Status { status: 503, retry_after_s: Some(9000) });
    assert_eq!(world.next_post_due_ms(now_ms), Some(now_ms + 3_600_000));
    let Answer::Json { body, .. } = ask(&mut world, 0, "getWebhookInfo", &json!({})) else {
        panic!("no JSON")
    };
    assert_eq!(body["result"]["pending_update_count"], 1);
    assert_eq!(body["result"]["last_error_message"], "Wrong response from the webhook: 503");
}

#[test]
fn after_ten_seconds_without_a_success_there_is_one_connection() {
    let mut world = world();
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/", "max_connections": 2}));
    for person in [ANN, BOB] {
        world.say(0, person, "1").expect("said");
    }
    let posts = [world.next_post(0).expect("due"), world.next_post(0).expect("due")];
    for post in &posts {
        world.posted(0, post, &status(500));
    }
    let post = world.next_post(10_001).expect("one");
    assert_eq!(world.next_post(10_001), None);
    world.posted(10_001, &post, &status(200));
    assert!(world.next_post(10_001).is_some());
}

#[test]
fn old_updates_are_dropped_taps_sooner_than_messages() {
    let mut world = world();
    world.say(0, ANN, "1").expect("said");
    let markup = json!({"inline_keyboard": [[{"text": "B", "callback_data": "b"}]]});
    ask(&mut world, 0, "sendMessage", &json!({"chat_id": ANN, "text": "x", "reply_markup": markup}));
    let tap = world.tap_latest(0, ANN, "B").expect("tapped").update_id.expect("wanted");
    assert_eq!(batch(&ask(&mut world, 149_999, "getUpdates", &json!({}))).len(), 2);
    assert_eq!(batch(&ask(&mut world, 150_000, "getUpdates", &json!({}))).len(), 1);
    assert!(world.receipts()[&tap].dropped);
    assert_eq!(batch(&ask(&mut world, 86_400_000, "getUpdates", &json!({}))).len(), 0);
}

#[test]
fn repeated_updates_keep_their_id() {
    let mut world = world();
    world.repeat_updates(3);
    let id = world.say(0, ANN, "1").expect("said").update_id.expect("wanted");
    assert_eq!(batch(&ask(&mut world, 0, "getUpdates", &json!({}))), [id, id, id]);
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/"}));
    let posts: Vec<i64> = std::iter::from_fn(|| world.next_post(0)).map(|post| post.update_id).collect();
    assert_eq!(posts, [id, id, id]);
}

#[test]
fn a_webhook_is_checked_and_may_drop_what_waits() {
    let mut world = world();
    world.say(0, ANN, "1").expect("said");
    for params in [
        json!({"url": "ftp://x"}),
        json!({"url": "nonsense"}),
        json!({"url": "https://x", "secret_token": "a b"}),
        json!({"url": "https://x", "secret_token": "a".repeat(257)}),
    ] {
        assert!(
            matches!(ask(&mut world, 0, "setWebhook", &params), Answer::Json { status: 400, .. }),
            "{params}"
        );
    }
    webhook(&mut world, &json!({"url": "https://x", "drop_pending_updates": "true"}));
    assert_eq!(world.pending_updates(), 0);
    assert_eq!(world.webhook().map(|webhook| webhook.max_connections), Some(40));
}

#[test]
fn what_was_put_off_is_not_forgotten_by_one_whose_clock_is_behind() {
    let mut world = World::new(Bot { connections: Some(2), ..Bot::default() });
    world.user(ANN, "Ann", "ru");
    world.user(BOB, "Bob", "en");
    webhook(&mut world, &json!({"url": "http://127.0.0.1:1/", "max_connections": 1}));
    for person in [ANN, BOB] {
        world.say(0, person, "1").expect("said");
    }
    let posts = [world.next_post(0).expect("due"), world.next_post(0).expect("due")];
    let busy = Posted::Status { status: 503, retry_after_s: Some(1) };
    for post in &posts {
        world.posted(0, post, &busy);
    }
    assert_eq!(world.next_post(999), None);
    let first = world.next_post(1_000).expect("due");
    assert_eq!(world.next_post(999), None);
    let second = world.next_post(1_000).expect("due");
    assert_eq!([first.update_id, second.update_id], posts.map(|post| post.update_id));
}
