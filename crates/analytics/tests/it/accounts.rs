//! What a node, its satellites and its files say of what it holds.

use piecewatch_analytics::storage::{
    Cause, CauseKind, FileAccount, FilePart, NodeStorage, Overused, StoredDay, storage_of,
    stored_days_of,
};
use piecewatch_model::{
    ByteCount, ByteHours, Compaction, DailyStorage, Fact, KnownSatellite, Maintenance,
    MaintenanceKind, Phase, Record, SatelliteId, Space, Standing, StorageBasis, Transfer,
};
use piecewatch_store::Window;

use crate::{
    node::{DAY, Node, at, bytes},
    written::transfer,
};

const NOW: i64 = 20 * DAY;
const GB: u64 = 1_000_000_000;

fn satellite(index: usize) -> SatelliteId {
    KnownSatellite::ALL[index].id()
}

fn stored(index: usize, day: i64, gigabytes: u64) -> Fact {
    Fact::Storage(DailyStorage {
        satellite: satellite(index),
        day: at(day * DAY),
        byte_hours: ByteHours::new(gigabytes * GB * 24),
        covered_seconds: Some(86_400),
        average: None,
        basis: StorageBasis::Reported,
    })
}

fn joined(index: usize, day: i64) -> Fact {
    Fact::Standing(Standing {
        joined_at: Some(at(day * DAY)),
        ..Standing::unknown(satellite(index))
    })
}

/// An allotment of 2,000 GB: 1,000 of pieces, 60 of trash, 40 of what else there is.
fn space() -> Fact {
    Fact::Space(Space {
        used: bytes(1_000 * GB),
        trash: bytes(60 * GB),
        available: bytes(900 * GB),
        total: bytes(2_000 * GB),
        overused: bytes(0),
        reclaimable: bytes(25 * GB),
    })
}

fn asked(facts: Vec<Fact>) -> Node {
    let mut node = Node::new();
    node.tells(at(NOW), facts);
    node
}

fn storage(node: &Node) -> NodeStorage {
    storage_of(&node.reader(), &node.name, at(NOW + 1)).unwrap()
}

/// Of part `s0`: 30 GB of the log files are dead, and 20 of what lives are trash.
fn compaction(index: usize, second: i64, live: u64) -> Record {
    compaction_of("s0", index, second, [live + 30, live, 20])
}

/// What is in the log files of a part, what of it lives, and what of that is trash.
fn compaction_of(store: &str, index: usize, second: i64, gigabytes: [u64; 3]) -> Record {
    let [logs, live, trash] = gigabytes.map(|gigabytes| bytes(gigabytes * GB));
    Record::Compaction(Box::new(Compaction {
        at: at(NOW - 1_000 + second),
        satellite: satellite(index),
        store: store.into(),
        phase: Phase::Finished,
        duration_micros: Some(1),
        logs,
        live,
        trash,
        reclaimable: None,
        reclaimed: None,
        rewritten: None,
        table_load: Some(0.4),
        trash_share: None,
        error: None,
    }))
}

fn walk(index: usize, second: i64, gigabytes: u64) -> Record {
    Record::Maintenance(Box::new(Maintenance {
        at: at(NOW - 1_000 + second),
        kind: MaintenanceKind::UsedSpaceWalker,
        phase: Phase::Finished,
        satellite: Some(satellite(index)),
        store: None,
        duration_micros: None,
        examined: None,
        affected: None,
        failed: None,
        bytes: bytes(gigabytes * GB),
    }))
}

fn cause(kind: CauseKind, gigabytes: i64) -> Cause {
    Cause { kind, bytes: gigabytes * 1_000_000_000 }
}

#[test]
fn the_difference_is_explained_to_the_byte() {
    let facts = vec![space(), stored(0, 17, 500), stored(0, 18, 600), stored(1, 18, 300)];
    let mut node = asked(facts);
    let before = storage(&node).accounts;
    assert_eq!(before.reported(), bytes(900 * GB), "the newest day of each");
    let expected =
        [cause(CauseKind::Trash, 60), cause(CauseKind::Other, 40), cause(CauseKind::Garbage, 100)];
    assert_eq!(before.causes, expected);

    // 30 GB of log files in the hash store are dead, and of what lives 20 are trash.
    let compactions =
        [compaction(0, 1, 700), compaction(0, 2, 720), compaction_of("s1", 0, 2, [0; 3])];
    let walks = [walk(0, 1, 0), walk(1, 3, 290), walk(1, 1, 1)];
    node.logs(compactions.into_iter().chain(walks).collect(), at(NOW));
    let storage = storage(&node);
    let accounts = &storage.accounts;
    let (files, causes) = (&accounts.files, &accounts.causes);
    assert_eq!((files.blobs, files.hash_store), (bytes(290 * GB), bytes(700 * GB)));
    assert_eq!(files.pieces(), bytes(990 * GB));
    assert_eq!((files.hash_store_dead, files.hash_store_trash), (bytes(30 * GB), bytes(20 * GB)));
    assert_eq!(causes[1..3], [cause(CauseKind::Dead, 30), cause(CauseKind::Other, 10)]);
    let whole = storage.capacity.whole.unwrap();
    let difference = whole.taken().get() as i64 - accounts.reported().unwrap().get() as i64;
    assert_eq!(causes.iter().map(|cause| cause.bytes).sum::<i64>(), difference);
}

fn moved(satellite: Option<SatelliteId>, second: i64, gigabytes: u64) -> Record {
    Record::Maintenance(Box::new(Maintenance {
        at: at(NOW - 1_000 + second),
        kind: MaintenanceKind::Migration,
        phase: Phase::Progress,
        satellite,
        store: None,
        duration_micros: None,
        examined: None,
        affected: Some(1),
        failed: None,
        bytes: bytes(gigabytes * GB),
    }))
}

/// A walk finds 1,000 GB of one satellite and 300 of another; of the first one's all are moved, and a
/// compaction finds them in the hash store.
#[test]
fn pieces_that_were_moved_are_counted_where_they_are() {
    // 20 GB of what lives is trash.
    for satellite in [Some(satellite(0)), None] {
        let mut node = asked(vec![joined(0, -90), joined(1, -90)]);
        let found = |node: &Node| storage(node).accounts.files;
        node.logs(vec![walk(0, 2, 1_000), walk(1, 3, 300)], at(NOW));
        node.logs(vec![moved(satellite, 5, 600), moved(satellite, 6, 400)], at(NOW));
        // As long as no compaction has told of them, they are where the walk found them.
        assert_eq!(found(&node).pieces(), bytes(1_300 * GB));
        node.logs(vec![compaction(0, 8, 620), compaction_of("s1", 0, 9, [400, 400, 0])], at(NOW));
        assert_eq!(
            (found(&node).blobs, found(&node).pieces()),
            (bytes(300 * GB), bytes(1_300 * GB))
        );
        // What was moved before the walk, it has not found.
        node.logs(vec![moved(satellite, 1, 50)], at(NOW));
        assert_eq!(found(&node).pieces(), bytes(1_300 * GB));
    }
}

#[test]
fn what_is_known_of_some_satellites_is_not_told_as_that_of_all() {
    let mut node = asked(vec![joined(0, -90), joined(1, -90), joined(2, -90)]);
    node.logs(vec![walk(0, 1, 700), walk(2, 3, 200)], at(NOW));
    let files = storage(&node).accounts.files;
    assert_eq!(missing(&files), [(1, FilePart::Blobs)], "no walk");
    assert_eq!((files.pieces(), files.found()), (None, bytes(900 * GB)));
    node.logs(vec![walk(1, 4, 80)], at(NOW));
    let files = storage(&node).accounts.files;
    assert_eq!((files.missing.len(), files.pieces()), (0, bytes(980 * GB)));
}

/// The hash store has two parts for each satellite, which are compacted one after the other.
#[test]
fn one_part_of_a_hash_store_is_not_told_as_all_of_it() {
    use FilePart::{Blobs, S0, S1};
    let mut node = asked(vec![joined(0, -90), joined(1, -90), joined(2, -90)]);
    node.logs(vec![compaction(0, 1, 100), compaction_of("s1", 1, 2, [60, 60, 20])], at(NOW));
    let files = storage(&node).accounts.files;
    assert_eq!(missing(&files), [(0, S1), (1, S0), (2, S0), (2, S1)]);
    assert_eq!((files.pieces(), files.found()), (None, bytes(120 * GB)));
    // A walk over blobs tells that the node has some, and of this satellite nothing in a hash store
    // was ever told.
    node.logs(vec![walk(2, 3, 300)], at(NOW));
    let files = storage(&node).accounts.files;
    assert_eq!(missing(&files), [(0, Blobs), (0, S1), (1, Blobs), (1, S0)]);
    let rest = vec![walk(0, 4, 1), walk(1, 4, 2), compaction_of("s1", 0, 5, [30, 30, 20])];
    node.logs(rest.into_iter().chain([compaction(1, 5, 40)]).collect(), at(NOW));
    let files = storage(&node).accounts.files;
    assert_eq!((missing(&files), files.pieces()), (vec![], bytes(453 * GB)));

    // Of a node that is not asked, its traffic tells which satellites it serves.
    let mut unasked = Node::new();
    let transfers = [0, 1].map(|index| {
        let satellite = Some(satellite(index));
        Record::Transfer(Transfer { satellite, ..transfer(at(NOW - 2_000)) })
    });
    unasked.logs(transfers.into_iter().chain([compaction(0, 1, 100)]).collect(), at(NOW));
    let files = storage(&unasked).accounts.files;
    assert_eq!(missing(&files), [(0, S1), (1, S0), (1, S1)]);
    assert_eq!((files.pieces(), files.found()), (None, bytes(80 * GB)));
}

/// What is not known, by the satellites' indexes.
fn missing(files: &FileAccount) -> Vec<(usize, FilePart)> {
    let index = |id| (0..).find(|index| satellite(*index) == id).unwrap();
    let mut missing: Vec<(usize, FilePart)> =
        files.missing.iter().map(|of| (index(of.satellite), of.part)).collect();
    missing.sort_unstable();
    missing
}

/// The node counts 1,000 GB.
#[test]
fn why_a_node_counts_other_than_its_files_is_told_to_the_byte() {
    let check = |records: Vec<Record>, expected: &[Cause]| {
        let mut node = asked(vec![space(), joined(0, -90), joined(1, -90)]);
        node.logs(records, at(NOW));
        assert_eq!(storage(&node).accounts.file_causes, expected);
    };
    let hash_store = |live| [compaction(0, 1, live), compaction_of("s1", 0, 2, [live, live, 0])];
    let other = || [compaction_of("s0", 1, 3, [0; 3]), compaction_of("s1", 1, 4, [0; 3])];
    check(vec![], &[]);
    check(vec![walk(0, 1, 600), walk(1, 2, 400)], &[]);
    // 780 of 1,000 were found, and the other satellite's were not looked at.
    check(hash_store(400).into(), &[cause(CauseKind::UnknownFiles, 220)]);
    let all = |parts: [Record; 2]| parts.into_iter().chain(other()).collect();
    check(all(hash_store(510)), &[]);
    // What was written with a decimal of its GiB is not off by gigabytes.
    check(all(hash_store(502)), &[cause(CauseKind::ChangedOrMiscounted, 16)]);
    check(all(hash_store(520)), &[cause(CauseKind::ChangedOrMiscounted, -20)]);
    // 0.9 TiB may be 990 to 1,044 GB.
    let one = [compaction_of("s0", 0, 1, [990, 990, 0]), compaction_of("s1", 0, 2, [0; 3])];
    check(all(one), &[cause(CauseKind::Rounding, 10)]);
}

#[test]
fn files_told_of_days_ago_differ_by_what_came_since() {
    let mut node = Node::new();
    // 10 GB a day for 20 days, up to 1,000 GB.
    for day in 0..=20 {
        node.has(at(day * DAY), 800 * GB + day as u64 * 10 * GB, 2_000 * GB);
    }
    let walked_at = |days: i64, gigabytes| {
        let Record::Maintenance(mut walk) = walk(0, 1_000 - days * DAY, gigabytes) else {
            panic!()
        };
        walk.satellite = Some(satellite(0));
        vec![Record::Maintenance(walk)]
    };
    node.logs(walked_at(5, 930), at(NOW));
    let causes = storage(&node).accounts.file_causes;
    assert_eq!(
        causes,
        [cause(CauseKind::Since, 50), cause(CauseKind::ChangedOrMiscounted, 20)],
        "{causes:?}"
    );
    // It grew by more than what is to be explained.
    node.logs(walked_at(2, 990), at(NOW));
    assert_eq!(storage(&node).accounts.file_causes, [cause(CauseKind::Since, 10)]);
    // It found more than is counted now: growth does not explain it.
    node.logs(walked_at(1, 1_010), at(NOW));
    let causes = storage(&node).accounts.file_causes;
    assert_eq!(causes, [cause(CauseKind::ChangedOrMiscounted, -10)]);
}

#[test]
fn what_a_satellite_does_not_tell_is_not_called_garbage() {
    let node = asked(vec![space(), stored(0, 18, 600), stored(1, 10, 300), joined(2, -90)]);
    let accounts = storage(&node).accounts;
    assert_eq!(accounts.reported(), bytes(600 * GB), "ten days ago is not now");
    assert_eq!(accounts.unreported, [satellite(1), satellite(2)]);
    assert_eq!(accounts.causes.last(), Some(&cause(CauseKind::Unreported, 400)));
}

#[test]
fn a_node_that_counts_less_than_its_satellites_is_told_so() {
    let node = asked(vec![space(), stored(0, 18, 1_100)]);
    let causes = storage(&node).accounts.causes;
    assert_eq!(causes.last(), Some(&cause(CauseKind::NodeCountsLess, -100)));
    let unknown = asked(vec![stored(0, 18, 1_100)]);
    assert_eq!(storage(&unknown).accounts.causes, [], "nothing is known of the node's own count");
}

#[test]
fn the_shares_of_an_allotment_are_all_of_it() {
    let capacity = storage(&asked(vec![space()])).capacity;
    let whole = capacity.whole.unwrap();
    let share = |part| whole.share(part).unwrap();
    assert_eq!((share(whole.used), share(whole.trash)), (0.5, 0.03));
    assert_eq!((share(whole.other), share(whole.available)), (0.02, 0.45));
    assert_eq!(whole.taken(), ByteCount::new(1_100 * GB));
}

#[test]
fn an_overused_node_takes_more_than_it_was_allotted() {
    let space = Space {
        used: bytes(2_100 * GB),
        trash: bytes(50 * GB),
        available: bytes(0),
        total: bytes(2_000 * GB),
        overused: bytes(150 * GB),
        reclaimable: None,
    };
    let storage = storage(&asked(vec![Fact::Space(space)]));
    let whole = storage.capacity.whole.unwrap();
    assert_eq!((whole.taken(), whole.other), (ByteCount::new(2_150 * GB), ByteCount::new(0)));
    assert_eq!(whole.share(whole.taken()), Some(1.075));
    assert_eq!(storage.full, piecewatch_analytics::storage::DiskFull::Now);
    // Of 150 GB too much the trash goes by itself.
    let overused = Overused { bytes: ByteCount::new(150 * GB), passing: ByteCount::new(50 * GB) };
    assert_eq!(storage.accounts.overused, Some(overused));
    let within = self::storage(&asked(vec![self::space()]));
    assert_eq!(within.accounts.overused, None);
}

/// Gaps in the reports of satellites are told as gaps: not as zero, and not as a sum without them.
#[test]
fn a_day_that_nobody_reported_is_a_gap() {
    use StoredDay::{Calculated, Missing, NotServed, Pending, Reported};
    let calculated = |index, day, average| {
        Fact::Storage(DailyStorage {
            satellite: satellite(index),
            day: at(day * DAY),
            byte_hours: ByteHours::new(0),
            covered_seconds: None,
            average,
            basis: StorageBasis::Calculated,
        })
    };
    let mut facts: Vec<Fact> =
        [12, 13, 15, 17].map(|day| stored(0, day, 600 + day as u64)).to_vec();
    facts.extend([14, 15, 16, 17].map(|day| stored(1, day, 100)));
    facts.extend([joined(0, -90), joined(1, 14), calculated(0, 16, bytes(616 * GB))]);
    facts.push(calculated(0, 14, None));
    let node = asked(facts);
    let window = Window { from: at(12 * DAY), to: at(NOW) };
    let days = stored_days_of(&node.reader(), &node.name, window, at(NOW)).unwrap();
    let gigabytes = |amount: u64| ByteCount::new(amount * GB);
    let first = [
        Reported(gigabytes(612)),
        Reported(gigabytes(613)),
        Missing,
        Reported(gigabytes(615)),
        Calculated(gigabytes(616)),
        Reported(gigabytes(617)),
        Pending,
        Pending,
    ];
    assert_eq!(days.satellites[&satellite(0)], first);
    assert_eq!(
        days.satellites[&satellite(1)][..3],
        [NotServed, NotServed, Reported(gigabytes(100))]
    );
    let total = days.total();
    let known = [Some(612), Some(613), None, Some(715), Some(716), Some(717), None, None];
    assert_eq!(total, known.map(|amount| amount.map(gigabytes)));
    assert_eq!(days.missing().collect::<Vec<_>>(), [(satellite(0), vec![at(14 * DAY)])]);
}

/// Nodes are asked for the current month: what was before the first poll is nobody's gap.
#[test]
fn months_before_the_first_poll_were_not_asked_for() {
    let node = asked(vec![stored(0, 17, 600), joined(0, -90), joined(1, -90)]);
    // From the 25th of July on; the poll is of the 21st of August.
    let window = Window { from: at(-7 * DAY), to: at(NOW) };
    let days = stored_days_of(&node.reader(), &node.name, window, at(NOW)).unwrap();
    let [first, second] = [0, 1].map(|index| &days.satellites[&satellite(index)]);
    assert!(first[..7].iter().all(|day| *day == StoredDay::NotAsked), "{first:?}");
    assert_eq!((first[7], first[7].bytes()), (StoredDay::Missing, None));
    assert_eq!((second[6].name(), second[6].bytes()), ("not_asked", None));
    let gaps: Vec<usize> = days.missing().map(|(_, days)| days.len()).collect();
    // Of eighteen days before the pending ones, the first satellite reported one.
    assert_eq!(gaps.iter().max(), Some(&18));
    assert_eq!(gaps.iter().min(), Some(&17));
}
