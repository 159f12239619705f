//! What the placeholders of a template stood for in many texts.

use std::fmt::Write;

use crate::{Error, Placeholder, Result, distinct::Distinct, template_with};

const NUMBERS: u8 = 0;

/// What the placeholders of one template stood for in many texts: the range of each number, and how many
/// different addresses, paths and ids there were, of the first [`Spreads::PLACEHOLDERS_MAX`] placeholders.
///
/// Spreads of parts can be merged to that of the whole. One takes some 2 KiB at most, however many texts there were.
///
/// ```
/// use piecewatch_model::Spreads;
///
/// let (template, mut spreads) = Spreads::of("wrote 7 of 2048 bytes to 1.2.3.4:5");
/// spreads.merge(&Spreads::of("wrote 9 of 2048 bytes to 1.2.3.9:5").1);
/// assert_eq!(template, "wrote # of # bytes to <addr>");
/// assert_eq!(spreads.within(&template), "wrote (7..9) of 2048 bytes to [2 addresses]");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spreads(Vec<Values>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    Numbers { min: u64, max: u64 },
    Others { of: Placeholder, distinct: Distinct },
}

/// What one placeholder stood for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Numbers from the lowest to the highest.
    Numbers {
        /// The lowest.
        min: u64,
        /// The highest; one that does not fit counts as 2^64 − 1.
        max: u64,
    },
    /// So many different addresses, paths or ids.
    Distinct {
        /// Of what.
        of: Placeholder,
        /// How many.
        count: u64,
        /// Whether that is exact, as it is up to 32; otherwise it has a standard error of 6.5 %.
        is_exact: bool,
    },
}

impl Spreads {
    /// Of longer templates the first placeholders are looked at.
    pub const PLACEHOLDERS_MAX: usize = 8;

    /// The template of a text, and what its placeholders stand for.
    pub fn of(text: &str) -> (String, Self) {
        let mut values = Vec::new();
        let template = template_with(text, |what, value| {
            if values.len() < Self::PLACEHOLDERS_MAX {
                values.push(Values::of(what, value));
            }
        });
        (template, Self(values))
    }

    /// Adds those of other texts of the same template. Where a text was cut, a placeholder is another one: it
    /// and what follows are left out.
    pub fn merge(&mut self, other: &Self) {
        for (place, theirs) in other.0.iter().enumerate() {
            match self.0.get_mut(place) {
                Some(ours) if ours.is_alike(theirs) => ours.merge(theirs),
                Some(_) => return,
                None => self.0.push(theirs.clone()),
            }
        }
    }

    /// Each, in the order of the template.
    pub fn each(&self) -> impl Iterator<Item = Spread> {
        self.0.iter().map(Values::spread)
    }

    /// Whether the texts had no placeholders, or there were none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The template with what its placeholders stood for in their place: `(3..9)` for numbers, `7` for one
    /// that is always the same, `[7 addresses]`, `[about 500 ids]`. A template in which something stands that
    /// looks like a placeholder and is none, such as `chunk #7`, is given as it is.
    pub fn within(&self, template: &str) -> String {
        let is_told = |mark: &str| {
            let told = self.each().filter(|spread| spread.placeholder().mark() == mark);
            template.matches(mark).count() == told.count()
        };
        let is_whole = self.0.len() < Self::PLACEHOLDERS_MAX;
        if is_whole && !Placeholder::ALL.iter().all(|placeholder| is_told(placeholder.mark())) {
            return template.to_owned();
        }
        let mut text = String::with_capacity(template.len() + 16 * self.0.len());
        let mut rest = template;
        for spread in self.each() {
            let mark = spread.placeholder().mark();
            let Some(at) = rest.find(mark) else { break };
            text.push_str(&rest[..at]);
            spread.write(&mut text);
            rest = &rest[at + mark.len()..];
        }
        text.push_str(rest);
        text
    }

    /// Their stored form: of each placeholder its kind in a byte (0 a number, 1 an address, 2 a path, 3 an id),
    /// then the lowest and the highest number, each in eight bytes, little-endian; or a byte that tells how many
    /// hashes of values follow, or with 255 that the 256 registers of an estimate do.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for values in &self.0 {
            match values {
                Values::Numbers { min, max } => {
                    bytes.push(NUMBERS);
                    bytes.extend(min.to_le_bytes());
                    bytes.extend(max.to_le_bytes());
                }
                Values::Others { of, distinct } => {
                    bytes.push(code(*of));
                    distinct.write(&mut bytes);
                }
            }
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// [`Error::Spreads`] when the bytes are not what [`Spreads::to_bytes`] writes.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self> {
        let mut spreads = Vec::new();
        while !bytes.is_empty() {
            let values = Values::read(&mut bytes).ok_or(Error::Spreads)?;
            if spreads.len() == Self::PLACEHOLDERS_MAX {
                return Err(Error::Spreads);
            }
            spreads.push(values);
        }
        Ok(Self(spreads))
    }

    /// The memory that it has allocated, in bytes.
    pub fn allocated(&self) -> usize {
        let inner = self.0.iter().map(|values| match values {
            Values::Numbers { .. } => 0,
            Values::Others { distinct, .. } => distinct.allocated(),
        });
        self.0.capacity() * size_of::<Values>() + inner.sum::<usize>()
    }
}

impl Spread {
    /// Of what it tells.
    pub const fn placeholder(self) -> Placeholder {
        match self {
            Self::Numbers { .. } => Placeholder::Number,
            Self::Distinct { of, .. } => of,
        }
    }

    fn write(self, text: &mut String) {
        let written = match self {
            Self::Numbers { min, max } if min == max => write!(text, "{min}"),
            Self::Numbers { min, max } => write!(text, "({min}..{max})"),
            Self::Distinct { of, count, is_exact } => {
                let (one, many) = of.words();
                let about = if is_exact { "" } else { "about " };
                write!(text, "[{about}{count} {}]", if count == 1 { one } else { many })
            }
        };
        written.expect("a string takes everything");
    }
}

impl Values {
    fn of(what: Placeholder, value: &str) -> Self {
        match what {
            Placeholder::Number => {
                let number = value.parse().unwrap_or(u64::MAX);
                Self::Numbers { min: number, max: number }
            }
            Placeholder::Address | Placeholder::Path | Placeholder::Id => {
                let mut distinct = Distinct::default();
                distinct.add(value.as_bytes());
                Self::Others { of: what, distinct }
            }
        }
    }

    const fn placeholder(&self) -> Placeholder {
        match self {
            Self::Numbers { .. } => Placeholder::Number,
            Self::Others { of, .. } => *of,
        }
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.placeholder() == other.placeholder()
    }

    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Numbers { min, max }, Self::Numbers { min: their_min, max: their_max }) => {
                (*min, *max) = ((*min).min(*their_min), (*max).max(*their_max));
            }
            (Self::Others { distinct, .. }, Self::Others { distinct: theirs, .. }) => {
                distinct.merge(theirs);
            }
            (Self::Numbers { .. } | Self::Others { .. }, _) => {}
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let of = match *bytes.split_off_first()? {
            NUMBERS => {
                let mut number = || {
                    let bytes = bytes.split_off(..size_of::<u64>())?;
                    Some(u64::from_le_bytes(bytes.try_into().ok()?))
                };
                let (min, max) = (number()?, number()?);
                return (min <= max).then_some(Self::Numbers { min, max });
            }
            1 => Placeholder::Address,
            2 => Placeholder::Path,
            3 => Placeholder::Id,
            _ => return None,
        };
        Some(Self::Others { of, distinct: Distinct::read(bytes)? })
    }

    fn spread(&self) -> Spread {
        match self {
            Self::Numbers { min, max } => Spread::Numbers { min: *min, max: *max },
            Self::Others { of, distinct } => {
                Spread::Distinct { of: *of, count: distinct.count(), is_exact: distinct.is_exact() }
            }
        }
    }
}

const fn code(of: Placeholder) -> u8 {
    match of {
        Placeholder::Number => NUMBERS,
        Placeholder::Address => 1,
        Placeholder::Path => 2,
        Placeholder::Id => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_all(texts: &[String]) -> Spreads {
        let mut all = Spreads::default();
        texts.iter().for_each(|text| all.merge(&Spreads::of(text).1));
        all
    }

    proptest! {
        #[test]
        fn what_is_stored_is_what_was_there_and_parts_make_the_whole(
            numbers in prop::collection::vec((any::<u32>(), 0_u8..60), 0..200), cut in 0_usize..200,
        ) {
            let text = |(number, host): &(u32, u8)| {
                format!("wrote {number} bytes to 10.0.0.{host}:7 of \"blob/{number}/x\"")
            };
            let texts: Vec<String> = numbers.iter().map(text).collect();
            let whole = of_all(&texts);
            let (one, other) = texts.split_at(cut.min(texts.len()));
            let mut merged = of_all(one);
            merged.merge(&of_all(other));
            prop_assert_eq!(merged.each().collect::<Vec<_>>(), whole.each().collect::<Vec<_>>());
            prop_assert_eq!(Spreads::from_bytes(&whole.to_bytes()).unwrap(), whole.clone());
            prop_assert!(whole.to_bytes().len() <= 2_100);
        }

        #[test]
        fn no_bytes_are_read_as_what_they_are_not(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(spreads) = Spreads::from_bytes(&bytes) {
                prop_assert_eq!(spreads.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn what_looks_like_a_placeholder_takes_the_place_of_none() {
        let (template, spreads) = Spreads::of("chunk #7 of 9 <addr>");
        assert_eq!(spreads.within(&template), template);
    }

    #[test]
    fn a_text_that_was_cut_changes_nothing_of_the_others() {
        let (template, mut spreads) = Spreads::of("from 10.0.0.1:5 to 10.0.0.2:5");
        spreads.merge(&Spreads::of("from 10.0.0.3:5 to 10.0").1);
        assert_eq!(spreads.within(&template), "from [2 addresses] to [1 address]");
    }
}
