//! Every metric: its name, what it means, and its labels. What is not here cannot be told, and `docs/metrics.md` is made
//! of it.

use prometheus_client::{metrics::MetricType, registry};

/// The definition of a metric.
#[derive(Debug)]
pub(crate) struct Metric {
    /// Without the unit and without what a format appends to it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Option<Unit>,
    pub(super) labels: &'static [&'static str],
    /// One sentence without its full stop, as the format wants it.
    pub(super) help: &'static str,
}

/// A base unit of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

impl Unit {
    pub(super) fn of_format(self) -> registry::Unit {
        match self {
            Self::Seconds => registry::Unit::Seconds,
            Self::Bytes => registry::Unit::Bytes,
        }
    }
}

/// What sort of metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows during a run.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets of durations.
    Histogram,
    /// Facts as labels, with the value 1.
    Info,
}

impl Kind {
    pub(super) fn of_format(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
            Self::Info => MetricType::Info,
        }
    }

    /// What the format appends to the name of a sample.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Gauge | Self::Histogram => "",
            Self::Info => "_info",
        }
    }

    #[cfg(test)]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }
}

/// A counter of things that have no unit.
const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit: None, labels, help }
}

/// A gauge of what has no unit.
const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit: None, labels, help }
}

/// Durations in seconds.
const fn durations(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, unit: Some(Unit::Seconds), labels, help }
}

/// Facts.
const fn info(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Info, unit: None, labels, help }
}

impl Metric {
    const fn with_unit(self, unit: Unit) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// The name of the family, with its unit.
    pub(super) fn family(&self) -> String {
        match &self.unit {
            Some(unit) => format!("{}_{}", self.name, unit.of_format().as_str()),
            None => self.name.to_owned(),
        }
    }
}

pub(super) static BUILD: Metric =
    info("stratd_build", &["version", "api"], "The version of the daemon and of its control protocol");
pub(super) static RUN: Metric = info(
    "stratd_run",
    &["run", "trading_type", "currency"],
    "The run: the name that event ids begin with, what it trades, the currency of its money",
);
pub(super) static START: Metric = gauge(
    "stratd_start",
    &["part"],
    "How long a part of the start took: check, configuration and plugins; database, opening and checking state.db; read, what it has of orders; connect, exchanges and instances; take_up, into the engine; reconcile, what exchanges say of orders; start, strategies and market data",
)
.with_unit(Unit::Seconds);
pub(super) static EVENTS: Metric =
    counter("stratd_events", &["kind"], "Market events that the event loop took");
pub(super) static EVENT_RATE: Metric =
    gauge("stratd_events_per_second", &[], "Market events in the last second, as the event loop counts it");
pub(super) static EVENT_AGE: Metric = durations(
    "stratd_event_age",
    &[],
    "Time from the exchange's time of a market event until the event loop took it, of one event of each batch; includes what the clocks differ",
);
pub(super) static ROUND: Metric = durations(
    "stratd_loop_round",
    &[],
    "Time that the event loop worked on what it took at once, strategies included",
);
pub(super) static ROUND_AT: Metric = gauge(
    "stratd_loop_round_timestamp",
    &[],
    "When the event loop came round last: it does at least ten times a second unless it hangs",
)
.with_unit(Unit::Seconds);
pub(super) static TAKEN: Metric =
    gauge("stratd_loop_taken_events", &[], "Events that waited when the event loop looked last");
pub(super) static INBOX_EVENTS: Metric =
    gauge("stratd_inbox_events", &[], "Events that wait for the event loop now");
pub(super) static INBOX_COMMANDS: Metric =
    gauge("stratd_inbox_commands", &[], "Commands that wait for the event loop now");
pub(super) static COMMANDS: Metric =
    durations("stratd_command", &[], "Time that the event loop stood still for a command");
pub(super) static PAUSES: Metric = durations(
    "stratd_reload_pause",
    &[],
    "Time for which a strategy was kept from its events because another instance of it took over: of another version, or configured otherwise",
);
pub(super) static REPORTS: Metric =
    counter("stratd_order_reports", &[], "Reports of exchanges on own orders that came through the inbox");
pub(super) static REQUESTS: Metric = counter(
    "stratd_order_requests",
    &["request"],
    "New orders, cancels and changes that passed risk and were sent",
);
pub(super) static ORDER_PATH: Metric = durations(
    "stratd_order_path",
    &["part"],
    "Time of the parts of the way of a new order to its exchange: receive, from the connector's receipt of the event that it answers until the event loop took it; engine, until it passed risk; commit, until it is on the disk; send, until the connector took it; tick_to_order, all of these; arrive, from then until the exchange's time of its first report, which includes what the clocks differ; answer, until the event loop took that report",
);
pub(super) static ENDED: Metric =
    counter("stratd_orders_ended", &["state"], "Orders that reached a final state");
pub(super) static WORKING: Metric = gauge("stratd_orders_working", &[], "Orders that have not ended");
pub(super) static FILLS: Metric = counter("stratd_fills", &[], "Own executions that were booked");
pub(super) static DENIALS: Metric =
    counter("stratd_denials", &["reason"], "Orders and changes that risk denied");
pub(super) static REDUCTIONS: Metric =
    counter("stratd_reductions", &["reason"], "Orders and changes that risk cut down to what a limit left");
pub(super) static ALARMS: Metric = counter(
    "stratd_order_alarms",
    &[],
    "Reports on orders that nobody knows, or that were filled beyond their quantity",
);
pub(super) static BOOK_GAPS: Metric = counter(
    "stratd_book_gaps",
    &[],
    "Gaps in the sequence numbers of order books, or losses that a source told; `stratctl instrument` has them by instrument",
);
pub(super) static EQUITY: Metric = gauge("stratd_equity", &[], "Equity, in the currency of the run");
pub(super) static CASH: Metric = gauge("stratd_cash", &[], "Cash, in the currency of the run");
pub(super) static STRATEGY_STATE: Metric = gauge(
    "stratd_strategy_state",
    &["strategy", "state"],
    "1 for the state in which a strategy of the event loop is",
);
pub(super) static STRATEGY_EVENTS: Metric =
    counter("stratd_strategy_events", &["strategy"], "Market and order events that a strategy handled");
pub(super) static STRATEGY_ORDERS: Metric =
    counter("stratd_strategy_orders", &["strategy"], "Orders that a strategy asked for");
pub(super) static STRATEGY_DENIALS: Metric =
    counter("stratd_strategy_denials", &["strategy"], "Orders of a strategy that risk denied");
pub(super) static STRATEGY_PNL: Metric = gauge(
    "stratd_strategy_pnl",
    &["strategy"],
    "Realized and unrealized PnL of a strategy, fees and costs included, in the currency of the run",
);
pub(super) static STRATEGY_CALLS: Metric = durations(
    "stratd_strategy_call",
    &["strategy"],
    "Time of a call of a strategy's handlers, with the events that it took at once; of calls that come fast one of 127 is measured, and counts as many",
);
pub(super) static FAULTS: Metric =
    counter("stratd_strategy_faults", &[], "Strategies that failed in the event loop");
pub(super) static ROLLBACKS: Metric = counter(
    "stratd_strategy_rollbacks",
    &[],
    "New versions that failed in their probation and were replaced by the ones before",
);
pub(super) static INSTANCES: Metric =
    gauge("stratd_instances", &["kind", "state"], "Instances of plugins by state");
pub(super) static INSTANCE_FAULTS: Metric =
    counter("stratd_instance_faults", &["kind", "instance"], "Faults of an instance");
pub(super) static INSTANCE_RESTARTS: Metric = counter(
    "stratd_instance_restarts",
    &["kind", "instance"],
    "How often an instance was started again by itself",
);
pub(super) static GENERATION: Metric =
    gauge("stratd_plugin_generation", &["plugin"], "The generation of a plugin that runs");
pub(super) static RELOADS: Metric =
    counter("stratd_plugin_reloads", &["plugin"], "Versions of a plugin that took over");
pub(super) static PLUGIN_ROLLBACKS: Metric =
    counter("stratd_plugin_rollbacks", &["plugin"], "Versions of a plugin that were taken back");
pub(super) static RETIRED: Metric = gauge(
    "stratd_plugin_retired_mapped",
    &["plugin"],
    "Address space that retired generations of a plugin hold",
)
.with_unit(Unit::Bytes);
pub(super) static STORE_HEALTHY: Metric = gauge(
    "stratd_store_healthy",
    &[],
    "1 while states are saved, 0 while the disk refuses; absent without a state folder",
);
pub(super) static STORE_QUEUED: Metric =
    gauge("stratd_store_queued_writes", &[], "Writes that wait for the thread of state.db now");
pub(super) static STORE_QUEUED_BYTES: Metric =
    gauge("stratd_store_queued", &[], "States in the writes that wait for the thread of state.db now")
        .with_unit(Unit::Bytes);
pub(super) static STORE_COMMITS: Metric = durations(
    "stratd_store_commit",
    &[],
    "Time of a transaction of state.db, with all writes that waited, until the disk has it or it failed",
);
pub(super) static STORE_WRITES: Metric = counter(
    "stratd_store_writes",
    &["outcome"],
    "Writes to state.db by what became of them: written; failed at the disk; refused because too much waited",
);
pub(super) static LOG_WRITTEN: Metric = counter(
    "stratd_log_records",
    &["handler"],
    "Records that a handler of the log wrote, delivered or handed over",
);
pub(super) static LOG_DROPPED: Metric =
    counter("stratd_log_dropped", &["handler"], "Records that a handler of the log dropped");
pub(super) static LOG_ERRORS: Metric =
    counter("stratd_log_errors", &["handler"], "Failures of a handler of the log");
pub(super) static LOG_QUEUED: Metric =
    gauge("stratd_log_queued_records", &["handler"], "Records that wait in a handler of the log");
pub(super) static LOG_LOST: Metric =
    counter("stratd_log_lost", &[], "Records that found no room on their way to the handlers");
pub(super) static LOG_RECEIVED: Metric = counter(
    "stratd_log_received",
    &["receiver"],
    "Records that a receiver of the log took from other programs",
);
pub(super) static FEED_LISTENERS: Metric = gauge("stratd_feed_listeners", &[], "Who listens to /v1/events");
pub(super) static FEED_EVENTS: Metric =
    counter("stratd_feed_events", &[], "Events of /v1/events so far, kept or not, market data excepted");
pub(super) static FEED_KEPT: Metric =
    gauge("stratd_feed_kept_events", &[], "Events that a listener can still come back to");
pub(super) static FEED_LOST: Metric =
    counter("stratd_feed_lost_market_events", &[], "Market events that came faster than they could be told");
pub(super) static CONTROL_REQUESTS: Metric = counter(
    "stratd_control_requests",
    &["method", "route", "status"],
    "Requests at the control socket, by route and status of the answer",
);
pub(super) static CONTROL_TIME: Metric = durations(
    "stratd_control_request",
    &["method", "route"],
    "Time from a request at the control socket until the head of its answer",
);
pub(super) static CONTROL_CONNECTIONS: Metric = gauge(
    "stratd_control_connections",
    &["listener"],
    "Connections to the control server that are open, by the key of [control] that they came in by",
);
pub(super) static CONTROL_TAKEN: Metric =
    counter("stratd_control_accepted_connections", &["listener"], "Connections that were given a place");
pub(super) static CONTROL_REFUSED: Metric = counter(
    "stratd_control_refused_connections",
    &["listener"],
    "Connections that were told that there are too many, and closed",
);
pub(super) static CONTROL_BROKEN: Metric = counter(
    "stratd_control_broken_connections",
    &["listener"],
    "Connections that ended otherwise than HTTP says: what came was no request, none came in time, or the peer went away in the middle of one",
);
pub(super) static BACKTESTS: Metric =
    gauge("stratd_backtests", &["state"], "Backtests of /v1/backtests by state");
pub(super) static PROCESS_CPU: Metric =
    counter("process_cpu", &[], "User and system time of the daemon").with_unit(Unit::Seconds);
pub(super) static PROCESS_RSS: Metric =
    gauge("process_resident_memory", &[], "Memory of the daemon that is resident").with_unit(Unit::Bytes);
pub(super) static PROCESS_VIRTUAL: Metric =
    gauge("process_virtual_memory", &[], "Address space of the daemon").with_unit(Unit::Bytes);
pub(super) static PROCESS_START: Metric =
    gauge("process_start_time", &[], "When the daemon started, in seconds since 1970")
        .with_unit(Unit::Seconds);
pub(super) static PROCESS_FDS: Metric =
    gauge("process_open_fds", &[], "Descriptors that the daemon has open");
pub(super) static PROCESS_MAX_FDS: Metric =
    gauge("process_max_fds", &[], "Descriptors that the daemon may have open");
pub(super) static PROCESS_THREADS: Metric = gauge("process_threads", &[], "Threads of the daemon");

/// All of them, in the order in which they are told.
pub(super) static ALL: &[&Metric] = &[
    &BUILD,
    &RUN,
    &START,
    &EVENTS,
    &EVENT_RATE,
    &EVENT_AGE,
    &ROUND,
    &ROUND_AT,
    &TAKEN,
    &INBOX_EVENTS,
    &INBOX_COMMANDS,
    &COMMANDS,
    &PAUSES,
    &REPORTS,
    &REQUESTS,
    &ORDER_PATH,
    &ENDED,
    &WORKING,
    &FILLS,
    &DENIALS,
    &REDUCTIONS,
    &ALARMS,
    &BOOK_GAPS,
    &EQUITY,
    &CASH,
    &STRATEGY_STATE,
    &STRATEGY_EVENTS,
    &STRATEGY_ORDERS,
    &STRATEGY_DENIALS,
    &STRATEGY_PNL,
    &STRATEGY_CALLS,
    &FAULTS,
    &ROLLBACKS,
    &INSTANCES,
    &INSTANCE_FAULTS,
    &INSTANCE_RESTARTS,
    &GENERATION,
    &RELOADS,
    &PLUGIN_ROLLBACKS,
    &RETIRED,
    &STORE_HEALTHY,
    &STORE_QUEUED,
    &STORE_QUEUED_BYTES,
    &STORE_COMMITS,
    &STORE_WRITES,
    &LOG_WRITTEN,
    &LOG_DROPPED,
    &LOG_ERRORS,
    &LOG_QUEUED,
    &LOG_LOST,
    &LOG_RECEIVED,
    &FEED_LISTENERS,
    &FEED_EVENTS,
    &FEED_KEPT,
    &FEED_LOST,
    &CONTROL_REQUESTS,
    &CONTROL_TIME,
    &CONTROL_CONNECTIONS,
    &CONTROL_TAKEN,
    &CONTROL_REFUSED,
    &CONTROL_BROKEN,
    &BACKTESTS,
    &PROCESS_CPU,
    &PROCESS_RSS,
    &PROCESS_VIRTUAL,
    &PROCESS_START,
    &PROCESS_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_THREADS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_told() {
        let defined = include_str!("catalog.rs").matches("\npub(super) static ").count() - 1;
        assert_eq!(ALL.len(), defined, "ALL has each metric once");
    }

    #[test]
    fn names_are_as_the_format_wants_them() {
        for metric in ALL {
            let family = metric.family();
            assert!(!family.ends_with("_total") && !metric.help.ends_with('.'), "{family}");
            assert!(family.starts_with("stratd_") || family.starts_with("process_"), "{family}");
        }
    }
}
