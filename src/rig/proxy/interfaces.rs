//! What the machine's network interfaces received, by the kernel's count: held against what the proxy received, it shows what went past
//! the proxy.
//!
//! Physical interfaces and virtual ones are added up each for themselves, and the larger sum counts: a bridge, a tunnel or a container's
//! pair counts again what came over a physical one, and in a container, or behind a tunnel of another program, it is the only one that
//! does. Of the virtual ones those are left out that others count again: the loopback one, ports of bridges and bonds, and what is
//! stacked on another virtual one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a packet takes at least beside its payload: 14 bytes of Ethernet, 20 of IPv4, 20 of TCP.
const HEADERS: u64 = 54;

/// How far counters may lie behind: some drivers ask their hardware every two seconds.
const LAG: Duration = Duration::from_millis(2_250);

/// The kernel's counters and its list of interfaces.
#[derive(Clone, Debug)]
pub struct Interfaces {
    dev: PathBuf,
    class: PathBuf,
    lag: Duration,
}

/// What each interface has received since it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    physical: Counters,
    others: Counters,
}

type Counters = BTreeMap<String, Counter>;

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
        Self::at(Path::new("/proc/self/net/dev"), Path::new("/sys/class/net")).lagging(LAG)
    }

    /// Those that the file `dev` counts (as `/proc/net/dev` does) and that the folder `class` describes (as `/sys/class/net` does). They
    /// never lie behind.
    pub fn at(dev: &Path, class: &Path) -> Self {
        Self { dev: dev.to_owned(), class: class.to_owned(), lag: Duration::ZERO }
    }

    /// The same with counters that may lie behind by `lag`.
    #[must_use]
    pub fn lagging(self, lag: Duration) -> Self {
        Self { lag, ..self }
    }

    /// How far the counters may lie behind what was received.
    pub const fn lag(&self) -> Duration {
        self.lag
    }

    /// What they have received until now, up to [`lag`](Self::lag).
    pub fn read(&self) -> Result<Received, InterfaceError> {
        let text = std::fs::read_to_string(&self.dev).map_err(|source| InterfaceError::Read { path: self.dev.clone(), source })?;
        let (physical, others): (Counters, Counters) = self.parse(&text)?.into_iter().partition(|(name, _)| self.has(name, "device"));
        let others = self.each_once(others);
        if physical.is_empty() && others.is_empty() { Err(InterfaceError::None) } else { Ok(Received { physical, others }) }
    }

    /// Of virtual interfaces those whose bytes no other of them counts again.
    fn each_once(&self, mut all: Counters) -> Counters {
        all.retain(|name, _| !["brport", "master"].iter().any(|what| self.has(name, what)));
        let names: Vec<String> = all.keys().cloned().collect();
        all.retain(|name, _| !names.iter().any(|below| self.has(name, &format!("lower_{below}"))));
        all
    }

    /// Whether the kernel describes an interface by `what`.
    fn has(&self, name: &str, what: &str) -> bool {
        self.class.join(name).join(what).exists()
    }

    /// All but the loopback one.
    fn parse(&self, text: &str) -> Result<Counters, InterfaceError> {
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
    /// The most payload that can have come since `before`, bytes: all that came without the smallest headers that it can have had, over
    /// the physical interfaces or over the virtual ones, whichever is more. `None` where a counter went back or an interface went away,
    /// so that what it had counted is lost.
    pub fn payload_since(&self, before: &Self) -> Option<u64> {
        let physical = payload(&before.physical, &self.physical)?;
        Some(physical.max(payload(&before.others, &self.others)?))
    }
}

/// What came over all of `after` together.
fn payload(before: &Counters, after: &Counters) -> Option<u64> {
    if before.keys().any(|name| !after.contains_key(name)) {
        return None;
    }
    let since = |(name, now): (&String, &Counter)| {
        let from = before.get(name).copied().unwrap_or(Counter { bytes: 0, packets: 0 });
        let (bytes, packets) = (now.bytes.checked_sub(from.bytes)?, now.packets.checked_sub(from.packets)?);
        Some(bytes.saturating_sub(packets.saturating_mul(HEADERS)))
    };
    after.iter().map(since).try_fold(0_u64, |sum, bytes| Some(sum.saturating_add(bytes?)))
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

    /// What came between two readings of a physical interface, a tunnel and the loopback one, by bytes of one packet each.
    fn between(physical: u64, tunnel: u64) -> Option<u64> {
        let machine = Machine::new(&[("eth0", "device"), ("tun0", "queues")]);
        let read = |eth0: u64, tun0: u64, packets: u64| {
            machine.read(&format!("    lo: {eth0} 9 0\n  eth0: {eth0} {packets} 0\ntun0:{tun0} {packets} 0\n")).expect("it is read")
        };
        read(1_000 + physical, 5_000 + tunnel, 11).payload_since(&read(1_000, 5_000, 10))
    }

    #[test]
    fn what_came_over_a_physical_interface_and_a_virtual_one_is_not_counted_twice() {
        assert_eq!(between(2_540, 2_400), Some(2_540 - HEADERS));
    }

    #[test]
    fn an_idle_physical_interface_does_not_hide_what_came_over_a_virtual_one() {
        assert_eq!(between(0, 9_000), Some(9_000 - HEADERS));
    }

    #[test]
    fn what_is_stacked_on_a_virtual_interface_is_not_counted_twice() {
        let machine = Machine::new(&[("bond0", "bonding"), ("eth0", "device"), ("port0", "master"), ("vlan5", "lower_bond0")]);
        let before = machine.read("bond0: 0 0\neth0: 0 0\nport0: 0 0\nvlan5: 0 0\n").expect("it is read");
        let after = machine.read("bond0: 900 1\neth0: 900 1\nport0: 900 1\nvlan5: 880 1\n").expect("it is read");
        assert_eq!(after.payload_since(&before), Some(900 - HEADERS));
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
