//! The record of who did what.

use std::sync::{Arc, Mutex};

use axum::{Extension, body::Body, http::Request};
use expect_test::expect;
use tower_service::Service as _;

use super::fake::Fake;
use crate::control::{
    desk::Desk,
    guard::{Entry, Recorder},
    limits::Limits,
    peer::{Peer, Role, Who},
    routes,
};

/// Sends requests as `role`, and returns what was recorded of them.
fn recorded(role: Role, requests: &[(&str, &str, &str)]) -> String {
    let lines = Arc::new(Mutex::new(String::new()));
    let record: Recorder = {
        let lines = Arc::clone(&lines);
        Arc::new(move |Entry { peer, status, text, changed, .. }: &Entry| {
            let changed =
                changed.as_ref().map_or_else(String::new, |c| format!(" [{} -> {}]", c.before, c.after));
            let line = format!("{} {} {}: {text}{changed}\n", peer.who, peer.role, status.as_u16());
            lines.lock().unwrap().push_str(&line);
        })
    };
    let peer = Peer { who: Who::User { uid: 1000, pid: Some(42) }, role };
    let desk = Desk::new(Arc::new(Fake::default()), Limits::default());
    let mut router = routes::router(desk, &record).layer(Extension(peer));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for (method, target, body) in requests {
            let request = Request::builder()
                .method(*method)
                .uri(*target)
                .header("if-match", "*")
                .body(Body::from((*body).to_owned()));
            router.call(request.unwrap()).await.unwrap();
        }
    });
    lines.lock().unwrap().clone()
}

#[test]
fn every_change_is_recorded_whatever_became_of_it() {
    expect![[r#"
        uid 1000 operator 200: reload ema-cross: did reload ema-cross [{"changes":0} -> {"changes":1}]
        uid 1000 operator 200: load /p/x.so as two\nlines: did load /p/x.so as two\nlines [{"changes":1} -> {"changes":2}]
        uid 1000 operator 422: load /p/bad.so: not done: elf: no library\nsecond line [{"changes":2} -> {"changes":2}]
        uid 1000 operator 400: POST /v1/plugins: not done: /fil: the body: unknown field `fil`, expected one of `file`, `name`, `config` at line 1 column 6
        uid 1000 operator 404: stop nobody: not done: nobody: there is no plugin "nobody" (accepted: strategy-ema-cross)
        uid 1000 operator 200: inspect /p/x.so: refused: elf: no library
    "#]].assert_eq(&recorded(
        Role::Operator,
        &[
            ("POST", "/v1/plugins/ema-cross/reload", ""),
            ("POST", "/v1/plugins", r#"{"file": "/p/x.so", "name": "two\nlines"}"#),
            ("POST", "/v1/plugins", r#"{"file": "/p/bad.so"}"#),
            ("POST", "/v1/plugins", r#"{"fil": "/p/x.so"}"#),
            ("POST", "/v1/plugins/nobody/stop", ""),
            ("POST", "/v1/inspect", r#"{"file": "/p/x.so"}"#),
        ],
    ));
    expect![[r#"
        uid 1000 reader 403: POST /v1/plugins/ema-cross/stop: not done: POST /v1/plugins/ema-cross/stop needs the role operator, and uid 1000 has the role reader
    "#]].assert_eq(&recorded(Role::Reader, &[("POST", "/v1/plugins/ema-cross/stop", "")]));
}

#[test]
fn what_is_only_looked_at_is_not_recorded() {
    assert_eq!(recorded(Role::Reader, &[("GET", "/v1/status", ""), ("GET", "/v1/plugins/nobody", "")]), "");
}
