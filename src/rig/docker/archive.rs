//! Archives of images on disk: in by `load` and `import`, out by `save`. Streamed, never whole in memory.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bollard::errors::Error;
use bollard::models::{BuildInfo, CreateImageInfo};
use bollard::query_parameters::{CreateImageOptionsBuilder, ImportImageOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use super::upload::{self, Sent, Upload};
use super::{Docker, EngineError, error, reference, text};

/// Two blocks of zeros end a tar (POSIX.1-2017, pax interchange format).
const END_OF_TAR: usize = 1024;

/// How much of an archive's end is kept, to judge it by.
const END_KEPT: usize = 64 * 1024;

/// Loads the images of a `docker save` archive.
pub(super) async fn load(docker: &Docker, archive: &Path) -> Result<(), EngineError> {
    let action = format!("load of {}", archive.display());
    let (body, upload) = send_file(archive)?;
    let call = async {
        let mut stream = docker.client.import_image_stream(ImportImageOptionsBuilder::new().quiet(true).build(), body, None);
        let mut loaded = false;
        while let Some(BuildInfo { error_detail, stream: line, .. }) = stream.try_next().await? {
            error::bare(error_detail.as_ref())?;
            loaded |= line.is_some_and(|line| line.starts_with("Loaded image"));
        }
        Ok(loaded)
    };
    let loaded = docker.watched(&action, after_upload(docker, &action, archive, call, upload)).await?;
    if loaded { Ok(()) } else { Err(EngineError::Incomplete { action, missing: "the name of a loaded image" }) }
}

/// Makes an image out of a root file system.
pub(super) async fn import(docker: &Docker, tar: &Path, name: &str, changes: &[String]) -> Result<(), EngineError> {
    let action = format!("import of {name}");
    let (repository, tag) = reference::split(name)?;
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(repository).tag(tag).changes(changes.to_vec()).build();
    let (body, upload) = send_file(tar)?;
    let call = async {
        let mut stream = docker.client.create_image(Some(options), Some(bollard::body_try_stream(body)), None);
        let mut imported = false;
        while let Some(CreateImageInfo { error_detail, status, .. }) = stream.try_next().await? {
            error::bare(error_detail.as_ref())?;
            imported |= status.is_some_and(|status| status.starts_with("sha256:"));
        }
        Ok(imported)
    };
    let imported = docker.watched(&action, after_upload(docker, &action, tar, call, upload)).await?;
    if imported { Ok(()) } else { Err(EngineError::Incomplete { action, missing: "an image id" }) }
}

fn send_file(path: &Path) -> Result<(impl Stream<Item = io::Result<Bytes>> + Send + 'static, Upload<io::Error>), EngineError> {
    let mut file = File::open(path).map_err(|source| at_file("read", path, source))?;
    Ok(upload::start(move |mut out| io::copy(&mut file, &mut out).map(drop), |_| ()))
}

/// The call's answer, or the reason on this side why the engine did not get its whole body.
async fn after_upload<T>(
    docker: &Docker,
    action: &str,
    path: &Path,
    call: impl Future<Output = Result<T, Error>>,
    upload: Upload<io::Error>,
) -> Result<T, EngineError> {
    let answer = call.await;
    match upload.end().await {
        Sent::Failed(source) => Err(at_file("read", path, source)),
        Sent::Whole(_) | Sent::Cut => answer.map_err(|error| docker.failed(action, error)),
    }
}

fn at_file(action: &'static str, path: &Path, source: io::Error) -> EngineError {
    EngineError::File { action, path: path.display().to_string(), source }
}

/// Writes one image with its names. The file appears when it is whole.
pub(super) async fn save(docker: &Docker, names: &[String], archive: &Path) -> Result<(), EngineError> {
    let action = format!("save of {}", names.join(", "));
    let names = names.iter().map(|name| reference::checked(name)).collect::<Result<Vec<_>, _>>()?;
    let folder = archive.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|source| at_file("write", archive, source))?;
    let call = async {
        let mut stream = docker.client.export_images(&names);
        let mut end = ArchiveEnd::default();
        while let Some(chunk) = stream.try_next().await.map_err(|error| docker.failed(&action, error))? {
            end.take(&chunk);
            file = write(file, chunk, archive.to_owned()).await?;
        }
        end.judge(&action)?;
        file.persist(archive).map(drop).map_err(|error| at_file("write", archive, error.error))
    };
    docker.watched(&action, call).await
}

/// Writing blocks, so it is done on a thread for that.
async fn write(mut file: tempfile::NamedTempFile, chunk: Bytes, archive: PathBuf) -> Result<tempfile::NamedTempFile, EngineError> {
    let written = tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file)).await;
    written.map_err(io::Error::other).and_then(|result| result).map_err(|source| at_file("write", &archive, source))
}

/// The last bytes of an archive. An engine that fails half-way appends its error to the bytes that it has sent, under HTTP 200.
#[derive(Debug, Default)]
pub(super) struct ArchiveEnd {
    bytes: u64,
    kept: Vec<u8>,
}

impl ArchiveEnd {
    pub(super) fn take(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.kept.extend_from_slice(&chunk[chunk.len().saturating_sub(END_KEPT)..]);
        self.kept.drain(..self.kept.len().saturating_sub(END_KEPT));
    }

    pub(super) fn judge(&self, action: &str) -> Result<(), EngineError> {
        let whole = self.bytes.is_multiple_of(512) && self.kept.len() >= END_OF_TAR && self.kept.ends_with(&[0; END_OF_TAR]);
        if whole {
            return Ok(());
        }
        let action = action.to_owned();
        Err(match appended_error(&self.kept) {
            Some(message) => error::refused(action, &message, None),
            None => EngineError::Incomplete { action, missing: "the end of the archive" },
        })
    }
}

/// The message of the `{"errorDetail":…}` line at the end of `bytes`.
fn appended_error(bytes: &[u8]) -> Option<String> {
    let mark = b"{\"errorDetail\":";
    let at = bytes.windows(mark.len()).rposition(|window| window == mark)?;
    let value: serde_json::Value = serde_json::from_slice(&bytes[at..]).ok()?;
    Some(text::message(value.pointer("/errorDetail/message")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(chunks: &[&[u8]]) -> Result<(), String> {
        let mut end = ArchiveEnd::default();
        for chunk in chunks {
            end.take(chunk);
        }
        end.judge("save of x:a").map_err(|error| error.to_string())
    }

    #[test]
    fn an_archive_ends_in_two_blocks_of_zeros() {
        assert_eq!(judged(&[&[1; 512], &[0; 1024]]), Ok(()));
        assert_eq!(judged(&[&[1; 10_000], &[1; 240], &[0; 600], &[0; 400]]), Err("save of x:a ended without the end of the archive; the engine's answer was incomplete, run again and report this if it stays".to_owned()));
        assert!(judged(&[&[1; 512], &[0; 512]]).is_err());
        assert!(judged(&[]).is_err());
    }

    #[test]
    fn an_error_behind_the_archives_bytes_is_the_engines_refusal() {
        let line = b"{\"errorDetail\":{\"message\":\"open layer.tar: no such file\"},\"error\":\"open layer.tar: no such file\"}\r\n";
        assert_eq!(judged(&[&[1; 512], line]), Err("save of x:a failed: open layer.tar: no such file".to_owned()));
    }
}
