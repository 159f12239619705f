//! What a satellite pays, `/api/sno/satellites/{id}/pricing`.

use piecewatch_model::{Prices, SatelliteId};
use serde::Deserialize;

use super::Read;
use crate::wire::{Id, Number, or_zero};

/// Here the keys begin with small letters; those of `priceModel` do not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "satelliteID")]
    satellite: Id,
    egress_bandwidth: Option<Number>,
    repair_bandwidth: Option<Number>,
    audit_bandwidth: Option<Number>,
    disk_space: Option<Number>,
}

/// Reads an answer to `/api/sno/satellites/{id}/pricing`.
///
/// # Errors
///
/// When it is no JSON, or does not name a satellite.
pub fn prices(bytes: &[u8]) -> Read<(SatelliteId, Prices)> {
    let wire: Wire = serde_json::from_slice(bytes)?;
    let prices = of_numbers([
        wire.egress_bandwidth,
        wire.repair_bandwidth,
        wire.audit_bandwidth,
        wire.disk_space,
    ]);
    Ok((wire.satellite.0, prices))
}

/// Prices of egress, repair, audit and storage; what is not told is 0.
pub(super) fn of_numbers(numbers: [Option<Number>; 4]) -> Prices {
    let [egress, repair, audit, storage] =
        numbers.map(|number| or_zero(number, Number::cents_per_tb));
    Prices { egress, repair, audit, storage }
}
