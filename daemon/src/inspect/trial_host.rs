//! The engine's side of a strategy that is only tried: there is no market, and every request is refused.

use std::sync::Arc;

use stratd_plugin_api::{
    Log, Money, StrategyHost, Timestamp, TradingType,
    abi::{self, Filter, TextHandle},
};

use crate::{plugin_kind::PluginKind, runtime::Services};

/// Nothing can be traded here.
pub(super) struct TrialHost {
    trading_type: TradingType,
    services: Arc<Services>,
}

impl TrialHost {
    pub(super) fn new(trading_type: TradingType, services: &Arc<Services>) -> Self {
        Self { trading_type, services: Arc::clone(services) }
    }
}

impl StrategyHost for TrialHost {
    fn log(&self, record: &Log<'_>) {
        self.services.log_plugin(PluginKind::Strategy, "trial", record);
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.services.text_of(handle));
    }
    fn now(&self) -> Timestamp {
        self.services.now()
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn submit(&mut self, _: &abi::OrderRequest) -> Option<u64> {
        None
    }
    fn cancel(&mut self, _: u64) -> bool {
        false
    }
    fn change(&mut self, _: u64, _: i64, _: i64) -> bool {
        false
    }
    fn cancel_all(&mut self, _: u32) -> bool {
        false
    }
    fn close_all(&mut self, _: u32) -> bool {
        false
    }
    fn subscribe(&mut self, _: u32, _: u32) -> bool {
        false
    }
    fn lookup(&self, _: &str, _: u16) -> u32 {
        0
    }
    fn instruments(&self, _: &Filter, _: &mut dyn FnMut(&abi::InstrumentRecord)) {}
    fn exchanges(&self, _: &Filter, _: &mut dyn FnMut(&abi::ExchangeRecord)) {}
    fn orders(&self, _: &Filter, _: &mut dyn FnMut(&abi::OrderRecord)) {}
    fn past_orders(&self, _: &Filter, _: &mut dyn FnMut(&abi::OrderRecord)) {}
    fn fills(&self, _: &Filter, _: &mut dyn FnMut(&abi::FillRecord)) {}
    fn positions(&self, _: &Filter, _: &mut dyn FnMut(&abi::PositionRecord)) {}
    fn accounts(&self, _: &Filter, _: &mut dyn FnMut(&abi::AccountRecord)) {}
    fn portfolio(&self) -> abi::PortfolioRecord {
        abi::PortfolioRecord::default()
    }
    fn risk(&self, _: u32, _: &mut dyn FnMut(&abi::RiskLimitRecord)) -> abi::RiskRecord {
        abi::RiskRecord::default()
    }
    fn price_history(&self, _: u32, _: &mut dyn FnMut(&abi::PricePoint)) {}
    fn book(&self, query: &abi::BookQuery, _: &mut dyn FnMut(&abi::BookLevelRecord)) -> abi::BookRecord {
        abi::BookRecord { instrument: query.instrument, ..abi::BookRecord::default() }
    }
    fn subscribe_bars(&mut self, _: u32, _: &abi::BarSpec) -> Option<u8> {
        None
    }
    fn timer(&mut self, _: &abi::Schedule) -> Option<u64> {
        None
    }
    fn timer_cancel(&mut self, _: u64) -> bool {
        false
    }
    fn stop(&mut self, _: &str) {}
    fn shutdown(&mut self, _: &str) {}
    fn metric(&mut self, _: &str, _: Money) {}
}
