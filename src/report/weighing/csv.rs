//! A weighing as CSV: one figure a row, exact.

use super::data::{SizeReport, WeighedLayer, WeighingReport};
use crate::image::LayerContent;
use crate::measure::{Measure, Unit};
use crate::report::ReportError;
use crate::report::csv::{guard, table};

const HEADER: [&str; 7] = ["image", "layer", "measure", "definition", "value", "unit", "unavailable"];

/// Every size, the waste, and the shares of the layers. A row without a layer is about the whole image; a size that cannot be
/// had has no value and says why.
pub fn weighing_csv(data: &WeighingReport) -> Result<String, ReportError> {
    let sizes = data.sizes.iter().map(|(measure, size)| whole(measure.id(), measure.unit(), size));
    let host = data.on_this_host.iter().flat_map(|host| &host.facts).map(|(fact, size)| whole(fact.id(), fact.unit(), size));
    let waste = [("overwritten", data.waste.overwritten), ("deleted", data.waste.deleted), ("duplicate", data.waste.duplicate)];
    let waste = waste.into_iter().map(|(name, bytes)| figure(String::new(), &format!("waste-{name}"), "", bytes, Unit::Bytes));
    let against = data.against.iter().flat_map(|against| &against.delta_transfer_size);
    let moved = against.flat_map(|moved| [("D10-blob", moved.blob), ("D10-chain", moved.chain)]);
    let moved = moved.map(|(form, bytes)| figure(String::new(), "delta-transfer-size", form, bytes, Unit::Bytes));
    let rows = sizes.chain(waste).chain(moved).chain(host).chain(data.layers.iter().flat_map(layer));
    table("weighing.csv", &HEADER, rows.map(|row| std::iter::once(guard(&data.image)).chain(row).collect::<Vec<_>>()))
}

type Row = [String; 6];

fn whole(id: &str, unit: Unit, size: &SizeReport) -> Row {
    match size {
        SizeReport::Known { value, unit, definition } => {
            figure(String::new(), id, definition.as_deref().unwrap_or_default(), *value, *unit)
        }
        SizeReport::Unavailable { unavailable, definition } => {
            let definition = guard(definition.as_deref().unwrap_or_default());
            [String::new(), id.to_owned(), definition, String::new(), unit.id().to_owned(), guard(unavailable)]
        }
    }
}

fn layer(layer: &WeighedLayer) -> Vec<Row> {
    let row = |measure: Measure, value| {
        figure(layer.number.to_string(), measure.id(), measure.definition().unwrap_or_default(), value, measure.unit())
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

fn figure(layer: String, measure: &str, definition: &str, value: u64, unit: Unit) -> Row {
    [layer, measure.to_owned(), guard(definition), value.to_string(), unit.id().to_owned(), String::new()]
}
