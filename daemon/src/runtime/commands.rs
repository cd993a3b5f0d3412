//! Carries out what the control plane asks, between two events.

use std::sync::Arc;

use anyhow::Result;
use stratd_engine::{InputKind, Restart, StrategyState};

use super::{
    clock::{self, Stopwatch},
    command::{
        AddAnswer, AddedStrategy, Command, OwnedRestart, SavedByLoop, Snapshot, StrategySnapshot, SwapAnswer,
    },
    event_loop::EventLoop,
    exchange_changes::{exchange_in, open_exchange},
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
            Command::Swap { strategy, replacement, answer } => {
                let stopwatch = Stopwatch::start();
                let swapped = self.driver_mut().swap_strategy(now, strategy, *replacement)?;
                let pause = stopwatch.elapsed();
                let _ = answer.send(SwapAnswer { swapped, pause, seq: self.engine().sequence() });
            }
            Command::Restart { strategy, restart, answer } => {
                let OwnedRestart { instance, is_batch_safe, state } = restart;
                let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
                let restart = Restart { instance, is_batch_safe, state };
                let restarted = self.driver_mut().restart_strategy(now, strategy, restart)?;
                let _ = answer.send(restarted);
            }
            Command::Add { added, answer } => {
                let added = self.add(*added)?;
                let _ = answer.send(added);
            }
            Command::Stop { strategy, reason, answer } => {
                self.driver_mut().feed(now, InputKind::StopStrategy(strategy, reason))?;
                self.take_outputs()?;
                let _ = answer.send(());
            }
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
            Command::ExchangeOrders { exchange, answer } => {
                let _ = answer.send(self.orders_at(exchange));
            }
            Command::ExchangeAsk { exchange, question, answer } => {
                let open = open_exchange(exchanges, exchange);
                let _ = answer.send(open.map(|open| question.ask(&mut **open.exchange.borrow_mut())));
            }
            Command::ExchangeOut { exchange, answer } => {
                let left = self.exchange_out(exchange, exchanges)?;
                let _ = answer.send(left);
            }
            Command::ExchangeIn { exchange, instance, desk, answer } => {
                let _ = answer.send(exchange_in(exchange, (instance, desk), exchanges));
            }
            Command::ExchangeGoOn { exchange, answer } => {
                self.exchange_go_on(exchange, exchanges)?;
                let _ = answer.send(());
            }
        }
        self.take_outputs()
    }

    fn add(&mut self, added: AddedStrategy) -> Result<AddAnswer> {
        let AddedStrategy { config, plugin, instance, state } = added;
        let now = self.now();
        self.recorder_mut().add_strategy(&config.name, &plugin);
        let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
        let id = self.driver_mut().add_strategy(now, config, instance, state)?;
        let state = self.engine().strategies().nth(id.index()).map(|(_, state, _)| state.clone());
        let state = state.ok_or_else(|| format!("strategy {} was not added", id.0));
        Ok(state.map(|state| (id, state)))
    }

    fn save(&mut self, strategy: stratd_engine::StrategyId, room: Vec<u8>) -> Result<SavedByLoop> {
        let now = self.now();
        let state = self.driver_mut().save_strategy(now, strategy, room)?;
        Ok(SavedByLoop { strategy, state, seq: self.engine().sequence(), at: now })
    }

    /// The states of all strategies that run or have stopped, at the end of the run.
    pub(super) fn save_all(&mut self) -> Result<Vec<SavedByLoop>> {
        let states = self.engine().strategies().enumerate();
        let can_save = states.filter(|(_, (_, state, _))| !matches!(state, StrategyState::Faulted(_)));
        let ids: Vec<_> = can_save.filter_map(|(index, _)| u16::try_from(index).ok()).collect();
        ids.into_iter().map(|id| self.save(stratd_engine::StrategyId(id), Vec::new())).collect()
    }

    fn snapshot(&self) -> Snapshot {
        let engine = self.engine();
        let strategies = engine.strategies().enumerate().map(|(index, (_, state, statistics))| {
            let id = u16::try_from(index).ok().map(stratd_engine::StrategyId);
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
}
