//! A TOML file as fields with their lines. Every complaint names the line it is about, and reading
//! goes on after it, so that one build shows all of them.

use super::{Error, error};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    value: &'t DeValue<'t>,
    pub(super) line: u32,
}

/// Which file is read, and what was wrong so far.
pub(super) struct Context<'t> {
    path: &'t str,
    /// Where its lines end.
    breaks: Vec<usize>,
    errors: &'t mut Vec<Error>,
}

impl<'t> Context<'t> {
    pub(super) fn new(path: &'t str, text: &'t str, errors: &'t mut Vec<Error>) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
        Self { path, breaks: breaks.collect(), errors }
    }

    pub(super) fn complain(&mut self, line: u32, message: impl Into<String>) {
        self.errors.push(error(self.path, line, message));
    }

    /// The number of complaints so far: equal before and after means that nothing was wrong.
    pub(super) fn complaints(&self) -> usize {
        self.errors.len()
    }

    /// The line on which a byte of the file stands.
    pub(super) fn line(&self, offset: usize) -> u32 {
        let breaks = self.breaks.partition_point(|at| *at < offset);
        u32::try_from(breaks).map_or(u32::MAX, |breaks| breaks.saturating_add(1))
    }

    fn node(&self, value: &'t Spanned<DeValue<'t>>) -> Node<'t> {
        Node { value: value.get_ref(), line: self.line(value.span().start) }
    }
}

/// The fields of one table; those nobody asked for are complained of at the end.
pub(super) struct Fields<'t> {
    /// Where the table begins.
    pub(super) line: u32,
    left: Vec<(&'t str, u32, Node<'t>)>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(context: &Context<'t>, table: &'t DeTable<'t>, line: u32) -> Self {
        let left = table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), context.line(key.span().start), context.node(value)))
            .collect();
        Self { line, left }
    }

    /// The line of a field that nobody took yet.
    pub(super) fn line_of(&self, key: &str) -> Option<u32> {
        self.left.iter().find(|(name, _, _)| *name == key).map(|(_, line, _)| *line)
    }

    /// The value of a field that may be absent.
    pub(super) fn take(&mut self, key: &str) -> Option<Node<'t>> {
        let at = self.left.iter().position(|(name, _, _)| *name == key)?;
        Some(self.left.swap_remove(at).2)
    }

    /// The value of a field that must be there.
    pub(super) fn need(&mut self, context: &mut Context<'t>, key: &str) -> Option<Node<'t>> {
        let found = self.take(key);
        if found.is_none() {
            context.complain(self.line, format!("`{key}` is missing"));
        }
        found
    }

    /// A text that must be there and say something.
    pub(super) fn text(&mut self, context: &mut Context<'t>, key: &str) -> Option<String> {
        let node = self.need(context, key)?;
        let text = node.text(context, key)?;
        if text.trim().is_empty() {
            context.complain(node.line, format!("`{key}` is empty"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A whole number of at least `least` that must be there.
    pub(super) fn count(&mut self, context: &mut Context<'t>, key: &str, least: u32) -> Option<u32> {
        let node = self.need(context, key)?;
        node.count(context, key, least)
    }

    /// A whole number of at least 1; `Some(None)` when absent.
    #[allow(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn optional_count(&mut self, context: &mut Context<'t>, key: &str) -> Option<Option<u32>> {
        self.take(key).map_or(Some(None), |node| node.count(context, key, 1).map(Some))
    }

    /// A truth value, false when absent.
    pub(super) fn flag(&mut self, context: &mut Context<'t>, key: &str) -> Option<bool> {
        self.take(key).map_or(Some(false), |node| node.boolean(context, key))
    }

    /// One of a closed list.
    pub(super) fn word<W>(
        &mut self,
        context: &mut Context<'t>,
        key: &str,
        read: impl Fn(&str) -> Option<W>,
    ) -> Option<W> {
        let node = self.need(context, key)?;
        let name = node.text(context, key)?;
        let word = read(name);
        if word.is_none() {
            context.complain(node.line, format!("unknown {key} {name:?}"));
        }
        word
    }

    /// Every field that nobody took, with the lines of their keys, in the order of the file.
    pub(super) fn rest(mut self) -> Vec<(&'t str, u32, Node<'t>)> {
        self.left.sort_by_key(|(_, line, _)| *line);
        self.left
    }

    /// Lets every field go but these.
    pub(super) fn forget(&mut self, but: &[&str]) {
        self.left.retain(|(key, _, _)| but.contains(key));
    }

    /// Complains of every field that nobody took.
    pub(super) fn finish(self, context: &mut Context<'t>) {
        for (key, line, _) in self.left {
            context.complain(line, format!("unknown key `{key}`"));
        }
    }
}

impl<'t> Node<'t> {
    fn wrong(self, context: &mut Context<'t>, key: &str, wanted: &str) {
        let message = format!("`{key}` must be {wanted}, it is {}", self.value.type_str());
        context.complain(self.line, message);
    }

    pub(super) fn text(self, context: &mut Context<'t>, key: &str) -> Option<&'t str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong(context, key, "a text");
        }
        text
    }

    pub(super) fn boolean(self, context: &mut Context<'t>, key: &str) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.wrong(context, key, "true or false");
        }
        boolean
    }

    pub(super) fn integer(self, context: &mut Context<'t>, key: &str) -> Option<i64> {
        let integer = self.value.as_integer().and_then(|integer| integer.as_str().parse().ok());
        if integer.is_none() {
            self.wrong(context, key, "a whole number");
        }
        integer
    }

    pub(super) fn count(self, context: &mut Context<'t>, key: &str, least: u32) -> Option<u32> {
        let integer = self.integer(context, key)?;
        match u32::try_from(integer) {
            Ok(count) if count >= least => Some(count),
            Ok(_) | Err(_) => {
                context.complain(self.line, format!("`{key}` is {integer}, it must be at least {least}"));
                None
            }
        }
    }

    /// A number with its exact decimals.
    pub(super) fn decimal(self, context: &mut Context<'t>, key: &str) -> Option<Decimal> {
        let text = self
            .value
            .as_integer()
            .map(toml::de::DeInteger::as_str)
            .or_else(|| self.value.as_float().map(toml::de::DeFloat::as_str));
        let decimal = text.and_then(|text| Decimal::from_str_exact(text).ok());
        if decimal.is_none() {
            self.wrong(context, key, "a number");
        }
        decimal
    }

    pub(super) fn list(self, context: &mut Context<'t>, key: &str) -> Option<Vec<Node<'t>>> {
        let list: Option<&DeArray<'t>> = self.value.as_array();
        if list.is_none() {
            self.wrong(context, key, "a list");
        }
        list.map(|list| list.iter().map(|value| context.node(value)).collect())
    }

    /// A list of texts, none of them twice, at least one.
    pub(super) fn texts(self, context: &mut Context<'t>, key: &str) -> Option<Vec<String>> {
        let (mut texts, mut seen) = (Vec::new(), BTreeSet::new());
        for node in self.list(context, key)? {
            let text = node.text(context, key)?;
            if !seen.insert(text) {
                context.complain(node.line, format!("`{key}` has {text:?} twice"));
            }
            texts.push(text.to_owned());
        }
        if texts.is_empty() {
            context.complain(self.line, format!("`{key}` is empty"));
            return None;
        }
        Some(texts)
    }

    /// The text, if it is one; no complaint.
    pub(super) fn as_text(self) -> Option<&'t str> {
        self.value.as_str()
    }

    pub(super) fn fields(self, context: &mut Context<'t>, key: &str) -> Option<Fields<'t>> {
        let table: Option<&DeTable<'t>> = self.value.as_table();
        if table.is_none() {
            self.wrong(context, key, "a table");
        }
        table.map(|table| Fields::new(context, table, self.line))
    }
}
