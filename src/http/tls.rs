//! TLS on the public port without a proxy in front of it: with a certificate of our own making, which
//! Telegram is given along with the address, or with one by ACME (`acme`).

use super::expiry;
use crate::config::{Acme, Settings, Tls};
use crate::time::At;
use bytes::Bytes;
#[cfg(feature = "acme")]
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long a certificate of ours is good, and how long before its end it is made anew.
const GOOD_FOR: Duration = Duration::from_secs(730 * 24 * 3600);
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The file in the data directory.
const FILE: &str = "tls.pem";

/// Speaks TLS with whoever connects, with the certificates that `resolver` gives.
pub(super) fn acceptor(
    resolver: Arc<dyn ResolvesServerCert>,
    protocols: &[&[u8]],
) -> io::Result<TlsAcceptor> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// When the certificate that callers are shown now ends; `None` while there is none.
pub type Ends = Arc<dyn Fn() -> Option<At> + Send + Sync>;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The machine; another try may go better.
    #[error(transparent)]
    Machine(io::Error),
    /// A setting, which it names.
    #[error("{0}")]
    Settings(String),
}

/// What is made of settings says `InvalidInput` when they are wrong.
impl From<io::Error> for GuardError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidInput {
            Self::Settings(error.to_string())
        } else {
            Self::Machine(error)
        }
    }
}

/// What the public port speaks TLS with.
pub struct Guard {
    /// Shakes hands.
    pub acceptor: TlsAcceptor,
    /// The certificate, where it is of our own making.
    pub own: Option<Arc<SelfSigned>>,
    /// Looks when the certificate ends.
    pub ends: Ends,
    keep: Option<Keep>,
}

/// Gets certificates until the stop.
type Keep = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>;

impl Guard {
    /// As the settings want it; `None` for plain HTTP.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the settings are wrong.
    pub fn new(settings: &Settings, now: At) -> Result<Option<Self>, GuardError> {
        let guarded = match &settings.tls {
            Tls::Off => return Ok(None),
            Tls::SelfSigned => own(host(settings), &settings.data_dir, now)?,
            Tls::Acme(acme) => by_acme(acme, &settings.data_dir)?,
        };
        Ok(Some(guarded))
    }

    /// Whether there can be one, as far as the settings alone say: files that they name are read, and none is made.
    ///
    /// # Errors
    /// As [`Guard::new`].
    pub fn check(settings: &Settings) -> Result<(), GuardError> {
        match &settings.tls {
            Tls::Off => {}
            Tls::SelfSigned => drop(subject(host(settings))?),
            Tls::Acme(acme) => drop(by_acme(acme, &settings.data_dir)?),
        }
        Ok(())
    }

    /// Gets certificates until `stop`, where they come from others.
    pub async fn keep(self, stop: CancellationToken) {
        if let Some(keep) = self.keep {
            keep(stop).await;
        }
    }
}

/// Whom a certificate of our own is for.
fn host(settings: &Settings) -> &str {
    let host = settings.webhook_base_url.as_ref().and_then(Url::host_str).unwrap_or("localhost");
    host.trim_matches(['[', ']'])
}

fn own(host: &str, data_dir: &Path, now: At) -> io::Result<Guard> {
    let own = Arc::new(SelfSigned::open(host, data_dir, now)?);
    let acceptor = acceptor(own.clone(), &[b"http/1.1"])?;
    let shown = own.clone();
    let ends = Arc::new(move || expiry::end_of(&shown.kept().key));
    Ok(Guard { acceptor, own: Some(own), ends, keep: None })
}

#[cfg(feature = "acme")]
fn by_acme(acme: &Acme, data_dir: &Path) -> io::Result<Guard> {
    let order = super::acme::Order::new(acme, data_dir)?;
    let (acceptor, ends) = (order.acceptor()?, order.ends(&acme.domain));
    Ok(Guard { acceptor, own: None, ends, keep: Some(Box::new(|stop| order.run(stop).boxed())) })
}

#[cfg(not(feature = "acme"))]
fn by_acme(_: &Acme, _: &Path) -> io::Result<Guard> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, "this build has no ACME"))
}

/// A certificate of our own making, with its key, kept in the data directory.
#[derive(Debug)]
pub struct SelfSigned {
    host: String,
    path: PathBuf,
    kept: RwLock<Kept>,
}

/// What is in the file.
#[derive(Clone)]
struct Kept {
    certificate: String,
    until: At,
    key: Arc<CertifiedKey>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("until", &self.until).finish_non_exhaustive()
    }
}

impl SelfSigned {
    /// The certificate for a host (a name, or an address without brackets) that is kept in this directory,
    /// or a new one.
    ///
    /// # Errors
    /// When the file cannot be written, or `host` cannot stand in a certificate.
    pub fn open(host: &str, data_dir: &Path, now: At) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        let kept = match fs::read_to_string(&path) {
            Ok(text) => read(&text, host).filter(|kept| now < kept.until),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                None
            }
            Err(error) => return Err(error),
        };
        let kept = match kept {
            Some(kept) if !is_old(&kept, now) => kept,
            // One that is old and still good is better than none, on a disk that is full.
            Some(kept) => make(host, &path, now).unwrap_or_else(|error| {
                tracing::warn!(%error, "the certificate could not be made anew; the old one is used until then");
                kept
            }),
            None => make(host, &path, now)?,
        };
        Ok(Self { host: host.to_owned(), path, kept: RwLock::new(kept) })
    }

    /// Makes it anew if it ends soon; true when it did.
    ///
    /// # Errors
    /// As [`SelfSigned::open`]; the old one stays in use.
    pub fn renew(&self, now: At) -> io::Result<bool> {
        if !is_old(&self.kept(), now) {
            return Ok(false);
        }
        let made = make(&self.host, &self.path, now)?;
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(true)
    }

    /// The certificate alone, for Telegram: PEM.
    pub fn certificate(&self) -> Bytes {
        Bytes::from(self.kept().certificate)
    }

    fn kept(&self) -> Kept {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for SelfSigned {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.kept().key)
    }
}

fn is_old(kept: &Kept, now: At) -> bool {
    now.plus(RENEWED_BEFORE) >= kept.until
}

/// The file's first line: what the rest of it is, so that no certificate has to be read for it.
fn title(host: &str, until: At) -> String {
    format!("Samovar's own certificate and key for {host} until {}\n", until.0)
}

/// What the file holds; `None` when it is for another host, or is no such file.
fn read(text: &str, host: &str) -> Option<Kept> {
    let (first, pem) = text.split_once('\n')?;
    let until = At(first.rsplit_once(" until ")?.1.parse().ok()?);
    (title(host, until).trim_end() == first).then(|| parse(pem, until))?.ok()
}

fn parse(pem: &str, until: At) -> io::Result<Kept> {
    let wrong = |error: &dyn fmt::Display| io::Error::other(format!("{FILE}: {error}"));
    let chain = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| wrong(&error))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| wrong(&error))?;
    let key = ring::sign::any_supported_type(&key).map_err(|error| wrong(&error))?;
    let begin = pem.find("-----BEGIN PRIVATE KEY").unwrap_or(pem.len());
    let key = Arc::new(CertifiedKey::new(vec![chain], key));
    Ok(Kept { certificate: pem[..begin].to_owned(), until, key })
}

fn no_certificate(host: &str, error: &rcgen::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("no certificate for {host}: {error}"))
}

/// Of a certificate for this host, what says whose it is.
fn subject(host: &str) -> io::Result<CertificateParams> {
    let params = CertificateParams::new(vec![host.to_owned()]);
    let mut params = params.map_err(|error| no_certificate(host, &error))?;
    // Telegram compares this with the address it posts to.
    params.distinguished_name.push(DnType::CommonName, host);
    Ok(params)
}

/// Makes key and certificate and keeps them, for their owner alone.
fn make(host: &str, path: &Path, now: At) -> io::Result<Kept> {
    let until = now.plus(GOOD_FOR);
    let wrong = |error: rcgen::Error| no_certificate(host, &error);
    let mut params = subject(host)?;
    let date = |at: At| {
        let (year, month, day) = at.date();
        date_time_ymd(year, month, day)
    };
    // A day early: clocks differ.
    params.not_before = date(At(now.0.saturating_sub(24 * 3_600_000)));
    params.not_after = date(until);
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = params.self_signed(&key).map_err(wrong)?;
    let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
    let fresh = path.with_extension("new");
    // What a crash left of an earlier try.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(title(host, until).as_bytes())?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    parse(&pem, until)
}

/// A certificate for `127.0.0.1` and who speaks TLS with it.
#[cfg(test)]
pub(super) fn for_test(dir: &Path) -> (Bytes, TlsAcceptor) {
    let guard = own("127.0.0.1", dir, At(1_795_431_300_000)).expect("a certificate");
    (guard.own.expect("our own").certificate(), guard.acceptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW: At = At(1_795_431_300_000);

    fn later(days: u64) -> At {
        NOW.plus(Duration::from_secs(days * 24 * 3600))
    }

    #[test]
    fn it_is_kept_for_its_owner_alone_and_made_anew_for_another_host_or_before_its_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = |host: &str, at: At| SelfSigned::open(host, dir.path(), at).expect("a certificate");
        let first = open("203.0.113.7", NOW).certificate();
        assert!(first.starts_with(b"-----BEGIN CERTIFICATE-----"), "{first:?}");
        assert!(!String::from_utf8_lossy(&first).contains("PRIVATE"), "the key stays here");
        let mode = fs::metadata(dir.path().join(FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(open("203.0.113.7", later(699)).certificate(), first);
        let second = open("203.0.113.7", later(701)).certificate();
        assert_ne!(second, first, "it ends within a month");
        assert_ne!(open("bot.example.com", later(701)).certificate(), second, "it is another's");
        fs::write(dir.path().join(FILE), "no certificate").expect("written");
        open("bot.example.com", NOW);
    }

    #[test]
    fn what_runs_goes_on_with_the_new_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let own = SelfSigned::open("::1", dir.path(), NOW).expect("a certificate");
        let first = own.certificate();
        assert!(!own.renew(later(1)).expect("looked"));
        assert_eq!(own.certificate(), first);
        assert!(own.renew(later(720)).expect("renewed"));
        assert_ne!(own.certificate(), first);
        assert!(SelfSigned::open("a host", dir.path(), NOW).is_ok(), "whatever stands in the settings");
    }
}
