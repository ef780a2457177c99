//! Scenarios whose images need no network: `FROM scratch` and one static program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use loadline::measure::Measure;
use loadline::record::{Record, Status, TrialOutcome};

use super::cli::Loadline;

/// A Dockerfile of an app that works.
pub(crate) const GOOD: &str = "FROM scratch\nCOPY app /app\nCMD [\"/app\", \"serve\"]\n";

/// A Dockerfile that builds; its app does `what`.
pub(crate) fn app_that(what: &str) -> String {
    GOOD.replace("serve", what)
}

/// A Dockerfile with one more instruction.
pub(crate) fn good_with(instruction: &str) -> String {
    GOOD.replace("CMD", &format!("{instruction}\nCMD"))
}

/// The program of `tests/data/app/app.rs`, which depends on nothing; compiled once.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (program, new) = (folder.join("app"), folder.join(format!("app-{}", std::process::id())));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/app/app.rs");
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition", "2021", "-O", "-C", "target-feature=+crt-static", "-C", "panic=abort", "-C", "strip=symbols", "-o"]);
        let compiled = rustc.arg(&new).arg(source).output().expect("rustc runs");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        // Another process may be copying it: it is there whole at every moment.
        std::fs::rename(&new, &program).expect("the program is put in its place");
        program
    })
}

/// A folder with scenarios, and the folders of their runs.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    smoke: &'static str,
    scenarios: BTreeMap<String, Vec<String>>,
    runs: u32,
}

impl Scene {
    /// One without scenarios yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("scenarios")).expect("a folder");
        Self { folder, smoke: "port = 8080\ntimeout = \"20 s\"\n", scenarios: BTreeMap::new(), runs: 0 }
    }

    /// One scenario `app` with these variants.
    pub(crate) fn of(variants: &[(&str, &str)]) -> Self {
        variants.iter().fold(Self::new(), |scene, (name, dockerfile)| scene.with("app", name, dockerfile))
    }

    /// With another `[smoke]` table, for the scenarios that are added later.
    pub(crate) fn smoke(mut self, smoke: &'static str) -> Self {
        self.smoke = smoke;
        self
    }

    /// With one more variant.
    pub(crate) fn with(mut self, scenario: &str, variant: &str, dockerfile: &str) -> Self {
        let folder = self.scenario(scenario);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{variant}.Dockerfile")), dockerfile).expect("a Dockerfile");
        std::fs::copy(program(), folder.join("app")).expect("the program is there");
        let variants = self.scenarios.entry(scenario.to_owned()).or_default();
        variants.push(variant.to_owned());
        let tables = variants.iter().map(|variant| format!("[variants.{variant}]")).collect::<Vec<_>>().join("\n");
        let text = format!("name = \"{scenario}\"\nlanguage = \"rust\"\n{tables}\n[smoke]\n{}", self.smoke);
        std::fs::write(folder.join("scenario.toml"), text).expect("a scenario");
        self
    }

    /// A path below this scene's own folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of a scenario.
    pub(crate) fn scenario(&self, name: &str) -> PathBuf {
        self.path("scenarios").join(name)
    }

    /// `loadline run --quick` on all of it, and the new folder that the run gets.
    pub(crate) fn command(&mut self) -> (Loadline, PathBuf) {
        self.runs += 1;
        let out = self.path(&format!("run-{}", self.runs));
        let command = Loadline::new(["run", "--quick", "--scenarios"]).args([&self.path("scenarios")]).args(["--out"]).args([&out]);
        (command, out)
    }
}

/// The record in a folder, which must be readable.
pub(crate) fn record(out: &Path) -> Record {
    Record::read(out).unwrap_or_else(|error| panic!("{} is readable: {}", out.display(), super::chain(&error)))
}

/// The outcome of a variant's only trial.
pub(crate) fn outcome<'a>(record: &'a Record, variant: &str) -> &'a TrialOutcome {
    let outcomes: Vec<_> = record.trials.iter().filter(|outcome| outcome.trial.variant == variant).collect();
    assert_eq!(outcomes.len(), 1, "{variant} has one trial: {:?}", record.trials);
    outcomes[0]
}

/// Fails unless the variant was measured cold with every measure of a cold trial.
pub(crate) fn assert_measured(record: &Record, variant: &str) {
    let outcome = outcome(record, variant);
    assert_eq!(outcome.status, Status::Measured, "{variant}");
    for measure in Measure::ALL.into_iter().filter(|measure| !matches!(measure, Measure::DeltaTransferSize | Measure::BuildDownload)) {
        value(record, variant, measure);
    }
}

/// A variant's figure.
pub(crate) fn value(record: &Record, variant: &str, measure: Measure) -> f64 {
    let outcome = outcome(record, variant);
    let found = outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
    found.unwrap_or_else(|| panic!("{variant} has {}: {outcome:?}", measure.id())).value
}

/// Fails unless the variant has no figure anywhere in the run's folder; gives its status and reason.
pub(crate) fn assert_without_numbers(out: &Path, record: &Record, variant: &str) -> (&'static str, String) {
    let outcome = outcome(record, variant);
    assert!(
        outcome.observations.is_empty() && outcome.weighing.is_none() && outcome.push.is_none() && outcome.pull.is_none(),
        "{outcome:?}"
    );
    assert!(rows(&out.join("observations.csv")).iter().all(|row| row["variant"] != variant), "it has a row of numbers");
    for row in rows(&out.join("summary.csv")).iter().filter(|row| row["variant"] == variant) {
        assert!(row["measure"].is_empty() && row["median"].is_empty(), "{row:?}");
    }
    (outcome.status.id(), outcome.status.reason().unwrap_or_default().to_owned())
}

/// The rows of a table by the names of their columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).expect("the table is there").deserialize().map(|row| row.expect("a row")).collect()
}
