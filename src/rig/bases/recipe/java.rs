//! `eclipse-temurin` and `maven` out of Debian's `OpenJDK`.

use super::{APT, DEBIAN_VERSION, EXTRA_CERTIFICATES, Method, NEWER_PACKAGES, PLATFORMS, Published, Recipe};

const DEBIAN_ROOT: &str = "Debian 13 (slim) as the root, where the published image has Ubuntu 24.04";
const NEWER_JAVA: &str = "Debian's build of OpenJDK 21, of the day it was built; the published size is of Temurin";
const LIBRARIES: &str = "image, font, smart card and C++ libraries are Debian's packages and not in the tree of Java";
const JAVA_VERSION: (&str, &str) = ("java", "opt/java/openjdk/release");

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "eclipse-temurin:21-jdk",
        parents: &["debian:trixie-slim"],
        method: Method::Dockerfile(include_str!("../recipes/eclipse-temurin-21-jdk/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 210_528_848, date: "2026-01-15", version: "21.0.9+10, Ubuntu 24.04" },
        limit_percent: 5.0,
        differs: &[
            DEBIAN_ROOT,
            NEWER_JAVA,
            LIBRARIES,
            "the headless JDK: no jconsole, no libraries that draw on a screen (the modules in jmods have them), no manual pages",
            "binutils has a layer of its own",
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION, JAVA_VERSION],
    },
    Recipe {
        name: "eclipse-temurin:21-jre",
        parents: &["debian:trixie-slim", "eclipse-temurin:21-jdk"],
        method: Method::Dockerfile(include_str!("../recipes/eclipse-temurin-21-jre/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 99_683_146, date: "2026-01-15", version: "21.0.9+10, Ubuntu 24.04" },
        limit_percent: 10.0,
        differs: &[
            DEBIAN_ROOT,
            NEWER_JAVA,
            LIBRARIES,
            "the runtime is linked by jlink from Debian's modules",
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION, JAVA_VERSION],
    },
    Recipe {
        name: "maven:3.9-eclipse-temurin-21",
        parents: &["eclipse-temurin:21-jdk"],
        method: Method::Dockerfile(include_str!("../recipes/maven-3.9-eclipse-temurin-21/Dockerfile")),
        platforms: PLATFORMS,
        published: Published { bytes: 242_713_952, date: "2026-08-21", version: "3.9.16, 21.0.12+8, Ubuntu 24.04" },
        limit_percent: 6.0,
        differs: &[
            "built on the stand-in for eclipse-temurin:21-jdk, with all that differs there",
            "settings-docker.xml and the entrypoint are our own, of like effect",
            NEWER_PACKAGES,
            EXTRA_CERTIFICATES,
        ],
        package_managers: APT,
        versions: &[DEBIAN_VERSION, JAVA_VERSION],
    },
];
