//! The program: reads the command line, runs, and turns how it ended into an exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use piecewatch_collector::{Cli, Error, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = run(&cli, &mut out);
    // What is there comes before what is wrong with it.
    let flushed = out.flush().map_err(Error::Output);
    let Err(error) = done.and(flushed) else { return ExitCode::SUCCESS };
    // Whoever reads us has read enough: the normal end of `piecewatch-collector check | head`.
    if error.is_broken_pipe() {
        return ExitCode::SUCCESS;
    }
    // Where stderr is gone there is nobody left to tell.
    for line in error.lines() {
        let _ = writeln!(io::stderr(), "error: {line}");
    }
    ExitCode::from(error.exit_code())
}
