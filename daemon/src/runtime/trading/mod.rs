//! What people look up of a run and ask of it by hand, on the event loop: copies out, bounded; requests in, checked.
//!
//! A look-up copies at most [`PAGE_MAX`] rows and looks at [`SCAN_MAX`] at most, between two events: whoever wants more
//! asks for the next page. Texts are made of the copies elsewhere.

mod accounts;
mod by_hand;
mod exits;
mod halts;
mod history;
mod names;
mod owner;
mod positions;
mod rate;
mod resolve;

pub(crate) use self::{
    accounts::{InstrumentRow, PortfolioLook, RiskLook, ScopeLook},
    by_hand::{Hand, HandOutcome, HandRefused, HandReport, NewByHand, Seen},
    exits::Exits,
    halts::{Halt, KeptHalt, ScopeName, TradingChanged, TradingRefused, TradingSeen, TradingWish},
    history::{FillRow, OrderCursor, OrderQuery, OrderRow, OrdersWanted},
    names::Names,
    owner::{EXTERNAL, MANUAL, owner_of_name},
    positions::{PositionQuery, PositionRow},
    resolve::{Missing, Which},
};
use std::{cell::OnceCell, collections::BTreeMap};

use stratd_engine::StrategyId;
use stratd_plugin_api::ClientOrderId;

use self::{halts::Halts, rate::EventRates};
use super::{command::Answer, event_loop::EventLoop};

/// The most rows of one answer.
pub(crate) const PAGE_MAX: usize = 500;
/// Rows that one answer looks at, those that a filter leaves out included; then it ends with what it has found, and
/// the next page goes on from there.
pub(super) const SCAN_MAX: usize = 10_000;

/// Some rows, what they are called, and where the next page begins.
#[derive(Clone, Debug)]
pub(crate) struct Page<T, C> {
    pub(crate) rows: Vec<T>,
    pub(crate) names: Names,
    /// Nothing: this was the last page.
    pub(crate) next: Option<C>,
}

/// A page, or why there is none.
pub(crate) type Paged<T, C> = Result<Page<T, C>, Missing>;

/// What is looked up.
pub(crate) enum LookUp {
    /// Orders that work, that have ended, or both.
    Orders(OrderQuery, Answer<Paged<OrderRow, OrderCursor>>),
    /// One order; that of none is no error.
    Order(u64, Answer<Option<(OrderRow, Names)>>),
    /// Own executions, the newest first.
    Fills(Which, (u64, usize), Answer<Paged<FillRow, u64>>),
    /// Positions by strategy and instrument.
    Positions(PositionQuery, Answer<Paged<PositionRow, (u16, u32, u16)>>),
    /// The books of the run and of each strategy, and the account.
    Portfolio(Answer<PortfolioLook>),
    /// Instruments, by id.
    Instruments(Which, (u32, usize), Answer<Paged<InstrumentRow, u32>>),
    /// What may be traded, and the limits with what is used of them.
    Risk(Answer<RiskLook>),
}

/// What the event loop keeps for people.
#[derive(Default)]
pub(super) struct TradingDesk {
    pub(super) halts: Halts,
    pub(super) rates: EventRates,
    /// How many instruments each exchange has, once somebody has asked.
    pub(super) instruments: OnceCell<Vec<u64>>,
    /// The owner of orders by hand, once there is one.
    manual: Option<StrategyId>,
    /// Owners of orders who are no strategies of the run, by name.
    owners: BTreeMap<String, StrategyId>,
    /// The strategy that takes the place of such an owner right now.
    pub(super) joins: Option<StrategyId>,
    /// Number and counter of owners of earlier runs who have no place in this one, by name.
    pub(super) numbers: BTreeMap<String, (u16, u64)>,
    /// Why nothing is traded yet, or not any more.
    pub(super) not_recovered: Option<String>,
}

impl TradingDesk {
    /// A strategy did not take the place of an owner after all.
    pub(super) fn give_back_owner(&mut self, name: String, owner: StrategyId) {
        self.owners.insert(name, owner);
    }
}

impl EventLoop {
    /// Looks something up. Who asked may have gone.
    pub(super) fn look_up(&self, look_up: LookUp, exchanges: Vec<String>) {
        let engine = self.engine();
        match look_up {
            LookUp::Orders(query, answer) => drop(answer.send(history::orders(engine, exchanges, &query))),
            LookUp::Order(id, answer) => {
                let row = engine.order(ClientOrderId(id)).map(OrderRow::of);
                drop(answer.send(row.map(|row| (row, self.names_of(exchanges, &row)))));
            }
            LookUp::Fills(which, page, answer) => {
                drop(answer.send(history::fills(engine, exchanges, &which, page)));
            }
            LookUp::Positions(query, answer) => {
                drop(answer.send(positions::positions(engine, exchanges, &query)));
            }
            LookUp::Portfolio(answer) => drop(answer.send(accounts::portfolio(engine))),
            LookUp::Instruments(which, page, answer) => {
                drop(answer.send(accounts::instruments(engine, (exchanges, &self.desk.halts), &which, page)));
            }
            LookUp::Risk(answer) => {
                drop(answer.send(accounts::risk(engine, exchanges, &self.desk.halts)));
            }
        }
    }
}
