//! Debian's root file systems and their slim forms.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

/// One script for every suite.
const HOOK: &str = include_str!("../recipes/debian/hook.sh");
const ROOT_DIFFERS: &[&str] =
    &[NEWER_PACKAGES, EXTRA_CERTIFICATES, "order and times of files in the layer", "no build date in the file system"];

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "debian:bookworm",
        parents: &[],
        method: Method::DebianRoot {
            suite: "bookworm",
            include: &["usr-is-merged"],
            hook: HOOK,
            epoch: 1_745_798_400,
            changes: &[r#"CMD ["bash"]"#],
        },
        platforms: PLATFORMS,
        published: Published { bytes: 48_491_199, date: "2025-04-28", version: "12.10" },
        limit_percent: 2.0,
        differs: ROOT_DIFFERS,
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "debian:trixie",
        parents: &[],
        method: Method::DebianRoot {
            suite: "trixie",
            include: &["usr-is-merged"],
            hook: HOOK,
            epoch: 1_783_987_200,
            changes: &[r#"CMD ["bash"]"#],
        },
        platforms: PLATFORMS,
        published: Published { bytes: 49_312_572, date: "2026-07-14", version: "13" },
        limit_percent: 2.0,
        differs: ROOT_DIFFERS,
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "debian:bookworm-slim",
        parents: &["debian:bookworm"],
        method: Method::SlimRoot(include_str!("../recipes/debian-bookworm-slim/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 28_232_590, date: "2026-08-04", version: "12" },
        limit_percent: 3.0,
        differs: ROOT_DIFFERS,
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
    Recipe {
        name: "debian:trixie-slim",
        parents: &["debian:trixie"],
        method: Method::SlimRoot(include_str!("../recipes/debian-trixie-slim/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 29_780_765, date: "2026-08-04", version: "13" },
        limit_percent: 3.0,
        differs: ROOT_DIFFERS,
        package_managers: APT,
        versions: &[DEBIAN_VERSION],
    },
];
