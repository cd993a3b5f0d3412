//! What a report of an exchange does to an order.

use stratd_plugin_api::{Instrument, LiquiditySide, OrderEventKind, Price, Quantity, Reason, Side, abi};

use crate::{Order, OrderState};

/// What a report does to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It repeats what is known, or makes no sense any more.
    Nothing,
    /// The order is another one.
    Changed,
    /// It was executed.
    Filled,
}

/// Changes an order by a report. `None` on overflow.
pub(crate) fn change(
    order: &mut Order,
    (kind, report): (OrderEventKind, &abi::OrderEvent),
    instrument: Option<&Instrument>,
) -> Option<Effect> {
    let reason = || Reason::from_code(report.reason).unwrap_or(Reason::Exchange);
    let next = match kind {
        OrderEventKind::Bought | OrderEventKind::Sold => return fill(order, report),
        // the host says so when a connector failed, or did not answer in time
        OrderEventKind::Received if report.status == abi::order_status::UNKNOWN => order.state.lost(),
        OrderEventKind::Received => {
            if report.exchange_order_id != 0 {
                order.exchange_order_id = report.exchange_order_id;
            }
            order.state.received()
        }
        OrderEventKind::Canceled if report.status == abi::order_status::EXPIRED => {
            order.state.ended(OrderState::Expired)
        }
        // the engine canceled it, because its exchange does not know how long it lives, or with its instrument
        OrderEventKind::Canceled if order.has_expired() => order.state.ended(OrderState::Expired),
        OrderEventKind::Canceled => order.state.ended(OrderState::Canceled(reason())),
        // what was executed in part was accepted once: the rest of it is canceled, and late fills are still booked
        OrderEventKind::Rejected if order.filled.is_positive() => {
            order.state.ended(OrderState::Canceled(reason()))
        }
        OrderEventKind::Rejected => order.state.ended(OrderState::Rejected(reason())),
        // a change was refused: a cancel that is on its way besides is another matter
        OrderEventKind::RequestRejected if order.changes.answered() => Some(settled(order)),
        OrderEventKind::RequestRejected => order.state.cancel_refused().or(Some(order.state)),
        // the exchange accepted a change of an own order
        OrderEventKind::Change if order.state.is_final() => None,
        // nobody waits for it, and it would leave nothing to fill: an old report
        OrderEventKind::Change if !order.changes.answered() && report.quantity <= order.filled.get() => None,
        OrderEventKind::Change => {
            order.request.quantity = Quantity::new(report.quantity);
            if instrument.is_some_and(|i| i.is_on_tick(Price::new(report.price)))
                && order.request.price.is_some()
            {
                order.request.price = Some(Price::new(report.price));
            }
            // what was changed is there
            order.state = order.state.received().unwrap_or(order.state);
            Some(settled(order))
        }
        OrderEventKind::Open | OrderEventKind::Cancel | OrderEventKind::Fill => None,
    };
    let Some(state) = next else { return Some(Effect::Nothing) };
    order.state = state;
    Some(Effect::Changed)
}

/// The state after the answer to a change: what was filled meanwhile may be all that is left of the order.
fn settled(order: &Order) -> OrderState {
    let is_complete = order.filled.is_positive() && order.filled >= order.quantity_total();
    if is_complete && !order.state.is_final() { OrderState::Filled } else { order.state }
}

/// Whether a report can be about the order: of its exchange, its instrument and its side, and no fill of an order that
/// was refused.
pub(crate) fn is_about((kind, report): (OrderEventKind, &abi::OrderEvent), order: &Order) -> bool {
    let is_of_exchange = report.exchange == 0 || report.exchange == order.exchange.0;
    let is_of_instrument = report.instrument == 0 || report.instrument == order.request.instrument.0;
    let can_fill = |side: Side| order.request.side == side && order.state.filled(false).is_some();
    let is_of_side = match kind {
        OrderEventKind::Bought => can_fill(Side::Buy),
        OrderEventKind::Sold => can_fill(Side::Sell),
        OrderEventKind::Open
        | OrderEventKind::Cancel
        | OrderEventKind::Change
        | OrderEventKind::Fill
        | OrderEventKind::Received
        | OrderEventKind::Rejected
        | OrderEventKind::Canceled
        | OrderEventKind::RequestRejected => true,
    };
    // one that is held was never sent
    is_of_exchange && is_of_instrument && is_of_side && order.held().is_none()
}

fn fill(order: &mut Order, report: &abi::OrderEvent) -> Option<Effect> {
    let is_repeated = report.trade_id != 0 && order.trade_ids.contains(&report.trade_id);
    let quantity = Quantity::new(report.last_quantity);
    if is_repeated || !quantity.is_positive() {
        return Some(Effect::Nothing);
    }
    if order.request.notional.is_some() && report.quantity > 0 {
        // the exchange turns the amount into a quantity
        order.request.quantity = order.request.quantity.max(Quantity::new(report.quantity));
        order.quantity_expected = Quantity::ZERO;
    }
    let filled = order.filled.checked_add(quantity)?;
    // while a change is on its way only the exchange knows whether this was the last one; so it does of an order by
    // amount whose quantity it never told
    let is_last = report.status == abi::order_status::FILLED && filled >= order.request.quantity;
    let is_complete = is_last || (order.has_quantity() && filled >= order.quantity_total());
    let Some(state) = order.state.filled(is_complete) else { return Some(Effect::Nothing) };
    let value = i128::from(report.last_price).checked_mul(i128::from(report.last_quantity))?;
    order.filled_value = order.filled_value.checked_add(value)?;
    order.filled = filled;
    order.state = state;
    if report.trade_id != 0 {
        order.trade_ids.push(report.trade_id);
    }
    if report.exchange_order_id != 0 {
        order.exchange_order_id = report.exchange_order_id;
    }
    Some(Effect::Filled)
}

/// The execution that a report told, of the order that it changed.
pub(crate) fn fill_record(order: &Order, report: &abi::OrderEvent) -> abi::FillRecord {
    abi::FillRecord {
        ts: report.ts,
        client_order_id: order.id.0,
        exchange_order_id: order.exchange_order_id,
        trade_id: report.trade_id,
        instrument: order.request.instrument.0,
        exchange: order.exchange.0,
        side: order.request.side.code(),
        liquidity: LiquiditySide::from_event_flags(report.flags)
            .map_or(abi::liquidity::UNKNOWN, LiquiditySide::code),
        price: report.last_price,
        quantity: report.last_quantity,
        fee: report.fee,
        slippage: abi::MoneyBits::default(),
        transaction_cost: abi::MoneyBits::default(),
    }
}
