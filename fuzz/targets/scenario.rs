//! A `scenario.toml`: it is read, or every problem can be shown.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use loadline::scenario::parse_scenario;

/// A scenario's folder with the two Dockerfiles that the seeds name; it stays for the whole run, and `scripts/fuzz.sh` removes it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("fuzz-scenario-").tempdir().expect("a temporary folder").keep().join("app");
    fs::create_dir(&folder).expect("a folder for the scenario");
    for name in ["single.Dockerfile", "multi.Dockerfile", "Dockerfile"] {
        fs::write(folder.join(name), "FROM scratch AS build\nFROM scratch\nCOPY --from=build / /\n").expect("a Dockerfile");
    }
    folder
});

fuzz_target!(|data: &[u8]| {
    let path = FOLDER.join("scenario.toml");
    fs::write(&path, data).expect("the file is written");
    match parse_scenario(&path) {
        Ok(scenario) => assert!(!scenario.name.is_empty() && !scenario.variants.is_empty()),
        Err(problems) => {
            assert!(problems.has_errors());
            assert!(!problems.render(false).is_empty());
        }
    }
});
