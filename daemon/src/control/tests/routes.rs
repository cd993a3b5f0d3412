//! Every route, and what is none.

use expect_test::{Expect, expect};
use stratd_control::{
    Done, Health, HealthState, InspectRequest, Inspection, LoadRequest, Plugin, PluginList, Problem,
    QuarantineRequest, Request, Status, Verdict, Version,
};

use super::{
    Place,
    fake::{PLUGIN, plugin},
};
use crate::control::RunOperations as _;

fn check(place: &Place, request: (&str, &str, &str), expected: Expect) {
    let (method, target, body) = request;
    expected.assert_eq(&place.ask(method, target, body));
}

#[test]
fn what_is_read_arrives_as_it_is() {
    let place = Place::new();
    let client = place.client();
    let version: Version = client.send(&Request::version()).unwrap().read().unwrap();
    assert_eq!((version.name.as_str(), version.api.as_str()), ("stratd", "v1"));
    let status: Status = client.send(&Request::status()).unwrap().read().unwrap();
    assert_eq!(status, place.fake.status().unwrap());
    let list: PluginList = client.send(&Request::plugins()).unwrap().read().unwrap();
    assert_eq!(list.plugins, [plugin()]);
    for name in [PLUGIN, "ema-cross"] {
        assert_eq!(client.send(&Request::plugin(name)).unwrap().read::<Plugin>().unwrap(), plugin());
    }
    let health: Health = client.send(&Request::health()).unwrap().read().unwrap();
    assert_eq!(
        (health.state, health.warnings),
        (HealthState::Degraded, vec!["store /s/state.db: disk full".into()])
    );
}

#[test]
fn every_change_reaches_the_daemon_and_is_reported() {
    let place = Place::new();
    let client = place.client();
    let config = serde_json::Map::from_iter([("fast".to_owned(), 10.into())]);
    let load = LoadRequest { file: "/p/x.so".into(), name: Some("ema".into()), config: Some(config) };
    let reason = QuarantineRequest { reason: Some("odd".into()) };
    for request in [
        Request::load(&load).unwrap(),
        Request::reload("ema-cross"),
        Request::stop("ema-cross"),
        Request::start("ema-cross"),
        Request::quarantine("ema-cross", &reason).unwrap(),
        Request::release("ema-cross"),
    ] {
        let done: Done = client.send(&request).unwrap().read().unwrap();
        assert_eq!(done.plugin, plugin());
        assert!(done.report.starts_with("did "), "{}", done.report);
    }
    let inspect = Request::inspect(&InspectRequest { file: "/p/y.so".into() }).unwrap();
    let inspection: Inspection = client.send(&inspect).unwrap().read().unwrap();
    assert_eq!(inspection.verdict, Verdict::Refused);
    expect![[r#"
        load /p/x.so as ema {"fast":10}
        reload ema-cross
        stop ema-cross
        start ema-cross
        quarantine ema-cross (odd)
        release ema-cross
        inspect /p/y.so"#]]
    .assert_eq(&place.fake.done().join("\n"));
}

#[test]
fn a_body_may_be_left_out_where_nothing_must_be_said() {
    let place = Place::new();
    for body in ["", "{}", " \n"] {
        assert!(place.ask("POST", "/v1/plugins/ema-cross/reload", body).starts_with("200 "));
    }
    assert!(place.ask("POST", "/v1/plugins/ema-cross/quarantine", "").starts_with("200 "));
    assert_eq!(place.fake.done().len(), 4);
}

#[test]
fn what_is_not_done_says_why() {
    let place = Place::new();
    check(
        &place,
        ("GET", "/v1/plugins/nobody", ""),
        expect![[
            r#"404 {"type":"urn:stratd:problem:not-found","title":"there is no such thing","status":404,"detail":"there is no plugin \"nobody\" (accepted: strategy-ema-cross)","plugin":"nobody"}"#
        ]],
    );
    check(
        &place,
        ("POST", "/v1/plugins/ema-cross/rollback", ""),
        expect![[
            r#"409 {"type":"urn:stratd:problem:conflict","title":"the state of the resource does not allow it","status":409,"detail":"there is no generation before","plugin":"ema-cross"}"#
        ]],
    );
    check(
        &place,
        ("POST", "/v1/plugins", r#"{"file": "/p/bad.so"}"#),
        expect![[
            r#"422 {"type":"urn:stratd:problem:refused","title":"a step refused it","status":422,"detail":"no library\nsecond line","step":"elf"}"#
        ]],
    );
    check(
        &place,
        ("POST", "/v1/plugins/panics/reload", ""),
        expect![[
            r#"500 {"type":"urn:stratd:problem:failed","title":"it went wrong","status":500,"detail":"the daemon panicked while it did this; its log has the place","plugin":"panics"}"#
        ]],
    );
    assert!(place.fake.done().is_empty());
}

/// The status, the pointer and the text of a problem.
fn check_problem(place: &Place, request: (&str, &str, &str), expected: Expect) {
    let (method, target, body) = request;
    let answer = place.ask(method, target, body);
    let (status, body) = answer.split_once(' ').unwrap();
    let problem: Problem = serde_json::from_str(body).unwrap();
    assert_eq!(status, problem.status.to_string());
    let at = problem.pointer.map(|pointer| format!("{pointer:?} ")).unwrap_or_default();
    expected.assert_eq(&format!("{status} {at}{}", problem.detail));
}

#[test]
fn a_bad_body_is_refused_with_the_place_in_it() {
    let place = Place::new();
    for (target, body, expected) in [
        (
            "/v1/plugins",
            r#"{"fil": "/x"}"#,
            expect![[
                r#"400 "/fil" the body: unknown field `fil`, expected one of `file`, `name`, `config` at line 1 column 6"#
            ]],
        ),
        (
            "/v1/plugins",
            r#"{"file": 7}"#,
            expect![[
                r#"400 "/file" the body: invalid type: integer `7`, expected a string at line 1 column 10"#
            ]],
        ),
        ("/v1/plugins", "", expect![[r#"400 "" the body: missing field `file` at line 1 column 2"#]]),
        (
            "/v1/plugins",
            r#"{"file": "x.so"}"#,
            expect![[r#"400 "/file" "x.so" is no absolute path (accepted: one that starts with /)"#]],
        ),
        (
            "/v1/plugins",
            r#"{"file": "/x", "config": [1]}"#,
            expect![[
                r#"400 "/config" the body: invalid type: sequence, expected a map at line 1 column 25"#
            ]],
        ),
        (
            "/v1/plugins",
            r#"{"file": "#,
            expect!["400 the body: EOF while parsing a value at line 1 column 9"],
        ),
        ("/v1/plugins", "file=x", expect!["400 the body: expected ident at line 1 column 2"]),
        (
            "/v1/plugins",
            r#"{"file": "/x"} {}"#,
            expect!["400 the body: trailing characters at line 1 column 16"],
        ),
        (
            "/v1/inspect",
            r#"{"file": "./x"}"#,
            expect![[r#"400 "/file" "./x" is no absolute path (accepted: one that starts with /)"#]],
        ),
        (
            "/v1/plugins/ema-cross/stop",
            r#"{"now": true}"#,
            expect![[r#"400 "/now" the body: unknown field `now`, there are no fields at line 1 column 6"#]],
        ),
        (
            "/v1/plugins/ema-cross/quarantine",
            r#"{"reasn": "x"}"#,
            expect![[
                r#"400 "/reasn" the body: unknown field `reasn`, expected `reason` at line 1 column 8"#
            ]],
        ),
    ] {
        check_problem(&place, ("POST", target, body), expected);
    }
    assert!(place.fake.done().is_empty(), "nothing was done");
}

#[test]
fn what_is_no_route_is_told_from_another_version() {
    let place = Place::new();
    check_problem(
        &place,
        ("GET", "/v2/status", ""),
        expect!["404 this daemon does not speak v2 of the protocol (accepted: /v1)"],
    );
    check_problem(
        &place,
        ("GET", "/status", ""),
        expect!["404 there is no GET /status (accepted: what GET /v1/openapi.json describes)"],
    );
    check_problem(
        &place,
        ("GET", "/v1/plugins/%ff", ""),
        expect!["400 /v1/plugins/%ff has no name in it (accepted: UTF-8, percent-encoded)"],
    );
    check_problem(
        &place,
        ("GET", "/v1/plugins/a%2F%C3%B6", ""),
        expect![[r#"404 there is no plugin "a/ö" (accepted: strategy-ema-cross)"#]],
    );
    for (method, target) in
        [("GET", "/"), ("POST", "/v1/plugins/ema-cross/explode"), ("GET", "/v1/plugins/a/b/c")]
    {
        let answer = place.ask(method, target, "");
        assert!(answer.starts_with("404 "), "{answer}");
        assert!(answer.contains(&format!("there is no {method} {target} (accepted: ")), "{answer}");
    }
}

#[test]
fn a_wrong_method_is_told_with_the_right_ones() {
    let place = Place::new();
    for (method, target, allow) in [
        ("DELETE", "/v1/plugins", "GET,HEAD,POST"),
        ("POST", "/v1/status", "GET,HEAD"),
        ("GET", "/v1/plugins/ema-cross/reload", "POST"),
    ] {
        let (head, body) = place.ask_all(method, target, "");
        assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
        assert!(head.contains(&format!("allow: {allow}\r\n")), "{head}");
        assert!(body.contains("urn:stratd:problem:method"), "{body}");
    }
}

#[test]
fn answers_say_what_they_are() {
    let place = Place::new();
    let (head, _) = place.ask_all("GET", "/v1/status", "");
    assert!(head.contains("content-type: application/json"), "{head}");
    let (head, _) = place.ask_all("GET", "/v1/plugins/nobody", "");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
}

#[test]
fn a_connection_serves_several_requests() {
    use std::io::{Read as _, Write as _};
    let place = Place::new();
    let mut stream = place.connect();
    for _ in 0..3 {
        stream.write_all(b"GET /v1/version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(b"}") {
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            seen.push(byte[0]);
        }
        assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn curl_reaches_it_too() {
    let place = Place::new();
    let mut curl = std::process::Command::new("curl");
    let curl = curl
        .args(["--silent", "--show-error", "--fail", "--max-time", "30", "--unix-socket"])
        .arg(&place.path);
    let output = match curl
        .args([
            "-H",
            "If-Match: *",
            "-d",
            r#"{"reason": "by hand"}"#,
            "http://x/v1/plugins/ema-cross/quarantine",
        ])
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("left out: curl is not installed");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.fake.done(), ["quarantine ema-cross (by hand)"]);
}
