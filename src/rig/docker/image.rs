//! Local images: looking at one, naming one, removing a name.

use bollard::models::ImageInspect;
use bollard::query_parameters::{RemoveImageOptions, TagImageOptionsBuilder};

use super::{Docker, EngineError, ImageInfo, error, reference};

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
        let action = format!("looking up {name}");
        let name = reference::checked(name)?;
        let call = async { self.client.inspect_registry_image(name, None).await.map_err(|error| self.failed(&action, error)) };
        let found = self.watched(&action, call).await?;
        found.descriptor.digest.ok_or(EngineError::Incomplete { action, missing: "a manifest digest" })
    }

    pub(super) async fn untag_image(&self, name: &str) -> Result<(), EngineError> {
        let action = format!("removal of {name}");
        reference::checked(name)?;
        let call = async {
            match self.client.remove_image(name, None::<RemoveImageOptions>, None).await {
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
    let size = found.size.and_then(|size| u64::try_from(size).ok());
    Ok(ImageInfo {
        id: found.id.ok_or_else(|| incomplete("an image id"))?,
        reported_size: size.ok_or_else(|| incomplete("a size"))?,
        diff_ids: found.root_fs.and_then(|root| root.layers).unwrap_or_default(),
        repo_digests: found.repo_digests.unwrap_or_default(),
        repo_tags: found.repo_tags.unwrap_or_default(),
    })
}
