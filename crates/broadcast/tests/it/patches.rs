//! Merge patches: RFC 7396's own examples, and any two states.

use piecewatch_broadcast::{Diff, apply, diff, strip_nulls};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON, with few names, so that two states have members in common.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        (-1.0e9f64..1.0e9).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[ab\"\\\\é\n]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map("[a-e]", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// RFC 7396, appendix A: the original, the patch, the result.
#[test]
fn the_examples_of_the_standard_hold() {
    let cases = json!([
        [{"a": "b"}, {"a": "c"}, {"a": "c"}],
        [{"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}],
        [{"a": "b"}, {"a": null}, {}],
        [{"a": "b", "b": "c"}, {"a": null}, {"b": "c"}],
        [{"a": ["b"]}, {"a": "c"}, {"a": "c"}],
        [{"a": "c"}, {"a": ["b"]}, {"a": ["b"]}],
        [{"a": {"b": "c"}}, {"a": {"b": "d", "c": null}}, {"a": {"b": "d"}}],
        [{"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}],
        [["a", "b"], ["c", "d"], ["c", "d"]],
        [{"a": "b"}, ["c"], ["c"]],
        [{"a": "foo"}, null, null],
        [{"a": "foo"}, "bar", "bar"],
        [{"e": null}, {"a": 1}, {"e": null, "a": 1}],
        [[1, 2], {"a": "b", "c": null}, {"a": "b"}],
        [{}, {"a": {"bb": {"ccc": null}}}, {"a": {"bb": {}}}],
    ]);
    for case in cases.as_array().unwrap() {
        let mut target = case[0].clone();
        apply(&mut target, case[1].clone());
        assert_eq!(target, case[2], "{} with {}", case[0], case[1]);
    }
}

#[test]
fn a_patch_says_what_changed_and_no_more() {
    let old =
        json!({"n1": {"up": 1, "down": 2}, "n2": {"up": 3}, "gone": [1], "same": [1, {"x": null}]});
    let new =
        json!({"n1": {"up": 1, "down": 5}, "n2": {"up": 3}, "new": {}, "same": [1, {"x": null}]});
    let patch = json!({"n1": {"down": 5}, "gone": null, "new": {}});
    assert_eq!(diff(&old, &new), Diff::Patch { patch, removals: 1 });
    assert_eq!(diff(&new, &new), Diff::Same);
    assert_eq!(diff(&json!(3), &json!({})), Diff::Whole);
}

#[test]
fn nulls_go_from_objects_and_stay_in_arrays() {
    let mut value = json!({"a": null, "b": {"c": null, "d": [null, {"e": null}]}});
    strip_nulls(&mut value);
    assert_eq!(value, json!({"b": {"d": [null, {"e": null}]}}));
}

proptest! {
    #[test]
    fn the_older_state_and_the_patch_make_the_newer(mut old in any_json(), mut new in any_json()) {
        strip_nulls(&mut old);
        strip_nulls(&mut new);
        let mut patched = old.clone();
        match diff(&old, &new) {
            Diff::Same => prop_assert_eq!(&old, &new),
            Diff::Patch { patch, removals } => {
                if removals == 0 {
                    let (patch, whole) = (patch.to_string(), new.to_string());
                    prop_assert!(patch.len() <= whole.len(), "{} is longer than {}", patch, whole);
                }
                // As it travels.
                apply(&mut patched, serde_json::from_str(&patch.to_string()).unwrap());
            }
            Diff::Whole => {
                prop_assert!(!old.is_object() || !new.is_object());
                patched = new.clone();
            }
        }
        prop_assert_eq!(patched, new);
    }
}
