//! What the description says of answers is true of them.

use serde_json::{Map, Value, json};

use super::{super::openapi, Bench, ENDPOINTS};

/// A schema of the description by its name, in which nothing else may stand than what is described.
pub(super) fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let mut components = document["components"].clone();
    close(&mut components);
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"), "components": components,
    });
    jsonschema::validator_for(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("properties").is_some_and(Value::is_object) && fields.contains_key("type")
            {
                fields.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(super) fn document(bench: &Bench) -> Value {
    bench.json(openapi::PATH)
}

/// Questions that set each parameter of an endpoint, some of them together.
fn questions(path: &str) -> Vec<String> {
    let more: &[&str] = match path {
        "/api/v1/traffic" => &["step=1m", "step=5m&window=6h", "step=1h&window=30d", "step=1d"],
        "/api/v1/latency" => &["by=satellite", "by=hour", "by=day&action=get", "nodes=attic"],
        "/api/v1/latency/histogram" => &["scale=linear&nodes=attic", "action=PUT&window=99999d"],
        "/api/v1/transfers" => &[
            "satellite=us1",
            "action=GET",
            "outcome=failed",
            "outcome=rejected&window=9999d",
            "limit=1000&nodes=barn",
            "cursor=0000000000000000",
        ],
        "/api/v1/transfers/slow" => &["limit=1000&window=9999d", "action=PUT&outcome=success"],
        "/api/v1/errors" => &["canceled=true&limit=1000&window=9999d", "nodes=barn"],
        "/api/v1/earnings" => &["period=2026-01", "nodes=attic"],
        "/api/v1/earnings/history" => &["months=3", "period=0001-01"],
        "/api/v1/earnings/reconciliation" => &["months=120", "period=9999-12"],
        "/api/v1/storage/history" => &["points=1", "window=1h"],
        _ => &[],
    };
    let mut all: Vec<String> = vec![path.to_owned()];
    all.extend(more.iter().map(|query| format!("{path}?{query}")));
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.path == path).unwrap();
    if endpoint.parameters.iter().any(|of| of.name == "window") {
        all.extend(
            ["window=9999d", "window=1m", "nodes=barn,attic&from=2020-01-01T00:00:00Z"]
                .map(|query| format!("{path}?{query}")),
        );
        all.push(format!("{path}?from=0001-01-01T00:00:00Z&to=2001-01-01T00:00:00%2B05:30"));
        all.push(format!("{path}?from=9000-01-01T00:00:00.123456789123Z"));
    }
    all.push(format!("{path}?nodes=cellar%2C%20left"));
    all
}

#[test]
fn each_answer_is_as_it_is_described() {
    for bench in [Bench::new(), Bench::empty()] {
        let document = document(&bench);
        for endpoint in ENDPOINTS {
            let validator = validator(&document, &openapi::name_of(endpoint.path));
            for question in questions(endpoint.path) {
                // Nobody is there in the empty database.
                let Ok(_) = bench.ask(&question) else {
                    assert!(question.contains("nodes="), "{question}");
                    continue;
                };
                let answer = bench.json(&question);
                let wrong: Vec<String> = validator
                    .iter_errors(&answer)
                    .map(|error| format!("{} at {}", error, error.instance_path))
                    .collect();
                assert!(wrong.is_empty(), "{question}: {wrong:#?}");
            }
        }
    }
}

#[test]
fn each_path_and_parameter_is_described_once() {
    let document = document(&Bench::empty());
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), ENDPOINTS.len() + 2, "the description and acknowledging are others");
    let mut ids = Map::new();
    for operations in paths.values() {
        for operation in operations.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned(), Value::Null).is_none(), "{id} twice");
            let parameters = operation["parameters"].as_array().unwrap();
            let mut names: Vec<&Value> = parameters.iter().map(|of| &of["name"]).collect();
            names.sort_by_key(|name| name.to_string());
            names.dedup();
            assert_eq!(names.len(), parameters.len(), "{id}");
            for parameter in parameters {
                assert!(jsonschema::meta::is_valid(&parameter["schema"]), "{parameter}");
            }
        }
    }
    for schema in document["components"]["schemas"].as_object().unwrap().values() {
        assert!(jsonschema::meta::is_valid(schema), "{schema}");
    }
}

#[test]
fn money_is_told_to_machines_and_to_people() {
    let bench = Bench::new();
    let earnings = bench.json("/api/v1/earnings/history?nodes=attic&months=3");
    let months = earnings["months"].as_array().unwrap();
    let paid: Vec<(&Value, &Value)> =
        months.iter().map(|month| (&month["paid_micro_usd"], &month["paid_usd"])).collect();
    assert!(paid.iter().any(|(micros, _)| micros.as_i64().is_some_and(|micros| micros > 0)));
    for (micros, text) in paid {
        match micros.as_i64() {
            None => assert!(text.is_null(), "{text}"),
            Some(micros) => {
                let shown: f64 = text.as_str().unwrap().replace(',', "").parse().unwrap();
                assert!((shown - micros as f64 / 1e6).abs() <= 0.005_001, "{micros} {text}");
            }
        }
    }
    let cost = &earnings["months"][2]["cost_micro_usd"];
    assert!(cost.as_i64().is_some_and(|cost| cost > 0), "what nodes cost is known: {cost}");
}
