//! Connections that have not shown a secret yet: few at a time and for a short time, so that they cannot take the room of builds.
//!
//! State: those that are open, the oldest first. Invariants: there are never more than [`MOST`]; where one more comes, the oldest is
//! turned away, since a build shows its secret with its first words.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How many may be open at a time.
pub(super) const MOST: usize = 64;

/// How long one of them is kept.
const PATIENCE: Duration = Duration::from_secs(10);

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<VecDeque<Arc<Fate>>>);

/// What becomes of one.
#[derive(Debug, Default)]
struct Fate {
    turned_away: CancellationToken,
    known: CancellationToken,
}

/// One connection. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Stranger {
    all: Arc<Strangers>,
    fate: Arc<Fate>,
}

impl Strangers {
    /// Takes one in, and turns the oldest away where there are too many.
    pub(super) fn admit(self: &Arc<Self>) -> Stranger {
        let fate = Arc::new(Fate::default());
        let mut open = self.open();
        open.push_back(Arc::clone(&fate));
        if open.len() > MOST
            && let Some(oldest) = open.pop_front()
        {
            oldest.turned_away.cancel();
        }
        drop(open);
        Stranger { all: Arc::clone(self), fate }
    }

    /// A queue is whole whatever happened beside it.
    fn open(&self) -> MutexGuard<'_, VecDeque<Arc<Fate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, fate: &Arc<Fate>) {
        self.open().retain(|other| !Arc::ptr_eq(other, fate));
    }
}

impl Stranger {
    /// It has shown a secret, and is none any more.
    pub(super) fn make_known(&self) {
        if !self.fate.known.is_cancelled() {
            self.all.forget(&self.fate);
            self.fate.known.cancel();
        }
    }

    /// Returns when it must go: others came, or it took too long. Never, once it is known.
    pub(super) async fn must_go(&self) {
        tokio::select! {
            biased;
            () = self.fate.known.cancelled() => std::future::pending().await,
            () = self.fate.turned_away.cancelled() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.all.forget(&self.fate);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn goes(stranger: &Stranger) -> bool {
        stranger.must_go().now_or_never().is_some()
    }

    #[tokio::test]
    async fn the_oldest_goes_where_too_many_come_and_one_that_is_known_stays() {
        let all = Arc::new(Strangers::default());
        let (known, oldest) = (all.admit(), all.admit());
        known.make_known();
        let others: Vec<Stranger> = (1..MOST).map(|_| all.admit()).collect();
        assert!(!goes(&known) && !goes(&oldest), "as many as may be");
        let newest = all.admit();
        assert!(goes(&oldest) && !goes(&known) && !goes(&newest) && !others.iter().any(goes));
        drop(others);
        let later: Vec<Stranger> = (1..MOST).map(|_| all.admit()).collect();
        assert!(!goes(&newest) && !later.iter().any(goes), "what has ended takes no room");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_shows_nothing_goes_after_a_while_and_one_that_is_known_never() {
        let all = Arc::new(Strangers::default());
        let (silent, known) = (all.admit(), all.admit());
        let later = async {
            tokio::time::sleep(PATIENCE / 2).await;
            known.make_known();
        };
        let stays = tokio::time::timeout(PATIENCE * 10, known.must_go());
        let ((), (), stayed) = tokio::join!(silent.must_go(), later, stays);
        assert!(stayed.is_err());
    }
}
