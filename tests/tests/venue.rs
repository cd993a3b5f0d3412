//! A strategy at the synthetic venue, through the engine and the real plugin: its resting order is filled by a
//! participant, and the feed reaches its handlers in engine order.

mod linked;

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd::config::InstrumentsConfig;
use stratd_plugin_api::{
    Context, Filter, OrderEvent, OrderRequest, OrderStatus, Quantity, Quote, Result, Strategy, Trade,
};

/// What the handlers saw, in order: name, sequence number, own order or not, liquidity.
static SEEN: Mutex<Vec<(&str, u64, bool)>> = Mutex::new(Vec::new());

/// Rests one buy order at the best bid at a time, and takes notes.
struct Rester;

#[derive(Deserialize, JsonSchema)]
struct Config {}

fn note(handler: &'static str, order: &OrderEvent) {
    let own = order.client_order_id.0 != 0;
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).push((handler, order.seq, own));
}

impl Strategy for Rester {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self)
    }

    fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> {
        Ok(())
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) -> Result<()> {
        if ctx.orders(Filter::default()).is_empty() && quote.bid_quantity.is_positive() {
            ctx.buy(OrderRequest::limit(quote.instrument, Quantity::new(5), quote.bid))?;
        }
        Ok(())
    }

    fn on_received(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("received", order);
        Ok(())
    }

    fn on_bought(&mut self, _: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        assert!(fill.cumulative_quantity <= fill.quantity);
        assert!(matches!(fill.status, OrderStatus::Filled | OrderStatus::PartiallyFilled));
        let is_maker = fill.liquidity == Some(stratd_plugin_api::LiquiditySide::Maker);
        note(if is_maker { "bought as maker" } else { "bought as taker" }, fill);
        Ok(())
    }

    fn on_traded(&mut self, _: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        note("traded", fill);
        Ok(())
    }

    fn on_open(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("open", order);
        Ok(())
    }

    fn on_cancel(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("cancel", order);
        Ok(())
    }

    fn on_change(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("change", order);
        Ok(())
    }

    fn on_fill(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("fill", order);
        Ok(())
    }

    fn on_order(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        note("order", order);
        Ok(())
    }
}

fn run() -> stratd::results::Summary {
    let config = serde_json::json!({ "instruments": 1, "steps": 20_000, "feeds": ["trades", "quotes", "book", "orders"] });
    linked::run::<Rester>("exchange_synthetic", &[("venue", config)], InstrumentsConfig::default())
}

#[test]
fn a_resting_order_is_filled_by_a_participant_and_the_feed_is_heard_in_order() {
    let summary = run();
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let count = |name: &str| seen.iter().filter(|(handler, ..)| *handler == name).count();

    assert!(count("bought as maker") > 0, "nobody hit the resting order");
    assert!(seen.is_sorted_by_key(|(_, seq, _)| *seq), "handlers were called out of engine order");
    let first = |name: &str| seen.iter().position(|(handler, ..)| *handler == name);
    assert!(first("received") < first("bought as maker"));
    assert_eq!(count("bought as maker") + count("bought as taker"), count("traded"));
    assert_eq!(summary.fills, count("traded") as u64);

    for handler in ["open", "cancel", "change", "fill"] {
        assert!(count(handler) > 0, "the feed brought no {handler}");
    }
    assert_eq!(count("open") + count("cancel") + count("change") + count("fill"), count("order"));
    // the feed is everybody's: it says of no order that it is ours
    let feed = ["open", "cancel", "change", "fill", "order"];
    assert!(seen.iter().all(|(handler, _, own)| *own != feed.contains(handler)));
}
