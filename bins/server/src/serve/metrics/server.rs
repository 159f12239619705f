//! How the server itself is.

use std::time::Duration;

use piecewatch_broadcast::CloseReason;
use piecewatch_cache::Stats;
use piecewatch_store::DeliveryState;

use super::{
    family::{Families, Number},
    seconds_of,
};
use crate::{
    serve::own::{CLASSES, OwnFigures},
    version,
};

/// Adds everything about the server.
pub(super) fn add(families: &mut Families, own: &OwnFigures) {
    process(families, own);
    machine(families, own);
    database(families, own);
    pipeline(families, own);
    caches(families, own);
    http(families, own);
    hub(families, own);
    alerts(families, own);
}

fn process(families: &mut Families, own: &OwnFigures) {
    let build = families.info("piecewatch_build", "The version of the server");
    build.add([("version", version::NUMBER)], 1_u64);
    let of = &own.process;
    // The names that every exporter has for its process.
    families
        .counter("process_cpu_seconds", "CPU time of the process")
        .add([], of.cpu.as_secs_f64());
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Memory of the process", Some(of.resident_bytes)),
        ("process_virtual_memory_bytes", "Addresses of the process", Some(of.virtual_bytes)),
        ("process_threads", "Threads of the process", of.threads),
        ("process_open_fds", "Open files of the process", of.open_files),
        ("process_max_fds", "How many files the process may open", of.open_files_max),
    ] {
        families.gauge(name, help).add_known([], value);
    }
    families
        .gauge("process_start_time_seconds", "When the server began")
        .add([], seconds_of(own.since));
    families
        .gauge("piecewatch_startup_seconds", "How long it took until the server answered")
        .add_known([], own.moment.startup.map(|took| took.as_secs_f64()));
    let disk = families.counter("piecewatch_process_disk_bytes", "Input and output of the process");
    disk.add_known([("direction", "read")], of.disk_read_bytes);
    disk.add_known([("direction", "written")], of.disk_written_bytes);
}

fn machine(families: &mut Families, own: &OwnFigures) {
    let of = &own.machine;
    families
        .gauge("piecewatch_machine_load", "The load of the machine over a minute")
        .add_known([], of.load.map(|[one, ..]| one));
    families.gauge("piecewatch_machine_cpus", "Cores that the server may use").add([], of.cpus);
    let memory = families.gauge("piecewatch_machine_memory_bytes", "Memory of the machine");
    memory.add([("kind", "total")], of.memory_bytes);
    memory.add([("kind", "available")], of.memory_available_bytes);
    let network = families.counter(
        "piecewatch_machine_network_bytes",
        "What the machine received and sent, loopback left out",
    );
    network.add([("direction", "received")], of.network_received_bytes);
    network.add([("direction", "sent")], of.network_sent_bytes);
}

fn database(families: &mut Families, own: &OwnFigures) {
    let size = families.gauge("piecewatch_database_size_bytes", "The files of the database");
    size.add_known([("file", "database")], own.database.bytes);
    size.add([("file", "wal")], own.database.wal_bytes);
    let counts =
        families.counter("piecewatch_database_queries", "Questions to the database, by name");
    for (name, stats) in &own.questions {
        counts.add([("query", *name)], stats.count);
    }
    let took = families.counter(
        "piecewatch_database_query_seconds",
        "How long questions to the database took together, by name",
    );
    for (name, stats) in &own.questions {
        took.add([("query", *name)], stats.took.as_secs_f64());
    }
    families
        .counter("piecewatch_database_slow_queries", "Questions that took long; they are logged")
        .add([], own.asked().1);
}

fn pipeline(families: &mut Families, own: &OwnFigures) {
    let Some(of) = &own.moment.pipeline else { return };
    let writer = &of.writer;
    families
        .gauge("piecewatch_ingest_waiting_batches", "Batches that wait for the writer")
        .add([], of.waiting);
    families
        .counter("piecewatch_ingest_records", "Records that were committed")
        .add([], writer.records);
    families
        .counter("piecewatch_database_commits", "Transactions of what was read")
        .add([], writer.commits);
    families
        .counter("piecewatch_database_commit_seconds", "How long they took together")
        .add([], writer.committing.as_secs_f64());
    families
        .gauge(
            "piecewatch_database_longest_commit_seconds",
            "How long the longest of the last one to two minutes took",
        )
        .add([], writer.longest_commit.as_secs_f64());
    families
        .gauge("piecewatch_database_last_commit_timestamp_seconds", "When the last one was")
        .add_known([], writer.committed_at.map(seconds_of));
    families
        .gauge(
            "piecewatch_database_writable",
            "Whether what is read can be written (1) or waits for a disk or a lock (0)",
        )
        .add([], writer.blocked.is_none());
}

fn caches(families: &mut Families, own: &OwnFigures) {
    type Figure = fn(&Stats) -> Number;
    let counters: [(&'static str, &'static str, Figure); 6] = [
        ("piecewatch_cache_hits", "Asks answered from memory", |of| of.hits.into()),
        ("piecewatch_cache_misses", "Asks that were not", |of| of.misses.into()),
        ("piecewatch_cache_computations", "Answers computed", |of| of.computations.into()),
        ("piecewatch_cache_errors", "Computations that failed", |of| of.errors.into()),
        ("piecewatch_cache_evictions", "Answers that had to go before their time", |of| {
            of.evictions.into()
        }),
        ("piecewatch_cache_computing_seconds", "How long computing took", |of| {
            Duration::from_micros(of.computing_micros).as_secs_f64().into()
        }),
    ];
    let gauges: [(&'static str, &'static str, Figure); 2] = [
        ("piecewatch_cache_entries", "Answers in memory", |of| of.entries.into()),
        ("piecewatch_cache_weight_bytes", "What they weigh, as reckoned", |of| of.weight.into()),
    ];
    for (name, help, figure) in counters {
        let family = families.counter(name, help);
        for (service, stats) in &own.caches {
            family.add([("service", *service), ("cache", stats.name)], figure(stats));
        }
    }
    for (name, help, figure) in gauges {
        let family = families.gauge(name, help);
        for (service, stats) in &own.caches {
            family.add([("service", *service), ("cache", stats.name)], figure(stats));
        }
    }
}

fn http(families: &mut Families, own: &OwnFigures) {
    let of = &own.http;
    let answers =
        families.counter("piecewatch_http_requests", "Answers by the class of their status");
    for (class, count) in CLASSES.iter().zip(of.answers) {
        answers.add([("code", *class)], count);
    }
    for (name, help, count) in [
        ("piecewatch_http_not_modified", "Answers that had not changed (304)", of.not_modified),
        ("piecewatch_http_unavailable", "Requests nobody was free to answer (503)", of.unavailable),
        ("piecewatch_http_slow_requests", "Answers that took long; they are logged", of.slow),
        ("piecewatch_http_response_bytes", "Bytes of the bodies", of.bytes),
        ("piecewatch_http_connections", "Connections that were taken", of.connections),
    ] {
        families.counter(name, help).add([], count);
    }
    families
        .counter("piecewatch_http_request_seconds", "How long answers took together")
        .add([], of.took.as_secs_f64());
    families
        .gauge("piecewatch_http_requests_open", "Requests that are being answered")
        .add([], of.open);
    families
        .gauge("piecewatch_http_connections_open", "Connections that are there")
        .add([], of.connected);
}

fn hub(families: &mut Families, own: &OwnFigures) {
    let of = &own.moment.hub;
    for (name, help, value) in [
        ("piecewatch_hub_clients", "Browsers that watch", of.clients),
        ("piecewatch_hub_clients_behind", "Those that are slower than what they watch", of.behind),
        (
            "piecewatch_hub_channels",
            "Distinct topics and sets of nodes that are watched",
            of.channels,
        ),
        ("piecewatch_hub_views", "The same at their rates", of.views),
        ("piecewatch_hub_held_bytes", "Messages that are kept for clients", of.held_bytes),
    ] {
        families.gauge(name, help).add([], value);
    }
    families
        .gauge("piecewatch_hub_window_seconds", "For how long changes are gathered")
        .add([], of.window.as_secs_f64());
    families.gauge("piecewatch_hub_load_ratio", "How busy the hub is").add([], of.load);
    for (name, help, count) in [
        ("piecewatch_hub_events", "Changes that were told to the hub", of.events),
        ("piecewatch_hub_states", "States that the hub was given", of.states),
        ("piecewatch_hub_frames", "Frames that clients were given", of.frames),
        ("piecewatch_hub_messages", "Messages in the frames", of.messages),
        ("piecewatch_hub_serialisations", "Messages that had to be made", of.serialisations),
        ("piecewatch_hub_frame_bytes", "Bytes of the frames", of.bytes),
        ("piecewatch_hub_resyncs", "Snapshots that clients asked for after a gap", of.resyncs),
        ("piecewatch_hub_faults", "Messages of clients that made no sense", of.faults),
        ("piecewatch_hub_refused", "Clients that were not let in", of.refused),
    ] {
        families.counter(name, help).add([], count);
    }
    let closed = families.counter("piecewatch_hub_closed", "Clients that are gone, by the reason");
    for reason in CloseReason::ALL {
        closed.add([("reason", reason_name(reason))], of.closed_for(reason));
    }
}

fn alerts(families: &mut Families, own: &OwnFigures) {
    let firing_now = families
        .gauge("piecewatch_alerts_firing", "Alerts that fire; of the server without a node");
    for firing in &own.moment.alerts {
        let node = firing.node.as_ref().map_or("", |node| node.as_str());
        firing_now.add([("node", node), ("level", firing.level)], firing.count);
    }
    let deliveries = families
        .counter("piecewatch_alert_deliveries", "Messages that arrived, and that were given up");
    for of in &own.moment.channels {
        let by_state =
            [(DeliveryState::Delivered, of.delivered), (DeliveryState::Failed, of.failed)];
        for (state, count) in by_state {
            deliveries.add([("channel", &of.name), ("state", state.name())], count);
        }
    }
    let up = families.gauge(
        "piecewatch_alert_channel_up",
        "Whether the last message that a channel was sent arrived (1) or not (0)",
    );
    for of in &own.moment.channels {
        up.add([("channel", &of.name)], !of.is_failing);
    }
}

/// In lower-case words joined by `_`.
pub(crate) const fn reason_name(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::GoingAway => "going_away",
        CloseReason::MessageTooLong => "message_too_long",
        CloseReason::TooManyMessages => "too_many_messages",
        CloseReason::TooMuchAsked => "too_much_asked",
        CloseReason::Silent => "silent",
        CloseReason::Stalled => "stalled",
        CloseReason::Left => "left",
    }
}
