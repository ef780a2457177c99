//! Upload sessions: a blob on its way in, hashed and inflated as it passes.
//!
//! A session is either idle in the table or with the one request that is filling it. Writing, hashing and inflating happen
//! on a blocking thread behind a short queue, which also holds the sender back when the disk is slower than the link. That
//! thread gives the session back, so that what arrived before a cut connection stays and the client may go on from there.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::mpsc;

use super::State;
use super::ledger::{Direction, Entry};
use super::name::RepositoryName;
use super::reply::Refusal;
use crate::image::{BlobMeter, Digest};

/// Docker pushes five layers at a time; sessions that clients abandoned stay until a reset.
const MAX_SESSIONS: usize = 256;

/// Pieces between the socket and the disk; the server's read buffer keeps each below half a megabyte.
const QUEUE: usize = 4;

/// A blob on its way in.
#[derive(Debug)]
pub(super) struct Session {
    file: File,
    path: TempPath,
    meter: BlobMeter,
    entry: Entry,
}

#[derive(Debug)]
pub(super) struct Uploads {
    folder: PathBuf,
    slots: Mutex<HashMap<String, Slot>>,
}

#[derive(Debug)]
struct Slot {
    repository: RepositoryName,
    /// `None` while a request fills it.
    session: Option<Box<Session>>,
}

impl Uploads {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let folder = folder.join("uploads");
        std::fs::create_dir(&folder)?;
        Ok(Self { folder, slots: Mutex::default() })
    }

    /// The folder it made.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of an upload has arrived.
    pub(super) fn offset(&self, name: &RepositoryName, id: &str) -> Result<u64, Refusal> {
        let slots = self.slots();
        let session = slots.get(id).filter(|slot| slot.repository == *name).ok_or_else(unknown)?.session.as_ref();
        session.map(|session| session.meter.size()).ok_or_else(busy)
    }

    fn take(&self, name: &RepositoryName, id: &str) -> Result<Box<Session>, Refusal> {
        let mut slots = self.slots();
        let slot = slots.get_mut(id).filter(|slot| slot.repository == *name).ok_or_else(unknown)?;
        slot.session.take().ok_or_else(busy)
    }

    /// Takes a session back, unless it was cancelled meanwhile; then it ends here and its file with it.
    fn give_back(&self, id: &str, session: Box<Session>) {
        if let Some(slot) = self.slots().get_mut(id) {
            slot.session = Some(session);
        }
    }

    /// Ends a session that no request is filling.
    fn finish(&self, name: &RepositoryName, id: &str) -> Result<Box<Session>, Refusal> {
        let session = self.take(name, id)?;
        self.slots().remove(id);
        Ok(session)
    }

    /// Ends a session whatever it is doing. Its file goes with it.
    pub(super) fn cancel(&self, name: &RepositoryName, id: &str) -> Result<(), Refusal> {
        let mut slots = self.slots();
        slots.get(id).filter(|slot| slot.repository == *name).ok_or_else(unknown)?;
        slots.remove(id);
        Ok(())
    }

    /// Ends the sessions of every repository that `keep` refuses.
    pub(super) fn retain(&self, keep: impl Fn(&RepositoryName) -> bool) {
        self.slots().retain(|_, slot| keep(&slot.repository));
    }
}

/// Opens a session and tells its id.
pub(super) fn open(state: &State, name: &RepositoryName) -> Result<String, Refusal> {
    let (file, path) = NamedTempFile::new_in(&state.uploads.folder).map_err(|error| Refusal::disk(&error))?.into_parts();
    let mut slots = state.uploads.slots();
    if slots.len() >= MAX_SESSIONS {
        return Err(Refusal::too_many("too many uploads are open; finish or cancel one"));
    }
    let entry = state.ledger.begin(Direction::Up, name.shared())?;
    let session = Some(Box::new(Session { file, path, meter: BlobMeter::default(), entry }));
    let id = format!("{:032x}", fastrand::u128(..));
    slots.insert(id.clone(), Slot { repository: name.clone(), session });
    Ok(id)
}

/// Appends a body to an upload and tells how much of the blob has arrived.
pub(super) async fn receive(state: &Arc<State>, name: &RepositoryName, id: &str, body: Body) -> Result<u64, Refusal> {
    let session = state.uploads.take(name, id)?;
    let entry = session.entry;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let writer = tokio::task::spawn_blocking({
        let (state, id) = (Arc::clone(state), id.to_owned());
        move || write(&state, &id, session, receiver)
    });
    let pumped = pump(state, entry, body, sender).await;
    let written = writer.await.map_err(|error| Refusal::disk(&io::Error::other(error)))?;
    // A full disk also ends the pump, and is the cause to be told.
    let offset = written.map_err(|error| Refusal::disk(&error))?;
    pumped.map(|()| offset)
}

/// Moves the body's pieces into the queue, stamping each as it arrives.
async fn pump(state: &State, entry: Entry, body: Body, queue: mpsc::Sender<Bytes>) -> Result<(), Refusal> {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Refusal::bad_request("BLOB_UPLOAD_INVALID", "the body was cut off"))?;
        state.ledger.moved(entry, piece.len() as u64);
        if queue.send(piece).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes and meters what comes out of the queue, then puts the session back. One that cannot be written is at its end.
fn write(state: &State, id: &str, mut session: Box<Session>, mut queue: mpsc::Receiver<Bytes>) -> io::Result<u64> {
    while let Some(piece) = queue.blocking_recv() {
        if let Err(error) = session.file.write_all(&piece) {
            state.uploads.slots().remove(id);
            return Err(error);
        }
        session.meter.update(&piece);
    }
    let offset = session.meter.size();
    state.uploads.give_back(id, session);
    Ok(offset)
}

/// Ends an upload: what arrived must hash to `claimed`, else nothing is stored.
pub(super) fn commit(state: &State, name: &RepositoryName, id: &str, claimed: Digest) -> Result<(), Refusal> {
    let Session { path, meter, entry, .. } = *state.uploads.finish(name, id)?;
    let blob = meter.read_out();
    if blob.digest != claimed {
        let message = format!("the {} B that arrived hash to {}, not to {claimed}", blob.size, blob.digest);
        return Err(Refusal::bad_request("DIGEST_INVALID", message));
    }
    state.store.put_blob(name, path, blob).map_err(|error| Refusal::disk(&error))?;
    state.ledger.complete(entry, claimed);
    Ok(())
}

fn unknown() -> Refusal {
    Refusal::not_found("BLOB_UPLOAD_UNKNOWN", "there is no such upload in this repository; start one")
}

fn busy() -> Refusal {
    Refusal::bad_request("BLOB_UPLOAD_INVALID", "another request is filling this upload")
}
