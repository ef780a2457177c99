//! The last words of a run: where the report lies, and what to do next.

use std::path::Path;

use crate::cli::plain;
use crate::record::{HostRun, Record, RunState, StopRule, Stopped, TrialOutcome};
use crate::units;

/// Where the report of the run in `folder` lies, and the next step, a line each. `bare` are the folders of scenarios without
/// a file.
pub(super) fn farewell(folder: &Path, record: &Record, bare: &[&Path]) -> String {
    let folder = folder.display();
    let next = match record.run.state {
        RunState::Complete => {
            let stopped = record.run.stopped.as_ref().map(|stopped| ended(stopped, &folder.to_string()));
            format!("{}{}{}", unproven(bare), stopped.unwrap_or_default(), next(&folder.to_string(), &record.trials))
        }
        RunState::Interrupted if record.run.stopped.is_some() => too_short(&folder.to_string()),
        RunState::Interrupted => format!("stopped early: the report shows what was measured until then; {}", goes_on(&folder.to_string())),
        RunState::Incomplete => format!("incomplete: the report shows what was measured until then; {}", goes_on(&folder.to_string())),
    };
    let left = record.run.host.iter().map(on_host).collect::<String>();
    format!("report: {folder}/report.md, with sizes.svg, times.svg and observations.csv beside it\n{left}{next}")
}

fn goes_on(folder: &str) -> String {
    format!("`loadline run --resume {folder}` goes on with it")
}

/// How to have what a rule left out.
fn ended(stopped: &Stopped, folder: &str) -> String {
    match stopped.rule {
        StopRule::TimeLimit => format!("ended by {stopped}; `loadline run --resume {folder}` measures for as long again\n"),
        StopRule::Precision => format!("ended by {stopped}\n"),
    }
}

fn too_short(folder: &str) -> String {
    format!(
        "the time limit ended the run before every variant had one whole iteration; `loadline run --resume {folder}` measures for as \
         long again, and a new run with a longer --time-limit from the start"
    )
}

/// What stays on the user's own engine, and the commands that remove it, a line each.
fn on_host(host: &HostRun) -> String {
    let mut lines = Vec::new();
    if let Some(cache) = host.build_cache {
        let records = units::count(usize::try_from(cache.records).unwrap_or(usize::MAX), "record");
        lines.push(format!("left on the engine: {} of build cache in {records}", units::bytes(cache.bytes)));
        if cache.gone > 0 {
            lines.push(format!("gone from the engine's build cache, which it keeps within a limit: {} of before", cache.gone));
        }
    }
    if !host.pulled_bases.is_empty() {
        lines.push(format!("fetched by the engine, and left there: {}", host.pulled_bases.join(", ")));
    }
    lines.extend(host.left_behind.iter().map(|what| format!("left on the engine: {what}")));
    let lines = lines.iter().map(|line| plain::line(line) + "\n");
    // A command is of no use when it is cut.
    let commands = host.commands.iter().map(|command| format!("to remove it: {}\n", command.replace(char::is_control, " ")));
    lines.chain(commands).collect()
}

/// How numbers that nothing proves become proven.
fn unproven(bare: &[&Path]) -> String {
    let line = |folder: &&Path| {
        let folder = folder.display();
        format!("not verified: nothing proves that the app in {folder} works; `loadline init {folder}` finds its smoke check\n")
    };
    bare.iter().map(line).collect()
}

fn next(folder: &str, trials: &[TrialOutcome]) -> String {
    let short: Vec<&TrialOutcome> = trials.iter().filter(|outcome| !outcome.status.is_complete()).collect();
    match short.iter().find_map(|outcome| outcome.log.as_deref()) {
        Some(log) => format!("next: {} fell short; the logs say why, such as {folder}/{log}", units::count(short.len(), "trial")),
        None => format!("next: `loadline report {folder} --format markdown` (or csv, json) prints it for others"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BuildCacheLeft, Status, Trial};

    fn failed(log: Option<&str>) -> TrialOutcome {
        TrialOutcome {
            trial: Trial { scenario: "a".into(), variant: "b".into(), iteration: 1, cache_state: "cold".into(), edit: None, warmup: false },
            started: jiff::Timestamp::UNIX_EPOCH,
            status: Status::BuildFailed { reason: "it broke".to_owned() },
            observations: Vec::new(),
            steps: Vec::new(),
            push: None,
            pull: None,
            weighing: None,
            delta: None,
            starts: Vec::new(),
            download: None,
            warnings: Vec::new(),
            log: log.map(str::to_owned),
            lost: false,
            noise: None,
        }
    }

    #[test]
    fn what_stays_on_the_users_engine_is_told_with_the_commands_that_remove_it() {
        let host = HostRun {
            registry_unreachable: None,
            build_cache: Some(BuildCacheLeft { records: 2, bytes: 31_400_000, gone: 1 }),
            pulled_bases: vec!["golang:1.23".to_owned()],
            left_behind: vec!["container \x1b[2Jx".to_owned()],
            commands: vec!["docker builder prune --all".to_owned()],
        };
        assert_eq!(
            on_host(&host),
            "left on the engine: 31.4 MB of build cache in 2 records\n\
             gone from the engine's build cache, which it keeps within a limit: 1 of before\n\
             fetched by the engine, and left there: golang:1.23\n\
             left on the engine: container [2Jx\n\
             to remove it: docker builder prune --all\n"
        );
        assert_eq!(on_host(&HostRun::default()), "");
    }

    #[test]
    fn numbers_that_nothing_proves_are_followed_by_the_command_that_finds_a_proof() {
        assert_eq!(unproven(&[]), "");
        assert_eq!(
            unproven(&[Path::new("/srv/shop")]),
            "not verified: nothing proves that the app in /srv/shop works; `loadline init /srv/shop` finds its smoke check\n"
        );
    }

    #[test]
    fn a_rule_that_ended_the_run_is_told_with_the_way_to_have_the_rest() {
        let stopped = |rule| Stopped { rule, after_seconds: 61.0, iterations: 3, blocks_left: Vec::new() };
        assert_eq!(
            ended(&stopped(StopRule::TimeLimit), "results/x"),
            "ended by the time limit after 1 min 01 s of measuring: 3 whole iterations, 0 blocks left out; `loadline run --resume results/x` \
             measures for as long again\n"
        );
        assert!(!ended(&stopped(StopRule::Precision), "results/x").contains("--resume"), "it has what was asked for");
        assert!(too_short("results/x").contains("before every variant had one whole iteration; `loadline run --resume results/x`"));
    }

    #[test]
    fn a_trial_that_fell_short_is_followed_to_its_log() {
        assert_eq!(
            next("results/x", &[failed(None), failed(Some("log/a--b--1.log"))]),
            "next: 2 trials fell short; the logs say why, such as results/x/log/a--b--1.log"
        );
        assert!(next("results/x", &[failed(None)]).contains("`loadline report results/x --format markdown`"));
    }
}
