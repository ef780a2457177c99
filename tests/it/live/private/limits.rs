//! What an engine may take is a limit on the daemon, its RUN steps and its containers together.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use loadline::rig::private::{DataRoot, EngineLimits, PrivateEngine};

use super::{id, keep_busy, options, until};
use crate::support;
use crate::support::machine::{MachineState, alone};

/// The folders of an engine's cgroups, one in each hierarchy that has them.
fn groups(of: &str) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts are told");
    let tops: BTreeSet<&str> = mounts.lines().filter(|line| line.contains(" cgroup")).filter_map(|line| line.split(' ').nth(1)).collect();
    tops.into_iter().map(|top| Path::new(top).join(format!("loadline-{of}"))).filter(|folder| folder.is_dir()).collect()
}

/// The values of a limit, whichever version of cgroups has it.
fn limits(of: &str, files: &[&str]) -> BTreeSet<String> {
    let found = groups(of).into_iter().flat_map(|group| files.iter().map(move |file| group.join(file)));
    found.filter_map(|path| Some(fs::read_to_string(path).ok()?.trim().to_owned())).collect()
}

/// How many processes are in `folder` and below.
fn processes(folder: &Path) -> usize {
    let here = fs::read_to_string(folder.join("cgroup.procs")).map_or(0, |pids| pids.lines().count());
    let below = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    here + below.map(|entry| processes(&entry.path())).sum::<usize>()
}

#[tokio::test]
async fn an_engine_its_builds_and_its_containers_are_in_the_groups_that_are_limited() {
    if !support::live_or_skip("live::private::limits::an_engine_its_builds_and_its_containers_are_in_the_groups_that_are_limited") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let wanted = EngineLimits { cpus: Some("0.5".parse().expect("processors")), memory: Some(1_073_741_824) };
    let options = loadline::rig::private::PrivateOptions { limits: wanted, ..options(DataRoot::Auto) };
    let engine = PrivateEngine::start(options).await.expect("it starts");
    assert_ne!(engine.data_root_file_system().expect("it is known"), "tmpfs", "files in memory would count");
    let docker = keep_busy(&engine).await;
    let of = id(engine.socket());
    let cpus = limits(&of, &["cpu.cfs_quota_us", "cpu.max"]);
    assert!(cpus.contains("50000") || cpus.contains("50000 100000"), "{cpus:?}");
    assert!(limits(&of, &["memory.limit_in_bytes", "memory.max"]).contains("1073741824"));
    let limited: Vec<PathBuf> = groups(&of).into_iter().filter(|group| group.join("daemon").is_dir()).collect();
    assert!(!limited.is_empty());
    // A step's process joins one hierarchy after another, each a moment after its folder is there.
    until("the RUN step is in every group", || limited.iter().all(|group| processes(&group.join("buildkit")) >= 1)).await;
    for group in limited {
        assert!(processes(&group.join("daemon")) >= 3, "the shell, the daemon and its containerd are in {}", group.display());
        assert!(processes(&group) > processes(&group.join("daemon")) + processes(&group.join("buildkit")), "so is the container");
    }
    drop(docker);
    engine.stop().await.expect("nothing is left");
    before.assert_restored();
}

#[tokio::test]
async fn data_in_memory_and_a_limit_of_memory_are_refused_together() {
    if !support::live_or_skip("live::private::limits::data_in_memory_and_a_limit_of_memory_are_refused_together") {
        return;
    }
    let limits = EngineLimits { cpus: None, memory: Some(1_000_000_000) };
    let options = loadline::rig::private::PrivateOptions { limits, ..options(DataRoot::Tmpfs) };
    let told = PrivateEngine::start(options).await.expect_err("it is refused").to_string();
    assert!(told.contains("--data-root disk"), "{told}");
}
