//! Points about programs and sockets.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stratd_logging::{Level, Logging, log};

use crate::{DEADLINE, configured, status, wait_for, with_handler};

/// Takes what the next peer sends.
type Receiver = Box<dyn FnOnce(&mut [u8]) -> usize>;

#[test]
fn point_02_programs_start_while_threads_log() {
    let folder = tempfile::tempdir().unwrap();
    let (out, log_path) = (folder.path().join("out"), folder.path().join("a.log"));
    let logging = configured(&format!(
        "[handlers.h]\nkind = \"command\"\nlevel = \"ERROR\"\nargv = [\"/bin/sh\", \"-c\", \"echo \\\"$1\\\" >> $OUT\", \
         \"sh\", \"%(message)s\"]\nenv = {{ OUT = {out:?} }}\n[handlers.file]\nkind = \"file\"\npath = {log_path:?}\n\
         [root]\nlevel = 10\nhandlers = [\"h\", \"file\"]"
    ));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (logger, is_over) = (logging.logger("a").unwrap(), &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    log!(logger, Level::DEBUG, "noise");
                    std::thread::yield_now();
                }
            });
        }
        (0..30).for_each(|index| logging.logger("b").unwrap().log(Level::ERROR, &index.to_string()));
        // a program of somebody else in between
        assert!(Command::new("/bin/true").status().unwrap().success());
        wait_for(|| {
            let text = std::fs::read_to_string(&out).unwrap_or_default();
            (text.lines().count() == 30).then_some(())
        });
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let expected: String = (0..30).map(|index| format!("{index}\n")).collect();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), expected);
}

#[test]
fn point_05_a_server_that_appears_late_gets_what_waited_over_every_kind_of_socket() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stream = folder.path().join("stream");
    let datagram = folder.path().join("datagram");
    for (kind, address) in [
        ("socket", format!("127.0.0.1:{port}")),
        ("socket", stream.display().to_string()),
        ("datagram", datagram.display().to_string()),
    ] {
        let logging = with_handler(&format!("kind = {kind:?}\naddress = {address:?}\ncodec = \"json\""));
        logging.logger("a").unwrap().log(Level::INFO, "early");
        logging.flush();
        wait_for(|| (status(&logging).errors > 0).then_some(()));
        assert_eq!(status(&logging).queued, 1);
        let mut bytes = vec![0; 65536];
        let receiver: Receiver = match (kind, address.starts_with('/')) {
            ("socket", false) => {
                let listener = TcpListener::bind(&address).unwrap();
                Box::new(move |bytes| listener.accept().unwrap().0.read(bytes).unwrap())
            }
            ("socket", true) => {
                let listener = UnixListener::bind(&address).unwrap();
                Box::new(move |bytes| listener.accept().unwrap().0.read(bytes).unwrap())
            }
            _ => {
                let socket = UnixDatagram::bind(&address).unwrap();
                Box::new(move |bytes| socket.recv(bytes).unwrap())
            }
        };
        let count = receiver(&mut bytes);
        let text = String::from_utf8_lossy(&bytes[4..count]);
        assert!(text.contains("\"msg\": \"early\""), "{kind} {address}: {text}");
        assert_eq!(logging.shutdown(DEADLINE).left, 0);
    }
}

#[test]
fn point_06_syslog_over_udp_ipv6_and_unix_goes_on_after_the_peer_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let receive = |logging: &Logging, text: &str, recv: &dyn Fn(&mut [u8]) -> std::io::Result<usize>| {
        let mut bytes = [0; 1000];
        // over UDP a datagram to a port that was closed is lost, and the next one is not
        wait_for(|| {
            logging.logger("a").unwrap().log(Level::INFO, text);
            logging.flush();
            recv(&mut bytes).ok().filter(|&count| bytes[..count].ends_with(text.as_bytes()))
        });
    };
    for address in ["127.0.0.1:0", "[::1]:0"] {
        // a host without IPv6 has nothing to test here
        let Ok(socket) = UdpSocket::bind(address) else { continue };
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let address = socket.local_addr().unwrap();
        let logging = with_handler(&format!(
            "kind = \"syslog\"\ntransport = \"udp\"\naddress = \"{address}\"\nformat = \"python\"\nappend_nul = false"
        ));
        receive(&logging, "first", &|bytes| socket.recv(bytes));
        drop(socket);
        logging.logger("a").unwrap().log(Level::INFO, "nobody is there");
        logging.flush();
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        receive(&logging, "second", &|bytes| socket.recv(bytes));
    }
    let socket = UnixDatagram::bind(&path).unwrap();
    let logging = with_handler(&format!(
        "kind = \"syslog\"\naddress = {path:?}\nformat = \"python\"\nappend_nul = false"
    ));
    receive(&logging, "first", &|bytes| socket.recv(bytes));
    drop(socket);
    std::fs::remove_file(&path).unwrap();
    let socket = UnixDatagram::bind(&path).unwrap();
    receive(&logging, "second", &|bytes| socket.recv(bytes));
}

// Point 7, HTTPS and a live mail server: `tests/peers/tls.rs` and `tests/peers/deliveries.rs`, where the servers are.

#[test]
fn point_17_after_the_end_nothing_is_left_in_a_queue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let logging = with_handler(&format!(
        "kind = \"syslog\"\ntransport = \"unix_stream\"\naddress = {path:?}\nframing = \"lf\"\nformat = \"python\"\nappend_nul = false"
    ));
    let logger = logging.logger("a").unwrap();
    (0..5000).for_each(|index| log!(logger, Level::INFO, "{index}"));
    let end = logging.shutdown(DEADLINE);
    assert_eq!((end.left, end.failed, status(&logging).queued, status(&logging).dropped), (0, 0, 0, 0));
    drop((logging, logger));
    let expected: String = (0..5000).map(|index| format!("<14>{index}\n")).collect();
    assert!(reader.join().unwrap() == expected.into_bytes());
}
