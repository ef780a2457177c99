//! The same image pushed by the same engine to loadline's measuring registry and to Debian's.
//!
//! Both keep their blobs in folders beside each other. Both are empty at each push: what was pushed is removed again, so that an
//! engine that asks for a blob to be mounted from another repository gets none and moves every byte.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine as _, ProgressSink, Transfer};
use tokio::process::{Child, Command};

use crate::finding::Finding;
use crate::fixture::{Fixture, TAG, failed};
use crate::pairs::Course;
use crate::request::Part;
use crate::verdict::Bound;

/// What a push may take longer, as a part of it.
const PUSH: f64 = 0.03;
/// How long Debian's registry may take to listen.
const START: Duration = Duration::from_secs(20);

/// Debian's registry, killed when dropped.
struct Debian {
    address: SocketAddr,
    folder: PathBuf,
    _process: Child,
}

/// Measures pushes of an image with so many decimal megabytes of layers.
pub(crate) async fn push(course: &mut Course, megabytes: usize) -> Result<Finding, String> {
    let fixture = Fixture::start().await?;
    make(&fixture, megabytes).await?;
    let options = RegistryOptions::new(fixture.data_root().join("loadline-registry"));
    let ours = Registry::start(options).await.map_err(failed("loadline's registry"))?;
    let debian = Debian::start(fixture.data_root().join("debian-registry")).await?;
    let setting = format!("{}; two layers of {megabytes} MB in all, half of them noise and half text", fixture.describe().await?);
    let mut finding = Finding::new(Part::Push, setting, &[("push", Bound::Part(PUSH))]);
    both(&fixture, &ours, &debian, 0, true).await?;
    while course.wants_more(&finding, true) {
        let ours_first = course.coin();
        let (plain, with) = both(&fixture, &ours, &debian, finding.ours_first.len() + 1, ours_first).await?;
        finding.push(ours_first, plain, &[with]);
    }
    ours.stop().await.map_err(failed("loadline's registry"))?;
    drop(debian);
    fixture.stop().await.map(|()| finding)
}

/// An image of two layers, one that does not compress and one that does.
async fn make(fixture: &Fixture, megabytes: usize) -> Result<(), String> {
    let (mut random, half) = (fastrand::Rng::with_seed(7), megabytes * 500_000);
    let mut noise = vec![0; half];
    random.fill(&mut noise);
    let words: Vec<String> = (0..4096).map(|_| (0..random.usize(3..12)).map(|_| random.lowercase()).collect()).collect();
    let mut text = String::with_capacity(half + 16);
    while text.len() < half {
        text.push_str(&words[random.usize(..words.len())]);
        text.push(' ');
    }
    fixture.write("noise", noise)?;
    fixture.write("text", text)?;
    fixture.write("Dockerfile", "FROM scratch\nCOPY noise /noise\nCOPY text /text\n")?;
    fixture.build(&[]).await.map(drop)
}

/// Seconds of a push to Debian's registry and of one to loadline's, each to a new repository.
async fn both(fixture: &Fixture, ours: &Registry, debian: &Debian, pair: usize, ours_first: bool) -> Result<(f64, f64), String> {
    let repository = format!("pair-{pair}/app");
    let mut pushed: Vec<(bool, Transfer)> = Vec::new();
    for is_ours in [ours_first, !ours_first] {
        let address = if is_ours { ours.address() } else { debian.address };
        pushed.push((is_ours, one(fixture, &format!("{address}/{repository}:a")).await?));
        if is_ours {
            ours.forget_repository(&repository).map_err(failed("loadline's registry"))?;
        } else {
            debian.forget()?;
        }
    }
    pushed.sort_by_key(|(is_ours, _)| *is_ours);
    if pushed[0].1.digest != pushed[1].1.digest {
        return Err(format!("the two registries were pushed different images: {pushed:?}"));
    }
    Ok((pushed[0].1.seconds, pushed[1].1.seconds))
}

async fn one(fixture: &Fixture, reference: &str) -> Result<Transfer, String> {
    let docker = &fixture.docker;
    docker.tag(TAG, reference).await.map_err(failed("a name for the image"))?;
    let transfer = docker.push(reference, &ProgressSink::none()).await.map_err(failed("a push"))?;
    docker.remove_image(reference).await.map_err(failed("the image's name"))?;
    match transfer.already_present {
        0 => Ok(transfer),
        layers => Err(format!("{layers} layers of {reference} were not moved: the registry had them")),
    }
}

impl Debian {
    async fn start(folder: PathBuf) -> Result<Self, String> {
        std::fs::create_dir(&folder).map_err(failed(folder.display()))?;
        // The port is free again before the registry takes it; nothing on this machine hands it out that soon.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(failed("a free port"))?;
        let config = folder.join("config.yml");
        std::fs::write(&config, yaml(&folder, free)).map_err(failed(config.display()))?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().map_err(failed("docker-registry, which the package docker-registry has"))?;
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(free).await.is_err() {
            if begun.elapsed() > START {
                return Err(format!("docker-registry does not listen on {free} after {} s", START.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { address: free, folder, _process: process })
    }

    /// Removes everything that was pushed. It keeps nothing in memory: it has no cache of descriptors.
    fn forget(&self) -> Result<(), String> {
        let pushed = self.folder.join("docker");
        std::fs::remove_dir_all(&pushed).map_err(failed(pushed.display()))
    }
}

fn yaml(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {folder}\n  delete:\n    enabled: true\nhttp:\n  addr: {address}\n"
    )
}
