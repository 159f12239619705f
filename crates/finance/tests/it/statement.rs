//! What satellites pay, by hand: the arithmetic of statements.

use piecewatch_finance::{
    HeldSoFar, NodeMonth, Rate, Statement, StatementRates, StatementTerms, Usage,
};
use piecewatch_model::CentsPerTb;
use proptest::prelude::*;

use crate::usd::{TB, at, byte_hours, bytes, month, usd};

/// A node of 10 January 2025 that held 1 TB for 720 hours, and moved 0.1 TB for customers, 0.05 TB
/// for repair and 0.01 TB for audits, in a month. By the default rates:
///
/// - at rest: 720 × 10^12 / 10^9 × 0.00000208 = 1.4976
/// - get: 0.1 × 20 = 2; repair: 0.05 × 10 = 0.5; audit: 0.01 × 10 = 0.1
/// - together 4.0976
fn node(period: &str) -> NodeMonth {
    NodeMonth {
        period: month(period),
        joined_at: at("2025-01-10T11:12:13Z"),
        last_contact_at: month(period).end(),
        disqualified_at: None,
        exited_at: None,
        usage: Usage {
            egress: bytes(TB / 10),
            repair: bytes(TB / 20),
            audit: bytes(TB / 100),
            storage: byte_hours(720 * TB),
        },
        so_far: HeldSoFar::default(),
    }
}

fn statement(node: &NodeMonth) -> Statement {
    Statement::of(&StatementTerms::default(), node)
}

/// Held, owed, disposed and codes.
fn check(node: &NodeMonth, held: &str, owed: &str, disposed: &str, codes: &str) {
    let statement = statement(node);
    let period = node.period;
    assert_eq!(statement.held, usd(held), "held of {period}");
    assert_eq!(statement.owed, usd(owed), "owed of {period}");
    assert_eq!(statement.disposed, usd(disposed), "disposed of {period}");
    assert_eq!(statement.codes.to_string(), codes, "codes of {period}");
}

#[test]
fn each_component_is_paid_at_its_own_rate() {
    let statement = statement(&node("2025-01"));
    assert_eq!(statement.at_rest, usd("1.4976"));
    assert_eq!(statement.get, usd("2.00"));
    assert_eq!(statement.get_repair, usd("0.50"));
    assert_eq!(statement.get_audit, usd("0.10"));
}

/// 75, 50 and 25 % of 4.0976: 3.0732, 2.0488, 1.0244.
#[test]
fn what_is_withheld_falls_with_age() {
    for period in ["2025-01", "2025-02", "2025-03"] {
        check(&node(period), "3.0732", "1.0244", "0.00", "E");
    }
    for period in ["2025-04", "2025-05", "2025-06"] {
        check(&node(period), "2.0488", "2.0488", "0.00", "E");
    }
    for period in ["2025-07", "2025-08", "2025-09"] {
        check(&node(period), "1.0244", "3.0732", "0.00", "E");
    }
    // Six months at nothing, and still in withholding.
    for period in ["2025-10", "2025-12", "2026-03"] {
        check(&node(period), "0.00", "4.0976", "0.00", "E");
    }
}

/// Nine months held back 3 × (3.0732 + 2.0488 + 1.0244) = 18.4392; half of it is 9.2196.
#[test]
fn half_of_what_was_held_is_released_in_month_16_and_once() {
    let held = |period: &str, disposed: &str| NodeMonth {
        so_far: HeldSoFar { held: usd("18.4392"), disposed: usd(disposed) },
        ..node(period)
    };
    check(&held("2026-03", "0.00"), "0.00", "4.0976", "0.00", "E");
    check(&held("2026-04", "0.00"), "0.00", "13.3172", "9.2196", "");
    check(&held("2026-05", "9.2196"), "0.00", "4.0976", "0.00", "");
    // More was released than the half: nothing is taken back.
    check(&held("2026-05", "10.00"), "0.00", "4.0976", "0.00", "");
}

/// 250 % of 4.0976 are 10.244; 75 % of that are 7.683.
#[test]
fn surge_multiplies_before_anything_is_withheld() {
    let terms = StatementTerms { surge_percent: 250, ..StatementTerms::default() };
    let statement = Statement::of(&terms, &node("2025-02"));
    assert_eq!((statement.held, statement.owed), (usd("7.683"), usd("2.561")));
    // The components are told as they were before it.
    assert_eq!(statement.at_rest, usd("1.4976"));
    let below = StatementTerms { surge_percent: 50, ..StatementTerms::default() };
    assert_eq!(Statement::of(&below, &node("2026-05")).owed, usd("2.0488"));
}

#[test]
fn a_graceful_exit_gives_everything_back_and_holds_nothing() {
    let so_far = HeldSoFar { held: usd("6.1464"), disposed: usd("0.1464") };
    let exit =
        |at: &str| NodeMonth { exited_at: Some(at.parse().unwrap()), so_far, ..node("2025-03") };
    check(&exit("2025-03-20T00:00:00Z"), "0.00", "10.0976", "6.00", "E:X");
    // In the first instant after the month it is not yet one of this month.
    check(&exit("2025-04-01T00:00:00Z"), "3.0732", "1.0244", "0.00", "E");
    // Past the schedule the other half comes back.
    let old = NodeMonth {
        exited_at: Some(at("2026-06-03T00:00:00Z")),
        so_far: HeldSoFar { held: usd("18.4392"), disposed: usd("9.2196") },
        ..node("2026-06")
    };
    check(&old, "0.00", "13.3172", "9.2196", "X");
}

#[test]
fn a_disqualified_node_gets_nothing_unless_it_has_left_before() {
    let so_far = HeldSoFar { held: usd("18.4392"), disposed: usd("0.00") };
    let node =
        NodeMonth { disqualified_at: Some(at("2026-04-29T00:00:00Z")), so_far, ..node("2026-04") };
    check(&node, "0.00", "0.00", "0.00", "D");
    assert_eq!(statement(&node).get, usd("2.00"), "what it would have earned is told");
    let later = NodeMonth { disqualified_at: Some(at("2026-05-01T00:00:00Z")), ..node };
    check(&later, "0.00", "13.3172", "9.2196", "");
    let left = NodeMonth { exited_at: Some(at("2026-04-02T00:00:00Z")), ..node };
    check(&left, "0.00", "22.5368", "18.4392", "X");
}

#[test]
fn a_node_last_reached_before_the_month_gets_nothing() {
    let offline = |at: &str| NodeMonth {
        last_contact_at: at.parse().unwrap(),
        so_far: HeldSoFar { held: usd("18.4392"), disposed: usd("0.00") },
        ..node("2026-04")
    };
    check(&offline("2026-03-31T23:59:59.999999Z"), "0.00", "0.00", "0.00", "O");
    check(&offline("2026-04-01T00:00:00Z"), "0.00", "13.3172", "9.2196", "");
}

/// 333,333 bytes at 20 USD/TB are 0.00000666666 USD; 75 % of them 0.000004999995, and the rest
/// 0.000001666665. Cut, not rounded: 6, 4 and 1 micro-dollars, one of which is nowhere.
#[test]
fn amounts_are_cut_to_micro_dollars_at_the_end() {
    let usage = Usage { egress: bytes(333_333), ..Usage::default() };
    let small = statement(&NodeMonth { usage, ..node("2025-01") });
    assert_eq!(small.get, usd("0.000006"));
    assert_eq!((small.held, small.owed), (usd("0.000004"), usd("0.000001")));
    // 9,999,999 byte-hours at 2.08 × 10^-15: nothing. Components are cut, but their sum is exact:
    // four times 0.0000009 USD are 3.6 micro-dollars, not 0.
    let usage = Usage {
        egress: bytes(45_000),
        repair: bytes(90_000),
        audit: bytes(90_000),
        storage: byte_hours(432_692_308),
    };
    let small = statement(&NodeMonth { usage, ..node("2026-05") });
    for component in [small.get, small.get_repair, small.get_audit, small.at_rest] {
        assert_eq!(component, usd("0.00"));
    }
    assert_eq!(small.owed, usd("0.000003"));
}

#[test]
fn rates_are_told_to_nodes_in_whole_cents_cut() {
    for (digits, cents) in [(205, 147), (208, 149), (20_833_334, 150)] {
        let decimals = if digits > 1_000 { 13 } else { 8 };
        assert_eq!(Rate::new(digits, decimals).cents_per_tb_month(), CentsPerTb::new(cents));
    }
    assert_eq!(Rate::per_tb(CentsPerTb::new(200)), Rate::new(2, 0));
    assert_eq!(Rate::new(15, 1), Rate::new(1_500, 3));
    assert_eq!(Rate::new(199, 18), Rate::new(1, 16));
}

proptest! {
    /// The same in binary fractions, without surge: within a micro-dollar.
    #[test]
    fn statements_agree_with_a_calculation_in_fractions(
        egress in 0..50 * TB,
        repair in 0..50 * TB,
        audit in 0..TB,
        storage in 0..30 * 720 * TB,
        held in 0_i64..100_000_000,
        months in 0..24_i32,
    ) {
        let usage = Usage {
            egress: bytes(egress),
            repair: bytes(repair),
            audit: bytes(audit),
            storage: byte_hours(storage),
        };
        let period = month("2025-01").plus_months(months).unwrap();
        let so_far = HeldSoFar {
            held: piecewatch_model::MicroUsd::new(held),
            disposed: piecewatch_model::MicroUsd::new(0),
        };
        let terms = StatementTerms {
            rates: StatementRates { get_tb: Rate::new(2, 0), ..StatementRates::DEFAULT },
            ..StatementTerms::default()
        };
        let ours = Statement::of(&terms, &NodeMonth { usage, so_far, ..node(&period.to_string()) });
        let total = storage as f64 / 1e9 * 0.000_002_08 + egress as f64 / 1e12 * 2.0
            + (repair as f64 + audit as f64) / 1e12 * 10.0;
        let share = match months { 0..=2 => 0.75, 3..=5 => 0.5, 6..=8 => 0.25, _ => 0.0 };
        let disposed = if months >= 15 { held as f64 / 2e6 } else { 0.0 };
        let near = |ours: piecewatch_model::MicroUsd, theirs: f64| {
            (ours.get() as f64 - theirs * 1e6).abs() < 1.01
        };
        prop_assert!(near(ours.held, total * share), "held {} and {}", ours.held, total * share);
        prop_assert!(near(ours.disposed, disposed), "disposed {}", ours.disposed);
        prop_assert!(near(ours.owed, total * (1.0 - share) + disposed), "owed {}", ours.owed);
    }
}
