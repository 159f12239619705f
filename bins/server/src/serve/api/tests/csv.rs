//! Answers as CSV: a heading in any case, and as many rows as JSON tells.

use super::{Api, Bench, Body, ENDPOINTS, bytes_of};

#[test]
fn a_heading_is_the_same_with_rows_and_without() {
    let (full, empty) = (Bench::new(), Bench::empty());
    let mut with_rows = 0;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.has_csv()) {
        let window = endpoint.parameters.iter().any(|of| of.name == "window");
        let window = if window { "&window=9999d" } else { "" };
        let question = format!("{}?format=csv{window}", endpoint.path);
        let (heading, rows) = full.csv(&question);
        assert!(heading.len() > 1, "{question}: {heading:?}");
        let mut names = heading.clone();
        names.sort();
        names.dedup();
        // The name of a thing and of its node may not be the same column.
        assert!(names.len() + 1 >= heading.len(), "{question}: {heading:?}");
        let (without, none) = empty.csv(&question);
        assert_eq!(heading, without, "{question}");
        assert!(none.is_empty(), "{question}: {none:?}");
        with_rows += usize::from(!rows.is_empty());
        // A heading is what a row would be written under.
        if !rows.is_empty() {
            assert!(rows.iter().all(|row| row.len() == heading.len()), "{question}");
        }
    }
    assert!(with_rows > 15, "most have rows: {with_rows}");
}

#[test]
fn there_are_as_many_rows_as_in_json() {
    let bench = Bench::new();
    for (question, list) in [
        ("/api/v1/transfers/slow?limit=30&window=9999d", "transfers"),
        ("/api/v1/latency?window=9999d", "measured"),
        ("/api/v1/latency?by=hour&nodes=attic", "measured"),
        ("/api/v1/traffic?window=9999d", "points"),
        ("/api/v1/sizes?window=9999d", "sizes"),
        ("/api/v1/pieces/hot?window=9999d", "pieces"),
        ("/api/v1/compactions?window=9999d", "compactions"),
        ("/api/v1/maintenance?window=9999d", "maintenance"),
        ("/api/v1/reputation/history?window=30d", "scores"),
        ("/api/v1/earnings/reconciliation?months=12", "months"),
        ("/api/v1/nodes?nodes=attic,barn", "nodes"),
    ] {
        let told = bench.json(question)[list].as_array().unwrap().len();
        let (_, rows) = bench.csv(&format!("{question}&format=csv"));
        assert_eq!(rows.len(), told, "{question}");
        assert!(told > 0, "{question}");
    }
}

#[test]
fn all_transfers_of_a_window_are_written_page_after_page() {
    let bench = Bench::new();
    let overview = bench.json("/api/v1/overview?nodes=barn&window=9999d");
    let node = &overview["nodes"][0];
    let ended = node["actions"].as_array().unwrap().iter();
    let ended: u64 = ended.map(|part| part["count"].as_u64().unwrap()).sum();
    let all = ended + node["rejected"].as_u64().unwrap();
    assert!(all > 2_000, "more than a page: {all}");
    let (heading, rows) = bench.csv("/api/v1/transfers?nodes=barn&window=9999d&format=csv");
    assert_eq!(rows.len() as u64, all);
    assert_eq!(heading[0], "at");
    for limit in [1, 999, 1000] {
        let question =
            format!("/api/v1/transfers?nodes=barn&window=9999d&format=csv&limit={limit}");
        assert_eq!(bench.csv(&question).1, rows[..limit], "{limit}");
    }
}

/// A reader that went away ends the writing, and no memory is taken for what nobody reads.
#[test]
fn rows_are_written_in_pieces_and_end_when_nobody_reads() {
    struct Few(usize, usize);
    impl std::io::Write for Few {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1 = self.1.max(bytes.len());
            let left = self.0.checked_sub(bytes.len());
            self.0 = left.ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let bench = Bench::new();
    let question = "/api/v1/transfers?window=9999d&format=csv";
    let all = bytes_of(bench.ask(question).unwrap()).len();
    let super::Body::Rows(rows) = bench.ask(question).unwrap().body else { panic!("no rows") };
    let mut some = Few(all / 2, 0);
    assert!(rows(&mut some).unwrap_err().is_broken_pipe());
    assert!(some.1 <= 64 << 10, "{} bytes at once", some.1);
}

#[test]
fn only_transfers_are_written_while_they_are_read() {
    let bench = Bench::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.has_csv()) {
        let answer = bench.ask(&format!("{}?format=csv", endpoint.path)).unwrap();
        let is_streamed = matches!(answer.body, Body::Rows(_));
        assert_eq!(is_streamed, Api::is_streamed(endpoint.path, "format=csv"), "{}", endpoint.path);
        assert_eq!(is_streamed, endpoint.path == "/api/v1/transfers", "{}", endpoint.path);
        assert!(!Api::is_streamed(endpoint.path, "format=json"), "{}", endpoint.path);
    }
}
