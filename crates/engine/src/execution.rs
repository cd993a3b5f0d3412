//! Own orders: opening, reports, history.

use std::collections::{BTreeMap, VecDeque};

use stratd_plugin_api::{
    ClientOrderId, Instrument, LiquiditySide, OmsType, OrderEventKind, OrderRequest, PositionSide, Quantity,
    Reason, Side, Timestamp, abi,
};

use crate::{
    NewOrder, Order, OrderIds, OrderState, RiskApproved, Scope, StrategyId,
    open_orders::OpenOrders,
    position::PositionId,
    report::{change, is_about},
};

/// At most this many finished orders and executions per strategy stay readable; older ones are forgotten here
/// (the run's results have them all).
const HISTORY_MAX: usize = 10_000;

/// All own orders.
pub(crate) struct Execution {
    ids: OrderIds,
    working: BTreeMap<ClientOrderId, Order>,
    strategies: Vec<History>,
    oms_type: OmsType,
    open: OpenOrders,
}

#[derive(Default)]
struct History {
    past_orders: VecDeque<Order>,
    /// With the sequence numbers of the inputs that told them.
    fills: VecDeque<(u64, abi::FillRecord)>,
}

/// What a report did.
#[expect(clippy::large_enum_variant, reason = "the large one is nearly all of them, and lives for one step")]
pub(crate) enum Applied {
    /// No order of ours.
    Unknown,
    /// It repeats what is known, or comes too late to matter.
    Ignored,
    /// The order changed.
    Event(OrderChange),
}

/// A change of an order, to be told to its strategy.
pub(crate) struct OrderChange {
    pub(crate) strategy: StrategyId,
    pub(crate) event: abi::OrderEvent,
    pub(crate) fill: Option<abi::FillRecord>,
    /// The position that the order is about.
    pub(crate) position: PositionSide,
    pub(crate) finished: Option<Order>,
    /// The order had finished before.
    pub(crate) is_late: bool,
    /// More was executed than was ordered: booked, because it happened, and an alarm.
    pub(crate) is_overfilled: bool,
}

impl Execution {
    pub(crate) fn new(ids: OrderIds, oms_type: OmsType) -> Self {
        Self { ids, working: BTreeMap::new(), strategies: Vec::new(), oms_type, open: OpenOrders::default() }
    }

    pub(crate) fn add_strategy(&mut self) {
        self.strategies.push(History::default());
        self.open.add_strategy();
    }

    /// Opens an order that risk approved.
    pub(crate) fn open(&mut self, order: &RiskApproved<NewOrder>, now: Timestamp) {
        let NewOrder { id, strategy, exchange, request } = *order.get();
        self.insert(Order::new(id, strategy, exchange, request, now));
    }

    /// Records an order that risk denied; it is finished from the start.
    pub(crate) fn deny(&mut self, mut order: Order, reason: Reason) -> abi::OrderEvent {
        order.state = OrderState::Denied(reason);
        let event = own_event(&order, OrderEventKind::Rejected, order.updated);
        self.remember(order);
        event
    }

    pub(crate) fn get(&self, id: ClientOrderId) -> Option<&Order> {
        self.working.get(&id)
    }

    pub(crate) fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.values()
    }

    pub(crate) fn working_of(&self, strategy: StrategyId) -> impl Iterator<Item = &Order> {
        self.working.range(self.ids.range(strategy)).map(|(_, order)| order)
    }

    pub(crate) fn past_of(&self, strategy: StrategyId) -> impl Iterator<Item = &Order> {
        self.strategies.get(strategy.index()).into_iter().flat_map(|history| &history.past_orders)
    }

    pub(crate) fn fills_of(&self, strategy: StrategyId) -> impl Iterator<Item = &abi::FillRecord> {
        self.strategies
            .get(strategy.index())
            .into_iter()
            .flat_map(|history| &history.fills)
            .map(|(_, fill)| fill)
    }

    /// The finished orders of a strategy that are remembered, the oldest first.
    pub(crate) fn past(&self, strategy: StrategyId) -> Option<&VecDeque<Order>> {
        self.strategies.get(strategy.index()).map(|history| &history.past_orders)
    }

    /// The executions of a strategy that are remembered, the oldest first.
    pub(crate) fn fills(&self, strategy: StrategyId) -> Option<&VecDeque<(u64, abi::FillRecord)>> {
        self.strategies.get(strategy.index()).map(|history| &history.fills)
    }

    /// Working orders from an id on, by id.
    pub(crate) fn working_from(&self, id: ClientOrderId) -> impl Iterator<Item = &Order> {
        self.working.range(id..).map(|(_, order)| order)
    }

    /// The position that an order is about.
    pub(crate) fn position_of(&self, order: &Order) -> PositionId {
        let OrderRequest { instrument, side, flags, .. } = order.request;
        PositionId { instrument, side: self.oms_type.position_side(side, flags) }
    }

    /// What working orders of a side about a position would still trade.
    pub(crate) fn open_quantity(&self, position: PositionId, side: Side) -> i64 {
        self.open.quantity(position, side)
    }

    /// The positions that working orders are about.
    pub(crate) fn positions(&self) -> impl Iterator<Item = PositionId> {
        self.open.positions()
    }

    /// How many orders of a scope work.
    pub(crate) fn open_orders(&self, scope: Scope) -> u32 {
        match scope {
            Scope::Run => u32::try_from(self.working.len()).unwrap_or(u32::MAX),
            Scope::Strategy(id) => self.open.of_strategy(id),
            Scope::Instrument(id) => self.open.of_instrument(id),
        }
    }

    /// As [`Execution::open_quantity`] of one strategy; costs time in proportion to its working orders.
    pub(crate) fn own_open_quantity(&self, strategy: StrategyId, position: PositionId, side: Side) -> i64 {
        let orders = self.working_of(strategy);
        let same = orders.filter(|order| order.request.side == side && self.position_of(order) == position);
        same.fold(0, |sum: i64, order| sum.saturating_add(order.open_quantity().get()))
    }

    /// Marks an order as being canceled; `None` if there is nothing to cancel.
    pub(crate) fn cancel_sent(&mut self, id: ClientOrderId, now: Timestamp) -> Option<&Order> {
        let order = self.working.get_mut(&id)?;
        order.state = order.state.cancel_sent()?;
        order.updated = now;
        Some(order)
    }

    /// Notes a change that is sent, so that risk counts it before it is answered.
    pub(crate) fn change_sent(&mut self, id: ClientOrderId, request: &OrderRequest) {
        if let Some(mut order) = self.working.remove(&id) {
            self.count(&order, -1);
            order.changes.sent(request);
            self.insert(order);
        }
    }

    /// Notes the most that an order by amount can buy, so that risk counts it before it is filled.
    pub(crate) fn expect_quantity(&mut self, id: ClientOrderId, quantity: Quantity) {
        if let Some(mut order) = self.working.remove(&id) {
            self.count(&order, -1);
            order.quantity_expected = quantity;
            self.insert(order);
        }
    }

    /// Notes that an order closes a position.
    pub(crate) fn mark_closing(&mut self, id: ClientOrderId) {
        if let Some(order) = self.working.get_mut(&id) {
            order.is_closing = true;
        }
    }

    /// Notes that a person asked for an order.
    pub(crate) fn mark_by_hand(&mut self, id: ClientOrderId) {
        if let Some(order) = self.working.get_mut(&id) {
            order.is_by_hand = true;
            return;
        }
        // it was denied
        let history = self.ids.owner(id).and_then(|owner| self.strategies.get_mut(owner.index()));
        let past = history.and_then(|history| history.past_orders.iter_mut().rfind(|order| order.id == id));
        if let Some(order) = past {
            order.is_by_hand = true;
        }
    }

    /// Applies a report of an exchange on one of our orders. `None` on overflow.
    pub(crate) fn apply(
        &mut self,
        report: &abi::OrderEvent,
        instrument: Option<&Instrument>,
    ) -> Option<Applied> {
        let id = ClientOrderId(report.client_order_id);
        let Some(order) = self.working.get(&id) else { return self.apply_late(id, report, instrument) };
        if !is_about(report, order) {
            return Some(Applied::Unknown);
        }
        let position = self.position_of(order);
        let order = self.working.get_mut(&id)?;
        let counted = (order.strategy, position, order.request.side);
        let before = order.open_quantity().get();
        let changed = change_of((order, position.side), report, instrument)?;
        if !order.state.is_final() {
            let added = order.open_quantity().get().saturating_sub(before);
            self.open.add(counted, 0, added);
            return Some(changed.map_or(Applied::Ignored, Applied::Event));
        }
        self.open.add(counted, -1, before.saturating_neg());
        let finished = self.working.remove(&id)?;
        let changed = changed.map(|change| OrderChange { finished: Some(finished.clone()), ..change });
        self.remember(finished);
        Some(changed.map_or(Applied::Ignored, Applied::Event))
    }

    /// A report on an order that is finished: a fill may come late. `None` on overflow.
    fn apply_late(
        &mut self,
        id: ClientOrderId,
        report: &abi::OrderEvent,
        instrument: Option<&Instrument>,
    ) -> Option<Applied> {
        let Some(mut order) = self.take_past(id) else { return Some(Applied::Unknown) };
        let applied = if is_about(report, &order) {
            let side = self.position_of(&order).side;
            let changed = change_of((&mut order, side), report, instrument)?;
            let changed = changed.map(|change| OrderChange { is_late: true, ..change });
            changed.map_or(Applied::Ignored, Applied::Event)
        } else {
            Applied::Unknown
        };
        self.insert(order);
        Some(applied)
    }

    /// Keeps an execution for queries, once its costs are known.
    pub(crate) fn remember_fill(&mut self, strategy: StrategyId, fill: (u64, abi::FillRecord)) {
        if let Some(history) = self.strategies.get_mut(strategy.index()) {
            push_limited(&mut history.fills, fill);
        }
    }

    /// Takes a finished order out to change it.
    fn take_past(&mut self, id: ClientOrderId) -> Option<Order> {
        let history = self.strategies.get_mut(self.ids.owner(id)?.index())?;
        let at = history.past_orders.iter().rposition(|order| order.id == id)?;
        history.past_orders.remove(at)
    }

    fn insert(&mut self, order: Order) {
        if order.state.is_final() {
            self.remember(order);
            return;
        }
        self.count(&order, 1);
        self.working.insert(order.id, order);
    }

    fn remember(&mut self, order: Order) {
        if let Some(history) = self.strategies.get_mut(order.strategy.index()) {
            let past = &mut history.past_orders;
            // one that was only looked at goes back to where it was: look-ups go by the number
            let at = past.partition_point(|known| known.seq <= order.seq);
            if at == past.len() {
                push_limited(past, order);
            } else {
                past.insert(at, order);
            }
        }
    }

    /// Adds or removes what the order would still add to a position.
    fn count(&mut self, order: &Order, sign: i32) {
        let open = order.open_quantity().get().saturating_mul(i64::from(sign));
        self.open.add((order.strategy, self.position_of(order), order.request.side), sign, open);
    }
}

/// Applies a report to its order. Inside: what changed, if anything did. `None` outside on overflow.
#[expect(clippy::option_option, reason = "overflow and no change are two different things")]
fn change_of(
    (order, position): (&mut Order, PositionSide),
    report: &abi::OrderEvent,
    instrument: Option<&Instrument>,
) -> Option<Option<OrderChange>> {
    let Some(fill) = change(order, report, instrument)? else { return Some(None) };
    order.updated = Timestamp::new(report.ts);
    if order.state.is_final() {
        order.seq = report.seq;
    }
    let kind = OrderEventKind::from_code(report.kind)?;
    let liquidity = fill.as_ref().and_then(|fill| LiquiditySide::from_code(fill.liquidity));
    let event = abi::OrderEvent {
        last_price: report.last_price,
        last_quantity: report.last_quantity,
        fee: report.fee,
        trade_id: report.trade_id,
        reason: report.reason,
        ts_recv: report.ts_recv,
        correlation: report.correlation,
        flags: order.request.flags.bits() | liquidity.map_or(0, LiquiditySide::event_flag),
        ..own_event(order, kind, order.updated)
    };
    let is_overfilled = fill.is_some() && order.has_quantity() && order.filled > order.quantity_total();
    let strategy = order.strategy;
    Some(Some(OrderChange { strategy, event, fill, position, finished: None, is_late: false, is_overfilled }))
}

fn push_limited<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= HISTORY_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// The event that tells a strategy how its order stands.
pub(crate) fn own_event(order: &Order, kind: OrderEventKind, at: Timestamp) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: at.get(),
        client_order_id: order.id.0,
        exchange_order_id: order.exchange_order_id,
        instrument: order.request.instrument.0,
        kind: kind.code(),
        status: order.status().code(),
        side: order.request.side.code(),
        price: order.request.price.unwrap_or_default().get(),
        quantity: order.request.quantity.get(),
        cumulative_quantity: order.filled.get(),
        reason: order.state.reason().code(),
        exchange: order.exchange.0,
        order_type: order.request.order_type.code(),
        flags: order.request.flags.bits(),
        ..abi::OrderEvent::default()
    }
}
