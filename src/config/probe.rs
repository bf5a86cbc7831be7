//! The settings that a probe takes notice of.

use super::{Problems, Settings, Sources};

/// Where the service listens.
const PROBES: [&str; 2] = ["LISTEN", "PORT"];

impl Settings {
    /// What a probe of the running service needs: where it listens. The others are not looked at.
    pub fn for_probes(sources: &Sources) -> Result<Self, Problems> {
        Self::only(sources, &PROBES)
    }
}
