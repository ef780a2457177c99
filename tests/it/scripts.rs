//! The scripts and templates for CI: `scripts/ci` with programs of our own in the place of loadline, gh and curl, and what the templates
//! below `ci/` say.

mod desk;
mod forge;
mod history;
mod measure;
mod templates;
