//! The tar that carries a context.
//!
//! POSIX ustar blocks in GNU dress: names and link targets above 100 bytes go into `L` and `K` entries, which take any
//! bytes. Every receiver of build contexts reads both.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use tar::{EntryType, Header};

use super::{ContextEntry, ContextError, EntryKind, MTIME};

const BLOCK: usize = 512;

/// Longest name and link target that a header block holds.
const SHORT: usize = 100;

/// Bytes held of a file, and of what is on its way out.
const BUFFER: usize = 128 << 10;

/// The bytes of the tar of `entries`.
pub(super) fn size(entries: &[ContextEntry]) -> u64 {
    let heads_of = |entry| heads(entry).iter().map(|head| head.len() as u64).sum::<u64>();
    entries.iter().map(|entry| heads_of(entry) + blocks(entry.size)).sum::<u64>() + 2 * BLOCK as u64
}

fn blocks(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK as u64)
}

/// Writes the tar of `entries`, whose files lie below `root`.
pub(super) fn write(root: &Path, entries: &[ContextEntry], out: impl Write) -> Result<u64, ContextError> {
    let mut tar = Tar { root, out: BufWriter::with_capacity(BUFFER, out), written: 0, buffer: vec![0; BUFFER] };
    let done = entries.iter().try_for_each(|entry| tar.entry(entry)).and_then(|()| tar.end());
    if done.is_err() {
        // What is buffered must not follow: dropping the writer would send it.
        let _ = tar.out.into_parts();
    }
    done
}

struct Tar<'a, W: Write> {
    root: &'a Path,
    out: BufWriter<W>,
    written: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Tar<'_, W> {
    fn entry(&mut self, entry: &ContextEntry) -> Result<(), ContextError> {
        let path = self.root.join(std::ffi::OsStr::from_bytes(&entry.path));
        let content = (entry.kind == EntryKind::File && entry.own.is_none()).then(|| open(&path, entry.size)).transpose()?;
        for head in heads(entry) {
            self.put(&head)?;
        }
        if let Some(own) = &entry.own {
            self.put(own)?;
        }
        if let Some(file) = content {
            self.copy(file, path, entry.size)?;
        }
        let padding = usize::try_from(blocks(entry.size) - entry.size).expect("padding is shorter than a block");
        self.put(&[0; BLOCK][..padding])
    }

    fn copy(&mut self, mut file: File, path: PathBuf, size: u64) -> Result<(), ContextError> {
        let mut left = size;
        loop {
            // One byte more than planned is asked for, so that a file that grew is noticed.
            let wanted = usize::try_from(left + 1).unwrap_or(usize::MAX).min(BUFFER);
            let got = match file.read(&mut self.buffer[..wanted]) {
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(ContextError::Read { path, source }),
            };
            match (got, left) {
                (0, 0) => return Ok(()),
                (0, left) => return Err(changed(path, size, format!("{} B", size - left))),
                (got, left) if got as u64 > left => return Err(changed(path, size, "more".to_owned())),
                _ => {}
            }
            let chunk = std::mem::take(&mut self.buffer);
            let put = self.put(&chunk[..got]);
            self.buffer = chunk;
            put?;
            left -= got as u64;
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ContextError> {
        self.out.write_all(bytes).map_err(ContextError::Write)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn end(&mut self) -> Result<u64, ContextError> {
        self.put(&[0; 2 * BLOCK])?;
        self.out.flush().map_err(ContextError::Write)?;
        Ok(self.written)
    }
}

fn changed(path: PathBuf, planned: u64, found: String) -> ContextError {
    ContextError::Changed { path, planned, found }
}

/// Opens a planned file, and refuses whatever has taken its place since.
fn open(path: &Path, size: u64) -> Result<File, ContextError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = File::options().read(true).custom_flags(flags).open(path).and_then(|file| file.metadata().map(|m| (file, m)));
    let (file, metadata) = opened.map_err(|source| ContextError::Read { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(changed(path.to_owned(), size, "another kind of file".to_owned()));
    }
    if metadata.len() != size {
        return Err(changed(path.to_owned(), size, format!("{} B", metadata.len())));
    }
    Ok(file)
}

/// All blocks that come before the content of an entry.
fn heads(entry: &ContextEntry) -> Vec<Vec<u8>> {
    let mut name = entry.path.clone();
    let (kind, target): (EntryType, &[u8]) = match &entry.kind {
        EntryKind::Folder => {
            name.push(b'/');
            (EntryType::Directory, &[])
        }
        EntryKind::File => (EntryType::Regular, &[]),
        EntryKind::Symlink(target) => (EntryType::Symlink, target),
        EntryKind::HardLink(target) => (EntryType::Link, target),
        EntryKind::Fifo => (EntryType::Fifo, &[]),
        EntryKind::CharDevice(..) => (EntryType::Char, &[]),
        EntryKind::BlockDevice(..) => (EntryType::Block, &[]),
    };
    let mut heads = Vec::new();
    heads.extend((target.len() > SHORT).then(|| extension(EntryType::GNULongLink, &terminated(target))));
    heads.extend((name.len() > SHORT).then(|| extension(EntryType::GNULongName, &terminated(&name))));
    let mut header = block(kind, &name, entry.size);
    header.set_mode(entry.mode);
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.linkname, target);
        if let EntryKind::CharDevice(major, minor) | EntryKind::BlockDevice(major, minor) = entry.kind {
            gnu.set_device_major(major);
            gnu.set_device_minor(minor);
        }
    }
    header.set_cksum();
    heads.push(header.as_bytes().to_vec());
    heads
}

/// A header block without mode, link target and checksum.
fn block(kind: EntryType, name: &[u8], size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.name, name);
    }
    header
}

fn fill(field: &mut [u8; SHORT], bytes: &[u8]) {
    let length = bytes.len().min(SHORT);
    field[..length].copy_from_slice(&bytes[..length]);
}

fn terminated(bytes: &[u8]) -> Vec<u8> {
    [bytes, b"\0"].concat()
}

/// An entry that says more about the next one.
fn extension(kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = block(kind, b"././@LongLink", content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}
