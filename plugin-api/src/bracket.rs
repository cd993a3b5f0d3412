//! An entry with its way out.

use crate::{ClientOrderId, Context, OrderFlags, OrderRequest, Price, Result, Side};

/// An order that opens a position, and what shall close it again: a limit order that takes the profit, a stop that ends
/// the loss, or both. They wait until the entry is filled, trade no more than was, and exclude each other.
///
/// ```
/// use stratd_plugin_api::{Bracket, InstrumentId, OrderRequest, Price, Quantity, Side};
/// let entry = OrderRequest::limit(InstrumentId(1), Quantity::new(10), Price::new(100));
/// let bracket = Bracket::buy(entry).take_profit(Price::new(110)).stop_loss(Price::new(95));
/// assert_eq!(bracket.take_profit.unwrap().side, Side::Sell);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// The entry.
    pub entry: OrderRequest,
    /// What takes the profit.
    pub take_profit: Option<OrderRequest>,
    /// What ends the loss.
    pub stop_loss: Option<OrderRequest>,
}

/// The ids of a bracket's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BracketIds {
    /// The entry.
    pub entry: ClientOrderId,
    /// What takes the profit, if the bracket has it.
    pub take_profit: Option<ClientOrderId>,
    /// What ends the loss, if the bracket has it.
    pub stop_loss: Option<ClientOrderId>,
}

impl Bracket {
    /// An entry that buys, without a way out yet.
    #[must_use]
    pub const fn buy(entry: OrderRequest) -> Self {
        Self { entry: entry.side(Side::Buy), take_profit: None, stop_loss: None }
    }

    /// An entry that sells, without a way out yet.
    #[must_use]
    pub const fn sell(entry: OrderRequest) -> Self {
        Self { entry: entry.side(Side::Sell), take_profit: None, stop_loss: None }
    }

    /// With a limit order at that price.
    #[must_use]
    pub const fn take_profit(mut self, price: Price) -> Self {
        self.take_profit =
            Some(self.exit(OrderRequest::limit(self.entry.instrument, self.entry.quantity, price)));
        self
    }

    /// With a stop at that price, which becomes a market order.
    #[must_use]
    pub const fn stop_loss(mut self, stop_price: Price) -> Self {
        let stop = OrderRequest::stop_market(self.entry.instrument, self.entry.quantity, stop_price);
        self.stop_loss = Some(self.exit(stop));
        self
    }

    /// With a stop that follows the best price since the entry was filled at that distance.
    #[must_use]
    pub const fn trailing_stop(mut self, trail: Price) -> Self {
        let stop = OrderRequest::trailing_stop(self.entry.instrument, self.entry.quantity, trail);
        self.stop_loss = Some(self.exit(stop));
        self
    }

    const fn exit(&self, request: OrderRequest) -> OrderRequest {
        let mut request = request.side(self.entry.side.opposite()).flags(OrderFlags::REDUCE_ONLY);
        request.exchange = self.entry.exchange;
        request.tag = self.entry.tag;
        request
    }
}

impl Context<'_> {
    /// Requests an entry and what is attached to it, in this order.
    ///
    /// ```
    /// use stratd_plugin_api::{Bracket, Context, InstrumentId, OrderRequest, Price, Quantity, Result};
    /// fn enter(ctx: &mut Context<'_>, instrument: InstrumentId) -> Result<()> {
    ///     let entry = OrderRequest::limit(instrument, Quantity::new(10), Price::new(100));
    ///     ctx.bracket(&Bracket::buy(entry).take_profit(Price::new(110)).stop_loss(Price::new(95)))?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The host's limit of requests per event is reached. What was requested before it stands.
    pub fn bracket(&mut self, bracket: &Bracket) -> Result<BracketIds> {
        let entry = self.new_order(bracket.entry)?;
        let mut attach = |request: Option<OrderRequest>| {
            request.map(|request| self.new_order(request.attached_to(entry))).transpose()
        };
        let (take_profit, stop_loss) = (attach(bracket.take_profit)?, attach(bracket.stop_loss)?);
        Ok(BracketIds { entry, take_profit, stop_loss })
    }
}
