//! Events to the host, in order.

use stratd_plugin_api::{ExchangeHandle, abi};
use stratd_simulation::venue::VenueEvent;

/// Hands events over in order; events of one kind that follow each other go together. When the host takes fewer than
/// it was given, `wait` decides: true = offer the rest again. Returns how many were taken.
pub(crate) fn deliver(host: &ExchangeHandle, events: &[VenueEvent], mut wait: impl FnMut() -> bool) -> usize {
    let mut at = 0;
    while let Some(first) = events.get(at) {
        let rest = &events[at..];
        let (given, taken) = match first {
            VenueEvent::Market(_) => {
                let run: Vec<abi::Event> = rest.iter().map_while(market).collect();
                (run.len(), host.emit(&run))
            }
            VenueEvent::Order(_) => {
                let run: Vec<abi::OrderEvent> = rest.iter().map_while(order).collect();
                (run.len(), host.emit_orders(&run))
            }
        };
        at += taken.min(given);
        if taken < given && !wait() {
            break;
        }
    }
    at
}

fn market(event: &VenueEvent) -> Option<abi::Event> {
    match event {
        VenueEvent::Market(event) => Some(*event),
        VenueEvent::Order(_) => None,
    }
}

fn order(event: &VenueEvent) -> Option<abi::OrderEvent> {
    match event {
        VenueEvent::Order(event) => Some(*event),
        VenueEvent::Market(_) => None,
    }
}
