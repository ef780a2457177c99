//! The last parts of paths, and the way from a folder and a name to a node.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{MAX_ITEMS, NONE, Node};

/// Folders that no layer names as entries are nodes all the same; more than this is taken for an attack on memory.
#[expect(clippy::cast_possible_truncation, reason = "it is a small constant")]
const MAX_NODES: u32 = 2 * MAX_ITEMS as u32;

/// All names, one after the other, and the nodes by folder and name. The hash is seeded, so that nobody can choose names that
/// collide.
#[derive(Debug, Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    nodes: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The name of a node.
    pub(super) fn of(&self, node: &Node) -> &[u8] {
        name(&self.bytes, node)
    }

    /// The node of `name` in the folder `parent`.
    pub(super) fn find(&self, nodes: &[Node], parent: u32, name: &[u8]) -> Option<u32> {
        let same = |&node: &u32| {
            let node = &nodes[node as usize];
            node.parent == parent && self.of(node) == name
        };
        self.nodes.find(self.hash(parent, name), same).copied()
    }

    /// Makes the node of `name` in the folder `parent`, where there is none. `None` when there is no room for it.
    pub(super) fn insert(&mut self, nodes: &mut Vec<Node>, parent: u32, name: &[u8]) -> Option<u32> {
        let node = u32::try_from(nodes.len()).ok().filter(|&node| node < MAX_NODES)?;
        let from = u32::try_from(self.bytes.len()).ok()?;
        let name_length = u16::try_from(name.len()).ok()?;
        self.bytes.extend_from_slice(name);
        nodes.push(Node { parent, name: from, name_length, live: NONE, first_child: NONE, next_sibling: NONE, linked: false });
        let hash = self.hash(parent, name);
        let (bytes, hasher) = (&self.bytes, &self.hasher);
        self.nodes.insert_unique(hash, node, |&node| {
            let node = &nodes[node as usize];
            hasher.hash_one((node.parent, self::name(bytes, node)))
        });
        Some(node)
    }

    fn hash(&self, parent: u32, name: &[u8]) -> u64 {
        self.hasher.hash_one((parent, name))
    }
}

/// The name of `node` among `bytes`.
fn name<'a>(bytes: &'a [u8], node: &Node) -> &'a [u8] {
    &bytes[node.name as usize..][..usize::from(node.name_length)]
}
