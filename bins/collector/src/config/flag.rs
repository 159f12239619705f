//! A node on the command line: `NAME=SOURCE`, or `NAME:PATH[:URL]` and `NAME:HOST:PORT[:URL]`.

use super::{
    Place,
    raw::{Given, RawNode, Value},
};
use crate::Result;

/// Reads what stands behind `--node`.
pub(crate) fn node(text: &str) -> Result<RawNode> {
    let place = Place::Flag(format!("--node {text}"));
    // Whichever comes first parts the name: paths may hold either sign.
    let Some(at) = text.find(['=', ':']) else {
        return Err(place.error("this names no source; write --node NAME=SOURCE"));
    };
    let (name, rest) = (&text[..at], &text[at + 1..]);
    let is_drive = name.len() == 1 && rest.starts_with('\\');
    if is_drive || rest.starts_with("//") {
        let wrong = format!("this is a source without a name; write --node NAME={text}");
        return Err(place.error(wrong));
    }
    let (source, api) =
        if text[at..].starts_with('=') { (rest.to_owned(), None) } else { parted(rest) };
    let given = |text: &str| Given { value: Value::Untyped(text.to_owned()), place: place.clone() };
    let mut values = vec![("name", given(name)), ("source", given(&source))];
    values.extend(api.map(|api| ("api", given(api))));
    Ok(RawNode { values, place })
}

/// The source and the address in `PATH[:URL]` or `HOST:PORT[:URL]`.
fn parted(rest: &str) -> (String, Option<&str>) {
    let url_at = [":http://", ":https://"].iter().filter_map(|scheme| rest.rfind(scheme)).max();
    let (middle, api) = match url_at {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let is_address = !middle.contains(['/', '\\'])
        && middle.rsplit_once(':').is_some_and(|(host, port)| {
            !["", "docker", "journald"].contains(&host) && port.parse::<u16>().is_ok()
        });
    let source = if is_address { format!("tcp://{middle}") } else { middle.to_owned() };
    (source, api)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(raw: &'a RawNode, name: &str) -> Option<&'a str> {
        let Value::Untyped(text) = &raw.get(name)?.value else { panic!("the value is untyped") };
        Some(text)
    }

    #[test]
    fn both_forms_are_read() {
        for (said, name, source, api) in [
            ("attic=/var/log/node.log", "attic", "/var/log/node.log", None),
            ("attic=docker:storagenode", "attic", "docker:storagenode", None),
            ("attic=tcp://nas:9999", "attic", "tcp://nas:9999", None),
            (r"attic=C:\storj\node.log", "attic", r"C:\storj\node.log", None),
            ("attic=logs/a:b.log", "attic", "logs/a:b.log", None),
            ("attic:/var/log/node.log", "attic", "/var/log/node.log", None),
            ("attic:logs/a=b.log", "attic", "logs/a=b.log", None),
            (r"attic:C:\storj\node.log", "attic", r"C:\storj\node.log", None),
            ("attic:C:/storj/node.log", "attic", "C:/storj/node.log", None),
            (
                r"attic:C:\storj\node.log:http://localhost:14002",
                "attic",
                r"C:\storj\node.log",
                Some("http://localhost:14002"),
            ),
            ("attic:/n.log:https://nas", "attic", "/n.log", Some("https://nas")),
            ("attic:nas:9999", "attic", "tcp://nas:9999", None),
            ("attic:[fd00::1]:9999", "attic", "tcp://[fd00::1]:9999", None),
            (
                "attic:192.168.1.20:9999:http://192.168.1.20:14002",
                "attic",
                "tcp://192.168.1.20:9999",
                Some("http://192.168.1.20:14002"),
            ),
            ("attic:docker:storagenode", "attic", "docker:storagenode", None),
            ("attic:docker:8080", "attic", "docker:8080", None),
            ("attic:tcp://nas:9999", "attic", "tcp://nas:9999", None),
        ] {
            let raw = node(said).unwrap();
            assert_eq!(
                (text(&raw, "name"), text(&raw, "source"), text(&raw, "api")),
                (Some(name), Some(source), api),
                "{said}"
            );
        }
        for bad in ["attic", "", r"C:\storj\node.log", "tcp://nas:9999", "http://nas:14002"] {
            assert!(node(bad).is_err(), "{bad}");
        }
    }
}
