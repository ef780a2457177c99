//! From an image's layers to what is said of them.

use std::collections::HashMap;

use super::data::{
    BaseNamed, DuplicateReport, FileReport, ReadHow, SourceReport, WEIGHING_VERSION, WastePlaceReport, WasteReport, WeighedLayer,
    WeighingReport,
};
use super::instruction::instruction;
use super::sizes::sizes;
use crate::image::{DuplicateGroup, Folder, LayerWeight, NamedBase, Tree, WastePlace, Weighed, Weighing, path_text};
use crate::units;

/// How many files, folders, groups and paths are named.
const NAMED: usize = 20;

/// How many places and groups are told of each kind of waste to people.
pub(super) const WORST: usize = 5;

/// How many copies of one content are named.
const COPIES: usize = 10;

impl WeighingReport {
    /// What is said of `image`, which was asked for as `name`. Its base share, if any, is that of its weighing.
    pub fn new(name: &str, image: &Weighed, source: SourceReport, named: Option<NamedBase>) -> Self {
        let weighing = &image.weighing;
        let base_named = named.map(|base| BaseNamed { name: base.name, digest: base.digest });
        Self {
            format_version: WEIGHING_VERSION,
            image: name.to_owned(),
            platform: image.image.config.platform.clone(),
            image_id: image.image.id.to_string(),
            digest: weighing.digest.clone(),
            verified: verified(image, &source),
            sizes: sizes(weighing, &source, base_named.as_ref()),
            layers: layers(weighing),
            base: weighing.base.clone(),
            base_named,
            waste: waste(image),
            duplicates: image.duplicates.iter().take(NAMED).map(duplicate).collect(),
            biggest_files: image.tree.biggest_files(NAMED).iter().map(file).collect(),
            biggest_folders: folders(image.tree.folders()),
            warnings: warnings(&image.tree),
            source,
            against: None,
            on_this_host: None,
        }
    }
}

/// What was held against what: weighing an image that disagrees with itself is an error.
fn verified(image: &Weighed, source: &SourceReport) -> Vec<String> {
    let layers = &image.image.layers;
    if layers.is_empty() {
        return vec!["the configuration; there are no layers".to_owned()];
    }
    let count = units::count(layers.len(), "layer");
    let mut sentences = vec![match (source.read, source.known_layers) {
        (ReadHow::StoreIndex, _) => format!("the store's list of {count} against the configuration; no content was hashed (--verify does)"),
        (ReadHow::Headers, _) => "nothing: the archive's word is taken for what its layers hash to (--no-verify)".to_owned(),
        (ReadHow::EveryByte, 0) => format!("the tar of every layer against the configuration ({count})"),
        (ReadHow::EveryByte, known) => format!(
            "the tars of {} of {count} against the configuration; of the {known} known from before only that they are there (--fresh reads them)",
            layers.len() - known.min(layers.len())
        ),
    }];
    if image.image.manifest.is_some() {
        let read = layers.iter().filter(|layer| layer.stored.is_some()).count();
        sentences.push(match read {
            _ if read == layers.len() => "all stored bytes against the manifest".to_owned(),
            _ => format!("the stored bytes of {read} of {} layers against the manifest", layers.len()),
        });
    }
    sentences
}

fn layers(weighing: &Weighing) -> Vec<WeighedLayer> {
    let of_base = weighing.base.as_ref().map_or(0, |base| base.layers);
    let layer = |(at, layer): (usize, &LayerWeight)| WeighedLayer {
        number: at + 1,
        diff_id: layer.diff_id.clone(),
        digest: layer.digest.clone(),
        media_type: layer.media_type.clone(),
        uncompressed: layer.uncompressed,
        compressed: layer.compressed,
        created_by: layer.created_by.clone(),
        instruction: layer.created_by.as_deref().map(instruction),
        dockerfile_line: layer.dockerfile_line.clone(),
        of_base: at < of_base,
        content: layer.content,
    };
    weighing.layers.iter().enumerate().map(layer).collect()
}

fn waste(image: &Weighed) -> WasteReport {
    let waste = image.tree.waste();
    let total = waste.overwritten + waste.deleted + waste.duplicate;
    let all: u64 = image.tree.shares().iter().map(|share| share.live + share.overwritten + share.deleted).sum();
    let worst = |deleted| image.tree.buried_places(deleted, NAMED).iter().map(place).collect();
    let grouped = image.duplicates.iter().take(WORST).take_while(|group| is_worth_a_line(group.wasted(), total)).count();
    WasteReport {
        overwritten: waste.overwritten,
        deleted: waste.deleted,
        duplicate: waste.duplicate,
        total,
        percent: (all > 0).then(|| (total as f64 / all as f64 * 10_000.0).round() / 100.0),
        worst_overwritten: worst(false),
        worst_deleted: worst(true),
        worst_copies: image.tree.copied_places(&image.duplicates[..grouped], NAMED).iter().map(place).collect(),
    }
}

fn place(found: &WastePlace) -> WastePlaceReport {
    let WastePlace { ref path, kind, bytes, files, times, layers } = *found;
    WastePlaceReport { path: path_text(path), what: kind, bytes, files, times, layer: layers.0 + 1, last_layer: layers.1 + 1 }
}

/// Whether wasted bytes are told by name: a hundredth of all waste.
pub(super) fn is_worth_a_line(bytes: u64, all: u64) -> bool {
    u128::from(bytes) * 100 >= u128::from(all)
}

fn duplicate(group: &DuplicateGroup) -> DuplicateReport {
    let paths = group.paths.iter().take(COPIES).map(|path| path_text(path)).collect();
    DuplicateReport { bytes: group.size, copies: group.copies, wasted: group.wasted(), paths }
}

fn file((path, layer, bytes): &(Vec<u8>, usize, u64)) -> FileReport {
    FileReport { path: path_text(path), bytes: *bytes, layer: Some(layer + 1) }
}

/// The biggest folders. One that has nine tenths of its bytes in one folder inside it says nothing that this one does not.
fn folders(mut all: Vec<Folder>) -> Vec<FileReport> {
    let mut biggest_inside: HashMap<&[u8], u64> = HashMap::new();
    for folder in all.iter().filter(|folder| !folder.path.is_empty()) {
        let above = folder.path.iter().rposition(|&byte| byte == b'/').map_or(&[][..], |slash| &folder.path[..slash]);
        let inside = biggest_inside.entry(above).or_default();
        *inside = folder.live.max(*inside);
    }
    let says_something = |folder: &Folder| {
        let inside = biggest_inside.get(folder.path.as_slice()).copied().unwrap_or(0);
        !folder.path.is_empty() && u128::from(inside) * 10 < u128::from(folder.live) * 9
    };
    let keep: Vec<bool> = all.iter().map(says_something).collect();
    let mut keep = keep.into_iter();
    all.retain(|_| keep.next().unwrap_or(false));
    all.sort_unstable_by(|a, b| b.live.cmp(&a.live).then_with(|| a.path.cmp(&b.path)));
    all.truncate(NAMED);
    all.iter().map(|folder| FileReport { path: path_text(&folder.path), bytes: folder.live, layer: None }).collect()
}

fn warnings(tree: &Tree) -> Vec<String> {
    let lost = usize::try_from(tree.lost_links()).unwrap_or(usize::MAX);
    let sentence = || format!("{} to a file that is in no layer; not every engine can unpack this image", units::count(lost, "hard link"));
    if lost == 0 { Vec::new() } else { vec![sentence()] }
}
