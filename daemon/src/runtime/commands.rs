//! Carries out what the control plane asks, between two events.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use stratd_engine::{InputKind, Replacement, Restart, StrategyId, StrategyState};
use stratd_plugin_api::{ExchangeId, ExchangeInstance, Fault, InstrumentId, Reason, Timestamp};

use super::{
    absent_exchange::AbsentExchange,
    clock::{self, Stopwatch},
    command::{
        AddedStrategy, Command, ExchangeLeft, OwnedRestart, SavedByLoop, Snapshot, StrategySnapshot,
        SwapAnswer, Tag,
    },
    event_loop::EventLoop,
    exchange_desk::ExchangeDesk,
    plan::OpenExchange,
};

impl EventLoop {
    /// Carries a command out and answers it. Who asked may have gone: an answer that nobody takes is dropped.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn carry_out(&mut self, command: Command, exchanges: &mut [OpenExchange]) -> Result<()> {
        let now = clock::now().max(self.now());
        self.set_now(now);
        match command {
            Command::Save { strategies, answer } => {
                let mut states = Vec::with_capacity(strategies.len());
                for (strategy, room) in strategies {
                    states.push(self.save(strategy, room)?);
                }
                let _ = answer.send(states);
            }
            Command::Swap { strategy, replacement, tag, patience, answer } => {
                let swapped = self.swap(strategy, (*replacement, tag), patience)?;
                let _ = answer.send(swapped);
            }
            Command::Restart { strategy, restart, answer } => {
                let OwnedRestart { tag, instance, is_batch_safe, state } = restart;
                let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
                let restart = Restart { instance, is_batch_safe, state };
                let restarted = self.driver_mut().restart_strategy(now, strategy, restart)?;
                if restarted.is_ok() {
                    self.tags().set(strategy, tag);
                }
                let _ = answer.send(restarted);
            }
            Command::Add { added, answer } => {
                let AddedStrategy { tag, config, plugin, instance, state } = *added;
                self.recorder_mut().add_strategy(&config.name, &plugin);
                let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
                let id = self.driver_mut().add_strategy(now, config, instance, state)?;
                self.tags().set(id, tag);
                let state = self.engine().strategies().nth(id.index()).map(|(_, state, _)| state.clone());
                let state = state.ok_or_else(|| format!("strategy {} was not added", id.0));
                let _ = answer.send(state.map(|state| (id, state)));
            }
            Command::Stop { strategy, reason, answer } => {
                self.driver_mut().feed(now, InputKind::StopStrategy(strategy, reason))?;
                self.take_outputs()?;
                let _ = answer.send(self.driver_mut().engine_mut().take_instance(strategy));
            }
            Command::GiveUp { strategy } => self.give_up(strategy),
            Command::Fail { strategy, fault } => {
                self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
            }
            Command::RollBack { strategy, fault } => {
                if self.engine().is_on_probation(strategy) {
                    self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
                }
            }
            Command::Look { answer } => {
                let _ = answer.send(self.snapshot());
            }
            Command::ExchangeSave { exchange, answer } => {
                let open = open_exchange(exchanges, exchange);
                let _ = answer.send(open.map(|open| open.exchange.borrow_mut().save()));
            }
            Command::ExchangeDesk { exchange, answer } => {
                let _ = answer.send(open_exchange(exchanges, exchange).map(|open| Arc::clone(&open.desk)));
            }
            Command::ExchangeOut { exchange, answer } => {
                let left = self.exchange_out(exchange, exchanges)?;
                let _ = answer.send(left);
            }
            Command::ExchangeIn { exchange, instance, desk, answer } => {
                let before = self.exchange_in(exchange, (instance, desk), exchanges)?;
                let _ = answer.send(before);
            }
        }
        self.take_outputs()
    }

    /// Exchanges an instance. If that takes longer than `patience` although the plugins were told their deadline, the
    /// one before is put back: its author did not reckon with events that wait.
    fn swap(
        &mut self,
        strategy: StrategyId,
        (replacement, tag): (Replacement, Tag),
        patience: Duration,
    ) -> Result<SwapAnswer> {
        let (now, before) = (self.now(), self.tags().now(strategy));
        let patience_ns = i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX);
        let deadline = Timestamp::new(now.get().saturating_add(patience_ns));
        let replacement = Replacement { deadline, state_version: before.state_version, ..replacement };
        let stopwatch = Stopwatch::start();
        let swapped = self.driver_mut().swap_strategy(now, strategy, replacement)?;
        let pause = stopwatch.elapsed();
        let seq = self.engine().sequence();
        let mut is_late = false;
        if swapped.is_ok() {
            self.tags().set(strategy, tag);
            is_late = pause > patience && self.engine().is_on_probation(strategy);
            if is_late {
                let fault = Fault::error(format!("taking over took {pause:.1?} (accepted: {patience:.1?})"));
                self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
            }
        }
        Ok(SwapAnswer { swapped, pause, seq, before, is_late })
    }

    fn save(&mut self, strategy: StrategyId, room: Vec<u8>) -> Result<SavedByLoop> {
        let now = self.now();
        let state = self.driver_mut().save_strategy(now, strategy, room)?;
        let tag = self.tags().now(strategy);
        Ok(SavedByLoop { strategy, tag, state, seq: self.engine().sequence(), at: now })
    }

    /// The states of all strategies that run or have stopped, at the end of the run.
    pub(super) fn save_all(&mut self) -> Result<Vec<SavedByLoop>> {
        let states = self.engine().strategies().enumerate();
        let can_save = states.filter(|(_, (_, state, _))| !matches!(state, StrategyState::Faulted(_)));
        let is_stopped = |state: &StrategyState| *state != StrategyState::Started;
        let ids = can_save.filter_map(|(index, (_, state, _))| {
            Some((StrategyId(u16::try_from(index).ok()?), is_stopped(state)))
        });
        let mut states = Vec::new();
        for (id, is_stopped) in ids.collect::<Vec<_>>() {
            let saved = self.save(id, Vec::new())?;
            // one that was stopped by command was saved then, and has gone
            if saved.state.is_ok() || !is_stopped {
                states.push(saved);
            }
        }
        Ok(states)
    }

    fn snapshot(&self) -> Snapshot {
        let engine = self.engine();
        let strategies = engine.strategies().enumerate().map(|(index, (_, state, statistics))| {
            let id = u16::try_from(index).ok().map(StrategyId);
            StrategySnapshot {
                state: state.clone(),
                events: statistics.events,
                orders: statistics.orders,
                denials: statistics.denials,
                probation: id.and_then(|id| engine.probation(id)).map(|left| (left.events, left.until)),
            }
        });
        Snapshot {
            time: self.now(),
            events: self.events(),
            seq: engine.sequence(),
            orders_working: engine.working_orders().count() as u64,
            equity: engine.equity(),
            is_exiting: self.is_exiting(),
            strategies: strategies.collect(),
        }
    }

    /// Halts the instruments of a connector and gives it away; its place is taken by one that refuses everything.
    fn exchange_out(
        &mut self,
        exchange: ExchangeId,
        exchanges: &mut [OpenExchange],
    ) -> Result<Option<ExchangeLeft>> {
        let Some(open) = open_exchange(exchanges, exchange) else { return Ok(None) };
        let instance = open.exchange.replace(Box::new(AbsentExchange));
        let desk = Arc::clone(&open.desk);
        let now = self.now();
        let instruments: Vec<InstrumentId> = self.engine().instruments_of(exchange).collect();
        open.halted.clone_from(&instruments);
        for instrument in instruments {
            self.driver_mut().feed(now, InputKind::Halt(Some(instrument), Reason::Exchange))?;
        }
        let is_of = |order: &&stratd_engine::Order| {
            self.engine().exchange_of(order.request.instrument) == Some(exchange)
        };
        let working =
            self.engine().working_orders().filter(is_of).map(stratd_engine::Order::record).collect();
        Ok(Some(ExchangeLeft { instance, desk, working }))
    }

    /// Puts a connector in its place; the one before. Trading goes on.
    fn exchange_in(
        &mut self,
        exchange: ExchangeId,
        (instance, desk): (Box<dyn ExchangeInstance>, Arc<ExchangeDesk>),
        exchanges: &mut [OpenExchange],
    ) -> Result<Option<Box<dyn ExchangeInstance>>> {
        let Some(open) = open_exchange(exchanges, exchange) else { return Ok(Some(instance)) };
        // whoever comes now is heard, whoever left is not
        open.desk.close();
        desk.open();
        open.desk = desk;
        let before = open.exchange.replace(instance);
        let now = self.now();
        // without a break nothing was halted
        for instrument in std::mem::take(&mut open.halted) {
            self.driver_mut().feed(now, InputKind::Continue(Some(instrument), Reason::Exchange))?;
        }
        Ok(Some(before))
    }
}

fn open_exchange(exchanges: &mut [OpenExchange], id: ExchangeId) -> Option<&mut OpenExchange> {
    exchanges.get_mut(usize::from(id.0).checked_sub(1)?)
}
