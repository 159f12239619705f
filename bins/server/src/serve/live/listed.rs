//! Which of the newest transfers are listed: all of them, unless they come faster than somebody reads.
//!
//! A list of which every row is another one twice a second cannot be read, and is sent whole each time.
//! So of many new transfers some are listed, and the others never; rows stay until newer ones have taken
//! their place. When no more come the list is that of the newest.

use piecewatch_model::Timestamp;

use super::tail::{Row, SHOWN_MAX, Tail};

/// How many transfers that are new are listed in a second: more than anybody reads. A list of 30 holds
/// each for some seconds then.
const NEW_PER_SECOND: f64 = 6.0;

/// After how often a list was told without anything new, no more come. Once is not enough: who has named all
/// nodes, and who none, ask of the same one after the other.
const CALM: u32 = 2;

/// A list of a set of nodes as it was told last.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Those that came last first.
    rows: Vec<Named>,
    /// The names of the newest when it was told.
    newest: Vec<String>,
    /// How often it was told since those changed.
    unchanged: u32,
    /// How many may be new.
    room: f64,
    /// When it was told.
    told_at: Option<Timestamp>,
}

type Named = (String, Row);

/// A list as it is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    pub(super) rows: Vec<Named>,
    pub(super) reach: Reach,
}

/// How far a list has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is that of the newest.
    Newest,
    /// There are newer ones that are not in it.
    Behind,
}

impl Listed {
    /// The list now, when these are the newest.
    pub(super) fn next(&mut self, tail: &Tail, now: Timestamp) -> List {
        let newest = tail.named();
        let names: Vec<String> = newest.iter().map(|(name, _)| name.clone()).collect();
        self.unchanged = if self.newest == names { self.unchanged.saturating_add(1) } else { 0 };
        let is_calm = self.unchanged >= CALM;
        self.newest = names;
        self.refill(now);
        // The number behind a name that two have in common depends on which others are there. Uploads that
        // were turned away have no piece, and are alike.
        let is_same = |row: &Row, of: &Row| row.piece.is_some() && of == row;
        let is_listed = |(name, row): &&Named| {
            self.rows.iter().any(|(listed, of)| listed == name || is_same(row, of))
        };
        let new: Vec<&Named> = newest.iter().filter(|named| !is_listed(named)).collect();
        // The clock may stand still.
        let room = if is_calm { SHOWN_MAX } else { self.room as usize };
        let reach = if new.len() <= room {
            self.room -= (new.len() as f64).min(self.room);
            self.rows = newest;
            Reach::Newest
        } else {
            self.room -= room as f64;
            // Those of one second stand node by node: some of each.
            let picked = (0..room).map(|place| new[place * new.len() / room].clone());
            let rows: Vec<Named> = picked.collect();
            drop(self.rows.splice(..0, rows));
            self.rows.truncate(SHOWN_MAX);
            Reach::Behind
        };
        List { rows: self.rows.clone(), reach }
    }

    fn refill(&mut self, now: Timestamp) {
        let most = SHOWN_MAX as f64;
        self.room = match self.told_at {
            // A clock that was set back begins anew.
            Some(at) if at <= now => {
                let seconds = (now.as_micros() - at.as_micros()) as f64 / 1e6;
                (self.room + seconds * NEW_PER_SECOND).min(most)
            }
            Some(_) | None => most,
        };
        self.told_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use piecewatch_model::{Action, Outcome, PieceId};
    use piecewatch_store::Fate;

    use super::*;

    const BEGIN: i64 = 1_000_000_000;

    /// A transfer of each tenth of a second.
    fn row(number: i64) -> Row {
        Row {
            at: Timestamp::from_seconds(BEGIN).plus_micros(number * 100_000),
            node: "attic".parse().unwrap(),
            satellite: None,
            piece: None,
            action: Action::Get,
            fate: Fate::Ended(Outcome::Success),
            size: None,
            country: None,
            latency: None,
            error: None,
        }
    }

    fn tail(numbers: std::ops::Range<i64>) -> Tail {
        let mut tail = Tail::default();
        numbers.for_each(|number| tail.add([row(number)]));
        tail
    }

    fn names(list: &List) -> BTreeSet<&str> {
        list.rows.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn second(seconds: f64) -> Timestamp {
        Timestamp::from_seconds(BEGIN).plus_micros((seconds * 1e6) as i64)
    }

    #[test]
    fn what_comes_slowly_is_listed_at_once() {
        let mut listed = Listed::default();
        for number in 0..200 {
            let tail = tail(0.max(number - 60)..number);
            let list = listed.next(&tail, second(number as f64 / 5.0));
            assert_eq!(list, List { rows: tail.named(), reach: Reach::Newest });
        }
    }

    #[test]
    fn of_many_some_are_listed_and_when_they_end_the_newest_are() {
        let mut listed = Listed::default();
        let mut before = listed.next(&tail(0..60), second(0.0));
        assert_eq!(before.reach, Reach::Newest);
        let mut new = 0;
        for half in 1..=20 {
            let all = tail(half * 100..half * 100 + 60);
            let list = listed.next(&all, second(half as f64 / 2.0));
            let came = names(&list).difference(&names(&before)).count();
            assert_eq!(list.rows.len(), SHOWN_MAX);
            assert!(half < 5 || list.reach == Reach::Behind);
            new += came;
            before = list;
        }
        // Nothing was told before it began, so that it could catch up first.
        assert!((60 - 6..=60 + SHOWN_MAX).contains(&new), "{new} in ten seconds");
        let last = tail(2_000..2_060);
        for reach in [Reach::Behind, Reach::Newest] {
            assert_eq!(listed.next(&last, second(10.0)).reach, reach);
        }
        assert_eq!(listed.next(&last, second(10.0)).rows, last.named(), "nothing more came");
    }

    #[test]
    fn who_asks_of_the_same_nodes_by_another_name_does_not_end_it() {
        let mut listed = Listed::default();
        for half in 0..20 {
            let all = tail(half * 100..half * 100 + 60);
            let [_, other] =
                [0.0, 0.01].map(|later| listed.next(&all, second(half as f64 / 2.0 + later)));
            assert!(half < 6 || other.reach == Reach::Behind, "{half}");
        }
    }

    #[test]
    fn a_transfer_whose_name_gets_another_number_is_not_listed_twice() {
        let newest = Row { piece: Some(PieceId::new([7; 32])), ..row(2_000) };
        let mut few = tail(0..9);
        few.add([newest.clone()]);
        let mut listed = Listed::default();
        assert_eq!(listed.next(&few, second(0.0)).reach, Reach::Newest);
        // One of the same piece at the same time takes the name, and leaves the next number.
        let mut many = tail(100..128);
        many.add([newest.clone()]);
        many.add([Row { action: Action::GetRepair, ..newest.clone() }]);
        let list = listed.next(&many, second(0.1));
        assert_eq!(list.reach, Reach::Behind);
        assert_eq!(list.rows.iter().filter(|(_, of)| *of == newest).count(), 1);
        assert_eq!(names(&list).len(), list.rows.len(), "each has a name of its own");
    }

    #[test]
    fn uploads_that_were_turned_away_in_one_second_are_many_though_they_are_alike() {
        let rejected = Row { action: Action::Upload, fate: Fate::Rejected, ..row(2_000) };
        let mut listed = Listed::default();
        listed.next(&tail(0..60), second(0.0));
        let mut many = tail(0..60);
        (0..30).for_each(|_| many.add([rejected.clone()]));
        for at in [0.1, 0.2] {
            let list = listed.next(&many, second(at));
            assert_eq!(list.reach, Reach::Behind, "{at}");
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_is_set_back_stops_no_list() {
        let mut listed = Listed::default();
        listed.next(&tail(0..60), second(9.0));
        let more = tail(100..160);
        for _ in 0..CALM {
            assert_eq!(listed.next(&more, second(9.0)).reach, Reach::Behind);
        }
        assert_eq!(listed.next(&more, second(9.0)).rows, more.named());
        let more = tail(200..260);
        assert_eq!(listed.next(&more, second(1.0)).rows, more.named());
    }
}
