use proptest::prelude::*;

use super::*;

fn place() -> (tempfile::TempDir, Place) {
    let top = tempfile::tempdir().expect("a folder");
    let roots = Roots { run: top.path().join("run"), disk: top.path().join("disk") };
    (top, Place::new(roots))
}

/// Other tests of this process start programs; such a child has copies of all files for the moment until it executes.
pub(in crate::rig::private) fn wait_until_released(place: &Place) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while place.is_live() {
        assert!(std::time::Instant::now() < until, "the claim is never released");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn an_engine_is_live_as_long_as_its_claim_is_held() {
    let (_top, place) = place();
    assert!(!place.is_live());
    let claim = place.claim().expect("it is free");
    assert!(place.is_live());
    assert!(place.claim().is_err(), "it cannot be claimed twice");
    drop(claim);
    wait_until_released(&place);
}

#[test]
fn a_data_root_on_disk_that_is_held_is_live() {
    let (_top, place) = place();
    let mut claim = place.claim().expect("it is free");
    std::fs::create_dir_all(place.disk()).expect("folders");
    claim.hold(&place.disk()).expect("it is free");
    std::fs::remove_dir_all(place.state()).expect("it is removed");
    assert!(place.is_live());
    drop(claim);
    wait_until_released(&place);
}

#[test]
fn an_engine_is_live_as_long_as_a_tool_of_its_owner_runs() {
    let (_top, place) = place();
    let claim = place.claim().expect("it is free");
    let mut tool = std::process::Command::new("sleep").arg("1000").stdin(claim.share().expect("it is shared")).spawn().expect("it runs");
    drop(claim);
    assert!(place.is_live());
    tool.kill().expect("it is killed");
    tool.wait().expect("it has ended");
    wait_until_released(&place);
}

#[test]
fn a_sweep_waits_for_the_tools_of_an_owner_that_is_gone() {
    let (_top, place) = place();
    let claim = place.claim().expect("it is free");
    let mut tool = std::process::Command::new("sleep").arg("0.3").stdin(claim.share().expect("it is shared")).spawn().expect("it runs");
    assert!(!place.is_dead_by_now(), "its owner is this process");
    let gone = Process { started: 0, ..Process::this() };
    std::fs::write(place.owner_file(), format!("owner {gone}\n")).expect("it is written");
    drop(claim);
    assert!(place.is_live() && place.is_dead_by_now());
    tool.wait().expect("it has ended");
}

#[test]
fn an_engine_of_another_process_that_still_runs_is_live() {
    let (_top, place) = place();
    drop(place.claim().expect("it is free"));
    let mut other = std::process::Command::new("sleep").arg("1000").spawn().expect("it runs");
    let process = Process::of(other.id()).expect("it runs");
    std::fs::write(place.owner_file(), format!("owner {process}\n")).expect("it is written");
    assert!(place.is_live());
    let later = Process { started: process.started + 1, ..process };
    std::fs::write(place.owner_file(), format!("owner {later}\n")).expect("it is written");
    // A process that only has the same number is not the owner.
    wait_until_released(&place);
    other.kill().expect("it is killed");
    other.wait().expect("it has ended");
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let (_top, place) = place();
    let mut claim = place.claim().expect("it is free");
    claim.note("made-parent", "yes").expect("it is written");
    claim.note("data", "/srv/with a space").expect("it is written");
    let record = place.record();
    assert_eq!(record.owner, Some(Process::this()));
    assert_eq!(record.data.as_deref(), Some(Path::new("/srv/with a space")));
    assert!(record.made_parent && record.cage.is_none());
}

#[test]
fn a_start_time_is_found_behind_any_name() {
    let fields: Vec<String> = (3..=30).map(|n| n.to_string()).collect();
    let stat = format!("7 (a) b (c) {}", fields.join(" "));
    assert_eq!(start_time(&stat), Some(22));
    assert_eq!(state("7 (a) Z 1 2"), Some('Z'));
}

#[test]
fn a_logs_end_carries_no_control_characters_and_no_endless_lines() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let long = "x".repeat(100_000);
    std::fs::write(file.path(), format!("one\ntwo\n\x1b[31mred\n{long}\n")).expect("it is written");
    let shown = tail(file.path(), 3);
    assert!(!shown.contains('\x1b') && shown.len() < 2_000, "{shown}");
    assert_eq!(tail(Path::new("/nowhere"), 3), "");
}

#[test]
fn the_lock_is_on_the_folder_that_is_there_now() {
    let (_top, place) = place();
    let lock_held = lock(&place.roots).expect("it is free");
    let roots = place.roots.clone();
    let waiting = std::thread::spawn(move || lock(&roots).expect("it becomes free").metadata().expect("it is open").ino());
    // Give the other one time to open the folder that is about to go; without it the test passes all the same.
    std::thread::sleep(std::time::Duration::from_millis(50));
    std::fs::remove_dir(&place.roots.run).expect("it is empty");
    drop(lock_held);
    let locked = waiting.join().expect("it does not panic");
    assert_eq!(locked, std::fs::metadata(&place.roots.run).expect("it was made again").ino());
}

proptest! {
    #[test]
    fn any_record_is_read_without_a_panic(text in "((owner|cage|data|made-parent) [0-9a-f /-]*\n|.*\n)*") {
        let _ = Record::parse(&text);
    }

    #[test]
    fn any_process_line_is_read_without_a_panic(stat in ".*") {
        let _ = (start_time(&stat), state(&stat));
    }

    #[test]
    fn a_process_is_read_as_it_was_written(pid in any::<u32>(), started in any::<u64>(), boot in "[0-9a-f-]{0,36}") {
        let process = Process { pid, started, boot };
        prop_assert_eq!(Process::parse(&process.to_string()), Some(process));
    }

    #[test]
    fn only_eight_hexadecimal_digits_are_an_id(name in ".*") {
        let right = name.len() == 8 && name.chars().all(|c| "0123456789abcdef".contains(c));
        prop_assert_eq!(Place::is_id(&name), right);
    }
}
