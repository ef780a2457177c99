//! The list of stand-ins for a terminal: a narrow table, then what differs as sentences.

use crate::cli::layout;
use crate::rig::bases::{BaseStatus, COMPRESSOR, Listing, Pruned, all_but, common, own};
use crate::units::{self, ByteUnit};

/// Columns that sentences may take.
const WIDEST: usize = 100;

/// The whole list in lines of at most `width` columns where words allow it.
pub(super) fn terminal(listing: &Listing, width: usize) -> String {
    let Listing { bases, folder, bytes, unused } = listing;
    let width = width.min(WIDEST);
    let wrapped = |text: &str| layout::wrapped(text, 2, width) + "\n";
    let mut text = layout::columns(&rows(bases)) + "\n";
    text += &wrapped(&format!(
        "Sizes are compressed, in MB: published for linux/amd64, ours by {COMPRESSOR}. The cache in {} has {}.",
        folder.display(),
        units::bytes(*bytes)
    ));
    if unused.files > 0 {
        text += &wrapped(&leftovers(unused));
    }
    text += "\nWhat differs from the published images:\n";
    let common = common(bases);
    for (differs, without) in &common {
        text += &wrapped(&format!("{}: {differs}", all_but(without)));
    }
    for base in bases {
        let own = own(base.recipe, &common);
        if !own.is_empty() {
            text += &wrapped(&format!("{}: {}", base.recipe.name, own.join("; ")));
        }
    }
    text
}

fn rows(bases: &[BaseStatus]) -> Vec<[String; 7]> {
    let head = ["stand-in for", "published", "     ours", "ratio", "limit", "published", ""];
    let row = |base: &BaseStatus| {
        let megabytes = |bytes: u64| format!("{:>9}", ByteUnit::Mega.number(bytes));
        let ours = base
            .cached
            .as_ref()
            .map_or_else(|| "not built".to_owned(), |cached| format!("{:>9}", ByteUnit::Mega.number(cached.compressed_size)));
        let ratio = base.ratio().map_or_else(|| "    –".to_owned(), |ratio| format!("{ratio:.3}"));
        let published = base.recipe.published;
        let far = if base.is_near() == Some(false) { "too far" } else { "" };
        [
            base.recipe.name.to_owned(),
            megabytes(published.bytes),
            ours,
            ratio,
            format!("±{} %", base.recipe.limit_percent),
            published.date.to_owned(),
            far.to_owned(),
        ]
    };
    [head.map(str::to_owned)].into_iter().chain(bases.iter().map(row)).collect()
}

/// What could be removed, and how.
fn leftovers(unused: &Pruned) -> String {
    let images = if unused.images.is_empty() { "files that no image names".to_owned() } else { unused.images.join(", ") };
    format!("No recipe refers any more to {} of it: {images}. `loadline bases prune` removes them.", units::bytes(unused.bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rig::bases::{CachedBase, recipes};

    fn listing() -> Listing {
        let cached = |bytes: u64| CachedBase {
            created: jiff::Timestamp::UNIX_EPOCH,
            image_id: "sha256:0".to_owned(),
            compressed_size: bytes,
            uncompressed_size: 3 * bytes,
            versions: BTreeMap::new(),
        };
        let bases = recipes().iter().map(|recipe| BaseStatus { recipe, cached: Some(cached(recipe.published.bytes)) }).collect();
        let unused = Pruned { images: vec!["golang:1.23 (2025-04-28)".to_owned()], files: 3, bytes: 1_500_000 };
        Listing { bases, folder: "/var/cache/loadline".into(), bytes: 2_000_000_000, unused }
    }

    #[test]
    fn every_stand_in_has_a_row_and_no_line_is_wider_than_the_terminal() {
        let text = terminal(&listing(), 100);
        let rows = text.lines().skip(1).take_while(|line| !line.is_empty());
        assert_eq!(rows.count(), recipes().len(), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn a_stand_in_beyond_its_limit_is_marked_and_leftovers_are_named() {
        let mut listing = listing();
        let cached = listing.bases[0].cached.as_mut().expect("it is there");
        cached.compressed_size *= 2;
        let text = terminal(&listing, 100);
        assert!(text.lines().nth(1).is_some_and(|row| row.contains("2.000") && row.contains("too far")), "{text}");
        assert!(
            text.replace("\n  ", " ")
                .contains("No recipe refers any more to 1.5 MB of it: golang:1.23 (2025-04-28). `loadline bases prune` removes them."),
            "{text}"
        );
        listing.bases[0].cached = None;
        assert!(terminal(&listing, 100).lines().nth(1).is_some_and(|row| row.contains("not built")));
    }
}
