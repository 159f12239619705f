//! The description of all questions and answers: OpenAPI 3.1.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{
    Parts, Problem,
    endpoint::{ENDPOINTS, Endpoint},
    parameter::{Kind, Parameter},
    slots,
};

/// Where the description is.
pub(super) const PATH: &str = "/api/v1/openapi.json";

const PROBLEM: &str = "#/components/schemas/Problem";

/// Problems that any question may meet, and what they say.
const PROBLEMS: [(&str, &str); 6] = [
    ("400", "A parameter is wrong, said twice, or there is no such."),
    ("401", "A token is needed."),
    ("403", "This origin may not ask."),
    ("404", "There is nothing here, or no such node, satellite or alert."),
    ("429", "Too many questions in a short time; `Retry-After` says when to come back."),
    ("503", "The server is busy; `Retry-After` says when to come back."),
];

/// The document.
pub(super) fn document(parts: &Parts) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .for_serialize()
        .into_generator();
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), generator.root_schema_for::<Problem>().to_value());
    for endpoint in ENDPOINTS {
        let name = name_of(endpoint.path);
        schemas.insert(name.clone(), (endpoint.schema)(&mut generator, parts));
        let content = content(endpoint, &name);
        let operation = operation(&name, endpoint.what, endpoint.parameters, &content);
        paths.insert(endpoint.path.to_owned(), json!({ "get": operation }));
    }
    let this = json!({ "application/json": { "schema": { "type": "object" } } });
    let operation = operation("Openapi", "This description.", &[], &this);
    paths.insert(PATH.to_owned(), json!({ "get": operation }));
    let seen = generator.root_schema_for::<slots::Seen<'_>>().to_value();
    schemas.insert("Seen".to_owned(), seen);
    paths.insert(slots::ACKNOWLEDGE_PATH.to_owned(), json!({ "post": acknowledge() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Piecewatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What Storj storage nodes do. Times are RFC 3339, bytes and microseconds \
                integers. Money is in integer millionths of a dollar, with text for people beside it. \
                What is not known is null.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn acknowledge() -> Value {
    let content = json!({ "application/json": { "schema": of("Seen") } });
    let what = "Notes that somebody has seen an alert: it tells nobody again until it gets worse.";
    let mut operation = operation("Acknowledge", what, slots::ACKNOWLEDGE, &content);
    let id = json!({
        "name": "id", "in": "path", "required": true,
        "description": "The id of the alert.",
        "schema": { "type": "string", "pattern": slots::ID },
    });
    if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
        parameters.insert(0, id);
    }
    operation
}

fn content(endpoint: &Endpoint, name: &str) -> Value {
    let mut content = json!({ "application/json": { "schema": of(name) } });
    if endpoint.has_csv() {
        content["text/csv"] = json!({ "schema": { "type": "string" } });
    }
    content
}

fn operation(name: &str, what: &str, parameters: &[Parameter], content: &Value) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({ "description": "The answer.", "content": content }));
    let problem = json!({ Problem::CONTENT_TYPE: { "schema": { "$ref": PROBLEM } } });
    for (status, what) in PROBLEMS {
        let response = json!({ "description": what, "content": problem });
        responses.insert(status.to_owned(), response);
    }
    let parameters: Vec<Value> = parameters.iter().map(parameter).collect();
    let id = name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1));
    json!({
        "operationId": id.collect::<String>(),
        "description": what,
        "parameters": parameters,
        "responses": responses,
    })
}

fn parameter(of: &Parameter) -> Value {
    let mut parameter = json!({
        "name": of.name, "in": "query", "description": of.what, "schema": of.kind.schema(),
    });
    if let Kind::Nodes = of.kind {
        parameter["style"] = json!("form");
        parameter["explode"] = json!(false);
    }
    parameter
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// `LatencyHistogram` of `/api/v1/latency/histogram`.
pub(super) fn name_of(path: &str) -> String {
    let words = path.split('/').skip(3);
    let capitals = |word: &str| -> String {
        let mut chars = word.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
    };
    words.map(capitals).collect()
}
