//! `samovar backup restore`: a backup takes the place of the living file.

use super::proof::{Proof, State, prove};
use super::{Failure, Output};
use crate::config::Settings;
use crate::disk;
use crate::shelf::{KeepError, Keeper, Key};
use crate::store::{Lock, OpenError};
use crate::time::Clock;
use serde::Serialize;
use std::io::{self, Write};

/// What was done.
#[derive(Serialize)]
struct Restored {
    #[serde(flatten)]
    proof: Proof,
    /// The name that the file has now which was there before.
    aside: Option<String>,
}

pub(super) async fn run(
    output: Output,
    settings: &Settings,
    keeper: &Keeper,
    name: Option<&str>,
    key: Option<Key>,
) -> Result<(), Failure> {
    let data_dir = &settings.data_dir;
    // Held to the end: nothing starts on the file meanwhile.
    let _lock = Lock::take(data_dir).map_err(|error| match error {
        OpenError::Taken(taken) => Failure::refused(format!(
            "samovar runs on {} (pid {}): stop it, then restore; nothing was changed",
            taken.dir, taken.pid
        )),
        OpenError::Directory { .. }
        | OpenError::Damaged { .. }
        | OpenError::Newer { .. }
        | OpenError::NoRoom { .. }
        | OpenError::NotUpgraded { .. }
        | OpenError::Fault(_) => Failure::refused(error.to_string()),
    })?;
    let clock = Clock::system();
    let (beside, proof) = prove(keeper, State::of(name), key, &clock).await?;
    let aside = beside.take_place(data_dir, clock.now().at).map_err(KeepError::from)?;
    if let Some(flaws) = proof.flaws() {
        // Stdout has the answer; that something is missing must be seen all the same.
        drop(writeln!(io::stderr(), "note: {flaws}"));
    }
    let restored = Restored { proof, aside };
    output.done(&restored, |_| say(&restored, &disk::shown(data_dir)))
}

fn say(restored: &Restored, dir: &str) -> String {
    let Restored { proof, aside } = restored;
    let mut said = proof.say("was fetched, audited and put in place");
    if let Some(aside) = aside {
        said = format!("{said}The file that was there is kept as {dir}/{aside}.\n");
    }
    said.push_str(
        "\nNow start the service. What happened after that moment is not in the file, so:\n\
         * orders that may have reached KIE since are in doubt: they are not sent again, and end with their \
         result or with the money back;\n\
         * results that were on their way are copied from KIE and sent once more, and paid once; orders that were put \
         together before are confirmed once more;\n\
         * Stars that were paid since are found in Telegram's list within ten minutes and credited once;\n\
         * cards and transfers by hand that were paid since: compare with your provider and your bank.",
    );
    said
}
