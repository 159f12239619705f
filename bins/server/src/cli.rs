//! What can be said on the command line, and the help that explains it.

mod alerts;
mod compare;
mod countries;
mod demo;
mod earnings;
mod errors;
mod form;
mod latency;
mod nodes;
mod pieces;
mod reputation;
mod serve;
mod sizes;
mod slow;
mod storage;

use std::{path::PathBuf, str::FromStr};

pub(crate) use alerts::{AlertsArgs, AlertsCommand, AlertsListArgs, AlertsTestArgs};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
pub(crate) use compare::CompareArgs;
pub(crate) use countries::CountriesArgs;
pub(crate) use demo::DemoArgs;
pub(crate) use earnings::{EarningsArgs, EarningsCommand, EarningsOf, ForecastArgs, ReconcileArgs};
pub(crate) use errors::ErrorsArgs;
pub(crate) use form::FormArgs;
pub(crate) use latency::{By, LatencyArgs, Spread};
pub(crate) use nodes::NodesArgs;
pub(crate) use pieces::PiecesArgs;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_node_api::{Address, Error as ApiError};
use piecewatch_simulator::{Encoding, Vocabulary};
pub(crate) use reputation::ReputationArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use sizes::SizesArgs;
pub(crate) use slow::SlowArgs;
pub(crate) use storage::StorageArgs;

use crate::{version, window::Length};

/// Reads the logs of Storj storage nodes and says what the nodes did.
#[derive(Debug, Parser)]
#[command(
    name = "piecewatch",
    version = version::text(),
    arg_required_else_help = true,
    after_help = "\
Examples:
  piecewatch import --db nodes.db --node attic /var/log/storj/node.log
  piecewatch summary --db nodes.db --window 24h
  piecewatch earnings --db nodes.db --months 12

Exit codes: 0 done, 1 the work failed, 2 wrong usage."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the log of a node into a database
    #[command(long_about = "\
Read the log of a node into a database.

Every line counts once: what was imported before is recognised by its content, whatever the file is \
called now, and only what is new is read. A log may be plain text, JSON, of Docker's json-file driver \
or of journald; as it is, .gz or .zst.")]
    Import(ImportArgs),
    /// Ask nodes themselves how they are and what they earn
    Poll(PollArgs),
    /// Show what nodes did
    Summary(SummaryArgs),
    /// Show what nodes earn
    Earnings(EarningsArgs),
    /// Show how long transfers take
    Latency(LatencyArgs),
    /// Show the transfers that took longest
    Slow(SlowArgs),
    /// Show with which errors transfers end
    Errors(ErrorsArgs),
    /// Show which pieces are downloaded most
    Pieces(PiecesArgs),
    /// Show how large transfers are
    Sizes(SizesArgs),
    /// Show where the other sides are
    Countries(CountriesArgs),
    /// Show what satellites think of nodes, and how nodes are reached
    Reputation(ReputationArgs),
    /// Show how much space nodes have, when it is full, and what work they do on it
    Storage(StorageArgs),
    /// Show nodes side by side, and what is unusual at them
    Compare(CompareArgs),
    /// Watch nodes and show them in a browser
    Serve(ServeArgs),
    /// Show three nodes that are not there
    Demo(DemoArgs),
    /// Show of what operators are told, and test how
    Alerts(AlertsArgs),
    /// Look after a database
    Db(DbArgs),
    /// Write the log of a node that is not there
    #[command(long_about = "\
Write the log of a node that is not there, and beside it FILE.truth.json with what it tells in truth: \
to try Piecewatch without a node, and to test it. The same options give the same bytes.")]
    Simulate(SimulateArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

/// Read the log of a node into a database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch import --db nodes.db --node attic node.log
      a log, and later the same again: only what was added is read
  piecewatch import --db nodes.db --node attic /var/log/storj/
      a folder of rotated logs, oldest first, compressed or not
  piecewatch import --db nodes.db --node attic 'node.log*'
      the same by pattern
  docker logs storagenode 2>&1 | piecewatch import --db nodes.db --node attic -
      what another program prints

The database is created if it is not there. A file that cannot be read is named, and the others are \
imported all the same; the exit code is then 1.")]
pub struct ImportArgs {
    /// The database; created if it is not there
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB")]
    pub db: PathBuf,
    /// The name of the node whose log it is; yours to choose
    #[arg(long, value_name = "NAME")]
    pub node: NodeName,
    /// Files, folders or patterns; `-` reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Keep single transfers that are older than the retention, too
    ///
    /// Transfers older than 48 hours are otherwise added to the sums only.
    #[arg(long)]
    pub keep_raw: bool,
    /// A MaxMind database (.mmdb) that tells the country of an address
    #[arg(long, value_name = "FILE")]
    pub geoip: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Ask nodes themselves how they are and what they earn.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch poll --config collector.toml
      every node that has api, databases or metrics, until told to stop
  piecewatch poll --db nodes.db --node attic=http://192.168.1.20:14002 --once
      the dashboard of one node, once, with what it answered and what that cost it
  piecewatch poll --db nodes.db --node attic=/mnt/storj/storage
      the databases of a node, which are only read

The dashboard is asked every 5 minutes, everything by satellite every 30, payments of past months every \
12 hours; the section [polling] of the configuration changes that. What is not answered is asked again \
after growing pauses. SIGTERM and Ctrl-C end it. With --once the exit code is 1 when something failed.")]
pub struct PollArgs {
    /// The configuration, that of piecewatch-collector; what is said here besides wins over it
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG", required_unless_present_any = ["nodes", "status"])]
    pub config: Option<PathBuf>,
    /// The database; created if it is not there [env: PIECEWATCH_DB]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// A node and the address of its dashboard, or the folder of its databases; can be said again
    ///
    /// A node that the configuration has by the same name is replaced.
    #[arg(long = "node", value_name = "NAME=URL")]
    // Read later: what is refused here is repeated whole, and it may hold a password.
    pub nodes: Vec<String>,
    /// Ask everything once, show what was answered, and end
    #[arg(long)]
    pub once: bool,
    /// Show how the last polls went, asking nobody; the exit code is 1 when something fails
    #[arg(long, conflicts_with_all = ["once", "nodes"])]
    pub status: bool,
}

/// A node and where it is asked: `NAME=URL` or `NAME=FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its name.
    pub(crate) name: NodeName,
    /// Where it is asked.
    pub(crate) place: AskedPlace,
}

/// Where a node is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AskedPlace {
    /// At its dashboard.
    Dashboard(Address),
    /// In the folder of its databases.
    Databases(PathBuf),
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write NAME=http://HOST:14002, or NAME=FOLDER for its databases";
        let (name, place) = text
            .split_once('=')
            .ok_or_else(|| format!("{:?} names no place; {form}", Address::shown(text)))?;
        let name = name.parse().map_err(|error| format!("{error}; {form}"))?;
        let place = if place.contains("://") {
            AskedPlace::Dashboard(place.parse().map_err(|error: ApiError| error.to_string())?)
        } else if place.is_empty() {
            return Err(form.to_owned());
        } else {
            AskedPlace::Databases(place.into())
        };
        Ok(Self { name, place })
    }
}

/// Show what nodes did.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch summary --db nodes.db
      everything there is
  piecewatch summary --db nodes.db --node attic --window 24h
      the last 24 hours of one node, as far as its log goes
  piecewatch summary --db nodes.db --from 2026-08-01T00:00:00Z --to 2026-09-01T00:00:00Z
      a month
  piecewatch summary --db nodes.db --json | jq '.nodes[].success_rate'
      for machines

A window ends at the newest record of the nodes shown. It is widened to whole hours, and the answer \
says from when to when it is.

A success rate is success ÷ (success + canceled + failed). A canceled audit is neither, and is left out \
of the rate of GET_AUDIT.")]
pub struct SummaryArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", conflicts_with_all = ["from", "to"])]
    pub window: Option<Length>,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Up to this time (RFC 3339), which is itself not included
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Look after a database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch db check --db nodes.db
  piecewatch db backup --db nodes.db nodes-2026-08-19.db
  piecewatch db prune --db nodes.db

All of them may run while the database is in use.")]
pub struct DbArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: DbCommand,
}

/// What can be done with a database.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Prove that nothing in it is damaged; changes nothing
    Check {
        /// The database
        #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB")]
        db: PathBuf,
    },
    /// Write a copy of it while it may be in use
    Backup {
        /// The database
        #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB")]
        db: PathBuf,
        /// The copy; must not be there yet
        #[arg(value_name = "COPY")]
        to: PathBuf,
    },
    /// Delete what is older than it is kept for
    #[command(long_about = "\
Delete what is older than it is kept for: single transfers and sums by minute after 48 hours, finer \
histograms later, sums by hour and by day never. The age is counted from now.")]
    Prune {
        /// The database
        #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB")]
        db: PathBuf,
    },
}

/// Write the log of a node that is not there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch simulate --seed 1 --lines 100000 --out node.log
  piecewatch simulate --seed 1 --lines 1000 --encoding docker-json --vocabulary 2023 --out old.log")]
pub struct SimulateArgs {
    /// Everything that is drawn is drawn from this number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many lines to write
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub lines: u64,
    /// The form of the lines
    #[arg(long, value_name = "NAME", default_value = Encoding::Console.name(), value_parser = encodings())]
    pub encoding: Encoding,
    /// The words of the lines, by the year in which nodes used them
    #[arg(long, value_name = "NAME", default_value = Vocabulary::Y2026.name(), value_parser = vocabularies())]
    pub vocabulary: Vocabulary,
    /// The log; must not be there yet
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write over files that are there
    #[arg(long)]
    pub force: bool,
}

fn encodings() -> impl TypedValueParser<Value = Encoding> {
    PossibleValuesParser::new(Encoding::ALL.map(Encoding::name)).try_map(|name| name.parse())
}

fn vocabularies() -> impl TypedValueParser<Value = Vocabulary> {
    PossibleValuesParser::new(Vocabulary::ALL.map(Vocabulary::name)).try_map(|name| name.parse())
}

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch completions bash > ~/.local/share/bash-completion/completions/piecewatch
  piecewatch completions zsh > ~/.zfunc/_piecewatch
  piecewatch completions fish > ~/.config/fish/completions/piecewatch.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells for which there are completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// Elvish.
    Elvish,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
    /// Z shell.
    Zsh,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }
}
