//! What can be said to the demonstration.

use std::net::SocketAddr;

use clap::Args;

/// Show three nodes that are not there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch demo
      three simulated nodes with 30 days behind them, in the browser
  piecewatch demo --no-open --listen 127.0.0.1:9000
      the same without opening a browser

Everything is in a temporary folder, which is removed when it ends: Ctrl-C.")]
pub struct DemoArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8765")]
    pub listen: SocketAddr,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}
