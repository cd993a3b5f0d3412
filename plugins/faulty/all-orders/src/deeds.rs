//! One deed a trade.

use stratd_plugin_api::{
    Bracket, ClientOrderId, Context, InstrumentId, Lifetime, Money, OrderFlags, OrderRequest, Price,
    Quantity, Result, Side, Timestamp,
};

/// Ten days in nanoseconds.
const SOME_TIME: i64 = 864_000_000_000_000;

/// What an order is made of.
pub(crate) struct Desk<'a> {
    pub(crate) instrument: InstrumentId,
    pub(crate) quantity: Quantity,
    pub(crate) at: Timestamp,
    /// A price so many parts of a thousand away from that of the trade.
    pub(crate) away: &'a dyn Fn(i64) -> Price,
}

/// Does what is next; how many trades there were says what.
pub(crate) fn do_next(
    ctx: &mut Context<'_>,
    desk: &Desk<'_>,
    trades: u64,
    resting: &mut Option<ClientOrderId>,
) -> Result<()> {
    let Desk { instrument, quantity, at, away } = *desk;
    let tag = u32::try_from(trades % 1_000).unwrap_or(0);
    let half = Quantity::new(quantity.get() / 2);
    let request = match trades % 24 {
        1 => OrderRequest::market(instrument, quantity),
        2 => OrderRequest::market_notional(instrument, Money::new(50_000_000_000)),
        3 => OrderRequest::limit(instrument, quantity, away(-5)),
        4 => OrderRequest::stop_market(instrument, quantity, away(4)),
        5 => OrderRequest::stop_limit(instrument, quantity, away(4), away(6)),
        6 => OrderRequest::market_if_touched(instrument, quantity, away(-4)),
        7 => OrderRequest::limit_if_touched(instrument, quantity, away(-4), away(-3)),
        8 => OrderRequest::trailing_stop(
            instrument,
            quantity,
            Price::new((away(0).get() - away(-10).get()).max(1)),
        )
        .side(Side::Sell),
        9 => OrderRequest::limit(instrument, quantity, away(2)).flags(OrderFlags::FILL_OR_KILL),
        10 => OrderRequest::limit(instrument, quantity, away(2)).flags(OrderFlags::ALL_OR_NONE),
        11 => OrderRequest::limit(instrument, quantity, away(2)).flags(OrderFlags::IMMEDIATE_OR_CANCEL),
        12 => OrderRequest::limit(instrument, quantity, away(-2)).flags(OrderFlags::POST_ONLY),
        13 => OrderRequest::market(instrument, half).flags(OrderFlags::REDUCE_ONLY).side(Side::Sell),
        14 => OrderRequest::limit(instrument, quantity, away(20)).lifetime(Lifetime::Day).side(Side::Sell),
        15 => {
            let until = Lifetime::Gtd(Timestamp::new(at.get() + SOME_TIME));
            OrderRequest::limit(instrument, quantity, away(-8)).lifetime(until)
        }
        16 => {
            let entry = OrderRequest::market(instrument, quantity).tag(tag);
            ctx.bracket(&Bracket::buy(entry).take_profit(away(15)).stop_loss(away(-15)))?;
            return Ok(());
        }
        17 => {
            for per_mille in [12, 18] {
                let one = OrderRequest::limit(instrument, half, away(per_mille)).side(Side::Sell);
                ctx.new_order(one.group(tag + 1).tag(tag))?;
            }
            return Ok(());
        }
        18 => OrderRequest::limit(instrument, quantity, away(-30)),
        19 => {
            if let Some(order) = *resting {
                ctx.change_order(order, away(-25), half)?;
            }
            return Ok(());
        }
        20 => {
            if let Some(order) = resting.take() {
                ctx.cancel_order(order)?;
            }
            return Ok(());
        }
        21 => {
            let entry = ctx.new_order(OrderRequest::limit(instrument, quantity, away(-6)).tag(tag))?;
            let way_out = OrderRequest::trailing_stop(instrument, quantity, Price::new(away(10).get() / 100));
            ctx.new_order(way_out.side(Side::Sell).attached_to(entry).tag(tag))?;
            return Ok(());
        }
        22 => return ctx.cancel_all(Some(instrument)),
        23 => return ctx.close_all(Some(instrument)),
        _ => OrderRequest::limit(instrument, Quantity::new(-1), away(0)),
    };
    let order = ctx.new_order(request.tag(tag))?;
    *resting = Some(order);
    Ok(())
}
