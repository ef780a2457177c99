//! A Dockerfile: what is read from it stays within the text, and every question about it is answered or refused.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use loadline::dockerfile::Dockerfile;

fuzz_target!(|text: &str| {
    let Ok(dockerfile) = Dockerfile::parse(text) else { return };
    let lines = text.lines().count().max(1);
    let stages = dockerfile.stages();
    let mut last = 0;
    for stage in stages {
        assert!(stage.line > last && stage.line <= lines, "stage at line {} of {lines} after {last}", stage.line);
        last = stage.line;
        for step in &stage.steps {
            assert!(step.line > last && step.line <= lines, "step at line {} of {lines} after {last}", step.line);
            last = step.line;
        }
    }
    let none = BTreeMap::new();
    let some = BTreeMap::from([("TAG".to_owned(), "1".to_owned()), ("BASE".to_owned(), "scratch".to_owned())]);
    let names = stages.iter().filter_map(|stage| stage.name.as_deref()).map(Some);
    for target in names.chain([None, Some("0"), Some("nowhere")]) {
        for build_args in [&none, &some] {
            if let Ok(reachable) = dockerfile.reachable_with(target, build_args) {
                assert!(reachable.iter().all(|index| *index < stages.len()));
            }
            let _ = dockerfile.kind_with(target, build_args);
            let _ = dockerfile.bases(target, build_args);
            let _ = dockerfile.package_managers(target, build_args);
        }
    }
    let _ = dockerfile.line_of_vertex(text.lines().next_back().unwrap_or_default());
});
