//! Buys one and sells one in turn at every so many trades, or does nothing: what `cargo xtask bench engine` runs. It can tell
//! the time by a timer besides, for runs that are to be repeated.
#![forbid(unsafe_code)]

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Context, Money, OrderRequest, Quantity, Result, Side, Strategy, Timer, Trade};

/// How often.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Trades from one order to the next; 0 = it never trades.
    #[serde(default)]
    pub every: u64,
    /// A secret that it has no use for: tests look where it can be seen.
    #[serde(default)]
    pub api_key: String,
    /// Milliseconds from one telling of the time to the next, which is a figure of its own; 0 = it does not.
    #[serde(default)]
    pub tell_ms: u32,
    /// Whether it tells the cash of the accounts of exchanges as figures, when it starts and with the time.
    #[serde(default)]
    pub tell_accounts: bool,
}

/// The strategy.
pub struct Every {
    config: Config,
    trades: u64,
    side: Side,
}

impl Strategy for Every {
    type Config = Config;
    const BATCH_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { config, trades: 0, side: Side::Buy })
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.tell_accounts(ctx);
        if self.config.tell_ms > 0 {
            ctx.periodic(i64::from(self.config.tell_ms) * 1_000_000, 0)?;
        }
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _: &Timer) -> Result<()> {
        let now = ctx.now();
        ctx.metric("now", Money::new(i128::from(now.get())));
        self.tell_accounts(ctx);
        Ok(())
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        if self.trades == self.config.every {
            self.trades = 0;
            ctx.new_order(OrderRequest::market(trade.instrument, Quantity::new(1)).side(self.side))?;
            self.side = if self.side == Side::Buy { Side::Sell } else { Side::Buy };
        }
        Ok(())
    }
}

impl Every {
    fn tell_accounts(&self, ctx: &mut Context<'_>) {
        if !self.config.tell_accounts {
            return;
        }
        for exchange in ctx.exchanges(None) {
            for account in ctx.accounts(Some(exchange.id)) {
                ctx.metric(&format!("cash of {} at {}", account.id, exchange.name), account.cash);
            }
        }
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Every);

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{Instrument, InstrumentType};
    use stratd_testkit::Desk;

    use super::Every;

    #[test]
    fn it_buys_and_sells_in_turn() {
        let mut desk = Desk::new();
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        let strategy = desk.strategy::<Every>(r#"{"every": 2}"#).unwrap();
        let idle = desk.strategy::<Every>("{}").unwrap();
        desk.start();
        for price in ["100", "101", "102", "103", "104"] {
            desk.trade(aapl, price, "1");
        }
        desk.end();
        assert_eq!(desk.fills(strategy), ["buy 1 AAPL @ 102.00", "sell 1 AAPL @ 104.00"]);
        assert!(desk.fills(idle).is_empty());
    }
}
