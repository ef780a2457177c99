//! What a run's own budgets say otherwise than those that it is held to: limits that they loosened, budgets that others took the place of.

use crate::budget::{Budget, Increase, Limit};
use crate::judge::{Loosened, Unheld};
use crate::record::Record;

/// Each limit of `held` on the run's scenarios that the run's own budgets have looser, or not at all.
pub(super) fn loosened(run: &Record, held: &[Budget]) -> Vec<Loosened> {
    let planned = |budget: &&Budget| run.run.plan.iter().any(|planned| planned.scenario == budget.scenario);
    held.iter().filter(planned).flat_map(|budget| of_one(&run.run.budgets, budget)).collect()
}

fn of_one<'a>(own: &'a [Budget], held: &'a Budget) -> impl Iterator<Item = Loosened> + 'a {
    let now = own.iter().find(|own| (&own.scenario, &own.name) == (&held.scenario, &held.name));
    held.limits.iter().filter_map(move |before| {
        let about = now.and_then(|now| about_other(now, held));
        let after = now.filter(|_| about.is_none()).and_then(|now| now.limits.iter().find(|limit| is_of_kind(limit, before)));
        let as_strict = after.is_some_and(|after| is_as_strict(after, before));
        let place = now.and_then(|now| now.place.clone());
        (!as_strict).then(|| Loosened {
            scenario: held.scenario.clone(),
            budget: held.name.clone(),
            before: before.clone(),
            after: after.cloned(),
            about,
            place,
        })
    })
}

/// The run's own budgets that have no namesake among those that it is held to.
pub(super) fn unheld(run: &Record, held: &[Budget]) -> Vec<Unheld> {
    let of = |own: &Budget| Unheld { scenario: own.scenario.clone(), budget: own.name.clone(), place: own.place.clone() };
    let has_namesake = |own: &&Budget| held.iter().any(|held| (&held.scenario, &held.name) == (&own.scenario, &own.name));
    run.run.budgets.iter().filter(|own| !has_namesake(own)).map(of).collect()
}

/// What a budget is about where that is not the same figure of at least the same variants, in words.
fn about_other(now: &Budget, held: &Budget) -> Option<String> {
    let figure = |budget: &Budget| {
        let definition = budget.definition.as_ref().map(|definition| format!(" ({definition})")).unwrap_or_default();
        format!("{}{definition}, {}", budget.measure.id(), crate::record::state(&budget.cache_state, budget.edit.as_deref()))
    };
    if figure(now) != figure(held) {
        return Some(figure(now));
    }
    match &now.link {
        Some(link) if held.link.as_ref() != Some(link) => Some(format!("the link {link} alone")),
        _ if held.variants.iter().all(|variant| now.variants.contains(variant)) => None,
        _ => Some(format!("{} alone", now.variants.join(", "))),
    }
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
