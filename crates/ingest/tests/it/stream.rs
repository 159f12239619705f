//! Standard input: read once, and known again all the same.

use std::io::{self, Read};

use piecewatch_ingest::{Error, FileReport, Status};
use piecewatch_simulator::{Encoding, Vocabulary};

use crate::reading::{Folder, Taken, gzip, line, line_begin, simulated, uploaded, zstd};

const NOTHING_NEW: FileReport = FileReport { status: Status::AlreadyImported, unread_bytes: 0 };

/// Gives its bytes and then fails, as a pipe whose writer is gone.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the pipe broke")),
            length => Ok(length),
        }
    }
}

#[test]
fn a_stream_in_any_compression_is_read_as_the_file_and_then_known() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 12_000);
    let (first, whole) = (Taken::of(&log[..line_begin(&log, 3_000)]), Taken::of(&log));
    for compress in [<[u8]>::to_vec, gzip, zstd] {
        let early = compress(&log[..line_begin(&log, 3_000)]);
        let mut taken = Taken::default();
        let report = taken.stream(&*early).unwrap();
        assert_eq!(report, FileReport { status: Status::Imported, unread_bytes: 0 });
        assert_eq!(taken.counts, first.counts);
        // From here on its beginning is known, so it goes by way of a temporary file.
        assert_eq!(taken.stream(&*early).unwrap(), NOTHING_NEW);
        assert_eq!(taken.stream(&*compress(&log)).unwrap().status, Status::Resumed);
        assert_eq!(taken.stream(&*compress(&log)).unwrap(), NOTHING_NEW);
        assert_eq!((taken.counts, taken.totals()), (whole.counts, whole.totals()));
        assert_eq!(taken.checkpoints, whole.checkpoints);
        // The name that people see is never that of the temporary file.
        assert!(taken.sources.iter().all(|source| source == "standard input"));
    }
}

#[test]
fn a_file_and_a_stream_of_the_same_content_are_one_source() {
    let (log, _) = simulated(Encoding::JournalJson, Vocabulary::Mixed, 1_000);
    let mut taken = Taken::of(&log);
    assert_eq!(taken.stream(&*log).unwrap(), NOTHING_NEW);
    let mut taken = Taken::default();
    taken.stream(&*log).unwrap();
    assert_eq!(taken.import_one(&Folder::new().write("node.log", &log)), NOTHING_NEW);
}

#[test]
fn the_end_of_a_known_stream_is_as_the_stream_was() {
    let (first, second) = (uploaded(1, 'A'), uploaded(2, 'B'));
    let log = format!("{first}{second}");
    let unterminated = &log.as_bytes()[..log.len() - 1];
    let mut taken = Taken::of(first.as_bytes());
    let report = taken.stream(unterminated).unwrap();
    assert_eq!(
        (report.status, report.unread_bytes),
        (Status::AlreadyImported, second.len() as u64 - 1)
    );
    let report = taken.stream(&*gzip(unterminated)).unwrap();
    assert_eq!((report.status, report.unread_bytes), (Status::Resumed, 0));
    assert_eq!(taken.counts.transfers, 2);
}

#[test]
fn a_known_stream_may_go_before_files() {
    let folder = Folder::new();
    let start = line("2026-08-19T14:00:00Z", "DEBUG", "upload started", 'A', "\"action\": \"PUT\"");
    let known = format!("{}{start}", uploaded(0, 'B'));
    let mut taken = Taken::of(known.as_bytes());
    let mut import = taken.begin(1);
    assert_eq!(taken.stream_into(&mut import, known.as_bytes()).unwrap(), NOTHING_NEW);
    let next = folder.write("node.log", uploaded(9, 'A').as_bytes());
    let next = piecewatch_ingest::Archive::open(&next).unwrap();
    assert_eq!(taken.file(&mut import, &next).unwrap().status, Status::Imported);
}

#[test]
fn a_stream_that_breaks_off_keeps_what_was_read() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 12_000);
    assert!(log.len() > 3 << 20);
    for cut in [500, 5_000, log.len() / 2, log.len() - 3] {
        let mut taken = Taken::default();
        let broken = taken.stream(Breaking(&log[..cut])).unwrap_err();
        assert!(broken.to_string().contains("the pipe broke"), "{broken}");
        let lines = log[..cut].iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(taken.counts.lines(), lines);
        // The same again, and it breaks later: known by now.
        assert!(taken.stream(Breaking(&log[..cut + 2])).is_err());
        assert_eq!(taken.stream(&*log).unwrap().status, Status::Resumed);
        assert_eq!(taken.counts, Taken::of(&log).counts);
    }
}

#[test]
fn a_stream_that_is_no_log_is_refused() {
    let mut taken = Taken::default();
    assert!(matches!(taken.stream(&b""[..]), Err(Error::Empty { .. })));
    assert!(matches!(taken.stream(&b"\n"[..]), Err(Error::NotALog { .. })));
    assert!(matches!(taken.stream(&[7; 9_000][..]), Err(Error::NotALog { .. })));
    assert!(matches!(taken.stream(&*gzip(b"")), Err(Error::NotALog { .. })));
    let pretty = "14:03:27.412\tINFO\tuploaded\n\tsize: 1\n".repeat(9);
    assert!(matches!(
        taken.stream(pretty.as_bytes()),
        Err(Error::Encoding { encoding: "pretty", .. })
    ));
    assert!(taken.checkpoints.is_empty() && taken.records.is_empty());
}
