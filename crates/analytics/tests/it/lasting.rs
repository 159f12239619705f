//! What is wrong for days stays unusual, has the beginning that it had, and ends where nothing more is
//! known of it.

use piecewatch_analytics::{
    hours::{Ended, Hour},
    metric::Metric,
    outlook::Outlook,
    unusual::{Finding, Kind},
};
use piecewatch_model::ByteCount;

use crate::weeks::{DAY, WEEK, hour};

/// So many that succeeded, and so many that failed.
fn ended(success: u64, failed: u64) -> Ended {
    Ended { success, canceled: 0, failed, bytes: ByteCount::new(success * 1000) }
}

fn of(at: i64, downloads: Ended, uploads: Ended) -> Hour {
    Hour {
        at: hour(at),
        downloads,
        uploads,
        audits: ended(0, 0),
        pings_failed: 0,
        troubles: 0,
        download_latency: None,
        upload_latency: None,
    }
}

/// So many hours of 60 downloads, of which the last ones have 12.
fn fallen(hours: i64, low: i64) -> Vec<Hour> {
    let downloads = |at: i64| if at < hours - low { 60 } else { 12 };
    (0..hours).map(|at| of(at, ended(downloads(at), 0), ended(0, 0))).collect()
}

fn quiet_now(outlook: &Outlook) -> Vec<&Finding> {
    outlook.unusual_now().filter(|finding| finding.kind == Kind::Quiet).collect()
}

#[test]
fn a_fault_of_days_is_told_as_long_as_it_lasts() {
    for weeks in [2, 3, 4, 8] {
        for days in 1..=7 {
            let (hours, low) = (weeks * WEEK, days * DAY);
            let outlook = Outlook::of(&fallen(hours, low), hour(hours));
            let found = quiet_now(&outlook);
            assert_eq!(found.len(), 1, "{days} days of {weeks} weeks: {:?}", outlook.findings);
            assert_eq!((found[0].since, found[0].ended), (hour(hours - low), None));
            let sentence = found[0].sentence(hour(hours));
            let usual = "12 downloads an hour, usually 45 to 75 at that hour";
            assert!(sentence.contains(usual), "{days} days of {weeks} weeks: {sentence}");
        }
    }
}

/// Of a node that is known for a week and some days there is less to compare with.
#[test]
fn the_first_week_of_a_node_tells_what_is_usual_in_the_second() {
    for days in 1..=3 {
        let (hours, low) = (10 * DAY, days * DAY);
        let outlook = Outlook::of(&fallen(hours, low), hour(hours));
        let since: Vec<_> = quiet_now(&outlook).iter().map(|finding| finding.since).collect();
        assert_eq!(since, [hour(hours - low)], "{days} days");
    }
}

/// What began before the week that is judged began when it did, not when the week did.
#[test]
fn what_lasts_for_more_than_a_week_keeps_its_beginning() {
    for (weeks, days) in [(3, 8), (4, 8), (4, 10), (8, 12), (8, 20)] {
        let (hours, low) = (weeks * WEEK, days * DAY + 5);
        let outlook = Outlook::of(&fallen(hours, low), hour(hours));
        let since: Vec<_> = quiet_now(&outlook).iter().map(|finding| finding.since).collect();
        assert_eq!(since, [hour(hours - low)], "{days} days of {weeks} weeks");
    }
}

/// What was over before the judged week is not told again.
#[test]
fn what_ended_more_than_a_week_ago_is_past() {
    let hours = 4 * WEEK;
    let (from, to) = (hours - 9 * DAY, hours - 8 * DAY);
    let downloads = |at: i64| if (from..to).contains(&at) { 12 } else { 60 };
    let hours: Vec<Hour> =
        (0..hours).map(|at| of(at, ended(downloads(at), 0), ended(0, 0))).collect();
    let at = |until: i64| Outlook::of(&hours, hour(until)).findings.len();
    assert_eq!((at(to + 6 * DAY), at(4 * WEEK)), (1, 0));
}

/// Downloads fail, and two hours later there are none at all, while uploads go on: nobody knows whether
/// downloads would still fail.
#[test]
fn what_is_not_known_any_more_does_not_go_on() {
    let hours = 4 * WEEK;
    let (from, to) = (hours - 5 * DAY, hours - 5 * DAY + 3);
    let downloads = |at: i64| match at {
        _ if at < from => ended(60, 0),
        _ if at < to => ended(30, 30),
        _ => ended(0, 0),
    };
    let told: Vec<Hour> = (0..hours).map(|at| of(at, downloads(at), ended(60, 0))).collect();
    let failing = |told: &[Hour], until: i64| {
        let findings = Outlook::of(told, hour(until)).findings;
        let found = findings.into_iter().find(|finding| finding.kind == Kind::Failing).unwrap();
        assert_eq!(found.departures[0].metric, Metric::DownloadSuccess);
        (found.since, found.ended)
    };
    assert_eq!(failing(&told, to + 3), (hour(from), None), "a pause is no end");
    assert_eq!(failing(&told, hours), (hour(from), Some(hour(to))));
    let outlook = Outlook::of(&told, hour(hours));
    let now: Vec<String> = outlook.unusual_now().map(|of| of.sentence(hour(hours))).collect();
    assert_eq!(now.len(), 1, "{now:?}");
    assert!(now[0].starts_with("Downloads are hardly any of the usual since"), "{now:?}");
    // Where the whole log ends, it is how it is.
    assert_eq!(failing(&told[..to as usize], hours), (hour(from), None));
}
