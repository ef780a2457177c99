//! What `loadline.toml` gives to a command line: the options that were not typed.
//!
//! A value of the file becomes the default of its option: it is parsed as if it had been typed, everything that is typed goes before it,
//! and no contradiction is seen between the two. What a command took is said in a line on stderr, and is in the receipt of a run.

mod keys;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::args::{Cli, Command, SETTLED_BY_A_RECORD};
use super::effort::SETTLED;
use super::options::without_login;
use super::{Exit, Failure, plain, printer};
use crate::scenario::{self, Fault, Given, Problem, Problems, SettingTable, Takes, WORKSPACE_FILE};
use keys::TABLES;

/// Commands that take nothing but `scenarios`.
const TAKE_SCENARIOS: [&[&str]; 2] = [&["list"], &["bases", "build"]];

/// A command line, parsed, and where it came from.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) line: CommandLine,
    pub(super) file: WhichFile,
}

/// Which file gives defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WhichFile {
    /// The one that `--config` names.
    Named(PathBuf),
    /// The nearest one, where there is one.
    Nearest(Option<PathBuf>),
    /// None: `--no-config`.
    LeftOut,
}

/// A command line for a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// As typed, but for `--config` and its file.
    words: Vec<String>,
    /// What the file gives besides.
    given: Vec<Given>,
}

impl CommandLine {
    /// Whether an option has its value from the file.
    pub(super) fn is_given(&self, option: &str) -> bool {
        self.given.iter().any(|given| given.name == option)
    }

    /// All words as if what the file gives had been typed too, without logins and without these options: what is needed to type it again
    /// where there is no such file.
    pub(super) fn whole(&self, without: &[&str]) -> Vec<String> {
        let given = self.given.iter().filter(|given| !without.contains(&given.name)).flat_map(as_typed);
        // The program and the command.
        let (head, rest) = self.words.split_at(self.words.len().min(2));
        head.iter().cloned().chain(given).chain(rest.iter().cloned()).map(|word| without_login(&word)).collect()
    }
}

/// `--builds=cold`, `--builds=warm`; a flag alone.
fn as_typed(given: &Given) -> Vec<String> {
    let word = |value: &OsString| match takes(given) {
        Takes::Flag => format!("--{}", given.name),
        _ => format!("--{}={}", given.name, value.to_string_lossy()),
    };
    given.values.iter().map(word).collect()
}

fn takes(given: &Given) -> Takes {
    let table = TABLES.iter().find(|table| table.name == given.table);
    let setting = table.and_then(|table| table.settings.iter().find(|setting| setting.name == given.name));
    setting.map_or(Takes::One, |setting| setting.takes)
}

/// Every key of the file in the order of its tables, as `run.trials`.
pub fn workspace_keys() -> Vec<String> {
    let dotted = |table: &str, key: &str| if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
    let keys = |table: &SettingTable| {
        let taken = table.settings.iter().filter(|setting| !matches!(setting.takes, Takes::Nothing(_)));
        taken.map(|setting| dotted(table.name, setting.name)).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(keys).collect()
}

/// The command of a line that clap has parsed already, with the defaults of the file that is in force.
pub(super) fn asked(matches: ArgMatches, typed: &[OsString]) -> Result<Asked, Failure> {
    let file = which(&matches)?;
    let path = command_path(&matches);
    let given = match &file {
        WhichFile::Named(file) => taken(read(file)?, &path, &matches),
        WhichFile::Nearest(Some(file)) if reads(&path) => taken(read(file)?, &path, &matches),
        WhichFile::Nearest(_) | WhichFile::LeftOut => Vec::new(),
    };
    let matches = if given.is_empty() { matches } else { again(&path, &given, typed)? };
    let cli = Cli::from_arg_matches(&matches).map_err(|error| not_parsed(&error))?;
    if let (WhichFile::Named(file) | WhichFile::Nearest(Some(file)), false) = (&file, given.is_empty()) {
        printer::talk(&format!("note: {} gives {}", plain::line(&file.to_string_lossy()), said(&given)));
    }
    Ok(Asked { command: cli.command, line: CommandLine { words: words(typed), given }, file })
}

/// `trials = 7, builds = cold warm`.
fn said(given: &[Given]) -> String {
    let values = |given: &Given| given.values.iter().map(|value| without_login(&value.to_string_lossy())).collect::<Vec<_>>().join(" ");
    let one = |given: &Given| plain::line(&format!("{} = {}", given.name, values(given)));
    given.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn which(matches: &ArgMatches) -> Result<WhichFile, Failure> {
    let left_out = matches.get_flag("no_config");
    match matches.get_one::<PathBuf>("config") {
        Some(_) if left_out => Err(Failure::new(Exit::Usage, "--config and --no-config contradict each other; leave out one of them")),
        Some(file) => Ok(WhichFile::Named(file.clone())),
        None if left_out => Ok(WhichFile::LeftOut),
        // Where the current folder is gone, no file is in it.
        None => Ok(WhichFile::Nearest(std::env::current_dir().ok().and_then(|folder| scenario::find_workspace(&folder)))),
    }
}

/// What the file gives to whom, or that there is none; else what is wrong with it, a line each.
pub(super) fn in_force(file: &WhichFile) -> Result<String, String> {
    let (WhichFile::Named(path) | WhichFile::Nearest(Some(path))) = file else {
        return Ok(match file {
            WhichFile::LeftOut => "none: --no-config".to_owned(),
            _ => format!("none: no {WORKSPACE_FILE} is in this folder, or above it up to the root of the repository"),
        });
    };
    let given = settings(path).map_err(|problems| problems.0.iter().map(in_a_line).collect::<Vec<_>>().join("\n"))?;
    let mut lines = vec![format!("of {}", path.display())];
    for table in TABLES {
        let of: Vec<Given> = given.iter().filter(|given| given.table == table.name).cloned().collect();
        let name = if table.name.is_empty() { String::new() } else { format!("{}: ", table.name) };
        lines.extend((!of.is_empty()).then(|| format!("{name}{}", said(&of))));
    }
    Ok(lines.join("\n"))
}

/// `loadline.toml:3:1: what is wrong`.
fn in_a_line(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| {
        let spot = place.spot.as_ref().map(|spot| format!(":{}:{}", spot.line, spot.column)).unwrap_or_default();
        format!("{}{spot}: ", place.path.display())
    });
    format!("{}{}; {}", place.unwrap_or_default(), problem.message, problem.cure)
}

fn read(file: &Path) -> Result<Vec<Given>, Failure> {
    settings(file).map_err(|problems| Failure::rendered(Exit::Usage, &problems.render(printer::talk_colour())))
}

fn settings(file: &Path) -> Result<Vec<Given>, Problems> {
    scenario::read_workspace(file, &TABLES, &judge)
}

/// What the parser of the command line says of a value.
fn judge(table: &str, key: &str, value: &str) -> Option<Fault> {
    if table.is_empty() {
        // Both keys of the root are paths.
        return None;
    }
    let words = ["loadline".to_owned(), table.to_owned(), format!("--{key}={value}")];
    let error = Cli::command().try_get_matches_from(words).err()?;
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(words))) => Some(Fault::NoneOf(words.clone())),
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, _) => {
            let source = std::error::Error::source(&error);
            Some(Fault::Says(source.map_or_else(|| "it is no value of this option".to_owned(), ToString::to_string)))
        }
        // What else a command line needs is not for one value to say.
        _ => None,
    }
}

/// The command and, where it has one, its own command: `bases`, `build`.
fn command_path(matches: &ArgMatches) -> Vec<&str> {
    let mut path = Vec::new();
    let mut below = matches.subcommand();
    while let Some((name, matches)) = below {
        path.push(name);
        below = matches.subcommand();
    }
    path
}

fn reads(path: &[&str]) -> bool {
    TAKE_SCENARIOS.contains(&path) || matches!(path, [name] if TABLES.iter().any(|table| table.name == *name))
}

/// What of the file is about this command and was neither typed nor left without room by what was.
fn taken(given: Vec<Given>, path: &[&str], matches: &ArgMatches) -> Vec<Given> {
    let root = Cli::command();
    let (mut command, mut typed) = (Some(&root), matches);
    for name in path {
        command = command.and_then(|command| command.find_subcommand(name));
        typed = typed.subcommand_matches(name).unwrap_or(typed);
    }
    let arguments: Vec<&clap::Arg> = command.into_iter().flat_map(clap::Command::get_arguments).collect();
    let line = Typed { matches: typed, arguments: &arguments };
    let about = |given: &Given| given.table.is_empty() || path == [given.table];
    given.into_iter().filter(|given| about(given) && line.has_room_for(given)).collect()
}

/// What was typed behind a command.
struct Typed<'a> {
    matches: &'a ArgMatches,
    arguments: &'a [&'a clap::Arg],
}

impl Typed<'_> {
    /// The id of an option that was typed.
    fn is_typed(&self, id: &str) -> bool {
        self.matches.value_source(id) == Some(ValueSource::CommandLine)
    }

    fn has(&self, option: &str) -> bool {
        self.arguments.iter().any(|argument| argument.get_long() == Some(option) && self.is_typed(argument.get_id().as_str()))
    }

    fn is_host(&self) -> bool {
        self.has("engine") && self.matches.get_raw("engine").is_some_and(|mut values| values.any(|value| value == "host"))
    }

    fn has_room_for(&self, given: &Given) -> bool {
        let Some(argument) = self.arguments.iter().find(|argument| is_of(argument, given)) else { return false };
        let id = argument.get_id().as_str();
        let settled = self.has("resume") && SETTLED_BY_A_RECORD.into_iter().chain(SETTLED).any(|settled| settled == id);
        !self.is_typed(id) && !settled && !self.leaves_out(given)
    }

    /// Whether something else that was typed contradicts a default of the file, or brings one of its own.
    fn leaves_out(&self, given: &Given) -> bool {
        let any = |options: &[&str]| options.iter().any(|option| self.has(option));
        match given.name {
            "results" => any(&["out"]),
            "trials" => any(&["quick", "precision"]),
            "precision" | "warm-up" | "starts" => any(&["quick"]),
            "builds" => any(&["quick"]) || self.is_host(),
            "link" => any(&["registry"]),
            "engine" => given.values == ["host"] && any(&OF_A_PRIVATE_ENGINE),
            option => OF_A_PRIVATE_ENGINE.contains(&option) && self.is_host(),
        }
    }
}

/// Options that only a private engine can follow.
const OF_A_PRIVATE_ENGINE: [&str; 10] =
    ["dockerd", "engine-root", "data-root", "registry-mirror", "cpus", "memory", "bases", "locked", "count-downloads", "download-link"];

/// Whether a setting is about an argument. `trend` has the folder of results as what it reads where nothing is named.
fn is_of(argument: &clap::Arg, given: &Given) -> bool {
    argument.get_long() == Some(given.name) || (given.name == "results" && argument.get_id() == "places")
}

/// Parses the line once more, with what is given as defaults.
fn again(path: &[&str], given: &[Given], typed: &[OsString]) -> Result<ArgMatches, Failure> {
    with_defaults(Cli::command(), path, given).try_get_matches_from(typed).map_err(|error| not_parsed(&error))
}

fn not_parsed(error: &clap::Error) -> Failure {
    Failure::rendered(Exit::Usage, &error.render().ansi().to_string())
}

fn with_defaults(command: clap::Command, path: &[&str], given: &[Given]) -> clap::Command {
    let Some((name, below)) = path.split_first() else {
        return command.mut_args(|argument| match given.iter().find(|given| is_of(&argument, given)) {
            Some(given) => argument.default_values(&given.values),
            None => argument,
        });
    };
    command.mut_subcommands(|sub| if sub.get_name() == *name { with_defaults(sub, below, given) } else { sub })
}

/// The words as typed, but for `--config` and its file, which a record does without.
fn words(typed: &[OsString]) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = typed.iter().map(|word| word.to_string_lossy());
    while let Some(word) = rest.next() {
        match word.as_ref() {
            "--" => {
                words.push(word.into_owned());
                words.extend(rest.by_ref().map(std::borrow::Cow::into_owned));
            }
            "--config" => drop(rest.next()),
            word if word.starts_with("--config=") => {}
            word => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(typed: &[&str], given: Vec<Given>) -> CommandLine {
        CommandLine { words: words(&typed.iter().map(OsString::from).collect::<Vec<_>>()), given }
    }

    fn given(name: &'static str, values: &[&str]) -> Given {
        Given { table: "run", name, values: values.iter().map(OsString::from).collect() }
    }

    #[test]
    fn a_record_has_what_the_file_gave_as_if_it_had_been_typed() {
        let typed = ["loadline", "--config", "run", "run", "--config=x", "--quick", "--", "--config", "app"];
        let given = vec![given("builds", &["cold", "warm"]), given("locked", &["true"]), given("data-root", &["disk"])];
        let whole = ["loadline", "run", "--builds=cold", "--builds=warm", "--locked", "--quick", "--", "--config", "app"];
        assert_eq!(line(&typed, given).whole(&["data-root"]), whole);
        assert_eq!(line(&["loadline", "run"], Vec::new()).whole(&[]), ["loadline", "run"]);
    }

    #[test]
    fn a_login_of_the_file_is_neither_recorded_nor_said() {
        let mirror = vec![given("registry-mirror", &["http://ann:secret@127.0.0.1:5000"])];
        assert_eq!(said(&mirror), "registry-mirror = http://127.0.0.1:5000");
        assert_eq!(line(&["loadline", "run"], mirror).whole(&[])[2], "--registry-mirror=http://127.0.0.1:5000");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_a_file_gives_the_command_line_takes(
            text in "(\\[(run|check|compare|report|trend|weigh|x)\\]\n|(trials|builds|link|engine|cpus|format|strict|limit|measure|baseline|results|[a-z-]{1,6}) = (\"[a-z0-9=,% ]{0,9}\"|\"(cold|json|host|lan|5%)\"|-?[0-9.]{1,4}|true|\\[[\"a-z0-9, ]{0,12}\\])\n|\\PC{0,8}\n){0,3}"
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join(WORKSPACE_FILE);
            std::fs::write(&file, &text).expect("a file");
            for given in settings(&file).unwrap_or_default() {
                let command = if given.table.is_empty() { "run" } else { given.table };
                // The folder of a run, an image, two runs: each command that wants words gets some.
                let typed = ["loadline", command].into_iter().chain(matches!(command, "check" | "report" | "weigh").then_some("x"));
                let typed: Vec<&str> = typed.chain((command == "compare").then_some(["x", "y"]).into_iter().flatten()).collect();
                let matches = with_defaults(Cli::command(), &[command], std::slice::from_ref(&given)).try_get_matches_from(typed);
                prop_assert!(matches.is_ok(), "{given:?}: {}", matches.err().map(|error| error.to_string()).unwrap_or_default());
            }
        }
    }

    #[test]
    fn a_value_is_judged_by_the_parser_of_the_command_line() {
        assert_eq!(judge("run", "trials", "7"), None);
        assert!(matches!(judge("run", "trials", "0"), Some(Fault::Says(text)) if text.contains("1..=1000")));
        assert!(matches!(judge("run", "engine", "hots"), Some(Fault::NoneOf(words)) if words == ["auto", "private", "host"]));
        assert_eq!(judge("check", "format", "junit"), None, "that the folder of a run is missing is no fault of the format");
    }
}
