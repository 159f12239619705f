//! `piecewatch alerts`: whether operators can be reached, and of what they were told.

pub(crate) mod rows;

use std::{collections::BTreeMap, env, io::Write};

use piecewatch_collector::config::{Config, Sayings};
use piecewatch_store::{Alert, AlertDelivery, AlertLevel, DeliveryState, Window};

use crate::{
    Colour, Error, Result,
    cli::{AlertsArgs, AlertsCommand, AlertsListArgs, AlertsTestArgs},
    clock, database,
    form::{Form, csv, json},
    serve::alerts::{self, Ways},
    table::{Align, Cell, Style, Table},
    window::minute,
};

/// Tests channels, or lists alerts.
pub(crate) fn run(arguments: &AlertsArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    match &arguments.command {
        AlertsCommand::Test(arguments) => test(arguments, out, colour),
        AlertsCommand::List(arguments) => list(arguments, out, colour),
    }
}

fn test(arguments: &AlertsTestArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let file = Some(arguments.config.clone());
    let sayings = Sayings { file, variables: env::vars_os().collect(), ..Sayings::default() };
    let mut config = Config::load_settings(&sayings)?.alerts;
    let names: Vec<String> = config.channels.iter().map(|channel| channel.name.clone()).collect();
    if let Some(wanted) = &arguments.channel {
        // What is wrong with the others does not matter.
        config.channels.retain(|channel| channel.name == *wanted);
        config.heartbeat = None;
    }
    if config.channels.is_empty() && config.heartbeat.is_none() {
        let path = arguments.config.display();
        return Err(Error::NoChannel(match &arguments.channel {
            Some(wanted) if !names.is_empty() => {
                format!("{path} has no channel {wanted}; it has {}", names.join(", "))
            }
            Some(_) | None => {
                format!("{path} has no [[alerts.channel]]; add one to be told of anything")
            }
        }));
    }
    let Ways { channels, heartbeat } = Ways::of(&config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::Start)?;
    let message = alerts::trial(clock::now());
    let mut failed = 0;
    let mut tell = |who: &str, how: &str, told: Result<(), String>| {
        let told = match told {
            Ok(()) => Style::Bold.paint(how, colour),
            Err(words) => {
                failed += 1;
                Style::Alert.paint(&words, colour)
            }
        };
        writeln!(out, "{who}: {told}").map_err(Error::Output)
    };
    for channel in &channels {
        let sent = runtime.block_on(channel.send(&message));
        tell(channel.name(), "took the test message", sent.map_err(|error| error.words))?;
    }
    if let Some(heartbeat) = &heartbeat {
        tell("heartbeat", "took the call", runtime.block_on(heartbeat.call()))?;
    }
    match failed {
        0 => Ok(()),
        failed => {
            Err(Error::Untold { failed, tried: channels.len() + usize::from(heartbeat.is_some()) })
        }
    }
}

fn list(arguments: &AlertsListArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let store = database::open(&arguments.of.db)?;
    let now = clock::now();
    let window = Window { from: arguments.window.before(now), to: now.plus_micros(1) };
    let nodes = {
        let reader = store.readers.get()?;
        database::chosen(&reader, &arguments.of.db, &arguments.of.node)?
    };
    let is_all = arguments.of.node.is_empty();
    let mut found = alerts::history(&store.readers, window, |alert| {
        is_all || alert.node.as_ref().is_some_and(|of| nodes.contains(of))
    })?;
    // What lasts stands first.
    found.sort_by_key(|(alert, _)| alert.resolved_at.is_some());
    match Form::from(arguments.form) {
        Form::Json => json(out, &rows::Root::of(window, &found)).map_err(Error::Output),
        Form::Csv => csv(out, found.iter().map(|(alert, of)| rows::Row::of(alert, of))),
        Form::Text => tell(&found, out, colour).map_err(Error::Output),
    }
}

fn tell(
    found: &[(Alert, Vec<AlertDelivery>)],
    out: &mut dyn Write,
    colour: Colour,
) -> std::io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "There was no alert in this time.");
    }
    let mut table = Table::new([
        ("ID", Align::Right),
        ("STATE", Align::Left),
        ("LEVEL", Align::Left),
        ("NODE", Align::Left),
        ("RULE", Align::Left),
        ("SINCE", Align::Left),
        ("UNTIL", Align::Left),
        ("TOLD", Align::Left),
    ]);
    for (alert, deliveries) in found {
        let level = alert.worst.name();
        let is_grave = alert.resolved_at.is_none() && alert.worst == AlertLevel::Critical;
        table.row([
            Cell::from(alert.id.to_string()),
            Cell::from(rows::state(alert)),
            Cell::from(if is_grave { level.to_uppercase() } else { level.to_owned() }),
            Cell::from(rows::node(alert).to_owned()),
            Cell::from(alert.rule.replace('_', " ")),
            Cell::from(minute(alert.began_at)),
            Cell::from(alert.resolved_at.map(minute).unwrap_or_default()),
            Cell::from(told(deliveries)),
        ]);
    }
    table.without_empty_columns().write(out, colour)?;
    for (alert, deliveries) in found.iter().filter(|(alert, _)| alert.resolved_at.is_none()) {
        writeln!(out, "\n  {} {}: {}", alert.id, rows::node(alert), alert.sentence)?;
        let failing = deliveries.iter().filter(|of| of.state != DeliveryState::Delivered);
        for of in failing.filter_map(|of| Some((of, of.error.as_ref()?))) {
            writeln!(out, "  {} was not reached: {}", of.0.channel, of.1)?;
        }
    }
    Ok(())
}

/// `mail, chat (failed)`: by channel how the newest message did.
fn told(deliveries: &[AlertDelivery]) -> String {
    let newest: BTreeMap<&str, DeliveryState> =
        deliveries.iter().map(|of| (&*of.channel, of.state)).collect();
    let words = newest.into_iter().map(|(channel, state)| match state {
        DeliveryState::Delivered => channel.to_owned(),
        DeliveryState::Waiting | DeliveryState::Failed => format!("{channel} ({})", state.name()),
    });
    words.collect::<Vec<_>>().join(", ")
}
