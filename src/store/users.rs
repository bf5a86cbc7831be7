//! Customers: who they are, where their conversation stands, and their free uses.

use super::codec::{Row, get, put};
use super::desk::Asked;
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::catalog::input::{GivenFile, Values};
use crate::ids::{JobId, LookId, MessageId, PaymentId, UserId};
use crate::message::Lang;
use crate::money::Kopecks;
use crate::time::At;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// The note that says where forgetting goes on.
const FORGET_FREE_FROM: &str = "forget_free_from";

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// As Telegram says.
    pub first_name: String,
    /// As Telegram says, without the @.
    pub username: Option<String>,
    /// The language we speak to them.
    pub lang: Lang,
    /// When they first came.
    pub first_seen: At,
    /// When they last did something.
    pub last_seen: At,
    /// Their newest job; each job names the one before it.
    pub newest_job: Option<JobId>,
    /// How many of their jobs have not ended.
    pub open_jobs: u32,
    /// They blocked the bot.
    pub blocked: bool,
    /// An operator stopped them from ordering.
    pub banned: bool,
}

impl Row for UserRow {
    const TABLE: &'static str = "users";
    const IS_CUSTOMERS: bool = true;
}

/// Where the conversation with a customer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Not used; older rows have it.
    pub live: Option<MessageId>,
    /// What a text they write next means.
    pub expects: Expects,
    /// The order they are putting together.
    pub draft: Option<Draft>,
    /// The number the newest draft got; buttons of older ones do nothing.
    pub drafts: u32,
    /// How much of [`Session::actions_at`]'s minute they used: tokens left, in thousandths.
    pub actions_left_milli: i64,
    /// When that was last counted.
    pub actions_at: At,
    /// They were told to slow down and have not yet.
    pub slowed: bool,
    /// The number of the newest draft that became a job: its buttons say that it runs already.
    pub placed: u32,
    /// What they searched for, for the pages of the answer.
    pub found: String,
}

impl Row for Session {
    const TABLE: &'static str = "sessions";
    const IS_CUSTOMERS: bool = true;
}

/// What a text means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expects {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// Words to search for.
    Search,
    /// The value of an input of the draft.
    Input(String),
    /// A new value of an option of the draft, from the options screen.
    Option(String),
    /// An amount to put in.
    TopUp,
    /// The receipt of a transfer by hand.
    Receipt(PaymentId),
    /// What an operator was asked for.
    Admin(Asked),
    /// A promo code.
    Promo,
    /// Nothing in particular; files of this album are pages of a receipt that came.
    ReceiptAlbum(String),
}

/// An order being put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its number within the session: confirm is bound to it.
    pub number: u32,
    /// The model's id.
    pub model: String,
    /// How far it is.
    pub stage: Stage,
    /// What was chosen so far.
    pub values: Values,
    /// Files that are being looked at, in the order they came.
    pub pending: Vec<PendingFile>,
    /// The list input whose files are being collected until the customer says that it is enough.
    pub collecting: Option<String>,
    /// The price on the screen the customer sees: confirm is bound to it as well. `None` until the
    /// confirm screen was shown; zero for a free use.
    pub shown_price: Option<Kopecks>,
}

/// A file of a draft that is being looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFile {
    /// The look.
    pub look: LookId,
    /// The input it is for.
    pub input: String,
    /// What was found: `None` as long as nobody has looked.
    pub found: Option<Found>,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// A file that can be read.
    File(GivenFile),
    /// It cannot be had; the sentence for the customer.
    Nothing(String),
}

/// How far a draft is: which screen of it was shown last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The model's card: a text is its prompt.
    #[default]
    Card,
    /// The form asks for what cannot be left out.
    Form,
    /// The options.
    Options,
    /// The order, to be confirmed.
    Confirm,
    /// The customer looks at something else; a text means nothing to the draft.
    Aside,
}

pub(super) fn user<T: Tables>(tables: &T, id: UserId) -> Result<Option<UserRow>, Fault> {
    get(tables.users()?, id.0)
}

impl View {
    /// A customer.
    pub fn user(&self, id: UserId) -> Result<Option<UserRow>, Fault> {
        user(&self.tables, id)
    }

    /// Where the conversation with a customer stands.
    pub fn session(&self, id: UserId) -> Result<Option<Session>, Fault> {
        get(self.tables.sessions.read()?, id.0)
    }
}

impl Tx<'_> {
    /// A customer.
    pub fn user(&self, id: UserId) -> Result<Option<UserRow>, Fault> {
        user(&self.tables, id)
    }

    /// Writes a customer.
    pub fn put_user(&mut self, id: UserId, row: &UserRow) -> Result<(), Fault> {
        put(self.tables.users.write()?, id.0, row)
    }

    /// Where the conversation with a customer stands; `None` before their first word.
    pub fn session(&self, id: UserId) -> Result<Option<Session>, Fault> {
        get(self.tables.sessions.read()?, id.0)
    }

    /// Writes where the conversation with a customer stands.
    pub fn put_session(&mut self, id: UserId, session: &Session) -> Result<(), Fault> {
        put(self.tables.sessions.write()?, id.0, session)
    }

    /// How many free uses of a model a customer began in the calendar hours `from..=to`.
    pub fn free_uses(&self, user: UserId, model: u8, from: u32, to: u32) -> Result<u32, Fault> {
        let mut uses: u32 = 0;
        for entry in self.tables.free_usage.read()?.range((user.0, model, from)..=(user.0, model, to))? {
            uses = uses.saturating_add(entry?.1.value());
        }
        Ok(uses)
    }

    /// Counts a free use in its hour, or, with `back`, takes it back from the same hour.
    pub fn count_free_use(&mut self, user: UserId, model: u8, hour: u32, back: bool) -> Result<(), Fault> {
        let key = (user.0, model, hour);
        let uses = self.tables.free_usage.read()?.get(key)?.map_or(0, |uses| uses.value());
        let uses = if back { uses.checked_sub(1) } else { uses.checked_add(1) };
        match uses {
            Some(0) => drop(self.tables.free_usage.write()?.remove(key)?),
            Some(uses) => drop(self.tables.free_usage.write()?.insert(key, uses)?),
            // Its hour was forgotten meanwhile: there is nothing left to give back to.
            None => {}
        }
        Ok(())
    }

    /// What free uses cost on a day, in millionths of a dollar.
    pub fn free_spent(&self, day: u32) -> Result<i64, Fault> {
        Ok(self.tables.free_spent.read()?.get(day)?.map_or(0, |spent| spent.value()))
    }

    /// Adds to what free uses cost on a day; a use that is given back subtracts.
    pub fn add_free_spent(&mut self, day: u32, micro_usd: i64) -> Result<(), Fault> {
        let spent = self.free_spent(day)?.saturating_add(micro_usd);
        self.tables.free_spent.write()?.insert(day, spent)?;
        Ok(())
    }

    /// Looks at the next `limit` counts of free uses, on from where the last call ended, and forgets
    /// those of hours before `hour`; says how many.
    pub fn forget_free_uses(&mut self, hour: u32, limit: usize) -> Result<usize, Fault> {
        let from = self.note::<(i64, u8, u32)>(FORGET_FREE_FROM)?.unwrap_or((i64::MIN, 0, 0));
        let (mut old, mut looked, mut next) = (Vec::new(), 0, (i64::MIN, 0, 0));
        for entry in self.tables.free_usage.read()?.range(from..)? {
            let key = entry?.0.value();
            if looked == limit {
                next = key;
                break;
            }
            looked += 1;
            if key.2 < hour {
                old.push(key);
            }
        }
        for key in &old {
            self.tables.free_usage.write()?.remove(key)?;
        }
        self.put_note(FORGET_FREE_FROM, &next)?;
        Ok(old.len())
    }
}
