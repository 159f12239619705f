//! Where a node answers: `http://HOST[:PORT][/PATH]`.

use std::{fmt, str::FromStr, sync::Arc};

use hyper::Uri;

use crate::{Error, wire::printable};

/// The port of an address that names none.
const HTTP_PORT: u16 = 80;
/// The longest address, in bytes: with what is asked below it, HTTP still takes it.
const ADDRESS_MAX: usize = 1_024;
/// The most of a text that is shown, in characters.
const SHOWN_MAX: usize = 200;

/// The address of a node's dashboard, of its debug endpoint or of its public port:
/// `http://HOST[:PORT][/PATH]`. Nodes do not speak https. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    /// Without brackets where it is an IPv6 address.
    host: String,
    port: u16,
    /// `HOST[:PORT]` as it was written.
    authority: String,
    /// Empty, or begins with a slash and does not end with one.
    path: String,
}

impl Address {
    /// The name or number of the host, without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// What the header `Host` says.
    pub(crate) fn authority(&self) -> &str {
        &self.0.authority
    }

    /// A text that should be an address as it may be shown: without the name, password and query
    /// that it may hold.
    pub fn shown(text: &str) -> String {
        shown(text)
    }

    /// Whether it names this machine, and this port of it.
    pub fn is_local(&self, port: u16) -> bool {
        const NAMES: [&str; 5] = ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"];
        self.0.port == port && NAMES.iter().any(|name| self.0.host.eq_ignore_ascii_case(name))
    }

    /// What is asked of the host for a path of the node's: a dashboard may stand below another path.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.0.path)
    }

    /// The target to which an answer sends us on; `None` when that is another host, or nothing that
    /// can be asked for.
    pub(crate) fn redirected(&self, from: &str, location: &str) -> Option<String> {
        let target = if let Some((scheme, _)) = location.split_once("://") {
            let to: Self = location.split(['?', '#']).next()?.parse().ok()?;
            let is_here = scheme == "http" && (to.host(), to.port()) == (self.host(), self.port());
            let (at, _) = location.match_indices('/').nth(2)?;
            is_here.then(|| location[at..].to_owned())?
        } else if location.starts_with("//") {
            return None;
        } else if location.starts_with('/') {
            location.to_owned()
        } else {
            let folder = from.split('?').next()?.rsplit_once('/')?.0;
            format!("{folder}/{location}")
        };
        target.parse::<Uri>().is_ok().then_some(target)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |wrong| Error::Address { text: shown(text), wrong };
        if text.len() > ADDRESS_MAX {
            return Err(refused("it is too long"));
        }
        if text.starts_with("https://") {
            return Err(refused("nodes speak plain http"));
        }
        let rest = text
            .strip_prefix("http://")
            .ok_or_else(|| refused("it does not begin with http://"))?;
        let strange = |c: char| !c.is_ascii_graphic() || "?#@\\\"<>".contains(c);
        if rest.contains('@') {
            return Err(refused("nodes ask for no name and password"));
        }
        if rest.contains(strange) {
            return Err(refused("it holds a character that addresses of nodes do not"));
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = parted(authority).ok_or_else(|| refused("it names no host and port"))?;
        let path = path.trim_end_matches('/');
        if !path.is_empty() && path.parse::<Uri>().is_err() {
            return Err(refused("its path is none"));
        }
        Ok(Self(Arc::new(Parts {
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            path: path.to_owned(),
        })))
    }
}

/// The host and the port in `HOST` or `HOST:PORT`, where the host may be an IPv6 address in brackets.
fn parted(authority: &str) -> Option<(&str, u16)> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0)?,
        None if rest.is_empty() => HTTP_PORT,
        None => return None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// A text as it may be shown: an address may hold a name and password, or a token in its query.
pub(crate) fn shown(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let bare = &text[..end];
    let shown = match bare.rfind('@') {
        Some(at) => {
            let begin = bare[..at].find("://").map_or("", |end| &bare[..end + 3]);
            format!("{begin}…{}", &bare[at..])
        }
        None => bare.to_owned(),
    };
    let mut shown: String = printable(&shown).chars().take(SHOWN_MAX).collect();
    if end < text.len() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("http://{}{}", self.0.authority, self.0.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        for (text, host, port, target) in [
            ("http://nas:14002", "nas", 14_002, "/api/sno/"),
            ("http://nas", "nas", 80, "/api/sno/"),
            ("http://[fd00::1]:14002/", "fd00::1", 14_002, "/api/sno/"),
            ("http://192.168.1.20:8080/attic/", "192.168.1.20", 8_080, "/attic/api/sno/"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host(), address.port()), (host, port));
            assert_eq!(address.target("/api/sno/"), target);
            assert_eq!(address.to_string(), text.trim_end_matches('/'));
        }
        for bad in [
            "",
            "nas:14002",
            "https://nas:14002",
            "http://",
            "http://:1",
            "http://nas:0",
            "http://nas:70000",
            "http://me:secret@nas",
            "http://[::1",
            "http://[nas]:1",
            "http://a b",
            "http://nas/x?y",
            "http://Süden:1",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        let long = format!("http://nas/{}", "x".repeat(ADDRESS_MAX));
        assert!(long.parse::<Address>().is_err());
    }

    #[test]
    fn what_can_be_secret_is_not_shown() {
        for bad in [
            "http://me:secret@nas:14002",
            "https://me:secret@nas:14002/x",
            "me:secret@nas",
            "http://me:se@cret@nas",
            "http://nas/x?token=secret",
            "http://nas/#secret",
            "http://me@nas/?secret",
        ] {
            let words = bad.parse::<Address>().unwrap_err().words();
            assert!(!words.contains("cret") && !words.contains("me:"), "{words}");
            assert!(words.contains("nas"), "{words}");
        }
        assert_eq!(shown("http://me:secret@nas:1/x?y=z"), "http://…@nas:1/x…");
        assert_eq!(shown("/api/sno/?secret"), "/api/sno/…");
    }

    /// What is accepted can be asked: nothing in it is refused when the question is made.
    #[test]
    fn every_address_makes_a_question() {
        let signs = (0x20..0x7f_u8).map(char::from).chain(['é', '\u{1}']);
        for sign in signs {
            for text in [format!("http://a{sign}b/c"), format!("http://ab/{sign}c")] {
                let Ok(address) = text.parse::<Address>() else { continue };
                let request = hyper::Request::get(address.target("/api/sno/"))
                    .header(hyper::header::HOST, address.authority())
                    .body(());
                assert!(request.is_ok(), "{text}: {request:?}");
            }
        }
    }

    #[test]
    fn this_machine_has_many_names() {
        let is_local = |text: &str| text.parse::<Address>().unwrap().is_local(14_002);
        for here in ["http://LOCALHOST:14002/x", "http://[::1]:14002", "http://127.0.0.1:14002"] {
            assert!(is_local(here), "{here}");
        }
        assert!(!is_local("http://localhost:14003") && !is_local("http://nas:14002"));
    }

    #[test]
    fn only_the_same_host_sends_us_on() {
        let address: Address = "http://nas:14002".parse().unwrap();
        for (location, target) in [
            ("/api/sno/", Some("/api/sno/")),
            ("sno/", Some("/api/sno/")),
            ("http://nas:14002/api/sno/", Some("/api/sno/")),
            ("http://nas:14002/x?id=1", Some("/x?id=1")),
            ("http://nas:14003/api/sno/", None),
            ("http://other:14002/api/sno/", None),
            ("https://nas:14002/api/sno/", None),
            ("//other/api/sno/", None),
            ("http://nas:14002", None),
            ("/api sno/", None),
        ] {
            let redirected = address.redirected("/api/sno?x=/y", location);
            assert_eq!(redirected.as_deref(), target, "{location}");
        }
    }
}
