//! `traffic`: the minutes of the last hour, by action and outcome, and how fast nodes are now.

use piecewatch_model::{Grain, NodeName};

use super::{
    State,
    asking::Asking,
    object,
    overview::{counts_by_action, rates},
    table,
};

pub(super) fn state(asking: &Asking<'_>, nodes: &[NodeName]) -> State {
    let live = asking.live;
    let mut base = asking.base()?;
    // Whoever waits for the base would come with an older time than what is in it.
    let now = live.now();
    let hour = base.last_hour(&|| asking.reader(), live.unwritten(), nodes, now)?;
    drop(base);
    let minutes =
        hour.minutes.iter().map(|(at, actions)| (at.to_string(), counts_by_action(actions)));
    Ok(object([
        ("minute", now.floor(Grain::Minute).to_string().into()),
        ("minutes", table(minutes)),
        ("rates", rates(hour.lately)),
    ]))
}
