//! Lines of real nodes, and lines derived from the node's code.

use piecewatch_model::{FailureClass, Timestamp};

use super::*;
use crate::{
    Config, Vocabulary,
    event::{Kind, Remote, Stamp, Told, What},
    log::Log,
};

fn transfer(era: Era, direction: Direction, action: &'static str, piece: &str) -> Transfer {
    Transfer {
        era,
        satellite: 0,
        action,
        direction,
        piece: piece.as_bytes().try_into().unwrap(),
        offset: 0,
        size: 6_912,
        remote: Remote::V4([109, 61, 92, 70], 40_624),
        takes: 0,
        started: None,
        shared: false,
    }
}

fn line(severity: Severity, message: &'static str, size: u64) -> Line {
    Line { severity, message, size: Some(size) }
}

fn check(event: Event, expected: &str) {
    let time = expected.split('\t').next().unwrap();
    let at = time.parse::<Timestamp>().unwrap().as_micros();
    let utc_offset_minutes = Some(match time.as_bytes() {
        [.., b'Z'] => 0,
        [.., b'-', b'0', b'7', b':', b'0', b'0'] => -420,
        _ => 120,
    });
    let config = Config { utc_offset_minutes, vocabulary: Vocabulary::Y2026, ..Config::default() };
    let stamp = Stamp { at, arrival: at };
    let mut out = Vec::new();
    let told = Told { stamp, kind: Kind::Background, what: What::Event(event) };
    Log::new(&config).write(&told, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}\n"));
}

const EOF_FRAMES: &str = "\n\tstorj.io/common/rpc/rpcstatus.NamedError:115\n\tstorj.io/storj/storagenode/piecestore.(*Endpoint).Upload:506";

fn eof() -> Failure {
    Failure {
        text: "unexpected EOF".to_owned(),
        class: FailureClass::Network,
        frames: EOF_FRAMES,
        is_group: false,
    }
}

#[test]
fn transfers_of_v1_137_are_told_as_a_real_node_did() {
    let get = transfer(
        Era::Y2025,
        Direction::Download,
        "GET",
        "G7ORR4UZVCNFGRN7CZW7HQF2BCU5KBUUDRCE5OOYNDNS2N7FZZLQ",
    );
    check(
        started(&get, 0),
        "2025-10-06T00:00:14-07:00\tDEBUG\tpiecestore\tdownload started\t{\"Process\": \"storagenode\", \"Piece ID\": \"G7ORR4UZVCNFGRN7CZW7HQF2BCU5KBUUDRCE5OOYNDNS2N7FZZLQ\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"GET\", \"Offset\": 0, \"Size\": 6912, \"Remote Address\": \"109.61.92.70:40624\"}",
    );
    let reason = Tail::Reason("context canceled".to_owned());
    let canceled = line(Severity::Info, "download canceled", 6_912);
    check(
        ended(&get, canceled, reason),
        "2025-10-06T00:00:27-07:00\tINFO\tpiecestore\tdownload canceled\t{\"Process\": \"storagenode\", \"Piece ID\": \"G7ORR4UZVCNFGRN7CZW7HQF2BCU5KBUUDRCE5OOYNDNS2N7FZZLQ\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"GET\", \"Offset\": 0, \"Size\": 6912, \"Remote Address\": \"109.61.92.70:40624\", \"reason\": \"context canceled\"}",
    );
    let mut put = transfer(
        Era::Y2025,
        Direction::Upload,
        "PUT",
        "VWP6PBSUMND4JPN4MPQHB4HQOR3DOEM3GLJ33WTN7CAH5I3I6C6A",
    );
    put.remote = Remote::V4([109, 61, 92, 79], 39_348);
    check(
        started(&put, 14_478_332_563_968),
        "2025-10-06T00:00:14-07:00\tDEBUG\tpiecestore\tupload started\t{\"Process\": \"storagenode\", \"Piece ID\": \"VWP6PBSUMND4JPN4MPQHB4HQOR3DOEM3GLJ33WTN7CAH5I3I6C6A\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \"Remote Address\": \"109.61.92.79:39348\", \"Available Space\": 14478332563968}",
    );
    check(
        ended(&put, line(Severity::Debug, "upload failed", 1_048_576), Tail::Error(&eof())),
        "2025-10-06T00:00:54-07:00\tDEBUG\tpiecestore\tupload failed\t{\"Process\": \"storagenode\", \"Piece ID\": \"VWP6PBSUMND4JPN4MPQHB4HQOR3DOEM3GLJ33WTN7CAH5I3I6C6A\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \"Remote Address\": \"109.61.92.79:39348\", \"Size\": 1048576, \"error\": \"unexpected EOF\", \"errorVerbose\": \"unexpected EOF\\n\\tstorj.io/common/rpc/rpcstatus.NamedError:115\\n\\tstorj.io/storj/storagenode/piecestore.(*Endpoint).Upload:506\"}",
    );
}

#[test]
fn names_are_snake_case_since_v1_146() {
    let mut put = transfer(
        Era::Y2026,
        Direction::Upload,
        "PUT",
        "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q",
    );
    put.remote = Remote::V4([79, 127, 219, 34], 47_146);
    check(
        started(&put, 14_478_332_563_968),
        "2026-08-19T14:03:28Z\tDEBUG\tpiecestore\tupload started\t{\"process\": \"storagenode\", \"piece_id\": \"ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q\", \"satellite_id\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"action\": \"PUT\", \"remote_address\": \"79.127.219.34:47146\", \"available_space\": 14478332563968}",
    );
    check(
        ended(&put, line(Severity::Info, "uploaded", 435_200), Tail::Nothing),
        "2026-08-19T14:03:29Z\tINFO\tpiecestore\tuploaded\t{\"process\": \"storagenode\", \"piece_id\": \"ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q\", \"satellite_id\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"action\": \"PUT\", \"remote_address\": \"79.127.219.34:47146\", \"size\": 435200}",
    );
    check(
        rejected(Era::Y2026, 33, 32),
        "2026-08-19T14:03:30Z\tINFO\tpiecestore\tupload rejected, too many requests\t{\"process\": \"storagenode\", \"live_requests\": 33, \"request_limit\": 32}",
    );
}

#[test]
fn older_nodes_say_less_and_in_another_order() {
    let mut put = transfer(
        Era::Y2022,
        Direction::Upload,
        "PUT",
        "46EBAPXBKMMPZUVPTNZ3J253GOUQHMBA3Z5TA7LR6X7NB5BT4VEA",
    );
    check(
        started(&put, 512_000_000_000),
        "2022-08-11T03:05:40.001+0200\tINFO\tpiecestore\tupload started\t{\"Process\": \"storagenode\", \"Piece ID\": \"46EBAPXBKMMPZUVPTNZ3J253GOUQHMBA3Z5TA7LR6X7NB5BT4VEA\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \"Available Space\": 512000000000}",
    );
    let plain = Failure { frames: "", ..eof() };
    check(
        ended(&put, line(Severity::Error, "upload failed", 131_072), Tail::Error(&plain)),
        "2022-08-11T03:05:41.356Z\tERROR\tpiecestore\tupload failed\t{\"Process\": \"storagenode\", \"Piece ID\": \"46EBAPXBKMMPZUVPTNZ3J253GOUQHMBA3Z5TA7LR6X7NB5BT4VEA\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \"error\": \"unexpected EOF\", \"Size\": 131072}",
    );
    put.era = Era::Y2023;
    put.remote = Remote::V4([172, 18, 0, 1], 41_080);
    check(
        ended(&put, line(Severity::Info, "uploaded", 32_512), Tail::Nothing),
        "2023-11-09T11:20:00Z\tINFO\tpiecestore\tuploaded\t{\"Process\": \"storagenode\", \"Piece ID\": \"46EBAPXBKMMPZUVPTNZ3J253GOUQHMBA3Z5TA7LR6X7NB5BT4VEA\", \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \"Size\": 32512, \"Remote Address\": \"172.18.0.1:41080\"}",
    );
    check(
        race_lost(&put),
        "2023-11-09T11:20:00Z\tINFO\tpiecestore\tupload canceled (race lost or node shutdown)\t{\"Process\": \"storagenode\", \"Piece ID\": \"46EBAPXBKMMPZUVPTNZ3J253GOUQHMBA3Z5TA7LR6X7NB5BT4VEA\"}",
    );
    let get = transfer(
        Era::Y2019,
        Direction::Download,
        "GET",
        "K34JEFIH4D3HYSGUHFD25WYUOD6VMERT3M6G3LVHI74ISTXUCLGA",
    );
    check(
        started(&get, 0),
        "2019-09-04T15:41:51.729Z\tINFO\tpiecestore\tdownload started\t{\"Piece ID\": \"K34JEFIH4D3HYSGUHFD25WYUOD6VMERT3M6G3LVHI74ISTXUCLGA\", \"SatelliteID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"GET\"}",
    );
    check(
        rejected(Era::Y2019, 22, 20),
        "2019-07-26T15:41:54.663Z\tERROR\tpiecestore\tupload rejected, too many requests\t{\"live requests\": 22}",
    );
}
