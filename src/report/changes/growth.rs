//! Why an image is another size, in lines: base images, layers, files.

use super::signed;
use crate::judge::{BaseChange, FileGrowth, Growth, LayerGrowth, VariantChange};
use crate::report::text::one_line;
use crate::report::weighing::{fit_path, instruction, shown};
use crate::units;

/// How many layers and files are told; JSON has all of them.
const SHOWN: usize = 8;

/// The longest path and instruction that are told, in characters.
const LONGEST: usize = 72;

/// Digits of a digest that are enough to tell it by.
const DIGITS: usize = 12;

/// What changed in the image of a variant.
pub(super) struct Told {
    /// A sentence with the parts of the whole.
    pub(super) sentence: String,
    /// Kind (`base`, `layer`, `file`), bytes with their sign where known, and what it is.
    pub(super) rows: Vec<[String; 3]>,
    /// How many layers and files more there are.
    pub(super) more: usize,
}

/// What is told of a variant; `None` where its image is the same.
pub(super) fn told(variant: &VariantChange) -> Option<Told> {
    if variant.growth.is_none() && variant.bases.is_empty() {
        return None;
    }
    let (none, bases) = (Growth::default(), variant.bases.iter().map(base));
    let growth = variant.growth.as_ref().unwrap_or(&none);
    // What matters most comes first, whichever way it went.
    let (mut layers, same): (Vec<&LayerGrowth>, Vec<_>) = growth.layers.iter().partition(|layer| is_other_size(layer));
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.bytes().unsigned_abs()));
    let mut files: Vec<&FileGrowth> = growth.files.iter().collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.bytes().unsigned_abs()));
    let more = layers.len().saturating_sub(SHOWN) + files.len().saturating_sub(SHOWN);
    let layers = layers.into_iter().take(SHOWN).map(layer).chain(same_size(same.len()));
    let rows = bases.chain(layers).chain(files.into_iter().take(SHOWN).map(file)).collect();
    Some(Told { sentence: sentence(variant), rows, more })
}

fn sentence(variant: &VariantChange) -> String {
    let name = one_line(&format!("{} {}", variant.scenario, variant.after));
    let Some(growth) = &variant.growth else { return format!("{name}: base images are others") };
    let total = bytes(growth.total);
    let parts = growth.base.zip(growth.app).map(|(base, app)| format!(": base image {}, app {}", bytes(base), bytes(app)));
    format!("{name}: {total} of uncompressed size (D3){}", parts.unwrap_or_default())
}

fn base(change: &BaseChange) -> [String; 3] {
    let digest = |digest: &Option<String>| digest.as_deref().map_or_else(|| "none".to_owned(), short);
    let what = format!("{}: {} → {}", one_line(&change.name), digest(&change.before), digest(&change.after));
    ["base".to_owned(), String::new(), what]
}

fn short(digest: &str) -> String {
    let (kind, hash) = digest.split_once(':').unwrap_or(("", digest));
    let hash: String = hash.chars().take(DIGITS).collect();
    one_line(&if kind.is_empty() { hash } else { format!("{kind}:{hash}") })
}

fn layer(layer: &LayerGrowth) -> [String; 3] {
    let made_by = match (&layer.dockerfile_line, &layer.created_by) {
        (Some(line), _) => format!("{}:{} {}", line.file, line.line, line.instruction),
        (None, Some(history)) => instruction(history),
        (None, None) => "(the image does not say)".to_owned(),
    };
    let state = state(layer.before, layer.after);
    ["layer".to_owned(), bytes(layer.bytes()), format!("{}{state}", fit(&one_line(&made_by)))]
}

/// A layer that is new or gone is another size, even where it holds nothing.
fn is_other_size(layer: &LayerGrowth) -> bool {
    layer.bytes() != 0 || layer.is_new_or_gone()
}

/// Layers that builds never make twice the same, most often because of the times of files: they explain no change of size.
fn same_size(layers: usize) -> Option<[String; 3]> {
    let of = units::count(layers, "layer");
    (layers > 0).then(|| ["layer".to_owned(), bytes(0), format!("{of} with other contents of the same size")])
}

fn file(file: &FileGrowth) -> [String; 3] {
    let state = state(file.before, file.after);
    ["file".to_owned(), bytes(file.bytes()), format!("{}{state}", fit_path(&shown(&file.path), LONGEST))]
}

fn state(before: Option<u64>, after: Option<u64>) -> &'static str {
    match (before, after) {
        (None, Some(_)) => " (new)",
        (Some(_), None) => " (gone)",
        _ => "",
    }
}

fn fit(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

fn bytes(value: i64) -> String {
    format!("{} B", signed(value as f64))
}
