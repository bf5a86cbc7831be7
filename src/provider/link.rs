//! Fetches what a customer's link points at, and nothing that only our machine can reach.
//!
//! **Invariant:** every connection goes to an address that was checked: the customer's name is
//! resolved once, by a resolver that drops what is not public, and the connection is made to what is
//! left. Redirects are followed here, by hand, and checked as if the customer had sent them. Only the
//! configured addresses of the provider are exempt, for the sandbox listens on this machine.

use crate::carrier;
use crate::disk;
use crate::provider::wire::USER_AGENT;
use ipnet::{IpNet, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, Response};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tempfile::TempPath;
use url::{Host, Origin, Url};

/// Longer links are no links.
pub(crate) const MAX_LINK_CHARS: usize = 2048;
/// More would be a game.
const MAX_REDIRECTS: u32 = 3;

/// Addresses that are not for everybody, from IANA's registries of special-purpose addresses. Of IPv6
/// only 2000::/3 is given out at all, so only exceptions within it are named.
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let nets = [
        "0.0.0.0/8",        // this host on this network
        "10.0.0.0/8",       // private use
        "100.64.0.0/10",    // shared address space: carriers' NAT
        "127.0.0.0/8",      // loopback
        "168.63.129.16/32", // no registry names it: a large cloud's own service inside its machines
        "169.254.0.0/16",   // link-local; clouds answer with secrets at 169.254.169.254
        "172.16.0.0/12",    // private use
        "192.0.0.0/24",     // IETF protocol assignments
        "192.0.2.0/24",     // documentation
        "192.88.99.0/24",   // 6to4 relays, withdrawn
        "192.168.0.0/16",   // private use
        "198.18.0.0/15",    // benchmarking
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",   // documentation
        "224.0.0.0/4",      // multicast
        "240.0.0.0/4",      // reserved, and the limited broadcast
        "2001::/23",        // IETF protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",    // documentation
        "2002::/16",        // 6to4
        "3fff::/20",        // documentation
    ];
    nets.iter().map(|net| net.parse().expect("a network")).collect()
});
/// All global unicast addresses of IPv6.
static UNICAST: LazyLock<Ipv6Net> = LazyLock::new(|| "2000::/3".parse().expect("a network"));
/// How networks without IPv4 write its addresses.
static NAT64: LazyLock<Ipv6Net> = LazyLock::new(|| "64:ff9b::/96".parse().expect("a network"));

/// Why a customer's link brought no file. None of these texts holds the link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Not a public https address, or led to one that is not.
    #[error("not a public https address")]
    NotAllowed,
    /// The host said something else than 200.
    #[error("HTTP {0}")]
    Status(u16),
    /// More than we take.
    #[error("the file is larger than {max_bytes} bytes")]
    TooLarge {
        /// How much we take.
        max_bytes: u64,
    },
    /// It leads from one address to the next.
    #[error("more than {MAX_REDIRECTS} redirects")]
    TooManyRedirects,
    /// No such name, no connection, a reset, a silence, or too slow.
    #[error("network: {0}")]
    Network(String),
    /// Our own disk.
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
}

impl LinkError {
    /// True when the same link may do later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Status(status) => *status >= 500,
            Self::NotAllowed | Self::TooLarge { .. } | Self::TooManyRedirects | Self::Disk(_) => false,
        }
    }
}

/// True for addresses that anybody may reach: unicast and for no special purpose. What holds an IPv4
/// address is judged by that.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if SPECIAL.iter().any(|net| net.contains(&address)) {
        return false;
    }
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) if NAT64.contains(&address) => is_public(IpAddr::V4(last_32_bits(address))),
        IpAddr::V6(address) => UNICAST.contains(&address),
    }
}

fn last_32_bits(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// A name that leads only to places that are not public.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
struct NotPublic;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// Resolves names to public addresses only.
struct PublicOnly(Lookup);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            let public: Vec<_> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}

/// Asks the system. Port 0 stands for the scheme's own.
fn system_lookup() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// How long a stranger's host may take.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// To connect, TLS included.
    connect: Duration,
    /// For the next bytes.
    idle: Duration,
    /// In all, redirects included.
    whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), idle: seconds(30), whole: seconds(60) }
    }
}

/// Fetches customers' links.
#[derive(Debug)]
pub struct Links {
    own: Vec<Origin>,
    /// For the provider's configured addresses.
    near: Client,
    /// For all others.
    open: Client,
    whole: Duration,
}

impl Links {
    /// Ready to fetch; `own` are the configured addresses of the provider, allowed as they are.
    pub fn new(own: &[&Url]) -> Result<Self, reqwest::Error> {
        Self::with(own, system_lookup(), Patience::default())
    }

    fn with(own: &[&Url], lookup: Lookup, patience: Patience) -> Result<Self, reqwest::Error> {
        Ok(Self {
            own: own.iter().map(|url| url.origin()).collect(),
            near: client(patience).build()?,
            open: client(patience).https_only(true).dns_resolver(Arc::new(PublicOnly(lookup))).build()?,
            whole: patience.whole,
        })
    }

    /// Fetches `link` into the new file `to`; gives its size. After an error nothing is left there.
    pub async fn fetch(&self, link: &str, to: &Path, max_bytes: u64) -> Result<u64, LinkError> {
        match tokio::time::timeout(self.whole, self.copy(link, to, max_bytes)).await {
            Ok(done) => done,
            Err(_) => Err(LinkError::Network(format!("it took longer than {:?}", self.whole))),
        }
    }

    async fn copy(&self, link: &str, to: &Path, max_bytes: u64) -> Result<u64, LinkError> {
        let mut response = self.follow(link).await?;
        if response.content_length().is_some_and(|said| said > max_bytes) {
            return Err(LinkError::TooLarge { max_bytes });
        }
        let path = to.to_owned();
        let mut file = disk::Writer::new(disk::with(move || File::create_new(path)).await?);
        // From here on the file is ours, and goes when this is dropped before its end.
        let half = TempPath::try_from_path(to)?;
        let mut size_bytes = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(|error| unreached(&error))? {
            size_bytes = size_bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if size_bytes > max_bytes {
                return Err(LinkError::TooLarge { max_bytes });
            }
            file.write(chunk).await?;
        }
        half.keep().map_err(|error| error.error)?;
        Ok(size_bytes)
    }

    /// The answer at the end of the redirects.
    async fn follow(&self, link: &str) -> Result<Response, LinkError> {
        if link.len() > MAX_LINK_CHARS {
            return Err(LinkError::NotAllowed);
        }
        let mut url = Url::parse(link).map_err(|_| LinkError::NotAllowed)?;
        for _ in 0..=MAX_REDIRECTS {
            let client = self.client_for(&url).ok_or(LinkError::NotAllowed)?;
            let response = client.get(url.clone()).send().await.map_err(|error| unreached(&error))?;
            let status = response.status().as_u16();
            match (status, next(&url, &response)) {
                (200, _) => return Ok(response),
                (301 | 302 | 303 | 307 | 308, Some(further)) => url = further,
                _ => return Err(LinkError::Status(status)),
            }
        }
        Err(LinkError::TooManyRedirects)
    }

    /// Who may fetch this address, if anybody.
    pub(crate) fn client_for(&self, url: &Url) -> Option<&Client> {
        if !url.username().is_empty() || url.password().is_some() || url.as_str().len() > MAX_LINK_CHARS {
            return None;
        }
        if self.own.contains(&url.origin()) {
            return Some(&self.near);
        }
        // No resolver is asked about an address that is written out.
        let may_be_public = match url.host()? {
            Host::Domain(_) => true,
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
        };
        (url.scheme() == "https" && url.port().is_none() && may_be_public).then_some(&self.open)
    }
}

/// Where a redirect leads.
fn next(from: &Url, response: &Response) -> Option<Url> {
    from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}

fn unreached(error: &reqwest::Error) -> LinkError {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return LinkError::NotAllowed;
        }
        cause = error.source();
    }
    LinkError::Network(carrier::reason(error))
}

/// Knows no cookies, names no page it came from, and goes where it is sent and no further.
fn client(patience: Patience) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(patience.connect)
        .read_timeout(patience.idle)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .pool_max_idle_per_host(0)
}

#[cfg(test)]
mod tests;
