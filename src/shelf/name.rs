//! The names of what is kept, and what follows from them: what a restore needs, and what can go.

use super::Object;
use crate::store::{Dumped, FileId, Link};
use crate::time::At;
use std::fmt;
use std::time::Duration;

/// What every name ends with, and what the name of something sealed has after that.
const ENDING: &str = ".samovar";
const SEALED: &str = ".age";
/// What the name of a whole copy begins with, and of one whose books are not right.
const SOUND: &str = "full";
const UNSOUND: &str = "unsound";

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A whole copy.
    Full {
        /// When it was begun, to the second; later than all that were there, whatever the clock said.
        at: At,
        /// The chain that goes on from it.
        link: Option<Link>,
        /// Its books were right when it was made.
        is_sound: bool,
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
    /// Of which file.
    pub file: FileId,
    /// Whether it is sealed.
    pub is_sealed: bool,
    /// How long it is.
    pub size_bytes: u64,
    /// When it was written, as the place says.
    pub written: Option<At>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file;
        match &self.what {
            What::Full { at, link, is_sound } => {
                let kind = if *is_sound { SOUND } else { UNSOUND };
                write!(f, "{kind}-{}-{file}", compact(*at))?;
                if let Some(Link { epoch, upto, commit }) = link {
                    write!(f, "-{epoch}-{upto}-{commit}")?;
                }
            }
            // Numbers that sort as texts do.
            What::Changes { epoch, number } => write!(f, "changes-{file}-{epoch:013}-{number:08}")?,
        }
        f.write_str(ENDING)?;
        if self.is_sealed { f.write_str(SEALED) } else { Ok(()) }
    }
}

impl Kept {
    /// A new whole copy, beside those that are kept: it is the newest by its name, too.
    pub fn full(file: FileId, dumped: &Dumped, kept: &[Self], is_sound: bool, is_sealed: bool) -> Self {
        let link = Link::of(dumped);
        let after = newest(kept).and_then(Self::begun).map(|newest| newest.plus(Duration::from_secs(1)));
        let at = whole_second(dumped.at);
        let at = after.map_or(at, |after| after.max(at));
        let what = What::Full { at, link: (link.epoch > 0).then_some(link), is_sound };
        Self { what, file, is_sealed, size_bytes: 0, written: None }
    }

    /// A new shipment.
    pub fn changes(file: FileId, epoch: u64, number: u64, is_sealed: bool) -> Self {
        Self { what: What::Changes { epoch, number }, file, is_sealed, size_bytes: 0, written: None }
    }

    /// What an object is by its name; `None` for what is not ours.
    pub fn of(object: &Object) -> Option<Self> {
        let (name, is_sealed) = match object.name.strip_suffix(SEALED) {
            Some(name) => (name, true),
            None => (object.name.as_str(), false),
        };
        let parts: Vec<&str> = name.strip_suffix(ENDING)?.split('-').collect();
        let number = |text: &str| text.parse::<u64>().ok();
        let (file, what) = match parts.as_slice() {
            [kind @ (SOUND | UNSOUND), at, file] => {
                (file, What::Full { at: At::parse(at)?, link: None, is_sound: *kind == SOUND })
            }
            [kind @ (SOUND | UNSOUND), at, file, epoch, upto, commit] => {
                let link = Link { epoch: number(epoch)?, upto: number(upto)?, commit: number(commit)? };
                (file, What::Full { at: At::parse(at)?, link: Some(link), is_sound: *kind == SOUND })
            }
            ["changes", file, epoch, at] => {
                (file, What::Changes { epoch: number(epoch)?, number: number(at)? })
            }
            _ => return None,
        };
        let file = FileId(u32::from_str_radix(file, 16).ok()?);
        let (size_bytes, written) = (object.size_bytes, object.written);
        let kept = Self { what, file, is_sealed, size_bytes, written };
        // What is not written as we write it is somebody else's.
        (kept.to_string() == object.name).then_some(kept)
    }

    /// What an object with this name is.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::of(&Object { name: name.to_owned(), size_bytes: 0, written: None })
    }

    /// The chain that goes on from a whole copy.
    pub fn link(&self) -> Option<Link> {
        match &self.what {
            What::Full { link, .. } => *link,
            What::Changes { .. } => None,
        }
    }

    /// When a whole copy was begun.
    pub fn begun(&self) -> Option<At> {
        match self.what {
            What::Full { at, .. } => Some(at),
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

    /// True for a whole copy whose books were right when it was made.
    pub fn is_sound(&self) -> bool {
        matches!(self.what, What::Full { is_sound: true, .. })
    }
}

/// `20261127T065500Z`: sorts as a text.
pub fn compact(at: At) -> String {
    at.to_string().chars().filter(|one| !matches!(one, '-' | ':')).collect()
}

fn whole_second(at: At) -> At {
    At(at.0.div_euclid(1000) * 1000)
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

impl Plan {
    /// Whether opening it takes a key.
    pub fn is_sealed(&self) -> bool {
        self.full.is_sealed || self.changes.iter().any(|one| one.is_sealed)
    }

    /// Its shipments up to the first that is missing: what comes after that one cannot be used.
    pub fn unbroken(&self) -> &[Kept] {
        let next = |one: &Kept, link: Link, place: usize| {
            let number =
                one.number_in(link.epoch).and_then(|number| number.checked_sub(link.upto.saturating_add(1)));
            number.is_some_and(|number| usize::try_from(number) == Ok(place))
        };
        let follow =
            |link| (0..).zip(&self.changes).take_while(|(place, one)| next(one, link, *place)).count();
        &self.changes[..self.full.link().map_or(0, follow)]
    }

    /// How much is to be fetched.
    pub(super) fn size_bytes(&self) -> u64 {
        self.changes.iter().map(|one| one.size_bytes).fold(self.full.size_bytes, u64::saturating_add)
    }
}

/// What restores the newest state, or the one that ends with the object `upto`: a whole copy as it is, or a
/// shipment with all before it. The best comes first, and each after it goes back to an older copy of the same
/// file, for when those before it are damaged. Nothing, when there is no such object, or no copy before it.
pub fn plans(kept: &[Kept], upto: Option<&str>) -> Vec<Plan> {
    let Some(last) = (match upto {
        None => newest(kept),
        Some(upto) => kept.iter().find(|one| one.to_string() == upto),
    }) else {
        return Vec::new();
    };
    let fulls = kept.iter().rev().filter(|one| one.is_full() && one.file == last.file);
    match (&last.what, upto) {
        (What::Full { .. }, Some(_)) => vec![Plan { full: last.clone(), changes: Vec::new() }],
        (What::Full { .. }, None) => fulls.map(|full| followed(kept, full, u64::MAX)).collect(),
        (What::Changes { epoch, number }, _) => {
            let is_before = |link: Link| link.epoch == *epoch && link.upto < *number;
            let fulls = fulls.filter(|full| full.link().is_some_and(is_before));
            fulls.map(|full| followed(kept, full, *number)).collect()
        }
    }
}

/// A whole copy with the shipments after it, up to this number; a shipment is followed by none.
pub fn followed(kept: &[Kept], full: &Kept, upto: u64) -> Plan {
    let follows = |one: &&Kept| {
        full.link().is_some_and(|link| {
            let number = one.number_in(link.epoch).filter(|_| one.file == full.file);
            number.is_some_and(|number| number > link.upto && number <= upto)
        })
    };
    let mut changes: Vec<Kept> = Vec::new();
    for one in kept.iter().filter(follows) {
        match changes.last_mut() {
            // It was made again, sealed otherwise: the later one has more in it, and the next one follows that.
            Some(last) if last.what == one.what => {
                if one.written > last.written {
                    *last = one.clone();
                }
            }
            Some(_) | None => changes.push(one.clone()),
        }
    }
    Plan { full: full.clone(), changes }
}

/// What can go of one file once there are `keep` newer whole copies: the older ones, and shipments that follow
/// none that stays. Those whose books are not right are counted by themselves, so that none that is good goes for
/// them; once all good ones that stay are newer, they go, too.
pub(super) fn superfluous(own: &[Kept], keep: usize) -> Vec<Kept> {
    let newest = |is_sound: bool| {
        own.iter().rev().filter(move |one| one.is_full() && one.is_sound() == is_sound).take(keep)
    };
    let mut stay: Vec<&Kept> = newest(true).collect();
    let oldest = stay.last().and_then(|one| one.begun());
    stay.extend(newest(false).filter(|one| one.begun() > oldest));
    // A chain is called after when it began; one that is younger than all copies waits for its own.
    let is_young = |epoch: u64| {
        let began = whole_second(At(i64::try_from(epoch).unwrap_or(i64::MAX)));
        stay.iter().filter_map(|full| full.begun()).all(|at| at < began)
    };
    let is_needed = |one: &Kept| match one.what {
        What::Full { .. } => stay.contains(&one),
        What::Changes { epoch, number } => {
            let follows = |link: Link| link.epoch == epoch && number > link.upto;
            is_young(epoch) || stay.iter().any(|full| full.link().is_some_and(follows))
        }
    };
    own.iter().filter(|one| !is_needed(one)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<Kept> {
        let object = |name: &&str| Object { name: (*name).to_owned(), size_bytes: 7, written: None };
        sorted(&names.iter().map(object).collect::<Vec<_>>())
    }

    fn names(kept: &[Kept]) -> Vec<String> {
        kept.iter().map(Kept::to_string).collect()
    }

    const SHELF: [&str; 10] = [
        "changes-0000beef-0000000000005-00000001.samovar",
        "changes-0000beef-0000000000005-00000002.samovar",
        "changes-0000beef-0000000000005-00000003.samovar.age",
        "changes-0000beef-0000000000006-00000001.samovar",
        "full-20261124T000000Z-0000beef.samovar",
        "full-20261125T000000Z-0000beef-5-0-0.samovar",
        "full-20261126T000000Z-0000beef-5-2-100.samovar",
        "full-20261127T000000Z-0000beef-6-0-0.samovar.age",
        "notes.txt",
        "full-20261127T000000Z.samovar",
    ];
    /// Another file's.
    const OTHERS: [&str; 2] =
        ["changes-0000cafe-0000000000005-00000003.samovar", "full-20261125T120000Z-0000cafe-5-2-100.samovar"];

    #[test]
    fn only_what_is_named_as_we_name_it_is_ours() {
        let strange = [
            "full-20261127T000000Z-beef.samovar",
            "full-20261127T000000Z-0000BEEF.samovar",
            "full-2026-11-27T00:00:00Z-0000beef.samovar",
            "full-20261127T000000Z-0000beef-1-2-03.samovar",
            "changes-0000beef-5-1.samovar",
        ];
        let kept = kept(&[&SHELF[..], &strange].concat());
        assert_eq!(names(&kept), [&SHELF[4..8], &SHELF[..4]].concat());
        assert!(kept.iter().all(|one| one.size_bytes == 7 && one.file == FileId(0xbeef)));
    }

    fn given(kept: &[Kept], upto: Option<&str>) -> Vec<(String, Vec<String>)> {
        let plans = plans(kept, upto);
        plans.iter().map(|plan| (plan.full.to_string(), names(&plan.changes))).collect()
    }

    fn expected(plans: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let text = |name: &&str| (*name).to_owned();
        plans.iter().map(|(full, changes)| (text(full), changes.iter().map(text).collect())).collect()
    }

    #[test]
    fn a_restore_takes_the_newest_copy_and_what_follows_it_or_ends_where_it_is_told() {
        let kept = kept(&[&SHELF[..], &OTHERS].concat());
        let of = |upto| given(&kept, upto);
        // Behind the newest those which it may have to go back to.
        let (five, six, seven) = (SHELF[5], SHELF[6], SHELF[7]);
        let newest: [(&str, &[&str]); 4] =
            [(seven, &SHELF[3..4]), (six, &SHELF[2..3]), (five, &SHELF[..3]), (SHELF[4], &[])];
        assert_eq!(of(None), expected(&newest));
        assert_eq!(of(Some(five)), expected(&[(five, &[])]), "a copy as it is, and no other");
        assert_eq!(of(Some(SHELF[1])), expected(&[(five, &SHELF[..2])]), "the newest copy before it");
        assert_eq!(of(Some(SHELF[2])), expected(&[(six, &SHELF[2..3]), (five, &SHELF[..3])]));
        assert_eq!(of(Some(OTHERS[0])), expected(&[(OTHERS[1], &OTHERS[..1])]));
        assert_eq!(of(Some("full-20261128T000000Z-0000beef.samovar")), []);
        assert_eq!(plans(&[], None), []);
        let reach = |full: usize, without: usize| {
            let kept: Vec<Kept> =
                kept.iter().filter(|one| one.to_string() != SHELF[without]).cloned().collect();
            let full = kept.iter().find(|one| one.to_string() == SHELF[full]).expect("it is kept");
            let plan = followed(&kept, full, u64::MAX);
            (plan.unbroken().len(), plan.changes.len())
        };
        assert_eq!((reach(5, 8), reach(5, 2)), ((3, 3), (2, 2)), "all of them");
        assert_eq!((reach(5, 1), reach(5, 0)), ((1, 2), (0, 2)), "up to the first that is missing");
        assert_eq!((reach(6, 0), reach(4, 0)), ((1, 1), (0, 0)));
    }

    #[test]
    fn old_copies_go_with_the_shipments_that_follow_none_that_stays() {
        let kept = kept(&SHELF);
        let gone = |keep| names(&superfluous(&kept, keep));
        assert!(gone(4).is_empty());
        assert_eq!(gone(3), SHELF[4..5]);
        assert_eq!(gone(2), [SHELF[4], SHELF[5], SHELF[0], SHELF[1]]);
        assert_eq!(gone(1), [SHELF[4], SHELF[5], SHELF[6], SHELF[0], SHELF[1], SHELF[2]]);
        let full = "full-20261125T000000Z-0000beef.samovar";
        let young = self::kept(&["changes-0000beef-1800000000000-00000001.samovar", full]);
        assert!(superfluous(&young, 1).is_empty(), "its copy is still being made");
        let over = self::kept(&[SHELF[0], full]);
        assert_eq!(names(&superfluous(&over, 1)), SHELF[..1], "nothing is shipped any more");
    }

    #[test]
    fn a_new_copy_is_the_newest_by_its_name_whatever_the_clock_says() {
        let (kept, file) = (kept(&[&SHELF[..], &OTHERS].concat()), FileId(0xbeef));
        let named = |at: &str| {
            let at = At::parse(at).expect("a time");
            let dumped = Dumped {
                epoch: 0,
                upto: 0,
                commit: 0,
                rows: 0,
                seq: 0,
                head: [0; 32],
                at,
                raw_bytes: 0,
                bytes: 0,
                hash: [0; 32],
            };
            Kept::full(file, &dumped, &kept, true, false).to_string()
        };
        assert_eq!(named("2026-11-28T10:20:30.456Z"), "full-20261128T102030Z-0000beef.samovar");
        for at in ["2026-11-27T00:00:00.999Z", "2020-01-01T00:00:00Z"] {
            assert_eq!(named(at), "full-20261127T000001Z-0000beef.samovar");
        }
    }

    #[test]
    fn no_good_copy_goes_for_those_whose_books_are_not_right() {
        let sound =
            ["full-20261121T000000Z-0000beef.samovar", "full-20261122T000000Z-0000beef-5-1-9.samovar"];
        let unsound = [
            "unsound-20261123T000000Z-0000beef-5-2-10.samovar",
            "unsound-20261124T000000Z-0000beef-6-0-0.samovar",
            "unsound-20261125T000000Z-0000beef-6-1-3.samovar.age",
        ];
        let shipment = "changes-0000beef-0000000000006-00000001.samovar";
        let all = kept(&[&sound[..], &unsound, &[shipment]].concat());
        assert_eq!(
            names(&all),
            [&sound[..], &unsound, &[shipment]].concat(),
            "they are the newest, and are listed"
        );
        assert_eq!(newest(&all).map(Kept::to_string).as_deref(), Some(unsound[2]));
        let gone = |kept: &[Kept], keep| names(&superfluous(kept, keep));
        assert_eq!(gone(&all, 3), [""; 0]);
        assert_eq!(gone(&all, 2), unsound[..1]);
        // Each new one that is good takes the place of an older one that is, until all are newer.
        let mended = ["full-20261126T000000Z-0000beef.samovar", "full-20261127T000000Z-0000beef.samovar"];
        let one = kept(&[&sound[..], &unsound, &mended[..1]].concat());
        assert_eq!(gone(&one, 2), [sound[0], unsound[0]]);
        let both = kept(&[&sound[1..], &unsound, &mended].concat());
        assert_eq!(gone(&both, 2), [&sound[1..], &unsound].concat());
    }

    #[test]
    fn of_a_shipment_that_was_made_again_the_later_one_is_followed() {
        let at = |name: &str, written: i64| {
            let object = Object { name: name.to_owned(), size_bytes: 7, written: Some(At(written)) };
            Kept::of(&object).expect("ours")
        };
        let full = at("full-20261125T000000Z-0000beef-5-0-0.samovar", 1);
        let names_of = |second: i64, sealed: i64| {
            let kept = [
                full.clone(),
                at("changes-0000beef-0000000000005-00000001.samovar", 2),
                at("changes-0000beef-0000000000005-00000002.samovar", second),
                at("changes-0000beef-0000000000005-00000002.samovar.age", sealed),
                at("changes-0000beef-0000000000005-00000003.samovar.age", 9),
            ];
            let plan = followed(&kept, &full, u64::MAX);
            assert_eq!(plan.unbroken().len(), 3, "{plan:?}");
            plan.changes[1].is_sealed
        };
        assert!(names_of(3, 4) && !names_of(4, 3));
    }
}
