//! A scripted daemon and registry that lie, cut and stall.

pub(crate) mod docker;
mod link;
mod proxy;
mod registry;
mod remote;
mod remote_image;
