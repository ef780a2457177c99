//! Reading on two threads against metering on one.

use std::io::Write as _;

use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::image::{BlobMeter, MeteredBlob};

/// Gives a few bytes at a time, is interrupted now and then, and may fail at its end.
struct Slow<'a> {
    bytes: &'a [u8],
    most: usize,
    calls: usize,
    fails: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(7) {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.bytes.is_empty() && self.fails {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let count = self.most.min(buffer.len());
        self.bytes.read(&mut buffer[..count])
    }
}

fn slow(bytes: &[u8], most: usize) -> Slow<'_> {
    Slow { bytes, most, calls: 0, fails: false }
}

/// Reads a blob with a second thread from the first chance on, or with none, whatever else this process does.
fn read_by(threads: usize, source: impl Read, stored: Stored, limit: u64) -> io::Result<MeteredBlob> {
    metered_by(source, stored, limit, || (threads > 1).then(Core::take))
}

fn whole(blob: &[u8], limit: u64) -> MeteredBlob {
    let mut meter = BlobMeter::with_limit(limit);
    meter.update(blob);
    meter.read_out()
}

/// A tar of several files, as it is or compressed.
fn blob(content: u8, files: usize, gzipped: bool) -> Vec<u8> {
    let mut random = fastrand(content);
    let mut tar = tar::Builder::new(Vec::new());
    for number in 0..files {
        let bytes: Vec<u8> = (0..40_000).map(|_| random()).collect();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("file/{number}"), bytes.as_slice()).expect("a file is packed");
    }
    let tar = tar.into_inner().expect("the tar is complete");
    if !gzipped {
        return tar;
    }
    let mut out = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(&tar).expect("a vector takes bytes");
    out.finish().expect("a vector takes bytes")
}

/// Bytes that gzip shrinks a little.
fn fastrand(seed: u8) -> impl FnMut() -> u8 {
    let mut state = u32::from(seed) + 1;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24).to_le_bytes()[0] & 0x3f
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn two_threads_find_what_one_finds(
        (content, files, gzipped) in (any::<u8>(), 0_usize..12, any::<bool>()),
        most in 1_000_usize..300_000,
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut blob = blob(content, files, gzipped);
        if let Some((at, value)) = damage {
            let at = at.index(blob.len());
            blob[at] = value;
        }
        if let Some(cut) = cut {
            blob.truncate(cut.index(blob.len()));
        }
        let metered = whole(&blob, MAX_UNCOMPRESSED);
        for threads in [1, 2] {
            let read = read_by(threads, slow(&blob, most), Stored::Hashed, MAX_UNCOMPRESSED).expect("the source does not fail");
            prop_assert_eq!((metered.digest, metered.size), (read.digest, read.size));
            prop_assert_eq!(metered.facts.clone().ok(), read.facts.ok());
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let mut blob = GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        blob.write_all(&vec![0; 1 << 20]).expect("a vector takes bytes");
    }
    let blob = blob.finish().expect("a vector takes bytes");
    for threads in [1, 2] {
        let found = read_by(threads, blob.as_slice(), Stored::Hashed, 100 << 19).expect("the source does not fail");
        assert_eq!(found, whole(&blob, 100 << 19));
        assert!(found.facts.is_err());
    }
}

#[test]
fn a_source_that_fails_is_an_error_and_no_truncated_blob() {
    for files in [1, 30] {
        let blob = blob(1, files, true);
        let failing = Slow { fails: true, ..slow(&blob, 9_000) };
        let read = read_by(2, failing, Stored::Hashed, MAX_UNCOMPRESSED);
        assert_eq!(read.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    }
}

#[test]
fn the_content_is_the_same_where_the_stored_bytes_are_not_hashed() {
    let blob = blob(9, 30, true);
    let content = |blob: io::Result<MeteredBlob>| blob.expect("no failure").facts.map(|facts| (facts.diff_id, facts.listing));
    for threads in [1, 2] {
        let [hashed, ignored] = [Stored::Hashed, Stored::Ignored].map(|stored| read_by(threads, blob.as_slice(), stored, MAX_UNCOMPRESSED));
        assert_eq!(content(hashed), content(ignored));
    }
}
