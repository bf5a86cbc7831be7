//! What an operator's button does, as data: `a:` stands before it. The letters here never change
//! their meaning.

use crate::handlers::target::{self, number};
use crate::ids::{ActionId, JobId, PaymentId, RequestId, UserId};
use crate::message::Button;

/// Where an operator's tap leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// How things stand.
    Home,
    /// The question whom to look for.
    Find,
    /// A customer.
    Person(UserId),
    /// A page of their movements of money.
    Moves(UserId, usize),
    /// A page of their jobs.
    Jobs(UserId, usize),
    /// A job.
    Job(JobId),
    /// A request's timeline.
    Request(RequestId),
    /// The question how much to put on a wallet, or to take off.
    Amount {
        /// Whose.
        user: UserId,
        /// Off.
        off: bool,
    },
    /// Stopping a customer from ordering, to be confirmed.
    Ban(UserId),
    /// Letting them order again, to be confirmed.
    Unban(UserId),
    /// Giving a job's money back, to be confirmed.
    Refund(JobId),
    /// Sending a result once more, to be confirmed.
    SendAgain(JobId),
    /// Taking orders, or not, to be confirmed.
    Selling(bool),
    /// Selling a model, or not, to be confirmed.
    Model(String, bool),
    /// Confirms what was asked back under this number.
    Yes(ActionId),
    /// What failed within a day.
    Failures,
    /// The numbers of so many days.
    Days(u32),
    /// A page of the models.
    Models(usize),
    /// A page of what operators did.
    Log(usize),
    /// Updates that were put aside.
    Parked,
    /// Transfers that wait for a decision.
    Open,
    /// A page of a customer's payments.
    Payments(UserId, usize),
    /// A payment.
    Payment(PaymentId),
    /// The receipt of a transfer, once more.
    Receipt(PaymentId),
    /// Credits a transfer.
    Approve(PaymentId),
    /// The question how much of it came.
    OtherAmount(PaymentId),
    /// Rejecting a transfer, to be confirmed.
    Reject(PaymentId),
    /// Giving a payment back, to be confirmed.
    RefundPayment(PaymentId),
    /// The money was sent back by hand, or could not be; to be confirmed.
    PaidBack(PaymentId, bool),
    /// The promo codes.
    Promos,
}

impl Target {
    /// What the button carries after `a:`.
    pub(in crate::handlers) fn data(&self) -> String {
        match self {
            Self::Home => "home".to_owned(),
            Self::Find => "find".to_owned(),
            Self::Person(user) => format!("u:{user}"),
            Self::Moves(user, page) => format!("mv:{user}:{page}"),
            Self::Jobs(user, page) => format!("js:{user}:{page}"),
            Self::Job(job) => format!("j:{job}"),
            Self::Request(request) => format!("rq:{request}"),
            Self::Amount { user, off: false } => format!("cr:{user}"),
            Self::Amount { user, off: true } => format!("db:{user}"),
            Self::Ban(user) => format!("ban:{user}"),
            Self::Unban(user) => format!("unban:{user}"),
            Self::Refund(job) => format!("rf:{job}"),
            Self::SendAgain(job) => format!("sa:{job}"),
            Self::Selling(true) => "sell:on".to_owned(),
            Self::Selling(false) => "sell:off".to_owned(),
            Self::Model(model, true) => format!("on:{model}"),
            Self::Model(model, false) => format!("off:{model}"),
            Self::Yes(id) => format!("do:{id}"),
            Self::Failures => "fail".to_owned(),
            Self::Days(days) => format!("days:{days}"),
            Self::Models(page) => format!("ms:{page}"),
            Self::Log(page) => format!("log:{page}"),
            Self::Parked => "parked".to_owned(),
            Self::Open => "open".to_owned(),
            Self::Payments(user, page) => format!("ps:{user}:{page}"),
            Self::Payment(payment) => format!("p:{payment}"),
            Self::Receipt(payment) => format!("prc:{payment}"),
            Self::Approve(payment) => format!("pok:{payment}"),
            Self::OtherAmount(payment) => format!("psum:{payment}"),
            Self::Reject(payment) => format!("pno:{payment}"),
            Self::RefundPayment(payment) => format!("prf:{payment}"),
            Self::PaidBack(payment, true) => format!("pback:{payment}"),
            Self::PaidBack(payment, false) => format!("pkeep:{payment}"),
            Self::Promos => "promos".to_owned(),
        }
    }

    /// A button that leads here.
    pub(super) fn button(self, label: impl Into<String>) -> Button {
        target::Target::Admin(self).button(label)
    }

    /// Reads what a button carried after `a:`; `None` for what no version of ours ever wrote.
    pub(in crate::handlers) fn read(data: &str) -> Option<Self> {
        let (word, rest) = data.split_once(':').unwrap_or((data, ""));
        let user = || number(rest).map(UserId);
        let job = || number(rest).map(JobId);
        let payment = || number(rest).map(PaymentId);
        let page_of = || {
            let (user, page) = rest.split_once(':')?;
            Some((UserId(number(user)?), number(page)?))
        };
        match word {
            "home" => Some(Self::Home),
            "find" => Some(Self::Find),
            "u" => user().map(Self::Person),
            "mv" => page_of().map(|(user, page)| Self::Moves(user, page)),
            "js" => page_of().map(|(user, page)| Self::Jobs(user, page)),
            "j" => job().map(Self::Job),
            "rq" => number(rest).map(RequestId).map(Self::Request),
            "cr" => user().map(|user| Self::Amount { user, off: false }),
            "db" => user().map(|user| Self::Amount { user, off: true }),
            "ban" => user().map(Self::Ban),
            "unban" => user().map(Self::Unban),
            "rf" => job().map(Self::Refund),
            "sa" => job().map(Self::SendAgain),
            "sell" => match rest {
                "on" => Some(Self::Selling(true)),
                "off" => Some(Self::Selling(false)),
                _ => None,
            },
            "on" => Some(Self::Model(rest.to_owned(), true)),
            "off" => Some(Self::Model(rest.to_owned(), false)),
            "do" => number(rest).map(ActionId).map(Self::Yes),
            "fail" => Some(Self::Failures),
            "days" => number(rest).map(Self::Days),
            "ms" => number(rest).map(Self::Models),
            "log" => number(rest).map(Self::Log),
            "parked" => Some(Self::Parked),
            "open" => Some(Self::Open),
            "ps" => page_of().map(|(user, page)| Self::Payments(user, page)),
            "p" => payment().map(Self::Payment),
            "prc" => payment().map(Self::Receipt),
            "pok" => payment().map(Self::Approve),
            "psum" => payment().map(Self::OtherAmount),
            "pno" => payment().map(Self::Reject),
            "prf" => payment().map(Self::RefundPayment),
            "pback" => payment().map(|payment| Self::PaidBack(payment, true)),
            "pkeep" => payment().map(|payment| Self::PaidBack(payment, false)),
            "promos" => Some(Self::Promos),
            _ => None,
        }
    }

    /// One of each, with the longest values, for the test that all fit and are read back.
    #[cfg(test)]
    pub(in crate::handlers) fn samples() -> Vec<Self> {
        let (user, job, page) = (UserId(i64::MIN), JobId(u64::MAX), usize::MAX);
        let mut all = vec![
            Self::Home,
            Self::Find,
            Self::Person(user),
            Self::Moves(user, page),
            Self::Jobs(user, page),
            Self::Job(job),
            Self::Request(RequestId(u32::MAX)),
            Self::Amount { user, off: false },
            Self::Amount { user, off: true },
            Self::Ban(user),
            Self::Unban(user),
            Self::Refund(job),
            Self::SendAgain(job),
            Self::Selling(true),
            Self::Selling(false),
            Self::Yes(ActionId(u64::MAX)),
            Self::Failures,
            Self::Days(30),
            Self::Models(page),
            Self::Log(page),
            Self::Parked,
            Self::Open,
            Self::Payments(user, page),
            Self::Payment(PaymentId(u64::MAX)),
            Self::Receipt(PaymentId(1)),
            Self::Approve(PaymentId(u64::MAX)),
            Self::OtherAmount(PaymentId(1)),
            Self::Reject(PaymentId(1)),
            Self::RefundPayment(PaymentId(1)),
            Self::PaidBack(PaymentId(1), true),
            Self::PaidBack(PaymentId(1), false),
            Self::Promos,
        ];
        for model in crate::catalog::models() {
            all.extend([true, false].map(|on| Self::Model(model.id.to_owned(), on)));
        }
        all
    }
}
