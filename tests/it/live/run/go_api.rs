//! The repository's own scenario from end to end: a Go service with a single-stage and several multi-stage Dockerfiles.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use loadline::measure::Measure;
use loadline::record::TrialOutcome;

use super::apps::Run;
use super::bench;
use crate::live::registry::DebianRegistry;
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// Bytes of a file that does not compress.
const FILE: usize = 5_000_000;

#[test]
fn the_process_stays_below_a_hundred_megabytes() {
    if !live_or_skip("live::run::go_api::the_process_stays_below_a_hundred_megabytes") {
        return;
    }
    let peak = Run::get().ended.peak;
    eprintln!("{peak} bytes");
    assert!((1_000_000..100_000_000).contains(&peak), "{peak} bytes");
}

#[test]
fn the_report_is_made_again_from_the_record_alone() {
    if !live_or_skip("live::run::go_api::the_report_is_made_again_from_the_record_alone") {
        return;
    }
    let run = Run::get();
    let copy = tempfile::tempdir().expect("a folder");
    let again = copy.path().join("run");
    std::fs::create_dir(&again).expect("a folder");
    for part in ["run.json", "trials.jsonl"] {
        std::fs::copy(run.out().join(part), again.join(part)).expect("the record is there");
    }
    let ended = Loadline::new(["report"]).args([&again]).run().exits(0);
    assert_eq!(ended.stdout, run.ended.stdout, "the same table");
    for file in ["report.md", "layers.svg", "sizes.svg", "times.svg", "observations.csv", "summary.csv", "report.json"] {
        let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(read(&run.out()) == read(&again), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_are_what_the_engine_reports_and_another_registry_stores_and_grow_by_what_is_added() {
    let name = "sizes_are_what_the_engine_reports_and_another_registry_stores_and_grow_by_what_is_added";
    if !live_or_skip(&format!("live::run::go_api::{name}")) {
        return;
    }
    let _among_others = among_others();
    let folder = with_a_random_file();
    let scenarios = bench::scenarios(folder.path());
    // The bases are in the cache after it.
    bench::down(bench::up(&scenarios).await).await;
    let rigged = bench::up(&scenarios).await;
    let bases = &rigged.provided.as_ref().expect("a private bench provides bases").images;
    assert!(bases.values().all(|base| base.from_cache) && !bases.is_empty(), "a second run builds no base: {bases:?}");

    let debian = Arc::new(DebianRegistry::start().await);
    let (engine, theirs, seen) = (rigged.bench.builder.endpoint().to_owned(), Arc::clone(&debian), Arc::new(Mutex::new(Vec::new())));
    let saw = Arc::clone(&seen);
    // The image is pushed and weighed by then, and still there.
    let look = move |variant: &str, phase: &str| {
        if phase == "pull" {
            // Its tag ends in a random word; of one variant there is never a second image.
            let repository = format!("loadline-run/go-api-{variant}");
            let image = docker(&engine, &["images", "--format", "{{.Repository}}:{{.Tag}}", &repository]).trim().to_owned();
            let reported = docker(&engine, &["image", "inspect", "-f", "{{.Size}}", &image]);
            let copy = format!("{}/{variant}:a", theirs.address);
            docker(&engine, &["tag", &image, &copy]);
            docker(&engine, &["push", "-q", &copy]);
            docker(&engine, &["rmi", &copy]);
            saw.lock().expect("no look panics").push((variant.to_owned(), reported.trim().parse::<u64>().expect("bytes")));
        }
    };
    let (_, outcomes) = bench::measure(&rigged, &scenarios, look).await;
    let reported = seen.lock().expect("no look panics").clone();
    assert_eq!(reported.len(), 2, "{outcomes:#?}");
    for (variant, reported) in &reported {
        assert_eq!(exact(&outcomes, variant, Measure::ReportedSize), *reported, "{variant}");
        assert_eq!(exact(&outcomes, variant, Measure::ClassicSizeBuilt), *reported, "{variant}: all its layers were built here");
        assert_eq!(exact(&outcomes, variant, Measure::TransferSize), stored(&debian, variant), "{variant}");
    }
    let grown = |measure| exact(&outcomes, "larger", measure) - exact(&outcomes, "multi", measure);
    let uncompressed = grown(Measure::UncompressedSize);
    assert!((FILE as u64..FILE as u64 + 10_000).contains(&uncompressed), "{uncompressed}");
    let transfer = grown(Measure::TransferSize);
    assert!(transfer.abs_diff(FILE as u64) <= FILE as u64 / 200, "{transfer}");
    bench::down(rigged).await;
}

/// A copy of the scenario with `multi` and `larger`, which is `multi` with a random file more.
fn with_a_random_file() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/go-api");
    let to = folder.path().join("go-api");
    for entry in walkdir::WalkDir::new(&from).into_iter().flatten() {
        let target = to.join(entry.path().strip_prefix(&from).expect("it lies below"));
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
        } else {
            std::fs::copy(entry.path(), &target).expect("a file");
        }
    }
    let mut random = fastrand::Rng::with_seed(11);
    std::fs::write(to.join("random.bin"), std::iter::repeat_with(|| random.u8(..)).take(FILE).collect::<Vec<_>>()).expect("a file");
    let multi = std::fs::read_to_string(to.join("multi.Dockerfile")).expect("a Dockerfile");
    std::fs::write(to.join("larger.Dockerfile"), format!("{}\nCOPY random.bin /random.bin\n", multi.trim_end())).expect("a Dockerfile");
    let toml = std::fs::read_to_string(to.join("scenario.toml")).expect("a scenario");
    let toml =
        toml.replace("[variants.single]\ndockerfile = \"single.Dockerfile\"", "[variants.larger]\ndockerfile = \"larger.Dockerfile\"");
    let toml = toml.replace("max-ratio-to = { single = \"2 %\" }\n", "");
    let others = ["alpine", "distroless"].map(|name| format!("[variants.{name}]\ndockerfile = \"{name}.Dockerfile\"\n"));
    let toml = others.iter().fold(toml, |toml, other| toml.replace(other, ""));
    assert!(toml.contains("variants.larger") && toml.matches("[variants.").count() == 2, "{toml}");
    std::fs::write(to.join("scenario.toml"), toml).expect("a scenario");
    folder
}

/// The `docker` command on the private engine.
fn docker(engine: &str, arguments: &[&str]) -> String {
    let output = Command::new("docker").args(["-H", engine]).args(arguments).output().expect("the docker command runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("docker prints text")
}

/// A figure in bytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "byte values are whole and not negative")]
fn exact(outcomes: &[TrialOutcome], variant: &str, measure: Measure) -> u64 {
    let outcome = outcomes.iter().find(|outcome| outcome.trial.variant == variant).expect("it was planned");
    let found = outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
    found.unwrap_or_else(|| panic!("{variant} has {}: {outcome:?}", measure.id())).value as u64
}

/// Manifest, configuration and layers of a variant as Debian's registry has them on disk, bytes.
fn stored(registry: &DebianRegistry, variant: &str) -> u64 {
    let path = registry.stored(&registry.tag(variant, "a"));
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("it is stored")).expect("a manifest is JSON");
    let layers = manifest["layers"].as_array().expect("a manifest has layers");
    let blobs = layers.iter().chain([&manifest["config"]]).map(|blob| {
        let digest = blob["digest"].as_str().and_then(|digest| digest.parse().ok()).expect("a digest");
        std::fs::metadata(registry.stored(&digest)).expect("it is stored").len()
    });
    blobs.sum::<u64>() + std::fs::metadata(&path).expect("it is stored").len()
}
