//! Archives of images.

use std::path::PathBuf;

use loadline::rig::{Engine, EngineError};
use tempfile::TempDir;

use super::daemon::{Answer, Daemon, End, Take};
use super::trace;

fn file(bytes: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let path = folder.path().join("archive.tar");
    std::fs::write(&path, vec![1; bytes]).expect("a file is written");
    (folder, path)
}

async fn load(answer: Answer, bytes: usize) -> Result<(), EngineError> {
    let (_folder, path) = file(bytes);
    let daemon = Daemon::start(vec![("POST /images/load", answer)]);
    daemon.connect().await.load(&path).await
}

async fn save(answer: Answer) -> (Result<(), EngineError>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let daemon = Daemon::start(vec![("GET /images/get?names=", answer)]);
    let saved = daemon.connect().await.save(&["x:a".to_owned(), "x:b".to_owned()], &folder.path().join("out.tar")).await;
    let left = std::fs::read_dir(folder.path()).expect("the folder is there").filter_map(Result::ok);
    (saved, left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

#[tokio::test]
async fn a_load_counts_only_when_an_image_is_named() {
    load(Answer::ok("{\"stream\":\"Loaded image: x:a\\n\"}\n"), 3_000_000).await.expect("it is loaded");
    let error = load(Answer::ok("{\"status\":\"Loading layer\"}\n"), 3_000_000).await.expect_err("nothing was loaded");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error:?}");
    let error = load(Answer::ok(trace::error("open /var/lib/docker/tmp/x/manifest.json: no such file or directory")), 1)
        .await
        .expect_err("an error");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    let error = load(Answer::ok(trace::error("write /x: no space left on device")), 1).await.expect_err("an error");
    assert!(matches!(error, EngineError::DataRootFull { .. }), "{error:?}");
}

#[tokio::test]
async fn an_engine_that_closes_during_a_load_is_lost() {
    let error = load(Answer::ok("").take(Take::Bytes(500_000)).end(End::Cut), 30_000_000).await.expect_err("it closed");
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn an_archive_is_kept_only_when_it_is_whole() {
    let whole = [vec![1; 2_000_384], vec![0; 1024]].concat();
    let (saved, left) = save(Answer::ok(whole.clone())).await;
    saved.expect("it is saved");
    assert_eq!(left, ["out.tar"]);
    let with_error = [vec![1; 512], trace::error("open layer: no such file")].concat();
    for (answer, refused) in [
        (Answer::ok(with_error), true),
        (Answer::ok(whole[..2_000_384].to_vec()), false),
        (Answer::ok(whole[..1_000_000].to_vec()).end(End::Cut), false),
        (Answer::ok(r#"{"message":"reference does not exist"}"#).status(404), true),
    ] {
        let (saved, left) = save(answer).await;
        let error = saved.expect_err("it is not whole");
        assert_eq!(matches!(error, EngineError::Refused { .. }), refused, "{error:?}");
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn an_import_carries_its_changes_and_needs_an_id() {
    let (_folder, path) = file(1000);
    let daemon =
        Daemon::start(vec![("POST /images/create?fromSrc=-", Answer::ok(format!("{{\"status\":\"sha256:{}\"}}\n", "0".repeat(64))))]);
    let changes = ["CMD [\"bash\"]".to_owned(), "ENV A=b".to_owned()];
    daemon.connect().await.import(&path, "127.0.0.1:5000/deep/x:a", &changes).await.expect("it is imported");
    let seen = daemon.seen("POST /images/create").pop().expect("it was asked");
    assert!(
        seen.whole && seen.line.contains("repo=127.0.0.1%3A5000%2Fdeep%2Fx&tag=a&changes=CMD+%5B%22bash%22%5D%0AENV+A%3Db"),
        "{seen:?}"
    );
    let daemon = Daemon::start(vec![("POST /images/create", Answer::ok(""))]);
    let error = daemon.connect().await.import(&path, "x:a", &[]).await.expect_err("there is no id");
    assert!(matches!(error, EngineError::Incomplete { missing: "an image id", .. }), "{error:?}");
}
