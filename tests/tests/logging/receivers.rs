//! Records of other programs.

use std::{io::Write as _, net::TcpStream};

use crate::desk::Desk;

/// What other programs send goes to a file of its own; the kernel chooses the port.
const FLEET: &str = r#"
[logging.receivers.fleet]
kind = "json_lines"
port = 0

[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s"

[logging.handlers.fleet]
kind = "file"
path = "fleet.log"
formatter = "whole"

[logging.handlers.stderr]
kind = "console"

[logging.loggers.fleet]
handlers = ["fleet"]
propagate = false

[logging.root]
level = "INFO"
handlers = ["stderr"]
"#;

#[test]
fn other_programs_log_here_and_a_reload_keeps_their_connections() {
    let mut desk = Desk::started(FLEET);
    let receiver = |desk: &Desk| desk.tree().receivers.into_iter().next().expect("a receiver");
    let address = receiver(&desk).address.replace("tcp ", "");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut send = |line: &str| writeln!(stream, "{line}").expect("the daemon reads");
    send(r#"{"name": "fleet.7", "levelname": "INFO", "msg": "ready", "order_id": 17}"#);
    desk.wait_for("fleet.log", "INFO|fleet.7|ready|order_id=17");
    send("no record");
    send(r#"{"name": "fleet.7", "levelno": 40, "msg": "after it"}"#);
    desk.wait_for("fleet.log", "ERROR|fleet.7|after it|");
    let status = receiver(&desk);
    assert_eq!((status.connections, status.received, status.refused), (1, 2, 1));
    assert!(status.last_error.expect("the reason").contains("reading JSON"));
    // another format and the same socket
    desk.configure(&FLEET.replace("%(levelname)s|", "again "));
    desk.running().signal("HUP");
    desk.running().wait_for_log("SIGHUP: applied [logging] of stratd.toml");
    send(r#"{"name": "fleet.8", "levelno": 40, "msg": "still connected"}"#);
    desk.wait_for("fleet.log", "again fleet.8|still connected|");
    desk.end();
}
