//! Any bytes at all as a log on standard input: no panic, every line is counted, and the second
//! time nothing is new.

#![no_main]

use std::{num::NonZeroUsize, path::Path, sync::atomic::AtomicU64};

use libfuzzer_sys::fuzz_target;
use piecewatch_ingest::{Error, FileReport, Flow, Import, ImportConfig};
use piecewatch_model::{Checkpoint, LineCounts};

fuzz_target!(|bytes: &[u8]| {
    let mut known = Vec::new();
    let mut counts = LineCounts::default();
    match import(bytes, &mut known, &mut counts) {
        Ok(report) if !is_compressed(bytes) => {
            let read = &bytes[..bytes.len() - report.unread_bytes as usize];
            let lines = read.iter().filter(|&&byte| byte == b'\n').count() as u64;
            assert_eq!(counts.lines(), lines, "every line is counted once");
        }
        Ok(_) => {}
        // What came before a broken end is stored, and the end stays broken.
        Err(_) => return,
    }
    if !known.is_empty() {
        let mut again = LineCounts::default();
        import(bytes, &mut known, &mut again).expect("what was read once can be read again");
        assert_eq!(again, LineCounts::default(), "nothing is new the second time");
    }
});

fn import(
    bytes: &[u8],
    known: &mut Vec<Checkpoint>,
    counts: &mut LineCounts,
) -> Result<FileReport, Error> {
    let config = ImportConfig {
        node: "n1".parse().expect("it is a name"),
        workers: NonZeroUsize::MIN,
        countries: None,
        time_zone: None,
    };
    let mut import = Import::new(config, known.clone(), 0);
    import.stream(Path::new("-"), bytes, &AtomicU64::new(0), |batch| {
        *counts += batch.counts;
        // Of one source, the newest checkpoint.
        *known = vec![batch.end];
        Flow::Continue
    })
}

fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}
