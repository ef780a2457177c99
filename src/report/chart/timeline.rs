//! A chart of one build over time: a row per step in groups by stage, and the chain that decided how long it took.

mod paint;
mod plan;

use super::canvas::{Canvas, Side};
use super::draw::{GAP, MARGIN, SMALL, TEXT, TITLE, WIDTH, group, look, readable};
use super::font::{fit, width};
use super::palette::{BACKGROUND, FAINT, INK};
use crate::record::Step;
use crate::report::ReportError;

use paint::Paint;
use plan::{Line, Plan, Row};

const FILE: &str = "timeline.svg";
const HEAD: i32 = 100;
const TICK: i32 = 22;
const GROUP: i32 = 30;
const ROW: i32 = 20;
const TEXT_LINE: i32 = 14;
const FOOTER: i32 = 18;

/// What is said of a build beside its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimelineFacts<'a> {
    /// Whose build it is: `go-api/multi`.
    pub subject: &'a str,
    /// Under which conditions and in which run, in a line.
    pub about: &'a str,
    /// Seconds from the start of the build call to its end, by our clock.
    pub wall: f64,
}

/// The chart; `None` where no step has times.
pub(super) fn draw(facts: &TimelineFacts<'_>, steps: &[Step]) -> Result<Option<String>, ReportError> {
    let Some(plan) = Plan::new(facts, steps) else { return Ok(None) };
    let mut svg = String::new();
    let canvas = Canvas::new(&mut svg, FILE, (WIDTH, height(&plan)), BACKGROUND.color())?;
    Page { plan: &plan, paint: Paint::new(&canvas, plan.end) }.draw(&canvas)?;
    canvas.finish()?;
    Ok(Some(readable(FILE, &plan.title, &format!("{}.\n{}", plan.subtitle, plan.description), &svg)))
}

fn height(plan: &Plan) -> i32 {
    let footers = i32::try_from(plan.footers.len()).unwrap_or(0) * FOOTER;
    HEAD + TICK + plan.lines.iter().map(line_height).sum::<i32>() + GAP / 2 + TICK + GAP + footers + MARGIN / 2
}

fn line_height(line: &Line) -> i32 {
    match line {
        Line::Group(_) => GROUP,
        Line::Row(row) => ROW.max(i32::try_from(row.label.len()).unwrap_or(1) * TEXT_LINE + GAP / 2),
    }
}

struct Page<'a, 's> {
    plan: &'a Plan,
    paint: Paint<'a, 's>,
}

impl Page<'_, '_> {
    fn draw(&self, canvas: &Canvas) -> Result<(), ReportError> {
        self.head(canvas)?;
        let top = HEAD + TICK;
        let bottom = top + self.plan.lines.iter().map(line_height).sum::<i32>() + GAP / 2;
        self.paint.axis((top - GAP / 2, bottom))?;
        self.hand_overs(top)?;
        let mut at = top;
        for (index, line) in self.plan.lines.iter().enumerate() {
            let height = line_height(line);
            match line {
                Line::Group(name) => group(canvas, name, (at, height), index > 0)?,
                Line::Row(row) => self.row(canvas, row, at + height / 2)?,
            }
            at += height;
        }
        self.footers(canvas, bottom + TICK + GAP + FOOTER / 2)
    }

    fn head(&self, canvas: &Canvas) -> Result<(), ReportError> {
        let room = WIDTH - 2 * MARGIN;
        canvas.text(&fit(&self.plan.title, TITLE, true, room), (MARGIN, 28), look(TITLE, true, INK, Side::Left))?;
        canvas.text(&fit(&self.plan.subtitle, TEXT, false, room), (MARGIN, 52), look(TEXT, false, FAINT, Side::Left))?;
        let mut left = MARGIN;
        for (pattern, name) in &self.plan.legend {
            self.paint.block((left, left + 18), 76, *pattern)?;
            canvas.text(name, (left + 24, 76), look(TEXT, false, INK, Side::Left))?;
            left += 24 + width(name, TEXT, false) + 2 * GAP;
        }
        Ok(())
    }

    /// A vertical line from each step of the chain to the next one, at the moment when it hands over.
    fn hand_overs(&self, top: i32) -> Result<(), ReportError> {
        let mut at = top;
        let mut places = Vec::new();
        for line in &self.plan.lines {
            let height = line_height(line);
            if let Line::Row(row) = line {
                places.extend(row.chained.map(|span| (span, at + height / 2)));
            }
            at += height;
        }
        places.sort_by(|((a, _), _), ((b, _), _)| a.total_cmp(b));
        places.windows(2).try_for_each(|pair| self.paint.hand_over(pair[0].0.1, (pair[0].1, pair[1].1)))
    }

    fn row(&self, canvas: &Canvas, row: &Row, middle: i32) -> Result<(), ReportError> {
        let mut line = middle - TEXT_LINE * (i32::try_from(row.label.len()).unwrap_or(1) - 1) / 2;
        for part in &row.label {
            canvas.text(part, (MARGIN, line), look(SMALL, row.strong, INK, Side::Left))?;
            line += TEXT_LINE;
        }
        self.paint.words(row, middle)?;
        row.blocks.iter().try_for_each(|(span, pattern)| self.paint.bar(*span, middle, *pattern))
    }

    fn footers(&self, canvas: &Canvas, mut top: i32) -> Result<(), ReportError> {
        for footer in &self.plan.footers {
            canvas.text(&fit(footer, SMALL, false, WIDTH - 2 * MARGIN), (MARGIN, top), look(SMALL, false, FAINT, Side::Left))?;
            top += FOOTER;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
