//! The scenario in Python: what it shows, and that it can be measured where no registry answers.

use std::collections::BTreeSet;
use std::fs;

use loadline::dockerfile::{Dockerfile, VariantKind};
use loadline::rig::bases::recipes;
use loadline::scenario::{Scenario, parse_scenario};

use super::repository;

fn python_api() -> Scenario {
    parse_scenario(&repository().join("scenarios/python-api/scenario.toml")).expect("the scenario is right")
}

#[test]
fn python_api_shows_one_single_and_two_multi_stage_builds() {
    let scenario = python_api();
    let kinds: Vec<_> = scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.kind)).collect();
    let (single, multi) = (VariantKind::SingleStage, VariantKind::MultiStage);
    assert_eq!(kinds, [("single", single), ("multi", multi), ("prefix", multi)]);
    assert_eq!(scenario.smoke.check().expect("a check").port, 8080);
}

#[test]
fn every_base_of_the_python_scenario_has_a_stand_in() {
    let known: BTreeSet<&str> = recipes().iter().map(|recipe| recipe.name).collect();
    for variant in python_api().variants {
        let text = fs::read_to_string(&variant.dockerfile).expect("it is there");
        let bases = Dockerfile::parse(&text).expect("it parses").bases(variant.target.as_deref(), &variant.build_args);
        for base in bases.expect("its bases are known") {
            assert!(known.contains(base.reference.as_str()), "{}: {}", variant.name, base.reference);
        }
    }
}

#[test]
fn requirements_name_no_registry_and_hold_every_package_by_version_and_hashes() {
    for name in ["requirements.txt", "requirements-dev.txt"] {
        let text = fs::read_to_string(repository().join("scenarios/python-api").join(name)).expect("it is there");
        assert!(!text.contains("://") && !text.contains("index-url"), "{name}");
        let joined = text.replace("\\\n", " ");
        let packages: Vec<&str> = joined.lines().filter(|line| !line.trim_start().starts_with('#') && !line.starts_with("-r ")).collect();
        assert!(packages.len() > 5, "{name}: {packages:?}");
        for package in packages {
            let (version, hashes) = package.split_once(' ').unwrap_or((package, ""));
            assert!(version.contains("=="), "{name}: {package}");
            let hashes: Vec<&str> = hashes.split_whitespace().collect();
            assert!(!hashes.is_empty() && hashes.iter().all(|hash| hash.starts_with("--hash=sha256:")), "{name}: {package}");
        }
    }
}
