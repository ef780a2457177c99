//! Two lanes: what is made when, what is loaded together, and what one failure costs.

use proptest::prelude::*;

use super::super::lanes::{Board, Turn};
use super::*;

const fn child(name: &'static str, parents: &'static [&'static str], text: &'static str) -> Recipe {
    Recipe { name, parents, method: Method::Dockerfile(text), ..PLAIN }
}

const fn root(name: &'static str) -> Recipe {
    let method = Method::DebianRoot { suite: "test", include: &[], hook: "true", epoch: 7, changes: &[] };
    Recipe { name, method, ..PLAIN }
}

/// Two families, with a chain that stands last in the table.
static FAMILIES: [Recipe; 9] = [
    root("one:1"),
    root("two:1"),
    child("one:a", &["one:1"], "FROM one:1\nRUN a\n"),
    child("one:b", &["one:1"], "FROM one:1\nRUN b\n"),
    child("two:a", &["two:1"], "FROM two:1\nRUN a\n"),
    child("two:bad", &["two:1"], "FROM two:1\nRUN false\n"),
    child("two:worse", &["two:bad"], "FROM two:bad\nRUN a\n"),
    child("one:chain", &["one:1"], "FROM one:1\nRUN c\n"),
    child("one:end", &["one:chain"], "FROM one:chain\nRUN d\n"),
];

static PAIRS: [Recipe; 3] =
    [root("one:1"), child("pair:a", &["one:1"], "FROM one:1\nRUN a\n"), child("pair:b", &["one:1"], "FROM one:1\nRUN b\n")];

static ROOTS: [Recipe; 2] = [
    root("one:1"),
    Recipe { method: Method::DebianRoot { suite: "two", include: &[], hook: "true", epoch: 7, changes: &[] }, ..root("two:1") },
];

async fn ask(machine: &Machine, recipes: &'static [Recipe], references: &[&str]) -> Result<Provided, BaseError> {
    let maker = Maker { tools: machine.tools(), recipes, certificates: Certificates::default(), owner: None };
    machine.ask_with(references, BaseChoice::StandIn, false, maker).await
}

fn all(recipes: &'static [Recipe]) -> Vec<&'static str> {
    recipes.iter().map(|recipe| recipe.name).collect()
}

#[tokio::test]
async fn two_stand_ins_are_built_at_once() {
    let machine = Machine::new();
    // Each of the two builds waits until the other has begun.
    let provided = ask(&machine, &PAIRS, &["pair:a", "pair:b"]).await.expect("stand-ins");
    assert_eq!((provided.images.len(), provided.spent.made, provided.spent.loaded), (2, 3, 0));
    let again = ask(&machine, &PAIRS, &["pair:a", "pair:b"]).await.expect("stand-ins");
    assert_eq!((again.spent.made, again.spent.loaded, again.spent.making), (0, 2, Duration::ZERO));
}

#[tokio::test]
async fn never_are_three_built_at_once_and_a_failure_costs_its_children_alone() {
    let machine = Machine::new();
    let provided = ask(&machine, &FAMILIES, &all(&FAMILIES)).await.expect("stand-ins");
    assert!((1..=2).contains(&machine.engine.builds.lock().expect("no poison").1));
    // The engine refuses a build whose parent it does not have: parents came first.
    assert_eq!(provided.missing.keys().collect::<Vec<_>>(), ["two:bad", "two:worse"]);
    assert_eq!(provided.missing["two:worse"], provided.missing["two:bad"], "the parent's reason");
    assert_eq!(provided.images.len(), 7);
    assert!(!machine.engine.take_calls().contains(&"build two:worse".to_owned()));
}

#[tokio::test]
async fn only_what_is_named_and_its_parents_are_made() {
    let machine = Machine::new();
    ask(&machine, &FAMILIES, &["one:b"]).await.expect("stand-ins");
    let made: Vec<_> =
        machine.engine.take_calls().into_iter().filter(|call| call.starts_with("build") || call.starts_with("import")).collect();
    assert_eq!(made, ["import one:1 ", "build one:b"]);
    assert_eq!((machine.images().len(), machine.engine.names()), (2, vec!["one:b".to_owned()]));
}

#[tokio::test]
async fn images_that_share_layers_are_loaded_out_of_one_archive() {
    let machine = Machine::new();
    let names = ["one:1", "one:a", "one:b", "one:end"];
    ask(&machine, &FAMILIES, &names).await.expect("stand-ins");
    machine.engine.archives.lock().expect("no poison").clear();
    let provided = ask(&machine, &FAMILIES, &names).await.expect("stand-ins");
    assert!(provided.images.values().all(|image| image.from_cache));
    assert_eq!(*machine.engine.archives.lock().expect("no poison"), [5], "the root, a, b, chain and end, each once");
}

#[tokio::test]
async fn a_damaged_layer_costs_only_the_images_that_have_it() {
    let machine = Machine::new();
    let names = ["one:a", "one:b", "one:end"];
    ask(&machine, &FAMILIES, &names).await.expect("stand-ins");
    let own = |machine: &Machine, text: &str| {
        let holds = |path: &PathBuf| {
            let tar = tar_of("version", text);
            std::fs::read_to_string(path).is_ok_and(|entry| entry.contains(&super::super::layer::digest_of(&tar)))
        };
        machine.images().into_iter().filter(holds).count()
    };
    assert_eq!(own(&machine, "FROM one:1\nRUN c\n"), 2, "chain, and end on it");
    let damaged = super::super::layer::digest_of(&tar_of("version", "FROM one:1\nRUN c\n"));
    let path = machine.cache().join("bases/v1/layers").join(format!("{}.tar.gz", damaged.trim_start_matches("sha256:")));
    flip_a_byte(&path);
    machine.engine.take_calls();

    let again = ask(&machine, &FAMILIES, &names).await.expect("stand-ins");
    assert!(again.warnings.iter().all(|warning| warning.contains("is damaged or missing")), "{:?}", again.warnings);
    let built: Vec<_> = machine.engine.take_calls().into_iter().filter(|call| call.starts_with("build")).collect();
    assert_eq!(built, ["build one:chain", "build one:end"]);
    let cached: Vec<bool> = names.iter().map(|name| again.images[*name].from_cache).collect();
    assert_eq!((cached, again.warnings.len()), (vec![true, true, false], 2), "the parent is found damaged when it is needed");
}

#[tokio::test]
async fn what_goes_wrong_in_one_lane_ends_the_other() {
    let machine = Machine::new();
    machine.script("echo $$ >>\"$(dirname \"$0\")/started\"; case \"$*\" in *two*) while test $(wc -l <\"$(dirname \"$0\")/started\") -lt 2; do sleep 0.01; done; exit 3 ;; esac; exec sleep 600");
    let error = ask(&machine, &ROOTS, &["one:1", "two:1"]).await.expect_err("one root cannot be made").to_string();
    assert!(error.contains("the Debian root of two:1 (exit status: 3)"), "{error}");
    let started = std::fs::read_to_string(machine.folder.path().join("started")).expect("both began");
    let runs = |pid: &str| {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    for _ in 0..500 {
        if !started.lines().any(runs) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((started.lines().count(), started.lines().filter(|pid| runs(pid)).count()), (2, 0));
    assert!(machine.images().is_empty() && machine.engine.names().is_empty());
}

#[test]
fn the_longest_chain_comes_first_and_else_the_order_of_the_table() {
    let mut board = Board::new(&FAMILIES.iter().collect::<Vec<_>>());
    let mut turns = Vec::new();
    loop {
        match board.turn() {
            Turn::Make(recipe) => {
                turns.push(recipe.name);
                board.built(recipe.name, None);
            }
            Turn::Wait => panic!("nothing is under way"),
            Turn::End => break,
        }
    }
    assert_eq!(turns, ["one:1", "two:1", "two:bad", "one:chain", "one:a", "one:b", "two:a", "two:worse", "one:end"]);
}

proptest! {
    #[test]
    fn whatever_ends_when_everything_is_made_after_its_parents_or_fails_with_one(choices in proptest::collection::vec((any::<bool>(), 0_u8..8), 40)) {
        let mut board = Board::new(&FAMILIES.iter().collect::<Vec<_>>());
        let (mut working, mut made, mut failed): (Vec<&Recipe>, Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new(), Vec::new());
        for (first, luck) in choices {
            while working.len() < 2 && let Turn::Make(recipe) = board.turn() {
                prop_assert!(recipe.parents.iter().all(|parent| made.contains(parent)), "{} before its parent", recipe.name);
                working.push(recipe);
            }
            if working.is_empty() {
                break;
            }
            let recipe = working.remove(if first { 0 } else { working.len() - 1 });
            let failure = (luck == 0).then(|| recipe.name.to_owned());
            if failure.is_some() { failed.push(recipe.name) } else { made.push(recipe.name) }
            board.built(recipe.name, failure);
        }
        prop_assert!(working.is_empty() && board.turn() == Turn::End);
        for recipe in FAMILIES.iter().filter(|recipe| !made.contains(&recipe.name) && !failed.contains(&recipe.name)) {
            let ancestors = std::iter::successors(Some(recipe), |recipe| FAMILIES.iter().find(|other| recipe.parents.contains(&other.name)));
            prop_assert!(ancestors.skip(1).any(|ancestor| failed.contains(&ancestor.name)), "{} was forgotten", recipe.name);
        }
    }
}
