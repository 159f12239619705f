//! From a command to what does it.

use std::io::Write;

use crate::{
    Cli, Colour, Result, cli::Command, compare, completions, database, earnings, import, poll,
    simulate, summary,
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
        Command::Compare(arguments) => compare::run(arguments, out, colour),
        Command::Db(arguments) => database::run(&arguments.command, out, colour),
        Command::Simulate(arguments) => simulate::run(arguments, out),
        Command::Completions(arguments) => completions::run(arguments, out),
    }
}
