//! The same as a picture: for each number of callers, a bar a contender with the spread of its rounds.

use crate::report::{Line, thousands};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

const WIDTH: i32 = 860;
/// Where the bars begin, and how long the longest is; its number stands behind it.
const LEFT: i32 = 300;
const LONGEST: i32 = 460;
/// Heights: the picture's title, a panel's title, a bar with its gap, the gap below a panel.
const TITLE: i32 = 44;
const HEAD: i32 = 30;
const BAR: i32 = 26;
const FOOT: i32 = 14;

const INK: RGBColor = RGBColor(36, 41, 47);
const FAINT: RGBColor = RGBColor(101, 109, 118);
const OURS: RGBColor = RGBColor(207, 84, 32);
const THEIRS: RGBColor = RGBColor(140, 160, 184);

/// Draws it on white, so that it reads the same on any page.
pub(crate) fn draw(path: &Path, lines: &[Line], callers: &[usize], rows: u32) -> Result<(), Box<dyn Error>> {
    let panels: Vec<(usize, Vec<&Line>)> = callers
        .iter()
        .map(|callers| (*callers, lines.iter().filter(|line| line.callers == *callers).collect()))
        .collect();
    let bars: usize = panels.iter().map(|(_, lines)| lines.len()).sum();
    let (bars, count) = (i32::try_from(bars)?, i32::try_from(panels.len())?);
    let height = TITLE + bars * BAR + count * (HEAD + FOOT);
    let area = SVGBackend::new(path, (u32::try_from(WIDTH)?, u32::try_from(height)?)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |text: String, at: (i32, i32), size: i32, color: &RGBColor, side: HPos| {
        let style = ("sans-serif", size).into_text_style(&area).color(color);
        area.draw(&Text::new(text, at, style.pos(Pos::new(side, VPos::Center))))
    };
    let title = format!("Durable orders a second, on a ledger of {} rows", thousands(rows.into()));
    text(title, (16, TITLE / 2 + 2), 22, &INK, HPos::Left)?;
    let mut top = TITLE;
    for (callers, lines) in panels {
        let head = match callers {
            1 => "1 caller".to_owned(),
            callers => format!("{} callers at once", thousands(callers as u64)),
        };
        text(head, (16, top + HEAD / 2), 18, &FAINT, HPos::Left)?;
        top += HEAD;
        let longest = lines.iter().map(|line| line.a_second().2).max().unwrap_or(0).max(1);
        let length = |a_second: u64| i32::try_from(a_second * u64::from(LONGEST.unsigned_abs()) / longest);
        for line in lines {
            let (least, middle, most) = line.a_second();
            let (color, y) = if line.contender.name == "samovar" { (OURS, top) } else { (THEIRS, top) };
            text(line.contender.label.to_owned(), (LEFT - 10, y + BAR / 2), 16, &INK, HPos::Right)?;
            area.draw(&Rectangle::new(
                [(LEFT, y + 4), (LEFT + length(middle)?, y + BAR - 4)],
                color.filled(),
            ))?;
            let (from, to) = (LEFT + length(least)?, LEFT + length(most)?);
            area.draw(&PathElement::new([(from, y + BAR / 2), (to, y + BAR / 2)], INK.stroke_width(2)))?;
            text(thousands(middle), (to.max(LEFT) + 8, y + BAR / 2), 16, &INK, HPos::Left)?;
            top += BAR;
        }
        top += FOOT;
    }
    area.present()?;
    Ok(())
}
