//! What happened, counted by kind. A kind that never comes in fifty seeds is not simulated at all.

use std::fmt;
use std::ops::AddAssign;

macro_rules! kinds {
    ($($name:ident = $text:literal,)*) => {
        /// A kind of act, fault or outcome.
        #[allow(missing_docs, reason = "each has its words beside it")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind { $($name,)* }

        const WORDS: &[&str] = &[$($text,)*];
    };
}

kinds! {
    Start = "acts: /start",
    Browse = "acts: menus and lists",
    Card = "acts: a model's card opened",
    Words = "acts: a prompt written",
    Photo = "acts: a picture sent",
    Skip = "acts: options skipped",
    Confirm = "acts: orders confirmed",
    DoubleTap = "acts: confirmed twice at once",
    Cancel = "acts: cancelled",
    Nonsense = "acts: nonsense sent",
    Leave = "acts: bot blocked",
    Return = "acts: came back",
    Paid = "money put on wallets",
    PaidAgain = "money put on again under the same number",
    StarsAsked = "stars: an invoice asked for",
    StarsPaid = "stars: an invoice paid",
    StarsTwice = "stars: paid twice at once",
    StarsForwarded = "stars: a forwarded invoice paid",
    StarsFirst = "stars: paid before the question",
    StarsUnasked = "stars: paid out of nowhere",
    StarsQuiet = "stars: paid, and nobody told of it",
    StarsToldAgain = "stars: told again",
    StarsChargedBack = "stars: taken back by Telegram",
    StarsChargedBackQuiet = "stars: taken back, and nobody told of it",
    StarsGivenBack = "stars: given back by the operator",
    Receipt = "transfers: receipts sent",
    Approved = "transfers: approved",
    Rejected = "transfers: rejected",
    Sale = "orders sold",
    Free = "free uses",
    Refund = "orders given back",
    Gift = "late results given away",
    CrashBefore = "crashes before a commit",
    CrashInside = "crashes inside a commit",
    CrashAfter = "crashes after a commit",
    CrashBetween = "crashes between commits",
    CleanStop = "stops by the operator",
    DiskFull = "disk: full",
    DiskReadOnly = "disk: read-only",
    DiskBroken = "disk: errors",
    NotSent = "net: no connection",
    RequestLost = "net: request lost",
    AnswerLost = "net: answer lost",
    Broke = "net: connection broken after the effect",
    Page = "net: a proxy's 502",
    Late = "net: came after its timeout",
    Twice = "net: came twice",
    Overtaken = "net: slow, overtaken by later ones",
    Flood = "telegram: 429",
    TelegramError = "telegram: 500",
    TelegramHalf = "telegram: half an answer",
    KieRefuses = "kie: refuses the order",
    KieSilent = "kie: takes it and never answers",
    KieLosesAnswer = "kie: answer to createTask lost",
    KieEarly = "kie: calls back before createTask answers",
    KieLies = "kie: fails after success was announced",
    KieFails = "kie: fails",
    KieSlow = "kie: succeeds after the deadline",
    KieNever = "kie: never ends",
    KieFileLost = "kie: file not to be had",
    KieRepeats = "kie: calls back ten times",
    KieMute = "kie: does not call back",
    ClockForward = "clock: set forward",
    ClockBack = "clock: set back",
}

/// How often each kind came.
#[derive(Clone, Debug)]
pub(super) struct Tally(Vec<u64>);

impl Default for Tally {
    fn default() -> Self {
        Self(vec![0; WORDS.len()])
    }
}

impl Tally {
    pub(super) fn count(&mut self, kind: Kind, times: u64) {
        self.0[kind as usize] += times;
    }

    pub(super) fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// Everything that customers did.
    pub(super) fn acts(&self) -> u64 {
        self.0[..=Kind::Return as usize].iter().sum()
    }

    pub(super) fn crashes(&self) -> u64 {
        [Kind::CrashBefore, Kind::CrashInside, Kind::CrashAfter, Kind::CrashBetween]
            .into_iter()
            .map(|kind| self.of(kind))
            .sum()
    }

    /// The kinds that never came.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let never = self.0.iter().zip(WORDS).filter(|(times, _)| **times == 0);
        never.map(|(_, words)| *words).collect()
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (times, words) in self.0.iter().zip(WORDS) {
            writeln!(f, "{times:>10}  {words}")?;
        }
        Ok(())
    }
}
