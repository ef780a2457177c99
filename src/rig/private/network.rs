//! The engine's own bridge: a free subnet, an address, and its removal with everything plugged into it.

use std::net::Ipv4Addr;
use std::path::Path;

use super::PrivateError;
use super::place::Claim;
use super::tools::{run, run_holding};

/// An IPv4 network: its address in host order and its prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Net {
    address: u32,
    length: u32,
}

impl Net {
    const fn new(a: u8, b: u8, c: u8) -> Self {
        Self { address: u32::from_be_bytes([a, b, c, 0]), length: 24 }
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let address: Ipv4Addr = address.parse().ok()?;
        let length = length.parse().ok().filter(|length| *length <= 32)?;
        Some(Self { address: address.to_bits(), length })
    }

    fn overlaps(self, other: Self) -> bool {
        let shift = 32 - self.length.min(other.length);
        self.address.checked_shr(shift) == other.address.checked_shr(shift)
    }

    /// The first host address, which the bridge takes.
    fn gateway(self) -> String {
        format!("{}/{}", Ipv4Addr::from_bits(self.address | 1), self.length)
    }
}

/// Networks this short are ways to say "everything" (a VPN's two halves of the default route), not networks in use.
const SHORTEST_IN_USE: u32 = 8;

/// The /24 networks to choose from, in private ranges (RFC 1918) that other software seldom takes.
fn candidates() -> impl Iterator<Item = Net> {
    let ten = (0..=255).map(|c| Net::new(10, 213, c));
    let home = (128..=254).map(|c| Net::new(192, 168, c));
    let office = (0..=255).map(|c| Net::new(172, 30, c));
    ten.chain(home).chain(office)
}

/// The networks that `ip addr` and `ip route` name: every word of their answers that is an IPv4 address or prefix.
fn in_use(addresses: &str, routes: &str) -> Vec<Net> {
    let words = addresses.split_whitespace().chain(routes.split_whitespace());
    words.filter_map(Net::parse).filter(|net| net.length >= SHORTEST_IN_USE).collect()
}

/// The first free candidate, counted from the `start`-th one.
fn choose(used: &[Net], start: usize) -> Option<Net> {
    let all: Vec<Net> = candidates().collect();
    let start = start % all.len();
    let order = all[start..].iter().chain(&all[..start]);
    order.copied().find(|candidate| !used.iter().any(|net| net.overlaps(*candidate)))
}

/// Makes the bridge `name` with an address in a free subnet. Call it under the lock of all engines: the address shows
/// the next caller that the subnet is taken. `claim` stays held until the last tool has ended: a sweep that looked while
/// `ip` outlives a killed owner would miss a bridge that is about to appear.
pub(super) fn make_bridge(name: &str, claim: &Claim) -> Result<(), PrivateError> {
    let used = in_use(&run("ip", &["-4", "-o", "addr", "show"])?, &run("ip", &["-4", "route", "show", "table", "all"])?);
    let start = fastrand::usize(..256);
    let net = choose(&used, start).ok_or_else(|| PrivateError::NoFreeSubnet { candidates: candidates().count() })?;
    let failed = |e: PrivateError| PrivateError::Bridge { bridge: name.to_owned(), reason: e.to_string() };
    let ip = |args: &[&str]| run_holding(claim.share()?, "ip", args).map_err(failed);
    ip(&["link", "add", "name", name, "type", "bridge"])?;
    ip(&["addr", "add", &net.gateway(), "dev", name])?;
    ip(&["link", "set", "dev", name, "up"])?;
    Ok(())
}

/// Whether the bridge is there.
pub(super) fn bridge_exists(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}

/// Removes the bridge and the host's ends of the cables plugged into it.
///
/// A container's end goes with its network namespace some time after its last process; deleting this end takes the
/// other one with it at once.
pub(super) fn remove_bridge(name: &str) {
    let ports = std::fs::read_dir(Path::new("/sys/class/net").join(name).join("brif"));
    for port in ports.into_iter().flatten().flatten() {
        // It may vanish by itself at the same moment; what is still there in the end is found by name.
        let _ = run("ip", &["link", "del", "dev", &port.file_name().to_string_lossy()]);
    }
    let _ = run("ip", &["link", "del", "dev", name]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADDRESSES: &str =
        "1: lo    inet 127.0.0.1/8 scope host lo\\ valid_lft forever\n2: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\n";
    const ROUTES: &str = "default via 192.0.2.1 dev eth0 \n10.213.0.0/17 via 192.0.2.9 dev eth0 \nunreachable 10.213.128.0/18 \n\
                          broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.2 \n0.0.0.0/1 dev vpn \n";

    fn net(text: &str) -> Net {
        Net::parse(text).expect("a network")
    }

    #[test]
    fn addresses_and_routes_of_every_kind_are_in_use() {
        let used = in_use(ADDRESSES, ROUTES);
        for text in ["127.0.0.1/8", "192.0.2.2/24", "10.213.0.0/17", "10.213.128.0/18", "192.0.2.255"] {
            assert!(used.contains(&net(text)), "{text}: {used:?}");
        }
    }

    #[test]
    fn a_vpns_half_of_everything_does_not_block_every_subnet() {
        assert!(!in_use("", "0.0.0.0/1 dev vpn\n128.0.0.0/1 dev vpn\n").iter().any(|net| net.length < SHORTEST_IN_USE));
    }

    #[test]
    fn the_first_free_subnet_from_the_start_is_chosen() {
        let used = in_use(ADDRESSES, ROUTES);
        assert_eq!(choose(&used, 0), Some(net("10.213.192.0/24")));
        assert_eq!(choose(&used, 200), Some(net("10.213.200.0/24")));
        assert_eq!(net("10.213.192.0/24").gateway(), "10.213.192.1/24");
    }

    #[test]
    fn a_machine_that_uses_all_of_ten_gets_another_range() {
        assert_eq!(choose(&[net("10.0.0.0/8")], 0), Some(net("192.168.128.0/24")));
    }

    #[test]
    fn a_machine_that_uses_every_range_has_no_free_subnet() {
        assert_eq!(choose(&[net("10.0.0.0/8"), net("192.168.0.0/16"), net("172.16.0.0/12")], 7), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(addresses in ".*", routes in "[0-9./ a-z\n]*") {
            let _ = in_use(&addresses, &routes);
        }

        #[test]
        fn a_chosen_subnet_overlaps_nothing(used in prop::collection::vec((any::<u32>(), 8u32..=32), 0..40), start in 0usize..2000) {
            let used: Vec<Net> = used.into_iter().map(|(address, length)| Net { address, length }).collect();
            if let Some(chosen) = choose(&used, start) {
                prop_assert!(!used.iter().any(|net| net.overlaps(chosen)));
            }
        }

        #[test]
        fn networks_overlap_exactly_when_one_holds_the_others_first_address(a in any::<u32>(), b in any::<u32>(), l in 0u32..=32, m in 0u32..=32) {
            let mask = |length: u32| u32::MAX.checked_shl(32 - length).unwrap_or(0);
            let holds = |net: Net, address: u32| net.address & mask(net.length) == address & mask(net.length);
            let (one, two) = (Net { address: a & mask(l), length: l }, Net { address: b & mask(m), length: m });
            prop_assert_eq!(one.overlaps(two), holds(one, two.address) || holds(two, one.address));
        }
    }
}
