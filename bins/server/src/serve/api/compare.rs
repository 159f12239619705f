//! Nodes side by side.

use piecewatch_analytics::silence::silence_of;
use piecewatch_model::Period;
use piecewatch_store::Window;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    Error,
    compare::{Answer, earnings_per_tb, rows},
    form::csv_rows,
};

pub(super) fn compare(ask: &Ask<'_>) -> Reply {
    let answer = match ask.window() {
        Some(window) => Some(compared(ask, window)?),
        None => None,
    };
    ask.reply(
        answer,
        |answer| written(&rows::json(answer.as_ref())),
        Sheet::of::<rows::Row>(|answer, out| csv_rows(out, answer.iter().flat_map(rows::csv))),
    )
}

fn compared(ask: &Ask<'_>, window: Window) -> Result<Answer, Problem> {
    let (names, observatory) = (ask.names(), &ask.parts.observatory);
    let period = Period::containing(window.to).ok_or(Error::Clock)?;
    let earnings = earnings_per_tb(&ask.parts.ledger, &names, period)?;
    let comparison = (*observatory.comparison(&names, window, &earnings)?).clone();
    let silences = silence_of(&ask.parts.readers.get()?, of(&names), window.to)?;
    let look = |node| Ok(observatory.outlook(node, window.to)?);
    let outlooks = names.iter().map(look).collect::<Result<_, Problem>>()?;
    Ok(Answer { comparison, period, outlooks, silences: silences.into_iter().collect() })
}
