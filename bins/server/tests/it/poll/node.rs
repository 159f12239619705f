//! A node's API that is not a node's: recorded and constructed answers on a port of its own.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use piecewatch_model::Period;
use serde_json::{Value, json};

pub(crate) const NODE: &str = "1Xf5b3xHn1ajoNRpJJJd3RebWUgZ58BVqNxKPAH2g1snSAEyNt";
pub(crate) const OTHER_NODE: &str = "12SWVMF2gXhJ6qtBNuWfeR5XAtQzQDNPNdjwsPvuWnZ5Ha6mPxZ";
pub(crate) const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
pub(crate) const EU1: &str = "12L9ZFwhzVpuEKMUNUqkaTLGzwY9G24tbiigLiXpmZWKwmcNDDs";

/// It ends with the process.
pub(crate) struct ApiNode {
    address: SocketAddr,
}

impl ApiNode {
    /// A node with this id and two satellites, of which eu1 has disqualified it.
    pub(crate) fn start(id: &'static str) -> Self {
        Self::serving(move |target| answer(target, id))
    }

    fn serving(answer: impl Fn(&str) -> Option<Value> + Clone + Send + 'static) -> Self {
        Self::answering(move |stream, target| write(stream, target, answer(target)))
    }

    /// How many days [`of_years`](Self::of_years) tells.
    pub(crate) const DAYS: usize = 8_000;

    /// A node that tells of every day since 2004.
    pub(crate) fn of_years() -> Self {
        Self::serving(|target| {
            let mut value = answer(target, NODE)?;
            if target.starts_with("/api/sno/satellite/") {
                let day = |day: i64| {
                    let start = piecewatch_model::Timestamp::from_seconds(86_400 * (12_500 + day));
                    let moved = json!({"usage": 1_000_000 + day, "repair": 5, "audit": 6});
                    json!({"egress": moved, "ingress": moved, "intervalStart": start.to_string()})
                };
                let days = i64::try_from(Self::DAYS).unwrap();
                value["bandwidthDaily"] = (0..days).map(day).collect();
            }
            Some(value)
        })
    }

    /// A node that is well after it has answered so many requests with what `wrong` writes.
    pub(crate) fn ill_at_first(
        requests: usize,
        wrong: impl Fn(&mut TcpStream) + Clone + Send + 'static,
    ) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        Self::answering(move |stream, target| {
            if asked.fetch_add(1, Ordering::Relaxed) < requests {
                return wrong(stream);
            }
            write(stream, target, answer(target, NODE));
        })
    }

    /// A node that begins to answer and never ends.
    pub(crate) fn hanging() -> Self {
        Self::answering(|stream, _| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
            let _ = stream.read(&mut [0; 64]);
        })
    }

    fn answering(answer: impl Fn(&mut TcpStream, &str) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let answer = answer.clone();
                thread::spawn(move || {
                    let mut request = Vec::new();
                    let mut piece = [0; 1_024];
                    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                        match stream.read(&mut piece) {
                            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
                            Ok(_) | Err(_) => return,
                        }
                    }
                    let head = String::from_utf8_lossy(&request).into_owned();
                    answer(&mut stream, head.split(' ').nth(1).unwrap_or_default());
                });
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its debug endpoint; here it is the same server.
    pub(crate) fn metrics_url(&self) -> String {
        self.url()
    }

    /// The month of which it tells what it expects: the running one.
    pub(crate) fn month(&self) -> Period {
        #[expect(clippy::disallowed_methods, reason = "the program asks the clock, too")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        Period::containing(piecewatch_model::Timestamp::from_seconds(now)).unwrap()
    }
}

/// Writes an answer as a node does; what it does not know is its web page.
fn write(stream: &mut TcpStream, target: &str, answer: Option<Value>) {
    let (kind, body) = match answer {
        Some(value) => ("application/json", value.to_string()),
        None if target == "/metrics" => ("text/plain", metrics()),
        None => ("text/html", "<!DOCTYPE html>".to_owned()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    // The program may leave whenever it likes.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn recorded(name: &str) -> Value {
    let folder = "../../crates/node-api/tests/data/v1.71.2";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn answer(target: &str, id: &str) -> Option<Value> {
    let value = match target {
        "/api/sno/" => json!({
            "nodeID": id, "version": "1.150.1", "upToDate": true,
            "diskSpace": {"used": 700, "available": 300, "allocated": 1_000, "trash": 100},
            "satellites": [
                {"id": US1, "url": "us1.storj.io:7777", "disqualified": null},
                {"id": EU1, "url": "eu1.storj.io:7777", "disqualified": "2025-01-02T03:04:05Z"},
            ],
        }),
        "/api/heldamount/periods" => json!(["2023-01"]),
        "/api/heldamount/paystubs/2023-01/2023-01" => json!([{
            "satelliteId": US1, "period": "2023-01", "created": "2023-02-05T00:00:00Z",
            "codes": "E", "usageAtRest": 1.0, "paid": 7_000, "distributed": 7_000,
        }]),
        "/api/heldamount/payout-history/2023-01" => json!([{
            "satelliteID": US1, "distributed": 7_000, "receipt": "zksync-era:0x1",
        }]),
        _ if target.starts_with("/api/sno/estimated-payout?id=") => recorded("payout.json"),
        _ => {
            let satellite = target.strip_prefix("/api/sno/satellite/")?;
            let mut value = recorded("satellite.json");
            value["id"] = satellite.into();
            value["priceModel"] = json!({
                "EgressBandwidth": 200, "RepairBandwidth": 200, "AuditBandwidth": 200,
                "DiskSpace": 149,
            });
            value
        }
    };
    Some(value)
}

fn metrics() -> String {
    let name = "upload_success_duration_ns";
    let scope = "storj_io_storj_storagenode_piecestore";
    let fields = ["count", "sum", "rmin", "r10", "r50", "r90", "r99", "rmax"];
    let line = |field| format!("{name}{{scope=\"{scope}\",field=\"{field}\"}} 1000\n");
    fields.into_iter().map(line).collect()
}
