//! Peers that hang.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use stratd_logging::{Config, Level, Logging, LoggingOptions};

#[test]
fn a_stalled_peer_costs_its_own_records_only_and_holds_up_nobody() {
    // connections are taken by the kernel, and nobody ever reads
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("good.log");
    let text = format!(
        "[handlers.peer]\nkind = \"socket\"\naddress = \"{}\"\nqueue = {{ capacity = 10 }}\n\
         [handlers.good]\nkind = \"file\"\npath = {path:?}\n[root]\nlevel = \"INFO\"\nhandlers = [\"peer\", \"good\"]",
        listener.local_addr().unwrap()
    );
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    let long = "x".repeat(1 << 20);
    #[expect(clippy::disallowed_methods, reason = "how long the caller was held up")]
    let start = Instant::now();
    for _ in 0..60 {
        logger.log(Level::INFO, &long);
        logging.flush();
    }
    // the peer's own time-out is longer than all of this may take
    assert!(start.elapsed() < Duration::from_secs(60));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written.lines().filter(|line| **line == *long).count(), 60);
    let peer = logging.handlers().into_iter().find(|status| status.name == "peer").unwrap();
    assert!(peer.dropped > 0 && peer.queued <= 10, "{peer:?}");
    let end = logging.shutdown(Duration::from_millis(50));
    assert!(end.failed == 1 && start.elapsed() < Duration::from_secs(65));
}

#[test]
fn a_peer_that_is_away_does_not_hold_up_others_when_its_handler_is_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let (path, socket) = (folder.path().join("good.log"), folder.path().join("nobody"));
    let good = format!("[handlers.good]\nkind = \"file\"\npath = {path:?}\n");
    let with_peer = format!(
        "{good}[handlers.peer]\nkind = \"socket\"\naddress = {socket:?}\n[root]\nlevel = \"INFO\"\nhandlers = [\"good\", \"peer\"]"
    );
    let without = format!("{good}[root]\nlevel = \"INFO\"\nhandlers = [\"good\"]");
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    logging.apply(Config::parse(&with_peer).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    logger.log(Level::INFO, "for both");
    logging.flush();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| logging.apply(Config::parse(&without).unwrap()).unwrap());
        while logging.handlers().len() > 1 {
            std::thread::yield_now();
        }
        logger.log(Level::INFO, "meanwhile");
        logging.flush();
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("meanwhile\n"));
        assert!(!change.is_finished(), "the records of the peer were not waited for");
    });
    logging.flush();
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("closing handler \"peer\": 1 records were not delivered in time"), "{written}");
}
