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

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{Instrument, InstrumentType};
    use stratd_testkit::{Desk, FillRule, RiskLimits, StrategyState};

    use super::*;

    #[test]
    fn buys_each_instrument_once() {
        let mut desk = Desk::new();
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        let ibm = desk.instrument(Instrument::new("IBM", InstrumentType::Equity));
        let strategy = desk.strategy::<BuyAndHold>(r#"{"quantity": 10}"#).unwrap();
        desk.start();
        for (instrument, price) in [(aapl, "101"), (ibm, "90"), (aapl, "102"), (ibm, "91"), (aapl, "103")] {
            desk.trade(instrument, price, "1");
        }
        assert_eq!(desk.fills(strategy), ["buy 10 AAPL @ 102.00", "buy 10 IBM @ 91.00"]);
        assert_eq!(
            desk.logs(),
            ["20 BuyAndHold: bought 10.00 @ 102.00", "20 BuyAndHold: bought 10.00 @ 91.00"]
        );
        assert_eq!(desk.equity(), "1000010".parse().unwrap());
    }

    #[test]
    fn a_refusal_ends_it() {
        let limits =
            RiskLimits { max_order_quantity: Some(Decimal::from(5).into()), ..RiskLimits::default() };
        let mut desk = Desk::with(FillRule::NextPrice, limits);
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        let strategy = desk.strategy::<BuyAndHold>(r#"{"quantity": 10}"#).unwrap();
        desk.start();
        desk.trade(aapl, "101", "1");
        assert_eq!(desk.finished_orders(strategy), ["denied buy 10 AAPL: max_order_quantity"]);
        assert!(
            matches!(desk.state(strategy), StrategyState::Stopped(why) if why.ends_with("max_order_quantity"))
        );
    }
}
