//! The steps of a build as a graph, whatever the list of them looks like: inputs that are not there, circles and times that
//! run backwards are survived in a time in proportion to the number of steps and inputs.

use super::NoChain;
use crate::record::Step;

/// The steps with times.
pub(super) struct Graph<'a> {
    steps: &'a [Step],
    /// Start and end by place; `None` for a step that the builder told no times of.
    times: Vec<Option<(f64, f64)>>,
    /// For a step without times the one that was done last among those that it stands for: what it needs.
    stand_ins: Vec<Option<usize>>,
    /// The builder's own work by its end.
    own: Vec<usize>,
    /// All but exports by their end.
    work: Vec<usize>,
    /// When the first step started.
    pub(super) start: f64,
    /// When the last step was done.
    pub(super) end: f64,
}

impl<'a> Graph<'a> {
    pub(super) fn new(steps: &'a [Step]) -> Result<Self, NoChain> {
        let times: Vec<Option<(f64, f64)>> = steps.iter().map(times).collect();
        let known = || times.iter().flatten();
        match () {
            () if steps.is_empty() => return Err(NoChain::NoSteps),
            () if known().next().is_none() => return Err(NoChain::NoTimes),
            () if steps.iter().all(|step| step.inputs.is_none()) => return Err(NoChain::NoInputs),
            () => {}
        }
        let start = known().map(|t| t.0).fold(f64::INFINITY, f64::min);
        let end = known().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
        let by_end = by_end(&times);
        let own = by_end.iter().copied().filter(|place| is_own_work(&steps[*place].name)).collect();
        let work = by_end.iter().copied().filter(|place| !is_export(&steps[*place].name)).collect();
        let stand_ins = stand_ins(steps, &times, &by_end);
        Ok(Self { steps, times, stand_ins, own, work, start, end })
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Start and end of a step that has times.
    pub(super) fn times(&self, place: usize) -> (f64, f64) {
        self.times.get(place).copied().flatten().unwrap_or((self.start, self.start))
    }

    /// The step that the build ended with: the export, else the one that was done last.
    pub(super) fn last(&self) -> Option<usize> {
        let timed = || (0..self.len()).filter(|place| self.times[*place].is_some());
        let exports = timed().filter(|place| is_export(&self.steps[*place].name));
        self.latest(exports).or_else(|| self.latest(timed()))
    }

    /// The step that `place` had to wait for: of those that it needs the one that was done last.
    pub(super) fn before(&self, place: usize) -> Option<usize> {
        let step = &self.steps[place];
        let needed = step.inputs.iter().flatten().filter_map(|input| self.timed(*input)).filter(|input| *input != place);
        if let Some(needed) = self.latest(needed) {
            return Some(needed);
        }
        let begun = self.times(place).0;
        let candidates = if is_export(&step.name) { &self.work } else { &self.own };
        let done = candidates.partition_point(|other| self.times(*other).1 <= begun);
        candidates[..done].iter().rev().copied().find(|other| *other != place)
    }

    /// The step at `place`, or what stands for it; `None` where there is no such step.
    fn timed(&self, place: usize) -> Option<usize> {
        match self.times.get(place)? {
            Some(_) => Some(place),
            None => self.stand_ins[place],
        }
    }

    /// The one that was done last; of several, the first of the list.
    fn latest(&self, places: impl Iterator<Item = usize>) -> Option<usize> {
        places.max_by(|a, b| self.times(*a).1.total_cmp(&self.times(*b).1).then(b.cmp(a)))
    }
}

fn times(step: &Step) -> Option<(f64, f64)> {
    let (started, completed) = (step.started?, step.completed?);
    (started.is_finite() && completed.is_finite() && started <= completed).then_some((started, completed))
}

/// The places with times, by their end.
fn by_end(times: &[Option<(f64, f64)>]) -> Vec<usize> {
    let mut places: Vec<(usize, f64)> = times.iter().enumerate().filter_map(|(place, times)| Some((place, (*times)?.1))).collect();
    places.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    places.into_iter().map(|(place, _)| place).collect()
}

/// Hands every step with times, the last one first, to those without times that need it, directly or through others without.
fn stand_ins(steps: &[Step], times: &[Option<(f64, f64)>], by_end: &[usize]) -> Vec<Option<usize>> {
    let mut needed_by = vec![Vec::new(); steps.len()];
    for (place, step) in steps.iter().enumerate().filter(|(place, _)| times[*place].is_none()) {
        let inputs = step.inputs.iter().flatten().filter(|input| **input < steps.len());
        inputs.for_each(|input| needed_by[*input].push(place));
    }
    let mut stand_ins = vec![None; steps.len()];
    for timed in by_end.iter().rev() {
        let mut open = std::mem::take(&mut needed_by[*timed]);
        while let Some(place) = open.pop() {
            if stand_ins[place].is_none() {
                stand_ins[place] = Some(*timed);
                open.append(&mut needed_by[place]);
            }
        }
    }
    stand_ins
}

fn is_export(name: &str) -> bool {
    name.starts_with("exporting ")
}

/// Whether the step is the builder's own work and no instruction of the Dockerfile: `[internal] load metadata for …`,
/// `copy /context /`. An instruction's name begins with its position: `[build 2/4] RUN …`.
fn is_own_work(name: &str) -> bool {
    let position = |inside: &str| inside.rsplit(' ').next().is_some_and(|word| word.split('/').all(is_number) && word.contains('/'));
    let is_instruction = name.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(inside, _)| position(inside));
    !is_instruction && !is_export(name)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
