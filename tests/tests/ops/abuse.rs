//! Clients that do what clients should not: the daemon goes on, and takes no more than its limits.
//!
//! `cargo xtask bench control` measures the same with more of it, and what the engine does meanwhile.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

use stratd_control::{ErrorKind, Request};

use crate::desk::Desk;

/// More than a daemon should ever take for its clients: a body of the largest size for each connection.
const GROWTH_KIB_MAX: u64 = 96 << 10;

#[test]
fn what_is_no_request_is_refused_and_the_daemon_goes_on() {
    let desk = Desk::start("");
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20));
    for bytes in [
        b"\0\xff\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"status\n\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        long.as_bytes(),
    ] {
        let mut stream = desk.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut seen = Vec::new();
        let _ = stream.read_to_end(&mut seen);
        let seen = String::from_utf8_lossy(&seen);
        let sent = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(seen.is_empty() || seen.starts_with("HTTP/1.1 4"), "{sent:?}: {seen}");
        assert!(!seen.contains(" 200 "), "{sent:?}: {seen}");
    }
    assert!(desk.client().send(&Request::status()).is_ok());
    desk.end();
}

#[test]
fn half_requests_hold_no_more_than_their_places() {
    let mut desk = Desk::start("");
    let before = desk.resident_kib();
    let halves = [
        b"".as_slice(),
        b"GET /v1/sta",
        b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\ncontent-length: 1000000\r\n\r\n{",
    ];
    let mut held: Vec<UnixStream> = Vec::new();
    let mut refused = 0;
    // more than the daemon takes: those beyond are told, and closed
    for index in 0..1_000 {
        let mut stream = desk.connect();
        let _ = stream.write_all(halves[index % halves.len()]);
        held.push(stream);
    }
    for stream in held.iter_mut().skip(64) {
        let mut seen = Vec::new();
        let _ = stream.read_to_end(&mut seen);
        refused += usize::from(seen.is_empty() || seen.starts_with(b"HTTP/1.1 503 "));
    }
    assert_eq!(refused, 1_000 - 64);
    let error = desk.client().send(&Request::status()).expect_err("there is no place");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let grown = desk.resident_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB");
    drop(held);
    let client = desk.client();
    desk.running().wait_until("room", || client.send(&Request::status()).is_ok());
    desk.end();
}

#[test]
fn a_large_body_is_not_kept() {
    let mut desk = Desk::start("");
    let before = desk.resident_kib();
    let head = "POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\n";
    // announced, it is not read
    let answer = desk.talk(format!("{head}content-length: 1000000000\r\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // not announced, it is read up to the limit
    let mut stream = desk.connect();
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).expect("a head");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    // 64 MiB, or as far as the daemon lets it
    let sent = (0..1024).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 1024, "the daemon reads what it does not want");
    let grown = desk.resident_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB");
    assert!(desk.client().send(&Request::status()).is_ok());
    desk.end();
}
