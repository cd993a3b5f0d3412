//! Own orders: opening, reports, history.

use std::collections::VecDeque;

use stratd_plugin_api::{
    ClientOrderId, Instrument, LiquiditySide, OmsType, OrderEventKind, OrderRequest, PositionSide, Quantity,
    Reason, Side, Timestamp, abi,
};

use crate::{
    BeforeCancel, NewOrder, Order, OrderIds, OrderState, RiskApproved, Scope, StrategyId,
    open_orders::OpenOrders,
    order_ids::OwnerIds,
    position::PositionId,
    report::{Effect, change, fill_record, is_about},
    working_orders::WorkingOrders,
};

/// At most this many finished orders and executions per strategy stay readable; older ones are forgotten here
/// (the run's results have them all).
const HISTORY_MAX: usize = 10_000;

/// All own orders.
pub(crate) struct Execution {
    ids: OwnerIds,
    working: WorkingOrders,
    strategies: Vec<History>,
    oms_type: OmsType,
    open: OpenOrders,
    /// The memory of an order that is forgotten, for the next one.
    spare: Option<Box<Order>>,
}

/// What a report came to that changed an order. Whoever applies reports keeps the place, because it is large.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) change: OrderChange,
    /// To its strategy.
    pub(crate) event: abi::OrderEvent,
    /// The execution, if the change has one; its costs are not known yet.
    pub(crate) fill: abi::FillRecord,
}

#[derive(Default)]
struct History {
    past_orders: VecDeque<Box<Order>>,
    /// With the sequence numbers of the inputs that told them.
    fills: VecDeque<(u64, abi::FillRecord)>,
}

/// What a report did.
pub(crate) enum Applied {
    /// No order of ours.
    Unknown,
    /// It repeats what is known, or comes too late to matter.
    Ignored,
    /// The order changed, as was told.
    Changed,
}

/// A change of an order.
#[derive(Clone, Copy, Default)]
pub(crate) struct OrderChange {
    pub(crate) strategy: StrategyId,
    /// The position that the order is about.
    pub(crate) position: PositionSide,
    /// Whether it was executed.
    pub(crate) has_fill: bool,
    /// Whether it worked until now, and has ended: it is the last of [`Execution::past`].
    pub(crate) has_finished: bool,
    /// The order had finished before.
    pub(crate) is_late: bool,
    /// More was executed than was ordered: booked, because it happened, and an alarm.
    pub(crate) is_overfilled: bool,
    /// Nobody knew of it, and its cancel may have been lost: now it is there, and the cancel is to be sent again.
    pub(crate) has_turned_up: bool,
}

impl Execution {
    pub(crate) fn new(ids: OrderIds, oms_type: OmsType) -> Self {
        Self {
            ids: OwnerIds::new(ids),
            working: WorkingOrders::default(),
            strategies: Vec::new(),
            oms_type,
            open: OpenOrders::default(),
            spare: None,
        }
    }

    /// Adds the next strategy; `None` if no number is left for its order ids.
    pub(crate) fn add_strategy(&mut self) -> Option<StrategyId> {
        let id = self.ids.add()?;
        self.strategies.push(History::default());
        self.open.add_strategy();
        Some(id)
    }

    /// Whose ids are whose.
    pub(crate) fn ids(&self) -> &OwnerIds {
        &self.ids
    }

    /// The same, to be set.
    pub(crate) fn ids_mut(&mut self) -> &mut OwnerIds {
        &mut self.ids
    }

    /// Takes an order of an earlier run, or one that was found.
    pub(crate) fn restore(&mut self, order: Box<Order>) {
        self.insert(order);
    }

    /// Opens an order that risk approved.
    pub(crate) fn open(&mut self, order: &RiskApproved<NewOrder>, now: Timestamp) {
        let NewOrder { id, strategy, exchange, request } = *order.get();
        let order = Order::new(id, strategy, exchange, request, now);
        let order = match self.spare.take() {
            Some(mut spare) => {
                *spare = order;
                spare
            }
            None => Box::new(order),
        };
        self.insert(order);
    }

    /// Records an order that risk denied; it is finished from the start.
    pub(crate) fn deny(&mut self, mut order: Order, reason: Reason) -> abi::OrderEvent {
        order.state = OrderState::Denied(reason);
        let event = own_event(&order, OrderEventKind::Rejected, order.updated);
        self.remember(Box::new(order));
        event
    }

    pub(crate) fn get(&self, id: ClientOrderId) -> Option<&Order> {
        self.working.get(id)
    }

    /// To change what it counts for as nothing: see [`Execution::amend`].
    pub(crate) fn get_mut(&mut self, id: ClientOrderId) -> Option<&mut Order> {
        self.working.get_mut(id)
    }

    pub(crate) fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.all()
    }

    pub(crate) fn working_of(&self, strategy: StrategyId) -> impl Iterator<Item = &Order> {
        self.working.range(self.ids.range(strategy))
    }

    pub(crate) fn past_of(&self, strategy: StrategyId) -> impl Iterator<Item = &Order> {
        let history = self.strategies.get(strategy.index()).into_iter();
        history.flat_map(|history| &history.past_orders).map(Box::as_ref)
    }

    pub(crate) fn fills_of(&self, strategy: StrategyId) -> impl Iterator<Item = &abi::FillRecord> {
        self.strategies
            .get(strategy.index())
            .into_iter()
            .flat_map(|history| &history.fills)
            .map(|(_, fill)| fill)
    }

    /// The finished orders of a strategy that are remembered, the oldest first.
    pub(crate) fn past(&self, strategy: StrategyId) -> Option<&VecDeque<Box<Order>>> {
        self.strategies.get(strategy.index()).map(|history| &history.past_orders)
    }

    /// The executions of a strategy that are remembered, the oldest first.
    pub(crate) fn fills(&self, strategy: StrategyId) -> Option<&VecDeque<(u64, abi::FillRecord)>> {
        self.strategies.get(strategy.index()).map(|history| &history.fills)
    }

    /// Working orders from an id on, by id.
    pub(crate) fn working_from(&self, id: ClientOrderId) -> impl Iterator<Item = &Order> {
        self.working.range(id..)
    }

    /// The position that an order is about.
    pub(crate) fn position_of(&self, order: &Order) -> PositionId {
        position_of(self.oms_type, order)
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
        let order = self.working.get_mut(id)?;
        order.state = order.state.cancel_sent()?;
        order.updated = now;
        Some(order)
    }

    /// Notes a change that is sent, so that risk counts it before it is answered.
    pub(crate) fn change_sent(&mut self, id: ClientOrderId, request: &OrderRequest) {
        self.amend(id, |order| order.changes.sent(request));
    }

    /// Notes the most that an order by amount can buy, so that risk counts it before it is filled.
    pub(crate) fn expect_quantity(&mut self, id: ClientOrderId, quantity: Quantity) {
        self.amend(id, |order| order.quantity_expected = quantity);
    }

    /// Changes a working order; what it counts for follows, and where it is if it ends.
    pub(crate) fn amend<T>(&mut self, id: ClientOrderId, change: impl FnOnce(&mut Order) -> T) -> Option<T> {
        let mut order = self.working.remove(id)?;
        self.count(&order, -1);
        let changed = change(&mut order);
        self.insert(order);
        Some(changed)
    }

    /// Notes that an order closes a position.
    pub(crate) fn mark_closing(&mut self, id: ClientOrderId) {
        if let Some(order) = self.working.get_mut(id) {
            order.is_closing = true;
        }
    }

    /// Notes that a person asked for an order.
    pub(crate) fn mark_by_hand(&mut self, id: ClientOrderId) {
        if let Some(order) = self.working.get_mut(id) {
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

    /// Applies a report of an exchange on one of our orders, and writes what it changed to `told`. `None` on overflow.
    pub(crate) fn apply(
        &mut self,
        report: (OrderEventKind, &abi::OrderEvent),
        instrument: Option<&Instrument>,
        told: &mut Told,
    ) -> Option<Applied> {
        let id = ClientOrderId(report.1.client_order_id);
        let Some(order) = self.working.get_mut(id) else {
            return self.apply_late(id, report, instrument, told);
        };
        if !is_about(report, order) {
            return Some(Applied::Unknown);
        }
        let position = position_of(self.oms_type, order);
        let counted = (order.strategy, position, order.request.side);
        let before = order.open_quantity().get();
        let was_lost = order.state == OrderState::PendingCancel(BeforeCancel::Unknown);
        let applied = change_of((order, position.side), report, instrument, told)?;
        if order.state.is_final() {
            self.open.add(counted, -1, before.saturating_neg());
            told.change.has_finished = true;
            if let Some(finished) = self.working.remove(id) {
                self.remember(finished);
            }
        } else {
            let added = order.open_quantity().get().saturating_sub(before);
            self.open.add(counted, 0, added);
            told.change.has_turned_up =
                was_lost && order.state == OrderState::PendingCancel(BeforeCancel::Working);
        }
        Some(applied)
    }

    /// A report on an order that is finished: a fill may come late. `None` on overflow.
    fn apply_late(
        &mut self,
        id: ClientOrderId,
        report: (OrderEventKind, &abi::OrderEvent),
        instrument: Option<&Instrument>,
        told: &mut Told,
    ) -> Option<Applied> {
        let Some(mut order) = self.take_past(id) else { return Some(Applied::Unknown) };
        let applied = if is_about(report, &order) {
            let side = self.position_of(&order).side;
            let applied = change_of((&mut order, side), report, instrument, told)?;
            told.change.is_late = true;
            applied
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
    fn take_past(&mut self, id: ClientOrderId) -> Option<Box<Order>> {
        let history = self.strategies.get_mut(self.ids.owner(id)?.index())?;
        let at = history.past_orders.iter().rposition(|order| order.id == id)?;
        history.past_orders.remove(at)
    }

    pub(crate) fn insert(&mut self, order: Box<Order>) {
        if order.state.is_final() {
            self.remember(order);
            return;
        }
        self.count(&order, 1);
        self.working.insert(order);
    }

    fn remember(&mut self, order: Box<Order>) {
        if let Some(history) = self.strategies.get_mut(order.strategy.index()) {
            let past = &mut history.past_orders;
            if past.back().is_none_or(|last| last.seq <= order.seq) {
                self.spare = push_limited(past, order);
                return;
            }
            // one that was only looked at goes back to where it was: look-ups go by the number
            let at = past.partition_point(|known| known.seq <= order.seq);
            past.insert(at, order);
        }
    }

    /// Adds or removes what the order would still add to a position.
    fn count(&mut self, order: &Order, sign: i32) {
        let open = order.open_quantity().get().saturating_mul(i64::from(sign));
        self.open.add((order.strategy, self.position_of(order), order.request.side), sign, open);
    }
}

fn position_of(oms_type: OmsType, order: &Order) -> PositionId {
    let OrderRequest { instrument, side, flags, .. } = order.request;
    PositionId { instrument, side: oms_type.position_side(side, flags) }
}

/// Applies a report to its order, and writes what changed to `told`. `None` on overflow.
fn change_of(
    (order, position): (&mut Order, PositionSide),
    (kind, report): (OrderEventKind, &abi::OrderEvent),
    instrument: Option<&Instrument>,
    told: &mut Told,
) -> Option<Applied> {
    let has_fill = match change(order, (kind, report), instrument)? {
        Effect::Nothing => return Some(Applied::Ignored),
        Effect::Changed => false,
        Effect::Filled => true,
    };
    order.updated = Timestamp::new(report.ts);
    if order.state.is_final() {
        order.seq = report.seq;
    }
    // what the exchange tells of the change, and how the order stands with it
    told.event = *report;
    stand(&mut told.event, order, kind, order.updated);
    if has_fill {
        told.fill = fill_record(order, report);
        let liquidity = LiquiditySide::from_code(told.fill.liquidity);
        told.event.flags |= liquidity.map_or(0, LiquiditySide::event_flag);
    }
    told.change = OrderChange {
        strategy: order.strategy,
        position,
        has_fill,
        is_overfilled: has_fill && order.has_quantity() && order.filled > order.quantity_total(),
        ..OrderChange::default()
    };
    Some(Applied::Changed)
}

/// Adds the last item; the first one, if it had to make room.
fn push_limited<T>(queue: &mut VecDeque<T>, item: T) -> Option<T> {
    let first = if queue.len() >= HISTORY_MAX { queue.pop_front() } else { None };
    queue.push_back(item);
    first
}

/// The event that tells a strategy how its order stands.
pub(crate) fn own_event(order: &Order, kind: OrderEventKind, at: Timestamp) -> abi::OrderEvent {
    let reason = order.state.reason().code();
    let mut event = abi::OrderEvent { reason, ..abi::OrderEvent::default() };
    stand(&mut event, order, kind, at);
    event
}

/// Writes how an order stands; what is told of an execution, the reason and the time of receipt stay.
fn stand(event: &mut abi::OrderEvent, order: &Order, kind: OrderEventKind, at: Timestamp) {
    event.ts = at.get();
    event.client_order_id = order.id.0;
    event.exchange_order_id = order.exchange_order_id;
    event.instrument = order.request.instrument.0;
    event.kind = kind.code();
    event.status = order.status().code();
    event.side = order.request.side.code();
    event.price = order.request.price.unwrap_or_default().get();
    event.quantity = order.request.quantity.get();
    event.cumulative_quantity = order.filled.get();
    event.exchange = order.exchange.0;
    event.order_type = order.request.order_type.code();
    event.flags = order.request.flags.bits();
}
