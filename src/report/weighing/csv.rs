//! A weighing as CSV: one figure a row, exact.

use super::data::{AgainstReport, FileChange, SizeReport, WeighedLayer, WeighingReport};
use crate::image::LayerContent;
use crate::measure::{Measure, Unit};
use crate::report::ReportError;
use crate::report::csv::{guard, table};

const HEADER: [&str; 11] =
    ["image", "layer", "measure", "definition", "value", "unit", "unavailable", "dockerfile_line", "against", "before", "change"];

/// Every size, the waste, and the shares of the layers. A row without a layer is about the whole image; a size that cannot be
/// had has no value and says why. A layer has the line of the Dockerfile behind it, and a figure that the other image has too, what
/// that is there and how much more it is here.
pub fn weighing_csv(data: &WeighingReport) -> Result<String, ReportError> {
    let sizes = data.sizes.iter().map(|(measure, size)| compared(data, *measure, whole(measure.id(), measure.unit(), size)));
    let host = data.on_this_host.iter().flat_map(|host| &host.facts).map(|(fact, size)| whole(fact.id(), fact.unit(), size));
    let waste = [("overwritten", data.waste.overwritten), ("deleted", data.waste.deleted), ("duplicate", data.waste.duplicate)];
    let waste = waste.into_iter().map(|(name, bytes)| Row::figure(&format!("waste-{name}"), "", bytes, Unit::Bytes));
    let rows = sizes.chain(waste).chain(data.against.iter().flat_map(changes)).chain(host).chain(data.layers.iter().flat_map(layer));
    table("weighing.csv", &HEADER, rows.map(|row| row.cells(&data.image)))
}

/// A row without the image; what it does not have is empty.
#[derive(Default)]
struct Row {
    layer: String,
    measure: String,
    definition: String,
    value: String,
    unit: &'static str,
    unavailable: String,
    dockerfile_line: String,
    against: String,
    before: String,
    change: String,
}

impl Row {
    fn figure(measure: &str, definition: &str, value: u64, unit: Unit) -> Self {
        Self {
            measure: measure.to_owned(),
            definition: definition.to_owned(),
            value: value.to_string(),
            unit: unit.id(),
            ..Self::default()
        }
    }

    /// The same beside what the figure is in the other image.
    fn beside(self, against: &AgainstReport, before: u64, after: u64) -> Self {
        let change = (i128::from(after) - i128::from(before)).to_string();
        Self { against: against.image.clone(), before: before.to_string(), change, ..self }
    }

    fn cells(self, image: &str) -> [String; 11] {
        [
            guard(image),
            self.layer,
            self.measure,
            guard(&self.definition),
            self.value,
            self.unit.to_owned(),
            guard(&self.unavailable),
            guard(&self.dockerfile_line),
            guard(&self.against),
            self.before,
            // A number that is below zero is no formula.
            self.change,
        ]
    }
}

fn whole(id: &str, unit: Unit, size: &SizeReport) -> Row {
    match size {
        SizeReport::Known { value, unit, definition } => Row::figure(id, definition.as_deref().unwrap_or_default(), *value, *unit),
        SizeReport::Unavailable { unavailable, definition } => Row {
            measure: id.to_owned(),
            definition: definition.clone().unwrap_or_default(),
            unit: unit.id(),
            unavailable: unavailable.clone(),
            ..Row::default()
        },
    }
}

/// A size beside that of the other image, where both have it.
fn compared(data: &WeighingReport, measure: Measure, row: Row) -> Row {
    let both = data.against.as_ref().and_then(|against| Some((against, against.sizes.get(&measure)?)));
    match both {
        Some((against, size)) => row.beside(against, size.before, size.after),
        None => row,
    }
}

/// What an update moves, and how the two file systems differ: files and their bytes in four ways.
fn changes(against: &AgainstReport) -> Vec<Row> {
    let moved = against.delta_transfer_size.iter().flat_map(|moved| [("D10-blob", moved.blob), ("D10-chain", moved.chain)]);
    let mut rows: Vec<Row> = moved
        .map(|(form, bytes)| Row { against: against.image.clone(), ..Row::figure("delta-transfer-size", form, bytes, Unit::Bytes) })
        .collect();
    let files = &against.files;
    for (how, FileChange { files, before, after }) in
        [("added", files.added), ("removed", files.removed), ("changed", files.changed), ("moved", files.moved)]
    {
        rows.push(Row { against: against.image.clone(), ..Row::figure(&format!("files-{how}"), "", files, Unit::One) });
        rows.push(Row::figure(&format!("bytes-{how}"), "", after, Unit::Bytes).beside(against, before, after));
    }
    let by_size = Row::figure("files-compared-by-size", "", files.compared_by_size, Unit::One);
    rows.push(Row { against: against.image.clone(), ..by_size });
    rows
}

fn layer(layer: &WeighedLayer) -> Vec<Row> {
    let line = layer.dockerfile_line.as_ref().map(|line| format!("{}:{}", line.file, line.line)).unwrap_or_default();
    let row = |measure: Measure, value| Row {
        layer: layer.number.to_string(),
        dockerfile_line: line.clone(),
        ..Row::figure(measure.id(), measure.definition().unwrap_or_default(), value, measure.unit())
    };
    let mut rows = vec![row(Measure::UncompressedSize, layer.uncompressed)];
    rows.extend(layer.compressed.map(|bytes| row(Measure::LayerTransferSize, bytes)));
    if let Some(LayerContent { classic_size, classic_size_built, live, .. }) = layer.content {
        rows.extend([
            row(Measure::LiveSize, live),
            row(Measure::ClassicSize, classic_size),
            row(Measure::ClassicSizeBuilt, classic_size_built),
        ]);
    }
    rows
}
