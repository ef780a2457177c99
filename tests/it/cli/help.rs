//! Help, version, and command lines that are wrong.

use super::Desk;

/// Every command, as it is asked for help.
const COMMANDS: [&[&str]; 19] = [
    &[],
    &["doctor"],
    &["init"],
    &["run"],
    &["weigh"],
    &["list"],
    &["report"],
    &["check"],
    &["compare"],
    &["merge"],
    &["trend"],
    &["history"],
    &["history", "add"],
    &["bases"],
    &["bases", "list"],
    &["bases", "build"],
    &["bases", "prune"],
    &["completions"],
    &["man"],
];

#[test]
fn every_command_explains_itself_on_stdout() {
    let desk = Desk::new();
    for command in COMMANDS {
        let text = desk.run(&[command, &["--help"]].concat()).data();
        let name = if command.is_empty() { "loadline".to_owned() } else { command.join("_") };
        insta::assert_snapshot!(format!("help_{name}"), text);
    }
}

#[test]
fn the_list_of_commands_here_is_the_programs() {
    let help = Desk::new().run(&["--help"]).data();
    let block = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list of commands");
    let told: Vec<&str> =
        block.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")).filter_map(|l| l.split_whitespace().next()).collect();
    let known: Vec<&str> = COMMANDS.iter().filter(|c| c.len() == 1).map(|c| c[0]).collect();
    assert_eq!(told, known);
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(Desk::new().run(&["--version"]).data(), format!("loadline {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_cannot_be_typed_is_refused_on_stderr_with_the_nearest_thing_that_can() {
    let desk = Desk::new();
    for (wrong, near) in [
        (&["lsit"][..], "'list'"),
        (&["run", "--enigne", "host"], "'--engine'"),
        (&["run", "--bases", "standin"], "'stand-in'"),
        (&["report", "x", "--format", "markdwon"], "'markdown'"),
        (&["completions", "bsah"], "'bash'"),
    ] {
        let text = desk.run(wrong).refusal(2);
        assert!(text.contains(near), "{wrong:?}: {text}");
    }
}

#[test]
fn values_out_of_range_and_contradictions_are_refused() {
    let desk = Desk::new();
    for (wrong, why) in [
        (&["run", "--trials", "0"][..], "0 is not in 1..=1000"),
        (&["run", "--trials", "1001"], "1001 is not in 1..=1000"),
        (&["run", "--trials", "many"], "invalid value 'many'"),
        (&["run", "--seed", "x"], "invalid value 'x' for '--seed <N>'"),
        (&["run", "--quick", "--trials", "3"], "'--quick' cannot be used with '--trials <N>'"),
        (&["report"], "<RUN>"),
        (&["bases"], "Usage: loadline bases"),
        (&[], "Usage: loadline"),
    ] {
        let text = desk.run(wrong).refusal(2);
        assert!(text.contains(why), "{wrong:?}: {text}");
    }
}
