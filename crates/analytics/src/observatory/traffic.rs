//! What nodes moved: how fast, how well, and how long it took.

use std::sync::Arc;

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{
    Ending, Error, LatencyFilter, Nodes, SizeRow, SlowFilter, Slowest, TroubleCount, Window,
};

use super::{Answer, InWindow, LatencyBars, Observatory, kept::Selection};
use crate::{
    countries::{PeersOf, peers_of},
    distribution::{BarScale, bars},
    errors::{TopErrors, top_errors_of},
    hot_pieces::{HotList, hot_pieces_of},
    latency::{
        LatencyAnswer, LatencyCurves, NodesOf, finest_grain, latency_curves_of, latency_of,
        merged_latencies,
    },
    overview::{Overview, overview_of},
    rate::{
        InFlight, InFlightSeries, RatePoint, RateSeries, concurrency_of, in_flight_series_of,
        last_minute, last_minute_of, rate_series_of,
    },
    success::{Success, SuccessOverTime, success_of, success_series_of},
};

impl Observatory {
    /// The finest grain in which a window of all these nodes is still stored wholly, as
    /// [`finest_grain`](crate::latency::finest_grain). It is asked each time, and that is quick.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn finest_grain(&self, nodes: Nodes<'_>, window: Window) -> Result<Grain, Error> {
        Ok(finest_grain(window, self.readers.get()?.kept_from(nodes)?))
    }

    /// How long transfers took, in a window widened to this grain, as [`latency_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latency(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &LatencyFilter,
        grain: Grain,
    ) -> Answer<LatencyAnswer> {
        // The finest that is stored; to coarser grains it is widened with the same result.
        let (window, grain) = (window.widened(Grain::FiveMinutes), grain.max(Grain::FiveMinutes));
        let question = (window, filter.clone(), grain);
        self.latency.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            latency_of(reader, nodes, window, filter, grain)
        })
    }

    /// The bars of what [`Observatory::latency`] answers, by action and clock, nodes and satellites
    /// together. They are drawn anew each time, from histograms that are kept.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latency_bars(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &LatencyFilter,
        grain: Grain,
        scale: BarScale,
    ) -> Result<InWindow<LatencyBars>, Arc<Error>> {
        let answer = self.latency(nodes, window, filter, grain)?;
        let merged = merged_latencies(&answer.measured.rows, |row| row.action.clone());
        let drawn = merged.into_iter().map(|(of, histogram)| (of, bars(&histogram, scale)));
        Ok(InWindow { window: answer.measured.window, what: drawn.collect() })
    }

    /// How long transfers took over time, as [`latency_curves_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latency_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &LatencyFilter,
        grain: Grain,
        nodes_of: NodesOf,
    ) -> Answer<LatencyCurves> {
        let grain = grain.max(Grain::FiveMinutes);
        let window = window.widened(grain);
        let question = (window, filter.clone(), grain, nodes_of);
        self.curves.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            latency_curves_of(reader, nodes, window, filter, grain, nodes_of)
        })
    }

    /// The slowest transfers, as [`Reader::slowest`](piecewatch_store::Reader::slowest).
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn slowest(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &SlowFilter,
        grain: Grain,
        limit: usize,
    ) -> Answer<Slowest> {
        let grain = grain.max(Grain::Hour);
        let window = window.widened(grain);
        let question = (window, filter.clone(), grain, limit);
        self.slowest.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            reader.slowest(nodes, window, filter, grain, limit)
        })
    }

    /// What became of the requests to nodes in a window widened to whole hours, or in all time where
    /// there is none, as [`success_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn success(&self, nodes: Nodes<'_>, window: Option<Window>) -> Answer<Success> {
        let window = window.map(|window| window.widened(Grain::Hour));
        self.success.answer(&self.readers, Selection::of(nodes), window, |reader, nodes| {
            success_of(reader, nodes, window)
        })
    }

    /// How transfers ended over time, and the upgrades within, as [`success_series_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn success_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
    ) -> Answer<SuccessOverTime> {
        let window = window.widened(grain);
        let of = Selection::of(nodes);
        self.success_series.answer(&self.readers, of, (window, grain), |reader, nodes| {
            success_series_of(reader, nodes, window, grain)
        })
    }

    /// How fast nodes moved bytes and pieces in each minute, hour or day, as [`rate_series_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn rates(&self, nodes: Nodes<'_>, window: Window, grain: Grain) -> Answer<RateSeries> {
        let question = (window.widened(grain), grain);
        self.rates.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            rate_series_of(reader, nodes, window, grain)
        })
    }

    /// How fast nodes moved bytes and pieces in the last whole minute that is stored at `now`, as
    /// [`last_minute_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn last_minute(&self, nodes: Nodes<'_>, now: Timestamp) -> Answer<RatePoint> {
        let minute = last_minute(now).from;
        self.last_minute.answer(&self.readers, Selection::of(nodes), minute, |reader, nodes| {
            last_minute_of(reader, nodes, now)
        })
    }

    /// What nodes did in a window, widened to whole hours, and how fast bytes moved in the last minute
    /// that is stored at `now`; of nodes with the times of their first and last records, as
    /// [`Reader::nodes`](piecewatch_store::Reader::nodes) tells them.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn overview(
        &self,
        nodes: &[(NodeName, Option<(Timestamp, Timestamp)>)],
        window: Window,
        now: Timestamp,
    ) -> Answer<Overview> {
        let window = window.widened(Grain::Hour);
        let names: Vec<NodeName> = nodes.iter().map(|(name, _)| name.clone()).collect();
        let question = (window, last_minute(now).from);
        self.overview.answer(
            &self.readers,
            Selection::of(Nodes::Of(&names)),
            question,
            |reader, _| overview_of(reader, nodes, window, now),
        )
    }

    /// How many transfers were in flight, as [`concurrency_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn concurrency(&self, nodes: Nodes<'_>, window: Window, grain: Grain) -> Answer<InFlight> {
        let grain = grain.max(Grain::Hour);
        let window = window.widened(grain);
        let of = Selection::of(nodes);
        self.concurrency.answer(&self.readers, of, (window, grain), |reader, nodes| {
            concurrency_of(reader, nodes, window, grain)
        })
    }

    /// How many transfers were in flight over time, as [`in_flight_series_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn in_flight_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
    ) -> Answer<InFlightSeries> {
        let question = (window.widened(grain), grain);
        self.in_flight.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            in_flight_series_of(reader, nodes, window, grain)
        })
    }

    /// How large transfers were, in a window widened to whole hours, by powers of two;
    /// [`size_classes`](crate::transfer_size::size_classes) makes coarser ones.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sizes(&self, nodes: Nodes<'_>, window: Window) -> Answer<InWindow<Vec<SizeRow>>> {
        let window = window.widened(Grain::Hour);
        self.sizes.answer(&self.readers, Selection::of(nodes), window, |reader, nodes| {
            Ok(InWindow { window, what: reader.sizes(nodes, window)? })
        })
    }

    /// The pieces of a node that were downloaded most often in a window widened to five minutes, as
    /// [`hot_pieces_of`]. Those of an hour that ends with the newest records, and with the window, are counted
    /// as they come: of what was counted once nothing is read again.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn hot_pieces(&self, node: &NodeName, window: Window, limit: usize) -> Answer<HotList> {
        let now = window.to;
        let hour = Window { from: now.plus_micros(-Grain::Hour.micros()), to: now };
        let widened = window.widened(Grain::FiveMinutes);
        let is_hour = widened == hour.widened(Grain::FiveMinutes);
        let of = Selection::one(node);
        self.hot_pieces.answer(&self.readers, of, (widened, limit), |reader, of| {
            let newest = reader.reach(of)?.map(|reach| reach.to.floor(Grain::FiveMinutes));
            if !is_hour || newest > Some(now) {
                return hot_pieces_of(reader, node, widened, limit);
            }
            match self.last_hour.hot_pieces(reader, node, now, limit)? {
                Some(list) => Ok(list.known_from(reader.kept_from(of)?.transfers)),
                None => hot_pieces_of(reader, node, hour, limit),
            }
        })
    }

    /// Where the peers of a node are, in a window widened to whole hours, as [`peers_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn peers(&self, node: &NodeName, window: Window) -> Answer<PeersOf> {
        let (of, window) = (Selection::one(node), window.widened(Grain::Hour));
        self.peers.answer(&self.readers, of, window, |reader, _| peers_of(reader, node, window))
    }

    /// The most frequent texts with which transfers ended, in a window widened to whole hours, as
    /// [`top_errors_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn errors(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        endings: &[Ending],
        limit: usize,
    ) -> Answer<TopErrors> {
        let window = window.widened(Grain::Hour);
        let mut wanted = endings.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let question = (window, wanted, limit);
        self.errors.answer(&self.readers, Selection::of(nodes), question, |reader, nodes| {
            top_errors_of(reader, nodes, window, endings, limit)
        })
    }

    /// How often there was which trouble, in a window widened to whole hours, as
    /// [`Reader::trouble_counts`](piecewatch_store::Reader::trouble_counts): of each node at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn troubles(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Answer<Vec<TroubleCount>> {
        let window = window.widened(Grain::Hour);
        self.troubles.answer(
            &self.readers,
            Selection::of(nodes),
            (window, limit),
            |reader, nodes| reader.trouble_counts(nodes, window, limit),
        )
    }
}
