//! Orders and executions: copies of what the engine remembers, a page at a time.

use std::{cmp::Reverse, collections::BinaryHeap};

use stratd_engine::{Engine, Held, Order, StrategyId};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, OrderRequest, OrderStatus, Price, Quantity, Reason, Timestamp,
    abi::{self, TextHandle},
};

use super::{Names, Page, Paged, SCAN_MAX, Which, resolve::Resolved};

/// An order, without what grows with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderRow {
    pub(crate) id: ClientOrderId,
    pub(crate) strategy: StrategyId,
    pub(crate) exchange: ExchangeId,
    pub(crate) exchange_order_id: TextHandle,
    pub(crate) request: OrderRequest,
    pub(crate) status: OrderStatus,
    pub(crate) reason: Reason,
    pub(crate) filled: Quantity,
    pub(crate) price_average: Option<Price>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) is_by_hand: bool,
    pub(crate) held: Option<Held>,
}

impl OrderRow {
    /// An order that would be.
    pub(super) fn planned(
        (strategy, exchange): (StrategyId, ExchangeId),
        request: OrderRequest,
        now: Timestamp,
    ) -> Self {
        Self {
            id: ClientOrderId(0),
            strategy,
            exchange,
            exchange_order_id: 0,
            request,
            status: OrderStatus::PendingNew,
            reason: Reason::None,
            filled: Quantity::ZERO,
            price_average: None,
            created: now,
            updated: now,
            is_by_hand: true,
            held: None,
        }
    }

    pub(super) fn of(order: &Order) -> Self {
        Self {
            id: order.id,
            strategy: order.strategy,
            exchange: order.exchange,
            exchange_order_id: order.exchange_order_id,
            request: order.request,
            status: order.status(),
            reason: order.reason(),
            filled: order.filled,
            price_average: order.price_average(),
            created: order.created,
            updated: order.updated,
            is_by_hand: order.is_by_hand,
            held: order.held(),
        }
    }
}

/// An own execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FillRow {
    /// The number of the input that told it.
    pub(crate) seq: u64,
    pub(crate) strategy: StrategyId,
    pub(crate) fill: abi::FillRecord,
}

/// Which orders, by how they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrdersWanted {
    /// Those that work.
    Open,
    /// Those that have ended and are remembered.
    Ended,
    /// Both.
    All,
    /// Those of one status.
    Status(OrderStatus),
}

impl OrdersWanted {
    fn has_open(self) -> bool {
        match self {
            Self::Open | Self::All => true,
            Self::Ended => false,
            Self::Status(status) => !status.is_final(),
        }
    }

    fn has_ended(self) -> bool {
        match self {
            Self::Ended | Self::All => true,
            Self::Open => false,
            Self::Status(status) => status.is_final(),
        }
    }

    fn takes(self, status: OrderStatus) -> bool {
        match self {
            Self::Open | Self::Ended | Self::All => true,
            Self::Status(asked) => asked == status,
        }
    }
}

/// Where a page of orders begins: working ones come first, by id, then finished ones, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderCursor {
    /// After the working order of this id.
    Open(u64),
    /// After the finished order of this number and id.
    Ended(u64, u64),
}

/// Which orders.
#[derive(Clone, Debug)]
pub(crate) struct OrderQuery {
    pub(crate) which: Which,
    pub(crate) wanted: OrdersWanted,
    pub(crate) after: Option<OrderCursor>,
    pub(crate) limit: usize,
}

/// A page that is being filled.
struct Filling<'a> {
    engine: &'a Engine,
    which: Resolved,
    limit: usize,
    looked_at: usize,
    names: Names,
}

impl Filling<'_> {
    /// Whether the page ends here, with `count` rows in it.
    fn is_full(&self, count: usize) -> bool {
        count >= self.limit || self.looked_at >= SCAN_MAX
    }
}

pub(super) fn orders(
    engine: &Engine,
    exchanges: Vec<String>,
    query: &OrderQuery,
) -> Paged<OrderRow, OrderCursor> {
    let which = query.which.resolve(engine, &exchanges)?;
    let names = Names::new(exchanges);
    let mut filling = Filling { engine, which, limit: query.limit, looked_at: 0, names };
    let mut rows = Vec::new();
    let mut next = None;
    let is_in_ended = matches!(query.after, Some(OrderCursor::Ended(..)));
    if query.wanted.has_open() && !is_in_ended {
        next = open(&mut filling, query, &mut rows);
    }
    if query.wanted.has_ended() && next.is_none() {
        next = ended(&mut filling, query, &mut rows);
    }
    Ok(Page { rows, names: filling.names, next })
}

fn open(filling: &mut Filling<'_>, query: &OrderQuery, rows: &mut Vec<OrderRow>) -> Option<OrderCursor> {
    let first = match query.after {
        Some(OrderCursor::Open(id)) => id.checked_add(1)?,
        Some(OrderCursor::Ended(..)) | None => 0,
    };
    let mut last = None;
    for order in filling.engine.working_orders_from(ClientOrderId(first)) {
        if filling.is_full(rows.len()) {
            return last.or(query.after);
        }
        last = Some(OrderCursor::Open(order.id.0));
        take(filling, query, order, rows);
    }
    None
}

fn ended(filling: &mut Filling<'_>, query: &OrderQuery, rows: &mut Vec<OrderRow>) -> Option<OrderCursor> {
    let before = match query.after {
        Some(OrderCursor::Ended(seq, id)) => (seq, id),
        Some(OrderCursor::Open(_)) | None => (u64::MAX, u64::MAX),
    };
    let engine = filling.engine;
    let count = u16::try_from(engine.strategies().count()).unwrap_or(u16::MAX);
    let strategies =
        (0..count).map(StrategyId).filter(|id| filling.which.strategy.is_none_or(|s| s == Some(*id)));
    // of one number, those with larger ids come first
    let key = |order: &Order| (order.seq, order.id.0);
    let mut sources: Vec<_> = strategies
        .map(|id| {
            let orders = engine.finished_orders(id, before.0.saturating_add(1));
            orders.filter(move |order| key(order) < before)
        })
        .collect();
    let mut heads = BinaryHeap::new();
    for (index, source) in sources.iter_mut().enumerate() {
        heads.extend(source.next().map(|order| (key(order), Reverse(index), ByKey(order))));
    }
    let mut last = match query.after {
        Some(OrderCursor::Open(_)) | None => OrderCursor::Ended(u64::MAX, u64::MAX),
        Some(after) => after,
    };
    while let Some(((seq, id), Reverse(index), ByKey(order))) = heads.pop() {
        if filling.is_full(rows.len()) {
            return Some(last);
        }
        last = OrderCursor::Ended(seq, id);
        take(filling, query, order, rows);
        let source = sources.get_mut(index).and_then(Iterator::next);
        heads.extend(source.map(|order| (key(order), Reverse(index), ByKey(order))));
    }
    None
}

/// What stands beside a key and has no order of its own.
struct ByKey<T>(T);

impl<T> PartialEq for ByKey<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for ByKey<T> {}

impl<T> PartialOrd for ByKey<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for ByKey<T> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn take(filling: &mut Filling<'_>, query: &OrderQuery, order: &Order, rows: &mut Vec<OrderRow>) {
    filling.looked_at += 1;
    let is_asked = query.wanted.takes(order.status())
        && filling.which.takes(order.strategy, order.request.instrument, order.exchange);
    if is_asked {
        filling.names.note(filling.engine, Some(order.strategy), order.request.instrument);
        rows.push(OrderRow::of(order));
    }
}

/// Executions before the one of a number, the newest first.
pub(super) fn fills(
    engine: &Engine,
    exchanges: Vec<String>,
    which: &Which,
    (before, limit): (u64, usize),
) -> Paged<FillRow, u64> {
    let which = which.resolve(engine, &exchanges)?;
    let mut names = Names::new(exchanges);
    let count = u16::try_from(engine.strategies().count()).unwrap_or(u16::MAX);
    let strategies = (0..count).map(StrategyId).filter(|id| which.strategy.is_none_or(|s| s == Some(*id)));
    let mut sources: Vec<_> = strategies.map(|id| (id, engine.fills(id, before))).collect();
    let mut heads = BinaryHeap::new();
    for (index, (_, source)) in sources.iter_mut().enumerate() {
        heads.extend(source.next().map(|(seq, fill)| (*seq, Reverse(index), ByKey(fill))));
    }
    let (mut rows, mut looked_at, mut last, mut next) = (Vec::new(), 0, before, None);
    while let Some((seq, Reverse(index), ByKey(fill))) = heads.pop() {
        if rows.len() >= limit || looked_at >= SCAN_MAX {
            next = Some(last);
            break;
        }
        (last, looked_at) = (seq, looked_at + 1);
        let Some((strategy, source)) = sources.get_mut(index) else { break };
        let (strategy, instrument) = (*strategy, InstrumentId(fill.instrument));
        if which.takes(strategy, instrument, ExchangeId(fill.exchange)) {
            names.note(engine, Some(strategy), instrument);
            rows.push(FillRow { seq, strategy, fill: *fill });
        }
        heads.extend(source.next().map(|(seq, fill)| (*seq, Reverse(index), ByKey(fill))));
    }
    Ok(Page { rows, names, next })
}
