//! Live tests of the private engine: what it does, and that nothing of it stays.

mod limits;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bollard::Docker;
use loadline::rig::private::{DataRoot, Leftover, PrivateEngine, PrivateOptions, Role, leftovers, sweep};

use crate::support::machine::{MachineState, alone, among_others};
use crate::support::{self, tiny};

/// Set for the process that [`an_engine_whose_owner_will_be_killed`] runs in.
const HELPER: &str = "LOADLINE_TEST_PRIVATE_HELPER";

fn options(data_root: DataRoot) -> PrivateOptions {
    PrivateOptions { data_root, ..PrivateOptions::new(Role::Builder) }
}

async fn start(data_root: DataRoot) -> PrivateEngine {
    PrivateEngine::start(options(data_root)).await.expect("a private engine starts")
}

/// Starts a container with a published port, and a build that stays in its RUN step.
async fn keep_busy(engine: &PrivateEngine) -> Docker {
    let docker = tiny::connect(engine.socket()).await;
    tiny::import(&docker).await;
    tiny::run_container(&docker).await;
    let build = docker.clone();
    tokio::spawn(async move { tiny::build_forever(&build).await });
    let steps = format!("loadline-{}/buildkit/", id(engine.socket()));
    until("the RUN step runs", || !MachineState::capture().with("cgroup folder", &steps).is_empty()).await;
    docker
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {what}");
}

/// The engine's id, which all its names carry.
fn id(socket: &Path) -> String {
    let folder = socket.parent().and_then(Path::file_name).expect("the socket lies in the state folder");
    folder.to_str().expect("an id is text").to_owned()
}

#[tokio::test]
async fn a_busy_engine_is_stopped_without_a_trace() {
    if !support::live_or_skip("live::private::a_busy_engine_is_stopped_without_a_trace") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let engine = start(DataRoot::Tmpfs).await;
    let id = id(engine.socket());
    let _docker = keep_busy(&engine).await;
    let meanwhile = MachineState::capture();
    for kind in ["link", "address", "route", "folder", "cgroup folder"] {
        assert!(!meanwhile.with(kind, &id).is_empty(), "the engine's {kind} carries its id {id}: {:?}", before.diff(&meanwhile));
    }
    assert!(meanwhile.with("mount", &id).is_empty(), "its mounts are not seen from outside");
    let state = engine.socket().parent().expect("the socket lies in the state folder");
    assert_eq!(state.metadata().expect("it is there").mode() & 0o777, 0o700, "nobody else reaches the socket");
    assert!(engine.log_tail(5).lines().count() == 5, "{}", engine.log_tail(5));
    assert_eq!(engine.data_root_file_system().expect("it is known"), "tmpfs");
    assert!(engine.data_root_from_outside().join("overlay2").is_dir());
    engine.stop().await.expect("it stops");
    before.assert_restored();
}

#[tokio::test]
async fn an_engine_that_is_only_dropped_leaves_no_trace() {
    if !support::live_or_skip("live::private::an_engine_that_is_only_dropped_leaves_no_trace") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let engine = start(DataRoot::Tmpfs).await;
    let docker = keep_busy(&engine).await;
    drop(engine);
    assert!(docker.ping().await.is_err());
    before.assert_restored();
}

#[tokio::test]
async fn an_engine_in_a_task_that_panics_leaves_no_trace() {
    if !support::live_or_skip("live::private::an_engine_in_a_task_that_panics_leaves_no_trace") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let task = tokio::spawn(async {
        let engine = start(DataRoot::Tmpfs).await;
        let socket = engine.socket().to_path_buf();
        assert!(!socket.exists(), "this assertion fails on purpose");
    });
    assert!(task.await.expect_err("the task panics").is_panic());
    before.assert_restored();
}

#[tokio::test]
async fn a_start_that_is_given_up_halfway_leaves_no_trace() {
    if !support::live_or_skip("live::private::a_start_that_is_given_up_halfway_leaves_no_trace") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    for millis in [0, 3, 10, 30, 60] {
        let given_up = tokio::time::timeout(Duration::from_millis(millis), PrivateEngine::start(options(DataRoot::Tmpfs))).await;
        if let Ok(started) = given_up {
            started.expect("what is not given up starts").stop().await.expect("it stops");
        }
    }
    before.assert_restored();
}

#[tokio::test]
async fn two_engines_run_side_by_side_and_a_sweep_touches_neither() {
    if !support::live_or_skip("live::private::two_engines_run_side_by_side_and_a_sweep_touches_neither") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let (one, two) = tokio::join!(start(DataRoot::Tmpfs), start(DataRoot::Tmpfs));
    let mut other = Helper::start();
    assert_eq!(leftovers(), []);
    assert_eq!(sweep().expect("there is nothing to do"), []);
    for socket in [one.socket(), two.socket(), &other.socket] {
        tiny::connect(socket).await.ping().await.expect("it answers after the sweep");
    }
    two.stop().await.expect("it stops");
    tiny::connect(one.socket()).await.ping().await.expect("the first one still answers");
    one.stop().await.expect("it stops");
    other.kill();
    sweep().expect("the killed one's things are removed");
    before.assert_restored();
}

#[tokio::test]
async fn after_a_kill_nothing_runs_on_and_a_sweep_removes_the_rest() {
    if !support::live_or_skip("live::private::after_a_kill_nothing_runs_on_and_a_sweep_removes_the_rest") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut helper = Helper::start();
    let id = id(&helper.socket);
    // Whoever starts an engine sweeps; nobody does while this is held.
    let lock = std::fs::File::open("/run/loadline").expect("an engine runs");
    lock.lock().expect("it is locked");
    helper.kill();
    let running =
        || before.diff(&MachineState::capture()).into_iter().any(|line| line.starts_with("+ process") || line.starts_with("+ mount"));
    until("all its processes are gone", || !running()).await;
    let left = leftovers();
    assert!(left.contains(&Leftover::Bridge(format!("ll{id}"))), "{left:?}");
    assert!(left.contains(&Leftover::Folder(format!("/run/loadline/{id}").into())), "{left:?}");
    assert!(left.iter().any(|thing| matches!(thing, Leftover::Cgroup(_))), "{left:?}");
    drop(lock);
    sweep().expect("all of it can be removed");
    assert!(leftovers().iter().all(|thing| !left.contains(thing)), "{left:?} was there");
    before.assert_restored();
}

#[tokio::test]
async fn the_next_start_removes_what_a_killed_one_left() {
    if !support::live_or_skip("live::private::the_next_start_removes_what_a_killed_one_left") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut helper = Helper::start();
    let dead = id(&helper.socket);
    helper.kill();
    // At once, while the namespace may still be dying.
    let engine = start(DataRoot::Tmpfs).await;
    let left: Vec<_> = leftovers().into_iter().filter(|thing| thing.to_string().contains(&dead)).collect();
    assert_eq!(left, [], "{:?} was removed", engine.swept());
    engine.stop().await.expect("it stops");
    before.assert_restored();
}

#[tokio::test]
async fn a_killed_start_at_any_moment_is_swept() {
    if !support::live_or_skip("live::private::a_killed_start_at_any_moment_is_swept") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut removed = 0;
    for millis in [1, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 300] {
        let mut helper = Helper::spawn();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        helper.kill().expect("it is killed");
        helper.wait().expect("it has ended");
        removed += sweep().expect("what it left can be removed").len();
    }
    assert!(removed > 0, "some of them had made something");
    before.assert_restored();
}

#[tokio::test]
async fn the_terminals_interrupt_does_not_reach_the_daemon() {
    if !support::live_or_skip("live::private::the_terminals_interrupt_does_not_reach_the_daemon") {
        return;
    }
    let _among_others = among_others();
    let engine = start(DataRoot::Tmpfs).await;
    let group = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
        let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
        fields.split_whitespace().nth(2).expect("the process group is the fifth field").to_owned()
    };
    assert_ne!(group("self"), group(&engine.daemon_pid().to_string()));
    engine.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_data_root_on_disk_goes_with_the_engine() {
    if !support::live_or_skip("live::private::a_data_root_on_disk_goes_with_the_engine") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let engine = start(DataRoot::Disk).await;
    let folder = PathBuf::from("/var/lib/loadline").join(id(engine.socket()));
    assert!(folder.join("overlay2").is_dir());
    let device = |path: &Path| path.metadata().expect("it is there").dev();
    assert_eq!(device(&engine.data_root_from_outside()), device(&folder), "nothing is mounted on it");
    let _docker = keep_busy(&engine).await;
    engine.stop().await.expect("it stops");
    before.assert_restored();
}

#[tokio::test]
async fn a_data_root_of_the_users_choice_is_left_as_it_was_found() {
    if !support::live_or_skip("live::private::a_data_root_of_the_users_choice_is_left_as_it_was_found") {
        return;
    }
    let _alone = alone();
    let place = tempfile::tempdir().expect("a folder");
    let (users, new) = (place.path().join("users"), place.path().join("new"));
    std::fs::create_dir_all(users.join("precious")).expect("a folder");
    let before = MachineState::capture();
    let path = |path: &Path| start(DataRoot::Path(path.to_path_buf()));
    let (one, two, three) = (path(&users).await, path(&new).await, path(&new).await);
    for (engine, folder) in [(&one, &users), (&two, &new), (&three, &new)] {
        assert!(folder.join(format!("loadline-{}", id(engine.socket()))).join("overlay2").is_dir());
    }
    // The one that made the folder goes first.
    for engine in [one, two, three] {
        engine.stop().await.expect("it stops");
    }
    assert_eq!(users.read_dir().expect("it is still there").count(), 1);
    assert!(users.join("precious").is_dir() && !new.exists());
    before.assert_restored();
}

#[tokio::test]
async fn a_file_that_is_mounted_below_etc_is_seen_by_the_daemon() {
    if !support::live_or_skip("live::private::a_file_that_is_mounted_below_etc_is_seen_by_the_daemon") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    // In a container `/etc/resolv.conf` is a mount of its own.
    let mounting = "file=$(mktemp) && echo '# mounted' >$file && mount --bind $file /etc/hosts && rm $file && exec \"$@\"";
    let mut helper = Helper::await_engine(Helper::spawn_under(&["unshare", "--mount", "sh", "-ec", mounting, "sh"]));
    let peer = tokio::net::UnixStream::connect(&helper.socket).await.expect("the daemon listens").peer_cred().expect("it has an owner");
    let daemon = peer.pid().expect("Linux says which process listens");
    let hosts = std::fs::read_to_string(format!("/proc/{daemon}/root/etc/hosts")).expect("it is readable");
    assert_eq!(hosts, "# mounted\n");
    helper.kill();
    sweep().expect("what it left can be removed");
    before.assert_restored();
}

#[tokio::test]
async fn a_daemon_that_dies_at_its_start_is_quoted() {
    if !support::live_or_skip("live::private::a_daemon_that_dies_at_its_start_is_quoted") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let place = tempfile::tempdir().expect("a folder");
    let fake = place.path().join("dockerd");
    std::fs::write(&fake, "#!/bin/sh\necho first\necho 'failed to start: no space left on device' >&2\nexit 3\n").expect("a script");
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).expect("it may run");
    let wanted = PrivateOptions { dockerd: Some(fake), ..options(DataRoot::Tmpfs) };
    let died = PrivateEngine::start(wanted).await.expect_err("it dies");
    insta::assert_snapshot!(died, @r"
    dockerd ended by itself (exit status: 3); its last lines:
      first
      failed to start: no space left on device
    make room, or choose another place with --data-root
    ");
    before.assert_restored();
}

#[tokio::test]
async fn a_daemon_that_is_killed_is_noticed_and_leaves_no_trace() {
    if !support::live_or_skip("live::private::a_daemon_that_is_killed_is_noticed_and_leaves_no_trace") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut engine = start(DataRoot::Tmpfs).await;
    let _docker = keep_busy(&engine).await;
    assert!(engine.died().is_none());
    let daemon = i32::try_from(engine.daemon_pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).expect("it is killed");
    until("the death is noticed", || engine.died().is_some()).await;
    engine.stop().await.expect("what it made is removed");
    before.assert_restored();
}

/// A process of its own that runs a busy engine until it is killed.
struct Helper {
    child: Child,
    socket: PathBuf,
}

impl Helper {
    fn spawn() -> Child {
        Self::spawn_under(&[])
    }

    /// With the words of `wrapper` before its command.
    fn spawn_under(wrapper: &[&str]) -> Child {
        let program = std::env::current_exe().expect("this is a program");
        let words = wrapper.iter().map(OsStr::new).chain([program.as_os_str()]).collect::<Vec<_>>();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command.args(["--exact", "live::private::an_engine_whose_owner_will_be_killed", "--ignored", "--nocapture"]);
        command.env(HELPER, "1").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the helper starts")
    }

    /// Returns when its engine is busy.
    fn start() -> Self {
        Self::await_engine(Self::spawn())
    }

    fn await_engine(mut child: Child) -> Self {
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut sockets = output.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("socket ").map(PathBuf::from));
        let socket = sockets.next().expect("the helper names its socket");
        Self { child, socket }
    }

    fn kill(&mut self) {
        self.child.kill().expect("the helper is killed");
        self.child.wait().expect("the helper has ended");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "runs until it is killed; other tests start it in a process of its own"]
async fn an_engine_whose_owner_will_be_killed() {
    if std::env::var_os(HELPER).is_none() {
        return;
    }
    let engine = start(DataRoot::Tmpfs).await;
    let _docker = keep_busy(&engine).await;
    writeln!(std::io::stdout(), "\nsocket {}", engine.socket().display()).expect("somebody reads");
    std::future::pending::<()>().await;
}
