//! The contexts.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat, setxattr};

use super::DOCKERFILE;

/// A context.
pub(super) struct Case {
    /// Also the name of its images.
    pub(super) name: &'static str,
    /// Relative to the root; `../` for one outside.
    pub(super) dockerfile: &'static str,
    ignore: Option<&'static [u8]>,
    make: fn(&Root),
    /// What may and must differ from what Docker's client gives.
    pub(super) deviations: Vec<Deviation>,
}

/// A difference between Docker's client and loadline.
pub(super) struct Deviation {
    /// `client/builder` of loadline's image, each as the test names them.
    pub(super) pairs: &'static [&'static str],
    path: &'static str,
    docker: &'static str,
    loadline: &'static str,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.path, self.docker, self.loadline)
    }
}

impl Case {
    fn file(self, dockerfile: &'static str) -> Self {
        Self { dockerfile, ..self }
    }

    fn ignore(self, patterns: &'static [u8]) -> Self {
        Self { ignore: Some(patterns), ..self }
    }

    fn differs(self, deviations: Vec<Deviation>) -> Self {
        Self { deviations, ..self }
    }

    /// Makes the context below `work` and returns its root.
    pub(super) fn lay_out(&self, work: &Path) -> PathBuf {
        let root = Root(work.join(self.name).join("context"));
        fs::create_dir_all(&root.0).expect("a folder");
        root.file(self.dockerfile, DOCKERFILE);
        if let Some(patterns) = self.ignore {
            fs::write(root.0.join(".dockerignore"), patterns).expect("a file");
        }
        (self.make)(&root);
        root.0
    }
}

/// The root of a context, with short ways to fill it.
pub(super) struct Root(PathBuf);

impl Root {
    fn at(&self, path: impl AsRef<[u8]>) -> PathBuf {
        let full = self.0.join(OsStr::from_bytes(path.as_ref()));
        fs::create_dir_all(full.parent().expect("a parent")).expect("folders");
        full
    }

    fn file(&self, path: impl AsRef<[u8]>, content: &str) {
        fs::write(self.at(path), content).expect("a file");
    }

    /// Files that hold their own names.
    fn files(&self, paths: &[&str]) {
        for path in paths {
            self.file(path, path);
        }
    }

    fn folder(&self, path: &str) {
        fs::create_dir_all(self.at(path)).expect("a folder");
    }

    fn link(&self, path: &str, target: &str) {
        symlink(target, self.at(path)).expect("a symlink");
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).expect("permissions");
    }

    /// Gives a file the right to listen on ports below 1024 (`linux/capability.h`: revision 2, bit 10).
    fn capability(&self, path: &str) {
        let value: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        setxattr(self.at(path), "security.capability", &value, XattrFlags::empty()).expect("a capability");
    }

    fn node(&self, path: &str, kind: FileType, device: (u32, u32)) {
        mknodat(CWD, self.at(path), kind, Mode::from_raw_mode(0o640), makedev(device.0, device.1)).expect("a node");
    }
}

/// The plain API of `BuildKit` has no place for a Dockerfile that is no part of the context.
fn own_dockerfile() -> Deviation {
    added(&["classic/buildkit", "buildx/buildkit"], "x/.loadline.Dockerfile", "- 100644 24 B")
}

/// The classic client and `BuildKit` differ between themselves; loadline does as the client of each builder does.
const CLASSIC: &[&str] = &["classic/buildkit"];

fn changed(pairs: &'static [&'static str], path: &'static str, docker: &'static str, loadline: &'static str) -> Deviation {
    Deviation { pairs, path, docker, loadline }
}

fn added(pairs: &'static [&'static str], path: &'static str, loadline: &'static str) -> Deviation {
    changed(pairs, path, "nothing", loadline)
}

fn missing(pairs: &'static [&'static str], path: &'static str, docker: &'static str) -> Deviation {
    changed(pairs, path, docker, "nothing")
}

fn case(name: &'static str, make: fn(&Root)) -> Case {
    Case { name, dockerfile: "Dockerfile", ignore: None, make, deviations: Vec::new() }
}

/// All contexts.
pub(super) fn all() -> Vec<Case> {
    let mut cases = patterns();
    cases.extend(dockerfiles());
    cases.extend(names());
    cases.extend(kinds());
    cases
}

fn some_files(root: &Root) {
    root.files(&[
        "main.go",
        "main_test.go",
        "README.md",
        "docs/README.md",
        "docs/a/b.md",
        "docs/a/c.txt",
        "src/x/y/z.go",
        "src/x/README.md",
        ".env",
        ".git/HEAD",
    ]);
}

fn patterns() -> Vec<Case> {
    vec![
        case("no-ignore-file", some_files),
        case("empty-ignore-file", some_files).ignore(b""),
        case("plain-names", some_files).ignore(b".git\n.env\nmain_test.go\n"),
        case("star", some_files).ignore(b"*.md\n*/*.md\n"),
        case("double-star", some_files).ignore(b"**/*.md\n"),
        case("double-star-end", some_files).ignore(b"docs/**\nsrc/**/y\n"),
        case("double-star-name", some_files).ignore(b"**/a\n**README.md\n"),
        case("question-and-class", some_files).ignore(b"main?go\n[D-S]*.md\nsrc/[^a]\n"),
        case("exception-below-folder", some_files).ignore(b"docs\n!docs/README.md\n"),
        case("exception-two-deep", some_files).ignore(b"docs\nsrc\n!docs/a/b.md\n!src/x/y\n"),
        case("exception-order", some_files).ignore(b"!main.go\n*.go\n*.md\n!README.md\ndocs\n"),
        case("all-but", some_files).ignore(b"*\n!main.go\n!src/x\n!Dockerfile\n"),
        case("exception-with-star", some_files).ignore(b"docs\nsrc\n!**/README.md\n").differs(vec![
            added(CLASSIC, "x/docs", "d 40755 0 B"),
            added(CLASSIC, "x/docs/README.md", "- 100644 14 B"),
            added(CLASSIC, "x/src", "d 40755 0 B"),
            added(CLASSIC, "x/src/x", "d 40755 0 B"),
            added(CLASSIC, "x/src/x/README.md", "- 100644 15 B"),
        ]),
        case("exception-in-star-folder", some_files).ignore(b"docs/*\n!docs/*.md\n!docs/a\ndocs/a/c.txt\n"),
        case("parent-exception", some_files).ignore(b"*/**/b.md\n!?ocs\n"),
        case("comments-and-blanks", some_files).ignore(b"# *\n\n   \n #src\n\t.env  \n\xc2\xa0main.go\n"),
        case("slashes-and-dots", some_files).ignore(b"/main.go\n./docs/\nsrc//x/./y/\n.git/../.env\n../README.md\n"),
        case("escapes", |r| r.files(&["a*b", "aXb", "#x", "!y", "c[d", "!z"])).ignore(b"a\\*b\n\\#x\n\\!y\nc\\[d\n"),
        case("crlf-and-mark", some_files).ignore(b"\xef\xbb\xbfmain.go\r\n!x\r\ndocs\r\n"),
        case("no-final-line-feed", some_files).ignore(b"docs\nmain.go"),
        case("matches-nothing", some_files).ignore(b"/\n.\n..\n./\nmain.go/x\nMAIN.GO\n"),
        case("case", |r| r.files(&["README.md", "readme.md", "docs/x", "DOCS/x"])).ignore(b"readme.md\nDOCS\n"),
        case("dot-files", |r| r.files(&[".a", ".keep", ".d/x", "...", "x/.y"])).ignore(b".*\n!.keep\n"),
        case("regex-characters", |r| r.files(&["a.|)$(}+{b", "aX", "c+x", "ccx", "^de", "de"])).ignore(b"a.|)$(}+{b\nc+*\n^d*\n"),
    ]
}

fn dockerfiles() -> Vec<Case> {
    vec![
        case("ignores-itself", some_files).ignore(b".dockerignore\nmain.go\n"),
        case("ignores-dockerfile", some_files).ignore(b"Dockerfile\n").differs(vec![own_dockerfile()]),
        case("ignores-both", some_files).ignore(b"Dockerfile\n.dockerignore\ndocs\n").differs(vec![own_dockerfile()]),
        case("ignores-all", some_files).ignore(b"*\n").differs(vec![own_dockerfile()]),
        case("dockerfile-in-folder", some_files).file("docker/app.Dockerfile"),
        case("dockerfile-in-ignored-folder", |r| {
            some_files(r);
            r.files(&["docker/other"]);
        })
        .file("docker/app.Dockerfile")
        .ignore(b"docker\n")
        .differs(vec![own_dockerfile(), missing(CLASSIC, "x/docker", "d 40755 0 B")]),
        case("dockerfile-outside", some_files).file("../Dockerfile").differs(vec![own_dockerfile()]),
        case("dockerfile-outside-with-ignore-file", some_files).file("../Dockerfile").ignore(b"docs\n").differs(vec![
            own_dockerfile(),
            changed(&["classic/classic"], "x/.dockerignore", "- 100644 39 B", "- 100644 27 B"),
            changed(CLASSIC, "x/.dockerignore", "- 100644 39 B", "- 100644 5 B"),
        ]),
        case("dockerfile-outside-ignore-ignored", some_files)
            .file("../Dockerfile")
            .ignore(b"docs\n.dockerignore\n")
            .differs(vec![own_dockerfile()]),
        case("own-ignore-file", |r| {
            some_files(r);
            r.file("app.Dockerfile.dockerignore", "docs\n");
        })
        .file("app.Dockerfile")
        .ignore(b"src\n")
        .differs(vec![
            missing(CLASSIC, "x/docs", "d 40755 0 B"),
            missing(CLASSIC, "x/docs/README.md", "- 100644 14 B"),
            missing(CLASSIC, "x/docs/a", "d 40755 0 B"),
            missing(CLASSIC, "x/docs/a/b.md", "- 100644 11 B"),
            missing(CLASSIC, "x/docs/a/c.txt", "- 100644 12 B"),
            added(CLASSIC, "x/src", "d 40755 0 B"),
            added(CLASSIC, "x/src/x", "d 40755 0 B"),
            added(CLASSIC, "x/src/x/README.md", "- 100644 15 B"),
            added(CLASSIC, "x/src/x/y", "d 40755 0 B"),
            added(CLASSIC, "x/src/x/y/z.go", "- 100644 12 B"),
        ]),
        case("dockerfile-is-symlink", |r| {
            some_files(r);
            r.link("Dockerfile", "real/Dockerfile");
        })
        .file("real/Dockerfile"),
    ]
}

fn names() -> Vec<Case> {
    vec![
        case("not-utf-8", |r| {
            for name in [b"\xff\xfe".as_slice(), b"x\xff\xfe", b"caf\xe9", b"d\x80/f", "é".as_bytes()] {
                r.file(name, "raw");
            }
        })
        .ignore(b"x\xff?\n[\xc3\xa9]\n"),
        case("odd-characters", |r| {
            r.files(&[
                "a b",
                " lead",
                "trail ",
                "tab\tx",
                "line\nfeed",
                "skip me\nnow",
                "grün ☺",
                "back\\slash",
                "back\\other",
                "quo\"te'",
                "-dash",
                "$HOME",
                "*",
            ]);
        })
        .ignore(b"*skip me*\nback\\\\slash\n"),
        case("long-names", |r| {
            let (name, folder) = ("n".repeat(255), "f".repeat(120));
            r.files(&[&"m".repeat(99), &"m".repeat(100), &"m".repeat(101), &name, &format!("{folder}/{folder}/{name}")]);
            r.folder(&"e".repeat(100));
            r.link("far", &"../".repeat(60));
        }),
        case("long-not-utf-8", |r| r.file([b"\xff".repeat(120), b"/x".to_vec()].concat(), "raw")),
        case("many-files", |r| {
            for i in 0..500 {
                r.file(format!("d{}/f{i}", i % 7), "x");
            }
        })
        .ignore(b"**/*7\n"),
    ]
}

fn kinds() -> Vec<Case> {
    vec![
        case("symlinks", |r| {
            r.files(&["f", "d/g"]);
            for (path, target) in [
                ("in", "f"),
                ("folder", "d"),
                ("out", "../../etc"),
                ("rooted", "/etc/passwd"),
                ("dangling", "nowhere"),
                ("gone", "f"),
                ("loop", "loop"),
                ("d/up", "../f"),
            ] {
                r.link(path, target);
            }
        })
        .ignore(b"gone\n"),
        case("symlink-to-ignored", |r| {
            r.files(&["d/g"]);
            r.link("to", "d/g");
        })
        .ignore(b"d\n"),
        case("empty-folders", |r| {
            for path in ["a", "b/c", "skipped/x", "held/in/empty"] {
                r.folder(path);
            }
        })
        .ignore(b"skipped\nheld\n!held/in/*\n"),
        case("folder-only-by-exception", |r| {
            r.files(&["d/e/f/g", "d/e/h", "d/i"]);
            r.mode("d", 0o750);
            r.mode("d/e", 0o700);
        })
        .ignore(b"d\n!d/e/f\n")
        .differs(vec![changed(CLASSIC, "x/d", "d 40755 0 B", "d 40750 0 B"), changed(CLASSIC, "x/d/e", "d 40755 0 B", "d 40700 0 B")]),
        case("modes", |r| {
            for mode in [0o755, 0o644, 0o600, 0o400, 0o777, 0o4755, 0o2755, 0o1644, 0o000] {
                let name = format!("f{mode:o}");
                r.files(&[&name]);
                r.mode(&name, mode);
            }
            for mode in [0o700, 0o1777, 0o2775] {
                r.folder(&format!("d{mode:o}"));
                r.mode(&format!("d{mode:o}"), mode);
            }
        })
        .differs(vec![
            changed(CLASSIC, "x/f2755", "- 100755 5 B", "- 102755 5 B"),
            changed(CLASSIC, "x/f4755", "- 100755 5 B", "- 104755 5 B"),
        ]),
        case("hard-links", |r| {
            r.files(&["a", "b"]);
            for (from, to) in [("a", "c"), ("a", "d/e"), ("b", "f")] {
                fs::hard_link(r.at(from), r.at(to)).expect("a hard link");
            }
        })
        .ignore(b"a\n"),
        case("socket", |r| drop(UnixListener::bind(r.at("s")).expect("a socket"))).differs(vec![missing(
            &["buildx/buildkit"],
            "x/s",
            "- 100755 0 B",
        )]),
        case("ignored-nodes", |r| {
            r.node("p", FileType::Fifo, (0, 0));
            r.node("c", FileType::CharacterDevice, (1, 3));
        })
        .ignore(b"p\nc\n"),
        case("pipe", |r| r.node("p", FileType::Fifo, (0, 0))).differs(vec![missing(CLASSIC, "x/p", "p 10640 0 B")]),
        case("devices", |r| {
            r.node("c", FileType::CharacterDevice, (1, 3));
            r.node("b", FileType::BlockDevice, (7, 9));
        })
        .differs(vec![changed(CLASSIC, "x/b", "b 60640 0 B", "- 100640 0 B"), changed(CLASSIC, "x/c", "c 20640 0 B", "- 100640 0 B")]),
        case("capabilities", |r| {
            r.files(&["server", "plain"]);
            r.capability("server");
        }),
        case("empty-file", |r| r.file("e", "")),
        case("block-sizes", |r| {
            for n in [1, 511, 512, 513, 1024, 131_072, 131_073] {
                r.file(format!("f{n}"), &"x".repeat(n));
            }
        }),
    ]
}
