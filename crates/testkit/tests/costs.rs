//! Fees, slippage and transaction costs: by the configured models, by a strategy's own hooks, and in the books.

use stratd_plugin_api::{
    Context, Fill, Instrument, InstrumentType, Money, OrderEvent, OrderRequest, Quantity, Result, Strategy,
    Trade,
};
use stratd_testkit::{
    CostModel, CostModels, Desk, Fees, FillModel, FillRule, RiskLimits, StrategyId, StrategyState,
};

/// Buys 10 with its first trade and sells 4 with its third; its hooks do what the configuration says.
struct Trader {
    /// `none`, `own` or `panic`.
    hooks: String,
    trades: u32,
}

impl Strategy for Trader {
    type Config = serde_json::Map<String, serde_json::Value>;

    fn new(config: Self::Config) -> Result<Self> {
        Ok(Self { hooks: config["hooks"].as_str().expect("a text").to_owned(), trades: 0 })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        match self.trades {
            1 => ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(10)))?,
            3 => ctx.sell(OrderRequest::limit(trade.instrument, Quantity::new(4), trade.price))?,
            _ => return Ok(()),
        };
        Ok(())
    }

    fn on_traded(&mut self, ctx: &mut Context<'_>, event: &OrderEvent) -> Result<()> {
        let fills = ctx.fills(stratd_plugin_api::Filter::default());
        let fill = fills.last().expect("the fill of this event");
        assert_eq!(fill.liquidity, event.liquidity);
        ctx.info(format_args!("{:.2} {:.2} {:.2}", fill.fee, fill.slippage, fill.transaction_cost));
        Ok(())
    }

    fn slippage(&mut self, fill: &Fill) -> Option<Money> {
        match self.hooks.as_str() {
            "none" => None,
            "own" => Some(Money::new(i128::from(fill.quantity.get()) * 1_000_000)),
            _ => panic!("no model"),
        }
    }

    fn transaction_cost(&mut self, fill: &Fill) -> Option<Money> {
        // it knows the slippage already, and has no opinion on what it sells
        let is_own = self.hooks == "own" && fill.slippage == Money::new(10_000_000);
        is_own.then(|| "2".parse().expect("an amount"))
    }
}

fn run(hooks: &str) -> (Desk, StrategyId) {
    let fees = Fees {
        maker: "-0.001".parse().expect("a number"),
        taker: "0.002".parse().expect("a number"),
        ..Fees::default()
    };
    let costs = CostModels {
        slippage: CostModel::Percentage("0.01".parse().expect("a number")),
        transaction_cost: CostModel::Fixed("1".parse().expect("a number")),
    };
    let model = FillModel { fees, ..FillRule::NextPrice.into() };
    let mut desk = Desk::with_costs(model, RiskLimits::default(), costs);
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    let strategy = desk.strategy::<Trader>(&format!("{{\"hooks\": \"{hooks}\"}}")).expect("a configuration");
    desk.start();
    for price in ["100", "100", "110", "105", "110"] {
        desk.trade(aapl, price, "5");
    }
    let position = desk.position(strategy, aapl);
    // cash and value against PnL less fees and costs, to the last unit; the desk starts with a million
    let start: Money = "1000000".parse().expect("an amount");
    let gained = desk.equity().checked_sub(start);
    let earned = position.realized.checked_add(position.unrealized().expect("in range"));
    assert_eq!(gained, earned.and_then(|pnl| pnl.checked_sub(position.fees)));
    (desk, strategy)
}

#[test]
fn without_own_hooks_the_models_count() {
    let (desk, strategy) = run("none");
    assert_eq!(desk.fills(strategy), ["buy 10 AAPL @ 100.00", "sell 4 AAPL @ 110.00"]);
    assert_eq!(
        desk.costs(strategy),
        [
            // 0.2 % and 1 % of 1,000
            "taker: fee 2.00, slippage 10.00, transaction cost 1.00",
            // -0.1 % and 1 % of 440
            "maker: fee -0.44, slippage 4.40, transaction cost 1.00",
        ]
    );
    assert_eq!(desk.logs(), ["20 Trader: 2.00 10.00 1.00", "20 Trader: -0.44 4.40 1.00"]);
    // 4 closed with 10 each, 6 open with 10 each, less 17.96
    assert_eq!(format!("{:.2}", desk.equity()), "1000082.04");
}

#[test]
fn own_hooks_win_where_they_have_an_opinion() {
    let (desk, strategy) = run("own");
    assert_eq!(
        desk.costs(strategy),
        [
            "taker: fee 2.00, slippage 0.10, transaction cost 2.00",
            "maker: fee -0.44, slippage 0.04, transaction cost 1.00",
        ]
    );
}

#[test]
fn a_hook_that_fails_ends_its_strategy_and_the_model_counts() {
    let (desk, strategy) = run("panic");
    assert!(matches!(desk.state(strategy), StrategyState::Faulted(_)));
    assert_eq!(desk.costs(strategy), ["taker: fee 2.00, slippage 10.00, transaction cost 1.00"]);
}
