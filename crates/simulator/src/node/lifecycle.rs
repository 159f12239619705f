//! How the node's process ends, in four ways, and begins again.

use std::fmt::Write;

use super::{Node, SATELLITES};
use crate::{
    Encoding, LongLines,
    event::{Event, Key, Kind, Severity, Told, What, Writer, key, same},
    vocabulary::Era,
};

use Severity::{Debug, Error, Fatal, Info};

const SECOND: i64 = 1_000_000;
const ADDRESS: Key = key("Address", "address");

impl Node {
    /// Whatever is open dies with the process.
    pub(crate) fn restart(&mut self) {
        let era = self.era();
        let is_file =
            matches!(self.config.encoding, Encoding::Console | Encoding::Spaces | Encoding::Json);
        // A power loss leaves its mark in files only.
        let ends_in_files = if self.config.encoding.is_journal() { 3 } else { 4 };
        let mut nuls = 0;
        match self.rng.below(ends_in_files) {
            0 => self.stop(era),
            1 => self.fail(era, is_file),
            2 => self.panic(),
            _ => nuls = self.rng.between(16, 4_096) as u16,
        }
        self.ahead.clear();
        self.now += self.rng.between(4, 40) as i64 * SECOND;
        self.supervise();
        self.start(era, nuls);
        self.now += 2 * SECOND;
        self.next_transfer = self.next_transfer.max(self.now);
    }

    fn stop(&mut self, era: Era) {
        let signal = "Got a signal from the OS: \"terminated\"";
        self.background(Event::new(era, Info, "", signal));
        if era < Era::Y2023 {
            return;
        }
        let bytes = match self.config.long_lines {
            LongLines::Never => self.rng.between(15_000, 30_000),
            LongLines::Rarely => self.rng.between(1_500_000, 4_000_000),
        } as usize;
        let mut stack = String::with_capacity(bytes + 200);
        stack.push_str("goroutine 1 [select]:");
        while stack.len() < bytes {
            let _ = write!(
                stack,
                "\nstorj.io/storj/private/lifecycle.(*Group).Run.func{}(0xc000{:06x})\n\t/go/src/storj.io/storj/private/lifecycle/group.go:{} +0x1a4",
                self.rng.below(9),
                self.rng.below(1 << 24),
                self.rng.between(20, 400)
            );
        }
        self.now += 3 * SECOND;
        let slow = Event::new(era, Info, "services", "slow shutdown").with(same("stack"), stack);
        self.background(slow);
    }

    fn fail(&mut self, era: Era, is_file: bool) {
        let text = "piecestore monitor: timed out after 1m0s while verifying writability of storage directory";
        let frames = "\n\tstorj.io/storj/storagenode/monitor.(*Service).Run.func2.1:175\n\tstorj.io/common/sync2.(*Cycle).Run:163";
        let runner = Event::new(era, Error, "services", "unexpected shutdown of a runner")
            .with(same("name"), "piecestore:monitor")
            .with_error(text.to_owned(), frames);
        self.background(runner);
        // v1.100.
        if era >= Era::Y2025 {
            let run = Event::new(era, Error, "", "failure during run");
            self.background(run.with_error(text.to_owned(), frames));
        }
        let severity = if is_file { Fatal } else { Debug };
        let last = Event::new(era, severity, "", "Unrecoverable error");
        self.background(last.with_error(text.to_owned(), frames));
        if !is_file {
            let bare: &[u8] = if self.rng.one_in(4) {
                b"Error: lstat /mnt/caf\xe9/blobs: input/output error"
            } else {
                b"Error: piecestore monitor: timed out after 1m0s while verifying writability of storage directory"
            };
            self.tell_text(Kind::Crash, Writer::Node, bare);
        }
    }

    fn panic(&mut self) {
        let lines: [&'static str; 7] = [
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x1a2b3c4]",
            "",
            "goroutine 4711 [running]:",
            "storj.io/storj/storagenode/piecestore.(*Endpoint).Upload(0xc000a1b2c3, {0x2f4a8c0, 0xc001})",
            "\t/go/src/storj.io/storj/storagenode/piecestore/endpoint.go:367 +0x1a4",
            "exit status 2",
        ];
        for line in lines {
            // journald keeps no empty lines.
            if !line.is_empty() || !self.config.encoding.is_journal() {
                self.tell_text(Kind::Crash, Writer::Node, line.as_bytes());
            }
        }
    }

    /// What supervisord or systemd says about an end and a beginning.
    fn supervise(&mut self) {
        if self.config.encoding.is_journal() {
            for line in [
                "storagenode.service: Main process exited, code=exited, status=1/FAILURE",
                "storagenode.service: Scheduled restart job, restart counter is at 1.",
                "Started storagenode.service - Storj storage node.",
            ] {
                self.tell_text(Kind::Supervisor, Writer::Systemd, line.as_bytes());
            }
        } else if self.config.encoding == Encoding::DockerJson {
            for (text, millis) in [
                ("INFO exited: storagenode (exit status 1; not expected)", 117),
                ("INFO spawned: 'storagenode' with pid 52", 456),
                (
                    "INFO success: storagenode entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
                    460,
                ),
            ] {
                let at = piecewatch_model::Timestamp::from_seconds(self.now.div_euclid(SECOND));
                let at = at.to_string().replace('T', " ");
                let line = format!("{},{millis} {text}", at.trim_end_matches('Z'));
                self.tell_text(Kind::Supervisor, Writer::Node, line.into_bytes());
            }
        }
    }

    fn start(&mut self, era: Era, nuls: u16) {
        let configured = Event::new(era, Info, "", "Configuration loaded")
            .with(key("Location", "location"), "/app/config/config.yaml");
        if nuls == 0 {
            self.background(configured);
        } else {
            let stamp = self.stamp();
            let what = What::AfterNuls(nuls, configured);
            self.pending.push_back(Told { stamp, kind: Kind::Background, what });
        }
        let line =
            |logger: &'static str, message: &'static str| Event::new(era, Info, logger, message);
        self.background(line("", "Operator email").with(ADDRESS, "sno@example.org"));
        self.background(
            line("", "Operator wallet").with(ADDRESS, "0x0000000000000000000000000000000000000001"),
        );
        let version = Event::new(era, Debug, "", "Version info")
            .with(key("Version", "version"), era.version().trim_start_matches('v'))
            .with(key("Commit Hash", "commit_hash"), "7d89b49dad5a3a4ba0c1d2e3f405162738495a6b")
            .with(key("Build Timestamp", "build_timestamp"), "2025-09-01 10:00:00 +0000 UTC")
            .with(key("Release Build", "release_build"), crate::event::Value::Bool(true));
        self.background(version);
        let (step, text) = match era {
            Era::Y2019 => ("db.migration.23", "Split into multiple sqlite databases"),
            Era::Y2022 | Era::Y2023 | Era::Y2025 | Era::Y2026 => {
                ("db.migration.62", "Create table to store the usage of trash")
            }
        };
        self.background(line(step, text));
        self.background(line("db.migration", "Database Version").with(same("version"), 62_i64));
        for message in [
            "start checking local system clock with trusted satellites' system clock.",
            "local system clock is in sync with trusted satellites' system clock.",
        ] {
            self.background(line("preflight:localtime", message));
        }
        self.now += SECOND;
        let node = "Node 12kxyHQJPtNG7svApvw8P62UrzPLZFJsafpv6N1CGFxgQ5W8Nx6 started";
        self.background(line("", node));
        self.background(line("", "Public server started on [::]:28967"));
        self.background(line("", "Private server started on 127.0.0.1:7778"));
        if era >= Era::Y2025 {
            for satellite in SATELLITES {
                let opened = line("hashstore", "hashstore opened successfully")
                    .with(same("satellite"), satellite)
                    .with(same("open_time"), "125.639µs");
                self.background(opened);
            }
        }
    }
}
