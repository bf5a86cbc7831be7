//! The customers of the bot before this one: what they, their wallets and their rows become here.
//!
//! **Invariant:** a wallet comes along once; afterwards it holds what it held there, whatever its rows say.

use crate::ids::{Seq, UserId};
use crate::ledger::{Account, Kind, Refusal, Transfer};
use crate::message::Lang;
use crate::money::Kopecks;
use crate::store::{
    Action, ActionRow, Fault, InvitedRow, LegacyKind, LegacyRow, Reward, Tx, UserRow, is_welcome,
};
use crate::time::At;

/// Who brings customers along, in the journal of operators' acts.
const WHO: &str = "import";

/// A customer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldUser {
    /// Who.
    pub id: UserId,
    /// As Telegram said.
    pub first_name: String,
    /// As Telegram said.
    pub username: Option<String>,
    /// The language they were spoken to.
    pub lang: Lang,
    /// When they came; `None` if nobody knows.
    pub created: Option<At>,
    /// When they last did something.
    pub seen: Option<At>,
    /// They were banned; why, if that was noted.
    pub ban: Option<String>,
    /// Who brought them.
    pub inviter: Option<UserId>,
}

/// A row of the ledger there, or a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldRow {
    /// Whose.
    pub user: UserId,
    /// Its number.
    pub id: u64,
    /// What it was.
    pub kind: LegacyKind,
    /// How much.
    pub amount: Kopecks,
    /// When.
    pub at: At,
    /// The ref; a generation's model and how it ended. May be empty.
    pub reference: Box<str>,
}

/// What came of a wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// It was here already; nothing changed.
    pub before: bool,
    /// So many movements are in the ledger now.
    pub transfers: usize,
    /// So many rows are kept as history.
    pub rows: usize,
    /// What its rows add up to.
    pub sum: Kopecks,
    /// What was put on it, or taken, so that it holds what it held.
    pub adjusted: Kopecks,
}

fn note_ban(tx: &mut Tx<'_>, user: UserId, reason: &str) -> Result<(), Fault> {
    let (id, at) = (tx.new_action()?, tx.now().at);
    let row = ActionRow {
        at,
        who: WHO.to_owned(),
        what: Action::Ban { user },
        reason: reason.to_owned(),
        seq: None,
        before: "may order".to_owned(),
        after: "banned".to_owned(),
    };
    tx.put_action(id, &row)
}

/// Brings a customer along, unless they are here (then only their ban comes); says whether they were not.
pub fn bring_user(tx: &mut Tx<'_>, old: &OldUser) -> Result<bool, Fault> {
    let now = tx.now().at;
    if let Some(mut row) = tx.user(old.id)? {
        // They came here before their old rows did. A second import undoes no operator's word.
        let is_known = tx.account(Account::User(old.id))?.imported.is_some();
        if let (Some(reason), false, false) = (&old.ban, row.banned, is_known) {
            row.banned = true;
            tx.put_user(old.id, &row)?;
            note_ban(tx, old.id, reason)?;
        }
        return Ok(false);
    }
    let row = UserRow {
        first_name: old.first_name.clone(),
        username: old.username.clone(),
        lang: old.lang,
        first_seen: old.created.unwrap_or(now),
        last_seen: old.seen.or(old.created).unwrap_or(now),
        newest_job: None,
        open_jobs: 0,
        blocked: false,
        banned: old.ban.is_some(),
    };
    tx.put_user(old.id, &row)?;
    if let Some(reason) = &old.ban {
        note_ban(tx, old.id, reason)?;
    }
    if let Some(inviter) = old.inviter
        && tx.invited(old.id)?.is_none()
    {
        // The bot before gave its reward at once; a second one is not owed.
        tx.put_invited(old.id, &InvitedRow { inviter, at: row.first_seen, reward: Reward::Missed })?;
        let mut bonus = tx.bonus(inviter)?;
        bonus.came = bonus.came.saturating_add(1);
        tx.put_bonus(inviter, &bonus)?;
    }
    Ok(true)
}

/// Brings a wallet along, unless it is here, with all its rows in the order of their numbers. In the end it
/// holds `target` more than before. A refusal leaves half of it: the caller gives all of it up.
pub fn bring_wallet(
    tx: &mut Tx<'_>,
    user: UserId,
    target: Kopecks,
    rows: &[OldRow],
) -> Result<Result<Brought, Refusal>, Fault> {
    let mut brought = Brought::default();
    if tx.account(Account::User(user))?.imported.is_some() {
        return Ok(Ok(Brought { before: true, ..brought }));
    }
    let mut last = None;
    for old in rows {
        let mut seq = None;
        if let Some((transfer, change)) = movement(old) {
            let Some(sum) = brought.sum.checked_add(change) else { return Ok(Err(Refusal::TooLarge)) };
            match tx.transfer_legacy(&transfer)? {
                Ok(posted) => seq = Some(posted),
                Err(refusal) => return Ok(Err(refusal)),
            }
            (brought.sum, last) = (sum, seq);
            brought.transfers += 1;
        }
        brought.rows += usize::from(keep(tx, old, seq)?);
    }
    let Some(difference) = target.checked_sub(brought.sum) else { return Ok(Err(Refusal::TooLarge)) };
    if difference != Kopecks::ZERO {
        let adjust = Transfer::legacy_import(user, difference, tx.now().at);
        match tx.transfer_legacy(&adjust)? {
            Ok(posted) => last = Some(posted),
            Err(refusal) => return Ok(Err(refusal)),
        }
        brought.adjusted = difference;
    }
    if let Some(seq) = last {
        tx.note_imported(user, seq)?;
    }
    Ok(Ok(brought))
}

/// Keeps an old row as history; false: it is kept already.
pub fn keep(tx: &mut Tx<'_>, old: &OldRow, seq: Option<Seq>) -> Result<bool, Fault> {
    let OldRow { user, id, kind, amount, at, ref reference } = *old;
    tx.add_legacy(user, id, &LegacyRow { kind, amount, at, reference: reference.to_string(), seq })
}

/// The transfer that an old row was, and what it changed in its wallet. Holds and their ends moved nothing for
/// good; which way an adjust went is not known, so the wallet's own balance has to tell.
fn movement(old: &OldRow) -> Option<(Transfer, Kopecks)> {
    let wallet = Account::User(old.user);
    let out = Kopecks::new(old.amount.get().saturating_neg());
    let (kind, debit, credit, change) = match old.kind {
        LegacyKind::Topup if is_welcome(&old.reference) => (Kind::Topup, Account::Bonus, wallet, old.amount),
        LegacyKind::Topup => (Kind::Topup, Account::CashManual, wallet, old.amount),
        LegacyKind::Charge => (Kind::Charge, wallet, Account::Revenue, out),
        LegacyKind::Refund => (Kind::Refund, Account::Revenue, wallet, old.amount),
        LegacyKind::Hold | LegacyKind::Release | LegacyKind::Adjust | LegacyKind::Job => return None,
    };
    let moves = old.amount.is_positive();
    moves.then(|| (Transfer::legacy(old.id, kind, debit, credit, old.amount, old.at), change))
}
