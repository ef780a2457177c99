//! Blobs in and out: OCI distribution spec 1.1, "Pulling blobs" and "Pushing blobs".

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::Stream;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::State;
use super::ledger::{Direction, Entry};
use super::name::RepositoryName;
use super::range::{self, Wanted};
use super::reply::{CONTENT_DIGEST, Refusal, UPLOAD_UUID, reply};
use super::route::{digest, parameter};
use super::upload;
use crate::image::Digest;

/// Large pieces: with 4 KiB ones a loopback download is twenty times slower.
const PIECE: usize = 256 << 10;

/// `GET` and `HEAD` of a blob.
pub(super) fn get(
    state: &Arc<State>,
    method: &Method,
    headers: &HeaderMap,
    name: &RepositoryName,
    digest: Digest,
) -> Result<Response, Refusal> {
    let unknown = || Refusal::not_found("BLOB_UNKNOWN", "this repository has no such blob");
    let (mut file, size) = state.store.open_blob(name, &digest).ok_or_else(unknown)?.map_err(|error| Refusal::disk(&error))?;
    let shown = digest.to_string();
    let mut fields =
        vec![(CONTENT_DIGEST, shown.as_str()), (header::CONTENT_TYPE, "application/octet-stream"), (header::ACCEPT_RANGES, "bytes")];
    let wanted = if method == Method::GET { range::wanted(headers, size) } else { Wanted::All };
    let (status, from, length) = match wanted {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part { from, length } => (StatusCode::PARTIAL_CONTENT, from, length),
        Wanted::Nothing => {
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", "the blob has no such bytes");
            return Err(refusal.with(header::CONTENT_RANGE, &format!("bytes */{size}")));
        }
    };
    let length_field = length.to_string();
    fields.push((header::CONTENT_LENGTH, &length_field));
    let part = format!("bytes {from}-{}/{size}", (from + length).saturating_sub(1));
    if status == StatusCode::PARTIAL_CONTENT {
        fields.push((header::CONTENT_RANGE, &part));
    }
    if method == Method::HEAD {
        return Ok(reply(status, &fields, Body::empty()));
    }
    file.seek(SeekFrom::Start(from)).map_err(|error| Refusal::disk(&error))?;
    Ok(reply(status, &fields, counted(state, name, digest, (file, length))?))
}

/// A body of the next `length` bytes of a blob's file, entered in the books.
fn counted(state: &Arc<State>, name: &RepositoryName, digest: Digest, (file, length): (File, u64)) -> Result<Body, Refusal> {
    let entry = state.ledger.begin(Direction::Down, name.shared())?;
    if length == 0 {
        state.ledger.complete(entry, digest);
    }
    let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file).take(length), PIECE);
    Ok(Body::from_stream(Counted { pieces: Box::pin(pieces), state: Arc::clone(state), entry, digest, left: length }))
}

/// A body that enters in the books what it hands to the connection.
struct Counted<S> {
    pieces: Pin<Box<S>>,
    state: Arc<State>,
    entry: Entry,
    digest: Digest,
    left: u64,
}

impl<S: Stream<Item = io::Result<Bytes>>> Stream for Counted<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.pieces.as_mut().poll_next(context);
        if let Poll::Ready(Some(Ok(piece))) = &polled {
            let length = piece.len() as u64;
            self.state.ledger.moved(self.entry, length);
            self.left = self.left.saturating_sub(length);
            if self.left == 0 {
                self.state.ledger.complete(self.entry, self.digest);
            }
        }
        polled
    }
}

/// `POST` to the uploads of a repository. A request to take the blob over from another repository (`mount`, `from`) gets a
/// plain session, as the specification allows, so that every byte is pushed.
pub(super) async fn start(state: &Arc<State>, uri: &Uri, name: &RepositoryName, body: Body) -> Result<Response, Refusal> {
    let claimed = parameter(uri, "digest").map(|text| digest(&text)).transpose()?;
    if parameter(uri, "mount").is_some() {
        state.ledger.refused_mount();
    }
    let id = upload::open(state, name)?;
    if let Some(claimed) = claimed {
        upload::receive(state, name, &id, body).await?;
        return committed(state, name, &id, claimed);
    }
    Ok(progress(StatusCode::ACCEPTED, name, &id, 0))
}

/// `PATCH`: the next piece of a blob.
pub(super) async fn patch(
    state: &Arc<State>,
    headers: &HeaderMap,
    (name, id): (&RepositoryName, &str),
    body: Body,
) -> Result<Response, Refusal> {
    check_order(state, headers, name, id)?;
    let offset = upload::receive(state, name, id, body).await?;
    Ok(progress(StatusCode::ACCEPTED, name, id, offset))
}

/// `PUT`: the last piece of a blob, which may be empty or the whole.
pub(super) async fn put(
    state: &Arc<State>,
    (uri, headers): (&Uri, &HeaderMap),
    (name, id): (&RepositoryName, &str),
    body: Body,
) -> Result<Response, Refusal> {
    let missing = || Refusal::bad_request("DIGEST_INVALID", "the digest parameter is missing");
    let claimed = digest(&parameter(uri, "digest").ok_or_else(missing)?)?;
    check_order(state, headers, name, id)?;
    upload::receive(state, name, id, body).await?;
    committed(state, name, id, claimed)
}

fn committed(state: &State, name: &RepositoryName, id: &str, claimed: Digest) -> Result<Response, Refusal> {
    upload::commit(state, name, id, claimed)?;
    let (location, digest) = (format!("/v2/{name}/blobs/{claimed}"), claimed.to_string());
    Ok(reply(StatusCode::CREATED, &[(header::LOCATION, &location), (CONTENT_DIGEST, &digest)], Body::empty()))
}

/// `GET` of an upload: how far it is.
pub(super) fn status(state: &State, name: &RepositoryName, id: &str) -> Result<Response, Refusal> {
    Ok(progress(StatusCode::NO_CONTENT, name, id, state.uploads.offset(name, id)?))
}

/// `DELETE` of an upload.
pub(super) fn cancel(state: &State, name: &RepositoryName, id: &str) -> Result<Response, Refusal> {
    state.uploads.cancel(name, id)?;
    Ok(reply(StatusCode::NO_CONTENT, &[], Body::empty()))
}

/// A piece that says where it belongs must belong at the end of what has arrived.
fn check_order(state: &State, headers: &HeaderMap, name: &RepositoryName, id: &str) -> Result<(), Refusal> {
    let offset = state.uploads.offset(name, id)?;
    let Some(field) = headers.get(header::CONTENT_RANGE) else { return Ok(()) };
    let invalid = || Refusal::bad_request("BLOB_UPLOAD_INVALID", "Content-Range is '<first>-<last>' and agrees with Content-Length");
    let (first, last) = range::content_range(field).ok_or_else(invalid)?;
    if first != offset {
        let message = format!("{offset} B have arrived, and this piece begins at {first}");
        let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message);
        let location = format!("/v2/{name}/blobs/uploads/{id}");
        return Err(refusal.with(header::LOCATION, &location).with(header::RANGE, &range::received(offset)));
    }
    let length = headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().ok()?.parse::<u64>().ok());
    let agrees = length.is_none_or(|length| length == (last - first).checked_add(1));
    if agrees { Ok(()) } else { Err(invalid()) }
}

fn progress(status: StatusCode, name: &RepositoryName, id: &str, offset: u64) -> Response {
    let location = format!("/v2/{name}/blobs/uploads/{id}");
    reply(status, &[(header::LOCATION, &location), (header::RANGE, &range::received(offset)), (UPLOAD_UUID, id)], Body::empty())
}
