//! Pairs of virtual links that a killed daemon may have left.
//!
//! A daemon makes a pair on this machine, plugs one end into its bridge and moves the other one into a container. Killed before both, it
//! leaves a pair with both ends here. Nothing of such a pair says whose it was: its names are drawn by the daemon, and a link has no
//! owner. So it is named and never removed; a pair that is plugged in goes with the bridge.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::PrivateError;
use super::tools::run;

/// Between two looks: a daemon that is about to plug in a pair takes milliseconds for it.
const SETTLING: Duration = Duration::from_millis(300);

/// How many hexadecimal digits follow `veth` in the names that dockerd draws (libnetwork, `GenerateIfaceName`).
const DIGITS: usize = 7;

/// A pair of links, named as dockerd names them, that are both on this machine, down, on no bridge and without an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayPair {
    /// The end with the smaller index.
    one: String,
    /// The other one.
    other: String,
}

impl StrayPair {
    /// The command that removes both ends.
    pub fn command(&self) -> String {
        format!("sudo ip link delete dev {}", self.one)
    }
}

impl fmt::Display for StrayPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.one, self.other)
    }
}

/// The pairs that are there and stay. Looks twice where there are any, and changes nothing.
///
/// # Errors
/// [`PrivateError::Tool`] where `ip` does not list links, or not in a form that can be read.
pub fn stray_pairs() -> Result<Vec<StrayPair>, PrivateError> {
    let first = listed()?;
    if first.is_empty() {
        return Ok(first);
    }
    std::thread::sleep(SETTLING);
    let still = listed()?;
    Ok(first.into_iter().filter(|pair| still.contains(pair)).collect())
}

fn listed() -> Result<Vec<StrayPair>, PrivateError> {
    const LIST: [&str; 5] = ["-j", "addr", "show", "type", "veth"];
    let text = run("ip", &LIST)?;
    pairs(&text)
        .map_err(|error| PrivateError::Tool { tool: format!("ip {}", LIST.join(" ")), reason: format!("gave no list of links: {error}") })
}

/// A link as `ip -j addr` lists it; links that are left out of a list may stand there as objects without a field.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    ifindex: u32,
    ifname: String,
    /// The other end, where that is on this machine too.
    #[serde(rename = "link")]
    peer: Option<String>,
    /// The network namespace of the other end, if that is not this one.
    #[serde(rename = "link_netnsid")]
    peer_namespace: Option<i64>,
    /// The bridge that it is plugged into.
    master: Option<String>,
    /// A note that somebody made.
    ifalias: Option<String>,
    flags: Vec<String>,
    addr_info: Vec<serde_json::Value>,
}

impl Link {
    /// Whether it is as dockerd makes it and nothing has been done to it since.
    fn is_untouched(&self) -> bool {
        let up = self.flags.iter().any(|flag| flag == "UP");
        let alone = self.master.is_none() && self.ifalias.is_none() && self.peer_namespace.is_none();
        is_dockerds(&self.ifname) && !up && alone && self.addr_info.is_empty()
    }
}

fn is_dockerds(name: &str) -> bool {
    let digits = name.strip_prefix("veth").unwrap_or_default();
    digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The pairs of which both ends are untouched, in order of their indexes.
fn pairs(json: &str) -> Result<Vec<StrayPair>, serde_json::Error> {
    // Without any link there may be no list either.
    let links: Vec<Link> = if json.trim().is_empty() { Vec::new() } else { serde_json::from_str(json)? };
    let untouched: BTreeMap<&str, &Link> =
        links.iter().filter(|link| link.is_untouched()).map(|link| (link.ifname.as_str(), link)).collect();
    let pair = |link: &&Link| {
        let other = untouched.get(link.peer.as_deref()?)?;
        let each_others = other.peer.as_deref() == Some(&link.ifname);
        // Each pair is met twice.
        (each_others && link.ifindex < other.ifindex).then(|| (link.ifindex, link.ifname.clone(), other.ifname.clone()))
    };
    let mut found: Vec<_> = untouched.values().filter_map(pair).collect();
    found.sort();
    Ok(found.into_iter().map(|(_, one, other)| StrayPair { one, other }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What iproute2 6.1 prints of a pair that nobody touched.
    const STRAY: &str = r#"
        {"ifindex":3,"link":"veth0a1b2c3","ifname":"veth1234567","flags":["BROADCAST","MULTICAST","M-DOWN"],"mtu":1500,"qdisc":"noop",
         "operstate":"DOWN","group":"default","txqlen":1000,"link_type":"ether","address":"02:67:1d:20:7a:31",
         "broadcast":"ff:ff:ff:ff:ff:ff","addr_info":[]},
        {"ifindex":4,"link":"veth1234567","ifname":"veth0a1b2c3","flags":["BROADCAST","MULTICAST","M-DOWN"],"mtu":1500,"qdisc":"noop",
         "operstate":"DOWN","group":"default","txqlen":1000,"link_type":"ether","address":"ce:c7:60:f8:71:d4",
         "broadcast":"ff:ff:ff:ff:ff:ff","addr_info":[]}"#;

    /// The same on a bridge, with an address and up, and with the other end in a container.
    const IN_USE: &str = r#"
        {"ifindex":5,"link":"vethddddddd","ifname":"vetheeeeeee","flags":["BROADCAST","MULTICAST","M-DOWN"],"addr_info":[]},
        {"ifindex":6,"link":"vetheeeeeee","ifname":"vethddddddd","flags":["BROADCAST","MULTICAST","M-DOWN"],"master":"br0","addr_info":[]},
        {"ifindex":7,"link":"vethfffffff","ifname":"vethabcdefa","flags":["BROADCAST","MULTICAST"],"addr_info":[]},
        {"ifindex":8,"link":"vethabcdefa","ifname":"vethfffffff","flags":["NO-CARRIER","BROADCAST","MULTICAST","UP","M-DOWN"],
         "addr_info":[{"family":"inet","local":"10.9.9.1","prefixlen":24,"scope":"global"}]},
        {"ifindex":10,"link_index":9,"ifname":"veth9999999","flags":["BROADCAST","MULTICAST"],"link_netnsid":0,"addr_info":[]}"#;

    fn found(links: &[&str]) -> Vec<String> {
        let json = format!("[{}]", links.join(","));
        pairs(&json).expect("a list").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pair_that_nobody_plugged_in_is_found_once_with_the_command_that_removes_it() {
        assert_eq!(found(&[STRAY, IN_USE, "{}"]), ["veth1234567 and veth0a1b2c3"]);
        let all = pairs(&format!("[{STRAY}]")).expect("a list");
        assert_eq!(all[0].command(), "sudo ip link delete dev veth1234567");
    }

    #[test]
    fn a_pair_of_which_one_end_is_in_use_is_left_out() {
        assert!(found(&[IN_USE]).is_empty());
        for done in [r#""master":"br0""#, r#""ifalias":"mine""#, r#""link_netnsid":0"#, r#""ifname":"veth-of-mine""#] {
            let key = done.split(':').next().expect("a key");
            let touched = if STRAY.contains(key) {
                STRAY.replacen(r#""ifname":"veth1234567""#, done, 1)
            } else {
                STRAY.replacen(r#""ifindex":3"#, &format!(r#""ifindex":3,{done}"#), 1)
            };
            assert!(found(&[&touched]).is_empty(), "{touched}");
        }
    }

    #[test]
    fn only_names_that_dockerd_draws_are_looked_at() {
        for name in ["veth0", "vethabcdef", "vethabcdef01", "vethABCDEF0", "vethabcdefg", "eth0", "veth", "xveth123456", "veth12345\u{1b}6"]
        {
            assert!(!is_dockerds(name), "{name}");
        }
        assert!(is_dockerds("veth00ff9a1"));
    }

    #[test]
    fn no_list_is_an_empty_one_and_another_answer_is_a_failure() {
        assert!(pairs("").expect("nothing").is_empty() && pairs("[]").expect("nothing").is_empty());
        assert!(pairs("Object \"addr\" is unknown").is_err() && pairs("[{\"ifindex\":\"x\"}]").is_err());
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(text in ".*", list in r#"\[(\{"ifname":"veth[0-9a-f]{6,8}","link":"veth[0-9a-f]{7}"\},?){0,4}\]"#) {
            let _ = (pairs(&text), pairs(&list));
        }
    }
}
