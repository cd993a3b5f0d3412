//! Trades with the heavier side of the book, where the trend agrees.
//!
//! At the end of each bar it compares the quantity of the best bids with that of the best offers. It wants to be long where
//! bids have at least `imbalance` percent of both and the bar closed above the average of the last `trend` closes, short
//! where it is the other way round, and otherwise leaves its position as it is. A book that is not live says nothing.
//!
//! Its bars are made of trades by the host: `bars` in its `[[strategy]]` table, or else those of `seconds`, which it
//! subscribes to. With `warm_up` the average is there from the first bar on.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, VecDeque};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Bar, BarSpec, BookLevel, Context, Decimal, Error, Filter, InstrumentId, Money, OrderRequest, Price,
    Quantity, Result, Side, Strategy, Trade,
};

/// The strategy with the closes of each instrument.
pub struct Imbalance {
    config: Config,
    closes: BTreeMap<InstrumentId, VecDeque<Price>>,
    /// Bars of history, and bars of the run.
    bars: [i64; 2],
}

/// What counts, and how much is traded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Length of its bars in seconds, a divisor of a day; 0 = it has those of the run's configuration.
    #[serde(default = "sixty")]
    #[schemars(range(min = 0, max = 86_400))]
    pub seconds: u32,
    /// Levels of each side of the book that are compared.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 1_000))]
    pub depth: u32,
    /// The part of both sides, in percent, from which on one is heavier.
    #[serde(default = "sixty")]
    #[schemars(range(min = 51, max = 100))]
    pub imbalance: u32,
    /// Closes in the average.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 100_000))]
    pub trend: u32,
    /// Size of the position, long or short.
    #[serde(default = "one")]
    pub quantity: Decimal,
}

fn sixty() -> u32 {
    60
}
fn five() -> u32 {
    5
}
fn one() -> Decimal {
    Decimal::from(1)
}

impl Strategy for Imbalance {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        if config.quantity.mantissa() <= 0 {
            return Err(Error::new(format!("quantity is {} (expected more than 0)", config.quantity)));
        }
        Ok(Self { config, closes: BTreeMap::new(), bars: [0; 2] })
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.config.seconds > 0 {
            for instrument in ctx.instruments(None, None)? {
                ctx.subscribe_bars(instrument.id, BarSpec::seconds(self.config.seconds.into()))?;
            }
        }
        Ok(())
    }

    fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> {
        Ok(())
    }

    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) -> Result<()> {
        // the exchange's own bars are not asked for
        if bar.series.is_none() {
            return Ok(());
        }
        self.bars[usize::from(!ctx.is_warming_up())] += 1;
        let average = self.average(bar);
        if ctx.is_warming_up() {
            return Ok(());
        }
        ctx.metric("bars_of_history", Money::new(i128::from(self.bars[0]) * 100_000_000));
        ctx.metric("bars", Money::new(i128::from(self.bars[1]) * 100_000_000));
        let Some(average) = average else { return Ok(()) };
        let Some(side) = self.heavier_side(ctx, bar.instrument) else { return Ok(()) };
        let agrees = if side == Side::Buy { bar.close > average } else { bar.close < average };
        if agrees { self.hold(ctx, bar.instrument, side) } else { Ok(()) }
    }
}

impl Imbalance {
    /// Takes the close of a bar; the average of so many that are asked for, once they are there.
    fn average(&mut self, bar: &Bar) -> Option<Price> {
        let length = self.config.trend as usize;
        let closes = self.closes.entry(bar.instrument).or_default();
        closes.push_back(bar.close);
        if closes.len() > length {
            closes.pop_front();
        }
        let sum: i128 = closes.iter().map(|price| i128::from(price.get())).sum();
        let average = sum.div_euclid(i128::try_from(length).ok()?);
        (closes.len() == length).then(|| i64::try_from(average).ok().map(Price::new)).flatten()
    }

    /// The side of the book that has so much of both as is asked for.
    fn heavier_side(&self, ctx: &Context<'_>, instrument: InstrumentId) -> Option<Side> {
        let book = ctx.book(instrument);
        if !book.is_live() {
            return None;
        }
        let depth = self.config.depth as usize;
        let sum = |levels: Vec<BookLevel>| -> i128 {
            levels.iter().map(|level| i128::from(level.quantity.get())).sum()
        };
        let (bids, asks) = (sum(book.bids(depth)), sum(book.asks(depth)));
        let enough = (bids + asks) * i128::from(self.config.imbalance);
        if bids + asks == 0 {
            None
        } else if bids * 100 >= enough {
            Some(Side::Buy)
        } else if asks * 100 >= enough {
            Some(Side::Sell)
        } else {
            None
        }
    }

    /// Brings the position to the size of that side; waits while an order is on its way.
    fn hold(&self, ctx: &mut Context<'_>, instrument: InstrumentId, side: Side) -> Result<()> {
        let of_instrument = Filter::instrument(instrument);
        if !ctx.orders(of_instrument).is_empty() {
            return Ok(());
        }
        let size = ctx.positions(of_instrument).first().map_or(Quantity::ZERO, |position| position.size);
        let full = ctx.instrument(instrument)?.quantity(self.config.quantity)?.get();
        let wanted = if side == Side::Buy { full } else { -full };
        let change = wanted - size.get();
        if change.signum() == wanted.signum() {
            ctx.new_order(OrderRequest::market(instrument, Quantity::new(change.abs())).side(side))?;
        }
        Ok(())
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Imbalance);

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{BookUpdate, Instrument, InstrumentType};
    use stratd_testkit::Desk;

    use super::*;

    fn level(instrument: InstrumentId, side: Side, price: i64, quantity: i64) -> BookUpdate {
        BookUpdate {
            instrument,
            side: Some(side),
            price: Price::new(price),
            quantity: Quantity::new(quantity),
            ..BookUpdate::default()
        }
    }

    /// Bars of ten seconds that close at these prices, after a book of so many bids and offers.
    fn fills(bids: i64, asks: i64, is_gap: bool, closes: &[&str]) -> Vec<String> {
        let mut desk = Desk::new();
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        let config = r#"{"seconds": 10, "trend": 2, "imbalance": 60}"#;
        let strategy = desk.strategy::<Imbalance>(config).unwrap();
        desk.at("2024-01-02T00:00:00Z");
        desk.start();
        desk.market(&(&level(aapl, Side::Buy, 9_900, bids)).into());
        desk.market(&(&level(aapl, Side::Sell, 10_100, asks)).into());
        if is_gap {
            desk.market(&(&BookUpdate { is_gap: true, ..level(aapl, Side::Buy, 9_900, 1) }).into());
        }
        for (minute, close) in closes.iter().enumerate() {
            desk.at(&format!("2024-01-02T00:{:02}:05Z", minute + 1));
            desk.trade(aapl, close, "1");
        }
        desk.at("2024-01-02T01:00:00Z");
        desk.trade(aapl, "100.00", "100");
        desk.end();
        desk.fills(strategy)
    }

    #[test]
    fn it_goes_with_the_heavier_side_if_the_trend_agrees() {
        assert_eq!(fills(60, 40, false, &["100", "101", "102"]), ["buy 1 AAPL @ 102.00"]);
        assert_eq!(fills(40, 60, false, &["102", "101", "100"]), ["sell 1 AAPL @ 100.00"]);
        // neither side is heavy enough, or the trend is against it
        assert!(fills(59, 41, false, &["100", "101", "102"]).is_empty());
        assert!(fills(60, 40, false, &["102", "101", "100"]).is_empty());
    }

    #[test]
    fn a_stale_book_says_nothing() {
        assert!(fills(60, 40, true, &["100", "101", "102"]).is_empty());
    }
}
