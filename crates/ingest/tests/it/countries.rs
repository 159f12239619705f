//! Where the other side of a transfer is, by a database with invented networks.

use std::net::IpAddr;

use piecewatch_ingest::{Countries, Error};
use piecewatch_model::Country;

use crate::reading::{Folder, Taken, fixture, line};

fn check(address: &str, code: &str) {
    let mut countries = Countries::open(&fixture("countries.mmdb")).unwrap();
    let address: IpAddr = address.parse().unwrap();
    // The first answer comes from the database, the second from memory.
    for _ in 0..2 {
        assert_eq!(countries.country(address), Country::from_code(code).unwrap(), "{address}");
    }
}

#[test]
fn known_networks_of_both_families_have_their_country() {
    check("79.127.219.34", "DE");
    check("2a01:4f8:10a:1d5::2", "DE");
    check("34.4.34.124", "US");
    check("2600:1900::1", "US");
    check("203.0.113.1", "FR");
}

#[test]
fn an_ipv4_address_within_ipv6_is_the_ipv4_address() {
    check("::ffff:79.127.219.34", "DE");
    check("::ffff:10.0.0.1", "XP");
}

#[test]
fn what_the_database_does_not_know_is_unknown() {
    assert_eq!(Country::UNKNOWN, Country::from_code("ZZ").unwrap());
    check("8.8.8.8", "ZZ");
    check("2001:4860::1", "ZZ");
    // A network of which it knows the continent alone.
    check("203.0.113.200", "ZZ");
}

#[test]
fn private_addresses_are_not_looked_up() {
    assert_eq!(Country::PRIVATE, Country::from_code("XP").unwrap());
    for address in ["172.17.0.1", "192.168.1.2", "127.0.0.1", "100.64.3.4", "::1", "fd00::7"] {
        check(address, "XP");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    let text = folder.write("GeoLite2-Country.mmdb", b"<html>please sign in</html>");
    for path in [text, folder.path().join("missing.mmdb"), folder.path()] {
        let error = Countries::open(&path).unwrap_err();
        assert!(matches!(error, Error::Countries { .. }), "{error}");
        assert!(error.to_string().contains(".mmdb"), "{error}");
    }
}

#[test]
fn imported_transfers_bear_the_country() {
    let folder = Folder::new();
    let uploaded = |peer: &str| {
        let fields = format!("\"action\": \"PUT\", \"size\": 1, \"remote_address\": \"{peer}\"");
        line("2026-08-19T14:03:27Z", "INFO", "uploaded", 'A', &fields)
    };
    let log = [
        uploaded("79.127.219.34:1"),
        uploaded("[2600:1900::1]:2"),
        uploaded("172.17.0.1:3"),
        uploaded("8.8.8.8:4"),
        uploaded(""),
    ];
    let path = folder.write("node.log", log.concat().as_bytes());
    let countries = Some(Countries::open(&fixture("countries.mmdb")).unwrap());
    let mut taken = Taken { countries, ..Taken::default() };
    taken.import_one(&path);
    let codes: Vec<Option<Country>> = taken.transfers().map(|transfer| transfer.country).collect();
    let code = |code| Country::from_code(code);
    assert_eq!(codes, [code("DE"), code("US"), code("XP"), code("ZZ"), None]);
    // Without a database nobody looks.
    let mut taken = Taken::default();
    taken.import_one(&path);
    assert!(taken.transfers().all(|transfer| transfer.country.is_none()));
}
