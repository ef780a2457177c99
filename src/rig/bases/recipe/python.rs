//! `python`: `CPython` in `/usr/local`, on `buildpack-deps` and on the slim root.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

const OLDER_LINE: &str =
    "CPython 3.13.5 with Debian's security fixes in its compiled parts, not the newer patch release that was published";
const DEBIAN_BUILD: &str = "the interpreter's library and the extension modules are Debian's builds: no profile-guided or \
    link-time optimization, more modules built in, the system's expat, OpenSSL's own list of ciphers; programs \
    that embed the interpreter look for packages in dist-packages";

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "python:3.13",
        parents: &["buildpack-deps:trixie", "debian:trixie"],
        method: Method::Dockerfile(concat!(
            include_str!("../recipes/python-3.13/tree.Dockerfile"),
            include_str!("../recipes/python-3.13/image.Dockerfile")
        )),
        platforms: PLATFORMS,
        published: Published { bytes: 412_872_069, date: "2026-08-25", version: "3.13.15" },
        limit_percent: 5.0,
        differs: &[
            OLDER_LINE,
            DEBIAN_BUILD,
            "no debug information in CPython's binaries, which is about 16 MB of the published image, and no helper for gdb",
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "python:3.13-slim",
        parents: &["debian:trixie", "debian:trixie-slim"],
        method: Method::Dockerfile(concat!(
            include_str!("../recipes/python-3.13/tree.Dockerfile"),
            include_str!("../recipes/python-3.13-slim/image.Dockerfile")
        )),
        platforms: PLATFORMS,
        published: Published { bytes: 42_961_458, date: "2026-08-05", version: "3.13.14" },
        limit_percent: 3.0,
        differs: &[OLDER_LINE, DEBIAN_BUILD, NEWER_PACKAGES, EXTRA_CERTIFICATES],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
];
