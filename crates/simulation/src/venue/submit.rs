//! The way in of own orders.

use stratd_orderbook::{EventKind, NewOrder, NewStop, Notional, Operation, OrderId};
use stratd_plugin_api::{
    ClientOrderId, Instrument, Money, OrderFlags, OrderRequest, OrderType, Reason, Side,
};

use super::{
    Request, UNASKED, Venue, VenueEvent,
    account::AccountId,
    config::{PRICE_MAX, QUANTITY_MAX},
    feed::received,
    own::OwnOrder,
};

/// An own order on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Submission {
    /// Our id; a second order of an id that works is rejected.
    pub client_order_id: ClientOrderId,
    /// The number of the request: RECEIVED or REJECTED carries it.
    pub correlation: u64,
    /// What is wanted.
    pub request: OrderRequest,
}

impl Venue {
    /// Takes an own order: RECEIVED and what came of it, or REJECTED with the reason.
    ///
    /// Market (by quantity or notional), limit, stop-market and stop-limit orders; fill-or-kill, all-or-none,
    /// immediate-or-cancel, post-only, reduce-only; all lifetimes (`day` ends at midnight UTC).
    /// An order by notional is reported with the quantity that it came to.
    pub fn submit(&mut self, order: Submission, out: &mut Vec<VenueEvent>) {
        self.submit_as(AccountId::FIRST, order, out);
    }

    /// As [`Venue::submit`], for another account. Client order ids are unique in the venue, not only in the account.
    pub fn submit_as(&mut self, account: AccountId, order: Submission, out: &mut Vec<VenueEvent>) {
        match self.enter(account, &order) {
            Ok((own, at)) => {
                let request = Request { answer: None, ..UNASKED };
                out.push(received(&own, order.correlation, self.now));
                self.own.insert(own);
                self.tell(at, request, out);
            }
            Err(reason) => self.reject(&order, reason, out),
        }
    }

    /// Checks the order and puts it into its book.
    fn enter(&mut self, account: AccountId, order: &Submission) -> Result<(OwnOrder, usize), Reason> {
        let mut request = order.request;
        let at = *self.by_instrument.get(&request.instrument).ok_or(Reason::UnknownInstrument)?;
        if self.own.get(order.client_order_id).is_some() {
            return Err(Reason::DuplicateId);
        }
        if self.own.is_full(account) {
            return Err(Reason::HostLimit);
        }
        check_amounts(&request)?;
        self.check_reduce_only(account, &request)?;

        let market = &mut self.markets[at];
        let id = market.ids.take();
        let operation = operation(&request, &market.instrument, id, || market.ids.take())?;
        let operation = self.with_owner(account, operation);
        self.apply(at, operation)?;
        if request.notional.is_some() {
            request.quantity = self.filled_at_once(id);
        }
        let own = OwnOrder {
            client_order_id: order.client_order_id,
            account,
            request,
            market: at,
            exchange_order_id: id,
            book_id: id,
            filled: 0,
            created: self.now,
            updated: self.now,
        };
        Ok((own, at))
    }

    pub(crate) fn with_owner(&self, account: AccountId, operation: Operation) -> Operation {
        let (owner, self_trade) = (account.owner(), self.config.self_trade);
        match operation {
            Operation::Add(order) => Operation::Add(order.owner(owner, self_trade)),
            Operation::AddStop(stop) => {
                let target = stop.target.owner(owner, self_trade);
                Operation::AddStop(NewStop { owner, target, ..stop })
            }
            Operation::Cancel(_) | Operation::Change { .. } => operation,
        }
    }

    /// What an order that never rests traded in the operation under way.
    fn filled_at_once(&self, id: OrderId) -> stratd_plugin_api::Quantity {
        let filled = self.events.iter().rev().find_map(|event| match event.kind {
            EventKind::Cancel { order, .. } | EventKind::Fill { order, .. } if order.id == id => {
                Some(order.filled)
            }
            _ => None,
        });
        filled.unwrap_or_default()
    }

    fn check_reduce_only(&self, account: AccountId, request: &OrderRequest) -> Result<(), Reason> {
        if !request.flags.contains(OrderFlags::REDUCE_ONLY) {
            return Ok(());
        }
        if request.notional.is_some() {
            return Err(Reason::BadOrder);
        }
        let position = self.position_of(account, request.instrument);
        let reducible = match request.side {
            Side::Buy => -position,
            Side::Sell => position,
        };
        let open = self.own.reducing(account, request.instrument, request.side);
        let wanted = open + request.quantity.get();
        if wanted > reducible { Err(Reason::Reducing) } else { Ok(()) }
    }
}

/// The bounds that keep every amount in the range of money; grids and signs are the book's to check.
fn check_amounts(request: &OrderRequest) -> Result<(), Reason> {
    if request.quantity.get() > QUANTITY_MAX {
        return Err(Reason::MaxOrderQuantity);
    }
    let prices = [request.price, request.stop_price];
    if prices.into_iter().flatten().any(|price| price.get().unsigned_abs() > PRICE_MAX.unsigned_abs()) {
        return Err(Reason::PriceCollar);
    }
    Ok(())
}

/// The operation on the book; `BadOrder` for what it does not have.
fn operation(
    request: &OrderRequest,
    instrument: &Instrument,
    id: OrderId,
    target_id: impl FnOnce() -> OrderId,
) -> Result<Operation, Reason> {
    let OrderRequest { side, quantity, flags, .. } = *request;
    if request.group != 0 || (request.notional.is_some() && request.order_type != OrderType::Market) {
        return Err(Reason::BadOrder);
    }
    let with_price = |order: NewOrder| match request.price {
        Some(price) => order.price(price),
        None => order,
    };
    let order = match (request.order_type, request.notional) {
        (OrderType::Market, Some(notional)) => {
            with_price(NewOrder::market_notional(id, side, units(notional, instrument)?))
        }
        (OrderType::Market, None) => with_price(NewOrder::market(id, side, quantity)),
        (OrderType::Limit, _) => NewOrder::limit(id, side, quantity, request.price.ok_or(Reason::BadOrder)?),
        (OrderType::StopMarket | OrderType::StopLimit, _) => {
            let stop_price = request.stop_price.ok_or(Reason::BadOrder)?;
            let target = NewOrder::market(target_id(), side, quantity).flags(flags);
            let target = match request.order_type {
                OrderType::StopLimit => {
                    let price = request.price.ok_or(Reason::BadOrder)?;
                    NewOrder::limit(target.id, side, quantity, price).flags(flags)
                }
                _ => target,
            };
            return Ok(Operation::AddStop(NewStop::new(id, stop_price, target)));
        }
        (OrderType::MarketIfTouched | OrderType::LimitIfTouched | OrderType::TrailingStop, _) => {
            return Err(Reason::BadOrder);
        }
    };
    Ok(Operation::Add(order.flags(flags)))
}

/// An amount of money in units of price times quantity, rounded down: never more than was allowed is spent.
fn units(notional: Money, instrument: &Instrument) -> Result<Notional, Reason> {
    let one = instrument
        .notional(stratd_plugin_api::Price::new(1), stratd_plugin_api::Quantity::new(1))
        .filter(|one| *one > Money::ZERO)
        .ok_or(Reason::Overflow)?;
    let units = notional.get().checked_div_euclid(one.get()).ok_or(Reason::Overflow)?;
    if units > i128::from(PRICE_MAX) * i128::from(QUANTITY_MAX) {
        return Err(Reason::MaxOrderNotional);
    }
    Ok(Notional::new(units))
}
