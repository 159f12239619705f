//! Texts that nobody else may see.

use std::{env, fmt, fs, io::Read, path::PathBuf};

/// More than any password, token or address has.
const BYTES_MAX: u64 = 16 * 1024;

/// A text that is never printed: neither by `Debug` nor in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whom it is meant.
    pub fn exposed(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a text comes from that is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextFrom {
    /// A file, without the white space at its ends.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// It was said.
    Said(Secret),
}

impl TextFrom {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, and what to do, without a word of the text.
    pub fn read(&self) -> Result<Secret, String> {
        let text = match self {
            Self::Said(secret) => return Ok(secret.clone()),
            Self::Variable(name) => env::var(name).map_err(|error| match error {
                env::VarError::NotPresent => {
                    format!("there is no environment variable {name}; set it, or name a file")
                }
                env::VarError::NotUnicode(_) => {
                    format!("the environment variable {name} is not UTF-8")
                }
            })?,
            Self::File(path) => {
                let failed = |error: std::io::Error| {
                    format!("cannot read {}: {error}; give this user the right to", path.display())
                };
                let mut bytes = Vec::new();
                let file = fs::File::open(path).map_err(failed)?;
                file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
                if bytes.len() as u64 > BYTES_MAX {
                    return Err(format!("{} is longer than any secret", path.display()));
                }
                String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))?
            }
        };
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_control) {
            let place = match self {
                Self::File(path) => path.display().to_string(),
                Self::Variable(name) => format!("the environment variable {name}"),
                Self::Said(_) => "it".to_owned(),
            };
            return Err(format!("{place} should hold one line with the text alone"));
        }
        Ok(Secret::new(text))
    }
}
