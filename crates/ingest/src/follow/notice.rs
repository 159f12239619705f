//! The file system's word that files have changed: a hint when to look, never a reason not to.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};

/// Tells followers when their files have changed. One serves all followers of a process: the
/// operating system allows few.
#[derive(Clone)]
pub struct Notifier {
    folders: Arc<Mutex<Folders>>,
    next: Arc<AtomicU64>,
    /// `None` where the operating system gives none: then followers look by themselves.
    watcher: Option<Arc<Mutex<RecommendedWatcher>>>,
}

/// Who waits for what, by folder.
type Folders = BTreeMap<PathBuf, Vec<Waiting>>;

/// A follower that waits for a change.
struct Waiting {
    number: u64,
    file: PathBuf,
    hint: Sender<()>,
}

/// A wish to be told of changes; dropped, nothing is told any more.
pub(super) struct Watch {
    notifier: Notifier,
    folders: Vec<PathBuf>,
    number: u64,
    /// Has something when there is reason to look.
    pub(super) hint: Receiver<()>,
}

impl Default for Notifier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("works", &self.watcher.is_some()).finish()
    }
}

impl Notifier {
    /// A notifier by what the operating system offers.
    pub fn new() -> Self {
        let folders = Arc::<Mutex<Folders>>::default();
        let told = Arc::clone(&folders);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event {
                tell(&told, &event);
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "no file notifications: files are looked at again and again");
        }
        let watcher = watcher.ok().map(|watcher| Arc::new(Mutex::new(watcher)));
        Self { folders, next: Arc::default(), watcher }
    }

    /// One that never tells anything: followers look by themselves.
    pub fn silent() -> Self {
        Self { folders: Arc::default(), next: Arc::default(), watcher: None }
    }

    /// Tells of changes to these files, and of files that come and go beside them. `None` when that
    /// cannot be told.
    pub(super) fn watch(&self, files: &[PathBuf]) -> Option<Watch> {
        let watcher = self.watcher.as_ref()?;
        let (sender, hint) = bounded(1);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut watch = Watch { notifier: self.clone(), folders: Vec::new(), number, hint };
        for file in files {
            // One folder is watched once, whatever names lead to it.
            let folder = file.parent()?.canonicalize().ok()?;
            let file = folder.join(file.file_name()?);
            watch.folders.push(folder.clone());
            // Held all the time, so that nobody ends the watching that somebody has just begun.
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            let is_first = {
                let mut folders = self.folders();
                let waiting = folders.entry(folder.clone()).or_default();
                waiting.push(Waiting { number, file, hint: sender.clone() });
                waiting.len() == 1
            };
            // Not with the folders locked: the watcher's thread may be waiting for them.
            if is_first && let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
                drop(watcher);
                tracing::debug!(%error, folder = %folder.display(), "cannot be watched");
                return None;
            }
        }
        Some(watch)
    }

    fn folders(&self) -> MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(watcher) = &self.notifier.watcher else { return };
        for folder in &self.folders {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            let is_last = {
                let mut folders = self.notifier.folders();
                let Some(waiting) = folders.get_mut(folder) else { continue };
                waiting.retain(|waiting| waiting.number != self.number);
                let is_last = waiting.is_empty();
                if is_last {
                    folders.remove(folder);
                }
                is_last
            };
            if is_last {
                // A folder that is gone is not watched any more anyway.
                let _ = watcher.unwatch(folder);
            }
        }
    }
}

/// Tells those whom an event concerns.
fn tell(folders: &Mutex<Folders>, event: &Event) {
    let mut folders = folders.lock().unwrap_or_else(PoisonError::into_inner);
    // A new name in a folder may be the next log of anybody there; what is written is of one file.
    let is_of_one_file = match event.kind {
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Create(_) | EventKind::Remove(_) => {
            false
        }
        EventKind::Modify(_) | EventKind::Access(_) | EventKind::Any | EventKind::Other => true,
    };
    for path in &event.paths {
        // A watched folder that is gone is not watched any more; one that comes in its place is new.
        if matches!(event.kind, EventKind::Remove(_))
            && let Some(waiting) = folders.remove(path)
        {
            for waiting in waiting {
                let _ = waiting.hint.try_send(());
            }
        }
        let waiting = path.parent().and_then(|folder| folders.get(folder));
        for waiting in waiting.into_iter().flatten() {
            if !is_of_one_file || waiting.file == *path {
                // Full: the hint is given already.
                let _ = waiting.hint.try_send(());
            }
        }
    }
}
