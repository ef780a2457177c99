//! The table of layers.

use anstyle::Style;

use super::{BOLD, FAINT, LEFT, PLACE, Page, WASTED};
use crate::measure::Unit;
use crate::report::figures::Scale;
use crate::report::text::one_line;
use crate::report::weighing::data::{WeighedLayer, WeighingReport};
use crate::report::weighing::layout::{Columns, Span, fit};

/// From so many columns on, bars are long.
const WIDE: usize = 100;

/// What made a layer, in at most `columns` characters.
pub(in crate::report::weighing) fn made_by(layer: &WeighedLayer, columns: usize) -> String {
    match &layer.dockerfile_line {
        Some(line) => fit(&format!("{}:{} {}", one_line(&line.file), line.line, one_line(&line.instruction)), columns),
        None => fit(&history(layer), columns),
    }
}

fn history(layer: &WeighedLayer) -> String {
    let text = layer.instruction.as_deref().map(one_line).filter(|text| !text.is_empty());
    text.unwrap_or_else(|| "(the image does not say)".to_owned())
}

impl Page {
    pub(super) fn layers(&mut self, data: &WeighingReport) {
        if data.layers.is_empty() {
            return self.title("Layers", "none");
        }
        self.title("Layers", "lowest first");
        let table = Table::of(data, self.width);
        let mut columns = Columns::new(&table.numbers());
        columns.styled(FAINT, table.kept(["#", "uncompressed", "compressed", "files", "", "line", "made by"].map(str::to_owned)));
        for layer in &data.layers {
            columns.spans(table.kept(table.row(layer)));
        }
        let mut lines = columns.lines(2, self.width, self.color, fit);
        if let Some(base) = data.base.as_ref().filter(|base| base.layers < data.layers.len()) {
            let text = format!("──── up to here {}, from here yours", one_line(&base.name));
            lines.insert(base.layers + 1, format!("  {}", self.styled(&fit(&text, self.width - 2), PLACE)));
        }
        for line in lines {
            self.line(&line);
        }
        self.legend(data);
    }

    /// What the characters and columns mean that are not words.
    fn legend(&mut self, data: &WeighingReport) {
        let hidden = data.layers.iter().any(|layer| parts(layer).1 > 0);
        let (left, wasted) = (self.styled("█", LEFT), self.styled("░", WASTED));
        let hidden = if hidden { format!("   {wasted} {}", self.styled("files that a later layer hides", FAINT)) } else { String::new() };
        let about = self.styled("files that a container sees", FAINT);
        self.line(&format!("  {left} {about}{hidden}"));
        if let Some(line) = data.layers.iter().find_map(|layer| layer.dockerfile_line.as_ref()) {
            self.note(2, &format!("line: in {}", line.file), FAINT);
        }
    }
}

/// What all rows have in common.
struct Table {
    longest: u64,
    bar: u64,
    compressed: bool,
    traced: bool,
    scale: Scale,
}

impl Table {
    fn of(data: &WeighingReport, width: usize) -> Self {
        let bytes: Vec<u64> = data.layers.iter().flat_map(|layer| [Some(layer.uncompressed), layer.compressed]).flatten().collect();
        Self {
            longest: data.layers.iter().map(|layer| parts(layer).0 + parts(layer).1).max().unwrap_or(0).max(1),
            bar: if width < WIDE { 10 } else { 20 },
            compressed: data.layers.iter().any(|layer| layer.compressed.is_some()),
            traced: data.layers.iter().any(|layer| layer.dockerfile_line.is_some()),
            scale: Scale::new(Unit::Bytes, bytes.into_iter().map(|value| value as f64)),
        }
    }

    /// The cells of the columns that this table has.
    fn kept<T>(&self, cells: [T; 7]) -> impl Iterator<Item = T> {
        let (compressed, traced) = (self.compressed, self.traced);
        let kept = move |at: usize| (at != 2 || compressed) && (at != 5 || traced);
        cells.into_iter().enumerate().filter(move |(at, _)| kept(*at)).map(|(_, cell)| cell)
    }

    fn numbers(&self) -> Vec<bool> {
        self.kept([true, true, true, true, false, true, false]).collect()
    }

    fn row(&self, layer: &WeighedLayer) -> [Vec<Span>; 7] {
        let (style, strong) = if layer.of_base { (FAINT, FAINT) } else { (Style::new(), BOLD) };
        let text = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| self.scale.text(value as f64));
        let files = layer.content.map_or_else(|| "–".to_owned(), |content| content.files.to_string());
        let line = layer.dockerfile_line.as_ref();
        let made_by = line.map_or_else(|| history(layer), |line| one_line(&line.instruction));
        [
            vec![(layer.number.to_string(), style)],
            vec![(text(Some(layer.uncompressed)), strong)],
            vec![(text(layer.compressed), style)],
            vec![(files, style)],
            self.bar(layer),
            vec![(line.map_or_else(String::new, |line| line.line.to_string()), PLACE)],
            vec![(made_by, style)],
        ]
    }

    /// The layer with the most bytes of files has the longest bar. What is there at all shows as one character at least.
    fn bar(&self, layer: &WeighedLayer) -> Vec<Span> {
        let (live, buried) = parts(layer);
        let cells = |bytes: u64| {
            let cells = (u128::from(bytes) * u128::from(self.bar)).div_ceil(u128::from(self.longest));
            usize::try_from(cells.min(u128::from(self.bar))).unwrap_or(0)
        };
        let (whole, hidden) = (cells(live + buried), cells(buried));
        let left = if live > 0 { whole.saturating_sub(hidden).max(1) } else { 0 };
        let hidden = if buried > 0 { whole.saturating_sub(left).max(1) } else { 0 };
        vec![("█".repeat(left), LEFT), ("░".repeat(hidden), WASTED)]
    }
}

/// Bytes of a layer's files that are left, and that are not.
fn parts(layer: &WeighedLayer) -> (u64, u64) {
    layer.content.map_or((0, 0), |content| (content.live, content.overwritten + content.deleted))
}
