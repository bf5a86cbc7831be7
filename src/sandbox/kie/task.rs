//! One task: what was asked, how it stands, and how KIE writes it down.

use super::script::{Outcome, Says, Script, Shape};
use crate::sandbox::media::MediaKind;
use serde_json::{Value, json};

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not ended.
    Running,
    /// Ended well.
    Success,
    /// Ended badly.
    Fail,
}

/// A task that KIE accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// The model as given.
    pub model: String,
    /// The input as given.
    pub input: Value,
    /// Where its callbacks go.
    pub callback_url: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How it stands.
    pub state: State,
    /// What it makes.
    pub kind: MediaKind,
    /// How often it was looked at.
    pub reads: u32,
    /// How it goes.
    pub script: Script,
    /// The address of its result file.
    pub result_url: String,
    /// What it costs when it succeeds, as a JSON number.
    pub credits: Value,
}

impl Task {
    /// The prompt, or whatever text the input has.
    pub fn prompt(&self) -> &str {
        text_of(&self.input, &["prompt", "text"])
    }

    pub(super) fn aspect_ratio(&self) -> &str {
        text_of(&self.input, &["aspect_ratio", "image_size", "size"])
    }

    /// The addresses of all its result files: this one model makes six pictures at once.
    fn urls(&self) -> Vec<String> {
        let count = if self.model == "grok-imagine/text-to-image" { 6 } else { 1 };
        let ending = format!(".{}", self.kind.extension());
        let numbered = |number: usize| match self.result_url.strip_suffix(&ending) {
            Some(stem) if number > 1 => format!("{stem}-{number}{ending}"),
            Some(_) | None => self.result_url.clone(),
        };
        (1..=count).map(numbered).collect()
    }

    fn result_json(&self) -> Value {
        let urls = json!({"resultUrls": self.urls()});
        match self.script.shape {
            Shape::Text => Value::String(urls.to_string()),
            Shape::Object => urls,
            Shape::Half => Value::String(urls.to_string().chars().take(20).collect()),
            Shape::NoUrls => Value::String("{\"resultUrls\":[]}".to_owned()),
        }
    }

    fn word(&self, now_ms: i64) -> &'static str {
        match (self.state, self.script.running_word) {
            (State::Success, _) => "success",
            (State::Fail, _) => "fail",
            (State::Running, Some(word)) => word,
            (State::Running, None) if self.reads > 2 || now_ms - self.created_ms > 5_000 => "generating",
            (State::Running, None) => "waiting",
        }
    }

    fn param(&self) -> String {
        let mut param = json!({"model": self.model, "input": self.input.to_string()});
        if let Some(url) = &self.callback_url {
            param["callBackUrl"] = json!(url);
        }
        param.to_string()
    }

    fn cost_s(&self) -> Option<i64> {
        self.ended_ms.map(|ended_ms| (ended_ms - self.created_ms).div_euclid(1000))
    }

    /// `data` of `recordInfo`.
    pub(super) fn record(&self, now_ms: i64) -> Value {
        let mut record = json!({
            "taskId": self.id, "model": self.model, "state": self.word(now_ms), "param": self.param(),
            "resultJson": "", "failCode": null, "failMsg": null, "costTime": self.cost_s(),
            "createTime": self.created_ms, "completeTime": self.ended_ms, "successFlag": 0,
        });
        match (self.state, &self.script.outcome) {
            (State::Running, _) => {}
            (State::Success, _) => {
                record["resultJson"] = self.result_json();
                record["creditsConsumed"] = self.credits.clone();
                record["successFlag"] = json!(1);
            }
            (State::Fail, outcome) => {
                let (code, msg) = match outcome {
                    Outcome::Fail { code, msg } => (*code, *msg),
                    Outcome::Success => ("500", "Internal Error, Please try again later."),
                };
                record["failCode"] = json!(code);
                record["failMsg"] = json!(msg);
                record["creditsConsumed"] = json!(0);
                record["successFlag"] = json!(3);
            }
        }
        record
    }

    /// The body of a callback.
    pub(super) fn callback(&self, now_ms: i64, says: Says) -> Value {
        let mut told = self.clone();
        match says {
            Says::Truth => {}
            Says::Success => {
                told.state = State::Success;
                told.result_url = format!("{}-never-made", self.result_url);
            }
            Says::Fail => told.state = State::Fail,
        }
        if says != Says::Truth {
            told.ended_ms = Some(now_ms);
        }
        let mut data = told.record(now_ms);
        data["updateTime"] = json!(told.ended_ms.unwrap_or(now_ms));
        if let Some(fields) = data.as_object_mut() {
            fields.remove("successFlag");
        }
        match told.state {
            State::Success | State::Running => {
                json!({"code": 200, "msg": "Playground task completed successfully.", "data": data})
            }
            State::Fail => json!({"code": 501, "msg": "Playground task failed.", "data": data}),
        }
    }
}

fn text_of<'a>(input: &'a Value, names: &[&str]) -> &'a str {
    names.iter().find_map(|name| input.get(*name)?.as_str()).unwrap_or("")
}
