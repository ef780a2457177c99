//! What the chart of a build shows, before it is laid out.

use super::TimelineFacts;
use super::paint::Pattern;
use crate::record::{Chain, Gap, Part, Step, chain};
use crate::report::chart::draw::{MARGIN, SMALL, WIDTH};
use crate::report::chart::font::wrap;
use crate::report::figures::Scale;
use crate::report::text::one_line;
use crate::units::count;

/// The width of the steps' names, pixels.
pub(super) const LABELS: i32 = 280;
const LABEL_LINES: usize = 2;
/// The width of a line below the chart, pixels.
const FOOTERS: i32 = WIDTH - 2 * MARGIN;
const SUMMARY_LINES: usize = 2;
/// More steps than this are not drawn: the shortest beside the chain are left out, then the shortest of it.
const MOST_ROWS: usize = 60;
/// Steps of the chain that the summary names.
const NAMED: usize = 3;

/// From one moment to another, seconds after the first step began.
pub(super) type Span = (f64, f64);

/// A build over time.
pub(super) struct Plan {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) legend: Vec<(Pattern, &'static str)>,
    pub(super) lines: Vec<Line>,
    pub(super) footers: Vec<String>,
    /// All of it in words.
    pub(super) description: String,
    /// Where the axis ends, seconds.
    pub(super) end: f64,
}

/// A line of the chart.
pub(super) enum Line {
    /// A stage's name.
    Group(String),
    /// A step, or the chain as a whole.
    Row(Row),
}

/// A step over time.
pub(super) struct Row {
    /// The step's name in lines that fit.
    pub(super) label: Vec<String>,
    pub(super) strong: bool,
    pub(super) blocks: Vec<(Span, Pattern)>,
    /// How long it took.
    pub(super) text: String,
    /// When it was on the chain.
    pub(super) chained: Option<Span>,
}

/// A step with times, by the builder's clock and from its first step's start.
struct Timed<'a> {
    place: usize,
    step: &'a Step,
    span: Span,
    chained: Option<Span>,
    /// When the chain waited for it to begin.
    waited: Option<Span>,
}

impl Timed<'_> {
    fn seconds(&self) -> f64 {
        self.span.1 - self.span.0
    }
}

impl Plan {
    pub(super) fn new(facts: &TimelineFacts<'_>, steps: &[Step]) -> Option<Self> {
        let chain = chain(steps, facts.wall);
        let told = chain.as_ref().ok();
        let timed = timed(steps, told)?;
        let last = timed.iter().map(|t| t.span.1).fold(0.0, f64::max);
        let end = if facts.wall.is_finite() { last.max(facts.wall) } else { last };
        if !end.is_finite() || end <= 0.0 {
            return None;
        }
        let scale = scale(end);
        let (shown, hidden) = chosen(timed);
        let mut footers = match &chain {
            Ok(chain) => summary(chain, steps, scale),
            Err(why) => vec![format!("No chain of steps is shown: {}.", one_line(&why.to_string()))],
        };
        footers.extend((hidden > 0).then(|| format!("{} not shown: the shortest.", count(hidden, "step"))));
        let rows = grouped(&shown);
        let named = told.map(|chain| whole(chain, scale)).into_iter().map(Line::Row);
        Some(Self {
            title: format!("Where the {} of {} went", scale.text(facts.wall.max(0.0)), one_line(facts.subject)),
            subtitle: one_line(facts.about),
            legend: legend(&shown, told),
            description: description(&rows, &footers, end, scale),
            lines: named.chain(rows.into_iter().flat_map(|(name, steps)| group(name, &steps, end, scale))).collect(),
            footers,
            end,
        })
    }
}

/// Seconds with as many decimals as the whole build asks for.
fn scale(end: f64) -> Scale {
    Scale::Seconds(match end {
        e if e < 10.0 => 3,
        e if e < 100.0 => 2,
        _ => 1,
    })
}

/// The steps with times; `None` where there is none.
fn timed<'a>(steps: &'a [Step], chain: Option<&Chain>) -> Option<Vec<Timed<'a>>> {
    let span_of = |step: &Step| step.started.zip(step.completed).filter(|(from, to)| from.is_finite() && to.is_finite() && from <= to);
    let first = steps.iter().filter_map(span_of).map(|t| t.0).fold(f64::INFINITY, f64::min);
    let scale = chain.map_or(1.0, |chain| chain.scale);
    let mut chained = vec![None; steps.len()];
    let mut gap = None;
    for link in chain.iter().flat_map(|chain| &chain.links) {
        let span = (link.from, link.from + link.seconds);
        match link.part {
            Part::Step(place) => chained[place] = Some((span, gap.take())),
            Part::Waiting(_) => gap = Some(span),
        }
    }
    let placed = |(place, step): (usize, &'a Step)| {
        let (from, to) = span_of(step)?;
        let (chained, waited) = chained[place].unzip();
        Some(Timed { place, step, span: ((from - first) * scale, (to - first) * scale), chained, waited: waited.flatten() })
    };
    Some(steps.iter().enumerate().filter_map(placed).collect::<Vec<_>>()).filter(|timed| !timed.is_empty())
}

/// The steps that are drawn, by their start, and the number of the others.
fn chosen(mut timed: Vec<Timed<'_>>) -> (Vec<Timed<'_>>, usize) {
    let hidden = timed.len().saturating_sub(MOST_ROWS);
    timed.sort_by(|a, b| {
        b.chained.is_some().cmp(&a.chained.is_some()).then(b.seconds().total_cmp(&a.seconds())).then(a.place.cmp(&b.place))
    });
    timed.truncate(MOST_ROWS);
    timed.sort_by(|a, b| a.span.0.total_cmp(&b.span.0).then(a.span.1.total_cmp(&b.span.1)).then(a.place.cmp(&b.place)));
    (timed, hidden)
}

/// The steps by stage, the stage that was done first before the others.
fn grouped<'a, 'b>(timed: &'b [Timed<'a>]) -> Vec<(String, Vec<&'b Timed<'a>>)> {
    let mut groups: Vec<(String, Vec<&Timed<'_>>)> = Vec::new();
    for step in timed {
        let name = stage(&step.step.name);
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, steps)) => steps.push(step),
            None => groups.push((name, vec![step])),
        }
    }
    let done = |steps: &[&Timed<'_>]| steps.iter().map(|t| t.span.1).fold(0.0, f64::max);
    groups.sort_by(|(_, a), (_, b)| done(a).total_cmp(&done(b)));
    groups
}

fn group(name: String, steps: &[&Timed<'_>], end: f64, scale: Scale) -> Vec<Line> {
    std::iter::once(Line::Group(name)).chain(steps.iter().map(|step| Line::Row(row(step, end, scale)))).collect()
}

fn row(timed: &Timed<'_>, end: f64, scale: Scale) -> Row {
    let usual = if timed.step.cached { Pattern::Cached } else { Pattern::Beside };
    let chained = timed.chained.map(|span| (span, Pattern::Chain));
    // Nothing of a step is left beside the chain where all of it is on the chain.
    let beside = (timed.span, usual);
    let blocks = if chained.is_some_and(|(span, _)| span.0 <= timed.span.0) { Vec::new() } else { vec![beside] };
    Row {
        label: wrap(&what(&timed.step.name), SMALL, LABELS, LABEL_LINES),
        strong: false,
        blocks: timed.waited.map(|span| (span, Pattern::Waiting)).into_iter().chain(blocks).chain(chained).collect(),
        text: figure(timed, end, scale),
        chained: timed.chained,
    }
}

/// `15.25 s, 97 %`, with the share of the build's time for a step on the chain.
fn figure(timed: &Timed<'_>, end: f64, scale: Scale) -> String {
    let seconds = scale.text(timed.seconds());
    let cached = if timed.step.cached { ", cached" } else { "" };
    match timed.chained {
        Some((from, to)) if share(to - from, end) > 0 => format!("{seconds}, {} %{cached}", share(to - from, end)),
        _ => format!("{seconds}{cached}"),
    }
}

fn share(seconds: f64, whole: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let share = (seconds / whole * 100.0).round().clamp(0.0, 100.0) as u8;
    share
}

/// The chain in one row: it fills the whole of the axis.
fn whole(chain: &Chain, scale: Scale) -> Row {
    let block = |link: &crate::record::Link| {
        let pattern = if matches!(link.part, Part::Step(_)) { Pattern::Chain } else { Pattern::Waiting };
        ((link.from, link.from + link.seconds), pattern)
    };
    // What is too short to be seen would only cover what is beside it.
    let seen = chain.links.iter().filter(|link| link.seconds > chain.wall / 400.0);
    Row {
        label: vec![format!("The chain: {} at work", scale.text(chain.wall - chain.waiting()))],
        strong: true,
        blocks: seen.map(block).collect(),
        text: String::new(),
        chained: None,
    }
}

fn legend(shown: &[Timed<'_>], chain: Option<&Chain>) -> Vec<(Pattern, &'static str)> {
    let beside = shown.iter().any(|t| t.chained.is_none() && !t.step.cached);
    let cached = shown.iter().any(|t| t.step.cached);
    let waits = chain.is_some_and(|chain| chain.waiting() > 0.0);
    let all = [
        (chain.is_some(), Pattern::Chain, "on the chain"),
        (beside, Pattern::Beside, if chain.is_some() { "beside it" } else { "step" }),
        (cached, Pattern::Cached, "cached"),
        (waits, Pattern::Waiting, "waiting"),
    ];
    all.into_iter().filter(|(there, ..)| *there).map(|(_, pattern, name)| (pattern, name)).collect()
}

/// The longest steps of the chain and what it waited.
fn summary(chain: &Chain, steps: &[Step], scale: Scale) -> Vec<String> {
    let mut longest: Vec<(usize, f64)> = chain.steps().collect();
    longest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let part = |name: &str, seconds: f64| format!("{name} {} ({} %)", scale.text(seconds), share(seconds, chain.wall));
    let name = |place: usize| wrap(&what(&steps[place].name), SMALL, LABELS / 2, 1).concat();
    let mut parts: Vec<String> = longest.iter().take(NAMED).map(|(place, seconds)| part(&name(*place), *seconds)).collect();
    let others: f64 = longest.iter().skip(NAMED).map(|(_, seconds)| seconds).sum();
    parts.extend((longest.len() > NAMED).then(|| part(&count(longest.len() - NAMED, "other step"), others)));
    parts.extend((chain.waiting() > 0.0).then(|| part("waiting", chain.waiting())));
    let outside: f64 = chain.links.iter().filter(|l| l.part == Part::Waiting(Gap::Outside)).map(|l| l.seconds).sum();
    let mut said = wrap(&format!("On the chain: {}.", parts.join(" · ")), SMALL, FOOTERS, SUMMARY_LINES);
    said.push(
        "The chain goes back from the export to the step that it waited for, and so on: only what is on it can make the build shorter."
            .to_owned(),
    );
    said.extend((outside > 0.0).then(|| {
        format!(
            "The hatched end is {} before the first step and after the last one: the builder's clock does not divide it.",
            scale.text(outside)
        )
    }));
    said.extend(
        (chain.scale < 1.0).then(|| "The builder's clock counted more than the wall time; its seconds are scaled to fit.".to_owned()),
    );
    said
}

fn description(groups: &[(String, Vec<&Timed<'_>>)], footers: &[String], end: f64, scale: Scale) -> String {
    let on = |timed: &Timed<'_>| if timed.chained.is_some() { ", on the chain" } else { "" };
    let begins = |timed: &Timed<'_>| scale.text(timed.span.0);
    let step = |t: &&Timed<'_>| format!("{} from {}: {}{};", what(&t.step.name), begins(t), figure(t, end, scale), on(t));
    let words = |(name, steps): &(String, Vec<&Timed<'_>>)| format!("{name}: {}", steps.iter().map(step).collect::<Vec<_>>().join(" "));
    groups.iter().map(words).chain(footers.iter().cloned()).collect::<Vec<_>>().join("\n")
}

/// The name of the group that a step belongs to: `Stage build` of `[build 2/4] RUN …`.
fn stage(name: &str) -> String {
    let inside = name.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(inside, _)| inside);
    let placed = inside.map(|inside| inside.rsplit_once(' ').unwrap_or(("", inside))).filter(|(_, place)| place.contains('/'));
    match placed.map(|(before, _)| before.rsplit(' ').next().unwrap_or_default()) {
        // A platform has a slash, a stage's name cannot.
        Some(stage) if stage.is_empty() || stage.contains('/') => "The only stage".to_owned(),
        Some(stage) => format!("Stage {}", one_line(stage)),
        None if name.starts_with("exporting ") => "Export".to_owned(),
        None => "Builder".to_owned(),
    }
}

/// What a step does, without its position, the registry that every name begins with, and digests.
fn what(name: &str) -> String {
    let rest = name.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(name, |(_, rest)| rest);
    let mut text = one_line(rest).replace("docker.io/library/", "");
    while let Some(at) = text.find("@sha256:") {
        let digest = text[at + 8..].bytes().take_while(u8::is_ascii_hexdigit).count();
        text.replace_range(at..at + 8 + digest, "");
    }
    text
}
