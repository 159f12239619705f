//! From a command to what does it.

use std::{io::Write, sync::Arc};

use piecewatch_collector::signals::signals;

use crate::{
    Cli, Colour, Result, alerts, cli::Command, compare, completions, countries, database, demo,
    earnings, errors, import, latency, pieces, poll, reputation, serve, simulate, sizes, slow,
    storage, summary,
};

/// Does what the command line says; results go to `out`.
///
/// # Errors
///
/// When the work failed. What was done up to then stays done and stays whole.
pub fn run(cli: &Cli, out: &mut dyn Write, colour: Colour) -> Result<()> {
    match &cli.command {
        Command::Import(arguments) => import::run(arguments, out, colour),
        Command::Poll(arguments) => poll::run(arguments, out, colour),
        Command::Summary(arguments) => summary::run(arguments, out, colour),
        Command::Earnings(arguments) => earnings::run(arguments, out, colour),
        Command::Latency(arguments) => latency::run(arguments, out, colour),
        Command::Slow(arguments) => slow::run(arguments, out, colour),
        Command::Errors(arguments) => errors::run(arguments, out, colour),
        Command::Pieces(arguments) => pieces::run(arguments, out, colour),
        Command::Sizes(arguments) => sizes::run(arguments, out, colour),
        Command::Countries(arguments) => countries::run(arguments, out, colour),
        Command::Reputation(arguments) => reputation::run(arguments, out, colour),
        Command::Storage(arguments) => storage::run(arguments, out, colour),
        Command::Compare(arguments) => compare::run(arguments, out, colour),
        Command::Serve(arguments) => {
            let arguments = arguments.clone();
            serve::run(arguments.reading(), Arc::new(move || arguments.load()), signals()?)
        }
        Command::Demo(arguments) => demo::run(arguments, out),
        Command::Alerts(arguments) => alerts::run(arguments, out, colour),
        Command::Db(arguments) => database::run(&arguments.command, out, colour),
        Command::Simulate(arguments) => simulate::run(arguments, out),
        Command::Completions(arguments) => completions::run(arguments, out),
    }
}
