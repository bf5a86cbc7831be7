//! What the value of each setting must look like. An error says what is wanted, never what was given.

use crate::config::{BotMode, LogFormat};
use crate::ids::UserId;
use crate::money::Kopecks;
use rust_decimal::Decimal;
use secrecy::SecretString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// Telegram's own Bot API server.
pub(super) const TELEGRAM: &str = "https://api.telegram.org";
/// KIE's server for generations.
pub(super) const KIE: &str = "https://api.kie.ai";
/// KIE's server for uploads.
pub(super) const KIE_UPLOAD: &str = "https://kieai.redpandaai.co";

type Checked<T> = Result<T, String>;

/// An address written in this file.
pub(super) fn known(url: &str) -> Url {
    Url::parse(url).expect("the addresses in this file are well formed")
}

/// A port of this machine that only it can reach.
pub(super) fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The token and the bot's id in it.
pub(super) fn bot_token(text: &str) -> Checked<(SecretString, u64)> {
    if text.contains(char::is_whitespace) {
        return Err("has a blank or line break in it: copy it again from @BotFather".to_owned());
    }
    let is_tail = |tail: &str| {
        tail.len() >= 30 && tail.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let shape =
        "is not a bot token: @BotFather gives one like 123456789:AAxx…, 35 characters after the colon";
    match text.split_once(':') {
        Some((id, tail)) if is_tail(tail) && id.bytes().all(|b| b.is_ascii_digit()) => {
            let id = id.parse().map_err(|_| shape.to_owned())?;
            Ok((SecretString::from(text), id))
        }
        Some(_) | None => Err(shape.to_owned()),
    }
}

pub(super) fn api_key(text: &str) -> Checked<SecretString> {
    if text.contains(char::is_whitespace) {
        return Err("has a blank or line break in it: copy it again from https://kie.ai/api-key".to_owned());
    }
    if text.len() > 256 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("is not an API key: get one at https://kie.ai/api-key".to_owned());
    }
    Ok(SecretString::from(text))
}

pub(super) fn admin_ids(text: &str) -> Checked<Vec<UserId>> {
    let ids: Result<Vec<UserId>, _> = list(text)?.iter().map(|id| id.parse::<UserId>()).collect();
    match ids {
        Ok(ids) if ids.iter().all(|id| id.0 > 0) => Ok(ids),
        Ok(_) | Err(_) => {
            Err("must be numbers above 0 with commas between: @userinfobot tells your id".to_owned())
        }
    }
}

/// Any text on one line that shall not be shown.
pub(super) fn secret(text: &str) -> Checked<SecretString> {
    if text.len() <= 1024 && !text.contains(char::is_control) {
        Ok(SecretString::from(text))
    } else {
        Err("must be one line of at most 1024 characters".to_owned())
    }
}

pub(super) fn webhook_secret(text: &str) -> Checked<SecretString> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.len() <= 256 && text.bytes().all(is_good) {
        Ok(SecretString::from(text))
    } else {
        Err("must be 1 to 256 of A-Z a-z 0-9 _ - (or leave it out: one is made)".to_owned())
    }
}

/// A level, or a filter by module: `info,samovar=debug`.
pub(super) fn log_filter(text: &str) -> Checked<String> {
    match text.trim().parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(_) => {
            Err("must be a level (error, warn, info, debug) or a filter such as info,samovar=debug"
                .to_owned())
        }
    }
}

/// Any text on one line.
pub(super) fn text(text: &str) -> Checked<String> {
    let text = text.trim();
    if text.chars().count() <= 200 && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("must be one line of at most 200 characters".to_owned())
    }
}

pub(super) fn folder(text: &str) -> Checked<PathBuf> {
    if text.contains('\0') { Err("must be a path".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// Items with commas or blanks between; at least one.
pub(super) fn list(text: &str) -> Checked<Vec<String>> {
    let items = text.split([',', ' ', '\t', '\n', '\r']).filter(|item| !item.is_empty());
    let items: Vec<String> = items.map(str::to_owned).collect();
    if items.is_empty() { Err("must be a list with commas between".to_owned()) } else { Ok(items) }
}

pub(super) fn hosts(text: &str) -> Checked<Vec<String>> {
    let wrong = "must be host names with commas between, such as cdn.example.com or *.example.com";
    let hosts: Vec<String> = list(text)?.iter().map(|host| host.to_ascii_lowercase()).collect();
    let is_good = |host: &String| {
        let name = host.strip_prefix("*.").unwrap_or(host);
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        is_plain && name.contains('.') && matches!(Host::parse(name), Ok(Host::Domain(_)))
    };
    if hosts.iter().all(is_good) { Ok(hosts) } else { Err(wrong.to_owned()) }
}

pub(super) fn address(text: &str) -> Checked<SocketAddr> {
    let text = text.trim().replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
}

pub(super) fn port(text: &str) -> Checked<SocketAddr> {
    text.trim().parse().map(local).map_err(|_| "must be a port, a number up to 65535".to_owned())
}

/// A path that collides with none of our own.
pub(super) fn path(text: &str) -> Checked<String> {
    let text = text.trim();
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'.');
    if !text.starts_with('/') || text.len() < 2 || !text.bytes().all(is_good) {
        return Err("must begin with / and hold only A-Z a-z 0-9 / _ - . such as /webhook".to_owned());
    }
    let ours = ["/kie", "/healthz", "/readyz", "/metrics", "/operator"];
    let is_ours = |ours: &str| text == ours || text.starts_with(&format!("{ours}/"));
    if ours.into_iter().any(is_ours) {
        return Err("is taken: use another such as /webhook".to_owned());
    }
    Ok(text.to_owned())
}

/// The address of a server we call. Naming it here allows plain http to it.
pub(super) fn api_url(text: &str) -> Checked<Url> {
    plain_url(text).ok_or_else(|| "must be an address such as https://api.example.com".to_owned())
}

/// The address others call us at: https, or plain http on this very machine.
pub(super) fn public_url(text: &str) -> Checked<Url> {
    let wrong = "must be the bot's public address, such as https://bot.example.com";
    let url = plain_url(text).ok_or_else(|| wrong.to_owned())?;
    if url.scheme() == "https" || is_loopback(&url) { Ok(url) } else { Err(wrong.to_owned()) }
}

/// http or https with a host, and neither login nor query nor fragment.
fn plain_url(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim().trim_end_matches('/')).ok()?;
    let has_login = !url.username().is_empty() || url.password().is_some();
    let is_plain = url.has_host() && !has_login && url.query().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && is_plain).then_some(url)
}

/// Whether an address is this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A number up to a million with at most six decimals, so that no product of settings becomes zero
/// or overflows.
fn decimal(text: &str) -> Option<Decimal> {
    let number = Decimal::from_str_exact(&text.trim().replacen(',', ".", 1)).ok()?;
    (number.abs() <= Decimal::from(1_000_000) && number.scale() <= 6).then_some(number)
}

pub(super) fn above_zero(text: &str) -> Checked<Decimal> {
    let number = decimal(text).filter(|number| *number > Decimal::ZERO);
    number.ok_or_else(|| "must be a number above 0, such as 2 or 95.5".to_owned())
}

pub(super) fn not_negative(text: &str) -> Checked<Decimal> {
    let number = decimal(text).filter(|number| *number >= Decimal::ZERO);
    number.ok_or_else(|| "must be a number not below 0, such as 0.25".to_owned())
}

pub(super) fn roubles(text: &str) -> Checked<Kopecks> {
    match Kopecks::parse(text) {
        Ok(amount) if !amount.is_negative() => Ok(amount),
        Ok(_) => Err("must be roubles, not below 0".to_owned()),
        Err(why) => Err(format!("must be roubles: {why}")),
    }
}

pub(super) fn count(text: &str) -> Checked<u32> {
    text.trim().parse().map_err(|_| "must be a whole number, 0 or more".to_owned())
}

/// A count of what is given at once.
pub(super) fn few(text: &str) -> Checked<u32> {
    count(text).ok().filter(|few| *few <= 1_000).ok_or_else(|| "must be a whole number, 0 to 1000".to_owned())
}

pub(super) fn at_least_one(text: &str) -> Checked<u32> {
    match text.trim().parse() {
        Ok(number) if number > 0 => Ok(number),
        Ok(_) | Err(_) => Err("must be a whole number, 1 or more".to_owned()),
    }
}

/// `30m`, `90s`, `1h 30m`, or a number of seconds; from 1 s to 30 days.
pub(super) fn duration(text: &str) -> Checked<Duration> {
    let text = text.trim();
    let parsed = match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok()),
    };
    let allowed = Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 3600);
    parsed
        .filter(|time| allowed.contains(time))
        .ok_or_else(|| "must be a time such as 30m, 90s or a number of seconds, from 1s to 720h".to_owned())
}

/// `256MB`, `1GB`, or a number of bytes; units of 1024.
pub(super) fn bytes(text: &str) -> Checked<u64> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "B" => Some(1u64),
        "K" | "KB" | "KIB" => Some(1 << 10),
        "M" | "MB" | "MIB" => Some(1 << 20),
        "G" | "GB" | "GIB" => Some(1 << 30),
        _ => None,
    };
    let bytes = unit.zip(number.parse::<u64>().ok()).and_then(|(unit, number)| number.checked_mul(unit));
    bytes.ok_or_else(|| "must be a size such as 256MB or 1GB".to_owned())
}

pub(super) fn switch(text: &str) -> Checked<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

/// Whether a price goes by the options.
pub(super) fn price_options(text: &str) -> Checked<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "options" => Ok(true),
        "flat" => Ok(false),
        _ => Err("must be options or flat".to_owned()),
    }
}

pub(super) fn bot_mode(text: &str) -> Checked<BotMode> {
    match text.trim().to_ascii_lowercase().as_str() {
        "polling" => Ok(BotMode::Polling),
        "webhook" => Ok(BotMode::Webhook),
        _ => Err("must be polling or webhook".to_owned()),
    }
}

pub(super) fn log_format(text: &str) -> Checked<LogFormat> {
    match text.trim().to_ascii_lowercase().as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        "journald" => Ok(LogFormat::Journald),
        _ => Err("must be text, json or journald".to_owned()),
    }
}

/// `@name`, `name` or `https://t.me/name`, without the decoration.
pub(super) fn telegram_name(text: &str) -> Checked<String> {
    let text = text.trim();
    let name = text.strip_prefix("https://t.me/").or_else(|| text.strip_prefix('@')).unwrap_or(text);
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (4..=32).contains(&name.len()) && name.bytes().all(is_good) {
        Ok(name.to_owned())
    } else {
        Err("must be a Telegram name, such as @my_shop_help".to_owned())
    }
}
