//! The KIE machine alone: no sockets, the time is a number.

use super::*;

const KEY: Option<&str> = Some("Bearer sandbox-key");
const BASE: &str = "http://127.0.0.1:1";

fn world() -> World {
    World::new(Account::default(), BASE)
}

fn order(prompt: &str) -> Vec<u8> {
    let order = json!({
        "model": "z-image", "callBackUrl": "http://127.0.0.1:2/cb",
        "input": {"prompt": prompt, "aspect_ratio": "16:9"},
    });
    order.to_string().into_bytes()
}

fn body(reply: &Reply) -> &Value {
    reply.body().unwrap_or_else(|| panic!("no JSON: {:?}", reply.answer))
}

fn make(world: &mut World, now_ms: i64, prompt: &str) -> String {
    let reply = world.create(now_ms, KEY, &order(prompt));
    body(&reply)["data"]["taskId"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

fn record(world: &mut World, now_ms: i64, id: &str) -> Value {
    let reply = world.record(now_ms, KEY, id);
    assert_eq!(body(&reply)["code"], 200);
    body(&reply)["data"].clone()
}

fn post(world: &mut World, now_ms: i64) -> CallbackPost {
    world.next_callback(now_ms).expect("a callback is due")
}

#[test]
fn errors_come_as_a_body_code_within_http_200() {
    let mut world = world();
    let code = |reply: Reply| {
        assert!(matches!(reply.answer, Answer::Json { status: 200, .. }));
        body(&reply)["code"].as_u64()
    };
    for key in [None, Some("Bearer other"), Some("sandbox-key")] {
        assert_eq!(code(world.create(0, key, &order("x"))), Some(401));
        assert_eq!(code(world.record(0, key, "x")), Some(401));
        assert_eq!(code(world.credit(key)), Some(401));
    }
    assert_eq!(code(world.create(0, KEY, b"{")), Some(400));
    assert_eq!(code(world.create(0, KEY, br#"{"input":{}}"#)), Some(422));
    assert_eq!(code(world.create(0, KEY, br#"{"model":"z-image"}"#)), Some(422));
    assert_eq!(code(world.record(0, KEY, "")), Some(400));
    assert_eq!(code(world.record(0, KEY, "none")), Some(422));
    assert_eq!((world.tasks().len(), world.creates().len()), (0, 2));
}

#[test]
fn a_task_succeeds_in_its_time_and_is_written_as_kie_writes_it() {
    let mut world = world();
    world.next(Script::success_after_ms(9_000));
    let id = make(&mut world, 1_000, "a cat");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let early = record(&mut world, 2_000, &id);
    assert_eq!(
        (&early["state"], &early["resultJson"], &early["failCode"]),
        (&json!("waiting"), &json!(""), &json!(null))
    );
    assert_eq!(record(&mut world, 9_000, &id)["state"], "generating");
    let done = record(&mut world, 10_000, &id);
    assert_eq!(
        (&done["state"], &done["costTime"], &done["creditsConsumed"]),
        (&json!("success"), &json!(9), &json!(4))
    );
    let unpack =
        |value: &Value| serde_json::from_str::<Value>(value.as_str().expect("a text")).expect("JSON");
    let param = unpack(&done["param"]);
    assert_eq!(unpack(&param["input"]), json!({"prompt": "a cat", "aspect_ratio": "16:9"}));
    let url = unpack(&done["resultJson"])["resultUrls"][0].as_str().expect("an address").to_owned();
    let name = url.strip_prefix("http://127.0.0.1:1/files/").expect("under the base");
    let file = world.file(10_000, name).expect("there");
    let Answer::Raw { body, content_type: "image/png", .. } = file.reply().answer else { panic!("no file") };
    assert_eq!(crate::sandbox::media::measure(&body), Some((512, 288)));
    assert_eq!(body_of_credit(&world), json!(5912.25));
}

fn body_of_credit(world: &World) -> Value {
    body(&world.credit(KEY))["data"].clone()
}

#[test]
fn no_result_file_is_there_before_success() {
    let mut world = world();
    world.next(Script::success_after_ms(100));
    let id = make(&mut world, 0, "x");
    assert_eq!(world.file(99, &format!("{id}.png")), None);
    assert_eq!(world.file(100, &format!("{id}.mp4")), None);
    assert!(world.file(100, &format!("{id}.png")).is_some());
}

#[test]
fn a_failed_task_says_why_and_costs_nothing() {
    let mut world = world();
    world.next(Script::fails("422", "prompt refused"));
    let id = make(&mut world, 0, "x");
    let callback = post(&mut world, 50);
    assert_eq!((&callback.body["code"], &callback.body["data"]["state"]), (&json!(501), &json!("fail")));
    let failed = record(&mut world, 50, &id);
    assert_eq!((&failed["failCode"], &failed["failMsg"]), (&json!("422"), &json!("prompt refused")));
    assert_eq!(failed["creditsConsumed"], 0);
    assert_eq!(body_of_credit(&world), json!(5916.25));
}

#[test]
fn a_task_may_end_at_a_look_or_never_or_by_hand() {
    let mut world = world();
    world.by_default(Script::success_after_reads(2));
    let id = make(&mut world, 0, "x");
    assert_eq!(record(&mut world, 0, &id)["state"], "waiting");
    assert_eq!(record(&mut world, 0, &id)["state"], "success");
    world.next(Script::named("never").expect("a name"));
    let id = make(&mut world, 0, "x");
    assert_eq!(record(&mut world, i64::MAX, &id)["state"], "generating");
    world.finish(5, &id);
    assert_eq!(record(&mut world, 5, &id)["state"], "success");
}

#[test]
fn a_callback_is_tried_four_times_and_signed_when_there_is_a_key() {
    let mut world = World::new(Account { hmac_key: Some("k".to_owned()), ..Account::default() }, BASE);
    let id = make(&mut world, 1_000, "x");
    assert_eq!(world.next_callback(1_049), None);
    assert_eq!(world.next_due_ms(), Some(1_050));
    let mut now_ms = 1_050;
    for _ in 0..4 {
        let sent = post(&mut world, now_ms);
        let (timestamp, signature) = sent.signature.clone().expect("signed");
        assert_eq!(timestamp, (now_ms / 1000).to_string());
        assert_eq!(sign("k", &id, &timestamp), Some(signature));
        assert_eq!(world.next_callback(now_ms), None);
        world.called_back(now_ms, sent.number, Some(500));
        now_ms = world.next_due_ms().unwrap_or(now_ms);
    }
    assert_eq!(world.next_due_ms(), None);
    assert_eq!(world.callbacks_seen().len(), 4);
}

#[test]
fn callbacks_may_be_repeated_early_or_false() {
    let mut world = world();
    world.next(Script::default().with_callback_repeated(10));
    make(&mut world, 0, "x");
    let posts = std::iter::from_fn(|| world.next_callback(50)).count();
    assert_eq!(posts, 10);

    world.next(Script::named("early-callback").expect("a name"));
    let reply = world.create(60, KEY, &order("x"));
    let id = reply.after_callback_of.clone().expect("held back");
    assert!(!world.callback_answered(&id));
    let sent = post(&mut world, 60);
    assert_eq!((sent.task.as_str(), &sent.body["data"]["state"]), (id.as_str(), &json!("success")));
    world.called_back(61, sent.number, Some(200));
    assert!(world.callback_answered(&id));

    world.next(Script::named("false-success").expect("a name"));
    let id = make(&mut world, 100, "x");
    let sent = post(&mut world, 100);
    assert_eq!((&sent.body["code"], &sent.body["data"]["state"]), (&json!(200), &json!("success")));
    assert_eq!(record(&mut world, 101, &id)["state"], "waiting");
}

#[test]
fn every_named_script_does_what_its_name_says_to_the_create() {
    for (name, made, code) in [
        ("402", false, 402),
        ("500-credits", false, 500),
        ("500", false, 500),
        ("422", false, 422),
        ("429", false, 429),
        ("433", false, 433),
        ("455", false, 455),
        ("505", false, 505),
        ("paused", false, 500),
        ("success", true, 200),
        ("late", true, 200),
        ("file-short", true, 200),
    ] {
        let mut world = world();
        let reply = world.create(0, KEY, &order(&format!("a cat sandbox:{name} please")));
        assert_eq!(body(&reply)["code"], code, "{name}");
        assert_eq!(world.tasks().len(), usize::from(made), "{name}");
        assert_eq!(world.creates()[0].task.is_some(), made, "{name}");
    }
    for (name, made) in [
        ("silence", 0),
        ("hangup", 0),
        ("unanswered", 1),
        ("lost-answer", 1),
        ("page", 0),
        ("page-after", 1),
        ("half", 1),
        ("redirect", 0),
        ("endless", 0),
    ] {
        let mut world = world();
        let reply = world.create(0, KEY, &order(&format!("sandbox:{name}")));
        assert_eq!(reply.body(), None, "{name}");
        assert_eq!(world.tasks().len(), made, "{name}");
    }
    assert_eq!(Script::named("nonsense"), None);
}

#[test]
fn scripts_are_taken_from_the_queue_then_by_word_then_by_default() {
    let mut world = world();
    world.on_word("volcano", Script::fails("500", "word"));
    world.by_default(Script::fails("500", "default"));
    world.next(Script::fails("500", "queue"));
    for (prompt, why) in [("volcano", "queue"), ("a volcano", "word"), ("a lake", "default")] {
        let id = make(&mut world, 0, prompt);
        assert_eq!(record(&mut world, 50, &id)["failMsg"], why);
    }
}

#[test]
fn looks_and_results_may_be_spoilt() {
    let mut world = world();
    let faults = vec![ReadFault::Null, ReadFault::Page(502), ReadFault::Half, ReadFault::Never];
    world.next(Script::default().with_reads(faults).with_shape(Shape::Object));
    let id = make(&mut world, 0, "x");
    let looks: Vec<Reply> = (0..4).map(|_| world.record(50, KEY, &id)).collect();
    assert_eq!(body(&looks[0])["msg"], "recordInfo is null");
    assert!(matches!(looks[1].answer, Answer::Raw { status: 502, .. }));
    assert!(
        matches!(&looks[2].answer, Answer::Raw { body, .. } if serde_json::from_slice::<Value>(body).is_err())
    );
    assert_eq!(looks[3].answer, Answer::Never);
    assert!(record(&mut world, 50, &id)["resultJson"]["resultUrls"].is_array());
    world.next(Script::named("unknown-state").expect("a name"));
    let id = make(&mut world, 0, "x");
    assert_eq!(record(&mut world, 50, &id)["state"], "pondering");
}

#[test]
fn twenty_tasks_in_ten_seconds_and_no_more_when_the_limit_is_on() {
    let mut world = World::new(Account { rate_limited: true, ..Account::default() }, BASE);
    for _ in 0..20 {
        make(&mut world, 0, "x");
    }
    assert_eq!(body(&world.create(9_999, KEY, &order("x")))["code"], 429);
    make(&mut world, 10_000, "x");
}

#[test]
fn an_empty_account_refuses_with_402() {
    let mut world = world();
    world.set_credits(Decimal::ONE);
    assert_eq!(body(&world.create(0, KEY, &order("x")))["code"], 402);
    assert!(world.tasks().is_empty());
}
