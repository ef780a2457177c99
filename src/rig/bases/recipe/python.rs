//! `python`: `CPython` in `/usr/local`, on `buildpack-deps` and on the slim root.

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[];
