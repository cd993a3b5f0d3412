//! The record of who did what.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Extension, Router, body::Body, http::Request};
use expect_test::expect;
use tower_service::Service as _;

use super::{PATIENCE, fake::Fake};
use crate::control::{
    desk::Desk,
    guard::{Entry, Recorder},
    limits::Limits,
    peer::{Peer, Role, Who},
    routes,
    work::{Work, WorkEnd},
};

/// Routes with a record that is kept.
struct Book {
    fake: Arc<Fake>,
    router: Router,
    lines: Arc<Mutex<String>>,
    end: WorkEnd,
}

impl Book {
    fn of(role: Role, limits: Limits) -> Self {
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
        let fake = Arc::new(Fake::default());
        let desk = Desk::new(fake.clone(), limits);
        let (work, end) = Work::new();
        let router = routes::router(desk, &record, &work).layer(Extension(peer));
        Self { fake, router, lines, end }
    }

    fn call(&mut self, (method, target, body): (&str, &str, &str)) -> impl Future<Output = u16> + use<> {
        let request = Request::builder().method(method).uri(target).header("if-match", "*");
        let answer = self.router.call(request.body(Body::from(body.to_owned())).unwrap());
        async { answer.await.unwrap().status().as_u16() }
    }
}

fn within<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(work)
}

/// Lets others go on until it is so.
async fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect(what);
}

/// Sends requests as `role`, and returns what was recorded of them.
fn recorded(role: Role, requests: &[(&str, &str, &str)]) -> String {
    let mut book = Book::of(role, Limits::default());
    within(async {
        for request in requests {
            book.call(*request).await;
        }
    });
    book.lines.lock().unwrap().clone()
}

#[test]
fn a_change_is_done_and_recorded_though_the_peer_goes_away() {
    let mut book = Book::of(Role::Operator, Limits::default());
    book.fake.close();
    within(async {
        let asked = tokio::spawn(book.call(("POST", "/v1/plugins/ema-cross/reload", "")));
        wait_for("the change", || book.fake.waiting() == 1).await;
        // as a connection does that ends
        asked.abort();
        assert!(asked.await.is_err());
        assert_eq!(*book.lines.lock().unwrap(), "");
        book.fake.open();
        drop(book.router);
        book.end.wait(PATIENCE).await;
        assert_eq!(book.fake.done(), ["reload ema-cross"]);
        let lines = book.lines.lock().unwrap().clone();
        assert!(
            lines.starts_with("uid 1000 operator 200: reload ema-cross: did reload ema-cross ["),
            "{lines}"
        );
    });
}

#[test]
fn a_change_that_is_not_waited_for_any_longer_is_recorded_with_its_end() {
    let limits = Limits { write_time: Duration::from_millis(20), ..Limits::default() };
    let mut book = Book::of(Role::Operator, limits);
    book.fake.close();
    within(async {
        assert_eq!(book.call(("POST", "/v1/plugins/ema-cross/reload", "")).await, 503);
        let lines = book.lines.lock().unwrap().clone();
        assert!(
            lines.starts_with("uid 1000 operator 503: reload ema-cross: not done yet: ema-cross: the daemon"),
            "{lines}"
        );
        assert_eq!(lines.lines().count(), 1, "{lines}");
        book.fake.open();
        drop(book.router);
        book.end.wait(PATIENCE).await;
        let lines = book.lines.lock().unwrap().clone();
        let end = lines.lines().nth(1).unwrap_or_default();
        assert!(
            end.starts_with("uid 1000 operator 200: reload ema-cross: did reload ema-cross ["),
            "{lines}"
        );
    });
}

#[test]
fn a_change_that_the_end_of_the_daemon_cuts_off_is_recorded_as_such() {
    let mut book = Book::of(Role::Operator, Limits::default());
    book.fake.close();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(book.call(("POST", "/v1/plugins/ema-cross/reload", "")));
        wait_for("the change", || book.fake.waiting() == 1).await;
    });
    runtime.shutdown_background();
    let lines = book.lines.lock().unwrap().clone();
    assert!(
        lines.starts_with("uid 1000 operator 500: POST /v1/plugins/ema-cross/reload: not done: "),
        "{lines}"
    );
    assert!(lines.contains("what became of it is not known"), "{lines}");
    book.fake.open();
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
