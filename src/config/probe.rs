//! What a probe needs: the settings that say where the running service can be asked.

use super::{Problems, Settings, Sources, Tls};
use std::net::SocketAddr;

/// Where the service listens, and what decides whether it speaks TLS there.
const PROBES: [&str; 9] = [
    "LISTEN",
    "PORT",
    "ADMIN_LISTEN",
    "TLS",
    "DOMAIN",
    "WEBHOOK_BASE_URL",
    "ACME_EMAIL",
    "ACME_DIRECTORY",
    "ACME_ROOTS",
];

impl Settings {
    /// What a probe of the running service needs: where it listens. The others are not looked at.
    pub fn for_probes(sources: &Sources) -> Result<Self, Problems> {
        Self::only(sources, &PROBES)
    }

    /// Where a probe on this machine asks `/healthz` and `/readyz` in plain HTTP.
    pub fn probe_address(&self) -> SocketAddr {
        if self.tls == Tls::Off { self.listen } else { self.admin_listen }
    }
}
