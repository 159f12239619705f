//! What the last poll of a month missed.

use piecewatch_finance::{Completed, CompletedBy, Lacking, Usage};
use piecewatch_model::{MicroUsd, NodeEstimate};

use crate::usd::{TB, byte_hours, bytes, month, us1, usd};

fn days() -> Usage {
    Usage { egress: bytes(900), repair: bytes(70), audit: bytes(30), storage: byte_hours(700 * TB) }
}

fn told(egress: u64, repair_audit: u64, storage: u64, expected: Option<MicroUsd>) -> NodeEstimate {
    let nothing = MicroUsd::default();
    NodeEstimate {
        satellite: us1(),
        period: month("2026-07"),
        egress: bytes(egress),
        egress_payout: nothing,
        repair_audit: bytes(repair_audit),
        repair_audit_payout: nothing,
        storage: byte_hours(storage),
        storage_payout: nothing,
        held_percent: 0,
        held: nothing,
        payout: nothing,
        expected,
    }
}

#[test]
fn what_was_booked_after_the_last_poll_comes_from_the_previous_month() {
    let completed = Completed::of(&days(), Some(&told(1_000, 130, 720 * TB, None)));
    assert_eq!(completed.usage.egress, bytes(1_000));
    assert_eq!(completed.usage.repair_audit(), bytes(130));
    assert_eq!(completed.usage.storage, byte_hours(720 * TB));
    let lacking =
        Lacking { egress: bytes(100), repair_audit: bytes(30), storage: byte_hours(20 * TB) };
    assert_eq!(completed.by, CompletedBy::PreviousMonth(lacking));
}

#[test]
fn the_larger_figure_holds_one_by_one() {
    // Told before the last rows of traffic were, but with more storage.
    let estimate = told(500, 50, 710 * TB, Some(usd("1.00")));
    let completed = Completed::of(&days(), Some(&estimate));
    assert_eq!(completed.usage, Usage { storage: byte_hours(710 * TB), ..days() });
    assert!(matches!(completed.by, CompletedBy::RunningMonth(_)), "{:?}", completed.by);
}

#[test]
fn rows_that_hold_everything_stay() {
    for estimate in [None, Some(told(900, 100, 700 * TB, None)), Some(told(1, 1, 1, None))] {
        let completed = Completed::of(&days(), estimate.as_ref());
        assert_eq!(completed, Completed { usage: days(), by: CompletedBy::Nothing });
    }
    // The node's fractions of a month do not make a whole byte-hour more.
    let rounded = told(900, 100, 700 * TB + 15, None);
    assert_eq!(Completed::of(&days(), Some(&rounded)).by, CompletedBy::Nothing);
}
