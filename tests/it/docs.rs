//! Holds the pages to the files, the commands and the rules that they speak of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use crate::cli::Desk;

/// Hosts of registries that no file may name: which one is asked is the user's choice, not ours. In two halves, so that
/// this file does not name them either.
const HOSTS: [(&str, &str); 15] = [
    ("deb.", "debian.org"),
    ("security.", "debian.org"),
    ("archive.", "ubuntu.com"),
    ("proxy.", "golang.org"),
    ("sum.", "golang.org"),
    ("registry-1.", "docker.io"),
    ("auth.", "docker.io"),
    ("registry.", "npmjs.org"),
    ("files.", "pythonhosted.org"),
    ("pypi", ".org"),
    ("index.", "crates.io"),
    ("static.", "crates.io"),
    ("repo1.maven", ".org"),
    ("repo.maven", ".apache.org"),
    ("dl-cdn.", "alpinelinux.org"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Paths below the repository, from it, of files in `folder` whose names end in `.md`.
fn pages_in(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let names = entries.map(|entry| Path::new(folder).join(entry.expect("an entry").file_name()));
    names.filter(|path| path.extension().is_some_and(|e| e == "md")).collect()
}

/// Every page for people.
fn pages() -> Vec<PathBuf> {
    let mut pages = ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from).to_vec();
    pages.extend(pages_in("docs"));
    let scenarios = std::fs::read_dir(root().join("scenarios")).expect("a folder").map(|entry| entry.expect("an entry").path());
    pages.extend(
        scenarios.filter(|path| path.is_dir()).map(|path| path.join("README.md").strip_prefix(root()).expect("it is below").to_owned()),
    );
    pages.sort();
    pages
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// The text of a page without its fenced code blocks.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let keep = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    };
    text.lines().filter(keep).collect::<Vec<_>>().join("\n")
}

/// Anchors that a page's headings have, as forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = pattern(r"(?m)^#+ +(.+)$");
    let prose = prose(text);
    let anchor = |title: &str| {
        let kept = title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
        kept.trim().replace(' ', "-")
    };
    headings.captures_iter(&prose).map(|found| anchor(&found[1])).collect()
}

#[test]
fn every_relative_link_leads_to_something() {
    let link = pattern(r#"\]\(([^)\s]+)(?: "[^"]*")?\)|(?:src|href)="([^"]+)""#);
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages() {
        let text = read(&page);
        for found in link.captures_iter(&prose(&text)) {
            let target = found.get(1).or(found.get(2)).expect("one of them").as_str();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
            let file = if path.is_empty() { root().join(&page) } else { root().join(&page).parent().expect("a folder").join(path) };
            let there =
                anchor.map_or_else(|| file.exists(), |anchor| std::fs::read_to_string(&file).is_ok_and(|t| anchors(&t).contains(anchor)));
            if !there {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "these lead nowhere:\n{}", broken.join("\n"));
    assert!(followed > 10, "{followed} links were found");
}

#[test]
fn every_page_of_the_folder_is_linked_from_another() {
    let all: Vec<(PathBuf, String)> = pages().into_iter().map(|page| (page.clone(), read(&page))).collect();
    for page in pages_in("docs") {
        let name = page.file_name().expect("a name").to_string_lossy().into_owned();
        let linked =
            all.iter().any(|(other, text)| *other != page && text.contains(&format!("{name})")) || text.contains(&format!("{name}#")));
        assert!(linked, "nothing leads to {}", page.display());
    }
}

/// Command lines of loadline in a page: lines of fenced blocks that are not programs or configuration, and inline code.
fn command_lines(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(language.trim().to_owned()) };
        } else if block.as_deref().is_some_and(|language| matches!(language, "" | "console" | "sh" | "shell" | "bash" | "text")) {
            found.extend(invocation(line.trim()));
        }
    }
    let inline = pattern("`([^`\n]+)`");
    found.extend(inline.captures_iter(&prose(text)).filter_map(|code| invocation(&code[1])));
    found
}

/// The arguments of the line's call of loadline, if it is one: `$ sudo target/release/loadline run x | head` is `run x`.
fn invocation(line: &str) -> Option<String> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let prefix = pattern(r"^(?:(?:sudo|[A-Z_]+=\S+) )*(?:(?:\./)?target/(?:release|debug)/|\./)?loadline(?: |$)");
    let cargo = pattern(r"^cargo run (?:--release )?-- ");
    let rest = prefix.find(line).or_else(|| cargo.find(line)).map(|start| &line[start.end()..])?;
    let end = pattern(r" [|>#&]|;|…").find(rest).map_or(rest.len(), |found| found.start());
    Some(rest[..end].trim().to_owned())
}

#[test]
fn every_command_line_that_a_page_shows_can_be_typed() {
    let desk = Desk::new();
    let mut wrong = Vec::new();
    let mut tried = BTreeSet::new();
    for page in pages() {
        for line in command_lines(&read(&page)) {
            if line.is_empty() || !tried.insert(line.clone()) {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['\'', '"'])).collect();
            // Help is asked for last: what stands before it is parsed first, and nothing is done.
            let ran = desk.run(&[&words[..], &["--help"]].concat());
            if ran.code != Some(0) {
                wrong.push(format!("{}: loadline {line}\n{}", page.display(), ran.err));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried.len() > 15, "{tried:?}");
}

#[test]
fn a_command_line_is_found_in_its_surroundings() {
    assert_eq!(invocation("$ sudo target/release/loadline run path --quick"), Some("run path --quick".to_owned()));
    assert_eq!(invocation("LOADLINE_CACHE_DIR=/x loadline bases build | tail"), Some("bases build".to_owned()));
    assert_eq!(invocation("cargo run -- doctor                # what it can do"), Some("doctor".to_owned()));
    assert_eq!(invocation("loadline run … --seed 1"), Some("run".to_owned()));
    assert_eq!(invocation("ls /run/loadline"), None);
}

#[test]
fn the_page_of_commands_names_every_command() {
    let page = read(Path::new("docs/commands.md"));
    let help = Desk::new().run(&["--help"]).data();
    let block = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list of commands");
    for line in block.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let command = format!("`loadline {}", line.split_whitespace().next().expect("a word"));
        assert!(page.contains(&command), "docs/commands.md does not say {command}");
    }
}

#[test]
fn no_file_names_the_host_of_a_registry() {
    let output = Command::new("git").args(["-c", "safe.directory=*", "ls-files", "-z"]).current_dir(root()).output().expect("git starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tracked = String::from_utf8(output.stdout).expect("names are text");
    let mut named = Vec::new();
    // Lock files are written by cargo and name where crates come from.
    for name in tracked.split('\0').filter(|name| !name.is_empty() && !name.ends_with("Cargo.lock")) {
        // A tracked file may be gone from the work tree while someone works on it.
        let Ok(bytes) = std::fs::read(root().join(name)) else { continue };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let hosts = HOSTS.iter().map(|(first, second)| format!("{first}{second}")).filter(|host| text.contains(host.as_str()));
        named.extend(hosts.map(|host| format!("{name}: {host}")));
    }
    assert!(named.is_empty(), "name no registry's host:\n{}", named.join("\n"));
    assert!(tracked.contains("Cargo.toml\0"), "{tracked}");
}
