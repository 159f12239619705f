//! Where the other side of a transfer is.

use std::fmt;

/// A country by its two upper-case letters (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// The database of addresses does not know the address. `ZZ` is free for use in ISO 3166.
    pub const UNKNOWN: Self = Self(*b"ZZ");
    /// The address is of a private network, Docker's gateway among them: it says nothing about the
    /// other side. `XP` is free for use in ISO 3166.
    pub const PRIVATE: Self = Self(*b"XP");

    /// The country of this code; `None` unless it is two ASCII letters.
    pub fn from_code(code: &str) -> Option<Self> {
        match *code.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The two letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a country is made of ASCII letters")
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_and_nothing_else_are_a_country() {
        assert_eq!(Country::from_code("de").unwrap().code(), "DE");
        for bad in ["", "D", "DEU", "D1", "é"] {
            assert_eq!(Country::from_code(bad), None, "{bad}");
        }
    }
}
