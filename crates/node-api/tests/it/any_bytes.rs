//! Whatever answers, nothing panics: arbitrary bytes, arbitrary JSON, and real answers with one
//! thing changed.

use std::{fs, path::Path};

use piecewatch_node_api::answer::{Dashboard, Estimates};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{everything::read_as_everything, recorded::recorded};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("0001-01-01T00:00:00Z")),
        Just(json!("9999-12-31T23:59:59.999999999+14:00")),
        Just(json!("12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
            "[a-zA-Z]{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

const KEYS: [&str; 20] = [
    "nodeID",
    "satellites",
    "id",
    "diskSpace",
    "used",
    "available",
    "allocated",
    "trash",
    "storageDaily",
    "bandwidthDaily",
    "intervalStart",
    "atRestTotal",
    "egress",
    "currentMonth",
    "previousMonth",
    "satelliteId",
    "satelliteID",
    "period",
    "Statuses",
    "AllHealthy",
];

/// Replaces the value at the n-th place of a document, counted through everything in it.
fn replaced(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *at = usize::MAX;
        *value = with.clone();
        return;
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| replaced(item, at, with)),
        Value::Object(map) => map.values_mut().for_each(|item| replaced(item, at, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_refused(bytes: Vec<u8>) {
        read_as_everything(&bytes);
    }

    #[test]
    fn any_json_is_an_answer_or_refused(json in any_json()) {
        read_as_everything(json.to_string().as_bytes());
    }

    #[test]
    fn a_real_answer_with_one_thing_changed_is_an_answer_or_refused(
        name in prop::sample::select(vec!["sno.json", "satellite.json", "payout.json"]),
        at in 0_usize..200,
        with in any_json(),
    ) {
        let mut document: Value = serde_json::from_slice(&recorded("v1.71.2", name)).unwrap();
        replaced(&mut document, &mut at.clone(), &with);
        read_as_everything(document.to_string().as_bytes());
    }

    #[test]
    fn a_real_answer_that_breaks_off_is_refused(
        name in prop::sample::select(vec!["sno.json", "satellite.json", "payout.json"]),
        at in 0_usize..1_000,
    ) {
        let bytes = recorded("v1.71.2", name);
        let cut = &bytes[..at.min(bytes.len() - 3)];
        read_as_everything(cut);
        prop_assert!(Dashboard::from_json(cut).is_err());
        prop_assert!(Estimates::of_all(cut).is_err());
    }
}

/// The seeds of the fuzzer, and what it found worth keeping, run through again.
#[test]
fn the_kept_corpus_is_an_answer_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/answer");
    let mut count = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        read_as_everything(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 16, "{count} inputs are left of the corpus");
}
