//! Why an operation was refused.

use std::fmt;

use stratd_plugin_api::{Price, Quantity, Reason};

use crate::order::OrderId;

/// A refused operation. The book is as it was before, no event was emitted and no sequence number used.
///
/// ```
/// use stratd_orderbook::{BookConfig, OrderBook, OrderId};
/// use stratd_plugin_api::Reason;
/// let error = OrderBook::new(BookConfig::default()).cancel(OrderId(7), &mut Vec::new()).unwrap_err();
/// assert_eq!(error.reason(), Reason::UnknownOrder);
/// assert_eq!(error.to_string(), "canceling order 7: unknown_order (expected a resting order or a waiting stop)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    attempt: Attempt,
    reason: Reason,
}

/// What was attempted, on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Add(OrderId),
    AddStop(OrderId),
    Cancel(OrderId),
    Change(OrderId),
    Tick(Price),
    Lot(Quantity),
}

impl Error {
    #[cold]
    pub(crate) const fn new(attempt: Attempt, reason: Reason) -> Self {
        Self { attempt, reason }
    }

    /// Why.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let order = NewOrder::market(OrderId(1), Side::Buy, Quantity::ZERO);
    /// assert_eq!(book.add(order, &mut Vec::new()).unwrap_err().reason(), Reason::BadQuantity);
    /// ```
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The order or stop that the operation named; `None` if it was no operation of a book.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, OrderBook, OrderId};
    /// let error = OrderBook::new(BookConfig::default()).cancel(OrderId(7), &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.id(), Some(OrderId(7)));
    /// ```
    #[must_use]
    pub const fn id(&self) -> Option<OrderId> {
        match self.attempt {
            Attempt::Add(id) | Attempt::AddStop(id) | Attempt::Cancel(id) | Attempt::Change(id) => Some(id),
            Attempt::Tick(_) | Attempt::Lot(_) => None,
        }
    }

    /// What would have been accepted.
    fn accepted(&self) -> &'static str {
        match (self.attempt, self.reason) {
            (Attempt::Tick(_) | Attempt::Lot(_), _) => "a positive number",
            (_, Reason::OffTick) => "a multiple of the tick",
            (_, Reason::OffLot) => "a multiple of the lot",
            (_, Reason::DuplicateId) => "an id that this book never saw",
            (_, Reason::BadQuantity) => "more than nothing",
            (Attempt::AddStop(_), Reason::BadOrder) => {
                "a target of the same side and owner whose flags agree with each other and with its type"
            }
            (_, Reason::BadOrder) => "flags that agree with each other and with the type",
            (_, Reason::UnknownOrder) => "a resting order or a waiting stop",
            (_, Reason::VolumeNotAboveFilled) => "a total above what is filled",
            (_, Reason::WouldExecute) => "a price that does not execute on entry",
            (_, Reason::HostLimit) => "fewer orders, stops or ids than the book's limits",
            (_, Reason::Overflow) => "a side whose quantities add up within 64 bits",
            _ => "another order",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            Attempt::Add(id) => write!(f, "adding order {id}")?,
            Attempt::AddStop(id) => write!(f, "adding stop {id}")?,
            Attempt::Cancel(id) => write!(f, "canceling order {id}")?,
            Attempt::Change(id) => write!(f, "changing order {id}")?,
            Attempt::Tick(tick) => write!(f, "configuring a book with tick {tick}")?,
            Attempt::Lot(lot) => write!(f, "configuring a book with lot {lot}")?,
        }
        write!(f, ": {} (expected {})", self.reason, self.accepted())
    }
}

impl std::error::Error for Error {}
