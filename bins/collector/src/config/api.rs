//! The address of a node's own dashboard.

use std::fmt;

/// The address of a node's own dashboard: `http://HOST[:PORT][/PATH]`, without a slash at its end.
/// Nodes do not speak https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// The address in a text; `None` when it is none. A name and password in it are refused, since
    /// addresses are shown.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let authority = rest.split('/').next().unwrap_or_default();
        let strange = |c: char| c.is_whitespace() || c.is_control() || "?#@\\\"<>".contains(c);
        if rest.contains(strange) || !is_authority(authority) {
            return None;
        }
        Some(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is `HOST` or `HOST:PORT`, where the host may be an IPv6 address in brackets.
fn is_authority(text: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
    }
    match text.split_once(':') {
        Some((host, port)) => !host.is_empty() && is_port(port),
        None => !text.is_empty(),
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in [
            "http://nas:14002",
            "http://nas.example/node/",
            "http://[fd00::1]:14002",
            "http://[::1]",
            "http://192.168.1.20:14002/",
        ] {
            let shown = ApiUrl::from_text(good).unwrap().to_string();
            assert_eq!(shown, good.trim_end_matches('/'));
        }
        for bad in [
            "",
            "nas:14002",
            "http://",
            "http://:1",
            "http://nas:0",
            "http://nas:70000",
            "http://me:secret@nas",
            "http://[::1",
            "http://a b",
            "ftp://nas",
            "https://nas",
        ] {
            assert_eq!(ApiUrl::from_text(bad), None, "{bad}");
        }
    }
}
