//! One process follows a node; others are told who it is, and a dead one is in nobody's way.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use piecewatch_store::{
    Error, Follower, Holder, NodeLock, askers, followers, is_followed, lost_followers,
};

use crate::fixture::{Database, HOUR, node};

fn holder(program: &str) -> Holder {
    Holder { program: program.to_owned(), process: std::process::id(), since: HOUR }
}

fn refused(result: Result<NodeLock, Error>) -> (Option<Holder>, String) {
    let error = result.unwrap_err();
    let text = error.to_string();
    let Error::Followed { holder, .. } = error else { panic!("{text}") };
    (holder, text)
}

const DATABASE: &str = "PIECEWATCH_TEST_DATABASE";

/// The other process of these tests, when it is started as such: it follows `n1` until it is killed.
#[test]
fn follow_until_killed() {
    let Some(db) = env::var_os(DATABASE) else { return };
    let _lock = NodeLock::take(Path::new(&db), &node("n1"), &holder("another")).unwrap();
    println!("\nfollowing");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Starts the other process and waits until it has the lock.
fn follower(db: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "locks::follow_until_killed", "--nocapture"])
        .env(DATABASE, db)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "following"));
    child
}

#[test]
fn a_second_process_is_refused_and_told_of_the_first_until_that_one_is_killed() {
    let database = Database::new();
    let db = database.path();
    assert!(!is_followed(&db).unwrap(), "nobody ever did");
    let mut child = follower(&db);
    let other = Holder { process: child.id(), ..holder("another") };

    let (told, text) = refused(NodeLock::take(&db, &node("n1"), &holder("this")));
    assert_eq!(told.as_ref(), Some(&other));
    let expected =
        format!("by another (process {}, since 2026-08-19T14:00:00Z): stop that one", child.id());
    assert!(text.contains(&expected) && text.starts_with("node n1 is followed into "), "{text}");
    assert!(is_followed(&db).unwrap());
    let following = [Follower { node: node("n1"), holder: other }];
    assert_eq!(followers(&db).unwrap(), following);
    assert_eq!(lost_followers(&db).unwrap(), []);
    NodeLock::take(&db, &node("n2"), &holder("this")).unwrap();

    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_followed(&db).unwrap());
    assert_eq!(followers(&db).unwrap(), [], "what the dead process said of itself does not count");
    assert_eq!(lost_followers(&db).unwrap(), following, "it did not give the node up");
    let lock = NodeLock::take(&db, &node("n1"), &holder("this")).unwrap();
    assert_eq!(followers(&db).unwrap()[0].holder, holder("this"));
    assert_eq!(lost_followers(&db).unwrap(), [], "somebody goes on");
    drop(lock);
    assert!(!is_followed(&db).unwrap());
    assert_eq!(lost_followers(&db).unwrap(), [], "who is told to end gives it up");

    NodeLock::take(&db, &node("n1"), &holder("this")).unwrap().lose();
    assert!(!is_followed(&db).unwrap());
    assert_eq!(lost_followers(&db).unwrap().len(), 1, "who ends by a fault does not");
}

#[test]
fn who_asks_a_node_and_who_follows_it_are_in_nobodys_way() {
    let database = Database::new();
    let db = database.path();
    let following = NodeLock::take(&db, &node("n1"), &holder("collector")).unwrap();
    let asking = NodeLock::take_to_ask(&db, &node("n1"), &holder("poller")).unwrap();
    let error = NodeLock::take_to_ask(&db, &node("n1"), &holder("this")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("node n1 is asked for ") && text.contains("by poller (process "),
        "{text}"
    );
    NodeLock::take_to_ask(&db, &node("n2"), &holder("this")).unwrap();
    let asked = [Follower { node: node("n1"), holder: holder("poller") }];
    assert_eq!(askers(&db).unwrap(), asked);
    let followers = |db| followers(db).unwrap().len();
    assert_eq!(followers(&db), 1);
    drop(following);
    assert_eq!(followers(&db), 0, "who asks follows nothing");
    drop(asking);
    NodeLock::take_to_ask(&db, &node("n1"), &holder("this")).unwrap();
}

#[test]
fn any_name_has_a_lock_of_its_own() {
    let database = Database::new();
    let longest = "ü".repeat(64);
    let names = ["n1", "N1", "..", "a/b", "a\\b", "con", "x*?<>|:\"", "größe 💾", longest.as_str()];
    let lock = |name| NodeLock::take(&database.path(), &node(name), &holder("this")).unwrap();
    let locks: Vec<NodeLock> = names.into_iter().map(lock).collect();
    let mut told: Vec<_> = followers(&database.path()).unwrap();
    told.sort_by_key(|follower| names.iter().position(|name| follower.node == node(name)));
    assert!(told.iter().map(|follower| follower.node.as_str()).eq(names));
    drop(locks);
    let files = std::fs::read_dir(database.folder.path().join("piecewatch.db.locks")).unwrap();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        let plain = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase() || c == '.';
        assert!(name.len() < 64 && name.chars().all(plain), "{name}");
    }
}

#[test]
#[cfg(unix)]
fn a_database_is_known_whatever_path_leads_to_it() {
    let database = Database::new();
    let link = database.folder.path().join("link.db");
    std::os::unix::fs::symlink("piecewatch.db", &link).unwrap();
    let _lock = NodeLock::take(&link, &node("n1"), &holder("this")).unwrap();
    assert!(is_followed(&database.path()).unwrap());
    refused(NodeLock::take(&database.path(), &node("n1"), &holder("this")));
    let other = Database::new();
    NodeLock::take(&other.path(), &node("n1"), &holder("this")).unwrap();
}

/// Otherwise an import that asks every second could keep a node from being followed.
#[test]
fn who_asks_is_in_nobodys_way() {
    let database = Database::new();
    let db = database.path();
    drop(NodeLock::take(&db, &node("n1"), &holder("this")).unwrap());
    let asking = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while asking.load(std::sync::atomic::Ordering::Relaxed) {
                is_followed(&db).unwrap();
            }
        });
        for _ in 0..200 {
            drop(NodeLock::take(&db, &node("n1"), &holder("this")).unwrap());
        }
        asking.store(false, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_database_that_is_not_there_is_followed_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("no.db");
    assert!(!is_followed(&db).unwrap());
    let error = NodeLock::take(&db, &node("n1"), &holder("this")).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
}
