//! After the start: what browsers ask first is worked out before they ask.

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet};

use super::{app::App, live::Topic, pool::Pool};
use crate::clock::Stopwatch;

/// What takes long the first time, in the order of the views: topics, and questions.
const TOPICS: [Topic; 4] = [Topic::Overview, Topic::Latency, Topic::Storage, Topic::Earnings];
const QUESTIONS: [(&str, &str); 4] = [
    ("/api/v1/latency", "window=24h"),
    ("/api/v1/pieces/hot", "window=1h"),
    ("/api/v1/storage", "window=24h"),
    ("/api/v1/earnings", ""),
];

/// What works something out, by name; whether it is at hand then.
type Work = (&'static str, Box<dyn FnOnce() -> bool + Send>);

/// Asks for all of it, side by side on all connections but one: that is for whoever comes meanwhile. What
/// comes of it is not needed; what it is made of is kept.
pub(crate) async fn warm(app: Arc<App>) {
    // The only one is for whoever comes.
    let at_once = app.config().performance.read_connections.saturating_sub(1) as usize;
    if at_once == 0 {
        return;
    }
    let since = Stopwatch::start();
    let works = works(&app);
    let all = works.len();
    let done = work_out(&app.pool, at_once, works).await;
    let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(millis, "what is asked first is at hand: {done} of {all}");
}

fn works(app: &App) -> Vec<Work> {
    let topics = TOPICS.map(|topic| {
        let live = Arc::clone(&app.live);
        (topic.name(), Box::new(move || live.state(topic.name(), &[]).is_ok()) as _)
    });
    let questions = QUESTIONS.map(|(path, query)| {
        let api = app.api();
        (path, Box::new(move || api.answer(path, query).is_ok()) as _)
    });
    topics.into_iter().chain(questions).collect()
}

/// Does all of it in this order, so much at once; one that fails ends no other. Gives how many are done. What
/// has not begun when this is dropped does not begin.
async fn work_out(pool: &Pool, at_once: usize, works: Vec<Work>) -> usize {
    let turns = Arc::new(Semaphore::new(at_once));
    let mut begun = JoinSet::new();
    for (what, work) in works {
        let turn = Arc::clone(&turns).acquire_owned().await;
        let pool = pool.clone();
        begun.spawn(async move {
            // What is late still has its connection, and so keeps its turn.
            let done = pool.ask(move || {
                let _turn = turn;
                work()
            });
            let is_done = done.await == Ok(true);
            if !is_done {
                tracing::info!(what, "is not worked out beforehand: this took too long, or failed");
            }
            is_done
        });
    }
    let mut done = 0;
    while let Some(ended) = begun.join_next().await {
        done += usize::from(matches!(ended, Ok(true)));
    }
    done
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Duration,
    };

    use super::*;

    fn work(of: impl FnOnce() -> bool + Send + 'static) -> Work {
        ("a question", Box::new(of))
    }

    #[tokio::test]
    async fn as_many_are_under_way_as_there_are_connections_to_spare_and_no_more() {
        let pool = Pool::new(4, Duration::from_secs(60));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // Each of the first three waits until all of them are there.
        let together = Arc::new(std::sync::Barrier::new(3));
        let works = (0..9).map(|_| {
            let (now, most, together) = (now.clone(), most.clone(), Arc::clone(&together));
            work(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                together.wait();
                now.fetch_sub(1, Ordering::SeqCst);
                true
            })
        });
        assert_eq!(work_out(&pool, 3, works.collect()).await, 9);
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn one_that_fails_falls_or_hangs_ends_no_other_and_what_hangs_keeps_its_connection() {
        let pool = Pool::new(3, Duration::from_secs(2));
        let (release, held) = mpsc::channel::<()>();
        let works = [
            work(move || held.recv().is_err()),
            work(|| false),
            work(|| panic!("a fault in a test")),
            work(|| true),
            work(|| true),
        ];
        assert_eq!(work_out(&pool, 2, works.into()).await, 2);
        // A visitor still finds one beside what hangs.
        assert_eq!(pool.ask(|| 1).await, Ok(1));
        drop(release);
    }

    #[tokio::test]
    async fn what_has_not_begun_when_the_server_stops_does_not_begin() {
        let pool = Pool::new(2, Duration::from_secs(60));
        let begun = Arc::new(Mutex::new(Vec::new()));
        let (release, held) = mpsc::channel::<()>();
        let (begins, began) = mpsc::channel();
        let first = {
            let begun = Arc::clone(&begun);
            work(move || {
                begun.lock().unwrap().push(1);
                begins.send(()).unwrap();
                held.recv().is_err()
            })
        };
        let second = {
            let begun = Arc::clone(&begun);
            work(move || {
                begun.lock().unwrap().push(2);
                true
            })
        };
        let of_task = pool.clone();
        let warming = tokio::spawn(async move { work_out(&of_task, 1, vec![first, second]).await });
        tokio::task::spawn_blocking(move || began.recv().unwrap()).await.unwrap();
        warming.abort();
        assert!(warming.await.unwrap_err().is_cancelled());
        drop(release);
        // Once both connections are free, what was to come would have come.
        assert_eq!(tokio::join!(pool.ask(|| 1), pool.ask(|| 2)), (Ok(1), Ok(2)));
        assert_eq!(*begun.lock().unwrap(), [1]);
    }
}
