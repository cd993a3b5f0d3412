//! Orders by hand on the event loop: from names and decimal numbers to an input of the engine, and what came of it.

use anyhow::Result;
use stratd_engine::{ByHand, Denial, Denied, InputKind, Output, Scope, StrategyId};
use stratd_plugin_api::{
    ClientOrderId, Decimal, Instrument, Lifetime, Money, NumberError, OrderFlags, OrderRequest, OrderStatus,
    OrderType, Price, Quantity, Reason, Side,
};

use super::{
    Exits, Names, OrderRow,
    resolve::{self, Missing},
};
use crate::runtime::event_loop::EventLoop;

/// A new order, in the words of who asks.
#[derive(Clone, Debug)]
pub(crate) struct NewByHand {
    /// In whose name; nothing = the owner of orders by hand.
    pub(crate) strategy: Option<String>,
    pub(crate) instrument: String,
    pub(crate) exchange: Option<String>,
    pub(crate) side: Side,
    pub(crate) order_type: OrderType,
    pub(crate) flags: OrderFlags,
    pub(crate) lifetime: Lifetime,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) notional: Option<Money>,
    pub(crate) price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) trail: Option<Decimal>,
    /// Orders with the same number exclude each other; 0: none.
    pub(crate) group: u32,
    /// The order that it waits for.
    pub(crate) attached_to: Option<u64>,
    pub(crate) exits: Exits,
}

/// What of an order a change depends on: it is done only if this is still so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: OrderStatus,
    pub(crate) quantity: Quantity,
    pub(crate) price: Option<Price>,
}

impl Seen {
    pub(crate) fn of(row: &OrderRow) -> Self {
        Self { status: row.status, quantity: row.request.quantity, price: row.request.price }
    }
}

/// What is asked for by hand.
#[derive(Clone, Debug)]
pub(crate) enum Hand {
    New(Box<NewByHand>),
    Cancel {
        order: u64,
        seen: Option<Seen>,
    },
    /// What is not given stays.
    Change {
        order: u64,
        seen: Option<Seen>,
        quantity: Option<Decimal>,
        price: Option<Decimal>,
    },
    /// Of a strategy, in an instrument; nothing = of all, in all.
    CancelAll {
        strategy: Option<String>,
        instrument: Option<(String, Option<String>)>,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HandReport {
    /// The order as it is now; as it would be, if it was only asked what would be. Of several there is none.
    pub(crate) after: Option<(OrderRow, Names)>,
    /// The quantity that was asked for, if risk cut it, and why.
    pub(crate) reduced: Option<(Quantity, Denied)>,
    /// How many cancels went out.
    pub(crate) canceled: usize,
    /// The ways out that were attached to it; one that was denied is among them.
    pub(crate) attached: Vec<OrderRow>,
}

/// Why it was not done.
#[derive(Clone, Debug)]
pub(crate) enum HandRefused {
    /// A name that nothing has.
    Missing(Missing),
    /// There is no such order, or it is forgotten.
    NoOrder,
    /// The value of a key cannot be.
    Bad { key: &'static str, text: String },
    /// The gate denied it. A new order that was denied has an id all the same.
    Denied { order: Option<u64>, denied: Denied },
    /// The order does not work any more.
    Ended(Box<OrderRow>),
    /// It has changed since.
    Stale(Box<OrderRow>),
    /// What may be traded by all has changed since.
    StaleTrading,
}

/// The outcome of a request by hand.
pub(crate) type HandOutcome = Result<HandReport, HandRefused>;

/// A new order as it stands, and what was asked for if risk cut it, with the reason.
pub(super) type Taken = Result<(OrderRow, Option<(Quantity, Denied)>), HandRefused>;

impl EventLoop {
    /// Does by hand what is asked for, or says what would come of it.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(in crate::runtime) fn by_hand(
        &mut self,
        exchanges: Vec<String>,
        (asked, seen): (&Hand, Option<u64>),
        is_dry_run: bool,
    ) -> Result<HandOutcome> {
        if seen.is_some_and(|seen| seen != self.desk.halts.last_change_of(Scope::Run)) {
            return Ok(Err(HandRefused::StaleTrading));
        }
        match asked {
            Hand::New(new) => self.new_by_hand(exchanges, new, is_dry_run),
            Hand::Cancel { order, seen } => self.cancel_by_hand(exchanges, (*order, *seen), is_dry_run),
            Hand::Change { order, seen, quantity, price } => {
                self.change_by_hand(exchanges, (*order, *seen), (*quantity, *price), is_dry_run)
            }
            Hand::CancelAll { strategy, instrument } => {
                self.cancel_all_by_hand(&exchanges, strategy.as_deref(), instrument.as_ref(), is_dry_run)
            }
        }
    }

    fn new_by_hand(
        &mut self,
        exchanges: Vec<String>,
        new: &NewByHand,
        is_dry_run: bool,
    ) -> Result<HandOutcome> {
        let request = match self.request_of(&exchanges, new) {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        let exits = match self.exits_of(&request, new.exits) {
            Ok(exits) => exits,
            Err(refused) => return Ok(Err(refused)),
        };
        // whoever attaches an order to another one means its owner
        let entry = new.attached_to.and_then(|id| self.engine().order(ClientOrderId(id)));
        let owner_of_entry = entry.map(|entry| entry.strategy).filter(|_| new.strategy.is_none());
        let found = match owner_of_entry {
            Some(owner) => Ok(owner),
            None => self.owner_of(new.strategy.as_deref(), is_dry_run)?,
        };
        let owner = match found {
            Ok(owner) => owner,
            Err(missing) => return Ok(Err(HandRefused::Missing(missing))),
        };
        if let Some(text) = self.not_taken(&request) {
            return Ok(Err(HandRefused::Bad { key: "type", text }));
        }
        let late = match request.lifetime {
            Lifetime::Gtd(end) if end <= self.now() => {
                Some(("lifetime", format!("{end} is over (accepted: a time after {})", self.now())))
            }
            Lifetime::Gtd(_) | Lifetime::Gtc | Lifetime::Day => None,
        };
        if let Some((key, text)) = late.or_else(|| self.not_bound(owner, &request)) {
            return Ok(Err(HandRefused::Bad { key, text }));
        }
        if is_dry_run {
            return Ok(self.would_be(exchanges, owner, &request));
        }
        let (entry, reduced) = match self.feed_new(owner, &request)? {
            Ok(done) => done,
            Err(refused) => return Ok(Err(refused)),
        };
        let attached = self.attach_exits(owner, entry, &exits)?;
        // a way out may have been due at once, and the entry as well
        let row = self.engine().order(entry.id).map_or(entry, OrderRow::of);
        let after = Some((row, self.names_of(exchanges, &row)));
        Ok(Ok(HandReport { after, reduced, canceled: 0, attached }))
    }

    /// The order of another instrument that an order would exclude, or be attached to.
    fn not_bound(&self, owner: StrategyId, request: &OrderRequest) -> Option<(&'static str, String)> {
        let engine = self.engine();
        let is_attached = request.flags.contains(OrderFlags::ATTACHED);
        let (key, other) = if is_attached {
            ("attached_to", engine.order(ClientOrderId(request.group)))
        } else {
            let mut members = engine.group_members((owner, request.group));
            ("group", members.next().and_then(|id| engine.order(id)))
        };
        let other = other.filter(|other| other.request.instrument != request.instrument)?;
        let symbol = |id| engine.instrument(id).map_or("?", |known| known.symbol.as_str());
        let (of, accepted) = (symbol(request.instrument), symbol(other.request.instrument));
        let text = format!("an order for {of} with order {} (accepted: orders for {accepted})", other.id);
        Some((key, text))
    }

    /// Lets the engine judge a new order, and send or hold it.
    pub(super) fn feed_new(&mut self, owner: StrategyId, request: &OrderRequest) -> Result<Taken> {
        let now = self.now();
        let seen = self.driver_mut().outputs().len();
        self.driver_mut().feed(now, InputKind::ByHand(ByHand::New(owner, request.into())))?;
        let outputs = self.driver_mut().outputs().get(seen..).unwrap_or_default();
        let id = outputs.iter().find_map(|output| match output {
            Output::ByHand { order, .. } => Some(*order),
            _ => None,
        });
        let about = |denial: &&Denial| Some(denial.order) == id && !denial.is_change;
        let (mut denied, mut reduced) = (None, None);
        for output in outputs {
            match output {
                Output::Denied(denial) if about(&denial) => denied = Some(denied_of(denial)),
                Output::Reduced(denial) if about(&denial) => {
                    reduced = Some((denial.asked, denied_of(denial)))
                }
                _ => {}
            }
        }
        let order = id.and_then(|id| self.engine().order(id)).map(OrderRow::of);
        if let Some(denied) = denied {
            return Ok(Err(HandRefused::Denied { order: id.map(|id| id.0), denied }));
        }
        // without an id the owner has used up all that he may ever have
        let Some(row) = order else {
            let denied = Denied { reason: Reason::HostLimit, breach: None };
            return Ok(Err(HandRefused::Denied { order: None, denied }));
        };
        Ok(Ok((row, reduced)))
    }

    /// Who an order is made for.
    fn owner_of(&mut self, strategy: Option<&str>, is_dry_run: bool) -> Result<Result<StrategyId, Missing>> {
        let found = match strategy {
            None => self.manual_now(),
            Some(name) => match resolve::strategy(name, self.engine()) {
                Ok(found) => found,
                Err(missing) => return Ok(Err(missing)),
            },
        };
        match found {
            Some(owner) => Ok(Ok(owner)),
            // who only asks adds nobody to the run, but where the owner has limits of his own
            None if is_dry_run && !self.manual_has_limits() => Ok(Ok(self.next_strategy())),
            None => Ok(Ok(self.manual()?)),
        }
    }

    fn would_be(&self, exchanges: Vec<String>, owner: StrategyId, request: &OrderRequest) -> HandOutcome {
        let judged = self.engine().judge(owner, request);
        let (allowed, reduced) = judged.map_err(|denied| HandRefused::Denied { order: None, denied })?;
        let exchange = self.engine().exchange_of(request.instrument).unwrap_or_default();
        let row = OrderRow::planned((owner, exchange), allowed, self.now());
        let mut names = self.names_of(exchanges, &row);
        names.name_strategy(owner, super::MANUAL);
        Ok(HandReport {
            after: Some((row, names)),
            reduced: reduced.map(|why| (request.quantity, why)),
            ..HandReport::default()
        })
    }

    fn request_of(&self, exchanges: &[String], new: &NewByHand) -> Result<OrderRequest, HandRefused> {
        let engine = self.engine();
        let id = resolve::instrument(&new.instrument, new.exchange.as_deref(), engine, exchanges)
            .map_err(HandRefused::Missing)?;
        let unknown = || HandRefused::Bad {
            key: "instrument",
            text: format!("there is no instrument {:?}", new.instrument),
        };
        let instrument = engine.instrument(id).ok_or_else(unknown)?;
        let quantity = new.quantity.map(|decimal| on_lot(instrument, decimal)).transpose()?;
        let price = |key: &'static str, decimal: Option<Decimal>| {
            decimal.map(|decimal| on_tick(instrument, key, decimal)).transpose()
        };
        let request = OrderRequest {
            // a person names one line
            exchange: engine.exchange_of(id),
            side: new.side,
            order_type: new.order_type,
            flags: new.flags,
            lifetime: new.lifetime,
            price: price("price", new.price)?,
            stop_price: price("stop_price", new.stop_price)?,
            trail: price("trail", new.trail)?,
            notional: new.notional,
            group: u64::from(new.group),
            ..OrderRequest::market(id, quantity.unwrap_or(Quantity::ZERO))
        };
        Ok(new.attached_to.map_or(request, |entry| request.attached_to(ClientOrderId(entry))))
    }

    /// A working order, if it is as it was seen.
    fn working(&self, (order, seen): (u64, Option<Seen>)) -> Result<OrderRow, HandRefused> {
        let row = self.engine().order(ClientOrderId(order)).map(OrderRow::of).ok_or(HandRefused::NoOrder)?;
        if seen.is_some_and(|seen| seen != Seen::of(&row)) {
            return Err(HandRefused::Stale(Box::new(row)));
        }
        if row.status.is_final() {
            return Err(HandRefused::Ended(Box::new(row)));
        }
        Ok(row)
    }

    fn cancel_by_hand(
        &mut self,
        exchanges: Vec<String>,
        asked: (u64, Option<Seen>),
        is_dry_run: bool,
    ) -> Result<HandOutcome> {
        let before = match self.working(asked) {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        // a cancel that is on its way is not sent again: asked for twice, it is done once
        let sends = before.status != OrderStatus::PendingCancel;
        if sends && !is_dry_run {
            let now = self.now();
            self.driver_mut().feed(now, InputKind::ByHand(ByHand::Cancel(before.id)))?;
        }
        Ok(Ok(self.report(exchanges, before, usize::from(sends))))
    }

    fn change_by_hand(
        &mut self,
        exchanges: Vec<String>,
        asked: (u64, Option<Seen>),
        (quantity, price): (Option<Decimal>, Option<Decimal>),
        is_dry_run: bool,
    ) -> Result<HandOutcome> {
        let before = match self.working(asked) {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        let (price, quantity) = match self.changed(&before, quantity, price) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        let refused = |denied| HandRefused::Denied { order: Some(before.id.0), denied };
        let (allowed, reduced) = match self.engine().judge_change(before.id, price, quantity) {
            Ok(judged) => judged,
            // nothing was sent, and who owns the order need not hear of it
            Err(denied) => return Ok(Err(refused(denied))),
        };
        let reduced = reduced.map(|why| (quantity, why));
        if is_dry_run {
            let row = OrderRow { request: allowed, ..before };
            let names = self.names_of(exchanges, &row);
            return Ok(Ok(HandReport { after: Some((row, names)), reduced, ..HandReport::default() }));
        }
        let now = self.now();
        let change = ByHand::Change(before.id, price, quantity);
        self.driver_mut().feed(now, InputKind::ByHand(change))?;
        Ok(Ok(HandReport { reduced, ..self.report(exchanges, before, 0) }))
    }

    fn changed(
        &self,
        before: &OrderRow,
        quantity: Option<Decimal>,
        price: Option<Decimal>,
    ) -> Result<(Price, Quantity), HandRefused> {
        let Some(instrument) = self.engine().instrument(before.request.instrument) else {
            return Err(HandRefused::NoOrder);
        };
        let quantity = quantity.map(|decimal| on_lot(instrument, decimal)).transpose()?;
        let has_price = before.request.price.is_some();
        let price = price.map(|decimal| on_tick(instrument, "price", decimal)).transpose()?;
        if price.is_some() && !has_price {
            return Err(HandRefused::Bad {
                key: "price",
                text: format!("a {} order has no price (accepted: none)", before.request.order_type),
            });
        }
        let price = price.or(before.request.price).unwrap_or_default();
        Ok((price, quantity.unwrap_or(before.request.quantity)))
    }

    fn cancel_all_by_hand(
        &mut self,
        exchanges: &[String],
        strategy: Option<&str>,
        instrument: Option<&(String, Option<String>)>,
        is_dry_run: bool,
    ) -> Result<HandOutcome> {
        let engine = self.engine();
        let strategy = strategy.map(|name| resolve::strategy(name, engine)).transpose();
        let instrument = instrument
            .map(|(symbol, on)| resolve::instrument(symbol, on.as_deref(), engine, exchanges))
            .transpose();
        let (strategy, instrument) = match (strategy, instrument) {
            (Ok(strategy), Ok(instrument)) => (strategy, instrument),
            (Err(missing), _) | (_, Err(missing)) => return Ok(Err(HandRefused::Missing(missing))),
        };
        let is_meant = |order: &&stratd_engine::Order| {
            strategy.is_none_or(|asked| asked == Some(order.strategy))
                && instrument.is_none_or(|asked| asked == order.request.instrument)
                && order.status() != OrderStatus::PendingCancel
        };
        let canceled = engine.working_orders().filter(is_meant).count();
        let is_of_nobody = strategy == Some(None);
        if !is_dry_run && !is_of_nobody && canceled > 0 {
            let now = self.now();
            let cancel = ByHand::CancelAll(strategy.flatten(), instrument);
            self.driver_mut().feed(now, InputKind::ByHand(cancel))?;
        }
        Ok(Ok(HandReport { canceled, ..HandReport::default() }))
    }

    fn report(&self, exchanges: Vec<String>, before: OrderRow, canceled: usize) -> HandReport {
        let after = self.engine().order(before.id).map_or(before, OrderRow::of);
        let names = self.names_of(exchanges, &after);
        HandReport { after: Some((after, names)), canceled, ..HandReport::default() }
    }

    pub(super) fn names_of(&self, exchanges: Vec<String>, row: &OrderRow) -> Names {
        let mut names = Names::new(exchanges);
        names.note(self.engine(), Some(row.strategy), row.request.instrument);
        names
    }
}

fn denied_of(denial: &Denial) -> Denied {
    Denied { reason: denial.reason, breach: denial.breach }
}

fn on_lot(instrument: &Instrument, decimal: Decimal) -> Result<Quantity, HandRefused> {
    instrument.quantity(decimal).map_err(|error| bad("quantity", &error))
}

pub(super) fn on_tick(
    instrument: &Instrument,
    key: &'static str,
    decimal: Decimal,
) -> Result<Price, HandRefused> {
    instrument.price(decimal).map_err(|error| bad(key, &error))
}

fn bad(key: &'static str, error: &NumberError) -> HandRefused {
    HandRefused::Bad { key, text: error.to_string() }
}
