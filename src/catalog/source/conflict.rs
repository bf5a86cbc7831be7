//! Two choices of one model that KIE refuses together.

use super::document::{Context, Fields, Node};
use super::input::{Input, Kind};

/// Both conditions must not hold at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// One of them.
    pub(crate) first: Condition,
    /// The other.
    pub(crate) second: Condition,
}

/// What an input must be for a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The input's name.
    pub(crate) input: String,
    /// How it must be.
    pub(crate) is: Is,
}

/// How an input must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// This value of a choice.
    Value(String),
    /// A list with more files than this.
    MoreThan(u32),
}

/// The conflicts of a model, which come after its inputs.
pub(super) fn read<'t>(
    context: &mut Context<'t>,
    fields: &mut Fields<'t>,
    inputs: &[Input],
) -> Vec<Conflict> {
    let Some(list) = fields.take("conflicts").and_then(|node| node.list(context, "conflicts")) else {
        return Vec::new();
    };
    let mut conflicts = Vec::new();
    for node in list {
        let Some(mut fields) = node.fields(context, "conflicts") else { continue };
        let first = fields.need(context, "first").and_then(|node| condition(context, node, inputs));
        let second = fields.need(context, "second").and_then(|node| condition(context, node, inputs));
        fields.finish(context);
        if let (Some(first), Some(second)) = (first, second) {
            conflicts.push(Conflict { first, second });
        }
    }
    conflicts
}

fn condition<'t>(context: &mut Context<'t>, node: Node<'t>, inputs: &[Input]) -> Option<Condition> {
    let mut fields = node.fields(context, "condition")?;
    let name = fields.text(context, "input")?;
    let is = if let Some(more) = fields.take("more_than") {
        Is::MoreThan(more.count(context, "more_than", 1)?)
    } else {
        Is::Value(fields.text(context, "value")?)
    };
    fields.finish(context);
    let Some(input) = inputs.iter().find(|input| input.name == name) else {
        context.complain(node.line, format!("a conflict names an unknown input {name:?}"));
        return None;
    };
    let possible = match (&is, &input.kind) {
        (Is::Value(value), Kind::Choice { values }) => values.iter().any(|(known, _)| known == value),
        (Is::MoreThan(more), Kind::Images { max_items, .. } | Kind::Videos { max_items, .. }) => {
            more < max_items
        }
        (Is::Value(_) | Is::MoreThan(_), _) => false,
    };
    if !possible {
        context.complain(node.line, format!("a conflict asks of {name} what it can never be"));
        return None;
    }
    Some(Condition { input: name, is })
}
