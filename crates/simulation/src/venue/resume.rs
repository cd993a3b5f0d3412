//! Going on where an earlier venue ended: its accounts and own orders come back, its participants do not.
//!
//! A venue that is made anew has empty books; own orders return to them before the first step, so they meet nobody.
//! Their places in the queues go by the order in which they are restored.

use stratd_orderbook::{NewOrder, NewStop, Operation, OrderId};
use stratd_plugin_api::{ClientOrderId, OrderRequest, OrderType, Price, Quantity, Reason, Timestamp};

use super::{Venue, account::AccountId, own::OwnOrder};

/// Where the ids and prices of an earlier venue had come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Ids of one market that may have been used: the next ones are above.
    pub ids: u64,
    /// Executions that may have happened: the next trade id is above.
    pub trades: u64,
    /// The last price of each instrument, in the order of [`Venue::instruments`]; 0 = none.
    pub prices: Vec<Price>,
}

/// An own order that worked in an earlier venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptOrder {
    /// Its id.
    pub client_order_id: ClientOrderId,
    /// Whose it is.
    pub account: AccountId,
    /// What was asked for, with the price and quantity of then.
    pub request: OrderRequest,
    /// The id that its reports carry.
    pub exchange_order_id: OrderId,
    /// The id in the public feed, see [`Venue::public_order_id`]; `None` = a stop that waits.
    pub public_id: Option<OrderId>,
    /// How much of it traded.
    pub filled: i64,
    /// When it came in.
    pub created: Timestamp,
}

impl Venue {
    /// Goes on with the ids and prices of an earlier venue of the same seed; before the first step.
    pub fn resume(&mut self, from: &Resume) {
        self.trades = self.trades.max(from.trades);
        for (at, market) in self.markets.iter_mut().enumerate() {
            market.resume(from.ids, from.prices.get(at).copied().filter(|price| price.is_positive()));
        }
    }

    /// The most ids that any market gave out, the executions, and the last prices: what [`Venue::resume`] wants.
    #[must_use]
    pub fn resume_point(&self) -> Resume {
        Resume {
            ids: self.markets.iter().map(|market| market.ids_given()).max().unwrap_or(0),
            trades: self.trades,
            prices: self.markets.iter().map(|market| market.last_price()).collect(),
        }
    }

    /// Puts an own order of an earlier venue back, silently; before the first step.
    ///
    /// # Errors
    /// The book's reason: an id that is used, an instrument that is not there, an order that cannot rest.
    pub fn restore(&mut self, order: KeptOrder) -> Result<(), Reason> {
        let KeptOrder { request, account, exchange_order_id, public_id, filled, .. } = order;
        let at = *self.by_instrument.get(&request.instrument).ok_or(Reason::UnknownInstrument)?;
        if self.own.get(order.client_order_id).is_some() {
            return Err(Reason::DuplicateId);
        }
        if account.index() >= self.accounts.len() {
            return Err(Reason::BadOrder);
        }
        let operation = match public_id {
            None => {
                let target = self.markets[at].ids.take();
                waiting_stop(&request, exchange_order_id, target)?
            }
            Some(id) => {
                let left = request.quantity.get().checked_sub(filled).ok_or(Reason::Overflow)?;
                let price = request.price.ok_or(Reason::BadOrder)?;
                let order = NewOrder::limit(id, request.side, Quantity::new(left), price);
                Operation::Add(order.flags(request.flags))
            }
        };
        let operation = self.with_owner(account, operation);
        self.apply(at, operation)?;
        if let (None, Some(stop_price)) = (public_id, request.stop_price) {
            self.markets[at].stop_waits(exchange_order_id, stop_price);
        }
        if let Some(id) = public_id {
            self.markets[at].carry(id, filled);
        }
        self.own.insert(OwnOrder {
            client_order_id: order.client_order_id,
            account,
            request,
            market: at,
            exchange_order_id,
            book_id: public_id.unwrap_or(exchange_order_id),
            filled,
            created: order.created,
            updated: order.created,
        });
        Ok(())
    }
}

fn waiting_stop(request: &OrderRequest, id: OrderId, target: OrderId) -> Result<Operation, Reason> {
    let OrderRequest { side, quantity, flags, .. } = *request;
    let stop_price = request.stop_price.ok_or(Reason::BadOrder)?;
    let target = match (request.order_type, request.price) {
        (OrderType::StopLimit, Some(price)) => NewOrder::limit(target, side, quantity, price),
        (OrderType::StopMarket, _) => NewOrder::market(target, side, quantity),
        _ => return Err(Reason::BadOrder),
    };
    Ok(Operation::AddStop(NewStop::new(id, stop_price, target.flags(flags))))
}
