//! The one way out.

use stratd_plugin_api::{
    ClientOrderId, EventKind, ExchangeId, Fault, InstrumentId, Money, OrderEventKind, OrderRequest,
    PositionSide, Quantity, Reason, Side, Timestamp,
    abi::{self, TextHandle},
};

use crate::{BookGap, Breach, Order, RiskApproved, Scope, StrategyId, TradingState};

/// What the engine wants done, in this order. The buffer is reused from step to step.
pub type Outputs = Vec<Output>;

/// One thing that the engine wants done or known.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send an order: only risk can make this.
    Submit(RiskApproved<NewOrder>),
    /// An order passed risk and is held: it waits for a price, or for the order that it is attached to. Told again when it
    /// was changed meanwhile. [`Output::Submit`] follows when it goes out.
    Held(NewOrder),
    /// An order was asked for by hand: what became of it follows.
    ByHand {
        /// Its id.
        order: ClientOrderId,
        /// Whose it is.
        strategy: StrategyId,
    },
    /// Cancel an order.
    Cancel(CancelOrder),
    /// Change an order: only risk can make this.
    Change(RiskApproved<ChangeOrder>),
    /// An own execution was booked.
    Filled(FillReport),
    /// An order reached a final state.
    OrderFinished(Order),
    /// Risk denied an order, or a change of one. A denied order is finished: [`Output::OrderFinished`] follows.
    Denied(Denial),
    /// Risk cut an order, or a change of one, down to what the limits leave.
    Reduced(Denial),
    /// What may be traded in a scope has changed: by command, by a loss, or because a day began.
    Trading {
        /// Where.
        scope: Scope,
        /// What may be traded now.
        state: TradingState,
        /// Why.
        reason: Reason,
    },
    /// A session is over, so that no order is taken any more; the exit routine follows.
    SessionClosed {
        /// Whose trading hours.
        scope: Scope,
    },
    /// A strategy ended on its own wish or by command.
    StrategyStopped {
        /// Which.
        strategy: StrategyId,
        /// Why, in words.
        reason: String,
    },
    /// A strategy ended because a handler failed.
    StrategyFaulted {
        /// Which.
        strategy: StrategyId,
        /// How.
        fault: Fault,
        /// At which event, if it failed at one.
        at: Option<FaultPlace>,
    },
    /// A new instance failed within its probation: the old one goes on, as it was when its state was saved.
    StrategyRolledBack {
        /// Which.
        strategy: StrategyId,
        /// How the new instance failed.
        fault: Fault,
    },
    /// A new instance passed its probation.
    ProbationPassed {
        /// Which.
        strategy: StrategyId,
    },
    /// A strategy that may do so asked to end the run.
    Shutdown {
        /// Which.
        strategy: StrategyId,
        /// Why, in words.
        reason: String,
    },
    /// A figure of a strategy's own.
    Metric {
        /// Whose.
        strategy: StrategyId,
        /// Name.
        name: String,
        /// Value.
        value: Money,
    },
    /// A report on an order that nobody knows, or that does not fit its order: an alarm, nothing was booked.
    UnknownOrder(abi::OrderEvent),
    /// More was executed than was ordered: an alarm; it was booked, because it happened.
    Overfilled(abi::OrderEvent),
    /// A book lost something: it is stale until its source sends a snapshot.
    BookGap(BookGap),
    /// The run was told to exit and every strategy has had its `on_exit`.
    Exited,
}

/// What risk did not let pass as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The order.
    pub order: ClientOrderId,
    /// Whether a change of the order was asked for, not a new order.
    pub is_change: bool,
    /// Who asked.
    pub strategy: StrategyId,
    /// When.
    pub at: Timestamp,
    /// What was asked for; of a change, the order as it should have become.
    pub request: OrderRequest,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// The quantity that was asked for; 0 for an order by amount that was denied.
    pub asked: Quantity,
    /// What passes; 0 = nothing.
    pub allowed: Quantity,
    /// The limit, or what else was wrong.
    pub reason: Reason,
    /// The limit in numbers, where it has some.
    pub breach: Option<Breach>,
}

/// A new order on its way to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Our id.
    pub id: ClientOrderId,
    /// Whose.
    pub strategy: StrategyId,
    /// Where to.
    pub exchange: ExchangeId,
    /// What.
    pub request: OrderRequest,
}

/// A cancel on its way to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelOrder {
    /// Our id.
    pub id: ClientOrderId,
    /// Where to.
    pub exchange: ExchangeId,
    /// The exchange's id; 0 if it has not told one yet.
    pub exchange_order_id: TextHandle,
    /// The order as it was sent.
    pub request: OrderRequest,
}

impl CancelOrder {
    /// The cancel of an order.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            id: order.id,
            exchange: order.exchange,
            exchange_order_id: order.exchange_order_id,
            request: order.as_sent(),
        }
    }
}

/// A change on its way to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeOrder {
    /// Our id.
    pub id: ClientOrderId,
    /// Where to.
    pub exchange: ExchangeId,
    /// The exchange's id; 0 if it has not told one yet.
    pub exchange_order_id: TextHandle,
    /// The order as it shall be: its quantity is the new total, what is filled included.
    pub request: OrderRequest,
}

/// An own execution with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillReport {
    /// Whose.
    pub strategy: StrategyId,
    /// The position that its order was about. What closes more than there is opens the other side.
    pub side: PositionSide,
    /// What; amounts are in the currency of the instrument.
    pub fill: abi::FillRecord,
    /// The same amounts in the currency of the run.
    pub amounts: FillAmounts,
    /// Whether its order had finished before: what [`Output::OrderFinished`] told of it is not the last word.
    pub is_late: bool,
}

/// The amounts of an execution in the currency of the run, at the rate of its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FillAmounts {
    /// Value of what was traded, without sign.
    pub notional: Money,
    /// The exchange's fee.
    pub fee: Money,
    /// Slippage.
    pub slippage: Money,
    /// Transaction cost.
    pub transaction_cost: Money,
}

/// The event at which a handler failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPlace {
    /// The handler, or the two that an order event has.
    pub handler: &'static str,
    /// The instrument of the event, if it has one.
    pub instrument: Option<InstrumentId>,
    /// The order of the event, if it is one of ours.
    pub order: Option<ClientOrderId>,
}

impl FaultPlace {
    pub(crate) fn of_event(event: &abi::Event) -> Option<Self> {
        let handler = match EventKind::from_code(event.kind)? {
            EventKind::Trade => "on_trade",
            EventKind::Quote => "on_quote",
            EventKind::Bar => "on_bar",
            EventKind::BookUpdate => "on_book",
            EventKind::Data => "on_data",
            EventKind::Timer => "on_timer",
            EventKind::Halt => "on_halt",
            EventKind::Continue => "on_continue",
            EventKind::Error => "on_error",
            EventKind::Start => "on_start",
            EventKind::Exit => "on_exit",
        };
        let instrument = (event.instrument != 0).then_some(InstrumentId(event.instrument));
        Some(Self { handler, instrument, order: None })
    }

    pub(crate) fn of_order(event: &abi::OrderEvent) -> Option<Self> {
        let handler = match OrderEventKind::from_code(event.kind)? {
            OrderEventKind::Open => "on_open or on_order",
            OrderEventKind::Cancel => "on_cancel or on_order",
            OrderEventKind::Change => "on_change or on_order",
            OrderEventKind::Fill => "on_fill or on_order",
            OrderEventKind::Received => "on_received",
            OrderEventKind::Rejected | OrderEventKind::RequestRejected => "on_rejected",
            OrderEventKind::Canceled => "on_canceled",
            OrderEventKind::Bought => "on_bought or on_traded",
            OrderEventKind::Sold => "on_sold or on_traded",
        };
        let instrument = (event.instrument != 0).then_some(InstrumentId(event.instrument));
        let order = (event.client_order_id != 0).then_some(ClientOrderId(event.client_order_id));
        Some(Self { handler, instrument, order })
    }
}
