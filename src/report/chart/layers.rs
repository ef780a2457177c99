//! A chart of layers: one bar per variant, a segment per layer, the base's apart from the app's. All lengths are pixels.

use super::canvas::{Canvas, Side};
use super::draw::{GAP, MARGIN, SMALL, TEXT, TITLE, WIDTH, group, look, readable};
use super::font::{fit, width, wrap};
use super::palette::{APP, BACKGROUND, BASE, FAINT, INK, Tint};
use crate::measure::Measure;
use crate::report::data::{LayerReport, ReportData, ScenarioReport, VariantReport};
use crate::report::figures::Scale;
use crate::report::table::scale_of;
use crate::report::text::one_line;
use crate::report::{ReportError, data};

const FILE: &str = "layers.svg";
const HEAD: i32 = 100;
const GROUP: i32 = 30;
const ROW: i32 = 20;
const LINE: i32 = 14;
const FOOTER: i32 = 18;
const LONGEST_LABEL: i32 = 165;
const LABEL_LINES: usize = 2;
/// The longest bar.
const BARS: i32 = 260;
/// A layer that has bytes is never narrower, as long as its bar has room.
const THINNEST: i32 = 2;

const FOOTERS: [&str; 2] = [
    "A bar is the uncompressed size (D3), a segment a layer, the lowest one left. Base: what the last stage starts from.",
    "Behind a bar: its size, the part above the base, and the largest layer above the base with the instruction that made it.",
];

/// The layers of every variant; `None` where no trial says what is in them.
pub(super) fn draw(data: &ReportData) -> Result<Option<String>, ReportError> {
    let variants = || data.scenarios.iter().flat_map(|s| &s.variants);
    let Some(largest) = variants().map(total).max().filter(|bytes| *bytes > 0) else { return Ok(None) };
    let scale = scale_of(Measure::UncompressedSize, variants().filter_map(|v| v.estimate(Measure::UncompressedSize)));
    let labels = variants().flat_map(label).map(|line| width(&line, SMALL, false)).max().unwrap_or(0);
    let page = Page { data, scale, largest, left: MARGIN + labels + GAP };
    let mut svg = String::new();
    let canvas = Canvas::new(&mut svg, FILE, (WIDTH, page.height()), BACKGROUND.color())?;
    page.draw(&canvas)?;
    canvas.finish()?;
    Ok(Some(readable(FILE, &page.title(), &format!("{}.\n{}", page.subtitle(), page.description()), &svg)))
}

struct Page<'a> {
    data: &'a ReportData,
    scale: Scale,
    largest: u64,
    left: i32,
}

impl Page<'_> {
    fn title(&self) -> String {
        let subject = match self.data.scenarios.as_slice() {
            [only] => one_line(&only.name),
            several => format!("{} scenarios", several.len()),
        };
        format!("Layers of {subject}: uncompressed size (D3)")
    }

    fn subtitle(&self) -> String {
        let data::RunFacts { id, base_set, platform, engine, store, .. } = &self.data.run;
        one_line(&format!("{base_set} bases · {platform} · {engine}, {store} · run {id}"))
    }

    /// Every bar in words, for readers who do not see it.
    fn description(&self) -> String {
        let variant = |v: &VariantReport| format!("{} {}", one_line(&v.name), self.words(v));
        let scenario =
            |s: &ScenarioReport| format!("{}: {}", one_line(&s.name), s.variants.iter().map(variant).collect::<Vec<_>>().join("; "));
        self.data.scenarios.iter().map(scenario).collect::<Vec<_>>().join("\n")
    }

    /// `837.9 MB, app 17.1 MB, most: RUN go build 12.0 MB`.
    fn words(&self, variant: &VariantReport) -> String {
        if variant.layers.is_empty() {
            return format!("no figure: {}", one_line(&variant.status));
        }
        let text = |bytes: u64| self.scale.text(bytes as f64);
        let app = || variant.layers.iter().enumerate().filter(|(_, layer)| layer.base == Some(false));
        let mut words = text(total(variant));
        if variant.layers.iter().any(|layer| layer.base == Some(true)) {
            words = format!("{words}, app {}", text(app().map(|(_, layer)| layer.bytes).sum()));
        }
        let above = variant.layers.iter().enumerate().filter(|(_, layer)| layer.base != Some(true));
        match above.max_by_key(|(number, layer)| (layer.bytes, std::cmp::Reverse(*number))) {
            Some((number, largest)) => {
                let made = largest.instruction.as_ref().map_or_else(|| format!("layer {}", number + 1), |made| one_line(made));
                format!("{words}, most: {} {made}", text(largest.bytes))
            }
            None => words,
        }
    }

    fn height(&self) -> i32 {
        let rows = |s: &ScenarioReport| GROUP + s.variants.iter().map(row_height).sum::<i32>();
        let footers = i32::try_from(FOOTERS.len()).unwrap_or(0) * FOOTER;
        HEAD + self.data.scenarios.iter().map(rows).sum::<i32>() + 2 * GAP + footers + MARGIN / 2
    }

    fn draw(&self, canvas: &Canvas) -> Result<(), ReportError> {
        self.head(canvas)?;
        let mut top = HEAD;
        for (index, scenario) in self.data.scenarios.iter().enumerate() {
            let name = format!("{} ({})", one_line(&scenario.name), one_line(&scenario.language));
            group(canvas, &name, (top, GROUP), index > 0)?;
            top += GROUP;
            for variant in &scenario.variants {
                self.row(canvas, variant, top)?;
                top += row_height(variant);
            }
        }
        top += GAP + FOOTER / 2;
        for footer in FOOTERS {
            canvas.text(&fit(footer, SMALL, false, WIDTH - 2 * MARGIN), (MARGIN, top), look(SMALL, false, FAINT, Side::Left))?;
            top += FOOTER;
        }
        Ok(())
    }

    fn head(&self, canvas: &Canvas) -> Result<(), ReportError> {
        let room = WIDTH - 2 * MARGIN;
        canvas.text(&fit(&self.title(), TITLE, true, room), (MARGIN, 28), look(TITLE, true, INK, Side::Left))?;
        canvas.text(&fit(&self.subtitle(), TEXT, false, room), (MARGIN, 52), look(TEXT, false, FAINT, Side::Left))?;
        let mut left = MARGIN;
        for (name, tint) in [("base", BASE), ("app", APP)] {
            canvas.rectangle((left, 70), (left + 12, 82), tint.color())?;
            canvas.text(name, (left + 18, 76), look(TEXT, false, INK, Side::Left))?;
            left += 18 + width(name, TEXT, false) + 2 * GAP;
        }
        Ok(())
    }

    fn row(&self, canvas: &Canvas, variant: &VariantReport, top: i32) -> Result<(), ReportError> {
        let middle = top + row_height(variant) / 2;
        let label = label(variant);
        let mut line = middle - LINE * (i32::try_from(label.len()).unwrap_or(1) - 1) / 2;
        for part in &label {
            canvas.text(part, (self.left - GAP, line), look(SMALL, false, INK, Side::Right))?;
            line += LINE;
        }
        let end = self.bar(canvas, variant, middle)?;
        let text = fit(&self.words(variant), SMALL, false, WIDTH - MARGIN - end - GAP);
        canvas.text(&text, (end + GAP, middle), look(SMALL, false, INK, Side::Left))
    }

    /// Draws the segments and gives the bar's right end. A line of background parts two layers where both have room for it.
    fn bar(&self, canvas: &Canvas, variant: &VariantReport, middle: i32) -> Result<i32, ReportError> {
        let (mut below, mut from) = (0_u64, self.left);
        for layer in &variant.layers {
            below += layer.bytes;
            let thinnest = if layer.bytes > 0 { THINNEST } else { 0 };
            let to = self.x(below).max(from + thinnest).min(self.left + BARS);
            if to > from {
                canvas.rectangle((from, middle - 6), (to, middle + 6), tint(layer).color())?;
                if to - from > 3 && from > self.left {
                    canvas.line((from, middle - 6), (from, middle + 6), 1, BACKGROUND.color())?;
                }
            }
            from = to;
        }
        Ok(from)
    }

    fn x(&self, bytes: u64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a width in pixels")]
        let along = (f64::from(BARS) * (bytes as f64 / self.largest as f64).min(1.0)).round() as i32;
        self.left + along
    }
}

fn total(variant: &VariantReport) -> u64 {
    variant.layers.iter().map(|layer| layer.bytes).sum()
}

/// Where nothing says which layers are the base's, all have the app's colour.
fn tint(layer: &LayerReport) -> Tint {
    if layer.base == Some(true) { BASE } else { APP }
}

fn label(variant: &VariantReport) -> Vec<String> {
    wrap(&one_line(&variant.name), SMALL, LONGEST_LABEL, LABEL_LINES)
}

fn row_height(variant: &VariantReport) -> i32 {
    ROW.max(i32::try_from(label(variant).len()).unwrap_or(1) * LINE + GAP / 2)
}
