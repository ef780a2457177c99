//! A weighing as plain text for a terminal.

use anstyle::{AnsiColor, Style};

use super::data::{AgainstReport, FileReport, SizeReport, WeighedLayer, WeighingReport};
use super::layout::{Columns, fit, fit_path, shown};
use crate::measure::{Measure, Unit};
use crate::report::figures::{Scale, percent};
use crate::report::terminal::filled;
use crate::report::text::one_line;
use crate::units;

/// The width below which nothing would be left of a path.
const NARROWEST: usize = 60;

/// Beyond this a line is not read better for being longer.
const WIDEST: usize = 140;

/// How many files, folders, groups and changes are shown; JSON has more.
const SHOWN: usize = 10;

/// How many paths are shown of each kind of waste.
const WORST: usize = 5;

/// Characters of the longest bar.
const BAR: u64 = 16;

/// The weighing for a terminal of `width` columns, with ANSI colours if `color`. Ends with a line break.
pub fn weighing_terminal(data: &WeighingReport, width: u16, color: bool) -> String {
    let mut page = Page { text: String::new(), width: usize::from(width).clamp(NARROWEST, WIDEST), color };
    page.head(data);
    page.sizes(data);
    if let Some(against) = &data.against {
        page.against(against);
    }
    page.layers(data);
    page.waste(data);
    page.files("Biggest folders", &data.biggest_folders);
    page.files("Biggest files", &data.biggest_files);
    for warning in &data.warnings {
        let subject = page.styled("warning", AnsiColor::Yellow.on_default().bold());
        page.line(&format!("\n{subject}: {}", one_line(warning)));
    }
    page.text
}

/// What made a layer, in at most `columns` characters.
pub(super) fn made_by(layer: &WeighedLayer, columns: usize) -> String {
    if let Some(line) = &layer.dockerfile_line {
        return fit(&format!("{}:{} {}", one_line(&line.file), line.line, one_line(&line.instruction)), columns);
    }
    let text = layer.instruction.as_deref().map(one_line).filter(|text| !text.is_empty());
    fit(&text.unwrap_or_else(|| "(the image does not say)".to_owned()), columns)
}

/// How two file systems differ, a sentence each.
pub(super) fn change_lines(against: &AgainstReport) -> Vec<String> {
    let files = &against.files;
    let count = |files: u64| units::count(usize::try_from(files).unwrap_or(usize::MAX), "file");
    let mut lines = vec![
        format!("{} added, {}", count(files.added.files), units::bytes(files.added.after)),
        format!("{} removed, {}", count(files.removed.files), units::bytes(files.removed.before)),
        format!("{} changed, {} → {}", count(files.changed.files), units::bytes(files.changed.before), units::bytes(files.changed.after)),
        format!("{} the same but out of another layer, {}", count(files.moved.files), units::bytes(files.moved.after)),
    ];
    if files.compared_by_size > 0 {
        lines.push(format!("{} compared by size alone: the content was not seen", count(files.compared_by_size)));
    }
    lines.push(match against.delta_transfer_size {
        Some(moved) => {
            format!("delta transfer size (D10): {} by blobs, {} by chains of layers", units::bytes(moved.blob), units::bytes(moved.chain))
        }
        None => "delta transfer size (D10): only where both images have a manifest".to_owned(),
    });
    lines
}

struct Page {
    text: String,
    width: usize,
    color: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn title(&mut self, title: &str, about: &str) {
        let title = self.styled(title, Style::new().bold());
        self.line(&format!("\n{title}{}{about}", if about.is_empty() { "" } else { "  " }));
    }

    fn columns(&mut self, columns: &Columns, last: fn(&str, usize) -> String) {
        for line in columns.lines(2, self.width, last) {
            self.line(&line);
        }
    }

    fn head(&mut self, data: &WeighingReport) {
        let name = self.styled(&one_line(&data.image), Style::new().bold());
        self.line(&format!("{name}  {}", data.platform));
        let store = data.source.store.as_ref().map(|store| format!(", store {store}")).unwrap_or_default();
        self.line(&one_line(&format!("from {} {}{store}", data.source.kind.id(), data.source.place)));
        self.line(&format!("id {}", one_line(&data.image_id)));
        if let Some(digest) = &data.digest {
            self.line(&format!("manifest {}", one_line(digest)));
        }
        for sentence in &data.verified {
            self.line(&format!("verified: {}", one_line(sentence)));
        }
    }

    fn sizes(&mut self, data: &WeighingReport) {
        self.title("Sizes", "");
        let values = data.sizes.iter().filter(|(measure, _)| measure.unit() == Unit::Bytes).filter_map(|(_, size)| size.value());
        let scale = Scale::new(Unit::Bytes, values.collect::<Vec<_>>().into_iter().map(|value| value as f64));
        let mut columns = Columns::new(&[false, true, false]);
        for (measure, size) in &data.sizes {
            let definition = size.definition().map(|definition| format!(" ({})", one_line(definition))).unwrap_or_default();
            let (figure, about) = match size {
                SizeReport::Known { value, unit: Unit::Bytes, .. } => (scale.text(*value as f64), about(*measure, data)),
                SizeReport::Known { value, .. } => (value.to_string(), about(*measure, data)),
                SizeReport::Unavailable { unavailable, .. } => ("–".to_owned(), one_line(unavailable)),
            };
            columns.row([format!("{}{definition}", measure.title()), figure, about]);
        }
        self.columns(&columns, filled);
    }

    fn against(&mut self, against: &AgainstReport) {
        self.title("Against", &one_line(&against.image));
        let mut columns = Columns::new(&[false, true, false, true, true]);
        for (measure, size) in &against.sizes {
            let figure = |value: u64| if measure.unit() == Unit::Bytes { units::bytes(value) } else { value.to_string() };
            let change = if size.before == 0 {
                "–".to_owned()
            } else {
                percent((size.after as f64 - size.before as f64) / size.before as f64 * 100.0)
            };
            columns.row([measure.title().to_owned(), figure(size.before), "→".to_owned(), figure(size.after), change]);
        }
        self.columns(&columns, fit);
        for line in change_lines(against) {
            self.line(&format!("  {line}"));
        }
        let mut columns = Columns::new(&[false, true, false, true, false]);
        for file in against.biggest.iter().take(SHOWN) {
            let cells = [file.change.to_owned(), units::bytes(file.before), "→".to_owned(), units::bytes(file.after)];
            columns.row(cells.into_iter().chain([shown(&file.path)]));
        }
        self.columns(&columns, fit_path);
    }

    fn layers(&mut self, data: &WeighingReport) {
        if data.layers.is_empty() {
            return self.title("Layers", "none");
        }
        self.title("Layers", "lowest first; █ files that are left, ░ files that a later layer hides");
        let all = Bars::of(&data.layers);
        let compressed = data.layers.iter().any(|layer| layer.compressed.is_some());
        let numbers = [true, true, true, true, false, false];
        let kept = |at: usize| compressed || at != 2;
        let mut columns = Columns::new(&(0..6).filter(|&at| kept(at)).map(|at| numbers[at]).collect::<Vec<_>>());
        let bytes = |values: Vec<u64>| Scale::new(Unit::Bytes, values.into_iter().map(|value| value as f64));
        let scale = bytes(data.layers.iter().flat_map(|layer| [Some(layer.uncompressed), layer.compressed]).flatten().collect());
        let text = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| scale.text(value as f64));
        let head = ["#", "uncompressed", "compressed", "files", "", "made by"].map(str::to_owned);
        columns.row(head.into_iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, cell)| cell));
        for layer in &data.layers {
            let files = layer.content.map_or_else(|| "–".to_owned(), |content| content.files.to_string());
            let base = if layer.of_base { "base: " } else { "" };
            let cells = [
                layer.number.to_string(),
                text(Some(layer.uncompressed)),
                text(layer.compressed),
                files,
                all.bar(layer),
                format!("{base}{}", made_by(layer, 300)),
            ];
            columns.row(cells.into_iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, cell)| cell));
        }
        self.columns(&columns, fit);
        if let Some(base) = &data.base {
            let text = format!(
                "base {}: {}, {} uncompressed; the app above it {}",
                one_line(&base.name),
                units::count(base.layers, "layer"),
                units::bytes(base.uncompressed_size),
                units::bytes(base.app_size)
            );
            self.line(&format!("  {text}"));
        }
    }

    fn waste(&mut self, data: &WeighingReport) {
        let waste = &data.waste;
        let share = waste.percent.map(|percent| format!(", {percent} % of the files of all layers")).unwrap_or_default();
        self.title("Waste", &format!("{}{share}", units::bytes(waste.total)));
        self.line(&format!("  overwritten  {}: a later layer has the same path", units::bytes(waste.overwritten)));
        self.buried(&waste.worst_overwritten);
        self.line(&format!("  deleted      {}: a later layer takes the path away", units::bytes(waste.deleted)));
        self.buried(&waste.worst_deleted);
        self.line(&format!("  duplicate    {}: the same content under another path", units::bytes(waste.duplicate)));
        let mut columns = Columns::new(&[true, false, false]);
        for group in data.duplicates.iter().take(WORST) {
            let paths: Vec<String> = group.paths.iter().take(4).map(|path| shown(path)).collect();
            let more = if group.copies > paths.len() as u64 { ", …" } else { "" };
            let copies = format!("{} × {}", group.copies, units::bytes(group.bytes));
            columns.row([units::bytes(group.wasted), copies, format!("{}{more}", paths.join(", "))]);
        }
        for line in columns.lines(4, self.width, fit) {
            self.line(&line);
        }
    }

    fn buried(&mut self, worst: &[super::BuriedReport]) {
        let mut columns = Columns::new(&[true, false, false]);
        for file in worst.iter().take(WORST) {
            let times = if file.times > 1 { format!(", {} times", file.times) } else { String::new() };
            columns.row([units::bytes(file.bytes), format!("layer {}{times}", file.layer), shown(&file.path)]);
        }
        for line in columns.lines(4, self.width, fit_path) {
            self.line(&line);
        }
    }

    fn files(&mut self, title: &str, files: &[FileReport]) {
        if files.is_empty() {
            return;
        }
        self.title(title, "");
        let scale = Scale::new(Unit::Bytes, files.iter().take(SHOWN).map(|file| file.bytes as f64));
        let layered = files.iter().any(|file| file.layer.is_some());
        let mut columns = Columns::new(if layered { &[true, false, false] } else { &[true, false] });
        for file in files.iter().take(SHOWN) {
            let layer = file.layer.map(|layer| format!("layer {layer}"));
            columns.row(std::iter::once(scale.text(file.bytes as f64)).chain(layer).chain([shown(&file.path)]));
        }
        self.columns(&columns, fit_path);
    }
}

/// What a measure is, in a few words.
fn about(measure: Measure, data: &WeighingReport) -> String {
    let text = match measure {
        Measure::TransferSize => "what a first pull moves",
        Measure::LayerTransferSize => "the compressed layers alone",
        Measure::UncompressedSize => "the layers' tars, the same everywhere",
        Measure::LiveSize => "the files that are left in the end",
        Measure::AppSize => return data.base.as_ref().map_or_else(String::new, |base| format!("above {}", one_line(&base.name))),
        Measure::ClassicSize => "a classic store that pulled it",
        Measure::ClassicSizeBuilt => "the classic store that built it",
        Measure::ReportedSize => "what the engine says",
        Measure::FileCount => "paths left that are no folders",
        _ => "",
    };
    text.to_owned()
}

/// The bars of all layers: the layer with the most bytes of files has the longest.
struct Bars {
    longest: u64,
}

impl Bars {
    fn of(layers: &[WeighedLayer]) -> Self {
        Self { longest: layers.iter().map(|layer| parts(layer).0 + parts(layer).1).max().unwrap_or(0).max(1) }
    }

    /// What is there at all shows as one character at least.
    fn bar(&self, layer: &WeighedLayer) -> String {
        let (live, buried) = parts(layer);
        let cells = |bytes: u64| {
            let cells = (u128::from(bytes) * u128::from(BAR)).div_ceil(u128::from(self.longest));
            usize::try_from(cells.min(u128::from(BAR))).unwrap_or(0)
        };
        let (whole, hidden) = (cells(live + buried), cells(buried));
        let left = if live > 0 { whole.saturating_sub(hidden).max(1) } else { 0 };
        let hidden = if buried > 0 { whole.saturating_sub(left).max(1) } else { 0 };
        format!("{}{}", "█".repeat(left), "░".repeat(hidden))
    }
}

/// Bytes of a layer's files that are left, and that are not.
fn parts(layer: &WeighedLayer) -> (u64, u64) {
    layer.content.map_or((0, 0), |content| (content.live, content.overwritten + content.deleted))
}
