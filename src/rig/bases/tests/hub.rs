//! Published images: the choice of the set, the lock, the cache.

use super::*;

const FIRST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const SECOND: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn lock(machine: &Machine) -> String {
    std::fs::read_to_string(machine.lock_path()).unwrap_or_default()
}

#[tokio::test]
async fn auto_takes_published_images_only_if_all_resolve() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    let alone = machine.ask(&["root:1"], BaseChoice::Auto, false).await.expect("published images");
    assert_eq!((alone.set, alone.reason.as_str()), (BaseSetKind::Hub, "every base image of the plan resolves"));
    machine.engine.take_calls();

    let both = machine.ask(&["root:1", "tool:1"], BaseChoice::Auto, false).await.expect("stand-ins");
    assert_eq!((both.set, both.images.len()), (BaseSetKind::StandIn, 2));
    assert!(both.reason.starts_with("tool:1 does not resolve ("), "{}", both.reason);
    assert!(!machine.engine.take_calls().iter().any(|call| call.starts_with("pull")), "nothing is pulled in vain");
}

#[tokio::test]
async fn a_published_image_is_pulled_by_digest_once_and_then_comes_from_the_cache() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    let first = machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert_eq!(machine.engine.take_calls(), [format!("pull root@{FIRST}"), "save root:1".to_owned()]);
    let second = machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert_eq!(machine.engine.take_calls(), ["load root:1"]);
    assert_eq!((first.images["root:1"].from_cache, second.images["root:1"].from_cache), (false, true));
    assert_eq!((&*first.images["root:1"].digest, &*second.images["root:1"].digest), (FIRST, FIRST));
}

#[tokio::test]
async fn containerds_store_gets_a_published_image_as_it_was_published_every_time() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    machine.engine.take_calls();
    machine.engine.containerd_store.store(true, Ordering::Relaxed);
    let provided = machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert_eq!(machine.engine.take_calls()[0], format!("pull root@{FIRST}"), "what the cache has is compressed anew");
    assert_eq!((&*provided.images["root:1"].digest, provided.images["root:1"].from_cache), (FIRST, false));
}

#[tokio::test]
async fn a_moved_tag_updates_the_lock_and_warns_with_both_digests() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert!(lock(&machine).contains(FIRST));
    machine.engine.publish("root:1", SECOND);
    let moved = machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    assert!(moved.warnings[0].contains(FIRST) && moved.warnings[0].contains(SECOND), "{:?}", moved.warnings);
    assert!(lock(&machine).contains(SECOND) && !lock(&machine).contains(FIRST));
}

#[tokio::test]
async fn locked_refuses_everything_that_differs_at_once_and_names_the_cure() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    let written = lock(&machine);
    machine.engine.publish("root:1", SECOND);
    machine.engine.publish("tool:1", FIRST);
    machine.engine.take_calls();
    let error = machine.ask(&["root:1", "tool:1"], BaseChoice::Hub, true).await.expect_err("the tag moved");
    let message = error.to_string().replace(&machine.folder.path().display().to_string(), "");
    insta::assert_snapshot!(message, @"--locked: root:1 was locked as sha256:1111111111111111111111111111111111111111111111111111111111111111 and is sha256:2222222222222222222222222222222222222222222222222222222222222222 now; tool:1 for linux/amd64 is not locked; run once without --locked to take what is published now into /bases.lock");
    assert_eq!((machine.engine.take_calls(), lock(&machine)), (Vec::new(), written));
}

#[tokio::test]
async fn locked_takes_what_agrees_and_leaves_the_lock_alone() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    machine.ask(&["root:1"], BaseChoice::Hub, false).await.expect("published images");
    let written = lock(&machine);
    let same = machine.ask(&["root:1"], BaseChoice::Hub, true).await.expect("the lock agrees");
    assert_eq!((&*same.images["root:1"].digest, lock(&machine)), (FIRST, written));
}

#[tokio::test]
async fn locked_never_ends_in_stand_ins() {
    let machine = Machine::new();
    for choice in [BaseChoice::StandIn, BaseChoice::Auto] {
        let error = machine.ask(&["root:1"], choice, true).await.expect_err("stand-ins").to_string();
        assert!(error.contains("drop --locked"), "{error}");
    }
    assert_eq!(machine.engine.take_calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_published_image_that_does_not_resolve_is_missing_and_the_others_come() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    let provided = machine.ask(&["root:1", "tool:1"], BaseChoice::Hub, false).await.expect("one of two");
    assert_eq!(provided.images.keys().collect::<Vec<_>>(), ["root:1"]);
    assert!(provided.missing["tool:1"].contains("tool:1 does not resolve ("));
    assert!(!lock(&machine).contains("tool:1"));
}

#[tokio::test]
async fn a_pinned_digest_is_pulled_as_written_and_needs_no_lock() {
    let machine = Machine::new();
    machine.engine.publish("root:1", FIRST);
    let pinned = format!("root:1@{FIRST}");
    let provided = machine.ask(&[&pinned], BaseChoice::Hub, true).await.expect("a pinned image");
    assert_eq!((&*provided.images[&pinned].digest, lock(&machine)), (FIRST, String::new()));
}
