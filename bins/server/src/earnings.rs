//! `piecewatch earnings`: what nodes earn, will have earned, and were paid.

mod forecast;
mod held;
mod history;
mod month;
mod notes;
mod reconcile;
pub(crate) mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use piecewatch_collector::config::{CacheConfig, Config, Node, Sayings};
use piecewatch_finance::{
    Figure, FigureTotal, Ledger, LedgerSettings, Month, NodeForecast, PerTerabyte, Profit,
    SatelliteMonth,
};
use piecewatch_model::{MicroUsd, NodeName, Period, SatelliteId, Timestamp};

use crate::{
    Colour, Error, Result,
    cli::{EarningsArgs, EarningsCommand, EarningsOf, ForecastArgs, ReconcileArgs},
    clock, database,
    form::{Form, csv, json},
    money::usd,
    table::NOT_KNOWN,
};

/// Answers a question about earnings.
pub(crate) fn run(arguments: &EarningsArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    match &arguments.command {
        Some(EarningsCommand::Forecast(arguments)) => forecast(arguments, out, colour),
        Some(EarningsCommand::Reconcile(arguments)) => reconcile(arguments, out, colour),
        None => earned(arguments, out, colour),
    }
}

fn earned(arguments: &EarningsArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let books = Books::open(&arguments.of)?;
    let this_month = books.this_month()?;
    let last = arguments.period.unwrap_or(this_month);
    let periods = months_up_to(last, arguments.months.unwrap_or(1));
    let months = books.months(&periods)?;
    let written = match Form::from(arguments.form) {
        Form::Json => {
            json(out, &months.iter().map(|of| rows::MonthRow::of(&books, of)).collect::<Vec<_>>())
        }
        Form::Csv => return csv(out, months.iter().flat_map(|of| rows::of_month(&books, of))),
        Form::Text if months.is_empty() => books.say_empty(out),
        Form::Text if arguments.months.is_some() => history::write(&books, &months, out, colour),
        Form::Text => month::write(&books, &months, out, colour),
    };
    written.map_err(Error::Output)
}

fn forecast(arguments: &ForecastArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let books = Books::open(&arguments.of)?;
    let period = books.this_month()?;
    let forecasts = books.forecasts(period)?;
    let written = match Form::from(arguments.form) {
        Form::Json => {
            let rows = forecasts.iter().map(|of| rows::ForecastRow::of(&books, of));
            json(out, &rows.collect::<Vec<_>>())
        }
        Form::Csv => {
            return csv(out, forecasts.iter().flat_map(|of| rows::of_forecast(&books, of)));
        }
        Form::Text if forecasts.is_empty() => books.say_empty(out),
        Form::Text => forecast::write(&books, &forecasts, out, colour),
    };
    written.map_err(Error::Output)
}

fn reconcile(arguments: &ReconcileArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let books = Books::open(&arguments.of)?;
    let periods = match arguments.period {
        Some(period) => vec![period],
        None => {
            let last = books.this_month()?.plus_months(-1);
            last.map(|last| months_up_to(last, arguments.months)).unwrap_or_default()
        }
    };
    let months = books.months(&periods)?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &months.iter().flat_map(rows::of_reconciled).collect::<Vec<_>>()),
        Form::Csv => return csv(out, months.iter().flat_map(rows::of_reconciled)),
        Form::Text if months.is_empty() => books.say_empty(out),
        Form::Text => reconcile::write(&books, &months, out, colour),
    };
    written.map_err(Error::Output)
}

/// So many months that end with this one, oldest first.
pub(crate) fn months_up_to(last: Period, months: u16) -> Vec<Period> {
    (0..i32::from(months)).rev().filter_map(|before| last.plus_months(-before)).collect()
}

/// What the questions are asked of.
pub(crate) struct Books {
    db: PathBuf,
    ledger: Arc<Ledger>,
    /// The nodes to show, by name or in the order asked for.
    nodes: Vec<NodeName>,
    /// What nodes cost a month, of those that say it.
    costs: BTreeMap<NodeName, MicroUsd>,
    now: Timestamp,
}

impl Books {
    fn open(of: &EarningsOf) -> Result<Self> {
        let config = match &of.config {
            Some(file) => {
                let variables = std::env::vars_os().collect();
                let file = Some(file.clone());
                Some(Config::load_settings(&Sayings { file, variables, ..Sayings::default() })?)
            }
            None => None,
        };
        let of_config = || config.as_ref().map(|config| config.db.clone());
        let db = of.db.clone().or_else(of_config).expect("the command line wants one of the two");
        let store = database::open(&db)?;
        let nodes = database::chosen(&store.readers.get()?, &db, &of.node)?;
        let mut settings = LedgerSettings::default();
        let mut costs = BTreeMap::new();
        if let Some(config) = config {
            settings = ledger_settings(&config.cache);
            let cost = |node: Node| Some((node.name, node.monthly_cost?));
            costs = config.nodes.into_iter().filter_map(cost).collect();
        }
        let ledger = Arc::new(Ledger::new(store.readers, settings, clock::coarse));
        Ok(Self { db, ledger, nodes, costs, now: clock::now() })
    }

    /// Those of a ledger that somebody else keeps.
    pub(crate) fn over(
        ledger: Arc<Ledger>,
        nodes: Vec<NodeName>,
        costs: BTreeMap<NodeName, MicroUsd>,
        now: Timestamp,
    ) -> Self {
        Self { db: PathBuf::new(), ledger, nodes, costs, now }
    }

    pub(crate) fn this_month(&self) -> Result<Period> {
        Period::containing(self.now).ok_or(Error::Clock)
    }

    /// Each month of each node, node by node.
    pub(crate) fn months(&self, periods: &[Period]) -> Result<Vec<Month>> {
        let each = |node| {
            periods.iter().map(move |period| Ok(self.ledger.month(node, *period, self.now)?))
        };
        self.nodes.iter().flat_map(each).collect()
    }

    /// What each node will have earned in a month.
    pub(crate) fn forecasts(&self, period: Period) -> Result<Vec<NodeForecast>> {
        let forecast = |node| Ok(self.ledger.forecast(node, period, self.now)?);
        self.nodes.iter().map(forecast).collect()
    }

    fn cost(&self, node: &NodeName) -> Option<MicroUsd> {
        self.costs.get(node).copied()
    }

    fn profit(&self, month: &Month) -> Option<Profit> {
        month.profit(self.cost(&month.node)?, self.now)
    }

    /// Of the whole month at its end.
    fn profit_ahead(&self, node: &NodeForecast) -> Option<Profit> {
        let (cost, earned) = (self.cost(&node.node)?, node.total().expected.payout);
        (!node.satellites.is_empty())
            .then(|| Profit::of(earned, cost, node.period, node.period.end()))
    }

    fn per_terabyte(&self, month: &Month) -> Option<PerTerabyte> {
        month.per_terabyte(self.now)
    }

    fn say_empty(&self, out: &mut dyn Write) -> io::Result<()> {
        let db = self.db.display();
        writeln!(out, "{db} holds no node yet. Ask one, or import a log:")?;
        writeln!(out, "  piecewatch poll --once --db {db} --node NAME=http://HOST:14002")?;
        writeln!(out, "  piecewatch import --db {db} --node NAME LOG")
    }
}

/// How long the ledger keeps what it has computed.
pub(crate) const fn ledger_settings(cache: &CacheConfig) -> LedgerSettings {
    LedgerSettings {
        satellites: cache.satellites,
        traffic: cache.traffic,
        storage: cache.storage,
        storage_total: cache.storage_total,
        weight_max: cache.weight_max.get(),
    }
}

/// The name of a satellite that a month is of.
fn name(of: &SatelliteMonth) -> String {
    let address = of.standing.as_ref().and_then(|standing| standing.address.as_deref());
    satellite_name(of.satellite, address)
}

/// The name that operators use; of a satellite that is not known its host, or the beginning of its
/// id.
pub(crate) fn satellite_name(satellite: SatelliteId, address: Option<&str>) -> String {
    if let Some(known) = satellite.known() {
        return known.name.to_owned();
    }
    match address.and_then(|address| address.split(':').next()) {
        Some(host) if !host.is_empty() => host.to_owned(),
        Some(_) | None => satellite.to_string().chars().take(12).chain(['…']).collect(),
    }
}

/// The figure that a sum is built on, as answers name it: `mixed` where some of it is of one and some of
/// another. `None` of nothing.
pub(crate) fn based_on(figures: &BTreeSet<Figure>) -> Option<&'static str> {
    match figures.len() {
        0 | 1 => figures.first().map(|figure| figure.name()),
        _ => Some("mixed"),
    }
}

/// The name of one of the satellites of a month.
fn name_in(month: &Month, satellite: SatelliteId) -> String {
    let of = month.satellites.iter().find(|of| of.satellite == satellite);
    of.map_or_else(|| satellite.to_string(), name)
}

/// A sum over satellites: `10.66`, or `10.66 (3 of 4)` where it is not the whole.
fn total(total: FigureTotal) -> String {
    match (total.known, total.missing) {
        (0, _) => NOT_KNOWN.to_owned(),
        (_, 0) => usd(total.amount),
        (known, missing) => format!("{} ({known} of {})", usd(total.amount), known + missing),
    }
}

/// By which figure the parts of a month are told.
const fn parts_by(figure: Figure) -> &'static str {
    match figure {
        Figure::LogEstimate => "by the log estimate",
        Figure::NodeEstimate => "by the node estimate",
        Figure::Paid => "as paid",
    }
}
