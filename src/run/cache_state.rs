//! Whether a build was as cold as its trial says.
//!
//! Only RUN, COPY and ADD steps count. Measured on Engine 20.10 and 28.5 with both stores: WORKDIR stays cached under
//! no-cache, the flag of FROM says nothing, and metadata and export vertices are never cached.

use crate::rig::Vertex;

/// The names of the counting steps that were taken from the cache: empty for a cold build.
pub(super) fn cached_steps(vertices: &[Vertex]) -> Vec<&str> {
    vertices.iter().filter(|v| v.cached && v.tells_cache()).map(|v| v.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(name: &str) -> Vertex {
        Vertex {
            digest: String::new(),
            name: name.to_owned(),
            inputs: Vec::new(),
            cached: true,
            started: None,
            completed: None,
            error: None,
        }
    }

    #[test]
    fn only_run_copy_and_add_tell_a_warm_build_from_a_cold_one() {
        let names = [
            "[internal] load metadata for x",
            "[1/4] FROM x",
            "[2/4] WORKDIR /a",
            "[3/4] COPY . .",
            "[4/4] RUN make",
            "exporting to image",
        ];
        let vertices: Vec<Vertex> = names.map(vertex).into();
        assert_eq!(cached_steps(&vertices), ["[3/4] COPY . .", "[4/4] RUN make"]);
    }
}
