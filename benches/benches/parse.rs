//! Lines to what they say, on one core, beside the bare search for line ends in the same bytes.

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use memchr::memchr_iter;
use piecewatch_ingest::{Parsed, Parser};
use piecewatch_simulator::{Encoding, Vocabulary};

const LINES: u64 = 200_000;

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    group.sample_size(20);
    for (encoding, vocabulary) in [
        (Encoding::Console, Vocabulary::Y2026),
        (Encoding::Console, Vocabulary::Y2025),
        (Encoding::Console, Vocabulary::Y2022),
        (Encoding::Json, Vocabulary::Y2026),
        (Encoding::DockerJson, Vocabulary::Y2026),
    ] {
        let (log, lines) = piecewatch_benches::log(encoding, vocabulary, LINES);
        group.throughput(Throughput::Elements(lines));
        let name = format!("{encoding}-{vocabulary}");
        pair(&mut group, &name, &log);
    }
    group.finish();
}

fn pair(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, log: &[u8]) {
    group.bench_function(format!("{name}/lines"), |bencher| {
        let mut parser = Parser::new();
        bencher.iter(|| {
            let mut transfers = 0_u64;
            let mut begin = 0;
            for end in memchr_iter(b'\n', log) {
                let parsed = parser.parse(black_box(&log[begin..end]));
                transfers += u64::from(matches!(parsed, Parsed::Ended(_)));
                begin = end + 1;
            }
            transfers
        });
    });
    group.bench_function(format!("{name}/newline-scan"), |bencher| {
        bencher.iter(|| memchr_iter(b'\n', black_box(log)).fold(0, |sum, end| sum ^ end));
    });
}

criterion_group!(benches, parse);
criterion_main!(benches);
