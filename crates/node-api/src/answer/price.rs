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
    let cents = |number| or_zero(number, Number::cents_per_tb);
    let prices = Prices {
        egress: cents(wire.egress_bandwidth),
        repair: cents(wire.repair_bandwidth),
        audit: cents(wire.audit_bandwidth),
        storage: cents(wire.disk_space),
    };
    Ok((wire.satellite.0, prices))
}
