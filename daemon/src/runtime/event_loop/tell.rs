//! What people are told of a run, line by line of the log, and who else is told.

use stratd_engine::{BookGap, Denial, FaultPlace, Held, Output, Scope, StrategyId, TradingState};
use stratd_plugin_api::{
    ClientOrderId, Fault, OrderEventKind, OrderFlags, OrderRequest, Reason, Timestamp, abi,
};

use super::EventLoop;
use crate::{results::order_event_in_words, runtime::command::Note};

impl EventLoop {
    /// Shows the order events of a step, and the orders that the engine itself refused.
    pub(super) fn show_orders(&mut self, outputs: &[Output]) {
        let seen = self.driver_mut().link_mut().take_seen();
        let (time, engine) = (self.now, self.engine());
        for event in &seen {
            tracing::debug!(logger = "orders", %time, "{}", order_event_in_words(event, engine));
        }
        for output in outputs {
            if let Output::Denied(denial) = output {
                let (order, reason) = (denial.order, denial.reason);
                tracing::debug!(logger = "orders", %time, "denied order {order}: {reason}");
            }
        }
    }

    /// Says that an order that had gone out is held again, because a report told that it never came to its exchange. To
    /// be asked after the report was fed.
    pub(in crate::runtime) fn tell_held_again(&self, report: &abi::OrderEvent) {
        let is_told = report.kind == OrderEventKind::Rejected.code();
        if !is_told || report.reason != Reason::UnknownOrder.code() {
            return;
        }
        let Some(order) = self.engine().working_order(ClientOrderId(report.client_order_id)) else { return };
        let known = self.engine().instrument(order.request.instrument);
        let symbol = known.map_or("?", |known| known.symbol.as_str());
        let (time, id) = (self.now, order.id);
        let name = self.recorder.strategy_name(order.strategy);
        let next = match order.held() {
            None => "it goes out again".to_owned(),
            Some(Held::ForPrice) => format!("it is held again, and waits for its price of {symbol}"),
            Some(Held::ForEntry | Held::ForGroup) => {
                format!("it is held again, and goes out with the next price of {symbol}")
            }
        };
        tracing::warn!(
            logger = format!("strategy.{name}"),
            %time,
            "order {id} had gone out, and never came to its exchange: {next}"
        );
    }

    fn tell_gap(&mut self, gap: BookGap, time: Timestamp) {
        let BookGap { instrument, expected, found } = gap;
        let symbol = self.engine().instrument(instrument).map_or("?", |instrument| &instrument.symbol);
        if expected == 0 {
            tracing::warn!(logger = "engine", %time, "the book of {symbol} is stale: its source told of a gap");
        } else {
            tracing::warn!(
                logger = "engine",
                %time,
                "the book of {symbol} is stale: update {found} came (expected: {expected})"
            );
        }
        if !self.gaps.contains(&instrument) {
            self.gaps.push(instrument);
        }
    }

    /// Logs what people should know, and notes who ends the run.
    pub(super) fn tell(&mut self, output: &Output) {
        let time = self.now;
        match output {
            Output::StrategyFaulted { strategy, fault, at } => {
                self.tell_fault(*strategy, fault, *at);
                let tag = self.tags.now(*strategy);
                self.notes.tell(Note::Faulted { strategy: *strategy, tag, fault: fault.clone() });
            }
            Output::StrategyRolledBack { strategy, fault } => {
                let name = self.recorder.strategy_name(*strategy);
                tracing::error!(
                    logger = format!("strategy.{name}"),
                    %time,
                    "failed within its probation, and the version before goes on: {fault}"
                );
                let (failed, before) = self.tags.roll_back(*strategy);
                let fault = fault.clone();
                self.notes.tell(Note::RolledBack { strategy: *strategy, failed, before, fault });
            }
            Output::ProbationPassed { strategy } => {
                let name = self.recorder.strategy_name(*strategy);
                tracing::info!(logger = format!("strategy.{name}"), %time, "passed its probation");
                self.notes.tell(Note::ProbationPassed { strategy: *strategy });
            }
            // what kept the place of one that joins
            Output::StrategyStopped { strategy, .. } if self.desk.joins == Some(*strategy) => {}
            Output::StrategyStopped { strategy, reason } => {
                let name = self.recorder.strategy_name(*strategy);
                tracing::info!(logger = format!("strategy.{name}"), %time, "stopped: {reason}");
                self.notes.tell(Note::Stopped { strategy: *strategy });
            }
            Output::Shutdown { strategy, reason } => {
                let name = self.recorder.strategy_name(*strategy);
                tracing::info!(logger = format!("strategy.{name}"), %time, "ends the run: {reason}");
                self.shutdown.get_or_insert_with(|| format!("{name}: {reason}"));
            }
            Output::Trading { scope, state, reason } => {
                self.note_trading(*scope, *state, *reason);
                self.tell_trading(*scope, *state, *reason);
            }
            Output::Reduced(cut) => self.tell_cut(cut),
            Output::SessionClosed { scope } => {
                let whose = self.scope_name(*scope);
                tracing::info!(logger = "risk", %time, "{whose}: the session is over");
            }
            Output::UnknownOrder(report) => {
                tracing::warn!(logger = "engine", %time, "report on unknown order {}", report.client_order_id);
            }
            Output::Overfilled(report) => {
                tracing::error!(logger = "engine", %time, "order {} was filled beyond its quantity", report.client_order_id);
            }
            Output::ByHand { order, strategy } => {
                let name = self.recorder.strategy_name(*strategy);
                tracing::info!(logger = format!("strategy.{name}"), %time, "order {order} by hand");
            }
            Output::BookGap(gap) => self.tell_gap(*gap, time),
            // of most reasons the strategy is told, and the results tell
            Output::Denied(denial) => self.tell_not_taken(denial),
            Output::Submit(_)
            | Output::Held(_)
            | Output::Cancel(_)
            | Output::Change(_)
            | Output::Filled(_)
            | Output::OrderFinished(_)
            | Output::Metric { .. }
            | Output::Exited => {}
        }
    }

    /// With the handler, and what its event was about, as fields.
    fn tell_fault(&self, strategy: StrategyId, fault: &Fault, at: Option<FaultPlace>) {
        let (name, time) = (self.recorder.strategy_name(strategy), self.now);
        let handler = at.map(|at| at.handler);
        let known = at.and_then(|at| self.engine().instrument(at.instrument?));
        let instrument = known.map(|known| known.symbol.as_str());
        let order_id = at.and_then(|at| Some(at.order?.0));
        let logger = format!("strategy.{name}");
        tracing::error!(logger, %time, handler, instrument, order_id, "failed: {fault}");
    }

    /// A code does not say what the exchange would take.
    fn tell_not_taken(&self, denial: &Denial) {
        if denial.reason != Reason::BadOrder || denial.is_change {
            return;
        }
        if let Some(why) = self.not_taken(&denial.request) {
            let (time, order) = (self.now, denial.order);
            let name = self.recorder.strategy_name(denial.strategy);
            tracing::warn!(logger = format!("strategy.{name}"), %time, "order {order} is denied: {why}");
        }
    }

    /// What an order is that cannot be taken, and what could be; `None` for one that can.
    pub(in crate::runtime) fn not_taken(&self, request: &OrderRequest) -> Option<String> {
        let engine = self.engine();
        let exchange = engine.exchange_of(request.instrument)?;
        if engine.can_take(exchange, request) {
            return None;
        }
        if request.group != 0 && request.notional.is_some() {
            return Some("an order by amount in a group (accepted: with a quantity)".to_owned());
        }
        let names = self.exchange_names();
        let name = usize::from(exchange.0).checked_sub(1).and_then(|index| names.get(index));
        let flags = request.flags.without(OrderFlags::ATTACHED);
        let with = if flags.is_empty() { String::new() } else { format!(" with {flags}") };
        Some(format!(
            "a {} order{with} for exchange {} (accepted: {}; and what waits for a price and goes out as one of these, without flags that it does not take but post_only and reduce_only)",
            request.order_type,
            name.map_or("?", String::as_str),
            engine.takes(exchange),
        ))
    }

    fn tell_trading(&self, scope: Scope, state: TradingState, reason: Reason) {
        let (time, whose) = (self.now, self.scope_name(scope));
        if state == TradingState::Active {
            tracing::info!(logger = "risk", %time, "{whose}: trading goes on");
        } else {
            tracing::error!(logger = "risk", %time, "{whose}: trading is {}: {reason}", state.name());
        }
    }

    fn tell_cut(&self, cut: &Denial) {
        let (time, order, reason) = (self.now, cut.order, cut.reason);
        let name = self.recorder.strategy_name(cut.strategy);
        let instrument = self.engine().instrument(cut.instrument);
        let shown =
            |quantity| instrument.map_or_else(String::new, |known| known.quantity_text(quantity).to_string());
        let (asked, allowed) = (shown(cut.asked), shown(cut.allowed));
        let logger = format!("strategy.{name}");
        tracing::info!(logger, %time, "order {order} was cut from {asked} to {allowed}: {reason}");
    }

    fn scope_name(&self, scope: Scope) -> String {
        match scope {
            Scope::Run => "all strategies".to_owned(),
            Scope::Strategy(id) => format!("strategy {}", self.recorder.strategy_name(id)),
            Scope::Instrument(id) => {
                let symbol = self.engine().instrument(id).map_or("?", |instrument| &instrument.symbol);
                format!("instrument {symbol}")
            }
        }
    }
}
