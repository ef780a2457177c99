//! Whether the downloads of builds are counted, and over which link they go, as it is typed.

use clap::Args;

use crate::record::Settings;
use crate::units::LinkProfile;

/// Whether downloads of builds are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub(crate) struct DownloadArgs {
    /// Count what builds download (build-download), through a proxy of loadline's that each build is told of
    #[arg(long)]
    pub(crate) count_downloads: bool,
    /// The link that downloads of builds go over, such as 20mbit,30ms; counts them too
    #[arg(long, value_name = "PROFILE")]
    pub(crate) download_link: Option<LinkProfile>,
}

impl DownloadArgs {
    /// The link of downloads; `None` where they are not counted.
    pub(super) fn link(self) -> Option<LinkProfile> {
        self.download_link.or_else(|| self.count_downloads.then_some(LinkProfile::Loopback))
    }

    /// What was recorded, as if it had been typed; `None` where it cannot have been.
    pub(super) fn recorded(settings: &Settings) -> Option<Self> {
        let download_link = settings.download_link.as_deref().map(str::parse).transpose().ok()?;
        Some(Self { count_downloads: download_link.is_some(), download_link })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_downloads_counts_them_too() {
        let link = "20mbit,30ms".parse().expect("a link");
        let of = |count_downloads, download_link| DownloadArgs { count_downloads, download_link }.link();
        assert_eq!(of(false, None), None);
        assert_eq!(of(true, None), Some(LinkProfile::Loopback));
        assert_eq!((of(false, Some(link)), of(true, Some(link))), (Some(link), Some(link)));
    }
}
