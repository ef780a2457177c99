//! Waste, and the biggest files and folders.

use anstyle::Style;

use super::{BOLD, FAINT, Page, SHOWN, WASTED};
use crate::image::PlaceKind;
use crate::measure::Unit;
use crate::report::figures::Scale;
use crate::report::weighing::collect::{WORST, is_worth_a_line};
use crate::report::weighing::data::{FileReport, WastePlaceReport, WasteReport, WeighingReport};
use crate::report::weighing::layout::{Columns, fit, fit_path, place_text, shown};
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
        self.places(data, &waste.worst_overwritten);
        self.kind("deleted", waste.deleted, "a later layer takes the path away; pulls still move it");
        self.places(data, &waste.worst_deleted);
        self.kind("duplicate", waste.duplicate, "the same content under another path");
        self.duplicates(data);
    }

    /// One of the three kinds; one that is not there has no line.
    fn kind(&mut self, name: &str, bytes: u64, about: &str) {
        if bytes > 0 {
            let (bytes, about) = (self.styled(&units::bytes(bytes), BOLD), self.styled(about, FAINT));
            self.line(&format!("  {name:<11}  {bytes}  {about}"));
        }
    }

    /// The groups that are worth a line, then what copies are left, by folder.
    fn duplicates(&mut self, data: &WeighingReport) {
        let mut columns = Columns::new(&[true, false, false]);
        for group in data.duplicates.iter().take(WORST).filter(|group| counts(group.wasted, data)) {
            let paths: Vec<String> = group.paths.iter().take(4).map(|path| shown(path)).collect();
            let more = if group.copies > paths.len() as u64 { ", …" } else { "" };
            let copies = format!("{} × {}", group.copies, units::bytes(group.bytes));
            columns.row([units::bytes(group.wasted), copies, format!("{}{more}", paths.join(", "))]);
        }
        for place in data.waste.worst_copies.iter().take(WORST).filter(|place| counts(place.bytes, data)) {
            columns.row([units::bytes(place.bytes), "copies".to_owned(), place_text(place)]);
        }
        self.columns(4, &columns, fit);
    }

    fn places(&mut self, data: &WeighingReport, worst: &[WastePlaceReport]) {
        let mut columns = Columns::new(&[true, false, false]);
        for place in worst.iter().take(WORST).filter(|place| counts(place.bytes, data)) {
            columns.styled(tone(data, Some(place.last_layer)), [units::bytes(place.bytes), layers(place), place_text(place)]);
        }
        self.columns(4, &columns, fit_path);
    }

    /// The biggest folders and files, in one unit and with their paths under each other.
    pub(super) fn biggest(&mut self, data: &WeighingReport) {
        let (folders, files) = (data.biggest_folders.iter().take(SHOWN), data.biggest_files.iter().take(SHOWN));
        let scale = Scale::new(Unit::Bytes, folders.clone().chain(files.clone()).map(|file| file.bytes as f64));
        let row = |file: &FileReport| {
            let layer = file.layer.map_or_else(String::new, |layer| format!("layer {layer}"));
            (tone(data, file.layer), [scale.text(file.bytes as f64), layer, shown(&file.path)])
        };
        let mut columns = Columns::new(&[true, false, false]);
        for (style, cells) in folders.clone().chain(files).map(row) {
            columns.styled(style, cells);
        }
        // A path never takes more than a line.
        let mut lines = columns.lines(2, self.width, self.color, fit_path);
        let of_files = lines.split_off(folders.len().min(lines.len()));
        for (title, lines) in [("Biggest folders", lines), ("Biggest files", of_files)].into_iter().filter(|(_, lines)| !lines.is_empty()) {
            self.title(title, "");
            for line in &lines {
                self.line(line);
            }
        }
    }
}

/// The layers that have what is wasted at a place.
fn layers(place: &WastePlaceReport) -> String {
    let times = if place.what == PlaceKind::File && place.times > 1 { format!(", {} times", place.times) } else { String::new() };
    if place.layer == place.last_layer {
        format!("layer {}{times}", place.layer)
    } else {
        format!("layers {}–{}{times}", place.layer, place.last_layer)
    }
}

/// Whether it is worth a line.
fn counts(bytes: u64, data: &WeighingReport) -> bool {
    is_worth_a_line(bytes, data.waste.total)
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
