//! The names of what is kept, and what follows from them: what a restore needs, and what can go.

use super::Object;
use crate::store::{Dumped, Stream};
use crate::time::At;
use std::fmt;

/// What every name ends with, and what the name of something sealed has after that.
const ENDING: &str = ".samovar";
const SEALED: &str = ".age";

/// Where a chain of shipments goes on from a whole copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Which chain.
    pub epoch: u64,
    /// Its shipments up to this one are in the copy.
    pub upto: u64,
    /// Its last commit that is in the copy.
    pub commit: u64,
}

impl Link {
    /// Where shipments go on from a copy.
    pub fn of(dumped: &Dumped) -> Self {
        Self { epoch: dumped.epoch, upto: dumped.upto, commit: dumped.commit }
    }

    /// Whether the next shipment will follow a copy with this link, given the greatest number of a shipment
    /// of its chain that is kept. False when somebody put an older file back.
    pub fn goes_on(&self, stream: &Stream, newest: Option<u64>) -> bool {
        self.epoch == stream.epoch
            && self.upto <= stream.shipped
            && self.commit <= stream.commit
            && newest.is_none_or(|newest| newest <= stream.shipped + 1)
    }
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A whole copy.
    Full {
        /// When it was begun, to the second: `20261127T065500Z`.
        at: String,
        /// The chain that goes on from it.
        link: Option<Link>,
    },
    /// What changed between two shipments.
    Changes {
        /// Their chain.
        epoch: u64,
        /// The number in it, from 1.
        number: u64,
    },
}

/// One of our objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// What it is.
    pub what: What,
    /// Whether it is sealed.
    pub is_sealed: bool,
    /// How long it is.
    pub size_bytes: u64,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Full { at, link: None } => write!(f, "full-{at}")?,
            What::Full { at, link: Some(Link { epoch, upto, commit }) } => {
                write!(f, "full-{at}-{epoch}-{upto}-{commit}")?;
            }
            // Numbers that sort as texts do.
            What::Changes { epoch, number } => write!(f, "changes-{epoch:013}-{number:08}")?,
        }
        f.write_str(ENDING)?;
        if self.is_sealed { f.write_str(SEALED) } else { Ok(()) }
    }
}

impl Kept {
    /// A new whole copy.
    pub fn full(dumped: &Dumped, is_sealed: bool) -> Self {
        let link = Link::of(dumped);
        let what = What::Full { at: compact(dumped.at), link: (link.epoch > 0).then_some(link) };
        Self { what, is_sealed, size_bytes: 0 }
    }

    /// A new shipment.
    pub fn changes(epoch: u64, number: u64, is_sealed: bool) -> Self {
        Self { what: What::Changes { epoch, number }, is_sealed, size_bytes: 0 }
    }

    /// What an object is by its name; `None` for what is not ours.
    pub fn of(object: &Object) -> Option<Self> {
        let (name, is_sealed) = match object.name.strip_suffix(SEALED) {
            Some(name) => (name, true),
            None => (object.name.as_str(), false),
        };
        let mut parts = name.strip_suffix(ENDING)?.split('-');
        let kind = parts.next()?;
        let first = parts.next()?;
        let numbers: Option<Vec<u64>> = parts.map(|part| part.parse().ok()).collect();
        let what = match (kind, numbers?.as_slice()) {
            ("full", []) => What::Full { at: first.to_owned(), link: None },
            ("full", [epoch, upto, commit]) => {
                let link = Link { epoch: *epoch, upto: *upto, commit: *commit };
                What::Full { at: first.to_owned(), link: Some(link) }
            }
            ("changes", [number]) => What::Changes { epoch: first.parse().ok()?, number: *number },
            _ => return None,
        };
        let kept = Self { what, is_sealed, size_bytes: object.size_bytes };
        // What is not written as we write it is somebody else's.
        (kept.to_string() == object.name).then_some(kept)
    }

    /// The chain that goes on from a whole copy.
    pub fn link(&self) -> Option<Link> {
        match &self.what {
            What::Full { link, .. } => *link,
            What::Changes { .. } => None,
        }
    }

    fn number_in(&self, epoch: u64) -> Option<u64> {
        match self.what {
            What::Changes { epoch: its, number } if its == epoch => Some(number),
            What::Changes { .. } | What::Full { .. } => None,
        }
    }

    /// True for a whole copy.
    pub fn is_full(&self) -> bool {
        matches!(self.what, What::Full { .. })
    }
}

/// `20261127T065500Z`: sorts as a text.
pub fn compact(at: At) -> String {
    at.to_string().chars().filter(|one| !matches!(one, '-' | ':')).collect()
}

/// What is kept, whole copies first, each kind from the oldest to the newest.
pub(super) fn sorted(objects: &[Object]) -> Vec<Kept> {
    let mut kept: Vec<Kept> = objects.iter().filter_map(Kept::of).collect();
    kept.sort();
    kept
}

/// The newest whole copy.
pub fn newest(kept: &[Kept]) -> Option<&Kept> {
    kept.iter().rfind(|one| one.is_full())
}

/// The greatest number of a shipment of a chain.
pub fn newest_shipment(kept: &[Kept], epoch: u64) -> Option<u64> {
    kept.iter().filter_map(|one| one.number_in(epoch)).max()
}

/// What a restore reads: a whole copy, and the shipments after it in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The copy.
    pub full: Kept,
    /// The shipments.
    pub changes: Vec<Kept>,
}

/// What restores the newest state, or the one that ends with the object `upto`: a whole copy as it is, or a
/// shipment with all before it. `None` when there is no such object, or no whole copy before it.
pub fn plan(kept: &[Kept], upto: Option<&str>) -> Option<Plan> {
    let Some(upto) = upto else { return Some(followed(kept, newest(kept)?, u64::MAX)) };
    let last = kept.iter().find(|one| one.to_string() == upto)?;
    match last.what {
        What::Full { .. } => Some(Plan { full: last.clone(), changes: Vec::new() }),
        What::Changes { epoch, number } => {
            let is_before = |link: Link| link.epoch == epoch && link.upto < number;
            let full = kept.iter().rfind(|one| one.link().is_some_and(is_before))?;
            Some(followed(kept, full, number))
        }
    }
}

fn followed(kept: &[Kept], full: &Kept, upto: u64) -> Plan {
    let follows = |one: &&Kept| {
        full.link().is_some_and(|link| {
            one.number_in(link.epoch).is_some_and(|number| number > link.upto && number <= upto)
        })
    };
    Plan { full: full.clone(), changes: kept.iter().filter(follows).cloned().collect() }
}

/// What can go once there are `keep` newer whole copies: the older ones, and shipments that follow none that
/// stays.
pub(super) fn superfluous(kept: &[Kept], keep: usize) -> Vec<Kept> {
    let fulls: Vec<&Kept> = kept.iter().filter(|one| one.is_full()).collect();
    let (old, stay) = fulls.split_at(fulls.len().saturating_sub(keep));
    // A chain is called after when it began; one that is younger than all copies waits for its own.
    let is_young = |epoch: u64| {
        let began = compact(At(i64::try_from(epoch).unwrap_or(i64::MAX)));
        stay.iter().all(|full| matches!(&full.what, What::Full { at, .. } if *at < began))
    };
    let is_needed = |one: &Kept| match one.what {
        What::Full { .. } => !old.contains(&one),
        What::Changes { epoch, number } => {
            let follows = |link: Link| link.epoch == epoch && number > link.upto;
            is_young(epoch) || stay.iter().any(|full| full.link().is_some_and(follows))
        }
    };
    kept.iter().filter(|one| !is_needed(one)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<Kept> {
        let object = |name: &&str| Object { name: (*name).to_owned(), size_bytes: 7 };
        sorted(&names.iter().map(object).collect::<Vec<_>>())
    }

    fn names(kept: &[Kept]) -> Vec<String> {
        kept.iter().map(Kept::to_string).collect()
    }

    const SHELF: [&str; 9] = [
        "changes-0000000000005-00000001.samovar",
        "changes-0000000000005-00000002.samovar",
        "changes-0000000000005-00000003.samovar.age",
        "changes-0000000000006-00000001.samovar",
        "full-20261124T000000Z.samovar",
        "full-20261125T000000Z-5-0-0.samovar",
        "full-20261126T000000Z-5-2-100.samovar",
        "full-20261127T000000Z-6-0-0.samovar.age",
        "notes.txt",
    ];

    #[test]
    fn only_what_is_named_as_we_name_it_is_ours() {
        let kept = kept(
            &[&SHELF[..], &["full-1-2.samovar", "full-x-1-2-03.samovar", "changes-5-1.samovar"]].concat(),
        );
        assert_eq!(names(&kept), [&SHELF[4..8], &SHELF[..4]].concat());
        assert!(kept.iter().all(|one| one.size_bytes == 7));
    }

    #[test]
    fn a_restore_takes_the_newest_copy_and_what_follows_it_or_ends_where_it_is_told() {
        let kept = kept(&SHELF);
        let of =
            |upto: Option<&str>| plan(&kept, upto).map(|plan| (plan.full.to_string(), names(&plan.changes)));
        let given = |full: &str, changes: &[&str]| {
            Some((full.to_owned(), changes.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()))
        };
        assert_eq!(of(None), given(SHELF[7], &SHELF[3..4]));
        assert_eq!(of(Some(SHELF[5])), given(SHELF[5], &[]), "a copy as it is");
        assert_eq!(of(Some(SHELF[1])), given(SHELF[5], &SHELF[..2]), "the newest copy before it");
        assert_eq!(of(Some(SHELF[2])), given(SHELF[6], &SHELF[2..3]));
        assert_eq!(of(Some("full-20261128T000000Z.samovar")), None);
        assert_eq!(plan(&[], None), None);
    }

    #[test]
    fn old_copies_go_with_the_shipments_that_follow_none_that_stays() {
        let kept = kept(&SHELF);
        let gone = |keep| names(&superfluous(&kept, keep));
        assert!(gone(4).is_empty());
        assert_eq!(gone(3), SHELF[4..5]);
        assert_eq!(gone(2), [SHELF[4], SHELF[5], SHELF[0], SHELF[1]]);
        assert_eq!(gone(1), [SHELF[4], SHELF[5], SHELF[6], SHELF[0], SHELF[1], SHELF[2]]);
        let full = "full-20261125T000000Z.samovar";
        let young = self::kept(&["changes-1800000000000-00000001.samovar", full]);
        assert!(superfluous(&young, 1).is_empty(), "its copy is still being made");
        let over = self::kept(&[SHELF[0], full]);
        assert_eq!(names(&superfluous(&over, 1)), SHELF[..1], "nothing is shipped any more");
    }

    #[test]
    fn a_chain_goes_on_only_where_its_copy_and_its_shipments_left_it() {
        let link = Link { epoch: 5, upto: 2, commit: 100 };
        let stream = Stream { epoch: 5, shipped: 4, commit: 200 };
        assert!(
            link.goes_on(&stream, Some(4)) && link.goes_on(&stream, Some(5)) && link.goes_on(&stream, None)
        );
        assert!(!link.goes_on(&stream, Some(6)), "shipments of a future that this file never saw");
        assert!(!link.goes_on(&Stream { epoch: 6, ..stream }, None));
        assert!(!link.goes_on(&Stream { shipped: 1, ..stream }, None));
        assert!(!link.goes_on(&Stream { commit: 99, ..stream }, None));
    }
}
