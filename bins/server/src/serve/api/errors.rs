//! What went wrong, and which pieces are wanted most.

use piecewatch_model::Grain;
use piecewatch_store::Window;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    errors::{self, Answer, TROUBLES_MAX, rows},
    form::{Span, csv_rows},
    pieces,
};

pub(super) fn errors(ask: &Ask<'_>) -> Reply {
    let answer = match ask.window() {
        Some(window) => Some(found(ask, window)?),
        None => None,
    };
    ask.reply(
        answer,
        |answer| written(&answer.as_ref().map(rows::Object::of).unwrap_or_default()),
        Sheet::of::<(Span, rows::Row<'_>)>(|answer, out| {
            csv_rows(out, answer.iter().flat_map(rows::flat))
        }),
    )
}

fn found(ask: &Ask<'_>, window: Window) -> Result<Answer, Problem> {
    let nodes = ask.names();
    let endings = errors::endings(ask.query.word("canceled") == Some("true"));
    let limit = usize::from(ask.query.count("limit"));
    let found = ask.parts.observatory.errors(of(&nodes), window, endings, limit)?;
    let counts = ask.parts.observatory.troubles(of(&nodes), found.window, TROUBLES_MAX)?;
    let troubles = errors::troubles(counts.to_vec(), limit);
    Ok(Answer { nodes, endings, errors: (*found).clone(), troubles })
}

pub(super) fn hot_pieces(ask: &Ask<'_>) -> Reply {
    let limit = usize::from(ask.query.count("limit"));
    let mut answer = pieces::Answer { nodes: Vec::new(), limit };
    for node in &ask.nodes {
        let Some((from, last)) = node.records else { continue };
        let reach = Window { from, to: last.plus_micros(1) };
        let Some(window) = ask.within(reach) else { continue };
        let longest = window.to.plus_micros(-Grain::Day.micros());
        let window = Window { from: window.from.max(longest), to: window.to };
        let list = ask.parts.observatory.hot_pieces(&node.name, window, limit)?;
        answer.nodes.push((node.name.clone(), (*list).clone()));
    }
    ask.reply(
        answer,
        |answer| written(&answer.root()),
        Sheet::of::<(Span, pieces::Row<'_>)>(|answer, out| csv_rows(out, answer.flat())),
    )
}
