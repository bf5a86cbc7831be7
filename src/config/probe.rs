//! What a probe needs: the settings that say where the running service can be asked.

use super::source::gather;
use super::{Problems, Settings, Sources};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `ADMIN_LISTEN` and what it must differ from, and where the socket for commands is.
const PROBES: [&str; 4] = ["ADMIN_LISTEN", "LISTEN", "PORT", "DATA_DIR"];

/// Where a probe on this machine asks. Never at `LISTEN`, which may speak TLS, or be systemd's, who would start
/// a service that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `/healthz` and `/readyz` at `ADMIN_LISTEN`, which was set.
    Http(SocketAddr),
    /// The socket for commands in this data directory.
    Socket(PathBuf),
}

impl Probe {
    /// As the settings say; those that do not matter are not looked at.
    pub fn of(sources: &Sources) -> Result<Self, Problems> {
        let gathered = gather(sources);
        let is_set = gathered.raw.contains_key("ADMIN_LISTEN");
        let settings = Settings::only_of(gathered, &PROBES)?;
        // Nobody but the service knows which port it was given in place of 0.
        Ok(if is_set && settings.admin_listen.port() != 0 {
            Self::Http(settings.admin_listen)
        } else {
            Self::Socket(settings.data_dir)
        })
    }
}
