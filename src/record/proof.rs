//! What proved the figures of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scenario's smoke check: what is asked, and one digest of all that it says. What is sent, queries too, what answers must hold, and the
/// container's port, environment and command are in the digest alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SmokeRecord {
    /// The requests in their order, the first of which is sent until it is answered: `GET /health: 200 with JSON`.
    pub requests: Vec<String>,
    /// `sha256:` and 64 hexadecimal digits, equal where two checks prove the same.
    pub digest: String,
}
