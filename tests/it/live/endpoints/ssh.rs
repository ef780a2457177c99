//! A real sshd on a port of this machine, with keys of its own, and a daemon behind it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use loadline::rig::docker::Docker;
use loadline::rig::{Engine, EngineError};
use tempfile::TempDir;

use super::{endpoint, found, free_port, lost_in_a_build, private_engine, script, whole_way};
use crate::support::machine::among_others;
use crate::support::{chain, live_with};

const NEEDED: [(&str, &str); 4] =
    [("sshd", "openssh-server"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client"), ("docker", "docker-cli")];

/// Where sshd drops its rights; it does not start without.
const EMPTY: &str = "/run/sshd";

/// The server, the user's settings and the user's `ssh` that reads them.
struct Sshd {
    folder: TempDir,
    server: Child,
    made_empty: bool,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if self.made_empty {
            let _ = fs::remove_dir(EMPTY);
        }
    }
}

impl Sshd {
    /// Its docker command speaks to `socket`.
    async fn start(socket: &Path) -> Self {
        let made_empty = fs::create_dir(EMPTY).is_ok();
        let folder = tempfile::tempdir().expect("a folder is made");
        let at = folder.path().display();
        for key in ["host", "user", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join(key));
            assert!(keygen.status().expect("ssh-keygen runs").success());
        }
        let (port, program) = (free_port(), found("sshd"));
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\nUsePAM no\n\
             StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             SetEnv \"DOCKER_HOST=unix://{}\" \"PATH={}\"\n",
            socket.display(),
            std::env::var("PATH").expect("there is a path")
        );
        fs::write(folder.path().join("sshd_config"), config).expect("a file is written");
        let log = fs::File::create(folder.path().join("log")).expect("a file is made");
        let mut server = Command::new(program);
        server.args(["-D", "-e", "-f"]).arg(folder.path().join("sshd_config")).stderr(log).stdin(Stdio::null());
        let sshd = Self { server: server.spawn().expect("sshd starts"), folder, made_empty };
        sshd.write_user_settings(port);
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sshd;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}", fs::read_to_string(sshd.folder.path().join("log")).unwrap_or_default())
    }

    fn write_user_settings(&self, port: u16) {
        let at = self.folder.path().display();
        let key = fs::read_to_string(self.folder.path().join("host.pub")).expect("a key");
        fs::write(self.folder.path().join("known"), format!("[127.0.0.1]:{port} {key}")).expect("a file is written");
        let host = |name: &str, key: &str, known: &str| {
            format!(
                "Host {name}\n HostName 127.0.0.1\n Port {port}\n User root\n IdentityFile {at}/{key}\n IdentitiesOnly yes\n IdentityAgent none\n \
                 UserKnownHostsFile {known}\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking ask\n LocalForward {port} 127.0.0.1:1\n"
            )
        };
        let known = format!("{at}/known");
        let settings =
            [host("engine.test", "user", &known), host("stranger.test", "stranger", &known), host("unknown.test", "user", "/dev/null")];
        fs::write(self.folder.path().join("config"), settings.concat()).expect("a file is written");
        let bin = self.folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder is made");
        script(&bin.join("ssh"), &format!("echo $$ >>{at}/pids\nexec {} -F {at}/config \"$@\"", found("ssh").display()));
    }

    async fn connect(&self, host: &str) -> Result<Docker, EngineError> {
        let path = format!("{}/bin:{}", self.folder.path().display(), std::env::var("PATH").expect("there is a path"));
        Docker::connect(&endpoint(&[("DOCKER_HOST", &format!("ssh://{host}")), ("PATH", &path)])).await
    }

    /// Every ssh that was started.
    fn pids(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.folder.path().join("pids")).expect("ssh was started");
        text.lines().map(|pid| pid.parse().expect("a pid")).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_behind_ssh_builds_and_runs_and_each_failure_says_why() {
    if !live_with("live::endpoints::ssh::a_daemon_behind_ssh_builds_and_runs_and_each_failure_says_why", &NEEDED) {
        return;
    }
    let _among_others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
    let engine = private_engine(None).await;
    let sshd = Sshd::start(engine.socket()).await;
    let docker = sshd.connect("engine.test").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(docker.is_remote() && !docker.is_tls() && docker.endpoint() == "ssh://engine.test");
    assert_eq!(docker.info().await.expect("an answer").platform.split('/').next(), Some("linux"));
    whole_way(&docker).await;
    let by_path = sshd.connect(&format!("engine.test{}", engine.socket().display())).await.expect("its socket is named");
    by_path.info().await.expect("an answer");

    for (host, says) in [
        ("stranger.test", "Permission denied (publickey)): it takes none of the keys"),
        ("unknown.test", "its key is not known; connect once with ssh by hand and check the key"),
        ("engine.test/nowhere/d.sock", "no engine answers there"),
        ("nowhere.invalid", "its name has no address"),
    ] {
        let told = sshd.connect(host).await.expect_err("there is no connection").to_string();
        assert!(told.contains(says), "{told}");
    }

    let runs = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "ssh");
    let error = lost_in_a_build(&docker, || {
        for pid in sshd.pids().into_iter().filter(runs).filter_map(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    })
    .await;
    assert!(matches!(error, EngineError::Lost { .. }) && chain(&error).contains("signal: 9"), "{}", chain(&error));
    for _ in 0..100 {
        if !sshd.pids().iter().any(runs) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sshd.pids().into_iter().filter(runs).collect::<Vec<_>>(), [] as [i32; 0]);
    drop(sshd);
    engine.stop().await.expect("the engine stops");
}
