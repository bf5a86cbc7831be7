//! Texts of the operator's that go to customers as they are: one message of plain text or Telegram's
//! HTML. What Telegram would refuse is refused at the start, not when a customer asks.

/// The most characters of a message.
const CHARS: usize = 4096;

/// The tags Telegram knows.
const TAGS: [&str; 15] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "code",
    "pre",
    "a",
    "blockquote",
    "tg-spoiler",
    "span",
];

/// The text, if it can be sent as it is.
pub(super) fn check(text: &str) -> Result<String, String> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > CHARS {
        return Err(format!("is longer than the {CHARS} characters of a message: shorten it"));
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        return Err("has control characters: it must be plain text or Telegram's HTML".to_owned());
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, behind)) = after.split_once('>') else { return Err(no_tag()) };
        rest = behind;
        match tag.strip_prefix('/') {
            Some(name) if open.last() == Some(&name) => drop(open.pop()),
            Some(_) => return Err("has a tag that is closed and not open".to_owned()),
            None => {
                let name = tag.split_whitespace().next().unwrap_or("");
                if !TAGS.contains(&name) || !attributes_fit(name, tag.strip_prefix(name).unwrap_or("")) {
                    return Err(no_tag());
                }
                open.push(name);
            }
        }
    }
    if open.is_empty() { Ok(text) } else { Err("has a tag that is not closed".to_owned()) }
}

fn no_tag() -> String {
    "has a < that begins no tag of Telegram's HTML (<b>, <i>, <u>, <s>, <code>, <pre>, <a href=\"…\">, \
     <blockquote>): write &lt; for the character"
        .to_owned()
}

/// Only a link must, and may, say more than its name (and a spoiler its class).
fn attributes_fit(name: &str, attributes: &str) -> bool {
    let attributes = attributes.trim();
    match name {
        "a" => attributes
            .strip_prefix("href=\"")
            .and_then(|link| link.strip_suffix('"'))
            .is_some_and(|link| !link.is_empty() && !link.contains(['"', '<'])),
        "span" => attributes == "class=\"tg-spoiler\"",
        _ => attributes.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_and_telegrams_html_are_taken() {
        for good in [
            "Просто текст & ещё",
            "<b>Условия</b>\n\n1. <a href=\"https://example.com/a?b=1\">Подробнее</a>",
            "<b><i>оба</i></b> 1 &lt; 2 > 0",
            "<span class=\"tg-spoiler\">x</span>",
        ] {
            assert_eq!(check(good), Ok(good.to_owned()), "{good}");
        }
        assert_eq!(check(" a\r\nb\n"), Ok("a\nb".to_owned()));
        assert_eq!(check(&"я".repeat(4096)), Ok("я".repeat(4096)));
    }

    #[test]
    fn what_telegram_would_refuse_is_refused() {
        for (bad, says) in [
            ("1 < 2", "begins no tag"),
            ("<script>x</script>", "begins no tag"),
            ("<b onclick=\"x\">x</b>", "begins no tag"),
            ("<a>x</a>", "begins no tag"),
            ("<b>x", "not closed"),
            ("<b><i>x</b></i>", "not open"),
            ("x</b>", "not open"),
            ("a\u{7}b", "control"),
            (&"я".repeat(4097), "4096"),
        ] {
            let why = check(bad).expect_err(bad);
            assert!(why.contains(says) && !why.contains('\n'), "{bad}: {why}");
        }
    }
}
