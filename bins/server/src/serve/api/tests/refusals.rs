//! What is asked wrongly is refused with what to do.

use super::{super::openapi, Api, Bench, ENDPOINTS, schemas};

#[test]
fn what_is_asked_wrongly_is_refused_and_told_what_to_do() {
    let bench = Bench::new();
    let document = schemas::document(&bench);
    let problem = schemas::validator(&document, "Problem");
    for (question, status, words) in [
        ("/api/v1/overview?window=1w", 400, "as in 24h"),
        ("/api/v1/overview?window=", 400, "as in 24h"),
        ("/api/v1/overview?window=100000d", 400, "1 to 99999"),
        ("/api/v1/overview?window=24h&window=1h", 400, "twice"),
        ("/api/v1/overview?widow=24h", 400, "there are nodes, window, from, to, format"),
        ("/api/v1/overview?from=yesterday", 400, "as in 2026-08-19T14:03:27Z"),
        ("/api/v1/overview?to=2026-02-30T00:00:00Z", 400, "is no time"),
        ("/api/v1/overview?format=xml", 400, "json, csv"),
        ("/api/v1/overview?nodes=", 400, "needed"),
        ("/api/v1/overview?nodes=attic,", 400, "nodes=a,b"),
        ("/api/v1/overview?nodes=shed", 404, "/api/v1/nodes"),
        ("/api/v1/traffic?step=2m", 400, "auto, 1m, 5m, 1h, 1d"),
        ("/api/v1/errors?limit=0", 400, "from 1 to 1000"),
        ("/api/v1/errors?limit=%2B5", 400, "from 1 to 1000"),
        ("/api/v1/errors?limit=1001", 400, "from 1 to 1000"),
        ("/api/v1/transfers?satellite=mars", 404, "us1"),
        ("/api/v1/transfers?outcome=lost", 400, "success, canceled, failed, rejected"),
        ("/api/v1/transfers?piece=ABC", 400, "52 characters"),
        ("/api/v1/transfers?cursor=1", 400, "`next` of the page before"),
        ("/api/v1/transfers?action=%00", 400, "GET_AUDIT"),
        ("/api/v1/earnings?period=2026-13", 400, "as in 2026-08"),
        ("/api/v1/earnings?period=0000-01", 400, "as in 2026-08"),
        ("/api/v1/status?window=24h", 400, "there are nodes"),
        ("/api/v1/openapi.json?a=b", 400, "no other"),
        ("/api/v1/nothing", 404, "openapi.json"),
        ("/api/v1/overview/", 404, "openapi.json"),
        ("/api/v1/latency?%FF=%FF", 400, "no parameter"),
    ] {
        let Err(refused) = bench.ask(question) else { panic!("{question} was answered") };
        assert_eq!(refused.status(), status, "{question}: {refused:?}");
        let told: serde_json::Value = serde_json::from_slice(&refused.bytes()).unwrap();
        assert!(problem.is_valid(&told), "{told}");
        assert!(told["detail"].as_str().unwrap().contains(words), "{question}: {told}");
        assert_eq!(told["status"], status);
    }
    let long = format!("/api/v1/overview?nodes={}", vec!["a"; 1001].join(","));
    assert_eq!(bench.ask(&long).err().unwrap().status(), 400);
    let long = format!("/api/v1/overview?window={}", "9".repeat(100_000));
    let refused = bench.ask(&long).err().unwrap();
    assert!(refused.status() == 400 && refused.bytes().len() < 1_000, "it repeats no novel");
}

#[test]
fn a_path_says_with_which_methods_it_may_be_asked() {
    for endpoint in ENDPOINTS {
        assert_eq!(Api::methods(endpoint.path), ["GET", "HEAD"], "{}", endpoint.path);
    }
    assert_eq!(Api::methods(openapi::PATH), ["GET", "HEAD"]);
    assert_eq!(Api::methods("/api/v1/alerts/17/acknowledge"), ["POST"]);
    for none in
        ["", "/", "/api/v1/", "/api/v1/alerts//acknowledge", "/api/v1/alerts/a/b/acknowledge"]
    {
        assert!(Api::methods(none).is_empty(), "{none}");
    }
}

#[test]
fn an_alert_is_acknowledged_by_its_id() {
    let bench = Bench::empty();
    let act =
        |id: &str, query: &str| bench.api.act(&format!("/api/v1/alerts/{id}/acknowledge"), query);
    for (id, acknowledged) in [("1", true), ("2", false)] {
        let answer = super::bytes_of(act(id, "by=me").unwrap());
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((&answer["id"], &answer["acknowledged"]), (&id.into(), &acknowledged.into()));
        assert!(schemas::validator(&schemas::document(&bench), "Seen").is_valid(&answer));
    }
    assert_eq!(act("3", "").err().unwrap().status(), 404);
    assert_eq!(act("1", "to=me").err().unwrap().status(), 400);
    assert_eq!(bench.api.act("/api/v1/alerts", "").err().unwrap().status(), 404);
}

/// Problems alone; what else is answered is described with its schema.
#[test]
fn each_operation_says_which_problems_may_come_and_no_others() {
    let document = schemas::document(&Bench::empty());
    let told = |path: &str, method: &str| -> Vec<&str> {
        let responses = &document["paths"][path][method]["responses"];
        let problems = responses.as_object().unwrap().iter().filter(|(_, response)| {
            response["content"]["application/problem+json"]["schema"]["$ref"]
                == "#/components/schemas/Problem"
        });
        problems.map(|(status, _)| status.as_str()).collect()
    };
    assert_eq!(told(openapi::PATH, "get"), ["400", "401", "403", "421", "429", "503"]);
    let asked = ["400", "401", "403", "404", "421", "429", "500", "503"];
    assert_eq!(told("/api/v1/transfers", "get"), asked);
    assert_eq!(
        told("/api/v1/alerts/{id}/acknowledge", "post"),
        ["400", "401", "403", "404", "408", "409", "413", "421", "429", "500", "503"]
    );
    for endpoint in ENDPOINTS {
        let responses = &document["paths"][endpoint.path]["get"]["responses"];
        assert!(responses["304"].is_object(), "{}", endpoint.path);
        let names_nodes = endpoint.parameters.iter().any(|of| of.name == "nodes");
        let told = told(endpoint.path, "get");
        assert_eq!(told.contains(&"404"), names_nodes, "{}", endpoint.path);
        assert!(told.contains(&"500"), "{}", endpoint.path);
    }
}
