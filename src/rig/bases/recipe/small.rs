//! Bases without a distribution's package manager: `alpine` and distroless.

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[];
