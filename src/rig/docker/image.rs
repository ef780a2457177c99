//! Local images: looking at one, naming one, removing a name.

use bollard::models::ImageInspect;
use bollard::query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder};

use super::{Docker, EngineError, ImageInfo, Product, error, reference};

impl Docker {
    pub(super) async fn inspect_image(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        let action = format!("inspection of {image}");
        reference::checked(image)?;
        let call = async {
            match self.client.inspect_image(image).await {
                Ok(found) => Ok(Some(found)),
                Err(error) if error::status(&error) == Some(404) => Ok(None),
                Err(error) => Err(self.failed(&action, error)),
            }
        };
        self.watched(&action, call).await?.map(|found| image_info(found, &action)).transpose()
    }

    pub(super) async fn tag_image(&self, image: &str, name: &str) -> Result<(), EngineError> {
        let action = format!("tagging of {image} as {name}");
        let (repository, tag) = reference::split(name)?;
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        let image = reference::checked(image)?;
        let call = async { self.client.tag_image(image, Some(options)).await.map_err(|error| self.failed(&action, error)) };
        self.watched(&action, call).await
    }

    pub(super) async fn digest_in_registry(&self, name: &str) -> Result<String, EngineError> {
        if self.product == Product::Podman {
            let why = format!("podman's API does not look up {name}; name it by its digest");
            return Err(EngineError::Unsupported { what: "looking up a digest", why });
        }
        let action = format!("looking up {name}");
        let name = reference::checked(name)?;
        let call = async { self.client.inspect_registry_image(name, None).await.map_err(|error| self.failed(&action, error)) };
        let found = self.watched(&action, call).await?;
        found.descriptor.digest.ok_or(EngineError::Incomplete { action, missing: "a manifest digest" })
    }

    pub(super) async fn untag_image(&self, name: &str) -> Result<(), EngineError> {
        let action = format!("removal of {name}");
        reference::checked(name)?;
        // Without this an engine also removes untagged parents, which may be somebody else's.
        let options = RemoveImageOptionsBuilder::new().noprune(true).build();
        let call = async {
            match self.client.remove_image(name, Some(options), None).await {
                Err(error) if error::status(&error) == Some(404) => Ok(()),
                other => other.map(drop).map_err(|error| self.failed(&action, error)),
            }
        };
        self.watched(&action, call).await
    }
}

/// A figure that the engine leaves out or gives below zero is an error, never a zero.
fn image_info(found: ImageInspect, action: &str) -> Result<ImageInfo, EngineError> {
    let incomplete = |missing| EngineError::Incomplete { action: action.to_owned(), missing };
    let exposed = found.config.and_then(|config| config.exposed_ports).unwrap_or_default();
    let size = found.size.and_then(|size| u64::try_from(size).ok());
    Ok(ImageInfo {
        id: found.id.ok_or_else(|| incomplete("an image id"))?,
        reported_size: size.ok_or_else(|| incomplete("a size"))?,
        diff_ids: found.root_fs.and_then(|root| root.layers).unwrap_or_default(),
        repo_digests: found.repo_digests.unwrap_or_default(),
        repo_tags: found.repo_tags.unwrap_or_default(),
        exposed_ports: tcp_ports(&exposed),
    })
}

/// `8080/tcp` is a port, and so is `8080`; `53/udp` is none that a request can be sent to.
fn tcp_ports(exposed: &[String]) -> Vec<u16> {
    let number = |text: &String| text.strip_suffix("/tcp").unwrap_or(text).parse().ok().filter(|port| *port != 0);
    let mut ports: Vec<u16> = exposed.iter().filter_map(number).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tcp_ports_count_as_exposed() {
        assert_eq!(tcp_ports(&["8443/tcp", "80", "53/udp", "0/tcp", "80/tcp", "x"].map(str::to_owned)), [80, 8443]);
    }
}
