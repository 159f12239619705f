//! What can be said about which nodes an answer is of.

use std::path::PathBuf;

use clap::Args;
use piecewatch_model::NodeName;

/// Which nodes of which database.
#[derive(Debug, Args)]
pub struct NodesArgs {
    /// The database
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB")]
    pub db: PathBuf,
    /// Show this node only; may be given several times
    #[arg(long, value_name = "NAME")]
    pub node: Vec<NodeName>,
}
