//! The plugin's side: takes calls from the ring, makes them, and asks the host meanwhile.
//!
//! All code of the plugin that the host calls runs on the thread of the pump, and only between a call and its return.
//! So that thread may use the main rings; any other goes over the side.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use stratd_plugin_api::Fault;

use crate::host::refusal::Problem;

use super::{
    channel::{End, Line},
    codec::{Decoder, Encoder},
    link::{write_fault, write_problem},
    protocol::{Entry, FAULT, Function, REFUSED, RETURN, limit_of_answers, limit_of_calls},
    ring::{Broken, Patience},
};

/// Buffers that grew larger are given back.
pub(super) const BUFFER_BYTES_KEPT: usize = 1024 * 1024;

/// The plugin's end of the main rings.
pub(super) struct Pump {
    end: RefCell<End>,
    line: Arc<Line>,
    spin: Cell<u32>,
    inward: RefCell<Vec<u8>>,
    outward: RefCell<Vec<u8>>,
}

impl Pump {
    pub(super) fn new(end: End, line: Arc<Line>, spin: u32) -> Rc<Self> {
        Rc::new(Self {
            end: RefCell::new(end),
            line,
            spin: Cell::new(spin),
            inward: RefCell::default(),
            outward: RefCell::default(),
        })
    }

    pub(super) fn set_spin(&self, spin: u32) {
        self.spin.set(spin);
    }

    fn patience(&self) -> Patience<'_> {
        Patience::endless(self.spin.get(), self.line.flag())
    }

    /// Waits for the next call and leaves its arguments in `arguments`.
    pub(super) fn next_call(&self, arguments: &mut Vec<u8>) -> Result<Entry, Broken> {
        release(arguments);
        let kind = self.end.borrow_mut().reader.receive(arguments, limit_of_calls, &mut self.patience())?;
        Entry::of(kind).ok_or_else(|| Broken::Garbled(format!("a call of kind {kind:#x}")))
    }

    /// Ends a call that succeeded or failed.
    pub(super) fn answer(&self, result: Result<(), Fault>, returned: &mut Vec<u8>) -> Result<(), Broken> {
        let kind = match result {
            Ok(()) => RETURN,
            Err(fault) => {
                write_fault(&fault, &mut Encoder::new(returned));
                FAULT
            }
        };
        let sent = self.send(kind, returned);
        release(returned);
        sent
    }

    /// Ends a `create` that was refused.
    pub(super) fn refuse(&self, problem: &Problem) -> Result<(), Broken> {
        let mut message = Vec::new();
        write_problem(problem, &mut Encoder::new(&mut message));
        self.send(REFUSED, &message)
    }

    fn send(&self, kind: u32, message: &[u8]) -> Result<(), Broken> {
        self.end.borrow_mut().writer.send(kind, message, &mut self.patience())
    }

    /// Asks the host. `None` once the host is gone: an abandoned thread gets nothing any more.
    pub(super) fn ask<R>(
        &self,
        function: Function,
        write: impl FnOnce(&mut Encoder<'_>),
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
    ) -> Option<R> {
        if self.line.is_cut() {
            return None;
        }
        // a function of the host never leads back to another one, so nothing here is in use
        let mut end = self.end.try_borrow_mut().ok()?;
        let mut outward = self.outward.try_borrow_mut().ok()?;
        let mut inward = self.inward.try_borrow_mut().ok()?;
        write(&mut Encoder::new(&mut outward));
        let mut patience = self.patience();
        let answered = end
            .writer
            .send(function.ask(), &outward, &mut patience)
            .and_then(|()| end.reader.receive(&mut inward, limit_of_answers, &mut patience))
            .and_then(|_| read(&mut Decoder::new(&inward)));
        if answered.is_err() {
            self.line.cut();
        }
        answered.ok()
    }

    /// Tells the host, which takes it before anything that is asked or returned later.
    pub(super) fn tell(&self, function: Function, write: impl FnOnce(&mut Encoder<'_>)) {
        if self.line.is_cut() {
            return;
        }
        let (Ok(mut end), Ok(mut outward)) = (self.end.try_borrow_mut(), self.outward.try_borrow_mut())
        else {
            return;
        };
        write(&mut Encoder::new(&mut outward));
        if end.writer.send(function.tell(), &outward, &mut self.patience()).is_err() {
            self.line.cut();
        }
    }
}

/// Gives a buffer back that a large state has passed through.
fn release(buffer: &mut Vec<u8>) {
    if buffer.capacity() > BUFFER_BYTES_KEPT {
        *buffer = Vec::new();
    }
}

/// Cuts the line when the thread of a pump ends, however it ends.
pub(super) struct CutAtEnd(pub(super) Arc<Line>);

impl Drop for CutAtEnd {
    fn drop(&mut self) {
        self.0.cut();
    }
}
