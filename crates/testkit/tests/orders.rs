//! An order that the engine holds does what the exchange does with one that it takes.

use std::collections::BTreeMap;

use stratd_plugin_api::{
    ClientOrderId, Context, Instrument, InstrumentType, OrderEvent, OrderRequest, OrderType, Price, Quantity,
    Result, Strategy, Takes, Trade,
};
use stratd_testkit::{Desk, FillRule, RiskLimits};

/// Asks for an order of a random type at every third trade. What it asks for depends on trades alone.
struct Gambler {
    state: u64,
}

impl Gambler {
    /// splitmix64.
    fn next(&mut self, below: i64) -> i64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % below.unsigned_abs()).expect("below an i64")
    }
}

impl Strategy for Gambler {
    type Config = serde_json::Map<String, serde_json::Value>;

    fn new(config: Self::Config) -> Result<Self> {
        Ok(Self { state: config["seed"].as_u64().expect("a number") })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        if self.next(3) != 0 {
            return Ok(());
        }
        let quantity = Quantity::new(1 + self.next(9));
        let mut near = || Price::new(trade.price.get() + self.next(1_000) - 500);
        let (at, limit) = (near(), near());
        let request = match self.next(6) {
            0 => OrderRequest::stop_market(trade.instrument, quantity, at),
            1 => OrderRequest::stop_limit(trade.instrument, quantity, at, limit),
            2 => OrderRequest::market_if_touched(trade.instrument, quantity, at),
            3 => OrderRequest::limit_if_touched(trade.instrument, quantity, at, limit),
            4 => OrderRequest::trailing_stop(trade.instrument, quantity, Price::new(1 + self.next(300))),
            _ => OrderRequest::limit(trade.instrument, quantity, limit),
        };
        if self.next(2) == 0 {
            ctx.buy(request)?
        } else {
            ctx.sell(request)?
        };
        Ok(())
    }

    fn on_rejected(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        panic!("{order:?}");
    }
}

/// The executions of each order, and how many orders were held.
fn run(seed: u64, takes: Option<Takes>) -> (BTreeMap<ClientOrderId, Vec<(Price, Quantity)>>, usize) {
    let mut desk = Desk::with(FillRule::SamePrice, RiskLimits::default());
    if let Some(takes) = takes {
        desk.takes(takes);
    }
    let x = desk.instrument(Instrument::new("X", InstrumentType::Equity));
    let strategy = desk.strategy::<Gambler>(&format!("{{\"seed\": {seed}}}")).expect("a configuration");
    desk.start();
    let (mut walk, mut cents) = (Gambler { state: seed ^ 0xABCD }, 10_000);
    for _ in 0..200 {
        cents += walk.next(201) - 100;
        desk.trade(x, &format!("{}.{:02}", cents / 100, cents % 100), "100");
    }
    let mut fills: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for output in desk.outputs() {
        if let stratd_engine::Output::Filled(report) = output {
            let fill = (Price::new(report.fill.price), Quantity::new(report.fill.quantity));
            fills.entry(ClientOrderId(report.fill.client_order_id)).or_default().push(fill);
        }
    }
    let held = desk.requests(strategy).iter().filter(|request| request.starts_with("hold")).count();
    (fills, held)
}

#[test]
fn held_orders_trade_as_those_that_the_exchange_takes() {
    let simple = Takes::ALL.only(&[OrderType::Market, OrderType::Limit]);
    let (mut orders, mut all_held) = (0, 0);
    for seed in 0..50 {
        let (native, none) = run(seed, None);
        let (emulated, held) = run(seed, Some(simple));
        assert_eq!(native, emulated, "seed {seed}");
        assert_eq!(none, 0, "the exchange takes all of them");
        orders += native.len();
        all_held += held;
    }
    assert!(orders > 500 && all_held > 500, "{orders} orders were filled, {all_held} were held");
}
