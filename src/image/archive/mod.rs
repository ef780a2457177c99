//! Images in files: `docker save` archives, OCI layouts, and OCI layouts packed into one file.
//!
//! A file that can be sought is indexed once (`outer`, `members`); from then on documents and layers are read where they lie, by as
//! many threads as ask. Invariant: what an archive calls a name is looked up in the index and never in the file system.

mod docker;
mod folder;
mod headers;
mod layout;
mod members;
mod outer;
mod packed;
mod saved;

pub use docker::DockerArchive;
pub use layout::{Layout, OciArchive};

pub(in crate::image) use members::Members;
pub(crate) use members::resolve;
pub(in crate::image) use outer::{Member, Outer, Stream};
pub(in crate::image) use saved::Saved;

#[cfg(test)]
mod tests;
