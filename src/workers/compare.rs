//! Compares the catalogue with the provider's own list of models, at the start and then once a day.
//!
//! It only tells: whether a model sells is decided by the provider's answer to an order.

use super::Engine;
use crate::catalog::{self, Availability, Model};
use crate::flow::alarm::{self, Alarm};
use crate::store::{Fault, Tx};
use std::collections::BTreeSet;
use std::time::Duration;

/// Between two comparisons, and after a failed one.
const DAILY: Duration = Duration::from_secs(24 * 3600);
const AGAIN: Duration = Duration::from_secs(3600);

/// Compares until the stop.
pub async fn run(engine: Engine) {
    loop {
        let pause = match compare(&engine).await {
            Ok(true) => DAILY,
            Ok(false) => AGAIN,
            Err(fault) => {
                tracing::warn!(%fault, "the comparison with the provider's models is put off");
                AGAIN
            }
        };
        if engine.stop.run_until_cancelled(engine.clock().sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// One comparison; false when the provider does not say what it has.
async fn compare(engine: &Engine) -> Result<bool, Fault> {
    let there = match engine.provider.models().await {
        Ok(Some(there)) => there,
        Ok(None) => {
            tracing::debug!("the provider lists no models");
            return Ok(true);
        }
        Err(why) => {
            tracing::warn!(why, "the provider does not say which models it has");
            return Ok(false);
        }
    };
    let missing = missing(&there);
    tracing::info!(listed = there.len(), missing = missing.len(), "compared with the provider's models");
    if missing.is_empty() {
        return Ok(true);
    }
    let (shop, detail) = (engine.shop.clone(), missing.join(", "));
    let act = move |tx: &mut Tx<'_>| alarm::raise(&shop, tx, Alarm::ModelsMissing, &detail);
    engine.store.write("alarm", act).await.map(|()| true)
}

/// Our models that the provider does not list and that are not known to be unlisted.
fn missing(there: &BTreeSet<String>) -> Vec<&'static str> {
    let expected = |model: &&Model| match model.availability {
        Availability::Live | Availability::Renamed => true,
        Availability::Uncertain
        | Availability::Undocumented
        | Availability::Paused
        | Availability::Removed => false,
    };
    let models = catalog::models().iter().filter(expected);
    models.filter(|model| !there.contains(model.api_model)).map(|model| model.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_listed_and_is_gone_is_missing() {
        let mut there: BTreeSet<String> =
            catalog::models().iter().map(|model| model.api_model.to_owned()).collect();
        there.retain(|model| !model.starts_with("sora") && model != "elevenlabs/sound-effect-v2");
        assert!(missing(&there).is_empty(), "known to be unlisted");
        there.remove("z-image");
        there.remove("kling/ai-avatar-pro");
        assert_eq!(missing(&there), ["kling/ai-avatar-v1-pro", "z-image"]);
    }
}
