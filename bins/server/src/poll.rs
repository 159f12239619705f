//! `piecewatch poll`: asks nodes themselves, once or until told to stop.

mod follow;
mod ids;
mod node;
mod once;
mod plan;
mod schedule;
mod status;
mod telling;
mod writing;

use std::{io::Write, path::Path};

use piecewatch_collector::config::{Config, Sayings};
use piecewatch_store::{Store, StoreConfig};

pub(crate) use self::follow::Asking;
use self::plan::Plan;
use crate::{
    Colour, Error, Result,
    cli::{Asked, PollArgs},
};

/// How many nodes are asked for their satellites at once: a quarter, since nodes often share a
/// machine and each keeps a core busy; and no more than this, since all of them share our own.
const AT_ONCE_MAX: usize = 4;

/// Asks the nodes, or tells how they were asked.
pub(crate) fn run(arguments: &PollArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let said = Sayings {
        file: arguments.config.clone(),
        variables: std::env::vars_os().collect(),
        db: arguments.db.clone(),
        nodes: Vec::new(),
    };
    let config = Config::load_settings(&said)?;
    if arguments.status {
        return status::run(&config.db, out, colour);
    }
    let nodes = arguments.nodes.iter().map(|text| text.parse().map_err(Error::Node));
    let nodes: Vec<Asked> = nodes.collect::<Result<_>>()?;
    if !arguments.once {
        piecewatch_collector::logging::start(&config.log);
    }
    // Before there is a database: a mistake makes none.
    let mut plan = Plan::new(&config, &nodes)?;
    // Another process may be writing: with --once it is waited for, else it is told and waited for.
    let mut settings = StoreConfig { readers: 1, ..StoreConfig::default() };
    if !arguments.once {
        settings.busy_timeout = writing::BUSY_MAX;
    }
    let Store { writer, readers } = Store::open(&config.db, settings)?;
    plan = plan.know(&readers.get()?)?;
    drop(readers);
    let mut refused = plan.lock(&config.db);
    if !refused.is_empty() && (plan.nodes.is_empty() || !arguments.once) {
        return Err(if refused.len() == 1 { refused.remove(0) } else { Error::Several(refused) });
    }
    for node in &plan.unasked {
        tracing::warn!(%node, "{}", plan::UNASKED);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
    let done = if arguments.once {
        once::run(&runtime, plan, writer, refused, out, colour)
    } else {
        follow::run(&runtime, plan, writer, &config.polling)
    };
    // A name that is still being looked up, or a disk that does not answer, keeps nobody.
    runtime.shutdown_background();
    done
}

/// Begins to ask the nodes of a configuration for a database, in a runtime; `None` when none of them can be
/// asked. Those that another process asks are left to it.
///
/// # Errors
///
/// When the database cannot be opened, or the system gives no thread.
pub(crate) fn begin(config: &Config, db: &Path) -> Result<Option<Asking>> {
    let plan = match Plan::new(config, &[]) {
        Ok(plan) => plan,
        Err(Error::NobodyToAsk) => return Ok(None),
        Err(error) => return Err(error),
    };
    let settings = StoreConfig {
        readers: 1,
        busy_timeout: writing::BUSY_MAX,
        retention: config.retention.clone(),
        ..StoreConfig::default()
    };
    let Store { writer, readers } = Store::open(db, settings)?;
    let mut plan = match plan.know(&readers.get()?) {
        Ok(plan) => plan,
        Err(Error::NobodyToAsk) => return Ok(None),
        Err(error) => return Err(error),
    };
    for error in plan.lock(db) {
        tracing::warn!("{}", error.lines().join("; "));
    }
    for node in &plan.unasked {
        tracing::warn!(%node, "{}", plan::UNASKED);
    }
    if plan.nodes.is_empty() {
        return Ok(None);
    }
    Asking::start(plan, writer, &config.polling).map(Some)
}

/// How many of so many nodes are asked for their satellites at once.
const fn at_once(nodes: usize) -> usize {
    let quarter = nodes / 4;
    if quarter == 0 {
        1
    } else if quarter > AT_ONCE_MAX {
        AT_ONCE_MAX
    } else {
        quarter
    }
}
