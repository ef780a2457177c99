//! One image in every store and format that an engine of this machine or of its distribution has: the same sizes, and the same of
//! every path, whichever engine exported it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use loadline::dockerfile::Context;
use loadline::image::{Digest, DockerArchive, Exported, Layout, OciArchive, Repack, Select, Weighed, weigh};
use loadline::rig::classic::ClassicImage;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role, Store};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, ProgressSink, RunNetwork};
use tempfile::TempDir;

use super::sources::sizes;
use super::{archive, lower, same, upper};
use crate::support::layers::{Head, Layer};
use crate::support::machine::among_others;
use crate::support::{engine_root_or_skip, tiny};

/// The image that is compared, and the one that it is built on.
const IMAGE: &str = "live:stores";
const BASE: &str = "live:stores-base";

/// What the build runs, beside the shell.
const PROGRAMS: [&str; 5] = ["/bin/sh", "/bin/rm", "/bin/ln", "/bin/chmod", "/bin/mkdir"];

const PODMAN: [(&str, &str); 2] = [("podman", "podman"), ("unshare", "util-linux")];

/// Other engines, by the beginning of their versions, and the Debian suites that have them.
const OTHERS: [(&str, &str); 2] = [("26", "trixie"), ("28", "forky")];

/// The first source, beside which all others are held.
const FIRST: &str = "own classic store";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_image_weighs_the_same_whichever_engine_exported_it() {
    let test = "live::weigh::stores::one_image_weighs_the_same_whichever_engine_exported_it";
    let mut roots = Vec::new();
    for (version, suite) in OTHERS {
        let Some(root) = engine_root_or_skip(test, suite, &PODMAN) else { return };
        roots.push((version, root));
    }
    let _others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
    let folder = tempfile::tempdir().expect("a folder is made");
    let registry = Registry::start(RegistryOptions::new(folder.path().join("blobs"))).await.expect("the registry starts");
    let mut table = Table::default();
    let saved = from_the_builder(&mut table, &folder, &registry).await;
    for (version, root) in &roots {
        from_a_classic_store(&mut table, &folder, version, root, &saved).await;
        from_a_containerd_store(&mut table, &folder, version, root, &saved, &registry).await;
    }
    from_podman(&mut table, &folder, &saved);
    registry.stop().await.expect("the registry stops");

    assert_eq!(table.sources.len(), 28, "{:?}", table.sources.iter().map(|source| &source.name).collect::<Vec<_>>());
    table.assert_covers_every_kind();
    assert_eq!(table.differences(), "", "a source differs from the {FIRST}");
    // Podman writes the configuration anew where it writes an OCI image, so that the image has another id there, and only there.
    let converted = BTreeSet::from(["podman oci-archive", "podman oci-dir"]);
    assert_eq!(table.of_other_ids(), converted);
    one_mode_bit_makes_a_difference(folder.path());
}

/// The comparison can fail.
fn one_mode_bit_makes_a_difference(folder: &Path) {
    let mut table = Table::default();
    for (name, mode) in [("one", "0004711"), ("other", "0000711")] {
        let path = folder.join(name);
        fs::write(&path, archive(BASE, &[special(mode)])).expect("the archive is written");
        table.add(name, &weigh(&DockerArchive::open(&path, None).expect("an archive")).expect("a sound image"));
    }
    let told = table.differences();
    let (lost, new) = (
        "  - layer 0 special/setuid: File of 5 bytes, Live, mode 4711 of",
        "  + layer 0 special/setuid: File of 5 bytes, Live, mode 711 of",
    );
    assert!(told.starts_with("other:\n") && told.contains(lost) && told.contains(new), "{told}");
    assert_eq!(table.of_other_ids(), BTreeSet::from(["other"]));
}

/// An engine of its own with what is asked of it.
struct Live {
    docker: Docker,
    engine: PrivateEngine,
    name: String,
}

impl Live {
    async fn start(name: &str, options: PrivateOptions) -> Self {
        let engine = PrivateEngine::start(options).await.expect("a private engine starts");
        let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers").with_log(&engine.log());
        Self { docker, engine, name: name.to_owned() }
    }

    async fn classic(&self) -> ClassicImage {
        let id: Digest = self.docker.inspect(IMAGE).await.expect("an answer").expect("it is there").id.parse().expect("a digest");
        ClassicImage::open(&self.engine.data_root_from_outside(), &id).expect("the store has it")
    }

    /// Weighs what the engine exports of `image`, as it streams by and from a file, and gives the file.
    async fn exports(&self, table: &mut Table, image: &str, how: &str, folder: &TempDir) -> PathBuf {
        let export = self.docker.export(image, |archive| Exported::read(archive, Repack::No)).await;
        let exported = export.expect("an export").expect("a sound one");
        table.add(&format!("{}{how} export", self.name), &weigh(&exported).expect("a sound image"));
        let path = folder.path().join(format!("{}{how}.tar", self.name));
        self.docker.save(&[image.to_owned()], &path).await.expect("it is saved");
        let saved = DockerArchive::open(&path, None).expect("an archive");
        table.add(&format!("{}{how} docker save", self.name), &weigh(&saved).expect("a sound image"));
        path
    }

    async fn stop(self) {
        self.engine.stop().await.expect("the engine is removed");
    }
}

/// Builds the image on the machine's own engine, pushes it, and gives the archive that the others load.
async fn from_the_builder(table: &mut Table, folder: &TempDir, registry: &Registry) -> PathBuf {
    let live = Live::start("own", PrivateOptions::new(Role::Builder)).await;
    let base = folder.path().join("base.tar");
    fs::write(&base, archive(BASE, &[tiny::root_of(&PROGRAMS), lower(), upper(), special("0004711")])).expect("the archive is written");
    live.docker.load(&base).await.expect("the engine takes the archive");
    let outcome = live.docker.build(request(folder.path()), &ProgressSink::none()).await.expect("the engine answers");
    assert!(matches!(outcome, BuildOutcome::Built(_)), "{outcome:?}");

    let first = weigh(&live.classic().await).expect("a sound image");
    // Four of the base and three of the build: instructions that change metadata alone have none.
    assert_eq!(first.weighing.layers.len(), 7);
    table.add(FIRST, &first);
    let verifying = live.classic().await.verifying().expect("its contents are there");
    table.add("own classic store, verified", &weigh(&verifying).expect("a sound image"));
    let saved = live.exports(table, IMAGE, "", folder).await;
    let pushed = format!("{}/x/y:stores", registry.address());
    live.docker.tag(IMAGE, &pushed).await.expect("a name is given");
    live.docker.push(&pushed, &ProgressSink::none()).await.expect("a push");
    table.add("own pushed", &weigh(&registry.image("x/y", "stores").expect("it was pushed")).expect("a sound image"));
    live.stop().await;
    saved
}

/// What stands in an archive of these engines is an OCI layout, too.
async fn from_a_classic_store(table: &mut Table, folder: &TempDir, version: &str, root: &Path, saved: &Path) {
    let live = Live::start(version, PrivateOptions { engine_root: Some(root.to_owned()), ..PrivateOptions::new(Role::Puller) }).await;
    let info = live.docker.info().await.expect("an answer");
    assert!(info.version.starts_with(version) && !info.containerd_store, "{info:?}");
    live.docker.load(saved).await.expect("it takes the other's archive");
    table.add(&format!("{version} classic store"), &weigh(&live.classic().await).expect("a sound image"));
    let archive = live.exports(table, IMAGE, "", folder).await;
    assert_eq!(gzip_members(&archive), 0, "the classic store keeps plain tars");
    table.add(&format!("{version} docker save as oci-archive"), &weigh(&layout_in(&archive)).expect("a sound image"));
    let unpacked = folder.path().join(format!("{version} unpacked"));
    tar::Archive::new(File::open(&archive).expect("it is there")).unpack(&unpacked).expect("it is a tar");
    let layout = Layout::open(&unpacked, &Select::default()).expect("a layout");
    table.add(&format!("{version} docker save as oci"), &weigh(&layout).expect("a sound image"));
    live.stop().await;
}

/// The containerd store keeps layers as they came: plain where they were loaded, compressed where they were pulled.
async fn from_a_containerd_store(table: &mut Table, folder: &TempDir, version: &str, root: &Path, saved: &Path, registry: &Registry) {
    let options = PrivateOptions { engine_root: Some(root.to_owned()), store: Store::Containerd, ..PrivateOptions::new(Role::Puller) };
    let live = Live::start(&format!("{version} containerd"), options).await;
    let info = live.docker.info().await.expect("an answer");
    assert!(info.version.starts_with(version) && info.containerd_store, "{info:?}");
    live.docker.load(saved).await.expect("it takes the other's archive");
    let loaded = live.exports(table, IMAGE, ", loaded,", folder).await;
    assert_eq!(gzip_members(&loaded), 0, "what was loaded is plain");
    table.add(&format!("{version} containerd, loaded, docker save as oci-archive"), &weigh(&layout_in(&loaded)).expect("a sound image"));
    live.docker.remove_image(IMAGE).await.expect("its name is removed");

    let name = format!("{}/x/y:stores", registry.address());
    live.docker.pull(&name, &ProgressSink::none()).await.expect("it is pulled");
    let pulled = live.exports(table, &name, ", pulled,", folder).await;
    let image = registry.image("x/y", "stores").expect("it was pushed");
    assert_eq!(gzip_members(&pulled), distinct_layers(&image), "what was pulled is kept as it came");
    live.stop().await;
}

/// Podman loads and saves in namespaces of its own, its images in memory.
fn from_podman(table: &mut Table, folder: &TempDir, saved: &Path) {
    let at = folder.path();
    fs::create_dir_all(at.join("podman/.config/containers")).expect("a folder is made");
    fs::write(at.join("podman/.config/containers/policy.json"), r#"{"default":[{"type":"insecureAcceptAnything"}]}"#).expect("a file");
    fs::write(at.join("podman/conf"), "[engine]\nevents_logger = \"none\"\nlock_type = \"file\"\n").expect("a file");
    let script = "for dir in /run /var/lib /var/tmp podman; do mount -t tmpfs tmpfs $dir; done
        podman() { command podman --root $PWD/podman/root --runroot $PWD/podman/run --tmpdir $PWD/podman/tmp --storage-driver overlay \"$@\"; }
        podman load --input \"$1\"
        for form in docker-archive oci-archive oci-dir; do podman save --format $form --output podman-$form \"$2\"; done";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", script, "sh"]).arg(saved).arg(IMAGE);
    unshare.env("HOME", at.join("podman-home")).env("CONTAINERS_CONF", at.join("podman-home/conf")).current_dir(at);
    fs::rename(at.join("podman"), at.join("podman-home")).expect("its home is made");
    fs::create_dir(at.join("podman")).expect("a folder is made");
    let output = unshare.output().expect("unshare starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packed = DockerArchive::open(&at.join("podman-docker-archive"), None).expect("an archive");
    table.add("podman docker-archive", &weigh(&packed).expect("a sound image"));
    table.add("podman oci-archive", &weigh(&layout_in(&at.join("podman-oci-archive"))).expect("a sound image"));
    let layout = Layout::open(&at.join("podman-oci-dir"), &Select::default()).expect("a layout");
    table.add("podman oci-dir", &weigh(&layout).expect("a sound image"));
}

fn layout_in(archive: &Path) -> OciArchive {
    OciArchive::open(archive, &Select::default()).expect("a layout")
}

/// Adds to the base: metadata alone, an owner, a copy of a file that is there, and what a RUN step changes and takes away.
fn request(folder: &Path) -> BuildRequest {
    let root = folder.join("context");
    fs::create_dir_all(root.join("links")).expect("a folder is made");
    let dockerfile = format!(
        "FROM {BASE}\nENV NOTHING=changed\nCOPY --chown=1234:5678 same /usr/copy\nLABEL nothing=changed\n\
         RUN rm -r /hidden && ln /usr/same /usr/second && chmod 4755 /usr/new && : > /opt/new && mkdir /made && chmod 1777 /made\n\
         COPY links /links\nCMD [\"/bin/sh\"]\n"
    );
    fs::write(root.join("Dockerfile"), dockerfile).expect("a file is written");
    fs::write(root.join("same"), same()).expect("a file is written");
    symlink("../usr/copy", root.join("links/copy")).expect("a link is made");
    BuildRequest {
        context: Arc::new(Context::plan(&root, &root.join("Dockerfile")).expect("the context is planned")),
        builder: BuilderVersion::BuildKit,
        target: None,
        build_args: BTreeMap::new(),
        platform: None,
        tag: IMAGE.to_owned(),
        cache: CacheUse::NoCache,
        network: RunNetwork::Host,
        labels: BTreeMap::new(),
    }
}

/// A layer of what is seldom: a setuid file of somebody, an extended attribute, a pipe, a file in the place of a link.
fn special(mode: &str) -> Vec<u8> {
    let owned = format!("{mode}\x000000144\x000000310\0");
    let setuid = Head::new(b'0', b"special/setuid", 5).with(100, owned.as_bytes());
    // linux/capability.h: version 2, effective, CAP_NET_BIND_SERVICE.
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let pipe = Head::new(b'6', b"special/pipe", 0);
    let layer = Layer::default().folder("special").entry(setuid, b"12345").pax(&[("SCHILY.xattr.security.capability", capability)]);
    layer.file("special/capable", b"abc").entry(pipe, b"").file("usr/soft", b"no link any more").end()
}

/// How many members of an archive are compressed.
fn gzip_members(archive: &Path) -> usize {
    let mut tar = tar::Archive::new(File::open(archive).expect("it is there"));
    let starts = tar.entries().expect("a tar").map(|entry| {
        let mut start = Vec::new();
        entry.and_then(|entry| entry.take(2).read_to_end(&mut start)).map(|_| start)
    });
    starts.collect::<io::Result<Vec<_>>>().expect("it is whole").iter().filter(|start| *start == b"\x1f\x8b").count()
}

/// How many blobs a pushed image has for layers: two layers may be one.
fn distinct_layers(image: &impl loadline::image::LayerSource) -> usize {
    let weighed = weigh(image).expect("a sound image");
    weighed.weighing.layers.iter().map(|layer| layer.digest.clone().expect("it was pushed")).collect::<BTreeSet<_>>().len()
}

/// What a source says of the image: sizes, layers, duplicates, and every path in every layer.
#[derive(Debug)]
struct Source {
    name: String,
    id: String,
    said: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Table {
    sources: Vec<Source>,
}

impl Table {
    fn add(&mut self, name: &str, weighed: &Weighed) {
        let mut said = BTreeSet::new();
        // The id and the size of the configuration are not the layers': they are looked at apart.
        let own = |line: &&str| !line.contains("\"image_id\"") && !line.contains("\"config_size\"");
        for (number, line) in sizes(weighed).lines().filter(own).enumerate() {
            said.insert(format!("sizes {number:04}: {}", line.trim()));
        }
        said.extend(weighed.duplicates.iter().map(|group| format!("copies: {group:?}")));
        weighed.tree.rows(|row| {
            let (mode, user, group) = row.owners;
            let path = row.path.escape_ascii();
            let what = format!("{:?} of {} bytes, {:?}, mode {mode:o} of {user}:{group}", row.kind, row.size, row.fate);
            assert!(said.insert(format!("layer {} {path}: {what}", row.layer)), "{name} has {path} twice in a layer");
        });
        self.sources.push(Source { name: name.to_owned(), id: weighed.image.id.to_string(), said });
    }

    /// What each source says otherwise than the first, by its name; nothing where all say the same.
    fn differences(&self) -> String {
        let mut text = String::new();
        let (first, others) = self.sources.split_first().expect("there are sources");
        for other in others.iter().filter(|other| other.said != first.said) {
            let _ = writeln!(text, "{}:", other.name);
            let lost = first.said.difference(&other.said).map(|line| format!("  - {line}"));
            let new = other.said.difference(&first.said).map(|line| format!("  + {line}"));
            lost.chain(new).take(40).for_each(|line| {
                let _ = writeln!(text, "{line}");
            });
        }
        text
    }

    fn of_other_ids(&self) -> BTreeSet<&str> {
        let first = &self.sources[0].id;
        self.sources.iter().filter(|source| source.id != *first).map(|source| source.name.as_str()).collect()
    }

    /// Agreement says something only where there is something to disagree on.
    fn assert_covers_every_kind(&self) {
        let said = &self.sources[0].said;
        let has = |parts: &[&str]| said.iter().any(|line| parts.iter().all(|part| line.contains(part)));
        let wanted: [&[&str]; 12] = [
            &["HardLink", "Live"],
            &["Symlink", "Live"],
            &["Duplicate"],
            &["Overwritten"],
            &["Deleted"],
            &["special/setuid", "mode 4711 of 100:200"],
            &["usr/new", "mode 4755"],
            &["usr/copy", "of 1234:5678"],
            &["made", "mode 1777"],
            &["special/capable"],
            &["special/pipe"],
            &["copies: "],
        ];
        for parts in wanted {
            assert!(has(parts), "nothing of {parts:?} in the image:\n{said:#?}");
        }
    }
}
