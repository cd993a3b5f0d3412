//! Quotes both sides of a market and earns the spread: an example of a strategy that keeps state.
//!
//! What to look at:
//! - [`MarketMaker`] holds one `Desk` per instrument; a desk holds one `Working` order per side, or none.
//! - Every request is only a request. A desk remembers what it asked for and waits for the answer (`is_waiting`) before it
//!   asks for more of the same order, so requests never overtake each other.
//! - The position counts fills, not requests; both sides quote only as much as keeps it within `max_position` even if all
//!   of it is filled.
//! - It never crosses itself: the ask is always `spread_ticks` above the bid, and when both move, the one that moves
//!   away from the other goes first. Post-only keeps it from taking.
//! - `save` and `restore` carry position and working orders over to the next version of the plugin.
//! - After a crash the last saved state is older than the books: `on_start` takes position and orders from the host.
#![forbid(unsafe_code)]

mod config;
mod desk;
mod state;

use std::collections::BTreeMap;

use stratd_plugin_api::{
    Context, Error, Exit, Filter, Halt, InstrumentId, OrderEvent, OrderEventKind, Quantity, Quote, Reason,
    Result, Strategy, Trade,
};

pub use config::Config;
use desk::{Desk, Request};

/// Refusals in a row after which it gives up: the same order would be refused again at every quote.
const REFUSALS_MAX: u32 = 10;

/// The strategy.
pub struct MarketMaker {
    config: Config,
    desks: BTreeMap<InstrumentId, Desk>,
    refusals: u32,
    is_halted: bool,
}

impl Strategy for MarketMaker {
    type Config = Config;
    const STATE_VERSION: u32 = 1;
    // market handlers look at the desk only
    const BATCH_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config, desks: BTreeMap::new(), refusals: 0, is_halted: false })
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        // no symbols: everything; a strategy that never subscribes gets everything
        for symbol in self.config.instruments.clone() {
            let instrument = ctx.lookup(&symbol, None)?;
            ctx.subscribe(Some(instrument.id))?;
        }
        self.rejoin(ctx)
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) -> Result<()> {
        // without both sides there is no middle
        if !quote.bid_quantity.is_positive() || !quote.ask_quantity.is_positive() {
            return Ok(());
        }
        let sum =
            quote.bid.checked_add(quote.ask).ok_or_else(|| Error::new("bid plus ask is out of range"))?;
        let desk = self.desk(ctx, quote.instrument)?;
        desk.has_quotes = true;
        self.quote(ctx, quote.instrument, sum.get())
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        // the last price stands for the middle where the market sends no quotes
        if self.desk(ctx, trade.instrument)?.has_quotes {
            return Ok(());
        }
        let sum =
            trade.price.checked_add(trade.price).ok_or_else(|| Error::new("a price is out of range"))?;
        self.quote(ctx, trade.instrument, sum.get())
    }

    fn on_received(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.refusals = 0;
        self.with_desk(order, Desk::answered);
        Ok(())
    }

    fn on_change(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        // the feed tells of everyone's orders; those of others have no id of ours and are in no desk
        self.with_desk(order, Desk::answered);
        Ok(())
    }

    fn on_traded(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        self.with_desk(fill, Desk::filled);
        let instrument = ctx.instrument(fill.instrument)?;
        let position = self.desks.get(&fill.instrument).map_or(0, |desk| desk.position);
        ctx.info(format_args!(
            "{} {} {} @ {}, position {}",
            fill.kind,
            instrument.quantity_text(fill.last_quantity),
            instrument.symbol,
            instrument.price_text(fill.last_price),
            instrument.quantity_text(Quantity::new(position)),
        ));
        Ok(())
    }

    fn on_canceled(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.with_desk(order, Desk::ended);
        Ok(())
    }

    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        if order.kind == OrderEventKind::RequestRejected {
            // the order is as it was; the next quote asks again
            self.with_desk(order, Desk::request_refused);
            return Ok(());
        }
        self.with_desk(order, Desk::ended);
        // post-only and the market moved: nothing is wrong
        if order.reason == Reason::WouldExecute {
            return Ok(());
        }
        self.refusals += 1;
        ctx.warning(format_args!("order {} was refused: {}", order.client_order_id, order.reason));
        if self.refusals >= REFUSALS_MAX {
            ctx.stop(&format!("{REFUSALS_MAX} orders in a row were refused, the last one: {}", order.reason));
        }
        Ok(())
    }

    fn on_halt(&mut self, ctx: &mut Context<'_>, _: &Halt) -> Result<()> {
        self.is_halted = true;
        if self.config.cancel_on_halt { ctx.cancel_all(None) } else { Ok(()) }
    }

    fn on_continue(&mut self, _: &mut Context<'_>, _: &Halt) -> Result<()> {
        self.is_halted = false;
        Ok(())
    }

    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        ctx.cancel_all(None)
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(Some(state::write(&self.desks)))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        if state_version != Self::STATE_VERSION {
            return Err(Error::new(format!("state version {state_version} is not known (expected 1)")));
        }
        self.desks = state::read(state)?;
        Ok(())
    }
}

impl MarketMaker {
    /// The desk of an instrument; the numbers of the configuration are put on its grid the first time.
    fn desk(&mut self, ctx: &mut Context<'_>, id: InstrumentId) -> Result<&mut Desk> {
        let desk = self.desks.entry(id).or_default();
        if desk.limits.is_none() {
            let instrument = ctx.instrument(id)?;
            desk.limits = Some(self.config.limits(&instrument)?);
        }
        Ok(desk)
    }

    /// Goes on where an earlier run ended, however it ended. Fills and ends that came after the last save, and orders that
    /// were sent after it, are in no saved state: the host has compared its books with the exchange, and they count.
    fn rejoin(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let saved: BTreeMap<_, _> = self.desks.iter().map(|(id, desk)| (*id, desk.position)).collect();
        self.desks.values_mut().for_each(Desk::forget_books);
        for position in ctx.positions(Filter::default()) {
            self.desks.entry(position.instrument).or_default().position += position.size.get();
        }
        for order in ctx.orders(Filter::default()) {
            // a side has room for one
            if !self.desks.entry(order.instrument).or_default().take_up(&order) {
                ctx.cancel_order(order.client_order_id)?;
            }
        }
        for (id, desk) in &self.desks {
            let instrument = ctx.instrument(*id)?;
            let text = |position: i64| instrument.quantity_text(Quantity::new(position)).to_string();
            ctx.info(format_args!(
                "goes on with {}: position {} in the saved state, {} in the books",
                instrument.symbol,
                saved.get(id).map_or_else(|| "unknown".to_owned(), |before| text(*before)),
                text(desk.position),
            ));
        }
        Ok(())
    }

    /// Brings the orders of an instrument to where they belong; `sum` is twice the middle.
    fn quote(&mut self, ctx: &mut Context<'_>, id: InstrumentId, sum: i64) -> Result<()> {
        if self.is_halted {
            return Ok(());
        }
        let Some(desk) = self.desks.get_mut(&id) else { return Ok(()) };
        for request in desk.requests(id, sum) {
            match request {
                Request::New(side, request) => {
                    let order = ctx.new_order(request)?;
                    desk.sent(side, order, &request);
                }
                Request::Change(side, order, price, quantity) => {
                    ctx.change_order(order, price, quantity)?;
                    desk.asked_to_change(side, price, quantity);
                }
            }
        }
        Ok(())
    }

    fn with_desk(&mut self, order: &OrderEvent, body: impl FnOnce(&mut Desk, &OrderEvent)) {
        if let Some(desk) = self.desks.get_mut(&order.instrument) {
            body(desk, order);
        }
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(MarketMaker);

#[cfg(test)]
mod tests;
