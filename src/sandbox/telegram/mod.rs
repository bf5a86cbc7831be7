//! A Telegram Bot API of our own. [`World`] is the whole of it, as a state machine: calls and
//! people's acts go in with the time, replies and updates come out; it has no clock, no sockets and
//! no randomness. `server` and `delivery` are its thin shell.

mod acts;
mod chats;
mod commands;
mod delivery;
mod edit;
mod faults;
mod files;
mod html;
mod invoice;
#[cfg(test)]
mod invoice_tests;
mod keyboard;
mod params;
mod pay;
mod payments;
#[cfg(test)]
mod payments_tests;
#[cfg(test)]
mod queue_tests;
mod record;
mod refusal;
mod send;
mod server;
#[cfg(test)]
mod tests;
mod updates;
mod webhook;

pub use acts::{CannotAct, Sent};
pub use chats::{Chat, ChatKind, Media, Message, Person};
pub use faults::{Fault, Misbehaviour};
pub use files::{FileKind, StoredFile, UPLOAD_LIMIT_BYTES};
pub use html::{Parsed, parse};
pub use invoice::Invoice;
pub use keyboard::{Button, Keyboard};
pub use params::{Call, NotJson, Params, Upload};
pub use payments::{Checkout, Payment, Said};
pub use record::{Bot, Refused, Seen, SeenFile, Tap};
pub use refusal::Refusal;
pub use updates::{Lane, Receipt};
pub use webhook::{Post, Posted, Webhook};

pub(super) use delivery::deliver;
pub(super) use server::router;

use crate::sandbox::wire::{Answer, Reply};
use chats::Chats;
use files::Files;
use payments::Payments;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use updates::Updates;
use webhook::Delivery;

/// Everything this Telegram knows.
#[derive(Clone)]
pub struct World {
    bot: Bot,
    chats: Chats,
    files: Files,
    updates: Updates,
    delivery: Delivery,
    taps: BTreeMap<String, Tap>,
    payments: Payments,
    commands: BTreeMap<(String, String), Value>,
    faults: Vec<Fault>,
    seen: Vec<Seen>,
    refused: Vec<Refused>,
    albums: u64,
}

impl World {
    /// A Telegram with one bot and nobody in it.
    pub fn new(bot: Bot) -> Self {
        let updates = Updates::new(bot.first_update_id);
        let delivery = Delivery {
            retry_scale_permille: bot.retry_scale_permille,
            connections: bot.connections,
            ..Delivery::default()
        };
        Self {
            bot,
            chats: Chats::default(),
            files: Files::default(),
            updates,
            delivery,
            taps: BTreeMap::new(),
            payments: Payments::default(),
            commands: BTreeMap::new(),
            faults: Vec::new(),
            seen: Vec::new(),
            refused: Vec::new(),
            albums: 0,
        }
    }

    /// One call of the bot. A reply that says [`crate::sandbox::wire::Answer::Poll`] is to be
    /// followed up with [`World::poll_again`].
    pub fn call(&mut self, now_ms: i64, call: &Call) -> Reply {
        if call.token != self.bot.token {
            return Refusal::new(401, "Unauthorized").reply();
        }
        let method = call.method.to_ascii_lowercase();
        let chat = call.params.number("chat_id");
        let fault = faults::take(&mut self.faults, &method, chat);
        if let Some((fault, reply)) = fault.as_ref().and_then(|fault| Some((fault, fault.instead()?))) {
            self.refused.push(Refused { at_ms: now_ms, method, chat, why: format!("{fault:?}") });
            return reply;
        }
        let reply = self.carry_out(now_ms, &method, &call.params).unwrap_or_else(|refusal| {
            let why = refusal.description.to_string();
            self.refused.push(Refused { at_ms: now_ms, method, chat, why });
            refusal.reply()
        });
        match fault {
            Some(fault) => fault.spoil(reply),
            None => reply,
        }
    }

    fn carry_out(&mut self, now_ms: i64, method: &str, params: &Params) -> Result<Reply, Refusal> {
        if method == "getupdates" {
            if self.delivery.webhook.is_some() {
                let why = "Conflict: can't use getUpdates method while webhook is active; \
                           use deleteWebhook to delete the webhook first";
                return Err(Refusal::new(409, why));
            }
            return self.updates.poll(now_ms, params);
        }
        let result = self.act(now_ms, method, params)?;
        // What is only asked changes nothing that anybody looks for.
        if !method.starts_with("get") {
            self.note(now_ms, method, params, &result);
        }
        Ok(Reply::json(json!({"ok": true, "result": result})))
    }

    fn act(&mut self, now_ms: i64, method: &str, params: &Params) -> Result<Value, Refusal> {
        match method {
            "getme" => Ok(self.me()),
            "setwebhook" => self.set_webhook(params),
            "deletewebhook" => {
                let mut none = params.clone();
                none.fields.retain(|name, _| name == "drop_pending_updates");
                self.set_webhook(&none)
            }
            "getwebhookinfo" => Ok(self.delivery.info(&self.updates)),
            "sendmessage" => self.send_message(now_ms, params),
            "sendphoto" | "sendvideo" | "sendaudio" | "sendvoice" | "sendanimation" | "senddocument" => {
                self.send_media(now_ms, method, params)
            }
            "sendmediagroup" => self.send_album(now_ms, params),
            "editmessagetext" => self.edit_text(now_ms, params),
            "editmessagecaption" => self.edit_caption(now_ms, params),
            "editmessagereplymarkup" => self.edit_keyboard(now_ms, params),
            "deletemessage" => self.delete_message(now_ms, params),
            "answercallbackquery" => self.answer_tap(now_ms, params),
            "sendchataction" => self.chat_action(params),
            "getfile" => self.files.describe(params.word("file_id")),
            "setmycommands" => self.set_commands(params),
            "getmycommands" => self.get_commands(params),
            "deletemycommands" => self.delete_commands(params),
            "setmydescription" | "setmyshortdescription" | "setmyname" => Ok(json!(true)),
            "sendinvoice" => self.send_invoice(now_ms, params),
            "createinvoicelink" => self.create_link(now_ms, params),
            "answerprecheckoutquery" => self.answer_checkout(now_ms, params),
            "refundstarpayment" => self.refund_payment(now_ms, params),
            "getstartransactions" => Ok(self.star_transactions(params)),
            "getmystarbalance" => Ok(self.star_balance()),
            "getchat" => self.get_chat(params),
            "leavechat" => self.leave_chat(now_ms, params),
            _ => Err(Refusal::new(404, "Not Found: method not found")),
        }
    }

    fn me(&self) -> Value {
        let mut me = self.bot_user();
        for (name, value) in [
            ("can_join_groups", true),
            ("can_read_all_group_messages", false),
            ("supports_inline_queries", false),
            ("can_connect_to_business", false),
            ("has_main_web_app", false),
        ] {
            me[name] = json!(value);
        }
        me
    }

    fn bot_user(&self) -> Value {
        let id = self.bot.token.split(':').next().and_then(|id| id.parse::<i64>().ok()).unwrap_or(1);
        json!({"id": id, "is_bot": true, "first_name": self.bot.name, "username": self.bot.username})
    }

    fn set_webhook(&mut self, params: &Params) -> Result<Value, Refusal> {
        self.delivery.set(params, &mut self.updates)?;
        Ok(json!(true))
    }

    /// The answer for a waiting `getUpdates`, or `None` while there is nothing to tell. When it is
    /// asked at the poll's `until_ms` or later there always is one.
    pub fn poll_again(&mut self, now_ms: i64, poll: u64) -> Option<Reply> {
        self.updates.poll_again(now_ms, poll)
    }

    /// The poller went away without waiting for its answer.
    pub fn leave(&mut self, poll: u64) {
        self.updates.leave(poll);
    }

    /// Somebody waits in a long poll now.
    pub fn is_polled(&self) -> bool {
        self.updates.is_polled()
    }

    /// The next update to post to the webhook, marked as on its way; `None` when nothing is due.
    pub fn next_post(&mut self, now_ms: i64) -> Option<Post> {
        self.delivery.next(now_ms, &mut self.updates)
    }

    /// When [`World::next_post`] may have something, if nothing else happens before.
    pub fn next_post_due_ms(&self, now_ms: i64) -> Option<i64> {
        self.delivery.due_ms(now_ms, &self.updates)
    }

    /// How a post went.
    pub fn posted(&mut self, now_ms: i64, post: &Post, how: &Posted) {
        self.delivery.posted(now_ms, post.lane, post.update_id, how, &mut self.updates);
    }

    /// A webhook's answer may carry one method call in its body; its result is not told.
    pub fn answered_with(&mut self, now_ms: i64, body: &Value) {
        if let Some(method) = body.get("method").and_then(Value::as_str) {
            let allowed = !method.to_ascii_lowercase().starts_with("get") && !method.contains("ebhook");
            if allowed {
                let token = self.bot.token.clone();
                self.call(now_ms, &Call::new(&token, method, body));
            }
        }
    }

    /// Adds a line to the script of misbehaviour.
    pub fn script(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// What is left of the script.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// All calls that were accepted, in order.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Gives the calls that were accepted since the last time, and forgets them: for a play that is
    /// long.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// All calls that were refused, in order.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What became of each update, by its id.
    pub fn receipts(&self) -> &BTreeMap<i64, Receipt> {
        &self.updates.receipts
    }

    /// How many updates wait for the bot.
    pub fn pending_updates(&self) -> usize {
        self.updates.pending()
    }

    /// The webhook, if one is set.
    pub fn webhook(&self) -> Option<&Webhook> {
        self.delivery.webhook.as_ref()
    }

    /// A chat as it stands now; `None` if the bot does not know it.
    pub fn chat(&self, id: i64) -> Option<&Chat> {
        self.chats.by_id.get(&id)
    }

    /// A message as it stands now; `None` if there is none or it was deleted.
    pub fn message(&self, chat: i64, id: i64) -> Option<&Message> {
        self.chats.message(chat, id)
    }

    /// A file that Telegram keeps.
    pub fn file(&self, file_id: &str) -> Option<&StoredFile> {
        self.files.get(file_id)
    }

    /// The file at a path from `getFile`.
    pub fn file_at(&self, path: &str) -> Option<&StoredFile> {
        self.files.at_path(path)
    }

    /// `GET /file/bot<token>/<path>`.
    pub fn download(&self, token: &str, path: &str) -> Reply {
        if token != self.bot.token {
            return Refusal::new(401, "Unauthorized").reply();
        }
        match self.files.at_path(path) {
            Some(file) => {
                Answer::Raw { status: 200, content_type: file.mime, body: file.bytes.clone() }.into()
            }
            None => Refusal::new(404, "Not Found").reply(),
        }
    }

    /// All taps, by the id of their callback query.
    pub fn taps(&self) -> &BTreeMap<String, Tap> {
        &self.taps
    }
}
