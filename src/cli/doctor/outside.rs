//! What Telegram and KIE say.

use super::Line;
use crate::cli::ask::Holder;
use crate::config::{BotMode, Settings};
use crate::provider::{Kie, Provider};
use crate::telegram::{CallError, Gateway, Overheard, Telegram, WebhookInfo};
use crate::time::{At, Clock};
use rust_decimal::Decimal;
use std::time::Duration;
use url::Url;

/// More updates than this that wait mean that nobody takes them.
const MANY_WAIT: u64 = 1_000;
/// A failed post of Telegram's is told for so long.
const RECENT: Duration = Duration::from_secs(3600);
/// Other programs, and another Samovar, ask again within this time after we came between, and take what waits.
const OVERHEAR: Duration = Duration::from_secs(6);
/// So far off, signatures and days begin to be wrong.
const CLOCK_WARN_MS: u64 = 30_000;
/// So far off, others refuse what we sign, and we what they sign.
const CLOCK_FAIL_MS: u64 = 300_000;

pub(super) async fn token(telegram: &Telegram) -> Line {
    match telegram.me().await {
        Ok(me) => Line::ok("token", format!("the bot is @{}", me.username)),
        Err(error) => Line::fail("token", error.to_string(), advice(&error)),
    }
}

/// What to do when Telegram does not say who the bot is.
fn advice(error: &CallError) -> &'static str {
    match error {
        CallError::Unreachable(_) => {
            "nothing is known of the token yet: see whether this machine reaches TELEGRAM_API_URL \
            (network, firewall, name server)"
        }
        CallError::Later(_) => "nothing is known of the token yet: try again after that time",
        CallError::Token | CallError::Refused(_) | CallError::OtherPoller | CallError::WebhookSet => {
            "TELEGRAM_BOT_TOKEN: the whole line from @BotFather, /token shows it again"
        }
    }
}

pub(super) async fn webhook(telegram: &Telegram, settings: &Settings, clock: &Clock) -> Line {
    match telegram.webhook().await {
        Ok(info) => judged(&info, settings, clock.now().at),
        Err(error) => Line::fail("webhook", error.to_string(), "see the line above"),
    }
}

fn judged(info: &WebhookInfo, settings: &Settings, now: At) -> Line {
    let wanted = settings.webhook_base_url.as_ref().filter(|_| settings.bot_mode == BotMode::Webhook);
    let (wait, is_set) = (info.pending_update_count, !info.url.is_empty());
    let own = if info.has_custom_certificate { " with a certificate of your own" } else { "" };
    let failed = info.last_error_message.as_ref().filter(|_| {
        let at = info.last_error_date.map_or(now, |seconds| At(seconds.saturating_mul(1_000)));
        now.since(at) <= RECENT
    });
    match (wanted, is_set) {
        (None, true) => Line::warn(
            "webhook",
            format!("one is set ({}), and the settings say polling", host(&info.url)),
            "start the service: it takes it away",
        ),
        (Some(base), _) if !info.url.starts_with(base.as_str().trim_end_matches('/')) => {
            Line::warn("webhook", "Telegram posts elsewhere, or nowhere", "start the service: it sets it")
        }
        (Some(_) | None, _) if wait > MANY_WAIT => Line::warn(
            "webhook",
            format!("{wait} updates wait at Telegram"),
            "see whether the service runs and can be reached",
        ),
        (Some(_), _) => match failed {
            Some(why) if why.to_lowercase().contains("certificate") || why.contains("SSL") => Line::fail(
                "webhook",
                format!("Telegram does not trust the certificate{own}: {why}"),
                "see \"TLS\" in the README: the name must be the one of WEBHOOK_BASE_URL, and the chain whole",
            ),
            Some(why) => Line::warn(
                "webhook",
                format!("Telegram's last try failed: {why}; {wait} updates wait"),
                "see whether WEBHOOK_BASE_URL leads to LISTEN from outside",
            ),
            None => Line::ok("webhook", format!("{}{own}; {wait} updates wait", host(&info.url))),
        },
        (None, false) => Line::ok("webhook", format!("none, as polling wants; {wait} updates wait")),
    }
}

/// The host alone: the path of a webhook may be a secret.
fn host(url: &str) -> String {
    let host = Url::parse(url).map(|url| url.host_str().map(str::to_owned));
    if let Ok(Some(host)) = host { format!("set to {host}") } else { "set to an unknown host".to_owned() }
}

/// Whether somebody else asks for our updates. Our own service must not be disturbed: Telegram ends its
/// question when another comes, so it is only asked when that does not run.
pub(super) async fn pollers(telegram: &Telegram, settings: &Settings, holder: &Holder) -> Line {
    let other = || {
        Line::fail(
            "polling",
            "another program polls with this token: updates go to it or to you by chance",
            "stop it, or take a token of its own for it (@BotFather, /revoke makes the old one useless)",
        )
    };
    match (settings.bot_mode, holder) {
        (BotMode::Webhook, _) => Line::ok("polling", "updates are posted; nobody can poll beside that"),
        (BotMode::Polling, Holder::Service(pid)) => Line::ok(
            "polling",
            format!("your service asks (pid {pid}); its log says so when somebody else does, too"),
        ),
        (BotMode::Polling, Holder::Silent) => Line::warn(
            "polling",
            "another process has the data directory and does not answer; polling was not looked at",
            "a command is at work: try again once it has ended; else see the log of the service",
        ),
        (BotMode::Polling, Holder::Unknown(why)) => Line::warn(
            "polling",
            format!("not looked at: whether your service runs is not known ({why})"),
            "see the line about the books",
        ),
        (BotMode::Polling, Holder::Nobody | Holder::Missing) => match telegram.overhear(OVERHEAR).await {
            Ok(Overheard::Silence) => Line::ok("polling", "nobody else asks for the bot's updates"),
            Ok(Overheard::Untaken) => Line::ok("polling", "updates wait, and nobody takes them"),
            Ok(Overheard::Taken) | Err(CallError::OtherPoller) => other(),
            Err(CallError::WebhookSet) => Line::ok("polling", "a webhook is set, so nobody can poll"),
            Err(
                error @ (CallError::Token
                | CallError::Later(_)
                | CallError::Unreachable(_)
                | CallError::Refused(_)),
            ) => Line::warn("polling", format!("not known: {error}"), "see the line about the token"),
        },
    }
}

pub(super) async fn credit(kie: &Kie, alert: Decimal) -> Line {
    match kie.credit().await {
        Ok(credit) if credit < alert => Line::warn(
            "kie",
            format!("the key is good; {credit} credits are left"),
            "put credit on your account at KIE",
        ),
        Ok(credit) => Line::ok("kie", format!("the key is good; {credit} credits are left")),
        Err(why) => {
            Line::fail("kie", why, "KIE_API_KEY from https://kie.ai/api-key, and a way to KIE_BASE_URL")
        }
    }
}

pub(super) async fn uploads(kie: &Kie) -> Line {
    match kie.upload_host_answers().await {
        Ok(()) => Line::ok("uploads", "KIE's host for customers' files answers"),
        Err(why) => Line::fail(
            "uploads",
            format!("KIE's host for customers' files does not answer: {why}"),
            "see KIE_UPLOAD_URL, the firewall and the name server: models that take files cannot be sold",
        ),
    }
}

pub(super) async fn time(telegram: &Telegram, clock: &Clock) -> Line {
    let date = telegram.date().await;
    let here = clock.now().at;
    let set = "let the machine set its clock: timedatectl set-ntp true (systemd-timesyncd or chrony)";
    match date {
        // Telegram's is to the second, and was on its way.
        Ok(Some(there)) => match here.0.abs_diff(there.0) {
            off if off > CLOCK_FAIL_MS => Line::fail(
                "clock",
                format!("{} off Telegram's: signed callbacks and copies to a bucket are refused", span(off)),
                set,
            ),
            off if off > CLOCK_WARN_MS => Line::warn("clock", format!("{} off Telegram's", span(off)), set),
            off => Line::ok("clock", format!("within {} of Telegram's", span(off.max(1_000)))),
        },
        Ok(None) => Line::ok("clock", "the Bot API server does not say its time"),
        Err(error) => Line::warn("clock", format!("not compared: {error}"), "see the line about the token"),
    }
}

/// A time for people.
fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
