//! How long transfers took, how that is spread, and which took longest.

use std::sync::Arc;

use piecewatch_analytics::latency::NodesOf;
use piecewatch_model::Grain;
use piecewatch_store::{Ending, LatencyFilter, SlowFilter, Slowest, Window};

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    cli::{By, Spread},
    form::{Span, csv_rows},
    latency::{self, Answer, rows},
    slow,
};

pub(super) fn latency(ask: &Ask<'_>) -> Reply {
    let by = match ask.query.word("by") {
        Some("satellite") => By::Satellite,
        Some("hour") => By::Hour,
        Some("day") => By::Day,
        _ => By::Node,
    };
    let answer = match ask.window() {
        Some(window) => Some(measured(ask, window, by)?),
        None => None,
    };
    ask.reply(
        answer,
        |answer| written(&rows::Object::of(answer.as_ref())),
        Sheet::of::<(Span, rows::Row<'_>)>(|answer, out| {
            csv_rows(out, answer.iter().flat_map(rows::flat))
        }),
    )
}

pub(super) fn histogram(ask: &Ask<'_>) -> Reply {
    let scale = match ask.query.word("scale") {
        Some("linear") => Spread::Linear,
        _ => Spread::Log,
    };
    let answer = match ask.window() {
        Some(window) => {
            let mut answer = measured(ask, window, By::Node)?;
            let names = ask.names();
            let filter = LatencyFilter { satellite: None, action: ask.action() };
            let grain = ask.parts.observatory.finest_grain(of(&names), window)?;
            let found = ask.parts.observatory.latency(of(&names), window, &filter, grain)?;
            answer.spread = latency::spread(&found.measured.rows, scale);
            Some(answer)
        }
        None => None,
    };
    ask.reply(
        answer,
        |answer| written(&rows::Histograms::of(answer.as_ref())),
        Sheet::of::<(Span, rows::BarRow<'_>)>(|answer, out| {
            csv_rows(out, answer.iter().flat_map(rows::flat_bars))
        }),
    )
}

/// What the command `latency` tells, of what is kept.
fn measured(ask: &Ask<'_>, window: Window, by: By) -> Result<Answer, Problem> {
    let (names, observatory) = (ask.names(), &ask.parts.observatory);
    let (nodes, action) = (of(&names), ask.action());
    let filter = LatencyFilter { satellite: None, action: action.clone() };
    let finest = observatory.finest_grain(nodes, window)?;
    let grain = match by {
        By::Node => finest,
        // Satellites are kept apart by the hour.
        By::Satellite | By::Hour => finest.max(Grain::Hour),
        By::Day => Grain::Day,
    };
    let answer = observatory.latency(nodes, window, &filter, grain)?;
    let rows = &answer.measured.rows;
    let lines = match by {
        By::Node => latency::of_nodes(rows, names.len()),
        By::Satellite => latency::of_satellites(rows),
        By::Hour | By::Day => {
            let together = NodesOf::Together;
            let curves = observatory.latency_series(nodes, window, &filter, grain, together)?;
            let curves = curves.curves.iter();
            curves
                .flat_map(|((_, action, clock), of)| latency::over_time(action, *clock, of))
                .collect()
        }
    };
    let is_wanted = |of: &piecewatch_model::Action| action.as_ref().is_none_or(|one| one == of);
    let mut in_flight = (*observatory.concurrency(nodes, window, grain)?).clone();
    in_flight.actions.retain(|action, _| is_wanted(action));
    let mut told = answer.told.clone();
    told.retain(|told| is_wanted(&told.what.action));
    Ok(Answer {
        is_widened: false,
        window: answer.measured.window,
        grain: answer.measured.grain,
        lines,
        spread: Default::default(),
        nothing: None,
        in_flight,
        told,
    })
}

pub(super) fn slow(ask: &Ask<'_>) -> Reply {
    let answer = match ask.window() {
        Some(window) => Some(slowest(ask, window)?),
        None => None,
    };
    ask.reply(
        answer,
        |answer| written(&slow::Object::of(answer.as_deref())),
        Sheet::of::<(Span, slow::Row<'_>)>(|answer, out| {
            csv_rows(out, answer.iter().flat_map(|answer| slow::flat(answer)))
        }),
    )
}

fn slowest(ask: &Ask<'_>, window: Window) -> Result<Arc<Slowest>, Problem> {
    let (names, observatory) = (ask.names(), &ask.parts.observatory);
    let grain = observatory.finest_grain(of(&names), window)?;
    let filter = SlowFilter { action: ask.action(), ending: ending(ask.query.word("outcome")) };
    let limit = ask.query.count("limit").into();
    Ok(observatory.slowest(of(&names), window, &filter, grain, limit)?)
}

/// The ending that a word asks for.
pub(super) fn ending(word: Option<&str>) -> Option<Ending> {
    match word? {
        "success" => Some(Ending::Success),
        "canceled" => Some(Ending::Canceled),
        "failed" => Some(Ending::Failed),
        _ => None,
    }
}
