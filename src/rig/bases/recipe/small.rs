//! Bases without a distribution's package manager: `alpine` and distroless.

use super::{EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

/// What published distroless images hold, one layer for each package and each of their own archives.
const DISTROLESS: Published = Published { bytes: 829_687, date: "2025-08-21", version: "12" };
const DISTROLESS_DIFFERS: &[&str] = &[
    "the published size is the sum of the twelve layers which an image on static-debian12 begins with; they are compressed less strongly than gzip does at level 6: their tars are 3.14 MB, ours 3.04 MB",
    "os-release is in the layer of base-files, so there are eleven layers",
    "package data in var/lib/dpkg/status.d is the control file alone, without the list of hashes",
    NEWER_PACKAGES,
    EXTRA_CERTIFICATES,
];

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "alpine:3.20",
        parents: &["debian:trixie-slim"],
        method: Method::Dockerfile(include_str!("../recipes/alpine-3.20/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 3_627_056, date: "2025-10-08", version: "3.20.8" },
        limit_percent: 60.0,
        differs: &[
            "no apk, no OpenSSL libraries and no zlib, which are more than half of the published image: Dockerfiles that run apk are not built on it",
            "Debian's musl and its static busybox, whose shell knows the applets dpkg and rpm too; adduser and addgroup are shell scripts",
            "etc/os-release says that it is a stand-in, and there is no etc/alpine-release",
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
        ],
        package_managers: &[],
        versions: &[("system", "etc/os-release")],
    },
    Recipe {
        name: "gcr.io/distroless/static-debian12:latest",
        parents: &["debian:bookworm-slim"],
        method: Method::Dockerfile(include_str!("../recipes/distroless-static-debian12/Dockerfile")),
        platforms: PLATFORMS,
        published: DISTROLESS,
        limit_percent: 20.0,
        differs: DISTROLESS_DIFFERS,
        package_managers: &[],
        versions: &[("system", "usr/lib/os-release")],
    },
    Recipe {
        name: "gcr.io/distroless/static-debian12:nonroot",
        parents: &["gcr.io/distroless/static-debian12:latest"],
        method: Method::Dockerfile(include_str!("../recipes/distroless-static-debian12-nonroot/Dockerfile")),
        platforms: PLATFORMS,
        published: DISTROLESS,
        limit_percent: 20.0,
        differs: DISTROLESS_DIFFERS,
        package_managers: &[],
        versions: &[("system", "usr/lib/os-release")],
    },
];
