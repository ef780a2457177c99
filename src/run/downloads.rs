//! What builds download: each build gets an account at the build proxy, and what the interfaces receive meanwhile is held against it.
//!
//! Both are read once nothing of the build is under way any more and no counter of an interface can lie behind: what went past the
//! proxy must show.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::dockerfile::{Dockerfile, NamedBy, Variable};
use crate::record::{DownloadRecord, NotCounted};
use crate::rig::proxy::{Account, BuildProxy, Fetched, Interfaces, ProxyError, Received};
use crate::units::LinkProfile;

use super::Gone;

/// The predefined build arguments that name a proxy. They are in no cache key and in no history, unless a Dockerfile declares them.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];

/// Those that name the hosts which are asked without one.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What a step asks on the machine itself is no download.
const HERE: &str = "localhost,127.0.0.1,::1";

/// How often counts are read until they are final.
const EVERY: Duration = Duration::from_millis(100);

/// How long after the interfaces' lag it is waited for counts that are not final yet.
const LONGEST: Duration = Duration::from_millis(2_500);

/// Counts what builds download.
#[derive(Debug)]
pub struct Downloads {
    proxy: BuildProxy,
    interfaces: Interfaces,
}

/// One build's account.
#[derive(Debug)]
pub(super) struct Counting {
    account: Account,
    interfaces: Interfaces,
    before: Option<Received>,
}

impl Downloads {
    /// Builds come through `proxy`, and past it by `interfaces`.
    pub const fn new(proxy: BuildProxy, interfaces: Interfaces) -> Self {
        Self { proxy, interfaces }
    }

    /// On a link of `link`, without a way to loadline's `own` servers.
    pub(super) fn start(link: LinkProfile, own: &[SocketAddr]) -> Result<Self, ProxyError> {
        Ok(Self::new(BuildProxy::start(link, own)?, Interfaces::here()))
    }

    /// What downloads keep to.
    pub const fn link(&self) -> LinkProfile {
        self.proxy.link()
    }

    /// Returns when the proxy ends: builds could fetch nothing more.
    pub(super) async fn gone(&self) -> Gone {
        self.proxy.stopped().await;
        Gone::Proxy { address: self.proxy.address() }
    }

    /// Opens an account, and leads a build with `build_args` to it.
    pub(super) fn begin(&self, build_args: &mut BTreeMap<String, String>) -> Result<Counting, ProxyError> {
        let account = self.proxy.open()?;
        build_args.extend(PROXIES.map(|name| (name.to_owned(), account.url())));
        if EXCEPTIONS.iter().all(|name| !build_args.contains_key(*name)) {
            build_args.extend(EXCEPTIONS.map(|name| (name.to_owned(), HERE.to_owned())));
        }
        Ok(Counting { account, interfaces: self.interfaces.clone(), before: self.interfaces.read().ok() })
    }

    /// Stops the proxy.
    pub(super) async fn stop(&self) {
        self.proxy.stop().await;
    }
}

impl Counting {
    /// What the build downloaded, once it has ended; and what the proxy says of servers that it did not reach.
    pub(super) async fn end(self) -> (DownloadRecord, Option<String>) {
        let (ended, lag) = (Instant::now(), self.interfaces.lag());
        loop {
            let fetched = self.account.fetched();
            let record = record(&fetched, self.received());
            let waited = ended.elapsed();
            if is_final(&record, waited >= lag) || waited >= lag + LONGEST {
                return (record, refusals(&fetched));
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// What servers were not reached until now.
    pub(super) fn refusals(&self) -> Option<String> {
        refusals(&self.account.fetched())
    }

    fn received(&self) -> Option<u64> {
        self.interfaces.read().ok()?.payload_since(self.before.as_ref()?)
    }
}

/// Whether reading on changes nothing of what follows. A counter that lies behind may hide what went past the proxy, and never makes more
/// of it than there was.
fn is_final(record: &DownloadRecord, up_to_date: bool) -> bool {
    match record.counted() {
        Err(NotCounted::NoCounters | NotCounted::Bypassed { .. }) => true,
        Err(NotCounted::Unfinished { .. } | NotCounted::OtherInterfaces { .. }) => false,
        Ok(_) => up_to_date,
    }
}

fn record(fetched: &Fetched, interfaces: Option<u64>) -> DownloadRecord {
    DownloadRecord {
        received: fetched.received,
        received_locally: fetched.received_locally,
        sent: fetched.sent,
        connections: fetched.connections,
        unfinished: fetched.unfinished,
        refused: fetched.refused,
        interfaces,
    }
}

fn refusals(fetched: &Fetched) -> Option<String> {
    let why = fetched.refusal.as_ref()?;
    let count = crate::units::count(usize::try_from(fetched.refused).unwrap_or(usize::MAX), "connection");
    Some(format!("{count} could not be made, the last to {why}"))
}

/// Why a build cannot be led to the proxy without being another one; `None` where it can.
pub(super) fn obstacle(build_args: &BTreeMap<String, String>, dockerfile: &Path) -> Option<String> {
    let is_proxy = |name: &str| PROXIES.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(name) = build_args.keys().find(|name| is_proxy(name)) {
        return Some(format!("build-download is not available: the scenario's build argument {name} leads to a proxy of its own"));
    }
    // A Dockerfile that cannot be read fails its build, which says more.
    let text = std::fs::read_to_string(dockerfile).ok()?;
    let variables = Dockerfile::parse(&text).ok()?.variables();
    variables.iter().find_map(in_the_way).map(|why| format!("build-download is not available: {why}"))
}

/// What is wrong with a variable that a Dockerfile names; `None` where it leads nowhere.
fn in_the_way(Variable { name, by, line }: &Variable) -> Option<String> {
    let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    match by {
        NamedBy::Arg if is_one_of(&PROXIES) || is_one_of(&EXCEPTIONS) => Some(format!(
            "line {line} of the Dockerfile declares ARG {name}, which puts a proxy into the cache key and the image's history; leave out \
             the line, it is predefined"
        )),
        NamedBy::Env if is_one_of(&PROXIES) => Some(format!(
            "line {line} of the Dockerfile sets ENV {name}, a proxy of its own that stands against loadline's; leave out the line, or do \
             not count downloads"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn downloads() -> Downloads {
        let proxy = BuildProxy::by_way_of(LinkProfile::Loopback, &[], ("", "", "")).expect("a port is free");
        Downloads::new(proxy, Interfaces::at(Path::new("/nonexistent"), Path::new("/nonexistent")))
    }

    #[tokio::test]
    async fn a_build_is_led_to_the_proxy_and_keeps_what_its_scenario_says() {
        let downloads = downloads();
        let mut asked = args(&[("VERSION", "1")]);
        let counting = downloads.begin(&mut asked).expect("an account");
        let url = counting.account.url();
        for name in PROXIES {
            assert_eq!(asked[name], url, "{name}");
        }
        assert_eq!((asked["NO_PROXY"].as_str(), asked["no_proxy"].as_str(), asked["VERSION"].as_str()), (HERE, HERE, "1"));
        let mut own = args(&[("no_proxy", "mirror.example")]);
        downloads.begin(&mut own).expect("an account");
        assert!(own["no_proxy"] == "mirror.example" && !own.contains_key("NO_PROXY"), "{own:?}");
        let (record, refusals) = counting.end().await;
        assert_eq!((record.counted().is_err(), refusals), (true, None), "there are no such interfaces");
    }

    #[test]
    fn a_proxy_of_the_scenario_or_the_dockerfile_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let dockerfile = folder.path().join("Dockerfile");
        let says = |text: &str, build_args: &[(&str, &str)]| {
            std::fs::write(&dockerfile, text).expect("it is written");
            obstacle(&args(build_args), &dockerfile)
        };
        let plain = "FROM x\nARG VERSION=1\nENV NO_PROXY=a B=\"http_proxy=b\"\nRUN echo ARG HTTP_PROXY\n";
        assert_eq!(says(plain, &[("NO_PROXY", "a"), ("VERSION", "2")]), None);
        assert!(says(plain, &[("Https_Proxy", "http://a")]).is_some_and(|why| why.contains("argument Https_Proxy leads")));
        for declaring in ["ARG http_proxy\nFROM x\n", "FROM x\nARG A=1 HTTPS_PROXY=http://b\nRUN x\n", "FROM x\narg \\\n  NO_PROXY\n"] {
            assert!(says(declaring, &[]).is_some_and(|why| why.contains("declares ARG ")), "{declaring}");
        }
        for setting in ["FROM x\nENV http_proxy=http://b\n", "FROM x\nENV A=1 \\\n  HTTPS_PROXY=\n", "FROM x\nENV Http_Proxy http://b\n"] {
            assert!(says(setting, &[]).is_some_and(|why| why.contains(": line 2 of the Dockerfile sets ENV ")), "{setting}");
        }
    }

    /// The counters of one interface, which received `bytes` in one packet.
    fn count(dev: &Path, bytes: u64) {
        let packets = u64::from(bytes > 0);
        std::fs::write(dev, format!("Inter-|\n face |\neth0: {} {packets}\n", bytes + 54 * packets)).expect("the counters are written");
    }

    /// What a build downloaded whose interface tells of `bytes` only `behind` its end.
    async fn told_late(bytes: u64, behind: Duration) -> DownloadRecord {
        let folder = tempfile::tempdir().expect("a folder");
        let dev = folder.path().join("dev");
        count(&dev, 0);
        let proxy = BuildProxy::by_way_of(LinkProfile::Loopback, &[], ("", "", "")).expect("a port is free");
        let downloads = Downloads::new(proxy, Interfaces::at(&dev, Path::new("/nonexistent")).lagging(Duration::from_secs(2)));
        let counting = downloads.begin(&mut BTreeMap::new()).expect("an account");
        let late = async {
            tokio::time::sleep(behind).await;
            count(&dev, bytes);
        };
        tokio::join!(counting.end(), late).0.0
    }

    #[tokio::test(start_paused = true)]
    async fn what_went_past_the_proxy_shows_although_counters_lie_behind() {
        let record = told_late(70_000_000, Duration::from_millis(1_900)).await;
        assert_eq!(record.counted(), Err(NotCounted::Bypassed { past: 70_000_000, received: 0 }));
        assert_eq!(told_late(1_000, Duration::from_millis(1_900)).await.counted(), Ok(0));
    }
}
