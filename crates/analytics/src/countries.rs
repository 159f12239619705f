//! Where are the peers of a node, and does it see who they are?

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use piecewatch_model::{ByteCount, Country, Direction, Grain, NodeName};
use piecewatch_store::{CountryRow, Nodes, Reader, Result, Window};

/// So many of the newest transfers are looked at.
const SAMPLE: usize = 100;
/// From fewer transfers nothing is concluded.
const SAMPLE_MIN: usize = 50;
/// Peers look alike when so many percent of them do: some reach a node another way, by IPv6 for one.
const ALIKE_PERCENT: u64 = 95;

/// How many transfers, and how many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many transfers, however they ended.
    pub count: u64,
    /// How many bytes: of downloads that did not succeed those that were asked for, since v1.99.
    pub bytes: ByteCount,
}

/// What a country has to do with nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryShare {
    /// The country; private networks and what nobody knows have a code of their own.
    pub country: Country,
    /// To the nodes.
    pub uploads: Moved,
    /// From the nodes.
    pub downloads: Moved,
}

/// Transfers by country, that with the most of them first: the bytes of those that did not succeed are
/// what was asked for, not what was moved.
pub fn by_country(rows: &[CountryRow]) -> Vec<CountryShare> {
    let mut shares: BTreeMap<Country, CountryShare> = BTreeMap::new();
    for row in rows {
        let country = row.country;
        let nothing =
            CountryShare { country, uploads: Moved::default(), downloads: Moved::default() };
        let share = shares.entry(country).or_insert(nothing);
        let moved = match row.action.direction() {
            Direction::Upload => &mut share.uploads,
            Direction::Download => &mut share.downloads,
        };
        *moved = Moved { count: moved.count + row.count, bytes: moved.bytes + row.bytes };
    }
    let mut shares: Vec<CountryShare> = shares.into_values().collect();
    shares.sort_by_key(|share| Reverse(share.uploads.count + share.downloads.count));
    shares
}

/// Whether a node sees who its peers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peers {
    /// Too few addresses are known to tell.
    Unknown,
    /// It does.
    Varied,
    /// Nearly all of them have one address.
    OneAddress(IpAddr),
    /// Nearly all of them have addresses of private networks.
    Private,
}

impl Peers {
    /// Judges by the addresses of transfers, where they are known, or else by their countries.
    pub fn of(addresses: &[IpAddr], rows: &[CountryRow]) -> Self {
        if addresses.len() < SAMPLE_MIN {
            return Self::of_countries(rows);
        }
        let mut counts: BTreeMap<IpAddr, u64> = BTreeMap::new();
        for address in addresses {
            *counts.entry(address.to_canonical()).or_default() += 1;
        }
        let all = addresses.len() as u64;
        let most = counts.iter().max_by_key(|(_, count)| **count);
        if let Some((address, &count)) = most
            && nearly_all(count, all)
        {
            return Self::OneAddress(*address);
        }
        let private = counts.iter().filter(|(address, _)| Country::is_private(**address));
        if nearly_all(private.map(|(_, count)| count).sum(), all) {
            return Self::Private;
        }
        Self::Varied
    }

    fn of_countries(rows: &[CountryRow]) -> Self {
        let count = |rows: &mut dyn Iterator<Item = &CountryRow>| rows.map(|row| row.count).sum();
        let all: u64 = count(&mut rows.iter());
        let private = count(&mut rows.iter().filter(|row| row.country == Country::PRIVATE));
        if all < SAMPLE_MIN as u64 {
            Self::Unknown
        } else if nearly_all(private, all) {
            Self::Private
        } else {
            Self::Varied
        }
    }

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Varied => "varied",
            Self::OneAddress(_) => "one_address",
            Self::Private => "private",
        }
    }

    /// What is the matter and what to do, in two sentences for the operator; `None` where nothing
    /// is.
    pub fn explanation(self) -> Option<String> {
        let address = match self {
            Self::Unknown | Self::Varied => return None,
            Self::Private => {
                return Some(
                    "Nearly all peers have addresses of private networks: something before the node \
                     hides who they are. In Docker, give the container the host's network \
                     (network_mode: host); behind a proxy or a VPN, let it pass on the real address \
                     of the other side."
                        .to_owned(),
                );
            }
            Self::OneAddress(address) => address,
        };
        let what = format!("Nearly all peers have the address {address}");
        Some(if is_docker_gateway(address) {
            format!(
                "{what}, which is Docker's gateway: its proxy hides who they are. Give the container \
                 the host's network (network_mode: host), or switch the proxy off (\"userland-proxy\": \
                 false in Docker's daemon.json)."
            )
        } else if Country::is_private(address) {
            format!(
                "{what}, which is of a private network: a router, a VPN or a proxy puts its own in \
                 place of theirs. Let it forward the port without translating the address of the \
                 other side."
            )
        } else {
            format!(
                "{what}: a VPN or a proxy puts its own in place of theirs. Let it pass on the real \
                 address of the other side, or countries say nothing."
            )
        })
    }
}

const fn nearly_all(part: u64, whole: u64) -> bool {
    part * 100 >= whole * ALIKE_PERCENT
}

/// Docker numbers its networks in 172.16.0.0/12 and takes the first address of each.
fn is_docker_gateway(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [172, 16..=31, _, 1]),
        IpAddr::V6(_) => false,
    }
}

/// The peers of a node in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeersOf {
    /// From when to when: whole hours.
    pub window: Window,
    /// By country; empty where nobody looked addresses up.
    pub countries: Vec<CountryShare>,
    /// Whether the node sees who they are.
    pub peers: Peers,
}

/// Asks where the peers of a node are: countries of the window, widened to whole hours, and the
/// addresses of its newest transfers that are still kept one by one.
///
/// # Errors
///
/// When the database cannot be read.
pub fn peers_of(reader: &Reader, node: &NodeName, window: Window) -> Result<PeersOf> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let rows = reader.countries(nodes, window)?;
    let addresses = reader.newest_addresses(node, window, SAMPLE)?;
    Ok(PeersOf {
        window: window.widened(Grain::Hour),
        countries: by_country(&rows),
        peers: Peers::of(&addresses, &rows),
    })
}

#[cfg(test)]
mod tests {
    use piecewatch_model::Action;

    use super::*;

    fn check(addresses: &[(&str, usize)], expected: Peers, words: &str) {
        let addresses: Vec<IpAddr> = addresses
            .iter()
            .flat_map(|(text, count)| std::iter::repeat_n(text.parse().unwrap(), *count))
            .collect();
        let peers = Peers::of(&addresses, &[]);
        assert_eq!(peers, expected, "{addresses:?}");
        let explanation = peers.explanation().unwrap_or_default();
        assert!(explanation.contains(words), "{explanation}");
        assert_eq!(words.is_empty(), explanation.is_empty(), "{explanation}");
    }

    #[test]
    fn peers_that_look_alike_are_told_apart_by_what_hides_them() {
        let gateway = "172.17.0.1".parse().unwrap();
        check(&[("172.17.0.1", 1000)], Peers::OneAddress(gateway), "Docker's gateway");
        check(&[("::ffff:172.17.0.1", 60)], Peers::OneAddress(gateway), "network_mode: host");
        let compose = "172.20.0.1".parse().unwrap();
        check(&[("172.20.0.1", 96), ("2a01::1", 4)], Peers::OneAddress(compose), "userland-proxy");
        let router = "192.168.1.1".parse().unwrap();
        check(&[("192.168.1.1", 100)], Peers::OneAddress(router), "forward the port");
        let vpn = "79.127.219.34".parse().unwrap();
        check(&[("79.127.219.34", 100)], Peers::OneAddress(vpn), "real address");
        check(&[("10.0.0.1", 50), ("10.0.0.2", 50)], Peers::Private, "network_mode: host");
        check(&[("10.0.0.1", 50), ("79.127.219.34", 50)], Peers::Varied, "");
        check(&[("172.17.0.1", 49)], Peers::Unknown, "");
    }

    #[test]
    fn without_addresses_the_countries_tell() {
        let row = |country, count| CountryRow {
            country,
            action: Action::Get,
            count,
            bytes: ByteCount::new(1),
        };
        let germany = Country::from_code("DE").unwrap();
        let of = |rows: &[CountryRow]| Peers::of(&[], rows);
        assert_eq!(of(&[row(Country::PRIVATE, 990), row(germany, 10)]), Peers::Private);
        assert_eq!(of(&[row(Country::PRIVATE, 10), row(germany, 990)]), Peers::Varied);
        assert_eq!(of(&[row(Country::PRIVATE, 10)]), Peers::Unknown);
    }

    #[test]
    fn uploads_and_downloads_of_a_country_are_added_up_apart() {
        let row = |code: &str, action, count, bytes| CountryRow {
            country: Country::from_code(code).unwrap(),
            action,
            count,
            bytes: ByteCount::new(bytes),
        };
        let rows = [
            row("DE", Action::Get, 3, 30),
            row("US", Action::Put, 1, 100),
            row("DE", Action::GetAudit, 1, 4),
            row("DE", Action::PutRepair, 2, 7),
        ];
        let moved = |count, bytes| Moved { count, bytes: ByteCount::new(bytes) };
        let share = |code, uploads, downloads| CountryShare {
            country: Country::from_code(code).unwrap(),
            uploads,
            downloads,
        };
        let expected =
            [share("DE", moved(2, 7), moved(4, 34)), share("US", moved(1, 100), moved(0, 0))];
        assert_eq!(by_country(&rows), expected);
    }
}
