//! Watches the certificate that callers are shown: when it ends is a figure for whoever watches, and news for
//! the operators when that is near and nothing has renewed it.

use super::Engine;
use crate::flow::alarm::{self, Alarm};
use crate::http::Ends;
use crate::metrics::number;
use crate::store::{Fault, Tx};
use crate::time::{At, Up};
use rust_decimal::Decimal;
use std::time::Duration;

/// How often it is looked at: a new one is seen soon.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// It is renewed a month before its end; with less than this something is wrong.
const NEAR: Duration = Duration::from_secs(10 * 24 * 3600);
/// After a start it may take so long to get the first one.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// The operators are told the same again after so long.
const REMIND: Duration = Duration::from_secs(24 * 3600);

/// Watches until the stop.
pub async fn run(engine: Engine, ends: Ends) {
    let born = engine.clock().now().up;
    let mut told: Option<Up> = None;
    loop {
        let (now, end) = (engine.clock().now(), ends());
        if let Some(end) = end {
            let seconds = number(Decimal::new(end.0, 3));
            metrics::gauge!("samovar_certificate_expires_timestamp_seconds").set(seconds);
        }
        let is_near = end.is_none_or(|end| end <= now.at.plus(NEAR));
        let is_news = told.is_none_or(|told| now.up.since(told) >= REMIND);
        if !is_near {
            told = None;
        } else if is_news && now.up.since(born) >= FIRST {
            match tell(&engine, end).await {
                Ok(()) => told = Some(now.up),
                Err(fault) => engine.pause_after("telling of the certificate", &fault).await,
            }
        }
        if engine.stop.run_until_cancelled(engine.clock().sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn tell(engine: &Engine, end: Option<At>) -> Result<(), Fault> {
    let (shop, until) = (engine.shop.clone(), end.map_or("—".to_owned(), |end| end.to_string()));
    let act = move |tx: &mut Tx<'_>| alarm::raise(&shop, tx, Alarm::CertificateEnds, &until);
    engine.store.write("alarm", act).await
}
