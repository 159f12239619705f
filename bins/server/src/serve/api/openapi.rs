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

/// What an operation does, as far as it says which answers may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It is asked, as everything is.
    Asked,
    /// It reads, and what was read before can be asked for again.
    Reads,
    /// It asks the database.
    AsksDatabase,
    /// It names a node, a satellite or an alert, which there may not be.
    Names,
    /// It changes something, and takes a body.
    Changes,
}

/// What may come beside the answer, where, and what it says.
const PROBLEMS: [(&str, Manner, &str); 11] = [
    ("400", Manner::Asked, "A parameter is wrong, said twice, or there is no such."),
    ("401", Manner::Asked, "A token is needed."),
    ("403", Manner::Asked, "This origin may not ask."),
    ("404", Manner::Names, "There is no such node, satellite or alert."),
    ("408", Manner::Changes, "What was sent did not come to its end in time."),
    ("409", Manner::Changes, "Another process holds the alerts: ask it."),
    ("413", Manner::Changes, "What was sent is too long."),
    ("421", Manner::Asked, "The server does not know the name under which it is asked."),
    (
        "429",
        Manner::Asked,
        "Too many wrong tokens were shown; `Retry-After` says when to come back.",
    ),
    (
        "500",
        Manner::AsksDatabase,
        "The database cannot be read, or the answer not be written; the log of the server says why.",
    ),
    ("503", Manner::Asked, "The server is busy; `Retry-After` says when to come back."),
];

/// What is true of every path, and of no operation alone.
const DESCRIPTION: &str = "What Storj storage nodes do. Times are RFC 3339, bytes and microseconds \
    integers. Money is in integer millionths of a dollar, with text for people beside it. What is not \
    known is null. HEAD is answered as GET is, without the body. What is answered with another status \
    than 200 and 304 is a problem document (RFC 9457): a path that there is not with 404, and another \
    method than those that are described with 405, whose `Allow` names them.";

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
        let mut manners = vec![Manner::Asked, Manner::Reads, Manner::AsksDatabase];
        manners.extend(names_something(endpoint.parameters).then_some(Manner::Names));
        let operation = operation(&name, endpoint.what, endpoint.parameters, &content, &manners);
        paths.insert(endpoint.path.to_owned(), json!({ "get": operation }));
    }
    let this = json!({ "application/json": { "schema": { "type": "object" } } });
    let manners = [Manner::Asked, Manner::Reads];
    let operation = operation("Openapi", "This description.", &[], &this, &manners);
    paths.insert(PATH.to_owned(), json!({ "get": operation }));
    let seen = generator.root_schema_for::<slots::Seen<'_>>().to_value();
    schemas.insert("Seen".to_owned(), seen);
    paths.insert(slots::ACKNOWLEDGE_PATH.to_owned(), json!({ "post": acknowledge() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Piecewatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn acknowledge() -> Value {
    let content = json!({ "application/json": { "schema": of("Seen") } });
    let what = "Notes that somebody has seen an alert: it tells nobody again until it gets worse.";
    let manners = [Manner::Asked, Manner::AsksDatabase, Manner::Names, Manner::Changes];
    let mut operation = operation("Acknowledge", what, slots::ACKNOWLEDGE, &content, &manners);
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

/// Whether a parameter names what there may not be.
fn names_something(parameters: &[Parameter]) -> bool {
    parameters.iter().any(|of| matches!(of.kind, Kind::Nodes | Kind::Satellite))
}

fn operation(
    name: &str,
    what: &str,
    parameters: &[Parameter],
    content: &Value,
    manners: &[Manner],
) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({ "description": "The answer.", "content": content }));
    if manners.contains(&Manner::Reads) {
        let what = "The answer is the one whose tag `If-None-Match` names.";
        responses.insert("304".to_owned(), json!({ "description": what }));
    }
    let problem = json!({ Problem::CONTENT_TYPE: { "schema": { "$ref": PROBLEM } } });
    for (status, of, what) in PROBLEMS {
        if manners.contains(&of) {
            let response = json!({ "description": what, "content": problem });
            responses.insert(status.to_owned(), response);
        }
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
