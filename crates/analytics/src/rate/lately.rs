//! How fast do bytes and pieces move right now?

use piecewatch_model::{Action, Direction, Grain, Outcome, Timestamp};
use piecewatch_store::Fate;

use super::{Flow, Rates};
use crate::tally::Amount;

/// The rates of the last 60 seconds, from sums by the minute.
///
/// Of the minute before the one that runs that part counts which is no older, as if its transfers
/// were spread evenly: so rates fall to nothing by time alone, and never jump with a minute.
///
/// ```
/// use piecewatch_analytics::{rate::Lately, tally::Amount};
/// use piecewatch_model::{Action, ByteCount, Outcome, Timestamp};
/// use piecewatch_store::Fate;
///
/// let moved = Amount { count: 60, bytes: ByteCount::new(60_000_000) };
/// let ended = (&Action::Download, Fate::Ended(Outcome::Success));
/// let mut lately = Lately::default();
/// // A quarter of a minute after the one in which all of it moved.
/// lately.add(Timestamp::from_seconds(75), Timestamp::from_seconds(0), ended, moved);
/// assert_eq!(lately.rates().egress.pieces_per_second, 0.75);
/// assert_eq!(lately.rates().egress.bits_per_second, 6_000_000.0);
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Lately(Rates);

impl Lately {
    /// Adds what ended in the minute that begins at `minute`, seen at `now`: what succeeded, of any
    /// node.
    pub fn add(
        &mut self,
        now: Timestamp,
        minute: Timestamp,
        (action, fate): (&Action, Fate),
        amount: Amount,
    ) {
        if fate != Fate::Ended(Outcome::Success) {
            return;
        }
        let part = part_of(minute, now);
        let Rates { ingress, egress } = &mut self.0;
        let Flow { bits_per_second, pieces_per_second } = match action.direction() {
            Direction::Upload => ingress,
            Direction::Download => egress,
        };
        *bits_per_second += amount.bytes.get() as f64 * part * 8.0 / SECONDS;
        *pieces_per_second += amount.count as f64 * part / SECONDS;
    }

    /// Adds the rates of other nodes at the same instant.
    pub fn merge(&mut self, other: Self) {
        let Rates { ingress, egress } = other.0;
        for (flow, other) in [(&mut self.0.ingress, ingress), (&mut self.0.egress, egress)] {
            flow.bits_per_second += other.bits_per_second;
            flow.pieces_per_second += other.pieces_per_second;
        }
    }

    /// What they are.
    pub const fn rates(&self) -> Rates {
        self.0
    }
}

const SECONDS: f64 = 60.0;

/// The part of a minute that lies in the 60 seconds before `now`.
fn part_of(minute: Timestamp, now: Timestamp) -> f64 {
    let this = now.floor(Grain::Minute);
    if minute == this {
        return 1.0;
    }
    if minute != this.plus_micros(-Grain::Minute.micros()) {
        return 0.0;
    }
    let passed = (now.as_micros() - this.as_micros()) as f64 / Grain::Minute.micros() as f64;
    1.0 - passed
}
