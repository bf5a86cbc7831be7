//! Keyboards: read from `reply_markup`, checked as Telegram checks them, shown to the people here.

use super::params::Params;
use super::refusal::Refusal;
use serde_json::Value;

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Its label.
    pub text: String,
    /// What a tap sends to the bot; `None` for a link and the like.
    pub data: Option<String>,
    /// The whole button, as it came.
    pub raw: Value,
}

/// Rows of buttons.
pub type Keyboard = Vec<Vec<Button>>;

/// What `reply_markup` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup {
    /// Buttons under the message; empty for none.
    pub(super) inline: Keyboard,
    /// Buttons in place of the customer's keyboard: `Some` of labels, empty when it is taken away.
    pub(super) reply: Option<Vec<Vec<String>>>,
}

fn wrong(words: &str) -> Refusal {
    Refusal::bad(&format!("can't parse inline keyboard button: {words}"))
}

fn button(raw: &Value) -> Result<Button, Refusal> {
    const ACTIONS: [&str; 7] = [
        "url",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "pay",
        "copy_text",
    ];
    let text = raw.get("text").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| wrong("Field \"text\" must be a non-empty String"))?;
    let data = raw.get("callback_data").and_then(Value::as_str);
    match data {
        Some(data) if !(1..=64).contains(&data.len()) => return Err(Refusal::bad("BUTTON_DATA_INVALID")),
        None if !ACTIONS.iter().any(|action| raw.get(*action).is_some()) => {
            return Err(wrong("Text buttons are unallowed in the inline keyboard"));
        }
        Some(_) | None => {}
    }
    if let Some(copied) = raw.get("copy_text") {
        let copied = copied.get("text").and_then(Value::as_str).unwrap_or("");
        if !(1..=256).contains(&copied.chars().count()) {
            return Err(Refusal::bad("BUTTON_COPY_TEXT_INVALID"));
        }
    }
    Ok(Button { text: text.to_owned(), data: data.map(str::to_owned), raw: raw.clone() })
}

fn rows<'a>(markup: &'a Value, name: &str) -> Result<Vec<&'a Vec<Value>>, Refusal> {
    let bad = || Refusal::bad(&format!("object expected as reply markup: {name} must be an Array of Arrays"));
    let rows = markup.get(name).and_then(Value::as_array).ok_or_else(bad)?;
    rows.iter().map(|row| row.as_array().ok_or_else(bad)).collect()
}

fn inline(markup: &Value) -> Result<Keyboard, Refusal> {
    let mut keyboard = Keyboard::new();
    for row in rows(markup, "inline_keyboard")? {
        let row: Vec<Button> = row.iter().map(button).collect::<Result<_, _>>()?;
        if !row.is_empty() {
            keyboard.push(row);
        }
    }
    if keyboard.iter().map(Vec::len).sum::<usize>() > 100 {
        return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
    }
    Ok(keyboard)
}

fn labels(markup: &Value) -> Result<Vec<Vec<String>>, Refusal> {
    let label = |button: &Value| {
        let text = button.as_str().or_else(|| button.get("text").and_then(Value::as_str));
        let bad = || Refusal::bad("can't parse keyboard button: Field \"text\" must be of type String");
        text.filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(bad)
    };
    rows(markup, "keyboard")?.into_iter().map(|row| row.iter().map(label).collect()).collect()
}

/// Reads `reply_markup`.
pub(super) fn read(params: &Params) -> Result<Markup, Refusal> {
    let markup = params.nested("reply_markup");
    let Some(markup) = markup.map_err(|_| Refusal::bad("can't parse reply keyboard markup JSON object"))?
    else {
        return Ok(Markup::default());
    };
    if !markup.is_object() {
        return Err(Refusal::bad("object expected as reply markup"));
    }
    if markup.get("inline_keyboard").is_some() {
        return Ok(Markup { inline: inline(&markup)?, reply: None });
    }
    if markup.get("keyboard").is_some() {
        return Ok(Markup { inline: Keyboard::new(), reply: Some(labels(&markup)?) });
    }
    let gone = markup.get("remove_keyboard").and_then(Value::as_bool) == Some(true);
    Ok(Markup { inline: Keyboard::new(), reply: gone.then(Vec::new) })
}

/// The one button under an invoice whose bot gave none.
pub(super) fn pay(text: String) -> Keyboard {
    let raw = serde_json::json!({"text": text, "pay": true});
    vec![vec![Button { text, data: None, raw }]]
}

/// A Pay button comes first under an invoice that has buttons, and nowhere else.
pub(super) fn check_pay(keyboard: &Keyboard, is_invoice: bool) -> Result<(), Refusal> {
    let pays = |button: &Button| button.raw.get("pay").and_then(Value::as_bool) == Some(true);
    let fits = |(index, button)| pays(button) == (is_invoice && index == 0);
    if keyboard.iter().flatten().enumerate().all(fits) {
        return Ok(());
    }
    Err(Refusal::bad("BUTTON_TYPE_INVALID"))
}

/// The keyboard as Telegram shows it in a message; `None` when it has no buttons.
pub(super) fn to_json(keyboard: &Keyboard) -> Option<Value> {
    let rows: Vec<Value> =
        keyboard.iter().map(|row| row.iter().map(|button| button.raw.clone()).collect()).collect();
    (!rows.is_empty()).then(|| serde_json::json!({"inline_keyboard": rows}))
}
