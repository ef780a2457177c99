//! How an image differs from another one.

use super::data::{AgainstReport, ChangedFile, FileChange, FilesChange, SizeChange, TransferReport, WeighingReport};
use crate::image::{Change, Delta, DeltaRow, path_text};

/// What is said of `new` beside `old`, whose contents differ by `delta`.
pub fn against(old: &WeighingReport, new: &WeighingReport, delta: &Delta) -> AgainstReport {
    let both = |(measure, size): (&_, &super::SizeReport)| {
        let (before, after) = (old.sizes.get(measure)?, size);
        let comparable = before.definition() == after.definition();
        Some((*measure, SizeChange { before: before.value()?, after: after.value()? })).filter(|_| comparable)
    };
    AgainstReport {
        image: old.image.clone(),
        image_id: old.image_id.clone(),
        sizes: new.sizes.iter().filter_map(both).collect(),
        files: FilesChange {
            added: change(delta.added),
            removed: change(delta.removed),
            changed: change(delta.changed),
            moved: change(delta.moved),
            compared_by_size: delta.by_size,
        },
        biggest: delta.biggest.iter().map(changed).collect(),
        delta_transfer_size: delta.transfer.map(|moved| TransferReport { blob: moved.blob, chain: moved.chain }),
    }
}

const fn change(change: Change) -> FileChange {
    FileChange { files: change.files, before: change.before, after: change.after }
}

fn changed(row: &DeltaRow) -> ChangedFile {
    ChangedFile { path: path_text(&row.path), change: row.kind.id(), before: row.before, after: row.after }
}
