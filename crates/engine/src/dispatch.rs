//! Calling the strategies, and what happens when one of them fails.

use stratd_plugin_api::{EventKind, Fault, InstrumentId, Reason, StrategyInstance, abi};

use crate::{
    Engine, FaultPlace, Order, Output, StrategyId, StrategyState, request::Request, view::StrategyView,
};

impl Engine {
    /// Delivers an event to every started strategy that wants it, in the order of the configuration.
    pub(crate) fn dispatch(&mut self, event: &abi::Event) {
        for index in 0..self.strategies.len() {
            let wants =
                |slot: &crate::strategies::Slot| slot.subscription.wants(event.instrument, event.kind);
            if self.strategies.get(index).is_some_and(wants)
                && let Ok(id) = u16::try_from(index)
            {
                self.deliver(StrategyId(id), event);
            }
        }
    }

    /// Delivers an order event of the feed, as [`Engine::dispatch`].
    pub(crate) fn dispatch_feed(&mut self, event: &abi::OrderEvent) {
        for index in 0..self.strategies.len() {
            let wants = |slot: &crate::strategies::Slot| slot.subscription.wants(event.instrument, 0);
            if self.strategies.get(index).is_some_and(wants)
                && let Ok(id) = u16::try_from(index)
            {
                self.deliver_order(StrategyId(id), event);
            }
        }
    }

    pub(crate) fn deliver(&mut self, strategy: StrategyId, event: &abi::Event) {
        self.count_event(strategy, 1);
        let at = || FaultPlace::of_event(event);
        self.call(strategy, at, |instance, view| instance.on_events(view, std::slice::from_ref(event)));
    }

    pub(crate) fn deliver_order(&mut self, strategy: StrategyId, event: &abi::OrderEvent) {
        // a refusal in its warm-up is of no order of the run before
        if self.core.is_recovering && !self.core.is_warming_up {
            return;
        }
        self.count_event(strategy, 1);
        let at = || FaultPlace::of_order(event);
        self.call(strategy, at, |instance, view| instance.on_orders(view, std::slice::from_ref(event)));
    }

    pub(crate) fn count_event(&mut self, strategy: StrategyId, count: u64) {
        if let Some(slot) = self.strategies.get_mut(strategy.index()).filter(|slot| slot.is_started()) {
            slot.statistics.events = slot.statistics.events.wrapping_add(count);
            self.count_probation(strategy);
        }
    }

    /// Calls a started strategy; a failure ends it and nobody else. `None` if it was not called or failed.
    /// On probation the old instance takes over instead and gets the same call. `at` is asked after a failure only.
    pub(crate) fn call<T>(
        &mut self,
        strategy: StrategyId,
        at: impl FnOnce() -> Option<FaultPlace>,
        mut body: impl FnMut(&mut dyn StrategyInstance, &mut StrategyView<'_>) -> Result<T, Fault>,
    ) -> Option<T> {
        let mut fault = match self.attempt(strategy, &mut body)? {
            Ok(answer) => return Some(answer),
            Err(fault) => fault,
        };
        if self.roll_back(strategy, &fault) {
            fault = match self.attempt(strategy, &mut body)? {
                Ok(answer) => return Some(answer),
                Err(fault) => fault,
            };
        }
        self.fail(strategy, fault, at());
        None
    }

    /// Calls a started strategy; what a call that fails asked for is not carried out. `None` if it was not called.
    pub(crate) fn attempt<T>(
        &mut self,
        strategy: StrategyId,
        body: impl FnOnce(&mut dyn StrategyInstance, &mut StrategyView<'_>) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        self.attempt_at(strategy, false, body)
    }

    /// As [`Engine::attempt`], where each event happens at its own time.
    pub(crate) fn attempt_span<T>(
        &mut self,
        strategy: StrategyId,
        body: impl FnOnce(&mut dyn StrategyInstance, &mut StrategyView<'_>) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        self.attempt_at(strategy, true, body)
    }

    fn attempt_at<T>(
        &mut self,
        strategy: StrategyId,
        is_span: bool,
        body: impl FnOnce(&mut dyn StrategyInstance, &mut StrategyView<'_>) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        if self.core.is_recovering {
            return None;
        }
        let slot = self.strategies.get_mut(strategy.index()).filter(|slot| slot.is_started())?;
        let before = slot.requests.len();
        let mut view = StrategyView {
            core: &self.core,
            services: &*self.services,
            timers: &mut self.timers,
            subscription: &mut slot.subscription,
            bar_specs: &mut slot.bar_specs,
            requests: &mut slot.requests,
            order_counter: &mut slot.order_counter,
            strategy,
            name: &slot.config.name,
            may_request: true,
            now: self.core.now,
            is_span,
        };
        let answer = body(&mut **slot.instance.as_mut()?, &mut view);
        if answer.is_err() {
            slot.requests.truncate(before);
        }
        Some(answer)
    }

    /// Ends a strategy whose handler failed: its `on_error` after an error (not after a panic), then its orders.
    pub(crate) fn fail(&mut self, strategy: StrategyId, fault: Fault, at: Option<FaultPlace>) {
        if fault.reason == Reason::HandlerError {
            let event = self.plain(EventKind::Error, fault.reason);
            let message = self.services.intern(&fault.message).cast_signed();
            let [reason, ..] = event.data;
            self.last_call(strategy, &abi::Event { data: [reason, message, 0, 0, 0], ..event });
        }
        self.end_failed(strategy, fault, at);
    }

    /// Ends a strategy whose instance must not be called any more.
    pub(crate) fn end_failed(&mut self, strategy: StrategyId, fault: Fault, at: Option<FaultPlace>) {
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
        slot.state = StrategyState::Faulted(fault.clone());
        self.outputs.push(Output::StrategyFaulted { strategy, fault, at });
        self.release(strategy);
    }

    /// Ends a strategy on its own wish or by command: its `on_exit`, then its orders.
    pub(crate) fn stop_strategy(&mut self, strategy: StrategyId, reason: Reason, words: &str) {
        let Some(slot) = self.strategies.get(strategy.index()).filter(|slot| slot.is_started()) else {
            return;
        };
        let _ = slot;
        // at the end of the run every strategy has had its `on_exit` already
        if !self.core.is_exiting {
            self.last_call(strategy, &self.plain(EventKind::Exit, reason));
        }
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
        slot.state = StrategyState::Stopped(words.to_owned());
        self.outputs.push(Output::StrategyStopped { strategy, reason: words.to_owned() });
        self.release(strategy);
    }

    /// A call whose failure changes nothing any more, and of whose requests only cancels count.
    fn last_call(&mut self, strategy: StrategyId, event: &abi::Event) {
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
        let mut requests = Vec::new();
        let mut view = StrategyView {
            core: &self.core,
            services: &*self.services,
            timers: &mut self.timers,
            subscription: &mut slot.subscription,
            bar_specs: &mut slot.bar_specs,
            requests: &mut requests,
            order_counter: &mut slot.order_counter,
            strategy,
            name: &slot.config.name,
            may_request: true,
            now: self.core.now,
            is_span: false,
        };
        let Some(instance) = slot.instance.as_mut() else { return };
        let result = instance.on_events(&mut view, std::slice::from_ref(event));
        if let Err(fault) = result {
            let message = format!("while ending: {fault}");
            let record = stratd_plugin_api::Log::new(stratd_plugin_api::Level::ERROR, &message);
            self.services.log(&slot.config.name, &record);
        }
        let cancels = requests.into_iter().filter(|request| match request {
            Request::Cancel(_) | Request::CancelAll(_) => true,
            Request::New(..)
            | Request::Change(..)
            | Request::CloseAll(_)
            | Request::Stop(_)
            | Request::Shutdown(_)
            | Request::Metric(..)
            | Request::Bars(..) => false,
        });
        slot.requests.extend(cancels);
    }

    /// Takes back what an ended strategy holds: its timers, and its orders if so configured.
    fn release(&mut self, strategy: StrategyId) {
        self.retire_guard(strategy);
        self.timers.cancel_all(strategy);
        self.core.bars.cancel_all(strategy);
        if self.strategies.get(strategy.index()).is_some_and(|slot| slot.config.cancels_on_stop) {
            self.cancel_all_but_closing(strategy, None);
        }
    }

    pub(crate) fn cancel_all(&mut self, strategy: StrategyId, instrument: Option<InstrumentId>) {
        self.cancel_those(strategy, |order| instrument.is_none_or(|asked| asked == order.request.instrument));
    }

    /// As [`Engine::cancel_all`], but what `close_all` sent works on.
    pub(crate) fn cancel_all_but_closing(&mut self, strategy: StrategyId, instrument: Option<InstrumentId>) {
        self.cancel_those(strategy, |order| {
            !order.is_closing && instrument.is_none_or(|asked| asked == order.request.instrument)
        });
    }

    fn cancel_those(&mut self, strategy: StrategyId, is_meant: impl Fn(&Order) -> bool) {
        let working = self.core.execution.working_of(strategy).filter(|order| is_meant(order));
        let ids: Vec<_> = working.map(|order| order.id).collect();
        for id in ids {
            self.cancel(id);
        }
    }
}
