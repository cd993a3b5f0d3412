//! Buys once per instrument and holds: aat's example strategy.
#![forbid(unsafe_code)]

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Context, Decimal, Error, Filter, OrderEvent, OrderRequest, OrderStatus, Result, Strategy, Trade,
};

/// The strategy; it keeps no state, because orders and fills tell all it needs.
pub struct BuyAndHold {
    quantity: Decimal,
}

/// What to buy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How much of each instrument.
    #[serde(default = "one")]
    pub quantity: Decimal,
}

fn one() -> Decimal {
    Decimal::from(1)
}

impl Strategy for BuyAndHold {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        if config.quantity.mantissa() <= 0 {
            return Err(Error::new(format!("quantity is {} (expected more than 0)", config.quantity)));
        }
        Ok(Self { quantity: config.quantity })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        let of_instrument = Filter::instrument(trade.instrument);
        if ctx.orders(of_instrument).is_empty() && ctx.fills(of_instrument).is_empty() {
            let quantity = ctx.instrument(trade.instrument)?.quantity(self.quantity)?;
            ctx.buy(OrderRequest::market(trade.instrument, quantity))?;
        }
        Ok(())
    }

    fn on_bought(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        let instrument = ctx.instrument(fill.instrument)?;
        let volume = instrument.quantity_text(fill.last_quantity);
        let price = instrument.price_text(fill.last_price);
        ctx.info(format_args!("bought {volume:.2} @ {price:.2}"));
        Ok(())
    }

    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        // the same order would be refused again at every trade
        if matches!(order.status, OrderStatus::Denied | OrderStatus::Rejected) {
            ctx.stop(&format!("order {} was refused: {}", order.client_order_id, order.reason));
        }
        Ok(())
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(BuyAndHold);
