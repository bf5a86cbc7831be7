//! What the service notes about itself and for the operator: settings rows, timelines of requests,
//! what is not sold, and operators' actions.

use super::accounts::Posted;
use super::codec::{Row, decode, get, put};
use super::fault::Fault;
use super::promos::Gift;
use super::tables::{Bytes, Tables};
use super::{Tx, View};
use crate::ids::{ActionId, JobId, PaymentId, RequestId, Seq, UserId};
use crate::ledger::{Refusal, Transfer};
use crate::money::Kopecks;
use crate::time::{At, Up};
use redb::ReadableTable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Why something is not sold just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRow {
    /// Since when.
    pub at: At,
    /// For the operator.
    pub why: String,
    /// Until when; `None`: until an operator, or the credit check, lifts it.
    pub until: Option<Up>,
    /// Who may lift it.
    pub by: StoppedBy,
}

impl Row for StopRow {
    const TABLE: &'static str = "stops";
}

impl StopRow {
    /// Whether it still holds.
    pub fn holds(&self, now: Up) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Who stopped selling, and so who lifts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoppedBy {
    /// A broken invariant: only an operator lifts it.
    Audit,
    /// An operator: only an operator lifts it.
    Operator,
    /// The provider has no credit: lifted when it has again.
    Credit,
    /// The provider refused, for a time.
    Provider,
    /// The disk is almost full: lifted when there is room again.
    Disk,
}

impl StoppedBy {
    /// The word for it, in documents and figures.
    pub fn word(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Operator => "operator",
            Self::Credit => "credit",
            Self::Provider => "provider",
            Self::Disk => "disk",
        }
    }
}

/// What is stopped when the disk is almost full: selling, and taking updates in.
pub const DISK: &str = "disk";

/// The note of when an operator last had orders taken again.
pub const SOLD_AGAIN: &str = "sold_again";

/// What an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRow {
    /// When.
    pub at: At,
    /// Who: `cli`, or an admin's id.
    pub who: String,
    /// What.
    pub what: Action,
    /// Why, in their words.
    pub reason: String,
    /// The ledger row it made.
    pub seq: Option<Seq>,
    /// How it was, in a few words or a number; empty for what an older version did.
    pub before: String,
    /// How it was afterwards.
    pub after: String,
}

impl Row for ActionRow {
    const TABLE: &'static str = "admin_actions";
    const VERSION: u8 = 2;
}

/// What an operator can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Corrected a wallet, up or down.
    Adjust {
        /// Whose.
        user: UserId,
        /// By how much.
        amount: Kopecks,
    },
    /// Stopped selling or allowed it again.
    Selling {
        /// Allowed.
        on: bool,
    },
    /// Stopped a customer from ordering.
    Ban {
        /// Whom.
        user: UserId,
    },
    /// Let a customer order again.
    Unban {
        /// Whom.
        user: UserId,
    },
    /// Gave the money of a finished job back.
    RefundJob {
        /// Whose.
        job: JobId,
    },
    /// Sent the result of a job once more.
    SendAgain {
        /// Of which.
        job: JobId,
    },
    /// Stopped selling a model or allowed it again.
    Model {
        /// Its id.
        model: String,
        /// Allowed.
        on: bool,
    },
    /// Found the money of a transfer by hand, and put so much into the wallet.
    Approve {
        /// Which.
        payment: PaymentId,
        /// How much came.
        amount: Kopecks,
    },
    /// Found no money behind a receipt.
    Reject {
        /// Which.
        payment: PaymentId,
    },
    /// Wanted a payment to go back to its source.
    RefundPayment {
        /// Which.
        payment: PaymentId,
    },
    /// Sent a payment's money back by hand, or could not.
    PaidBack {
        /// Which.
        payment: PaymentId,
        /// It went.
        went: bool,
    },
    /// Made a promo code.
    PromoNew {
        /// The code, as it is stored.
        code: String,
        /// What it gives.
        gift: Gift,
        /// How often in all.
        limit: u32,
        /// The last moment it is good; `None`: for ever.
        until: Option<At>,
    },
    /// Ended a promo code.
    PromoOff {
        /// The code, as it is stored.
        code: String,
    },
}

impl Action {
    /// The payment it is about, if it is about one.
    pub fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Approve { payment, .. }
            | Self::Reject { payment }
            | Self::RefundPayment { payment }
            | Self::PaidBack { payment, .. } => Some(*payment),
            Self::Adjust { .. }
            | Self::Selling { .. }
            | Self::Ban { .. }
            | Self::Unban { .. }
            | Self::RefundJob { .. }
            | Self::SendAgain { .. }
            | Self::Model { .. }
            | Self::PromoNew { .. }
            | Self::PromoOff { .. } => None,
        }
    }
}

/// A note the service keeps under a name.
#[derive(Serialize, Deserialize)]
struct Note(Vec<u8>);

impl Row for Note {
    const TABLE: &'static str = "settings";
}

fn note<T: Tables, V: DeserializeOwned>(tables: &T, name: &str) -> Result<Option<V>, Fault> {
    note_in(tables.settings()?, name)
}

/// A note, where only its table is open.
pub(super) fn note_in<V: DeserializeOwned>(
    settings: &impl ReadableTable<&'static str, Bytes>,
    name: &str,
) -> Result<Option<V>, Fault> {
    let Some(Note(bytes)) = get(settings, name)? else { return Ok(None) };
    match postcard::from_bytes(&bytes) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Fault::Row { table: Note::TABLE, key: name.to_owned(), why: error.to_string() }),
    }
}

impl View {
    /// A note of the service's own.
    pub fn note<V: DeserializeOwned>(&self, name: &str) -> Result<Option<V>, Fault> {
        note(&self.tables, name)
    }

    /// Why something is not sold: `all`, or a model's id.
    pub fn stop(&self, what: &str) -> Result<Option<StopRow>, Fault> {
        get(self.tables.stops.read()?, what)
    }

    /// Everything that is not sold, with why: `all`, or models' ids. Stops whose time is over too.
    pub fn stops(&self) -> Result<Vec<(String, StopRow)>, Fault> {
        let mut stops = Vec::new();
        for entry in self.tables.stops.read()?.iter()? {
            let (what, row) = entry?;
            stops.push((what.value().to_owned(), decode(&what.value(), row.value())?));
        }
        Ok(stops)
    }

    /// What an operator did.
    pub fn action(&self, id: ActionId) -> Result<Option<ActionRow>, Fault> {
        get(self.tables.admin_actions.read()?, id.0)
    }
}

impl Tx<'_> {
    /// The next number of a series that never repeats, from 1.
    pub(super) fn next_number(&mut self, series: &'static str) -> Result<u64, Fault> {
        let number = self.last_number(series)? + 1;
        self.set_counter(series, number);
        Ok(number)
    }

    fn last_number(&self, series: &'static str) -> Result<u64, Fault> {
        self.counter(series)
    }

    /// A note of the service's own.
    pub fn note<V: DeserializeOwned>(&self, name: &str) -> Result<Option<V>, Fault> {
        note(&self.tables, name)
    }

    /// Writes a note of the service's own.
    pub fn put_note<V: Serialize>(&mut self, name: &str, value: &V) -> Result<(), Fault> {
        let bytes = postcard::to_stdvec(value)
            .map_err(|error| Fault::Bug(format!("the note {name} cannot be encoded: {error}")))?;
        put(self.tables.settings.write()?, name, &Note(bytes))
    }

    /// A new request's number.
    pub fn new_request(&mut self) -> Result<RequestId, Fault> {
        let number = self.next_number("requests")?;
        u32::try_from(number).map(RequestId).map_err(|_| Fault::Bug("out of request numbers".to_owned()))
    }

    /// Why something is not sold: `all`, or a model's id. A stop whose time is over is none.
    pub fn stop(&self, what: &str) -> Result<Option<StopRow>, Fault> {
        let row: Option<StopRow> = get(self.tables.stops.read()?, what)?;
        Ok(row.filter(|row| row.until.is_none_or(|until| self.now.up < until)))
    }

    /// Stops selling `all`, or a model.
    pub fn put_stop(&mut self, what: &str, row: &StopRow) -> Result<(), Fault> {
        put(self.tables.stops.write()?, what, row)
    }

    /// Sells it again.
    pub fn lift_stop(&mut self, what: &str) -> Result<(), Fault> {
        self.tables.stops.write()?.remove(what)?;
        Ok(())
    }

    /// A number for what an operator is about to do, so that a repeat of it does nothing.
    pub fn new_action(&mut self) -> Result<ActionId, Fault> {
        Ok(ActionId(self.next_number("actions")?))
    }

    /// Corrects a wallet under an action's number. The same number a second time does nothing.
    pub fn adjust(
        &mut self,
        id: ActionId,
        who: &str,
        user: UserId,
        amount: Kopecks,
        reason: &str,
    ) -> Result<Result<Posted, Refusal>, Fault> {
        let before: Option<ActionRow> = get(self.tables.admin_actions.read()?, id.0)?;
        let slot = before.and_then(|row| row.seq);
        let transfer = Transfer::adjust(id, user, amount, self.now.at);
        let had = self.available(user)?;
        let posted = self.transfer_once(slot, &transfer)?;
        if let Ok(Posted::New(seq)) = posted {
            let row = ActionRow {
                at: self.now.at,
                who: who.to_owned(),
                what: Action::Adjust { user, amount },
                reason: reason.to_owned(),
                seq: Some(seq),
                before: format!("{had} ₽"),
                after: format!("{} ₽", self.available(user)?),
            };
            put(self.tables.admin_actions.write()?, id.0, &row)?;
        }
        Ok(posted)
    }

    /// Notes something an operator did that moved no money.
    pub fn put_action(&mut self, id: ActionId, row: &ActionRow) -> Result<(), Fault> {
        put(self.tables.admin_actions.write()?, id.0, row)
    }

    /// What an operator did.
    pub fn action(&self, id: ActionId) -> Result<Option<ActionRow>, Fault> {
        get(self.tables.admin_actions.read()?, id.0)
    }
}
