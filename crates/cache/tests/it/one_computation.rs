//! One computation for each key, however many ask.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use piecewatch_cache::{Cache, Kept};

use crate::{Broken, settings, wait_until};

type Answers = Cache<u8, Arc<str>, Broken>;

fn cache() -> Answers {
    Cache::new(settings(Duration::from_secs(60)), || Duration::ZERO, |_, _| 1)
}

/// Lets 64 threads ask for key 1 at once. Each would compute the same, when the 63 others wait.
fn ask_64_times(
    cache: &Answers,
    compute: impl Fn() -> Result<(Arc<str>, Kept), Broken> + Sync,
) -> Vec<Result<Arc<str>, Arc<Broken>>> {
    let barrier = Barrier::new(64);
    let ask = || {
        barrier.wait();
        cache.get(&1, || {
            wait_until(|| cache.stats().waits == 63);
            compute()
        })
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_64_threads_that_miss_one_key_one_computes() {
    let cache = cache();
    let computations = AtomicUsize::new(0);
    let answers = ask_64_times(&cache, || {
        computations.fetch_add(1, SeqCst);
        Ok(("answer".into(), Kept::ForTtl))
    });
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| Arc::ptr_eq(answer.as_ref().unwrap(), first)));
    assert_eq!(computations.load(SeqCst), 1);
    let stats = cache.stats();
    assert_eq!((stats.computations, stats.hits, stats.misses, stats.waits), (1, 0, 64, 63));
    assert_eq!(stats.entries, 1);
}

#[test]
fn an_error_is_shared_by_those_who_wait_and_by_nobody_else() {
    let cache = cache();
    let computations = AtomicUsize::new(0);
    let answers = ask_64_times(&cache, || {
        computations.fetch_add(1, SeqCst);
        Err(Broken(7))
    });
    let first = answers[0].as_ref().unwrap_err();
    assert_eq!(**first, Broken(7));
    assert!(answers.iter().all(|answer| Arc::ptr_eq(answer.as_ref().unwrap_err(), first)));
    assert_eq!(computations.load(SeqCst), 1);
    assert_eq!(cache.stats().errors, 1);
    let answer = cache.get(&1, || Ok(("mended".into(), Kept::ForTtl)));
    assert_eq!(answer.as_deref(), Ok("mended"));
}

#[test]
fn who_waits_holds_no_connection() {
    // A pool of two, one of which the computation takes.
    let pool = [Mutex::new(()), Mutex::new(())];
    let connection = || pool.iter().find_map(|connection| connection.try_lock().ok());
    let cache = cache();
    let taken = AtomicUsize::new(0);
    ask_64_times(&cache, || {
        let _connection = connection().unwrap();
        taken.fetch_add(1, SeqCst);
        assert!(connection().is_some(), "63 wait, and the other one is free");
        Ok(("answer".into(), Kept::ForTtl))
    });
    assert_eq!(taken.load(SeqCst), 1);
}

#[test]
fn a_computation_may_use_the_cache_for_anything_else() {
    let cache = cache();
    let answer = cache.get(&1, || {
        let part = cache.get(&2, || Ok(("part".into(), Kept::ForTtl))).unwrap();
        cache.sweep();
        cache.invalidate(|key| *key == 3);
        assert_eq!(cache.stats().entries, 1);
        Ok((format!("whole of {part}").into(), Kept::ForTtl))
    });
    assert_eq!(answer.as_deref(), Ok("whole of part"));
    assert_eq!(cache.stats().entries, 2);
}

#[test]
fn other_keys_are_answered_while_one_is_computed() {
    let cache = cache();
    let (begun, other) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            cache.get(&1, || {
                begun.wait();
                other.wait();
                Ok(("slow".into(), Kept::ForTtl))
            })
        });
        begun.wait();
        let answer = cache.get(&2, || Ok(("quick".into(), Kept::ForTtl)));
        assert_eq!(answer.as_deref(), Ok("quick"));
        other.wait();
    });
    assert_eq!(cache.stats().entries, 2);
}

#[test]
fn when_a_computation_panics_those_who_wait_compute_for_themselves() {
    let cache = cache();
    let computations = AtomicUsize::new(0);
    let ended = thread::scope(|scope| {
        let panics = scope.spawn(|| {
            cache.get(&1, || {
                computations.fetch_add(1, SeqCst);
                wait_until(|| cache.stats().waits == 8);
                panic!("as this test wants it")
            })
        });
        wait_until(|| computations.load(SeqCst) == 1);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    cache.get(&1, || {
                        computations.fetch_add(1, SeqCst);
                        Ok(("answer".into(), Kept::ForTtl))
                    })
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap().as_deref(), Ok("answer"));
        }
        panics.join()
    });
    assert!(ended.is_err(), "the panic went on in its thread");
    assert_eq!(computations.load(SeqCst), 2, "one of those who waited, for all of them");
}

#[test]
fn a_weight_that_panics_strands_nobody() {
    let cache: Cache<u8, u8, Broken> = Cache::new(
        settings(Duration::from_secs(60)),
        || Duration::ZERO,
        |_, value| {
            assert_ne!(*value, 13, "as this test wants it");
            1
        },
    );
    let ask =
        |value| catch_unwind(AssertUnwindSafe(|| cache.get(&1, || Ok((value, Kept::ForTtl)))));
    assert!(ask(13).is_err());
    assert_eq!(ask(14).unwrap(), Ok(14));
}

#[test]
fn a_key_within_its_own_computation_is_refused() {
    let cache = cache();
    let circle = || cache.get(&1, || Ok((cache.get(&1, || Err(Broken(1))).unwrap(), Kept::ForTtl)));
    let panic = catch_unwind(AssertUnwindSafe(circle)).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().map(String::as_str),
        Some("a computation of the cache `tested` asks for the value of its own key")
    );
    // And is as if it had not been asked for.
    let answer = cache.get(&1, || Ok(("answer".into(), Kept::ForTtl)));
    assert_eq!(answer.as_deref(), Ok("answer"));
}
