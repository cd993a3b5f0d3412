//! The way in: new orders, cancels, changes.

use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    ClientOrderId, Decimal, Instrument, Lifetime, NumberError, NumberErrorKind, OrderEventKind, OrderFlags,
    OrderRequest, OrderStatus, OrderType, Price, Quantity, Reason,
};
use stratd_simulation::venue::{PRICE_MAX, QUANTITY_MAX, Submission};

use crate::{
    faults::OrderFault,
    limits::TEXT_BYTES_MAX,
    order::Order,
    refusal::{Code, Refusal},
    report::Report,
    request::{Change, New, Which},
    state::Record,
    words,
};

use super::Floor;

/// Who sends, and what a fault does to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) account: usize,
    pub(crate) connection: u64,
    pub(crate) fault: Option<OrderFault>,
}

impl Floor {
    /// Takes a new order; its number. It may be rejected already: its reports tell.
    pub(crate) fn new_order(&mut self, sender: Sender, new: New) -> Result<u64, Refusal> {
        check_client_id(&new.client_order_id)?;
        if let Some(standing) = self.find(sender.account, &Which::Client(new.client_order_id.clone())) {
            let message =
                format!("client_order_id {:?} was used before: that order stands", new.client_order_id);
            eprintln!("{} {message}", self.now());
            return Err(Refusal::new(Code::DuplicateId, message)
                .with("order_id", words::order_id(standing.exchange_order_id))
                .with("status", standing.status.name()));
        }
        let request = self.checked(&new)?;
        let now = self.now();
        let number = self.orders.next_number();
        let order = Order {
            number,
            account: sender.account,
            client_order_id: new.client_order_id,
            request,
            status: OrderStatus::PendingNew,
            reason: Reason::None,
            filled: 0,
            exchange_order_id: OrderId(0),
            public_id: None,
            created: now,
            updated: now,
            is_silent: sender.fault == Some(OrderFault::Silence),
            connection: sender.connection,
        };
        let account = self.accounts.get_mut(sender.account);
        let account = account.ok_or_else(|| Refusal::new(Code::NotLoggedIn, "there is no such account"))?;
        let (id, venue_account) = (ClientOrderId(number), account.id);
        account.by_client.insert(order.client_order_id.clone(), number);
        let mut records = vec![Record::order(&account.name, &order)];
        self.orders.insert(order);
        if sender.fault == Some(OrderFault::Reject) {
            self.reject(number, &request, &mut records);
            self.write(&records);
        } else {
            let submission = Submission { client_order_id: id, correlation: 0, request };
            self.act(records, |venue, out| venue.submit_as(venue_account, submission, out));
        }
        Ok(number)
    }

    /// An injected fault refuses an order.
    fn reject(&mut self, order: u64, request: &OrderRequest, records: &mut Vec<Record>) {
        let report = Report {
            order,
            ts: self.now(),
            kind: OrderEventKind::Rejected,
            status: OrderStatus::Rejected,
            reason: Reason::Exchange,
            price: request.price,
            stop_price: request.stop_price,
            quantity: request.quantity.get(),
            filled: 0,
            fill: None,
            triggered: None,
        };
        self.report(report, records);
    }

    /// Cancels an order.
    pub(crate) fn cancel(&mut self, sender: Sender, which: &Which) -> Result<u64, Refusal> {
        let order = self.working(sender, which)?;
        let (number, status) = (order.number, order.status);
        let refused = self.act(Vec::new(), |venue, out| venue.cancel(ClientOrderId(number), 0, out));
        refused.map_or(Ok(number), |reason| Err(refusal("cancel", reason, status)))
    }

    /// Changes price, stop price or quantity of an order.
    pub(crate) fn change(&mut self, sender: Sender, change: &Change) -> Result<u64, Refusal> {
        let order = self.working(sender, &change.which)?;
        let (number, status, before) = (order.number, order.status, order.request);
        let is_stop_waiting = order.is_stop_waiting();
        let instrument = self.instrument_of(before)?;
        let wanted = |key, decimal: Option<Decimal>| decimal.map(|d| price(instrument, key, d)).transpose();
        let (limit, stop) = (wanted("price", change.price)?, wanted("stop_price", change.stop_price)?);
        let volume = change.volume.map(|decimal| quantity(instrument, decimal)).transpose()?;
        if is_stop_waiting && (limit.is_some() || volume.is_some()) {
            let message = "a stop that waits has another price or volume (accepted: stop_price)";
            return Err(Refusal::new(Code::BadOrder, message));
        }
        if !is_stop_waiting && stop.is_some() {
            let message = "stop_price of an order that is no waiting stop (accepted: price, volume)";
            return Err(Refusal::new(Code::BadOrder, message));
        }
        let to = if is_stop_waiting { stop.or(before.stop_price) } else { limit.or(before.price) };
        let (to, volume) = (to.unwrap_or_default(), volume.unwrap_or(before.quantity));
        if let (Some(stop), Some(order)) = (stop, self.orders.get_mut(number)) {
            // the venue's report does not carry it
            order.request.stop_price = Some(stop);
        }
        let id = ClientOrderId(number);
        let refused = self.act(Vec::new(), |venue, out| venue.change(id, 0, to, volume, out));
        let Some(reason) = refused else { return Ok(number) };
        if let Some(order) = self.orders.get_mut(number) {
            order.request.stop_price = before.stop_price;
        }
        Err(refusal("change", reason, status))
    }

    /// Cancels what a connection sent and left open.
    pub(crate) fn cancel_all_of(&mut self, account: usize, connection: u64) {
        let open: Vec<u64> =
            self.account(account).map(|a| a.open.iter().copied().collect()).unwrap_or_default();
        for number in open {
            if self.orders.get(number).is_some_and(|order| order.connection == connection) {
                self.act(Vec::new(), |venue, out| venue.cancel(ClientOrderId(number), 0, out));
            }
        }
    }

    /// An order of the account.
    pub(crate) fn find(&self, account: usize, which: &Which) -> Option<&Order> {
        match which {
            Which::Client(id) => self.orders.get(*self.account(account)?.by_client.get(id)?),
            Which::Exchange(id) => {
                self.orders.by_exchange(words::parse_order_id(id)?).filter(|order| order.account == account)
            }
        }
    }

    /// As [`Floor::find`], or the refusal that says so.
    pub(crate) fn known(&self, account: usize, which: &Which) -> Result<&Order, Refusal> {
        self.find(account, which).ok_or_else(|| {
            let text = match which {
                Which::Client(id) => format!("client_order_id {id:?}"),
                Which::Exchange(id) => format!("order_id {id:?}"),
            };
            let message = format!("{text} is no order of this account (accepted: one that was ACCEPTED)");
            Refusal::new(Code::UnknownOrder, message)
        })
    }

    /// An order that works, and that no fault protects.
    fn working(&self, sender: Sender, which: &Which) -> Result<&Order, Refusal> {
        let order = self.known(sender.account, which)?;
        if order.status.is_final() {
            return Err(refusal("request", Reason::UnknownOrder, order.status));
        }
        if sender.fault == Some(OrderFault::Reject) {
            return Err(refusal("request", Reason::Exchange, order.status));
        }
        Ok(order)
    }

    fn instrument_of(&self, request: OrderRequest) -> Result<&Instrument, Refusal> {
        self.instrument(request.instrument).ok_or_else(|| {
            Refusal::new(Code::UnknownInstrument, "the order's instrument does not trade any more")
        })
    }

    /// From the words of a request to an order.
    fn checked(&self, new: &New) -> Result<OrderRequest, Refusal> {
        let instrument = self.instrument(self.instrument_named(&new.instrument)?);
        let instrument = instrument
            .ok_or_else(|| Refusal::new(Code::UnknownInstrument, "the instrument does not trade any more"))?;
        let side = known(words::SIDES, "side", &new.side)?;
        let order_type = known(words::ORDER_TYPES, "order_type", &new.order_type)?;
        let mut flags = known(words::FLAGS, "flag", &new.flag)?;
        if new.post_only {
            flags = flags.with(OrderFlags::POST_ONLY);
        }
        if new.reduce_only {
            flags = flags.with(OrderFlags::REDUCE_ONLY);
        }
        let limit = new.price.map(|decimal| price(instrument, "price", decimal)).transpose()?;
        let stop_price =
            new.stop_price.map(|decimal| price(instrument, "stop_price", decimal)).transpose()?;
        check_prices(order_type, flags, limit, stop_price)?;
        let request =
            OrderRequest::market(instrument.id, quantity(instrument, new.volume)?).side(side).flags(flags);
        Ok(OrderRequest { order_type, price: limit, stop_price, lifetime: self.lifetime(new)?, ..request })
    }

    fn lifetime(&self, new: &New) -> Result<Lifetime, Refusal> {
        match (new.lifetime.as_str(), new.expires) {
            ("GTC", None) => Ok(Lifetime::Gtc),
            ("DAY", None) => Ok(Lifetime::Day),
            ("GTD", Some(end)) if end > self.now() => Ok(Lifetime::Gtd(end)),
            ("GTD", Some(end)) => {
                let message = format!("expires is {end} (accepted: a time after {})", self.now());
                Err(Refusal::new(Code::BadOrder, message))
            }
            (word, expires) => {
                let expires = if expires.is_some() { "with" } else { "without" };
                let message = format!(
                    "lifetime is {word:?} {expires} expires (accepted: \"GTC\", \"DAY\"; \"GTD\" with expires)"
                );
                Err(Refusal::new(Code::BadOrder, message))
            }
        }
    }
}

/// The prices that a type of order has, no more and no less.
fn check_prices(
    order_type: OrderType,
    flags: OrderFlags,
    limit: Option<Price>,
    stop: Option<Price>,
) -> Result<(), Refusal> {
    let word = words::word(words::ORDER_TYPES, order_type);
    let (needs_limit, may_limit, needs_stop) = match order_type {
        OrderType::Limit => (true, true, false),
        OrderType::StopLimit => (true, true, true),
        OrderType::StopMarket => (false, flags.is_immediate(), true),
        // a protection limit
        _ => (false, flags.is_immediate(), false),
    };
    let problem = if needs_limit && limit.is_none() {
        format!("{word} without price (accepted: with price)")
    } else if !may_limit && limit.is_some() {
        format!("{word} with price (accepted: without, or with a flag that never rests)")
    } else if needs_stop != stop.is_some() {
        let (found, accepted) = if needs_stop { ("without", "with") } else { ("with", "without") };
        format!("{word} {found} stop_price (accepted: {accepted} stop_price)")
    } else {
        return Ok(());
    };
    Err(Refusal::new(Code::BadOrder, problem))
}

fn check_client_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > TEXT_BYTES_MAX {
        let message = format!("client_order_id has {} bytes (accepted: 1 to {TEXT_BYTES_MAX})", id.len());
        return Err(Refusal::new(Code::BadRequest, message));
    }
    Ok(())
}

fn known<T: Copy>(words: &[(&str, T)], key: &str, word: &str) -> Result<T, Refusal> {
    words::value(words, word).ok_or_else(|| {
        Refusal::new(Code::BadRequest, format!("{key} is {word:?} (accepted: {})", words::list(words)))
    })
}

/// A price on the grid and within the venue's bounds.
fn price(instrument: &Instrument, key: &str, decimal: Decimal) -> Result<Price, Refusal> {
    let price = instrument.price(decimal).map_err(|error| off_grid(key, &error, Code::OffTick))?;
    if !price.is_positive() || price.get() > PRICE_MAX {
        let max = instrument.price_text(Price::new(PRICE_MAX));
        let message = format!("{key} is {decimal} (accepted: above 0, at most {max})");
        return Err(Refusal::new(Code::BadOrder, message));
    }
    Ok(price)
}

fn quantity(instrument: &Instrument, decimal: Decimal) -> Result<Quantity, Refusal> {
    let quantity = instrument.quantity(decimal).map_err(|error| off_grid("volume", &error, Code::OffLot))?;
    if !quantity.is_positive() || quantity.get() > QUANTITY_MAX {
        let max = instrument.quantity_text(Quantity::new(QUANTITY_MAX));
        let message = format!("volume is {decimal} (accepted: above 0, at most {max})");
        return Err(Refusal::new(Code::BadQuantity, message));
    }
    Ok(quantity)
}

fn off_grid(key: &str, error: &NumberError, code: Code) -> Refusal {
    let code = if error.kind() == NumberErrorKind::OffGrid { code } else { Code::BadRequest };
    Refusal::new(code, format!("{key}: {error}"))
}

fn refusal(what: &str, reason: Reason, status: OrderStatus) -> Refusal {
    let message = if status.is_final() {
        format!("the order is {status} (accepted: one that is open or partially_filled)")
    } else {
        format!("the venue refuses the {what}: {reason}")
    };
    Refusal::new(Code::Rejected, message).with("reason", reason.name()).with("status", status.name())
}
