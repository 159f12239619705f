//! JSON merge patches (RFC 7396): what changed from one state to the next, and how to apply it.

use serde_json::{Map, Value};

/// How one state becomes another.
#[derive(Clone, Debug, PartialEq)]
pub enum Diff {
    /// They are equal.
    Same,
    /// A merge patch says it. Without removals it is a part of the newer state, so never longer.
    Patch {
        /// The patch, an object.
        patch: Value,
        /// Members that the patch deletes, on all levels.
        removals: u64,
    },
    /// The newer state replaces the older one: at least one of them is no object.
    Whole,
}

/// Removes the members that are null, on all levels except inside arrays: a merge patch could not
/// bring them. A null that is no member stays.
pub fn strip_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        // Mostly there is none, and to look is cheaper than to take each out and put it back.
        if members.values().any(Value::is_null) {
            members.retain(|_, member| !member.is_null());
        }
        members.values_mut().for_each(strip_nulls);
    }
}

/// What makes `new` of `old`. Neither may have members that are null ([`strip_nulls`]).
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Diff {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return if old == new { Diff::Same } else { Diff::Whole };
    };
    let mut removals = 0;
    match difference(before, after, &mut removals) {
        Some(patch) => Diff::Patch { patch: Value::Object(patch), removals },
        None => Diff::Same,
    }
}

fn difference(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    removals: &mut u64,
) -> Option<Map<String, Value>> {
    let mut patch = Map::new();
    let mut added = 0;
    // States are alike: mostly the next member of the one is that of the other.
    let mut beside = old.iter().peekable();
    for (name, after) in new {
        let before = match beside.next_if(|(beside, _)| *beside == name) {
            Some((_, before)) => Some(before),
            None => {
                let before = old.get(name);
                if before.is_some() {
                    // Those that are passed over were removed, or the map has an order of its own.
                    beside.by_ref().find(|(beside, _)| *beside == name);
                }
                before
            }
        };
        added += usize::from(before.is_none());
        match (before, after) {
            (Some(Value::Object(before)), Value::Object(after)) => {
                if let Some(inner) = difference(before, after, removals) {
                    patch.insert(name.clone(), Value::Object(inner));
                }
            }
            (Some(before), after) if before == after => {}
            (Some(_) | None, after) => {
                patch.insert(name.clone(), after.clone());
            }
        }
    }
    if old.len() + added > new.len() {
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            patch.insert(name.clone(), Value::Null);
            *removals += 1;
        }
    }
    (!patch.is_empty()).then_some(patch)
}

/// Applies a merge patch, as RFC 7396 section 2 says.
pub fn apply(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            apply(members.entry(name).or_insert(Value::Null), change);
        }
    }
}
