//! Sockets of receivers that outlive the process: a second system in this process stands for the next one.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stratd_logging::{Codec, Config, Level, Logging, Record, SocketKeeper, frame};

const DEADLINE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a test waits for a condition, with a deadline")]
fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::yield_now();
    }
}

/// Keeps so many sockets, as systemd would.
struct Drawer {
    max: usize,
    sockets: Mutex<BTreeMap<String, Vec<OwnedFd>>>,
}

impl Drawer {
    fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, sockets: Mutex::default() })
    }

    /// The names, with how many are kept under each; paths and numbers of files left out.
    fn names(&self) -> Vec<(String, usize)> {
        let sockets = self.sockets.lock().expect("no test panicked with it");
        let short = |name: &str| {
            let (kind, rest) = name.split_at(name.find('/').unwrap_or(name.len()));
            format!("{kind}{}", if rest.ends_with('+') { "+" } else { "" })
        };
        sockets.iter().map(|(name, kept)| (short(name), kept.len())).collect()
    }

    fn is_empty(&self) -> bool {
        self.sockets.lock().expect("no test panicked with it").is_empty()
    }
}

impl SocketKeeper for Drawer {
    fn take(&self, name: &str) -> Vec<OwnedFd> {
        let sockets = self.sockets.lock().expect("no test panicked with it");
        sockets
            .get(name)
            .into_iter()
            .flatten()
            .map(|fd| fd.try_clone().expect("there are descriptors left"))
            .collect()
    }

    fn keep(&self, name: &str, socket: BorrowedFd<'_>) -> bool {
        let mut sockets = self.sockets.lock().expect("no test panicked with it");
        if sockets.values().map(Vec::len).sum::<usize>() >= self.max {
            return false;
        }
        sockets
            .entry(name.to_owned())
            .or_default()
            .push(socket.try_clone_to_owned().expect("there are descriptors left"));
        true
    }

    fn forget(&self, name: &str) {
        self.sockets.lock().expect("no test panicked with it").remove(name);
    }
}

/// A process that has receivers.
fn process(drawer: &Arc<Drawer>, receivers: &str) -> Logging {
    let logging = Logging::new();
    logging.set_last_resort(None);
    logging.keep_sockets(Arc::clone(drawer) as _);
    let config = Config::parse(receivers).expect("the configuration is good");
    logging.apply(config).expect("its sockets can be had");
    logging
}

fn stream_at(path: &Path) -> String {
    format!("[receivers.r]\nkind = \"socket\"\naddress = {path:?}\n")
}

fn received(logging: &Logging) -> (u64, u64) {
    let status = &logging.receivers()[0];
    (status.connections, status.received)
}

fn record(text: &str) -> Vec<u8> {
    let record = Record::new("a".to_owned(), Level::INFO, text.to_owned());
    frame(&record, Codec::Pickle).expect("it fits a frame")
}

/// True once the peer has closed the connection, false if it has not within a moment.
fn is_closed(mut stream: &UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("the time is not zero");
    matches!(stream.read(&mut [0]), Ok(0))
}

#[test]
fn connections_and_who_waits_for_one_are_served_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let drawer = Drawer::new(64);
    let first = process(&drawer, &stream_at(&path));
    wait_until("the socket", || path.exists());
    let mut whole = UnixStream::connect(&path).unwrap();
    let mut torn = UnixStream::connect(&path).unwrap();
    let bytes = record("one");
    whole.write_all(&bytes).unwrap();
    torn.write_all(&bytes).unwrap();
    torn.write_all(&bytes[..7]).unwrap();
    wait_until("receiving", || received(&first) == (2, 2));
    assert_eq!(drawer.names(), [("log-unix-stream-".to_owned(), 1)]);
    drop(first);
    assert_eq!(drawer.names(), [("log-unix-stream-+".to_owned(), 1), ("log-unix-stream-".to_owned(), 1)]);
    assert!(is_closed(&torn), "the beginning of its frame was lost with the process");

    // nobody is refused meanwhile
    let mut late = UnixStream::connect(&path).unwrap();
    for stream in [&mut whole, &mut late] {
        stream.write_all(&record("meanwhile")).unwrap();
    }
    let second = process(&drawer, &stream_at(&path));
    wait_until("receiving", || received(&second) == (2, 2));
    assert_eq!(drawer.names(), [("log-unix-stream-".to_owned(), 1)], "who has the connections ends them");
    assert!(!is_closed(&whole));
    drop(second);
    let third = process(&drawer, &stream_at(&path));
    whole.write_all(&bytes).unwrap();
    wait_until("receiving", || received(&third) == (2, 1));
}

#[test]
fn what_is_configured_no_longer_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let drawer = Drawer::new(64);
    let logging = process(&drawer, &stream_at(&path));
    wait_until("keeping", || !drawer.is_empty());
    let stream = UnixStream::connect(&path).unwrap();
    logging.apply(Config::parse("").unwrap()).unwrap();
    assert!(drawer.is_empty() && !path.exists());
    wait_until("the end of its connection", || is_closed(&stream));
}

#[test]
fn a_process_that_is_killed_leaves_what_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let drawer = Drawer::new(64);
    let config = format!("[receivers.r]\nkind = \"datagram\"\naddress = {path:?}\n");
    let first = process(&drawer, &config);
    wait_until("keeping", || !drawer.is_empty());
    // it has no end: what it holds goes without a word when this test ends
    std::mem::forget(first);
    let second = process(&drawer, &config);
    let sender = UnixDatagram::unbound().unwrap();
    // either may take one: they have the same socket
    for _ in 0..2 {
        sender.send_to(&record("x"), &path).unwrap();
    }
    drop(second);
    assert!(path.exists());
    assert_eq!(drawer.names(), [("log-unix-datagram-".to_owned(), 1)]);
}

#[test]
fn a_socket_of_somebody_else_is_never_taken_for_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let drawer = Drawer::new(64);
    drop(process(&drawer, &stream_at(&path)));
    assert!(path.exists() && !drawer.is_empty());
    // beside the old one, so that its file has another number
    let other = folder.path().join("other");
    let stranger = UnixListener::bind(&other).unwrap();
    std::fs::rename(&other, &path).unwrap();
    let logging = Logging::new();
    logging.keep_sockets(Arc::clone(&drawer) as _);
    let refused = logging.apply(Config::parse(&stream_at(&path)).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("another program listens on"), "{refused}");
    drop(stranger);
    // nobody listens there any more, so that it may be replaced
    logging.apply(Config::parse(&stream_at(&path)).unwrap()).unwrap();
    wait_until("keeping", || drawer.names().iter().map(|(_, count)| count).sum::<usize>() == 2);
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn beyond_the_limit_sockets_end_with_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let drawer = Drawer::new(2);
    let first = process(&drawer, &stream_at(&path));
    wait_until("the socket", || path.exists());
    let streams: Vec<UnixStream> = (0..4).map(|_| UnixStream::connect(&path).unwrap()).collect();
    wait_until("taking them in", || received(&first) == (4, 0));
    drop(first);
    assert_eq!(streams.iter().filter(|stream| !is_closed(stream)).count(), 1);

    let none = Drawer::new(0);
    let path = folder.path().join("second");
    drop(process(&none, &stream_at(&path)));
    assert!(!path.exists(), "a path that nobody listens at is of no use");
}
