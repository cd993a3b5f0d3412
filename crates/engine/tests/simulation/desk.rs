//! The engine that the tests here run.

use std::sync::Arc;

use stratd_engine::{AccountRules, Accounting, Engine, EngineConfig, Limit, OrderIds, RiskLimits};
use stratd_plugin_api::{
    Decimal, ExchangeId, Instrument, InstrumentType, Log, Money, NoCosts, StrategyServices, TextTable,
    TradingType, export::instrument_to_record,
};

const QUANTITY_MAX: i64 = 11;
const NOTIONAL_MAX: i64 = 1_100;
const POSITION_MAX: i64 = 20;

struct Services(TextTable);

impl StrategyServices for Services {
    fn log(&self, _: &str, _: &Log<'_>) {}

    fn text(&self, handle: u64, visit: &mut dyn FnMut(&str)) {
        visit(self.0.get(handle).as_deref().unwrap_or(""));
    }

    fn intern(&self, text: &str) -> u64 {
        self.0.intern_cut(text)
    }
}

/// An engine with the instruments X, Y and the index Z, and limits that are reached.
pub(crate) fn engine(cash: Money, accounting: Accounting) -> Engine {
    let services = Arc::new(Services(TextTable::new(1_000)));
    let limits = RiskLimits {
        max_order_quantity: QUANTITY_MAX.to_string().parse::<Decimal>().ok().map(Limit::from),
        max_order_notional: NOTIONAL_MAX.to_string().parse::<Money>().ok().map(Limit::from),
        max_position: POSITION_MAX.to_string().parse::<Decimal>().ok().map(Limit::from),
        ..RiskLimits::default()
    };
    let config = EngineConfig {
        trading_type: TradingType::Backtest,
        cash,
        currency: 0,
        limits,
        order_ids: OrderIds::default(),
        account: AccountRules::default(),
        oms_type: stratd_plugin_api::OmsType::Netting,
        accounting,
        costs: Box::new(NoCosts),
    };
    let mut engine = Engine::new(config, services.clone());
    for (symbol, kind) in
        [("X", InstrumentType::Equity), ("Y", InstrumentType::Future), ("Z", InstrumentType::Index)]
    {
        let mut instrument = Instrument::new(symbol, kind).price_decimals(0);
        instrument.exchange = ExchangeId(1);
        let record = instrument_to_record(&instrument, |text| services.intern(text));
        engine.add_instrument(instrument, record).expect("a free id");
    }
    engine
}
