//! Every row of the table of answers.

use super::*;
use serde_json::json;
use url::Url;

const TASK: &str = "e989621f54392584b05867f87b160672";

fn hosts() -> Hosts {
    let own = Url::parse("http://127.0.0.1:8181/kie").expect("a link");
    Hosts::new(&[], &[&own])
}

fn order(body: &str) -> Created {
    created(200, None, body.as_bytes())
}

fn rejected(message: &str) -> Created {
    Created::Refused(Why::Rejected { message: message.to_owned() })
}

#[test]
fn an_order_is_accepted_by_code_200_with_a_task_id_whatever_http_says() {
    let body = format!(r#"{{"code":200,"msg":"success","data":{{"taskId":"{TASK}","recordId":"x"}}}}"#);
    for status in [200, 302, 404, 502] {
        assert_eq!(created(status, None, body.as_bytes()), Created::Accepted(TASK.to_owned()));
    }
    assert_eq!(order(r#"{"code":"200","data":{"taskId":"t"}}"#), Created::Accepted("t".to_owned()));
}

#[test]
fn each_code_and_message_has_its_meaning() {
    for (body, meaning) in [
        (r#"{"code":401,"msg":"no access"}"#, Created::Refused(Why::KeyRefused)),
        (r#"{"code":433,"msg":"limit"}"#, Created::Refused(Why::KeyRefused)),
        (r#"{"code":402,"msg":"x"}"#, Created::Refused(Why::NoCredit)),
        (r#"{"code":500,"msg":"Credits insufficient. Please top up"}"#, Created::Refused(Why::NoCredit)),
        (r#"{"code":505,"msg":"disabled"}"#, Created::Refused(Why::Paused)),
        (r#"{"code":500,"msg":"This interface is temporarily paused."}"#, Created::Refused(Why::Paused)),
        (r#"{"code":503,"message":"It is Temporarily Paused"}"#, Created::Refused(Why::Paused)),
        // A prompt that KIE repeats in its refusal stops no sales.
        (
            r#"{"code":422,"msg":"prompt: temporarily paused, credits insufficient"}"#,
            rejected("prompt: temporarily paused, credits insufficient"),
        ),
        (r#"{"code":500,"msg":"prompt: credits insufficient"}"#, rejected("prompt: credits insufficient")),
        (r#"{"code":404,"msg":"Not Found"}"#, Created::Refused(Why::ModelGone)),
        (
            r#"{"code":422,"msg":"The model name you specified is not supported, see the list"}"#,
            Created::Refused(Why::ModelGone),
        ),
        (r#"{"code":422,"msg":"url is wrong"}"#, rejected("url is wrong")),
        (
            r#"{"code":500,"msg":"aspect_ratio is required","data":null}"#,
            rejected("aspect_ratio is required"),
        ),
        (r#"{"code":400,"message":"bad\r\nrequest"}"#, rejected("bad  request")),
        (r#"{"code":501}"#, rejected("code 501")),
        (r#"{"code":-1,"msg":""}"#, rejected("code -1")),
    ] {
        assert_eq!(order(body), meaning, "{body}");
        assert_eq!(created(500, None, body.as_bytes()), meaning, "{body}");
    }
}

#[test]
fn a_busy_provider_is_asked_again_when_it_says() {
    let busy = |pause_s, maintenance| Created::Busy { pause: Duration::from_secs(pause_s), maintenance };
    let many = br#"{"code":429,"msg":"too many"}"#;
    assert_eq!(created(429, None, many), busy(10, false));
    assert_eq!(created(200, Some(" 7 "), many), busy(7, false));
    assert_eq!(created(200, Some("0"), many), busy(1, false));
    assert_eq!(created(200, Some("86400"), many), busy(300, false));
    assert_eq!(created(200, Some("Wed, 21 Oct 2026 07:28:00 GMT"), many), busy(10, false));
    assert_eq!(order(r#"{"code":455,"msg":"maintenance"}"#), busy(60, true));
}

#[test]
fn an_order_whose_answer_says_nothing_is_in_doubt() {
    let long = format!(r#"{{"code":200,"data":{{"taskId":"{}"}}}}"#, "x".repeat(129));
    for body in [
        "",
        "<html><body>502 Bad Gateway</body></html>",
        r#"{"code":200,"data":{"taskId":"e98962"#,
        r#"{"code":200,"msg":"success"}"#,
        r#"{"code":200,"data":null}"#,
        r#"{"code":200,"data":{"taskId":""}}"#,
        r#"{"code":200,"data":{"taskId":17}}"#,
        r#"{"msg":"no code","data":{"taskId":"t"}}"#,
        r#"{"code":null}"#,
        r#"{"code":4.5}"#,
        r#"{"code":"soon"}"#,
        "[200]",
        "null",
        &long,
    ] {
        for status in [200, 302, 429, 500, 503] {
            let created = created(status, None, body.as_bytes());
            assert!(matches!(created, Created::InDoubt(_)), "{status} {body}: {created:?}");
        }
    }
}

#[test]
fn a_long_message_is_cut() {
    let body = format!(r#"{{"code":422,"msg":"{}"}}"#, "ж".repeat(1000));
    assert_eq!(order(&body), rejected(&"ж".repeat(300)));
}

fn record(fields: &Value) -> Look {
    let mut data = json!({ "taskId": TASK, "model": "google/nano-banana" });
    for (name, value) in fields.as_object().expect("an object") {
        data[name.as_str()] = value.clone();
    }
    look(200, json!({ "code": 200, "msg": "success", "data": data }).to_string().as_bytes(), TASK, &hosts())
}

fn nano() -> Echo {
    Echo { model: Some("google/nano-banana".to_owned()), input: None }
}

#[test]
fn known_states_of_work_and_unknown_ones_are_running() {
    for state in ["waiting", "queuing", "generating", "pondering", ""] {
        assert_eq!(record(&json!({ "state": state })), Look::Running(nano()), "{state}");
    }
    assert_eq!(record(&json!({ "state": null })), Look::Running(nano()));
    assert_eq!(record(&json!({ "successFlag": 0 })), Look::Running(nano()));
}

#[test]
fn a_success_is_read_in_every_form_it_was_seen_in() {
    const URL: &str = "https://tempfile.aiquickdraw.com/a.png";
    let files = json!({ "resultUrls": [URL] });
    for fields in [
        json!({ "state": "success", "resultJson": files.to_string() }),
        json!({ "state": "success", "resultJson": files }),
        json!({ "state": "success", "resultJson": json!(files.to_string()).to_string() }),
        json!({ "state": "success", "resultJson": "", "response": files }),
        json!({ "state": "success", "resultJson": null, "response": { "resultJson": files.to_string() } }),
        json!({ "successFlag": 1, "response": files.to_string() }),
        json!({ "state": "success", "resultJson": { "resultUrls": URL } }),
        json!({ "state": "success", "resultJson": { "resultUrls": json!([URL]).to_string() } }),
    ] {
        let success = Look::Success { urls: vec![URL.to_owned()], credits: None, echo: nano() };
        assert_eq!(record(&fields), success, "{fields}");
    }
}

#[test]
fn the_cost_of_a_task_is_an_exact_decimal() {
    let files = json!({ "resultUrls": ["https://tempfile.aiquickdraw.com/a.png"] });
    for (name, value, cost) in [
        ("creditsConsumed", json!(61), "61"),
        ("creditsConsumed", json!(0.1), "0.1"),
        ("consumeCredits", json!(5916.25), "5916.25"),
        ("consumeCredits", json!("4.5"), "4.5"),
    ] {
        let look = record(&json!({ "state": "success", "resultJson": files, name: value }));
        let Look::Success { credits, .. } = look else { panic!("{look:?}") };
        assert_eq!(credits.map(|credits| credits.to_string()).as_deref(), Some(cost));
    }
}

#[test]
fn only_links_that_may_be_followed_are_taken_and_at_most_ten() {
    let urls = json!([
        "http://tempfile.aiquickdraw.com/a.png",
        "https://user@tempfile.aiquickdraw.com/a.png",
        "https://tempfile.aiquickdraw.com:8443/a.png",
        "https://127.0.0.1/a.png",
        "http://127.0.0.1:8182/a.png",
        "file:///etc/passwd",
        7,
        "https://elsewhere.example/a.png",
        "http://127.0.0.1:8181/file/a.png",
    ]);
    let look = record(&json!({ "state": "success", "resultJson": { "resultUrls": urls } }));
    let Look::Success { urls, .. } = look else { panic!("{look:?}") };
    assert_eq!(urls, ["https://elsewhere.example/a.png", "http://127.0.0.1:8181/file/a.png"]);
    let many: Vec<String> = (0..99).map(|n| format!("https://file.aiquickdraw.com/{n}.png")).collect();
    let look = record(&json!({ "state": "success", "resultJson": { "resultUrls": many } }));
    let Look::Success { urls, .. } = look else { panic!("{look:?}") };
    assert_eq!(urls, many[..10]);
}

#[test]
fn a_success_that_is_not_written_yet_runs_on_and_one_without_files_failed() {
    for result in [json!(null), json!(""), json!("{}"), json!({})] {
        let look = record(&json!({ "state": "success", "resultJson": result }));
        assert_eq!(look, Look::Running(nano()), "{result}");
    }
    for result in [
        json!({ "resultObject": { "text": "hello" } }),
        json!({ "resultUrls": [] }),
        json!({ "resultUrls": ["http://tempfile.aiquickdraw.com/a.png"] }),
        json!("{\"resultUrls\":[\"https://temp"),
    ] {
        let look = record(&json!({ "state": "success", "resultJson": result }));
        let failed = Look::Failed { message: "the result is not a file".to_owned(), echo: nano() };
        assert_eq!(look, failed, "{result}");
    }
}

#[test]
fn a_failure_tells_what_the_provider_said() {
    for (fields, message) in [
        (
            json!({ "state": "fail", "failCode": "400", "failMsg": "flagged as\nsensitive" }),
            "flagged as sensitive",
        ),
        (json!({ "state": "fail", "failCode": "500", "failMsg": "" }), "code 500"),
        (json!({ "successFlag": 3, "errorMessage": "no" }), "no"),
        (json!({ "state": "fail", "failMsg": null }), "success"),
    ] {
        let failed = Look::Failed { message: message.to_owned(), echo: nano() };
        assert_eq!(record(&fields), failed, "{fields}");
    }
    let look_of = record(&json!({ "state": "fail", "failCode": "ж".repeat(1_000) }));
    let Look::Failed { message, .. } = look_of else { panic!("{look_of:?}") };
    assert_eq!(message.chars().count(), MESSAGE_CHARS, "{message}");
    let body = json!({ "code": 501, "msg": "failed.", "data": { "taskId": TASK, "state": "fail" } });
    let failed = Look::Failed { message: "failed.".to_owned(), echo: Echo::default() };
    assert_eq!(look(200, body.to_string().as_bytes(), TASK, &hosts()), failed);
}

#[test]
fn a_look_without_a_usable_answer_decides_nothing() {
    let read = |body: &str| look(200, body.as_bytes(), TASK, &hosts());
    assert_eq!(read(r#"{"code":404,"msg":"Task not found"}"#), Look::NotFound);
    assert_eq!(read(r#"{"code":422,"msg":"recordInfo is null"}"#), Look::NotFound);
    assert_eq!(read(r#"{"code":401,"msg":"no access"}"#), Look::KeyRefused);
    assert_eq!(read(r#"{"code":433,"msg":"sub-key"}"#), Look::KeyRefused);
    for body in [
        "",
        "<html>",
        r#"{"code":200,"data":{"state":"succ"#,
        r#"{"code":200,"data":null}"#,
        r#"{"code":200}"#,
        r#"{"code":422,"msg":"url is wrong"}"#,
        r#"{"code":429,"msg":"too many"}"#,
        r#"{"code":500,"msg":"Server exception","data":{"state":"fail"}}"#,
        r#"{"code":501,"data":{"state":"success"}}"#,
        r#"{"code":200,"data":{"taskId":"another","state":"fail"}}"#,
    ] {
        assert!(matches!(read(body), Look::Unreachable(_)), "{body}: {:?}", read(body));
    }
}

#[test]
fn a_task_proves_itself_ours_by_model_and_every_input_we_sent() {
    let ours = json!({ "prompt": "a cat ", "n": 2, "hd": true, "urls": ["u"], "seed": null, "ratio": "1:1" });
    let ours = ours.as_object().expect("an object");
    let seen = |input: &Value| {
        let param = json!({ "model": "m", "input": input.to_string(), "callBackUrl": "https://x/s" });
        let look = record(&json!({ "state": "waiting", "param": param.to_string() }));
        look.echo().expect("shown").is_order("google/nano-banana", ours)
    };
    let same = json!({ "prompt": "a cat", "n": 2, "hd": true, "urls": ["u"], "ratio": "1:1" });
    let but = |name: &str, value: Value| {
        let mut other = same.clone();
        other[name] = value;
        other
    };
    assert!(seen(&same));
    assert!(seen(&but("nsfw_checker", json!(false))), "the provider's own default");
    assert!(seen(&but("n", json!("2.0"))) && seen(&but("n", json!(2.0))) && seen(&but("hd", json!("true"))));
    for other in [
        but("prompt", json!("a dog")),
        but("prompt", json!(null)),
        but("n", json!(3)),
        but("n", json!("two")),
        but("hd", json!(false)),
        but("hd", json!("false")),
        but("urls", json!(["u", "v"])),
        but("urls", json!(["v"])),
        but("seed", json!(5)),
        json!({}),
        json!("text"),
    ] {
        assert!(!seen(&other), "{other}");
    }
    assert!(!Echo { model: Some("z-image".to_owned()), input: Some(ours.clone()) }.is_order("m", ours));
    assert!(!Echo { model: None, input: Some(ours.clone()) }.is_order("m", ours));
    assert!(!nano().is_order("google/nano-banana", &Map::new()), "silence proves nothing");
}

#[test]
fn the_credit_is_an_exact_decimal_or_a_reason() {
    let credit = |body: &str| credit(200, body.as_bytes()).map(|credit| credit.to_string());
    assert_eq!(credit(r#"{"code":200,"msg":"success","data":5916.25}"#).as_deref(), Ok("5916.25"));
    assert_eq!(credit(r#"{"code":200,"data":12}"#).as_deref(), Ok("12"));
    assert_eq!(credit(r#"{"code":200,"data":1e3}"#).as_deref(), Ok("1000"));
    assert_eq!(credit(r#"{"code":401,"msg":"no"}"#), Err("code 401: no".to_owned()));
    assert!(credit(r#"{"code":200,"data":null}"#).is_err() && credit("<html>").is_err());
}

#[test]
fn what_kie_says_is_cut_before_a_callback_address_it_repeats() {
    let body = r#"{"code":422,"msg":"cannot call https://shop.example/kie/callback/7/secret-of-7"}"#;
    let Created::Refused(Why::Rejected { message }) = created(200, None, body.as_bytes()) else {
        panic!("a refusal")
    };
    assert_eq!(message, "cannot call https://shop.example");
}

#[test]
fn a_list_of_a_hundred_thousand_addresses_is_looked_at_no_further_than_its_beginning() {
    let mut urls = vec!["http://plain.example/"; 100_000];
    urls.push("https://tempfile.aiquickdraw.com/a.png");
    let look = record(&json!({ "state": "success", "resultJson": { "resultUrls": urls } }));
    assert!(matches!(look, Look::Failed { .. }), "{look:?}");
}
