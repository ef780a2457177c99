//! What variants need from outside, read from their Dockerfiles, and which of them the provided bases cannot build.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::{Dockerfile, DockerfileError};
use crate::rig::bases::Provided;
use crate::scenario::{Scenario, Variant};

/// Every image from outside that the scenarios' variants need, each once, sorted.
pub fn references(scenarios: &[Scenario]) -> Result<Vec<String>, DockerfileError> {
    let mut all = BTreeSet::new();
    for variant in scenarios.iter().flat_map(|s| &s.variants) {
        all.extend(variant_references(variant)?);
    }
    Ok(all.into_iter().collect())
}

/// Every image from outside that one variant needs.
pub fn variant_references(variant: &Variant) -> Result<Vec<String>, DockerfileError> {
    let dockerfile = parsed(variant)?;
    let bases = dockerfile.bases(variant.target.as_deref(), &variant.build_args)?;
    Ok(bases.into_iter().map(|base| base.reference).collect())
}

/// Variants that cannot be built with the provided bases, with the reason, by scenario and variant index.
pub fn skipped(scenarios: &[Scenario], provided: Option<&Provided>) -> Result<BTreeMap<(usize, usize), String>, DockerfileError> {
    let mut skipped = BTreeMap::new();
    let Some(provided) = provided else { return Ok(skipped) };
    for (s, scenario) in scenarios.iter().enumerate() {
        for (v, variant) in scenario.variants.iter().enumerate() {
            if let Some(reason) = unbuildable(variant, provided)? {
                skipped.insert((s, v), reason);
            }
        }
    }
    Ok(skipped)
}

/// Why a variant cannot be built with the provided bases: one is missing, or a RUN calls a package manager that a
/// stand-in lacks.
fn unbuildable(variant: &Variant, provided: &Provided) -> Result<Option<String>, DockerfileError> {
    let missing = variant_references(variant)?.into_iter().find_map(|reference| provided.missing.get(&reference).cloned());
    if missing.is_some() {
        return Ok(missing);
    }
    let calls = parsed(variant)?.package_managers(variant.target.as_deref(), &variant.build_args)?;
    Ok(calls.iter().find_map(|call| {
        let has = provided.images.get(&call.base)?.package_managers?;
        let command = call.manager.command();
        (!has.contains(&command)).then(|| format!("line {} calls {command}, which the stand-in for {} lacks", call.line, call.base))
    }))
}

/// Reads a Dockerfile again: scenarios were checked when they were read, so that a failure here means it changed since.
fn parsed(variant: &Variant) -> Result<Dockerfile, DockerfileError> {
    let text = std::fs::read_to_string(&variant.dockerfile)
        .map_err(|e| DockerfileError { line: 1, message: format!("cannot read {}: {e}", variant.dockerfile.display()) })?;
    Dockerfile::parse(&text)
}
