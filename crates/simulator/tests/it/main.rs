//! Simulated logs as a reader gets them, and the answers of a simulated node.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod account;
mod figures;
mod forms;
mod incidents;
mod live;
mod log_and_account;
mod serving;
mod shapes;
mod statements;
mod totals;
mod traps;

use piecewatch_model::Timestamp;
use piecewatch_simulator::NodeApi;
use serde_json::Value;

/// The document that a node answers.
fn document(api: &NodeApi, path: &str, now: Timestamp) -> Value {
    let answer = api.answer(path, now);
    assert_eq!((answer.status, answer.content_type), (200, "application/json"), "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
