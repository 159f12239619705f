//! `piecewatch countries`: where the other sides are.

use std::{
    io::{self, Write},
    sync::Arc,
};

use piecewatch_analytics::countries::{CountryShare, PeersOf, peers_of};
use piecewatch_model::NodeName;
use piecewatch_store::Reader;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Colour, Error, Result,
    cli::CountriesArgs,
    database,
    form::{Form, Span, csv, json},
    sentence::sentence,
    table::{Align, Cell, Style, Table, number, percent},
    window::{minute, up_to_newest},
};

/// Of each node where its other sides are.
pub(crate) type Answer = Vec<(NodeName, Arc<PeersOf>)>;

/// Asks for countries and prints them.
pub(crate) fn run(arguments: &CountriesArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &Object::of(&answer)),
        Form::Csv => return csv(out, flat(&answer)),
        Form::Text if answer.is_empty() => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
        Form::Text => text(&answer, out, colour),
    };
    written.map_err(Error::Output)
}

/// Nothing where there are no records.
fn ask(reader: &Reader, arguments: &CountriesArgs) -> Result<Answer> {
    let nodes = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let Some(window) = up_to_newest(reader, &nodes, arguments.window)? else {
        return Ok(Answer::new());
    };
    let peers = |node: NodeName| Ok((node.clone(), Arc::new(peers_of(reader, &node, window)?)));
    nodes.into_iter().map(peers).collect()
}

/// Where the other sides are, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Object<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<Peers<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Peers<'a> {
    node: &'a str,
    /// `varied`; `one_address` or `private` where something hides who they are; or `unknown`.
    state: &'static str,
    sentence: Option<String>,
    /// None where nobody looked addresses up.
    countries: Vec<Country<'a>>,
}

/// Of which node a row is, in CSV.
#[derive(Default, Serialize)]
pub(crate) struct At<'a> {
    node: &'a str,
}

/// What a country has to do with a node.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Country<'a> {
    /// Two letters; private networks and what nobody knows have a code of their own.
    country: &'a str,
    uploads: u64,
    upload_bytes: u64,
    downloads: u64,
    download_bytes: u64,
}

impl<'a> Object<'a> {
    pub(crate) fn of(answer: &'a Answer) -> Self {
        let nodes = answer.iter().map(|(node, peers)| Peers {
            node: node.as_str(),
            state: peers.peers.name(),
            sentence: peers.peers.explanation(),
            countries: peers.countries.iter().map(country).collect(),
        });
        let span = Span::over(answer.iter().map(|(_, peers)| peers.window));
        Self { span, nodes: nodes.collect() }
    }
}

/// Each country of each node beside the window, for CSV.
pub(crate) fn flat(answer: &Answer) -> impl Iterator<Item = (Span, At<'_>, Country<'_>)> {
    answer.iter().flat_map(|(node, peers)| {
        let at = |of| (Span::of(peers.window), At { node: node.as_str() }, country(of));
        peers.countries.iter().map(at)
    })
}

fn country(of: &CountryShare) -> Country<'_> {
    Country {
        country: of.country.code(),
        uploads: of.uploads.count,
        upload_bytes: of.uploads.bytes.get(),
        downloads: of.downloads.count,
        download_bytes: of.downloads.bytes.get(),
    }
}

fn text(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    for (place, (node, peers)) in answer.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let title = Style::Bold.paint(node.as_str(), colour);
        let (from, to) = (minute(peers.window.from), minute(peers.window.to));
        writeln!(out, "{title}   {from} to {to} UTC\n")?;
        if peers.countries.is_empty() {
            let how = "Name a file that tells countries when logs are read: import --geoip FILE, or \
                       geoip in the configuration.";
            sentence(out, &format!("No country is known of this time. {how}"))?;
        } else {
            table(&peers.countries).write(out, colour)?;
        }
        if let Some(explanation) = peers.peers.explanation() {
            writeln!(out)?;
            sentence(out, &explanation)?;
        }
    }
    Ok(())
}

fn table(countries: &[CountryShare]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("COUNTRY", Left),
        ("SHARE", Right),
        ("UPLOADS", Right),
        ("INGRESS", Right),
        ("DOWNLOADS", Right),
        ("EGRESS", Right),
    ]);
    let transfers = |of: &CountryShare| of.uploads.count.saturating_add(of.downloads.count);
    let all = countries.iter().map(transfers).fold(0, u64::saturating_add);
    for of in countries {
        table.row([
            Cell::from(of.country.code()),
            Cell::styled(percent(transfers(of), all), Style::Dim),
            Cell::from(number(of.uploads.count)),
            Cell::from(of.uploads.bytes.to_string()),
            Cell::from(number(of.downloads.count)),
            Cell::from(of.downloads.bytes.to_string()),
        ]);
    }
    table
}
