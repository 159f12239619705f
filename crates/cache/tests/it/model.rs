//! Any sequence of what one thread can do, beside a cache that is a map.

use std::{collections::HashMap, sync::Arc, time::Duration};

use piecewatch_cache::{Cache, Kept};
use proptest::prelude::*;

use crate::{
    Broken, settings,
    time::{now, pass, seconds},
};

const TTL: Duration = seconds(60);

#[derive(Debug, Clone)]
enum Step {
    Get { key: u8, takes: Duration, ends: Option<Kept> },
    Pass(Duration),
    Invalidate { from: u8 },
    Clear,
    Sweep,
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![3 => Just(Duration::ZERO), 3 => (0_u64..30).prop_map(seconds), 1 => Just(TTL)]
}

fn step() -> impl Strategy<Value = Step> {
    let ends = prop_oneof![
        6 => Just(Some(Kept::ForTtl)),
        1 => Just(Some(Kept::ForGood)),
        1 => Just(None),
    ];
    prop_oneof![
        12 => (0_u8..6, duration(), ends).prop_map(|(key, takes, ends)| Step::Get { key, takes, ends }),
        4 => duration().prop_map(Step::Pass),
        1 => (0_u8..8).prop_map(|from| Step::Invalidate { from }),
        1 => Just(Step::Clear),
        2 => Just(Step::Sweep),
    ]
}

/// Values and until when they may be given out.
#[derive(Default)]
struct Model {
    values: HashMap<u8, (u32, Option<Duration>)>,
    hits: u64,
    misses: u64,
    errors: u64,
}

impl Model {
    fn get(
        &mut self,
        key: u8,
        value: u32,
        began: Duration,
        ends: Option<Kept>,
    ) -> Result<u32, u32> {
        self.forget_expired(began);
        if let Some((value, _)) = self.values.get(&key) {
            self.hits += 1;
            return Ok(*value);
        }
        self.misses += 1;
        let until = match ends {
            Some(Kept::ForTtl) => Some(began + TTL),
            Some(Kept::ForGood) => None,
            None => {
                self.errors += 1;
                return Err(value);
            }
        };
        self.values.insert(key, (value, until));
        Ok(value)
    }

    fn forget_expired(&mut self, now: Duration) {
        self.values.retain(|_, (_, until)| until.is_none_or(|until| now < until));
    }
}

proptest! {
    #[test]
    fn a_cache_answers_as_a_map_with_times_does(steps in prop::collection::vec(step(), 1..200)) {
        let cache: Cache<u8, u32, Broken> = Cache::new(settings(TTL), now, |_, _| 1);
        let mut model = Model::default();
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Get { key, takes, ends } => {
                    let expected = model.get(key, number, now(), ends);
                    let answer = cache.get(&key, || {
                        pass(takes);
                        ends.map(|kept| (number, kept)).ok_or(Broken(number))
                    });
                    prop_assert_eq!(answer, expected.map_err(|number| Arc::new(Broken(number))));
                }
                Step::Pass(duration) => pass(duration),
                Step::Invalidate { from } => {
                    cache.invalidate(|key| *key >= from);
                    model.values.retain(|key, _| *key < from);
                }
                Step::Clear => {
                    cache.clear();
                    model.values.clear();
                }
                Step::Sweep => {
                    cache.sweep();
                    model.forget_expired(now());
                    prop_assert_eq!(cache.stats().entries, model.values.len() as u64);
                }
            }
        }
        let stats = cache.stats();
        prop_assert_eq!(
            (stats.hits, stats.misses, stats.computations, stats.errors),
            (model.hits, model.misses, model.misses, model.errors)
        );
        prop_assert_eq!((stats.waits, stats.evictions), (0, 0));
    }
}
