//! The scenarios on Node.js and nginx: what they show, and that it can be measured where no registry answers.

use std::collections::BTreeSet;
use std::fs;

use loadline::dockerfile::{Dockerfile, VariantKind};
use loadline::rig::bases::recipes;
use loadline::scenario::{Scenario, parse_scenario};

use super::repository;

fn scenario(name: &str) -> Scenario {
    parse_scenario(&repository().join("scenarios").join(name).join("scenario.toml")).expect("the scenario is right")
}

fn kinds(scenario: &Scenario) -> Vec<(&str, VariantKind)> {
    scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.kind)).collect()
}

#[test]
fn node_api_shows_one_single_and_three_multi_stage_builds() {
    let (single, multi) = (VariantKind::SingleStage, VariantKind::MultiStage);
    assert_eq!(kinds(&scenario("node-api")), [("single", single), ("multi", multi), ("alpine", multi), ("copy-all", multi)]);
    assert_eq!(kinds(&scenario("react-spa")), [("single", single), ("multi", multi)]);
}

#[test]
fn every_base_of_the_javascript_scenarios_has_a_stand_in() {
    let known: BTreeSet<&str> = recipes().iter().map(|recipe| recipe.name).collect();
    for scenario in [scenario("node-api"), scenario("react-spa")] {
        assert_eq!(scenario.smoke.check().expect("a check").port, 8080);
        for variant in &scenario.variants {
            let text = fs::read_to_string(&variant.dockerfile).expect("it is there");
            let dockerfile = Dockerfile::parse(&text).expect("it parses");
            let bases = dockerfile.bases(variant.target.as_deref(), &variant.build_args).expect("its bases are known");
            for base in bases {
                assert!(known.contains(base.reference.as_str()), "{}/{}: {}", scenario.name, variant.name, base.reference);
            }
        }
    }
}

#[test]
fn lock_files_name_no_registry_and_hold_every_package_by_its_hash() {
    for name in ["node-api", "react-spa"] {
        let text = fs::read_to_string(repository().join("scenarios").join(name).join("package-lock.json")).expect("it is there");
        let lock: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let packages = lock["packages"].as_object().expect("packages");
        assert!(packages.len() > 50, "{name}");
        for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
            assert!(package["resolved"].is_null(), "{name}: {path}");
            assert!(package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")), "{name}: {path}");
        }
    }
}
