//! What only a run on the user's own engine asks: an image as a stream, the build cache, and everything with a label.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder};
use bytes::{Buf, Bytes};
use futures_util::TryStreamExt;
use tokio::sync::mpsc;

use super::archive::ArchiveEnd;
use super::{Docker, EngineError, reference, text};

/// Pieces of an export that may wait for their reader; the client's pieces are of at most some ten kilobytes.
const WAITING: usize = 16;

/// The most that is read of an engine's account of its disk usage: tens of thousands of records.
const MOST_USAGE: usize = 64 << 20;

/// A record of the engine's build cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRecord {
    /// The engine's id.
    pub id: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// The name of the image that it was fetched for, as the engine says it; absent for what was built.
    pub pulled_from: Option<String>,
}

/// Something in the engine that carries a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The engine's id.
    pub id: String,
    /// Its names; an image without a tag has none.
    pub names: Vec<String>,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
}

/// Hands an image's archive to `read` as it comes.
pub(super) async fn export<T: Send + 'static>(
    docker: &Docker,
    image: &str,
    read: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T, EngineError> {
    let action = format!("export of {image}");
    let name = reference::checked(image)?.to_owned();
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = tokio::task::spawn_blocking(move || read(&mut Pieces { receiver, piece: Bytes::new() }));
    let call = async {
        let mut stream = docker.client.export_image(&name);
        let (mut end, mut sender) = (ArchiveEnd::default(), Some(sender));
        while let Some(piece) = stream.try_next().await.map_err(|error| docker.failed(&action, error))? {
            end.take(&piece);
            // A reader that has seen the end of the tar is gone; whether the rest is sound is judged all the same.
            if let Some(open) = &sender
                && open.send(piece).await.is_err()
            {
                sender = None;
            }
        }
        end.judge(&action)
    };
    docker.watched(&action, call).await?;
    match reader.await {
        Ok(answer) => Ok(answer),
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// The pieces of a stream as a reader for blocking work.
struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

impl Docker {
    /// The records of the build cache.
    pub async fn build_cache(&self) -> Result<Vec<CacheRecord>, EngineError> {
        let action = "asking for the build cache";
        let bytes = self.account("/system/df?type=build-cache&verbose=true").await?;
        records(&bytes).ok_or_else(|| EngineError::Incomplete { action: action.to_owned(), missing: "the records of the build cache" })
    }

    /// The engine's account of its disk usage as it writes it, asked for by `path`.
    pub(super) async fn account(&self, path: &'static str) -> Result<Vec<u8>, EngineError> {
        let action = "asking for the disk usage";
        let call = async {
            let mut stream = self.asking_for(path).export_image("usage");
            let mut bytes = Vec::new();
            while let Some(piece) = stream.try_next().await.map_err(|error| self.failed(action, error))? {
                bytes.extend_from_slice(&piece);
                if bytes.len() > MOST_USAGE {
                    return Err(EngineError::Incomplete { action: action.to_owned(), missing: "an end of reasonable length" });
                }
            }
            Ok(bytes)
        };
        self.watched(action, call).await
    }

    /// A client whose requests for an export ask for `path` instead, the disk usage. The client's own type of that answer knows its
    /// newest form alone and drops the records that all engines before API 1.52 send.
    fn asking_for(&self, path: &'static str) -> bollard::Docker {
        self.client.clone().with_request_modifier(move |mut request| {
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static(path));
            if let Ok(uri) = hyper::Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
            request
        })
    }

    /// Ids of all images, also of those that are only steps of others.
    pub async fn image_ids(&self) -> Result<Vec<String>, EngineError> {
        let action = "listing the images";
        let options = ListImagesOptionsBuilder::new().all(true).build();
        let call = async { self.client.list_images(Some(options)).await.map_err(|error| self.failed(action, error)) };
        Ok(self.watched(action, call).await?.into_iter().map(|image| image.id).filter(|id| is_sound(id)).collect())
    }

    /// Every container, running or not, that carries `label`.
    pub async fn labelled_containers(&self, label: &str) -> Result<Vec<Labelled>, EngineError> {
        let action = "listing the containers";
        let options = ListContainersOptionsBuilder::new().all(true).filters(&by(label)).build();
        let call = async { self.client.list_containers(Some(options)).await.map_err(|error| self.failed(action, error)) };
        let found = self.watched(action, call).await?;
        let things = found.into_iter().filter_map(|container| {
            let names = container.names.unwrap_or_default();
            let names = names.iter().map(|name| name.trim_start_matches('/')).filter(|name| is_sound(name)).map(str::to_owned).collect();
            Some(Labelled {
                id: container.id.filter(|id| is_sound(id))?,
                names,
                labels: container.labels.unwrap_or_default().into_iter().collect(),
            })
        });
        Ok(things.collect())
    }

    /// Every image that carries `label`, with or without a name.
    pub async fn labelled_images(&self, label: &str) -> Result<Vec<Labelled>, EngineError> {
        let action = "listing the images";
        let options = ListImagesOptionsBuilder::new().filters(&by(label)).build();
        let call = async { self.client.list_images(Some(options)).await.map_err(|error| self.failed(action, error)) };
        let found = self.watched(action, call).await?;
        let things = found.into_iter().filter(|image| is_sound(&image.id)).map(|image| Labelled {
            // `<none>:<none>` is how old engines say that there is no name.
            names: image.repo_tags.iter().filter(|name| is_sound(name)).cloned().collect(),
            id: image.id,
            labels: image.labels.into_iter().collect(),
        });
        Ok(things.collect())
    }
}

/// Whether it is a name or an id that can stand in a command.
fn is_sound(name: &str) -> bool {
    reference::checked(name).is_ok()
}

fn by(label: &str) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([("label", vec![label.to_owned()])])
}

/// The records in an engine's account of its disk usage: at its top until API 1.51, in a part of their own from 1.52 on.
/// An engine without a build cache says `null`.
fn records(answer: &[u8]) -> Option<Vec<CacheRecord>> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    let list = match answer.get("BuildCacheUsage") {
        // Left out where there is none.
        Some(usage) => usage.get("Items").unwrap_or(&serde_json::Value::Null),
        None => answer.get("BuildCache")?,
    };
    let record = |record: &serde_json::Value| {
        let id = record.get("ID")?.as_str().filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let description = record.get("Description").and_then(serde_json::Value::as_str).unwrap_or_default();
        let pulled_from = description.strip_prefix("pulled from ").map(text::name);
        Some(CacheRecord { id: id.to_owned(), bytes: record.get("Size")?.as_u64()?, pulled_from })
    };
    match list {
        serde_json::Value::Null => Some(Vec::new()),
        list => list.as_array()?.iter().map(record).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_the_old_form_and_in_the_new() {
        let record = |id: &str, bytes| CacheRecord { id: id.to_owned(), bytes, pulled_from: None };
        let old = br#"{"LayersSize":1,"BuildCache":[{"ID":"a1","Size":5},{"ID":"b2","Size":0,"Shared":true}],"BuilderSize":5}"#;
        assert_eq!(records(old), Some(vec![record("a1", 5), record("b2", 0)]));
        let pulled = br#"{"BuildCache":[{"ID":"a1","Size":5,"Description":"pulled from docker.io/library/x:1@sha256:00"}]}"#;
        let from = records(pulled).and_then(|records| records[0].pulled_from.clone());
        assert_eq!(from.as_deref(), Some("docker.io/library/x:1@sha256:00"));
        let new = br#"{"BuildCacheUsage":{"TotalCount":1,"Items":[{"ID":"c3","Size":7}]}}"#;
        assert_eq!(records(new), Some(vec![record("c3", 7)]));
        for empty in [r#"{"BuildCache":null}"#, r#"{"BuildCache":[]}"#, r#"{"BuildCacheUsage":{}}"#] {
            assert_eq!(records(empty.as_bytes()), Some(Vec::new()), "{empty}");
        }
    }

    #[test]
    fn an_account_that_leaves_out_what_counts_is_none() {
        for wrong in [r#"{"LayersSize":1}"#, r#"{"BuildCache":[{"ID":"a1"}]}"#, r#"{"BuildCache":[{"ID":"a|.*","Size":1}]}"#, "[", "{}"] {
            assert_eq!(records(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
