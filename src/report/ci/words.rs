//! One limit and what came of it, in plain sentences.

use super::super::text::one_line;
use crate::budget::{BudgetPlace, Limit};
use crate::judge::{Check, CheckOutcome, FileGrowth, Growth, LayerGrowth, Loosened, Unheld, Unlimited};
use crate::measure::{Measure, Unit};
use crate::units;

/// Layers and files that a sentence names; the page has more.
const NAMED: usize = 5;

/// `go-api/multi`.
pub(super) fn subject(scenario: &str, variant: &str) -> String {
    one_line(&format!("{scenario}/{variant}"))
}

/// `uncompressed size (D3)`.
pub(super) fn named(measure: Measure, definition: Option<&str>) -> String {
    let title = measure.title();
    definition.or_else(|| measure.definition()).map_or_else(|| title.to_owned(), |definition| format!("{title} ({})", one_line(definition)))
}

/// `cold`, `edit source`.
pub(super) fn state(cache_state: &str, edit: Option<&str>) -> String {
    one_line(&edit.map_or_else(|| cache_state.to_owned(), |edit| format!("{cache_state} {edit}")))
}

/// What a check asks about: `uncompressed size (D3), cold`.
pub(super) fn asked(check: &Check) -> String {
    format!("{}, {}", named(check.measure, check.definition.as_deref()), state(&check.cache_state, check.edit.as_deref()))
}

/// A figure with its unit, rounded: `25.4 MB`, `4.13 s`, `12`.
pub(super) fn rounded(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Bytes => units::bytes(whole(value)),
        Unit::Seconds if value > 0.0 && value < 0.001 => "under 1 ms".to_owned(),
        Unit::Seconds => units::seconds(value),
        Unit::One => value.to_string(),
    }
}

/// A figure with its unit; bytes also to the last one: `25.4 MB (25,400,000 B)`.
pub(super) fn exact(unit: Unit, value: f64) -> String {
    let rounded = rounded(unit, value);
    if unit == Unit::Bytes && value >= 1e3 { format!("{rounded} ({} B)", grouped(whole(value))) } else { rounded }
}

/// Bytes with their sign: `+1.5 kB`.
pub(super) fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}", units::bytes(bytes.unsigned_abs()))
}

/// A value of bytes as a whole number. Limits may come to parts of a byte, which nothing has: they are rounded up.
fn whole(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
    let whole = value.ceil() as u64;
    whole
}

/// `25400000` is `25,400,000`.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The limit as a sentence's end: `at most 1 % above the baseline`.
pub(super) fn limit(limit: &Limit) -> String {
    let written = one_line(limit.written());
    match limit {
        Limit::Max { .. } => format!("at most {written}"),
        Limit::MaxIncrease { .. } => format!("at most {} above the baseline", written.trim_start_matches('+')),
        Limit::MaxRatio { to, .. } => format!("at most {written} of {}", one_line(to)),
    }
}

/// The limit of a check, and what it comes to where it is relative.
pub(super) fn allowed(check: &Check) -> String {
    let words = limit(&check.limit);
    match (&check.limit, check.allowed) {
        (Limit::Max { .. }, _) | (_, None) => words,
        (_, Some(allowed)) => format!("{words}, so {}", exact(check.measure.unit(), allowed)),
    }
}

/// What came of a check, in one sentence without a full stop.
pub(super) fn sentence(check: &Check) -> String {
    let unit = check.measure.unit();
    let without = if matches!(check.outcome, CheckOutcome::Skip { .. }) { "was not asked about" } else { "has no figure" };
    let figure = check.actual.map_or_else(|| without.to_owned(), |actual| format!("is {}", exact(unit, actual)));
    let excess = match check.outcome {
        CheckOutcome::Fail { excess } => format!(", {} too much", rounded(unit, excess)),
        _ => String::new(),
    };
    let why = check.outcome.why().map(|why| format!("; {}: {}", check.outcome.id(), one_line(why))).unwrap_or_default();
    format!("{}: {} {figure}{excess}; allowed is {}{why}", subject(&check.scenario, &check.variant), asked(check), allowed(check))
}

/// What else there is to know of a check, each in a line: why the limit is there, where it is written, what grew.
pub(super) fn details(check: &Check) -> Vec<String> {
    let reason = check.reason.as_deref().map(|reason| format!("reason for the limit: {}", one_line(reason)));
    let written = check.place.as_ref().map(|place| format!(", {}", at(place))).unwrap_or_default();
    let budget = format!("budget {}{written}", one_line(&check.budget));
    reason.into_iter().chain([budget]).chain(check.growth.iter().flat_map(grown)).collect()
}

/// `scenarios/go-api/scenario.toml:41`.
pub(super) fn at(place: &BudgetPlace) -> String {
    format!("{}:{}", path(place), place.line)
}

/// The file as a repository names it: without a leading `./`.
pub(super) fn path(place: &BudgetPlace) -> String {
    one_line(place.file.trim_start_matches("./"))
}

fn grown(growth: &Growth) -> Vec<String> {
    let moved = growth.moved_bases.iter().map(|base| format!("base image moved: {}", one_line(base)));
    let layers = growth.layers.iter().map(|layer| format!("{} {}: {}", layer_word(layer), signed(layer_change(layer)), layer_maker(layer)));
    let files = growth.files.iter().map(|file| format!("file {}: {}", signed(file_change(file)), file_words(file)));
    [growth_words(growth)].into_iter().chain(moved.take(NAMED)).chain(layers.take(NAMED)).chain(files.take(NAMED)).collect()
}

/// `the uncompressed size (D3) changed by +1.5 kB: base +0 B, app +1.5 kB`.
pub(super) fn growth_words(growth: &Growth) -> String {
    if growth.total == 0 && growth.base.unwrap_or(0) == 0 {
        return "the uncompressed size (D3) is the same".to_owned();
    }
    let parts = match (growth.base, growth.app) {
        (Some(base), Some(app)) => format!(": base {}, app {}", signed(base), signed(app)),
        _ => String::new(),
    };
    format!("the uncompressed size (D3) changed by {}{parts}", signed(growth.total))
}

/// By how many bytes a layer grew; less than 0 where it shrank.
pub(super) fn layer_change(layer: &LayerGrowth) -> i64 {
    change(layer.before, layer.after)
}

/// By how many bytes a file grew; less than 0 where it shrank.
pub(super) fn file_change(file: &FileGrowth) -> i64 {
    change(file.before, file.after)
}

fn change(before: Option<u64>, after: Option<u64>) -> i64 {
    let signed = |bytes: Option<u64>| i64::try_from(bytes.unwrap_or_default()).unwrap_or(i64::MAX);
    signed(after).saturating_sub(signed(before))
}

/// `new layer` where the baseline lacks it, `removed layer` where the run does.
pub(super) const fn layer_word(layer: &LayerGrowth) -> &'static str {
    match (layer.before, layer.after) {
        (None, _) => "new layer",
        (_, None) => "removed layer",
        _ => "layer",
    }
}

/// The instruction that made a layer, else its line of history.
pub(super) fn layer_maker(layer: &LayerGrowth) -> String {
    let line = layer.dockerfile_line.as_ref().map(|line| format!("{}:{} {}", line.file, line.line, line.instruction));
    one_line(&line.or_else(|| layer.created_by.clone()).unwrap_or_else(|| "made by an unknown instruction".to_owned()))
}

/// A file's path, with a word where it is only in one of the images.
pub(super) fn file_words(file: &FileGrowth) -> String {
    let word = match (file.before, file.after) {
        (None, _) => " (new)",
        (_, None) => " (gone)",
        _ => "",
    };
    format!("{}{word}", one_line(&file.path))
}

/// A limit that the run's own budgets loosened, in one sentence without a full stop.
pub(super) fn loosened(found: &Loosened) -> String {
    let own = match (&found.after, &found.about) {
        (Some(after), _) => format!("allows {}", limit(after)),
        (None, Some(about)) => format!("is about something else: {}", one_line(about)),
        (None, None) if found.place.is_some() => "has no such limit".to_owned(),
        (None, None) => "is not there".to_owned(),
    };
    let (scenario, budget) = (one_line(&found.scenario), one_line(&found.budget));
    format!("{scenario}: budget {budget}: held to {}; in this run's own budgets it {own}", limit(&found.before))
}

/// A budget of the run's own that it was not held to, in one sentence without a full stop.
pub(super) fn unheld(found: &Unheld) -> String {
    let (scenario, budget) = (one_line(&found.scenario), one_line(&found.budget));
    format!("{scenario}: budget {budget} of this run's own was not held: the named files know {scenario} and have no such budget")
}

/// What no limit tells: trouble variant by variant, all that no budget speaks of together.
pub(super) fn unlimited(found: &[Unlimited]) -> Vec<String> {
    let name = |of: &Unlimited| subject(&of.scenario, &of.variant);
    let troubled = found.iter().filter_map(|of| Some(format!("{}: {}", name(of), one_line(of.trouble.as_ref()?))));
    let calm: Vec<String> = found.iter().filter(|of| of.trouble.is_none()).map(name).collect();
    troubled.chain((!calm.is_empty()).then(|| format!("{}: no budget speaks of it", calm.join(", ")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_to_the_last_one() {
        assert_eq!(exact(Unit::Bytes, 25_000_001.0), "25.0 MB (25,000,001 B)");
        assert_eq!(exact(Unit::Bytes, 999.0), "999 B");
        assert_eq!((signed(-1_500), signed(0)), ("-1.5 kB".to_owned(), "+0 B".to_owned()));
    }

    #[test]
    fn a_part_of_a_byte_too_much_is_not_nothing() {
        assert_eq!(rounded(Unit::Bytes, 0.25), "1 B");
        assert_eq!(rounded(Unit::Seconds, 0.000_25), "under 1 ms");
    }
}
