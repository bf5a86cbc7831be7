//! How `LISTEN` speaks: plainly, behind a proxy or for polling, or in TLS.

use super::reader::Reader;
use super::{Problem, Settings, check};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::{Host, Url};

/// How `LISTEN` speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain HTTP.
    Off,
    /// TLS with a certificate of our own making, which Telegram is given.
    SelfSigned,
    /// TLS with a certificate by ACME.
    Acme(Acme),
}

/// From whom a certificate is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// For which name.
    pub domain: String,
    /// Where its giver may write to.
    pub email: Option<String>,
    /// The giver.
    pub directory: Url,
    /// A file of certificates to trust the giver by; `None`: the world's.
    pub roots: Option<PathBuf>,
}

impl Tls {
    /// What does not fit together with the address others call us at: the setting, and what is wrong.
    pub(super) fn misfit(&self, base: Option<&Url>) -> Option<(&'static str, &'static str)> {
        match (self, base) {
            (Self::Off, _) => None,
            (Self::SelfSigned | Self::Acme(_), Some(base)) if base.scheme() != "https" => {
                Some(("WEBHOOK_BASE_URL", "must be https://…: with TLS nobody is answered in plain http"))
            }
            (Self::SelfSigned, None) => {
                Some(("WEBHOOK_BASE_URL", "is missing: TLS=self-signed makes its certificate for that host"))
            }
            (Self::Acme(acme), Some(base)) if base.host_str() != Some(acme.domain.as_str()) => {
                Some(("DOMAIN", "must be the host of WEBHOOK_BASE_URL: the certificate is for it"))
            }
            (Self::SelfSigned | Self::Acme(_), Some(_)) | (Self::Acme(_), None) => None,
        }
    }
}

impl Settings {
    /// Where KIE calls us back, if it can: it trusts no certificate of our own making.
    pub fn callback_base(&self) -> Option<&Url> {
        self.webhook_base_url.as_ref().filter(|_| self.tls != Tls::SelfSigned)
    }

    /// Whether KIE can call us back.
    pub fn has_callbacks(&self) -> bool {
        self.callback_base().is_some()
    }
}

/// What `TLS` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Off,
    SelfSigned,
    Acme,
}

/// How `LISTEN` speaks, and the host that `DOMAIN` names.
pub(super) fn read(reader: &mut Reader<'_>) -> (Tls, Option<Host>) {
    let mode = reader.or("TLS", Mode::Off, mode);
    let domain = reader.optional("DOMAIN", domain);
    let email = reader.optional("ACME_EMAIL", email);
    let directory = reader.or("ACME_DIRECTORY", check::known(LETS_ENCRYPT), check::api_url);
    let roots = reader.optional("ACME_ROOTS", check::folder);
    let tls = match (mode, &domain) {
        (Mode::Off, _) => Tls::Off,
        (Mode::SelfSigned, _) => Tls::SelfSigned,
        (Mode::Acme, Some(Host::Domain(domain))) => {
            Tls::Acme(Acme { domain: domain.clone(), email, directory, roots })
        }
        (Mode::Acme, Some(Host::Ipv4(_) | Host::Ipv6(_)) | None) => {
            // What is wrong alone was told already.
            if !reader.problems.iter().any(|problem| problem.name.starts_with("DOMAIN")) {
                let what = "must be the name that leads to this machine: TLS=acme gets a certificate for it";
                reader.problems.push(Problem { name: "DOMAIN".to_owned(), what: what.to_owned() });
            }
            Tls::Off
        }
    };
    (tls, domain)
}

/// Let's Encrypt.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The address that a domain stands for when no other is given.
pub(super) fn base_of(domain: &Host) -> Option<Url> {
    Url::parse(&format!("https://{domain}")).ok()
}

fn mode(text: &str) -> Result<Mode, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "off" => Ok(Mode::Off),
        "self-signed" => Ok(Mode::SelfSigned),
        "acme" if cfg!(feature = "acme") => Ok(Mode::Acme),
        "acme" => {
            Err("cannot be acme in this build: take a package, or build with --features acme".to_owned())
        }
        _ => Err("must be off, self-signed or acme".to_owned()),
    }
}

fn domain(text: &str) -> Result<Host, String> {
    let wrong = || "must be a name or an address alone, such as bot.example.com or 203.0.113.7".to_owned();
    let text = text.trim();
    let host =
        if text.contains(':') && !text.starts_with('[') { format!("[{text}]") } else { text.to_owned() };
    Host::parse(&host).map_err(|_| wrong())
}

fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = text.len() <= 200 && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    match text.split_once('@') {
        Some((name, host)) if is_plain && !name.is_empty() && host.contains('.') => Ok(text.to_owned()),
        Some(_) | None => Err("must be an address such as me@example.com".to_owned()),
    }
}
