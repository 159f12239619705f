//! Who and what a record is about: nodes, satellites, pieces.

use std::{fmt, str::FromStr, sync::Arc};

use data_encoding::{BASE32_NOPAD, HEXLOWER};

use crate::{Error, Result};

/// The name an operator gave to a node; unique within one database.
///
/// 1 to 64 characters, none of them a control character, no space at either end. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let chars = text.chars().count();
        if chars == 0
            || chars > Self::MAX_CHARS
            || text.trim() != text
            || text.chars().any(char::is_control)
        {
            return Err(Error::NodeName(text.chars().take(Self::MAX_CHARS + 1).collect()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The id of a satellite: 32 bytes, the last of which is the version of the id (0 so far).
///
/// As text it is base58check with a version byte 0, 49 to 51 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SatelliteId([u8; 32]);

impl SatelliteId {
    /// The id with these raw bytes, as a node's own databases store it.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name of the folder in which a node keeps this satellite's pieces in its blob store:
    /// lower-case base32 without padding.
    pub fn blob_folder(&self) -> String {
        BASE32_NOPAD.encode(&self.0).to_ascii_lowercase()
    }
}

impl FromStr for SatelliteId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0_u8; 37];
        let length = bs58::decode(text)
            .with_check(Some(0))
            .onto(&mut bytes)
            .map_err(|_| Error::SatelliteId(text.chars().take(80).collect()))?;
        // The decoded form is the version byte and the id; the checksum is gone.
        match bytes.first_chunk::<33>() {
            Some([_, id @ ..]) if length == 33 => Ok(Self(*id)),
            Some(_) | None => Err(Error::SatelliteId(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for SatelliteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bs58::encode(&self.0).with_check_version(0).into_string())
    }
}

impl fmt::Debug for SatelliteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(satellite) => write!(f, "SatelliteId({})", satellite.name),
            None => write!(f, "SatelliteId({})", HEXLOWER.encode(&self.0)),
        }
    }
}

/// The id of a piece: 32 bytes, as text 52 characters of upper-case base32 without padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PieceId([u8; 32]);

impl PieceId {
    /// The length of the text form, in bytes.
    pub const TEXT_LEN: usize = 52;

    /// The id with these raw bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the text form; `None` when it is anything but 52 characters of upper-case base32
    /// whose four spare bits are zero, as a node writes it.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text: &[u8; Self::TEXT_LEN] = text.try_into().ok()?;
        let mut values = [0; Self::TEXT_LEN];
        let mut is_base32 = true;
        // Without a table and without a way out of the loop, this becomes vector instructions.
        for (value, character) in values.iter_mut().zip(text) {
            let (letter, digit) = (character.wrapping_sub(b'A'), character.wrapping_sub(b'2'));
            *value = if letter < 26 { letter } else { digit.wrapping_add(26) };
            is_base32 &= letter < 26 || digit < 6;
        }
        let mut bytes = [0; 32];
        // Eight characters of five bits are five bytes; four characters are left over at the end.
        let (eights, last) = values.as_chunks();
        for (eight, five) in eights.iter().zip(bytes.chunks_exact_mut(5)) {
            five.copy_from_slice(&packed(*eight).to_be_bytes()[3..]);
        }
        let [v0, v1, v2, v3] = *last else { return None };
        let last = packed([0, 0, 0, 0, v0, v1, v2, v3]);
        bytes[30..].copy_from_slice(&(last >> 4).to_be_bytes()[6..]);
        (is_base32 && last & 0xf == 0).then_some(Self(bytes))
    }
}

/// Eight values of five bits as one of forty.
const fn packed(values: [u8; 8]) -> u64 {
    let ones = u64::from_be_bytes(values);
    let twos = (ones >> 3) & 0x03e0_03e0_03e0_03e0 | ones & 0x001f_001f_001f_001f;
    let fours = (twos >> 6) & 0x000f_fc00_000f_fc00 | twos & 0x0000_03ff_0000_03ff;
    (fours >> 12) & 0x00ff_fff0_0000 | fours & 0x000f_ffff
}

impl FromStr for PieceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_text(text.as_bytes())
            .ok_or_else(|| Error::PieceId(text.chars().take(80).collect()))
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE32_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PieceId({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn node_names_are_bounded_and_printable() {
        for good in ["n1", "Knoten Süd", &"x".repeat(64)] {
            assert_eq!(good.parse::<NodeName>().unwrap().as_str(), good);
        }
        for bad in ["", " n1", "n1 ", "a\tb", "a\nb", &"x".repeat(65)] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn damaged_satellite_ids_are_refused() {
        let good = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
        assert!(good.parse::<SatelliteId>().is_ok());
        for bad in ["", "1", &good[1..], &good.replace('E', "F"), &good.repeat(3), "0OIl"] {
            assert!(bad.parse::<SatelliteId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_piece_id_with_spare_bits_or_lower_case_is_refused() {
        let good = "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q";
        assert_eq!(good.parse::<PieceId>().unwrap().to_string(), good);
        assert!(good.replace("5Q", "5R").parse::<PieceId>().is_err());
        assert!(good.to_lowercase().parse::<PieceId>().is_err());
        assert!(good[1..].parse::<PieceId>().is_err());
    }

    proptest! {
        #[test]
        fn ids_round_trip(bytes: [u8; 32]) {
            let satellite = SatelliteId::new(bytes);
            prop_assert_eq!(satellite.to_string().parse::<SatelliteId>().unwrap(), satellite);
            let piece = PieceId::new(bytes);
            prop_assert_eq!(piece.to_string().parse::<PieceId>().unwrap(), piece);
        }

        #[test]
        fn piece_ids_are_read_as_the_base32_of_a_library(mut text in "[A-Z2-7]{52}", at in 0_usize..52, other: u8) {
            let check = |text: &[u8]| {
                let theirs = BASE32_NOPAD.decode(text).ok();
                assert_eq!(PieceId::from_text(text).map(|piece| piece.0.to_vec()), theirs);
            };
            check(text.as_bytes());
            text.replace_range(51..52, "A");
            check(text.as_bytes());
            let mut bytes = text.into_bytes();
            bytes[at] = other;
            check(&bytes);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = text.parse::<SatelliteId>();
            let _ = text.parse::<PieceId>();
            let _ = text.parse::<NodeName>();
        }
    }
}
