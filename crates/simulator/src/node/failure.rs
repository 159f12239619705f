//! What transfers break of: the texts of errors, each with the class it belongs to.

use std::fmt::Write;

use piecewatch_model::{Direction, FailureClass};

use super::{Node, transfer::Transfer};
use crate::{
    event::{Event, PieceText, Remote, Value, same},
    log::push_remote,
    vocabulary::Era,
};

/// An error.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) text: String,
    pub(super) class: FailureClass,
    /// What `errorVerbose` has after the text; empty for an error without it.
    pub(super) frames: &'static str,
    /// Whether it is several errors in one, told with `errorCauses` in place of `errorVerbose`.
    pub(super) is_group: bool,
}

/// The frames of `storj.io/drpc` under an endpoint, as v1.137 has them.
const UPLOAD_FRAMES: &str = "\n\tstorj.io/common/rpc/rpcstatus.NamedError:115\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).Upload:506\n\tstorj.io/common/pb.DRPCPiecestoreDescription.Method.func1:294\n\tstorj.io/drpc/drpcmux.(*Mux).HandleRPC:33\n\tstorj.io/common/rpc/rpctracing.(*Handler).HandleRPC:62\n\tstorj.io/common/experiment.(*Handler).HandleRPC:43\n\tstorj.io/drpc/drpcserver.(*Server).handleRPC:166\n\tstorj.io/drpc/drpcserver.(*Server).ServeOne:108\n\tstorj.io/drpc/drpcserver.(*Server).Serve.func2:156\n\tstorj.io/drpc/drpcctx.(*Tracker).track:35";
const DOWNLOAD_FRAMES: &str = "\n\tstorj.io/common/rpc/rpcstatus.NamedWrap:106\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).Download:729\n\tstorj.io/common/pb.DRPCPiecestoreDescription.Method.func2:302\n\tstorj.io/drpc/drpcmux.(*Mux).HandleRPC:33\n\tstorj.io/drpc/drpcserver.(*Server).handleRPC:166";
const SEND_FRAMES: &str = "\n\tstorj.io/drpc/drpcstream.(*Stream).rawFlushLocked:428\n\tstorj.io/drpc/drpcstream.(*Stream).MsgSend:489\n\tstorj.io/common/pb.(*drpcPiecestore_DownloadStream).Send:416\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).sendData.func1:879\n\tstorj.io/storj/storagenode/piecestore.withTimeout[...]:1157\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).sendData:877\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).Download.func7:772\n\tgolang.org/x/sync/errgroup.(*Group).add.func1:130";
const READ_FRAMES: &str = "\n\tgithub.com/jtolio/noiseconn.(*Conn).readMsg:211\n\tgithub.com/jtolio/noiseconn.(*Conn).Read:171\n\tstorj.io/drpc/drpcwire.(*Reader).read:68\n\tstorj.io/drpc/drpcwire.(*Reader).ReadPacketUsing:113\n\tstorj.io/drpc/drpcmanager.(*Manager).manageReader:230";

/// The trace that `log.stack` adds to an error.
pub(super) const STACK: &str = "storj.io/storj/storagenode/piecestore.(*Endpoint).Download.func3\n\t/go/src/storj.io/storj/storagenode/piecestore/endpoint.go:706\nstorj.io/storj/storagenode/piecestore.(*Endpoint).Download\n\t/go/src/storj.io/storj/storagenode/piecestore/endpoint.go:731\nruntime.goexit\n\t/usr/local/go/src/runtime/asm_amd64.s:1700";

/// A text with places for addresses (`{ends}`), the piece and satellite, times and numbers; its
/// class; its frames; which way it happens, and how often.
type Row = (&'static str, FailureClass, &'static str, Way, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Both,
}

use FailureClass::{Clock, Disk, Missing, Network, Other, Protocol};

/// docs/LOG-FORMATS.md, Outcomes and failure classes. Which of them a real node has how often is not
/// known; network troubles lead.
const TABLE: [Row; 31] = [
    ("unexpected EOF", Network, UPLOAD_FRAMES, Way::Up, 300),
    ("context canceled", Network, UPLOAD_FRAMES, Way::Up, 40),
    ("context deadline exceeded", Network, DOWNLOAD_FRAMES, Way::Both, 30),
    ("write tcp {ends}: write: broken pipe", Network, SEND_FRAMES, Way::Down, 150),
    ("write tcp {ends}: write: connection reset by peer", Network, SEND_FRAMES, Way::Down, 60),
    ("write tcp {ends}: use of closed network connection", Network, SEND_FRAMES, Way::Down, 60),
    (
        "manager closed: read tcp {ends}: read: connection reset by peer",
        Network,
        READ_FRAMES,
        Way::Up,
        80,
    ),
    (
        "manager closed: read tcp {ends}: read: connection refused",
        Network,
        READ_FRAMES,
        Way::Both,
        80,
    ),
    ("manager closed: read tcp {ends}: read: operation timed out", Network, "", Way::Both, 30),
    (
        "manager closed: closed: read tcp {ends}: read: connection reset by peer",
        Network,
        READ_FRAMES,
        Way::Both,
        20,
    ),
    ("manager closed: read tcp {ends}: i/o timeout", Network, "", Way::Both, 10),
    ("file does not exist", Missing, DOWNLOAD_FRAMES, Way::Down, 15),
    ("hashstore: file does not exist", Missing, DOWNLOAD_FRAMES, Way::Down, 15),
    (
        "pieces error: filestore error: open /mnt/storj/blobs/{file}: no such file or directory",
        Missing,
        DOWNLOAD_FRAMES,
        Way::Down,
        5,
    ),
    (
        "pieces error: filestore error: read /mnt/storj/blobs/{file}: input/output error",
        Disk,
        DOWNLOAD_FRAMES,
        Way::Down,
        5,
    ),
    (
        "pieces error: filestore error: open /mnt/storj/blobs/{file}: structure needs cleaning",
        Disk,
        DOWNLOAD_FRAMES,
        Way::Down,
        3,
    ),
    ("lstat /mnt/storj/blobs/{file}: bad message", Disk, "", Way::Down, 3),
    ("out of space", Disk, UPLOAD_FRAMES, Way::Up, 10),
    (
        "pieces error: filestore error: write /mnt/storj/temp/blob-1048577.partial: no space left on device",
        Disk,
        UPLOAD_FRAMES,
        Way::Up,
        5,
    ),
    (
        "disk-write-failure: write /mnt/storj/temp/blob-4711.partial: no space left on device",
        Disk,
        UPLOAD_FRAMES,
        Way::Up,
        3,
    ),
    ("untrusted: satellite \"{satellite}\" is untrusted", Protocol, DOWNLOAD_FRAMES, Way::Down, 4),
    ("signature verification: signature is not valid", Protocol, DOWNLOAD_FRAMES, Way::Both, 4),
    ("serial number is already used", Protocol, DOWNLOAD_FRAMES, Way::Both, 4),
    ("hashes don't match", Protocol, UPLOAD_FRAMES, Way::Up, 3),
    (
        "Hash algorithm in the first and last upload message are different",
        Protocol,
        UPLOAD_FRAMES,
        Way::Up,
        2,
    ),
    (
        "Size of finished piece does not match size declared by uplink! {number} != 2319360",
        Protocol,
        UPLOAD_FRAMES,
        Way::Up,
        3,
    ),
    (
        "requested more data than available, requesting={number} available=181504",
        Protocol,
        DOWNLOAD_FRAMES,
        Way::Down,
        4,
    ),
    (
        "order created too long ago: OrderCreation {before} < SystemClock {now}",
        Clock,
        DOWNLOAD_FRAMES,
        Way::Both,
        4,
    ),
    (
        "order created too far in the future: OrderCreation {now} > SystemClock {before}",
        Clock,
        DOWNLOAD_FRAMES,
        Way::Both,
        4,
    ),
    ("v0pieceinfodb: database is locked", Other, DOWNLOAD_FRAMES, Way::Both, 6),
    ("an error that \"nobody\" knows yet: \\o/", Other, "", Way::Both, 2),
];

impl Node {
    pub(super) fn draw_failure(&mut self, transfer: &Transfer) -> Failure {
        let way = match transfer.direction {
            Direction::Upload => Way::Up,
            Direction::Download => Way::Down,
        };
        let weights = TABLE.map(|row| {
            let fits = row.3 == Way::Both || row.3 == way;
            // The hash store came with v1.119.
            let known = transfer.era >= Era::Y2025 || !row.0.starts_with("hashstore");
            if fits && known { row.4 } else { 0 }
        });
        let (text, class, frames, ..) = TABLE[self.rng.weighted(&weights)];
        let is_group = transfer.era >= Era::Y2025 && !frames.is_empty() && self.rng.one_in(25);
        Failure { text: self.fill(text, transfer), class, frames, is_group }
    }

    fn fill(&mut self, text: &str, transfer: &Transfer) -> String {
        let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
        let Some((place, after)) = rest.split_once('}') else { return text.to_owned() };
        let mut filled = before.to_owned();
        match place {
            "ends" => push_ends(transfer.remote, &mut filled),
            "file" => push_file(&transfer.piece, &mut filled),
            "satellite" => filled.push_str(super::SATELLITES[transfer.satellite]),
            "before" => filled.push_str(&self.go_time(-2 * 86_400)),
            "now" => filled.push_str(&self.go_time(0)),
            _ => {
                let _ = write!(filled, "{}", self.rng.below(9_000) * 256);
            }
        }
        filled.push_str(&self.fill(after, transfer));
        filled
    }

    /// A time as Go's own `String` writes it.
    fn go_time(&self, shift_seconds: i64) -> String {
        let at = piecewatch_model::Timestamp::from_micros(self.now + shift_seconds * 1_000_000);
        format!("{} +0000 UTC", at.to_string().trim_end_matches('Z').replace('T', " "))
    }
}

/// Both ends of a connection.
fn push_ends(remote: Remote, text: &mut String) {
    let local = if remote_is_gateway(remote) { "172.17.0.3" } else { "10.0.17.120" };
    let mut address = Vec::new();
    push_remote(remote, &mut address);
    let _ = write!(text, "{local}:28967->{}", String::from_utf8_lossy(&address));
}

const fn remote_is_gateway(remote: Remote) -> bool {
    match remote {
        Remote::V4([172, ..], _) => true,
        Remote::V4(..) | Remote::V6(..) | Remote::Unknown => false,
    }
}

/// The path of a piece within the blob folder.
fn push_file(piece: &PieceText, text: &mut String) {
    let name = String::from_utf8_lossy(piece).to_ascii_lowercase();
    let (prefix, rest) = name.split_at(2);
    let _ =
        write!(text, "ukfu6bhbboxilvt7jrwlqk7y2tapb5d2r2tsmj2sjxvw5qaaaaaa/{prefix}/{rest}.sj1");
}

impl Failure {
    /// A lost race, as its twin at DEBUG tells it.
    pub(super) fn context_canceled() -> Self {
        Self {
            text: "context canceled".to_owned(),
            class: Network,
            frames: DOWNLOAD_FRAMES,
            is_group: false,
        }
    }

    /// A piece that is not there.
    pub(super) fn missing() -> Self {
        Self {
            text: "file does not exist".to_owned(),
            class: Missing,
            frames: DOWNLOAD_FRAMES,
            is_group: false,
        }
    }

    /// A missing file, before v0.14.
    pub(super) fn open_2019(satellite: usize) -> Self {
        let text = format!(
            "piecestore internal: pieces error: filestore error: unable to open \
             \"config/storage/blob/{}/z2/x\": no such file or directory",
            super::SATELLITES[satellite].to_ascii_lowercase()
        );
        Self { text, class: Missing, frames: "", is_group: false }
    }

    /// Adds the error to a line.
    pub(super) fn told(&self, event: Event) -> Event {
        if !self.is_group {
            return event.with_error(self.text.clone(), self.frames);
        }
        let second = ("cleanup did not finish".to_owned(), READ_FRAMES);
        event.with(same("error"), format!("{}; {}", self.text, second.0)).with(
            same("errorCauses"),
            Value::Causes(vec![(self.text.clone(), self.frames), second]),
        )
    }

    /// Whether the client went away, which v1.147 logs at WARN.
    pub(super) fn is_disconnect(&self) -> bool {
        self.class == Network
            && ["broken pipe", "connection reset", "closed"]
                .iter()
                .any(|part| self.text.contains(part))
    }
}
