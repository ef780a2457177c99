//! Awkward build contexts, built by Docker's own clients and from loadline's tar: the images must hold the same files.
//! What differs is listed with each context, and explained in `docs/build-context.md`.
//!
//! Docker's clients are the `docker` command's classic one, which filters the context itself, and `buildx` where it is
//! installed.

mod cases;
mod image;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use loadline::dockerfile::{BuilderKind, Context};
use loadline::rig::private::{DataRoot, PrivateEngine, PrivateOptions, Role};

use crate::support;
use crate::support::machine::among_others;
use cases::{Case, Deviation};
use image::{Item, Listing};

/// How many contexts are built at the same time; nothing is timed here.
const BUILDING: usize = 4;

const DOCKERFILE: &str = "FROM scratch\nCOPY . /x/\n";

#[test]
fn images_hold_what_dockers_own_client_puts_into_them() {
    if !support::live_or_skip("live::context::images_hold_what_dockers_own_client_puts_into_them") {
        return;
    }
    // The listed differences name permission bits of files that the test makes.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let _shared = among_others();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = PrivateOptions { data_root: DataRoot::Tmpfs, ..PrivateOptions::new(Role::Builder) };
    let engine = runtime.block_on(PrivateEngine::start(options)).expect("a private engine starts");
    let wrong = compare_all(engine.socket());
    runtime.block_on(engine.stop()).expect("the engine stops");
    assert!(wrong.is_empty(), "{} differences that are not listed, or listed and gone:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare_all(socket: &Path) -> Vec<String> {
    let work = tempfile::tempdir().expect("a folder");
    let cases = cases::all();
    assert!(cases.len() >= 30, "only {} contexts", cases.len());
    let clients = clients();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..BUILDING {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    build(case, socket, work.path(), &clients);
                }
            });
        }
    });
    let builders = ["classic", "buildkit"].map(str::to_owned).into_iter().chain(clients.iter().map(|c| format!("docker-{c}")));
    let builders: Vec<String> = builders.collect();
    let tags: Vec<String> = cases.iter().flat_map(|case| builders.iter().map(|by| format!("{}:{by}", case.name))).collect();
    let images = image::listings(socket, &tags);
    cases.iter().flat_map(|case| wrong(case, &clients, &images)).collect()
}

fn build(case: &Case, socket: &Path, work: &Path, clients: &[&str]) {
    let root = case.lay_out(work);
    let dockerfile = root.join(case.dockerfile);
    for client in clients {
        by_docker(socket, client, &root, &dockerfile, &format!("{}:docker-{client}", case.name));
    }
    by_loadline(socket, &root, &dockerfile, BuilderKind::Classic, &format!("{}:classic", case.name));
    by_loadline(socket, &root, &dockerfile, BuilderKind::BuildKit, &format!("{}:buildkit", case.name));
}

/// Docker's own clients that are here: always the classic one, and `BuildKit`'s where it is installed.
fn clients() -> Vec<&'static str> {
    let buildx = Command::new("docker").args(["buildx", "version"]).output().is_ok_and(|done| done.status.success());
    if buildx { vec!["classic", "buildx"] } else { vec!["classic"] }
}

/// Differences between loadline's image for each builder and the image of that builder's own client, or of the classic
/// client where that is the only one.
fn wrong(case: &Case, clients: &[&str], images: &BTreeMap<String, Listing>) -> Vec<String> {
    let mut pairs = vec![("classic", "classic"), ("classic", "buildkit")];
    pairs.extend(clients.contains(&"buildx").then_some(("buildx", "buildkit")));
    let mut wrong = Vec::new();
    for (client, by) in pairs {
        let found = differences(&images[&format!("{}:docker-{client}", case.name)], &images[&format!("{}:{by}", case.name)]);
        let pair = format!("{client}/{by}");
        let listed: Vec<String> = case.deviations.iter().filter(|d| d.pairs.contains(&pair.as_str())).map(Deviation::to_string).collect();
        wrong.extend(found.iter().filter(|d| !listed.contains(d)).map(|d| format!("{} {pair}: {d}", case.name)));
        wrong.extend(listed.iter().filter(|d| !found.contains(d)).map(|d| format!("{} {pair}: no longer: {d}", case.name)));
    }
    wrong
}

/// `path: what Docker's client gives → what loadline gives`.
fn differences(docker: &Listing, own: &Listing) -> Vec<String> {
    let paths: std::collections::BTreeSet<_> = docker.keys().chain(own.keys()).collect();
    let show = |item: Option<&Item>| item.map_or_else(|| "nothing".to_owned(), Item::to_string);
    let differing = paths.into_iter().filter(|path| docker.get(*path) != own.get(*path));
    differing.map(|path| format!("{}: {} → {}", path.escape_ascii(), show(docker.get(path)), show(own.get(path)))).collect()
}

fn by_docker(socket: &Path, client: &str, root: &Path, dockerfile: &Path, tag: &str) {
    let mut command = Command::new("docker");
    command.arg("-H").arg(format!("unix://{}", socket.display()));
    match client {
        "buildx" => command.args(["buildx", "build", "--builder", "default", "--provenance=false"]),
        _ => command.env("DOCKER_BUILDKIT", "0").arg("build"),
    };
    command.args(["-q", "-t", tag, "-f"]).arg(dockerfile).arg(root);
    let done = command.output().expect("the docker command runs");
    assert!(done.status.success(), "{tag}: {}", String::from_utf8_lossy(&done.stderr));
}

fn by_loadline(socket: &Path, root: &Path, dockerfile: &Path, builder: BuilderKind, tag: &str) {
    let context = Context::plan_for(root, dockerfile, builder).unwrap_or_else(|e| panic!("{tag}: {e}"));
    let version = if builder == BuilderKind::Classic { 1 } else { 2 };
    let name: Vec<String> = context.dockerfile().bytes().map(|b| format!("%{b:02X}")).collect();
    let name = name.concat();
    let mut stream = UnixStream::connect(socket).expect("the engine listens");
    let head = format!(
        "POST /build?version={version}&t={tag}&dockerfile={name} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/x-tar\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        context.tar_size()
    );
    stream.write_all(head.as_bytes()).expect("the request goes out");
    context.write_tar(&stream).unwrap_or_else(|e| panic!("{tag}: {e}"));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    stream.shutdown(Shutdown::Both).ok();
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("\"errorDetail\""), "{tag}: {answer}");
    assert!(answer.contains("Successfully tagged"), "{tag} ended without an image: {answer}");
}
