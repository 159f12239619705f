//! Between the states and the broadcaster: what it asks is answered, and what changed it is told.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use piecewatch_broadcast::{Broadcaster, Want};
use piecewatch_collector::pipeline::unwritten::Listener;
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    time::{MissedTickBehavior, interval},
};

use super::{
    Changed, Live, Refusal, Topic,
    changes::{Cost, Lines, Passing},
};

/// How many states that cost little are made one after another: a window asks for some at once, and to
/// wake a thread takes as long as to make one.
const LIGHT_TOGETHER: usize = 4;
/// How many questions are taken at once.
const LOT: usize = 64;
/// How many costly states are made at once: others must find a thread.
const HEAVY_MAX: usize = 1;
/// How many costly questions wait; there are no more than views.
const HEAVY_WAITING_MAX: usize = 256;
/// How often is told what time alone changes.
const TICK: Duration = Duration::from_secs(1);
/// How often commits of other processes are looked for while somebody looks at them.
const FOLLOW_TICK: Duration = Duration::from_millis(100);

/// Something to be done on a thread that may block. Dropped, it is asked for again after a second.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Answers what the broadcaster asks until it is gone, here what is at hand. `run` gives each job to a
/// thread, or drops it when there is none; at most `parallel` are given to it at a time, of costly ones at most one.
pub(crate) async fn answer_wants(
    live: Arc<Live>,
    mut wants: mpsc::Receiver<Want>,
    parallel: usize,
    run: impl Fn(Job),
) {
    let light = Arc::new(Semaphore::new(parallel.max(1)));
    let heavy = Arc::new(Semaphore::new(HEAVY_MAX));
    let (put_off, mut costly) = mpsc::channel::<Want>(HEAVY_WAITING_MAX);
    let give = async |permits: &Arc<Semaphore>, together: Vec<Want>| {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return };
        let live = Arc::clone(&live);
        run(Box::new(move || {
            together.into_iter().for_each(|want| answer(&live, want));
            drop(permit);
        }));
    };
    let takes = async {
        let mut lot = Vec::with_capacity(LOT);
        while wants.recv_many(&mut lot, LOT).await > 0 {
            let mut together = Vec::with_capacity(LIGHT_TOGETHER);
            let mut made = 0;
            for want in lot.drain(..) {
                // To give it to a thread, and to be told, would take longer.
                let at_hand = if made < LIGHT_TOGETHER {
                    live.state_at_hand(want.topic(), &names(&want))
                } else {
                    None
                };
                if let Some(state) = at_hand {
                    made += 1;
                    want.answer(state);
                    continue;
                }
                match Topic::from_name(want.topic()).map(Topic::cost) {
                    // What finds no room is asked for again.
                    Some(Cost::Heavy) => drop(put_off.try_send(want)),
                    Some(Cost::Light) | None => together.push(want),
                }
                if together.len() == LIGHT_TOGETHER {
                    give(&light, std::mem::take(&mut together)).await;
                }
            }
            if !together.is_empty() {
                give(&light, together).await;
            }
        }
        drop(put_off);
    };
    let costs = async {
        while let Some(want) = costly.recv().await {
            give(&heavy, vec![want]).await;
        }
    };
    tokio::join!(takes, costs);
}

fn names(want: &Want) -> Vec<&str> {
    want.nodes().iter().map(|node| &**node).collect()
}

fn answer(live: &Live, want: Want) {
    match live.state(want.topic(), &names(&want)) {
        Ok(state) => want.answer(state),
        Err(Refusal::None(reason)) => want.refuse(&reason),
        Err(Refusal::NotNow(reason)) => {
            tracing::warn!(topic = want.topic(), "there is no state now: {reason}");
        }
    }
}

/// Tells the broadcaster what changes, by lines, by commits and by time, for ever. `run` gives a job to a
/// thread, or drops it. While nobody looks (`is_watched`), commits of other processes are looked for
/// once a second.
pub(crate) async fn tell_changes(
    live: Arc<Live>,
    broadcaster: Broadcaster,
    is_watched: impl Fn() -> bool,
    run: impl Fn(Job),
) {
    let committed = Arc::new(Notify::new());
    let has_lines = Arc::new(AtomicBool::new(false));
    let period = match live.unwritten() {
        Some(unwritten) => {
            let (of_lines, notify) = (broadcaster.clone(), Arc::clone(&committed));
            let has_lines = Arc::clone(&has_lines);
            unwritten.listen(Listener {
                read: Box::new(move |node| {
                    has_lines.store(true, Ordering::Relaxed);
                    for topic in Topic::OF_LINES {
                        of_lines.changed(topic.name(), Some(node.as_str()));
                    }
                }),
                committed: Box::new(move || notify.notify_one()),
            });
            TICK
        }
        None => FOLLOW_TICK,
    };
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut passed = Duration::ZERO;
    let mut passing = Passing::new();
    let is_queued = Arc::new(AtomicBool::new(false));
    loop {
        tokio::select! {
            () = committed.notified() => {}
            _ = ticks.tick() => {
                passed += period;
                if passed >= TICK {
                    passed = Duration::ZERO;
                    let had_lines = has_lines.swap(false, Ordering::Relaxed);
                    let since = if had_lines { Lines::Some } else { Lines::None };
                    tell(&broadcaster, &passing.second(live.now(), since));
                    tell(&broadcaster, &live.left_behind());
                    let (live, broadcaster) = (Arc::clone(&live), broadcaster.clone());
                    run(Box::new(move || tell(&broadcaster, &live.look_around())));
                } else if !is_watched() {
                    continue;
                }
            }
        }
        if is_queued.swap(true, Ordering::Relaxed) {
            // It has not begun: it will see this, too.
            continue;
        }
        let queued = Queued(Arc::clone(&is_queued));
        let (live, broadcaster) = (Arc::clone(&live), broadcaster.clone());
        let has_lines = Arc::clone(&has_lines);
        run(Box::new(move || {
            drop(queued);
            match live.committed() {
                Ok(changed) => {
                    if changed.iter().any(|changed| changed.topic == Topic::Traffic) {
                        has_lines.store(true, Ordering::Relaxed);
                    }
                    tell(&broadcaster, &changed);
                }
                Err(error) => tracing::warn!("what was written is not known: {error}"),
            }
        }));
    }
}

/// That a look waits for a thread.
struct Queued(Arc<AtomicBool>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn tell(broadcaster: &Broadcaster, changed: &BTreeSet<Changed>) {
    for Changed { topic, node } in changed {
        broadcaster.changed(topic.name(), node.as_ref().map(|node| node.as_str()));
    }
}
