//! What was read counts once: before it is committed, while it is, and after.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use piecewatch_collector::pipeline::{Pipeline, unwritten::Unwritten};
use piecewatch_store::{Store, StoreConfig};

use super::world::{World, last_hour, noon, number, today, wait};
use crate::serve::live::Live;

const MILLI: Duration = Duration::from_millis(1);

/// Commits come every few milliseconds, and questions as fast as they can: one that counted a batch
/// twice, or lost one between memory and database, would go back or ahead of what was written. Of
/// commits is told late and seldom.
#[test]
fn totals_never_go_back_and_are_never_ahead_while_commits_happen() {
    for is_watched in [true, false] {
        let world = World::new(&["attic", "barn"]);
        let (pipeline, unwritten) = world.watched(5 * MILLI);
        unwritten.watch(is_watched);
        let live = world.live(Some(&unwritten));
        let is_done = AtomicBool::new(false);
        let mut evaluations = 0;
        let (mut last_today, mut last_minutes, mut distinct) = (0, 0, 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for step in 0..400 {
                    world.log(step % 2).write(5 + step as u64 % 7).unwrap();
                    thread::sleep(4 * MILLI);
                }
                is_done.store(true, Ordering::Relaxed);
            });
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    live.committed().unwrap();
                    thread::sleep(15 * MILLI);
                }
            });
            let mut is_last = false;
            while !is_last {
                is_last = is_done.load(Ordering::Relaxed);
                let now_today = today(&live, &[]);
                let written = world.all();
                assert!(last_today <= now_today, "{now_today} after {last_today}");
                assert!(now_today <= written, "{now_today} of {written}");
                let now_minutes = last_hour(&live, &["barn", "attic"]);
                let written = world.all();
                assert!(last_minutes <= now_minutes, "{now_minutes} after {last_minutes}");
                assert!(now_minutes <= written, "{now_minutes} of {written}");
                distinct += usize::from(now_today != last_today);
                (last_today, last_minutes) = (now_today, now_minutes);
                evaluations += 1;
            }
        });
        wait("all is counted", || {
            live.committed().unwrap();
            today(&live, &[]) == world.all()
        });
        assert_eq!(last_hour(&live, &[]), world.all());
        for (node, name) in ["attic", "barn"].into_iter().enumerate() {
            let state = live.state("overview", &[name]).unwrap();
            let counted = (number(&state, "/total/count"), number(&state, "/total/bytes"));
            assert_eq!(counted, world.truth(node), "{name}");
        }
        let commits = pipeline.state().writer.commits;
        assert!(
            commits > 50 && evaluations > 200 && distinct > 20,
            "{commits} {evaluations} {distinct}"
        );
        pipeline.stop().unwrap();
        assert!(unwritten.is_empty() || is_watched, "{} batches are left", unwritten.len());
        // Another look at the same database, with nothing in memory.
        assert_eq!(today(&world.live(None), &[]), world.all());
    }
}

/// The database learns of it after a minute, whoever looks at once.
#[test]
fn what_is_read_shows_before_it_is_committed() {
    let world = World::new(&["attic"]);
    let (pipeline, unwritten) = world.watched(Duration::from_secs(60));
    let live = world.live(Some(&unwritten));
    world.log(0).write(100).unwrap();
    wait("the first batch is there", || today(&live, &[]) == world.all());
    wait("it is committed", || pipeline.state().writer.commits == 1);
    // More batches than wait for a transaction.
    for _ in 0..30 {
        world.log(0).write(10).unwrap();
        wait("the next is, too", || today(&live, &[]) == world.all());
    }
    assert_eq!(pipeline.state().writer.commits, 1, "nothing more is committed");
    let before = live.state("transfers", &["attic"]).unwrap();
    assert_eq!(before["transfers"].as_object().unwrap().len(), 30);
    let traffic = live.state("traffic", &[]).unwrap();
    pipeline.stop().unwrap();
    // What is stored reads as what was not: the same rows by the same names.
    for live in [&live, &world.live(None)] {
        assert_eq!(live.state("transfers", &["attic"]).unwrap(), before);
        assert_eq!(live.state("traffic", &[]).unwrap(), traffic);
        assert_eq!(last_hour(live, &[]), world.all());
    }
}

/// Another process writes; all that is seen of it is commits. Its log is of this hour: what it writes
/// changes the last minutes alone, and only those are read anew.
#[test]
fn whoever_follows_sees_what_another_process_commits_once() {
    let ten_minutes = 600 * 1_000_000;
    let start = crate::clock::now().plus_micros(-ten_minutes);
    let world = World::beginning(&["attic", "barn"], start);
    let mut writer = Store::open(&world.db(), StoreConfig::default()).unwrap().writer;
    let mut parts = world.parts(None);
    parts.now = crate::clock::now;
    let live = Live::new(parts);
    writer.watch(crate::clock::now(), Duration::from_secs(30)).unwrap();
    let pipeline = Pipeline::start(world.config(Duration::from_secs(1))).unwrap();
    let (mut last, mut distinct) = ([0; 3], 0);
    for step in 0..300 {
        world.log(step % 2).write(7).unwrap();
        thread::sleep(5 * MILLI);
        let counted = [&[][..], &["attic"], &["barn"]].map(|nodes| last_hour(&live, nodes));
        let written = [world.all(), world.truth(0).0, world.truth(1).0];
        for ((counted, last), written) in counted.into_iter().zip(last).zip(written) {
            assert!(last <= counted && counted <= written, "{last} {counted} {written}");
        }
        distinct += usize::from(counted != last);
        last = counted;
        live.state("transfers", &[]).unwrap();
    }
    // A second and a half at least; once a second it would be committed two or three times.
    assert!(distinct > 4, "{distinct}");
    wait("all is counted", || last_hour(&live, &[]) == world.all());
    assert_eq!(last_hour(&live, &["attic"]), world.truth(0).0);
    // Some of what came so fast are listed, and once no more come the newest.
    for _ in 0..3 {
        live.state("transfers", &[]).unwrap();
    }
    let tail = live.state("transfers", &[]).unwrap();
    pipeline.stop().unwrap();
    assert_eq!(live.state("transfers", &[]).unwrap(), tail);
    let mut parts = world.parts(None);
    parts.now = crate::clock::now;
    let anew = Live::new(parts);
    assert_eq!(anew.state("transfers", &[]).unwrap(), tail);
    assert_eq!(last_hour(&anew, &[]), world.all());
}

/// An import reads the same log while it is followed: what it stored first the follower had read, too.
#[test]
fn what_somebody_else_stored_first_counts_once_in_the_end() {
    let world = World::new(&["attic"]);
    world.log(0).write(200).unwrap();
    let (pipeline, unwritten) = world.watched(20 * MILLI);
    unwritten.watch(true);
    let live = world.live(Some(&unwritten));
    let own = unwritten.place().process;
    let mut importer = Store::open(&world.db(), StoreConfig::default()).unwrap();
    let readers = importer.readers.clone();
    let stored = || {
        let commits = readers.get().unwrap().commits_since(0, 10_000).unwrap();
        let by_follower = commits.iter().filter(|commit| commit.process == own).count();
        (by_follower, commits.len() - by_follower)
    };
    for round in 0..400 {
        let (by_follower, by_import) = stored();
        if round >= 20 && by_follower > 0 && by_import > 0 {
            break;
        }
        world.log(0).write(40).unwrap();
        // Whoever is first stores it; the other one begins anew behind it.
        world.import(&mut importer, 0);
        today(&live, &[]);
        if round % 5 == 4 {
            wait("all is counted once", || today(&live, &[]) == world.all());
        }
    }
    wait("all is counted once", || today(&live, &[]) == world.all());
    let (by_follower, by_import) = stored();
    assert!(by_follower > 0 && by_import > 0, "one was always first: {by_follower}, {by_import}");
    // What was counted once may be read again by the follower, until it learns who has stored it.
    wait("the last hour is counted once", || last_hour(&live, &[]) == world.all());
    wait("bytes are counted once", || {
        let counted = live.state("overview", &[]).unwrap();
        number(&counted, "/total/bytes") == world.truth(0).1
    });
    pipeline.stop().unwrap();
    assert_eq!(today(&live, &[]), world.all());
    assert_eq!(today(&world.live(None), &[]), world.all());
}

#[test]
fn what_a_pipeline_left_is_counted_on_by_the_next_one() {
    let world = World::new(&["attic", "barn"]);
    let unwritten = Unwritten::new();
    unwritten.watch(true);
    let mut live = world.live(Some(&unwritten));
    let mut last = 0;
    let mut seen = |live: &Live| {
        let counted = today(live, &[]);
        assert!(last <= counted && counted <= world.all(), "{counted} after {last}");
        last = counted;
    };
    for round in 0..5 {
        if round == 2 {
            // The states of a server outlive its pipeline, or are made anew.
            live = world.live(Some(&unwritten));
        }
        let config = world.config(Duration::from_millis(50));
        let pipeline = Pipeline::start_watched(config, unwritten.clone()).unwrap();
        for _ in 0..20 {
            world.log(round % 2).write(30).unwrap();
            seen(&live);
            thread::sleep(MILLI);
        }
        if round == 4 {
            wait("all is counted", || today(&live, &[]) == world.all());
        }
        pipeline.stop().unwrap();
        seen(&live);
    }
    assert_eq!(today(&world.live(None), &[]), world.all());
}

/// Whoever looks anew is told what the rates are now.
#[test]
fn counts_of_the_overview_come_with_each_question_and_rates_once_a_second() {
    let world = World::beginning(&["attic"], noon().plus_micros(-30_000_000));
    world.log(0).write(40).unwrap();
    let (pipeline, unwritten) = world.watched(10 * MILLI);
    let live = world.live(Some(&unwritten));
    wait("the first lines are seen", || today(&live, &[]) == world.all());
    let rates = |live: &Live| live.state("overview", &[]).unwrap()["rates"].clone();
    let told = rates(&live);
    world.log(0).write(40).unwrap();
    wait("more lines are seen", || today(&live, &[]) == world.all());
    assert_eq!(rates(&live), told, "it is noon as before");
    assert_ne!(rates(&world.live(Some(&unwritten))), told);
    pipeline.stop().unwrap();
}

/// Each state of the three that change with each line costs one statement, and a short one.
#[test]
fn a_question_asks_one_cheap_statement_when_nothing_was_committed() {
    let world = World::new(&["attic", "barn", "cellar"]);
    // Of the whole half hour before noon.
    for node in 0..3 {
        world.log(node).write(50_000).unwrap();
    }
    let (pipeline, unwritten) = world.watched(10 * MILLI);
    let parts = world.parts(Some(&unwritten));
    let readers = parts.readers.clone();
    let live = Live::new(parts);
    wait("all is stored", || today(&live, &[]) == world.all() && unwritten.is_empty());
    for topic in ["overview", "traffic", "transfers"] {
        live.state(topic, &["attic"]).unwrap();
        let before = readers.asked();
        let begin = crate::clock::Stopwatch::start();
        for _ in 0..200 {
            live.state(topic, &["attic"]).unwrap();
        }
        let took = begin.elapsed() / 200;
        eprintln!("{topic}: {took:?}");
        let mut asked = readers.asked();
        for (question, count) in before {
            asked.entry(question).and_modify(|now| *now -= count);
        }
        asked.retain(|_, count| *count > 0);
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), [("the newest commit", 200)], "{topic}");
    }
    pipeline.stop().unwrap();
}

/// What is in memory is told without a thread that may wait; nothing else is.
#[test]
fn a_state_is_at_hand_when_everything_is_in_memory_and_equals_what_a_question_says() {
    let world = World::new(&["attic", "barn"]);
    let (pipeline, unwritten) = world.watched(Duration::from_secs(60));
    // What is committed is held until it is looked at.
    unwritten.watch(true);
    let live = world.live(Some(&unwritten));
    assert_eq!(live.state_at_hand("overview", &[]), None, "nothing was looked at yet");
    world.log(0).write(500).unwrap();
    live.committed().unwrap();
    wait("the first batch is there", || today(&live, &[]) == world.all());
    for topic in ["overview", "traffic", "transfers"] {
        // Not while it is committed: then only the database knows where it is.
        wait("what is in memory is at hand", || {
            live.committed().unwrap();
            let state = live.state(topic, &[]).unwrap();
            live.state_at_hand(topic, &[]) == Some(state)
        });
    }
    // It may be committed: of that nobody told.
    world.log(1).write(50).unwrap();
    wait("more is there and at hand", || {
        let is_all = today(&live, &[]) == world.all();
        let at_hand = live.state_at_hand("overview", &[]);
        is_all && at_hand.is_some_and(|state| number(&state, "/total/count") == world.all())
    });
    for (topic, nodes) in [("latency", &[][..]), ("weather", &[]), ("overview", &["loft"])] {
        assert_eq!(live.state_at_hand(topic, nodes), None, "{topic}");
    }
    let reading = live.base();
    assert_eq!(live.state_at_hand("traffic", &[]), None, "somebody reads the database");
    drop(reading);
    pipeline.stop().unwrap();
    live.committed().unwrap();
    assert_eq!(live.state_at_hand("traffic", &[]), None, "more was committed");
    assert_eq!(last_hour(&live, &[]), world.all());
}

/// Whoever writes tells of its commits, and others' are asked for every second: a question need not ask
/// whether there are any.
#[test]
fn a_question_asks_nothing_when_no_newer_commit_was_told_and_finds_what_others_wrote_when_it_was() {
    let world = World::new(&["attic", "barn"]);
    world.log(0).write(2_000).unwrap();
    let (pipeline, unwritten) = world.watched(10 * MILLI);
    let parts = world.parts(Some(&unwritten));
    let readers = parts.readers.clone();
    let live = Live::new(parts);
    wait("all is stored", || today(&live, &[]) == world.all() && unwritten.is_empty());
    live.committed().unwrap();
    today(&live, &[]);
    let before = readers.asked();
    for _ in 0..100 {
        assert_eq!(today(&live, &[]), world.all());
    }
    assert_eq!(readers.asked(), before, "nothing is asked");
    pipeline.stop().unwrap();
    // Another process.
    world.log(1).write(500).unwrap();
    let (other, _) = world.watched(10 * MILLI);
    wait("the other has stored it", || {
        live.committed().unwrap();
        today(&live, &[]) == world.all()
    });
    other.stop().unwrap();
}
