//! What satellites hold back, `/api/heldamount/held-history`.

use piecewatch_model::{MicroUsd, SatelliteId, Timestamp};
use serde::Deserialize;

use super::Read;
use crate::wire::{Id, List, Number, Text, Time, or_zero, text, time};

/// What a satellite holds back. Satellites that are long gone are among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldHistory {
    /// The satellite.
    pub satellite: SatelliteId,
    /// Its host and port.
    pub address: Option<Box<str>>,
    /// Of the paystubs 1 to 3: the node counts paystubs, not calendar months.
    pub held_of_1_to_3: MicroUsd,
    /// Of the paystubs 4 to 6.
    pub held_of_4_to_6: MicroUsd,
    /// Of the paystubs 7 to 9.
    pub held_of_7_to_9: MicroUsd,
    /// All of it.
    pub held: MicroUsd,
    /// What was released of it.
    pub disposed: MicroUsd,
    /// When the node joined the satellite, to the minute.
    pub joined_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "satelliteID")]
    satellite: Id,
    satellite_name: Option<Text>,
    hold_for_first_period: Option<Number>,
    hold_for_second_period: Option<Number>,
    hold_for_third_period: Option<Number>,
    total_held: Option<Number>,
    total_disposed: Option<Number>,
    joined_at: Option<Time>,
}

impl HeldHistory {
    /// Reads an answer to `/api/heldamount/held-history`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or an entry lacks its satellite.
    pub fn from_json(bytes: &[u8]) -> Read<Vec<Self>> {
        let List(wire) = serde_json::from_slice::<List<Wire>>(bytes)?;
        let money = |number| or_zero(number, Number::micro_usd);
        let converted = |wire: Wire| Self {
            satellite: wire.satellite.0,
            address: text(wire.satellite_name),
            held_of_1_to_3: money(wire.hold_for_first_period),
            held_of_4_to_6: money(wire.hold_for_second_period),
            held_of_7_to_9: money(wire.hold_for_third_period),
            held: money(wire.total_held),
            disposed: money(wire.total_disposed),
            joined_at: time(wire.joined_at),
        };
        Ok(wire.into_iter().map(converted).collect())
    }
}
