//! What can be measured on which engine.

use super::model::{Measurable, Row, State};

/// The measures, and whether a host engine can show each.
const MEASURES: [(&str, bool); 5] =
    [("builds", true), ("smoke checks", true), ("sizes", true), ("push times", true), ("pull times", false)];

/// A host engine has the layers that it built.
const NO_COLD_PULL: &str = "a cold pull needs a second engine that has none of the layers";

/// Each measure on each engine, from the rows about the engines and about the registry as the host engine sees it.
pub(super) fn measures(private: &Row, host: &Row, registry: &Row) -> Vec<Measurable> {
    let on = |engine: &'static str, row: &Row, measure: &'static str, shown: bool| {
        let row = if (engine, measure, row.state) == ("host", "push times", State::Ok) { registry } else { row };
        let reachable = row.state == State::Ok;
        let (reason, cure) = match (reachable, shown) {
            (true, true) => (None, None),
            (true, false) => (Some(NO_COLD_PULL.to_owned()), Some(other_engine(private))),
            (false, _) => (Some(row.words.lines().next().unwrap_or_default().to_owned()), row.cure.clone()),
        };
        Measurable { measure, engine, possible: reachable && shown, reason, cure }
    };
    let both = MEASURES.iter().map(|&(measure, shown)| [on("private", private, measure, true), on("host", host, measure, shown)]);
    both.flatten().collect()
}

fn other_engine(private: &Row) -> String {
    match (private.state, &private.cure) {
        (State::Ok, _) | (_, None) => "`loadline run --engine private`".to_owned(),
        (_, Some(cure)) => format!("`loadline run --engine private`; for that: {cure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn possible(private: &Row, host: &Row) -> Vec<(&'static str, &'static str)> {
        measures(private, host, &Row::ok("registry", "")).into_iter().filter(|m| m.possible).map(|m| (m.engine, m.measure)).collect()
    }

    #[test]
    fn a_host_engine_shows_all_but_the_pull_and_a_private_one_everything() {
        let (good, bad) = (Row::ok("x", ""), Row::no("x", "it is gone", "start it"));
        assert_eq!(possible(&good, &bad).len(), 5);
        assert_eq!(possible(&bad, &good), [("host", "builds"), ("host", "smoke checks"), ("host", "sizes"), ("host", "push times")]);
        assert!(possible(&bad, &bad).is_empty());
    }

    #[test]
    fn an_engine_that_does_not_reach_the_registry_shows_no_push_times() {
        let (good, bad) = (Row::ok("x", ""), Row::no("registry", "it is elsewhere", "name another"));
        let push = measures(&bad, &good, &bad).into_iter().find(|m| (m.engine, m.measure) == ("host", "push times")).expect("a row");
        assert_eq!((push.possible, push.reason.as_deref(), push.cure.as_deref()), (false, Some("it is elsewhere"), Some("name another")));
    }

    #[test]
    fn whatever_cannot_be_measured_has_a_reason_and_a_cure() {
        let bad = Row::no("x", "it is gone", "start it");
        for row in [&bad, &Row::ok("x", "")] {
            let all = measures(&bad, row, &Row::no("registry", "it is elsewhere", "name another"));
            assert!(all.iter().filter(|m| !m.possible).all(|m| m.reason.is_some() && m.cure.is_some()), "{all:#?}");
        }
    }
}
