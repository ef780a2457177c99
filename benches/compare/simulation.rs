//! Records whose truth is known, and how often the verdict on them is wrong.

use loadline::judge::{ChangeVerdict, Question, changes};
use loadline::measure::Measure;
use loadline::record::{Observation, Record, RunRecord, TrialOutcome};

/// Values a side.
pub(crate) const SIZES: [usize; 5] = [5, 7, 10, 15, 20];

/// The coefficient of variation of all noise.
const VARIATION: f64 = 0.05;

/// The share of values that something else slowed down, where there are such.
const OUTLIERS: f64 = 0.1;

/// How times vary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    log_normal: bool,
    outliers: bool,
}

/// All of them.
pub(crate) const NOISES: [Noise; 4] = [
    Noise { log_normal: false, outliers: false },
    Noise { log_normal: true, outliers: false },
    Noise { log_normal: false, outliers: true },
    Noise { log_normal: true, outliers: true },
];

impl Noise {
    pub(crate) const fn name(self) -> &'static str {
        match (self.log_normal, self.outliers) {
            (false, false) => "Gaussian",
            (true, false) => "log-normal",
            (false, true) => "Gaussian, 10 % outliers",
            (true, true) => "log-normal, 10 % outliers",
        }
    }

    /// A time of about 10 s. An outlier takes half as long again to three times as long.
    fn draw(self, random: &mut fastrand::Rng) -> f64 {
        let z = gauss(random);
        let time = 10.0 * if self.log_normal { (VARIATION * z).exp() } else { 1.0 + VARIATION * z };
        let outlier = self.outliers && random.f64() < OUTLIERS;
        time * if outlier { 1.5 + 1.5 * random.f64() } else { 1.0 }
    }

    fn sample(self, n: usize, factor: f64, random: &mut fastrand::Rng) -> Vec<f64> {
        (0..n).map(|_| factor * self.draw(random)).collect()
    }
}

/// A normally distributed number, by the transformation of Box and Muller.
fn gauss(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * random.f64().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

/// How often the verdict is what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// Improved or regressed, though nothing changed.
    pub(crate) changed: f64,
    /// Regressed, though nothing changed.
    pub(crate) slower: f64,
    /// Regressed, where everything takes a tenth longer.
    pub(crate) found: f64,
}

/// The rates for `n` values a side, in so many rounds.
pub(crate) fn rates(noise: Noise, n: usize, rounds: u32) -> Rates {
    let mut random = fastrand::Rng::with_seed(7);
    let template = template();
    let mut verdicts = |factor: f64| -> Vec<ChangeVerdict> {
        let mut round = || {
            let (before, after) = (noise.sample(n, 1.0, &mut random), noise.sample(n, factor, &mut random));
            verdict(&template, Measure::BuildTime, &before, &after)
        };
        (0..rounds).map(|_| round()).collect()
    };
    let share =
        |verdicts: &[ChangeVerdict], is: fn(&ChangeVerdict) -> bool| verdicts.iter().filter(|v| is(v)).count() as f64 / f64::from(rounds);
    let (same, slower) = (verdicts(1.0), verdicts(1.1));
    Rates {
        changed: share(&same, ChangeVerdict::is_change),
        slower: share(&same, |v| *v == ChangeVerdict::Regressed),
        found: share(&slower, |v| *v == ChangeVerdict::Regressed),
    }
}

/// Of so many sizes how many were called another that are equal, and how many regressed that grew by one per cent.
pub(crate) fn bytes(rounds: u32) -> (usize, usize) {
    let mut random = fastrand::Rng::with_seed(8);
    let template = template();
    let mut count = |grown: u64, is: fn(&ChangeVerdict) -> bool| {
        let mut round = || {
            let hundredth = random.u64(1..100_000_000);
            let size = |more: u64| (hundredth * (100 + more)) as f64;
            verdict(&template, Measure::UncompressedSize, &[size(0)], &[size(grown)])
        };
        (0..rounds).filter(|_| is(&round())).count()
    };
    (count(0, |v| *v != ChangeVerdict::Equal), count(1, |v| *v == ChangeVerdict::Regressed))
}

/// A record of one variant without any trial, and a trial of it without any figure.
fn template() -> (RunRecord, TrialOutcome) {
    let mut run: RunRecord = serde_json::from_str(include_str!("../../results/published/2026-11-21-go-api/run.json")).expect("a record");
    let line = include_str!("../../results/published/2026-11-21-go-api/trials.jsonl").lines().next().expect("a trial");
    let mut trial: TrialOutcome = serde_json::from_str(line).expect("a trial");
    run.settings.trials = u32::MAX;
    run.plan.retain(|planned| planned.variant == trial.trial.variant);
    (trial.push, trial.pull, trial.weighing) = (None, None, None);
    trial.steps.clear();
    trial.observations.clear();
    (run, trial)
}

fn verdict((run, trial): &(RunRecord, TrialOutcome), measure: Measure, before: &[f64], after: &[f64]) -> ChangeVerdict {
    let outcome = |(iteration, value): (u32, &f64)| {
        let mut outcome = trial.clone();
        outcome.trial.iteration = iteration;
        let definition = measure.definition().map(str::to_owned);
        outcome.observations = vec![Observation { measure, definition, phase: None, value: *value, unit: measure.unit() }];
        outcome
    };
    let record = |values: &[f64]| Record::new(run.clone(), (1..).zip(values).map(outcome).collect()).expect("a believable record");
    let found = changes(&record(before), &record(after), &Question::default());
    let figure = found.figures().next().expect("the figure is compared");
    figure.verdict.clone()
}
