//! One process follows a node into a database, and one asks it; a second is told who the first is.
//!
//! Beside the database lies a folder of locks, two files for each node and work: one that is locked as long as its
//! holder lives, and one in which the holder says who it is. They are two because Windows lets
//! nobody read a file that another process has locked.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use piecewatch_model::{NodeName, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Result};

/// The files of locks; they are never removed, since somebody may be about to lock them.
const LOCK: &str = "lock";
/// The files in which holders say who they are; only who holds the lock touches one.
const HOLDER: &str = "holder";
/// The same for who asks a node: that is another work than following its log.
const POLL_LOCK: &str = "polllock";
const POLL_HOLDER: &str = "pollholder";

/// Who asks whether a dead process left its lock free has it for some microseconds. A lock that is
/// still taken after this many pauses is held.
const ATTEMPTS_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// A process that follows or asks a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The program's name.
    pub program: String,
    /// The process's id.
    pub process: u32,
    /// Since when it does.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {}, since {})", self.program, self.process, self.since)
    }
}

/// A node that a process follows into a database, or asks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// The node.
    pub node: NodeName,
    /// The process.
    pub holder: Holder,
}

/// The right to follow a node into a database, or to ask it for one: one process has it at a time. It ends when this is
/// dropped, and with the process, however that ends.
#[derive(Debug)]
pub struct NodeLock {
    /// The file that says who holds it; `None` when it is to stay.
    holder: Option<PathBuf>,
    // Closed after `drop` has removed the holder's file, which the lock protects.
    _locked: File,
}

impl NodeLock {
    /// Takes the lock of a node. The database must be there; whether its path leads over a
    /// symbolic link does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::Followed`] when it is taken; [`Error::Lock`] when its files cannot be written, or
    /// the file system has no locks.
    pub fn take(db: &Path, node: &NodeName, holder: &Holder) -> Result<Self> {
        Self::take_as(db, node, holder, [LOCK, HOLDER])?.map_err(|holder| Error::Followed {
            node: node.clone(),
            path: db.to_owned(),
            holder,
        })
    }

    /// Takes the lock of who asks a node for a database. It is another one than that of who follows
    /// its log.
    ///
    /// # Errors
    ///
    /// [`Error::Asked`] when it is taken; else as [`take`](Self::take).
    pub fn take_to_ask(db: &Path, node: &NodeName, holder: &Holder) -> Result<Self> {
        let taken = Self::take_as(db, node, holder, [POLL_LOCK, POLL_HOLDER])?;
        taken.map_err(|holder| Error::Asked { node: node.clone(), path: db.to_owned(), holder })
    }

    /// The lock in files of these kinds, or who has it.
    fn take_as(
        db: &Path,
        node: &NodeName,
        holder: &Holder,
        [lock, told]: [&str; 2],
    ) -> Result<Result<Self, Option<Holder>>> {
        let folder = locks_folder(db)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Lock { path, source }
        };
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = folder.join(file_name(node)).with_extension(lock);
        let told = path.with_extension(told);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed(&path))?;
        if !try_lock(&file).map_err(failed(&path))? {
            return Ok(Err(Told::read(&told).map(|told| told.holder)));
        }
        let text = Told { node: node.clone(), holder: holder.clone() }.to_text();
        fs::write(&told, text).map_err(failed(&told))?;
        Ok(Ok(Self { holder: Some(told), _locked: file }))
    }

    /// Ends it without giving the node up, as when the process were killed: its follower is [lost](lost_followers).
    pub fn lose(mut self) {
        self.holder = None;
    }
}

impl Drop for NodeLock {
    fn drop(&mut self) {
        if let Some(holder) = &self.holder {
            // Where it cannot be removed the node is taken to be lost.
            let _ = fs::remove_file(holder);
        }
    }
}

/// Whether any process, this one included, follows a node into a database at this moment. Cheap
/// enough to ask every second.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn is_followed(db: &Path) -> Result<bool> {
    Ok(!holders(db, [LOCK, HOLDER], is_held)?.is_empty())
}

/// Who follows which node into a database at this moment, by the nodes' names. Who began so lately
/// that it has not yet said who it is, is left out.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn followers(db: &Path) -> Result<Vec<Follower>> {
    told(db, [LOCK, HOLDER], is_held)
}

/// Who followed a node into a database and ended without giving it up: killed, with the machine, or by a fault. Whoever
/// was told to end is not among them, nor is a node that is followed again.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn lost_followers(db: &Path) -> Result<Vec<Follower>> {
    told(db, [LOCK, HOLDER], |lock| !is_held(lock))
}

/// Who asks which node for a database at this moment; else as [`followers`].
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn askers(db: &Path) -> Result<Vec<Follower>> {
    told(db, [POLL_LOCK, POLL_HOLDER], is_held)
}

/// Who said to hold a lock of this kind that is as asked for.
fn told(db: &Path, kind: [&str; 2], is_asked_for: impl Fn(&Path) -> bool) -> Result<Vec<Follower>> {
    let mut followers: Vec<Follower> = holders(db, kind, is_asked_for)?
        .iter()
        .filter_map(|told| Told::read(told))
        .map(|Told { node, holder }| Follower { node, holder })
        .collect();
    followers.sort_by(|a, b| a.node.cmp(&b.node));
    Ok(followers)
}

/// What the holders of a database's locks of a kind say of themselves, as the paths of their files.
fn holders(
    db: &Path,
    [lock, holder]: [&str; 2],
    is_asked_for: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let folder = match locks_folder(db) {
        Ok(folder) => folder,
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let failed = |source| Error::Lock { path: folder.clone(), source };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut held = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        // Who has taken a lock says so next: a lock of which nobody speaks need not be touched.
        let told = path.extension().is_some_and(|extension| extension == holder);
        if told && is_asked_for(&path.with_extension(lock)) {
            held.push(path);
        }
    }
    Ok(held)
}

/// Whether somebody holds this lock. A lock that this user may not open is taken to be held.
fn is_held(path: &Path) -> bool {
    match File::open(path).map(|file| file.try_lock_shared()) {
        Ok(locked) => locked.is_err(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// `false` when another process has it.
fn try_lock(file: &File) -> io::Result<bool> {
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if attempt == ATTEMPTS_MAX => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    unreachable!("the last attempt returns")
}

/// The folder of the locks of a database, whatever path led to it. Programs that follow nodes may
/// keep beside the locks what they tell each other. It is made with the first lock.
///
/// # Errors
///
/// When there is no database.
pub fn locks_folder(db: &Path) -> Result<PathBuf> {
    let canonical =
        fs::canonicalize(db).map_err(|source| Error::File { path: db.to_owned(), source })?;
    let mut folder = canonical.into_os_string();
    folder.push(".locks");
    Ok(folder.into())
}

/// A name may hold any printable character, be longer than a file's name, and differ from another
/// in upper and lower case only: files are named by its hash.
fn file_name(node: &NodeName) -> String {
    format!("{:032x}", xxh3_128(node.as_str().as_bytes()))
}

/// What a holder's file tells, one thing a line.
struct Told {
    node: NodeName,
    holder: Holder,
}

impl Told {
    fn to_text(&self) -> String {
        let Self { node, holder: Holder { program, process, since } } = self;
        let program = program.replace(char::is_control, " ");
        format!("{node}\n{program}\n{process}\n{since}\n")
    }

    /// `None` when there is nothing, or not yet all of it.
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let node = lines.next()?.parse().ok()?;
        let holder = Holder {
            program: lines.next()?.to_owned(),
            process: lines.next()?.parse().ok()?,
            since: lines.next()?.parse().ok()?,
        };
        Some(Self { node, holder })
    }
}
