//! The settings: read once, checked whole, and from then on only typed values.
//!
//! A TOML file, over it the environment, over that `NAME_FILE` and systemd credentials. Every
//! problem is one line that names the setting, what is wrong and where a right value comes from;
//! all are told at once. **Invariant:** no value of a setting is ever part of a problem's text.

mod backup;
mod check;
mod message;
mod names;
mod probe;
mod problem;
mod reader;
mod show;
mod source;
mod tls;

pub use backup::{BackupTo, Backups, Bucket};
pub use names::NAMES;
pub use probe::Probe;
pub use problem::{Problem, Problems};
pub use show::{Shown, show};
pub use source::{Sources, USUAL_FILES};
pub use tls::{Acme, Tls};

use crate::ids::UserId;
use crate::money::Kopecks;
use names::{BACKUPS, OFFLINE, PRICES};
use reader::Reader;
use rust_decimal::Decimal;
use secrecy::SecretString;
use source::{Gathered, Raw};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// A settings file with every setting, its meaning and its default.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// How updates come from Telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotMode {
    /// We ask.
    Polling,
    /// Telegram calls.
    Webhook,
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// Fields in systemd's journal.
    Journald,
}

/// What only the service needs, and what must be given.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The bot's token, in the right shape.
    pub telegram_bot_token: SecretString,
    /// The bot's own id: the number its token begins with.
    pub bot_id: u64,
    /// The key of the account at KIE: visible ASCII.
    pub kie_api_key: SecretString,
    /// The operators: at least one.
    pub admin_ids: Vec<UserId>,
}

/// All settings that have a default. `Settings::default()` is what holds when nothing is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Everything the bot remembers is below this folder.
    pub data_dir: PathBuf,
    /// The public HTTP address.
    pub listen: SocketAddr,
    /// The operator's HTTP address; another than `listen`.
    pub admin_listen: SocketAddr,
    /// How logs look.
    pub log_format: LogFormat,
    /// Which logs are written: a filter of `tracing`.
    pub rust_log: String,
    /// With less free disk selling stops.
    pub min_free_disk_bytes: u64,
    /// How updates come.
    pub bot_mode: BotMode,
    /// The public address of `listen`, without a slash at its end; always there in webhook mode.
    pub webhook_base_url: Option<Url>,
    /// How `listen` speaks.
    pub tls: Tls,
    /// The path of Telegram's webhook; begins with a slash.
    pub telegram_webhook_path: String,
    /// What Telegram must send along; `None`: to be made at random and kept.
    pub telegram_webhook_secret_token: Option<SecretString>,
    /// The Bot API server.
    pub telegram_api_url: Url,
    /// Messages a second that nobody asked for; above 0.
    pub send_per_second: u32,
    /// KIE's server for generations.
    pub kie_base_url: Url,
    /// KIE's server for uploads.
    pub kie_upload_url: Url,
    /// The key KIE signs callbacks with.
    pub kie_webhook_hmac_key: Option<SecretString>,
    /// With less on the account at KIE, in KIE's credits, the operators are told; 0 is never.
    pub kie_credit_alert: Decimal,
    /// Hosts of results beside the known ones, in lower case: `cdn.example.com`, `*.example.com`.
    pub result_hosts: Vec<String>,
    /// Whether KIE's filter is asked for.
    pub nsfw_checker: bool,
    /// The factor on KIE's price; above 0.
    pub pricing_markup: Decimal,
    /// Roubles for a dollar; above 0.
    pub usd_to_rub: Decimal,
    /// Whether options that KIE charges more for cost the customer more.
    pub price_by_options: bool,
    /// Roubles for a Star; above 0.
    pub star_rub: Decimal,
    /// What a new customer gets; not below 0.
    pub start_bonus_rub: Kopecks,
    /// Bonus uses for who brings a customer that pays.
    pub referral_free_uses: u32,
    /// So many rewards a customer and month.
    pub referral_monthly_cap: u32,
    /// Free generations a customer, model and day.
    pub free_daily_limit: u32,
    /// Free generations a customer, model and hour.
    pub free_hourly_limit: u32,
    /// What costs more than this is never free; not below 0.
    pub free_max_cost_usd: Decimal,
    /// What is given away a day in all; not below 0.
    pub free_budget_usd: Decimal,
    /// What the operator takes for the free models, to be compared with the derived five.
    pub free_tier_model_ids: Option<Vec<String>>,
    /// Open generations a customer; above 0.
    pub open_jobs_per_customer: u32,
    /// Queued generations in all; above 0.
    pub queue_max: u32,
    /// How long KIE may work on a picture or a sound.
    pub job_deadline: Duration,
    /// How long KIE may work on a video.
    pub job_deadline_video: Duration,
    /// How long an order without an answer waits for news.
    pub unknown_deadline: Duration,
    /// Actions a customer and minute; above 0.
    pub actions_per_minute: u32,
    /// Actions a customer has at once; 0 is no limit.
    pub actions_burst: u32,
    /// Transfers by hand: the bank.
    pub payment_bank: Option<String>,
    /// Transfers by hand: the card's number.
    pub payment_card: Option<String>,
    /// Transfers by hand: the name on the card.
    pub payment_card_holder: Option<String>,
    /// Transfers by hand: the phone number.
    pub payment_phone: Option<String>,
    /// The token for cards in Telegram.
    pub payment_provider_token: Option<SecretString>,
    /// The Telegram name of the support, without the @.
    pub support_telegram: Option<String>,
    /// The terms of use in place of ours: Telegram's HTML, one message long.
    pub terms: Option<String>,
    /// What is stored, in place of ours; the same.
    pub privacy: Option<String>,
    /// What to do about a payment, in place of ours; the same.
    pub paysupport: Option<String>,
    /// Days until customers' words and files are forgotten; 0: until the customer asks.
    pub retention_days: u32,
    /// Where backups go, and when.
    pub backups: Backups,
}

impl Settings {
    /// All settings and the keys, for `run`, `doctor` and `config check`.
    pub fn for_service(sources: &Sources) -> Result<(Self, Keys), Problems> {
        let Gathered { raw, problems, is_complete } = source::gather(sources);
        let mut reader = Reader { raw: &raw, problems, is_complete };
        let token = reader.required("TELEGRAM_BOT_TOKEN", "@BotFather gives it", check::bot_token);
        let kie_api_key = reader.required("KIE_API_KEY", "get it at https://kie.ai/api-key", check::api_key);
        let admin_ids = if raw.contains_key("ADMIN_IDS") || !raw.contains_key("ADMIN_ID") {
            reader.required("ADMIN_IDS", "@userinfobot tells your id", check::admin_ids)
        } else {
            reader.optional("ADMIN_ID", check::admin_ids)
        };
        let settings = Self::read(&mut reader);
        match (token, kie_api_key, admin_ids) {
            (Some((telegram_bot_token, bot_id)), Some(kie_api_key), Some(admin_ids))
                if reader.problems.is_empty() =>
            {
                Ok((settings, Keys { telegram_bot_token, bot_id, kie_api_key, admin_ids }))
            }
            _ => Err(Problems(reader.problems)),
        }
    }

    /// What commands on the data directory need: `DATA_DIR`, `START_BONUS_RUB` and how to log. All
    /// other settings are not looked at and have their defaults, but a name that is no setting is
    /// still a problem: it may be a misspelled `DATA_DIR`.
    pub fn for_data_dir(sources: &Sources) -> Result<Self, Problems> {
        Self::only(sources, &OFFLINE)
    }

    /// What commands on backups need: that, and the settings of backups.
    pub fn for_backups(sources: &Sources) -> Result<Self, Problems> {
        Self::only(sources, &[&OFFLINE[..], &BACKUPS].concat())
    }

    /// What a look at the prices needs: the markup, the rate and `PRICE_OPTIONS`, in the same way.
    pub fn for_prices(sources: &Sources) -> Result<Self, Problems> {
        Self::only(sources, &PRICES)
    }

    /// These settings; the others are not looked at.
    fn only(sources: &Sources, wanted: &[&str]) -> Result<Self, Problems> {
        Self::only_of(source::gather(sources), wanted)
    }

    fn only_of(gathered: Gathered, wanted: &[&str]) -> Result<Self, Problems> {
        let Gathered { mut raw, mut problems, is_complete } = gathered;
        raw.retain(|name, _| wanted.contains(name));
        problems.retain(|problem| {
            !NAMES.contains(&problem.name.as_str()) || wanted.contains(&problem.name.as_str())
        });
        let mut reader = Reader { raw: &raw, problems, is_complete };
        let settings = Self::read(&mut reader);
        if reader.problems.is_empty() { Ok(settings) } else { Err(Problems(reader.problems)) }
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let (tls, domain) = tls::read(reader);
        let webhook_base_url = reader.optional("WEBHOOK_BASE_URL", check::public_url);
        let webhook_base_url = webhook_base_url.or_else(|| tls::base_of(&domain?));
        let has_callbacks = webhook_base_url.is_some() && tls != Tls::SelfSigned;
        let usd_to_rub = reader.or("USD_TO_RUB", Decimal::from(95), check::above_zero);
        let settings = Self {
            data_dir: reader.or("DATA_DIR", PathBuf::from("./data"), check::folder),
            listen: reader.listen(),
            admin_listen: reader.or("ADMIN_LISTEN", check::local(8081), check::address),
            log_format: reader.or("LOG_FORMAT", LogFormat::Text, check::log_format),
            rust_log: reader.or("RUST_LOG", "info".to_owned(), check::log_filter),
            min_free_disk_bytes: reader.or("MIN_FREE_DISK", 256 << 20, check::bytes),
            bot_mode: reader.bot_mode(webhook_base_url.is_some()),
            telegram_webhook_path: reader.or("TELEGRAM_WEBHOOK_PATH", "/webhook".to_owned(), check::path),
            telegram_webhook_secret_token: reader
                .optional("TELEGRAM_WEBHOOK_SECRET_TOKEN", check::webhook_secret),
            telegram_api_url: reader.or("TELEGRAM_API_URL", check::known(check::TELEGRAM), check::api_url),
            send_per_second: reader.or("SEND_PER_SECOND", 30, check::at_least_one),
            kie_base_url: reader.or("KIE_BASE_URL", check::known(check::KIE), check::api_url),
            kie_upload_url: reader.or("KIE_UPLOAD_URL", check::known(check::KIE_UPLOAD), check::api_url),
            kie_webhook_hmac_key: reader.optional("KIE_WEBHOOK_HMAC_KEY", check::secret),
            kie_credit_alert: reader.or("KIE_CREDIT_ALERT", Decimal::from(1_000), check::not_negative),
            result_hosts: reader.or("RESULT_HOSTS", Vec::new(), check::hosts),
            nsfw_checker: reader.or("NSFW_CHECKER", true, check::switch),
            pricing_markup: reader.or("PRICING_MARKUP", Decimal::TWO, check::above_zero),
            star_rub: reader.or("STAR_RUB", usd_to_rub * Decimal::new(13, 3), check::above_zero),
            usd_to_rub,
            price_by_options: reader.or("PRICE_OPTIONS", true, check::price_options),
            start_bonus_rub: reader.or("START_BONUS_RUB", Kopecks::ZERO, check::roubles),
            referral_free_uses: reader.or("REFERRAL_FREE_USES", 3, check::few),
            referral_monthly_cap: reader.or("REFERRAL_MONTHLY_CAP", 10, check::count),
            free_daily_limit: reader.or("FREE_DAILY_LIMIT", 5, check::count),
            free_hourly_limit: reader.or("FREE_HOURLY_LIMIT", 2, check::count),
            free_max_cost_usd: reader.or("FREE_MAX_COST_USD", Decimal::new(25, 2), check::not_negative),
            free_budget_usd: reader.or("FREE_BUDGET_USD", Decimal::ONE, check::not_negative),
            free_tier_model_ids: reader.optional("FREE_TIER_MODEL_IDS", check::list),
            open_jobs_per_customer: reader.or("OPEN_JOBS_PER_CUSTOMER", 5, check::at_least_one),
            queue_max: reader.or("QUEUE_MAX", 200, check::at_least_one),
            job_deadline: reader.or("JOB_DEADLINE", minutes(15), check::duration),
            job_deadline_video: reader.or("JOB_DEADLINE_VIDEO", minutes(60), check::duration),
            unknown_deadline: reader.or(
                "UNKNOWN_DEADLINE",
                minutes(if has_callbacks { 30 } else { 2 }),
                check::duration,
            ),
            actions_per_minute: reader.or("ACTIONS_PER_MINUTE", 20, check::count),
            actions_burst: reader.or("ACTIONS_BURST", 30, check::count),
            payment_bank: reader.optional("PAYMENT_BANK", check::text),
            payment_card: reader.optional("PAYMENT_CARD", check::text),
            payment_card_holder: reader.optional("PAYMENT_CARD_HOLDER", check::text),
            payment_phone: reader.optional("PAYMENT_PHONE", check::text),
            payment_provider_token: reader.optional("PAYMENT_PROVIDER_TOKEN", check::secret),
            support_telegram: reader.optional("SUPPORT_TELEGRAM", check::telegram_name),
            terms: reader.optional("TERMS", message::check),
            privacy: reader.optional("PRIVACY", message::check),
            paysupport: reader.optional("PAYSUPPORT", message::check),
            retention_days: reader.or("RETENTION_DAYS", 30, check::count),
            backups: Backups::read(reader),
            webhook_base_url,
            tls,
        };
        settings.check_together(&mut reader.problems);
        settings
    }

    /// What no setting can tell alone.
    fn check_together(&self, problems: &mut Vec<Problem>) {
        let mut wrong = |name: &str, what: &str| {
            // What is wrong alone was told already.
            if !problems.iter().any(|problem| problem.name.starts_with(name)) {
                problems.push(Problem { name: name.to_owned(), what: what.to_owned() });
            }
        };
        if self.bot_mode == BotMode::Webhook && self.webhook_base_url.is_none() {
            wrong(
                "WEBHOOK_BASE_URL",
                "is missing: BOT_MODE=webhook needs the public https address of the bot",
            );
        }
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            wrong("ADMIN_LISTEN", "must be another address than LISTEN: it must not be public");
        }
        let is_public = self.webhook_base_url.as_ref().is_some_and(|url| !check::is_loopback(url));
        let port = self.webhook_base_url.as_ref().and_then(Url::port_or_known_default);
        let is_telegrams = self.telegram_api_url.as_str().starts_with(check::TELEGRAM);
        if is_public && is_telegrams && !matches!(port, Some(443 | 80 | 88 | 8443)) {
            wrong("WEBHOOK_BASE_URL", "must use port 443, 80, 88 or 8443: Telegram calls no others");
        }
        if let Some((name, what)) = self.tls.misfit(self.webhook_base_url.as_ref()) {
            wrong(name, what);
        }
        self.backups.check_together(&mut wrong);
    }
}

impl Default for Settings {
    fn default() -> Self {
        let raw = Raw::new();
        let mut reader = Reader { raw: &raw, problems: Vec::new(), is_complete: true };
        let settings = Self::read(&mut reader);
        assert!(reader.problems.is_empty(), "a default is wrong: {:?}", reader.problems);
        settings
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[cfg(test)]
mod tests;
