//! The two sides of a strategy call, as safe traits.
//!
//! ```text
//! engine ──StrategyInstance──► host table ──► StrategyV1 ──► guard ──► Strategy (author)
//! engine ◄──StrategyHost────── host table ◄── HostV1 ◄────── Context ◄─┘
//! ```
//! The engine calls [`StrategyInstance`] and passes itself, narrowed to a read view and a request buffer, as
//! [`StrategyHost`]. In the daemon both cross the C tables; in the test kit they meet directly.

use std::sync::Arc;

use crate::{
    Fault, Instrument, Log, LogSink, LogValue, Money, Timestamp, TradingType,
    abi::{self, Filter, TextHandle},
};

/// A strategy instance, as the engine sees it. Calls never overlap.
pub trait StrategyInstance: Send {
    /// Takes market events in engine order; returns how many were consumed, at least 1.
    ///
    /// # Errors
    /// The handler returned an error or panicked; `Fault::index` says at which event.
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault>;

    /// Whether it takes up each of several events with [`StrategyHost::begin_event`], so that they may have times of their
    /// own. One that is called from afar does not.
    fn takes_up_events(&self) -> bool {
        false
    }

    /// Takes order events in engine order; returns how many were consumed, at least 1.
    ///
    /// # Errors
    /// As [`StrategyInstance::on_events`].
    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault>;

    /// Takes a new configuration (JSON).
    ///
    /// # Errors
    /// Refused: the old configuration stays.
    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault>;

    /// The strategy's own model of the slippage of a fill; `None` = no opinion.
    ///
    /// # Errors
    /// The hook failed.
    fn slippage(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault>;

    /// The strategy's own model of the transaction cost of a fill; `None` = no opinion.
    ///
    /// # Errors
    /// The hook failed.
    fn transaction_cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault>;

    /// The state to carry over; `None` if the strategy keeps none.
    ///
    /// # Errors
    /// The hook failed.
    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault>;

    /// As [`StrategyInstance::save`], into the memory of `room`, which is empty. Memory that was used before costs no
    /// page faults: for a large state those take longer than copying it. An instance may leave `room` alone.
    ///
    /// # Errors
    /// The hook failed.
    fn save_into(&mut self, host: &mut dyn StrategyHost, room: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        drop(room);
        self.save(host)
    }

    /// Takes over a saved state.
    ///
    /// # Errors
    /// Refused: the instance must not be used.
    fn restore(&mut self, host: &mut dyn StrategyHost, state_version: u32, state: &[u8])
    -> Result<(), Fault>;

    /// Prepares for being replaced or stopped, by `deadline`. It may go on afterwards: the replacement can be refused,
    /// or fail within its probation.
    ///
    /// # Errors
    /// The hook failed.
    fn quiesce(&mut self, host: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault>;
}

/// What a strategy may ask for and read during a call. Queries visit records in a stable order.
pub trait StrategyHost {
    /// Logs a record.
    fn log(&self, record: &Log<'_>);
    /// The lowest level that anybody takes of this instance's own logger.
    fn log_threshold(&self) -> i32 {
        i32::MIN
    }
    /// The logger `name` below the instance's own, for any thread and any time; the empty name is its own. `None` if the
    /// host keeps none.
    fn log_sink(&self, name: &str) -> Option<Arc<dyn LogSink>> {
        let _ = name;
        None
    }
    /// Sets a field that every later record of the instance has; [`LogValue::Null`] takes it away.
    fn log_context(&self, key: &str, value: LogValue<'_>) {
        let _ = (key, value);
    }
    /// Hands the interned text to `visit`; the empty text for an unknown handle.
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str));
    /// The time of the event in work.
    fn now(&self) -> Timestamp;
    /// Takes up an event of a call that has several: [`StrategyHost::now`] and timers go by the event in work.
    fn begin_event(&mut self, event: &abi::Event) {
        let _ = event;
    }
    /// What the run is.
    fn trading_type(&self) -> TradingType;

    /// Requests an order; our id, or `None` if the limit of requests per event is reached.
    fn submit(&mut self, request: &abi::OrderRequest) -> Option<u64>;
    /// Requests to cancel an order; false if the limit of requests is reached.
    fn cancel(&mut self, client_order_id: u64) -> bool;
    /// Requests another price and total quantity; as `cancel`.
    fn change(&mut self, client_order_id: u64, price: i64, quantity: i64) -> bool;
    /// Requests to cancel all own orders of an instrument, 0 = all; as `cancel`.
    fn cancel_all(&mut self, instrument: u32) -> bool;
    /// Requests to cancel all own orders and close all own positions of an instrument, 0 = all; as `cancel`.
    fn close_all(&mut self, instrument: u32) -> bool;

    /// Narrows the market events to subscribed instruments, 0 = all; `kinds` has bit 1 << event kind, 0 = every kind.
    fn subscribe(&mut self, instrument: u32, kinds: u32) -> bool;
    /// The id of a symbol on an exchange (0 = any); 0 if unknown.
    fn lookup(&self, symbol: &str, exchange: u16) -> u32;
    /// Visits instruments.
    fn instruments(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::InstrumentRecord));
    /// Visits exchanges.
    fn exchanges(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::ExchangeRecord));
    /// Visits own working orders.
    fn orders(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::OrderRecord));
    /// Visits own finished orders.
    fn past_orders(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::OrderRecord));
    /// Visits own executions.
    fn fills(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::FillRecord));
    /// Visits own positions.
    fn positions(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::PositionRecord));
    /// Visits accounts.
    fn accounts(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::AccountRecord));
    /// The strategy's portfolio.
    fn portfolio(&self) -> abi::PortfolioRecord;
    /// Risk figures of an instrument, 0 = all; visits the limits that apply.
    fn risk(&self, instrument: u32, visit: &mut dyn FnMut(&abi::RiskLimitRecord)) -> abi::RiskRecord;
    /// Visits the latest prices of an instrument, oldest first.
    fn price_history(&self, instrument: u32, visit: &mut dyn FnMut(&abi::PricePoint));

    /// What is known of a book; visits the levels that are asked for, bids from the highest before offers from the lowest.
    fn book(&self, query: &abi::BookQuery, visit: &mut dyn FnMut(&abi::BookLevelRecord)) -> abi::BookRecord;
    /// Bars of an instrument from the next trade on; the number that they carry, or `None` if they are refused.
    fn subscribe_bars(&mut self, instrument: u32, spec: &abi::BarSpec) -> Option<u8>;

    /// Sets a timer; its id, or `None` if the schedule is not usable or the limit of timers is reached.
    fn timer(&mut self, schedule: &abi::Schedule) -> Option<u64>;
    /// Cancels a timer; false if there is none of this id.
    fn timer_cancel(&mut self, timer: u64) -> bool;
    /// Ends this strategy after the call.
    fn stop(&mut self, reason: &str);
    /// Ends the run after the call, if permitted; otherwise only this strategy.
    fn shutdown(&mut self, reason: &str);
    /// Reports a figure of the strategy's own.
    fn metric(&mut self, name: &str, value: Money);
}

/// What works at any time and from any thread: the shell gives one object to the engine and to the host table.
pub trait StrategyServices: Send + Sync {
    /// Logs a record under `strategy.<instance>`.
    fn log(&self, instance: &str, record: &Log<'_>);
    /// The logger `strategy.<instance>.<name>`; `None` where records go through [`StrategyServices::log`] one by one.
    fn log_sink(&self, instance: &str, name: &str) -> Option<Arc<dyn LogSink>> {
        let _ = (instance, name);
        None
    }
    /// Hands the interned text to `visit`; the empty text for an unknown handle.
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str));
    /// Sets the time of the event in work, where a call has several.
    fn set_now(&self, now: Timestamp) {
        let _ = now;
    }
    /// Interns a text; one of more than 64 bytes is cut at a character boundary. 0 if the limit is reached.
    fn intern(&self, text: &str) -> TextHandle;
}

/// What an own execution costs beyond the exchange's fee, for strategies that have no opinion of their own.
/// Positive amounts cost us; `None` = an amount left the range of money.
///
/// ```
/// use stratd_plugin_api::{FillCosts, Instrument, InstrumentType, Money, NoCosts, abi::FillRecord};
/// let aapl = Instrument::new("AAPL", InstrumentType::Equity);
/// assert_eq!(NoCosts.slippage(&aapl, &FillRecord::default()), Some(Money::ZERO));
/// ```
pub trait FillCosts: Send {
    /// How much worse than its price the execution was.
    fn slippage(&self, instrument: &Instrument, fill: &abi::FillRecord) -> Option<Money>;

    /// Commission, taxes and the like.
    fn transaction_cost(&self, instrument: &Instrument, fill: &abi::FillRecord) -> Option<Money>;
}

/// Executions cost nothing beyond the exchange's fee.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCosts;

impl FillCosts for NoCosts {
    fn slippage(&self, _: &Instrument, _: &abi::FillRecord) -> Option<Money> {
        Some(Money::ZERO)
    }

    fn transaction_cost(&self, _: &Instrument, _: &abi::FillRecord) -> Option<Money> {
        Some(Money::ZERO)
    }
}
