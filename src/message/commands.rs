//! The commands that the bot shows people: in Telegram's menu, and in the answer to an unknown one.

/// Each without the slash, with the text beside it; in the menu's order.
pub const COMMANDS: [(&str, &str); 12] = [
    ("start", "command-start"),
    ("menu", "command-menu"),
    ("balance", "command-balance"),
    ("history", "command-history"),
    ("free", "command-free"),
    ("help", "command-help"),
    ("support", "command-support"),
    ("paysupport", "command-paysupport"),
    ("terms", "command-terms"),
    ("privacy", "command-privacy"),
    ("lang", "command-lang"),
    ("cancel", "command-cancel"),
];
