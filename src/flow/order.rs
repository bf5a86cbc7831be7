//! Selling: what an order costs now, and the commit that makes hold, job and status message at once.

use super::{Shop, free, news};
use crate::catalog::input::ValidInput;
use crate::catalog::price::{NoPrice, quote};
use crate::ids::{JobId, MessageId, RequestId, UserId};
use crate::job::State;
use crate::ledger::Transfer;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::store::{DISK, Delivery, Fault, Job, JobMoney, JobRow, Tx};
use rust_decimal::Decimal;

/// What an order costs this customer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What they pay: zero for a free use.
    pub price: Kopecks,
    /// What it costs without a free use.
    pub full_price: Kopecks,
    /// How many free uses are left, this one included; `None` when it is paid.
    pub free_left: Option<u32>,
    /// The free use is one of the customer's bonus uses, not one of the model's free tier.
    pub bonus: bool,
    /// What it costs the operator, in dollars.
    pub cost_usd: Decimal,
}

/// What a customer confirms.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who.
    pub user: UserId,
    /// The language of the news about it.
    pub lang: Lang,
    /// What, checked.
    pub input: ValidInput,
    /// The price on the screen they confirmed; zero for a free use.
    pub shown_price: Kopecks,
    /// The message to show the progress in.
    pub status_message: Option<MessageId>,
}

/// A sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The job.
    pub job: JobId,
    /// Its request.
    pub request: RequestId,
}

/// Why nothing was sold. No money moved and nothing is held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSold {
    /// It costs something else now than the screen said.
    #[error("the price is {} ₽ now", .0.price)]
    PriceChanged(Offer),
    /// The wallet does not hold enough.
    #[error("{missing} ₽ are missing")]
    Short {
        /// What it costs.
        price: Kopecks,
        /// What the wallet holds.
        available: Kopecks,
        /// What is missing.
        missing: Kopecks,
    },
    /// The customer has too many open jobs.
    #[error("{limit} jobs are open already")]
    TooManyOpen {
        /// So many may be.
        limit: u32,
    },
    /// Too many jobs of all customers wait.
    #[error("the queue is full")]
    QueueFull,
    /// Nothing is sold just now.
    #[error("nothing is sold just now")]
    NotSelling,
    /// This model is not sold just now.
    #[error("this model is not sold just now")]
    ModelStopped,
    /// An operator stopped this customer from ordering.
    #[error("this customer may not order")]
    Banned,
    /// The rates give no price.
    #[error(transparent)]
    NoPrice(#[from] NoPrice),
}

impl NotSold {
    /// The word for it in metrics.
    fn code(&self) -> &'static str {
        match self {
            Self::PriceChanged(_) => "price-changed",
            Self::Short { .. } => "short",
            Self::TooManyOpen { .. } => "too-many-open",
            Self::QueueFull => "queue-full",
            Self::NotSelling => "not-selling",
            Self::ModelStopped => "model-stopped",
            Self::Banned => "banned",
            Self::NoPrice(_) => "no-price",
        }
    }
}

/// What `input` costs `user` now: a free use of the model or a bonus use if one is left, else the price.
pub fn offer(
    shop: &Shop,
    tx: &Tx<'_>,
    user: UserId,
    input: &ValidInput,
) -> Result<Result<Offer, NotSold>, Fault> {
    let model = input.model();
    let quote = match quote(model, input, &shop.rates) {
        Ok(quote) => quote,
        Err(no_price) => return Ok(Err(no_price.into())),
    };
    let free = free::best(&shop.free, tx, user, model, &quote)?;
    Ok(Ok(Offer {
        price: if free.is_some() { Kopecks::ZERO } else { quote.price },
        full_price: quote.price,
        free_left: free.map(|free| free.left),
        bonus: free.is_some_and(|free| free.bonus),
        cost_usd: quote.cost_usd,
    }))
}

/// Sells: hold, or free use, and job and status message, all in this transaction. Nothing is
/// written when it refuses. Says nothing to the customer then: that is the caller's screen.
pub fn place(shop: &Shop, tx: &mut Tx<'_>, order: &Order) -> Result<Result<Placed, NotSold>, Fault> {
    let offer = match check(shop, tx, order)? {
        Ok(offer) => offer,
        Err(refusal) => {
            let code = refusal.code();
            tx.after_commit(move || metrics::counter!("samovar_refusals_total", "code" => code).increment(1));
            return Ok(Err(refusal));
        }
    };
    let Some(mut user) = tx.user(order.user)? else {
        return Err(Fault::Bug("an order of a customer who was never noted".to_owned()));
    };
    let model = order.input.model();
    let (id, now) = (tx.next_job_id()?, tx.now());
    let request = tx.new_request()?;
    let mut money = JobMoney::default();
    let mut free_hour = None;
    if offer.bonus {
        free_hour = Some(free::take_bonus(tx, order.user, offer.cost_usd)?);
    } else if offer.free_left.is_some() {
        free_hour = Some(free::take(tx, order.user, model, offer.cost_usd)?);
    } else {
        let hold = Transfer::hold(id, order.user, offer.price, now.at);
        if let Err(refusal) = tx.transfer_for_job(id, &mut money, &hold)? {
            return Err(Fault::Bug(format!("the hold was checked and is refused: {refusal}")));
        }
    }
    let input = order.input.clone().with_content_filter(shop.nsfw_checker).into_values();
    let row = JobRow {
        user: order.user,
        model: model.id.to_owned(),
        input,
        price: offer.price,
        cost_usd: offer.cost_usd,
        free_hour,
        request,
        lang: order.lang,
        created: now.at,
        ended: None,
        state: State::Queued { since: now.up, not_before: now.up },
        due: Some(now.up),
        money,
        prev: user.newest_job,
        status_message: order.status_message,
        uploads: std::collections::BTreeMap::new(),
        task: None,
        told: None,
        delivery: Delivery::Waiting,
    };
    let job = Job { id, row };
    tx.put_job(&job)?;
    user.newest_job = Some(id);
    user.open_jobs += 1;
    tx.put_user(order.user, &user)?;
    let what = match offer.free_left {
        Some(_) if offer.bonus => "a bonus use".to_owned(),
        Some(_) => "free".to_owned(),
        None => format!("{} RUB held", offer.price),
    };
    tx.trace(request, order.user, Some(id), "ordered", format!("{}, {what}", model.id))?;
    tx.say(news::queued(&job), Some(request))?;
    Ok(Ok(Placed { job: id, request }))
}

fn check(shop: &Shop, tx: &Tx<'_>, order: &Order) -> Result<Result<Offer, NotSold>, Fault> {
    let user = tx.user(order.user)?;
    if user.as_ref().is_some_and(|user| user.banned) {
        return Ok(Err(NotSold::Banned));
    }
    if tx.stop("all")?.is_some() || tx.stop(DISK)?.is_some() {
        return Ok(Err(NotSold::NotSelling));
    }
    if tx.stop(order.input.model().id)?.is_some() {
        return Ok(Err(NotSold::ModelStopped));
    }
    if user.is_some_and(|user| user.open_jobs >= shop.open_jobs_per_customer) {
        return Ok(Err(NotSold::TooManyOpen { limit: shop.open_jobs_per_customer }));
    }
    if tx.queued_jobs()? >= shop.queue_max {
        return Ok(Err(NotSold::QueueFull));
    }
    let offer = match offer(shop, tx, order.user, &order.input)? {
        Ok(offer) => offer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if offer.price != order.shown_price {
        return Ok(Err(NotSold::PriceChanged(offer)));
    }
    let available = tx.available(order.user)?;
    match offer.price.checked_sub(available).filter(|missing| missing.is_positive()) {
        Some(missing) if offer.free_left.is_none() => {
            Ok(Err(NotSold::Short { price: offer.price, available, missing }))
        }
        Some(_) | None => Ok(Ok(offer)),
    }
}
