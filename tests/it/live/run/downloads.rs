//! Runs that count what real builds download, from a server on this machine whose every byte is known.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::process::Command;

use loadline::measure::Measure;
use loadline::record::{Record, Status, TrialOutcome};

use crate::support::app::{Scene, good_with, record};
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::machine::{alone, among_others};

/// What the server sends behind its head.
const BODY: usize = 3_000_000;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

/// A server that sends the same to everybody, as long as the tests run.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request comes");
                head.extend(byte);
            }
            stream.write_all(&[HEAD, &vec![7; BODY]].concat()).expect("it is taken");
        }
    });
    address
}

fn downloaded(outcome: &TrialOutcome) -> Option<f64> {
    outcome.observations.iter().find(|o| o.measure == Measure::BuildDownload).map(|o| o.value)
}

/// What the proxy counted; the figure is there unless another program of the machine received much meanwhile, which is said.
fn counted(run: &Record, variant: &str, state: &str) -> u64 {
    let same = |o: &&TrialOutcome| o.trial.variant == variant && o.trial.cache_state == state;
    let outcome = run.trials.iter().find(same).unwrap_or_else(|| panic!("{variant} has a {state} trial"));
    assert_eq!(outcome.status, Status::Measured, "{variant} {state}");
    let record = outcome.download.expect("it is counted");
    let bypassed = outcome.warnings.iter().any(|warning| warning.message.contains("(bypassed)"));
    eprintln!("{variant} {state}: {record:?}");
    assert_eq!(downloaded(outcome).map(f64::to_bits), (!bypassed).then_some((record.received as f64).to_bits()), "{:?}", outcome.warnings);
    record.received
}

/// Runs cold and warm builds of it; the record.
fn run(scene: &Scene, out: &str, more: &[&str]) -> Record {
    let out = scene.path(out);
    Loadline::new(["run", "--engine", "private", "--bases", "stand-in", "--trials", "1", "--builds", "cold,warm", "--scenarios"])
        .args([&scene.path("scenarios")])
        .args(["--out"])
        .args([&out])
        .args(more)
        .run()
        .exits(0);
    record(&out)
}

#[test]
fn a_step_that_fetches_is_counted_to_the_byte_and_the_proxy_is_in_no_cache_key_and_no_image() {
    if !live_or_skip("live::run::downloads::a_step_that_fetches_is_counted_to_the_byte_and_the_proxy_is_in_no_cache_key_and_no_image") {
        return;
    }
    let _among_others = among_others();
    let step = format!("RUN [\"/app\", \"fetch\", \"{}\"]", server());
    let scene = Scene::of(&[("fetches", &good_with(&step)), ("plain", &good_with("RUN [\"/app\", \"say\"]"))]);

    let proxied = run(&scene, "proxied", &["--count-downloads"]);
    assert_eq!(proxied.run.conditions.download_link.as_deref(), Some("loopback"));
    assert_eq!(counted(&proxied, "fetches", "cold"), (HEAD.len() + BODY) as u64);
    // The warm build has another account, and so another proxy: all of it came from the cache nevertheless.
    assert_eq!(counted(&proxied, "fetches", "warm"), 0);
    assert_eq!((counted(&proxied, "plain", "cold"), counted(&proxied, "plain", "warm")), (0, 0));

    let alone = run(&scene, "alone", &[]);
    assert!(alone.run.conditions.download_link.is_none() && alone.trials.iter().all(|o| o.download.is_none()));
    let instructions = |run: &Record| -> Vec<Vec<Option<String>>> {
        let mut weighed: Vec<_> = run.trials.iter().filter_map(|o| Some((o.trial.variant.clone(), o.weighing.clone()?))).collect();
        weighed.sort_by(|(a, _), (b, _)| a.cmp(b));
        weighed.into_iter().map(|(_, weighing)| weighing.layers.into_iter().map(|layer| layer.created_by).collect()).collect()
    };
    assert_eq!(instructions(&proxied), instructions(&alone), "the history is the same");
    let configs = |run: &Record| run.trials.iter().filter_map(|o| Some(o.weighing.as_ref()?.config_size)).collect::<Vec<_>>();
    assert_eq!(configs(&proxied).len(), configs(&alone).len());
    let text = format!("{:?}", proxied.trials);
    assert!(!text.contains("loadline:"), "no secret is recorded");
}

#[test]
fn downloads_over_a_link_take_the_time_of_its_rate() {
    if !live_or_skip("live::run::downloads::downloads_over_a_link_take_the_time_of_its_rate") {
        return;
    }
    // What others fetch meanwhile would count as gone past the proxy, and a build time would not be taken.
    let _alone = alone();
    let scene = Scene::of(&[("fetches", &good_with(&format!("RUN [\"/app\", \"fetch\", \"{}\"]", server())))]);
    let run = run(&scene, "run", &["--download-link", "20mbit,10ms"]);
    assert_eq!(run.run.settings.download_link.as_deref(), Some("20mbit,10ms"));
    assert_eq!(counted(&run, "fetches", "cold"), (HEAD.len() + BODY) as u64);
    let cold = run.trials.iter().find(|o| o.trial.cache_state == "cold").expect("a cold trial");
    let build = cold.observations.iter().find(|o| o.measure == Measure::BuildTime && o.phase.is_none()).expect("a build time");
    // 3 MB are 1.2 s at 20 Mbit/s: never sooner, however late.
    assert!(build.value > 1.19, "{} s", build.value);
}

/// A file of the machine's package mirror, host and path: of about 150 kB, more than may go past the proxy unseen.
fn on_mirror() -> (String, String) {
    let asked = Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)dists/$(RELEASE)/Release"]).output();
    let told = String::from_utf8(asked.expect("apt-get runs").stdout).expect("addresses are text");
    let (host, path) = told.lines().find_map(|line| line.strip_prefix("http://")?.split_once('/')).expect("a mirror speaks plain HTTP");
    (host.to_owned(), format!("/{path}"))
}

#[test]
fn a_build_that_goes_past_the_proxy_has_no_figure_and_no_time_over_a_link() {
    if !live_or_skip("live::run::downloads::a_build_that_goes_past_the_proxy_has_no_figure_and_no_time_over_a_link") {
        return;
    }
    let _alone = alone();
    let (host, file) = on_mirror();
    let address = (host.as_str(), 80).to_socket_addrs().expect("the mirror is known").next().expect("it has an address");
    let past = good_with(&format!("RUN [\"/app\", \"fetch-past-proxies\", \"{address}\", \"{host}\", \"{file}\"]"));
    let own = good_with("ENV http_proxy=http://127.0.0.1:9\nRUN [\"/app\", \"say\"]");
    let run = run(&Scene::of(&[("past", &past), ("own", &own)]), "run", &["--download-link", "20mbit,10ms"]);
    for (variant, why) in [("past", "(bypassed)"), ("own", "line 3 of the Dockerfile sets ENV http_proxy")] {
        let cold = |o: &&TrialOutcome| o.trial.variant == variant && o.trial.cache_state == "cold";
        let outcome = run.trials.iter().find(cold).expect("a cold trial");
        assert_eq!((&outcome.status, downloaded(outcome)), (&Status::Measured, None), "{variant}");
        for words in [why, "build-time is not available"] {
            assert!(outcome.warnings.iter().any(|warning| warning.message.contains(words)), "{variant}: {:?}", outcome.warnings);
        }
        assert!(outcome.observations.iter().all(|o| o.measure != Measure::BuildTime), "{variant}");
        assert!(outcome.observations.iter().any(|o| o.measure == Measure::UncompressedSize), "{variant}: all else is measured");
    }
}
