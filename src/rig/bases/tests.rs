//! Base sets against an engine in memory and a package tool that is a shell script.

mod fake;
mod hub;
mod lanes;
mod tables;
mod upkeep;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use self::fake::{FakeEngine, tar_of};
use super::*;

static TEST_RECIPES: [Recipe; 4] = [
    Recipe {
        name: "root:1",
        parents: &[],
        method: Method::DebianRoot { suite: "test", include: &["a", "b"], hook: "true", epoch: 7, changes: &["CMD [\"bash\"]"] },
        versions: &[("root", "version")],
        ..PLAIN
    },
    Recipe { name: "tool:1", parents: &["root:1"], method: Method::Dockerfile("FROM root:1\nRUN a\n"), ..PLAIN },
    Recipe { name: "bad:1", parents: &["root:1"], method: Method::Dockerfile("FROM root:1\nRUN false\n"), ..PLAIN },
    Recipe { name: "worse:1", parents: &["bad:1"], method: Method::Dockerfile("FROM bad:1\nRUN a\n"), ..PLAIN },
];

const PLAIN: Recipe = Recipe {
    name: "",
    parents: &[],
    method: Method::Dockerfile(""),
    platforms: &["linux/amd64"],
    published: Published { bytes: 100_000_000, date: "2025-01-01", version: "1" },
    limit_percent: 2.0,
    differs: &["everything"],
    package_managers: &["apt-get"],
    versions: &[],
};

/// A cache folder, a script in the place of mmdebstrap, and a fresh engine.
struct Machine {
    folder: tempfile::TempDir,
    engine: FakeEngine,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().expect("a folder"), engine: FakeEngine::default() };
        std::fs::create_dir(machine.folder.path().join("keys")).expect("a folder");
        std::fs::write(machine.folder.path().join("keys/debian-archive-keyring.gpg"), "").expect("a file");
        std::fs::write(machine.folder.path().join("root.tar"), tar_of("./version", "1.0\nsecond line")).expect("a file");
        machine.script("echo unpacking >&2; cat \"$(dirname \"$0\")/root.tar\"");
        machine
    }

    fn script(&self, text: &str) {
        let path = self.tools().mmdebstrap;
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is executable");
    }

    fn tools(&self) -> Tools {
        let folder = self.folder.path();
        Tools { mmdebstrap: folder.join("mmdebstrap").into(), keyrings: folder.join("keys"), namespace: false }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn lock_path(&self) -> PathBuf {
        self.folder.path().join("bases.lock")
    }

    async fn ask_with(&self, references: &[&str], choice: BaseChoice, locked: bool, maker: Maker) -> Result<Provided, BaseError> {
        let references: Vec<String> = references.iter().map(|&text| text.to_owned()).collect();
        let (lock_path, cache) = (self.lock_path(), self.cache());
        let request = BaseRequest { references: &references, choice, locked, lock_path, cache };
        provide_with(&self.engine, &request, &ProgressSink::none(), maker).await
    }

    async fn ask(&self, references: &[&str], choice: BaseChoice, locked: bool) -> Result<Provided, BaseError> {
        let maker = Maker { tools: self.tools(), recipes: &TEST_RECIPES, certificates: Certificates::default(), owner: None };
        self.ask_with(references, choice, locked, maker).await
    }

    async fn stand_ins(&self, references: &[&str]) -> Provided {
        self.ask(references, BaseChoice::StandIn, false).await.expect("stand-ins")
    }

    fn layers(&self) -> Vec<PathBuf> {
        files(&self.cache().join("bases/v1/layers"))
    }

    fn images(&self) -> Vec<PathBuf> {
        files(&self.cache().join("bases/v1/images"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test]
async fn a_root_is_made_without_the_callers_other_variables() {
    let machine = Machine::new();
    machine.script("here=\"$(dirname \"$0\")\"; env >\"$here/variables\"; cat \"$here/root.tar\"");
    machine.stand_ins(&["root:1"]).await;
    let text = std::fs::read_to_string(machine.folder.path().join("variables")).expect("the tool ran");
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(["PATH", "LC_ALL", "TMPDIR", "LOADLINE_HOOK", "SOURCE_DATE_EPOCH"].iter().all(|name| names.contains(name)), "{names:?}");
    // cargo sets CARGO_MANIFEST_DIR and more for a test; a shell sets the names below itself.
    let own = |name: &str| name.starts_with("LOADLINE_") || ["PATH", "HOME", "LC_ALL", "TMPDIR", "SOURCE_DATE_EPOCH"].contains(&name);
    let others: Vec<_> = names.iter().filter(|name| !own(name) && !name.to_lowercase().ends_with("_proxy")).collect();
    assert!(others.iter().all(|name| ["PWD", "OLDPWD", "SHLVL", "_"].contains(*name)), "{others:?}");
}

#[tokio::test]
async fn a_stand_in_is_built_once_and_always_runs_from_the_cache() {
    let machine = Machine::new();
    let first = machine.stand_ins(&["tool:1"]).await;
    let calls = ["import root:1 CMD [\"bash\"]", "save root:1", "build tool:1", "save tool:1"];
    let after = ["remove tool:1", "remove root:1", "prune", "load tool:1"];
    assert_eq!(machine.engine.take_calls(), [calls, after].concat());
    assert_eq!(machine.engine.names(), ["tool:1"], "what the plan does not name does not stay");
    let second = machine.stand_ins(&["tool:1"]).await;
    assert_eq!(machine.engine.take_calls(), ["load tool:1"]);
    assert_eq!((first.images["tool:1"].from_cache, second.images["tool:1"].from_cache), (false, true));
    assert_eq!(first.images["tool:1"].digest, second.images["tool:1"].digest);
}

#[tokio::test]
async fn containerds_store_takes_stand_ins_from_the_cache_and_makes_none() {
    let machine = Machine::new();
    machine.engine.containerd_store.store(true, Ordering::Relaxed);
    let error = machine.ask(&["tool:1"], BaseChoice::StandIn, false).await.expect_err("nothing is cached").to_string();
    assert!(error.starts_with("root:1, tool:1 must be made first") && error.contains("`loadline bases build root:1 tool:1`"), "{error}");
    assert_eq!(machine.engine.take_calls(), Vec::<String>::new());
    machine.engine.containerd_store.store(false, Ordering::Relaxed);
    let made = machine.stand_ins(&["tool:1"]).await;
    machine.engine.containerd_store.store(true, Ordering::Relaxed);
    let loaded = machine.stand_ins(&["tool:1"]).await;
    assert_eq!(made.images["tool:1"].digest, loaded.images["tool:1"].digest, "the same image in every store");
}

#[tokio::test]
async fn a_stand_in_states_its_sizes_and_versions() {
    let machine = Machine::new();
    let provided = machine.stand_ins(&["docker.io/library/root:1"]).await;
    let base = &provided.images["docker.io/library/root:1"];
    let tar = tar_of("./version", "1.0\nsecond line").len() as u64;
    assert_eq!((base.uncompressed_size, base.versions["root"].as_str()), (Some(tar), "1.0"));
    assert!(base.compressed_size.is_some_and(|bytes| (1..tar).contains(&bytes)));
    assert_eq!((base.differs.as_slice(), base.package_managers), (&["everything"][..], Some(&["apt-get"][..])));
}

#[tokio::test]
async fn a_parent_in_the_cache_is_not_built_again_for_its_child() {
    let machine = Machine::new();
    machine.stand_ins(&["root:1"]).await;
    machine.engine.take_calls();
    machine.stand_ins(&["tool:1"]).await;
    assert_eq!(machine.engine.take_calls()[..2], ["load root:1", "build tool:1"]);
    assert_eq!(machine.layers().len(), 2, "the layer they share lies once");
}

#[tokio::test]
async fn a_damaged_layer_is_found_said_and_built_again() {
    for damage in [|path: &Path| drop(std::fs::remove_file(path)), |path: &Path| drop(std::fs::write(path, "short")), flip_a_byte] {
        let machine = Machine::new();
        machine.stand_ins(&["root:1"]).await;
        damage(&machine.layers()[0]);
        let again = machine.stand_ins(&["root:1"]).await;
        assert!(again.warnings[0].contains("root:1 is not usable") && again.warnings[0].contains("built again"), "{:?}", again.warnings);
        assert!(!again.images["root:1"].from_cache);
        assert!(machine.stand_ins(&["root:1"]).await.images["root:1"].from_cache);
    }
}

fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a layer");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("a layer");
}

#[tokio::test]
async fn a_damaged_entry_is_found_said_and_built_again() {
    let machine = Machine::new();
    machine.stand_ins(&["root:1"]).await;
    let path = machine.images().remove(0);
    let entry = std::fs::read_to_string(&path).expect("an entry");
    for (text, reason) in [
        (entry[..entry.len() / 2].to_owned(), "cannot read"),
        (entry.replace("layers", "lagers"), "cannot read"),
        (entry.replace("rootfs", "rootFS"), "the configuration in"),
        (entry.replace("\"key\": \"", "\"key\": \"0"), "is not what its name says"),
    ] {
        std::fs::write(&path, text).expect("an entry");
        let again = machine.stand_ins(&["root:1"]).await;
        assert!(again.warnings[0].contains(reason) && !again.images["root:1"].from_cache, "{:?}", again.warnings);
    }
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept() {
    let machine = Machine::new();
    machine.stand_ins(&["root:1"]).await;
    let left = machine.cache().join("bases/v1/tmp/work-x");
    std::fs::create_dir(&left).expect("a folder");
    std::fs::write(left.join("saved.tar"), "partial").expect("a file");
    machine.stand_ins(&["root:1"]).await;
    assert_eq!(files(&machine.cache().join("bases/v1/tmp")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_second_process_waits_for_the_first() {
    let machine = Machine::new();
    machine.stand_ins(&["root:1"]).await;
    machine.engine.take_calls();
    let held = std::fs::File::options().append(true).open(machine.cache().join("bases/v1/lock")).expect("the lock file");
    held.lock().expect("the lock");
    let work = machine.stand_ins(&["root:1"]);
    tokio::pin!(work);
    let early = tokio::time::timeout(Duration::from_millis(600), &mut work).await;
    assert!(early.is_err() && machine.engine.take_calls().is_empty());
    drop(held);
    assert!(work.await.images["root:1"].from_cache);
}

#[tokio::test]
async fn a_recipe_that_fails_costs_only_what_needs_it() {
    let machine = Machine::new();
    let provided = machine.stand_ins(&["tool:1", "worse:1", "bad:1"]).await;
    assert_eq!(provided.images.keys().collect::<Vec<_>>(), ["tool:1"]);
    for name in ["bad:1", "worse:1"] {
        let why = &provided.missing[name];
        assert!(why.contains("bad:1 could not be built") && why.contains("RUN false") && why.contains("exit code: 1"), "{why}");
    }
}

#[tokio::test]
async fn a_reference_without_a_stand_in_is_reported_and_never_swapped() {
    let machine = Machine::new();
    let pinned = format!("root:1@sha256:{}", "0".repeat(64));
    let provided = machine.stand_ins(&["root:1", "root:2", "a b", &pinned, "scratch"]).await;
    assert_eq!(provided.images.keys().collect::<Vec<_>>(), ["root:1"]);
    assert!(provided.missing["root:2"].contains("no stand-in for root:2") && provided.missing["root:2"].contains("--bases hub"));
    assert!(provided.missing["a b"].contains("no image reference") && provided.missing[&pinned].contains("names a digest"));
    assert!(!provided.missing.contains_key("scratch"));
}

#[tokio::test]
async fn a_failing_package_tool_is_quoted() {
    let machine = Machine::new();
    machine.script("echo 'E: Unable to locate package usr-is-merged' >&2; exit 25");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("it failed").to_string();
    assert!(error.contains("root:1 (exit status: 25): E: Unable to locate package usr-is-merged"), "{error}");
    machine.script("exit 0");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("the tar is empty");
    assert!(matches!(error, BaseError::Root { .. }), "{error}");
    assert!(machine.images().is_empty());
}

#[tokio::test]
async fn a_package_tool_that_hangs_up_on_its_group_ends_alone() {
    let machine = Machine::new();
    machine.script("echo 'E: it failed' >&2; kill -HUP 0; sleep 600");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("it failed").to_string();
    assert!(error.contains("signal: 1 (SIGHUP)") && error.contains("E: it failed"), "{error}");
}

#[tokio::test]
async fn a_missing_tool_or_key_is_named_with_its_package() {
    let machine = Machine::new();
    std::fs::remove_file(machine.folder.path().join("keys/debian-archive-keyring.gpg")).expect("a file");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("no keys").to_string();
    assert!(error.contains("install the package debian-archive-keyring"), "{error}");
    std::fs::remove_file(machine.tools().mmdebstrap).expect("a file");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("no tool").to_string();
    assert!(error.contains("install the package mmdebstrap"), "{error}");
}

#[tokio::test]
async fn the_package_tool_gets_the_recipe() {
    let machine = Machine::new();
    let certificates = tempfile::tempdir().expect("a folder");
    std::fs::write(certificates.path().join("office.crt"), "X").expect("a file");
    let told = machine.folder.path().join("told");
    let script = "{ echo \"$@\"; echo \"$SOURCE_DATE_EPOCH\"; cat \"$LOADLINE_HOOK\"; echo; ls \"$LOADLINE_CERTIFICATES\"; } >TOLD; cat \"$(dirname \"$0\")/root.tar\"";
    machine.script(&script.replace("TOLD", &told.display().to_string()));
    let certificates = Certificates::read(certificates.path()).expect("certificates");
    let maker = Maker { tools: machine.tools(), recipes: &TEST_RECIPES, certificates, owner: None };
    machine.ask_with(&["root:1"], BaseChoice::StandIn, false, maker).await.expect("stand-ins");
    insta::assert_snapshot!(std::fs::read_to_string(told).expect("what it was told"), @r#"
    --variant=minbase --format=tar --include=a,b --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --skip=chroot/policy-rc.d --setup-hook=sh "$LOADLINE_HOOK" setup "$1" --customize-hook=sh "$LOADLINE_HOOK" customize "$1" test -
    7
    true
    office.crt
    "#);
}
