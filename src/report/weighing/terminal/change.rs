//! How an image differs from another one.

use std::cmp::Ordering;

use anstyle::Style;

use super::{LEFT, Page, SHOWN, WASTED};
use crate::measure::{Measure, Unit};
use crate::report::figures::percent;
use crate::report::terminal::filled;
use crate::report::text::one_line;
use crate::report::weighing::data::{AgainstReport, ChangedFile, SizeChange};
use crate::report::weighing::layout::{Columns, fit, fit_path, shown};
use crate::units;

/// What changed and by how much, in a sentence.
pub(in crate::report::weighing) fn answer(against: &AgainstReport) -> String {
    let name = one_line(&against.image);
    let files = &against.files;
    let counts = [("added", files.added), ("removed", files.removed), ("changed", files.changed)];
    let counts: Vec<String> =
        counts.iter().filter(|(_, change)| change.files > 0).map(|(how, change)| format!("{} {how}", change.files)).collect();
    let files = if counts.is_empty() { "no file added, removed or changed".to_owned() } else { format!("files: {}", counts.join(", ")) };
    let moved = against
        .delta_transfer_size
        .map(|moved| format!("; {} to pull on a host that has it", units::bytes(moved.blob)))
        .unwrap_or_default();
    format!(
        "against {name}: {}; {files}{moved}",
        against.sizes.get(&Measure::UncompressedSize).map_or_else(String::new, |size| bigger(*size))
    )
}

/// How the uncompressed size differs.
fn bigger(size: SizeChange) -> String {
    let figures = format!("{} → {}", units::bytes(size.before), units::bytes(size.after));
    match size.after.cmp(&size.before) {
        Ordering::Equal => format!("as big uncompressed ({})", units::bytes(size.after)),
        Ordering::Less => format!("{} smaller uncompressed ({figures}, {})", units::bytes(size.before - size.after), change(size)),
        Ordering::Greater => format!("{} bigger uncompressed ({figures}, {})", units::bytes(size.after - size.before), change(size)),
    }
}

/// How two file systems differ, a sentence each.
pub(in crate::report::weighing) fn change_lines(against: &AgainstReport) -> Vec<String> {
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

impl Page {
    pub(super) fn against(&mut self, against: &AgainstReport) {
        self.title("Against", &one_line(&against.image));
        let mut columns = Columns::new(&[false, true, false, true, true]);
        for (measure, size) in &against.sizes {
            let figure = |value: u64| if measure.unit() == Unit::Bytes { units::bytes(value) } else { value.to_string() };
            let plain = [measure.title().to_owned(), figure(size.before), "→".to_owned(), figure(size.after)];
            let change = vec![(change(*size), direction(*measure, *size))];
            columns.spans(plain.into_iter().map(|cell| vec![(cell, Style::new())]).chain([change]));
        }
        self.columns(2, &columns, fit);
        for line in change_lines(against) {
            for part in filled(&line, self.width - 2).lines() {
                self.line(&format!("  {part}"));
            }
        }
        let mut columns = Columns::new(&[false, true, false, true, false]);
        for file in against.biggest.iter().take(SHOWN) {
            columns.row(cells(file));
        }
        self.columns(2, &columns, fit_path);
    }
}

fn cells(file: &ChangedFile) -> [String; 5] {
    [file.change.to_owned(), units::bytes(file.before), "→".to_owned(), units::bytes(file.after), shown(&file.path)]
}

fn change(size: SizeChange) -> String {
    if size.before == 0 { "–".to_owned() } else { percent((size.after as f64 - size.before as f64) / size.before as f64 * 100.0) }
}

/// Fewer bytes are better; more layers or files are neither.
fn direction(measure: Measure, size: SizeChange) -> Style {
    match size.after.cmp(&size.before) {
        _ if measure.unit() != Unit::Bytes => Style::new(),
        Ordering::Less => LEFT,
        Ordering::Equal => Style::new(),
        Ordering::Greater => WASTED,
    }
}
