//! `nginx` out of Debian's packages on the slim root.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

pub(super) const RECIPES: &[Recipe] = &[Recipe {
    name: "nginx:1.26",
    parents: &["debian:trixie-slim"],
    method: Method::Dockerfile(include_str!("../recipes/nginx-1.26/Dockerfile")),
    platforms: PLATFORMS,
    published: Published { bytes: 72_130_394, date: "2025-02-06", version: "1.26.3" },
    limit_percent: 23.0,
    differs: &[
        "21 % smaller: Debian has nginx 1.26 in trixie only, and there libxml2 needs no ICU, 14.6 MB of the published layer",
        "Debian's build of nginx and its modules, not the vendor's: no nginx-debug, other compiled-in paths",
        NEWER_PACKAGES,
        EXTRA_CERTIFICATES,
    ],
    package_managers: APT,
    versions: &[DEBIAN_VERSION],
}];
