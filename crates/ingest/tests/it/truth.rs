//! What is read from a simulated log equals what the simulator says is in it.

use std::fs::{self, File};

use piecewatch_simulator::{Config, Encoding, Simulator, Vocabulary};

use crate::reading::Taken;

#[test]
fn every_encoding_in_every_vocabulary_gives_the_true_totals() {
    let folder = tempfile::tempdir().unwrap();
    for encoding in Encoding::ALL {
        for vocabulary in Vocabulary::ALL {
            let path = folder.path().join(format!("{encoding}-{vocabulary}.log"));
            let config = Config { seed: 7, encoding, vocabulary, ..Config::default() };
            let truth =
                Simulator::new(config).write(20_000, &mut File::create(&path).unwrap()).unwrap();
            let mut taken = Taken::default();
            taken.import(std::slice::from_ref(&path));
            let name = path.display();
            assert_eq!(taken.totals(), truth.transfers, "{name}");
            let counts = taken.counts;
            assert_eq!(counts.lines(), truth.lines, "{name}: lines");
            assert_eq!(counts.started, truth.started, "{name}: started");
            assert_eq!(counts.rejected, truth.rejected, "{name}: rejected");
            assert_eq!(counts.told_twice, truth.told_twice, "{name}: told twice");
            assert_eq!(counts.compactions, truth.compactions, "{name}: compactions");
            assert_eq!(counts.orders, truth.orders, "{name}: orders");
            assert_eq!(counts.scores, truth.scores, "{name}: scores");
            // A crash prints its trace in lines of its own.
            let traces = truth.continuation..=truth.continuation + truth.crash + truth.foreign;
            assert!(traces.contains(&counts.continuation), "{name}: {counts:?} {truth:?}");
            assert!(counts.unparsed <= truth.foreign, "{name}: {counts:?} {truth:?}");
            assert_eq!(counts.skipped_bytes, truth.nul_bytes, "{name}: NUL bytes");
            let latencies: Vec<_> =
                taken.transfers().filter_map(|transfer| transfer.latency).collect();
            assert_eq!(latencies.len() as u64, truth.pairs.count, "{name}: pairs");
            let micros: u64 = latencies.iter().map(|latency| latency.micros).sum();
            let by_arrival = truth.pairs.arrival_micros;
            let expected = if by_arrival > 0 { by_arrival } else { truth.pairs.line_micros };
            assert_eq!(micros, expected, "{name}: sum of the latencies");
            fs::remove_file(&path).unwrap();
        }
    }
}
