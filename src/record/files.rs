//! Writing files so that a reader never sees half of one.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Owner, RecordError};

/// Replaces `path` by a file with `bytes`: written beside it, synced, given to `owner`, renamed over it. Whoever reads
/// at any moment sees the old file or the new one, and a crash leaves one of the two.
pub fn replace_file(path: &Path, bytes: &[u8], owner: Option<Owner>) -> Result<(), RecordError> {
    let folder = folder_of(path);
    // The process's umask still applies: 0666 is what an ordinary `open` asks for.
    let mut file = tempfile::Builder::new()
        .prefix(".loadline-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(RecordError::io("create a file in", folder))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(RecordError::io("write", path))?;
    give(file.path(), owner)?;
    file.persist(path).map_err(|e| RecordError::io("replace", path)(e.error))?;
    sync_folder(folder)
}

/// Creates `folder` and whatever is missing above it, each given to `owner`. An existing folder is fine.
pub(crate) fn create_folders(folder: &Path, owner: Option<Owner>) -> Result<(), RecordError> {
    for missing in missing_folders(folder).into_iter().rev() {
        match fs::create_dir(&missing) {
            Ok(()) => give(&missing, owner)?,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && missing.is_dir() => {}
            Err(e) => return Err(RecordError::io("create", missing)(e)),
        }
    }
    Ok(())
}

fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).map(Path::to_path_buf).collect()
}

/// Gives `path` to `owner`, if there is one.
pub(super) fn give(path: &Path, owner: Option<Owner>) -> Result<(), RecordError> {
    owner.map_or(Ok(()), |o| o.give(path)).map_err(RecordError::io("hand over", path))
}

/// Makes the names in `folder` last through a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), RecordError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(RecordError::io("sync", folder))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
