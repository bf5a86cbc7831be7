//! What operators and customers give: settings, models and prices, questions at the control socket,
//! buttons, values, links and files.

use super::{is_one_line, one_of};
use crate::catalog::input::links;
use crate::catalog::source::{self, File};
use crate::catalog::{self, Model};
use crate::config::{Problems, Settings, Sources};
use crate::control::ASK_BYTES;
use crate::control::server::understand;
use crate::handlers::target::Target;
use crate::ids::{JobId, RequestId, UserId};
use crate::money::Kopecks;
use crate::provider::inspect::look;
use crate::provider::link::{Links, MAX_LINK_CHARS, is_public};
use rustix::fs::{MemfdFlags, memfd_create};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use url::{Host, Url};

/// What Telegram lets people write, in bytes of UTF-8, and more.
const TEXT_BYTES: usize = 32 * 1024;

static LINKS: LazyLock<Links> = LazyLock::new(|| {
    let own = Url::parse("http://127.0.0.1:8181").expect("an address");
    Links::new(&[&own]).expect("a client")
});

/// The data of a button: what is read is what is written again.
pub fn button(bytes: &[u8]) {
    let Ok(data) = std::str::from_utf8(bytes) else { return };
    if data.len() > 64 {
        return;
    }
    let read = Target::read(data);
    if let Some(target) = &read {
        assert_eq!(Target::read(&target.data()), read, "a button changes its meaning");
    }
}

/// What a customer writes for an input: a line with model and input, then the text.
pub fn value(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.len() > TEXT_BYTES {
        return;
    }
    let (head, rest) = text.split_once('\n').unwrap_or(("", text));
    let (model, input) = head.split_once(' ').unwrap_or(("", ""));
    let named: Option<&Model> = catalog::model(model);
    match named.and_then(|model| model.input(input)) {
        Some(input) => {
            if let Ok(value) = input.read(rest) {
                assert_eq!(input.check(&value), Ok(()), "a value was taken that is not right");
            }
        }
        None => {
            for input in catalog::models().iter().filter(|model| model.free).flat_map(|model| model.inputs) {
                drop(input.read(text));
            }
        }
    }
    for link in links(rest).into_iter().flatten() {
        self::link(link.as_bytes());
    }
}

/// A customer's link: where it may lead.
pub fn link(bytes: &[u8]) {
    let Ok(link) = std::str::from_utf8(bytes) else { return };
    if link.len() > MAX_LINK_CHARS {
        return;
    }
    let Ok(url) = Url::parse(link) else { return };
    if LINKS.client_for(&url).is_none() {
        return;
    }
    let is_own = url.scheme() == "http" && url.port() == Some(8181);
    let may = match url.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(_)) => url.scheme() == "https",
        None => false,
    };
    assert!(is_own || may, "a link to an address that is not public is followed");
}

/// A file of a customer's. The product has its readers panic on a thread of their own.
pub fn media(bytes: &[u8]) {
    let file = in_memory(bytes);
    drop(catch_unwind(|| look(&file.path, &AtomicBool::new(false))));
}

/// A settings file.
pub fn settings(bytes: &[u8]) {
    let file = in_memory(bytes);
    let sources = Sources { environment: BTreeMap::new(), file: Some(file.path.clone()) };
    checked(&sources, bytes);
}

/// An environment: a variable a line.
pub fn environment(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let variables = text.split('\n').filter_map(|line| line.split_once('='));
    let environment = variables
        // These name files, which other bytes than ours may stand in.
        .filter(|(name, _)| !name.ends_with("_FILE") && !name.ends_with("_DIRECTORY"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    checked(&Sources { environment: environment.collect(), file: None }, bytes);
}

fn checked(sources: &Sources, bytes: &[u8]) {
    let all: [fn(&Sources) -> Option<Problems>; 4] = [
        |sources| Settings::for_service(sources).err(),
        |sources| Settings::for_service(sources).err(),
        |sources| Settings::for_data_dir(sources).err(),
        |sources| Settings::for_prices(sources).err(),
    ];
    for problem in one_of(all, bytes)(sources).into_iter().flat_map(|Problems(problems)| problems) {
        assert!(is_one_line(&problem.to_string()), "a problem of several lines: {:?}", problem.to_string());
    }
}

/// The file of a model.
pub fn model(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let prices = File { path: "models/prices.txt".to_owned(), text: "z-image: 0.004 USD".to_owned() };
    let model = File { path: "models/z-image.toml".to_owned(), text: text.to_owned() };
    let compiled = source::compile(&prices, &[model]);
    assert!(compiled.is_err(), "one model is a catalogue");
}

/// The price list.
pub fn prices(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let prices = File { path: "models/prices.txt".to_owned(), text: text.to_owned() };
    assert!(source::compile(&prices, &[]).is_err(), "no model is a catalogue");
}

/// A question at the control socket, as far as it is read.
pub fn ask(bytes: &[u8]) {
    let most = usize::try_from(ASK_BYTES).unwrap_or(usize::MAX);
    let line = &bytes[..bytes.len().min(most)];
    let end = line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
    match understand(&line[..end]) {
        Ok(ask) => assert!(serde_json::to_vec(&ask).is_ok(), "a question that cannot be written"),
        Err(why) => assert!(!why.is_empty(), "no reason"),
    }
}

/// The words of the command line: amounts, customers, jobs, requests.
pub fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(amount) = Kopecks::parse(text) {
        assert_eq!(Kopecks::parse(&amount.to_string()), Ok(amount), "an amount changes");
    }
    if let Ok(request) = RequestId::from_code(text, &[7; 32]) {
        assert_eq!(RequestId::from_code(&request.code(&[7; 32]), &[7; 32]), Ok(request), "a code changes");
    }
    drop((text.parse::<UserId>().map(UserId::masked), text.parse::<JobId>()));
}

/// A file in memory, under a path that opens it from its beginning.
struct InMemory {
    path: PathBuf,
    _file: std::fs::File,
}

fn in_memory(bytes: &[u8]) -> InMemory {
    let made = memfd_create("body", MemfdFlags::CLOEXEC).expect("a file in memory");
    let mut file = std::fs::File::from(made);
    file.write_all(bytes).expect("memory for a body");
    InMemory { path: format!("/proc/self/fd/{}", file.as_raw_fd()).into(), _file: file }
}
