//! What can be said to the server.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use piecewatch_collector::config::{Config, Sayings};

use crate::{Result, serve::Reading};

/// Watch nodes and show them in a browser.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  piecewatch serve --config piecewatch.toml
      as it is configured; see piecewatch-collector config --print-default
  piecewatch serve --db nodes.db --node attic=/var/log/storj/node.log
      a node whose log is a file, at http://127.0.0.1:8765
  piecewatch serve --db nodes.db --follow
      what another process writes: a collector, piecewatch poll, an import

Nodes with api, databases or metrics in the configuration are asked, too. SIGTERM and Ctrl-C commit what \
was read and say good-bye to browsers; a second one ends at once, which is safe. SIGHUP reads the \
configuration again.

With any other address than one of this machine there must be a token: [server] token_file, or \
PIECEWATCH_TOKEN in the environment. Programs send it as `Authorization: Bearer TOKEN`; a browser is \
asked for it.")]
pub struct ServeArgs {
    /// The configuration; what is said here besides wins over it
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// The database; created if it is not there [env: PIECEWATCH_DB]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// A node and the source of its log; can be said again
    ///
    /// A source is a file, a pattern, `docker:CONTAINER`, `journald:UNIT` or `tcp://HOST:PORT`. A
    /// node that the configuration has by the same name is replaced.
    #[arg(long = "node", value_name = "NAME=SOURCE")]
    pub nodes: Vec<String>,
    /// Where to listen [default: 127.0.0.1:8765]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Read no logs and ask no nodes: show what other processes write into the database
    #[arg(long, conflicts_with = "nodes")]
    pub follow: bool,
}

impl ServeArgs {
    /// Who reads the logs.
    pub(crate) const fn reading(&self) -> Reading {
        if self.follow { Reading::Elsewhere } else { Reading::Here }
    }

    /// The configuration, read anew.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, at once.
    pub(crate) fn load(&self) -> Result<Config> {
        let said = Sayings {
            file: self.config.clone(),
            variables: std::env::vars_os().collect(),
            db: self.db.clone(),
            nodes: self.nodes.clone(),
        };
        let mut config = if self.follow {
            let config = Config::load_settings(&said)?;
            Config { nodes: Vec::new(), ..config }
        } else {
            Config::load(&said)?
        };
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        Ok(config)
    }
}
