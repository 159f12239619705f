//! `piecewatch completions`: what a shell needs to complete our commands.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::{Generator, shells};

use crate::{
    Error, Result,
    cli::{Cli, CompletionsArgs, Shell},
};

/// Prints the completions for a shell.
pub(crate) fn run(arguments: &CompletionsArgs, out: &mut dyn Write) -> Result<()> {
    match arguments.shell {
        Shell::Bash => print(&shells::Bash, out),
        Shell::Elvish => print(&shells::Elvish, out),
        Shell::Fish => print(&shells::Fish, out),
        Shell::Powershell => print(&shells::PowerShell, out),
        Shell::Zsh => print(&shells::Zsh, out),
    }
}

fn print(shell: &impl Generator, out: &mut dyn Write) -> Result<()> {
    let mut command = Cli::command();
    command.set_bin_name("piecewatch");
    command.build();
    shell.try_generate(&command, out).map_err(Error::Output)
}
