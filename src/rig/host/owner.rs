//! Who made a thing: a process that cannot be mistaken for a later one, or for one of another machine.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

/// The label with the run's name.
pub const RUN_LABEL: &str = "dev.loadline.run";

/// The label with the process that the thing belongs to.
pub const OWNER_LABEL: &str = "dev.loadline.owner";

/// The label that only containers have: a container that somebody starts from an image inherits the image's labels, and is
/// not loadline's for it.
pub const CONTAINER_LABEL: &str = "dev.loadline.container";

/// Both labels of an image together have as many characters, so that its configuration, and with it its transfer size, does
/// not depend on what the run or the process is called. Longer names of runs are the exception.
const LABEL_LENGTH: usize = 160;

/// A process: its number, when it began, in which PID namespace, since which boot and on which machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The process id.
    pub pid: u32,
    /// Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since the boot; 0 where the system does not tell.
    pub(super) started: u64,
    /// The inode of the PID namespace, in which alone the number means anything; 0 where the system does not tell.
    space: u64,
    /// `/proc/sys/kernel/random/boot_id`; `-` where the system does not tell.
    boot: String,
    /// 12 digits made from `/etc/machine-id`; `-` where there is none.
    machine: String,
}

/// What is known of an owner's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It runs.
    Runs,
    /// It has ended.
    Ended,
    /// It may run elsewhere: in another PID namespace or on another machine.
    Unknown,
}

impl Owner {
    /// The calling process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self { pid, started: start_of(pid).unwrap_or(0), space: space().unwrap_or(0), boot: boot(), machine: machine() }
    }

    /// Reads what [`Display`](fmt::Display) writes; leading zeros are padding.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let owner = Self {
            started: parts.next()?.parse().ok()?,
            pid: parts.next()?.parse().ok()?,
            space: parts.next()?.parse().ok()?,
            boot: parts.next()?.to_owned(),
            machine: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(owner)
    }

    /// Whether it still runs, as far as this process can know.
    pub(super) fn life(&self) -> Life {
        self.life_seen_from(&Self::this())
    }

    fn life_seen_from(&self, here: &Self) -> Life {
        let told = here.boot != "-" && here.machine != "-" && self.started != 0;
        if !told || self.machine != here.machine {
            return Life::Unknown;
        }
        if self.boot != here.boot {
            return Life::Ended;
        }
        match (self.space == here.space, start_of(self.pid) == Some(self.started)) {
            (false, _) => Life::Unknown,
            (true, true) => Life::Runs,
            (true, false) => Life::Ended,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, started, space, boot, machine } = self;
        write!(f, "{started} {pid} {space} {boot} {machine}")
    }
}

/// The labels of an image that `run` makes.
pub fn labels(run: &str) -> BTreeMap<String, String> {
    let owner = Owner::this().to_string();
    let width = LABEL_LENGTH.saturating_sub(run.chars().count());
    BTreeMap::from([(RUN_LABEL.to_owned(), run.to_owned()), (OWNER_LABEL.to_owned(), format!("{owner:0>width$}"))])
}

/// The labels of a container that `run` starts.
pub fn container_labels(run: &str) -> BTreeMap<String, String> {
    let mut labels = labels(run);
    labels.insert(CONTAINER_LABEL.to_owned(), "smoke-check".to_owned());
    labels
}

/// When a process began; `None` when it does not run, also where it has ended and nobody has taken notice.
pub(super) fn start_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name is in parentheses and may itself hold spaces and parentheses. The first field after it is number 3.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(22 - 4)?.parse().ok()?;
    (state != "Z" && state != "X").then_some(started)
}

fn space() -> Option<u64> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

fn boot() -> String {
    word(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok())
}

/// Made from the machine's id and not the id itself, which is nobody else's business.
fn machine() -> String {
    let id = std::fs::read_to_string("/etc/machine-id").ok().filter(|id| !id.trim().is_empty());
    let short = id.map(|id| {
        let hash = Sha256::digest(format!("loadline owner {}", id.trim()));
        hash.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    });
    word(short)
}

/// One word without blanks; `-` for none.
fn word(text: Option<String>) -> String {
    let word = text.unwrap_or_default().trim().replace(char::is_whitespace, "");
    if word.is_empty() { "-".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(change: impl FnOnce(&mut Owner)) -> Owner {
        let mut owner = Owner { started: 7, pid: std::process::id(), space: 1, boot: "b".to_owned(), machine: "m".to_owned() };
        change(&mut owner);
        owner
    }

    #[test]
    fn an_owner_is_read_as_it_was_written_padding_and_all() {
        let owner = Owner::this();
        assert_eq!(Owner::parse(&owner.to_string()), Some(owner.clone()));
        assert_eq!(Owner::parse(&labels("2026-11-21-1")[OWNER_LABEL]), Some(owner));
        for wrong in ["", "1 2 3", "x 2 3 b m", "1 2 3 b m more"] {
            assert_eq!(Owner::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_images_labels_are_as_long_whatever_the_run_is_called() {
        let length = |run: &str| labels(run).values().map(String::len).sum::<usize>();
        assert_eq!((length("a"), length("2026-11-21-12")), (LABEL_LENGTH, LABEL_LENGTH));
        assert!(length(&"x".repeat(200)) > LABEL_LENGTH);
    }

    #[test]
    fn only_a_process_that_can_be_seen_from_here_is_known_to_have_ended() {
        let here = other(|_| ());
        let running = other(|o| o.started = start_of(o.pid).expect("this process runs"));
        assert_eq!(running.life_seen_from(&here), Life::Runs);
        assert_eq!(here.life_seen_from(&here), Life::Ended, "the number was given to another process since");
        assert_eq!(other(|o| o.boot = "earlier".to_owned()).life_seen_from(&here), Life::Ended);
        assert_eq!(other(|o| o.space = 2).life_seen_from(&here), Life::Unknown);
        assert_eq!(other(|o| o.machine = "other".to_owned()).life_seen_from(&here), Life::Unknown);
        assert_eq!(here.life_seen_from(&other(|o| o.machine = "-".to_owned())), Life::Unknown);
        assert_eq!(other(|o| o.started = 0).life_seen_from(&here), Life::Unknown);
    }

    #[test]
    fn a_process_that_is_not_there_has_no_start() {
        assert_eq!(start_of(u32::MAX), None);
        assert_eq!(Owner::this().life(), if cfg!(target_os = "linux") { Life::Runs } else { Life::Unknown });
    }
}
