//! Every size of an image under its definition, or why it cannot be had.

use std::collections::BTreeMap;

use super::data::{BaseNamed, SizeReport, SourceKind, SourceReport};
use crate::image::Weighing;
use crate::measure::Measure;

/// Every size and count of an image.
pub(super) fn sizes(weighing: &Weighing, source: &SourceReport, named: Option<&BaseNamed>) -> BTreeMap<Measure, SizeReport> {
    Measure::OF_AN_IMAGE.iter().map(|&measure| (measure, size(measure, weighing, source, named))).collect()
}

fn size(measure: Measure, weighing: &Weighing, source: &SourceReport, named: Option<&BaseNamed>) -> SizeReport {
    let definition = match measure {
        Measure::ReportedSize => source.store.clone(),
        other => other.definition().map(str::to_owned),
    };
    match value(measure, weighing, source) {
        Some(value) => SizeReport::Known { value, unit: measure.unit(), definition },
        None => SizeReport::Unavailable { unavailable: reason(measure, source.kind, named), definition },
    }
}

fn value(measure: Measure, weighing: &Weighing, source: &SourceReport) -> Option<u64> {
    match measure {
        Measure::TransferSize => weighing.transfer_size,
        Measure::LayerTransferSize => weighing.layer_transfer_size,
        Measure::UncompressedSize => Some(weighing.uncompressed_size),
        Measure::LiveSize => weighing.live_size,
        Measure::AppSize => weighing.base.as_ref().map(|base| base.app_size),
        Measure::ClassicSize => weighing.classic_size,
        Measure::ClassicSizeBuilt => weighing.classic_size_built,
        Measure::ReportedSize => source.reported_size,
        Measure::LayerCount => Some(weighing.layers.len() as u64),
        Measure::FileCount => weighing.file_count,
        Measure::DeltaTransferSize
        | Measure::ContextSize
        | Measure::BuildDownload
        | Measure::BuildTime
        | Measure::PushTime
        | Measure::PullTime
        | Measure::StartTime
        | Measure::AnonymousMemory => None,
    }
}

fn reason(measure: Measure, source: SourceKind, named: Option<&BaseNamed>) -> String {
    match measure {
        Measure::TransferSize | Measure::LayerTransferSize => match source {
            SourceKind::Engine => "an engine exports no compressed layers; weigh registry:NAME",
            SourceKind::DockerArchive => "no manifest of a registry is in a docker archive; weigh registry:NAME",
            SourceKind::Registry | SourceKind::Oci | SourceKind::OciArchive => "there is no manifest; weigh registry:NAME",
        }
        .to_owned(),
        Measure::ReportedSize => "only an engine reports a size".to_owned(),
        Measure::AppSize => match named.and_then(|base| base.name.as_deref()) {
            Some(name) => format!("split it with --base; the image says that it is built on {name}"),
            None => "no base image is known; name it with --base".to_owned(),
        },
        _ => "it was not counted".to_owned(),
    }
}
