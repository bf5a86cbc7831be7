//! How the demo looks: a chat with the customer on the right and the bot on the left, the operator's
//! shell in between, and a `✓` line for everything that was checked.

use crate::sandbox::telegram::Keyboard;
use console::{Style, measure_text_width};
use std::io::{self, Write};

/// The bot's lines begin here.
const BOT_MARGIN: &str = "  │ ";

/// Writes the play.
pub(super) struct Screen<'a> {
    out: &'a mut (dyn Write + Send),
    width: usize,
    colour: bool,
}

impl<'a> Screen<'a> {
    /// Lines of at most `width` columns; plain unless `colour`.
    pub(super) fn new(out: &'a mut (dyn Write + Send), width: usize, colour: bool) -> Self {
        Self { out, width, colour }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// The first lines.
    pub(super) fn title(&mut self, title: &str, below: &str) -> io::Result<()> {
        let title = self.paint(Style::new().bold(), title);
        self.line(&title)?;
        self.aside(below)
    }

    /// A line of the narrator's.
    pub(super) fn aside(&mut self, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width) {
            let line = self.paint(Style::new().dim(), &line);
            self.line(&line)?;
        }
        Ok(())
    }

    /// A new scene.
    pub(super) fn scene(&mut self, number: usize, title: &str) -> io::Result<()> {
        let head = format!("── {number}. {title} ");
        let rest = "─".repeat(self.width.saturating_sub(measure_text_width(&head)));
        let line = self.paint(Style::new().cyan().bold(), &format!("{head}{rest}"));
        self.line("")?;
        self.line(&line)?;
        self.line("")
    }

    /// What a customer writes or taps, on the right.
    pub(super) fn customer(&mut self, name: &str, does: &str) -> io::Result<()> {
        let room = self.width * 3 / 5;
        let mut lines = wrap(does, room);
        if let Some(first) = lines.first_mut() {
            *first = format!("{name}: {first}");
        }
        for line in lines {
            let indent = " ".repeat(self.width.saturating_sub(measure_text_width(&line)));
            let line = self.paint(Style::new().yellow(), &line);
            self.line(&format!("{indent}{line}"))?;
        }
        Ok(())
    }

    /// A message of the bot, on the left: its picture, its text, its buttons.
    pub(super) fn bot(&mut self, picture: Option<&str>, text: &str, buttons: &Keyboard) -> io::Result<()> {
        let margin = self.paint(Style::new().cyan(), BOT_MARGIN);
        let room = (self.width * 4 / 5).saturating_sub(BOT_MARGIN.len());
        if let Some(picture) = picture {
            let picture = self.paint(Style::new().magenta(), picture);
            self.line(&format!("{margin}{picture}"))?;
        }
        for line in text.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| wrap(line, room)) {
            self.line(&format!("{margin}{line}"))?;
        }
        for row in button_rows(buttons, room) {
            let row = self.paint(Style::new().blue(), &row);
            self.line(&format!("{margin}{row}"))?;
        }
        Ok(())
    }

    /// A message of the bot that was shown before in full: its first line is enough.
    pub(super) fn bot_briefly(&mut self, text: &str) -> io::Result<()> {
        let margin = self.paint(Style::new().cyan(), BOT_MARGIN);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let more = self.paint(Style::new().dim(), " …");
        self.line(&format!("{margin}{first}{more}"))
    }

    /// A command in the operator's shell.
    pub(super) fn shell(&mut self, command: &str) -> io::Result<()> {
        let command = self.paint(Style::new().bold(), &format!("  $ {command}"));
        self.line(&command)
    }

    /// What the command wrote.
    pub(super) fn shell_output(&mut self, output: &str) -> io::Result<()> {
        let room = self.width.saturating_sub(2);
        for line in output.trim_end().lines().flat_map(|line| wrap(line, room)) {
            self.line(format!("  {line}").trim_end())?;
        }
        Ok(())
    }

    /// Something that was checked, and held.
    pub(super) fn held(&mut self, what: &str) -> io::Result<()> {
        for (number, line) in wrap(what, self.width.saturating_sub(4)).iter().enumerate() {
            let mark = if number == 0 { "✓" } else { " " };
            let line = self.paint(Style::new().green(), &format!("  {mark} {line}"));
            self.line(&line)?;
        }
        Ok(())
    }

    /// The last line.
    pub(super) fn end(&mut self, text: &str) -> io::Result<()> {
        self.line("")?;
        let text = self.paint(Style::new().green().bold(), text);
        self.line(&text)
    }
}

/// Rows of buttons as `[ label ]`, broken where the room ends.
fn button_rows(keyboard: &Keyboard, room: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for row in keyboard {
        let labels: Vec<String> = row.iter().map(|button| format!("[ {} ]", button.text)).collect();
        rows.extend(fill(labels.iter().map(String::as_str), room));
    }
    rows
}

/// The text in lines of at most `room` columns, broken at blanks; a longer word stays whole.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let lines = fill(text.split(' '), room);
    if lines.is_empty() { vec![String::new()] } else { lines }
}

fn fill<'a>(words: impl Iterator<Item = &'a str>, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Screen<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Screen::new(&mut out, 40, false)).expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_customer_is_on_the_right_and_no_line_is_too_wide() {
        let text = "розовые объёмные буквы в блистерной упаковке на оливковом фоне";
        let written = written(|screen| screen.customer("Анна", text));
        assert!(written.lines().all(|line| measure_text_width(line) == 40), "{written}");
        assert_eq!(written.split_whitespace().collect::<Vec<_>>().join(" "), format!("Анна: {text}"));
    }

    #[test]
    fn without_colour_there_are_no_escape_codes() {
        let written = written(|screen| {
            screen.scene(1, "A scene")?;
            screen.held("it holds")
        });
        assert!(!written.contains('\u{1b}'), "{written:?}");
        assert!(written.ends_with("  ✓ it holds\n"), "{written:?}");
    }

    #[test]
    fn with_colour_there_are() {
        let mut out = Vec::new();
        Screen::new(&mut out, 40, true).held("it holds").expect("written");
        assert!(String::from_utf8_lossy(&out).starts_with('\u{1b}'));
    }

    #[test]
    fn words_are_broken_at_blanks_and_long_ones_stay_whole() {
        assert_eq!(wrap("раз два три", 7), ["раз два", "три"]);
        assert_eq!(wrap("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
