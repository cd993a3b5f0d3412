//! What the event loop copies: of fixed size, without names, and without an allocation but for what is rare.

use stratd_engine::{Denial, Scope, StrategyId, TradingState};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, OrderRequest, Price, Quantity, Reason, Side, Timestamp,
    abi::{self, FillRecord},
};

/// Something that happened in the event loop.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) at: Timestamp,
    /// Its number among those of the event loop, from 1; 0 for market data.
    pub(super) number: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Order(OrderCopy),
    Fill { strategy: StrategyId, fill: FillRecord },
    Denial { denial: Denial, outcome: &'static str },
    Trading { scope: Scope, state: TradingState, reason: Reason },
    SessionClosed { scope: Scope },
    Strategy { strategy: StrategyId, state: &'static str, text: Option<Box<str>> },
    Alarm { order: ClientOrderId, state: &'static str },
    Run { state: &'static str },
    Market(abi::Event),
}

/// An order at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrderCopy {
    pub(super) order: ClientOrderId,
    pub(super) strategy: Option<StrategyId>,
    pub(super) exchange: ExchangeId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) order_type: &'static str,
    pub(super) state: &'static str,
    pub(super) quantity: Quantity,
    pub(super) filled: Quantity,
    pub(super) price: Option<Price>,
    pub(super) reason: Reason,
}

impl OrderCopy {
    pub(super) fn of(
        (order, state): (ClientOrderId, &'static str),
        strategy: Option<StrategyId>,
        exchange: ExchangeId,
        request: &OrderRequest,
    ) -> Self {
        Self {
            order,
            strategy,
            exchange,
            instrument: request.instrument,
            side: request.side,
            order_type: request.order_type.name(),
            state,
            quantity: request.quantity,
            filled: Quantity::ZERO,
            price: request.price,
            reason: Reason::None,
        }
    }
}

/// A report on an order that changes nothing in the books: what the engine has no output for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderReport {
    pub(crate) order: ClientOrderId,
    pub(crate) state: &'static str,
}

impl OrderReport {
    /// Of a report on an own order, if it is of this sort.
    pub(crate) fn of(report: &abi::OrderEvent) -> Option<Self> {
        use stratd_plugin_api::OrderEventKind as Kind;
        let state = match Kind::from_code(report.kind)? {
            Kind::Received if report.status == abi::order_status::UNKNOWN => "unknown",
            Kind::Received => "received",
            Kind::Change => "changed",
            Kind::RequestRejected => "request_rejected",
            // booked, or the end of the order: the engine tells
            Kind::Bought
            | Kind::Sold
            | Kind::Canceled
            | Kind::Rejected
            // anyone's orders
            | Kind::Open
            | Kind::Cancel
            | Kind::Fill => return None,
        };
        (report.client_order_id != 0).then_some(Self { order: ClientOrderId(report.client_order_id), state })
    }
}
