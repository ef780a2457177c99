//! A pull request from its baseline to its merge, on a real engine: what makes an image grow fails the gate, with its line and its file.

use std::path::{Path, PathBuf};

use crate::support::app::Scene;
use crate::support::cli::{Ended, Loadline};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

const DOCKERFILE: &str =
    "FROM scratch AS build\nCOPY app /app\n\nFROM debian:bookworm-slim\nCOPY --from=build /app /app\nCMD [\"/app\", \"serve\"]\n";
/// On line 6, after the program.
const ASSETS: &str = "COPY assets /assets\n";
const BUDGET: &str = "[budgets.size]\nmeasure = \"uncompressed-size\"\nmax-increase = \"1 %\"\nreason = \"an edge node has little room\"\n";
const MEGABYTES: usize = 30;

/// A scenario whose Dockerfile and budgets change from run to run.
struct Branch {
    scene: Scene,
}

impl Branch {
    fn new() -> Self {
        let branch = Self { scene: Scene::of(&[("multi", DOCKERFILE)]) };
        let folder = branch.folder();
        std::fs::create_dir(folder.join("assets")).expect("a folder");
        std::fs::write(folder.join("assets/video.bin"), vec![7; MEGABYTES * 1_000_000]).expect("a file");
        branch.budget(BUDGET);
        std::fs::copy(folder.join("scenario.toml"), branch.scene.path("main.toml")).expect("the budgets of the branch that it goes to");
        branch
    }

    fn folder(&self) -> PathBuf {
        self.scene.scenario("app")
    }

    fn dockerfile(&self, text: &str) {
        std::fs::write(self.folder().join("multi.Dockerfile"), text).expect("a Dockerfile");
    }

    /// Puts `tables` in the place of all budgets.
    fn budget(&self, tables: &str) {
        let path = self.folder().join("scenario.toml");
        let text = std::fs::read_to_string(&path).expect("a scenario");
        let scenario = text.split("[budgets").next().unwrap_or_default();
        std::fs::write(&path, format!("{scenario}{tables}")).expect("a scenario");
    }

    fn measured(&mut self) -> PathBuf {
        let (command, out) = self.scene.command();
        command.args(["--bases", "stand-in"]).run().exits(0);
        out
    }
}

fn check(run: &Path, baseline: &Path) -> Loadline {
    Loadline::new(["check"]).args([run]).args(["--baseline"]).args([baseline])
}

fn says(ended: &Ended, words: &[&str]) {
    for word in words {
        assert!(ended.stdout.contains(word), "{word}:\n{}", ended.stdout);
    }
}

#[test]
fn a_pull_request_is_held_to_the_budgets_of_its_base_and_told_what_grew() {
    if !live_or_skip("live::run::gate::a_pull_request_is_held_to_the_budgets_of_its_base_and_told_what_grew") {
        return;
    }
    let _among_others = among_others();
    let mut branch = Branch::new();
    let main = branch.measured();

    let heavier = DOCKERFILE.replace("CMD", &format!("{ASSETS}CMD"));
    branch.dockerfile(&heavier);
    let grown = branch.measured();
    let failed = check(&grown, &main).run().exits(1);
    says(
        &failed,
        &[
            "fail",
            "multi.Dockerfile:6",
            "COPY assets /assets",
            "/assets/video.bin",
            "+30.0 MB",
            "base image +0 B",
            "an edge node has little room",
        ],
    );
    let comment = check(&grown, &main).args(["--format", "comment"]).run().exits(1);
    says(&comment, &["multi.Dockerfile:6", "/assets/video.bin", "30.0 MB"]);
    let annotations = check(&grown, &main).args(["--format", "github"]).run().exits(1);
    says(&annotations, &["::error file=", "multi.Dockerfile:6"]);
    let compared = Loadline::new(["compare"]).args([&main, &grown]).args(["--fail-on-regression"]).run().exits(1);
    says(&compared, &["multi.Dockerfile:6", "/assets/video.bin"]);

    // A budget that the same pull request takes away does not help it, and is told.
    branch.budget("[budgets.size]\nmeasure = \"uncompressed-size\"\nmax = \"1 GB\"\n");
    let loose = branch.measured();
    check(&loose, &main).run().exits(0);
    let held = check(&loose, &main).args(["--budgets"]).args([branch.scene.path("main.toml")]).run().exits(1);
    says(&held, &["fail", "loosened", "max-increase \"1 %\""]);

    branch.budget(BUDGET);
    branch.dockerfile(DOCKERFILE);
    let fixed = branch.measured();
    says(&check(&fixed, &main).run().exits(0), &["pass", "verdict: passed"]);

    branch.dockerfile(&DOCKERFILE.replace("bookworm-slim", "bookworm"));
    let bumped = branch.measured();
    says(&check(&bumped, &main).run().exits(1), &["fail", "app +0 B", "the base image debian:bookworm", "base image +"]);
}
