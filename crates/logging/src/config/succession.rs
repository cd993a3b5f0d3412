//! What waits for a peer goes over to the handler that takes the place of another, if it would send the same bytes: after
//! a wrong certificate or address was mended, nothing is lost.

//!
//! What a memory handler keeps goes to its target, or else, if it is not to hand over when it is closed, to the memory
//! handler that takes its place.

use std::collections::HashMap;

use toml::Table;

use crate::backend::{MEMORY_DEPTH_MAX, Memory, Router, Sink, Slot};

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

/// Takes handlers out of their places, after they handed over what they keep; what they still have is with them.
pub(super) fn retire(router: &mut Router, old: Vec<u32>, handlers: &HashMap<String, u32>) -> Vec<Slot> {
    let (memories, others): (Vec<u32>, Vec<u32>) = old.into_iter().partition(|&id| router.is_memory(id));
    // before their targets close; those that feed each other do so in whatever order they are
    for _ in 0..MEMORY_DEPTH_MAX {
        for &id in &memories {
            if is_flushed(router, id) {
                router.flush_memory(id);
            }
        }
    }
    // what a handler keeps comes before anything that its successor writes to the same place
    others.iter().for_each(|&id| router.flush(id));
    let mut retired = Vec::new();
    for id in memories.into_iter().chain(others) {
        if let Some(mut slot) = router.slots.get_mut(id as usize).and_then(Option::take) {
            let successor = handlers.get(&slot.status.name);
            if let Some(Some(successor)) = successor.and_then(|&id| router.slots.get_mut(id as usize)) {
                hand_over(&mut slot, successor);
            }
            retired.push(slot);
        }
        router.forget(id);
    }
    retired
}

/// True for a memory handler that is to hand over when it is closed.
fn is_flushed(router: &Router, id: u32) -> bool {
    let slot = router.slots.get(id as usize).and_then(Option::as_ref);
    matches!(slot, Some(Slot { sink: Sink::Memory(Memory { flush_on_close: true, .. }), .. }))
}

/// Hands over what waits at a handler that is about to be closed. What is on its way to the peer stays.
fn hand_over(old: &mut Slot, new: &mut Slot) {
    if let (Sink::Memory(old), Sink::Memory(new)) = (&mut old.sink, &mut new.sink) {
        // they are older than what it was given since
        old.records.append(&mut new.records);
        new.records = std::mem::take(&mut old.records);
        return;
    }
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
