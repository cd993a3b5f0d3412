//! Asks for every type of order with every flag, lifetime, group and bracket in turn, cancels and changes some, and asks the
//! host for everything that a strategy can ask, told as figures at the end. Its binaries are kept in `tests/golden/abi`: a
//! daemon that reads any record of the interface otherwise than it was built shows in what it trades or tells.
//!
//! One deed a trade, so that what happens follows from the trades alone.
#![forbid(unsafe_code)]

mod deeds;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stratd_plugin_api::{
    Bar, BarSpec, BookUpdate, ClientOrderId, Context, Data, Exit, Fill, Filter, Halt, Level, LogValue, Money,
    OrderEvent, Price, Quantity, Quote, Result, Strategy, Timer, Trade, WallTime, log,
};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// What to do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Quantity of each order.
    #[serde(default = "default_quantity")]
    pub quantity: i64,
}

fn default_quantity() -> i64 {
    10
}

/// What is carried over.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    trades: u64,
    heard: BTreeMap<String, u64>,
}

/// The strategy.
pub struct AllOrders {
    config: Config,
    kept: Kept,
    /// The last order that rests, to be changed and canceled.
    resting: Option<ClientOrderId>,
}

impl AllOrders {
    fn hear(&mut self, what: &str) {
        *self.kept.heard.entry(what.to_owned()).or_default() += 1;
    }
}

impl Strategy for AllOrders {
    type Config = Config;
    const STATE_VERSION: u32 = 1;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { config, kept: Kept::default(), resting: None })
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.periodic(7 * DAY_NS, 1)?;
        ctx.at(WallTime { hour: Some(12), minute: Some(0), second: Some(0) }, 2)?;
        let canceled = ctx.periodic(DAY_NS, 3)?;
        ctx.cancel_timer(canceled)?;
        for instrument in ctx.instruments(None, None)? {
            ctx.subscribe_bars(instrument.id, BarSpec::tick(5))?;
        }
        log!(ctx.logger("orders"), Level::INFO, "starts");
        Ok(())
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.hear("trade");
        self.kept.trades += 1;
        let tick = ctx.instrument(trade.instrument)?.tick.get().max(1);
        let away = |per_mille: i64| {
            let price = trade.price.get() + trade.price.get() / 1_000 * per_mille;
            Price::new(price - price.rem_euclid(tick))
        };
        let desk = deeds::Desk {
            instrument: trade.instrument,
            quantity: Quantity::new(self.config.quantity),
            at: trade.ts,
            away: &away,
        };
        deeds::do_next(ctx, &desk, self.kept.trades, &mut self.resting)
    }

    fn on_quote(&mut self, _: &mut Context<'_>, _: &Quote) -> Result<()> {
        self.hear("quote");
        Ok(())
    }

    fn on_bar(&mut self, _: &mut Context<'_>, bar: &Bar) -> Result<()> {
        self.hear(if bar.series.is_some() { "own bar" } else { "bar" });
        Ok(())
    }

    fn on_book(&mut self, _: &mut Context<'_>, _: &BookUpdate) -> Result<()> {
        self.hear("book");
        Ok(())
    }

    fn on_data(&mut self, ctx: &mut Context<'_>, data: &Data) -> Result<()> {
        let length = ctx.text(data.payload).len();
        self.hear(&format!("data of {length} bytes"));
        Ok(())
    }

    fn on_halt(&mut self, _: &mut Context<'_>, _: &Halt) -> Result<()> {
        self.hear("halt");
        Ok(())
    }

    fn on_order(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.hear(&format!("of the feed: {}", order.kind));
        Ok(())
    }

    fn on_received(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.hear(&format!("received {}", order.raw.order_type));
        Ok(())
    }

    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.hear(&format!("rejected {}: {}", order.raw.order_type, order.reason));
        let fields = [("reason", LogValue::from(order.reason.name())), ("code", LogValue::from(7_i64))];
        ctx.log_fields(Level::INFO, "an order was refused", &fields);
        Ok(())
    }

    fn on_canceled(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.hear(&format!("{} {}: {}", order.status, order.raw.order_type, order.reason));
        Ok(())
    }

    fn on_traded(&mut self, _: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        self.hear(&format!("{} {}", fill.kind, fill.raw.order_type));
        Ok(())
    }

    fn on_timer(&mut self, _: &mut Context<'_>, timer: &Timer) -> Result<()> {
        self.hear(&format!("timer {}", timer.tag));
        Ok(())
    }

    fn slippage(&mut self, fill: &Fill) -> Option<Money> {
        (fill.quantity.get() % 2 == 0).then(|| Money::new(1_000_000))
    }

    fn transaction_cost(&mut self, _: &Fill) -> Option<Money> {
        Some(Money::new(2_000_000))
    }

    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        for (what, count) in &self.kept.heard {
            ctx.metric(what, Money::new(i128::from(*count) * 100_000_000));
        }
        let risk = ctx.risk(None);
        let figures = [
            ("working orders", ctx.orders(Filter::default()).len()),
            ("finished orders", ctx.past_orders(Filter::default()).len()),
            ("fills", ctx.fills(Filter::default()).len()),
            ("positions", ctx.positions(Filter::default()).len()),
            ("accounts", ctx.accounts(None).len()),
            ("exchanges", ctx.exchanges(None).len()),
            ("limits", risk.limits.len()),
        ];
        for (what, count) in figures {
            ctx.metric(what, Money::new(count as i128 * 100_000_000));
        }
        ctx.metric("cash", ctx.portfolio().cash);
        ctx.metric("exposure", risk.exposure);
        for instrument in ctx.instruments(None, None)? {
            let history = ctx.price_history(instrument.id).len();
            let levels = ctx.book(instrument.id).both(10).len();
            ctx.metric(
                &format!("{} prices and levels", instrument.symbol),
                Money::new((history * 1_000 + levels) as i128),
            );
        }
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(Some(serde_json::to_vec(&self.kept)?))
    }

    fn restore(&mut self, _: u32, state: &[u8]) -> Result<()> {
        self.kept = serde_json::from_slice(state)?;
        Ok(())
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(AllOrders);
