//! Connections and requests: from the listening socket to the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::reply::{Refusal, reply};
use super::route::Route;
use super::{State, blobs, manifests};

/// Far more than engines open; it keeps descriptors for everything else.
const MAX_CONNECTIONS: usize = 256;

const API_VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("docker-distribution-api-version"), HeaderValue::from_static("registry/2.0"));

/// Answers connections until `stop`, then cuts those that are open, in the middle of a transfer if need be.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(stream, Arc::clone(&state))); }
                // Out of descriptors, or the client is gone already: neither gets better by trying at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // Without it the small answers between the blobs wait for acknowledgements; a stream that refuses is merely slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(&state, request.map(Body::new)).await) }
    });
    // An error here is a client that broke off or spoke no HTTP; what it left unfinished shows in the books.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(state: &Arc<State>, request: Request<Body>) -> Response {
    state.ledger.request();
    let mut response = dispatch(state, request).await.unwrap_or_else(Refusal::into_response);
    response.headers_mut().extend([API_VERSION]);
    response
}

async fn dispatch(state: &Arc<State>, request: Request<Body>) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
    match (method, Route::parse(uri.path())?) {
        (&Method::GET | &Method::HEAD, Route::Version) => Ok(reply(StatusCode::OK, &[(header::CONTENT_TYPE, "application/json")], "{}")),
        (&Method::GET | &Method::HEAD, Route::Blob(name, digest)) => blobs::get(state, method, headers, &name, digest),
        (&Method::POST, Route::Uploads(name)) => blobs::start(state, uri, &name, body).await,
        (&Method::PATCH, Route::Upload(name, id)) => blobs::patch(state, headers, (&name, &id), body).await,
        (&Method::PUT, Route::Upload(name, id)) => blobs::put(state, (uri, headers), (&name, &id), body).await,
        (&Method::GET, Route::Upload(name, id)) => blobs::status(state, &name, &id),
        (&Method::DELETE, Route::Upload(name, id)) => blobs::cancel(state, &name, &id),
        (&Method::GET | &Method::HEAD, Route::Manifest(name, reference)) => manifests::get(state, method, &name, &reference),
        (&Method::PUT, Route::Manifest(name, reference)) => manifests::put(state, headers, (&name, &reference), body).await,
        (&Method::DELETE, Route::Manifest(name, reference)) => manifests::delete(state, &name, &reference),
        (&Method::GET, Route::Tags(name)) => manifests::tags(state, uri, &name),
        _ => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "this method does not go with this path")),
    }
}
