//! What satellites think of a node, by its log and by what it told.

use piecewatch_analytics::{
    judgement::Judgement,
    reputation::{Reputation, Score, Vetting, reputation_of},
};
use piecewatch_model::{Fact, KnownSatellite, Record, Scores, Standing, StandingScores, Timestamp};
use piecewatch_store::Window;

use crate::database::{Database, node, second};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn scores(at: i64, index: usize, audit: f64, online: f64, audits: u64) -> Record {
    Record::Scores(Box::new(Scores {
        at: second(at),
        satellite: KnownSatellite::ALL[index].id(),
        audit,
        online,
        suspension: 1.0,
        audit_delta: 0.0,
        online_delta: 0.0,
        suspension_delta: 0.0,
        audits_total: audits,
        audits_passed: audits,
    }))
}

fn standing(index: usize, audit: f64, online: f64) -> Standing {
    Standing {
        scores: Some(StandingScores { audit, online, suspension: 1.0 }),
        ..Standing::unknown(KnownSatellite::ALL[index].id())
    }
}

fn ask(database: &Database, days: i64, now: Timestamp) -> Vec<Reputation> {
    let window = Window { from: now.plus_micros(-days * DAY * 1_000_000), to: now };
    database.ask(|reader| reputation_of(reader, &node(), window, now).unwrap())
}

fn of(reputations: &[Reputation], index: usize) -> &Reputation {
    let satellite = KnownSatellite::ALL[index].id();
    reputations.iter().find(|of| of.satellite == satellite).unwrap()
}

/// Predecessor fault 22: scores are expected in a form that no node sends, so that nothing is ever
/// known of reputation and no alarm ever comes.
#[test]
fn scores_of_the_log_have_a_history_a_change_and_a_judgement() {
    let mut database = Database::new();
    let times = (0..18).map(|step| step * 4 * HOUR);
    // The online score falls by 0.01 every four hours, the audit score once.
    let records = times.enumerate().map(|(step, at)| {
        let audit = if step < 12 { 1.0 } else { 0.98 };
        scores(at, 0, audit, 1.0 - step as f64 / 100.0, 50 + step as u64)
    });
    let mut records: Vec<Record> = records.collect();
    records.push(scores(10, 1, 1.0, 1.0, 9));
    let now = second(3 * DAY);
    database.log(&node(), records, now);
    let reputations = ask(&database, 1, now);
    assert_eq!(reputations.len(), 2);
    let us1 = of(&reputations, 0);
    // Steps 12 to 17 are of the last day; step 11 held when it began.
    let history: Vec<f64> = us1.history.iter().map(|told| told.scores.online).collect();
    assert_eq!(history, [0.88, 0.87, 0.86, 0.85, 0.84, 0.83]);
    assert_eq!(us1.before.unwrap().at, second(44 * HOUR));
    let change = |score| us1.change(score).unwrap();
    assert!((change(Score::Online) + 0.06).abs() < 1e-9, "{}", change(Score::Online));
    assert!((change(Score::Audit) + 0.02).abs() < 1e-9);
    assert_eq!(change(Score::Suspension), 0.0);
    assert_eq!((us1.audits, us1.judgement()), (Some((67, 67)), Judgement::Look));
    assert_eq!(us1.vetting, Vetting::Running { audits: Some(67), days: None });
    let sentences = us1.sentences("us1");
    assert_eq!(
        sentences[0],
        "us1: the audit score is 0.9800, down by 0.0200 in this time; below 0.96 the node would be \
         disqualified for good."
    );
    assert!(sentences[1].starts_with("us1: the online score is 0.8300, down by 0.0600"));
    assert_eq!(sentences.len(), 2);

    let other = of(&reputations, 1);
    assert_eq!((other.judgement(), other.history.len()), (Judgement::Well, 0));
    assert_eq!(other.change(Score::Audit), None, "told once: nobody knows a change");
    assert!(other.sentences("eu1").is_empty());
}

/// Predecessor fault 22, as above: what the dashboard of a node tells of disqualification and
/// suspension is known too.
#[test]
fn what_was_decided_is_told_and_newer_scores_win() {
    let mut database = Database::new();
    let now = second(40 * DAY);
    database.log(&node(), vec![scores(39 * DAY, 0, 0.97, 0.9, 1000)], now);
    let told = second(40 * DAY - 60);
    let facts = [
        Standing {
            joined_at: Some(second(0)),
            vetted_at: Some(second(DAY)),
            ..standing(0, 0.99, 0.9)
        },
        Standing { disqualified_at: Some(second(30 * DAY)), ..standing(1, 0.95, 1.0) },
        Standing { suspended_at: Some(second(39 * DAY)), ..standing(2, 1.0, 1.0) },
        Standing { offline_suspended_at: Some(second(39 * DAY)), ..standing(3, 1.0, 0.55) },
        Standing {
            joined_at: Some(second(30 * DAY)),
            audits: Some((40, 40)),
            ..standing(4, 1.0, 1.0)
        },
        Standing { joined_at: Some(second(0)), audits: Some((400, 400)), ..standing(5, 1.0, 1.0) },
    ];
    database.poll(&node(), told, facts.into_iter().map(Fact::Standing).collect());
    let reputations = ask(&database, 7, now);
    let us1 = of(&reputations, 0);
    assert_eq!(us1.newest.unwrap().at, told);
    assert_eq!(us1.newest.unwrap().scores.audit, 0.99);
    assert!((us1.change(Score::Audit).unwrap() - 0.02).abs() < 1e-9);
    assert_eq!((us1.vetting, us1.days_joined), (Vetting::Vetted(second(DAY)), Some(40)));

    for (index, words) in
        [(1, "has disqualified the node"), (2, "unknown way"), (3, "for having been offline")]
    {
        let of = of(&reputations, index);
        assert_eq!(of.judgement(), Judgement::Trouble, "{index}");
        assert!(of.sentences("sat")[0].contains(words), "{:?}", of.sentences("sat"));
    }
    let young = of(&reputations, 4).vetting;
    assert_eq!(young, Vetting::Running { audits: Some(40), days: Some(10) });
    // 40 of 100 audits are less than 10 of 21 days.
    assert_eq!(young.progress(), Some(0.4));
    assert_eq!(of(&reputations, 5).vetting, Vetting::Probably);
}

#[test]
fn vetting_is_not_known_where_nobody_told_of_audits() {
    let mut database = Database::new();
    let now = second(40 * DAY);
    let joined = |index, day| {
        Fact::Standing(Standing { joined_at: Some(second(day * DAY)), ..standing(index, 1.0, 1.0) })
    };
    database.poll(&node(), second(40 * DAY - 60), vec![joined(0, 0), joined(1, 30)]);
    let reputations = ask(&database, 1, now);
    let vetting = |index| of(&reputations, index).vetting;
    assert_eq!((vetting(0), vetting(0).progress()), (Vetting::Unknown, None));
    let young = Vetting::Running { audits: None, days: Some(10) };
    assert_eq!((vetting(1), vetting(1).progress()), (young, None), "days alone do not tell");
}

#[test]
fn each_threshold_of_the_satellites_divides_scores() {
    for (score, value, expected) in [
        (Score::Audit, 1.0, Judgement::Well),
        (Score::Audit, 0.9949, Judgement::Look),
        (Score::Audit, 0.9699, Judgement::Trouble),
        (Score::Suspension, 0.95, Judgement::Look),
        (Score::Suspension, 0.59, Judgement::Trouble),
        (Score::Online, 0.9999, Judgement::Well),
        (Score::Online, 0.94, Judgement::Look),
        (Score::Online, 0.61, Judgement::Trouble),
    ] {
        assert_eq!(score.judge(value), expected, "{score:?} {value}");
    }
    assert_eq!(Score::ALL.map(Score::limit), [0.96, 0.6, 0.6]);
}

/// What became of its scores since is not the node's concern: it is not suspended where it is not.
#[test]
fn a_satellite_that_was_left_is_no_trouble() {
    let mut database = Database::new();
    let now = second(40 * DAY);
    let exited_at = Some(second(9 * DAY));
    let disqualified_at = Some(second(8 * DAY));
    let facts = [
        Standing { exited_at, ..standing(0, 1.0, 0.5) },
        Standing { exited_at, suspended_at: exited_at, ..standing(1, 0.9, 0.5) },
        Standing { exited_at, disqualified_at, ..standing(2, 0.9, 0.5) },
    ];
    database.poll(&node(), second(39 * DAY), facts.into_iter().map(Fact::Standing).collect());
    let reputations = ask(&database, 7, now);
    for index in [0, 1] {
        let of = of(&reputations, index);
        assert_eq!(of.judgement(), Judgement::Well);
        let left = second(9 * DAY).to_string().replace('T', " ").replace(":00Z", "");
        assert_eq!(of.sentences("sat"), [format!("The node has left sat at {left} UTC.")]);
    }
    assert_eq!(of(&reputations, 2).judgement(), Judgement::Trouble, "it lost its place before");
}
