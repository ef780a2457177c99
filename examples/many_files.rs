//! `cargo run --release --example many_files -- [FILES] [LAYERS]`: makes a `docker save` archive of so many small files (1,000,000 in 1),
//! weighs it, lists all rows, and tells the peak of memory after each step.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use loadline::image::{Digest, DockerArchive, ImageError, weigh};
use loadline::report::{InventoryFormat, inventory};
use sha2::{Digest as _, Sha256};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let (files, layers) = (numbers.next().transpose()?.unwrap_or(1_000_000), numbers.next().transpose()?.unwrap_or(1));
    let archive = tempfile::NamedTempFile::new()?;
    make(archive.as_file(), files, layers.max(1))?;
    println!("{files} files in {layers} layers, archive of {} B", archive.as_file().metadata()?.len());
    println!("made:                {:>9} kB", peak()?);
    let weighed = weigh(&DockerArchive::open(archive.path(), None)?)?;
    println!("weighed:             {:>9} kB", peak()?);
    let mut bytes = 0;
    inventory(&weighed.tree, InventoryFormat::Json, |piece| {
        bytes += piece.len();
        true
    })?;
    println!("listed, {bytes} B: {:>9} kB", peak()?);
    drop(weighed);
    let trusted = weigh(&DockerArchive::open(archive.path(), None).and_then(DockerArchive::trusting)?)?;
    println!("without verifying:   {:>9} kB, {} B live", peak()?, trusted.weighing.live_size.unwrap_or(0));
    Ok(())
}

/// The most memory that this process had so far, kB.
fn peak() -> Outcome<u64> {
    let mut text = String::new();
    File::open("/proc/self/status")?.read_to_string(&mut text)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel tells no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Writes the layers one after the other, then what names them.
fn make(out: &File, files: u32, layers: u32) -> Outcome<()> {
    let mut out = BufWriter::new(out);
    let (mut diff_ids, mut names) = (Vec::new(), Vec::new());
    for layer in 0..layers {
        let begin = out.stream_position()?;
        out.write_all(&[0; 512])?;
        let mut counted = Counted { out: &mut out, hash: Sha256::new(), bytes: 0 };
        fill(&mut counted, layer, files / layers)?;
        let Counted { hash, bytes, .. } = counted;
        let mut digest = "sha256:".to_owned();
        for byte in hash.finalize() {
            std::fmt::Write::write_fmt(&mut digest, format_args!("{byte:02x}"))?;
        }
        let end = out.stream_position()?;
        out.seek(SeekFrom::Start(begin))?;
        out.write_all(header(&format!("{layer}/layer.tar"), bytes)?.as_bytes())?;
        out.seek(SeekFrom::Start(end))?;
        diff_ids.push(digest);
        names.push(format!("{layer}/layer.tar"));
    }
    let config =
        serde_json::json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}).to_string();
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let index = serde_json::json!([{"Config": name, "RepoTags": ["many:1"], "Layers": names}]).to_string();
    let mut builder = tar::Builder::new(out);
    for (name, text) in [(name.as_str(), &config), ("manifest.json", &index)] {
        builder.append(&header(name, text.len() as u64)?, text.as_bytes())?;
    }
    builder.into_inner()?.flush().map_err(|source| ImageError::Export(source).into())
}

/// A layer's tar: a whole number of blocks, so that it needs no padding in the archive.
fn fill(out: impl Write, layer: u32, files: u32) -> Outcome<()> {
    let mut builder = tar::Builder::new(out);
    for number in 0..files {
        let path = format!("usr/lib/node_modules/package-{}-{layer}/lib/module-{number}.js", number / 50);
        let content = format!("module.exports = {number} + {layer};\n");
        builder.append(&header(&path, content.len() as u64)?, content.as_bytes())?;
    }
    builder.into_inner()?;
    Ok(())
}

fn header(path: &str, size: u64) -> Outcome<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    Ok(header)
}

/// Hashes and counts what is written.
struct Counted<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
