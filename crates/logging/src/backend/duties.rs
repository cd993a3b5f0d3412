//! What handlers are asked for besides taking records: to hand over what they keep, to open their files anew, to end.
//!
//! Whatever fails, a panic included, is counted with the handler and kept for a report; it never reaches the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{
    Router,
    slot::{MEMORY_RECORDS_MAX, Memory, Sink, Slot},
};
use crate::{
    error::{Error, ErrorKind, Result},
    record::Record,
};

/// How deep memory handlers may feed each other.
pub(crate) const MEMORY_DEPTH_MAX: usize = 4;

impl Router {
    /// Hands what a memory handler keeps to its target, whose filters apply and whose level does not.
    pub(crate) fn flush_memory(&mut self, handler: u32) {
        let Some(Some(Slot { sink: Sink::Memory(memory), status, .. })) =
            self.slots.get_mut(handler as usize)
        else {
            return;
        };
        let Some(target) = memory.target else { return };
        if self.depth >= MEMORY_DEPTH_MAX {
            return;
        }
        let mut records = std::mem::take(&mut memory.records);
        status.written += u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.depth += 1;
        for record in &mut records {
            // each is another record for the shared texts
            self.texts.next_record();
            self.deliver(target, record, false);
        }
        self.depth -= 1;
    }

    /// Counts a failure of a handler and keeps it for a report.
    pub(crate) fn fail(&mut self, handler: u32, error: &Error) {
        let Some(Some(slot)) = self.slots.get_mut(handler as usize) else { return };
        slot.status.errors += 1;
        slot.status.last_error = Some(error.to_string());
        if let Sink::Handler(sink) = &mut slot.sink {
            // a second panic is no news
            let _ = catch_unwind(AssertUnwindSafe(|| sink.on_error(error)));
        }
        self.failures.push((handler, error.to_string()));
    }

    /// Flushes a handler: what it keeps is written, or handed to its target.
    pub(crate) fn flush(&mut self, handler: u32) {
        let result = match self.slots.get_mut(handler as usize) {
            Some(Some(Slot { sink: Sink::Handler(sink), is_dirty, .. })) => {
                *is_dirty = false;
                guard(|| sink.flush())
            }
            Some(Some(_)) => return self.flush_memory(handler),
            _ => return,
        };
        if let Err(error) = result {
            self.fail(handler, &error);
        }
    }

    /// Writes what handlers keep; memory handlers keep theirs.
    pub(crate) fn flush_dirty(&mut self) {
        for handler in self.handler_ids() {
            let is_dirty =
                self.slots.get(handler as usize).and_then(Option::as_ref).is_some_and(|slot| slot.is_dirty);
            if is_dirty {
                self.flush(handler);
            }
        }
    }

    /// Closes a handler: a memory handler hands over what it keeps first, if it is meant to.
    pub(crate) fn close(&mut self, handler: u32, within: Duration) {
        if let Some(Some(Slot { sink: Sink::Memory(memory), .. })) = self.slots.get(handler as usize) {
            if memory.flush_on_close {
                self.flush_memory(handler);
            }
            if let Some(Some(Slot { sink: Sink::Memory(memory), .. })) = self.slots.get_mut(handler as usize)
            {
                memory.target = None;
                memory.records.clear();
            }
            return;
        }
        let Some(Some(Slot { sink: Sink::Handler(sink), is_dirty, .. })) =
            self.slots.get_mut(handler as usize)
        else {
            return;
        };
        *is_dirty = false;
        if let Err(error) = guard(|| sink.close(within)) {
            self.fail(handler, &error);
        }
    }

    /// Flushes a handler, then closes it; false if that failed. One that cannot be flushed is not closed, as in Python.
    pub(crate) fn end(&mut self, handler: u32, within: Duration) -> bool {
        let failures = self.failures.len();
        // a memory handler that is not to hand over when it is closed is not to do so at the end either
        let keeps = matches!(
            self.slots.get(handler as usize),
            Some(Some(Slot { sink: Sink::Memory(Memory { flush_on_close: false, .. }), .. }))
        );
        if !keeps {
            self.flush(handler);
        }
        if self.failures.len() == failures {
            self.close(handler, within);
        }
        self.failures.len() == failures
    }

    /// Opens every file anew.
    pub(crate) fn reopen(&mut self) {
        for handler in self.handler_ids() {
            let Some(Some(Slot { sink: Sink::Handler(sink), .. })) = self.slots.get_mut(handler as usize)
            else {
                continue;
            };
            if let Err(error) = guard(|| sink.reopen()) {
                self.fail(handler, &error);
            }
        }
    }
}

impl Memory {
    /// Keeps a record; true if it is time to hand over.
    pub(super) fn push(&mut self, record: &Record<'_>, dropped: &mut u64) -> bool {
        if self.records.len() >= MEMORY_RECORDS_MAX {
            self.records.pop_front();
            *dropped += 1;
        }
        self.records.push_back(record.clone().into_owned());
        self.records.len() >= self.capacity || record.level >= self.flush_level
    }
}

/// Runs what belongs to a handler; its panic is an error like any other.
pub(super) fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::new(ErrorKind::Handler, format!("the handler panicked: {text}")))
    })
}
