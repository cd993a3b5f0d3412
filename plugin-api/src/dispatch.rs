//! From a raw record to the handler, in one place for the table and for linked strategies.

use crate::{
    Bar, BookUpdate, Context, Data, EventKind, Exit, Fault, Halt, HandlerError, OrderEvent, OrderEventKind,
    Quote, Result, Strategy, StrategyHost, Timer, Trade, abi, context::InstrumentCache,
    guard::mark_host_thread,
};

/// Calls the handlers of `events` in order; returns how many were consumed. `begin` takes up each but the first.
/// Stops after an event whose handler made a request: the host carries it out before it delivers the rest.
pub(crate) fn events<S: Strategy>(
    strategy: &mut S,
    host: &mut dyn StrategyHost,
    cache: &mut InstrumentCache,
    events: &[abi::Event],
    mut begin: impl FnMut(&mut dyn StrategyHost, usize, &abi::Event),
) -> Result<usize, Fault> {
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            begin(host, index, event);
        }
        let mut ctx = Context::of_event(host, cache, index);
        ctx.set_warming_up(event.flags & abi::event_flag::HISTORY != 0);
        event_handler(strategy, &mut ctx, event)
            .map_err(|error| Fault { index, ..Fault::error(error.to_string()) })?;
        if ctx.has_requested() {
            return Ok(index + 1);
        }
    }
    Ok(events.len())
}

fn event_handler<S: Strategy>(strategy: &mut S, ctx: &mut Context<'_>, event: &abi::Event) -> Result<()> {
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade) => strategy.on_trade(ctx, &Trade::from(event)),
        Some(EventKind::Quote) => strategy.on_quote(ctx, &Quote::from(event)),
        Some(EventKind::Bar) => strategy.on_bar(ctx, &Bar::from(event)),
        Some(EventKind::BookUpdate) => strategy.on_book(ctx, &BookUpdate::from(event)),
        Some(EventKind::Data) => strategy.on_data(ctx, &Data::from(event)),
        Some(EventKind::Timer) => strategy.on_timer(ctx, &Timer::from(event)),
        Some(EventKind::Halt) => strategy.on_halt(ctx, &Halt::from(event)),
        Some(EventKind::Continue) => strategy.on_continue(ctx, &Halt::from(event)),
        Some(EventKind::Error) => strategy.on_error(ctx, &HandlerError::from(event)),
        Some(EventKind::Start) => {
            mark_host_thread();
            strategy.on_start(ctx)
        }
        Some(EventKind::Exit) => {
            mark_host_thread();
            strategy.on_exit(ctx, &Exit::from(event))
        }
        // a kind of a newer host: nothing this plugin could know of
        None => Ok(()),
    }
}

/// As [`events`], for order events.
pub(crate) fn orders<S: Strategy>(
    strategy: &mut S,
    host: &mut dyn StrategyHost,
    cache: &mut InstrumentCache,
    events: &[abi::OrderEvent],
) -> Result<usize, Fault> {
    for (index, event) in events.iter().enumerate() {
        let mut ctx = Context::of_event(host, cache, index);
        order_handler(strategy, &mut ctx, event)
            .map_err(|error| Fault { index, ..Fault::error(error.to_string()) })?;
        if ctx.has_requested() {
            return Ok(index + 1);
        }
    }
    Ok(events.len())
}

fn order_handler<S: Strategy>(
    strategy: &mut S,
    ctx: &mut Context<'_>,
    event: &abi::OrderEvent,
) -> Result<()> {
    // a kind or status of a newer host: nothing this plugin could know of
    let Some(order) = OrderEvent::from_raw(event) else { return Ok(()) };
    match order.kind {
        OrderEventKind::Open => strategy.on_open(ctx, &order).and_then(|()| strategy.on_order(ctx, &order)),
        OrderEventKind::Cancel => {
            strategy.on_cancel(ctx, &order).and_then(|()| strategy.on_order(ctx, &order))
        }
        OrderEventKind::Change => {
            strategy.on_change(ctx, &order).and_then(|()| strategy.on_order(ctx, &order))
        }
        OrderEventKind::Fill => strategy.on_fill(ctx, &order).and_then(|()| strategy.on_order(ctx, &order)),
        OrderEventKind::Received => strategy.on_received(ctx, &order),
        OrderEventKind::Rejected | OrderEventKind::RequestRejected => strategy.on_rejected(ctx, &order),
        OrderEventKind::Canceled => strategy.on_canceled(ctx, &order),
        OrderEventKind::Bought => {
            strategy.on_bought(ctx, &order).and_then(|()| strategy.on_traded(ctx, &order))
        }
        OrderEventKind::Sold => strategy.on_sold(ctx, &order).and_then(|()| strategy.on_traded(ctx, &order)),
    }
}
