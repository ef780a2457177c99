//! The private engine: an own `dockerd` in its own mount and PID namespace, removed without a trace.
//!
//! An engine owns a bridge, cgroup folders, a state folder below `/run/loadline` and, where it is not in memory, a data
//! root: all named after one random id. Invariants:
//!
//! - Nothing in the namespace outlives this process, however it ends (see `cage.rs`).
//! - What is left outside the namespace after a crash is found by the next start and by [`sweep()`] (see `place.rs`).
//! - The host's own engine is not touched: no `docker0`, no firewall rules, no `/etc/docker/daemon.json`, no forwarding.
//!
//! The network namespace is the host's, on purpose: RUN steps on the host network and ports published on 127.0.0.1
//! work as with the host's engine.

mod cage;
mod cgroups;
mod engine_root;
mod error;
mod limits;
mod memory;
mod network;
mod obstacle;
mod ping;
mod place;
mod root;
mod stray;
mod sweep;
mod tools;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use engine_root::{dockerd as find_dockerd_in, has_program};
pub use error::PrivateError;
pub use limits::EngineLimits;
pub use memory::{TMPFS_FROM, available as available_memory};
pub use obstacle::{Obstacle, find_dockerd, obstacle, obstacle_with_root};
pub(in crate::rig) use root::file_system;
pub use stray::{StrayPair, stray_pairs};
pub use sweep::{Leftover, leftovers, sweep};

use cage::{Cage, Plan};
use place::{Claim, Place, Process, Roots};
use root::Root;

/// How long a daemon may take to answer. On a loaded machine with a slow disk it takes seconds.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How many of the log's last lines an error carries.
const LOG_LINES: usize = 15;

/// Where the private engine keeps its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DataRoot {
    /// tmpfs where at least [`TMPFS_FROM`] bytes of memory are available, else disk.
    #[default]
    Auto,
    /// tmpfs, or an error.
    Tmpfs,
    /// A folder below `/var/lib/loadline`.
    Disk,
    /// A folder of its own in a folder of the user's choice, which is left as it was found. Engines may share one.
    Path(PathBuf),
}

/// What the engine is for; a data root in memory is sized by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Builds and pushes.
    Builder,
    /// Pulls; never builds.
    Puller,
}

/// How the engine keeps images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// Docker's own, with `overlay2`.
    #[default]
    Classic,
    /// containerd's: Engine 24 or newer.
    Containerd,
}

/// How to start a private engine.
#[derive(Clone, Debug)]
pub struct PrivateOptions {
    /// The daemon's binary; `None` looks on the path, or in [`engine_root`](Self::engine_root).
    pub dockerd: Option<PathBuf>,
    /// A root file system with an engine of its own: `dockerd`, `containerd`, its shim, `runc`, and a `sh` with `mkdir`. Nothing in it is
    /// changed, and one root serves several engines at a time.
    pub engine_root: Option<PathBuf>,
    /// How it keeps images.
    pub store: Store,
    /// Where its data lies.
    pub data_root: DataRoot,
    /// What it is for.
    pub role: Role,
    /// `--registry-mirror`, such as `http://127.0.0.1:5000`.
    pub registry_mirror: Option<String>,
    /// A mirror that is asked before that one.
    pub base_mirror: Option<String>,
    /// What it and everything in it may take. With a limit of memory its data cannot lie there.
    pub limits: EngineLimits,
}

impl Store {
    /// The word for it: `classic`, `containerd`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Containerd => "containerd",
        }
    }

    /// As written in the daemon's configuration file, by its name there.
    const fn settings(self) -> &'static str {
        match self {
            Self::Classic => "{}\n",
            Self::Containerd => "{\"features\":{\"containerd-snapshotter\":true}}\n",
        }
    }

    const fn driver(self) -> Option<&'static str> {
        match self {
            // Without it a file system that overlay2 does not like is silently used in another, slower way.
            Self::Classic => Some("--storage-driver=overlay2"),
            Self::Containerd => None,
        }
    }
}

impl PrivateOptions {
    /// An engine of this machine's own binaries with the classic store, its data wherever there is room.
    pub fn new(role: Role) -> Self {
        Self {
            dockerd: None,
            engine_root: None,
            store: Store::default(),
            data_root: DataRoot::default(),
            role,
            registry_mirror: None,
            base_mirror: None,
            limits: EngineLimits::default(),
        }
    }
}

/// Where the data is to lie: files in memory count as memory that is taken, so that a limit of memory leaves the disk.
fn data_root(options: &PrivateOptions) -> Result<&DataRoot, PrivateError> {
    match (&options.data_root, options.limits.memory) {
        (DataRoot::Tmpfs, Some(_)) => Err(PrivateError::LimitedMemory),
        (DataRoot::Auto, Some(_)) => Ok(&DataRoot::Disk),
        (wanted, _) => Ok(wanted),
    }
}

/// A running private engine. Dropping it kills and removes it; [`stop`](Self::stop) does the same and reports.
#[derive(Debug)]
pub struct PrivateEngine {
    place: Place,
    socket: PathBuf,
    root: Root,
    cage: Option<Cage>,
    /// Released last: while it is held, no sweep touches this engine.
    claim: Option<Claim>,
    daemon: u32,
    started_in: Duration,
    swept: Vec<Leftover>,
}

/// The last lines of a private engine's log at `path`, indented and made fit to print; empty when it cannot be read.
pub fn log_tail(path: &Path, lines: usize) -> String {
    place::tail(path, lines)
}

impl PrivateEngine {
    /// Starts a daemon and waits until it answers. What dead engines have left is removed first.
    pub async fn start(options: PrivateOptions) -> Result<Self, PrivateError> {
        let begun = Instant::now();
        let store = options.store;
        let mut engine = match tokio::task::spawn_blocking(move || Self::launch(&options)).await {
            Ok(launched) => launched?,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        };
        engine.daemon = engine.until_it_answers().await?;
        engine.check_store(store).await?;
        engine.started_in = begun.elapsed();
        Ok(engine)
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where the daemon and its containerd write their log. The file goes with the engine.
    pub fn log(&self) -> PathBuf {
        self.place.log()
    }

    /// The log's last lines, indented.
    pub fn log_tail(&self, lines: usize) -> String {
        place::tail(&self.log(), lines)
    }

    /// The daemon's process id, as this process sees it.
    pub fn daemon_pid(&self) -> u32 {
        self.daemon
    }

    /// Time from the call of [`start`](Self::start) to the daemon's first answer.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Whether the daemon has ended by itself, and with which last words: the cause behind a connection that broke.
    pub fn died(&mut self) -> Option<PrivateError> {
        let status = self.cage.as_mut().and_then(Cage::ended)?.to_string();
        Some(PrivateError::Died { status, log: self.log_tail(LOG_LINES) })
    }

    /// What dead engines had left and this start removed.
    pub fn swept(&self) -> &[Leftover] {
        &self.swept
    }

    /// The data root as this process can read it: a data root in memory is mounted in the engine's namespace only.
    pub fn data_root_from_outside(&self) -> PathBuf {
        let inside = self.root.path();
        Path::new("/proc").join(self.daemon.to_string()).join("root").join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// The data root's file system, such as `tmpfs` or `ext4`.
    pub fn data_root_file_system(&self) -> Result<String, PrivateError> {
        root::file_system(&self.data_root_from_outside())
    }

    /// Kills the daemon and all its containers, and removes everything that it made.
    ///
    /// # Errors
    /// [`PrivateError::LeftBehind`] names what is still there.
    pub async fn stop(mut self) -> Result<(), PrivateError> {
        match tokio::task::spawn_blocking(move || self.end()).await {
            Ok(ended) => ended,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Everything up to the running namespace. On an error, dropping the half-made engine removes its parts.
    fn launch(options: &PrivateOptions) -> Result<Self, PrivateError> {
        let dockerd = match &options.engine_root {
            None => obstacle(options.dockerd.as_deref()).map_or_else(|| find_dockerd(options.dockerd.as_deref()), Err),
            Some(root) => obstacle_with_root(root, options.dockerd.as_deref()).map_or_else(|| engine_root::dockerd(root), Err),
        };
        let dockerd = dockerd.map_err(PrivateError::Obstacle)?;
        let roots = Roots::default();
        let lock = place::lock(&roots)?;
        // What cannot be removed must not keep the next engine from running: `loadline doctor` names it.
        let swept = sweep::sweep_locked(&roots).unwrap_or_default();
        let claimed = Self::claim(Place::new(roots), options, swept);
        let prepared = claimed.map(|mut engine| (engine.prepare(options), engine));
        // Dropping a half-made engine takes the lock.
        drop(lock);
        let (prepared, mut engine) = prepared?;
        prepared?;
        engine.run(&dockerd, options)?;
        Ok(engine)
    }

    fn claim(place: Place, options: &PrivateOptions, swept: Vec<Leftover>) -> Result<Self, PrivateError> {
        let root = Root::choose(data_root(options)?, options.role, &place)?;
        let claim = Some(place.claim()?);
        Ok(Self { socket: place.socket(), place, root, cage: None, claim, daemon: 0, started_in: Duration::ZERO, swept })
    }

    /// Makes the folders and the bridge.
    fn prepare(&mut self, options: &PrivateOptions) -> Result<(), PrivateError> {
        if let (Root::Own { path, made_parent, .. }, Some(claim)) = (&self.root, &mut self.claim) {
            claim.note("made-parent", if *made_parent { "yes" } else { "no" })?;
            claim.note("data", &path.to_string_lossy())?;
        }
        place::make_folder(&self.place.work())?;
        self.root.make()?;
        let lies_in_memory = || root::file_system(self.root.path()).map(|name| name == "tmpfs");
        if options.limits.memory.is_some() && lies_in_memory()? {
            return Err(PrivateError::LimitedMemory);
        }
        if let (Root::Disk { path }, Some(claim)) = (&self.root, &mut self.claim) {
            claim.hold(path)?;
        }
        let config = self.place.state().join("daemon.json");
        std::fs::write(&config, options.store.settings()).map_err(PrivateError::file("write", config))?;
        self.claim.as_ref().map_or(Ok(()), |claim| network::make_bridge(&self.place.bridge(), claim))
    }

    fn run(&mut self, dockerd: &Path, options: &PrivateOptions) -> Result<(), PrivateError> {
        let (state, log) = (self.place.state(), self.place.log());
        let arguments = self.arguments(options);
        let engine_root = options.engine_root.as_deref().map(engine_root::real).transpose()?;
        let groups = options.limits.apply(&self.place.cgroup())?;
        let plan = Plan {
            state: &state,
            data: self.root.path(),
            tmpfs: self.root.tmpfs_size(),
            log: &log,
            engine_root: engine_root.as_deref(),
            groups: &groups,
            dockerd,
            arguments,
        };
        let cage = self.cage.insert(Cage::start(&plan)?);
        if let (Some(process), Some(claim)) = (Process::of(cage.pid()), &mut self.claim) {
            claim.note("cage", &process.to_string())?;
        }
        Ok(())
    }

    fn arguments(&self, options: &PrivateOptions) -> Vec<String> {
        let show = |path: PathBuf| path.to_string_lossy().into_owned();
        let (state, work) = (self.place.state(), self.place.work());
        let mut arguments = vec![
            format!("--config-file={}", show(state.join("daemon.json"))),
            format!("--data-root={}", self.root.path().display()),
            format!("--exec-root={}", show(work.join("exec"))),
            format!("--pidfile={}", show(work.join("pid"))),
            format!("--host=unix://{}", show(self.place.socket())),
            // An own bridge that exists already: `none` would delete the host's docker0, `--bip` would re-address it.
            format!("--bridge={}", self.place.bridge()),
            format!("--cgroup-parent=/{}", self.place.cgroup()),
        ];
        let fixed = [
            "--iptables=false",
            "--ip6tables=false",
            "--ip-masq=false",
            "--ip-forward=false",
            // systemd would be told process ids that mean nothing outside the namespace.
            "--exec-opt=native.cgroupdriver=cgroupfs",
        ];
        arguments.extend(fixed.map(str::to_owned));
        arguments.extend(options.store.driver().map(str::to_owned));
        // An engine asks its mirrors in the order in which they are named.
        let mirrors = options.base_mirror.iter().chain(&options.registry_mirror);
        arguments.extend(mirrors.map(|url| format!("--registry-mirror={url}")));
        arguments
    }

    async fn until_it_answers(&mut self) -> Result<u32, PrivateError> {
        let until = Instant::now() + START_LIMIT;
        loop {
            if let Some(pid) = ping::ping(&self.socket).await {
                return Ok(pid);
            }
            if let Some(died) = self.died() {
                return Err(died);
            }
            if Instant::now() > until {
                return Err(PrivateError::Timeout { seconds: START_LIMIT.as_secs(), log: self.log_tail(LOG_LINES) });
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// An engine that does not know the containerd store takes the classic one without a word.
    async fn check_store(&mut self, wanted: Store) -> Result<(), PrivateError> {
        if wanted == Store::Containerd && !ping::has_containerd_store(&self.socket).await {
            return Err(self.died().unwrap_or(PrivateError::NoContainerdStore));
        }
        Ok(())
    }

    /// Kills and removes everything, once; bounded in time.
    fn end(&mut self) -> Result<(), PrivateError> {
        if let Some(mut cage) = self.cage.take() {
            cage.end();
        }
        let Some(claim) = self.claim.take() else { return Ok(()) };
        let what = sweep::remove(&self.place);
        drop(claim);
        sweep::remove_empty(&self.place.roots);
        if what.is_empty() { Ok(()) } else { Err(PrivateError::LeftBehind { what }) }
    }
}

impl Drop for PrivateEngine {
    fn drop(&mut self) {
        // Nobody is there to be told; `leftovers` finds what stayed.
        let _ = self.end();
    }
}
