//! Follows the crossing of two exponential moving averages of the trade price.
//!
//! The averages are floats, `alpha = 2 / (n + 1)`, seeded with the first price. The first sign of `fast > slow` is
//! the baseline; every change of it gives one market order. With `reverse` the position is turned around, otherwise
//! each crossing buys or sells `quantity`.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Context, Decimal, Error, InstrumentId, OrderEvent, OrderRequest, Quantity, Result, Side, Strategy, Trade,
};

/// The strategy with one pair of averages per instrument.
pub struct EmaCross {
    config: Config,
    instruments: BTreeMap<InstrumentId, Averages>,
}

/// Lengths and size.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Trades in the fast average.
    #[serde(default = "fast")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub fast: u32,
    /// Trades in the slow average; more than `fast`.
    #[serde(default = "slow")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub slow: u32,
    /// Size of the position, or of each order without `reverse`.
    #[serde(default = "one")]
    pub quantity: Decimal,
    /// Long above, short below: the first crossing opens, every later one turns the position around.
    /// Without it, each crossing buys or sells `quantity`.
    #[serde(default)]
    pub reverse: bool,
}

fn fast() -> u32 {
    10
}
fn slow() -> u32 {
    20
}
fn one() -> Decimal {
    Decimal::from(1)
}

/// The averages of one instrument.
struct Averages {
    fast: f64,
    slow: f64,
    is_above: Option<bool>,
    quantity: Quantity,
    /// Signed position, as fills tell.
    position: i64,
    /// Signed quantity of the orders that are not answered.
    ordered: i64,
}

impl Strategy for EmaCross {
    type Config = Config;
    const BATCH_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        if config.slow <= config.fast {
            return Err(Error::new(format!(
                "slow is {} (expected more than fast, {})",
                config.slow, config.fast
            )));
        }
        if config.quantity.mantissa() <= 0 {
            return Err(Error::new(format!("quantity is {} (expected more than 0)", config.quantity)));
        }
        Ok(Self { config, instruments: BTreeMap::new() })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        #[expect(clippy::cast_precision_loss, reason = "a signal, not money")]
        let price = trade.price.get() as f64;
        let Some(averages) = self.instruments.get_mut(&trade.instrument) else {
            let quantity = ctx.instrument(trade.instrument)?.quantity(self.config.quantity)?;
            let first =
                Averages { fast: price, slow: price, is_above: None, quantity, position: 0, ordered: 0 };
            self.instruments.insert(trade.instrument, first);
            return Ok(());
        };
        let Some(side) = averages.update(price, &self.config) else { return Ok(()) };
        let Some(size) = averages.order(side, self.config.reverse) else { return Ok(()) };
        ctx.new_order(OrderRequest::market(trade.instrument, size).side(side))?;
        Ok(())
    }

    fn on_traded(&mut self, _: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        if let Some(averages) = self.instruments.get_mut(&fill.instrument) {
            let signed = signed(fill.side, fill.last_quantity);
            averages.position += signed;
            averages.ordered -= signed;
        }
        Ok(())
    }

    fn on_canceled(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.forget(order);
        Ok(())
    }

    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.forget(order);
        ctx.warning(format_args!("order {} was refused: {}", order.client_order_id, order.reason));
        Ok(())
    }
}

impl EmaCross {
    /// The rest of an order will not come.
    fn forget(&mut self, order: &OrderEvent) {
        if let Some(averages) = self.instruments.get_mut(&order.instrument) {
            averages.ordered -= signed(order.side, order.remaining());
        }
    }
}

fn signed(side: Option<Side>, quantity: Quantity) -> i64 {
    if side == Some(Side::Sell) { -quantity.get() } else { quantity.get() }
}

impl Averages {
    /// The size of the order at a crossing, which counts as ordered from now on; `None` if there is nothing to do.
    fn order(&mut self, side: Side, is_reverse: bool) -> Option<Quantity> {
        let target = signed(Some(side), self.quantity);
        let change = if is_reverse { target - self.position - self.ordered } else { target };
        // after a refused order the position may be there already
        let size =
            Quantity::new(change).checked_abs().filter(|_| (change > 0) == (target > 0) && change != 0)?;
        self.ordered += change;
        Some(size)
    }

    /// Takes a price; the side to trade if the averages crossed.
    fn update(&mut self, price: f64, config: &Config) -> Option<Side> {
        self.fast += (price - self.fast) * 2.0 / f64::from(config.fast + 1);
        self.slow += (price - self.slow) * 2.0 / f64::from(config.slow + 1);
        let is_above = self.fast > self.slow;
        let was_above = self.is_above.replace(is_above)?;
        if was_above == is_above {
            return None;
        }
        Some(if is_above { Side::Buy } else { Side::Sell })
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(EmaCross);

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{Instrument, InstrumentType};
    use stratd_testkit::{Desk, StrategyId};

    use super::*;

    fn run(config: &str, prices: &[&str]) -> (Desk, StrategyId) {
        let mut desk = Desk::new();
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        let strategy = desk.strategy::<EmaCross>(config).unwrap();
        desk.start();
        for price in prices {
            desk.trade(aapl, price, "1");
        }
        desk.end();
        (desk, strategy)
    }

    const UP_DOWN_UP: [&str; 8] = ["100", "99", "98", "104", "105", "90", "89", "110"];

    #[test]
    fn the_first_sign_is_only_the_baseline() {
        let (desk, strategy) = run(r#"{"fast": 1, "slow": 2}"#, &["100", "101", "102", "103"]);
        assert!(desk.fills(strategy).is_empty());
    }

    #[test]
    fn each_crossing_trades_at_the_next_price() {
        let (desk, strategy) = run(r#"{"fast": 1, "slow": 2, "quantity": 3}"#, &UP_DOWN_UP);
        assert_eq!(desk.fills(strategy), ["buy 3 AAPL @ 105.00", "sell 3 AAPL @ 89.00"]);
        // the last crossing found no next price
        assert_eq!(desk.finished_orders(strategy).last().unwrap(), "canceled buy 3 AAPL: data_ended");
    }

    #[test]
    fn reverse_turns_the_position_around() {
        let (desk, strategy) = run(r#"{"fast": 1, "slow": 2, "quantity": 3, "reverse": true}"#, &UP_DOWN_UP);
        assert_eq!(desk.fills(strategy), ["buy 3 AAPL @ 105.00", "sell 6 AAPL @ 89.00"]);
    }

    #[test]
    fn unusable_lengths_are_refused() {
        let mut desk = Desk::new();
        let refused = desk.strategy::<EmaCross>(r#"{"fast": 20, "slow": 10}"#).unwrap_err();
        assert_eq!(refused.message, "slow is 10 (expected more than fast, 20)");
    }

    #[test]
    fn a_file_of_prices_is_traded_as_by_hand() {
        let mut desk = Desk::new();
        let options = stratd_testkit::RowOptions { price_decimals: 4, ..Default::default() };
        let prices = desk.csv_as("../../configs/data/equities-daily.csv", &options).first(600);
        let strategy = desk.strategy::<EmaCross>(r#"{"reverse": true, "quantity": 10}"#).unwrap();
        desk.start();
        desk.replay(&prices);
        // computed from the closes and opens of the file, apart from this program
        assert_eq!(
            desk.fills(strategy),
            [
                "buy 10 AAPL @ 142.0000",
                "sell 10 MSFT @ 87.8700",
                "sell 20 AAPL @ 123.5000",
                "sell 10 IBM @ 103.8700",
                "buy 20 IBM @ 112.2500",
                "buy 20 MSFT @ 70.8100",
                "sell 20 IBM @ 108.7500",
            ]
        );
    }
}
