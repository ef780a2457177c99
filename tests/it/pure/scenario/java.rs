//! The scenario on the Java virtual machine: what it shows, and that it can be measured where no registry answers.

use std::collections::BTreeSet;
use std::fs;

use loadline::dockerfile::{Dockerfile, VariantKind};
use loadline::rig::bases::recipes;
use loadline::scenario::{Scenario, parse_scenario};

use super::repository;

fn java_api() -> Scenario {
    parse_scenario(&repository().join("scenarios/java-api/scenario.toml")).expect("the scenario is right")
}

#[test]
fn java_api_shows_one_single_and_two_multi_stage_builds() {
    let (single, multi) = (VariantKind::SingleStage, VariantKind::MultiStage);
    let scenario = java_api();
    let kinds: Vec<_> = scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.kind)).collect();
    assert_eq!(kinds, [("single", single), ("multi", multi), ("layered", multi)]);
    let check = scenario.smoke.check().expect("a check");
    assert!(check.port == 8080 && check.timeout.as_secs() >= 60, "a virtual machine needs time to start");
}

#[test]
fn every_base_of_java_api_has_a_stand_in() {
    let known: BTreeSet<&str> = recipes().iter().map(|recipe| recipe.name).collect();
    for variant in &java_api().variants {
        let text = fs::read_to_string(&variant.dockerfile).expect("it is there");
        let bases = Dockerfile::parse(&text).expect("it parses").bases(variant.target.as_deref(), &variant.build_args);
        for base in bases.expect("its bases are known") {
            assert!(known.contains(base.reference.as_str()), "{}: {}", variant.name, base.reference);
        }
    }
}

#[test]
fn one_pinned_parent_decides_every_version_of_java_api() {
    let text = fs::read_to_string(repository().join("scenarios/java-api/pom.xml")).expect("it is there");
    let (parent, rest) = text.split_once("</parent>").expect("a parent");
    assert!(parent.contains("<artifactId>spring-boot-starter-parent</artifactId>") && parent.contains("<version>3.5.4</version>"));
    assert_eq!(rest.matches("<version>").count(), 1, "only the app's own version stands beside it");
    assert!(!["LATEST", "RELEASE", "SNAPSHOT", "[", "${"].iter().any(|loose| rest.contains(loose)), "no version is a range");
}
