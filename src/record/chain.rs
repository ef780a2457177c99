//! The chain of a build: the steps that followed upon each other from its beginning to its end, and the time between them.
//!
//! The chain goes back from the export to the step whose result came last, and so on. A second taken off one of its steps is a
//! second off the build, as long as no other chain is longer then; a second taken off any other step is none.
//! Invariant: the parts of a [`Chain`] lie behind each other from 0 to the build's wall time without a gap, and none is
//! negative.

mod graph;

use graph::Graph;

use super::Step;

/// The share of the wall time by which the builder's clock may exceed ours before nothing is believed.
const CLOCK_TOLERANCE: f64 = 0.05;

/// What a build's wall time consists of, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The parts, behind each other.
    pub links: Vec<Link>,
    /// Seconds from the start of the call to its end, by our clock: the sum of all parts.
    pub wall: f64,
    /// What the builder's seconds were multiplied with: 1, or less where its clock counted more than the wall time.
    pub scale: f64,
}

/// A part of a build's wall time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// What happened.
    pub part: Part,
    /// When it began: seconds after the first step began, by the builder's clock, scaled.
    pub from: f64,
    /// How long it took, seconds.
    pub seconds: f64,
}

/// What happened in a part of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The step at this place of the list ran, as far as it did after what it needs was there.
    Step(usize),
    /// No step of the chain ran.
    Waiting(Gap),
}

/// Where no step of the chain ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Between the first step of the build and the first one of the chain.
    Before,
    /// Between a step and the next one: the builder keeps what came of it, or has no hand free.
    Between,
    /// Between the last step of the chain and the last one of the build.
    After,
    /// Before the first step and after the last one, in one sum: the builder's clock does not tell how it is divided.
    Outside,
}

/// Why a build has no chain.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoChain {
    /// Nothing was told.
    #[error("the builder told no steps")]
    NoSteps,
    /// As from the classic builder.
    #[error("the builder told no times of its steps, as the classic builder does not; build with BuildKit")]
    NoTimes,
    /// As from the classic builder and in old records.
    #[error("it is not recorded which step needs which, as in records before format 1.3; run it again")]
    NoInputs,
    /// A wall time that no build has.
    #[error("the build's wall time of {wall} s is no time; run it again")]
    NoWall {
        /// Seconds.
        wall: f64,
    },
    /// The builder's clock was set, or runs faster than ours.
    #[error("the steps take {steps:.3} s by the builder's clock and the whole build {wall:.3} s by ours; see that nothing sets the clock")]
    Clock {
        /// Seconds from the first step's start to the last one's end.
        steps: f64,
        /// Seconds of the call.
        wall: f64,
    },
}

impl Chain {
    /// Seconds in which no step of the chain ran.
    pub fn waiting(&self) -> f64 {
        self.links.iter().filter(|link| matches!(link.part, Part::Waiting(_))).map(|link| link.seconds).sum()
    }

    /// The steps of the chain by place in the list, with their seconds on it.
    pub fn steps(&self) -> impl Iterator<Item = (usize, f64)> {
        self.links.iter().filter_map(|link| match link.part {
            Part::Step(place) => Some((place, link.seconds)),
            Part::Waiting(_) => None,
        })
    }
}

/// The chain of a build with these steps that took `wall` seconds by our clock.
///
/// Times of steps are the builder's and ours is the wall time, so they share no zero: what the builder's clock does not cover is
/// [`Gap::Outside`]. Where it covers more than the wall time, up to 5 %, all of it is scaled down to fit. The work of the
/// builder itself, such as reading the Dockerfile, names no inputs and is named by no step: a step without inputs follows
/// upon that which of it was done last before, and the export upon the step that was done last before it.
pub fn chain(steps: &[Step], wall: f64) -> Result<Chain, NoChain> {
    if !wall.is_finite() || wall <= 0.0 {
        return Err(NoChain::NoWall { wall });
    }
    let graph = Graph::new(steps)?;
    let span = graph.end - graph.start;
    if !span.is_finite() || span > wall * (1.0 + CLOCK_TOLERANCE) {
        return Err(NoChain::Clock { steps: span, wall });
    }
    let scale = if span > wall { wall / span } else { 1.0 };
    let mut links = walk(&graph);
    for link in &mut links {
        link.from = (link.from - graph.start) * scale;
        link.seconds *= scale;
    }
    let outside = Link { part: Part::Waiting(Gap::Outside), from: span * scale, seconds: wall - span * scale };
    links.extend(Some(outside).filter(|link| link.seconds > 0.0));
    Ok(Chain { links, wall, scale })
}

/// The links between the first step's start and the last one's end, in the order of time.
fn walk(graph: &Graph) -> Vec<Link> {
    let mut links = Vec::new();
    let mut push = |part, from: f64, to: f64| links.extend((to > from).then_some(Link { part, from, seconds: to - from }));
    let mut seen = vec![false; graph.len()];
    let (mut at, mut gap) = (graph.end, Gap::After);
    let mut next = graph.last();
    while let Some(place) = next.filter(|place| !std::mem::replace(&mut seen[*place], true)) {
        let (started, completed) = graph.times(place);
        let end = completed.min(at);
        push(Part::Waiting(gap), end, at);
        // What it needs may be done only after it began: until then it waited.
        next = graph.before(place);
        let ready = next.map_or(started, |before| started.max(graph.times(before).1)).clamp(started.min(end), end);
        push(Part::Step(place), ready, end);
        (at, gap) = (ready, Gap::Between);
    }
    push(Part::Waiting(Gap::Before), graph.start, at);
    links.reverse();
    links
}

#[cfg(test)]
mod tests;
