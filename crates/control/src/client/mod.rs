//! The client: one connection a request.
//!
//! Limits: each request has one time limit, from the connection to the last byte of its answer; the sizes of an answer
//! are those of `answer.rs`. Connecting itself is outside of the limit: it waits only while the backlog of the socket
//! is full, which the daemon's accepting thread never lets happen while it lives.

mod answer;
mod deadline;
mod events;
mod request;
mod trading;

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use self::deadline::Deadline;
pub use self::{
    answer::Answer,
    events::EventLines,
    request::{EventWish, Request},
    trading::Filter,
};
use crate::{Error, Problem};

/// The time limit of a request, unless another is set. Longer than the daemon takes for anything: it probes a file in
/// a child, creates an instance and waits for the event loop, each with a limit of its own.
const TIME_LIMIT: Duration = Duration::from_secs(150);

/// Sends requests to the control socket of a daemon.
///
/// ```no_run
/// # use stratd_control::{Client, Request, Status};
/// let client = Client::new("/run/stratd/control.sock");
/// let status: Status = client.send(&Request::status())?.read()?;
/// println!("{} events", status.events);
/// # Ok::<(), stratd_control::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
    time_limit: Duration,
}

impl Client {
    /// A client of the socket at `path`. Connects with the first request, not now.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), time_limit: TIME_LIMIT }
    }

    /// Sets how long a request may take.
    #[must_use]
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// The socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// There is no daemon, the daemon refused, or no whole answer came in time.
    pub fn send(&self, request: &Request) -> Result<Answer, Error> {
        let answer = self.exchange(request).map_err(|error| error.during(&request.to_string()))?;
        Self::accepted(answer, request)
    }

    /// Asks for the tag that a change depends on, and sends the change with it: what somebody else changes in between
    /// makes it fail. A request that changes nothing is sent as it is.
    ///
    /// # Errors
    /// As [`Self::send`]; the daemon does not show what is to be changed, or shows no tag of it.
    pub fn send_tagged(&self, request: Request) -> Result<Answer, Error> {
        let Some(look) = request.tag_request() else { return self.send(&request) };
        let answer = self.send(&look)?;
        let tag = answer
            .etag()
            .ok_or_else(|| Error::malformed("the answer has no ETag").during(&look.to_string()))?;
        let request = request.if_match(tag);
        self.send(&request)
    }

    /// The answer, unless it is a refusal.
    fn accepted(answer: Answer, request: &Request) -> Result<Answer, Error> {
        if answer.status() < 400 {
            return Ok(answer);
        }
        match serde_json::from_str::<Problem>(answer.body()) {
            Ok(problem) => Err(Error::refused(problem, answer.body)),
            Err(_) => {
                let text = format!("status {} without a problem that says why", answer.status());
                Err(Error::malformed(text).during(&request.to_string()))
            }
        }
    }

    /// Sends a request whose answer goes on, and hands over each line of it as it comes, until the daemon ends it or
    /// `on_line` says false. The time limit is one for the answer to begin; lines may come as late as they like.
    ///
    /// # Errors
    /// There is no daemon, the daemon refused, or the answer broke off.
    pub fn stream(&self, request: &Request, on_line: impl FnMut(&str) -> bool) -> Result<(), Error> {
        let told = |error: Error| error.during(&request.to_string());
        let mut connection = self.ask(request).map_err(told)?;
        match answer::stream(&mut connection, Connection::stay, on_line).map_err(told)? {
            None => Ok(()),
            Some(refusal) => Self::accepted(refusal, request).map(|_| ()),
        }
    }

    fn exchange(&self, request: &Request) -> Result<Answer, Error> {
        Answer::receive(&mut self.ask(request)?)
    }

    fn ask(&self, request: &Request) -> Result<Connection, Error> {
        let socket = UnixStream::connect(&self.path).map_err(|error| Error::connecting(&self.path, error))?;
        let mut connection = Connection { socket, deadline: Some(Deadline::after(self.time_limit)) };
        let Request { method, target, body, change } = request;
        let condition = change.as_ref().map_or_else(String::new, |change| {
            let key = change.key.as_ref().map(|key| format!("idempotency-key: {key}\r\n"));
            format!("if-match: {}\r\n{}", change.if_match, key.unwrap_or_default())
        });
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: stratd\r\nconnection: close\r\naccept: application/json\r\n{condition}"
        );
        let about_body = if body.is_empty() {
            "content-length: 0\r\n\r\n".to_owned()
        } else {
            format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())
        };
        match connection.write_all([head.as_str(), &about_body, body].concat().as_bytes()) {
            Ok(()) => {}
            // a daemon that refuses before it has read everything says why before it closes
            Err(error)
                if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {}
            Err(error) => return Err(Error::io("sending the request", error)),
        }
        Ok(connection)
    }
}

/// A connection whose reads and writes end at the deadline together.
struct Connection {
    socket: UnixStream,
    /// None for an answer that goes on.
    deadline: Option<Deadline>,
}

impl Connection {
    fn left(&self) -> io::Result<Option<Duration>> {
        match &self.deadline {
            None => Ok(None),
            Some(deadline) => deadline.left().map(Some).ok_or_else(|| io::ErrorKind::TimedOut.into()),
        }
    }

    /// From now on it may take any time.
    fn stay(&mut self) {
        self.deadline = None;
    }
}

impl Read for Connection {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(into)
    }
}

impl Write for Connection {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
