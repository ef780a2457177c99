//! Whether a build stood on the base images that it was given.
//!
//! A builder with a classic store takes an image that is there under the name. One with containerd's store asks a registry first, and
//! builds on whatever that has under the name, without a word but the digest in the names of its steps.

use std::collections::BTreeMap;

use crate::rig::{Engine, Vertex, VertexKind};
use crate::scenario::Builder;

use super::super::cache_state::short;
use super::super::rigging::variant_references;
use super::super::stop::{Stop, chain, invalid};
use super::TrialRunner;

/// What to do where an engine built on another image.
pub(super) const CURE: &str = "measure with the classic store, or on published images with --bases hub";

/// The digest of what is there under a name, by the name as people write it; `None` where nothing is.
type Given = BTreeMap<String, Option<String>>;

impl<E: Engine> TrialRunner<'_, E> {
    /// Refuses a build that stood on another image than the engine has under the name in the Dockerfile.
    pub(super) async fn stood_on_given_bases(&self, vertices: &[Vertex]) -> Result<(), Stop> {
        // What the user's own engine builds on is the user's, and the classic builder asks nobody for what is there.
        if !self.bench.isolated || !self.bench.containerd_store || self.variant.builder == Builder::Classic {
            return Ok(());
        }
        let look = self.guard("the inspection of the base images", self.limits.call, self.given_bases());
        let given = self.emitter.watch().overhead("inspect", look).await??;
        check(&given, vertices).map_err(invalid)
    }

    async fn given_bases(&self) -> Result<Given, Stop> {
        let references = variant_references(self.variant).map_err(|e| invalid(chain(&e)))?;
        let mut given = Given::new();
        for reference in references {
            let (name, digest) = split(&reference);
            let digest = match digest {
                Some(digest) => Some(digest.to_owned()),
                None => self.bench.builder.inspect(name).await?.map(|image| image.id),
            };
            given.insert(short(name).to_owned(), digest);
        }
        Ok(given)
    }
}

/// Holds the images that a build stood on, each with the digest that the builder names, against those that it was given.
fn check(given: &Given, vertices: &[Vertex]) -> Result<(), String> {
    let built_on: Vec<(&str, Option<&str>)> = vertices.iter().filter_map(image).map(|(name, digest)| (short(name), digest)).collect();
    for (name, digest) in &built_on {
        match (digest, given.get(*name)) {
            (Some(built), Some(Some(own))) if built == own => {}
            (Some(built), Some(Some(own))) => {
                return Err(format!(
                    "the engine built on another image than the one that it was given: {name} was {built}, which a registry answered with, \
                     and the one that is there is {own}; {CURE}"
                ));
            }
            (Some(_), _) => return Err(format!("the engine built on {name}, which it was not given; {CURE}")),
            (None, _) => return Err(format!("the engine does not say which image it built on as {name}; {CURE}")),
        }
    }
    match given.keys().find(|name| built_on.iter().all(|(other, _)| other != name)) {
        Some(name) => Err(format!("no step of the build says that it stood on {name}; {CURE}")),
        None => Ok(()),
    }
}

/// The image that a vertex brings. What only files are taken from has no number of a stage.
fn image(vertex: &Vertex) -> Option<(&str, Option<&str>)> {
    match vertex.kind() {
        VertexKind::Step(step) if step.instruction == "FROM" => Some(split(step.arguments)),
        VertexKind::Other => vertex.name.strip_prefix("FROM ").map(split),
        _ => None,
    }
}

/// A name, and the digest behind it.
fn split(reference: &str) -> (&str, Option<&str>) {
    reference.split_once('@').map_or((reference, None), |(name, digest)| (name, Some(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(name: &str) -> Vertex {
        let (digest, name) = (String::new(), name.to_owned());
        Vertex { digest, name, inputs: Vec::new(), cached: false, started: None, completed: None, error: None }
    }

    fn judged(names: &[&str]) -> Result<(), String> {
        let given = [("golang:1.23", Some("sha256:aa")), ("gcr.io/x/static:nonroot", Some("sha256:bb"))];
        let given = given.map(|(name, digest)| (name.to_owned(), digest.map(str::to_owned))).into();
        check(&given, &names.iter().map(|name| vertex(name)).collect::<Vec<_>>())
    }

    const BUILD: &str = "[build 1/4] FROM docker.io/library/golang:1.23@sha256:aa";

    #[test]
    fn a_build_on_the_images_that_are_there_is_one_whether_they_are_stages_or_give_files() {
        let internal = "[internal] load metadata for docker.io/library/golang:1.23";
        assert_eq!(judged(&[internal, BUILD, "[stage-1 1/2] FROM gcr.io/x/static:nonroot@sha256:bb", "exporting to image"]), Ok(()));
        assert_eq!(judged(&[BUILD, "FROM gcr.io/x/static:nonroot@sha256:bb"]), Ok(()));
    }

    #[test]
    fn a_build_on_what_a_registry_has_under_the_name_is_told_with_both_digests() {
        let reason = judged(&[BUILD, "[stage-1 1/2] FROM gcr.io/x/static:nonroot@sha256:cc"]).expect_err("another image");
        assert!(
            reason.contains("gcr.io/x/static:nonroot was sha256:cc") && reason.contains("the one that is there is sha256:bb"),
            "{reason}"
        );
        assert!(reason.ends_with(CURE), "{reason}");
    }

    #[test]
    fn a_build_that_does_not_say_what_it_stood_on_is_none() {
        let of_other = |name: &str| judged(&[BUILD, name]).expect_err("it cannot be told");
        assert!(of_other("[stage-1 1/2] FROM gcr.io/x/static:nonroot").contains("does not say which image"));
        assert!(of_other("[stage-1 1/2] FROM docker.io/library/alpine:3@sha256:bb").contains("alpine:3, which it was not given"));
        assert!(of_other("[2/2] RUN x").contains("no step of the build says that it stood on gcr.io/x/static:nonroot"));
    }
}
