//! The client against servers that do what servers should not.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    thread::{self, JoinHandle},
    time::Duration,
};

use stratd_control::{Client, Error, ErrorKind, LoadRequest, QuarantineRequest, Request, Version};

/// Long enough for a loaded machine, where an answer is expected.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the client waits where no answer will come.
const SHORT: Duration = Duration::from_millis(100);

/// A server that treats its first connection as it is told, and hands back what it read.
struct Server {
    path: PathBuf,
    thread: JoinHandle<Vec<u8>>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn new(serve: impl FnOnce(&mut UnixStream) -> Vec<u8> + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let thread = thread::spawn(move || serve(&mut listener.accept().unwrap().0));
        Self { path, thread, _folder: folder }
    }

    /// Reads one request without a body, and answers it with `answer`.
    fn answering(answer: &'static str) -> Self {
        Self::new(move |socket| {
            let request = read_until(socket, b"\r\n\r\n");
            socket.write_all(answer.as_bytes()).unwrap();
            request
        })
    }

    fn client(&self) -> Client {
        Client::new(&self.path).with_time_limit(PATIENCE)
    }

    fn seen(self) -> String {
        String::from_utf8(self.thread.join().unwrap()).unwrap()
    }
}

fn read_until(socket: &mut UnixStream, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) && socket.read(&mut byte).unwrap() > 0 {
        seen.push(byte[0]);
    }
    seen
}

fn kind(result: Result<stratd_control::Answer, Error>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn an_answer_is_read_as_what_was_asked_for() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"name\":\"stratd\",\"version\":\"1\",\"api\":\"v1\",\"new\":1}",
    );
    let version: Version = server.client().send(&Request::version()).unwrap().read().unwrap();
    assert_eq!(version, Version { name: "stratd".into(), version: "1".into(), api: "v1".into() });
    assert!(server.seen().starts_with("GET /v1/version HTTP/1.1\r\nhost: stratd\r\nconnection: close\r\n"));
}

#[test]
fn a_body_is_sent_as_json_with_its_length() {
    let server = Server::new(|socket| {
        let request = read_until(socket, b"}");
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        request
    });
    let body = QuarantineRequest { reason: Some("looks odd".into()) };
    server.client().send(&Request::quarantine("x", &body).unwrap()).unwrap();
    let seen = server.seen();
    assert!(seen.starts_with("POST /v1/plugins/x/quarantine HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("content-type: application/json\r\ncontent-length: 22\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"reason\":\"looks odd\"}"), "{seen}");
}

#[test]
fn a_problem_is_an_error_that_says_what_the_daemon_said() {
    let server = Server::answering(
        "HTTP/1.1 404 Not Found\r\n\r\n{\"type\":\"urn:stratd:problem:not-found\",\"title\":\"not found\",\
         \"status\":404,\"detail\":\"no such plugin\",\"plugin\":\"x\"}",
    );
    let error = server.client().send(&Request::plugin("x")).unwrap_err();
    assert!(error.is_refused());
    assert_eq!(error.to_string(), "x: no such plugin");
    assert_eq!(error.problem().map(|problem| problem.status), Some(404));
    assert!(error.body().is_some_and(|body| body.starts_with("{\"type\"")));
}

#[test]
fn a_failure_without_a_problem_is_malformed() {
    let server = Server::answering("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>");
    assert_eq!(
        kind(server.client().send(&Request::status())),
        (ErrorKind::Malformed, "GET /v1/status: status 502 without a problem that says why".into())
    );
}

#[test]
fn garbage_is_malformed_and_half_an_answer_is_a_daemon_that_went_away() {
    for (answer, expected, text) in [
        (
            "SSH-2.0-OpenSSH_9.2\r\n",
            ErrorKind::Malformed,
            "GET /v1/status: the answer is no HTTP/1.1: invalid HTTP version",
        ),
        ("", ErrorKind::Gone, "GET /v1/status: the connection was closed without an answer"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\":",
            ErrorKind::Gone,
            "GET /v1/status: the connection was closed after 5 of 9 bytes of the answer",
        ),
    ] {
        let server = Server::answering(answer);
        assert_eq!(kind(server.client().send(&Request::status())), (expected, text.into()));
    }
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
    let answer = server.client().send(&Request::version()).unwrap();
    assert_eq!(answer.read::<Version>().unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_daemon_that_says_nothing_is_given_up() {
    // waits until the client has given up: the end of the connection
    let server = Server::new(|socket| {
        let mut seen = Vec::new();
        socket.read_to_end(&mut seen).unwrap();
        seen
    });
    let client = server.client().with_time_limit(SHORT);
    assert_eq!(kind(client.send(&Request::status())).0, ErrorKind::TimedOut);
    assert!(server.seen().starts_with("GET /v1/status"));
}

#[test]
fn a_daemon_that_says_little_for_ever_is_given_up() {
    // each byte comes within the limit, all of them never
    let server = Server::new(|socket| {
        let request = read_until(socket, b"\r\n\r\n");
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 16000000\r\n\r\n").unwrap();
        while socket.write_all(b" ").is_ok() {
            thread::yield_now();
        }
        request
    });
    let client = server.client().with_time_limit(SHORT);
    assert_eq!(kind(client.send(&Request::status())).0, ErrorKind::TimedOut);
    drop(client);
    server.seen();
}

#[test]
fn a_daemon_that_refuses_before_it_has_read_everything_is_heard() {
    let refusal = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n{\"type\":\"t\",\"title\":\"busy\",\
                   \"status\":503,\"detail\":\"too many connections\"}";
    let server = Server::new(move |socket| {
        socket.write_all(refusal.as_bytes()).unwrap();
        Vec::new()
    });
    // more than the buffers of the socket take, so that the client is still writing when the connection ends
    let config = serde_json::Map::from_iter([("text".to_owned(), "x".repeat(4 << 20).into())]);
    let body = LoadRequest { file: "/f".into(), name: None, config: Some(config) };
    let (kind, text) = kind(server.client().send(&Request::load(&body).unwrap()));
    assert_eq!((kind, text.as_str()), (ErrorKind::Refused, "too many connections"));
}

#[test]
fn no_daemon_is_told_from_other_failures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let send = || Client::new(&path).send(&Request::status()).unwrap_err();
    assert!(send().is_no_daemon(), "no file");
    drop(UnixListener::bind(&path).unwrap());
    let error = send();
    assert!(error.is_no_daemon(), "nobody listens");
    assert_eq!(error.to_string(), format!("GET /v1/status: connecting to {}", path.display()));
}
