//! A KIE of our own. [`World`] is the whole of it, as a state machine: requests go in with the time,
//! replies and callbacks come out; it has no clock, no sockets and no randomness.

mod account;
mod callbacks;
mod file;
mod models;
mod script;
mod server;
mod task;
#[cfg(test)]
mod tests;
mod uploads;

pub use account::Account;
pub use callbacks::{CallbackPost, CallbackSeen, sign};
pub use file::ResultFile;
pub use script::{CallbackPlan, CreateAnswer, Ends, Outcome, ReadFault, ResultFault, Says, Script, Shape};
pub use task::{State, Task};
pub use uploads::{Upload, Uploaded};

pub(super) use server::{call_back, router};

use super::media::MediaKind;
use super::wire::{Answer, Reply};
use bytes::Bytes;
use callbacks::Callbacks;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A `createTask` request with the right key.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSeen {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The body as it came.
    pub body: Value,
    /// The task made of it, if one was.
    pub task: Option<String>,
}

/// Everything this KIE knows.
#[derive(Clone)]
pub struct World {
    account: Account,
    base_url: String,
    tasks: BTreeMap<String, Task>,
    running: BTreeSet<String>,
    next: VecDeque<Script>,
    words: Vec<(String, Script)>,
    default: Script,
    creates: Vec<CreateSeen>,
    accepted_ms: VecDeque<i64>,
    callbacks: Callbacks,
    uploads: Vec<Uploaded>,
    files_asked: u64,
    models: Option<Vec<String>>,
}

fn coded(code: u16, msg: &str) -> Reply {
    Reply::json(json!({"code": code, "msg": msg}))
}

fn good(data: &Value) -> Reply {
    Reply::json(json!({"code": 200, "msg": "success", "data": data}))
}

/// A decimal as a JSON number.
fn number(decimal: Decimal) -> Value {
    serde_json::from_str(&decimal.normalize().to_string()).unwrap_or(Value::Null)
}

fn half(reply: &Reply) -> Reply {
    let text = reply.body().map_or_else(String::new, Value::to_string);
    let body = Bytes::from(text.chars().take(text.len() / 2).collect::<String>());
    Answer::Raw { status: 200, content_type: "application/json", body }.into()
}

impl World {
    /// A KIE with nothing to do, whose result files will be under `base_url`.
    pub fn new(account: Account, base_url: &str) -> Self {
        Self {
            account,
            base_url: base_url.to_owned(),
            tasks: BTreeMap::new(),
            running: BTreeSet::new(),
            next: VecDeque::new(),
            words: Vec::new(),
            default: Script::default(),
            creates: Vec::new(),
            accepted_ms: VecDeque::new(),
            callbacks: Callbacks::default(),
            uploads: Vec::new(),
            files_asked: 0,
            models: None,
        }
    }

    /// The next `createTask` goes by this script, the one after by the next pushed, and so on.
    pub fn next(&mut self, script: Script) {
        self.next.push_back(script);
    }

    /// Tasks whose prompt contains `word` go by this script.
    pub fn on_word(&mut self, word: &str, script: Script) {
        self.words.push((word.to_owned(), script));
    }

    /// All other tasks go by this script.
    pub fn by_default(&mut self, script: Script) {
        self.default = script;
    }

    /// What is on the account from now on, in credits.
    pub fn set_credits(&mut self, credits: Decimal) {
        self.account.credits = credits;
    }

    /// Every result file is gone from now on, as when KIE has kept it for long enough.
    pub fn lose_files(&mut self) {
        self.tasks.values_mut().for_each(|task| task.script.result = ResultFault::Missing);
    }

    fn script_for(&mut self, input: &Value) -> Script {
        if let Some(script) = self.next.pop_front() {
            return script;
        }
        let fields = input.as_object();
        let prompt = fields.and_then(|fields| fields.get("prompt").or_else(|| fields.get("text"))?.as_str());
        let prompt = prompt.unwrap_or("");
        if let Some((_, script)) = self.words.iter().find(|(word, _)| prompt.contains(word.as_str())) {
            return script.clone();
        }
        let named = prompt.split_whitespace().find_map(|word| Script::named(word.strip_prefix("sandbox:")?));
        named.unwrap_or_else(|| self.default.clone())
    }

    /// `None` when the header carries the right key.
    fn denied(&self, authorization: Option<&str>) -> Option<Reply> {
        let key = authorization.and_then(|value| value.strip_prefix("Bearer "));
        (key != Some(self.account.api_key.as_str())).then(|| coded(401, "You do not have access permissions"))
    }

    fn over_the_limit(&mut self, now_ms: i64) -> bool {
        self.accepted_ms.retain(|at_ms| now_ms - at_ms < 10_000);
        self.account.rate_limited && self.accepted_ms.len() >= 20
    }

    /// `POST /api/v1/jobs/createTask`.
    pub fn create(&mut self, now_ms: i64, authorization: Option<&str>, body: &[u8]) -> Reply {
        if let Some(denied) = self.denied(authorization) {
            return denied;
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return coded(400, "The request body is not JSON");
        };
        self.creates.push(CreateSeen { at_ms: now_ms, body: body.clone(), task: None });
        if self.over_the_limit(now_ms) {
            return coded(429, "Your request frequency is too high, please try again later");
        }
        let model = body["model"].as_str().unwrap_or("").to_owned();
        let Some(kind) = (self.account.kind_of)(&model) else {
            return coded(
                422,
                "The model name you specified is not supported, please check the documentation",
            );
        };
        if !body["input"].is_object() {
            return coded(422, "input is required");
        }
        let script = self.script_for(&body["input"]);
        if script.accepted && self.account.credits < self.account.task_credits {
            return coded(402, "Credits insufficient");
        }
        if !script.accepted {
            return self.create_answer(&script.answer, None);
        }
        self.accepted_ms.push_back(now_ms);
        let id = self.accept(now_ms, model, kind, &body, script.clone());
        self.create_answer(&script.answer, Some(&id))
    }

    fn accept(
        &mut self,
        now_ms: i64,
        model: String,
        kind: MediaKind,
        body: &Value,
        script: Script,
    ) -> String {
        let id = blake3::hash(format!("{}/{}", self.account.seed, self.tasks.len()).as_bytes());
        let id = id.to_hex()[..32].to_owned();
        let name = format!("{id}.{}", kind.extension());
        let result_url = match script.result {
            // Port 9 is "discard", where nobody listens.
            ResultFault::Unreachable => format!("http://127.0.0.1:9/files/{name}"),
            ResultFault::None
            | ResultFault::Missing
            | ResultFault::Short
            | ResultFault::WrongType
            | ResultFault::Empty
            | ResultFault::Endless(_)
            | ResultFault::Padded(_)
            | ResultFault::Never => format!("{}/files/{name}", self.base_url),
        };
        let task = Task {
            id: id.clone(),
            model,
            input: body["input"].clone(),
            callback_url: body["callBackUrl"].as_str().map(str::to_owned),
            created_ms: now_ms,
            ended_ms: None,
            state: State::Running,
            kind,
            reads: 0,
            script,
            result_url,
            credits: number(self.account.task_credits),
        };
        if let Some(create) = self.creates.last_mut() {
            create.task = Some(id.clone());
        }
        self.plan_callbacks(now_ms, &task, true);
        self.running.insert(id.clone());
        self.tasks.insert(id.clone(), task);
        self.advance(now_ms);
        id
    }

    fn create_answer(&self, answer: &CreateAnswer, id: Option<&str>) -> Reply {
        let made = good(&json!({"taskId": id, "recordId": id}));
        match answer {
            CreateAnswer::Good => made,
            CreateAnswer::Slow(ms) => Reply { delay_ms: *ms, ..made },
            CreateAnswer::AfterCallback => Reply { after_callback_of: id.map(str::to_owned), ..made },
            CreateAnswer::Never => Answer::Never.into(),
            CreateAnswer::Hangup => Answer::Hangup.into(),
            CreateAnswer::Refusal { http, code, msg } => Answer::Json {
                status: *http,
                retry_after_s: (*http == 429).then_some(1),
                body: json!({"code": code, "msg": msg}),
            }
            .into(),
            CreateAnswer::Page(status) => Reply::html(*status),
            CreateAnswer::Half => half(&made),
            CreateAnswer::NoTaskId => good(&Value::Null),
            CreateAnswer::Redirect => Answer::Redirect(format!("{}/elsewhere", self.base_url)).into(),
            CreateAnswer::Endless(bytes) => {
                Answer::Endless { content_type: "application/json", bytes: *bytes }.into()
            }
        }
    }

    fn plan_callbacks(&mut self, now_ms: i64, task: &Task, early: bool) {
        let Some(url) = &task.callback_url else { return };
        for plan in task.script.callbacks.iter().filter(|plan| plan.early == early) {
            let due_ms = now_ms.saturating_add_unsigned(plan.after_ms);
            self.callbacks.push(due_ms, &task.id, url, task.callback(now_ms, plan.says));
        }
    }

    /// Ends a task now, by its script's outcome. Nothing happens to one that has ended.
    pub fn finish(&mut self, now_ms: i64, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.state == State::Running) else { return };
        task.ended_ms = Some(now_ms);
        task.state = match task.script.outcome {
            Outcome::Success => State::Success,
            Outcome::Fail { .. } => State::Fail,
        };
        if task.state == State::Success {
            self.account.credits -= self.account.task_credits;
        }
        let task = task.clone();
        self.running.remove(id);
        self.plan_callbacks(now_ms, &task, false);
    }

    fn end_ms(&self, id: &str) -> Option<i64> {
        let task = self.tasks.get(id)?;
        match task.script.ends {
            Ends::AfterMs(ms) => Some(task.created_ms.saturating_add_unsigned(ms)),
            Ends::AfterReads(_) | Ends::Never => None,
        }
    }

    /// Lets time pass: ends the tasks whose time has come.
    pub fn advance(&mut self, now_ms: i64) {
        let due = |id: &&String| self.end_ms(id).is_some_and(|end_ms| end_ms <= now_ms);
        let due: Vec<String> = self.running.iter().filter(due).cloned().collect();
        for id in due {
            self.finish(now_ms, &id);
        }
    }

    /// `GET /api/v1/jobs/recordInfo`.
    pub fn record(&mut self, now_ms: i64, authorization: Option<&str>, id: &str) -> Reply {
        if let Some(denied) = self.denied(authorization) {
            return denied;
        }
        self.advance(now_ms);
        if id.is_empty() {
            return coded(400, "taskId parameter is required");
        }
        let base_url = self.base_url.clone();
        let Some(task) = self.tasks.get_mut(id) else { return coded(422, "recordInfo is null") };
        let fault = usize::try_from(task.reads).ok().and_then(|read| task.script.reads.get(read)).cloned();
        task.reads += 1;
        let ends = matches!(task.script.ends, Ends::AfterReads(reads) if task.reads >= reads);
        if ends {
            self.finish(now_ms, id);
        }
        let record = self.tasks.get(id).map_or(Value::Null, |task| task.record(now_ms));
        let answer = good(&record);
        match fault {
            None => answer,
            Some(ReadFault::Null) => coded(422, "recordInfo is null"),
            Some(ReadFault::Refusal(code, msg)) => coded(code, msg),
            Some(ReadFault::Page(status)) => Reply::html(status),
            Some(ReadFault::Half) => half(&answer),
            Some(ReadFault::Never) => Answer::Never.into(),
            Some(ReadFault::Hangup) => Answer::Hangup.into(),
            Some(ReadFault::Redirect) => Answer::Redirect(format!("{base_url}/elsewhere")).into(),
            Some(ReadFault::Endless(bytes)) => {
                Answer::Endless { content_type: "application/json", bytes }.into()
            }
        }
    }

    /// `GET /api/v1/chat/credit`.
    pub fn credit(&self, authorization: Option<&str>) -> Reply {
        self.denied(authorization).unwrap_or_else(|| good(&number(self.account.credits)))
    }

    /// The result file of this name, if its task ended well; draw it with [`ResultFile::reply`].
    pub fn file(&mut self, now_ms: i64, name: &str) -> Option<ResultFile> {
        self.advance(now_ms);
        self.files_asked += 1;
        let (stem, ending) = name.split_once('.')?;
        let task = self.tasks.get(stem.split('-').next()?)?;
        (ending == task.kind.extension() && task.state == State::Success).then(|| ResultFile {
            kind: task.kind,
            prompt: task.prompt().to_owned(),
            aspect_ratio: if self.account.small_files { "thumbnail" } else { task.aspect_ratio() }.to_owned(),
            fault: task.script.result,
        })
    }

    /// The next callback to post, marked as on its way; `None` when nothing is due.
    pub fn next_callback(&mut self, now_ms: i64) -> Option<CallbackPost> {
        self.advance(now_ms);
        self.callbacks.next(now_ms, self.account.hmac_key.as_deref())
    }

    /// When [`World::next_callback`] may have something, if nothing else happens before.
    pub fn next_due_ms(&self) -> Option<i64> {
        let ends = self.running.iter().filter_map(|id| self.end_ms(id)).min();
        ends.into_iter().chain(self.callbacks.due_ms()).min()
    }

    /// How a callback went: the answer's status, or `None` when none came.
    pub fn called_back(&mut self, now_ms: i64, number: u64, status: Option<u16>) {
        self.callbacks.posted(now_ms, number, status, self.account.callback_retry_ms);
    }

    /// True when a callback of this task was tried, or none is planned.
    pub fn callback_answered(&self, id: &str) -> bool {
        self.callbacks.answered(id)
    }

    /// All tasks, by id.
    pub fn tasks(&self) -> &BTreeMap<String, Task> {
        &self.tasks
    }

    /// All `createTask` requests that carried the right key and JSON, in order.
    pub fn creates(&self) -> &[CreateSeen] {
        &self.creates
    }

    /// All callbacks that were posted, in order of their answers.
    pub fn callbacks_seen(&self) -> &[CallbackSeen] {
        &self.callbacks.seen
    }

    /// How often somebody came for a result file, there or not.
    pub fn files_asked(&self) -> u64 {
        self.files_asked
    }

    /// What is on the account, in credits.
    pub fn credits(&self) -> Decimal {
        self.account.credits
    }
}
