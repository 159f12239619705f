//! The nodes are asked beside being followed, as the configuration says now.

use std::{future::pending, sync::Arc};

use piecewatch_collector::config::{Config, Node};

use crate::{Result, poll};

/// Who asks the nodes, if any is to be asked.
pub(super) struct Asking(Option<poll::Asking>);

impl Asking {
    /// Nobody is asked where another process follows the nodes: it, or a third one, does.
    pub(super) const fn nobody() -> Self {
        Self(None)
    }

    /// Begins to ask the nodes of a configuration; in a runtime.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened, or the system gives no thread.
    pub(super) async fn begin(config: Arc<Config>) -> Result<Self> {
        let begun = tokio::task::spawn_blocking(move || poll::begin(&config)).await;
        Ok(Self(begun.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?))
    }

    /// Asks the nodes of another configuration from now on, each anew.
    ///
    /// # Errors
    ///
    /// As [`Asking::begin`], and what ended the writer.
    pub(super) async fn begin_anew(&mut self, config: Arc<Config>) -> Result<()> {
        std::mem::replace(self, Self(None)).stop().await?;
        *self = Self::begin(config).await?;
        Ok(())
    }

    /// Waits until what should not end does.
    pub(super) async fn ended(&mut self) -> Result<()> {
        match &mut self.0 {
            Some(asking) => asking.ended().await,
            None => pending().await,
        }
    }

    /// Stops asking and writes what was answered, for as long as there is time.
    ///
    /// # Errors
    ///
    /// What ended the writer.
    pub(super) async fn stop(self) -> Result<()> {
        match self.0 {
            Some(asking) => asking.stop().await,
            None => Ok(()),
        }
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
