//! Reads a storage node's own databases, in place of asking its dashboard.
//!
//! A node keeps a SQLite file for each subject in one folder: `storage2.database-dir` of its
//! configuration, or else its storage folder. Nothing in that folder is changed, nor anything laid
//! there: of a file is taken a private copy, with what is in its write-ahead log, and the copy is
//! asked. Of `secret.db`, which holds keys, nobody takes one.
//!
//! What the node has not written yet is not in its files: the traffic of up to the last hour.
//!
//! ```
//! use piecewatch_model::Fact;
//! use piecewatch_store::node_databases;
//!
//! # let folder = tempfile::tempdir()?;
//! # let pricing = rusqlite::Connection::open(folder.path().join("pricing.db"))?;
//! # pricing.execute_batch(
//! #     "CREATE TABLE pricing (satellite_id BLOB, egress_bandwidth_price INTEGER,
//! #          repair_bandwidth_price INTEGER, audit_bandwidth_price INTEGER,
//! #          disk_space_price INTEGER);
//! #      INSERT INTO pricing VALUES (zeroblob(32), 200, 200, 200, 149)",
//! # )?;
//! let now = "2026-08-19T14:03:27Z".parse()?;
//! let contents = node_databases::read(folder.path(), now);
//! let [Fact::Prices(_, prices)] = &contents.facts[..] else { panic!("{contents:?}") };
//! assert_eq!(prices.egress.to_string(), "2.00");
//! assert!(contents.problems.is_empty());
//! assert_eq!(contents.passed_over[0].to_string(), "bandwidth.db is not there");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bandwidth;
mod copy;
mod held;
mod pricing;
mod space;
mod standing;
mod storage;
mod value;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use piecewatch_model::{Fact, Period, Standing, Timestamp};
use rusqlite::Connection;

/// The files of which something is read.
const FILES: [&str; 7] = [BANDWIDTH, STORAGE, HELD, PRICING, REPUTATION, SATELLITES, PIECE_SPACE];

const BANDWIDTH: &str = "bandwidth.db";
const STORAGE: &str = "storage_usage.db";
const HELD: &str = "heldamount.db";
const PRICING: &str = "pricing.db";
const REPUTATION: &str = "reputation.db";
const SATELLITES: &str = "satellites.db";
/// The name is the node's.
const PIECE_SPACE: &str = "piece_spaced_used.db";

/// What a node's databases hold.
#[derive(Debug, Default)]
pub struct Contents {
    /// What was read.
    pub facts: Vec<Fact>,
    /// What was not read since this node does not have it.
    pub passed_over: Vec<PassedOver>,
    /// What could not be read. The facts are of the other files.
    pub problems: Vec<Problem>,
}

/// A file from which nothing was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOver {
    /// Its name.
    pub file: &'static str,
    /// Why.
    pub reason: Reason,
}

/// Why nothing was read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is none: the node is older, or has not written it yet.
    Absent,
    /// Its tables are not those of any version that is known.
    OtherTables,
    /// The node keeps pieces in its hash store, which this file does not count.
    HashStore,
}

/// In words, such as `pricing.db is not there`.
impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, reason } = self;
        match reason {
            Reason::Absent => write!(f, "{file} is not there"),
            Reason::OtherTables => write!(f, "{file} has other tables than any version known"),
            Reason::HashStore => write!(f, "{file} does not count the pieces in the hash store"),
        }
    }
}

/// A file that could not be read.
#[derive(Debug)]
pub struct Problem {
    /// The file, or the folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: Cause,
}

/// Why a file could not be read.
#[derive(Debug)]
pub enum Cause {
    /// There is no database of a node in the folder.
    NoDatabases,
    /// The system does not let it be read.
    File(io::Error),
    /// It is damaged, or holds what no version known has written.
    Database(rusqlite::Error),
    /// The node changed it each time while it was copied.
    Changing,
    /// A program that wrote it was killed, or is about to write.
    Unfinished,
    /// It is larger than a node's database gets.
    Large,
    /// There is no room for a copy, or no folder to lay it in.
    Copy(io::Error),
}

/// A whole hint: what is wrong, where, and what to do.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::NoDatabases => write!(
                f,
                "{path} holds no databases of a node: name the folder in which its bandwidth.db is"
            ),
            Cause::File(error) => {
                write!(f, "{path} cannot be read ({error}): let this user read it")
            }
            Cause::Database(error) => write!(
                f,
                "{path} cannot be read ({error}): see whether the node complains of it, too"
            ),
            Cause::Changing => {
                write!(f, "{path} is written all the time: it will be read with the next poll")
            }
            Cause::Unfinished => write!(
                f,
                "{path} is in the midst of a change: it will be read when the node has finished it"
            ),
            Cause::Large => write!(
                f,
                "{path} is larger than {} GB and was not read: use the node's dashboard instead",
                copy::BYTES_MAX / 1_000_000_000
            ),
            Cause::Copy(error) => write!(
                f,
                "{path} cannot be copied into the folder for temporary files ({error}): make room \
                 there, or name another by TMPDIR"
            ),
        }
    }
}

/// Reads what is current: days of this month and the one before it, all statements and payments,
/// and how things are now.
pub fn read(folder: &Path, now: Timestamp) -> Contents {
    let month = Period::containing(now).and_then(|month| month.plus_months(-1));
    read_from(folder, month.map_or(Timestamp::from_micros(0), Period::start))
}

/// Reads all that is there: the days of years, some 20,000 facts.
pub fn read_all(folder: &Path) -> Contents {
    read_from(folder, Timestamp::from_micros(0))
}

/// Days from `first_day` on.
fn read_from(folder: &Path, first_day: Timestamp) -> Contents {
    let mut reading = Reading { folder, contents: Contents::default() };
    if !FILES.iter().any(|file| folder.join(file).exists()) {
        let cause = match fs::read_dir(folder) {
            Ok(_) => Cause::NoDatabases,
            Err(error) => Cause::File(error),
        };
        reading.contents.problems.push(Problem { path: folder.to_owned(), cause });
        return reading.contents;
    }
    reading.facts(BANDWIDTH, |connection| bandwidth::read(connection, first_day));
    reading.facts(STORAGE, |connection| storage::read(connection, first_day));
    reading.facts(HELD, held::read);
    reading.facts(PRICING, pricing::read);
    reading.standings();
    if space::is_in_hash_store(folder) {
        reading.pass_over(PIECE_SPACE, Reason::HashStore);
    } else {
        reading.facts(PIECE_SPACE, space::read);
    }
    reading.contents
}

/// Reads file by file.
struct Reading<'a> {
    folder: &'a Path,
    contents: Contents,
}

impl Reading<'_> {
    fn facts(
        &mut self,
        file: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<Option<Vec<Fact>>>,
    ) {
        if let Ok(Some(facts)) = self.of(file, read) {
            self.contents.facts.extend(facts);
        }
    }

    /// The standings are in two files. What they are without the first, nobody knows: whether the
    /// node is suspended is there.
    fn standings(&mut self) {
        let scores = self.of(REPUTATION, standing::read_reputation);
        let addresses = self.of(SATELLITES, standing::read_satellites);
        let Ok(Some(mut standings)) = scores else { return };
        for (satellite, known) in addresses.ok().flatten().unwrap_or_default() {
            let standing =
                standings.entry(satellite).or_insert_with(|| Standing::unknown(satellite));
            standing.address = known.address;
            standing.exited_at = known.exited_at;
        }
        self.contents.facts.extend(standings.into_values().map(Fact::Standing));
    }

    /// What is in one file: `None` when it is passed over, an error when there was a problem. Both
    /// are noted. `read` gives `None` for tables that it does not know.
    fn of<T>(
        &mut self,
        file: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, ()> {
        let path = self.folder.join(file);
        let found = match copy::of(&path) {
            Ok(None) => {
                self.pass_over(file, Reason::Absent);
                return Ok(None);
            }
            Ok(Some(copy)) => copy.ask(read).map_err(Cause::Database),
            Err(cause) => Err(cause),
        };
        match found {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => {
                self.pass_over(file, Reason::OtherTables);
                Ok(None)
            }
            Err(cause) => {
                self.contents.problems.push(Problem { path, cause });
                Err(())
            }
        }
    }

    fn pass_over(&mut self, file: &'static str, reason: Reason) {
        self.contents.passed_over.push(PassedOver { file, reason });
    }
}
