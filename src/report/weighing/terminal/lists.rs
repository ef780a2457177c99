//! Waste, and the biggest files and folders.

use anstyle::Style;

use super::{BOLD, FAINT, Page, SHOWN, WASTED, WORST};
use crate::measure::Unit;
use crate::report::figures::Scale;
use crate::report::weighing::data::{BuriedReport, DuplicateReport, FileReport, WasteReport, WeighingReport};
use crate::report::weighing::layout::{Columns, fit, fit_path, shown};
use crate::units;

impl Page {
    pub(super) fn waste(&mut self, data: &WeighingReport) {
        let waste = &data.waste;
        if waste.total == 0 {
            return self.title("Waste", "none: no file is hidden by a later layer, and none is there twice");
        }
        let (title, total) = (self.styled("Waste", BOLD), self.styled(&units::bytes(waste.total), WASTED));
        let share = self.styled(&share(waste), FAINT);
        self.line(&format!("\n{title}  {total}{share}"));
        self.kind("overwritten", waste.overwritten, "a later layer has the same path");
        self.buried(data, &waste.worst_overwritten);
        self.kind("deleted", waste.deleted, "a later layer takes the path away; pulls still move it");
        self.buried(data, &waste.worst_deleted);
        self.kind("duplicate", waste.duplicate, "the same content under another path");
        self.duplicates(data, &data.duplicates);
    }

    /// One of the three kinds; one that is not there has no line.
    fn kind(&mut self, name: &str, bytes: u64, about: &str) {
        if bytes > 0 {
            let (bytes, about) = (self.styled(&units::bytes(bytes), BOLD), self.styled(about, FAINT));
            self.line(&format!("  {name:<11}  {bytes}  {about}"));
        }
    }

    fn duplicates(&mut self, data: &WeighingReport, groups: &[DuplicateReport]) {
        let mut columns = Columns::new(&[true, false, false]);
        for group in groups.iter().take(WORST).filter(|group| counts(group.wasted, data)) {
            let paths: Vec<String> = group.paths.iter().take(4).map(|path| shown(path)).collect();
            let more = if group.copies > paths.len() as u64 { ", …" } else { "" };
            let copies = format!("{} × {}", group.copies, units::bytes(group.bytes));
            columns.row([units::bytes(group.wasted), copies, format!("{}{more}", paths.join(", "))]);
        }
        self.columns(4, &columns, fit);
    }

    fn buried(&mut self, data: &WeighingReport, worst: &[BuriedReport]) {
        let mut columns = Columns::new(&[true, false, false]);
        for file in worst.iter().take(WORST).filter(|file| counts(file.bytes, data)) {
            let times = if file.times > 1 { format!(", {} times", file.times) } else { String::new() };
            let cells = [units::bytes(file.bytes), format!("layer {}{times}", file.layer), shown(&file.path)];
            columns.styled(tone(data, Some(file.layer)), cells);
        }
        self.columns(4, &columns, fit_path);
    }

    /// Files or folders under each other.
    pub(super) fn files(&mut self, title: &str, data: &WeighingReport, files: &[FileReport]) {
        if files.is_empty() {
            return;
        }
        self.title(title, "");
        let scale = Scale::new(Unit::Bytes, files.iter().take(SHOWN).map(|file| file.bytes as f64));
        let layered = files.iter().any(|file| file.layer.is_some());
        let mut columns = Columns::new(if layered { &[true, false, false] } else { &[true, false] });
        for file in files.iter().take(SHOWN) {
            let layer = file.layer.map(|layer| format!("layer {layer}"));
            columns.styled(tone(data, file.layer), std::iter::once(scale.text(file.bytes as f64)).chain(layer).chain([shown(&file.path)]));
        }
        self.columns(2, &columns, fit_path);
    }
}

/// Whether it is worth a line: a hundredth of all waste.
fn counts(bytes: u64, data: &WeighingReport) -> bool {
    u128::from(bytes) * 100 >= u128::from(data.waste.total)
}

/// Faint for what is in a layer of the base image.
fn tone(data: &WeighingReport, layer: Option<usize>) -> Style {
    let of_base = layer.and_then(|number| data.layers.get(number.checked_sub(1)?)).is_some_and(|layer| layer.of_base);
    if of_base { FAINT } else { Style::new() }
}

/// The part of all files' bytes that is waste.
fn share(waste: &WasteReport) -> String {
    match waste.percent {
        Some(percent) if percent < 0.1 => ", less than 0.1 % of the files of all layers".to_owned(),
        Some(percent) => format!(", {percent:.1} % of the files of all layers"),
        None => String::new(),
    }
}
