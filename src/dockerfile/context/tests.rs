use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// Writes files (`path`, content) and empty folders (`path/`, ignored).
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        put(root.path(), path.as_bytes(), content);
    }
    root
}

fn put(root: &Path, path: &[u8], content: &str) {
    let full = root.join(std::ffi::OsStr::from_bytes(path));
    if path.ends_with(b"/") {
        fs::create_dir_all(full).expect("a folder");
        return;
    }
    fs::create_dir_all(full.parent().expect("a parent")).expect("folders");
    fs::write(full, content).expect("a file");
}

fn plan(root: &TempDir) -> Context {
    Context::plan(root.path(), &root.path().join("Dockerfile")).unwrap_or_else(|e| panic!("{e}"))
}

fn names(context: &Context) -> Vec<String> {
    context.entries().iter().map(|e| String::from_utf8_lossy(&e.path).into_owned()).collect()
}

fn tar_of(context: &Context) -> Vec<u8> {
    let mut out = Vec::new();
    let written = context.write_tar(&mut out).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(written, out.len() as u64);
    assert_eq!(written, context.tar_size());
    out
}

/// Path, type, link target and content.
type Read = (Vec<u8>, ::tar::EntryType, Vec<u8>, Vec<u8>);

/// What the `tar` crate reads.
fn read_back(tar: &[u8]) -> Vec<Read> {
    let mut archive = ::tar::Archive::new(tar);
    let entries = archive.entries().expect("a tar");
    let read = entries.map(|entry| {
        let mut entry = entry.expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("content");
        let link = entry.link_name_bytes().map(|l| l.to_vec()).unwrap_or_default();
        (entry.path_bytes().to_vec(), entry.header().entry_type(), link, content)
    });
    read.collect()
}

#[test]
fn ignored_paths_stay_out_and_folders_come_before_what_they_hold() {
    let root = tree(&[
        ("Dockerfile", "FROM scratch"),
        ("a/b", "1"),
        ("a-b", "2"),
        ("a/.x", "3"),
        ("node_modules/m/i.js", "4"),
        (".dockerignore", "node_modules\n"),
    ]);
    assert_eq!(names(&plan(&root)), [".dockerignore", "Dockerfile", "a", "a/.x", "a/b", "a-b"]);
}

#[test]
fn an_exception_brings_its_folders_with_it_and_nothing_else() {
    let root = tree(&[
        ("Dockerfile", ""),
        ("a/b/keep", ""),
        ("a/b/drop", ""),
        ("a/c/drop", ""),
        ("z/drop", ""),
        (".dockerignore", "**\n!**/keep\n!Dockerfile"),
    ]);
    assert_eq!(names(&plan(&root)), ["Dockerfile", "a", "a/b", "a/b/keep"]);
}

#[test]
fn the_ignore_file_of_the_dockerfile_goes_first_and_the_classic_builder_knows_none() {
    let root =
        tree(&[("x.Dockerfile", ""), ("x.Dockerfile.dockerignore", "a\n*.dockerignore"), (".dockerignore", "b"), ("a", ""), ("b", "")]);
    let dockerfile = root.path().join("x.Dockerfile");
    let context = Context::plan(root.path(), &dockerfile).expect("planned");
    assert_eq!(names(&context), ["b", "x.Dockerfile"]);
    let context = Context::plan_for(root.path(), &dockerfile, BuilderKind::Classic).expect("planned");
    assert_eq!(names(&context), [".dockerignore", "a", "x.Dockerfile", "x.Dockerfile.dockerignore"]);
}

#[test]
fn an_ignored_dockerfile_goes_under_a_name_of_its_own() {
    let root = tree(&[
        ("Dockerfile", "FROM a"),
        (".dockerignore", "Dockerfile\n.dockerignore\n.load*"),
        (".loadline.Dockerfile", "taken"),
        ("f", ""),
    ]);
    let context = plan(&root);
    assert_eq!(context.dockerfile(), ".loadline.Dockerfile.1");
    assert_eq!(names(&context), ["f", ".loadline.Dockerfile.1"]);
    assert_eq!(read_back(&tar_of(&context))[1].3, b"FROM a");
}

#[test]
fn a_dockerfile_outside_goes_under_a_name_of_its_own() {
    let outside = tree(&[("Dockerfile", "FROM out"), ("Dockerfile.dockerignore", "f")]);
    let root = tree(&[("f", ""), ("g", "")]);
    let context = Context::plan(root.path(), &outside.path().join("Dockerfile")).expect("planned");
    assert_eq!((context.dockerfile(), names(&context)), (".loadline.Dockerfile", vec!["g".to_owned(), ".loadline.Dockerfile".to_owned()]));
}

#[test]
fn the_classic_builder_gets_an_ignore_file_that_removes_what_is_not_part_of_the_context() {
    let outside = tree(&[("Dockerfile", "FROM out")]);
    let root = tree(&[("f", "")]);
    let context = Context::plan_for(root.path(), &outside.path().join("Dockerfile"), BuilderKind::Classic).expect("planned");
    assert_eq!(names(&context), ["f", ".loadline.Dockerfile", ".dockerignore"]);
    assert_eq!(read_back(&tar_of(&context))[2].3, b".dockerignore\n.loadline.Dockerfile\n");
    let root = tree(&[("d/Dockerfile", "FROM a"), (".dockerignore", "d\n.dockerignore")]);
    let context = Context::plan_for(root.path(), &root.path().join("d/Dockerfile"), BuilderKind::Classic).expect("planned");
    assert_eq!((context.dockerfile(), names(&context)), ("d/Dockerfile", vec!["d/Dockerfile".to_owned(), ".dockerignore".to_owned()]));
    assert_eq!(read_back(&tar_of(&context))[1].3, b"d\n.dockerignore");
}

#[test]
fn a_dockerfile_reached_through_a_symlink_has_the_name_of_its_target() {
    let root = tree(&[("docker/prod.Dockerfile", "FROM a")]);
    symlink("docker/prod.Dockerfile", root.path().join("Dockerfile")).expect("a symlink");
    assert_eq!(plan(&root).dockerfile(), "docker/prod.Dockerfile");
}

#[test]
fn links_keep_their_targets_wherever_they_lead() {
    let root = tree(&[("Dockerfile", ""), ("f", "x")]);
    let long = "../".repeat(60);
    for (target, name) in [("f", "in"), ("../../etc/passwd", "out"), ("/etc", "rooted"), ("gone", "dangling"), (long.as_str(), "long")] {
        symlink(target, root.path().join(name)).expect("a symlink");
    }
    fs::hard_link(root.path().join("f"), root.path().join("g")).expect("a hard link");
    let read = read_back(&tar_of(&plan(&root)));
    let links: Vec<_> =
        read.iter().filter(|e| e.1 == ::tar::EntryType::Symlink).map(|e| String::from_utf8_lossy(&e.2).into_owned()).collect();
    assert_eq!(links, ["gone", "f", long.as_str(), "../../etc/passwd", "/etc"]);
    let hard: Vec<_> = read.iter().filter(|e| e.1 == ::tar::EntryType::Link).map(|e| (e.0.as_slice(), e.2.as_slice())).collect();
    assert_eq!(hard, [(b"g".as_slice(), b"f".as_slice())]);
}

#[test]
fn sockets_are_left_out_and_pipes_are_sent_as_pipes() {
    let root = tree(&[("Dockerfile", "")]);
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("s")).expect("a socket");
    rustix::fs::mkfifoat(rustix::fs::CWD, root.path().join("p"), rustix::fs::Mode::RUSR).expect("a pipe");
    let context = plan(&root);
    assert_eq!(names(&context), ["Dockerfile", "p"]);
    assert_eq!(context.entries()[1].kind, EntryKind::Fifo);
}

#[test]
fn names_of_any_bytes_and_any_length_arrive_as_they_are() {
    let root = tree(&[("Dockerfile", "")]);
    let (folder, file) = ("d".repeat(200), "f".repeat(250));
    let deep = format!("{folder}/{folder}/{file}");
    for name in [b"\xff\xfe".as_slice(), b"a b", b"a\nb", "grün ☺".as_bytes(), b"back\\slash", b" lead", deep.as_bytes()] {
        put(root.path(), name, "x");
    }
    let mut paths: Vec<_> = read_back(&tar_of(&plan(&root))).into_iter().map(|e| e.0).collect();
    for path in &mut paths {
        path.truncate(path.len() - usize::from(path.ends_with(b"/")));
    }
    let mut want: Vec<Vec<u8>> =
        [b"\xff\xfe".as_slice(), b"a b", b"a\nb", "grün ☺".as_bytes(), b"back\\slash", b" lead", b"Dockerfile"].map(<[u8]>::to_vec).into();
    want.extend([folder.clone(), format!("{folder}/{folder}"), deep].map(String::into_bytes));
    paths.sort();
    want.sort();
    assert_eq!(paths, want);
}

#[test]
fn permission_bits_are_sent_as_they_are() {
    let root = tree(&[("Dockerfile", ""), ("f", ""), ("d/", "")]);
    for (path, mode) in [("Dockerfile", 0o644), ("f", 0o4751), ("d", 0o1777)] {
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).expect("permissions");
    }
    let tar = tar_of(&plan(&root));
    let mut archive = ::tar::Archive::new(tar.as_slice());
    let heads = archive.entries().expect("a tar").map(|e| e.expect("an entry").header().clone());
    let found: Vec<_> = heads
        .map(|h| (h.mode().ok(), h.uid().ok(), h.gid().ok(), h.mtime().ok(), h.username_bytes().unwrap_or_default().to_vec()))
        .collect();
    assert_eq!(found, [0o644, 0o1777, 0o4751].map(|mode| (Some(mode), Some(0), Some(0), Some(MTIME), Vec::new())));
}

#[test]
fn two_checkouts_give_the_same_bytes() {
    let files = [("Dockerfile", "FROM a"), ("z/y", "1"), ("a/b", "2"), ("m", "3")];
    let first = tree(&files);
    let mut reversed = files;
    reversed.reverse();
    let second = tree(&reversed);
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(second.path().join("m")).and_then(|f| f.set_modified(old)).expect("an old file");
    assert_eq!(tar_of(&plan(&first)), tar_of(&plan(&second)));
}

#[test]
fn a_file_that_changed_since_it_was_planned_is_an_error_and_the_tar_has_no_end() {
    for content in ["longer than before", "", "short"] {
        let root = tree(&[("Dockerfile", ""), ("f", "before"), ("g", "later")]);
        let context = plan(&root);
        put(root.path(), b"f", content);
        let mut out = Vec::new();
        let error = context.write_tar(&mut out).expect_err("the file changed");
        assert!(matches!(&error, ContextError::Changed { path, planned: 6, .. } if path.ends_with("f")), "{error}");
        assert!(!out.ends_with(&[0; 1024]), "{content:?}");
    }
}

#[test]
fn a_file_that_vanished_or_became_a_link_is_an_error() {
    let root = tree(&[("Dockerfile", ""), ("f", "x"), ("other", "x")]);
    let context = plan(&root);
    fs::remove_file(root.path().join("f")).expect("removed");
    assert!(matches!(context.write_tar(Vec::new()), Err(ContextError::Read { .. })));
    symlink("other", root.path().join("f")).expect("a symlink");
    assert!(matches!(context.write_tar(Vec::new()), Err(ContextError::Read { .. })));
}

#[test]
fn a_writer_that_fails_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(plan(&tree(&[("Dockerfile", "")])).write_tar(Full), Err(ContextError::Write(_))));
}

#[test]
fn faults_of_the_root_the_dockerfile_and_the_patterns_name_the_path_and_the_cure() {
    let root = tree(&[("d/", ""), ("f", ""), (".dockerignore", "ok\n[\n")]);
    let plan = |root: &Path, name: &str| Context::plan(root, &root.join(name)).expect_err("refused");
    assert!(matches!(plan(&root.path().join("gone"), "f"), ContextError::Root { .. }));
    assert!(matches!(plan(&root.path().join("f"), "f"), ContextError::Root { .. }));
    assert!(matches!(plan(root.path(), "gone"), ContextError::Dockerfile { .. }));
    assert!(matches!(plan(root.path(), "d"), ContextError::Dockerfile { .. }));
    assert!(matches!(plan(root.path(), "f"), ContextError::Ignore { source, .. } if source.line == 2));
}

#[test]
fn a_deep_tree_is_walked() {
    let root = tree(&[("Dockerfile", ""), (&"d/".repeat(1_000), "")]);
    assert_eq!(plan(&root).entries().len(), 1_001);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_tar_lists_exactly_the_entries(files in proptest::collection::btree_map("[a-c]{1,2}(/[a-c]{1,2}){0,3}", "\\PC{0,20}", 0..8), ignore in "([a-c*]{1,2}\n|!b\n){0,3}") {
        let root = tree(&[("Dockerfile", ""), (".dockerignore", &ignore)]);
        for (path, content) in &files {
            let full = root.path().join(path);
            let made = fs::create_dir_all(full.parent().expect("a parent"));
            // A name that is a file already cannot be a folder too.
            let _ = made.and_then(|()| fs::write(full, content));
        }
        let context = plan(&root);
        let read = read_back(&tar_of(&context));
        let want: Vec<(Vec<u8>, u64)> = context.entries().iter().map(|e| {
            let slash: &[u8] = if e.kind == EntryKind::Folder { b"/" } else { b"" };
            ([e.path.as_slice(), slash].concat(), e.size)
        }).collect();
        let got: Vec<(Vec<u8>, u64)> = read.into_iter().map(|e| (e.0, e.3.len() as u64)).collect();
        prop_assert_eq!(got, want);
    }
}

#[test]
fn an_edited_file_is_sent_with_its_new_content_and_stays_on_disk_as_it_is() {
    let root = tree(&[("Dockerfile", "FROM x"), ("a.txt", "old"), ("b.txt", "other")]);
    let mut context = plan(&root);
    assert_eq!(context.read(Path::new("a.txt")).expect("a file"), b"old");
    context.replace(Path::new("a.txt"), b"a new text".to_vec()).expect("it is there");
    let sent = read_back(&tar_of(&context));
    let sent_as = |name: &[u8]| sent.iter().find(|(path, ..)| path == name).map(|(.., content)| content.clone());
    assert_eq!(sent_as(b"a.txt"), Some(b"a new text".to_vec()));
    assert_eq!(sent_as(b"b.txt"), Some(b"other".to_vec()));
    assert_eq!(context.read(Path::new("a.txt")).expect("a file"), b"a new text");
    assert_eq!(fs::read(root.path().join("a.txt")).expect("a file"), b"old");
}

#[test]
fn other_names_of_an_edited_file_keep_its_old_content() {
    let root = tree(&[("Dockerfile", "FROM x"), ("a", "old")]);
    for name in ["b", "c"] {
        fs::hard_link(root.path().join("a"), root.path().join(name)).expect("a link");
    }
    for edited in ["a", "b"] {
        let mut context = plan(&root);
        context.replace(Path::new(edited), b"new".to_vec()).expect("it is there");
        let sent = read_back(&tar_of(&context));
        let is = |name: &str, kind, link: &[u8], content: &[u8]| {
            assert!(sent.contains(&(name.into(), kind, link.to_vec(), content.to_vec())), "{edited}: {sent:?}");
        };
        is(edited, ::tar::EntryType::Regular, b"", b"new");
        let (first, second) = if edited == "a" { ("b", "c") } else { ("a", "c") };
        is(first, ::tar::EntryType::Regular, b"", b"old");
        is(second, ::tar::EntryType::Link, first.as_bytes(), b"");
    }
}

#[test]
fn a_file_that_is_not_sent_cannot_be_edited() {
    let root = tree(&[("Dockerfile", "FROM x"), (".dockerignore", "secret"), ("secret", "x"), ("folder/x", "y")]);
    let mut context = plan(&root);
    for path in ["secret", "missing", "folder"] {
        let error = context.replace(Path::new(path), Vec::new()).expect_err("it is no file of the context").to_string();
        assert!(error.contains(path) && error.contains(".dockerignore"), "{error}");
    }
}
