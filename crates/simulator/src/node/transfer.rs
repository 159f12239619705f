//! Uploads and downloads: who asks for what, how long it takes, and how it ends.

use piecewatch_model::{Action, Direction, FailureClass, Outcome};

use super::{Node, failure::Failure, wording};
use crate::{
    IncidentKind, Mix, Remotes,
    event::{Kind, PieceText, Remote, Severity, Stamp},
    vocabulary::Era,
};

/// The largest piece: a segment of 64 MiB in 29 parts, in whole blocks.
const PIECE_MAX: u64 = 2_319_872;
/// How many pieces are in demand at a time.
const HOT_PIECES: usize = 32;

/// An upload or download that began.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub(super) era: Era,
    pub(super) satellite: usize,
    pub(super) action: &'static str,
    pub(super) direction: Direction,
    pub(super) piece: PieceText,
    pub(super) offset: u64,
    /// What is asked for, or what the client means to store.
    pub(super) size: u64,
    pub(super) remote: Remote,
    /// How long it takes, in microseconds.
    pub(super) takes: i64,
    /// When its start was written, if it was.
    pub(super) started: Option<Stamp>,
    /// Whether another client may have the same piece at the same time.
    pub(super) shared: bool,
}

impl Node {
    pub(super) fn begin(&mut self) {
        let mut transfer = self.draw_transfer();
        if transfer.era >= Era::Y2023 && transfer.action == "GET" {
            self.share_piece(&mut transfer);
        }
        let event = wording::started(&transfer, self.space);
        transfer.started = self.tell(Kind::Started, event);
        self.plan_end(transfer);
    }

    pub(super) fn draw_transfer(&mut self) -> Transfer {
        let satellite = self.satellite();
        let kind = self.rng.weighted(&[300, 440, 30, 120, 108, 1]);
        let (action, direction) = [
            ("PUT", Direction::Upload),
            ("GET", Direction::Download),
            ("GET_AUDIT", Direction::Download),
            ("GET_REPAIR", Direction::Download),
            ("PUT_REPAIR", Direction::Upload),
            // An action that nobody knows yet is data, too.
            ("GET_CONVERT", Direction::Download),
        ][kind];
        let (offset, size) = self.draw_range(action);
        let median = match direction {
            Direction::Upload => 260_000 + size / 8,
            Direction::Download => 45_000 + size / 6,
        };
        Transfer {
            era: self.era(),
            satellite,
            action,
            direction,
            piece: self.piece(),
            offset,
            size,
            remote: self.draw_remote(action),
            takes: (self.rng.log_normal(median, 1.3) as i64 + 900) * self.slowness(),
            started: None,
            shared: false,
        }
    }

    /// How many times as long as usual transfers take that begin now.
    fn slowness(&self) -> i64 {
        let slow = self.config.incidents.iter().filter(|one| one.is_on(self.now));
        slow.map(|one| match one.kind {
            IncidentKind::SlowDisk(times) => i64::from(times),
            IncidentKind::LostConnection | IncidentKind::FailedAudits => 1,
        })
        .max()
        .map_or(1, |times| times.max(1))
    }

    /// Where in the piece, and how much of it.
    fn draw_range(&mut self, action: &str) -> (u64, u64) {
        const BLOCK: u64 = 256;
        let blocks = PIECE_MAX / BLOCK;
        let whole = |bytes: u64| (bytes / BLOCK).clamp(1, blocks) * BLOCK;
        match action {
            "GET_AUDIT" => (self.rng.below(blocks) * BLOCK, BLOCK),
            "PUT" | "PUT_REPAIR" | "GET_REPAIR" if self.rng.below(100) < 45 => {
                (0, PIECE_MAX - self.rng.below(3) * BLOCK)
            }
            "PUT" | "PUT_REPAIR" | "GET_REPAIR" => (0, whole(self.rng.log_normal(150_000, 1.6))),
            _ if self.rng.below(100) < 30 => (0, BLOCK),
            _ => {
                let size = whole(self.rng.log_normal(24_000, 2.0));
                let begins = if self.rng.below(100) < 55 { 0 } else { blocks - size / BLOCK };
                (self.rng.below(begins + 1) * BLOCK, size)
            }
        }
    }

    fn draw_remote(&mut self, action: &str) -> Remote {
        let port = self.rng.between(1_024, 65_535) as u16;
        if self.config.remotes == Remotes::DockerGateway {
            return Remote::V4([172, 17, 0, 1], port);
        }
        let host = self.rng.bits();
        let byte = |at: u32| (host >> (8 * at)) as u8;
        if self.config.mix != Mix::Transfers && self.rng.one_in(5_000) {
            return Remote::Unknown;
        }
        match action {
            "GET_AUDIT" => Remote::V4([34, 146, 139, 220 + byte(0) % 16], port),
            "GET_REPAIR" | "PUT_REPAIR" => Remote::V4([45, 137, 206, byte(0) % 110], port),
            _ if host >> 58 == 0 => Remote::V6((host >> 16) as u16, host as u16, port),
            // Most clients come through the edge services, the others from anywhere.
            _ if host >> 62 != 0 => Remote::V4([79, 127, 200 + byte(0) % 27, byte(1) % 128], port),
            _ => Remote::V4([80 + byte(0) % 100, byte(1), byte(2), byte(3) | 1], port),
        }
    }

    /// Lets several clients ask for one piece at once, each from another place of it.
    fn share_piece(&mut self, transfer: &mut Transfer) {
        // Without an address nobody could tell which of several starts an end belongs to.
        if transfer.remote == Remote::Unknown {
            return;
        }
        match self.rng.below(10) {
            0 => {
                transfer.shared = true;
                self.hot.push_back((transfer.piece, transfer.satellite));
                if self.hot.len() > HOT_PIECES {
                    self.hot.pop_front();
                }
            }
            1 | 2 if !self.hot.is_empty() => {
                let newest = self.hot.len() - 1;
                let back = self.rng.below(newest.min(3) as u64 + 1) as usize;
                let (piece, satellite) = self.hot[newest - back];
                *transfer = Transfer { piece, satellite, shared: true, ..*transfer };
            }
            _ => {}
        }
    }

    pub(super) fn end(&mut self, transfer: Transfer) {
        let bad_day = if self.config.mix == Mix::Adverse { 5 } else { 1 };
        let upload = transfer.direction == Direction::Upload;
        let (canceled, failed) = match transfer.action {
            "GET_AUDIT" => (15, 8),
            "PUT" | "PUT_REPAIR" => (60, 25),
            _ => (45, 15),
        };
        let draw = self.rng.below(1_000);
        if transfer.era == Era::Y2019 && self.rng.one_in(400) && self.config.mix != Mix::Transfers {
            return self.end_before_satellites(&transfer);
        }
        let is_lost =
            transfer.action == "GET_AUDIT" && self.is_on(|kind| kind == IncidentKind::FailedAudits);
        if is_lost {
            self.end_failed(&transfer, &Failure::missing());
        } else if draw < failed * bad_day {
            let failure = self.draw_failure(&transfer);
            self.end_failed(&transfer, &failure);
        } else if draw < (failed + canceled) * bad_day && transfer.era > Era::Y2019 {
            self.end_canceled(&transfer);
        } else {
            let tells_size = self.config.mix == Mix::Transfers || !self.rng.one_in(8_000);
            let size = tells_size.then_some(transfer.size);
            let message = if upload { "uploaded" } else { "downloaded" };
            let line = wording::Line { severity: Severity::Info, message, size };
            self.tell_end(&transfer, Outcome::Success, line, wording::Tail::Nothing);
            self.booked.whole(&transfer, self.now);
            if upload {
                self.space -= transfer.size as i64;
            }
        }
    }

    /// What was moved when it stopped: mostly some part in whole messages, often nothing.
    fn part(&mut self, transfer: &Transfer) -> u64 {
        const MESSAGE: u64 = 65_536;
        if self.rng.one_in(5) {
            return 0;
        }
        match transfer.direction {
            Direction::Upload => self.rng.below(transfer.size / 256 + 1) * 256,
            Direction::Download => self.rng.below(transfer.size.div_ceil(MESSAGE)) * MESSAGE,
        }
    }

    /// The size that a line about an incomplete transfer tells.
    fn size_told(&self, transfer: &Transfer, part: u64) -> u64 {
        match transfer.direction {
            Direction::Upload => part,
            Direction::Download if transfer.era >= Era::Y2025 => transfer.size,
            Direction::Download => part,
        }
    }

    fn end_canceled(&mut self, transfer: &Transfer) {
        let part = self.part(transfer);
        self.booked.part(transfer, part, self.now);
        let size = Some(self.size_told(transfer, part));
        let upload = transfer.direction == Direction::Upload;
        let severity = Severity::Info;
        if transfer.era == Era::Y2023 && !transfer.shared && self.rng.one_in(2) {
            return self.end_race_lost_2023(transfer, part);
        }
        if upload {
            let line = wording::Line { severity, message: "upload canceled", size };
            return self.tell_end(transfer, Outcome::Canceled, line, wording::Tail::Nothing);
        }
        if transfer.era >= Era::Y2025 && self.rng.one_in(25) {
            return self.end_race_lost_since(transfer);
        }
        let line = wording::Line { severity, message: "download canceled", size };
        let reason = self.draw_reason(transfer, part);
        self.tell_end(transfer, Outcome::Canceled, line, wording::Tail::Reason(reason));
    }

    fn draw_reason(&mut self, transfer: &Transfer, part: u64) -> String {
        match self.rng.below(20) {
            0..9 => "context canceled".to_owned(),
            9..12 => "stream closed by peer".to_owned(),
            12 => "unknown reason bug in code, please report".to_owned(),
            _ => format!(
                "downloaded size ({part} bytes) does not match received message size ({} bytes)",
                transfer.size
            ),
        }
    }

    /// v1.86 to v1.98: a line with a piece id and nothing else, and its twin at DEBUG.
    fn end_race_lost_2023(&mut self, transfer: &Transfer, part: u64) {
        let Transfer { direction, started, .. } = *transfer;
        let (satellite, action) = match started {
            Some(_) => (Some(self.satellites[transfer.satellite]), transfer.action_told()),
            None => (None, Action::unnamed(direction)),
        };
        let kind = Kind::ended(satellite, action, Outcome::Canceled, 0, started);
        self.tell(kind, wording::race_lost(transfer));
        let message = match direction {
            Direction::Upload => "upload failed",
            Direction::Download => "download canceled",
        };
        let line = wording::Line { severity: Severity::Debug, message, size: Some(part) };
        let failure = Failure::context_canceled();
        let twin = wording::ended(transfer, line, wording::Tail::Error(&failure));
        self.tell(Kind::ToldTwice, twin);
    }

    /// v1.99 and later, downloads: both lines name everything.
    fn end_race_lost_since(&mut self, transfer: &Transfer) {
        let size = Some(transfer.size);
        let message = "download canceled (race lost or node shutdown)";
        let line = wording::Line { severity: Severity::Info, message, size };
        self.tell_end(transfer, Outcome::Canceled, line, wording::Tail::Nothing);
        let line = wording::Line { severity: Severity::Debug, message: "download canceled", size };
        let failure = Failure::context_canceled();
        let twin = wording::ended(transfer, line, wording::Tail::Error(&failure));
        self.tell(Kind::ToldTwice, twin);
    }

    fn end_failed(&mut self, transfer: &Transfer, failure: &Failure) {
        let part = self.part(transfer);
        self.booked.part(transfer, part, self.now);
        let size = Some(self.size_told(transfer, part));
        let upload = transfer.direction == Direction::Upload;
        let era = transfer.era;
        let aborted = matches!(failure.text.as_str(), "unexpected EOF" | "context canceled");
        let severity = match era {
            Era::Y2019 => Severity::Info,
            Era::Y2025 | Era::Y2026 if upload && aborted => Severity::Debug,
            Era::Y2026 if upload && failure.is_disconnect() => Severity::Warn,
            Era::Y2022 | Era::Y2023 | Era::Y2025 | Era::Y2026 => Severity::Error,
        };
        let message = if upload { "upload failed" } else { "download failed" };
        let line = wording::Line { severity, message, size };
        let outcome = Outcome::Failed(failure.class);
        self.tell_end(transfer, outcome, line, wording::Tail::Error(failure));
        if upload && era >= Era::Y2025 && severity > Severity::Debug && !self.rng.one_in(4) {
            self.tell(Kind::ToldTwice, wording::internal_error(era, severity, failure));
        }
    }

    /// Before v0.14: no satellite, and no action on failures.
    fn end_before_satellites(&mut self, transfer: &Transfer) {
        let failed = self.rng.one_in(3);
        if !failed {
            self.booked.whole(transfer, self.now);
        }
        let failure = failed.then(|| Failure::open_2019(transfer.satellite));
        let (action, outcome) = match &failure {
            None => (transfer.action_told(), Outcome::Success),
            Some(_) => {
                (Action::unnamed(transfer.direction), Outcome::Failed(FailureClass::Missing))
            }
        };
        // A start named the satellite: such a line belongs to a transfer that has none.
        let transfer = Transfer { piece: self.piece(), ..transfer.clone() };
        let kind = Kind::ended(None, action, outcome, 0, None);
        self.tell(kind, wording::before_satellites(&transfer, failure.as_ref()));
    }

    fn tell_end(
        &mut self,
        transfer: &Transfer,
        outcome: Outcome,
        line: wording::Line,
        tail: wording::Tail<'_>,
    ) {
        let event = wording::ended(transfer, line, tail);
        let bytes = if transfer.tells_size() { line.size.unwrap_or(0) } else { 0 };
        let satellite = Some(self.satellites[transfer.satellite]);
        let action = transfer.action_told();
        let kind = Kind::ended(satellite, action, outcome, bytes, transfer.started);
        self.tell(kind, event);
    }
}

impl Transfer {
    fn action_told(&self) -> Action {
        Action::from_name(self.action)
    }

    pub(super) fn is_download(&self) -> bool {
        self.direction == Direction::Download
    }

    /// Whether its last line has a size: uploads since v1.20, downloads since v1.72.
    pub(super) fn tells_size(&self) -> bool {
        match self.direction {
            Direction::Upload => self.era >= Era::Y2022,
            Direction::Download => self.era >= Era::Y2023,
        }
    }
}
