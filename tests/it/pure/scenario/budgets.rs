//! The `[budgets.NAME]` tables: what they say, what is refused, and how a limit is lowered in its file.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use loadline::budget::{Budget, Increase, Limit};
use loadline::measure::Measure;
use loadline::scenario::{Problems, discover, parse_scenario, read_budgets, with_max};
use tempfile::TempDir;

use super::{messages, shown};

const HEAD: &str = "name = \"app\"
language = \"go\"
[variants.single]
dockerfile = \"Dockerfile\"
[variants.multi]
dockerfile = \"Dockerfile\"
[variants.broken]
dockerfile = \"Dockerfile\"
expect = \"build-failure\"
[smoke]
port = 1
[edits.source]
file = \"a.txt\"
find = \"one\"
replace = \"two\"
";

/// A scenario of two working variants and one that is meant to fail, with an edit `source`, above `budgets`.
fn folder(budgets: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY a.txt /\n").expect("written");
    fs::write(folder.path().join("a.txt"), "one").expect("written");
    let file = folder.path().join("scenario.toml");
    fs::write(&file, format!("{HEAD}{budgets}")).expect("written");
    (folder, file)
}

fn parse(budgets: &str) -> Result<Vec<Budget>, Problems> {
    let (_folder, file) = folder(budgets);
    parse_scenario(&file).map(|scenario| scenario.budgets)
}

fn max(value: f64, written: &str) -> Limit {
    Limit::Max { value, written: written.to_owned() }
}

#[test]
fn every_key_of_a_budget_reaches_the_model_in_the_order_of_the_file() {
    let budgets = parse(
        "[budgets.size]\nmeasure = \"transfer-size\"\nvariants = [\"multi\"]\nmax = \"25 MB\"\nmax-increase = \"+200 kB\"\nmax-ratio-to = { single = \"20 %\" }\nreason = \"it is pulled at night\"\n\
         [budgets.layers]\nmax-layers = 12\n\
         [budgets.update]\nmeasure = \"delta-transfer-size\"\ncache = \"edit\"\nedit = \"source\"\ndefinition = \"chain\"\nmax = \"12 MiB\"\n\
         [budgets.pull]\nmeasure = \"pull-time\"\nlink = \"20MBit, 30ms\"\nmax = \"90 s\"\nmax-increase = \"10%\"\n\
         [budgets.share]\nmeasure = \"live-size\"\nmax-ratio-to = { single = \"50.5%\" }\n",
    )
    .expect("they are right");
    let [size, layers, update, pull, share] = budgets.as_slice() else { panic!("{budgets:?}") };
    let written = |text: &str| text.to_owned();
    assert_eq!((size.scenario.as_str(), size.name.as_str(), size.measure), ("app", "size", Measure::TransferSize));
    assert_eq!((&size.variants[..], size.reason.as_deref()), (&[written("multi")][..], Some("it is pulled at night")));
    let increase = Limit::MaxIncrease { by: Increase::Amount(200_000.0), written: written("+200 kB") };
    let ratio = Limit::MaxRatio { to: written("single"), share: 0.2, written: written("20 %") };
    assert_eq!(size.limits, [max(25e6, "25 MB"), increase, ratio]);
    assert_eq!(size.place.as_ref().map(|place| place.line), Some(16));
    assert_eq!((layers.measure, &layers.limits[..]), (Measure::LayerCount, &[max(12.0, "12")][..]));
    assert_eq!(layers.variants, ["single", "multi"], "all that are meant to work");
    assert_eq!(
        (update.cache_state.as_str(), update.edit.as_deref(), update.definition.as_deref()),
        ("edit", Some("source"), Some("chain"))
    );
    assert_eq!((pull.link.as_deref(), pull.cache_state.as_str(), &pull.limits[0]), (Some("20mbit,30ms"), "cold", &max(90.0, "90 s")));
    assert_eq!(share.variants, ["multi"], "nothing is held against itself");
    assert!(budgets.iter().all(|budget| budget.problem().is_none()), "a record takes them");
}

/// Bad budgets: a name for each, and the keys of its table.
const BAD: [(&str, &str); 44] = [
    ("nothing", ""),
    ("no-measure", "max = \"25 MB\""),
    ("no-limit", "measure = \"transfer-size\""),
    ("slip", "measure = \"transfersize\"\nmax = \"25 MB\""),
    ("number", "measure = \"D3\"\nmax = \"25 MB\""),
    ("far", "measure = \"weight\"\nmax = \"25 MB\""),
    ("host-fact", "measure = \"disk-usage\"\nmax = \"25 MB\""),
    ("host-number", "measure = \"D5\"\nmax = \"25 MB\""),
    ("bare", "measure = \"transfer-size\"\nmax = 25"),
    ("bare-text", "measure = \"transfer-size\"\nmax = \"25\""),
    ("nan", "measure = \"transfer-size\"\nmax = nan"),
    ("infinite", "measure = \"transfer-size\"\nmax = inf"),
    ("negative", "measure = \"transfer-size\"\nmax = \"-5 MB\""),
    ("zero", "measure = \"transfer-size\"\nmax = \"0 MB\""),
    ("time-for-bytes", "measure = \"transfer-size\"\nmax = \"90 s\""),
    ("bytes-for-time", "measure = \"build-time\"\nmax = \"90 MB\""),
    ("unit-for-count", "measure = \"file-count\"\nmax = \"90 MB\""),
    ("half-a-layer", "measure = \"layer-count\"\nmax = \"1.5\""),
    ("unit", "measure = \"transfer-size\"\nmax = \"25 Mo\""),
    ("huge", "measure = \"transfer-size\"\nmax = \"99999999 GB\""),
    ("share-of-nothing", "measure = \"transfer-size\"\nmax = \"20 %\""),
    ("wild-share", "measure = \"transfer-size\"\nmax-increase = \"5000 %\""),
    ("shrink", "measure = \"transfer-size\"\nmax-increase = \"-1 %\""),
    ("fine-share", "measure = \"transfer-size\"\nmax-increase = \"0.00001 %\""),
    ("no-noise", "measure = \"build-time\"\nmax-increase = \"0 %\""),
    ("no-share", "measure = \"transfer-size\"\nmax-ratio-to = { single = \"0.2\" }"),
    ("two-others", "measure = \"transfer-size\"\nmax-ratio-to = { single = \"20 %\", multi = \"20 %\" }"),
    ("ratio-text", "measure = \"transfer-size\"\nmax-ratio-to = \"single\""),
    ("no-other", "measure = \"transfer-size\"\nmax-ratio-to = { singel = \"20 %\" }"),
    ("itself", "measure = \"transfer-size\"\nvariants = [\"multi\"]\nmax-ratio-to = { multi = \"20 %\" }"),
    ("failing-other", "measure = \"transfer-size\"\nmax-ratio-to = { broken = \"20 %\" }"),
    ("no-variant", "measure = \"transfer-size\"\nvariants = [\"mutli\"]\nmax = \"25 MB\""),
    ("failing", "measure = \"transfer-size\"\nvariants = [\"broken\"]\nmax = \"25 MB\""),
    ("none-named", "measure = \"transfer-size\"\nvariants = []\nmax = \"25 MB\""),
    ("named-twice", "measure = \"transfer-size\"\nvariants = [\"multi\", \"multi\"]\nmax = \"25 MB\""),
    ("no-list", "measure = \"transfer-size\"\nvariants = \"multi\"\nmax = \"25 MB\""),
    ("lukewarm", "measure = \"build-time\"\ncache = \"warmer\"\nmax = \"9 s\""),
    ("which-edit", "measure = \"build-time\"\ncache = \"edit\"\nmax = \"9 s\""),
    ("edit-of-cold", "measure = \"build-time\"\nedit = \"source\"\nmax = \"9 s\""),
    ("no-edit", "measure = \"build-time\"\ncache = \"edit\"\nedit = \"sauce\"\nmax = \"9 s\""),
    ("cold-update", "measure = \"delta-transfer-size\"\ndefinition = \"chain\"\nmax = \"9 MB\""),
    ("which-delta", "measure = \"delta-transfer-size\"\ncache = \"warm\"\nmax = \"9 MB\""),
    ("weighed-warm", "measure = \"uncompressed-size\"\ncache = \"warm\"\nmax = \"9 MB\""),
    ("one-definition", "measure = \"transfer-size\"\ndefinition = \"chain\"\nmax = \"9 MB\""),
];

/// More of them: a file shows 50 problems at most.
const WORSE: [(&str, &str); 15] = [
    ("Bad-Name", "max-layers = 3"),
    ("layers-too", "measure = \"transfer-size\"\nmax-layers = 3"),
    ("layers-twice", "measure = \"layer-count\"\nmax = \"3\"\nmax-layers = 3"),
    ("no-layer", "max-layers = 0"),
    ("no-link", "measure = \"pull-time\"\nmax = \"9 s\"\nlink = \"fast\""),
    ("steered", "max-layers = 3\nreason = \"a\\u001b[2Jb\""),
    ("silent", "max-layers = 3\nreason = \"\""),
    ("unknown-key", "measure = \"transfer-size\"\nmaximum = \"25 MB\""),
    ("no-lower-bound", "max-layers = 3\nmin = \"25 MB\""),
    ("layers", "measure = \"layers\"\nmax = 3"),
    ("plus", "measure = \"transfer-size\"\nmax = \"+1 MB\""),
    ("bits", "measure = \"transfer-size\"\nmax = \"25 Mb\""),
    ("bare-increase", "measure = \"transfer-size\"\nmax-increase = \"1\""),
    ("Worse-Name", "measure = \"transfer-size\"\nmax = \"25\""),
    ("two-at-once", "measure = \"transfer-size\"\nmax = \"25\"\nmax-increase = \"x\""),
];

fn tables(cases: &[(&str, &str)]) -> String {
    cases.iter().map(|(name, keys)| format!("[budgets.{name}]\n{keys}\n")).collect::<Vec<_>>().concat()
}

#[test]
fn every_budget_that_nothing_can_be_held_to_is_refused_with_its_line_and_a_cure() {
    for (part, cases, more) in [("keys", &BAD[..], 0), ("rest", &WORSE[..], 2)] {
        let (folder, file) = folder(&tables(cases));
        let problems = parse_scenario(&file).expect_err("none of them is right");
        assert_eq!(messages(&problems).len(), cases.len() + more, "{problems}");
        assert_snapshot!(format!("bad_budgets_{part}"), shown(&problems, folder.path()));
        assert_eq!(read_budgets(&[file]).expect_err("nor by itself"), problems, "both ways to read them say the same");
    }
}

#[test]
fn numbers_are_read_in_every_way_that_toml_writes_them() {
    let budgets = parse(
        "[budgets.files]\nmeasure = \"file-count\"\nmax = 1_000\n[budgets.hex]\nmeasure = \"file-count\"\nmax = 0x10\n\
         [budgets.point]\nmeasure = \"file-count\"\nmax = 1_000.0\n[budgets.more]\nmeasure = \"file-count\"\nmax-increase = +2\n",
    )
    .expect("they are right");
    let limits: Vec<&Limit> = budgets.iter().flat_map(|budget| &budget.limits).collect();
    let more = Limit::MaxIncrease { by: Increase::Amount(2.0), written: "2".to_owned() };
    assert_eq!(limits, [&max(1e3, "1000"), &max(16.0, "16"), &max(1e3, "1000.0"), &more]);
    assert!(budgets.iter().all(|budget| budget.problem().is_none()), "a record takes them");
}

#[test]
fn a_long_reason_and_too_many_budgets_are_refused() {
    let long = parse(&format!("[budgets.size]\nmax-layers = 3\nreason = \"{}\"\n", "a".repeat(301))).expect_err("too long");
    assert_eq!(messages(&long), ["'budgets.size.reason' has more than 300 characters"]);
    let many = (0..201).map(|n| format!("[budgets.b{n:03}]\nmax-layers = 3\n")).collect::<Vec<_>>().concat();
    assert_eq!(messages(&parse(&many).expect_err("too many")), ["there are more than 200 budgets"]);
}

#[test]
fn budgets_are_read_without_the_app_from_files_folders_and_folders_of_folders() {
    let (folder, file) = folder("[budgets.size]\nmax-layers = 3\n");
    fs::remove_file(folder.path().join("Dockerfile")).expect("removed");
    fs::remove_file(folder.path().join("a.txt")).expect("removed");
    let elsewhere = folder.path().join("base.toml");
    fs::copy(&file, &elsewhere).expect("copied");
    let all = folder.path().join("all");
    for (name, text) in [("one", HEAD.to_owned()), ("two", HEAD.replace("\"app\"", "\"other\""))] {
        fs::create_dir_all(all.join(name)).expect("a folder");
        fs::write(all.join(name).join("scenario.toml"), format!("{text}[budgets.size]\nmax-layers = 3\n")).expect("written");
    }
    let read = |path: &Path| read_budgets(&[path.to_owned()]).expect("they are right").len();
    assert_eq!((read(&file), read(&elsewhere), read(folder.path()), read(&all)), (1, 1, 1, 2));
    let twice = read_budgets(&[file.clone(), elsewhere]).expect_err("the same scenario in two files");
    assert_eq!(messages(&twice), ["a second scenario is named 'app'"]);
    let by_two_paths = [file, all.join("../scenario.toml"), folder.path().to_owned()];
    assert_eq!(read_budgets(&by_two_paths).expect("it is one file").len(), 1);
    let nothing = TempDir::new().expect("a folder");
    let gone = nothing.path().join("gone");
    let problems = read_budgets(&[nothing.path().to_owned(), gone]).expect_err("nothing there");
    assert_eq!(problems.0.len(), 2, "all at once: {problems}");
}

#[test]
fn a_folder_of_budgets_is_searched_as_for_a_run() {
    let (folder, file) = folder("[budgets.size]\nmax-layers = 3\n");
    let all = folder.path().join("all");
    for name in ["app", ".hidden", "bare"] {
        fs::create_dir_all(all.join(name)).expect("a folder");
        fs::write(all.join(name).join("Dockerfile"), "FROM scratch\nCOPY a.txt /\n").expect("written");
        fs::write(all.join(name).join("a.txt"), "one").expect("written");
    }
    fs::copy(&file, all.join("app/scenario.toml")).expect("copied");
    fs::write(all.join(".hidden/scenario.toml"), "no TOML").expect("written");
    let said = |problems: Problems| messages(&problems).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let by_run = |path: &Path| {
        let found = discover(Path::new("nowhere"), &[path.display().to_string()]).map_err(said)?;
        Ok::<_, Vec<String>>(found.scenarios.into_iter().flat_map(|scenario| scenario.budgets).collect::<Vec<_>>())
    };
    let alone = |path: &Path| read_budgets(&[path.to_owned()]).map_err(said);
    for (path, budgets) in [(all.clone(), 1), (all.join("bare"), 0)] {
        assert_eq!(alone(&path).expect("they are right").len(), budgets, "{}", path.display());
        assert_eq!(alone(&path), by_run(&path));
    }
    assert_eq!(alone(&all.join(".hidden")), by_run(&all.join(".hidden")), "by its name it is read, and is wrong");
    fs::remove_dir_all(all.join("app")).expect("removed");
    assert_eq!(alone(&all).expect_err("nothing is left"), ["there are no scenarios in this folder"]);
    assert!(by_run(&all).is_err_and(|messages| messages.contains(&"there are no scenarios in this folder".to_owned())));
}

#[test]
fn a_limit_is_lowered_in_its_place_and_every_other_byte_stays() {
    let text = "\n# what a node can hold\n[budgets.size]   # of all\nmeasure = 'transfer-size'\r\n  max   =   '25 MB' # for now\n\n[budgets.layers]\nmax-layers = 1_2#!\n[budgets.files]\nmeasure=\"file-count\"\nmax=900\n";
    let (_folder, file) = folder(text);
    let budgets = read_budgets(std::slice::from_ref(&file)).expect("they are right");
    let lowered: Vec<(&Budget, Limit)> = budgets.iter().zip([max(7e6, "7 MB"), max(9.0, "9"), max(812.0, "812")]).collect();
    let rewritten = with_max(&file, &lowered).expect("they can be lowered");
    assert_eq!(rewritten.before, format!("{HEAD}{text}"));
    let after = text.replace("'25 MB'", "\"7 MB\"").replace("1_2#", "9#").replace("900", "812");
    assert_eq!(rewritten.after, format!("{HEAD}{after}"));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), rewritten.before, "nothing was written");
}

#[test]
fn a_limit_that_is_not_the_one_that_was_judged_is_left_as_it_is() {
    let (_folder, file) = folder("[budgets.size]\nmeasure = \"transfer-size\"\nmax = \"25 MB\"\n");
    let mut budget = read_budgets(std::slice::from_ref(&file)).expect("it is right").remove(0);
    budget.limits = vec![max(26e6, "26 MB")];
    let problems = with_max(&file, &[(&budget, max(7e6, "7 MB"))]).expect_err("another limit");
    assert_eq!(messages(&problems), ["the budget 'size' is not as it was judged, so its limit is left as it is"]);
}
