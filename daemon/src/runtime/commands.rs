//! Carries out what the control plane asks, between two events.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use stratd_engine::{
    InputKind, OnRestoreError, Replacement, Restart, Scope, StrategyId, StrategyState, StrategyStatistics,
    TradingState,
};
use stratd_plugin_api::{ExchangeId, Fault, Reason, StrategyInstance, Timestamp, abi};

use super::{
    clock::{self, Stopwatch},
    command::{
        AddAnswer, AddedStrategy, Command, ExchangeSnapshot, OwnedRestart, RestartAnswer, SavedByLoop,
        Snapshot, StrategySnapshot, SwapAnswer, Tag, Trading,
    },
    event_loop::EventLoop,
    exchange_changes::{exchange_in, open_exchange},
    plan::OpenExchange,
};
use crate::recorder::{Build, Deed, Mark, StateAfter, fingerprint};

impl EventLoop {
    /// Carries a command out and answers it. Who asked may have gone: an answer that nobody takes is dropped.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn carry_out(&mut self, command: Command, exchanges: &mut Vec<OpenExchange>) -> Result<()> {
        let stopwatch = Stopwatch::start();
        let carried_out = self.carry_out_now(command, exchanges);
        if let Some(observer) = self.observer() {
            observer.meters().command(stopwatch.elapsed());
        }
        carried_out
    }

    fn carry_out_now(&mut self, command: Command, exchanges: &mut Vec<OpenExchange>) -> Result<()> {
        let now = clock::now().max(self.now());
        self.set_now(now);
        match command {
            Command::Save { strategies, answer } => {
                let states = strategies.into_iter().map(|(strategy, room)| self.save(strategy, room));
                let _ = answer.send(states.collect::<Result<Vec<_>>>()?);
            }
            Command::Swap { strategy, replacement, tag, build, patience, answer } => {
                let swapped = self.swap(strategy, (*replacement, tag, *build), patience)?;
                let _ = answer.send(swapped);
            }
            Command::Restart { strategy, restart, answer } => {
                let _ = answer.send(self.restart(strategy, restart)?);
            }
            Command::Add { added, answer } => {
                let _ = answer.send(self.add(*added)?);
            }
            Command::Stop { strategy, reason, answer } => {
                let _ = answer.send(self.stop_strategy(strategy, reason)?);
            }
            Command::GiveUp { strategy } => self.give_up(strategy),
            Command::Fail { strategy, fault, watch } => self.fail(strategy, fault, !watch.is_settled())?,
            Command::RollBack { strategy, fault } => {
                self.fail(strategy, fault, self.engine().is_on_probation(strategy))?;
            }
            Command::LookUp(look_up) => self.look_up(look_up, names(exchanges)),
            Command::ByHand { asked, seen, is_dry_run, answer } => {
                let _ = answer.send(self.by_hand(names(exchanges), (&asked, seen), is_dry_run)?);
            }
            Command::SetTrading { wish, answer } => {
                let _ = answer.send(self.set_trading(&names(exchanges), *wish)?);
            }
            Command::Trading { command } => self.driver_mut().feed(now, InputKind::Trading(command))?,
            Command::Change { change, answer } => {
                let _ = answer.send(self.change(*change, exchanges)?);
            }
            Command::Look { answer } => {
                let _ = answer.send(self.snapshot(exchanges));
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
            Command::ExchangeCheck { exchange, answer } => {
                let _ = answer.send(self.has_entry(exchange).then(|| self.begin_check(exchange)));
            }
            Command::ExchangeAsk { exchange, question, answer } => {
                let open = open_exchange(exchanges, exchange);
                let _ = answer.send(open.map(|open| question.ask(&mut **open.exchange.borrow_mut())));
            }
            Command::ExchangeFound { exchange, asked, answer } => {
                let _ = answer.send(self.take_findings(exchange, &asked)?);
            }
            Command::ExchangeOut { exchange, answer } => {
                let _ = answer.send(self.exchange_out(exchange, exchanges)?);
            }
            Command::ExchangeIn { exchange, instance, desk, answer } => {
                let _ = answer.send(exchange_in(exchange, (instance, desk), exchanges));
            }
            Command::ExchangeGoOn { exchange, answer } => {
                let _ = answer.send(self.exchange_go_on(exchange, exchanges)?);
            }
        }
        self.take_outputs()
    }

    /// Ends a strategy; its instance.
    fn stop_strategy(
        &mut self,
        strategy: StrategyId,
        reason: Reason,
    ) -> Result<Option<Box<dyn StrategyInstance>>> {
        let now = self.now();
        self.driver_mut().feed(now, InputKind::StopStrategy(strategy, reason))?;
        self.take_outputs()?;
        Ok(self.take_instance(strategy))
    }

    /// The orders that an exchange is asked about, and from when on its fills are of interest.
    fn begin_check(&mut self, exchange: ExchangeId) -> (Vec<abi::OrderRecord>, Timestamp) {
        let name = self.recorder().exchange_name(exchange.0).to_owned();
        let orders = self.orders_at(exchange);
        self.note_holdings(exchange);
        let since = self.fills_since_of(&name, &orders);
        (orders, since)
    }

    /// Records what was done to the engine besides feeding it; the state is one that the strategy gets with it.
    pub(super) fn did(&mut self, deed: impl FnOnce() -> Deed, state: Option<Arc<Vec<u8>>>) {
        self.mark(|| Mark::Did(Box::new(deed()), state));
    }

    /// Records what came of the last deed, with the state that was carried.
    pub(super) fn came(&mut self, is_done: bool, state: Option<&[u8]>) {
        self.mark(|| Mark::Came(is_done, state.map_or(0, fingerprint)));
    }

    /// Lets a strategy fail, if it is still meant.
    fn fail(&mut self, strategy: StrategyId, fault: Fault, is_meant: bool) -> Result<()> {
        let now = self.now();
        if is_meant {
            self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
        }
        Ok(())
    }

    pub(super) fn restart(&mut self, strategy: StrategyId, restart: OwnedRestart) -> Result<RestartAnswer> {
        let OwnedRestart { tag, build, instance, is_batch_safe, state } = restart;
        let after = state.as_ref().map(|(version, _)| StateAfter { version: *version });
        let deed = || Deed::Restart { strategy: strategy.0, build: *build, is_batch_safe, state: after };
        self.did(deed, state.as_ref().map(|(_, state)| Arc::clone(state)));
        let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
        let (now, restart) = (self.now(), Restart { instance, is_batch_safe, state });
        let restarted = self.driver_mut().restart_strategy(now, strategy, restart)?;
        self.came(restarted.is_ok(), None);
        if restarted.is_ok() {
            self.tags().set(strategy, tag);
        }
        Ok(restarted)
    }

    pub(super) fn add(&mut self, added: AddedStrategy) -> Result<AddAnswer> {
        let AddedStrategy { tag, build, config, plugin, instance, state } = added;
        let now = self.now();
        if let Some(owner) = self.owner_of_before(&config.name)? {
            let added = AddedStrategy { tag, build, config, plugin, instance, state };
            return self.add_in_place(owner, added);
        }
        self.recorder_mut().add_strategy(&config.name, &plugin);
        // it starts within the call: its limits are there before
        let next = u16::try_from(self.engine().strategies().count()).map(StrategyId)?;
        if let Some(limits) = self.limits_of(&config.name) {
            self.driver_mut().engine_mut().set_limits(Scope::Strategy(next), limits);
        }
        self.restore_halt_of(&config.name, next);
        let deed = || Deed::Add {
            name: config.name.clone(),
            build: *build,
            may_shutdown: config.may_shutdown,
            cancels_on_stop: config.cancels_on_stop,
            is_batch_safe: config.is_batch_safe,
            bars: config
                .bars
                .iter()
                .map(abi::BarSpec::from)
                .map(|b| (b.kind, b.flags, b.step, b.delay))
                .collect(),
            state: state.as_ref().map(|(version, _)| StateAfter { version: *version }),
        };
        self.did(deed, state.as_ref().map(|(_, state)| Arc::clone(state)));
        let state = state.as_ref().map(|(version, bytes)| (*version, bytes.as_slice()));
        let id = self.driver_mut().add_strategy(now, config, instance, state)?;
        self.tags().set(id, tag);
        let state = self.engine().strategies().nth(id.index()).map(|(_, state, _)| state.clone());
        let state = state.ok_or_else(|| format!("strategy {} was not added", id.0));
        Ok(state.map(|state| (id, state)))
    }

    /// A strategy joins that has orders, positions or cash of an earlier run: they are its own again.
    fn add_in_place(&mut self, owner: StrategyId, added: AddedStrategy) -> Result<AddAnswer> {
        let AddedStrategy { tag, build, config, instance, state, .. } = added;
        let now = self.now();
        self.restore_halt_of(&config.name, owner);
        // only what has ended starts anew
        self.desk.joins = Some(owner);
        self.driver_mut().feed(now, InputKind::StopStrategy(owner, Reason::None))?;
        self.take_outputs()?;
        self.desk.joins = None;
        let terms = (config.may_shutdown, config.cancels_on_stop);
        self.driver_mut().engine_mut().set_strategy_terms(owner, terms.0, terms.1);
        let restart = OwnedRestart { tag, build, instance, is_batch_safe: config.is_batch_safe, state };
        if let Err(refused) = self.restart(owner, restart)? {
            self.desk.give_back_owner(config.name, owner);
            return Ok(Err(format!("{:?}: {}", refused.step, refused.fault)));
        }
        let state = self.engine().strategies().nth(owner.index()).map(|(_, state, _)| state.clone());
        Ok(state.map(|state| (owner, state)).ok_or_else(|| format!("strategy {} was not added", owner.0)))
    }

    /// Exchanges an instance. If that takes longer than `patience` although the plugins were told their deadline, the
    /// one before is put back: its author did not reckon with events that wait.
    fn swap(
        &mut self,
        strategy: StrategyId,
        (replacement, tag, build): (Replacement, Tag, Build),
        patience: Duration,
    ) -> Result<SwapAnswer> {
        let (now, before) = (self.now(), self.tags().now(strategy));
        let patience_ns = i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX);
        let deadline = Timestamp::new(now.get().saturating_add(patience_ns));
        let replacement = Replacement { deadline, state_version: before.state_version, ..replacement };
        self.did(|| swap_of(strategy, build, &replacement), None);
        let stopwatch = Stopwatch::start();
        let swapped = self.driver_mut().swap_strategy(now, strategy, replacement)?;
        let pause = stopwatch.elapsed();
        self.came(swapped.is_ok(), swapped.as_ref().ok().and_then(|swapped| swapped.state.as_deref()));
        if let Some(observer) = self.observer() {
            observer.meters().pause(pause);
        }
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

    /// The instance of a strategy that has ended, which is called no more.
    pub(super) fn take_instance(&mut self, strategy: StrategyId) -> Option<Box<dyn StrategyInstance>> {
        let taken = self.driver_mut().engine_mut().take_instance(strategy);
        if taken.is_some() {
            self.did(|| Deed::Taken { strategy: strategy.0 }, None);
        }
        taken
    }

    pub(super) fn save(&mut self, strategy: StrategyId, room: Vec<u8>) -> Result<SavedByLoop> {
        let now = self.now();
        let state = self.driver_mut().save_strategy(now, strategy, room)?;
        let print = || state.as_ref().ok().map(|state| state.as_deref().map_or(0, fingerprint));
        self.mark(|| Mark::Saved(strategy, print()));
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

    fn snapshot(&self, exchanges: &[OpenExchange]) -> Snapshot {
        let engine = self.engine();
        let strategies = engine.strategies().enumerate().map(|(index, (_, state, statistics))| {
            let id = StrategyId(u16::try_from(index).unwrap_or(u16::MAX));
            self.strategy_snapshot(id, (state, statistics))
        });
        Snapshot {
            time: self.now(),
            events: self.events(),
            seq: engine.sequence(),
            orders_working: engine.working_orders().count() as u64,
            trading: self.trading_of(Scope::Run),
            equity: engine.equity(),
            is_exiting: self.is_exiting(),
            not_recovered: self.desk.not_recovered.clone(),
            exchanges: self.exchange_snapshots(exchanges),
            strategies: strategies.collect(),
        }
    }

    fn strategy_snapshot(
        &self,
        id: StrategyId,
        (state, statistics): (&StrategyState, StrategyStatistics),
    ) -> StrategySnapshot {
        let engine = self.engine();
        let (own, run) = (self.trading_of(Scope::Strategy(id)), self.trading_of(Scope::Run));
        StrategySnapshot {
            state: state.clone(),
            events: statistics.events,
            events_per_second: self.desk.rates.of(id.index()),
            orders: statistics.orders,
            denials: statistics.denials,
            orders_working: u64::from(engine.open_orders(Scope::Strategy(id))),
            positions: engine.positions(id).filter(|(_, position)| !position.size.is_zero()).count() as u64,
            pnl: engine.pnl(id),
            book: engine.portfolio_record(id),
            trading: Trading {
                change: self.last_change_for(Scope::Strategy(id)),
                ..if run.state > own.state { run } else { own }
            },
            is_manual: self.is_manual(id),
            probation: engine.probation(id).map(|left| (left.events, left.until)),
        }
    }

    fn exchange_snapshots(&self, exchanges: &[OpenExchange]) -> Vec<ExchangeSnapshot> {
        let mut orders = vec![0; exchanges.len()];
        for order in self.engine().working_orders() {
            if let Some(count) = usize::from(order.exchange.0).checked_sub(1).and_then(|i| orders.get_mut(i))
            {
                *count += 1;
            }
        }
        // counted anew after an exchange has joined or left
        let instruments = self.desk.instruments.get_or_init(|| {
            let engine = self.engine();
            let of = |id: u16| {
                let all = engine.instruments_of(ExchangeId(id));
                all.filter(|id| !engine.has_left(*id)).count() as u64
            };
            (1..).zip(exchanges).map(|(id, _)| of(id)).collect()
        });
        let counts = instruments.iter().zip(orders);
        (1..)
            .zip(exchanges.iter().zip(counts))
            .map(|(id, (open, (instruments, orders)))| {
                self.exchange_snapshot(ExchangeId(id), open, [*instruments, orders])
            })
            .collect()
    }

    fn exchange_snapshot(
        &self,
        id: ExchangeId,
        open: &OpenExchange,
        [instruments, orders_working]: [u64; 2],
    ) -> ExchangeSnapshot {
        let (state, halt) = match self.desk.halts.of_exchange(id) {
            Some((state, halt)) => (*state, Some(halt.clone())),
            None => (TradingState::Active, None),
        };
        ExchangeSnapshot {
            instruments,
            halted: open.halted.len() as u64,
            has_entry: self.has_entry(id),
            orders_working,
            trading: Trading {
                state,
                reason: Reason::Requested,
                halt,
                change: self.desk.halts.last_change_of_exchange(id),
            },
        }
    }

    fn trading_of(&self, scope: Scope) -> Trading {
        let (state, reason) = self.engine().trading_state(scope);
        let halts = &self.desk.halts;
        Trading { state, reason, halt: halts.of(scope).cloned(), change: halts.last_change_of(scope) }
    }
}

/// A swap as it is recorded.
pub(super) fn swap_of(strategy: StrategyId, build: Build, replacement: &Replacement) -> Deed {
    let Replacement { is_batch_safe, state_version, accepts, deadline, probation, .. } = replacement;
    Deed::Swap {
        strategy: strategy.0,
        build,
        has_spare: matches!(replacement.on_restore_error, OnRestoreError::Fresh(_)),
        is_batch_safe: *is_batch_safe,
        state_version: *state_version,
        accepts: (*accepts.start(), *accepts.end()),
        deadline: deadline.get(),
        probation: (probation.events, probation.until.get()),
    }
}

fn names(exchanges: &[OpenExchange]) -> Vec<String> {
    exchanges.iter().map(|open| open.name.clone()).collect()
}
