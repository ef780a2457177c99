//! Arguments, resolved: defaults filled in, paths made absolute, contradictions refused.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::rig::bases::BaseChoice;
use crate::rig::private::{self, DataRoot};

use super::args::{BasesArg, EngineArg, MessageFormat, RunArgs, Selection};
use super::{Exit, Failure};

/// What `run` does.
#[derive(Debug)]
pub(super) struct RunOptions {
    /// Which scenarios.
    pub selection: Selection,
    /// Which engine measures.
    pub engine: EngineChoice,
    /// Where base images come from.
    pub bases: BaseChoice,
    /// Whether digests must agree with `bases.lock`.
    pub locked: bool,
    /// Iterations of every block.
    pub trials: u32,
    /// Seed of the block order.
    pub seed: u64,
    /// The run's folder; `None` makes one below `results`.
    pub out: Option<PathBuf>,
    /// Whether an incomplete run still exits 0.
    pub allow_skips: bool,
    /// How progress is told.
    pub message_format: MessageFormat,
    /// The command line as typed.
    pub command: Vec<String>,
}

/// Which engine measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EngineChoice {
    /// An own dockerd.
    Private {
        /// Its binary; `None` looks on the path.
        dockerd: Option<PathBuf>,
        /// Where its data lies.
        data_root: DataRoot,
        /// A registry asked instead of the public one.
        registry_mirror: Option<String>,
    },
    /// The user's engine.
    Host,
}

impl RunOptions {
    /// Resolves the arguments of `run`.
    pub(super) fn resolve(args: RunArgs, command: &[OsString]) -> Result<Self, Failure> {
        let RunArgs {
            selection,
            engine,
            dockerd,
            data_root,
            bases,
            locked,
            registry_mirror,
            trials,
            quick,
            seed,
            out,
            allow_skips,
            message_format,
        } = args;
        if engine == Some(EngineArg::Host) && (locked || bases != BasesArg::Auto) {
            let message = "the host engine builds with its own base images; leave out --bases and --locked, or use --engine private";
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok(Self {
            selection,
            engine: engine_choice(engine, dockerd, &data_root, registry_mirror)?,
            bases: base_choice(bases),
            locked,
            trials: if quick { 1 } else { trials },
            seed: seed.unwrap_or_else(|| fastrand::u64(..)),
            out,
            allow_skips,
            message_format,
            command: command.iter().map(|part| without_login(&part.to_string_lossy())).collect(),
        })
    }
}

/// `text` without the login of a URL in it: a record is made to be published.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}

/// The private engine unless the user says otherwise; where it cannot run, the reason and the other way are said.
fn engine_choice(
    engine: Option<EngineArg>,
    dockerd: Option<PathBuf>,
    data_root: &str,
    registry_mirror: Option<String>,
) -> Result<EngineChoice, Failure> {
    if engine == Some(EngineArg::Host) {
        if dockerd.is_some() || data_root != "auto" || registry_mirror.is_some() {
            let message = "--dockerd, --data-root and --registry-mirror are about the private engine; leave them out with --engine host";
            return Err(Failure::new(Exit::Usage, message));
        }
        return Ok(EngineChoice::Host);
    }
    match private::obstacle(dockerd.as_deref()) {
        Some(obstacle) => Err(Failure::new(Exit::Engine, format!("{}; {}", obstacle.sentence, obstacle.cure))),
        None => Ok(EngineChoice::Private { dockerd, data_root: parse_data_root(data_root), registry_mirror }),
    }
}

fn parse_data_root(text: &str) -> DataRoot {
    match text {
        "auto" => DataRoot::Auto,
        "tmpfs" => DataRoot::Tmpfs,
        "disk" => DataRoot::Disk,
        path => DataRoot::Path(absolute(Path::new(path))),
    }
}

const fn base_choice(bases: BasesArg) -> BaseChoice {
    match bases {
        BasesArg::Auto => BaseChoice::Auto,
        BasesArg::Hub => BaseChoice::Hub,
        BasesArg::StandIn => BaseChoice::StandIn,
    }
}

/// `path` from the root; as it is where the current folder is gone.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_a_url_is_not_recorded() {
        assert_eq!(without_login("--registry-mirror=http://ann:secret@127.0.0.1:5000/x@y"), "--registry-mirror=http://127.0.0.1:5000/x@y");
        assert_eq!(without_login("a@b"), "a@b");
    }
}
