//! The terms of a change: the tag of what it changes, and whether it is only looked at.

use expect_test::{Expect, expect};
use stratd_control::{Answer, Done, ErrorKind, Plugin, Request};

use super::Place;

const STOP: &str = "/v1/plugins/ema-cross/stop";

/// The status and the detail of what is said to a change with these header lines.
fn check(place: &Place, headers: &str, target: &str, expected: Expect) {
    let (head, body) = place.ask_with(headers, "POST", target, "");
    let status = head.split(' ').nth(1).unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let said = body["detail"].as_str().or(body["report"].as_str()).unwrap();
    expected.assert_eq(&format!("{status} {said}"));
}

#[test]
fn a_change_says_which_state_it_means() {
    let place = Place::new();
    check(
        &place,
        "",
        STOP,
        expect![
            "428 there is no header If-Match (accepted: the ETag of what is to be changed, or * for whatever is there)"
        ],
    );
    check(
        &place,
        "if-match: 0a\r\n",
        STOP,
        expect![[r#"400 If-Match "0a" (accepted: *, or up to 16 tags as "0123abcd" with commas between)"#]],
    );
    assert!(place.fake.done().is_empty());
    let tag = place.fake.basis().tag();
    check(&place, &format!("if-match: \"x\", {tag}\r\n"), STOP, expect!["200 did stop ema-cross"]);
    // which was a change: the tag is another one now
    let now = place.fake.basis().tag();
    let (head, body) = place.ask_with(&format!("if-match: {tag}\r\n"), "POST", STOP, "");
    assert!(head.starts_with("HTTP/1.1 412 "), "{head}");
    assert!(body.contains(&format!("{:?}", now.to_string())), "{body}");
    assert_eq!(place.fake.done(), ["stop ema-cross"]);
}

#[test]
fn what_can_be_changed_shows_its_tag_and_so_does_a_change() {
    let place = Place::new();
    let send = |request: Request| -> Answer { place.client().send(&request).unwrap() };
    let tag = place.fake.basis().tag().to_string();
    assert_eq!(send(Request::plugin("ema-cross")).etag(), Some(&*tag));
    assert_eq!(send(Request::plugins()).etag(), Some(&*tag));
    assert_eq!(send(Request::status()).etag(), None);
    let done = send(Request::stop("ema-cross").if_match(&tag));
    assert_eq!(done.etag().map(str::to_owned), Some(place.fake.basis().tag().to_string()));
}

#[test]
fn a_client_that_looks_first_changes_what_it_saw() {
    let place = Place::new();
    let client = place.client();
    let done: Done = client.send_tagged(Request::stop("ema-cross")).unwrap().read().unwrap();
    assert_eq!(done.report, "did stop ema-cross");
    let error = client.send(&Request::stop("ema-cross").if_match("\"old\"")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.problem().map(|problem| problem.status), Some(412));
    let error = client.send_tagged(Request::stop("nobody")).unwrap_err();
    assert_eq!(error.problem().map(|problem| problem.status), Some(404));
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    let request = Request::stop("ema-cross").dry_run();
    let done: Done = place.client().send(&request).unwrap().read().unwrap();
    assert_eq!((done.report.as_str(), done.dry_run), ("would stop ema-cross", true));
    assert!(place.fake.done().is_empty());
    let star = "if-match: *\r\n";
    check(&place, star, &format!("{STOP}?dry_run=false"), expect!["200 did stop ema-cross"]);
    // a typing error does not do the thing itself
    for query in ["dryrun=true", "dry_run=1", "dry_run", "dry_run=true&x=1"] {
        let (head, _) = place.ask_with(star, "POST", &format!("{STOP}?{query}"), "");
        assert!(head.starts_with("HTTP/1.1 400 "), "{query}: {head}");
    }
    assert_eq!(place.fake.done(), ["stop ema-cross"]);
    let plugin: Plugin = place.client().send(&Request::plugin("ema-cross")).unwrap().read().unwrap();
    assert_eq!(plugin.name, "strategy-ema-cross");
}
