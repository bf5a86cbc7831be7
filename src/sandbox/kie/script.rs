//! How a task goes: a script for each, well-behaved by default.

/// Answers to `createTask`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateAnswer {
    /// 200 with the task's id.
    Good,
    /// The good answer, so many milliseconds late.
    Slow(u64),
    /// The good answer, but only after the first callback was answered.
    AfterCallback,
    /// Never.
    Never,
    /// The connection breaks.
    Hangup,
    /// A body code other than 200.
    Refusal {
        /// HTTP status; KIE's own errors come with 200.
        http: u16,
        /// The body's `code`.
        code: u16,
        /// The body's `msg`.
        msg: &'static str,
    },
    /// An HTML page with this status.
    Page(u16),
    /// The first half of the good answer.
    Half,
    /// 200 without a task id.
    NoTaskId,
    /// A redirect to another address.
    Redirect,
    /// A body of so many bytes.
    Endless(u64),
}

/// When a task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// At the so-manieth look with `recordInfo`.
    AfterReads(u32),
    /// So many milliseconds after it was made.
    AfterMs(u64),
    /// Not by itself.
    Never,
}

/// How a task ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With files.
    Success,
    /// With a reason.
    Fail {
        /// `failCode`.
        code: &'static str,
        /// `failMsg`.
        msg: &'static str,
    },
}

/// What a callback says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// How the task stands.
    Truth,
    /// Success with files that are not there, whatever is true.
    Success,
    /// Failure, whatever is true.
    Fail,
}

/// A callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackPlan {
    /// It is sent when the task is made, not when it ends.
    pub early: bool,
    /// So many milliseconds after that.
    pub after_ms: u64,
    /// What it says.
    pub says: Says,
}

impl CallbackPlan {
    const AT_THE_END: Self = Self { early: false, after_ms: 0, says: Says::Truth };
}

/// What is wrong with the answer to one `recordInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// 422 `recordInfo is null`, as for fresh ids.
    Null,
    /// A body code other than 200.
    Refusal(u16, &'static str),
    /// An HTML page with this status.
    Page(u16),
    /// Half a JSON.
    Half,
    /// Never answered.
    Never,
    /// The connection breaks.
    Hangup,
    /// A redirect.
    Redirect,
    /// A body of so many bytes.
    Endless(u64),
}

/// What is wrong with the result file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultFault {
    /// Nothing.
    None,
    /// Its host refuses connections.
    Unreachable,
    /// 404.
    Missing,
    /// The connection breaks half way.
    Short,
    /// An HTML page under the file's name.
    WrongType,
    /// No bytes.
    Empty,
    /// It does not end before so many bytes.
    Endless(u64),
    /// The real file, filled up with zeros to so many bytes.
    Padded(u64),
    /// The download is never answered.
    Never,
}

/// How `resultJson` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// JSON in a string, as it is today.
    Text,
    /// An object, as in old examples.
    Object,
    /// Half of the JSON in a string.
    Half,
    /// No addresses in it.
    NoUrls,
}

/// How one task goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The task is made. Without this `answer` is all there is.
    pub accepted: bool,
    /// What `createTask` answers.
    pub answer: CreateAnswer,
    /// When it ends.
    pub ends: Ends,
    /// How it ends.
    pub outcome: Outcome,
    /// The callbacks, if the task came with an address for them.
    pub callbacks: Vec<CallbackPlan>,
    /// What goes wrong with the first looks, one each.
    pub reads: Vec<ReadFault>,
    /// What `state` says while it runs; `None` for KIE's own words.
    pub running_word: Option<&'static str>,
    /// What is wrong with the result file.
    pub result: ResultFault,
    /// How `resultJson` is written.
    pub shape: Shape,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            accepted: true,
            answer: CreateAnswer::Good,
            ends: Ends::AfterMs(50),
            outcome: Outcome::Success,
            callbacks: vec![CallbackPlan::AT_THE_END],
            reads: Vec::new(),
            running_word: None,
            result: ResultFault::None,
            shape: Shape::Text,
        }
    }
}

const FIVE_GB: u64 = 5_000_000_000;

impl Script {
    /// Success after so many milliseconds.
    pub fn success_after_ms(ms: u64) -> Self {
        Self { ends: Ends::AfterMs(ms), ..Self::default() }
    }

    /// Success at the so-manieth look.
    pub fn success_after_reads(reads: u32) -> Self {
        Self { ends: Ends::AfterReads(reads), ..Self::default() }
    }

    /// `state: fail`.
    pub fn fails(code: &'static str, msg: &'static str) -> Self {
        Self { outcome: Outcome::Fail { code, msg }, ..Self::default() }
    }

    /// No task; this body code within HTTP 200.
    pub fn refused(code: u16, msg: &'static str) -> Self {
        Self { accepted: false, ..Self::answered(CreateAnswer::Refusal { http: 200, code, msg }) }
    }

    /// The task is made, `createTask` answers like this.
    pub fn answered(answer: CreateAnswer) -> Self {
        Self { answer, ..Self::default() }
    }

    /// No task is made, `createTask` answers like this.
    pub fn not_made(answer: CreateAnswer) -> Self {
        Self { accepted: false, answer, ..Self::default() }
    }

    /// The same without callbacks.
    #[must_use]
    pub fn without_callbacks(self) -> Self {
        Self { callbacks: Vec::new(), ..self }
    }

    /// The same with this callback besides.
    #[must_use]
    pub fn with_callback(mut self, plan: CallbackPlan) -> Self {
        self.callbacks.push(plan);
        self
    }

    /// The same with its last callback sent so many times.
    #[must_use]
    pub fn with_callback_repeated(mut self, times: usize) -> Self {
        let last = self.callbacks.last().copied().unwrap_or(CallbackPlan::AT_THE_END);
        self.callbacks.resize(self.callbacks.len() + times.saturating_sub(1), last);
        self
    }

    /// The same with something wrong with its first looks.
    #[must_use]
    pub fn with_reads(self, reads: Vec<ReadFault>) -> Self {
        Self { reads, ..self }
    }

    /// The same with this result.
    #[must_use]
    pub fn with_result(self, result: ResultFault) -> Self {
        Self { result, ..self }
    }

    /// The same with `resultJson` written so.
    #[must_use]
    pub fn with_shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    fn early(says: Says) -> Self {
        let plan = CallbackPlan { early: true, after_ms: 0, says };
        Self { callbacks: vec![plan], ..Self::success_after_ms(500) }
    }

    /// A script by its name, which a prompt may carry as `sandbox:<name>`; `None` for an unknown one.
    pub fn named(name: &str) -> Option<Self> {
        use CreateAnswer as Create;
        Some(match name {
            "success" => Self::default(),
            "reads" => Self::success_after_reads(3),
            "slow" => Self::success_after_ms(5_000),
            "late" => Self::success_after_ms(45 * 60_000),
            "never" => Self { ends: Ends::Never, ..Self::default() },
            "fail" => Self::fails("500", "The generation failed, please try again."),
            "silence" => Self::not_made(Create::Never),
            "hangup" => Self::not_made(Create::Hangup),
            "unanswered" => Self::answered(Create::Never),
            "lost-answer" => Self::answered(Create::Hangup),
            "slow-answer" => Self::answered(Create::Slow(2_000)),
            "page-after" => Self::answered(Create::Page(502)),
            "page" => Self::not_made(Create::Page(500)),
            "half" => Self::answered(Create::Half),
            "no-task-id" => Self::not_made(Create::NoTaskId),
            "redirect" => Self::not_made(Create::Redirect),
            "endless" => Self::not_made(Create::Endless(FIVE_GB)),
            "repeated-callback" => Self::default().with_callback_repeated(10),
            "early-callback" => Self { ends: Ends::AfterMs(0), ..Self::answered(Create::AfterCallback) },
            "false-success" => Self::early(Says::Success),
            "false-fail" => Self::early(Says::Fail),
            "no-callback" => Self::default().without_callbacks(),
            "unknown-state" => Self { running_word: Some("pondering"), ..Self::success_after_reads(2) },
            "object" => Self::default().with_shape(Shape::Object),
            "half-result" => Self::default().with_shape(Shape::Half),
            "no-urls" => Self::default().with_shape(Shape::NoUrls),
            other => return Self::refusal_named(other).or_else(|| Self::file_named(other)),
        })
    }

    fn refusal_named(name: &str) -> Option<Self> {
        Some(match name {
            "401" => Self::refused(401, "You do not have access permissions"),
            "402" => Self::refused(402, "Credits insufficient"),
            "500-credits" => Self::refused(
                500,
                "Credits insufficient : Your current balance isn't enough to run this request. Please top up.",
            ),
            "500" => Self::refused(500, "Server exception, please try again later"),
            "422" => Self::refused(422, "The model name you specified is not supported"),
            "429" => Self::refused(429, "Your request frequency is too high, please try again later"),
            "429-http" => Self::not_made(CreateAnswer::Refusal {
                http: 429,
                code: 429,
                msg: "Your request frequency is too high, please try again later",
            }),
            "433" => Self::refused(433, "The sub-key's usage limit is reached"),
            "455" => Self::refused(455, "Service under maintenance"),
            "505" => Self::refused(505, "This feature is disabled"),
            "paused" => Self::refused(500, "This interface is temporarily paused."),
            _ => return None,
        })
    }

    fn file_named(name: &str) -> Option<Self> {
        Some(Self::default().with_result(match name {
            "file-unreachable" => ResultFault::Unreachable,
            "file-missing" => ResultFault::Missing,
            "file-short" => ResultFault::Short,
            "file-wrong-type" => ResultFault::WrongType,
            "file-empty" => ResultFault::Empty,
            "file-endless" => ResultFault::Endless(FIVE_GB),
            "file-large" => ResultFault::Padded(60_000_000),
            "file-49mb" => ResultFault::Padded(49_000_000),
            "file-never" => ResultFault::Never,
            _ => return None,
        }))
    }
}
