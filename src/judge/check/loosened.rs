//! Limits that a run's own budgets loosened against those that it is held to.

use crate::budget::{Budget, Increase, Limit};
use crate::judge::Loosened;
use crate::record::Record;

/// Each limit of `held` on the run's scenarios that the run's own budgets have looser, or not at all.
pub(super) fn loosened(run: &Record, held: &[Budget]) -> Vec<Loosened> {
    let planned = |budget: &&Budget| run.run.plan.iter().any(|planned| planned.scenario == budget.scenario);
    held.iter().filter(planned).flat_map(|budget| of_one(&run.run.budgets, budget)).collect()
}

fn of_one<'a>(own: &'a [Budget], held: &'a Budget) -> impl Iterator<Item = Loosened> + 'a {
    let now = own.iter().find(|own| (&own.scenario, &own.name) == (&held.scenario, &held.name));
    held.limits.iter().filter_map(move |before| {
        let after = now.filter(|now| asks_as_much(now, held)).and_then(|now| now.limits.iter().find(|limit| is_of_kind(limit, before)));
        let as_strict = after.is_some_and(|after| is_as_strict(after, before));
        let place = now.and_then(|now| now.place.clone());
        (!as_strict).then(|| Loosened {
            scenario: held.scenario.clone(),
            budget: held.name.clone(),
            before: before.clone(),
            after: after.cloned(),
            place,
        })
    })
}

/// Whether a budget is about the same figure of at least the same variants.
fn asks_as_much(now: &Budget, held: &Budget) -> bool {
    (now.measure, &now.definition, &now.cache_state, &now.edit) == (held.measure, &held.definition, &held.cache_state, &held.edit)
        && (now.link.is_none() || now.link == held.link)
        && held.variants.iter().all(|variant| now.variants.contains(variant))
}

fn is_of_kind(one: &Limit, other: &Limit) -> bool {
    match (one, other) {
        (Limit::MaxRatio { to: one, .. }, Limit::MaxRatio { to: other, .. }) => one == other,
        _ => one.id() == other.id(),
    }
}

/// Whether `now` lets nothing through that `before` does not. A share and an amount cannot be told apart without a figure: no.
fn is_as_strict(now: &Limit, before: &Limit) -> bool {
    match (now, before) {
        (Limit::Max { value: now, .. }, Limit::Max { value: before, .. })
        | (Limit::MaxRatio { share: now, .. }, Limit::MaxRatio { share: before, .. })
        | (Limit::MaxIncrease { by: Increase::Share(now), .. }, Limit::MaxIncrease { by: Increase::Share(before), .. })
        | (Limit::MaxIncrease { by: Increase::Amount(now), .. }, Limit::MaxIncrease { by: Increase::Amount(before), .. }) => now <= before,
        _ => false,
    }
}
