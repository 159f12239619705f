//! Money for people beside money for machines.
//!
//! A field `paid_micro_usd` of a row is an integer; beside it an answer has `paid_usd`, the same in
//! dollars and cents. It is added to the written row and to its schema by one rule, so that no row has
//! to say everything twice.

use piecewatch_model::MicroUsd;
use schemars::Schema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Problem;
use crate::money::usd;

const MICRO: &str = "_micro_usd";
const SHOWN: &str = "_usd";

/// A value as JSON, with what money looks like beside each amount.
pub(super) fn written(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let failed = |error: serde_json::Error| crate::Error::Output(error.into());
    let mut value = serde_json::to_value(value).map_err(failed)?;
    show(&mut value);
    super::ask::written(&value)
}

fn show(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(show);
            beside(fields, |amount| match amount.as_i64() {
                Some(amount) => Value::from(usd(MicroUsd::new(amount))),
                None => Value::Null,
            });
        }
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema of a value that was written so.
pub(super) fn schema(schema: &Schema) -> Value {
    let mut schema = schema.clone().to_value();
    describe(&mut schema);
    schema
}

fn describe(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(describe);
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                beside(properties, shown);
            }
            if let Some(Value::Array(required)) = fields.get_mut("required") {
                let shown = |name: &Value| Some(Value::from(shown_name(name.as_str()?)?));
                let names: Vec<Value> = required.iter().filter_map(shown).collect();
                required.extend(names);
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(describe),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Text where the amount is a number, null where it may be null.
fn shown(amount: &Value) -> Value {
    let may_be_null = amount.get("type").is_some_and(Value::is_array);
    let kind = if may_be_null { json!(["string", "null"]) } else { json!("string") };
    json!({ "type": kind, "description": "The same in dollars and cents, for people." })
}

fn beside(fields: &mut Map<String, Value>, shown: impl Fn(&Value) -> Value) {
    let new: Vec<(String, Value)> =
        fields.iter().filter_map(|(name, value)| Some((shown_name(name)?, shown(value)))).collect();
    fields.extend(new);
}

/// `paid_usd` for `paid_micro_usd`.
fn shown_name(name: &str) -> Option<String> {
    name.strip_suffix(MICRO).map(|name| format!("{name}{SHOWN}"))
}
