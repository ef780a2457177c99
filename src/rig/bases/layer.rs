//! Layers as the cache keeps them: one gzip file each, hashed, counted and looked into in a single pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The compressor and its levels, said beside every size that comes from it.
pub const COMPRESSOR: &str = "gzip by zlib-rs (level 9 for a Debian root, level 6 for all other layers)";
/// Longest version line that is taken from an image.
const LONGEST_VERSION: u64 = 200;

/// How strongly a layer is compressed: as the published one was, so that sizes can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// As `docker push` does, by Go's gzip writer at its default. On the layers of `golang:1.23` zlib-rs comes within
    /// 0.5 % of it at level 6.
    Pushed,
    /// As debuerreotype does with the one layer of a Debian image (`pigz --best`, `examples/oci-image.sh`).
    DebianRoot,
}

impl Level {
    const fn number(self) -> u32 {
        match self {
            Self::Pushed => crate::image::GZIP_LEVEL,
            Self::DebianRoot => 9,
        }
    }
}

/// A layer in the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedLayer {
    /// `sha256:…` of the tar.
    pub(super) diff_id: String,
    /// Bytes of the tar.
    pub(super) uncompressed: u64,
    /// `sha256:…` of the gzip file.
    pub(super) digest: String,
    /// Bytes of the gzip file.
    pub(super) compressed: u64,
}

/// What was found in a layer: for each looked-up file, its first line.
pub(super) type FirstLines = BTreeMap<String, String>;

/// Compresses the tar that `source` gives into `out`, and reads the first lines of the `wanted` paths on the way.
pub(super) fn pack(source: impl Read, out: &File, level: Level, wanted: &[&str]) -> io::Result<(CachedLayer, FirstLines)> {
    let packed = GzEncoder::new(Counted::new(io::BufWriter::with_capacity(1 << 18, out)), Compression::new(level.number()));
    let mut tee = Tee { source: Counted::new(source), out: packed };
    let lines = first_lines(&mut tee, wanted)?;
    io::copy(&mut tee, &mut io::sink())?;
    let (uncompressed, diff_id, _) = tee.source.finish();
    let (compressed, digest, mut out) = tee.out.finish()?.finish();
    out.flush()?;
    Ok((CachedLayer { diff_id, uncompressed, digest, compressed }, lines))
}

/// Copies the gzip file at `path` to `out`; `None` when it is not byte for byte what `layer` says.
pub(super) fn copy_verified(layer: &CachedLayer, path: &Path, out: &mut impl Write) -> io::Result<Option<()>> {
    let Ok(file) = File::open(path) else { return Ok(None) };
    if !file.metadata().is_ok_and(|metadata| metadata.len() == layer.compressed) {
        return Ok(None);
    }
    let mut source = Counted::new(file.take(layer.compressed));
    let mut buffer = vec![0; 1 << 18];
    loop {
        // What cannot be read is as good as damaged: it can be made again.
        let Ok(n) = source.read(&mut buffer) else { return Ok(None) };
        if n == 0 {
            break;
        }
        out.write_all(&buffer[..n])?;
    }
    let (bytes, digest, _) = source.finish();
    Ok((bytes == layer.compressed && digest == layer.digest).then_some(()))
}

fn first_lines(tar: &mut impl Read, wanted: &[&str]) -> io::Result<FirstLines> {
    let mut found = FirstLines::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries()? {
        let entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        if wanted.contains(&name.as_str()) && entry.header().entry_type().is_file() {
            found.insert(name, first_line(entry)?);
        }
    }
    Ok(found)
}

fn first_line(file: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(LONGEST_VERSION).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect())
}

/// `sha256:` and the hash of `bytes`.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    shown(Sha256::digest(bytes).as_ref())
}

fn shown(hash: &[u8]) -> String {
    format!("sha256:{}", hex(hash))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes every write");
        text
    })
}

/// A reader or writer that hashes and counts what passes.
struct Counted<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Counted<T> {
    fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn finish(self) -> (u64, String, T) {
        (self.bytes, shown(self.hash.finalize().as_ref()), self.inner)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.passed(&buffer[..n]);
        Ok(n)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.passed(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hands on what it reads and writes the same to `out`.
struct Tee<R, W> {
    source: R,
    out: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.out.write_all(&buffer[..n])?;
        Ok(n)
    }
}
