//! A strategy that holds a long and a short position side by side.

use stratd_plugin_api::{
    Context, Filter, Instrument, InstrumentType, OmsType, OrderFlags, OrderRequest, PositionSide, Quantity,
    Result, Side, Strategy, Trade,
};
use stratd_testkit::{Desk, FillRule, RiskLimits, StrategyState};

/// Opens both sides with its first trade, and closes the short one with its third.
struct Straddler {
    trades: u32,
}

impl Strategy for Straddler {
    type Config = serde_json::Map<String, serde_json::Value>;

    fn new(_: Self::Config) -> Result<Self> {
        Ok(Self { trades: 0 })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        let market = |quantity| OrderRequest::market(trade.instrument, Quantity::new(quantity));
        let account = ctx.accounts(None).into_iter().next().expect("the account of the run");
        assert_eq!(account.oms_type, OmsType::Hedging);
        match self.trades {
            1 => {
                ctx.buy(market(10))?;
                ctx.sell(market(4))?;
            }
            3 => {
                let sides: Vec<_> =
                    ctx.positions(Filter::default()).iter().map(|p| (p.side, p.size.get())).collect();
                assert_eq!(sides, [(PositionSide::Long, 10), (PositionSide::Short, -4)]);
                let short = ctx.positions(Filter { side: Some(Side::Sell), ..Filter::default() });
                let size = short.first().expect("the short position").size;
                ctx.buy(market(-size.get()).flags(OrderFlags::REDUCE_ONLY))?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_strategy_opens_both_sides_and_says_which_it_closes() {
    let mut desk = Desk::hedging(FillRule::NextPrice, RiskLimits::default());
    let x = desk.instrument(Instrument::new("X", InstrumentType::Equity));
    let strategy = desk.strategy::<Straddler>("{}").expect("a configuration");
    desk.start();
    for price in ["100.00", "101.00", "102.00", "103.00"] {
        desk.trade(x, price, "100");
    }
    assert_eq!(desk.state(strategy), StrategyState::Started);
    let position = |side| desk.position_of_side(strategy, x, side);
    let (long, short) = (position(PositionSide::Long), position(PositionSide::Short));
    assert_eq!((long.size.get(), short.size.get()), (10, 0));
    // sold at 101 and bought back at 103
    assert_eq!(
        (long.realized.to_string(), short.realized.to_string()),
        ("0.00000000".into(), "-8.00000000".into())
    );
    desk.end();
}
