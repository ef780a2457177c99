//! A named registry that refuses, asks for tokens, and lies.

use std::path::Path;
use std::sync::{Arc, Mutex};

use loadline::image::Digest;
use loadline::rig::remote::{LoginPlace, Remote, RemoteError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
const TAKEN: &str = "HTTP/1.1 202 Accepted\r\nlocation: /v2/x/blobs/uploads/1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// `ann:open sesame`.
const AUTH: &str = "YW5uOm9wZW4gc2VzYW1l";

/// A registry on a loopback port, and what it was asked.
struct Scripted {
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `answer` gets the head of each request, and the registry's own host.
    async fn start(answer: impl Fn(&str, &str) -> String + Send + 'static) -> Self {
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
                drop(stream.write_all(reply.as_bytes()).await);
            }
        });
        Self { host, asked }
    }

    async fn open(&self, folder: &Path) -> Result<Remote, RemoteError> {
        let place = LoginPlace { folder: Some(folder.to_owned()), search_path: Some(folder.into()) };
        Remote::open(format!("{}/team/sizes", self.host).parse().expect("a place"), &place).await
    }

    fn heard(&self) -> String {
        self.asked.lock().expect("no test panics here").join("\n---\n")
    }
}

fn wants(kind: &str) -> String {
    let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required\u001b[31m"}]}"#;
    format!("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn with_body(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// A folder with this `config.json`, where `HOST` is the registry's.
fn settings(text: &str, registry: &Scripted) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), text.replace("HOST", &registry.host)).expect("a file");
    folder
}

fn helper(folder: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("docker-credential-fake");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn basic(head: &str) -> String {
    let known = head.contains(&format!("authorization: Basic {AUTH}\r\n"));
    match (known, head.starts_with("POST")) {
        (false, _) => wants("Basic realm=\"r\""),
        (true, true) => TAKEN.to_owned(),
        (true, false) => OK.to_owned(),
    }
}

#[tokio::test]
async fn without_a_login_the_cure_is_named() {
    let registry = Scripted::start(|head, _| basic(head)).await;
    for text in ["{}", r#"{"auths":{"other:1":{"auth":"YW5uOm9wZW4gc2VzYW1l"}}}"#] {
        let error = registry.open(settings(text, &registry).path()).await.expect_err("no login").to_string();
        assert!(
            error.contains(&format!(
                "wants a login, and there is none for it in docker's config.json; run `docker login {}`",
                registry.host
            )),
            "{error}"
        );
    }
    assert!(!registry.heard().contains("authorization"), "no other registry's login was sent");
    let nowhere = LoginPlace::default();
    assert!(matches!(
        Remote::open(format!("{}/a", registry.host).parse().expect("a place"), &nowhere).await,
        Err(RemoteError::LoginWanted { .. })
    ));
}

#[tokio::test]
async fn a_login_that_is_not_taken_is_quoted_without_its_password() {
    let registry = Scripted::start(|head, _| basic(head)).await;
    let folder = settings(r#"{"auths":{"HOST":{"username":"ann","password":"hunter2"}}}"#, &registry);
    let error = registry.open(folder.path()).await.expect_err("a wrong password");
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(shown.contains("does not take the login") && shown.contains("status 401, UNAUTHORIZED authentication required"), "{shown}");
    assert!(![&shown, &debug].iter().any(|text| text.contains("hunter2") || text.contains('\u{1b}')), "{debug}");
}

#[tokio::test]
async fn every_place_of_a_login_is_found() {
    let registry = Scripted::start(|head, _| basic(head)).await;
    let answer = r#"read host; test "$host" = HOST && echo '{"ServerURL":"x","Username":"ann","Secret":"open sesame"}'"#;
    for text in [
        r#"{"auths":{"HOST":{"auth":"YW5uOm9wZW4gc2VzYW1l"}}}"#,
        r#"{"auths":{"https://HOST/v2/":{"auth":"YW5uOm9wZW4gc2VzYW1l"}}}"#,
        r#"{"auths":{"HOST":{"username":"ann","password":"open sesame"}}}"#,
        r#"{"credsStore":"fake","auths":{"HOST":{"auth":"d3Jvbmc6d3Jvbmc="}}}"#,
        r#"{"credsStore":"missing","credHelpers":{"HOST":"fake"}}"#,
    ] {
        let folder = settings(text, &registry);
        helper(folder.path(), &answer.replace("HOST", &registry.host));
        let remote = registry.open(folder.path()).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        let shown = format!("{remote:?}");
        assert!(shown.contains("not shown") && !shown.contains("sesame"), "{shown}");
    }
}

#[tokio::test]
async fn a_helper_that_is_missing_or_fails_is_named() {
    let registry = Scripted::start(|head, _| basic(head)).await;
    let folder = settings(r#"{"credsStore":"fake"}"#, &registry);
    let told = async || registry.open(folder.path()).await.expect_err("no login").to_string();
    let error = told().await;
    assert!(error.contains("docker-credential-fake, which is not on the path; install it"), "{error}");
    helper(folder.path(), "echo 'the keychain is locked'; exit 3");
    let error = told().await;
    assert!(error.contains("docker-credential-fake did not give the login") && error.contains("the keychain is locked"), "{error}");
    helper(folder.path(), "echo secret-that-is-no-json");
    let error = told().await;
    assert!(error.contains("not of the form of a login") && !error.contains("secret-that"), "{error}");
    helper(folder.path(), "echo 'credentials not found in native keychain'; exit 1");
    let error = told().await;
    assert!(error.contains("there is none for it"), "{error}");
}

#[tokio::test]
async fn settings_that_are_broken_are_named_and_not_quoted() {
    let registry = Scripted::start(|head, _| basic(head)).await;
    for text in [r#"{"auths":{"HOST":{"auth":"c2VjcmV0"}}}"#, r#"{"auths":{"HOST":{"auth":5}}, "secret""#, r#"{"credsStore":"../secret"}"#]
    {
        let error = registry.open(settings(text, &registry).path()).await.expect_err("broken").to_string();
        assert!(error.contains("config.json is not what docker writes") && !error.contains("secret") && !error.contains("c2Vj"), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_fetched_for_what_is_done_and_not_for_what_is_proposed() {
    let registry = Scripted::start(|head, own| match head {
        _ if head.starts_with("GET /token?") => with_body(r#"{"access_token":"t0k"}"#),
        _ if head.contains("authorization: Bearer t0k\r\n") && head.starts_with("POST") => TAKEN.to_owned(),
        _ if head.contains("authorization: Bearer t0k\r\n") => OK.to_owned(),
        _ => wants(&format!("Bearer realm=\"http://{own}/token\",service=\"s\",scope=\"repository:other/one:pull\"")),
    })
    .await;
    let folder = settings(&format!(r#"{{"auths":{{"HOST":{{"auth":"{AUTH}"}}}}}}"#), &registry);
    registry.open(folder.path()).await.expect("a token");
    let heard = registry.heard();
    assert!(heard.contains("GET /token?service=s&scope=repository%3Ateam%2Fsizes%2Floadline-probe%3Apull%2Cpush HTTP/1.1"), "{heard}");
    assert!(heard.contains(&format!("authorization: Basic {AUTH}\r\n")) && !heard.contains("other%2Fone"), "{heard}");
    assert!(heard.contains("DELETE /v2/x/blobs/uploads/1 "), "the trial upload is given up: {heard}");
}

#[tokio::test]
async fn an_identity_token_goes_into_a_form() {
    let registry = Scripted::start(|head, own| match head {
        _ if head.starts_with("POST /token ") => with_body(r#"{"token":"t1k"}"#),
        _ if head.contains("authorization: Bearer t1k\r\n") && head.starts_with("POST") => TAKEN.to_owned(),
        _ if head.contains("authorization: Bearer t1k\r\n") => OK.to_owned(),
        _ => wants(&format!("Bearer realm=\"http://{own}/token\",service=\"s\"")),
    })
    .await;
    let folder = settings(r#"{"auths":{"HOST":{"auth":"AA==","identitytoken":"idt"}}}"#, &registry);
    registry.open(folder.path()).await.expect("a token");
    assert!(!registry.heard().contains("Basic"), "{}", registry.heard());
}

#[tokio::test]
async fn a_login_goes_to_no_place_that_is_not_encrypted() {
    let registry = Scripted::start(|_, _| wants("Bearer realm=\"http://tokens.example/t\",service=\"s\"")).await;
    let folder = settings(&format!(r#"{{"auths":{{"HOST":{{"auth":"{AUTH}"}}}}}}"#), &registry);
    let error = registry.open(folder.path()).await.expect_err("no TLS").to_string();
    assert!(error.contains("not encrypted") && !registry.heard().contains(AUTH), "{error}");
}

#[tokio::test]
async fn an_account_that_may_not_push_is_told_so() {
    let registry = Scripted::start(|head, _| {
        if head.starts_with("POST") {
            let body = r#"{"errors":[{"code":"DENIED","message":"read only"}]}"#;
            return format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
        OK.to_owned()
    })
    .await;
    let folder = settings(&format!(r#"{{"auths":{{"HOST":{{"auth":"{AUTH}"}}}}}}"#), &registry);
    let error = registry.open(folder.path()).await.expect_err("denied").to_string();
    assert!(error.contains("does not allow this login to push to team/sizes/loadline-probe (status 403, DENIED read only)"), "{error}");
}

#[tokio::test]
async fn what_is_no_registry_and_what_is_not_there_differ() {
    let registry = Scripted::start(|_, _| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()).await;
    let folder = settings("{}", &registry);
    let error = registry.open(folder.path()).await.expect_err("no registry").to_string();
    assert!(error.contains("is no registry: it answers /v2/ with status 404"), "{error}");
    let place = LoginPlace::default();
    let error = Remote::open("127.0.0.1:1/a".parse().expect("a place"), &place).await.expect_err("nothing is there").to_string();
    assert!(error.starts_with("cannot reach the registry 127.0.0.1:1: "), "{error}");
}

#[tokio::test]
async fn a_manifest_of_another_digest_is_refused() {
    let registry = Scripted::start(|head, _| match head {
        _ if head.starts_with("POST") => TAKEN.to_owned(),
        _ if head.contains("/manifests/") => with_body("{\"schemaVersion\":2}"),
        _ if head.starts_with("HEAD") && head.contains("/repo/") => {
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://x/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
        }
        _ if head.starts_with("HEAD") => "HTTP/1.1 200 OK\r\ncontent-length: 17\r\nconnection: close\r\n\r\n".to_owned(),
        _ => OK.to_owned(),
    })
    .await;
    let remote = registry.open(settings("{}", &registry).path()).await.expect("it needs no login");
    let true_digest = Digest::of(b"{\"schemaVersion\":2}");
    assert_eq!(remote.manifest("a", &true_digest).await.expect("its bytes").len(), 19);
    let error = remote.manifest("a", &Digest::of(b"x")).await.expect_err("other bytes").to_string();
    assert!(error.contains("its bytes are not those of sha256:"), "{error}");
    assert_eq!(remote.blob_size("a", &true_digest).await.expect("a size"), Some(17));
    assert_eq!(remote.blob_size("repo", &true_digest).await.expect("elsewhere"), None);
}
