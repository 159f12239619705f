//! The metrics of a debug endpoint: few of thousands of series, in bounded memory.

use piecewatch_model::{Action, Measure};
use piecewatch_node_api::answer::MetricsReader;

const SCOPE: &str = "storj_io_storj_storagenode_piecestore";

/// The eight lines of one measurement, with values 1 to 8 times `unit`: count, sum, rmin, r10, r50,
/// r90, r99, rmax.
pub(crate) fn series(name: &str, tag: &str, unit: f64) -> String {
    let fields = ["count", "sum", "rmin", "r10", "r50", "r90", "r99", "rmax"];
    let mut text = format!("# TYPE {name} gauge\n");
    for (at, field) in fields.into_iter().enumerate() {
        let value = unit * (at + 1) as f64;
        text += &format!("{name}{{{tag}scope=\"{SCOPE}\",field=\"{field}\"}} {value}\n");
    }
    // Others that a node has too.
    text + &format!("{name}{{{tag}scope=\"{SCOPE}\",field=\"ravg\"}} 99\n")
}

fn answer() -> String {
    let mut text = String::new();
    for function in 0..2_000 {
        text += &format!(
            "function_times{{name=\"f{function}\",scope=\"storj_io_common\",field=\"count\"}} 5\n"
        );
    }
    text += &series("upload_success_duration_ns", "", 1_000_000.0);
    text += &series("download_success_duration_ns", "action=\"GET\",", 2_000_000.0);
    text += &series("download_success_duration_ns", "action=\"GET_AUDIT\",", 3_000.0);
    text += &series("download_time_to_first_byte_sent", "", 2.0);
    text += &series("download_orders_amount", "action=\"GET_REPAIR\",", 256.0);
    text += &series("upload_failure_duration_ns", "", 1.0);
    text
}

fn read(text: &str, piece: usize) -> Vec<piecewatch_model::Quantiles> {
    let mut reader = MetricsReader::default();
    text.as_bytes().chunks(piece).for_each(|bytes| reader.push(bytes));
    reader.finish()
}

#[test]
fn durations_first_bytes_and_amounts_get_their_unit() {
    let found = read(&answer(), usize::MAX);
    let shown: Vec<_> = found
        .iter()
        .map(|of| (of.measure, of.action.clone(), of.count, of.sum, of.min, of.p50, of.max))
        .collect();
    // Microseconds of nanoseconds and of seconds; bytes of bytes. Counts have no unit.
    let expected = [
        (Measure::Duration, Action::Get, 2_000_000, 4_000.0, 6_000.0, 10_000.0, 16_000.0),
        (Measure::Duration, Action::GetAudit, 3_000, 6.0, 9.0, 15.0, 24.0),
        (Measure::Duration, Action::Upload, 1_000_000, 2_000.0, 3_000.0, 5_000.0, 8_000.0),
        (Measure::FirstByte, Action::Download, 2, 4e6, 6e6, 1e7, 1.6e7),
        (Measure::OrderAmount, Action::GetRepair, 256, 512.0, 768.0, 1_280.0, 2_048.0),
    ];
    for expected in &expected {
        let close = |of: &(Measure, Action, u64, f64, f64, f64, f64)| {
            let same = |one: f64, other: f64| (one - other).abs() < 1e-6;
            (of.0, &of.1, of.2) == (expected.0, &expected.1, expected.2)
                && same(of.3, expected.3)
                && same(of.4, expected.4)
                && same(of.5, expected.5)
                && same(of.6, expected.6)
        };
        assert!(shown.iter().any(close), "{expected:?} is not in {shown:?}");
    }
    assert_eq!(shown.len(), expected.len());
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let whole = read(&answer(), usize::MAX);
    for piece in [1, 7, 64, 4_096] {
        assert_eq!(read(&answer(), piece), whole, "{piece}");
    }
}

#[test]
fn what_is_not_whole_or_not_of_transfers_is_left_out() {
    let series = series("upload_success_duration_ns", "", 1_000.0);
    assert_eq!(read(&series, 100).len(), 1);
    let without = |words: &str| -> String {
        series
            .lines()
            .filter(|line| !line.contains(words))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    assert_eq!(read(&without("r99"), 100), []);
    assert_eq!(read(&series.replace("piecestore", "satellites"), 100), []);
    assert_eq!(read(&series.replace(" 8000\n", " NaN\n"), 100), []);
    // The last line of an answer that breaks off may be half a number.
    let cut = without("ravg");
    assert_eq!(read(cut.trim_end(), 100), []);
}

#[test]
fn an_endless_line_and_endless_actions_fill_no_memory() {
    let mut reader = MetricsReader::default();
    for _ in 0..10_000 {
        reader.push(&[b'x'; 4_096]);
    }
    reader.push(b"\n");
    reader.push(series("upload_success_duration_ns", "", 1_000.0).as_bytes());
    for action in 0..10_000 {
        let tag = format!("action=\"A{action}\",");
        reader.push(series("download_success_duration_ns", &tag, 1.0).as_bytes());
    }
    let found = reader.finish();
    assert!(found.iter().any(|of| of.action == Action::Upload));
    assert!(found.len() <= 64, "{}", found.len());
}
