//! The keys of `loadline.toml`, and the options that are none, each with the reason.
//!
//! A file of a repository may be written by somebody else than who runs loadline in it. So no key names a program, sends anything
//! anywhere with the user's login, or takes a limit away that `check` or `compare` would hold a run to.

use crate::scenario::{Setting, SettingTable, Takes};

/// Every table of the file; the first is its root.
pub(super) const TABLES: [SettingTable; 7] = [
    SettingTable { name: "", settings: ROOT },
    SettingTable { name: "run", settings: RUN },
    SettingTable { name: "check", settings: CHECK },
    SettingTable { name: "compare", settings: COMPARE },
    SettingTable { name: "report", settings: REPORT },
    SettingTable { name: "trend", settings: TREND },
    SettingTable { name: "weigh", settings: WEIGH },
];

const fn one(name: &'static str, example: &'static str) -> Setting {
    Setting { name, takes: Takes::One, example }
}

const fn several(name: &'static str, example: &'static str) -> Setting {
    Setting { name, takes: Takes::Several, example }
}

const fn flag(name: &'static str, example: &'static str) -> Setting {
    Setting { name, takes: Takes::Flag, example }
}

const fn path(name: &'static str, example: &'static str) -> Setting {
    Setting { name, takes: Takes::Path(&[]), example }
}

const fn nothing(name: &'static str, why: &'static str) -> Setting {
    Setting { name, takes: Takes::Nothing(why), example: "" }
}

const PROGRAM: &str = "it names a program that would be started as root, and a file that comes with a repository must not; type it";
const OF_ONE_RUN: &str = "it is about a single run; type it";
const OF_ONE_IMAGE: &str = "it is about a single image; type it";
const OF_ALL: &str = "it counts for all commands; write it above the first table";
const WEAKER: &str = "it can make a verdict weaker, so it stands where the verdict is asked for; type it";
const FORMAT: &str = "format = \"markdown\"";

const ROOT: &[Setting] = &[path("scenarios", "scenarios = \"apps\""), path("results", "results = \"measured\"")];

const RUN: &[Setting] = &[
    one("engine", "engine = \"private\""),
    Setting { name: "data-root", takes: Takes::Path(&["auto", "tmpfs", "disk"]), example: "data-root = \"disk\"" },
    one("cpus", "cpus = 2"),
    one("memory", "memory = \"4 GB\""),
    one("bases", "bases = \"stand-in\""),
    flag("locked", "locked = true"),
    one("registry-mirror", "registry-mirror = \"http://127.0.0.1:5000\""),
    one("link", "link = \"20mbit,30ms\""),
    flag("count-downloads", "count-downloads = true"),
    one("download-link", "download-link = \"20mbit,30ms\""),
    several("builds", "builds = [\"cold\", \"warm\"]"),
    one("trials", "trials = 7"),
    one("time-limit", "time-limit = \"30m\""),
    one("precision", "precision = \"5%\""),
    one("warm-up", "warm-up = 1"),
    one("starts", "starts = 20"),
    one("build-timeout", "build-timeout = \"20m\""),
    one("transfer-timeout", "transfer-timeout = \"10m\""),
    nothing("scenarios", OF_ALL),
    nothing("results", OF_ALL),
    nothing("dockerd", PROGRAM),
    nothing("engine-root", PROGRAM),
    nothing("registry", "a run pushes there with your login, and a file that comes with a repository must not say where; type it"),
    nothing("variant", "a run that leaves something out says so where it is started; type it"),
    nothing("no-pull", "a run that leaves something out says so where it is started; type it"),
    nothing("store", "it goes with an engine, which a file that comes with a repository must not name; type it"),
    nothing("allow-skips", WEAKER),
    nothing("quick", OF_ONE_RUN),
    nothing("seed", OF_ONE_RUN),
    nothing("out", "it is the folder of a single run; write results = \"measured\" above the first table for the folder of all runs"),
    nothing("resume", OF_ONE_RUN),
    nothing("shard", OF_ONE_RUN),
    nothing("message-format", "who reads a run by a program asks for it there; type it"),
];

const CHECK: &[Setting] = &[
    path("baseline", "baseline = \"results/2026-11-21-1\""),
    flag("strict", "strict = true"),
    one("format", "format = \"json\""),
    nothing("budgets", "limits stand in scenario.toml, and whose they are is said where a run is judged; type it"),
    nothing("tighten", "it changes files, which is asked for each time; type it"),
];

const COMPARE: &[Setting] = &[
    flag("all", "all = true"),
    flag("fail-on-regression", "fail-on-regression = true"),
    one("format", FORMAT),
    nothing("between", OF_ONE_RUN),
    nothing("measure", WEAKER),
    nothing("noise", WEAKER),
];

const REPORT: &[Setting] = &[one("format", FORMAT)];

const TREND: &[Setting] = &[
    several("scenario", "scenario = [\"go-api\"]"),
    several("variant", "variant = [\"*/multi\"]"),
    several("measure", "measure = [\"transfer-size\", \"build-time\"]"),
    several("limit", "limit = [\"transfer-size=25MB\"]"),
    one("baseline", "baseline = \"merge-base:main\""),
    one("smallest", "smallest = \"5%\""),
    flag("all", "all = true"),
    one("format", FORMAT),
    nothing("results", OF_ALL),
    nothing("repository", "git is started there; type it"),
];

const WEIGH: &[Setting] = &[
    flag("verify", "verify = true"),
    one("format", FORMAT),
    nothing("against", OF_ONE_IMAGE),
    nothing("base", OF_ONE_IMAGE),
    nothing("file", OF_ONE_IMAGE),
    nothing("target", OF_ONE_IMAGE),
    nothing("platform", OF_ONE_IMAGE),
    nothing("files", OF_ONE_IMAGE),
    nothing("host-facts", OF_ONE_IMAGE),
    nothing("fresh", OF_ONE_IMAGE),
    nothing("no-verify", "it takes an archive's word, which is asked for each time; type it"),
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn every_option_of_a_command_with_a_table_is_a_key_of_it_or_has_a_reason_not_to_be() {
        let cli = Cli::command();
        for SettingTable { name, settings } in &TABLES[1..] {
            let command = cli.find_subcommand(name).expect("a table is called like a command");
            let mut options: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
            // Of `trend` this is no option but what it reads where nothing is named.
            options.extend((*name == "trend").then_some("results"));
            let mut known: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
            options.sort_unstable();
            known.sort_unstable();
            assert_eq!(options, known, "[{name}]: decide whether the file may have a new option");
        }
    }

    #[test]
    fn a_key_takes_what_its_option_does() {
        let cli = Cli::command();
        for SettingTable { name, settings } in &TABLES[1..] {
            let command = cli.find_subcommand(name).expect("a table is called like a command");
            for argument in command.get_arguments() {
                let Some(setting) = settings.iter().find(|setting| argument.get_long() == Some(setting.name)) else { continue };
                let action = argument.get_action();
                let fits = match setting.takes {
                    Takes::Flag => matches!(action, clap::ArgAction::SetTrue),
                    Takes::One | Takes::Path(_) => matches!(action, clap::ArgAction::Set),
                    Takes::Several => matches!(action, clap::ArgAction::Append),
                    Takes::Nothing(why) => why.contains("type it") || why.contains("above the first table"),
                };
                assert!(fits, "{name}.{}: {action:?}", setting.name);
            }
        }
    }
}
