//! The rates that the overview tells: new ones once a second.

use std::collections::BTreeMap;

use piecewatch_analytics::rate::Lately;
use piecewatch_model::{NodeName, Timestamp};

/// The rates of each node that was looked at as they were told last, and in which second.
///
/// They change with every line, at every node, and nobody reads a figure that changes a dozen times in a
/// second: patches are shorter without. Counts are told as they come.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<NodeName, (i64, Lately)>);

impl Held {
    /// The rates of a node that are told in the second of `now`: those that were already, or these.
    pub(super) fn of(&mut self, node: &NodeName, now: Timestamp, lately: Lately) -> Lately {
        let second = now.as_seconds();
        match self.0.get(node) {
            Some((at, told)) if *at == second => *told,
            Some(_) | None => {
                self.0.insert(node.clone(), (second, lately));
                lately
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_analytics::tally::Amount;
    use piecewatch_model::{Action, ByteCount, Grain, Outcome};
    use piecewatch_store::Fate;

    use super::*;

    #[test]
    fn rates_change_once_a_second_and_when_the_clock_was_set_back() {
        let (mut held, node): (Held, NodeName) = (Held::default(), "attic".parse().unwrap());
        let mut of = |now: Timestamp, count| {
            let mut lately = Lately::default();
            let of = (&Action::Get, Fate::Ended(Outcome::Success));
            let moved = Amount { count, bytes: ByteCount::new(1) };
            lately.add(now, now.floor(Grain::Minute), of, moved);
            held.of(&node, now, lately).rates().egress.pieces_per_second
        };
        let second = Timestamp::from_seconds(1_000_000_000);
        assert_eq!(of(second, 60), 1.0);
        assert_eq!(of(second.plus_micros(999_999), 120), 1.0, "within the second");
        assert_eq!(of(second.plus_micros(1_000_000), 120), 2.0);
        assert_eq!(of(second, 180), 3.0, "the clock was set back");
    }
}
