//! The host's functions for an isolated connector, on the host's side: from a message to [`ExchangeHost`].
//!
//! The thread that waits for a call serves them, and the thread of the side; both at once, as the host allows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use stratd_plugin_api::{
    ExchangeHost, Log, Timestamp, TradingType,
    abi::{
        AccountRecord, Event, FillRecord, InstrumentRecord, OrderEvent, OrderRecord, PositionRecord,
        TextHandle,
    },
};

use super::{
    channel::Line,
    codec::{Decoder, Encoder},
    log,
    protocol::Function,
    ring::Broken,
};

/// The host as long as the connector may deliver something.
#[derive(Clone)]
pub(super) struct Desk {
    host: Arc<dyn ExchangeHost>,
    is_stopped: Arc<AtomicBool>,
}

impl Desk {
    pub(super) fn new(host: Arc<dyn ExchangeHost>) -> Self {
        Self { host, is_stopped: Arc::new(AtomicBool::new(false)) }
    }

    /// From here on nothing is taken any more.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    pub(super) fn log(&self, record: &Log<'_>) {
        self.host.log(record);
    }

    /// Serves one function.
    pub(super) fn serve(
        &self,
        function: Function,
        message: &mut Decoder<'_>,
        answer: &mut Encoder<'_>,
    ) -> Result<(), Broken> {
        let host = &*self.host;
        match function {
            Function::Log => log::read(message, |record| host.log(record))?,
            Function::Now => answer.signed(host.now().get()),
            Function::Intern => answer.number(host.intern(&message.text()?)),
            Function::Text => {
                let mut text = String::new();
                host.text(message.number()?, &mut |part| text.push_str(part));
                answer.text(&text);
            }
            delivery => self.deliver(delivery, message, answer)?,
        }
        Ok(())
    }

    /// What a connector that was stopped does in vain.
    fn deliver(
        &self,
        function: Function,
        message: &mut Decoder<'_>,
        answer: &mut Encoder<'_>,
    ) -> Result<(), Broken> {
        let host = (!self.is_stopped()).then_some(&*self.host);
        match function {
            Function::Emit => {
                let mut events: Vec<Event> = Vec::new();
                message.records(&mut events)?;
                answer.number(host.map_or(0, |host| host.emit(&events)) as u64);
            }
            Function::EmitOrders => {
                let mut events: Vec<OrderEvent> = Vec::new();
                message.records(&mut events)?;
                answer.number(host.map_or(0, |host| host.emit_orders(&events)) as u64);
            }
            Function::Instrument => {
                let (correlation, record): (u64, InstrumentRecord) = (message.number()?, message.record()?);
                answer.number(host.map_or(0, |host| host.instrument(correlation, &record)).into());
            }
            Function::Account => {
                let (correlation, record): (u64, AccountRecord) = (message.number()?, message.record()?);
                host.into_iter().for_each(|host| host.account(correlation, &record));
            }
            Function::Position => {
                let (correlation, record): (u64, PositionRecord) = (message.number()?, message.record()?);
                host.into_iter().for_each(|host| host.position(correlation, &record));
            }
            Function::OpenOrder => {
                let (correlation, record): (u64, OrderRecord) = (message.number()?, message.record()?);
                host.into_iter().for_each(|host| host.open_order(correlation, &record));
            }
            Function::Fill => {
                let (correlation, record): (u64, FillRecord) = (message.number()?, message.record()?);
                host.into_iter().for_each(|host| host.fill(correlation, &record));
            }
            Function::Payload => {
                let text = message.text()?;
                answer.number(host.map_or(0, |host| host.payload(&text)));
            }
            Function::Answer => {
                let (correlation, is_done) = (message.number()?, message.flag()?);
                let text = message.text()?;
                let result = if is_done { Ok(()) } else { Err(text.as_str()) };
                host.into_iter().for_each(|host| host.answer(correlation, result));
            }
            other => return Err(Broken::Garbled(format!("{other:?}, which no connector asks for"))),
        }
        Ok(())
    }
}

/// The host as a connector on a thread of its own sees it: directly, until the thread is abandoned.
pub(super) struct GatedHost {
    pub(super) host: Arc<dyn ExchangeHost>,
    pub(super) line: Arc<Line>,
}

impl GatedHost {
    fn open(&self) -> Option<&dyn ExchangeHost> {
        (!self.line.is_cut()).then_some(&*self.host)
    }
}

impl ExchangeHost for GatedHost {
    fn log(&self, record: &Log<'_>) {
        self.host.log(record);
    }
    fn now(&self) -> Timestamp {
        self.host.now()
    }
    fn trading_type(&self) -> TradingType {
        self.host.trading_type()
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.host.intern(text)
    }
    fn payload(&self, text: &str) -> TextHandle {
        self.open().map_or(0, |host| host.payload(text))
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        self.host.text(handle, visit);
    }
    fn emit(&self, events: &[Event]) -> usize {
        self.open().map_or(0, |host| host.emit(events))
    }
    fn emit_orders(&self, events: &[OrderEvent]) -> usize {
        self.open().map_or(0, |host| host.emit_orders(events))
    }
    fn instrument(&self, correlation: u64, record: &InstrumentRecord) -> u32 {
        self.open().map_or(0, |host| host.instrument(correlation, record))
    }
    fn account(&self, correlation: u64, record: &AccountRecord) {
        self.open().into_iter().for_each(|host| host.account(correlation, record));
    }
    fn position(&self, correlation: u64, record: &PositionRecord) {
        self.open().into_iter().for_each(|host| host.position(correlation, record));
    }
    fn open_order(&self, correlation: u64, record: &OrderRecord) {
        self.open().into_iter().for_each(|host| host.open_order(correlation, record));
    }
    fn fill(&self, correlation: u64, record: &FillRecord) {
        self.open().into_iter().for_each(|host| host.fill(correlation, record));
    }
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        self.open().into_iter().for_each(|host| host.answer(correlation, result));
    }
}
