//! The evaluation as Markdown: a comment on a pull request, and the summary of a workflow's step. Totals first, then what is wrong, then
//! what grew, then the rest folded; cut where the forge would refuse it.

use super::super::redefined::redefined;
use super::figures::{self, figures};
use super::page::{Page, plain, row};
use super::totals::Totals;
use super::words;
use crate::judge::{BudgetSource, Check, CheckOutcome, Evaluation, Growth};
use crate::record::Record;

/// The first line of every comment, by which a later one replaces it.
pub const COMMENT_MARKER: &str = "<!-- loadline -->";
/// A comment is shorter than this, bytes: GitHub refuses more than 65,536 characters.
pub const COMMENT_LIMIT: usize = 65_536;
/// A step's summary is at most this long, bytes: GitHub refuses more than 1 MiB for a step, and other parts of the step may write, too.
pub const SUMMARY_LIMIT: usize = 1_000_000;

/// Files of budgets that are named; a page has no room for any number of them.
const NAMED: usize = 5;

/// A comment on a pull or merge request; begins with [`COMMENT_MARKER`].
pub(super) fn comment(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let mut page = Page::new(COMMENT_LIMIT - 1);
    page.add(&format!("{COMMENT_MARKER}\n"));
    fill(&mut page, evaluation, record);
    page.finish()
}

/// The summary of a step.
pub(super) fn summary(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let mut page = Page::new(SUMMARY_LIMIT);
    fill(&mut page, evaluation, record);
    page.finish()
}

fn fill(page: &mut Page, evaluation: &Evaluation, record: Option<&Record>) {
    totals(page, evaluation);
    let loosened = evaluation.loosened.iter().map(|found| {
        let place = found.place.as_ref().map(|place| format!(" ({})", plain(&words::at(place)))).unwrap_or_default();
        format!("- {}{place}\n", plain(&words::loosened(found)))
    });
    page.section("**Limits are loosened** in this run's own budgets, and were held to as before:\n\n", loosened, "\n", "loosened limits");
    let redefined = evaluation.redefined.iter().map(|found| format!("- {}\n", plain(&redefined(found))));
    page.section("**Not the same as in the baseline**, under the same name:\n\n", redefined, "\n", "things defined otherwise");
    let unheld = evaluation.unheld.iter().map(|found| format!("- {}\n", plain(&words::unheld(found))));
    page.section(
        "**Budgets of this run were not held**, because others were named in place of them:\n\n",
        unheld,
        "\n",
        "budgets not held",
    );
    let of = |wanted: fn(&CheckOutcome) -> bool| evaluation.checks.iter().filter(move |check| wanted(&check.outcome));
    let failed = || of(|outcome| matches!(outcome, CheckOutcome::Fail { .. }));
    let open = of(|o| matches!(o, CheckOutcome::Unmeasured { .. } | CheckOutcome::NotComparable { .. } | CheckOutcome::Undecided { .. }));
    page.section(EXCEEDED, failed().map(exceeded), "\n", "exceeded limits");
    page.section(WITHOUT_VERDICT, open.map(unchecked), "\n", "limits without a verdict");
    growths(page, evaluation);
    let unlimited = words::unlimited(&evaluation.unlimited).into_iter().map(|line| format!("- {}\n", plain(&line)));
    page.section("**No limit tells of this**, by variant:\n\n", unlimited, "\n", "variants that no limit tells of");
    let skipped = of(|outcome| matches!(outcome, CheckOutcome::Skip { .. }));
    page.section(&folded("Skipped limits", UNCHECKED), skipped.map(unchecked), CLOSE, "skipped limits");
    page.section(&folded("Limits that hold", HELD), of(|outcome| *outcome == CheckOutcome::Pass).map(held), CLOSE, "limits that hold");
    if record.is_some() {
        page.section(&folded("All figures", FIGURES), all_figures(evaluation, record), CLOSE, "figures");
    }
}

const EXCEEDED: &str = "| exceeded | measure | figure | too much | allowed | budget |\n| --- | --- | ---: | ---: | --- | --- |\n";
const WITHOUT_VERDICT: &str = "| no verdict | measure | outcome | why | allowed | budget |\n| --- | --- | --- | --- | --- | --- |\n";
const UNCHECKED: &str = "| variant | measure | outcome | why | allowed | budget |\n| --- | --- | --- | --- | --- | --- |\n";
const HELD: &str = "| variant | measure | figure | allowed | budget |\n| --- | --- | ---: | --- | --- |\n";
const FIGURES: &str = "| variant | measure | median | interval | values |\n| --- | --- | ---: | --- | ---: |\n";
const CLOSE: &str = "\n</details>\n\n";

fn folded(title: &str, table: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{table}")
}

fn totals(page: &mut Page, evaluation: &Evaluation) {
    let totals = Totals::all(evaluation);
    page.add(&format!("## loadline: {}\n\n", totals.headline()));
    let counts =
        [totals.failed, totals.unmeasured, totals.not_comparable, totals.undecided, totals.skipped, totals.passed, totals.checks()];
    page.add("| exceeded | unmeasured | not comparable | undecided | skipped | held | all |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    page.add(&format!("{}\n", row(&counts.map(|count| count.to_string()))));
    let baseline = evaluation.baseline.as_ref().map_or_else(|| "without a baseline".to_owned(), |id| format!("against {}", plain(id)));
    page.add(&format!("Run {}, {baseline}; {}.\n\n", plain(&evaluation.run), source(&evaluation.source)));
}

fn source(source: &BudgetSource) -> String {
    let named = |all: &[String]| {
        let more = all.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
        format!("{}{more}", all.iter().take(NAMED).map(|text| plain(text)).collect::<Vec<_>>().join(", "))
    };
    let held_to = match source {
        BudgetSource::Record => "held to the budgets in its record".to_owned(),
        BudgetSource::Usual { .. } => "held to loadline's own limit, since there were no budgets to hold it to".to_owned(),
        BudgetSource::Files { paths, .. } => format!("held to the budgets of {}", named(paths)),
    };
    let own = source.own();
    if own.is_empty() { held_to } else { format!("{held_to}, and to its own of scenarios that these do not know: {}", named(own)) }
}

fn exceeded(check: &Check) -> String {
    let unit = check.measure.unit();
    let excess = match check.outcome {
        CheckOutcome::Fail { excess } => words::rounded(unit, excess),
        _ => String::new(),
    };
    line(check, [figure(check), excess, plain(&words::allowed(check)), budget(check)])
}

fn unchecked(check: &Check) -> String {
    let why = plain(check.outcome.why().unwrap_or_default());
    line(check, [check.outcome.id().to_owned(), why, plain(&words::allowed(check)), budget(check)])
}

fn held(check: &Check) -> String {
    line(check, [figure(check), plain(&words::allowed(check)), budget(check)])
}

fn line<const N: usize>(check: &Check, cells: [String; N]) -> String {
    let first = [plain(&words::subject(&check.scenario, &check.variant)), plain(&words::asked(check))];
    row(&first.into_iter().chain(cells).collect::<Vec<_>>())
}

fn figure(check: &Check) -> String {
    check.actual.map_or_else(|| "–".to_owned(), |actual| words::exact(check.measure.unit(), actual))
}

fn budget(check: &Check) -> String {
    let reason = check.reason.as_deref().map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
    let place = check.place.as_ref().map(|place| format!(" ({})", plain(&words::at(place)))).unwrap_or_default();
    format!("{}{place}{reason}", plain(&check.budget))
}

/// What grew, once for each variant with a limit that is exceeded.
fn growths(page: &mut Page, evaluation: &Evaluation) {
    let mut told: Vec<(&str, &str, &Growth)> = Vec::new();
    for check in evaluation.checks.iter().filter(|check| matches!(check.outcome, CheckOutcome::Fail { .. })) {
        let Some(growth) = &check.growth else { continue };
        let known =
            |(scenario, variant, of): &(&str, &str, &Growth)| (*scenario, *variant) == (&check.scenario, &check.variant) && *of == growth;
        if !told.iter().any(known) {
            told.push((&check.scenario, &check.variant, growth));
        }
    }
    for (scenario, variant, growth) in told {
        let title = format!("What grew in {}: {}", plain(&words::subject(scenario, variant)), plain(&words::growth_words(growth)));
        page.section(&folded(&title, "| bytes | what |\n| ---: | --- |\n"), grown(growth), CLOSE, "layers and files that grew");
    }
}

fn grown(growth: &Growth) -> Vec<String> {
    let of = |bytes: String, what: &str, name: &str| row(&[bytes, format!("{what} {}", plain(name))]);
    let moved = growth.moved_bases.iter().map(|base| of("–".to_owned(), "base image moved:", base));
    let layers = growth.layers.iter();
    let layers = layers.map(|layer| of(words::signed(words::layer_change(layer)), words::layer_word(layer), &words::layer_maker(layer)));
    let files = growth.files.iter().map(|file| of(words::signed(words::file_change(file)), "file", &words::file_words(file)));
    let parts = [("base", growth.base), ("app", growth.app)];
    let moved_any = parts.iter().any(|(_, bytes)| bytes.is_some_and(|bytes| bytes != 0));
    let parts = parts.iter().filter(|_| moved_any).filter_map(|(part, bytes)| Some(of(words::signed((*bytes)?), "all of the", part)));
    parts.chain(moved).chain(layers).chain(files).collect()
}

fn all_figures(evaluation: &Evaluation, record: Option<&Record>) -> Vec<String> {
    let line = |figure: &figures::Figure| {
        let unit = figure.key.measure.unit();
        let between =
            |low, high, coverage| format!("{} to {} ({:.1} %)", words::rounded(unit, low), words::rounded(unit, high), coverage * 100.0);
        let interval = figure.interval.map_or_else(|| "–".to_owned(), |i| between(i.low, i.high, i.coverage));
        let values = figure.values.map_or_else(|| "–".to_owned(), |n| n.to_string());
        let measure = plain(&figures::measure(&figure.key));
        row(&[plain(&figures::benchmark(&figure.key)), measure, words::exact(unit, figure.value), interval, values])
    };
    figures(evaluation, record).iter().map(line).collect()
}
