//! What the kernel of this machine says of a container's processes. Owns nothing; reads `/proc`.

use std::fs;
use std::path::Path;

/// The shortest id of a container that is looked for: no other text of a control group is as long and hexadecimal.
const SHORTEST_ID: usize = 32;

/// Bytes of anonymous memory (`RssAnon`, proc(5)) of all processes of a container: what they have written to and no file backs, so
/// that nothing else can use it. Pages that processes share after a fork count in each. `None` where no process of that container
/// runs on this machine.
pub fn anonymous_memory(container: &str) -> Option<u64> {
    sum(Path::new("/proc"), container)
}

fn sum(proc: &Path, container: &str) -> Option<u64> {
    if container.len() < SHORTEST_ID || !container.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let entries = fs::read_dir(proc).ok()?.flatten();
    let processes = entries.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    // A process that ends meanwhile has no memory any more.
    let found = processes.filter_map(|process| of_process(&process.path(), container));
    found.fold(None, |sum, bytes| Some(sum.unwrap_or(0) + bytes))
}

/// The bytes of one process, where a control group that it is in is the container's.
fn of_process(process: &Path, container: &str) -> Option<u64> {
    let groups = fs::read_to_string(process.join("cgroup")).ok()?;
    groups.split(['\n', '/']).any(|part| is_of(part, container)).then_some(())?;
    rss_anon(&fs::read_to_string(process.join("status")).ok()?)
}

/// Whether a part of a control group's path is the container's: its id, or a scope as engines name it under systemd. The scope of
/// podman's monitor (`libpod-conmon-…`) is not.
fn is_of(part: &str, container: &str) -> bool {
    let scope = part.strip_suffix(".scope").and_then(|name| name.strip_prefix("docker-").or_else(|| name.strip_prefix("libpod-")));
    part == container || scope == Some(container)
}

/// `RssAnon: 5412 kB`, in units of 1,024 bytes whatever it is called.
fn rss_anon(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let pages: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    pages.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn process(proc: &Path, pid: &str, cgroup: &str, status: &str) {
        let folder = proc.join(pid);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("cgroup"), cgroup).expect("written");
        fs::write(folder.join("status"), status).expect("written");
    }

    #[test]
    fn the_memory_of_all_processes_of_a_container_is_added_up_and_of_no_other() {
        let proc = tempfile::tempdir().expect("a folder");
        process(proc.path(), "10", &format!("0::/loadline/{ID}\n"), "Name:\ta\nVmRSS:\t 900 kB\nRssAnon:\t     512 kB\n");
        process(proc.path(), "11", &format!("5:memory:/docker/{ID}\n4:cpu:/docker/{ID}\n"), "RssAnon:\t1 kB\n");
        process(proc.path(), "14", &format!("0::/system.slice/docker-{ID}.scope/init\n"), "RssAnon:\t2 kB\n");
        process(proc.path(), "15", &format!("0::/machine.slice/libpod-conmon-{ID}.scope\n"), "RssAnon:\t4096 kB\n");
        process(proc.path(), "12", "0::/user.slice\n", "RssAnon:\t4096 kB\n");
        process(proc.path(), "self", &format!("0::/{ID}\n"), "RssAnon:\t4096 kB\n");
        process(proc.path(), "13", &format!("0::/loadline/{ID}\n"), "Name:\tkernel thread\n");
        assert_eq!(sum(proc.path(), ID), Some(515 * 1024));
    }

    #[test]
    fn a_container_that_runs_elsewhere_has_no_memory_here() {
        let proc = tempfile::tempdir().expect("a folder");
        process(proc.path(), "12", "0::/\n", "RssAnon:\t4096 kB\n");
        assert_eq!(sum(proc.path(), ID), None);
        assert_eq!(sum(proc.path(), ""), None, "an empty name is in every text");
        assert_eq!(sum(proc.path(), "../../etc/passwd/and/more/than/32/letters"), None);
    }
}
