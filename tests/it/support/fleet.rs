//! Records of many scenarios, made by hand.

use loadline::record::{PlannedVariant, Record, Status};

use super::records::{Figures, failed, go_api, measured, planned, run};

/// Name, language, the plain variant's and the multi-stage one's transfer size in MB, seconds of their builds, and the
/// name of a third variant with its size in MB.
type App = (&'static str, &'static str, [f64; 2], [f64; 2], Option<(&'static str, f64)>);

const APPS: [App; 5] = [
    ("go-api", "go", [329.5, 3.1], [21.0, 15.3], None),
    ("node-api", "javascript", [412.9, 61.4], [9.8, 11.2], Some(("alpine", 55.1))),
    ("python-api", "python", [398.2, 52.7], [14.4, 12.9], Some(("distroless", 31.6))),
    ("java-api", "java", [304.8, 98.3], [38.2, 41.7], None),
    ("react-spa", "typescript", [521.6, 19.8], [26.1, 24.5], None),
];

/// Five apps with two or three variants each, three trials of each. One variant was skipped and one has no smoke check.
pub(crate) fn five_apps() -> Record {
    let mut record = fleet(&APPS.map(|app| (app, app.0.to_owned())), None);
    let skipped = |r: &str| Status::Skipped { reason: r.to_owned() };
    replace(&mut record, "python-api", "distroless", skipped("no stand-in for gcr.io/distroless/python3"));
    replace(&mut record, "react-spa", "multi", Status::Unverified);
    record
}

/// Ten apps with three variants each, whose names are 40 characters long.
pub(crate) fn ten_apps_with_long_names() -> Record {
    let third = |app: App| (app.0, app.1, app.2, app.3, Some(app.4.unwrap_or(("distroless", app.2[1] * 0.9))));
    let named = |(number, app): (usize, App)| (third(app), format!("{}-{number:02}-of-the-department-of-everything", app.0));
    let apps: Vec<(App, String)> = APPS.into_iter().chain(APPS).enumerate().map(named).map(|(a, n)| (a, exactly_forty(&n))).collect();
    fleet(&apps, Some("-with-everything-that-a-name-may-have-in-it"))
}

/// Ten apps with three variants each, named as people name them.
pub(crate) fn ten_apps() -> Record {
    let third = |app: App| (app.0, app.1, app.2, app.3, Some(app.4.unwrap_or(("distroless", app.2[1] * 0.9))));
    let named = |(number, app): (usize, App)| (third(app), if number < 5 { app.0.to_owned() } else { format!("{}-2", app.0) });
    let apps: Vec<(App, String)> = APPS.into_iter().chain(APPS).enumerate().map(named).collect();
    fleet(&apps, None)
}

fn exactly_forty(name: &str) -> String {
    name.chars().chain(std::iter::repeat('x')).take(40).collect()
}

fn fleet(apps: &[(App, String)], suffix: Option<&str>) -> Record {
    let name = |variant: &str| suffix.map_or_else(|| variant.to_owned(), |suffix| exactly_forty(&format!("{variant}{suffix}")));
    let mut run = run();
    "2026-11-21-many".clone_into(&mut run.run_id);
    run.plan.clear();
    let mut trials = Vec::new();
    for ((_, language, sizes, builds, third), scenario) in apps {
        let mut variants = vec![("single", sizes[0], builds[0]), ("multi", sizes[1], builds[1])];
        variants.extend(third.map(|(name, size)| (name, size, builds[1] * 1.1)));
        for (variant, megabytes, seconds) in variants {
            let variant = name(variant);
            run.plan.push(PlannedVariant { language: (*language).to_owned(), ..planned(scenario, &variant) });
            trials.extend((1..=3).map(|iteration| measured(scenario, &variant, iteration, figures(megabytes, seconds, iteration))));
        }
    }
    run.warnings.clear();
    Record::new(run, trials).expect("a believable record")
}

fn figures(megabytes: f64, seconds: f64, iteration: u32) -> Figures {
    let noise = 1.0 + f64::from(iteration - 1) * 0.11;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred million")]
    let bytes = (megabytes * 1e6) as u64;
    Figures {
        transfer: bytes,
        uncompressed: bytes * 5 / 2 / 512 * 512,
        layers: 3,
        build: seconds * noise,
        push: megabytes / 14.5 * noise,
        pull: megabytes / 29.0 * noise,
    }
}

/// Gives every trial of a variant another end; numbers go where the status has none.
fn replace(record: &mut Record, scenario: &str, variant: &str, status: Status) {
    if status.has_numbers() {
        let of_variant = record.trials.iter_mut().filter(|o| o.trial.scenario == scenario && o.trial.variant == variant);
        of_variant.for_each(|o| o.status = status.clone());
    } else {
        record.trials.retain(|o| o.trial.scenario != scenario || o.trial.variant != variant);
        record.trials.push(failed(scenario, variant, status));
    }
}

/// A record of [`go_api`] with nothing but its measured variants.
pub(crate) fn go_api_complete() -> Record {
    let mut record = go_api();
    record.run.plan.retain(|p| matches!(p.variant.as_str(), "single" | "multi"));
    record.trials.retain(|o| o.status.has_numbers());
    record
}
