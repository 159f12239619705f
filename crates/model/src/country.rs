//! Where the other side of a transfer is.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

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

    /// Whether an address is of no part of the public internet, so that its country is
    /// [`Country::PRIVATE`]: a home's or a data centre's own network, Docker's gateway, a carrier's.
    pub fn is_private(address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let carrier_grade = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
                v4.is_private()
                    || v4.is_loopback()
                    || v4.is_link_local()
                    || carrier_grade
                    || v4 == Ipv4Addr::UNSPECIFIED
            }
            IpAddr::V6(v6) => {
                v6.is_loopback()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6 == Ipv6Addr::UNSPECIFIED
            }
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

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for private in [
            "172.17.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:172.17.0.1",
        ] {
            assert!(Country::is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["79.127.219.34", "100.128.0.1", "2a01:4f8::1"] {
            assert!(!Country::is_private(public.parse().unwrap()), "{public}");
        }
    }
}
