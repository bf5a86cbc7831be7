//! A model of the ledger: purses, and what is noted of each job and payment. It knows nothing of rows,
//! counters or hashes, and says what the ledger must answer.

use crate::ids::UserId;
use crate::ledger::{Account, Kind};
use crate::payment::Way;
use std::collections::BTreeMap;

pub(super) const USERS: std::ops::RangeInclusive<i64> = 1..=3;
pub(super) const JOBS: std::ops::RangeInclusive<u64> = 1..=6;
/// A row that there never is.
pub(super) const NOWHERE: u64 = 77_777;

/// What somebody wants of the ledger.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Topup { way: Way, outside: u8, user: i64, amount: i64 },
    ChargeBack { payment: u64 },
    Welcome { user: i64, amount: i64 },
    Adjust { action: u64, user: i64, amount: i64 },
    ForJob(ForJob),
    Back(Back),
}

/// A step of giving a payment back, right or not.
#[derive(Clone, Debug)]
pub(super) struct Back {
    pub(super) payment: u64,
    /// The so-manieth try, from 1.
    pub(super) nth: u32,
    /// `None` holds; else the hold ends, taken or not.
    pub(super) taken: Option<bool>,
    pub(super) user: i64,
    pub(super) amount: i64,
    /// The payment whose last hold it says to end.
    pub(super) hold_of: u64,
}

/// A movement of a job's money, right or not.
#[derive(Clone, Debug)]
pub(super) struct ForJob {
    pub(super) job: u64,
    pub(super) kind: Kind,
    pub(super) user: i64,
    pub(super) amount: i64,
    /// Whose hold it says to end; `None`: it names none.
    pub(super) hold_of: Option<u64>,
    /// Into an account it has no business with.
    pub(super) crooked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    #[default]
    New,
    Before,
    Refused,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Purse {
    pub(super) came: i128,
    pub(super) went: i128,
    /// Reserved to go.
    pub(super) held: i128,
    /// Reserved to come.
    pub(super) due: i128,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JobNote {
    /// Row, whose, how much.
    pub(super) hold: Option<(u64, i64, i64)>,
    /// Whether it was taken, and how much.
    pub(super) end: Option<(bool, i64)>,
    pub(super) refund: Option<i64>,
    pub(super) loss: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct PaymentNote {
    pub(super) way: Way,
    pub(super) outside: u8,
    pub(super) user: i64,
    pub(super) amount: i64,
    pub(super) back: bool,
    /// The row of each try's hold, and whether it was taken.
    pub(super) tries: Vec<(u64, Option<bool>)>,
}

impl PaymentNote {
    /// Nothing of it is on its way back, or went there.
    fn is_whole(&self) -> bool {
        !self.back && self.tries.last().is_none_or(|(_, end)| *end == Some(false))
    }
}

/// The model.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) purses: BTreeMap<Account, Purse>,
    pub(super) jobs: BTreeMap<u64, JobNote>,
    pub(super) payments: Vec<PaymentNote>,
    pub(super) actions: BTreeMap<u64, (i64, i64)>,
    pub(super) welcomed: Vec<i64>,
    pub(super) rows: u64,
    /// To the last act.
    pub(super) answer: Answer,
}

pub(super) fn wallet(user: i64) -> Account {
    Account::User(UserId(user))
}

pub(super) fn fits(sum: i128) -> bool {
    i64::try_from(sum).is_ok()
}

impl Books {
    fn purse(&self, of: Account) -> Purse {
        self.purses.get(&of).copied().unwrap_or(Purse::default())
    }

    fn can_spend(&self, user: i64, amount: i64) -> bool {
        let purse = self.purse(wallet(user));
        purse.came - purse.went - purse.held >= i128::from(amount)
    }

    /// Writes both sides, if every sum fits; a row is one more.
    fn write(&mut self, from: (Account, Purse), to: (Account, Purse)) -> bool {
        let sums = |purse: Purse| [purse.came, purse.went, purse.held, purse.due];
        if !sums(from.1).into_iter().chain(sums(to.1)).all(fits) {
            return false;
        }
        self.purses.extend([from, to]);
        self.rows += 1;
        true
    }

    fn pays(&mut self, from: Account, to: Account, amount: i64) -> bool {
        let (mut out, mut into, amount) = (self.purse(from), self.purse(to), i128::from(amount));
        out.went += amount;
        into.came += amount;
        amount > 0 && self.write((from, out), (to, into))
    }

    /// Ends a hold: so much of it is taken.
    fn ends(&mut self, user: i64, to: Account, held: i64, taken: i64) -> bool {
        let (mut out, mut into) = (self.purse(wallet(user)), self.purse(to));
        out.held -= i128::from(held);
        into.due -= i128::from(held);
        out.went += i128::from(taken);
        into.came += i128::from(taken);
        self.write((wallet(user), out), (to, into))
    }

    fn reserves(&mut self, user: i64, to: Account, amount: i64) -> bool {
        let (mut out, mut into) = (self.purse(wallet(user)), self.purse(to));
        out.held += i128::from(amount);
        into.due += i128::from(amount);
        amount > 0 && self.can_spend(user, amount) && self.write((wallet(user), out), (to, into))
    }

    pub(super) fn decide(&mut self, act: &Act) -> Answer {
        match act {
            Act::Topup { way, outside, user, amount } => self.topup(*way, *outside, *user, *amount),
            Act::ChargeBack { payment } => {
                let place = usize::try_from(*payment - 1).expect("small");
                match self.payments.get(place).cloned() {
                    None => Answer::Refused,
                    Some(payment) if payment.back => Answer::Before,
                    Some(payment) if !payment.is_whole() => Answer::Refused,
                    Some(payment) => {
                        let paid = self.pays(wallet(payment.user), Account::Adjust, payment.amount);
                        self.payments[place].back = paid;
                        news(paid)
                    }
                }
            }
            Act::Welcome { user, .. } if self.welcomed.contains(user) => Answer::Before,
            Act::Welcome { user, amount } => {
                let paid = self.pays(Account::Bonus, wallet(*user), *amount);
                self.welcomed.extend(paid.then_some(*user));
                news(paid)
            }
            Act::Adjust { action, user, amount } => self.adjust(*action, *user, *amount),
            Act::ForJob(want) if want.crooked => Answer::Refused,
            Act::ForJob(want) => self.for_job(want),
            Act::Back(want) => self.back(want),
        }
    }

    fn last_hold(&self, payment: u64) -> u64 {
        let place = usize::try_from(payment - 1).expect("small");
        self.payments.get(place).and_then(|note| note.tries.last()).map_or(NOWHERE, |(row, _)| *row)
    }

    fn back(&mut self, want: &Back) -> Answer {
        let (place, nth) = (want.payment - 1, usize::try_from(want.nth).expect("small"));
        let place = usize::try_from(place).expect("small");
        let Some(note) = self.payments.get(place).cloned() else { return Answer::Refused };
        let (own, to) = ((want.user, want.amount) == (note.user, note.amount), note.way.account());
        let names = self.last_hold(want.hold_of);
        let tried = note.tries.get(nth - 1).copied();
        match (want.taken, tried) {
            (None, Some(_)) => again(own),
            (None, None) => {
                let right = own && nth == note.tries.len() + 1 && note.is_whole();
                let held = right && self.reserves(note.user, to, note.amount);
                self.payments[place].tries.extend(held.then_some((self.rows, None)));
                news(held)
            }
            (Some(taken), Some((row, end))) if end == Some(taken) => again(own && names == row),
            (Some(taken), Some((row, None))) => {
                let right = own && nth == note.tries.len() && names == row;
                let takes = if taken { note.amount } else { 0 };
                let ended = right && self.ends(note.user, to, note.amount, takes);
                if ended {
                    self.payments[place].tries[nth - 1].1 = Some(taken);
                }
                news(ended)
            }
            (Some(_), Some(_) | None) => Answer::Refused,
        }
    }

    fn topup(&mut self, way: Way, outside: u8, user: i64, amount: i64) -> Answer {
        let known = self.payments.iter().find(|one| (one.way, one.outside) == (way, outside));
        if let Some(known) = known {
            return again((known.user, known.amount) == (user, amount));
        }
        let paid = self.pays(way.account(), wallet(user), amount);
        let note = PaymentNote { way, outside, user, amount, back: false, tries: Vec::new() };
        self.payments.extend(paid.then_some(note));
        news(paid)
    }

    fn adjust(&mut self, action: u64, user: i64, amount: i64) -> Answer {
        if let Some(known) = self.actions.get(&action) {
            return again(*known == (user, amount));
        }
        let paid = if amount >= 0 {
            self.pays(Account::Adjust, wallet(user), amount)
        } else {
            self.can_spend(user, -amount) && self.pays(wallet(user), Account::Adjust, -amount)
        };
        self.actions.extend(paid.then_some((action, (user, amount))));
        news(paid)
    }

    fn for_job(&mut self, want: &ForJob) -> Answer {
        let ForJob { job, kind, user, amount, .. } = *want;
        let mut note = self.jobs.get(&job).copied().unwrap_or(JobNote::default());
        let names = want
            .hold_of
            .map(|job| self.jobs.get(&job).and_then(|note| note.hold).map_or(NOWHERE, |hold| hold.0));
        let own = note.hold.is_some_and(|(row, whose, _)| names == Some(row) && whose == user);
        let held = note.hold.map_or(0, |hold| hold.2);
        let answer = match (kind, note.end) {
            (Kind::Hold, _) if note.hold.is_some() => {
                again(note.hold.is_some_and(|(_, whose, held)| (whose, held) == (user, amount)))
            }
            (Kind::Hold, _) => {
                let reserved = self.reserves(user, Account::Revenue, amount);
                note.hold = reserved.then_some((self.rows, user, amount));
                news(reserved)
            }
            (Kind::Charge, Some((true, taken))) => again(own && amount == taken),
            (Kind::Release, Some((false, _))) => again(own && amount == held),
            (Kind::Charge | Kind::Release, Some(_)) => Answer::Refused,
            (Kind::Charge | Kind::Release, None) => {
                let takes = kind == Kind::Charge;
                let right = own && amount > 0 && if takes { amount <= held } else { amount == held };
                let taken = if takes { amount } else { 0 };
                let ended = right && self.ends(user, Account::Revenue, held, taken);
                note.end = ended.then_some((takes, amount));
                news(ended)
            }
            (Kind::Refund, _) if note.refund.is_some() => {
                again(note.refund == Some(amount) && note.hold.is_some_and(|hold| hold.1 == user))
            }
            (Kind::Refund, Some((true, taken))) => {
                let right = amount <= taken && note.hold.is_some_and(|hold| hold.1 == user);
                let paid = right && self.pays(Account::Revenue, wallet(user), amount);
                note.refund = paid.then_some(amount);
                news(paid)
            }
            (Kind::Loss, _) if note.loss.is_some() => again(note.loss == Some(amount)),
            (Kind::Loss, Some((false, _))) => {
                let paid = self.pays(Account::Loss, Account::Provider, amount);
                note.loss = paid.then_some(amount);
                news(paid)
            }
            (Kind::Refund | Kind::Loss | Kind::Topup | Kind::Adjust, _) => Answer::Refused,
        };
        self.jobs.insert(job, note);
        answer
    }

    /// What would be right just now, or wrong only in whose it is: random acts alone would hardly ever
    /// end a hold.
    pub(super) fn sensible(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (&job, note) in &self.jobs {
            let Some((_, owner, held)) = note.hold else { continue };
            let mut want = |kind, amount| {
                let other = owner % USERS.end() + 1;
                for (user, hold_of) in
                    [(owner, job), (owner, job), (other, job), (owner, job % JOBS.end() + 1)]
                {
                    let hold_of = Some(hold_of);
                    acts.push(Act::ForJob(ForJob { job, kind, user, amount, hold_of, crooked: false }));
                }
            };
            match note.end {
                None => {
                    want(Kind::Charge, held);
                    want(Kind::Charge, (held / 2).max(1));
                    want(Kind::Release, held);
                }
                Some((true, taken)) => want(Kind::Refund, taken),
                Some((false, _)) => want(Kind::Loss, 3),
            }
        }
        for (payment, note) in (1..).zip(&self.payments) {
            let PaymentNote { user, amount, .. } = *note;
            let tries = u32::try_from(note.tries.len()).expect("few");
            let mut want = |taken, nth, user, amount, hold_of| {
                acts.push(Act::Back(Back { payment, nth, taken, user, amount, hold_of }));
            };
            want(None, tries + 1, user, amount, payment);
            for taken in [true, false].into_iter().filter(|_| tries > 0) {
                want(Some(taken), tries, user, amount, payment);
                want(Some(taken), tries, user, amount, payment % 4 + 1);
                want(Some(taken), tries, user % USERS.end() + 1, amount, payment);
            }
            want(None, tries.max(1), user, (amount / 2).max(1), payment);
            acts.push(Act::ChargeBack { payment });
        }
        acts
    }
}

pub(super) fn news(written: bool) -> Answer {
    if written { Answer::New } else { Answer::Refused }
}

pub(super) fn again(same: bool) -> Answer {
    if same { Answer::Before } else { Answer::Refused }
}
