//! The control server over a real socket, with a daemon behind it that is none.

mod audit;
mod conditions;
mod fake;
mod fake_trading;
mod keys;
mod limits;
mod openapi;
mod place;
mod roles;
mod routes;
mod tcp;
mod trading;

use std::{
    io::{Read, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use stratd_control::Client;
use tempfile::TempDir;

use self::fake::Fake;
use super::{Control, ControlOptions, SOCKET_MODE, SocketOptions, limits::Limits};
use crate::runtime::clock::Stopwatch;

/// Long enough for a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A control server in a folder of its own.
struct Place {
    control: Option<Control>,
    fake: Arc<Fake>,
    path: PathBuf,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with(Limits::default(), SOCKET_MODE)
    }

    fn with(limits: Limits, mode: u32) -> Self {
        Self::of(limits, |path| options(path, mode))
    }

    /// With a socket at this path, and what else the options say.
    fn of(limits: Limits, options: impl FnOnce(&Path) -> ControlOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/control.sock");
        let fake = Arc::new(Fake::default());
        let control = Control::start_with(options(&path), fake.clone(), limits).unwrap();
        Self { control: Some(control), fake, path, folder }
    }

    fn client(&self) -> Client {
        Client::new(&self.path).with_time_limit(PATIENCE)
    }

    fn connect(&self) -> UnixStream {
        connect(&self.path)
    }

    /// Sends a request and returns the status and the body of its answer.
    fn ask(&self, method: &str, target: &str, body: &str) -> String {
        let (head, body) = self.ask_all(method, target, body);
        let status = head.split(' ').nth(1).unwrap_or_default();
        format!("{status} {body}")
    }

    /// Sends a request and returns the head and the body of its answer.
    fn ask_all(&self, method: &str, target: &str, body: &str) -> (String, String) {
        self.ask_with("if-match: *\r\n", method, target, body)
    }

    /// The same with these header lines in the place of `If-Match: *`.
    fn ask_with(&self, headers: &str, method: &str, target: &str, body: &str) -> (String, String) {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        split(&read_all(&mut stream))
    }
}

fn options(path: &Path, mode: u32) -> ControlOptions {
    ControlOptions { socket: socket(path, mode), read_only: None, tcp: None }
}

fn socket(path: &Path, mode: u32) -> SocketOptions {
    SocketOptions { path: path.to_owned(), group: None, mode, inherited: None }
}

fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes until the connection ends, in whatever way.
fn read_all(stream: &mut impl Read) -> String {
    let mut seen = Vec::new();
    let mut block = [0; 4096];
    loop {
        match stream.read(&mut block) {
            Ok(0) => break,
            Ok(count) => seen.extend_from_slice(&block[..count]),
            // the other side closed while something of ours was still unread
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&seen)),
        }
    }
    String::from_utf8(seen).unwrap()
}

fn split(answer: &str) -> (String, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    (head.to_owned(), body.to_owned())
}

/// Waits until it is so.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let stopwatch = Stopwatch::start();
    while !is_so() {
        assert!(stopwatch.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}
