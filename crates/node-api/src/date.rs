//! The clock of who answers: the header `Date`.

use piecewatch_model::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The instant in a text such as `Thu, 09 Feb 2023 11:02:03 GMT`, the form that every server of
/// today writes; `None` for any other.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let (_weekday, day, month, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_read_or_not_known() {
        let expected = "2023-02-09T11:02:03Z".parse().ok();
        assert_eq!(instant("Thu, 09 Feb 2023 11:02:03 GMT"), expected);
        for bad in [
            "",
            "Thu, 09 Feb 2023 11:02:03 CET",
            "Thu, 09 Foo 2023 11:02:03 GMT",
            "Thu, 9 Feb 2023 11:02 GMT",
            "Thu, 31 Feb 2023 11:02:03 GMT",
            "Thu, 09 Feb 2023 11:02:03 GMT again",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }
}
