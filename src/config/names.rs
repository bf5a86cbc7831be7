//! The names of the settings, and which of them which commands take notice of.

/// Every setting there is.
pub const NAMES: [&str; 62] = [
    "TELEGRAM_BOT_TOKEN",
    "KIE_API_KEY",
    "ADMIN_IDS",
    "ADMIN_ID",
    "DATA_DIR",
    "LISTEN",
    "PORT",
    "ADMIN_LISTEN",
    "LOG_FORMAT",
    "RUST_LOG",
    "MIN_FREE_DISK",
    "BOT_MODE",
    "WEBHOOK_BASE_URL",
    "TELEGRAM_WEBHOOK_PATH",
    "TELEGRAM_WEBHOOK_SECRET_TOKEN",
    "TELEGRAM_API_URL",
    "SEND_PER_SECOND",
    "KIE_BASE_URL",
    "KIE_UPLOAD_URL",
    "KIE_WEBHOOK_HMAC_KEY",
    "KIE_CREDIT_ALERT",
    "RESULT_HOSTS",
    "NSFW_CHECKER",
    "PRICING_MARKUP",
    "USD_TO_RUB",
    "PRICE_OPTIONS",
    "STAR_RUB",
    "START_BONUS_RUB",
    "REFERRAL_FREE_USES",
    "REFERRAL_MONTHLY_CAP",
    "FREE_DAILY_LIMIT",
    "FREE_HOURLY_LIMIT",
    "FREE_MAX_COST_USD",
    "FREE_BUDGET_USD",
    "FREE_TIER_MODEL_IDS",
    "OPEN_JOBS_PER_CUSTOMER",
    "QUEUE_MAX",
    "JOB_DEADLINE",
    "JOB_DEADLINE_VIDEO",
    "UNKNOWN_DEADLINE",
    "ACTIONS_PER_MINUTE",
    "ACTIONS_BURST",
    "PAYMENT_BANK",
    "PAYMENT_CARD",
    "PAYMENT_CARD_HOLDER",
    "PAYMENT_PHONE",
    "PAYMENT_PROVIDER_TOKEN",
    "SUPPORT_TELEGRAM",
    "TERMS",
    "PRIVACY",
    "PAYSUPPORT",
    "RETENTION_DAYS",
    "BACKUP_TO",
    "BACKUP_EVERY",
    "BACKUP_KEEP",
    "BACKUP_MAX_AGE",
    "BACKUP_STREAM",
    "BACKUP_S3_ENDPOINT",
    "BACKUP_S3_REGION",
    "BACKUP_S3_KEY_ID",
    "BACKUP_S3_SECRET",
    "BACKUP_AGE_RECIPIENT",
];

/// The settings that commands on the data directory take notice of; the others stay at their
/// defaults there, so that a broken token never stands between an operator and the books.
pub(super) const OFFLINE: [&str; 4] = ["DATA_DIR", "START_BONUS_RUB", "LOG_FORMAT", "RUST_LOG"];

/// The settings that a look at the prices takes notice of.
pub(super) const PRICES: [&str; 5] =
    ["PRICING_MARKUP", "USD_TO_RUB", "PRICE_OPTIONS", "LOG_FORMAT", "RUST_LOG"];

/// The settings that commands on backups take notice of, beside those of the data directory.
pub(super) const BACKUPS: [&str; 10] = [
    "BACKUP_TO",
    "BACKUP_EVERY",
    "BACKUP_KEEP",
    "BACKUP_MAX_AGE",
    "BACKUP_STREAM",
    "BACKUP_S3_ENDPOINT",
    "BACKUP_S3_REGION",
    "BACKUP_S3_KEY_ID",
    "BACKUP_S3_SECRET",
    "BACKUP_AGE_RECIPIENT",
];
