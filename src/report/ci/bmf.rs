//! Bencher Metric Format: `{benchmark: {measure: {value, lower_value, upper_value}}}`.
//!
//! Bencher takes names of benchmarks of up to 1,024 characters and slugs of measures of up to 64.

use serde_json::{Map, Value, json};

use super::super::json::escaped;
use super::figures::{self, Figure, whole_figures};
use crate::image::Digest;
use crate::judge::Evaluation;
use crate::record::{Record, SeriesKey};

const LONGEST_NAME: usize = 1_024;
const LONGEST_SLUG: usize = 64;
/// Hexadecimal digits of a hash that keep two cut names apart.
const HASH: usize = 12;

/// All whole figures in this format; a name is one benchmark, also where two variants would have it.
pub(super) fn bmf(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let mut benchmarks = Map::new();
    for figure in whole_figures(evaluation, record) {
        let measures = benchmarks.entry(fit(figures::benchmark(&figure.key), LONGEST_NAME)).or_insert_with(|| json!({}));
        if let Value::Object(measures) = measures {
            measures.entry(slug(&figure.key)).or_insert_with(|| metric(&figure));
        }
    }
    escaped(&format!("{:#}\n", Value::Object(benchmarks)))
}

fn metric(figure: &Figure) -> Value {
    let mut metric = Map::from_iter([("value".to_owned(), figures::number(figure.value))]);
    if let Some(interval) = figure.interval {
        metric.insert("lower_value".to_owned(), figures::number(interval.low));
        metric.insert("upper_value".to_owned(), figures::number(interval.high));
    }
    Value::Object(metric)
}

/// Lower-case letters, digits and single hyphens.
fn slug(key: &SeriesKey) -> String {
    let name = figures::measure(key).to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    fit(words.collect::<Vec<_>>().join("-"), LONGEST_SLUG)
}

/// `name`, or its beginning and a hash of it where it is too long.
fn fit(name: String, longest: usize) -> String {
    if name.chars().count() <= longest {
        return name;
    }
    let hash = &Digest::of(name.as_bytes()).hex()[..HASH];
    let kept: String = name.chars().take(longest - HASH - 1).collect();
    format!("{}-{hash}", kept.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_names_stay_two() {
        let [a, b] = ["a", "b"].map(|end| fit("x".repeat(2_000) + end, LONGEST_NAME));
        assert!(a != b && a.chars().count() == LONGEST_NAME, "{a}\n{b}");
    }

    #[test]
    fn a_slug_is_not_cut_within_its_hyphens() {
        let slug = fit("ab-".repeat(40), LONGEST_SLUG);
        assert!(!slug.contains("--") && slug.len() <= LONGEST_SLUG, "{slug}");
    }
}
