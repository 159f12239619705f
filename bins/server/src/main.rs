//! The program: reads the command line, runs, and turns how it ended into an exit code.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use piecewatch::{Cli, Colour, Error, run};

/// What many connections took is given back when they have gone.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let stdout = io::stdout();
    let colour =
        if stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()) {
            Colour::On
        } else {
            Colour::Off
        };
    let mut out = io::BufWriter::new(stdout.lock());
    let done = run(&cli, &mut out, colour);
    // What is there comes before what is wrong with it.
    let flushed = out.flush().map_err(Error::Output);
    let Err(error) = done.and(flushed) else { return ExitCode::SUCCESS };
    // Whoever reads us has read enough: the normal end of `piecewatch … | head`.
    if error.is_broken_pipe() {
        return ExitCode::SUCCESS;
    }
    // Where stderr is gone there is nobody left to tell.
    for line in error.lines() {
        let _ = writeln!(io::stderr(), "error: {line}");
    }
    ExitCode::from(error.exit_code())
}
