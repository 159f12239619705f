//! The forms in which nodes write numbers, times, texts and lists, whatever their version.

use std::{fmt, marker::PhantomData};

use piecewatch_model::{ByteCount, ByteHours, CentsPerTb, MicroUsd, SatelliteId, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

/// The longest list. Paystubs of ten years on ten satellites are 1,200; a list of eight megabytes of
/// `{}` would be a gigabyte of structs.
const LIST_MAX: usize = 20_000;
/// The longest text, in bytes: version, address, receipt, title of a notification.
const TEXT_MAX: usize = 4_096;
/// The hours of the month by which nodes and satellites reckon, whatever the month.
const HOURS_PER_MONTH: f64 = 720.0;
/// A hundredth of a dollar in millionths.
const MICROS_PER_CENT: f64 = 10_000.0;

/// A number, with or without a fraction: Go writes a float without one when it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Float(f64),
}

impl Number {
    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// Rounded to the nearest; what is out of range becomes the end of the range.
    pub(crate) fn whole(self) -> i64 {
        match self {
            Self::Whole(number) => number,
            Self::Float(number) => number.round() as i64,
        }
    }

    /// Not below zero: an overfull node has less than nothing free.
    pub(crate) fn unsigned(self) -> u64 {
        u64::try_from(self.whole()).unwrap_or(0)
    }

    pub(crate) fn small(self) -> u32 {
        u32::try_from(self.unsigned()).unwrap_or(u32::MAX)
    }

    pub(crate) fn bytes(self) -> ByteCount {
        ByteCount::new(self.unsigned())
    }

    pub(crate) fn byte_hours(self) -> ByteHours {
        ByteHours::new(self.unsigned())
    }

    /// Of byte-months: a month is 720 hours.
    pub(crate) fn byte_months(self) -> ByteHours {
        ByteHours::new(Self::Float(self.float() * HOURS_PER_MONTH).unsigned())
    }

    pub(crate) fn micro_usd(self) -> MicroUsd {
        MicroUsd::new(self.whole())
    }

    /// Of cents, which nodes write as floats: `15.479999999999999` is 0.1548 dollars.
    pub(crate) fn cents(self) -> MicroUsd {
        MicroUsd::new(Self::Float(self.float() * MICROS_PER_CENT).whole())
    }

    pub(crate) fn cents_per_tb(self) -> CentsPerTb {
        CentsPerTb::new(self.small())
    }

    /// Of percent, 0 to 100.
    pub(crate) fn percent(self) -> u8 {
        u8::try_from(self.whole().clamp(0, 100)).expect("at most 100")
    }
}

/// What a number that may be missing comes to.
pub(crate) fn or_zero<T: Default>(number: Option<Number>, unit: impl FnOnce(Number) -> T) -> T {
    number.map(unit).unwrap_or_default()
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl Visitor<'_> for Numbers {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number::Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number::Whole(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number::Float(number))
            }
        }
        deserializer.deserialize_any(Numbers)
    }
}

/// A time; `None` for one that was never set, which Go writes as the first instant of the year 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Option<Timestamp>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(Self((time.date().0 > 1).then_some(time)))
    }
}

/// The time in a field that may be missing, null or never set.
pub(crate) fn time(time: Option<Time>) -> Option<Timestamp> {
    time.and_then(|time| time.0)
}

/// A text that is shown to people: no longer than it should be, without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Box<str>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl Visitor<'_> for Texts {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                if text.len() > TEXT_MAX {
                    return Err(E::custom(format_args!("a text of {} bytes", text.len())));
                }
                Ok(Text(printable(text).into()))
            }
        }
        deserializer.deserialize_str(Texts)
    }
}

/// The text with a sign in place of each control character: it may come to a terminal.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

/// The text in a field that may be missing, null or empty.
pub(crate) fn text(text: Option<Text>) -> Option<Box<str>> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}

/// The id of a satellite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(pub(crate) SatelliteId);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A list, which Go writes as `null` when there is none.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Lists<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == LIST_MAX {
                        return Err(A::Error::custom(format_args!("more than {LIST_MAX} entries")));
                    }
                    list.push(item);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(Lists(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Number {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_get_their_unit_and_are_rounded_to_the_nearest() {
        assert_eq!(number("15.479999999999999").cents(), MicroUsd::new(154_800));
        assert_eq!(number("0.855").cents(), MicroUsd::new(8_550));
        assert_eq!(number("-0.01").cents(), MicroUsd::new(-100));
        assert_eq!(number("541").cents(), MicroUsd::new(5_410_000));
        assert_eq!(number("1.5").byte_months(), ByteHours::new(1_080));
        assert_eq!(number("2.5").byte_hours(), ByteHours::new(3));
        assert_eq!(number("-5").bytes(), ByteCount::new(0));
        assert_eq!(number("18446744073709551615").bytes(), ByteCount::new(i64::MAX as u64));
        assert_eq!(number("1e300").bytes(), ByteCount::new(i64::MAX as u64));
        assert_eq!(number("74.6").percent(), 75);
        assert_eq!(number("250").percent(), 100);
    }

    #[test]
    fn a_time_that_was_never_set_is_none() {
        let read = |json: &str| serde_json::from_str::<Option<Time>>(json).map(time);
        assert_eq!(read("\"0001-01-01T00:00:00Z\"").unwrap(), None);
        assert_eq!(read("null").unwrap(), None);
        let set = "\"2023-02-09T11:02:02.808318399Z\"";
        assert_eq!(read(set).unwrap(), Some("2023-02-09T11:02:02.808318Z".parse().unwrap()));
        assert!(read("\"yesterday\"").is_err());
        assert!(read("5").is_err());
    }

    #[test]
    fn texts_do_not_reach_for_the_terminal() {
        let read = |json: &str| serde_json::from_str::<Text>(json);
        assert_eq!(&*read(r#""\u001b[31m1.71.2""#).unwrap().0, "\u{fffd}[31m1.71.2");
        assert!(read(&format!("{:?}", "x".repeat(TEXT_MAX + 1))).is_err());
    }

    #[test]
    fn lists_are_null_or_short_enough() {
        let read = |json: &str| serde_json::from_str::<List<Number>>(json).map(|list| list.0.len());
        assert_eq!(read("null").unwrap(), 0);
        assert_eq!(read("[1,2.5]").unwrap(), 2);
        assert!(read("{}").is_err());
        assert!(read(&format!("[{}0]", "0,".repeat(LIST_MAX))).is_err());
    }
}
