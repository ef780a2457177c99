//! `buildpack-deps`: compilers, headers and version control on Debian's roots.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "buildpack-deps:bookworm-curl",
        parents: &["debian:bookworm"],
        method: Method::Dockerfile(include_str!("../recipes/buildpack-deps-bookworm-curl/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 72_538_605, date: "2025-01-14", version: "bookworm" },
        limit_percent: 3.0,
        differs: &[NEWER_PACKAGES, EXTRA_CERTIFICATES],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "buildpack-deps:bookworm-scm",
        parents: &["buildpack-deps:bookworm-curl"],
        method: Method::Dockerfile(include_str!("../recipes/buildpack-deps-bookworm-scm/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 136_937_285, date: "2025-01-14", version: "bookworm" },
        limit_percent: 3.0,
        differs: &[NEWER_PACKAGES, EXTRA_CERTIFICATES],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
];
