//! Which files a log is in: the one that is written, and those that were rotated away.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

/// The files of which a log consists at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFiles {
    /// The one that is written.
    pub live: PathBuf,
    /// Those that were rotated away, also compressed, by name. They are named as parts of the log;
    /// what they hold was not looked at.
    pub rotated: Vec<PathBuf>,
}

impl LogFiles {
    /// Finds the files of a log by the path or pattern of its source, as a follower does.
    ///
    /// # Errors
    ///
    /// When no file matches a pattern. Whether a file that is named is there, is not looked at.
    pub fn find(path: &Path) -> io::Result<Self> {
        let files = Files::new(path);
        let live = files.newest()?;
        Ok(Self { rotated: files.siblings(&live), live })
    }
}

/// The name of a log, by which its files are found.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// A path, or a pattern of which the newest match is written.
    path: PathBuf,
    is_pattern: bool,
}

impl Files {
    pub(super) fn new(path: &Path) -> Self {
        let is_pattern =
            path.file_name().is_some_and(|name| name.to_string_lossy().contains(['*', '?', '[']))
                && !path.exists();
        Self { path: path.to_owned(), is_pattern }
    }

    /// The name of the log, for people.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that is written: the one of this name, or the newest that matches.
    pub(super) fn newest(&self) -> io::Result<PathBuf> {
        if !self.is_pattern {
            return Ok(self.path.clone());
        }
        let newest = self
            .matches()
            .into_iter()
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .max();
        newest.map(|(_, path)| path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether this is still the file that is written, where each has a name of its own.
    pub(super) fn is_written(&self, live: &Path) -> bool {
        let newest = self.newest();
        newest.is_ok_and(|newest| {
            newest == live || fs::metadata(&newest).is_ok_and(|newest| newest.len() == 0)
        })
    }

    /// The files beside the one that is written that may hold older parts of the log.
    pub(super) fn siblings(&self, live: &Path) -> Vec<PathBuf> {
        let mut siblings = Vec::new();
        if self.is_pattern {
            siblings.extend(self.matches());
        }
        let mut named = vec![live.to_owned()];
        // A link has brothers where it stands, and where it leads.
        if let Ok(target) = live.canonicalize()
            && target != live
        {
            named.push(target);
        }
        for name in &named {
            siblings.extend(in_folder(name, |other| {
                let name = name.file_name().unwrap_or_default().to_string_lossy();
                self.is_sibling(&name, other)
            }));
        }
        siblings.sort();
        // One file may be reached over several names of its folder.
        let mut seen: HashSet<PathBuf> = live.canonicalize().into_iter().collect();
        siblings.retain(|path| {
            path != live && path.canonicalize().map_or(true, |file| seen.insert(file))
        });
        siblings
    }

    /// Whether a file of this name belongs to a log of that name.
    fn is_sibling(&self, log: &str, other: &str) -> bool {
        if self.is_pattern {
            let pattern = self.path.file_name().unwrap_or_default().to_string_lossy();
            let plain = without_compression(other);
            return glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(plain));
        }
        is_rotated(log, other)
    }

    fn matches(&self) -> Vec<PathBuf> {
        // The name is a pattern; what stands before it is not.
        let folder = self.path.parent().unwrap_or(Path::new("")).to_string_lossy();
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let pattern = Path::new(&glob::Pattern::escape(&folder)).join(&*name);
        glob::glob(&pattern.to_string_lossy())
            .map(|paths| paths.flatten().filter(|path| path.is_file()).collect())
            .unwrap_or_default()
    }
}

/// The files in the folder of `path` whose names fit.
fn in_folder(path: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Vec::new(),
    };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| fits(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

fn without_compression(name: &str) -> &str {
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
}

/// Whether a file of this name is a rotated part of a log of that name.
///
/// `node.log.1`, `node.log.old`, `node.log-20260101.gz`, `node-20260101.log`; and beside
/// `node-20260102.log` those of other days. `node-2.log` is the log of another node.
fn is_rotated(log: &str, other: &str) -> bool {
    if other == log {
        return false;
    }
    let other = without_compression(other);
    if let Some(rest) = other.strip_prefix(log) {
        return rest.is_empty()
            || rest.starts_with('.')
            || rest.strip_prefix(['-', '_']).is_some_and(|rest| date_len(rest) > 0);
    }
    if let Some(dateless) = without_date(other) {
        let own = without_date(log);
        return own.as_deref() == Some(&dateless) || dateless == log;
    }
    false
}

/// A name without the date in it, and without what stands between the two.
fn without_date(name: &str) -> Option<String> {
    let at = name.char_indices().map(|(at, _)| at).find(|&at| {
        let is_begin = !name[..at].ends_with(|before: char| before.is_ascii_digit());
        is_begin && date_len(&name[at..]) > 0
    })?;
    let end = at + date_len(&name[at..]);
    let before = name[..at].trim_end_matches(['-', '_', '.']);
    let after = &name[end..];
    // A time behind the date, and whatever numbers the parts of a day.
    let after = after.rfind('.').map_or("", |dot| &after[dot..]);
    Some(format!("{before}{after}"))
}

/// The length of what numbers rotated files at the beginning of a text, 0 if nothing does: a date,
/// `2026-01-01` or `20260101`, or a number of five digits or more. Shorter numbers tell nodes apart.
fn date_len(text: &str) -> usize {
    const DATE: &[u8] = b"0000-00-00";
    let is_date = text.len() >= DATE.len()
        && DATE.iter().zip(text.bytes()).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match (is_date, digits) {
        (true, _) => DATE.len(),
        (false, 5..) => digits,
        (false, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_parts_are_told_from_the_logs_of_other_nodes() {
        for other in [
            "node.log.1",
            "node.log.12.gz",
            "node.log.old",
            "node.log-20260101",
            "node.log-20260101.gz",
            "node.log.2026-01-01.zst",
            "node-20260101.log",
            "node-2026-01-01.log.gz",
            "node-2026-01-01T00-00-00.000.log",
            "node.log.gz",
        ] {
            assert!(is_rotated("node.log", other), "{other}");
        }
        for other in
            ["node.log", "node-2.log", "node2.log.1", "node.log2", "other.log", "node.log-2"]
        {
            assert!(!is_rotated("node.log", other), "{other}");
        }
        assert!(is_rotated("node-20260102.log", "node-20260101.log"));
        assert!(is_rotated("node-20260102.log", "node-20260101.log.gz"));
        assert!(!is_rotated("node-20260102.log", "other-20260101.log"));
        assert!(is_rotated("node-000002.log", "node-000001.log"));
        assert!(is_rotated("node.log", "node-000001.log"));
        assert!(is_rotated("f3-json.log", "f3-json.log.2.gz"));
        assert!(!is_rotated("storagenode", "storagenode-2"));
    }
}
