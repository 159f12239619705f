//! Answers have the form of recorded ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use piecewatch_simulator::{Account, AccountConfig, ApiVersion, Luck, NodeApi};
use serde_json::Value;

use crate::{at, document};

/// What types there are under each path of a document. All members of a list have one path.
#[derive(Debug, Default)]
struct Shape(BTreeMap<String, BTreeSet<&'static str>>);

impl Shape {
    fn of(document: &Value) -> Self {
        let mut shape = Self::default();
        shape.add("", document);
        shape
    }

    fn add(&mut self, path: &str, value: &Value) {
        let (kind, members): (_, Vec<(String, &Value)>) = match value {
            Value::Null => ("null", vec![]),
            Value::Bool(_) => ("bool", vec![]),
            Value::Number(_) => ("number", vec![]),
            Value::String(_) => ("text", vec![]),
            Value::Array(items) => {
                ("list", items.iter().map(|item| (format!("{path}[]"), item)).collect())
            }
            Value::Object(fields) => {
                let named = fields.iter().map(|(key, value)| (format!("{path}.{key}"), value));
                ("object", named.collect())
            }
        };
        self.0.entry(path.to_owned()).or_default().insert(kind);
        for (path, value) in members {
            self.add(&path, value);
        }
    }

    /// The paths that are here and not there, without those under something that is null there.
    fn beyond<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let nulls: Vec<&String> = other
            .0
            .iter()
            .filter(|(_, kinds)| kinds.contains("null"))
            .map(|(path, _)| path)
            .collect();
        let is_under_null = |path: &str| nulls.iter().any(|null| path.starts_with(null.as_str()));
        let paths = self.0.keys().map(String::as_str);
        paths.filter(|path| !other.0.contains_key(*path) && !is_under_null(path)).collect()
    }
}

fn recorded(version: ApiVersion, file: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path = folder.join(format!("v{version}")).join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn answers_have_the_keys_and_types_of_real_nodes() {
    for (version, now) in
        [(ApiVersion::V1_37, "2021-09-29T19:50:00Z"), (ApiVersion::V1_71, "2023-02-09T11:02:03Z")]
    {
        let now = at(now);
        let config =
            AccountConfig { now, satellites: 6, luck: Luck::Good, ..AccountConfig::default() };
        let api = NodeApi::new(Account::random(&config), version);
        let us2 = "/api/sno/satellite/12tRQrMTWUWwzwGh18i7Fqs67kmdhH9t6aToeiwbo5mfS2rUmo";
        for (path, file) in [
            ("/api/sno/", "sno.json"),
            (us2, "satellite.json"),
            ("/api/sno/estimated-payout", "payout.json"),
        ] {
            let theirs = Shape::of(&recorded(version, file));
            let ours = Shape::of(&document(&api, path, now));
            assert_eq!(ours.beyond(&theirs), [""; 0], "{version} {path}: not in the record");
            assert_eq!(theirs.beyond(&ours), [""; 0], "{version} {path}: missing");
            for (at, kinds) in &theirs.0 {
                let Some(our_kinds) = ours.0.get(at) else { continue };
                let told = |kinds: &BTreeSet<&'static str>| {
                    kinds.iter().copied().filter(|kind| *kind != "null").collect::<Vec<_>>()
                };
                let (kinds, our_kinds) = (told(kinds), told(our_kinds));
                let both = !kinds.is_empty() && !our_kinds.is_empty();
                assert!(!both || kinds == our_kinds, "{version} {path} {at}");
            }
        }
    }
}

#[test]
fn each_version_has_its_own_fields() {
    let config = AccountConfig { luck: Luck::Good, ..AccountConfig::default() };
    let keys = |version, path: &str, of: &str| -> BTreeSet<String> {
        let api = NodeApi::new(Account::random(&config), version);
        let document = document(&api, path, config.now);
        let object = if of.is_empty() { &document } else { document.pointer(of).unwrap() };
        object.as_object().unwrap().keys().cloned().collect()
    };
    let us1 = "/api/sno/satellite/12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
    for version in ApiVersion::ALL {
        let has = |path, of, key: &str| keys(version, path, of).contains(key);
        for (since, until, path, of, key) in [
            (ApiVersion::V1_71, ApiVersion::V1_162, "/api/sno/", "", "quicStatus"),
            (
                ApiVersion::V1_37,
                ApiVersion::V1_121,
                "/api/sno/",
                "/satellites/0",
                "currentStorageUsed",
            ),
            (ApiVersion::V1_142, ApiVersion::V1_162, "/api/sno/", "/satellites/0", "vettedAt"),
            (ApiVersion::V1_143, ApiVersion::V1_162, "/api/sno/", "/diskSpace", "allocated"),
            (ApiVersion::V1_143, ApiVersion::V1_162, "/api/sno/", "/diskSpace", "reclaimable"),
            (ApiVersion::V1_37, ApiVersion::V1_121, us1, "", "currentStorageUsed"),
            (ApiVersion::V1_71, ApiVersion::V1_162, us1, "", "averageUsageBytes"),
            (ApiVersion::V1_142, ApiVersion::V1_162, us1, "", "vettedAt"),
            (ApiVersion::V1_71, ApiVersion::V1_162, us1, "/storageDaily/0", "intervalInHours"),
            (ApiVersion::V1_162, ApiVersion::V1_162, us1, "/storageDaily/0", "calculated"),
            (ApiVersion::V1_37, ApiVersion::V1_162, us1, "/priceModel", "DiskSpace"),
        ] {
            let expected = (since..=until).contains(&version);
            assert_eq!(has(path, of, key), expected, "{version} {path} {of} {key}");
        }
        assert_eq!(version.to_string().parse::<ApiVersion>().unwrap(), version);
    }
    assert!("1.2.3".parse::<ApiVersion>().is_err());
}
