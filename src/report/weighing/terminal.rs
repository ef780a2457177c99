//! A weighing as plain text for a terminal: the answer first, then where it comes from.
//!
//! Colour repeats what words and characters say and adds nothing of its own: what is left is green, what is carried for nothing red,
//! what is the base image's or a side note faint.

mod change;
mod layers;
mod lists;

use anstyle::{AnsiColor, Style};

pub(super) use change::{answer, change_lines};
pub(super) use layers::made_by;

use super::data::{SizeReport, WeighingReport};
use super::host::HostReport;
use super::layout::{Columns, in_style};
use crate::measure::{Measure, Unit};
use crate::report::figures::Scale;
use crate::report::terminal::filled;
use crate::report::text::one_line;
use crate::units;

/// The width below which nothing would be left of a path.
const NARROWEST: usize = 60;

/// Beyond this a line is not read better for being longer.
const WIDEST: usize = 140;

/// How many files, folders, groups and changes are shown; JSON has more.
const SHOWN: usize = 10;

/// Stands for a blank at which no line is broken.
const TIED: char = '\u{a0}';

/// Titles, and the figures that a reader looks for first.
const BOLD: Style = Style::new().bold();

/// Side notes, headings of columns, and what is the base image's.
const FAINT: Style = Style::new().dimmed();

/// What is left in the end.
const LEFT: Style = AnsiColor::Green.on_default();

/// What is carried for nothing.
const WASTED: Style = AnsiColor::Red.on_default();

/// Where in a Dockerfile to look.
const PLACE: Style = AnsiColor::Cyan.on_default();

/// The weighing for a terminal of `width` columns, with ANSI colours if `color`. Ends with a line break.
pub fn weighing_terminal(data: &WeighingReport, width: u16, color: bool) -> String {
    let mut page = Page { text: String::new(), width: usize::from(width).clamp(NARROWEST, WIDEST), color };
    page.answer(data);
    if let Some(against) = &data.against {
        page.against(against);
        page.line("");
    }
    page.origin(data);
    page.sizes(data);
    if let Some(host) = &data.on_this_host {
        page.host(host);
    }
    page.layers(data);
    page.waste(data);
    page.biggest(data);
    for warning in &data.warnings {
        let subject = page.styled("warning", AnsiColor::Yellow.on_default().bold());
        page.line(&format!("\n{subject}: {}", one_line(warning)));
    }
    page.text
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
        if self.color { in_style(text, style) } else { text.to_owned() }
    }

    fn title(&mut self, title: &str, about: &str) {
        let (title, about) = (self.styled(title, BOLD), self.styled(about, FAINT));
        self.line(&format!("\n{title}{}{about}", if about.is_empty() { "" } else { "  " }));
    }

    fn columns(&mut self, indent: usize, columns: &Columns, last: fn(&str, usize) -> String) {
        for line in columns.lines(indent, self.width, self.color, last) {
            self.line(&line);
        }
    }

    /// A sentence in as many lines as it needs, each after `indent` blanks.
    fn note(&mut self, indent: usize, text: &str, style: Style) {
        self.paragraph(indent, &one_line(text), style);
    }

    /// Text that is fit for a terminal, in as many lines as it needs.
    fn paragraph(&mut self, indent: usize, text: &str, style: Style) {
        for line in filled(text, self.width.saturating_sub(indent)).lines() {
            let line = self.styled(&line.replace(TIED, " "), style);
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// Which image, and what is to be said of it in short: beside another one first how it differs.
    fn answer(&mut self, data: &WeighingReport) {
        let name = self.styled(&one_line(&data.image), BOLD);
        self.line(&format!("{name}  {}", one_line(&data.platform)));
        if let Some(against) = &data.against {
            self.paragraph(0, &answer(against), BOLD);
        }
        self.paragraph(0, &summary(data), Style::new());
    }

    /// Where its bytes are from, and what was checked.
    fn origin(&mut self, data: &WeighingReport) {
        let store = data.source.store.as_ref().map(|store| format!(", store {store}")).unwrap_or_default();
        self.note(0, &format!("from {} {}{store}", data.source.kind.id(), data.source.place), FAINT);
        self.note(0, &format!("id {}", data.image_id), FAINT);
        if let Some(digest) = &data.digest {
            self.note(0, &format!("manifest {digest}"), FAINT);
        }
        for sentence in &data.verified {
            self.note(0, &format!("verified: {sentence}"), FAINT);
        }
    }

    fn sizes(&mut self, data: &WeighingReport) {
        self.title("Sizes", "");
        let rows = data.sizes.iter().map(|(measure, size)| (measure.title(), size, about(*measure, data)));
        self.figures(&rows.collect::<Vec<_>>());
    }

    fn host(&mut self, host: &HostReport) {
        self.title("On this host", "facts that depend on more than the image");
        let rows = host.facts.iter().map(|(fact, size)| (fact.title(), size, host.about(*fact)));
        self.figures(&rows.collect::<Vec<_>>());
    }

    /// Figures under each other with what they are, then those that cannot be had: each reason once.
    fn figures(&mut self, rows: &[(&str, &SizeReport, String)]) {
        let bytes = rows.iter().filter_map(|(_, size, _)| match size {
            SizeReport::Known { value, unit: Unit::Bytes, .. } => Some(*value as f64),
            _ => None,
        });
        let scale = Scale::new(Unit::Bytes, bytes);
        let mut columns = Columns::new(&[false, true, false]);
        let mut missing: Vec<(&str, Vec<String>)> = Vec::new();
        for (title, size, about) in rows {
            let definition = size.definition().map(|definition| format!(" ({})", one_line(definition))).unwrap_or_default();
            let title = format!("{title}{definition}");
            match size {
                SizeReport::Known { value, unit, .. } => {
                    let figure = if *unit == Unit::Bytes { scale.text(*value as f64) } else { value.to_string() };
                    columns.spans([vec![(title, Style::new())], vec![(figure, BOLD)], vec![(about.clone(), FAINT)]]);
                }
                SizeReport::Unavailable { unavailable, .. } => match missing.iter_mut().find(|(why, _)| why == unavailable) {
                    Some((_, titles)) => titles.push(title),
                    None => missing.push((unavailable, vec![title])),
                },
            }
        }
        self.columns(2, &columns, filled);
        for (why, titles) in missing {
            self.note(2, &format!("no {}: {why}", titles.join(" or ")), FAINT);
        }
    }
}

/// What the image comes to, in a sentence whose figures stay together.
fn summary(data: &WeighingReport) -> String {
    let bytes = |value| units::bytes(value).replace(' ', &TIED.to_string());
    let layers = units::count(data.layers.len(), "layer");
    let known = |measure| data.sizes.get(&measure).and_then(SizeReport::value);
    let size = known(Measure::UncompressedSize).map_or_else(|| layers.clone(), |size| format!("{} uncompressed in {layers}", bytes(size)));
    let moved = known(Measure::TransferSize).map(|size| format!("; {} to pull", bytes(size))).unwrap_or_default();
    let base = data
        .base
        .as_ref()
        .map(|base| format!(": {} {} and {} on top", bytes(base.uncompressed_size), one_line(&base.name), bytes(base.app_size)));
    let waste = if data.waste.total == 0 { "no waste".to_owned() } else { format!("{} waste", bytes(data.waste.total)) };
    format!("{size}{}; {waste}{moved}", base.unwrap_or_default())
}

/// What a measure is, in a few words.
fn about(measure: Measure, data: &WeighingReport) -> String {
    let text = match measure {
        Measure::TransferSize => "what a first pull moves",
        Measure::LayerTransferSize => "the compressed layers alone",
        Measure::UncompressedSize => "as tars, the same on any engine",
        Measure::LiveSize => "the files that a container sees",
        Measure::AppSize => {
            return data.base.as_ref().map_or_else(String::new, |base| format!("what is on top of {}", one_line(&base.name)));
        }
        Measure::ClassicSize => "`docker images` after a pull",
        Measure::ClassicSizeBuilt => "`docker images` after a build",
        Measure::ReportedSize => "`docker images` here",
        Measure::FileCount => "in a container, folders left out",
        _ => "",
    };
    text.to_owned()
}
