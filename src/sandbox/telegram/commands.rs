//! The bot's commands per scope and language, and what it may ask about chats.

use super::World;
use super::chats::ChatKind;
use super::params::Params;
use super::refusal::Refusal;
use serde_json::{Value, json};

fn key(params: &Params) -> Result<(String, String), Refusal> {
    let scope =
        params.nested("scope").map_err(|_| Refusal::bad("can't parse BotCommandScope JSON object"))?;
    let scope = scope.unwrap_or_else(|| json!({"type": "default"}));
    let lang = params.word("language_code").to_owned();
    let two_letters = lang.len() == 2 && lang.bytes().all(|byte| byte.is_ascii_lowercase());
    if !lang.is_empty() && !two_letters {
        return Err(Refusal::bad("invalid language code specified"));
    }
    // `serde_json` keeps keys sorted, so equal scopes are equal texts.
    Ok((scope.to_string(), lang))
}

fn check(commands: &[Value]) -> Result<(), Refusal> {
    if commands.len() > 100 {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    for command in commands {
        let name = command["command"].as_str().unwrap_or("");
        let name = name.strip_prefix('/').unwrap_or(name);
        if !(1..=32).contains(&name.len()) || !name.bytes().all(fits) {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        let described = command["description"].as_str().unwrap_or("").chars().count();
        if !(1..=256).contains(&described) {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    Ok(())
}

impl World {
    pub(super) fn set_commands(&mut self, params: &Params) -> Result<Value, Refusal> {
        let wrong = || Refusal::bad("can't parse list of bot commands JSON object");
        let list = params.nested("commands").map_err(|_| wrong())?.ok_or_else(wrong)?;
        check(list.as_array().ok_or_else(wrong)?)?;
        self.commands.insert(key(params)?, list);
        Ok(json!(true))
    }

    pub(super) fn get_commands(&self, params: &Params) -> Result<Value, Refusal> {
        Ok(self.commands.get(&key(params)?).cloned().unwrap_or_else(|| json!([])))
    }

    pub(super) fn delete_commands(&mut self, params: &Params) -> Result<Value, Refusal> {
        self.commands.remove(&key(params)?);
        Ok(json!(true))
    }

    pub(super) fn get_chat(&self, params: &Params) -> Result<Value, Refusal> {
        let known = params.number("chat_id").filter(|id| self.chats.by_id.contains_key(id));
        let mut chat = self.chats.chat_json(known.ok_or_else(|| Refusal::bad("chat not found"))?);
        chat["accent_color_id"] = json!(0);
        chat["max_reaction_count"] = json!(11);
        chat["accepted_gift_types"] = json!({
            "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
            "premium_subscription": false,
        });
        Ok(chat)
    }

    pub(super) fn leave_chat(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let id = self.writable_chat(params)?;
        let Some(chat) = self.chats.by_id.get_mut(&id) else { return Err(Refusal::bad("chat not found")) };
        match &mut chat.kind {
            ChatKind::Private => {
                return Err(Refusal::bad("chat member status can't be changed in private chats"));
            }
            ChatKind::Group { joined, .. } => *joined = false,
        }
        let bot = self.bot_user();
        self.membership(now_ms, id, &bot, ["member", "left"]);
        Ok(json!(true))
    }
}
