//! Is a version of the node's software older than another?

use std::cmp::Ordering;

use semver::{BuildMetadata, Version};

/// Compares two versions by their meaning, with or without a leading `v`; `None` when one of them is
/// no version.
pub(crate) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.cmp(&parse(b)?))
}

fn parse(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let (core, rest) = match text.find(['-', '+']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let missing = match core.split('.').count() {
        1 => ".0.0",
        2 => ".0",
        _ => "",
    };
    let mut version = Version::parse(&format!("{core}{missing}{rest}")).ok()?;
    // From what it was built does not make it newer.
    version.build = BuildMetadata::EMPTY;
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_meaning() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("1.99.3", "1.137.5", Some(Less)),
            ("v1.162.3", "1.162.3", Some(Equal)),
            ("1.162.3", "v1.151.0", Some(Greater)),
            ("1.162", "1.162.0", Some(Equal)),
            ("v1.163.0-rc", "1.163.0", Some(Less)),
            ("1.163.0-rc", "1.162.9", Some(Greater)),
            ("1.160.1+build5", "1.160.1", Some(Equal)),
            ("", "1.0.0", None),
            ("1.0.0", "newest", None),
        ] {
            assert_eq!(compare(a, b), expected, "{a} {b}");
        }
    }
}
