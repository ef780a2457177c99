//! One process at a time works on the cache; a second one waits, and says for whom.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::BaseError;
use super::cache::Cache;
use crate::rig::{Progress, ProgressSink};

/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(200);
/// More is not read of what the holder wrote.
const LONGEST: u64 = 200;

/// Waits until no other process works on the cache. The lock ends with the file, on every way out.
pub(super) async fn hold(cache: &Cache, sink: &ProgressSink) -> Result<File, BaseError> {
    let mut file = cache.lock_file()?;
    let mut told = false;
    while !try_lock(&file)? {
        if !told {
            let holder = holder(&mut file).map(|holder| format!(" ({holder})")).unwrap_or_default();
            let folder = cache.root.display();
            sink.send(Progress::Notice(format!("waiting for another loadline{holder}, which works on the base images in {folder}")));
            told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    if told {
        sink.send(Progress::Notice("the other loadline is done with the base images".to_owned()));
    }
    // Who waits learns less when this cannot be written; the lock holds all the same.
    let _ = sign(&mut file);
    Ok(file)
}

fn try_lock(file: &File) -> Result<bool, BaseError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => {
            Err(BaseError::Cache { action: "lock", path: PathBuf::from("the cache of base images"), source })
        }
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    let since = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    file.write_all(format!("process {}, since {since}", std::process::id()).as_bytes())
}

/// What the holder wrote, printable and short.
fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    Some(text).filter(|text| !text.is_empty())
}
