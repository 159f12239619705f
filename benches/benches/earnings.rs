//! What 4 nodes earned on 6 satellites in 12 months: with nothing in the ledger's caches, and again.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run stops")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use piecewatch_benches::{Books, Told, clock::coarse};
use piecewatch_finance::Ledger;
use tempfile::TempDir;

fn earnings(criterion: &mut Criterion) {
    for (name, told) in [
        ("days", Told::Days),
        ("snapshots", Told::Snapshots),
        ("every-snapshot", Told::EverySnapshot),
    ] {
        let folder = TempDir::new().unwrap();
        let books = Books::make(folder.path(), told).unwrap();
        cold_and_warm(criterion, &format!("earnings/{name}/storage"), &books, |ledger| {
            books.storage_earnings(ledger).unwrap();
        });
        cold_and_warm(criterion, &format!("earnings/{name}/all"), &books, |ledger| {
            books.all_earnings(ledger).unwrap();
        });
    }
}

fn cold_and_warm(criterion: &mut Criterion, name: &str, books: &Books, ask: impl Fn(&Ledger)) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20);
    group.bench_function("cold", |bencher| {
        bencher.iter_batched(
            || books.ledger(coarse),
            |ledger| {
                ask(&ledger);
                ledger
            },
            BatchSize::PerIteration,
        );
    });
    let ledger = books.ledger(coarse);
    ask(&ledger);
    group.bench_function("warm", |bencher| bencher.iter(|| ask(&ledger)));
    group.finish();
}

criterion_group!(benches, earnings);
criterion_main!(benches);
