//! The record of who did what.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use axum::{Extension, body::Body, http::Request};
use expect_test::expect;
use tower_service::Service as _;
use tracing_subscriber::fmt::MakeWriter;

use super::fake::Fake;
use crate::control::{
    desk::Desk,
    limits::Limits,
    peer::{Peer, Role},
    routes,
};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Sends requests as `role`, and returns what was logged of them.
fn logged(role: Role, requests: &[(&str, &str, &str)]) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .finish();
    let peer = Peer { uid: 1000, pid: Some(42), role };
    let desk = Desk::new(Arc::new(Fake::default()), Limits::default());
    let mut router = routes::router(desk).layer(Extension(peer));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            for (method, target, body) in requests {
                let request =
                    Request::builder().method(*method).uri(*target).body(Body::from((*body).to_owned()));
                router.call(request.unwrap()).await.unwrap();
            }
        });
    });
    let text = log.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

#[test]
fn every_change_is_recorded_whatever_became_of_it() {
    expect![[r#"
         INFO reload ema-cross: did reload ema-cross logger="control.audit" uid=1000 pid=42 role=operator status=200
         INFO load /p/x.so as two\nlines: did load /p/x.so as two\nlines logger="control.audit" uid=1000 pid=42 role=operator status=200
         WARN load /p/bad.so: not done: elf: no library\nsecond line logger="control.audit" uid=1000 pid=42 role=operator status=422
         WARN POST /v1/plugins: not done: /fil: the body: unknown field `fil`, expected one of `file`, `name`, `config` at line 1 column 6 logger="control.audit" uid=1000 pid=42 role=operator status=400
         WARN stop nobody: not done: nobody: there is no plugin "nobody" (accepted: strategy-ema-cross) logger="control.audit" uid=1000 pid=42 role=operator status=404
         INFO inspect /p/x.so: refused: elf: no library logger="control.audit" uid=1000 pid=42 role=operator status=200
    "#]].assert_eq(&logged(
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
         WARN POST /v1/plugins/ema-cross/stop: not done: POST /v1/plugins/ema-cross/stop needs the role operator, and uid 1000 has the role reader logger="control.audit" uid=1000 pid=42 role=reader status=403
    "#]].assert_eq(&logged(Role::Reader, &[("POST", "/v1/plugins/ema-cross/stop", "")]));
}

#[test]
fn what_is_only_looked_at_is_not_recorded() {
    assert_eq!(logged(Role::Reader, &[("GET", "/v1/status", ""), ("GET", "/v1/plugins/nobody", "")]), "");
}
