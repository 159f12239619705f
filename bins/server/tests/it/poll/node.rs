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

use piecewatch_model::{Period, SatelliteId};
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
    pub(crate) fn start(id: &str) -> Self {
        let id = id.to_owned();
        Self::serving(move |target| answer(target, &id))
    }

    fn serving(answer: impl Fn(&str) -> Option<Value> + Clone + Send + 'static) -> Self {
        Self::answering(move |stream, target| write(stream, target, answer(target)))
    }

    /// How many statements [`of_years`](Self::of_years) tells.
    pub(crate) const PAYSTUBS: usize = 120 * 40;

    /// A node that tells what forty satellites stated for ten years.
    pub(crate) fn of_years() -> Self {
        Self::serving(|target| {
            let months = || (2015..2025).flat_map(|year| (1..=12).map(move |month| (year, month)));
            let name = |(year, month): (i32, i32)| format!("{year}-{month:02}");
            if target == "/api/heldamount/periods" {
                return Some(months().map(name).collect());
            }
            if target.starts_with("/api/heldamount/payout-history/") {
                return Some(Value::Null);
            }
            let Some(range) = target.strip_prefix("/api/heldamount/paystubs/") else {
                return answer(target, NODE);
            };
            let (first, last) = range.split_once('/').unwrap();
            let asked = months().map(name).filter(|month| (first..=last).contains(&month.as_str()));
            let stub = |month: &String, at: u8| {
                let satellite = SatelliteId::new([at + 1; 32]).to_string();
                json!({"satelliteId": satellite, "period": month, "paid": 7, "codes": "E:X:O"})
            };
            let of_month = |month: String| (0..40).map(move |at| stub(&month, at));
            Some(asked.flat_map(of_month).collect())
        })
    }

    /// A node that is well, with this id, after it has answered so many requests with what `wrong`
    /// writes.
    pub(crate) fn ill_at_first(
        id: &str,
        requests: usize,
        wrong: impl Fn(&mut TcpStream) + Clone + Send + 'static,
    ) -> Self {
        let (asked, id) = (Arc::new(AtomicUsize::new(0)), id.to_owned());
        Self::answering(move |stream, target| {
            if asked.fetch_add(1, Ordering::Relaxed) < requests {
                return wrong(stream);
            }
            write(stream, target, answer(target, &id));
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

    /// The month of which it tells days and what it expects: the running one.
    pub(crate) fn month(&self) -> Period {
        month()
    }
}

fn month() -> Period {
    #[expect(clippy::disallowed_methods, reason = "the program asks the clock, too")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    Period::containing(piecewatch_model::Timestamp::from_seconds(now)).unwrap()
}

/// The dashboard of a node with this id, whole.
pub(crate) fn dashboard(stream: &mut TcpStream, id: &str) {
    write(stream, "/api/sno/", answer("/api/sno/", id));
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
            // Recorded in February 2023.
            for list in ["bandwidthDaily", "storageDaily"] {
                for day in value[list].as_array_mut().unwrap() {
                    let start = day["intervalStart"].as_str().unwrap();
                    day["intervalStart"] = start.replace("2023-02", &month().to_string()).into();
                }
            }
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
