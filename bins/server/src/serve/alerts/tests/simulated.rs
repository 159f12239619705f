//! From the log of a node at which audits fail to those who are told.

use clap::Parser;
use piecewatch_simulator::{Incident, IncidentKind, Simulator};

use super::*;
use crate::{Cli, Colour};

const HOUR_MICROS: i64 = 3_600_000_000;

#[test]
fn a_simulated_incident_arrives_at_the_mail_server_and_the_webhook() {
    let bench = Bench::new();
    let hours_ago = |hours: i64| bench.now.plus_micros(-hours * HOUR_MICROS);
    let incidents =
        vec![Incident { kind: IncidentKind::FailedAudits, from: hours_ago(2), to: hours_ago(0) }];
    let mut simulator = Simulator::new(piecewatch_simulator::Config {
        seed: 8,
        start: Some(hours_ago(6)),
        transfers_per_second: 1.0,
        incidents,
        ..piecewatch_simulator::Config::default()
    });
    let mut log = Vec::new();
    while simulator.now() < bench.now {
        simulator.next_line(&mut log);
    }
    let path = bench.folder.path().join("attic.log");
    fs::write(&path, log).unwrap();
    let db = bench.folder.path().join("n.db");
    let [db, path] = [&db, &path].map(|path| path.to_str().unwrap());
    let import = ["piecewatch", "import", "--db", db, "--node", "attic", path];
    crate::run(&Cli::try_parse_from(import).unwrap(), &mut Vec::new(), Colour::Off).unwrap();

    let running = bench.run(bench.alerts(bench.config(""), MonitorFacts::default()));
    (1..5).for_each(|minute| running.alerts.evaluate(minutes(bench.now, minute)));
    let (hooked, mailed) = (bench.hook.wait(1), bench.mail.wait(1));
    // Long lines of a mail are broken so.
    for told in [&hooked[0], &mailed[0].replace("=\n", "")] {
        assert!(told.contains("attic") && told.contains("failed audits"), "{told}");
        assert!(told.contains("since the piece is not there"), "{told}");
    }
    running.stop(&bench);
}
