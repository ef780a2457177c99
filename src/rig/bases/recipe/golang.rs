//! `golang`: the official Go tree on `buildpack-deps`.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

pub(super) const RECIPES: &[Recipe] = &[Recipe {
    name: "golang:1.23",
    parents: &["buildpack-deps:bookworm-scm"],
    method: Method::Dockerfile(include_str!("../recipes/golang-1.23/Dockerfile")),
    platforms: PLATFORMS,
    published: Published { bytes: 303_303_724, date: "2025-04-28", version: "1.23.8" },
    limit_percent: 3.0,
    differs: &[
        "Go 1.23.12, the last of its line, where the published size is of 1.23.8",
        "the Go tree is the module golang.org/toolchain: api, doc, misc and test are not in it",
        NEWER_PACKAGES,
        EXTRA_CERTIFICATES,
    ],
    package_managers: APT,
    versions: &[DEBIAN_VERSION, ("go", "usr/local/go/VERSION")],
}];
