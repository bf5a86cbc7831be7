//! What is left of unsynced operations when the power goes.

use super::Operation;
use super::image::Image;

/// Disks write whole sectors of so many bytes.
const SECTOR: u64 = 512;

/// How a cut treats the operations together. Fully mixed lots alone would hardly ever lose just one
/// of twenty, or keep just one.
#[derive(Clone, Copy)]
enum Manner {
    NothingStays,
    EverythingStays,
    AllButOne,
    OnlyOne,
    EachByItself,
}

/// What becomes of one operation.
#[derive(Clone, Copy)]
enum Fate {
    Lost,
    Kept,
    /// The first part of a write.
    Head,
    /// The last part of it.
    Tail,
    /// Some sectors of it.
    Sectors,
}

const LOST_OR_TORN: [Fate; 4] = [Fate::Lost, Fate::Head, Fate::Tail, Fate::Sectors];
const KEPT_OR_TORN: [Fate; 4] = [Fate::Kept, Fate::Head, Fate::Tail, Fate::Sectors];
const ANY: [Fate; 7] =
    [Fate::Lost, Fate::Lost, Fate::Kept, Fate::Kept, Fate::Head, Fate::Tail, Fate::Sectors];

/// Puts onto `image` what survives of `unsynced`. Of two writes to a place the later one wins when
/// both survive: a cache may write an early version of a page, but never after a later one.
pub(super) fn settle(image: &mut Image, unsynced: &[Operation], chance: &mut impl FnMut(u64) -> u64) {
    let manner = match chance(6) {
        0 => Manner::NothingStays,
        1 => Manner::EverythingStays,
        2 => Manner::AllButOne,
        3 => Manner::OnlyOne,
        _ => Manner::EachByItself,
    };
    let odd = chance(super::bytes(unsynced.len()).max(1));
    for (number, operation) in (0..).zip(unsynced) {
        let fate = match (manner, number == odd) {
            (Manner::NothingStays, _) | (Manner::OnlyOne, false) => Fate::Lost,
            (Manner::EverythingStays, _) | (Manner::AllButOne, false) => Fate::Kept,
            (Manner::AllButOne, true) => one_of(&LOST_OR_TORN, chance),
            (Manner::OnlyOne, true) => one_of(&KEPT_OR_TORN, chance),
            (Manner::EachByItself, true | false) => one_of(&ANY, chance),
        };
        survive(image, operation, fate, chance);
    }
}

/// One of a few, by chance.
fn one_of(fates: &[Fate], chance: &mut impl FnMut(u64) -> u64) -> Fate {
    let number = usize::try_from(chance(super::bytes(fates.len()))).expect("below a small number");
    fates[number]
}

fn survive(image: &mut Image, operation: &Operation, fate: Fate, chance: &mut impl FnMut(u64) -> u64) {
    let (offset, data) = match (operation, &fate) {
        (Operation::Sync, _) | (_, Fate::Lost) => return,
        // A length is one field of the file system: it cannot be torn.
        (Operation::SetLen(len), _) => return image.set_len(*len),
        (Operation::Write { offset, data }, _) => (*offset, data),
    };
    let sectors = sectors(offset, data.len());
    let border = chance(super::bytes(sectors.len()) + 1);
    for (number, sector) in (0..).zip(sectors) {
        let stays = match fate {
            Fate::Lost => false,
            Fate::Kept => true,
            Fate::Head => number < border,
            Fate::Tail => number >= border,
            Fate::Sectors => chance(2) == 0,
        };
        if stays {
            let at = offset + super::bytes(sector.start);
            // What lies behind an end that did not survive is lost with it.
            image.write(at, &data[sector]);
        }
    }
}

/// The parts of a write by sectors of the disk.
fn sectors(offset: u64, len: usize) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    while from < len {
        let left = SECTOR - (offset + super::bytes(from)) % SECTOR;
        let to = len.min(from + usize::try_from(left).expect("at most a sector"));
        all.push(from..to);
        from = to;
    }
    all
}
