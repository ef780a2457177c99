//! Why an image grew: the base image or the app, which layers, which files.

use schemars::JsonSchema;
use serde::Serialize;

use crate::dockerfile::Line;

/// How an image differs from the baseline's, in D3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Growth {
    /// All of it, bytes; less than 0 where the image shrank.
    pub total: i64,
    /// The base image's part, bytes; absent where the base of either image is not known.
    pub base: Option<i64>,
    /// The app's part, bytes; absent with `base`.
    pub app: Option<i64>,
    /// Base images whose digest is another one, by reference.
    pub moved_bases: Vec<String>,
    /// Layers above the base that differ, the one that grew most first.
    pub layers: Vec<LayerGrowth>,
    /// Files of these layers that differ, the one that grew most first. Records keep the biggest files of a layer only.
    pub files: Vec<FileGrowth>,
}

/// One layer in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LayerGrowth {
    /// The instruction that made it, where the image's history agrees with the Dockerfile.
    pub dockerfile_line: Option<Line>,
    /// The history line that made it, where history tells.
    pub created_by: Option<String>,
    /// Tar bytes in the baseline; absent for a new layer.
    pub before: Option<u64>,
    /// Tar bytes in the run; absent for a layer that is gone.
    pub after: Option<u64>,
}

/// One file in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileGrowth {
    /// Its path from the root, with a `/` in front.
    pub path: String,
    /// Bytes in the baseline; absent for a new file.
    pub before: Option<u64>,
    /// Bytes in the run; absent for a file that is gone.
    pub after: Option<u64>,
    /// The instruction whose layer has it, where known.
    pub dockerfile_line: Option<Line>,
}
