//! The satellites that a node may have served since 2019.

use crate::SatelliteId;

/// A satellite that was or is run by Storj (docs/LOG-FORMATS.md, Satellites).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSatellite {
    /// The short name operators use.
    pub name: &'static str,
    /// Host and port, the newest known.
    pub address: &'static str,
    id: [u8; 32],
}

impl KnownSatellite {
    /// Every known satellite, the busiest first.
    pub const ALL: [Self; 8] = [
        Self::new(
            "us1",
            "us1.storj.io:7777",
            [0xA28B4F04E10BAE85, 0xD67F4C6CB82BF8D4, 0xC0F0F47A8EA72627, 0x524DEB6EC0000000],
        ),
        Self::new(
            "eu1",
            "eu1.storj.io:7777",
            [0xAF2C42003EFC826A, 0xB4361F73F9D89094, 0x2146FE0EBE806786, 0xF8E7190800000000],
        ),
        Self::new(
            "ap1",
            "ap1.storj.io:7777",
            [0x84A74C2CD43C5BA7, 0x6535E1F42F5DF7C2, 0x87ED68D33522782F, 0x4AFABFDB40000000],
        ),
        Self::new(
            "saltlake",
            "saltlake.tardigrade.io:7777",
            [0x7B2DE9D72C2E935F, 0x1918C058CAAF8ED0, 0x0F05816390087073, 0x17FF1BD000000000],
        ),
        Self::new(
            "europe-north-1",
            "europe-north-1.tardigrade.io:7777",
            [0xF474535A19DB00DB, 0x4F8071A1BE6C2551, 0xF4DED6A6E38F0818, 0xC68C68D000000000],
        ),
        Self::new(
            "us2",
            "us2.storj.io:7777",
            [0x04489F5245DED48D, 0x2A8AC8FB5F5CD1C6, 0xA638F7C6E75EFD80, 0x0EF2D72000000000],
        ),
        Self::new(
            "stefan-benten",
            "satellite.stefan-benten.de:7777",
            [0x004AE89E970E703D, 0xF42BA4AB1416A3B3, 0x0B7E1D8E14AA0E55, 0x8F7EE26800000000],
        ),
        Self::new(
            "qa",
            "qa.storj.io:7777",
            [0x22AB2E4777ADEA95, 0x8D7512947D93C36E, 0x907745D463816DCC, 0x96F9CFAF80000000],
        ),
    ];

    const fn new(name: &'static str, address: &'static str, words: [u64; 4]) -> Self {
        let mut id = [0; 32];
        let mut at = 0;
        while at < 32 {
            id[at] = words[at / 8].to_be_bytes()[at % 8];
            at += 1;
        }
        Self { name, address, id }
    }

    /// The satellite's id.
    pub const fn id(&self) -> SatelliteId {
        SatelliteId::new(self.id)
    }
}

impl SatelliteId {
    /// What is known of this satellite; `None` for community and private satellites.
    pub fn known(&self) -> Option<&'static KnownSatellite> {
        const ALL: &[KnownSatellite] = &KnownSatellite::ALL;
        ALL.iter().find(|satellite| satellite.id == *self.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, text id, raw id, blob folder; the first two as in docs/LOG-FORMATS.md, Satellites.
    const TABLE: [(&str, &str, &str, &str); 8] = [
        (
            "us1",
            "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S",
            "A28B4F04E10BAE85D67F4C6CB82BF8D4C0F0F47A8EA72627524DEB6EC0000000",
            "ukfu6bhbboxilvt7jrwlqk7y2tapb5d2r2tsmj2sjxvw5qaaaaaa",
        ),
        (
            "eu1",
            "12L9ZFwhzVpuEKMUNUqkaTLGzwY9G24tbiigLiXpmZWKwmcNDDs",
            "AF2C42003EFC826AB4361F73F9D890942146FE0EBE806786F8E7190800000000",
            "v4weeab67sbgvnbwd5z7tweqsqqun7qox2agpbxy44mqqaaaaaaa",
        ),
        (
            "ap1",
            "121RTSDpyNZVcEU84Ticf2L1ntiuUimbWgfATz21tuvgk3vzoA6",
            "84A74C2CD43C5BA76535E1F42F5DF7C287ED68D33522782F4AFABFDB40000000",
            "qstuylguhrn2ozjv4h2c6xpxykd622gtgurhql2k7k75wqaaaaaa",
        ),
        (
            "saltlake",
            "1wFTAgs9DP5RSnCqKV1eLf6N9wtk4EAtmN5DpSxcs8EjT69tGE",
            "7B2DE9D72C2E935F1918C058CAAF8ED00F0581639008707317FF1BD000000000",
            "pmw6tvzmf2jv6giyybmmvl4o2ahqlaldsaeha4yx74n5aaaaaaaa",
        ),
        (
            "europe-north-1",
            "12rfG3sh9NCWiX3ivPjq2HtdLmbqCrvHVEzJubnzFzosMuawymB",
            "F474535A19DB00DB4F8071A1BE6C2551F4DED6A6E38F0818C68C68D000000000",
            "6r2fgwqz3manwt4aogq343bfkh2n5vvg4ohqqgggrrunaaaaaaaa",
        ),
        (
            "us2",
            "12tRQrMTWUWwzwGh18i7Fqs67kmdhH9t6aToeiwbo5mfS2rUmo",
            "04489F5245DED48D2A8AC8FB5F5CD1C6A638F7C6E75EFD800EF2D72000000000",
            "arej6usf33ki2kukzd5v6xgry2tdr56g45pp3aao6llsaaaaaaaa",
        ),
        (
            "stefan-benten",
            "118UWpMCHzs6CvSgWd9BfFVjw5K9pZbJjkfZJexMtSkmKxvvAW",
            "004AE89E970E703DF42BA4AB1416A3B30B7E1D8E14AA0E558F7EE26800000000",
            "abforhuxbzyd35blusvrifvdwmfx4hmocsva4vmpp3rgqaaaaaaa",
        ),
        (
            "qa",
            "1GGZktUwmMKTwTWNcmGnFJ3n7rjE58QnNcRp98Y23MmbDnVoiU",
            "22AB2E4777ADEA958D7512947D93C36E907745D463816DCC96F9CFAF80000000",
            "ekvs4r3xvxvjldlvckkh3e6dn2ihoroumoaw3tew7hh27aaaaaaa",
        ),
    ];

    #[test]
    fn every_form_of_the_table_converts_into_every_other() {
        for ((name, text, hex, folder), known) in TABLE.into_iter().zip(KnownSatellite::ALL) {
            assert_eq!(known.name, name);
            let id: SatelliteId = text.parse().unwrap();
            assert_eq!(id, known.id());
            assert_eq!(id.to_string(), text);
            assert_eq!(data_encoding::HEXUPPER.encode(id.as_bytes()), hex);
            assert_eq!(id.blob_folder(), folder);
            assert_eq!(id.known(), Some(&known));
        }
    }

    #[test]
    fn an_unknown_satellite_is_not_an_error() {
        assert_eq!(SatelliteId::new([7; 32]).known(), None);
    }
}
