//! How long it takes from a line to its commit.

use std::{collections::VecDeque, time::Duration};

/// What was written, by node, and what of it was committed.
#[derive(Debug)]
pub(crate) struct Lag {
    nodes: Vec<Node>,
    /// Those of the transfers that were committed since they were taken last: node and lag.
    found: Vec<(usize, Duration)>,
}

#[derive(Debug, Default)]
struct Node {
    /// The sums of transfers that were written and when, the oldest first.
    written: VecDeque<(u64, Duration)>,
    last_written: u64,
    committed: u64,
}

impl Lag {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: (0..nodes).map(|_| Node::default()).collect(), found: Vec::new() }
    }

    /// A node has written so many transfers by now, all of them.
    pub(crate) fn wrote(&mut self, node: usize, transfers: u64, at: Duration) {
        let state = &mut self.nodes[node];
        // Other lines are not seen in sums.
        if transfers == state.last_written {
            return;
        }
        state.last_written = transfers;
        // A large step may be committed before it is told that it was written.
        if transfers <= state.committed {
            self.found.push((node, Duration::ZERO));
        } else {
            state.written.push_back((transfers, at));
        }
    }

    /// So many transfers of a node are in the database, all of them.
    pub(crate) fn committed(&mut self, node: usize, transfers: u64, at: Duration) {
        let state = &mut self.nodes[node];
        state.committed = transfers;
        while let Some(&(sum, written_at)) = state.written.front()
            && sum <= transfers
        {
            self.found.push((node, at.saturating_sub(written_at)));
            state.written.pop_front();
        }
    }

    /// The lags found since the last time.
    pub(crate) fn take(&mut self) -> Vec<(usize, Duration)> {
        std::mem::take(&mut self.found)
    }

    /// How long the oldest transfer of each node has been waiting, which is a lag already.
    pub(crate) fn ages(&self, now: Duration) -> impl Iterator<Item = (usize, Duration)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(move |(at, node)| {
            let (_, written_at) = node.written.front()?;
            Some((at, now.saturating_sub(*written_at)))
        })
    }

    /// How many transfers were written and not committed.
    pub(crate) fn waiting(&self) -> u64 {
        let waiting = |node: &Node| node.last_written.saturating_sub(node.committed);
        self.nodes.iter().map(waiting).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_lag_is_from_the_write_to_the_commit_that_holds_it() {
        let mut lag = Lag::new(2);
        lag.wrote(0, 1, ms(100));
        lag.wrote(0, 1, ms(150));
        lag.wrote(0, 3, ms(200));
        lag.wrote(1, 5, ms(300));
        lag.committed(0, 2, ms(1_000));
        assert_eq!((lag.waiting(), lag.take()), (6, vec![(0, ms(900))]));
        assert_eq!(lag.ages(ms(1_100)).collect::<Vec<_>>(), [(0, ms(900)), (1, ms(800))]);
        lag.committed(0, 3, ms(1_200));
        lag.committed(1, 5, ms(1_200));
        assert_eq!(lag.take(), [(0, ms(1_000)), (1, ms(900))]);
        assert_eq!((lag.waiting(), lag.take(), lag.ages(ms(1_300)).count()), (0, Vec::new(), 0));
    }
}
