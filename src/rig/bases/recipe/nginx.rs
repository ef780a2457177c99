//! `nginx` out of Debian's packages on the slim root.

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[];
