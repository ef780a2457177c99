//! Blocks on a time axis. All lengths are pixels.

use super::plan::{LABELS, Row};
use crate::report::ReportError;
use crate::report::chart::canvas::{Canvas, Side};
use crate::report::chart::draw::{GAP, MARGIN, SMALL, WIDTH, look};
use crate::report::chart::font::width;
use crate::report::chart::palette::{APP, AXIS, BACKGROUND, BASE, FAINT, GRID, INK};

/// Half the height of a block.
const HALF: i32 = 6;
/// A block is never narrower, however short its time.
const THINNEST: i32 = 2;
/// Between the lines of a hatched block.
const HATCH: i32 = 5;
const LEFT: i32 = MARGIN + LABELS + GAP;
const RIGHT: i32 = WIDTH - MARGIN - 2 * GAP;
/// Most ticks of the axis.
const TICKS: f64 = 6.0;

/// How a block is filled; each differs from the others without colour too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// A step, or a part of one, on the chain.
    Chain,
    /// A step beside the chain.
    Beside,
    /// A step whose result was there already.
    Cached,
    /// No step of the chain ran.
    Waiting,
}

/// Paints on the time axis from 0 to `end` seconds.
pub(super) struct Paint<'a, 's> {
    canvas: &'a Canvas<'s>,
    end: f64,
}

impl<'a, 's> Paint<'a, 's> {
    pub(super) fn new(canvas: &'a Canvas<'s>, end: f64) -> Self {
        Self { canvas, end }
    }

    /// The place of a moment.
    fn x(&self, seconds: f64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a width in pixels")]
        let along = (f64::from(RIGHT - LEFT) * (seconds / self.end).clamp(0.0, 1.0)).round() as i32;
        LEFT + along
    }

    /// Grid lines from top to bottom with their seconds at both ends.
    pub(super) fn axis(&self, (top, bottom): (i32, i32)) -> Result<(), ReportError> {
        for (tick, text) in ticks(self.end) {
            let x = self.x(tick);
            self.canvas.line((x, top), (x, bottom), 1, if tick > 0.0 { GRID } else { AXIS }.color())?;
            for y in [top - 10, bottom + 10] {
                self.canvas.text(&text, (x, y), look(SMALL, false, FAINT, Side::Middle))?;
            }
        }
        Ok(())
    }

    /// A block from one moment to another.
    pub(super) fn bar(&self, (from, to): (f64, f64), middle: i32, pattern: Pattern) -> Result<(), ReportError> {
        let left = self.x(from).min(RIGHT - THINNEST);
        self.block((left, self.x(to).max(left + THINNEST)), middle, pattern)
    }

    /// A block between two places.
    pub(super) fn block(&self, (left, right): (i32, i32), middle: i32, pattern: Pattern) -> Result<(), ReportError> {
        let (from, to) = ((left, middle - HALF), (right, middle + HALF));
        match pattern {
            Pattern::Chain => self.canvas.rectangle(from, to, APP.color()),
            Pattern::Beside => self.canvas.rectangle(from, to, BASE.color()),
            Pattern::Cached => {
                self.canvas.rectangle(from, to, FAINT.color())?;
                let inside = ((left + 1, middle - HALF + 1), (right - 1, middle + HALF - 1));
                if right - left > 2 { self.canvas.rectangle(inside.0, inside.1, BACKGROUND.color()) } else { Ok(()) }
            }
            Pattern::Waiting => self.hatched(left, right, middle),
        }
    }

    /// Slanting lines within an outline above and below: no colour to be told from others.
    fn hatched(&self, left: i32, right: i32, middle: i32) -> Result<(), ReportError> {
        let (top, bottom) = (middle - HALF, middle + HALF);
        self.canvas.rectangle((left, top), (right, bottom), BACKGROUND.color())?;
        for y in [top, bottom] {
            self.canvas.line((left, y), (right, y), 1, AXIS.color())?;
        }
        // A slanting line climbs one pixel a pixel, so it ends early where the block does.
        let rise = bottom - top;
        for foot in (left - rise..right).step_by(usize::try_from(HATCH).unwrap_or(1)) {
            let (from, to) = (foot.max(left), (foot + rise).min(right));
            if to > from {
                self.canvas.line((from, bottom - (from - foot)), (to, bottom - (to - foot)), 1, AXIS.color())?;
            }
        }
        Ok(())
    }

    /// The moment when a step hands over to another one.
    pub(super) fn hand_over(&self, at: f64, rows: (i32, i32)) -> Result<(), ReportError> {
        let x = self.x(at);
        self.canvas.line((x, rows.0), (x, rows.1), 1, APP.color())
    }

    /// A row's text behind its last block, or before its first one where there is more room.
    pub(super) fn words(&self, row: &Row, middle: i32) -> Result<(), ReportError> {
        let from = row.blocks.iter().map(|((from, _), _)| self.x(*from)).min().unwrap_or(LEFT);
        let to = row.blocks.iter().map(|((_, to), _)| self.x(*to)).max().unwrap_or(LEFT).max(from + THINNEST);
        let long = width(&row.text, SMALL, false);
        let (at, side, patch) = if to + GAP + long <= WIDTH - MARGIN {
            (to + GAP, Side::Left, (to + GAP - 2, to + GAP + long))
        } else {
            (from - GAP, Side::Right, (from - GAP - long, from - GAP + 2))
        };
        if row.text.is_empty() || patch.0 < LEFT {
            return Ok(());
        }
        self.canvas.rectangle((patch.0, middle - HALF - 1), (patch.1, middle + HALF + 1), BACKGROUND.color())?;
        self.canvas.text(&row.text, (at, middle), look(SMALL, false, INK, side))
    }
}

/// Round moments from 0 to `end`: steps of 1, 2 or 5 times a power of ten.
fn ticks(end: f64) -> Vec<(f64, String)> {
    let power = 10_f64.powf((end / TICKS).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| end / s <= TICKS).unwrap_or(end);
    let text = |tick: f64| {
        let text = format!("{tick:.9}");
        format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
    };
    (0..=6_u32).map(|n| f64::from(n) * step).take_while(|t| *t <= end).map(|t| (t, text(t))).collect()
}
