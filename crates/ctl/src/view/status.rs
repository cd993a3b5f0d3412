//! The run.

use stratd_control::{Status, StoreStatus, WatchdogStatus};

use super::{
    table::line,
    words::{count, several, span},
};

pub(crate) fn status(status: &Status) -> String {
    let Status { version, pid, trading_type, state, .. } = status;
    let strategies: Vec<String> =
        status.strategies.iter().map(|(state, number)| format!("{} {state}", count(*number))).collect();
    let store = match &status.store {
        None => "off".to_owned(),
        Some(StoreStatus { path, healthy: true, .. }) => format!("{path}, healthy"),
        Some(StoreStatus { path, error, .. }) => {
            format!("{path}, FAILING: {}", error.as_deref().unwrap_or("the last write failed"))
        }
    };
    let watchdog = match &status.watchdog {
        None => "off".to_owned(),
        Some(WatchdogStatus { limit_ns, watched }) => {
            format!("{}, at most {} a call", several(*watched, "instance"), span(*limit_ns))
        }
    };
    let mut text = [
        line("stratd", &format!("{version}, {trading_type}, {}, pid {pid}", state.name())),
        line("started", &format!("{} ({} ago)", status.started_at, span(status.uptime_ns))),
        line("results", &status.run_folder),
        line("time", status.time.as_deref().unwrap_or("no event yet")),
        line("events", &format!("{} (sequence number {})", count(status.events), status.sequence)),
        line("orders", &format!("{} working", count(status.orders_working))),
        line("equity", &format!("{} {}", status.equity, status.currency)),
        line("strategies", &if strategies.is_empty() { "none".to_owned() } else { strategies.join(", ") }),
        line("plugins", &count(status.plugins)),
        line("store", &store),
        line("watchdog", &watchdog),
    ]
    .concat();
    for warning in &status.warnings {
        text.push_str(&line("WARNING", warning));
    }
    text
}
