//! The biggest files of a layer as they are written down: few, with bounded names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::path_text;
use crate::image::tree::{LiveFile, Tree};

/// The most files that are written down of one layer.
pub const MAX_LAYER_FILES: usize = 20;

/// Smaller files are not written down, bytes.
const LEAST: u64 = 4_096;

/// The longest path that is written down whole, in characters.
const LONGEST_PATH: usize = 400;

/// A file that is in the final file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerFile {
    /// From the root, with a `/` in front; a byte that is no UTF-8 is written `\xff`. A path of more than 400 characters has `…` in place of
    /// its middle.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

impl LayerFile {
    fn new((path, size): LiveFile) -> Self {
        Self { path: bounded(path_text(&path)), size }
    }

    /// The most bytes that a live file of a layer may have that is not among `listed`, its biggest ones.
    pub fn bound(listed: &[Self]) -> u64 {
        let smallest = listed.iter().map(|file| file.size).min().filter(|_| listed.len() >= MAX_LAYER_FILES);
        smallest.unwrap_or(LEAST - 1)
    }
}

/// What is written down of every layer of `tree`, lowest first.
pub(super) fn biggest(tree: &Tree) -> Vec<Vec<LayerFile>> {
    let of_layer = |files: Vec<LiveFile>| files.into_iter().map(LayerFile::new).collect();
    tree.biggest_files_by_layer(MAX_LAYER_FILES, LEAST).into_iter().map(of_layer).collect()
}

/// The end of a path tells more than its beginning.
fn bounded(path: String) -> String {
    let count = path.chars().count();
    if count <= LONGEST_PATH {
        return path;
    }
    let (head, tail) = (LONGEST_PATH / 4, LONGEST_PATH - LONGEST_PATH / 4 - 1);
    path.chars().take(head).chain(['…']).chain(path.chars().skip(count - tail)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(size: u64) -> LayerFile {
        LayerFile::new((format!("f{size}").into_bytes(), size))
    }

    #[test]
    fn a_path_is_written_from_the_root_with_its_odd_bytes_as_escapes() {
        assert_eq!(LayerFile::new((b"app/\xffbin".to_vec(), 9)), LayerFile { path: "/app/\\xffbin".to_owned(), size: 9 });
    }

    #[test]
    fn what_a_short_list_lacks_is_small_and_what_a_full_one_lacks_is_no_bigger_than_its_last() {
        assert_eq!(LayerFile::bound(&[file(9_000)]), LEAST - 1);
        let full: Vec<LayerFile> = (0..MAX_LAYER_FILES as u64).map(|at| file(9_000 - at)).collect();
        assert_eq!(LayerFile::bound(&full), 8_981);
    }

    proptest! {
        #[test]
        fn no_path_is_longer_than_is_taken_and_its_end_is_kept(path in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let whole = path_text(&path);
            let kept = bounded(whole.clone());
            prop_assert!(kept.chars().count() <= LONGEST_PATH);
            prop_assert!(kept == whole || kept.contains('…'));
            prop_assert_eq!(kept.chars().last(), whole.chars().last());
        }
    }
}
