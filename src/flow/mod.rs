//! The acts: each one is everything that happens together, in one transaction.
//!
//! `order` sells, `settle` moves a job on and its money with it, `deliver` notes what became of a
//! message, `resend` sends a result once more, `topup`, `transfer` and `refund` bring money in and back,
//! `promo` and `referral` give away,
//! `statement` says where it went, `export` what is known of a customer, and `forget` takes it away;
//! `alarm` tells the operator, `admin` does what the operator wants. None of them touches the world:
//! they read and write rows.

pub mod admin;
pub mod alarm;
mod burst;
pub mod count;
mod decide;
pub mod deliver;
pub mod export;
pub mod forget;
pub mod free;
pub mod intake;
pub mod legacy;
pub mod news;
pub mod order;
pub mod promo;
pub mod receipt;
pub mod referral;
pub mod refund;
pub mod resend;
pub mod settle;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod topup;
pub mod transfer;
pub mod values;

use crate::catalog::price::Rates;
use crate::catalog::{Model, Output};
use crate::ids::UserId;
use crate::job;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::store::{Fault, Tx};
use rust_decimal::Decimal;

/// The operator's rules, as the settings give them. The same for the whole life of the process.
#[derive(Clone, Debug)]
pub struct Shop {
    /// What makes a price.
    pub rates: Rates,
    /// What is given away.
    pub free: FreeRules,
    /// How many jobs of one customer may be open.
    pub open_jobs_per_customer: u32,
    /// How many jobs of all customers may wait to be sent.
    pub queue_max: u64,
    /// What a new customer gets.
    pub start_bonus: Kopecks,
    /// What a customer gets for bringing another.
    pub referral: ReferralRules,
    /// How money comes in.
    pub pay: PayRules,
    /// How many actions a customer has a minute, on average; 0 is no limit.
    pub actions_per_minute: u32,
    /// How many actions a customer has at once.
    pub actions_burst: u32,
    /// Who runs this bot.
    pub admins: Vec<UserId>,
    /// Where customers find them: a @name or a link.
    pub support: Option<String>,
    /// The bot's own @name, without the @; empty where there is no conversation, which alone names it.
    pub bot_name: String,
    /// The key behind request codes and callback addresses; kept in the store, never shown.
    pub server_key: [u8; 32],
    /// Whether the provider's content filter is asked for.
    pub nsfw_checker: bool,
    /// How long a picture or a sound may take.
    pub quick: job::Limits,
    /// How long a video may take.
    pub video: job::Limits,
    /// The operator's own terms, and how they keep customers' data.
    pub law: Law,
    /// Words and files of customers are forgotten so many days after; 0: when the customer asks.
    pub retention_days: u32,
}

/// Texts of the operator's that stand in place of ours: Telegram's HTML, at most 4,096 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Law {
    /// The terms of use.
    pub terms: Option<String>,
    /// What is stored, for how long, and who gets it.
    pub privacy: Option<String>,
    /// What to do about a payment.
    pub paysupport: Option<String>,
}

impl Shop {
    /// How long a job of this model may take; of one that the catalogue has no more, the longest.
    pub fn limits(&self, model: Option<&Model>) -> &job::Limits {
        match model.map(|model| model.output) {
            Some(Output::Video) | None => &self.video,
            Some(Output::Image | Output::Audio) => &self.quick,
        }
    }

    /// True for who runs this bot.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.admins.contains(&user)
    }
}

/// The language of somebody who has to be told in any case: the default one where their row cannot be read.
pub(crate) fn lang_of(tx: &Tx<'_>, user: UserId) -> Result<Lang, Fault> {
    match tx.user(user) {
        Ok(row) => Ok(row.map_or(Lang::default(), |row| row.lang)),
        Err(Fault::Row { .. }) => Ok(Lang::default()),
        Err(fault) => Err(fault),
    }
}

/// What a customer gets for bringing another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferralRules {
    /// So many bonus uses once the other has paid for the first time; 0: nothing, and nobody is counted.
    pub free_uses: u32,
    /// At most so many rewards a calendar month (UTC); 0 is the same.
    pub monthly_cap: u32,
}

impl ReferralRules {
    /// Whether there is a reward at all.
    pub fn is_on(&self) -> bool {
        self.free_uses > 0 && self.monthly_cap > 0
    }
}

/// How money comes in.
#[derive(Clone, Debug)]
pub struct PayRules {
    /// Roubles for a Star; above 0.
    pub star_rub: Decimal,
    /// Whether cards are taken, by the provider whose token the settings have.
    pub cards: bool,
    /// Where transfers by hand go; `None`: they are not offered.
    pub bank: Option<BankDetails>,
}

/// Where transfers by hand go. Words of the operator's, shown as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankDetails {
    /// The bank.
    pub bank: Option<String>,
    /// The card's number.
    pub card: Option<String>,
    /// The name on the card.
    pub holder: Option<String>,
    /// The phone number, for transfers by it.
    pub phone: Option<String>,
}

/// What is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeRules {
    /// Free uses a customer, model and calendar day (UTC).
    pub daily: u32,
    /// Free uses a customer, model and calendar hour (UTC).
    pub hourly: u32,
    /// The most a free use may cost the operator, in dollars.
    pub max_cost_usd: Decimal,
    /// The most all free uses of a day may cost; 0 is none.
    pub budget_usd: Decimal,
}

impl FreeRules {
    /// Whether there is a free tier at all.
    pub fn is_on(&self) -> bool {
        self.daily > 0 && self.hourly > 0 && self.budget_usd > Decimal::ZERO
    }
}
