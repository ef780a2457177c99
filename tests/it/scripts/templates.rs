//! What action, workflows and templates must say. `actionlint` holds the workflows to GitHub's syntax besides (`.ci/run`); nothing here
//! knows the whole schema of GitLab or Kubernetes.

use regex::Regex;
use saphyr::{LoadableYamlNode, Yaml};

use super::desk::root;

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn documents(text: &str) -> Vec<Yaml<'_>> {
    Yaml::load_from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const WORKFLOWS: [&str; 4] = ["pull-request", "comment", "nightly", "sharded"];

fn workflow(name: &str) -> String {
    text(&format!("ci/github/{name}.yml"))
}

/// The texts of all `run:` below a node, those of an action's inputs apart.
fn commands(node: &Yaml<'_>) -> Vec<String> {
    if let Some(mapping) = node.as_mapping() {
        let run = mapping.iter().filter(|(key, _)| key.as_str() == Some("run")).filter_map(|(_, value)| value.as_str().map(str::to_owned));
        let inner = mapping.iter().filter(|(key, _)| key.as_str() != Some("with"));
        return run.chain(inner.flat_map(|(_, value)| commands(value))).collect();
    }
    node.as_sequence().into_iter().flatten().flat_map(commands).collect()
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    let uses = Regex::new(r"uses: *(\S+)(.*)").expect("a pattern");
    let pinned = Regex::new(r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$").expect("a pattern");
    let mut found = 0;
    for name in WORKFLOWS {
        for line in uses.captures_iter(&workflow(name)) {
            found += 1;
            let version = line[2].trim().starts_with("# v");
            assert!(&line[1] == "OWNER/loadline@COMMIT" || pinned.is_match(&line[1]) && version, "{name}: {}", &line[0]);
        }
    }
    assert!(found > 10, "{found}");
}

#[test]
fn no_value_of_an_event_or_an_input_is_part_of_a_command() {
    for path in WORKFLOWS.map(|name| format!("ci/github/{name}.yml")).into_iter().chain(["action.yml".to_owned()]) {
        let text = text(&path);
        for command in documents(&text).iter().flat_map(commands) {
            assert!(!command.contains("${{"), "{path}: {command}");
        }
    }
}

#[test]
fn what_runs_a_strangers_code_can_only_read() {
    let text = workflow("pull-request");
    let workflow = &documents(&text)[0];
    let permissions = workflow["permissions"].as_mapping().expect("permissions");
    let all: Vec<(&str, &str)> = permissions.iter().filter_map(|(name, may)| Some((name.as_str()?, may.as_str()?))).collect();
    assert_eq!(all, [("contents", "read")]);
    assert!(!text.contains("secrets.") && !text.contains("pull_request_target"));
    let checkouts = text.matches("actions/checkout@").count();
    assert_eq!((checkouts, text.matches("persist-credentials: false").count()), (2, 2));
}

#[test]
fn a_pull_request_is_compared_with_the_base_that_it_was_merged_into() {
    let desk = super::desk::Desk::new();
    desk.git(".", &["init", "--quiet", "--initial-branch=main", "head"]);
    let commit = |message: &str| {
        desk.git("head", &["commit", "--quiet", "--allow-empty", "--message", message]);
        desk.git("head", &["rev-parse", "HEAD"])
    };
    let event_base = commit("what the event calls the base");
    desk.git("head", &["switch", "--quiet", "--create", "change"]);
    commit("what is proposed");
    desk.git("head", &["switch", "--quiet", "main"]);
    let base = commit("what came into the base since");
    desk.git("head", &["merge", "--quiet", "--no-ff", "--message", "as GitHub merges it", "change"]);
    let text = workflow("pull-request");
    let workflow = &documents(&text)[0];
    let steps = workflow["jobs"]["measure"]["steps"].as_sequence().expect("steps");
    let with = |n: usize, key: &str| steps[n]["with"].as_mapping_get(key).cloned();
    assert_eq!(with(0, "fetch-depth").and_then(|depth| depth.as_integer()), Some(2), "the parents of the merge are there");
    assert_eq!(with(2, "ref").as_ref().and_then(Yaml::as_str), Some("${{ steps.base.outputs.commit }}"));
    let mut shell = std::process::Command::new("bash");
    shell.args(["-e", "-c", steps[1]["run"].as_str().expect("a command")]).current_dir(desk.path("."));
    assert!(shell.env("GITHUB_OUTPUT", desk.path("outputs")).status().expect("bash starts").success());
    assert_eq!(desk.read("outputs"), format!("commit={base}"));
    assert_ne!(base, event_base);
}

#[test]
fn what_may_write_checks_out_nothing_of_a_stranger() {
    let text = workflow("comment");
    assert!(!text.contains("actions/checkout"));
    assert!(text.contains("head-sha: ${{ github.event.workflow_run.head_sha }}"));
    assert!(documents(&text)[0]["permissions"].as_mapping().is_some_and(saphyr::Mapping::is_empty));
}

#[test]
fn a_night_in_which_nothing_could_be_measured_is_told_and_is_no_part_of_the_history() {
    let text = workflow("nightly");
    let tell = &documents(&text)[0]["jobs"]["tell"];
    assert_eq!(tell["if"].as_str(), Some("always()"));
    let steps = tell["steps"].as_sequence().expect("steps");
    let command = |step: &Yaml<'_>| step.as_mapping_get("with")?.as_mapping_get("command")?.as_str().map(str::to_owned);
    let step = |name: &str| steps.iter().find(|step| command(step).as_deref() == Some(name));
    assert_eq!(step("history").expect("it is there")["if"].as_str(), Some("needs.measure.result == 'success'"));
    let issue = step("issue").expect("it is there");
    assert!(issue["with"]["verdict"].as_str().is_some_and(|verdict| verdict.ends_with("|| 'none' }}")), "{issue:?}");
}

#[test]
fn every_job_has_an_end() {
    for name in WORKFLOWS {
        let text = workflow(name);
        let document = &documents(&text)[0];
        for (job, body) in document["jobs"].as_mapping().expect("jobs") {
            let minutes = body["timeout-minutes"].as_integer();
            assert!(minutes.is_some_and(|minutes| minutes <= 180), "{name}: {job:?} has no timeout-minutes");
        }
    }
}

#[test]
fn every_variable_of_the_action_is_one_of_its_inputs_and_every_input_is_used() {
    let text = text("action.yml");
    let action = &documents(&text)[0];
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    for (name, _) in action["inputs"].as_mapping().expect("inputs") {
        let name = name.as_str().expect("a name");
        assert!(text.contains(&format!("${{{{ inputs.{name} }}}}")), "{name} is not used");
    }
    let declared = Regex::new(r"inputs\.([\w-]+)").expect("a pattern");
    for used in declared.captures_iter(&text) {
        assert!(action["inputs"].as_mapping_get(&used[1]).is_some(), "{} is no input", &used[1]);
    }
}

#[test]
fn the_gitlab_jobs_hand_over_the_files_that_are_written() {
    let text = text("ci/gitlab/loadline.gitlab-ci.yml");
    let template = &documents(&text)[0];
    let reports = &template["loadline"]["artifacts"]["reports"];
    for (kind, file) in [("junit", "junit.xml"), ("codequality", "code-quality.json"), ("metrics", "metrics.txt")] {
        assert_eq!(reports[kind].as_str(), Some(&*format!("loadline-out/{file}")));
        assert!(self::text("scripts/ci/check.sh").contains(&format!("\"$OUT/{file}\"")), "{file} is not written");
    }
    assert_eq!(template["loadline"]["artifacts"]["when"].as_str(), Some("always"));
    assert_eq!(template["loadline"]["variables"]["OUT"].as_str(), Some("loadline-out"));
    for job in ["loadline", "loadline-note"] {
        for line in template[job]["script"].as_sequence().expect("a script") {
            let script = line.as_str().expect("a line").trim_start_matches("/opt/loadline/");
            assert!(root().join(script).is_file(), "{script}");
        }
    }
}

#[test]
fn a_merge_request_on_gitlab_is_measured_beside_what_it_goes_into() {
    let text = text("ci/gitlab/loadline.gitlab-ci.yml");
    let lines = &documents(&text)[0]["loadline"]["before_script"];
    let lines = lines.as_sequence().expect("lines").iter().filter_map(Yaml::as_str);
    let line = lines.into_iter().find(|line| line.contains("BASELINE_COMMIT")).expect("a line that sets it").to_owned();
    let (target, parted, before) = ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_BEFORE_SHA");
    for (variables, commit) in [
        (&[(target, ""), (parted, "b"), (before, "0")][..], "b"),
        (&[(target, "a"), (parted, "b"), (before, "0")], "a"),
        (&[(before, "c")], "c"),
    ] {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-euc", &format!("{line}\nprintf %s \"$BASELINE_COMMIT\"")]).env_clear().envs(variables.iter().copied());
        let said = shell.output().expect("sh starts");
        assert_eq!(String::from_utf8_lossy(&said.stdout), commit, "{variables:?}: {said:?}");
    }
}

#[test]
fn the_job_of_kubernetes_measures_each_shard_once() {
    let text = text("ci/kubernetes/indexed-job.yaml");
    let documents = documents(&text);
    let spec = &documents[0]["spec"];
    assert_eq!((documents[0]["kind"].as_str(), spec["completionMode"].as_str()), (Some("Job"), Some("Indexed")));
    let container = &spec["template"]["spec"]["containers"][0];
    let shards = container["env"].as_sequence().expect("variables").iter().find(|one| one["name"].as_str() == Some("SHARDS"));
    let shards = shards.and_then(|one| one["value"].as_str()).expect("SHARDS");
    assert_eq!(spec["completions"].as_integer().map(|n| n.to_string()).as_deref(), Some(shards));
    assert_eq!(spec["parallelism"], spec["completions"]);
    let merge = self::text("ci/kubernetes/merge.yaml");
    for part in 0..shards.parse().expect("a number") {
        assert!(merge.contains(&format!("/results/part-{part}")), "part {part} is not merged");
    }
}

#[test]
fn the_whole_of_kubernetes_is_held_to_budgets_and_fails_where_a_shard_lacks_something() {
    let text = text("ci/kubernetes/merge.yaml");
    let line = documents(&text)[0]["spec"]["template"]["spec"]["containers"][0]["args"][0].as_str().expect("a line").to_owned();
    for (merged, checked, ends) in [("0", "0", 0), ("0", "1", 1), ("3", "0", 3), ("3", "1", 1), ("5", "0", 5)] {
        let desk = super::desk::Desk::new();
        let line = line.replace("/results", &desk.path("results").to_string_lossy());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]).env("PATH", format!("{}:/usr/bin:/bin", desk.path("bin").display()));
        shell.envs([("LOADLINE_RUN_CODE", merged), ("LOADLINE_CHECK_CODE", checked)]).env("LOADLINE_CALLS", desk.path("calls"));
        assert_eq!(shell.output().expect("sh starts").status.code(), Some(ends), "merge ends with {merged}, check with {checked}");
        assert_eq!(desk.calls().contains("loadline check DESK/results/whole"), merged != "5", "{}", desk.calls());
    }
}

#[test]
fn a_merge_request_on_gitlab_is_measured_as_a_pull_request_on_github_is() {
    let text = text("ci/gitlab/loadline.gitlab-ci.yml");
    let said = documents(&text)[0]["loadline"]["variables"]["RUN_ARGS"].as_str().expect("a text").to_owned();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["--engine=host", "--builds=cold", "--trials=1"]);
    let pull_request = workflow("pull-request");
    assert!(said.lines().skip(1).all(|line| pull_request.contains(line)));
}

#[test]
fn the_line_that_kubernetes_runs_names_the_right_shard() {
    let text = text("ci/kubernetes/indexed-job.yaml");
    let line = documents(&text)[0]["spec"]["template"]["spec"]["containers"][0]["args"][0].as_str().expect("a line").to_owned();
    let desk = super::desk::Desk::new();
    let mut line = line;
    for folder in ["/results", "/scenarios"] {
        line = line.replace(folder, &desk.path(folder.trim_start_matches('/')).to_string_lossy());
    }
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(desk.path("bin")).env("PATH", format!("{}:/usr/bin:/bin", desk.path("bin").display()));
    shell.envs([("JOB_COMPLETION_INDEX", "2"), ("SHARDS", "3"), ("SEED", "7")]).env("LOADLINE_CALLS", desk.path("calls"));
    assert!(shell.status().expect("sh starts").success());
    assert!(
        desk.calls().contains("loadline run --scenarios DESK/scenarios --seed 7 --shard 3/3 --out DESK/results/part-2\n"),
        "{}",
        desk.calls()
    );
}
