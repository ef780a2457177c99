//! What an image takes in an engine's store.

/// What an engine says that one local image takes in its store, beside the other local images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUsage {
    /// `Size` in the engine's list of images, bytes: in a containerd store stored blobs and unpacked snapshots of all platforms (D6),
    /// in a classic one what image inspection says too.
    pub listed: u64,
    /// Bytes in layers that other local images have too, as the engine counts; `None` where it does not tell.
    pub shared: Option<u64>,
    /// Bytes on disk of the unpacked snapshots (D5), of an image with one platform in a containerd store; `None` where the engine
    /// does not tell.
    pub unpacked: Option<u64>,
    /// The ids of all other local images, steps of others left out.
    pub others: Vec<String>,
}
