//! A published run made again, as plain text: a line a scenario, then the figures that matter and every one that drifted.

use std::collections::BTreeMap;

use super::comparison::{Tally, grid, row};
use super::text::one_line;
use crate::judge::{Finding, Outcome, Reproduction, Subject, Verdict};
use crate::measure::{Measure, Unit};

/// The outcome as tables for a terminal of `width` columns, then why figures are not comparable, and a line that counts
/// all verdicts.
pub fn reproduction(reproduction: &Reproduction, width: u16) -> String {
    let title = one_line(&format!("Run {} beside the published {}", reproduction.run, reproduction.baseline));
    let all = || reproduction.outcomes.iter();
    let scenarios = scenarios(reproduction);
    let of = |scenario| all().filter(move |o| o.finding.scenario == scenario && matters(&o.finding));
    let shown = scenarios.iter().flat_map(|scenario| of(*scenario)).map(|o| detail(o).to_vec());
    let details = grid(&["figure", "published", "this run", "change", "verdict"], shown, width);
    let conditions = conditions(reproduction).concat();
    let total = Tally::of(all().map(|o| &o.finding)).words();
    format!("{title}\n{}\n{details}\n{conditions}{total}\n", summary(reproduction, width))
}

/// A line a scenario: how many figures were reproduced, drifted and not comparable, by what they are.
fn summary(reproduction: &Reproduction, width: u16) -> String {
    let kinds: [fn(&Finding) -> bool; 4] =
        [|f| !is_time(f) && !is_ratio(f), |f| !is_time(f) && is_ratio(f), |f| is_time(f) && !is_ratio(f), |f| is_time(f) && is_ratio(f)];
    let rows = scenarios(reproduction).into_iter().map(|scenario| {
        let of = || reproduction.outcomes.iter().map(|o| &o.finding).filter(move |f| f.scenario == scenario);
        let tallies = kinds.iter().map(|kind| Tally::of(of().filter(|f| kind(f))).short());
        let drifted = of().any(|f| matches!(f.verdict, Verdict::Drifted { .. }));
        let verdict = if drifted {
            "drifted"
        } else if of().any(|f| f.verdict == Verdict::Reproduced) {
            "reproduced"
        } else {
            "not comparable"
        };
        [one_line(scenario)].into_iter().chain(tallies).chain([verdict.to_owned()]).collect()
    });
    let table = grid(&["scenario", "bytes and counts", "ratios of sizes", "times", "ratios of times", "as a whole"], rows, width);
    format!("{table}\nEach cell: figures reproduced/drifted/not comparable.")
}

/// The scenarios in the order of the plan.
fn scenarios(reproduction: &Reproduction) -> Vec<&str> {
    let mut scenarios: Vec<&str> = Vec::new();
    for outcome in &reproduction.outcomes {
        if !scenarios.contains(&outcome.finding.scenario.as_str()) {
            scenarios.push(&outcome.finding.scenario);
        }
    }
    scenarios
}

fn is_time(finding: &Finding) -> bool {
    finding.measure.unit() == Unit::Seconds
}

fn is_ratio(finding: &Finding) -> bool {
    matches!(finding.subject, Subject::Ratio { .. })
}

/// Transfer and uncompressed size, their ratios and those of times; of the others only what drifted. Figures without a
/// verdict are told by their condition.
fn matters(finding: &Finding) -> bool {
    let main = matches!(finding.measure, Measure::TransferSize | Measure::UncompressedSize) || (is_time(finding) && is_ratio(finding));
    match finding.verdict {
        Verdict::Drifted { .. } => true,
        Verdict::Reproduced => main,
        Verdict::NotComparable { .. } => main && is_ratio(finding) && finding.run.is_some(),
    }
}

/// The row of a comparison, with the outcome's remark in the verdict. A condition is below the table.
fn detail(outcome: &Outcome) -> [String; 5] {
    let mut cells = row(&outcome.finding);
    if matches!(outcome.finding.verdict, Verdict::NotComparable { .. }) {
        "not comparable".clone_into(&mut cells[4]);
    }
    if let Some(remark) = &outcome.remark {
        cells[4] = format!("{}: {}", cells[4], one_line(remark));
    }
    cells
}

/// A line for every condition that stands in the way, with the number of figures: the most frequent first.
fn conditions(reproduction: &Reproduction) -> Vec<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in &reproduction.outcomes {
        if let Verdict::NotComparable { condition } = &outcome.finding.verdict {
            *found.entry(one_line(condition)).or_default() += 1;
        }
    }
    let mut found: Vec<(String, usize)> = found.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
        .into_iter()
        .map(|(condition, count)| format!("not comparable: {condition} ({})\n", crate::units::count(count, "figure")))
        .collect()
}
