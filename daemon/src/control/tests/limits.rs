//! Every limit has one outcome.

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use expect_test::expect;
use stratd_control::{CancelAllRequest, HaltRequest, Request};

use super::{PATIENCE, Place, fake::Fake, read_all, split, wait_for};
use crate::control::{ActionErrorKind, SOCKET_MODE, desk::Desk, limits::Limits};

/// Soon over, where something is to be waited for in vain.
const SOON: Duration = Duration::from_millis(50);

fn limited(change: impl FnOnce(&mut Limits)) -> Place {
    let mut limits = Limits::default();
    change(&mut limits);
    Place::with(limits, SOCKET_MODE)
}

#[test]
fn one_connection_too_many_is_told_so_and_closed() {
    let place = Place::new();
    let mut held = Vec::new();
    for _ in 0..Limits::default().connections {
        held.push(place.connect());
    }
    let mut one_more = place.connect();
    let (head, body) = split(&read_all(&mut one_more));
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("\r\nconnection: close\r\n") && head.contains("\r\nretry-after: 1\r\n"), "{head}");
    expect![[r#"{"type":"urn:stratd:problem:busy","title":"the daemon is busy","status":503,"detail":"64 connections are open already (close one, or try again)"}"#]].assert_eq(&body);
    let error = place.client().send(&Request::status()).unwrap_err();
    assert_eq!(error.to_string(), "64 connections are open already (close one, or try again)");
    // those that are open are served
    let mut first = held.remove(0);
    first.write_all(b"GET /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    assert!(read_all(&mut first).starts_with("HTTP/1.1 200 "));
    // and one that has ended makes room
    wait_for("room for another", || place.client().send(&Request::version()).is_ok());
}

#[test]
fn who_has_connected_when_the_stop_comes_is_served() {
    const REQUEST: &[u8] = b"GET /v1/version HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut place = limited(|limits| limits.stop_time = PATIENCE);
    let mut late = place.connect();
    // connections are taken in order: once another is answered, the first was taken
    let mut earlier = place.connect();
    earlier.write_all(REQUEST).unwrap();
    assert!(earlier.read(&mut [0; 4096]).unwrap() > 0);
    let control = place.control.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| control.stop());
        // the server has seen the stop when it closes what has been answered
        read_all(&mut earlier);
        late.write_all(REQUEST).unwrap();
        assert!(read_all(&mut late).starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let place = Place::new();
    let length = Limits::default().body_bytes + 1;
    let mut stream = place.connect();
    let head =
        format!("POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (head, body) = split(&read_all(&mut stream));
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    expect![[r#"{"type":"urn:stratd:problem:too-large","title":"the body is too large","status":413,"detail":"the body is larger than 1048576 bytes"}"#]].assert_eq(&body);
}

#[test]
fn a_body_that_does_not_say_how_large_it_is_is_cut_off() {
    let place = limited(|limits| limits.body_bytes = 100);
    let mut stream = place.connect();
    stream
        .write_all(
            b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\ntransfer-encoding: chunked\r\n\r\n",
        )
        .unwrap();
    stream.write_all(format!("80\r\n{}\r\n", "x".repeat(128)).as_bytes()).unwrap();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 413 "));
    assert!(place.fake.done().is_empty());
}

#[test]
fn a_body_of_the_largest_size_is_taken() {
    let place = Place::new();
    let mut body = r#"{"file": "/p/x.so"}"#.to_owned();
    body.push_str(&" ".repeat(Limits::default().body_bytes - body.len()));
    assert!(place.ask("POST", "/v1/plugins", &body).starts_with("200 "));
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let place = limited(|limits| limits.body_time = SOON);
    let mut stream = place.connect();
    stream
        .write_all(b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\ncontent-length: 10\r\n\r\n{")
        .unwrap();
    let (head, body) = split(&read_all(&mut stream));
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    assert!(body.contains("the body was not complete within 50ms"), "{body}");
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let place = limited(|limits| limits.head_time = SOON);
    for sent in ["", "GET /v1/sta"] {
        let mut stream = place.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        let answer = read_all(&mut stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    // after an answer, too
    let mut stream = place.connect();
    stream.write_all(b"GET /v1/version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_connection_that_is_too_old_is_closed() {
    let place = limited(|limits| limits.connection_time = SOON);
    assert_eq!(read_all(&mut place.connect()), "");
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let place = Place::new();
    let mut stream = place.connect();
    let long = "x".repeat(Limits::default().head_bytes * 4);
    // the server may close before all of it is written
    let _ =
        stream.write_all(format!("GET /v1/version HTTP/1.1\r\nhost: x\r\nlong: {long}\r\n\r\n").as_bytes());
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
}

#[test]
fn what_is_no_http_is_refused() {
    let place = Place::new();
    let mut stream = place.connect();
    stream.write_all(b"status\n\n").unwrap();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 400 "));
}

#[test]
fn changes_at_once_are_few_and_reads_go_on() {
    let place = limited(|limits| limits.writes = 2);
    place.fake.close();
    let client = place.client();
    std::thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..2).map(|_| scope.spawn(|| client.send(&Request::reload("ema-cross")).unwrap())).collect();
        wait_for("two changes under way", || place.fake.waiting() == 2);
        let error = client.send(&Request::stop("ema-cross")).unwrap_err();
        assert_eq!(error.to_string(), "ema-cross: 2 of at most 2 changes are under way (try again)");
        assert!(client.send(&Request::status()).is_ok(), "reads go on");
        place.fake.open();
        for thread in waiting {
            thread.join().unwrap();
        }
    });
    assert_eq!(place.fake.done(), ["reload ema-cross", "reload ema-cross"]);
    assert!(place.client().send(&Request::stop("ema-cross")).is_ok(), "there is room again");
}

#[test]
fn what_stops_trading_finds_a_place_however_slow_the_other_changes_are() {
    let place = limited(|limits| (limits.writes, limits.stops) = (1, 1));
    place.fake.close();
    let client = place.client();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.send(&Request::reload("ema-cross")).unwrap());
        wait_for("a change under way", || place.fake.waiting() == 1);
        assert!(client.send(&Request::stop("ema-cross")).is_err(), "there is no place");
        assert!(client.send(&Request::release_trading()).is_err(), "trading goes on later");
        let halt = HaltRequest::default();
        for request in [
            Request::kill(&halt).unwrap(),
            Request::strategy_halt("a", &halt).unwrap(),
            Request::exchange_halt("x", &halt).unwrap(),
            Request::cancel_all(&CancelAllRequest::default()).unwrap(),
        ] {
            client.send(&request).unwrap_or_else(|error| panic!("{request}: {error}"));
        }
        place.fake.open();
        waiting.join().unwrap();
    });
}

#[test]
fn looks_at_once_are_few_and_those_that_find_no_place_leave_nothing_behind() {
    let limits = Limits { reads: 1, read_time: SOON, ..Limits::default() };
    let desk = Desk::new(Arc::new(Fake::default()), limits);
    let begun = Arc::new(AtomicUsize::new(0));
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for _ in 0..5 {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            let look = desk.read(move |_| {
                begun.fetch_add(1, Ordering::Relaxed);
                // until the other end is dropped
                let _ = gate.lock().unwrap().recv();
                Ok(())
            });
            let error = look.await.unwrap_err();
            assert_eq!(error.kind, ActionErrorKind::Busy, "which is 503 with Retry-After");
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1, "the others wait nowhere");
        drop(open);
    });
    let limits = Limits { read_time: PATIENCE, ..limits };
    let desk = Desk::new(Arc::new(Fake::default()), limits);
    runtime.block_on(async {
        for _ in 0..3 {
            desk.read(|_| Ok(())).await.unwrap();
        }
    });
    assert_eq!(limits.operation_threads(), 1 + 4 + 2 + 2);
}

#[test]
fn a_change_that_takes_too_long_is_not_waited_for_and_keeps_its_place() {
    let place = limited(|limits| (limits.writes, limits.write_time) = (1, SOON));
    place.fake.close();
    let late = place.client().send(&Request::reload("ema-cross")).unwrap_err();
    assert_eq!(
        late.to_string(),
        "ema-cross: the daemon has not answered within 50ms; a change goes on, and what it changes will show it"
    );
    let second = place.client().send(&Request::stop("ema-cross")).unwrap_err();
    assert_eq!(second.to_string(), "ema-cross: 1 of at most 1 changes are under way (try again)");
    place.fake.open();
    wait_for("the change that went on", || place.fake.done() == ["reload ema-cross"]);
}

#[test]
fn the_end_does_not_wait_for_a_change_for_ever() {
    let mut place = limited(|limits| limits.stop_time = SOON);
    place.fake.close();
    std::thread::scope(|scope| {
        let client = place.client();
        let asked = scope.spawn(move || client.send(&Request::reload("ema-cross")));
        wait_for("a change under way", || place.fake.waiting() == 1);
        let stopwatch = crate::runtime::clock::Stopwatch::start();
        drop(place.control.take());
        assert!(stopwatch.elapsed() < PATIENCE);
        assert!(asked.join().unwrap().is_err(), "the connection was cut off");
        place.fake.open();
    });
}
