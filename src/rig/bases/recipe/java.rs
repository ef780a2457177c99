//! `eclipse-temurin` and `maven` out of Debian's `OpenJDK`.

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[];
