//! Whatever is asked is answered or refused: nothing is a fault.

use super::{Bench, ENDPOINTS, bytes_of};

/// Values that fit some parameter, and some that fit none.
const VALUES: [&str; 46] = [
    "attic",
    "barn",
    "attic,barn",
    "cellar%2C%20left",
    "shed",
    ",",
    "1h",
    "24h",
    "7d",
    "99999d",
    "0h",
    "1m",
    "json",
    "csv",
    "xml",
    "auto",
    "5m",
    "1d",
    "node",
    "satellite",
    "hour",
    "day",
    "log",
    "linear",
    "GET",
    "put_repair",
    "SOMETHING_NEW",
    "success",
    "failed",
    "rejected",
    "true",
    "us1",
    "2026-01",
    "0001-01",
    "9999-12",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:60.999999999999-12:00",
    "1",
    "1000",
    "65536",
    "-1",
    "0000000000000000",
    "ffffffffffffffff",
    "8000000000000000",
    "%00%FF%C3",
];

#[test]
fn nothing_that_is_asked_is_a_fault() {
    let benches = [Bench::new(), Bench::empty()];
    let mut random = fastrand::Rng::with_seed(6);
    let (mut answered, mut refused) = (0, 0);
    for round in 0..2_000 {
        let bench = &benches[usize::from(round % 8 == 0)];
        let endpoint = &ENDPOINTS[random.usize(..ENDPOINTS.len())];
        let mut query = Vec::new();
        for parameter in endpoint.parameters {
            // Two of three questions say what fits, so that most get through.
            let fits = |value: &&str| parameter.kind.read(&value.replace("%2B", "+")).is_ok();
            let fitting: Vec<&str> = VALUES.iter().copied().filter(|value| fits(value)).collect();
            match random.u8(..12) {
                0..=3 if !fitting.is_empty() && (parameter.name != "nodes" || random.bool()) => {
                    let value = fitting[random.usize(..fitting.len())];
                    query.push(format!("{}={value}", parameter.name));
                }
                4 if round % 3 == 0 => {
                    let value = VALUES[random.usize(..VALUES.len())];
                    query.push(format!("{}={value}", parameter.name));
                }
                _ => {}
            }
        }
        let question = format!("{}?{}", endpoint.path, query.join("&"));
        match bench.ask(&question) {
            Ok(answer) => {
                bytes_of(answer);
                answered += 1;
            }
            Err(problem) => {
                let status = problem.status();
                assert!([400, 404].contains(&status), "{question}: {problem:?}");
                refused += 1;
            }
        }
    }
    assert!(answered > 700 && refused > 250, "{answered} answered, {refused} refused");
}
