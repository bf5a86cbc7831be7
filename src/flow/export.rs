//! All that is known of a customer, as one document for them.

use super::{Shop, statement};
use crate::catalog;
use crate::catalog::input::Value;
use crate::ids::UserId;
use crate::message::Lang;
use crate::store::{Fault, Job, LegacyRow, Payment, Session, Step, Tx};
use crate::time::At;
use serde_json::{Map, Value as Json, json};

/// At most so many jobs, payments and movements, the newest; a document says when it left some out.
const JOBS: usize = 1_000;
const MOVES: usize = 10_000;
/// A larger document leaves out older ones: it waits in the outbox as a whole.
const MAX_BYTES: usize = 2 * 1024 * 1024;
const HOUR_MS: i64 = 3_600_000;

/// The document: indented JSON, in UTF-8. Amounts are roubles, times RFC 3339.
pub fn document(
    shop: &Shop,
    tx: &Tx<'_>,
    lang: Lang,
    user: UserId,
    session: &Session,
) -> Result<Vec<u8>, Fault> {
    let (mut most, mut moves) = (JOBS, MOVES);
    loop {
        let document = newest(shop, tx, (lang, user), session, most, moves)?;
        if document.len() <= MAX_BYTES || most == 0 {
            return Ok(document);
        }
        (most, moves) = (most / 2, moves / 2);
    }
}

/// The same with at most so many jobs, payments and movements.
fn newest(
    shop: &Shop,
    tx: &Tx<'_>,
    (lang, user): (Lang, UserId),
    session: &Session,
    most: usize,
    moves: usize,
) -> Result<Vec<u8>, Fault> {
    let statement = statement::read(tx, lang, user, 0, moves)?;
    let mut jobs = tx.jobs_of(user, 0, most + 1)?;
    let mut payments = tx.payments_of(user, 0, most + 1)?;
    let left_out = jobs.len() > most || payments.len() > most || statement.more;
    jobs.truncate(most);
    payments.truncate(most);
    let document = json!({
        "made": tx.now().at.to_string(),
        "profile": profile(tx, user)?,
        "wallet": {
            "balance": statement.now.balance.to_string(),
            "available": statement.available.to_string(),
            "reserved": statement.now.held.to_string(),
        },
        "session": session_of(session),
        "jobs": jobs.iter().map(|job| job_of(shop, job)).collect::<Vec<_>>(),
        "ledger": statement.lines.iter().map(move_of).collect::<Vec<_>>(),
        "bot_before": statement.old.iter().map(old_of).collect::<Vec<_>>(),
        "payments": payments.iter().map(payment_of).collect::<Vec<_>>(),
        "free_uses": free_uses(tx, user)?,
        "bonus": bonus(tx, user)?,
        "older_left_out": left_out,
    });
    serde_json::to_vec_pretty(&document)
        .map_err(|error| Fault::Bug(format!("an export cannot be written: {error}")))
}

fn profile(tx: &Tx<'_>, user: UserId) -> Result<Json, Fault> {
    let Some(row) = tx.user(user)? else { return Ok(Json::Null) };
    Ok(json!({
        "id": user.0,
        "first_name": row.first_name,
        "username": row.username,
        "language": row.lang.code(),
        "first_seen": row.first_seen.to_string(),
        "last_seen": row.last_seen.to_string(),
        "blocked_the_bot": row.blocked,
        "banned": row.banned,
    }))
}

fn session_of(session: &Session) -> Json {
    let draft = session.draft.as_ref().map(|draft| {
        let values: Map<String, Json> =
            draft.values.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
        json!({"model": draft.model, "input": values})
    });
    json!({"draft": draft, "last_search": session.found})
}

fn job_of(shop: &Shop, job: &Job) -> Json {
    let row = &job.row;
    let input: Map<String, Json> =
        row.input.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
    json!({
        "number": job.id.0,
        "code": row.request.code(&shop.server_key),
        "model": row.model,
        "created": row.created.to_string(),
        "ended": row.ended.map(|at| at.to_string()),
        "state": row.state.name(),
        "price": row.price.to_string(),
        "free": !row.price.is_positive(),
        "input": input,
        "forgotten": row.is_forgotten(),
    })
}

/// A value as the customer gave it.
fn value_of(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Boolean(value) => json!(value),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Files(files) => json!(files),
    }
}

fn move_of(line: &statement::Line) -> Json {
    json!({
        "row": line.seq.0,
        "at": line.at.to_string(),
        "kind": line.transfer.kind.to_string(),
        "amount": line.change.balance.to_string(),
        "reserved": line.change.held.to_string(),
        "balance": line.after.balance.to_string(),
        "available": line.available.to_string(),
        "why": line.why,
        "model": line.model,
        "job": line.job.map(|job| job.0),
    })
}

fn old_of(row: &LegacyRow) -> Json {
    json!({"at": row.at.to_string(), "kind": row.kind, "amount": row.amount.to_string(), "ref": row.reference})
}

fn payment_of(payment: &Payment) -> Json {
    let row = &payment.row;
    let step = |step: &Step| json!({"at": step.at.to_string(), "what": step.what});
    json!({
        "number": payment.id.0,
        "way": row.way,
        "amount": row.amount.to_string(),
        "stars": row.stars,
        "charge": row.charge,
        "steps": row.steps.iter().map(step).collect::<Vec<_>>(),
        "receipt": row.receipt,
    })
}

fn bonus(tx: &Tx<'_>, user: UserId) -> Result<Json, Fault> {
    let row = tx.bonus(user)?;
    let mut codes = Vec::new();
    for (code, promo) in tx.promos()? {
        if tx.has_used(promo.number, user)? {
            codes.push(code);
        }
    }
    let invited_by = tx.invited(user)?.map(|row| row.inviter.0);
    Ok(json!({
        "free_uses_left": row.uses,
        "invited": row.came,
        "invited_who_paid": row.paid,
        "invited_by": invited_by,
        "promo_codes": codes,
    }))
}

fn free_uses(tx: &Tx<'_>, user: UserId) -> Result<Vec<Json>, Fault> {
    let uses = tx.free_uses_of(user)?.into_iter().map(|(model, hour, count)| {
        let model = catalog::by_index(model).map(|model| model.id);
        json!({"model": model, "hour": At(i64::from(hour) * HOUR_MS).to_string(), "count": count})
    });
    Ok(uses.collect())
}
