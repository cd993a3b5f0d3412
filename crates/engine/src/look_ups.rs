//! What people look up: pages of orders and fills, records as strategies get them, the use of limits.
//!
//! Everything is a read of one moment between two steps, in a stable order. Whoever asks bounds how much is copied.

use stratd_plugin_api::{ClientOrderId, InstrumentId, Money, Reason, abi};

use crate::{AccountRules, Engine, Order, Scope, StrategyId, core::shown};

/// A limit of a scope with what is used of it, in money: quantities and counts as 1 = `1.00000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitUse {
    /// Which limit.
    pub reason: Reason,
    /// What is used; 0 for limits of one order.
    pub used: Money,
    /// The largest value that passes.
    pub limit: Money,
}

impl Engine {
    /// An order that works, or one that has finished and is remembered.
    #[must_use]
    pub fn order(&self, id: ClientOrderId) -> Option<&Order> {
        let execution = &self.core.execution;
        execution.get(id).or_else(|| {
            let past = execution.past(execution.ids().owner(id)?)?;
            past.iter().map(Box::as_ref).rfind(|order| order.id == id)
        })
    }

    /// Working orders from an id on, by id.
    pub fn working_orders_from(&self, id: ClientOrderId) -> impl Iterator<Item = &Order> {
        self.core.execution.working_from(id)
    }

    /// How many orders of a scope work.
    #[must_use]
    pub fn open_orders(&self, scope: Scope) -> u32 {
        self.core.execution.open_orders(scope)
    }

    /// The finished orders of a strategy whose number is below `before`, the newest first.
    pub fn finished_orders(&self, strategy: StrategyId, before: u64) -> impl Iterator<Item = &Order> {
        let past = self.core.execution.past(strategy);
        let below = past.map(|past| past.range(..past.partition_point(|order| order.seq < before)).rev());
        below.into_iter().flatten().map(Box::as_ref)
    }

    /// The executions of a strategy whose number is below `before`, with their numbers, the newest first.
    pub fn fills(&self, strategy: StrategyId, before: u64) -> impl Iterator<Item = &(u64, abi::FillRecord)> {
        let fills = self.core.execution.fills(strategy);
        let below = fills.map(|fills| fills.range(..fills.partition_point(|(seq, _)| *seq < before)).rev());
        below.into_iter().flatten()
    }

    /// The positions of a strategy, by instrument, as it gets them.
    pub fn position_records(&self, strategy: StrategyId) -> impl Iterator<Item = abi::PositionRecord> {
        self.core.position_records(strategy)
    }

    /// The book of a strategy, as it gets it.
    #[must_use]
    pub fn portfolio_record(&self, strategy: StrategyId) -> abi::PortfolioRecord {
        self.core.portfolio_record(strategy)
    }

    /// The book of the run: all strategies together, with the cash at the start.
    #[must_use]
    pub fn portfolio_of_run(&self) -> abi::PortfolioRecord {
        let run = self.core.portfolio.run();
        abi::PortfolioRecord {
            currency: self.core.config.currency,
            cash: shown(self.core.portfolio.cash()),
            notional: run.notional.into(),
            realized: run.realized.into(),
            unrealized: shown(run.unrealized()),
            fees: run.fees.into(),
            equity_run: shown(self.core.portfolio.equity()),
        }
    }

    /// The account of the run, and its rules.
    #[must_use]
    pub fn account(&self) -> (abi::AccountRecord, AccountRules) {
        (self.core.account_record(), self.core.config.account)
    }

    /// Whether trading is halted by an exchange: everywhere, or in an instrument.
    #[must_use]
    pub fn is_halted(&self, instrument: Option<InstrumentId>) -> bool {
        self.core.is_halted || instrument.is_some_and(|id| self.core.halted.contains(&id))
    }

    /// The instruments of a symbol, in the order in which they were added.
    #[must_use]
    pub fn instruments_of_symbol(&self, symbol: &str) -> &[InstrumentId] {
        self.core.instruments.of_symbol(symbol)
    }

    /// The limits of a scope that have numbers, with what is used of them.
    #[must_use]
    pub fn limit_use(&self, scope: Scope) -> Vec<LimitUse> {
        let mut limits = Vec::new();
        self.core
            .visit_limits_of(scope, &mut |reason, used, limit| limits.push(LimitUse { reason, used, limit }));
        limits
    }

    /// The scopes that have limits or had a trading state: the run first, then strategies and instruments by id.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.core.risk.scopes()
    }
}
