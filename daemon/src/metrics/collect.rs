//! Where the values of a scrape come from.

use std::{collections::BTreeMap, sync::Arc};

use stratd_control::{API, PluginState};
use stratd_plugin_api::Reason;

use super::{
    CallFigures, LoopMeters,
    catalog::{
        ALARMS, BACKTESTS, BOOK_GAPS, BUILD, CASH, COMMANDS, DENIALS, ENDED, EQUITY, EVENT_AGE, EVENT_RATE,
        EVENTS, FAULTS, FEED_EVENTS, FEED_KEPT, FEED_LISTENERS, FEED_LOST, FILLS, GENERATION, INBOX_COMMANDS,
        INBOX_EVENTS, INSTANCE_FAULTS, INSTANCE_RESTARTS, INSTANCES, LOG_DROPPED, LOG_ERRORS, LOG_LOST,
        LOG_QUEUED, LOG_RECEIVED, LOG_WRITTEN, Metric, PAUSES, PLUGIN_ROLLBACKS, REDUCTIONS, RELOADS,
        REPORTS, REQUESTS, RETIRED, ROLLBACKS, ROUND, ROUND_AT, RUN, START, STORE_COMMITS, STORE_HEALTHY,
        STORE_QUEUED, STORE_QUEUED_BYTES, STORE_WRITES, STRATEGY_DENIALS, STRATEGY_EVENTS, STRATEGY_ORDERS,
        STRATEGY_PNL, STRATEGY_STATE, TAKEN, WORKING,
    },
    counter::Counter,
    loop_meters::{END_STATES, EVENT_KINDS, REQUESTS as REQUEST_WORDS},
    page::Page,
    process,
};
use crate::{
    backtests::Backtests,
    feed::Feed,
    logging::pipeline,
    reload::{RunFacts, RunStore, SharedRegistry},
    runtime::{LoopHandle, start_times},
};

/// The states of strategies in the event loop.
const STRATEGY_STATES: [&str; 3] = ["started", "stopped", "faulted"];

/// Everything that has figures.
pub(crate) struct Sources {
    pub(crate) run: RunFacts,
    pub(crate) meters: Arc<LoopMeters>,
    pub(crate) event_loop: LoopHandle,
    pub(crate) registry: SharedRegistry,
    pub(crate) store: Option<Arc<RunStore>>,
    pub(crate) feed: Feed,
    pub(crate) backtests: Backtests,
}

impl Sources {
    /// The figures of now. Asks nobody who might not answer.
    pub(crate) fn page(&self) -> Page {
        let mut page = Page::default();
        page.info(&BUILD, &[env!("CARGO_PKG_VERSION"), API]);
        page.info(&RUN, &[self.feed.run(), &self.run.trading_type, &self.run.currency]);
        for (part, seconds) in start_times::all() {
            page.gauge(&START, &[part], seconds);
        }
        self.event_loop(&mut page);
        self.orders(&mut page);
        self.strategies(&mut page);
        self.plugins(&mut page);
        if let Some(store) = &self.store {
            page.count(&STORE_HEALTHY, &[], u64::from(store.health().is_none()));
            let (waiting, meters) = (store.waiting(), store.meters());
            page.count(&STORE_QUEUED, &[], waiting.writes);
            page.count(&STORE_QUEUED_BYTES, &[], waiting.bytes);
            page.durations(&STORE_COMMITS, &[], &meters.commits);
            page.counter(&STORE_WRITES, &["written"], meters.written.get());
            page.counter(&STORE_WRITES, &["failed"], meters.failed.get());
            page.counter(&STORE_WRITES, &["refused"], meters.refused.get());
        }
        log(&mut page);
        let feed = self.feed.figures();
        page.count(&FEED_LISTENERS, &[], feed.listeners);
        page.counter(&FEED_EVENTS, &[], feed.events);
        page.count(&FEED_KEPT, &[], feed.kept);
        page.counter(&FEED_LOST, &[], feed.market_lost);
        for (state, count) in self.backtests.by_state() {
            page.count(&BACKTESTS, &[state.name()], count);
        }
        process::tell(&mut page, self.run.started_at);
        page
    }

    /// How long the recent calls of a strategy took; nothing before the first.
    pub(crate) fn calls_of(&self, strategy: &str) -> Option<CallFigures> {
        self.meters.calls.of(strategy)
    }

    fn event_loop(&self, page: &mut Page) {
        let meters = &*self.meters;
        for (kind, counter) in EVENT_KINDS.iter().zip(&meters.events) {
            page.counter(&EVENTS, &[kind], counter.get());
        }
        optional(page, &EVENT_RATE, meters.events_per_second.get());
        page.durations(&EVENT_AGE, &[], &meters.ages);
        page.durations(&ROUND, &[], &meters.rounds);
        page.gauge(&ROUND_AT, &[], float(meters.round_at.get()) / 1e9);
        page.gauge(&TAKEN, &[], float(meters.taken.get()));
        let (events, commands) = self.event_loop.waiting();
        page.count(&INBOX_EVENTS, &[], events as u64);
        page.count(&INBOX_COMMANDS, &[], commands as u64);
        page.durations(&COMMANDS, &[], &meters.commands);
        page.durations(&PAUSES, &[], &meters.pauses);
        optional(page, &EQUITY, meters.equity.get());
        optional(page, &CASH, meters.cash.get());
    }

    fn orders(&self, page: &mut Page) {
        let meters = &*self.meters;
        page.counter(&REPORTS, &[], meters.reports.get());
        for (request, counter) in REQUEST_WORDS.iter().zip(&meters.requests) {
            page.counter(&REQUESTS, &[request], counter.get());
        }
        meters.orders().tell(page);
        for (state, counter) in END_STATES.iter().zip(&meters.ended) {
            page.counter(&ENDED, &[state], counter.get());
        }
        page.gauge(&WORKING, &[], float(meters.working.get()));
        page.counter(&FILLS, &[], meters.fills.get());
        by_reason(page, &DENIALS, &meters.denials);
        by_reason(page, &REDUCTIONS, &meters.reductions);
        page.counter(&ALARMS, &[], meters.alarms.get());
        page.counter(&BOOK_GAPS, &[], meters.book_gaps.get());
    }

    fn strategies(&self, page: &mut Page) {
        for strategy in self.meters.strategies() {
            let name = strategy.name.as_str();
            for state in STRATEGY_STATES {
                page.count(&STRATEGY_STATE, &[name, state], u64::from(strategy.state == state));
            }
            page.counter(&STRATEGY_EVENTS, &[name], strategy.events);
            page.counter(&STRATEGY_ORDERS, &[name], strategy.orders);
            page.counter(&STRATEGY_DENIALS, &[name], strategy.denials);
            if let Some(pnl) = strategy.pnl {
                page.gauge(&STRATEGY_PNL, &[name], pnl);
            }
        }
        self.meters.calls.tell(page);
        page.counter(&FAULTS, &[], self.meters.faults.get());
        page.counter(&ROLLBACKS, &[], self.meters.rollbacks.get());
    }

    fn plugins(&self, page: &mut Page) {
        let registry = self.registry.lock();
        let mut by_state: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for plugin in registry.all() {
            let (kind, name) = (plugin.kind.name(), plugin.name.as_str());
            for instance in &plugin.instances {
                *by_state.entry((kind, instance.state.name())).or_default() += 1;
                page.counter(&INSTANCE_FAULTS, &[kind, &instance.name], instance.faults);
                page.counter(&INSTANCE_RESTARTS, &[kind, &instance.name], instance.restarts);
            }
            page.count(&GENERATION, &[name], plugin.current().map_or(0, |generation| generation.number));
            page.counter(&RELOADS, &[name], plugin.reloads);
            page.counter(&PLUGIN_ROLLBACKS, &[name], plugin.rollbacks);
            let retired = plugin.retired.iter().fold(0_u64, |sum, memory| sum + memory.mapped_bytes);
            page.count(&RETIRED, &[name], retired);
        }
        // states that nobody is in are told too, so that an alert on them has a series from the start
        for kind in ["strategy", "exchange"] {
            for state in [PluginState::Started, PluginState::Faulted, PluginState::Quarantined] {
                by_state.entry((kind, state.name())).or_default();
            }
        }
        for ((kind, state), count) in by_state {
            page.count(&INSTANCES, &[kind, state], count);
        }
    }
}

fn log(page: &mut Page) {
    let Some(pipeline) = pipeline() else { return };
    // names of handlers may repeat, which the format does not allow
    let mut told = BTreeMap::new();
    for handler in pipeline.logging.handlers() {
        let sum = told.entry(handler.name).or_insert([0_u64; 4]);
        for (sum, value) in
            sum.iter_mut().zip([handler.written, handler.dropped, handler.errors, handler.queued])
        {
            *sum = sum.saturating_add(value);
        }
    }
    for (name, [written, dropped, errors, queued]) in &told {
        page.counter(&LOG_WRITTEN, &[name], *written);
        page.counter(&LOG_DROPPED, &[name], *dropped);
        page.counter(&LOG_ERRORS, &[name], *errors);
        page.count(&LOG_QUEUED, &[name], *queued);
    }
    page.counter(&LOG_LOST, &[], pipeline.logging.lost());
    for receiver in pipeline.logging.receivers() {
        page.counter(&LOG_RECEIVED, &[&receiver.name], receiver.received);
    }
}

/// Reasons that have occurred: most never do.
fn by_reason(page: &mut Page, metric: &'static Metric, counters: &[Counter]) {
    for (code, counter) in counters.iter().enumerate().filter(|(_, counter)| counter.get() > 0) {
        let reason = u32::try_from(code).ok().and_then(Reason::from_code);
        page.counter(metric, &[reason.map_or("other", Reason::name)], counter.get());
    }
}

fn optional(page: &mut Page, metric: &'static Metric, value: Option<f64>) {
    if let Some(value) = value {
        page.gauge(metric, &[], value);
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people: 15 digits")]
fn float(value: i64) -> f64 {
    value as f64
}
