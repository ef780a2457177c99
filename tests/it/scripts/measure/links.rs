//! Links in a checkout: none makes something else be measured in its place.

use super::{checkouts, last_line, measured};
use crate::scripts::desk::Desk;

#[test]
fn scenarios_that_lead_out_of_their_checkout_are_refused() {
    use std::os::unix::fs::symlink;
    let link = |desk: &Desk, to: &str, name: &str| symlink(to, desk.path(name)).expect("a link");
    let desk = checkouts();
    link(&desk, "../base/scenarios", "head/linked");
    link(&desk, "../../base/scenarios/x", "head/more/linked");
    link(&desk, "../../head/more", "base/linked");
    link(&desk, "scenarios", "head/within");
    let absolute = desk.path("base/scenarios");
    for path in ["linked", "more", "../base/scenarios", &absolute.to_string_lossy()] {
        let ran = measured(&desk, &[("SCENARIOS", path)]);
        assert_eq!(ran.code, Some(2), "{path}: {}", ran.err);
        assert!(last_line(&ran).contains("SCENARIOS names folders of ROOT"), "{path}: {}", ran.err);
    }
    let ran = measured(&desk, &[("ROOT", "base"), ("BASELINE_ROOT", "head"), ("SCENARIOS", "scenarios\nmore")]);
    assert!(last_line(&ran).contains("folders of BASELINE_ROOT"), "{}", ran.err);
    assert_eq!(desk.calls(), "", "something was measured");
    let ran = measured(&desk, &[("SCENARIOS", "within")]);
    assert_eq!(ran.code, Some(0), "a link that stays inside is followed: {}", ran.err);
}

#[test]
fn links_of_an_app_and_a_checkout_within_the_baselines_are_no_obstacle() {
    let desk = Desk::new();
    desk.write("shop/scenario.toml", "");
    desk.write("head/shop/scenario.toml", "");
    std::os::unix::fs::symlink("/", desk.path("head/shop/data")).expect("a link");
    let ran = desk.run("measure.sh", &[("ROOT", "head"), ("BASELINE_ROOT", "."), ("SCENARIOS", "shop"), ("OUT", "out")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_link_to_a_baseline_that_lies_in_the_checkout_is_refused() {
    let desk = Desk::new();
    desk.write("base/scenarios/x/scenario.toml", "");
    std::os::unix::fs::symlink("base/scenarios", desk.path("scenarios")).expect("a link");
    let ran = desk.run("measure.sh", &[("BASELINE_ROOT", "base"), ("OUT", "out")], &[]);
    assert_eq!((ran.code, desk.calls().as_str()), (Some(2), ""), "{}", ran.err);
}
