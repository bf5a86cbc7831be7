//! Certificates by ACME, as Let's Encrypt gives them: asked for on the very port they are for, renewed by
//! themselves, kept in the data directory.

use super::tls::Ends;
use super::{expiry, tls};
use crate::config::Acme;
use crate::time::At;
use futures_util::StreamExt as _;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventOk};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::ClientConnection;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::server::{Acceptor, ResolvesServerCert};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

/// The protocol by which a certificate's giver looks who answers here.
const LOOKS: &[u8] = b"acme-tls/1";

/// Asks for certificates and answers who looks whether the name is ours.
pub(super) struct Order(AcmeState<io::Error>);

impl Order {
    /// What is to be asked for; nothing is asked yet.
    ///
    /// # Errors
    /// When `ACME_ROOTS` cannot be read.
    pub(super) fn new(acme: &Acme, data_dir: &Path) -> io::Result<Self> {
        let mut config = AcmeConfig::new([acme.domain.as_str()]);
        if let Some(path) = &acme.roots {
            config = config.client_tls_config(trusting(path)?);
        }
        let contact = acme.email.iter().map(|email| format!("mailto:{email}"));
        let config = config
            .directory(acme.directory.as_str())
            .contact(contact)
            .cache(DirCache::new(data_dir.join("acme")));
        Ok(Self(config.state()))
    }

    /// Speaks TLS with what it has got.
    ///
    /// # Errors
    /// When rustls cannot be set up.
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        tls::acceptor(self.0.resolver(), &[LOOKS, b"http/1.1"])
    }

    /// Looks when the certificate that callers are shown ends.
    pub(super) fn ends(&self, domain: &str) -> Ends {
        let (resolver, domain) = (self.0.resolver(), domain.to_owned());
        Arc::new(move || {
            end_of_shown(resolver.as_ref(), &domain).unwrap_or_else(|error| {
                tracing::debug!(%error, "the certificate by ACME cannot be looked at");
                None
            })
        })
    }

    /// Asks, and asks again before the end of what it got, until `stop`. An outage is logged once; the
    /// pauses in it grow.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        while let Some(Some(event)) = stop.run_until_cancelled(self.0.next()).await {
            match event {
                Ok(EventOk::DeployedNewCert | EventOk::DeployedCachedCert) => {
                    failing = false;
                    tracing::info!("there is a certificate by ACME");
                }
                Ok(EventOk::CertCacheStore | EventOk::AccountCacheStore) => {}
                Err(error) if failing => tracing::debug!(%error, "still no certificate by ACME"),
                Err(error) => {
                    failing = true;
                    tracing::error!(%error, "no certificate by ACME; asking again, less and less often");
                }
            }
        }
    }
}

/// The end of what whoever calls `domain` is shown. Only a caller's greeting gets that out of the resolver.
fn end_of_shown(resolver: &dyn ResolvesServerCert, domain: &str) -> io::Result<Option<At>> {
    let name = ServerName::try_from(domain.to_owned()).map_err(io::Error::other)?;
    let caller = Arc::new(client(RootCertStore::empty())?);
    let mut greeting = Vec::new();
    ClientConnection::new(caller, name).map_err(io::Error::other)?.write_tls(&mut greeting)?;
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut greeting.as_slice())?;
    let accepted = acceptor.accept().map_err(|(error, _)| io::Error::other(error))?;
    let shown = accepted.and_then(|accepted| resolver.resolve(accepted.client_hello()));
    Ok(shown.and_then(|key| expiry::end_of(&key)))
}

/// For an ACME server of one's own, whose certificate is not the world's.
fn trusting(path: &Path) -> io::Result<Arc<ClientConfig>> {
    let wrong = |error: pem::Error| match error {
        pem::Error::Io(error) => io::Error::other(format!("ACME_ROOTS: {error}")),
        error => io::Error::new(io::ErrorKind::InvalidInput, format!("ACME_ROOTS: {error}")),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(wrong)? {
        let added = roots.add(certificate.map_err(wrong)?);
        added.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("ACME_ROOTS: {error}")))?;
    }
    if roots.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "ACME_ROOTS: there is no certificate in it"));
    }
    client(roots).map(Arc::new)
}

fn client(roots: RootCertStore) -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
