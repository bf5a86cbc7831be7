//! The life of a payment from outside: asked for, paid, given back. Pure: a state and an event give the
//! next state and what its money does, or why nothing happens. `flow::topup` and `flow::refund` write it.
//!
//! **Invariant** L6: money comes in once (`Credit`) and goes back once (`Take` or `ChargeBack`, never both).

use crate::ledger::Account;
use crate::time::At;
use serde::{Deserialize, Serialize};

/// How the money comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Way {
    /// Telegram Stars.
    Stars,
    /// A card, through Telegram Payments.
    Card,
    /// A bank transfer, which an operator confirms by hand.
    Manual,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stars, Self::Card, Self::Manual];

    /// The word for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Card => "card",
            Self::Manual => "manual",
        }
    }

    /// The operator's account the money comes in through.
    pub fn account(self) -> Account {
        match self {
            Self::Stars => Account::CashStars,
            Self::Card => Account::CashCard,
            Self::Manual => Account::CashManual,
        }
    }
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The invoice, or the bank details, were shown; nothing came yet.
    Asked {
        /// The invoice may be paid up to then.
        until: At,
    },
    /// The customer sent a receipt; an operator decides.
    Claimed {
        /// It is decided by then, or it expires.
        until: At,
    },
    /// An operator saw no money.
    Rejected,
    /// Nobody paid, or nobody decided, in time.
    Expired,
    /// The money came and is in the wallet.
    Paid,
    /// It is held again, and its source was told to take it back.
    Refunding,
    /// It went back because an operator wanted so.
    Refunded,
    /// Its source took it back by itself.
    ChargedBack,
}

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The customer says that they paid; to be decided by then.
    Claim {
        /// When it expires.
        until: At,
    },
    /// An operator found the money.
    Approve,
    /// An operator found none.
    Reject,
    /// Its time is over.
    Expire,
    /// The source says that it is paid: never refused before it is.
    Arrive,
    /// An operator wants it to go back.
    Refund,
    /// The source says that it went back.
    WentBack,
    /// The source refused to take it back.
    NotRefunded,
}

/// What the money of a payment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// Nothing.
    Keep,
    /// Comes into the wallet.
    Credit,
    /// Is held in the wallet, to go back.
    Hold,
    /// Leaves the wallet for good: the hold is captured.
    Take,
    /// Is free again.
    Release,
    /// Is taken out of the wallet, even below zero: its source has it already.
    ChargeBack,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The same was done before.
    #[error("this was done before")]
    Before,
    /// Another decision was made, or its time is over.
    #[error("it is over: something else was decided")]
    Over,
    /// Something else has to happen first.
    #[error("it is too early for this")]
    Early,
}

/// The next state and what the money does, or why nothing happens.
pub fn next(now: State, event: Event) -> Result<(State, Money), Refused> {
    use State::{Asked, ChargedBack, Claimed, Expired, Paid, Refunded, Refunding, Rejected};
    match (event, now) {
        (Event::Claim { until }, Asked { .. }) => Ok((Claimed { until }, Money::Keep)),
        (Event::Claim { .. }, Claimed { .. }) => Err(Refused::Before),
        (Event::Approve, Claimed { .. })
        | (Event::Arrive, Asked { .. } | Claimed { .. } | Rejected | Expired) => Ok((Paid, Money::Credit)),
        (Event::Reject, Claimed { .. }) => Ok((Rejected, Money::Keep)),
        (Event::Expire, Asked { .. } | Claimed { .. }) => Ok((Expired, Money::Keep)),
        (Event::Refund, Paid) => Ok((Refunding, Money::Hold)),
        (Event::WentBack, Refunding) => Ok((Refunded, Money::Take)),
        (Event::WentBack, Paid) => Ok((ChargedBack, Money::ChargeBack)),
        (Event::NotRefunded, Refunding) => Ok((Paid, Money::Release)),
        (Event::Approve | Event::Reject | Event::Refund | Event::WentBack, Asked { .. })
        | (Event::Refund | Event::WentBack, Claimed { .. } | Rejected | Expired)
        | (Event::NotRefunded, Asked { .. } | Claimed { .. } | Rejected | Expired | Paid) => {
            Err(Refused::Early)
        }
        (Event::Arrive | Event::Approve, Paid)
        | (Event::Refund, Refunding)
        | (Event::WentBack, Refunded | ChargedBack)
        | (Event::Reject, Rejected)
        | (Event::Expire, Expired) => Err(Refused::Before),
        (Event::Claim { .. }, Rejected | Expired | Paid | Refunding | Refunded | ChargedBack)
        | (Event::Approve, Rejected | Expired | Refunding | Refunded | ChargedBack)
        | (Event::Arrive, Refunding | Refunded | ChargedBack)
        | (Event::Reject, Expired | Paid | Refunding | Refunded | ChargedBack)
        | (Event::Expire, Rejected | Paid | Refunding | Refunded | ChargedBack)
        | (Event::Refund | Event::NotRefunded, Refunded | ChargedBack) => Err(Refused::Over),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state against every event: `state event -> next money`, or why not.
    const TABLE: &str = "
        asked       claim   -> claimed keep       | asked       approve  -> early
        asked       reject  -> early              | asked       expire   -> expired keep
        asked       arrive  -> paid credit        | asked       refund   -> early
        asked       back    -> early              | asked       refused  -> early
        claimed     claim   -> before             | claimed     approve  -> paid credit
        claimed     reject  -> rejected keep      | claimed     expire   -> expired keep
        claimed     arrive  -> paid credit        | claimed     refund   -> early
        claimed     back    -> early              | claimed     refused  -> early
        rejected    claim   -> over               | rejected    approve  -> over
        rejected    reject  -> before             | rejected    expire   -> over
        rejected    arrive  -> paid credit        | rejected    refund   -> early
        rejected    back    -> early              | rejected    refused  -> early
        expired     claim   -> over               | expired     approve  -> over
        expired     reject  -> over               | expired     expire   -> before
        expired     arrive  -> paid credit        | expired     refund   -> early
        expired     back    -> early              | expired     refused  -> early
        paid        claim   -> over               | paid        approve  -> before
        paid        reject  -> over               | paid        expire   -> over
        paid        arrive  -> before             | paid        refund   -> refunding hold
        paid        back    -> chargedback charge | paid        refused  -> early
        refunding   claim   -> over               | refunding   approve  -> over
        refunding   reject  -> over               | refunding   expire   -> over
        refunding   arrive  -> over               | refunding   refund   -> before
        refunding   back    -> refunded take      | refunding   refused  -> paid release
        refunded    claim   -> over               | refunded    approve  -> over
        refunded    reject  -> over               | refunded    expire   -> over
        refunded    arrive  -> over               | refunded    refund   -> over
        refunded    back    -> before             | refunded    refused  -> over
        chargedback claim   -> over               | chargedback approve  -> over
        chargedback reject  -> over               | chargedback expire   -> over
        chargedback arrive  -> over               | chargedback refund   -> over
        chargedback back    -> before             | chargedback refused  -> over
    ";

    fn state(word: &str) -> State {
        match word {
            "asked" => State::Asked { until: At(1) },
            "claimed" => State::Claimed { until: At(2) },
            "rejected" => State::Rejected,
            "expired" => State::Expired,
            "paid" => State::Paid,
            "refunding" => State::Refunding,
            "refunded" => State::Refunded,
            "chargedback" => State::ChargedBack,
            _ => panic!("no state {word}"),
        }
    }

    fn event(word: &str) -> Event {
        match word {
            "claim" => Event::Claim { until: At(2) },
            "approve" => Event::Approve,
            "reject" => Event::Reject,
            "expire" => Event::Expire,
            "arrive" => Event::Arrive,
            "refund" => Event::Refund,
            "back" => Event::WentBack,
            "refused" => Event::NotRefunded,
            _ => panic!("no event {word}"),
        }
    }

    #[test]
    fn every_arrow_is_allowed_or_refused_as_the_table_says() {
        let mut arrows = 0;
        for arrow in TABLE.split(['\n', '|']).map(str::trim).filter(|arrow| !arrow.is_empty()) {
            let words: Vec<&str> = arrow.split_whitespace().collect();
            let expected = match words[3..] {
                ["before"] => Err(Refused::Before),
                ["over"] => Err(Refused::Over),
                ["early"] => Err(Refused::Early),
                [to, money] => Ok((
                    state(to),
                    match money {
                        "keep" => Money::Keep,
                        "credit" => Money::Credit,
                        "hold" => Money::Hold,
                        "take" => Money::Take,
                        "release" => Money::Release,
                        "charge" => Money::ChargeBack,
                        _ => panic!("no money {money}"),
                    },
                )),
                _ => panic!("no arrow: {arrow}"),
            };
            assert_eq!(next(state(words[0]), event(words[1])), expected, "{arrow}");
            arrows += 1;
        }
        assert_eq!(arrows, 8 * 8, "every state against every event");
    }
}
