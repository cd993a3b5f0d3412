//! What waits for a peer goes over to the handler that takes the place of another, if it would send the same bytes: after
//! a wrong certificate or address was mended, nothing is lost.

use toml::Table;

use crate::backend::{Sink, Slot};

/// Keys that say how bytes travel, and not what they are, for every kind of handler.
const OF_ALL: [&str; 6] = ["ca_file", "cert_file", "key_file", "server_name", "queue", "rate"];

/// And those for some.
fn of_kind(kind: &str) -> &'static [&'static str] {
    match kind {
        // the name of a web server is part of each request
        "syslog" | "socket" | "datagram" => &["address"],
        "smtp" => &["host", "secure", "user", "password"],
        "journald" => &["socket"],
        _ => &[],
    }
}

/// Hands over what waits at a handler that is about to be closed. What is on its way to the peer stays.
pub(super) fn hand_over(old: &mut Slot, new: &mut Slot) {
    let sends_the_same = match (&old.identity, &new.identity) {
        (Some((old_kind, old)), Some((kind, new))) => {
            old_kind == kind && content(kind, old) == content(kind, new)
        }
        _ => false,
    };
    if let (true, Sink::Handler(old), Sink::Handler(new)) = (sends_the_same, &mut old.sink, &mut new.sink) {
        new.put_waiting(old.take_waiting());
    }
}

/// The keys that decide what is sent.
fn content(kind: &str, identity: &Table) -> Table {
    let mut content = identity.clone();
    for key in OF_ALL.iter().chain(of_kind(kind)) {
        content.remove(*key);
    }
    content
}
