//! Telling the operator: a message to every admin, each kind at most once in ten minutes (and each
//! stopped model and each payment by itself). After an operator had orders taken again every kind is news
//! again.

use super::{Shop, lang_of};
use crate::ids;
use crate::message::{About, Act, Outgoing};
use crate::store::{Fault, SOLD_AGAIN, Tx};
use crate::texts::{self, Arg};
use crate::time::At;
use std::time::Duration;

/// How often the same kind of alarm is given.
const PAUSE: Duration = Duration::from_secs(600);

/// What the operator must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm<'a> {
    /// An update could not be handled and was put aside.
    Parked,
    /// The row of a message to a customer, or one it belongs to, cannot be read; it was put aside.
    MailParked,
    /// The provider has no credit left.
    NoCredit,
    /// The provider refuses our key.
    KeyRefused,
    /// The named model is switched off at the provider, or gone.
    ModelStopped(&'a str),
    /// An invariant is broken; nothing is sold until an operator says so.
    SellingStopped,
    /// Telegram does not take a result; what it cost its customer went back.
    ResultLost,
    /// A result's files could not be had from the provider; what it cost its customer went back.
    NotFetched,
    /// The disk is almost full.
    DiskFull,
    /// The provider's own list of models lacks some of ours.
    ModelsMissing,
    /// A payment came that is unusual, of this number, or of this id at its source.
    PaymentOdd(&'a str),
    /// A payment cannot be handled; it is tried again and again.
    PaymentStuck,
    /// The payment of this number was taken back by its source; the wallet may be below zero.
    ChargedBack(&'a str),
    /// Telegram would not give the Stars of the payment of this number back; the money is in the wallet again.
    RefundRefused(&'a str),
    /// Telegram makes no invoice, and not for its amount: nobody can pay this way.
    InvoiceRefused,
    /// The provider's account is nearly empty.
    LowCredit,
    /// Many jobs failed within a short time.
    ErrorBurst,
    /// The provider is in maintenance; orders wait.
    Maintenance,
    /// The newest verified backup is older than was asked for.
    BackupOld,
    /// What changed does not get to the backups' place.
    BackupStuck,
    /// No verified backup is made until an operator does something.
    BackupRefused,
    /// The certificate that callers are shown ends soon, or there is none.
    CertificateEnds,
}

impl Alarm<'_> {
    /// Its text.
    fn text(self) -> &'static str {
        match self {
            Self::Parked => "alarm-parked",
            Self::MailParked => "alarm-mail-parked",
            Self::NoCredit => "alarm-no-credit",
            Self::KeyRefused => "alarm-key-refused",
            Self::ModelStopped(_) => "alarm-model-stopped",
            Self::SellingStopped => "alarm-selling-stopped",
            Self::ResultLost => "alarm-result-lost",
            Self::NotFetched => "alarm-not-fetched",
            Self::DiskFull => "alarm-disk-full",
            Self::ModelsMissing => "alarm-models-missing",
            Self::PaymentOdd(_) => "alarm-payment-odd",
            Self::PaymentStuck => "alarm-payment-stuck",
            Self::ChargedBack(_) => "alarm-charged-back",
            Self::RefundRefused(_) => "alarm-refund-refused",
            Self::InvoiceRefused => "alarm-invoice-refused",
            Self::LowCredit => "alarm-low-credit",
            Self::ErrorBurst => "alarm-error-burst",
            Self::Maintenance => "alarm-maintenance",
            Self::BackupOld => "alarm-backup-old",
            Self::BackupStuck => "alarm-backup-stuck",
            Self::BackupRefused => "alarm-backup-refused",
            Self::CertificateEnds => "alarm-certificate-ends",
        }
    }

    /// The note that says when it was last given.
    fn note(self) -> String {
        match self {
            Self::ModelStopped(of)
            | Self::PaymentOdd(of)
            | Self::ChargedBack(of)
            | Self::RefundRefused(of) => {
                format!("{}:{of}", self.text())
            }
            Self::Parked
            | Self::MailParked
            | Self::NoCredit
            | Self::KeyRefused
            | Self::SellingStopped
            | Self::ResultLost
            | Self::NotFetched
            | Self::DiskFull
            | Self::ModelsMissing
            | Self::PaymentStuck
            | Self::InvoiceRefused
            | Self::LowCredit
            | Self::ErrorBurst
            | Self::Maintenance
            | Self::BackupOld
            | Self::BackupStuck
            | Self::BackupRefused
            | Self::CertificateEnds => self.text().to_owned(),
        }
    }

    /// What of its detail the log shows: customers' ids masked, where it may name one, and nothing that may
    /// quote a customer.
    pub(super) fn logged(self, detail: &str) -> String {
        let before_colon = detail.split(':').next().unwrap_or(detail);
        match self {
            Self::Parked | Self::MailParked => ids::mask_numbers(before_colon),
            Self::ErrorBurst => before_colon.to_owned(),
            Self::SellingStopped
            | Self::PaymentOdd(_)
            | Self::PaymentStuck
            | Self::ChargedBack(_)
            | Self::RefundRefused(_)
            | Self::InvoiceRefused => ids::mask_numbers(detail),
            Self::NoCredit
            | Self::KeyRefused
            | Self::ModelStopped(_)
            | Self::ResultLost
            | Self::NotFetched
            | Self::DiskFull
            | Self::ModelsMissing
            | Self::LowCredit
            | Self::Maintenance
            | Self::BackupOld
            | Self::BackupStuck
            | Self::BackupRefused
            | Self::CertificateEnds => detail.to_owned(),
        }
    }
}

/// Puts the alarm into the outbox for every admin, unless the same kind went out within ten minutes and
/// no operator had orders taken again since: what stops selling a second time is never silent.
/// `detail` is shown as it is, escaped.
pub fn raise(shop: &Shop, tx: &mut Tx<'_>, alarm: Alarm<'_>, detail: &str) -> Result<(), Fault> {
    let (text, note) = (alarm.text(), alarm.note());
    let now = tx.now().at;
    let sold_again = tx.note::<At>(SOLD_AGAIN)?;
    let fresh =
        |last: At| last <= now && now.since(last) < PAUSE && sold_again.is_none_or(|again| again < last);
    if tx.note::<At>(&note)?.is_some_and(fresh) {
        return Ok(());
    }
    tx.put_note(&note, &now)?;
    let shown = alarm.logged(detail);
    tx.after_commit(move || tracing::warn!(alarm = text, detail = shown, "the operator is told"));
    for &admin in &shop.admins {
        let lang = lang_of(tx, admin)?;
        let text = texts::say(lang, text, &[("detail", Arg::Text(detail))]);
        let act = Act::Text { text, keyboard: Vec::new(), edit: None };
        tx.say(Outgoing { chat: admin.chat(), act, about: About::Nothing }, None)?;
    }
    Ok(())
}
