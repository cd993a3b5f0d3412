//! The host as code in a child sees it at any time and from any thread.
//!
//! The thread of the pump uses the main rings, whose host is waiting for it; every other thread goes over the side,
//! one at a time, where a thread of the host serves. So a connector may wait, inside of a call, for another thread of
//! its own that calls the host. Every function waits for its answer, so that what one thread told before it woke
//! another is told before what the other tells; only log records of a call go without.
//!
//! The clock of a child is the system's, as the daemon's is, unless the run is a backtest.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use stratd_plugin_api::{
    ExchangeHost, Log, StrategyServices, TextTable, Timestamp, TradingType,
    abi::{
        AccountRecord, Event, FillRecord, InstrumentRecord, OrderEvent, OrderRecord, PositionRecord,
        TextHandle,
    },
};

use crate::runtime::clock;

use super::{
    channel::{End, Line},
    codec::{Decoder, Encoder},
    log,
    plain::Plain,
    protocol::{EMIT_MAX, Function, limit_of_answers},
    pump::Pump,
    ring::Patience,
};

/// Texts that are remembered; the host is asked again for others.
const TEXTS_MAX: usize = 65_536;
/// Set in the handle of a number, which stands for its own decimal text.
const NUMBER: TextHandle = 1 << 63;

thread_local! {
    /// The pump of this thread, if it is that of one.
    static PUMP: RefCell<Option<Rc<Pump>>> = const { RefCell::new(None) };
}

/// The way of a child to its host.
pub(super) struct Remote {
    side: Mutex<Side>,
    line: Arc<Line>,
    spin: u32,
    trading_type: TradingType,
    // look-up only, never iterated; a handle never changes its meaning
    texts: Mutex<HashMap<TextHandle, String>>,
}

struct Side {
    end: End,
    inward: Vec<u8>,
    outward: Vec<u8>,
}

impl Remote {
    /// Made on the thread of the pump.
    pub(super) fn new(
        pump: &Rc<Pump>,
        side: End,
        line: Arc<Line>,
        (spin, trading_type): (u32, TradingType),
    ) -> Arc<Self> {
        PUMP.with_borrow_mut(|place| *place = Some(Rc::clone(pump)));
        let side = Mutex::new(Side { end: side, inward: Vec::new(), outward: Vec::new() });
        Arc::new(Self { side, line, spin, trading_type, texts: Mutex::default() })
    }

    /// Asks over whichever way this thread has. `None` once the host is gone.
    fn ask<R>(
        &self,
        function: Function,
        write: impl FnOnce(&mut Encoder<'_>),
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, super::ring::Broken>,
    ) -> Option<R> {
        // a thread that ends has lost its thread-locals already; it is not that of the pump
        let pump = PUMP.try_with(|pump| pump.borrow().clone()).ok().flatten();
        if let Some(pump) = pump {
            return pump.ask(function, write, read);
        }
        if self.line.is_cut() {
            return None;
        }
        let mut side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        let Side { end, inward, outward } = &mut *side;
        write(&mut Encoder::new(outward));
        let mut patience = Patience::endless(self.spin, self.line.flag());
        let answered = end
            .writer
            .send(function.ask(), outward, &mut patience)
            .and_then(|()| end.reader.receive(inward, limit_of_answers, &mut patience))
            .and_then(|_| read(&mut Decoder::new(inward)));
        if answered.is_err() {
            self.line.cut();
        }
        answered.ok()
    }

    fn log_record(&self, record: &Log<'_>) {
        let pump = PUMP.try_with(|pump| pump.borrow().clone()).ok().flatten();
        match pump {
            Some(pump) => pump.tell(Function::Log, |out| log::write(record, out)),
            None => {
                self.ask(Function::Log, |out| log::write(record, out), |_| Ok(()));
            }
        }
    }

    fn text_of(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        if handle == 0 {
            return visit("");
        }
        if handle & NUMBER != 0 {
            return visit(&(handle & !NUMBER).to_string());
        }
        let known = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(&handle).cloned();
        if let Some(text) = known {
            return visit(&text);
        }
        let text = self.ask(Function::Text, |out| out.number(handle), |m| m.text()).unwrap_or_default();
        // an unknown handle may get its meaning later, and a payload is of interest once
        if !text.is_empty() && !TextTable::is_payload(handle) {
            let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            if texts.len() < TEXTS_MAX {
                texts.insert(handle, text.clone());
            }
        }
        visit(&text);
    }

    fn intern_text(&self, text: &str) -> TextHandle {
        self.ask(Function::Intern, |out| out.text(text), |m| m.number()).unwrap_or(0)
    }

    /// Delivers in pieces, and stops where the host takes less than a whole one.
    fn deliver<T: Plain>(&self, function: Function, events: &[T]) -> usize {
        let mut taken = 0;
        for piece in events.chunks(EMIT_MAX) {
            let count = self.ask(function, |out| out.records(piece), |m| m.small::<usize>());
            let count = count.unwrap_or(0).min(piece.len());
            taken += count;
            if count < piece.len() {
                break;
            }
        }
        taken
    }

    fn report<T: Plain>(&self, function: Function, correlation: u64, record: &T) {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.record(record);
        };
        self.ask(function, write, |_| Ok(()));
    }
}

impl StrategyServices for Remote {
    fn log(&self, _: &str, record: &Log<'_>) {
        // the host knows the name of the instance
        self.log_record(record);
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        self.text_of(handle, visit);
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.intern_text(text)
    }
}

impl ExchangeHost for Remote {
    fn log(&self, record: &Log<'_>) {
        self.log_record(record);
    }
    fn now(&self) -> Timestamp {
        if self.trading_type == TradingType::Backtest {
            let now = self.ask(Function::Now, |_| {}, |m| m.signed());
            return Timestamp::new(now.unwrap_or_default());
        }
        clock::now()
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.intern_text(text)
    }
    fn payload(&self, text: &str) -> TextHandle {
        self.ask(Function::Payload, |out| out.text(text), |m| m.number()).unwrap_or(0)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        self.text_of(handle, visit);
    }
    fn emit(&self, events: &[Event]) -> usize {
        self.deliver(Function::Emit, events)
    }
    fn emit_orders(&self, events: &[OrderEvent]) -> usize {
        self.deliver(Function::EmitOrders, events)
    }
    fn instrument(&self, correlation: u64, record: &InstrumentRecord) -> u32 {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.record(record);
        };
        self.ask(Function::Instrument, write, |m| m.small()).unwrap_or(0)
    }
    fn account(&self, correlation: u64, record: &AccountRecord) {
        self.report(Function::Account, correlation, record);
    }
    fn position(&self, correlation: u64, record: &PositionRecord) {
        self.report(Function::Position, correlation, record);
    }
    fn open_order(&self, correlation: u64, record: &OrderRecord) {
        self.report(Function::OpenOrder, correlation, record);
    }
    fn fill(&self, correlation: u64, record: &FillRecord) {
        self.report(Function::Fill, correlation, record);
    }
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.flag(result.is_ok());
            out.text(result.err().unwrap_or_default());
        };
        self.ask(Function::Answer, write, |_| Ok(()));
    }
}
