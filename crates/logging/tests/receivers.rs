//! Receivers over real sockets: what arrives, what is refused, and what a change of configuration keeps.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use stratd_logging::{
    Capture, Captured, Codec, Config, Kinds, Level, Logging, LoggingOptions, Overflow, RECEIVED_NAMES_MAX,
    ReceiverStatus, Record, frame,
};

const DEADLINE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a test waits for a condition, with a deadline")]
fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::yield_now();
    }
}

/// A system whose configuration may change; its handler `all` keeps what it gets as `LEVEL NAME TEXT`.
struct System {
    logging: Logging,
    kinds: Kinds,
    captured: Captured,
}

const ALL: &str = "[formatters.f]\nformat = \"%(levelname)s %(name)s %(message)s\"\n\
    [handlers.all]\nkind = \"capture\"\nformatter = \"f\"\n[root]\nlevel = \"WARNING\"\nhandlers = [\"all\"]\n";

impl System {
    fn new(receivers: &str) -> Self {
        Self::with(receivers, &LoggingOptions { last_resort: false, ..LoggingOptions::default() })
    }

    fn with(receivers: &str, options: &LoggingOptions) -> Self {
        let (capture, captured) = Capture::new(1_000_000);
        let capture = Mutex::new(Some(capture));
        let mut kinds = Kinds::default();
        kinds.add_handler("capture", move |_| {
            let capture = capture.lock().expect("no maker panicked").take();
            Ok(Box::new(capture.expect("the handler stays the same, so that it is made once")))
        });
        let system = Self { logging: Logging::with_options(options), kinds, captured };
        system.apply(receivers).expect("the configuration is good");
        system
    }

    fn apply(&self, receivers: &str) -> stratd_logging::Result<()> {
        self.logging.apply(Config::parse_with(&format!("{ALL}{receivers}"), &self.kinds)?)
    }

    fn status(&self, name: &str) -> ReceiverStatus {
        let receivers = self.logging.receivers();
        receivers.into_iter().find(|receiver| receiver.name == name).expect("the receiver is there")
    }

    /// Where the first receiver listens.
    fn address(&self) -> String {
        let address = self.logging.receivers()[0].address.clone();
        address.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).expect("the receiver listens")
    }

    fn wait_for(&self, name: &str, received: u64, refused: u64) {
        wait_until("receiving", || {
            let status = self.status(name);
            (status.received, status.refused) == (received, refused)
        });
    }

    fn texts(&self) -> Vec<String> {
        self.logging.flush();
        self.captured.take()
    }
}

fn record(name: &str, level: Level, text: &str) -> Vec<u8> {
    frame(&Record::new(name.to_owned(), level, text.to_owned()), Codec::Pickle).expect("it fits a frame")
}

/// True if the peer has closed the connection.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(DEADLINE)).expect("the time is not zero");
    !matches!(stream.read(&mut [0]), Ok(1..))
}

#[test]
fn a_record_bypasses_the_level_of_its_logger_and_nothing_else() {
    let more = "[filters.no]\nkind = \"contains\"\nfield = \"message\"\nvalue = \"secret\"\nnegate = true\n\
        [loggers.quiet]\nlevel = \"CRITICAL\"\n[loggers.off]\ndisabled = true\n[loggers.kept]\nfilters = [\"no\"]\n";
    let system = System::new(&format!("[receivers.r]\nkind = \"socket\"\nport = 0\n{more}"));
    system.logging.set_handler_level("all", Level::INFO).unwrap();
    let mut stream = system.connect();
    for (name, level, text) in [
        ("quiet", Level::INFO, "taken"),
        ("quiet", Level::DEBUG, "below the handler's level"),
        ("off", Level::ERROR, "its logger is disabled"),
        ("kept", Level::ERROR, "a secret"),
        ("kept", Level::ERROR, "kept"),
    ] {
        stream.write_all(&record(name, level, text)).unwrap();
    }
    system.wait_for("r", 5, 0);
    assert_eq!(system.texts(), ["INFO quiet taken", "ERROR kept kept"]);
}

#[test]
fn the_logger_of_the_configuration_handles_what_keeps_its_own_name() {
    let system = System::new(
        "[receivers.r]\nkind = \"datagram\"\nport = 0\nlogger = \"fleet\"\n[loggers.a]\ndisabled = true\n",
    );
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(&record("a", Level::INFO, "hello"), system.address()).unwrap();
    system.wait_for("r", 1, 0);
    assert_eq!(system.texts(), ["INFO a hello"]);
}

#[test]
fn torn_frames_and_slow_senders_hold_nobody_up() {
    let system = System::new("[receivers.r]\nkind = \"json_lines\"\nport = 0\n");
    let (mut slow, mut fast) = (system.connect(), system.connect());
    let line = b"{\"msg\": \"slow\", \"levelno\": 30, \"name\": \"a\", \"user\": \"bob\"}\n";
    let (last, first) = line.split_last().unwrap();
    for byte in first {
        slow.write_all(&[*byte]).unwrap();
        fast.write_all(b"{\"msg\": \"fast\", \"levelname\": \"ERROR\"}\n").unwrap();
    }
    system.wait_for("r", first.len() as u64, 0);
    assert!(system.texts().iter().all(|text| text == "ERROR root fast"));
    slow.write_all(&[*last]).unwrap();
    system.wait_for("r", first.len() as u64 + 1, 0);
    assert_eq!(system.texts(), ["WARNING a slow"]);
    // the last line needs no end
    slow.write_all(b"{\"msg\": \"last\", \"levelno\": 40}").unwrap();
    drop(slow);
    wait_until("the end of the connection", || system.status("r").connections == 1);
    assert_eq!(system.texts(), ["ERROR root last"]);
}

#[test]
fn what_cannot_be_read_is_counted_told_and_harms_no_other_connection() {
    let system = System::new("[receivers.r]\nkind = \"socket\"\nport = 0\nmax_frame = 1000\n");
    let (mut good, mut bad, mut long) = (system.connect(), system.connect(), system.connect());
    good.write_all(&record("a", Level::ERROR, "first")).unwrap();
    // a frame that is none, and one after it on the same connection
    let peer = bad.local_addr().unwrap().to_string();
    bad.write_all(&[&[0, 0, 0, 18][..], b"cos\nsystem\n(S'id'\nt", b"x"].concat()[..22]).unwrap();
    bad.write_all(&record("a", Level::ERROR, "after")).unwrap();
    system.wait_for("r", 2, 1);
    assert!(system.status("r").last_error.unwrap().contains(&peer));
    // where the next frame begins is not known after this
    long.write_all(&[0, 0, 4, 0]).unwrap();
    assert!(is_closed(&long));
    good.write_all(&record("a", Level::ERROR, "second")).unwrap();
    system.wait_for("r", 3, 2);
    // half a frame at the end
    drop({
        let mut torn = system.connect();
        torn.write_all(&record("a", Level::ERROR, "torn")[..20]).unwrap();
        torn
    });
    system.wait_for("r", 3, 3);
    let mut told = Vec::new();
    wait_until("the reports", || {
        told.extend(system.texts());
        told.iter().any(|text| text.contains("ends in the middle"))
    });
    let reports: Vec<&String> =
        told.iter().filter(|text| text.starts_with("WARNING stratd.logging")).collect();
    assert!(
        reports[0].contains(&peer) && reports[0].contains("os.system") && reports[0].contains("\"r\""),
        "{reports:?}"
    );
    for text in ["first", "after", "second"] {
        assert!(told.contains(&format!("ERROR a {text}")), "{told:?}");
    }
    wait_until("the end of both connections", || system.status("r").connections == 2);
}

#[test]
fn frames_that_are_refused_together_are_counted_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("told.log");
    let system = System::new(&format!(
        "[receivers.r]\nkind = \"socket\"\nport = 0\n[formatters.json]\nlayout = \"json\"\n\
         [handlers.told]\nkind = \"file\"\npath = {path:?}\nformatter = \"json\"\n\
         [loggers.\"stratd.logging\"]\nhandlers = [\"told\"]\n"
    ));
    let bad = [&[0, 0, 0, 18][..], b"cos\nsystem\n(S'id'\nt"].concat()[..22].to_vec();
    // they come with one read, or the rest of them is told a second later
    system.connect().write_all(&bad.repeat(3)).unwrap();
    system.wait_for("r", 0, 3);
    let mut told = 0;
    wait_until("the reports", || {
        system.logging.flush();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| match line.split_once("\"not_reported\":") {
            Some((_, count)) => 1 + count[..1].parse::<u64>().unwrap(),
            None => 1,
        });
        told = lines.sum();
        told >= 3
    });
    assert_eq!(told, 3);
}

#[test]
fn syslog_comes_over_udp_and_tcp_counted_or_ended() {
    let system = System::new("[receivers.r]\nkind = \"syslog\"\nport = 0\n");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - failed", system.address()).unwrap();
    socket.send_to(b"<999>", system.address()).unwrap();
    system.wait_for("r", 1, 1);
    assert_eq!(system.texts()[0], "CRITICAL syslog.su failed");

    let system = System::new("[receivers.r]\nkind = \"syslog\"\ntransport = \"tcp\"\nport = 0\n");
    let (mut counted, mut python) = (system.connect(), system.connect());
    counted.write_all(b"8 <11>a: x10 <11>b: y\nz\n9 <14>").unwrap();
    system.wait_for("r", 2, 0);
    assert_eq!(system.texts(), ["ERROR syslog.a x", "ERROR syslog.b y\nz"]);
    counted.write_all(b"c: zz").unwrap();
    // as Python's handler ends them
    python.write_all(b"<12>one\ntwo\0<12>three\0").unwrap();
    system.wait_for("r", 5, 0);
    python.write_all(b"12x").unwrap();
    assert!(is_closed(&python));
    let mut texts = system.texts();
    texts.retain(|text| !text.contains("stratd.logging"));
    texts.sort();
    assert_eq!(texts, ["INFO syslog.c zz", "WARNING syslog one\ntwo", "WARNING syslog three"]);
}

#[test]
fn a_connection_above_the_limit_is_closed_and_counted() {
    let system = System::new("[receivers.r]\nkind = \"socket\"\nport = 0\nmax_connections = 2\n");
    let (first, _second) = (system.connect(), system.connect());
    wait_until("two connections", || system.status("r").connections == 2);
    assert!(is_closed(&system.connect()));
    assert_eq!(system.status("r").connections_refused, 1);
    drop(first);
    wait_until("one connection less", || system.status("r").connections == 1);
    let mut third = system.connect();
    third.write_all(&record("a", Level::ERROR, "third")).unwrap();
    system.wait_for("r", 1, 0);
}

#[test]
fn thousands_of_connections_are_served_side_by_side() {
    // each takes a descriptor on both sides of this process
    let limit = nix_limit().saturating_sub(200) / 2;
    let count = limit.min(stratd_logging::CONNECTIONS_MAX);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let system = System::new(&format!(
        "[receivers.r]\nkind = \"socket\"\naddress = {path:?}\nmax_connections = {}\n",
        stratd_logging::CONNECTIONS_MAX
    ));
    wait_until("the socket", || path.exists());
    let mut streams: Vec<UnixStream> = (0..count).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let bytes = record("a", Level::ERROR, "x");
    for stream in &mut streams {
        stream.write_all(&bytes).unwrap();
    }
    system.wait_for("r", count as u64, 0);
    assert_eq!(system.status("r").connections, count as u64);
    drop(streams);
    wait_until("their end", || system.status("r").connections == 0);
    assert_eq!(system.texts().len(), count);
}

/// How many descriptors this process may have open.
fn nix_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("Linux tells the limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("there is one");
    line.split_whitespace().nth(3).and_then(|number| number.parse().ok()).expect("it is a number")
}

#[test]
fn a_change_keeps_the_socket_that_stays_and_its_connections() {
    let (one, two) = (
        "[receivers.r]\nkind = \"socket\"\nport = 0\n",
        "logger = \"fleet\"\n[loggers.fleet]\ndisabled = true\n",
    );
    let system = System::new(one);
    let mut stream = system.connect();
    stream.write_all(&record("a", Level::ERROR, "before")).unwrap();
    system.wait_for("r", 1, 0);
    let address = system.address();
    system.apply(&format!("{one}{two}")).unwrap();
    assert_eq!(system.address(), address);
    // the settings are taken between two frames; the connection does not notice
    wait_until("the new settings", || {
        let received = system.status("r").received;
        stream.write_all(&record("a", Level::ERROR, "after")).unwrap();
        wait_until("a record", || system.status("r").received > received);
        system.texts().is_empty()
    });
    system.apply(one).unwrap();
    // a name is no socket
    system.apply(&one.replace("receivers.r", "receivers.renamed")).unwrap();
    assert_eq!((system.address(), system.status("renamed").connections), (address, 1));
}

#[test]
fn a_change_that_cannot_listen_changes_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let one = "[receivers.r]\nkind = \"socket\"\nport = 0\n";
    let system = System::new(one);
    let mut stream = system.connect();
    let port = taken.local_addr().unwrap().port();
    let error = system.apply(&format!("[receivers.new]\nkind = \"socket\"\nport = {port}\n")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("receivers.new") && text.contains(&format!("127.0.0.1:{port}")), "{text}");
    // a handler that cannot be opened takes the receivers with it
    let bad = "[receivers.r]\nkind = \"datagram\"\nport = 0\n[handlers.h]\nkind = \"file\"\npath = \"/dev/null/x\"\n";
    assert!(system.apply(bad).is_err());
    stream.write_all(&record("a", Level::ERROR, "still there")).unwrap();
    system.wait_for("r", 1, 0);
    assert_eq!(system.texts(), ["ERROR a still there"]);
    // and without receivers the connection ends
    system.apply("").unwrap();
    assert!(is_closed(&stream) && system.logging.receivers().is_empty());
}

fn unix(path: &Path, more: &str) -> String {
    format!("[receivers.r]\nkind = \"socket\"\naddress = {path:?}\n{more}\n")
}

#[test]
fn a_socket_of_the_file_system_has_its_permissions_and_goes_with_its_receiver() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    // left behind by a process that was killed
    drop(UnixListener::bind(&path).unwrap());
    let system = System::new(&unix(&path, "permissions = 0o600"));
    let permissions = || std::fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    wait_until("the socket", || permissions() == 0o600);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(&record("a", Level::ERROR, "one")).unwrap();
    system.wait_for("r", 1, 0);
    // others may now write: another socket takes the place of the first
    system.apply(&unix(&path, "permissions = 0o622")).unwrap();
    wait_until("the other socket", || permissions() == 0o622);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(&record("a", Level::ERROR, "two")).unwrap();
    system.wait_for("r", 1, 0);
    assert_eq!(system.texts(), ["ERROR a one", "ERROR a two"]);
    system.apply("").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_socket_of_another_program_and_what_is_no_socket_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, datagram, file) =
        (folder.path().join("s"), folder.path().join("d"), folder.path().join("f"));
    let (_listener, _socket) = (UnixListener::bind(&stream).unwrap(), UnixDatagram::bind(&datagram).unwrap());
    std::fs::write(&file, "x").unwrap();
    let system = System::new("");
    for (path, why) in [(&stream, "another program"), (&datagram, "another program"), (&file, "no socket")] {
        let text = system.apply(&unix(path, "")).unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
    }
    let text = system
        .apply(&unix(&folder.path().join("n"), "owner = \"nobody-of-this-name\""))
        .unwrap_err()
        .to_string();
    assert!(text.contains("nobody-of-this-name"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_stream_waits_for_room_where_others_lose() {
    let options = LoggingOptions {
        ring_bytes: 1 << 16,
        overflow: Overflow::DropNewest,
        last_resort: false,
        ..LoggingOptions::default()
    };
    let system = System::with("[receivers.r]\nkind = \"socket\"\nport = 0\n", &options);
    let mut stream = system.connect();
    let count = 20_000;
    let sender = std::thread::spawn(move || {
        for index in 0..count {
            stream.write_all(&record("a", Level::ERROR, &format!("{index}"))).unwrap();
        }
    });
    sender.join().unwrap();
    system.wait_for("r", count, 0);
    let texts = system.texts();
    assert_eq!((texts.len() as u64, system.logging.lost()), (count, 0));
    assert!(texts.iter().enumerate().all(|(index, text)| *text == format!("ERROR a {index}")));
}

#[test]
fn every_datagram_is_received_or_counted() {
    let system = System::new("[receivers.r]\nkind = \"datagram\"\nport = 0\n");
    let (socket, address) = (UdpSocket::bind("127.0.0.1:0").unwrap(), system.address());
    let text = "x".repeat(8000);
    let mut sent = 0;
    for _ in 0..5_000 {
        socket.send_to(&record("a", Level::ERROR, &text), &address).unwrap();
        sent += 1;
    }
    // what the kernel dropped it tells with the next one
    wait_until("the count of all", || {
        socket.send_to(&record("a", Level::ERROR, "next"), &address).unwrap();
        sent += 1;
        wait_until("it", || {
            let status = system.status("r");
            status.received + status.dropped == sent
        });
        true
    });
    let status = system.status("r");
    let texts = system.texts().iter().filter(|text| text.starts_with("ERROR a ")).count();
    assert_eq!(texts as u64, status.received);
}

#[test]
fn names_beyond_the_limit_go_to_the_nearest_logger() {
    let system = System::new("[receivers.r]\nkind = \"socket\"\nport = 0\n");
    let mut stream = system.connect();
    let before = system.logging.loggers().len();
    let count = RECEIVED_NAMES_MAX + 100;
    for index in 0..count {
        stream.write_all(&record(&format!("n{index}"), Level::ERROR, "x")).unwrap();
    }
    stream.write_all(&record(&"long.".repeat(100), Level::ERROR, "x")).unwrap();
    system.wait_for("r", count as u64 + 1, 0);
    assert_eq!(system.texts().len(), count + 1, "each record arrives under its own name");
    assert_eq!(system.logging.loggers().len(), before + RECEIVED_NAMES_MAX);
}

#[test]
fn the_end_takes_what_has_arrived() {
    let system = System::new("[receivers.r]\nkind = \"socket\"\nport = 0\n");
    let mut stream = system.connect();
    let bytes: Vec<u8> = (0..1000).flat_map(|index| record("a", Level::ERROR, &index.to_string())).collect();
    stream.write_all(&bytes).unwrap();
    drop(stream);
    assert_eq!(system.logging.shutdown(DEADLINE).left, 0);
    assert_eq!(system.captured.take().len(), 1000);
}

#[test]
fn a_connection_that_says_nothing_is_closed_after_its_time() {
    let system = System::new("[receivers.r]\nkind = \"socket\"\nport = 0\nidle_timeout = \"1s\"\n");
    assert!(is_closed(&system.connect()));
    wait_until("its end", || system.status("r").connections == 0);
    assert_eq!(system.status("r").refused, 0, "it did nothing wrong");
}

#[test]
fn unfinished_frames_have_a_limit_together() {
    let system = System::new("[receivers.r]\nkind = \"json_lines\"\nport = 0\nmax_frame = 16777216\n");
    let piece = vec![b'x'; 15 << 20];
    let mut streams: Vec<TcpStream> = (0..5).map(|_| system.connect()).collect();
    for stream in &mut streams {
        // the one that exceeds the limit is closed while it writes
        let _ = stream.write_all(&piece);
    }
    wait_until("the end of one", || system.status("r").connections == 4);
    let status = system.status("r");
    assert_eq!(status.refused, 1);
    assert!(status.last_error.unwrap().contains("unfinished frames of all connections"));
    // the others go on
    streams[0].write_all(b"\n").unwrap();
    system.wait_for("r", 0, 2);
}
