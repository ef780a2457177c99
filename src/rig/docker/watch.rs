//! Watching a call: a dead or hung engine ends it, a slow one does not.

use std::future::Future;
use std::time::Duration;

use super::{Docker, EngineError};

/// Why an engine counts as gone.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("no answer to a ping within {0:?}")]
    Hung(Duration),
    #[error("a ping failed")]
    Gone(#[source] bollard::errors::Error),
}

impl Docker {
    /// Awaits `call`, and gives it up when the engine shows no sign of life meanwhile.
    pub(super) async fn watched<T>(&self, action: &str, call: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        tokio::select! {
            biased;
            answer = call => answer,
            silence = self.silence() => Err(self.lost(action, silence)),
        }
    }

    /// Asks for signs of life and returns when one fails. Pings at a sixth of the patience, so that they cost a timed call
    /// next to nothing.
    async fn silence(&self) -> Silence {
        loop {
            tokio::time::sleep(self.patience / 6).await;
            match tokio::time::timeout(self.patience, self.client.ping()).await {
                Ok(Ok(_)) => {}
                Err(_) => return Silence::Hung(self.patience),
                Ok(Err(error)) => {
                    // A dying engine also cuts the call under way, whose own error says more: it gets a moment to arrive.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    return Silence::Gone(error);
                }
            }
        }
    }
}
