//! Finished logs on disk: which files are meant, and in which order they were written.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use piecewatch_model::Timestamp;

use crate::{
    Error, Parsed, Parser, Result, Unparsed, chunk::LINE_LEN_MAX, content::Content,
    identity::Identity,
};

/// How much of a file is searched for a line that a node writes, in bytes. A power cut may have left
/// a block of NUL at the beginning.
pub(crate) const SAMPLE_LEN: u64 = 4 << 20;

/// The longest number behind a name by which rotated files are counted. A longer one is a date.
const NUMBER_LEN_MAX: usize = 4;

/// A log file to import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Archive {
    /// The time of its first line that has one.
    first_at: Timestamp,
    path: PathBuf,
    disk_len: u64,
    identity: Identity,
}

impl Archive {
    /// Looks at a file.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Empty`], [`Error::NotALog`] and [`Error::Encoding`] as they say;
    /// [`Error::Io`] when it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let metadata = metadata(path)?;
        if !metadata.is_file() {
            return Err(Error::NoFile { path: path.to_owned() });
        }
        if metadata.len() == 0 {
            return Err(Error::Empty { path: path.to_owned() });
        }
        let content = Content::open(path)?;
        let identity = content.identity()?;
        let first_at = first_time(path, content.read_from(0)?)?;
        Ok(Self { first_at, path: path.to_owned(), disk_len: metadata.len(), identity })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The order in which logs were written. Of two that begin in the same second the name tells:
    /// `node.log.2` is older than `node.log.1`, and that than `node.log`; a file named by a later date
    /// is younger. Of a file and its compressed form the file comes first, since the other may not be
    /// complete yet.
    pub(crate) fn written_before(&self, other: &Self) -> Ordering {
        let by_name = |archive: &Self| {
            let name = archive.path.to_string_lossy().into_owned();
            let plain = plain_name(&name);
            let is_compressed = plain.is_some();
            let plain = plain.unwrap_or(&name);
            let (stem, number) = match plain.rsplit_once('.') {
                Some((stem, number)) if number.len() <= NUMBER_LEN_MAX => {
                    number.parse().map_or((plain, 0), |number: u32| (stem, number))
                }
                Some(_) | None => (plain, 0),
            };
            // The log itself comes after what was rotated away, whose names are longer.
            (format!("{stem}{}", char::MAX), Reverse(number), is_compressed)
        };
        self.first_at.cmp(&other.first_at).then_with(|| by_name(self).cmp(&by_name(other)))
    }

    /// Whether the other is named as the compressed form of this one.
    pub(crate) fn is_compressed_as(&self, other: &Self) -> bool {
        plain_name(&other.path.to_string_lossy()) == Some(&self.path.to_string_lossy())
    }

    /// What the file holds.
    pub(crate) fn content(&self) -> Result<Content<'_>> {
        let content = Content::open(&self.path)?;
        if content.identity()? != self.identity {
            return Err(Error::Replaced { path: self.path.clone() });
        }
        Ok(content)
    }

    /// Its size as it is on disk, in bytes: compressed, if it is.
    pub const fn disk_len(&self) -> u64 {
        self.disk_len
    }
}

/// Finds the logs that paths mean: files, folders of rotated files, patterns with `*`, `?` and `[]`.
///
/// They come in the order in which they were written, told by the time of their first line; each
/// file once, however often it was named. In a folder, what is no log is passed over. What cannot be
/// read is reported beside.
pub fn find_archives(paths: &[PathBuf]) -> (Vec<Archive>, Vec<Error>) {
    let mut found = BTreeSet::new();
    let mut errors = Vec::new();
    for path in paths {
        match expand(path) {
            Ok(Named::Files(files)) => {
                for file in files {
                    match Archive::open(&file) {
                        Ok(archive) => drop(found.insert(archive)),
                        Err(error) => errors.push(error),
                    }
                }
            }
            Ok(Named::Folder(files)) => folder(path, files, &mut found, &mut errors),
            Err(error) => errors.push(error),
        }
    }
    let mut archives: Vec<Archive> = found.into_iter().collect();
    archives.sort_by(Archive::written_before);
    (archives, errors)
}

enum Named {
    /// Files that were meant one by one.
    Files(Vec<PathBuf>),
    /// Whatever is in a folder.
    Folder(Vec<PathBuf>),
}

fn expand(path: &Path) -> Result<Named> {
    match metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let mut files = Vec::new();
            for entry in fs::read_dir(path).map_err(Error::io("open", path))? {
                let entry = entry.map_err(Error::io("read", path))?;
                let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                if !hidden && entry.path().is_file() {
                    files.push(entry.path());
                }
            }
            Ok(Named::Folder(files))
        }
        Ok(_) => Ok(Named::Files(vec![path.to_owned()])),
        Err(error @ Error::Missing { .. }) => {
            let pattern = path.to_string_lossy();
            if !pattern.contains(['*', '?', '[']) {
                return Err(error);
            }
            let files: Vec<PathBuf> = glob::glob(&pattern)
                .map(|paths| paths.flatten().filter(|path| path.is_file()).collect())
                .unwrap_or_default();
            if files.is_empty() {
                return Err(Error::NoMatch { pattern: pattern.into_owned() });
            }
            Ok(Named::Files(files))
        }
        Err(error) => Err(error),
    }
}

fn folder(
    path: &Path,
    files: Vec<PathBuf>,
    found: &mut BTreeSet<Archive>,
    errors: &mut Vec<Error>,
) {
    let mut logs = 0;
    for file in files {
        match Archive::open(&file) {
            Ok(archive) => {
                logs += 1;
                found.insert(archive);
            }
            Err(Error::Empty { .. } | Error::NotALog { .. }) => {}
            Err(error) => {
                logs += 1;
                errors.push(error);
            }
        }
    }
    if logs == 0 {
        errors.push(Error::NoLogs { path: path.to_owned() });
    }
}

/// The name that a compressed file had before; `None` for another one.
fn plain_name(name: &str) -> Option<&str> {
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst"))
}

fn metadata(path: &Path) -> Result<fs::Metadata> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::Missing { path: path.to_owned() })
        }
        Err(error) => Err(Error::io("open", path)(error)),
    }
}

/// Passes over the NULs that a truncated log may begin with, gigabytes of them.
fn skip_nuls(content: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = content.fill_buf()?;
        let nuls = buffer.iter().take_while(|&&byte| byte == 0).count();
        let is_over = nuls < buffer.len() || buffer.is_empty();
        content.consume(nuls);
        if is_over {
            return Ok(());
        }
    }
}

/// The first time in a log; an error when its beginning has no line that a node writes.
pub(crate) fn first_time(path: &Path, content: impl Read) -> Result<Timestamp> {
    let mut content = BufReader::with_capacity(1 << 16, content);
    skip_nuls(&mut content).map_err(Error::io("read", path))?;
    let mut content = content.take(SAMPLE_LEN);
    let mut parser = Parser::new();
    let mut line = Vec::new();
    let mut refused = None;
    loop {
        line.clear();
        let mut limited = content.by_ref().take(LINE_LEN_MAX as u64);
        if limited.read_until(b'\n', &mut line).map_err(Error::io("read", path))? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let nuls = text.iter().take_while(|&&byte| byte == 0).count();
        let parsed = parser.parse(&text[nuls..]);
        if parsed == Parsed::Unparsed(Unparsed::Pretty) {
            refused = Some("pretty");
        } else if parsed == Parsed::Unparsed(Unparsed::GoogleCloud) {
            refused = Some("gcloudlogging");
        }
        if let Some(at) = parser.last_at() {
            return Ok(at);
        }
    }
    // Lines without any time may be anything: a text that quotes a crash is no log.
    match refused {
        Some(encoding) => Err(Error::Encoding { path: path.to_owned(), encoding }),
        None => Err(Error::NotALog { path: path.to_owned() }),
    }
}
