//! What the predecessor did wrong and this does not.

use piecewatch_cache::{Cache, Kept};

use crate::{
    Broken, settings,
    time::{now, pass, seconds},
};

/// Predecessor fault 19: earnings of past periods and of several nodes were kept without expiry,
/// empty ones too, so that figures were stale until a restart.
#[test]
fn no_view_of_earnings_is_stale_until_a_restart() {
    // Nodes and period, as the predecessor asked for them.
    type View = (&'static [&'static str], &'static str);
    const VIEWS: [View; 4] = [
        (&["alpha"], "current"),
        (&["alpha"], "previous"),
        (&["alpha", "beta"], "current"),
        (&["alpha", "beta"], "previous"),
    ];
    let earnings: Cache<View, Vec<u64>, Broken> =
        Cache::new(settings(seconds(60)), now, |_, cents| cents.len() as u64);
    for view in VIEWS {
        // Nothing is known yet, and that is no answer for longer than any other.
        assert_eq!(earnings.get(&view, || Ok((vec![], Kept::ForTtl))), Ok(vec![]));
    }
    pass(seconds(60));
    for view in VIEWS {
        assert_eq!(
            earnings.get(&view, || Ok((vec![412], Kept::ForTtl))),
            Ok(vec![412]),
            "{view:?}"
        );
    }
    // Unasked, they all go.
    pass(seconds(60));
    earnings.sweep();
    assert_eq!(earnings.stats().entries, 0);
    // A finished month is kept for as long as nothing new is told about it: a statement that comes
    // late is seen at once.
    let finished = (VIEWS[3].0, "2026-10");
    assert_eq!(earnings.get(&finished, || Ok((vec![412], Kept::ForGood))), Ok(vec![412]));
    earnings.invalidate(|(nodes, _)| nodes.contains(&"beta"));
    assert_eq!(earnings.get(&finished, || Ok((vec![413], Kept::ForGood))), Ok(vec![413]));
}
