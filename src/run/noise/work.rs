//! The pieces of work that a probe repeats.

use std::io::{Read, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Share, repeated};

/// Bytes that are written at a time.
const BLOCK: usize = 1 << 20;

/// How often as many bytes are hashed at a time: some milliseconds of work, longer than a scheduler lets a thread run undisturbed
/// when another one waits, so that it shows.
const ROUNDS: usize = 8;

/// Longest wait for a byte on the loopback interface: who waits longer has lost the connection.
const LOST: Duration = Duration::from_secs(1);

/// Bytes that no file system stores as a hole or packs.
fn bytes() -> Vec<u8> {
    let mut source = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| source.u8(..)).take(BLOCK).collect()
}

/// Hashes 8 MiB in memory; the times, seconds.
pub(super) fn processor(share: Share) -> Result<Vec<f64>> {
    let bytes = bytes();
    repeated(share, 1, || {
        for _ in 0..ROUNDS {
            // Nothing reads the hash; it must be made all the same.
            std::hint::black_box(Sha256::digest(std::hint::black_box(&bytes)));
        }
        Ok(())
    })
}

/// Writes 1 MiB over itself in a file without a name in `folder` and waits until it is on the disk; the times, seconds.
pub(super) fn disk(folder: &Path, share: Share) -> Result<Vec<f64>> {
    let (file, bytes) = (tempfile::tempfile_in(folder)?, bytes());
    repeated(share, 1, || {
        file.write_all_at(&bytes, 0)?;
        file.sync_data()
    })
}

/// Sends a byte over a TCP connection on 127.0.0.1 and waits for it to come back; the times, seconds.
pub(super) fn loopback(share: Share) -> Result<Vec<f64>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut near = ready(TcpStream::connect(listener.local_addr()?)?)?;
    let mut far = ready(listener.accept()?.0)?;
    thread::scope(|scope| {
        scope.spawn(move || echo(&mut far));
        let times = repeated(share, 5, || {
            near.write_all(&[1])?;
            near.read_exact(&mut [0])
        });
        // The echo ends with the connection.
        drop(near);
        times
    })
}

fn ready(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LOST))?;
    stream.set_write_timeout(Some(LOST))?;
    Ok(stream)
}

fn echo(stream: &mut TcpStream) {
    let mut byte = [0];
    while stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte)).is_ok() {}
}
