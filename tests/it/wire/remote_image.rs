//! Images weighed from a registry that lies, cuts, refers elsewhere, and wants a token.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use flate2::write::GzEncoder;
use loadline::image::{Digest, ImageError, Weighed, weigh};
use loadline::rig::remote::{LoginPlace, RemoteError, RemoteImage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// `ann:open sesame`.
const AUTH: &str = "YW5uOm9wZW4gc2VzYW1l";

/// A server on a loopback port, and what it was asked.
struct Scripted {
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `answer` gets the head of each request, and the server's own host.
    async fn start(answer: impl Fn(&str, &str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, own) = (Arc::clone(&asked), host.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
                let head = String::from_utf8_lossy(&head).into_owned();
                let reply = answer(&head, &own);
                log.lock().expect("no test panics here").push(head);
                drop(stream.write_all(&reply).await);
            }
        });
        Self { host, asked }
    }

    async fn open(&self, place: &LoginPlace) -> Result<RemoteImage, RemoteError> {
        RemoteImage::open(&format!("{}/team/app:1", self.host), Some("linux/amd64"), place).await
    }

    async fn weigh(&self) -> Result<Weighed, ImageError> {
        weighed(self.open(&LoginPlace::default()).await.expect("a manifest")).await
    }

    fn heard(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics here").clone()
    }
}

async fn weighed(image: RemoteImage) -> Result<Weighed, ImageError> {
    tokio::task::spawn_blocking(move || weigh(&image)).await.expect("it does not panic")
}

/// An image of one layer.
#[derive(Clone)]
struct Parts {
    layer: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        tar.append_data(&mut header, "etc/name", &b"name\n"[..]).expect("it is packed");
        let tar = tar.into_inner().expect("the tar is complete");
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar).expect("it is compressed");
        let layer = gzip.finish().expect("it is compressed");
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64", "rootfs": { "type": "layers", "diff_ids": [Digest::of(&tar)] },
        });
        let config = config.to_string().into_bytes();
        let entry = |kind: &str, bytes: &[u8]| serde_json::json!({ "mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len() });
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": entry("application/vnd.oci.image.config.v1+json", &config),
            "layers": [entry("application/vnd.oci.image.layer.v1.tar+gzip", &layer)],
        });
        Self { layer, config, manifest: manifest.to_string().into_bytes() }
    }

    /// What a registry answers.
    fn answer(&self, head: &str) -> Vec<u8> {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let all = [&self.layer, &self.config, &self.manifest];
        let named = all.into_iter().find(|bytes| path.ends_with(&Digest::of(bytes).to_string()));
        match named.or((path == "/v2/team/app/manifests/1").then_some(&self.manifest)) {
            Some(bytes) => ok(bytes),
            None => status("404 Not Found", "", br#"{"errors":[{"code":"UNKNOWN","message":"no such thing"}]}"#),
        }
    }

    fn is_layer(&self, head: &str) -> bool {
        head.contains(&format!("/blobs/{}", Digest::of(&self.layer)))
    }
}

fn status(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {line}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    status("200 OK", "", body)
}

fn refers(place: &str) -> Vec<u8> {
    status("307 Temporary Redirect", &format!("location: {place}\r\n"), b"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_weighed_as_its_blobs_stream_by() {
    let parts = Parts::new();
    let (d1, documents) = (parts.layer.len() as u64, (parts.config.len() + parts.manifest.len()) as u64);
    let registry = Scripted::start(move |head, _| parts.answer(head)).await;
    // Whoever asks may stand in a runtime.
    let weighed = weigh(&registry.open(&LoginPlace::default()).await.expect("a manifest")).map(|weighed| weighed.weighing);
    let weighing = weighed.expect("a sound image");
    assert_eq!((weighing.layer_transfer_size, weighing.transfer_size), (Some(d1), Some(d1 + documents)));
    assert_eq!((weighing.uncompressed_size, weighing.live_size), (2048, Some(5)));
    assert!(registry.heard().iter().all(|head| head.starts_with("GET /v2/team/app/")), "{:?}", registry.heard());
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_goes_to_no_other_server() {
    let parts = Parts::new();
    let elsewhere = parts.clone();
    let blobs = Scripted::start(move |_, _| ok(&elsewhere.layer)).await;
    let target = format!("http://{}/signed?x=1", blobs.host);
    let registry = Scripted::start(move |head, own| match head {
        _ if head.starts_with("GET /token?") => ok(br#"{"token":"t0k"}"#),
        _ if !head.contains("authorization: Bearer t0k\r\n") => {
            let challenge = format!("www-authenticate: Bearer realm=\"http://{own}/token\",service=\"s\"\r\n");
            status("401 Unauthorized", &challenge, b"")
        }
        _ if parts.is_layer(head) => refers(&target),
        _ => parts.answer(head),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!(r#"{{"auths":{{"{}":{{"auth":"{AUTH}"}}}}}}"#, registry.host);
    std::fs::write(folder.path().join("config.json"), settings).expect("a file");
    let place = LoginPlace { folder: Some(folder.path().to_owned()), search_path: None };
    weighed(registry.open(&place).await.expect("a manifest")).await.expect("a sound image");
    let heard = registry.heard();
    let tokens: Vec<&String> = heard.iter().filter(|head| head.starts_with("GET /token?")).collect();
    // One for the manifest, one for all blobs.
    assert_eq!(tokens.len(), 2, "{heard:?}");
    assert!(tokens.iter().all(|head| head.contains("scope=repository%3Ateam%2Fapp%3Apull ") && head.contains(AUTH)), "{tokens:?}");
    let others = blobs.heard();
    assert!(others.len() == 1 && others[0].starts_with("GET /signed?x=1 ") && !others[0].contains("authorization"), "{others:?}");
}

#[tokio::test]
async fn a_registry_refers_to_encrypted_places_and_not_in_circles() {
    for (place, why) in [("http://blobs.example/x", "not encrypted"), ("ftp://127.0.0.1/x", "not encrypted"), ("/v2/again", "5 times")] {
        let parts = Parts::new();
        let registry = Scripted::start(
            move |head, _| {
                if parts.is_layer(head) || head.contains("/again") { refers(place) } else { parts.answer(head) }
            },
        )
        .await;
        let error = registry.weigh().await.expect_err("no blob").to_string();
        assert!(error.contains(why), "{place}: {error}");
    }
}

#[tokio::test]
async fn a_blob_that_is_cut_is_named_with_its_bytes() {
    let parts = Parts::new();
    let (digest, whole) = (Digest::of(&parts.layer).to_string(), parts.layer.len());
    let registry = Scripted::start(move |head, _| {
        let answer = parts.answer(head);
        let cut = if parts.is_layer(head) { answer.len() - 10 } else { answer.len() };
        answer[..cut].to_vec()
    })
    .await;
    let error = registry.weigh().await.expect_err("it is cut");
    let shown = error.to_string();
    assert!(matches!(error, ImageError::Transfer { bytes, .. } if bytes == whole as u64 - 10), "{error:?}");
    assert!(shown.contains(&digest) && shown.contains(&format!("after {} B", whole - 10)), "{shown}");
}

#[tokio::test]
async fn a_blob_that_is_another_one_is_an_error_with_every_disagreement() {
    for (more, said) in [(0, "hash to"), (1, "B and there are")] {
        let parts = Parts::new();
        let registry = Scripted::start(move |head, _| {
            let mut other = vec![b'x'; parts.layer.len() + more];
            other[0] = 0;
            if parts.is_layer(head) { ok(&other) } else { parts.answer(head) }
        })
        .await;
        let error = registry.weigh().await.expect_err("another blob").to_string();
        assert!(error.starts_with("the image is corrupt: layer 1") && error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn no_more_is_read_of_a_blob_than_it_may_have() {
    let parts = Parts::new();
    let registry = Scripted::start(move |head, _| if parts.is_layer(head) { ok(&vec![0; 50_000_000]) } else { parts.answer(head) }).await;
    let error = registry.weigh().await.expect_err("too long").to_string();
    let counted = error.split("there are ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|bytes| bytes.parse::<u64>().ok());
    assert!(counted.is_some_and(|bytes| bytes < 10_000_000), "{error}");
}

#[tokio::test]
async fn a_manifest_that_is_not_what_was_named_is_refused() {
    let parts = Parts::new();
    let manifest = parts.manifest.clone();
    let registry = Scripted::start(move |head, _| {
        if head.contains("/manifests/1 ") {
            return status("200 OK", &format!("docker-content-digest: {}\r\n", Digest::of(b"other")), &parts.manifest);
        }
        ok(&[parts.manifest.as_slice(), b" "].concat())
    })
    .await;
    let place = LoginPlace::default();
    let by_tag = registry.open(&place).await.expect_err("another manifest").to_string();
    let name = format!("{}/team/app@{}", registry.host, Digest::of(&manifest));
    let by_digest = RemoteImage::open(&name, None, &place).await.expect_err("another manifest").to_string();
    assert!(by_tag.contains("its bytes are not those of") && by_digest.contains("its bytes are not those of"), "{by_tag} {by_digest}");
}

#[tokio::test]
async fn the_image_for_a_platform_is_found_through_its_index() {
    let parts = Parts::new();
    let entry = |architecture: &str, bytes: &[u8]| {
        let platform = serde_json::json!({ "os": "linux", "architecture": architecture });
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        serde_json::json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len(), "platform": platform })
    };
    let manifests = [entry("arm64", b"other"), entry("amd64", &parts.manifest)];
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": manifests }).to_string().into_bytes();
    let digest = Digest::of(&parts.manifest).to_string();
    let registry = Scripted::start(move |head, _| if head.contains("/manifests/1 ") { ok(&index) } else { parts.answer(head) }).await;
    assert_eq!(registry.weigh().await.expect("a sound image").weighing.digest, Some(digest));
    let name = format!("{}/team/app:1", registry.host);
    let error = RemoteImage::open(&name, Some("windows/amd64"), &LoginPlace::default()).await.expect_err("none").to_string();
    let named = ["no image for windows/amd64", "(linux/arm64)", "(linux/amd64)"];
    assert!(named.iter().all(|part| error.contains(part)), "{error}");
}

#[tokio::test]
async fn an_image_or_a_blob_that_is_not_there_is_named() {
    let parts = Parts::new();
    let registry =
        Scripted::start(move |head, _| if parts.is_layer(head) { status("404 Not Found", "", b"") } else { parts.answer(head) }).await;
    assert!(matches!(registry.weigh().await, Err(ImageError::Missing { .. })));
    let name = format!("{}/team/app:2", registry.host);
    let error = RemoteImage::open(&name, None, &LoginPlace::default()).await.expect_err("none").to_string();
    assert!(error.contains("gives no image team/app:2 (status 404, UNKNOWN no such thing)"), "{error}");
}
