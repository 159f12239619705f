//! From a command to what does it.

use std::io::Write;

use crate::{
    Cli, Error, Result, check, cli::Command, config::Config, logging, run as following, status,
};

/// Does what the command line says; results go to `out`.
///
/// # Errors
///
/// When the command line or the configuration is wrong, or the work failed. What was done up to then
/// stays done and stays whole.
pub fn run(cli: &Cli, out: &mut dyn Write) -> Result<()> {
    match &cli.command {
        Command::Run(arguments) => {
            let said = arguments.follow.sayings();
            let config = Config::load(&said)?;
            logging::start(&config.log);
            following::run(config, || Config::load(&said))
        }
        Command::Check(arguments) => {
            let config = Config::load(&arguments.follow.sayings())?;
            logging::start(&config.log);
            check::run(&config, arguments.form(), out)
        }
        Command::Status(arguments) => {
            let config = Config::load_settings(&arguments.sayings())?;
            status::run(&config, arguments.answer(), out)
        }
        Command::Config(_) => {
            out.write_all(Config::default_text().as_bytes()).map_err(Error::Output)
        }
    }
}
