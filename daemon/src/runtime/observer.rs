//! What the event loop lets others see of its work: events for who listens, and figures. It never waits for either.

use std::sync::Arc;

use stratd_engine::{Engine, Output};
use stratd_plugin_api::{ClientOrderId, Timestamp};

use super::{
    clock::{self, Moment, Stopwatch},
    exchange_desk::Told,
};
use crate::{
    feed::{OrderReport, Tap},
    metrics::{LoopMeters, OrderMeters},
};

/// How often figures are looked up in the engine.
const LOOK_EVERY_SECONDS: f64 = 1.0;

/// The observer of one event loop.
pub(crate) struct Observer {
    tap: Tap,
    meters: Arc<LoopMeters>,
    /// Reports of the step in hand.
    reported: Vec<OrderReport>,
    /// When the engine was looked at last, and the events until then.
    looked: (Stopwatch, u64),
}

impl Observer {
    /// Writes into these.
    pub(crate) fn new(tap: Tap, meters: Arc<LoopMeters>) -> Self {
        Self { tap, meters, reported: Vec::new(), looked: (Stopwatch::start(), 0) }
    }

    pub(super) fn meters(&self) -> &LoopMeters {
        &self.meters
    }

    /// Where the way of orders is measured.
    pub(super) fn order_meters(&self) -> Arc<OrderMeters> {
        Arc::clone(self.meters.orders())
    }

    /// Whether somebody wants the reports on orders.
    pub(super) fn wants_orders(&self) -> bool {
        self.tap.wants_orders()
    }

    /// The run begins, or begins to end.
    pub(super) fn run(&mut self, at: Timestamp, state: &'static str) {
        self.tap.run(at, state);
    }

    /// What exchanges told was fed.
    pub(super) fn fed(&mut self, told: &[Told], at: Timestamp, engine: &Engine) {
        let wants_market = self.tap.wants_market();
        if let Some(first @ Told::Market(_)) = told.first() {
            self.meters.age(at, Timestamp::new(first.ts()));
        }
        for told in told {
            match told {
                Told::Market(event) => {
                    self.meters.market(event);
                    if wants_market {
                        self.tap.market(at, event, engine);
                    }
                }
                Told::Order(report) if report.client_order_id != 0 => self.meters.report(),
                // anyone's
                Told::Order(_) => {}
            }
        }
    }

    /// Takes the reports of the step in hand, for an emptied list.
    pub(super) fn take_reported(&mut self, take: impl FnOnce(Vec<OrderReport>) -> Vec<OrderReport>) {
        self.reported = take(std::mem::take(&mut self.reported));
    }

    /// One output of the step in hand.
    pub(super) fn output(
        &mut self,
        at: Timestamp,
        output: &Output,
        engine: &Engine,
        exchange: impl Fn(u16) -> String,
    ) {
        self.meters.output(output);
        // what came before a fill is told before it
        if let Output::Filled(report) = output
            && !self.reported.is_empty()
        {
            let filled = ClientOrderId(report.fill.client_order_id);
            let (before, others) = self.reported.iter().partition::<Vec<_>, _>(|r| r.order == filled);
            self.reported = others;
            for reported in before {
                self.tap.reported(at, reported, engine);
            }
        }
        self.tap.output(at, output, engine, exchange);
    }

    /// The outputs of the step in hand were all told.
    pub(super) fn end_step(&mut self, at: Timestamp, engine: &Engine) {
        for reported in self.reported.drain(..) {
            self.tap.reported(at, reported, engine);
        }
    }

    /// The loop came round.
    pub(super) fn end_round(&mut self, (taken, round): (usize, Moment), engine: &Engine) {
        self.meters.round(clock::now(), taken, round.elapsed());
        let (since, events) = self.looked;
        let seconds = since.elapsed().as_secs_f64();
        if seconds >= LOOK_EVERY_SECONDS {
            let now = self.meters.events();
            self.meters.look(engine, rate(now.saturating_sub(events), seconds));
            self.looked = (Stopwatch::start(), now);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people: three digits would do")]
fn rate(events: u64, seconds: f64) -> f64 {
    events as f64 / seconds
}
