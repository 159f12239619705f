//! The nodes are asked beside being followed, as the configuration says now.

use std::{future::pending, path::PathBuf, sync::Arc, time::Duration};

use piecewatch_collector::config::{Config, Node};
use tokio::{sync::watch, time::sleep};

use crate::{Result, poll};

/// After so long it is tried again to begin what could not begin.
const AGAIN: Duration = Duration::from_secs(60);

/// Who asks the nodes, and where the answers go.
pub(super) struct Asking {
    /// That of the start, whatever is configured since.
    db: PathBuf,
    /// `None` when nobody is to be asked, or nobody can be.
    asks: Option<poll::Asking>,
    /// What could not begin, and is tried again.
    due: Option<Arc<Config>>,
}

impl Asking {
    /// Begins to ask the nodes of a configuration; in a runtime.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened, or the system gives no thread.
    pub(super) async fn begin(config: Arc<Config>) -> Result<Self> {
        let db = config.db.clone();
        let asks = begin(config, db.clone()).await?;
        Ok(Self { db, asks, due: None })
    }

    /// Asks until it is told to stop, and as another configuration says as soon as there is one.
    ///
    /// # Errors
    ///
    /// What ended the writer, or a task that should not end.
    pub(super) async fn run(
        mut self,
        mut configs: watch::Receiver<Arc<Config>>,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        tokio::pin!(stop);
        loop {
            let due = self.due.clone();
            let config = tokio::select! {
                () = &mut stop => break,
                ended = ended(&mut self.asks) => return ended,
                Ok(()) = configs.changed() => Arc::clone(&configs.borrow_and_update()),
                config = again(due) => config,
            };
            tokio::select! {
                // What was answered is written, or is asked again.
                () = &mut stop => return Ok(()),
                changed = self.change(config) => changed?,
            }
        }
        stop_asking(self.asks).await
    }

    /// Asks the nodes of another configuration from now on, each anew. Where that cannot begin, it is tried
    /// again.
    async fn change(&mut self, config: Arc<Config>) -> Result<()> {
        stop_asking(self.asks.take()).await?;
        self.due = None;
        match begin(Arc::clone(&config), self.db.clone()).await {
            Ok(asks) => self.asks = asks,
            Err(error) => {
                tracing::error!("nodes are not asked now: {}", error.lines().join("; "));
                self.due = Some(config);
            }
        }
        Ok(())
    }
}

async fn begin(config: Arc<Config>, db: PathBuf) -> Result<Option<poll::Asking>> {
    let begun = tokio::task::spawn_blocking(move || poll::begin(&config, &db)).await;
    begun.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Waits until what could not begin is tried again.
async fn again(due: Option<Arc<Config>>) -> Arc<Config> {
    match due {
        Some(config) => {
            sleep(AGAIN).await;
            config
        }
        None => pending().await,
    }
}

/// Waits until what should not end does.
async fn ended(asks: &mut Option<poll::Asking>) -> Result<()> {
    match asks {
        Some(asks) => asks.ended().await,
        None => pending().await,
    }
}

/// Writes what was answered, for as long as there is time.
async fn stop_asking(asks: Option<poll::Asking>) -> Result<()> {
    match asks {
        Some(asks) => asks.stop().await,
        None => Ok(()),
    }
}

/// Whether nodes are asked otherwise by another configuration.
pub(super) fn differs(before: &Config, config: &Config) -> bool {
    let asked = |config: &Config| -> Vec<_> {
        let of = |node: &Node| {
            let Node { name, source, api, databases, metrics, .. } = node.clone();
            (name, source, api, databases, metrics)
        };
        config.nodes.iter().map(of).collect()
    };
    config.polling != before.polling || asked(config) != asked(before)
}
