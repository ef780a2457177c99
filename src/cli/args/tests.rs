use clap::CommandFactory;

use super::*;

/// Every help text of a command and those below it, with the place it stands at.
fn texts(command: &clap::Command, texts: &mut Vec<(String, String)>) {
    let place = command.get_name().to_owned();
    texts.push((place.clone(), command.get_about().map(ToString::to_string).unwrap_or_default()));
    for argument in command.get_arguments() {
        let place = format!("{place} {}", argument.get_id());
        texts.push((place.clone(), argument.get_help().map(ToString::to_string).unwrap_or_default()));
        for value in argument.get_possible_values().iter().filter(|_| argument.get_id() != "shell") {
            texts.push((format!("{place}={}", value.get_name()), value.get_help().map(ToString::to_string).unwrap_or_default()));
        }
    }
    command.get_subcommands().for_each(|sub| self::texts(sub, texts));
}

#[test]
fn the_arguments_contradict_nothing_that_clap_knows() {
    Cli::command().debug_assert();
}

#[test]
fn every_argument_of_run_is_either_settled_by_a_record_or_of_this_machine_alone() {
    let of_this_machine = ["scenarios", "dockerd", "engine_root", "data_root", "registry_mirror", "message_format", "resume"];
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("there is run");
    let mut all: Vec<&str> = run.get_arguments().map(|argument| argument.get_id().as_str()).collect();
    let mut known: Vec<&str> = SETTLED_BY_A_RECORD.into_iter().chain(SETTLED).chain(of_this_machine).collect();
    all.sort_unstable();
    known.sort_unstable();
    assert_eq!(all, known, "decide whether `--resume` may stand beside a new argument");
}

#[test]
fn every_help_text_starts_with_a_capital_and_has_no_final_period() {
    let mut found = Vec::new();
    texts(&Cli::command(), &mut found);
    // A flag takes no value, and clap says true and false for it without words.
    found.retain(|(place, _)| !place.ends_with("=true") && !place.ends_with("=false"));
    let wrong: Vec<_> = found.iter().filter(|(_, text)| !text.starts_with(char::is_uppercase) || text.ends_with('.')).collect();
    assert!(wrong.is_empty() && found.len() > 40, "{wrong:#?}");
}

#[test]
fn an_image_is_started_five_times_more_and_in_a_first_look_once() {
    let starts = |more: &[&str]| match Cli::try_parse_from([&["loadline", "run"][..], more].concat()).map(|cli| cli.command) {
        Ok(Command::Run(args)) => args.effort.starts,
        other => panic!("{other:?}"),
    };
    assert_eq!([starts(&[]), starts(&["--quick"]), starts(&["--quick", "--starts", "3"]), starts(&["--starts", "0"])], [5, 1, 3, 0]);
}
