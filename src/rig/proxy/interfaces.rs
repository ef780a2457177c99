//! What the machine's network interfaces received, by the kernel's count: held against what the proxy received, it shows what went past
//! the proxy.
//!
//! Counted are the physical interfaces, since a bridge, a tunnel or a container's pair counts the same bytes again; where there is no
//! physical one, as in a container, all but the loopback one and the ports of bridges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a packet takes at least beside its payload: 14 bytes of Ethernet, 20 of IPv4, 20 of TCP.
const HEADERS: u64 = 54;

/// The kernel's counters and its list of interfaces.
#[derive(Clone, Debug)]
pub struct Interfaces {
    dev: PathBuf,
    class: PathBuf,
}

/// What each interface has received since it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received(BTreeMap<String, Counter>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counter {
    bytes: u64,
    packets: u64,
}

/// Why it is not known what the interfaces received.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// The counters cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is none of the kernel's.
    #[error("a line of {path} is not the kernel's: {line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Its text.
        line: String,
    },
    /// There is no interface from which anything could be fetched.
    #[error("there is no network interface but the loopback one")]
    None,
}

impl Interfaces {
    /// Those of the network namespace of this process, which builds with the host's network share.
    pub fn here() -> Self {
        Self::at(Path::new("/proc/self/net/dev"), Path::new("/sys/class/net"))
    }

    /// Those that the file `dev` counts (as `/proc/net/dev` does) and that the folder `class` describes (as `/sys/class/net` does).
    pub fn at(dev: &Path, class: &Path) -> Self {
        Self { dev: dev.to_owned(), class: class.to_owned() }
    }

    /// What they have received until now.
    pub fn read(&self) -> Result<Received, InterfaceError> {
        let text = std::fs::read_to_string(&self.dev).map_err(|source| InterfaceError::Read { path: self.dev.clone(), source })?;
        let all = self.parse(&text)?;
        let has = |name: &String, what: &str| self.class.join(name).join(what).exists();
        let (physical, others): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(name, _)| has(name, "device"));
        let found = if physical.is_empty() { others.into_iter().filter(|(name, _)| !has(name, "brport")).collect() } else { physical };
        if found.is_empty() { Err(InterfaceError::None) } else { Ok(Received(found)) }
    }

    /// All but the loopback one.
    fn parse(&self, text: &str) -> Result<BTreeMap<String, Counter>, InterfaceError> {
        let wrong = |line: &str| InterfaceError::Line { path: self.dev.clone(), line: line.escape_debug().to_string() };
        let lines = text.lines().skip(2).map(|line| counter(line).ok_or_else(|| wrong(line)));
        lines.filter(|line| line.as_ref().map_or(true, |(name, _)| name != "lo")).collect()
    }
}

/// `  eth0: BYTES PACKETS …`.
fn counter(line: &str) -> Option<(String, Counter)> {
    let (name, figures) = line.rsplit_once(':')?;
    let mut figures = figures.split_ascii_whitespace().map(str::parse::<u64>);
    let (bytes, packets) = (figures.next()?.ok()?, figures.next()?.ok()?);
    Some((name.trim().to_owned(), Counter { bytes, packets }))
}

impl Received {
    /// The most payload that can have come since `before`, bytes: all that came without the smallest headers that it can have had.
    /// `None` where a counter went back or an interface went away, so that what it had counted is lost.
    pub fn payload_since(&self, before: &Self) -> Option<u64> {
        if before.0.keys().any(|name| !self.0.contains_key(name)) {
            return None;
        }
        let since = |(name, now): (&String, &Counter)| {
            let from = before.0.get(name).copied().unwrap_or(Counter { bytes: 0, packets: 0 });
            let (bytes, packets) = (now.bytes.checked_sub(from.bytes)?, now.packets.checked_sub(from.packets)?);
            Some(bytes.saturating_sub(packets.saturating_mul(HEADERS)))
        };
        self.0.iter().map(since).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Inter-|   Receive\n face |bytes    packets errs\n";

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new(interfaces: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            for (name, what) in interfaces {
                std::fs::create_dir_all(folder.path().join("class").join(name).join(what)).expect("a folder");
            }
            Self(folder)
        }

        fn read(&self, lines: &str) -> Result<Received, InterfaceError> {
            let dev = self.0.path().join("dev");
            std::fs::write(&dev, format!("{HEAD}{lines}")).expect("it is written");
            Interfaces::at(&dev, &self.0.path().join("class")).read()
        }
    }

    #[test]
    fn only_physical_interfaces_count_where_there_is_one() {
        let machine = Machine::new(&[("eth0", "device"), ("docker0", "bridge")]);
        let before = machine.read("    lo: 900 9 0\n  eth0: 1000 10 0\ndocker0:5000 50 0\n").expect("it is read");
        let after = machine.read("    lo: 990 9 0\n  eth0: 3540 20 0\ndocker0:9000 90 0\n").expect("it is read");
        assert_eq!(after.payload_since(&before), Some(2_540 - 10 * HEADERS));
    }

    #[test]
    fn in_a_container_all_but_loopback_and_ports_of_bridges_count() {
        let machine = Machine::new(&[("eth0", "queues"), ("veth1", "brport")]);
        let before = machine.read("lo: 0 0\neth0: 0 0\nveth1: 0 0\n").expect("it is read");
        let after = machine.read("lo: 9 1\neth0: 100 1\nveth1: 4000 1\n").expect("it is read");
        assert_eq!(after.payload_since(&before), Some(100 - HEADERS));
    }

    #[test]
    fn a_counter_that_went_back_or_away_tells_nothing() {
        let machine = Machine::new(&[]);
        let before = machine.read("eth0: 1000 10\n").expect("it is read");
        for later in ["eth0: 999 10\n", "eth0: 1000 9\n", "eth1: 5000 50\n"] {
            assert_eq!(machine.read(later).expect("it is read").payload_since(&before), None, "{later}");
        }
        let more = machine.read("eth0: 1000 10\neth1: 200 1\n").expect("it is read");
        assert_eq!(more.payload_since(&before), Some(200 - HEADERS), "one that is new counts whole");
    }

    #[test]
    fn what_is_not_the_kernels_is_an_error_that_shows_the_line() {
        let machine = Machine::new(&[]);
        for wrong in ["eth0 1 2\n", "eth0: x 2\n", "eth0: 1\n", "eth0: -1 2\n"] {
            let error = machine.read(wrong).expect_err(wrong).to_string();
            assert!(error.ends_with(wrong.trim_end()), "{error}");
        }
        assert!(matches!(machine.read("lo: 1 1\n"), Err(InterfaceError::None)));
    }

    #[test]
    fn this_machine_tells() {
        // A sandbox may have no interface but the loopback one, and says so.
        assert!(matches!(Interfaces::here().read(), Ok(_) | Err(InterfaceError::None)));
    }
}
