//! What a walk tells: entries, their content, and why it ended early.

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TarKind {
    /// A regular file; its content follows.
    File,
    /// A further name of a file in the same layer.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A folder.
    Directory,
    /// A named pipe.
    Fifo,
}

/// One entry, with what extended headers say about it already applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TarEntry<'a> {
    /// As the tar says it: neither cleaned nor checked.
    pub path: &'a [u8],
    /// What it is.
    pub kind: TarKind,
    /// Bytes of a regular file once unpacked; 0 for everything else.
    pub size: u64,
    /// Whether the stream holds less than `size`, because holes are left out.
    pub sparse: bool,
    /// The target of a link; empty for everything else.
    pub link: &'a [u8],
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
}

/// Takes what a layer holds, in the order of the stream.
pub trait Sink {
    /// An entry begins. An error in words ends the walk.
    fn entry(&mut self, entry: &TarEntry<'_>) -> Result<(), String>;
    /// The next bytes of a regular file that is not sparse.
    fn content(&mut self, bytes: &[u8]);
    /// The next bytes of a regular file passed unseen.
    fn unseen(&mut self, count: u64);
    /// The content is complete.
    fn end(&mut self);
}

/// Why a stream is no layer that an engine would unpack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no sound tar near byte {at} ({why})")]
pub struct TarFault {
    /// Offset into the tar of the header that was being read, or whose content was.
    pub at: u64,
    /// What is wrong there.
    pub why: String,
}
