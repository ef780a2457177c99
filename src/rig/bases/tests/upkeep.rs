//! The cache over time: what is removed from it, who waits for whom, and what a full disk leaves.

use std::sync::{Arc, Mutex};

use super::super::prune::{leftovers, prune_with};
use super::tables::workshop;
use super::*;

static OLDER: [Recipe; 2] = [
    Recipe {
        name: "root:1",
        method: Method::DebianRoot { suite: "test", include: &["old"], hook: "true", epoch: 7, changes: &["CMD [\"bash\"]"] },
        ..PLAIN
    },
    Recipe { name: "tool:1", parents: &["root:1"], method: Method::Dockerfile("FROM root:1\nRUN old\n"), ..PLAIN },
];

/// What a sink was told, in words.
fn listener() -> (ProgressSink, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = told.clone();
    let sink = ProgressSink::new(move |progress| {
        if let Progress::Notice(text) | Progress::Warning(text) = progress {
            into.lock().expect("no poison").push(text);
        }
    });
    (sink, told)
}

#[tokio::test]
async fn what_no_recipe_refers_to_any_more_is_listed_and_removed_and_the_rest_still_loads() {
    let machine = Machine::new();
    let maker = Maker { tools: machine.tools(), recipes: &OLDER, certificates: Certificates::default(), owner: None };
    machine.ask_with(&["tool:1"], BaseChoice::StandIn, false, maker).await.expect("stand-ins");
    machine.stand_ins(&["tool:1"]).await;
    std::fs::create_dir_all(machine.cache().join("bases/v0/layers")).expect("a folder");
    std::fs::write(machine.cache().join("bases/v0/layers/x"), [0; 1000]).expect("a file");
    std::fs::write(machine.cache().join("bases/v1/layers/nobodys.tar.gz"), [0; 500]).expect("a file");
    let before = cache_bytes(&machine.cache());

    let now = workshop(&TEST_RECIPES);
    let listed = leftovers(&Cache::at(&machine.cache(), None), &now);
    let removed = prune_with(&machine.cache(), false, &ProgressSink::none(), &now).await.expect("it is pruned");
    assert_eq!(listed, removed, "what is listed is what is removed");
    let names: Vec<&str> = removed.images.iter().filter_map(|image| image.split(' ').next()).collect();
    assert_eq!((names, removed.files), (vec!["root:1", "tool:1"], 5), "two entries, old tool's layer, nobody's layer, the old layout");
    // The lock file is written anew by its holder.
    assert!(before - cache_bytes(&machine.cache()) >= removed.bytes && removed.bytes > 1500, "{removed:?}");
    assert!(machine.stand_ins(&["tool:1"]).await.images["tool:1"].from_cache);
    assert_eq!(prune_with(&machine.cache(), false, &ProgressSink::none(), &now).await.expect("it is pruned"), Pruned::default());

    let all = prune_with(&machine.cache(), true, &ProgressSink::none(), &now).await.expect("it is pruned");
    assert_eq!((all.images.len(), machine.images().len(), machine.layers().len()), (2, 0, 0));
}

#[tokio::test]
async fn a_published_image_is_kept_until_a_newer_one_of_its_name_is_there() {
    let machine = Machine::new();
    for digest in [format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64))] {
        machine.engine.publish("root:1", &digest);
        machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    }
    let pruned = prune_with(&machine.cache(), false, &ProgressSink::none(), &workshop(&TEST_RECIPES)).await.expect("it is pruned");
    assert_eq!((pruned.images.len(), machine.images().len()), (1, 1));
    let again = machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert!(again.images["root:1"].from_cache, "the newer one stayed");
}

#[tokio::test]
async fn no_cache_is_nothing_to_prune() {
    let nowhere = Path::new("/nonexistent/loadline");
    assert_eq!(prune_with(nowhere, true, &ProgressSink::none(), &workshop(&TEST_RECIPES)).await.expect("nothing"), Pruned::default());
}

#[tokio::test]
async fn who_waits_for_the_cache_is_told_which_process_has_it() {
    let machine = Machine::new();
    let cache = Cache::at(&machine.cache(), None);
    cache.create().expect("folders");
    let held = hold(&cache, &ProgressSink::none()).await.expect("the lock");
    let (sink, told) = listener();
    let waiting = hold(&cache, &sink);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err(), "it is held");
    let first = told.lock().expect("no poison")[0].clone();
    assert!(first.starts_with(&format!("waiting for another loadline (process {}, since 2", std::process::id())), "{first}");
    assert!(first.ends_with(&format!("works on the base images in {}", cache.root.display())), "{first}");
    drop(held);
    drop(waiting.await.expect("the lock"));
    assert_eq!(told.lock().expect("no poison").len(), 2, "and that the wait is over");
}

#[tokio::test]
async fn damage_is_told_when_it_is_found() {
    let machine = Machine::new();
    machine.stand_ins(&["root:1"]).await;
    std::fs::write(&machine.layers()[0], "short").expect("a layer");
    let (sink, told) = listener();
    let references = ["root:1".to_owned()];
    let (lock_path, cache) = (machine.lock_path(), machine.cache());
    let request = BaseRequest { references: &references, choice: BaseChoice::StandIn, locked: false, lock_path, cache };
    let maker = Maker { tools: machine.tools(), recipes: &TEST_RECIPES, certificates: Certificates::default(), owner: None };
    let provided = provide_with(&machine.engine, &request, &sink, maker).await.expect("stand-ins");
    assert_eq!((provided.warnings.len(), &*told.lock().expect("no poison")), (1, &provided.warnings));
}

#[tokio::test]
async fn a_package_tool_that_finds_the_disk_full_is_no_fault_of_the_mirror() {
    let machine = Machine::new();
    machine.script("echo 'tar: ./x: Cannot write: No space left on device' >&2; exit 2");
    let error = machine.ask(&["root:1"], BaseChoice::StandIn, false).await.expect_err("the disk is full");
    assert!(matches!(&error, BaseError::CacheFull { folder, .. } if folder.starts_with(machine.cache())), "{error}");
    assert!(machine.images().is_empty() && machine.layers().is_empty());
}
