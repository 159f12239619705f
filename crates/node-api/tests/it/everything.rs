//! Reads bytes as every answer there is; a fuzz target does the same.

use piecewatch_node_api::{
    Address,
    answer::{
        Dashboard, Estimates, Health, HeldHistory, MetricsReader, Notifications, PERIODS_MAX,
        SATELLITES_MAX, Satellite, Satellites, payouts, paystub, paystubs, periods, prices,
    },
};

/// Whatever can be read is read for good: its facts are made too, and there are not too many.
pub(crate) fn read_as_everything(bytes: &[u8]) {
    if let Ok(dashboard) = Dashboard::from_json(bytes) {
        assert!(dashboard.facts().len() <= 2);
        assert!(dashboard.satellites.len() <= SATELLITES_MAX);
    }
    if let Ok(satellite) = Satellite::from_json(bytes) {
        let _ = satellite.facts();
    }
    let _ = (Satellites::from_json(bytes), Estimates::of_all(bytes), prices(bytes));
    let _ = paystub(bytes);
    let stated = paystubs(bytes).map_or(0, |all| all.len());
    assert!(stated <= SATELLITES_MAX * PERIODS_MAX);
    assert!(payouts(bytes).map_or(0, |all| all.len()) <= SATELLITES_MAX);
    assert!(periods(bytes).map_or(0, |all| all.len()) <= PERIODS_MAX);
    let _ = (HeldHistory::from_json(bytes), Notifications::from_json(bytes));
    let _ = Health::from_json(bytes);
    let mut reader = MetricsReader::default();
    reader.push(bytes);
    let _ = reader.finish();
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(address) = text.parse::<Address>()
    {
        assert_eq!(address.to_string().parse::<Address>().as_ref().ok(), Some(&address));
    }
}
