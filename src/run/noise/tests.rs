use super::*;

#[test]
fn a_probe_has_every_figure_or_the_reason_why_it_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let probe = Prober::in_folder(folder.path(), "a folder").look();
    for told in [&probe.processor, &probe.disk, &probe.loopback] {
        let figure = told.figure().is_some_and(|jitter| jitter.seconds > 0.0 && jitter.variation >= 0.0 && jitter.n >= FEWEST);
        assert!(figure || told.why_missing().is_some_and(|why| !why.is_empty()), "{probe:?}");
    }
    assert!(probe.disk_place.starts_with("a folder, "), "{probe:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0, "nothing is left");
}

#[test]
fn where_nothing_may_be_written_the_disk_has_the_reason() {
    let probe = Prober::without_disk("it is the user's").look();
    assert_eq!(probe.disk, Told::missing("it is the user's"));
    let nowhere = Prober::in_folder(Path::new("/no/such/folder"), "nowhere").look();
    assert!(nowhere.disk.why_missing().is_some_and(|why| why.starts_with("the probe failed: ")), "{nowhere:?}");
}

#[test]
fn work_is_repeated_as_often_as_planned_or_until_its_time_is_up_and_there_is_a_figure() {
    let count = |share| repeated(share, 2, || Ok(())).expect("it does not fail").len();
    assert_eq!(count(Share::new(7, 60_000)), 7);
    assert_eq!(count(Share::new(7, 0)), FEWEST, "what is slow has a figure, too");
    let failed = repeated(Share::new(7, 60_000), 0, || Err(std::io::Error::other("no")));
    assert_eq!(told(failed), Told::missing("the probe failed: no"));
}

#[test]
fn too_few_values_and_values_of_nothing_have_no_figure() {
    assert_eq!(told(Ok(vec![1.0, 1.0])), Told::missing("2 repetitions are too few"));
    assert!(told(Ok(vec![0.0; 9])).why_missing().is_some_and(|why| why.contains("too coarse")));
    assert_eq!(told(Ok(vec![2.0; 9])), Told::Figure(Jitter { seconds: 2.0, variation: 0.0, n: 9 }));
}
