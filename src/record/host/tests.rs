use super::*;

/// A machine made of files; the folder goes with it.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, HostProbe) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let probe = HostProbe::new(folder.path());
    (folder, probe)
}

const ID: &str = "0123456789abcdef0123456789abcdef\n";

#[test]
fn the_facts_are_read_from_the_files_that_hold_them() {
    let (_folder, probe) = machine(&[
        ("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
        ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
        ("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\n\nprocessor\t: 1\nmodel name\t: Fast CPU @ 3 GHz\n"),
        ("proc/meminfo", "MemTotal:       16000 kB\nMemFree: 1 kB\n"),
        ("etc/machine-id", ID),
    ]);
    let facts = probe.facts();
    assert_eq!(facts.os, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(facts.kernel, "6.1.0-18-amd64");
    assert_eq!((facts.cpu.as_str(), facts.cpus, facts.memory), ("Fast CPU @ 3 GHz", 2, 16_384_000));
}

#[test]
fn a_machine_that_tells_nothing_is_unknown() {
    let (_folder, probe) = machine(&[]);
    let facts = probe.facts();
    let words = [&facts.os, &facts.kernel, &facts.cpu, &facts.host];
    assert!(words.iter().all(|w| *w == UNKNOWN), "{facts:?}");
    assert_eq!((facts.cpus, facts.memory), (0, 0));
}

#[test]
fn an_arm_board_names_its_cpu_in_the_device_tree() {
    let (_folder, probe) =
        machine(&[("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 108.00\n"), ("proc/device-tree/model", "Raspberry Pi 4 Model B\0")]);
    assert_eq!(probe.facts().cpu, "Raspberry Pi 4 Model B");
}

#[test]
fn the_host_id_is_stable_and_does_not_show_the_machine_id() {
    let (_folder, probe) = machine(&[("etc/machine-id", ID)]);
    let host = probe.facts().host;
    assert_eq!(host, probe.facts().host);
    assert!(host.len() == 12 && host.bytes().all(|b| b.is_ascii_hexdigit()), "{host}");
    assert!(!ID.contains(&host));
}

#[test]
fn two_machines_have_two_host_ids() {
    let (_one, one) = machine(&[("etc/machine-id", ID)]);
    let (_two, two) = machine(&[("etc/machine-id", "fedcba9876543210fedcba9876543210\n")]);
    assert_ne!(one.facts().host, two.facts().host);
}

#[test]
fn an_unset_machine_id_falls_back_to_the_next_identity() {
    let (_folder, probe) = machine(&[("etc/machine-id", "uninitialized\n"), ("proc/sys/kernel/hostname", "build-7\n")]);
    let (_named, named) = machine(&[("proc/sys/kernel/hostname", "build-7\n")]);
    assert_ne!(probe.facts().host, UNKNOWN);
    assert_eq!(probe.facts().host, named.facts().host);
}

#[test]
fn the_file_system_of_a_path_that_is_still_to_be_made_is_its_parents() {
    let there = file_system(Path::new("/proc")).expect("statfs works");
    assert_eq!(there, "0x9fa0");
    assert_eq!(file_system(Path::new("/proc/no/such/folder")).expect("statfs works"), there);
}

#[test]
fn only_a_program_that_can_be_run_counts_as_unpigz() {
    let (folder, _) = machine(&[("bin/unpigz", "#!/bin/sh\n")]);
    let path = std::env::join_paths([Path::new("/no/such/folder"), &folder.path().join("bin")]).expect("no colon in it");
    assert!(!unpigz_on_path(Some(&path)));
    fs::set_permissions(folder.path().join("bin/unpigz"), fs::Permissions::from_mode(0o755)).expect("own file");
    assert!(unpigz_on_path(Some(&path)));
    assert!(!unpigz_on_path(None));
}

#[test]
fn this_machine_has_facts() {
    let facts = HostProbe::new("/").facts();
    assert!(facts.cpus > 0 && facts.memory > 0, "{facts:?}");
}
