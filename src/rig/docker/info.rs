//! What an engine says about itself.

use bollard::models::{SystemInfo, SystemVersion};

use super::{Docker, EngineError, EngineInfo, text};
use crate::rig::engine::Product;

/// Marks containerd's image store in `DriverStatus`.
const CONTAINERD_STORE: [&str; 2] = ["driver-type", "io.containerd.snapshotter.v1"];

impl Docker {
    pub(super) async fn ask_info(&self) -> Result<EngineInfo, EngineError> {
        let action = "asking the engine about itself";
        let fail = |error| self.failed(action, error);
        let calls = async { Ok((self.client.info().await.map_err(fail)?, self.client.version().await.map_err(fail)?)) };
        let (info, version) = self.watched(action, calls).await?;
        let told = |value: Option<String>, missing| {
            let value = value.map(|value| text::name(&value)).filter(|value| !value.is_empty());
            value.ok_or_else(|| EngineError::Incomplete { action: action.to_owned(), missing })
        };
        Ok(EngineInfo {
            product: self.product,
            containerd_store: is_containerd_store(&info),
            platform: platform(&told(info.os_type, "an operating system")?, &told(info.architecture, "an architecture")?),
            version: told(info.server_version, "a version")?,
            api_version: told(version.api_version, "an API version")?,
            store: told(info.driver, "a store")?,
            // The engine tells the version of its BuildKit to gRPC clients only, and not before 23.0.
            buildkit: None,
            kernel: told(info.kernel_version, "a kernel version")?,
            data_root: told(info.docker_root_dir, "a data root")?,
            id: told(info.id, "an id")?,
        })
    }
}

fn is_containerd_store(info: &SystemInfo) -> bool {
    info.driver_status.iter().flatten().any(|pair| *pair == CONTAINERD_STORE)
}

/// Whose engine it is: podman names itself among its parts.
pub(super) fn product(version: &SystemVersion) -> Product {
    let podman = version.components.iter().flatten().any(|part| part.name == "Podman Engine");
    if podman { Product::Podman } else { Product::Docker }
}

/// The engine's words as an OCI platform: `linux` and `x86_64` are `linux/amd64`.
fn platform(os: &str, machine: &str) -> String {
    let architecture = match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" => "arm/v7",
        "armv6l" => "arm/v6",
        "i386" | "i686" => "386",
        other => other,
    };
    format!("{os}/{architecture}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_name_becomes_an_oci_platform() {
        assert_eq!(platform("linux", "x86_64"), "linux/amd64");
        assert_eq!(platform("linux", "aarch64"), "linux/arm64");
        assert_eq!(platform("linux", "armv7l"), "linux/arm/v7");
        assert_eq!(platform("linux", "s390x"), "linux/s390x");
    }

    #[test]
    fn containerds_store_is_known_by_its_driver_status() {
        let with = |pairs: &[[&str; 2]]| SystemInfo {
            driver_status: Some(pairs.iter().map(|pair| pair.map(str::to_owned).to_vec()).collect()),
            ..SystemInfo::default()
        };
        assert!(is_containerd_store(&with(&[["driver-type", "io.containerd.snapshotter.v1"]])));
        assert!(!is_containerd_store(&with(&[["Backing Filesystem", "extfs"], ["driver-type"; 2]])));
        assert!(!is_containerd_store(&SystemInfo::default()));
    }
}
