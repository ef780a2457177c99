//! An engine out of a root file system of its own: it runs as this machine's does, and leaves neither a trace nor a change.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use loadline::rig::Engine;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateError, PrivateOptions, Role, Store, has_program};

use crate::support::app::{GOOD, Scene, assert_measured, record};
use crate::support::engine_root_or_skip;
use crate::support::machine::{MachineState, alone, among_others};
use crate::support::tiny;

#[tokio::test]
async fn an_engine_of_another_root_leaves_neither_a_trace_nor_a_change() {
    let test = "live::engine_root::an_engine_of_another_root_leaves_neither_a_trace_nor_a_change";
    let Some(root) = engine_root_or_skip(test, "forky", &[]) else { return };
    let _alone = tokio::task::spawn_blocking(alone).await.expect("the lock is taken");
    let (machine, files) = (MachineState::capture(), listing(&root));
    for store in [Store::Classic, Store::Containerd] {
        let options = PrivateOptions { engine_root: Some(root.clone()), store, ..PrivateOptions::new(Role::Builder) };
        let engine = PrivateEngine::start(options).await.expect("a private engine starts");
        let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
        let info = docker.info().await.expect("an answer");
        assert!(info.version.starts_with("28."), "{info:?}");
        assert_eq!(info.containerd_store, store == Store::Containerd, "{info:?}");
        let client = tiny::connect(engine.socket()).await;
        tiny::import(&client).await;
        tiny::run_container(&client).await;
        engine.stop().await.expect("it is removed");
        machine.assert_restored();
        assert!(listing(&root) == files, "its root is as before");
    }
}

#[test]
fn a_run_measures_with_the_engine_of_another_root() {
    let Some(root) = engine_root_or_skip("live::engine_root::a_run_measures_with_the_engine_of_another_root", "forky", &[]) else { return };
    let _among_others = among_others();
    // Engines before 23 do not know the option of COPY.
    let mut scene = Scene::of(&[("linked", &GOOD.replace("COPY", "COPY --link"))]);
    let (command, out) = scene.command();
    command.args([OsStr::new("--engine-root"), root.as_os_str()]).run().exits(0);
    let record = record(&out);
    assert_measured(&record, "linked");
    let conditions = &record.run.conditions;
    assert!(conditions.engine_version.starts_with("28."), "{conditions:?}");
    assert_eq!((conditions.store.as_str(), conditions.unpigz), ("overlay2", has_program(&root, "unpigz")));
}

#[tokio::test]
async fn a_root_without_an_engine_is_an_obstacle_that_names_what_it_lacks() {
    if !crate::support::live_or_skip("live::engine_root::a_root_without_an_engine_is_an_obstacle_that_names_what_it_lacks") {
        return;
    }
    let empty = tempfile::tempdir().expect("a folder");
    let options = PrivateOptions { engine_root: Some(empty.path().to_owned()), ..PrivateOptions::new(Role::Builder) };
    let error = PrivateEngine::start(options.clone()).await.expect_err("there is no engine");
    assert!(matches!(&error, PrivateError::Obstacle(found) if found.id == "engine-root-lacks"), "{error:?}");
    let both = PrivateOptions { dockerd: Some(PathBuf::from("/usr/sbin/dockerd")), ..options };
    let error = PrivateEngine::start(both).await.expect_err("two engines are named");
    assert!(matches!(&error, PrivateError::Obstacle(found) if found.id == "two-engines"), "{error:?}");
}

/// Every path below `root` with its inode, length and time of change, in nanoseconds: what is written or moved shows.
fn listing(root: &Path) -> BTreeMap<PathBuf, (u64, u64, i64)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in folder.read_dir().expect("a folder").map(|entry| entry.expect("it is readable")) {
            let meta = entry.metadata().expect("it is there");
            found.insert(entry.path(), (meta.ino(), meta.len(), meta.ctime() * 1_000_000_000 + meta.ctime_nsec()));
            if meta.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}
