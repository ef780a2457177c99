//! Manifests in and out: OCI distribution spec 1.1, "Pulling manifests", "Pushing manifests" and "Listing tags".

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::State;
use super::ledger::Direction;
use super::name::{Reference, RepositoryName};
use super::reply::{CONTENT_DIGEST, Refusal, reply};
use super::route::parameter;
use super::store::{ManifestEntry, PutError};
use crate::image::{AnyManifest, Digest, MAX_MANIFEST_BYTES};

/// `GET` and `HEAD` of a manifest. It is served as it was stored, whatever `Accept` says.
pub(super) fn get(state: &State, method: &Method, name: &RepositoryName, reference: &Reference) -> Result<Response, Refusal> {
    let entry = state.store.manifest(name, reference).ok_or_else(unknown)?;
    let (digest, length) = (entry.digest.to_string(), entry.size.to_string());
    let fields = [(header::CONTENT_TYPE, &*entry.media_type), (header::CONTENT_LENGTH, &length), (CONTENT_DIGEST, &digest)];
    if method == Method::HEAD {
        return Ok(reply(StatusCode::OK, &fields, Body::empty()));
    }
    let bytes = state.store.manifest_bytes(&entry.digest).map_err(|error| Refusal::disk(&error))?;
    state.ledger.manifest(Direction::Down, name.shared(), entry.digest, entry.size)?;
    Ok(reply(StatusCode::OK, &fields, bytes))
}

/// `PUT` of a manifest, by tag or by its digest.
pub(super) async fn put(
    state: &Arc<State>,
    headers: &HeaderMap,
    (name, reference): (&RepositoryName, &Reference),
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = collect(body).await?;
    let digest = Digest::of(&bytes);
    if let Reference::Digest(claimed) = reference
        && *claimed != digest
    {
        return Err(Refusal::bad_request("DIGEST_INVALID", format!("the manifest hashes to {digest}, not to {claimed}")));
    }
    let manifest = AnyManifest::parse(&bytes).map_err(|error| Refusal::bad_request("MANIFEST_INVALID", error.to_string()))?;
    let entry = ManifestEntry { digest, media_type: media_type(headers, &manifest)?.into(), size: bytes.len() as u64 };
    state.store.put_manifest(name, reference, entry, (&bytes, &manifest)).map_err(refuse)?;
    state.ledger.manifest(Direction::Up, name.shared(), digest, bytes.len() as u64)?;
    let (location, digest) = (format!("/v2/{name}/manifests/{reference}"), digest.to_string());
    Ok(reply(StatusCode::CREATED, &[(header::LOCATION, &location), (CONTENT_DIGEST, &digest)], Body::empty()))
}

async fn collect(body: Body) -> Result<Bytes, Refusal> {
    let limit = usize::try_from(MAX_MANIFEST_BYTES).expect("4 MiB fit into any address space");
    let collected = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("no manifest has more than {MAX_MANIFEST_BYTES} B");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", message)
        } else {
            Refusal::bad_request("MANIFEST_INVALID", "the body was cut off")
        }
    })?;
    Ok(collected.to_bytes())
}

/// The one media type that header and document agree on.
fn media_type(headers: &HeaderMap, manifest: &AnyManifest) -> Result<String, Refusal> {
    let header = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let header = header.map(|text| text.split(';').next().unwrap_or(text).trim());
    match (header, manifest.media_type()) {
        (Some(header), Some(document)) if header != document => {
            Err(Refusal::bad_request("MANIFEST_INVALID", "Content-Type and mediaType differ"))
        }
        (Some(known), _) | (None, Some(known)) => Ok(known.to_owned()),
        (None, None) => Err(Refusal::bad_request("MANIFEST_INVALID", "neither Content-Type nor mediaType says what this is")),
    }
}

fn refuse(error: PutError) -> Refusal {
    match error {
        PutError::Unknown(digest) => Refusal::not_found("MANIFEST_BLOB_UNKNOWN", format!("this repository has no {digest}; push it first")),
        PutError::Disk(error) => Refusal::disk(&error),
    }
}

/// `DELETE` of a tag or a manifest.
pub(super) fn delete(state: &State, name: &RepositoryName, reference: &Reference) -> Result<Response, Refusal> {
    let found = state.store.delete_manifest(name, reference).map_err(|error| Refusal::disk(&error))?;
    if found { Ok(reply(StatusCode::ACCEPTED, &[], Body::empty())) } else { Err(unknown()) }
}

/// `GET` of a repository's tags, with `n` and `last` for one page of them.
pub(super) fn tags(state: &State, uri: &Uri, name: &RepositoryName) -> Result<Response, Refusal> {
    let unknown = || Refusal::not_found("NAME_UNKNOWN", "nothing was pushed to this repository");
    let mut tags = state.store.tags(name).ok_or_else(unknown)?;
    if let Some(last) = parameter(uri, "last") {
        tags.retain(|tag| *tag > last);
    }
    if let Some(most) = parameter(uri, "n") {
        let invalid = |_| Refusal::bad_request("UNSUPPORTED", "n is a number");
        tags.truncate(most.parse().map_err(invalid)?);
    }
    let body = serde_json::json!({"name": name.as_str(), "tags": tags});
    Ok(reply(StatusCode::OK, &[(header::CONTENT_TYPE, "application/json")], body.to_string()))
}

fn unknown() -> Refusal {
    Refusal::not_found("MANIFEST_UNKNOWN", "this repository has no such manifest")
}
