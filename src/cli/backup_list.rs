//! `samovar backup list`: what is kept, and how far the changes after each whole copy reach.

use super::output::{number, text};
use super::{Failure, Output};
use crate::shelf::{Keeper, Kept, What, followed};
use serde::Serialize;

#[derive(Serialize)]
struct Shelf {
    place: String,
    backups: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    kind: &'static str,
    bytes: u64,
    sealed: bool,
    /// When it was written, by the place's own clock.
    written: Option<String>,
    /// Of a whole copy: what follows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
}

#[derive(Serialize)]
struct Changes {
    /// So many follow one another.
    shipments: usize,
    /// The last of those; `None`: the first is missing.
    last: Option<String>,
    written: Option<String>,
    /// So many come after one that is missing, and cannot be used with this copy.
    unusable: usize,
}

pub(super) async fn run(output: Output, keeper: &Keeper) -> Result<(), Failure> {
    let kept = keeper.list().await?;
    let backups = kept.iter().map(|one| line(&kept, one)).collect();
    let shelf = Shelf { place: keeper.place(), backups };
    output.answer(&shelf, |output| say_shelf(output, &shelf))
}

fn line(kept: &[Kept], one: &Kept) -> Line {
    let written = |one: &Kept| one.written.map(|at| at.to_string());
    let following = followed(kept, one, u64::MAX);
    let usable = following.unbroken();
    let changes = (!following.changes.is_empty()).then(|| Changes {
        shipments: usable.len(),
        last: usable.last().map(Kept::to_string),
        written: usable.last().and_then(written),
        unusable: following.changes.len() - usable.len(),
    });
    Line {
        name: one.to_string(),
        kind: match one.what {
            What::Full { is_sound: true, .. } => "full",
            What::Full { is_sound: false, .. } => "unsound",
            What::Changes { .. } => "changes",
        },
        bytes: one.size_bytes,
        sealed: one.is_sealed,
        written: written(one),
        changes,
    }
}

/// All whole copies, and how far the changes reach that follow each: they are many.
fn say_shelf(output: Output, shelf: &Shelf) -> String {
    let Shelf { place, backups } = shelf;
    if backups.is_empty() {
        return format!("There are no backups in {place}.");
    }
    let mut table = output.table(&["whole copy", "bytes", "", "changes after it", "the last of them"]);
    for line in backups.iter().filter(|line| line.kind != "changes") {
        let sealed = if line.sealed { "sealed" } else { "" };
        let count = line.changes.as_ref().map_or(0, |changes| changes.shipments);
        let name = line.name.as_str().into();
        let reach = line.changes.as_ref().map_or(String::new(), reach);
        table.add_row(vec![name, number(&line.bytes), sealed.into(), number(&count), reach.as_str().into()]);
    }
    format!("{}\nIn {place}.", text(&table))
}

/// Up to where a copy can be restored, line by line.
fn reach(changes: &Changes) -> String {
    let Changes { last, written, unusable, .. } = changes;
    let lost = format!("one is missing; {unusable} after it cannot be used");
    let lost = (*unusable > 0).then_some(lost);
    [last, written, &lost].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n")
}
