//! An image in a registry, weighed as its blobs stream by: nothing is kept but the manifest.
//!
//! Every blob has a connection of its own, on a thread of its own, which is no further ahead of whoever reads the blob than a few parts
//! of an answer. The login goes to
//! the registry alone: where it refers to another server, that one is asked without it, and over TLS unless both are on this machine.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderName, LOCATION, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode, Uri};

use super::challenge::Challenge;
use super::http::{self, Stream};
use super::login::Login;
use super::{LoginPlace, PATIENCE, RegistryName, Remote, RemoteError};
use crate::image::{
    AnyManifest, Digest, ImageError, LayerFacts, LayerName, LayerSource, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, MeteredBlob, choose,
    native_platform, read_blob,
};

/// More servers than any registry refers to for one blob.
const MOST_REDIRECTS: usize = 5;

/// How many parts of an answer may wait to be read; each has what one read of the connection brought, half a megabyte at most.
const AHEAD: usize = 4;

/// An index may name indexes; more levels than these are none that anybody makes.
const MOST_LEVELS: usize = 3;

/// What registries say that a manifest hashes to.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// An image in a registry.
#[derive(Debug)]
pub struct RemoteImage {
    remote: Remote,
    manifest: Bytes,
    /// The header that the registry took last.
    authorization: Mutex<Option<String>>,
}

/// A blob as its parts arrive. Its end may be that of the connection: whoever fetches it tells.
struct Arriving {
    parts: Receiver<Bytes>,
    part: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.is_empty() {
            self.part = self.parts.recv().unwrap_or_default();
        }
        let count = buffer.len().min(self.part.len());
        buffer[..count].copy_from_slice(&self.part.split_to(count));
        Ok(count)
    }
}

/// Where an image is: `HOST[:PORT]/PATH[:TAG][@DIGEST]`, or a short name of Docker Hub's.
struct Place {
    name: RegistryName,
    /// Tag or digest.
    reference: String,
    digest: Option<Digest>,
}

impl RemoteImage {
    /// Fetches the manifest of `reference` for `platform` (`os/architecture[/variant]`; this machine's where none is named).
    ///
    /// # Errors
    ///
    /// The name is none, the login cannot be had, the registry does not answer or refuses, or it has no such image.
    pub async fn open(reference: &str, platform: Option<&str>, place: &LoginPlace) -> Result<Self, RemoteError> {
        let Place { name, mut reference, mut digest } = Place::parse(reference)?;
        let login = Login::find(&name, place).await?;
        let remote = Remote { name, login };
        let native = native_platform();
        for _ in 0..MOST_LEVELS {
            let manifest = remote.document(&reference, digest.as_ref()).await?;
            match AnyManifest::parse(&manifest)? {
                AnyManifest::Image(_) => return Ok(Self { remote, manifest, authorization: Mutex::new(None) }),
                AnyManifest::Index(_) => {
                    let chosen = choose(&manifest, platform.unwrap_or(&native))?.digest;
                    (reference, digest) = (chosen.to_string(), Some(chosen));
                }
            }
        }
        Err(ImageError::Invalid { what: "index", why: "names indexes that name indexes".to_owned() }.into())
    }

    /// Has `read` read a blob as it comes, of which no more than one part beyond `most` bytes is fetched. Where it does not come whole,
    /// that is the error, whatever `read` made of it.
    fn blob<T>(&self, digest: &Digest, most: u64, read: impl FnOnce(&mut Arriving) -> T) -> Result<T, ImageError> {
        // A runtime of its own, on a thread of its own: whoever asks may stand in another one, which must not be blocked.
        let fetch = |parts: SyncSender<Bytes>| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| broken(digest, 0, error.to_string()))?;
            runtime.block_on(self.stream(digest, most, &parts))
        };
        std::thread::scope(|scope| {
            let (parts, arriving) = sync_channel(AHEAD);
            let fetched = scope.spawn(move || fetch(parts));
            let mut arriving = Arriving { parts: arriving, part: Bytes::new() };
            let found = read(&mut arriving);
            drop(arriving);
            fetched.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map(|()| found)
        })
    }

    async fn stream(&self, digest: &Digest, most: u64, parts: &SyncSender<Bytes>) -> Result<(), ImageError> {
        let mut stream = self.found(digest).await?;
        let mut bytes = 0;
        while bytes <= most {
            let next = tokio::time::timeout(PATIENCE, stream.next()).await;
            let next = next.map_err(|_| broken(digest, bytes, format!("nothing came within {} s", PATIENCE.as_secs())))?;
            let Some(part) = next.map_err(|why| broken(digest, bytes, why))? else { break };
            bytes += part.len() as u64;
            // Waiting here is what keeps the server from sending more than is read. Nobody takes it where enough was read.
            if parts.send(part).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The answer that has the blob, wherever the registry keeps it.
    async fn found(&self, digest: &Digest) -> Result<Stream, ImageError> {
        let why = |error: RemoteError| broken(digest, 0, error.to_string());
        let home = self.remote.url(&format!("/v2/{}/blobs/{digest}", self.remote.name.path())).map_err(why)?;
        let mut stream = self.asked(&home).await.map_err(why)?;
        let mut at = home.clone();
        for _ in 0..MOST_REDIRECTS {
            match stream.status {
                StatusCode::OK => return Ok(stream),
                StatusCode::NOT_FOUND => return Err(ImageError::Missing { digest: *digest }),
                status if status.is_redirection() => {
                    let place = stream.header(&LOCATION).and_then(|place| self.elsewhere(&at, place));
                    at = place
                        .ok_or_else(|| broken(digest, 0, "the registry refers to a place that is not encrypted, or none".to_owned()))?;
                    let next = if same_server(&at, &home) { self.asked(&at).await } else { self.remote.begin(&at, None).await };
                    stream = next.map_err(why)?;
                }
                _ => {
                    let said = stream.whole().await.map_or_else(|why| why, |answer| answer.message());
                    return Err(broken(digest, 0, format!("the answer was {said}")));
                }
            }
        }
        Err(broken(digest, 0, format!("the registry refers from one place to another {MOST_REDIRECTS} times")))
    }

    /// Asks the registry itself, with the login where it wants one.
    async fn asked(&self, url: &Uri) -> Result<Stream, RemoteError> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let first = self.remote.begin(url, known.as_deref()).await?;
        if first.status != StatusCode::UNAUTHORIZED {
            return Ok(first);
        }
        let action = "the request for a blob";
        let offers = first.whole().await.map_err(|why| self.remote.wrong(action, why))?.headers_of(&WWW_AUTHENTICATE);
        let unknown = || self.remote.wrong(action, "it wants a login but does not say of which kind".to_owned());
        let challenge = Challenge::best(&offers).ok_or_else(unknown)?;
        let scope = super::scope(self.remote.name.path(), &Method::GET);
        let authorization = self.remote.authorization(&challenge, Some(&scope)).await?;
        let second = self.remote.begin(url, Some(&authorization)).await?;
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization);
        Ok(second)
    }

    /// A place that the server at `from` refers to: encrypted, or on this machine where the registry is.
    fn elsewhere(&self, from: &Uri, place: &str) -> Option<Uri> {
        let named: Uri = place.parse().ok()?;
        if named.authority().is_none() {
            let path = named.path_and_query()?.as_str();
            let absolute = format!("{}://{}{path}", from.scheme_str()?, from.authority()?);
            return absolute.parse().ok().filter(|_| path.starts_with('/'));
        }
        let host = named.host()?.trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let plain = named.scheme_str() == Some("http") && here && self.remote.name.is_loopback();
        (plain || named.scheme_str() == Some("https")).then_some(named)
    }
}

impl LayerSource for RemoteImage {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(Some(self.manifest.to_vec()))
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        let invalid = || ImageError::Invalid { what: "manifest", why: "names no configuration".to_owned() };
        let (digest, mut config) = (named.ok_or_else(invalid)?, Vec::new());
        let read = self.blob(digest, MAX_CONFIG_BYTES, |arriving| arriving.read_to_end(&mut config).map(drop))?;
        read.map_err(|error| broken(digest, 0, error.to_string()))?;
        Ok(config)
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let missing = ImageError::Missing { digest: layer.diff_id };
        let stored = layer.stored.as_ref().ok_or(missing)?;
        let read = self.blob(&stored.digest, stored.size, |arriving| read_blob(arriving))?;
        let MeteredBlob { digest, facts, .. } = read.map_err(|error| broken(&stored.digest, 0, error.to_string()))?;
        facts.map(LayerFacts::from).map_err(|fault| ImageError::Blob { digest, fault })
    }
}

impl Remote {
    /// The manifest or index under a tag or digest.
    async fn document(&self, reference: &str, digest: Option<&Digest>) -> Result<Bytes, RemoteError> {
        let action = "the request for the manifest";
        let answer = self.ask(action, self.name.path(), Method::GET, &format!("manifests/{reference}")).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            let image = format!("{}{}{reference}", self.name.path(), if digest.is_some() { '@' } else { ':' });
            return Err(RemoteError::NoImage { registry: self.name.host().to_owned(), image, why: answer.message() });
        }
        if answer.status != StatusCode::OK {
            return Err(self.refused(action, self.name.path(), &answer));
        }
        let said: Option<Digest> = answer.header(&CONTENT_DIGEST).and_then(|said| said.parse().ok());
        let wrong = [digest, said.as_ref()].into_iter().flatten().find(|wanted| Digest::of(&answer.body) != **wanted);
        if let Some(wanted) = wrong.filter(|_| answer.body.len() as u64 <= MAX_MANIFEST_BYTES) {
            return Err(self.wrong(action, format!("its bytes are not those of {wanted}")));
        }
        Ok(answer.body)
    }

    /// Asks for `url`, and does not wait for the body.
    async fn begin(&self, url: &Uri, authorization: Option<&str>) -> Result<Stream, RemoteError> {
        let mut request = Request::builder().uri(url.clone()).header(ACCEPT, "*/*");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        // Its error could quote the request.
        let request = request.body(Bytes::new()).map_err(|_| self.wrong("the request for a blob", "its address is none".to_owned()))?;
        let why = |why| RemoteError::Unreachable { registry: url.host().unwrap_or_default().to_owned(), why };
        let late = |_| why(format!("it gave no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, Box::pin(http::begin(request))).await.map_err(late)?.map_err(why)
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, RemoteError> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse::<Digest>().map_err(ImageError::from)?)),
            None => (text, None),
        };
        let (path, tag) = match name.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') && path.contains(|c: char| c != ':') => (path, Some(tag)),
            _ => (name, None),
        };
        let first = path.split('/').next().unwrap_or_default();
        let is_host = path.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let whole = match (is_host, path.contains('/')) {
            (true, _) => path.to_owned(),
            (false, true) => format!("docker.io/{path}"),
            (false, false) => format!("docker.io/library/{path}"),
        };
        let reference = digest.map_or_else(|| tag.unwrap_or("latest").to_owned(), |digest| digest.to_string());
        let sound = |tag: &str| tag.len() <= 128 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if tag.is_some_and(|tag| !sound(tag) || tag.is_empty() || tag.starts_with(['.', '-'])) {
            return Err(ImageError::Invalid { what: "name of the image", why: "has a tag that is none".to_owned() }.into());
        }
        Ok(Self { name: whole.parse()?, reference, digest })
    }
}

fn same_server(a: &Uri, b: &Uri) -> bool {
    (a.scheme(), a.authority()) == (b.scheme(), b.authority())
}

fn broken(digest: &Digest, bytes: u64, why: String) -> ImageError {
    ImageError::Transfer { digest: *digest, bytes, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_the_name_of_an_image_is_read() {
        let digest = Digest::of(b"x");
        let by_digest = format!("ghcr.io/a/b:1@{digest}");
        for (text, name, reference) in [
            ("golang", "docker.io/library/golang", "latest"),
            ("golang:1.23", "docker.io/library/golang", "1.23"),
            ("grafana/loki", "docker.io/grafana/loki", "latest"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "latest"),
            ("localhost/a:x", "localhost/a", "x"),
            (&by_digest, "ghcr.io/a/b", &digest.to_string()),
        ] {
            let place = Place::parse(text).expect(text);
            assert_eq!((place.name.to_string().as_str(), place.reference.as_str()), (name, reference));
        }
        for wrong in ["", ":", "a:", "a:-x", "A", "a@sha256:0", "ghcr.io/", "a b", "http://x/y", "ann:secret@ghcr.io/me", "a:x?y"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = Place::parse(&text);
        }
    }
}
