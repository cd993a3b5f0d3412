//! What earlier runs left, put in before the run starts; and orders that were found at an exchange, at any time.
//!
//! Each thing is an input of its own ([`crate::InputKind::Restored`]), so that a recording has it and a replay repeats it.
//! The order is: [`Restored::Begin`], the numbers of the owners, portfolios, positions, [`Restored::Books`], losses,
//! orders, groups, fills. From `Begin` to [`crate::InputKind::Start`] strategies are told nothing and asked nothing: what an
//! exchange reports meanwhile is booked, and they find it in their queries when they start.
//!
//! Nothing is checked against limits here: what is restored was checked when it was made, and what was found happened.

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, Money, OrderRequest, PositionSide, Price, Quantity, Timestamp,
    abi, abi::TextHandle,
};

use crate::{
    BeforeCancel, Engine, EngineError, Order, OrderState, Position, RestoredGroup, RestoredStandIn, Scope,
    StrategyId,
    course::{Course, Stretch},
    position::PositionId,
};

/// One thing that is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The recovery begins.
    Begin,
    /// The number that an owner has in its order ids, and the counter of its last one.
    Ids {
        /// Whose.
        strategy: StrategyId,
        /// From 1.
        number: u16,
        /// 0 = none yet.
        counter: u64,
    },
    /// The highest number that any owner ever had: those that come later get others.
    Numbers(u16),
    /// What the fills of an owner brought.
    Portfolio {
        /// Whose.
        strategy: StrategyId,
        /// Moved by its fills.
        cash: Money,
        /// Realized PnL.
        realized: Money,
        /// Fees and costs.
        fees: Money,
    },
    /// A position, flat ones included: what they realized is theirs.
    Position(Box<RestoredPosition>),
    /// All books are in: limits on losses count from here, where no [`Restored::Losses`] follows.
    Books,
    /// Where a scope stood with its limits on losses.
    Losses(Scope, RestoredLosses),
    /// An order: one that works, or a finished one, to be known when a report on it comes late.
    Order(Box<RestoredOrder>),
    /// What orders that exclude each other have traded; after the orders.
    Group(RestoredGroup),
    /// An execution that was booked, for queries.
    Fill(StrategyId, abi::FillRecord),
}

/// A position as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredPosition {
    /// Whose.
    pub strategy: StrategyId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Its notional is made anew.
    pub position: Position,
    /// At which it was valued last.
    pub price_last: Option<Price>,
    /// Of accounting by first in, first out: quantity, cost in the currency of the run, in that of the instrument.
    pub lots: Vec<(i64, Money, Money)>,
}

/// The PnL of a scope over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoredLosses {
    /// A moment of the day of the last change.
    pub day: Timestamp,
    /// PnL when that day began.
    pub day_start: Money,
    /// The highest.
    pub peak: Money,
    /// The last.
    pub last: Money,
    /// Whether it counts from a command that let trading go on, which limits look at and people do not.
    pub is_since_command: bool,
}

/// An order as it was kept, or as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredOrder {
    /// Our id.
    pub id: ClientOrderId,
    /// Whose.
    pub strategy: StrategyId,
    /// Where.
    pub exchange: ExchangeId,
    /// As changes left it.
    pub request: OrderRequest,
    /// 0 if none was told.
    pub exchange_order_id: TextHandle,
    /// How it stands.
    pub state: OrderState,
    /// Executed.
    pub filled: Quantity,
    /// Sum of price times quantity.
    pub filled_value: i128,
    /// Time of the request.
    pub created: Timestamp,
    /// Time of the last event.
    pub updated: Timestamp,
    /// A person asked for it.
    pub is_by_hand: bool,
    /// It closes a position.
    pub is_closing: bool,
    /// What was booked.
    pub trade_ids: Vec<TextHandle>,
    /// What the engine did for it in place of its exchange.
    pub stand_in: Option<RestoredStandIn>,
}

impl OrderState {
    /// How an order stands after a restart that was sent, or may have been, and whose answer may have been lost.
    #[must_use]
    pub fn after_restart(self) -> Self {
        match self {
            Self::PendingNew => Self::Unknown,
            Self::PendingCancel(BeforeCancel::PendingNew) => Self::PendingCancel(BeforeCancel::Unknown),
            Self::Working
            | Self::PendingCancel(BeforeCancel::Working | BeforeCancel::Unknown)
            | Self::Unknown
            | Self::Filled
            | Self::Canceled(_)
            | Self::Expired
            | Self::Rejected(_)
            | Self::Denied(_) => self,
        }
    }
}

impl Engine {
    /// Puts one thing in.
    pub(crate) fn restore(&mut self, seq: u64, restored: &Restored) -> Result<(), EngineError> {
        let done = match restored {
            Restored::Begin => {
                self.core.is_recovering = true;
                self.core.held.note_changes();
                Some(())
            }
            Restored::Ids { strategy, number, counter } => self.restore_ids(*strategy, *number, *counter),
            Restored::Numbers(last) => {
                self.core.execution.ids_mut().begin_after(*last);
                Some(())
            }
            Restored::Portfolio { strategy, cash, realized, fees } => {
                self.core.portfolio.restore_book(*strategy, [*cash, *realized, *fees])
            }
            Restored::Position(position) => self.restore_position(position),
            Restored::Books => self.core.portfolio.begin_courses(self.core.now),
            Restored::Losses(scope, losses) => {
                self.core.portfolio.restore_course(*scope, losses);
                Some(())
            }
            Restored::Order(order) => self.restore_order(seq, order),
            Restored::Group(group) => self.restore_group(group),
            Restored::Fill(strategy, fill) => {
                self.core.execution.remember_fill(*strategy, (seq, *fill));
                Some(())
            }
        };
        done.ok_or_else(|| {
            EngineError::bad_input(
                self.core.now,
                format!("what an earlier run left cannot be put in: {restored:?}"),
            )
        })
    }

    fn restore_ids(&mut self, strategy: StrategyId, number: u16, counter: u64) -> Option<()> {
        let slot = self.strategies.get_mut(strategy.index())?;
        slot.order_counter = slot.order_counter.max(counter);
        self.core.execution.ids_mut().set(strategy, number).then_some(())
    }

    fn restore_position(&mut self, restored: &RestoredPosition) -> Option<()> {
        let instrument = self.core.instruments.get(restored.instrument)?;
        if let Some(price) = restored.price_last {
            self.core.market.keep(restored.instrument, price);
        }
        self.core.portfolio.restore_position(instrument, restored)
    }

    fn restore_order(&mut self, seq: u64, restored: &RestoredOrder) -> Option<()> {
        self.strategies.get(restored.strategy.index())?;
        self.core.instruments.get(restored.request.instrument)?;
        let RestoredOrder { id, strategy, exchange, request, created, .. } = *restored;
        if self.core.execution.ids().owner(id) != Some(strategy) || self.order(id).is_some() {
            return None;
        }
        let mut order = Order::new(id, strategy, exchange, request, created);
        order.exchange_order_id = restored.exchange_order_id;
        order.state = restored.state;
        (order.filled, order.filled_value) = (restored.filled, restored.filled_value);
        order.updated = restored.updated;
        order.is_by_hand = restored.is_by_hand;
        order.is_closing = restored.is_closing;
        order.trade_ids.clone_from(&restored.trade_ids);
        if order.state.is_final() {
            order.seq = seq;
        }
        self.take_up_stand_in(&mut order, restored.stand_in.as_ref());
        self.core.execution.restore(Box::new(order));
        self.rejoin(id);
        Some(())
    }

    /// The id for the next order that is found for an owner; `None` beyond a limit.
    #[must_use]
    pub fn adopted_id(&self, strategy: StrategyId, counter: u64) -> Option<ClientOrderId> {
        self.core.execution.ids().adopted(strategy, counter)
    }

    /// The number of an owner in its order ids, and the counter of its last one.
    #[must_use]
    pub fn ids_of(&self, strategy: StrategyId) -> Option<(u16, u64)> {
        let slot = self.strategies.get(strategy.index())?;
        Some((self.core.execution.ids().number(strategy)?, slot.order_counter))
    }

    /// The positions of a strategy in an instrument: one, or a long and a short one.
    pub fn positions_in(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
    ) -> impl Iterator<Item = &Position> {
        let book = self.core.portfolio.book(strategy);
        let sides = [PositionSide::Net, PositionSide::Long, PositionSide::Short].into_iter();
        sides.filter_map(move |side| book?.positions.get(&PositionId { instrument, side }))
    }

    /// Whether what earlier runs left is being put in.
    #[must_use]
    pub fn is_recovering(&self) -> bool {
        self.core.is_recovering
    }

    /// What is open of a position in its order, with its costs, where cost is first in, first out.
    pub fn lots(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: PositionSide,
    ) -> impl Iterator<Item = (i64, Money, Money)> {
        self.core.portfolio.lots(strategy, PositionId { instrument, side })
    }

    /// The PnL over time of a scope, to be restored: the whole, and what counts for limits since a command, if one did.
    #[must_use]
    pub fn losses(&self, scope: Scope) -> Vec<RestoredLosses> {
        self.core.portfolio.course(scope).map(Course::kept).unwrap_or_default()
    }
}

impl Course {
    /// What is to be kept of it; nothing before the first change.
    pub(crate) fn kept(&self) -> Vec<RestoredLosses> {
        let kept = |stretch: &Stretch, is_since_command| RestoredLosses {
            day: stretch.day.start,
            day_start: stretch.day_start,
            peak: stretch.peak,
            last: stretch.last,
            is_since_command,
        };
        let whole = Some(&self.whole).filter(|whole| !whole.day.is_empty());
        whole
            .map(|whole| kept(whole, false))
            .into_iter()
            .chain(self.since_command.as_ref().map(|since| kept(since, true)))
            .collect()
    }

    /// Takes it up again.
    pub(crate) fn restore(&mut self, losses: &RestoredLosses) {
        let stretch = Stretch {
            day: crate::course::day_of(losses.day),
            day_start: losses.day_start,
            peak: losses.peak,
            last: losses.last,
        };
        if losses.is_since_command {
            self.since_command = Some(stretch);
        } else {
            self.whole = stretch;
        }
    }

    /// Counts from here.
    pub(crate) fn begin(&mut self, pnl: Money, at: Timestamp) {
        let day = crate::course::day_of(at);
        self.whole = Stretch { day, day_start: pnl, peak: pnl, last: pnl };
        self.since_command = None;
    }
}
