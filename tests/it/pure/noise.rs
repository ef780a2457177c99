//! How noisy a machine was: verdicts on probes, their place in records, and what is printed of them.

use std::fs;

use loadline::judge::{Calm, MUCH_BY_OTHERS, Noise, Part, What, When, look, noise};
use loadline::record::{Jitter, MergedRun, NoiseBefore, NoiseProbe, Record, Store, Told};
use loadline::report::{ReportData, markdown, noise_now, terminal};
use proptest::prelude::*;

use crate::support::chain;
use crate::support::records::{SMALL, go_api, measured, planned};

/// A probe of a machine that does nothing else.
fn quiet(at: &str) -> NoiseProbe {
    let jitter = |seconds, variation, n| Told::Figure(Jitter { seconds, variation, n });
    NoiseProbe {
        at: at.parse().expect("a time"),
        processor: jitter(0.004_62, 0.012, 60),
        disk: jitter(0.000_41, 0.08, 20),
        disk_place: "the builder's data root, tmpfs".to_owned(),
        loopback: jitter(0.000_031_4, 0.06, 200),
        others: Told::Figure(0.03),
        stolen: Told::Figure(0.0),
        load: Told::Figure(0.42),
    }
}

/// The same machine, on which `part` takes `factor` times as long.
fn slowed(part: Part, factor: f64) -> NoiseProbe {
    let mut probe = quiet("2026-11-30T12:00:30Z");
    let jitter = match part {
        Part::Processor => &mut probe.processor,
        Part::Disk => &mut probe.disk,
        Part::Loopback => &mut probe.loopback,
    };
    if let Told::Figure(jitter) = jitter {
        jitter.seconds *= factor;
    }
    probe
}

/// A run with a quiet probe before it and one before each block.
fn probed() -> Record {
    let mut record = go_api();
    record.run.noise = vec![NoiseBefore { shard: None, probe: quiet("2026-11-30T12:00:05Z") }];
    for outcome in record.trials.iter_mut().filter(|outcome| outcome.status.has_numbers()) {
        outcome.noise = Some(quiet("2026-11-30T12:00:30Z"));
    }
    record
}

/// The same with another probe before the second block of `multi`.
fn disturbed(probe: NoiseProbe) -> Record {
    let mut record = probed();
    let block = record.trials.iter_mut().find(|o| o.trial.variant == "multi" && o.trial.iteration == 2);
    block.expect("it was measured").noise = Some(probe);
    record
}

fn found(record: &Record) -> Vec<What> {
    noise(record).expect("it was probed").disturbances.iter().map(|found| found.what).collect()
}

fn calm(record: &Record) -> Calm {
    noise(record).as_ref().map_or(Calm::Unknown, Noise::calm)
}

#[test]
fn equal_probes_are_quiet() {
    assert_eq!((calm(&probed()), found(&probed())), (Calm::Quiet, Vec::new()));
    let all = noise(&probed()).map(|noise| (noise.blocks, noise.factors.len())).expect("it was probed");
    assert_eq!(all, (6, 3));
}

#[test]
fn a_record_without_probes_has_no_verdict_and_no_line() {
    assert_eq!(noise(&go_api()), None);
    let data = ReportData::new(&go_api());
    assert!(data.noise.is_none() && !terminal(&data, 100, false).contains("Noise"), "nothing is made up");
}

proptest! {
    #[test]
    fn whatever_the_machine_takes_equal_probes_are_quiet(by in 0.01..100.0_f64) {
        let mut record = probed();
        let longer = |probe: &mut NoiseProbe| {
            for told in [&mut probe.processor, &mut probe.disk, &mut probe.loopback] {
                if let Told::Figure(jitter) = told {
                    jitter.seconds *= by;
                }
            }
        };
        longer(&mut record.run.noise[0].probe);
        record.trials.iter_mut().filter_map(|outcome| outcome.noise.as_mut()).for_each(longer);
        prop_assert_eq!(calm(&record), Calm::Quiet);
    }

    #[test]
    fn a_block_before_which_something_took_five_times_as_long_or_a_fifth_is_noisy(part in 0..3_usize, by in 5.0..50.0_f64) {
        let part = Part::ALL[part];
        prop_assert_eq!(found(&disturbed(slowed(part, by))), vec![What::Longer(part)]);
        prop_assert_eq!(found(&disturbed(slowed(part, 0.999 / by))), vec![What::Shorter(part)]);
    }

    #[test]
    fn a_verdict_never_becomes_quieter_when_others_take_more(less in 0.0..1.0_f64, more in 0.0..1.0_f64) {
        let noisy = |share: f64| {
            let mut probe = quiet("2026-11-30T12:00:30Z");
            probe.others = Told::Figure(share);
            look(&probe).0 == Calm::Noisy
        };
        let (less, more) = (less.min(more), less.max(more));
        prop_assert!(!noisy(less) || noisy(more));
        prop_assert_eq!(noisy(more), more >= MUCH_BY_OTHERS);
    }
}

#[test]
fn each_part_is_noisy_from_its_limit_on_and_not_below() {
    for part in Part::ALL {
        let (limit, vary) = (part.moved(), |variation: f64| {
            let mut probe = quiet("2026-11-30T12:00:05Z");
            let figure = Told::Figure(Jitter { seconds: 1.0, variation, n: 20 });
            *[&mut probe.processor, &mut probe.disk, &mut probe.loopback][part as usize] = figure;
            look(&probe).1.iter().map(|found| found.what).collect::<Vec<_>>()
        });
        assert_eq!(found(&disturbed(slowed(part, limit * 1.001))), [What::Longer(part)]);
        assert_eq!(found(&disturbed(slowed(part, limit * 0.999))), []);
        assert_eq!(vary(part.unsteady()), [What::Varies(part)]);
        assert_eq!(vary(part.unsteady() * 0.999), []);
    }
}

#[test]
fn without_the_processors_figure_nothing_is_called_quiet() {
    let mut record = probed();
    record.run.noise[0].probe.processor = Told::missing("too slow");
    assert_eq!(calm(&record), Calm::Unknown);
    record.run.noise[0].probe.disk = Told::missing("the disk is not loadline's");
    assert_eq!(noise(&record).expect("it was probed").factors.len(), 1, "of the loopback interface alone");
}

#[test]
fn a_block_whose_processor_could_not_be_probed_is_not_called_quiet() {
    let mut record = probed();
    assert_eq!(calm(&record), Calm::Quiet);
    let first = record.trials.iter_mut().find_map(|outcome| outcome.noise.as_mut()).expect("a block");
    first.processor = Told::missing("the probe failed");
    assert_eq!(calm(&record), Calm::Unknown);
}

#[test]
fn what_disturbed_a_warm_up_disturbed_no_figure() {
    let mut record = disturbed(slowed(Part::Processor, 3.0));
    assert_eq!(calm(&record), Calm::Noisy);
    record.trials.iter_mut().filter(|outcome| outcome.noise.is_some()).for_each(|outcome| outcome.trial.warmup = true);
    assert_eq!(calm(&record), Calm::Quiet);
}

#[test]
fn the_figures_of_one_probe_do_not_stand_behind_a_verdict_on_several() {
    let mut record = probed();
    let has_figures = |record: &Record| lines(record).lines().next().is_some_and(|line| line.contains("(processor"));
    assert!(has_figures(&record));
    record.run.noise.push(record.run.noise[0].clone());
    assert!(!has_figures(&record), "{}", lines(&record));
}

#[test]
fn a_block_is_held_against_the_probe_of_its_own_part() {
    let mut record = probed();
    // Gone on with on the same machine at half its speed: the blocks of then and now each agree with the probe before them.
    let mut later = slowed(Part::Processor, 2.0);
    later.at = "2026-11-30T13:00:00Z".parse().expect("a time");
    record.run.noise.push(NoiseBefore { shard: None, probe: later.clone() });
    let last = record.trials.iter_mut().filter_map(|outcome| outcome.noise.as_mut()).next_back().expect("a block");
    *last = NoiseProbe { at: "2026-11-30T13:00:30Z".parse().expect("a time"), ..later };
    assert_eq!(found(&record), []);
}

#[test]
fn shards_that_were_put_together_keep_their_probes_apart() {
    let part = |shard, scenario: &str| MergedRun {
        run_id: format!("part-{shard}"),
        shard,
        scenarios: vec![scenario.to_owned()],
        host: format!("{shard}"),
        cpu: "a CPU".to_owned(),
        started: "2026-11-30T12:00:00Z".parse().expect("a time"),
        stopped: None,
    };
    let mut record = go_api();
    record.run.plan = vec![planned("fast", "multi"), planned("slow", "multi")];
    record.run.merged = vec![part(1, "fast"), part(2, "slow")];
    let before = |shard, probe| NoiseBefore { shard: Some(shard), probe };
    let at_half_speed = NoiseProbe { at: "2026-11-30T12:00:10Z".parse().expect("a time"), ..slowed(Part::Processor, 2.0) };
    record.run.noise = vec![before(1, quiet("2026-11-30T12:00:05Z")), before(2, at_half_speed)];
    record.trials = vec![measured("fast", "multi", 1, SMALL), measured("slow", "multi", 1, SMALL)];
    record.trials[0].noise = Some(quiet("2026-11-30T12:00:30Z"));
    record.trials[1].noise = Some(slowed(Part::Processor, 2.0));
    assert_eq!(found(&record), []);
    record.trials[1].noise = Some(quiet("2026-11-30T12:00:30Z"));
    assert_eq!(found(&record), [What::Shorter(Part::Processor)]);
}

#[test]
fn the_worst_block_is_named_with_how_many_there_are() {
    let record = disturbed(slowed(Part::Processor, 1.38));
    let noise = noise(&record).expect("it was probed");
    let worst = "go-api/multi, cold trial 2".to_owned();
    assert_eq!(noise.disturbances[0].when, When::Blocks { worst, count: 1, of: 6 });
    let factors = noise.factors[&Part::Processor];
    assert!((factors.most - 1.38).abs() < 1e-9 && (factors.median - 1.0).abs() < 1e-9, "{factors:?}");
}

fn written(record: &Record) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::create(folder.path()).expect("the folder is empty");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    folder
}

#[test]
fn probes_read_back_to_the_last_bit_with_the_reasons_of_what_is_missing() {
    let mut record = disturbed(slowed(Part::Disk, 1.0 / 3.0));
    record.run.noise[0].shard = Some(3);
    record.run.noise[0].probe.disk = Told::missing("the probe failed: disk full");
    record.run.noise[0].probe.load = Told::missing("no load average");
    assert_eq!(Record::read(written(&record).path()).expect("it reads"), record);
}

#[test]
fn a_record_of_format_1_3_is_read_and_has_no_probe() {
    let folder = written(&go_api());
    let path = folder.path().join("run.json");
    let text = fs::read_to_string(&path).expect("it is text").replace("\"minor\": 5", "\"minor\": 3");
    assert!(!text.contains("noise"), "{text}");
    fs::write(&path, text).expect("it is written");
    assert_eq!(noise(&Record::read(folder.path()).expect("it reads")), None);
}

#[test]
fn figures_that_no_machine_has_are_refused() {
    let folder = written(&probed());
    for (file, from, to, why) in [
        ("run.json", "\"others\": 0.03", "\"others\": 1.5", "not between 0 and 1"),
        ("run.json", "\"load\": 0.42", "\"load\": -1.0", "load average"),
        ("trials.jsonl", "\"seconds\":0.00462", "\"seconds\":0.0", "the noise of the processor has figures"),
        ("trials.jsonl", "\"variation\":0.012", "\"variation\":-0.5", "the noise of the processor has figures"),
    ] {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("it is text");
        assert!(text.contains(from), "{file} has no {from}: {text}");
        fs::write(&path, text.replacen(from, to, 1)).expect("it is written");
        let refused = chain(&Record::read(folder.path()).expect_err("it is refused"));
        assert!(refused.contains(why), "{refused}");
        fs::write(&path, text).expect("it is written");
    }
}

/// The lines of a terminal's report that speak of noise, and the rows of the page.
fn lines(record: &Record) -> String {
    let data = ReportData::new(record);
    let (text, page) = (terminal(&data, 100, false), markdown(&data));
    let said =
        |line: &&str| line.starts_with("Noise") || line.starts_with("warning: ") || line.contains("noise of") || line.contains("| probe");
    text.lines().chain(page.lines()).filter(said).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_quiet_run_says_so_in_a_line() {
    insta::assert_snapshot!(lines(&probed()));
}

#[test]
fn a_noisy_run_says_what_disturbed_when_and_what_helps() {
    let mut record = disturbed(slowed(Part::Processor, 1.38));
    let before = &mut record.run.noise[0].probe;
    before.others = Told::Figure(0.42);
    before.disk = Told::Figure(Jitter { seconds: 0.0052, variation: 0.7, n: 20 });
    before.disk_place = "the builder's data root, ext4".to_owned();
    if let Some(probe) = record.trials.iter_mut().find_map(|outcome| outcome.noise.as_mut()) {
        probe.stolen = Told::Figure(0.12);
        probe.loopback = Told::Figure(Jitter { seconds: 0.000_1, variation: 0.06, n: 50 });
    }
    insta::assert_snapshot!(lines(&record));
}

#[test]
fn a_run_that_could_not_be_probed_says_why() {
    let mut record = probed();
    let before = &mut record.run.noise[0].probe;
    before.processor = Told::missing("the clock is too coarse for so short a work");
    before.disk = Told::missing("the probe failed: no space left on device");
    before.others = Told::missing("/proc/stat cannot be read");
    insta::assert_snapshot!(lines(&record));
}

#[test]
fn a_look_at_a_machine_has_a_verdict_its_figures_and_a_cure() {
    let (calm, words, cure) = noise_now(&quiet("2026-11-30T12:00:00Z"));
    assert_eq!((calm, cure), (Calm::Quiet, None));
    let mut busy = quiet("2026-11-30T12:00:00Z");
    busy.others = Told::Figure(0.88);
    let (calm, more, cure) = noise_now(&busy);
    assert_eq!(calm, Calm::Noisy);
    insta::assert_snapshot!(format!("{words}\n{more}\n→ {}", cure.unwrap_or_default()));
}
