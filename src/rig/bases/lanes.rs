//! Which stand-in is made next: at most two at once, parents before their children, the longest chain first.
//!
//! A parent counts as made as soon as its image is in the engine, so that its child can begin while the parent is still put
//! into the cache. The child is put there after it: layers that they share lie in the cache once, compressed as the parent's.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::BaseError;
use super::cache::Entry;
use super::making::Site;
use super::recipe::Recipe;
use crate::rig::Engine;

/// What came of making stand-ins.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// In the engine and in the cache.
    pub(super) entries: BTreeMap<&'static str, Entry>,
    /// Not made, and why, in words.
    pub(super) failed: BTreeMap<&'static str, String>,
}

/// Makes `orders` in two lanes. Every parent of an order is in the engine, or an order itself. An error of one lane drops the
/// other with all that it started.
pub(super) async fn make_all<E: Engine>(site: Site<'_, E>, orders: &[&'static Recipe]) -> Result<Made, BaseError> {
    let (changed, first) = watch::channel(());
    let second = changed.subscribe();
    let lanes = Lanes { site, board: Mutex::new(Board::new(orders)), changed };
    tokio::try_join!(lanes.run(first), lanes.run(second))?;
    Ok(lanes.board.into_inner().unwrap_or_else(PoisonError::into_inner).end())
}

struct Lanes<'a, E> {
    site: Site<'a, E>,
    board: Mutex<Board>,
    changed: watch::Sender<()>,
}

impl<E: Engine> Lanes<'_, E> {
    async fn run(&self, mut news: watch::Receiver<()>) -> Result<(), BaseError> {
        loop {
            let turn = self.board().turn();
            match turn {
                Turn::Make(recipe) => self.make(recipe, &mut news).await?,
                Turn::Wait => drop(news.changed().await),
                Turn::End => return Ok(()),
            }
        }
    }

    async fn make(&self, recipe: &'static Recipe, news: &mut watch::Receiver<()>) -> Result<(), BaseError> {
        let built = self.site.build(recipe).await?;
        self.change(|board| board.built(recipe.name, built.err()));
        while !self.board().may_be_stored(recipe) {
            drop(news.changed().await);
        }
        if self.board().is_built(recipe.name) {
            let entry = self.site.store(recipe).await?;
            self.change(|board| board.stored(recipe.name, entry));
        }
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.board());
        self.changed.send_replace(());
    }

    /// Never held while anything is awaited.
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lane does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// Makes this one.
    Make(&'static Recipe),
    /// Looks again when something has changed.
    Wait,
    /// Nothing is left for it.
    End,
}

#[derive(Debug)]
enum State {
    Waiting,
    Making,
    Built,
    Stored(Box<Entry>),
    Failed(String),
}

#[derive(Debug)]
struct Order {
    recipe: &'static Recipe,
    /// How many stand-ins, this one counted, wait in a row for it.
    chain: usize,
    state: State,
}

/// All orders and how far they are; parents stand before their children.
#[derive(Debug)]
pub(super) struct Board(Vec<Order>);

impl Board {
    /// A board on which nothing is made yet.
    pub(super) fn new(orders: &[&'static Recipe]) -> Self {
        let mut chains: BTreeMap<&str, usize> = BTreeMap::new();
        for recipe in orders.iter().rev() {
            let own = *chains.entry(recipe.name).or_insert(1);
            for parent in recipe.parents {
                let chain = chains.entry(parent).or_insert(1);
                *chain = own.saturating_add(1).max(*chain);
            }
        }
        Self(orders.iter().map(|&recipe| Order { recipe, chain: chains[recipe.name], state: State::Waiting }).collect())
    }

    /// What to do next; an order that is given out counts as begun.
    pub(super) fn turn(&mut self) -> Turn {
        if !self.0.iter().any(|order| matches!(order.state, State::Waiting)) {
            return Turn::End;
        }
        let ready = |order: &&Order| matches!(order.state, State::Waiting) && order.recipe.parents.iter().all(|name| self.is_there(name));
        // Of chains of one length the first in the table.
        let next = self.0.iter().filter(ready).rev().max_by_key(|order| order.chain).map(|order| order.recipe);
        let Some(recipe) = next else { return Turn::Wait };
        self.set(recipe.name, State::Making);
        Turn::Make(recipe)
    }

    /// The image is in the engine, or could not be built for `failure`: then everything that is built on it is not made.
    pub(super) fn built(&mut self, name: &str, failure: Option<String>) {
        self.set(name, failure.map_or(State::Built, State::Failed));
        for at in 0..self.0.len() {
            let reason = self.0[at].recipe.parents.iter().find_map(|parent| match self.state(parent) {
                Some(State::Failed(reason)) => Some(reason.clone()),
                _ => None,
            });
            if let Some(reason) = reason {
                self.0[at].state = State::Failed(reason);
            }
        }
    }

    /// The image is in the cache.
    pub(super) fn stored(&mut self, name: &str, entry: Entry) {
        self.set(name, State::Stored(Box::new(entry)));
    }

    fn is_built(&self, name: &str) -> bool {
        matches!(self.state(name), Some(State::Built))
    }

    /// Whether no parent of `recipe` is still to be put into the cache.
    fn may_be_stored(&self, recipe: &Recipe) -> bool {
        !recipe.parents.iter().any(|parent| self.is_built(parent))
    }

    /// Whether a parent is in the engine. One that was not ordered was there before.
    fn is_there(&self, name: &str) -> bool {
        !matches!(self.state(name), Some(State::Waiting | State::Making | State::Failed(_)))
    }

    fn state(&self, name: &str) -> Option<&State> {
        self.0.iter().find(|order| order.recipe.name == name).map(|order| &order.state)
    }

    fn set(&mut self, name: &str, state: State) {
        if let Some(order) = self.0.iter_mut().find(|order| order.recipe.name == name) {
            order.state = state;
        }
    }

    fn end(self) -> Made {
        let mut made = Made::default();
        for Order { recipe, state, .. } in self.0 {
            match state {
                State::Stored(entry) => drop(made.entries.insert(recipe.name, *entry)),
                State::Failed(reason) => drop(made.failed.insert(recipe.name, reason)),
                State::Waiting | State::Making | State::Built => {}
            }
        }
        made
    }
}
