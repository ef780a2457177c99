//! Removing what runs made on the user's engine: one's own at the end, and that of runs that were killed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::folder;
use super::owner::{CONTAINER_LABEL, Life, OWNER_LABEL, Owner, RUN_LABEL};
use crate::rig::docker::{Docker, Labelled};
use crate::rig::{Engine, EngineError};

/// Longest wait for one call.
const CALL: Duration = Duration::from_mins(2);

/// How the names begin that loadline gives images on a host engine, besides those of its own registry.
const NAMES: [&str; 2] = ["loadline-init/", "loadline-run/"];

/// One thing that a run made and that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostLeftover {
    /// What it is.
    pub thing: Thing,
    /// The run, as its label says; empty for a folder.
    pub run: String,
    /// Whether its owner is known to have ended. Otherwise it may belong to a run on another machine, or in a container.
    pub dead: bool,
}

/// What a run makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thing {
    /// A container, by its id.
    Container(String),
    /// A name of an image.
    Name(String),
    /// An image without any name, by its id.
    Image(String),
    /// A temporary folder.
    Folder(PathBuf),
}

impl HostLeftover {
    /// The command that removes it.
    pub fn command(&self) -> String {
        match &self.thing {
            Thing::Container(id) => format!("docker rm --force --volumes {id}"),
            Thing::Name(name) | Thing::Image(name) => format!("docker image rm --no-prune {name}"),
            Thing::Folder(path) => format!("rm -r {}", path.display()),
        }
    }
}

impl fmt::Display for HostLeftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.thing {
            Thing::Container(id) => write!(f, "container {} of run {}", id.get(..12).unwrap_or(id), self.run),
            Thing::Name(name) => write!(f, "image {name} of run {}", self.run),
            Thing::Image(id) => write!(f, "image {id} of run {}", self.run),
            Thing::Folder(path) => write!(f, "folder {}", path.display()),
        }
    }
}

/// What runs that are not known to be alive have left on the engine, and temporary folders of runs that have ended. Removes
/// nothing.
pub async fn leftovers(engine: &Docker) -> Result<Vec<HostLeftover>, EngineError> {
    let folders = folder::dead().into_iter().map(|path| HostLeftover { thing: Thing::Folder(path), run: String::new(), dead: true });
    let mut found = made(engine, |owner| match owner.life() {
        Life::Runs => None,
        Life::Ended => Some(true),
        Life::Unknown => Some(false),
    })
    .await?;
    // Somebody may have built it from an image of loadline's, whose labels it then has.
    found.iter_mut().filter(|leftover| matches!(leftover.thing, Thing::Image(_))).for_each(|leftover| leftover.dead = false);
    found.extend(folders);
    Ok(found)
}

/// Removes what runs that have ended left, and tells what is gone and what is still there.
pub async fn sweep(engine: &Docker) -> Result<(Vec<HostLeftover>, Vec<HostLeftover>), EngineError> {
    let (dead, unknown): (Vec<_>, Vec<_>) = leftovers(engine).await?.into_iter().partition(|thing| thing.dead);
    let (removed, mut left) = remove(engine, dead).await;
    left.extend(unknown);
    Ok((removed, left))
}

/// Removes what this process made on the engine and tells what could not be removed.
pub async fn remove_own(engine: &Docker) -> Result<Vec<HostLeftover>, EngineError> {
    let this = Owner::this();
    let own = made(engine, |owner| (*owner == this).then_some(true)).await?;
    Ok(remove(engine, own).await.1)
}

/// Containers first, since they hold on to their images. What was removed, and what was not.
async fn remove(engine: &Docker, things: Vec<HostLeftover>) -> (Vec<HostLeftover>, Vec<HostLeftover>) {
    let (mut removed, mut left) = (Vec::new(), Vec::new());
    for leftover in things {
        let call = async {
            match &leftover.thing {
                Thing::Container(id) => engine.remove_container(id).await.is_ok(),
                Thing::Name(name) | Thing::Image(name) => engine.remove_image(name).await.is_ok(),
                Thing::Folder(path) => std::fs::remove_dir_all(path).is_ok(),
            }
        };
        let gone = tokio::time::timeout(CALL, call).await.unwrap_or(false);
        if gone { removed.push(leftover) } else { left.push(leftover) }
    }
    (removed, left)
}

/// What carries loadline's labels and has an owner that `dead` takes, with its answer.
async fn made(engine: &Docker, dead: impl Fn(&Owner) -> Option<bool>) -> Result<Vec<HostLeftover>, EngineError> {
    let listing = async { Ok((engine.labelled_containers(OWNER_LABEL).await?, engine.labelled_images(OWNER_LABEL).await?)) };
    let late = |_| EngineError::Incomplete { action: "listing what runs left".to_owned(), missing: "an answer in time" };
    let (containers, images) = tokio::time::timeout(CALL, listing).await.map_err(late)??;
    let taken = |thing: &Labelled| {
        let owner = Owner::parse(thing.labels.get(OWNER_LABEL)?)?;
        Some((dead(&owner)?, thing.labels.get(RUN_LABEL)?.chars().filter(|c| !c.is_control()).take(100).collect::<String>()))
    };
    let containers = containers.iter().filter(|thing| thing.labels.contains_key(CONTAINER_LABEL)).filter_map(|thing| {
        let (dead, run) = taken(thing)?;
        Some(HostLeftover { thing: Thing::Container(thing.id.clone()), run, dead })
    });
    let images = images.iter().filter_map(|thing| Some((taken(thing)?, thing)));
    let images = images
        .flat_map(|((dead, run), thing)| of_image(thing).into_iter().map(move |thing| HostLeftover { thing, run: run.clone(), dead }));
    Ok(containers.chain(images).collect())
}

/// The names that loadline gave to an image; the image itself where it has no name at all. An image made from one of
/// loadline's inherits its labels and is the user's: it has another name.
fn of_image(image: &Labelled) -> Vec<Thing> {
    if image.names.is_empty() {
        return vec![Thing::Image(image.id.clone())];
    }
    image.names.iter().filter(|name| is_ours(name)).map(|name| Thing::Name(name.clone())).collect()
}

/// `HOST/PATH/loadline-…:measured`: for a registry that the user named.
fn in_named_registry(name: &str) -> bool {
    let pushed = name.strip_suffix(":measured").and_then(|name| name.rsplit_once('/'));
    pushed.is_some_and(|(place, last)| place.contains('/') && last.starts_with("loadline-"))
}

fn is_ours(name: &str) -> bool {
    let in_own_registry = name
        .strip_prefix("127.0.0.1:")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(port, rest)| port.parse::<u16>().is_ok() && rest.starts_with("loadline/"));
    in_own_registry || in_named_registry(name) || NAMES.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_image_only_the_names_that_loadline_gave_are_its_own() {
        let image = |names: &[&str]| Labelled {
            id: "sha256:00".to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            labels: std::collections::BTreeMap::new(),
        };
        let name = |name: &str| Thing::Name(name.to_owned());
        assert_eq!(of_image(&image(&["loadline-run/a-b:1-2", "mine:1"])), [name("loadline-run/a-b:1-2")]);
        assert_eq!(of_image(&image(&["127.0.0.1:4100/loadline/a-b-1:measured"])), [name("127.0.0.1:4100/loadline/a-b-1:measured")]);
        let named = "ghcr.io/me/loadline-2026-1-0a-x-1:measured";
        assert_eq!(of_image(&image(&[named, "ghcr.io/me/loadline-x:1", "loadline-x:measured"])), [name(named)]);
        assert_eq!(of_image(&image(&["loadline:latest", "127.0.0.1:x/loadline/a:b", "reg:1/loadline-run/a:b"])), []);
        assert_eq!(of_image(&image(&[])), [Thing::Image("sha256:00".to_owned())]);
    }

    #[test]
    fn every_leftover_is_named_with_the_command_that_removes_it() {
        let of = |thing| HostLeftover { thing, run: "r".to_owned(), dead: true };
        let container = of(Thing::Container("0123456789abcdef".to_owned()));
        assert_eq!(container.to_string(), "container 0123456789ab of run r");
        assert_eq!(container.command(), "docker rm --force --volumes 0123456789abcdef");
        assert_eq!(of(Thing::Name("loadline-run/a:1".to_owned())).command(), "docker image rm --no-prune loadline-run/a:1");
        assert_eq!(of(Thing::Folder("/tmp/loadline-run-1-2-x".into())).command(), "rm -r /tmp/loadline-run-1-2-x");
    }
}
