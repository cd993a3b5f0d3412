//! Brings one record to the handlers that it reaches. Pure but for what handlers do: no clock, no thread, no lock.
//!
//! Order: the logger's filters, then for each handler on the way its level, its filters, its text, the handler itself.
//! A text is made once for each formatter, unless a handler's filter changed the record for that handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::slot::{MEMORY_RECORDS_MAX, Memory, Sink, Slot};
use crate::{
    error::{Error, ErrorKind, Result},
    filter::Filter,
    format::{Formatter, FormatterOptions},
    handler::{Entry, Handler},
    level::{Level, LevelNames},
    record::Record,
    tree::{LoggerCell, Tree},
    value::Value,
};

/// Handlers of one system.
const HANDLERS_MAX: usize = 1024;
/// How deep memory handlers may feed each other.
const MEMORY_DEPTH_MAX: usize = 4;

pub(crate) struct Router {
    routes: Vec<Route>,
    tree_version: u64,
    pub(crate) slots: Vec<Option<Slot>>,
    pub(crate) filters: Vec<Option<Box<dyn Filter>>>,
    pub(crate) formatters: Vec<Option<FormatterSlot>>,
    pub(crate) last_resort: Option<u32>,
    pub(crate) uses_last_resort: bool,
    /// fields that every record gets unless it has them
    pub(crate) context: Vec<(String, Value<'static>)>,
    pub(crate) level_names: Arc<LevelNames>,
    has_own_names: bool,
    /// handlers that were made so far
    born: u64,
    epoch: u64,
    depth: usize,
    own_text: String,
    /// fields that were renamed by formatters that are gone
    renamed_fields: u64,
    /// failures that wait to be reported, by handler
    pub(crate) failures: Vec<(u32, String)>,
}

/// What the tree says about one logger.
struct Route {
    cell: Arc<LoggerCell>,
    is_disabled: bool,
    filters: Vec<u32>,
    handlers: Vec<u32>,
}

pub(crate) struct FormatterSlot {
    pub(crate) formatter: Formatter,
    /// which record `text` is of
    epoch: u64,
    text: String,
}

impl FormatterSlot {
    pub(crate) fn new(formatter: Formatter) -> Self {
        Self { formatter, epoch: 0, text: String::new() }
    }
}

impl Router {
    pub(crate) fn new() -> Self {
        // the default options are those of Python's default formatter, which compiles
        let default = Formatter::new(&FormatterOptions::default()).ok().map(FormatterSlot::new);
        Self {
            routes: Vec::new(),
            tree_version: 0,
            slots: Vec::new(),
            filters: Vec::new(),
            formatters: vec![default],
            last_resort: None,
            uses_last_resort: true,
            context: Vec::new(),
            level_names: Arc::new(LevelNames::default()),
            has_own_names: false,
            born: 0,
            epoch: 0,
            depth: 0,
            own_text: String::new(),
            renamed_fields: 0,
            failures: Vec::new(),
        }
    }

    pub(crate) fn refresh(&mut self, tree: &Tree) {
        if self.tree_version == tree.version {
            return;
        }
        self.tree_version = tree.version;
        let route = |id| {
            let node = tree.node(id);
            Route {
                cell: Arc::clone(&node.cell),
                is_disabled: node.is_disabled,
                filters: node.filters.clone(),
                handlers: tree.reach(id),
            }
        };
        self.routes = tree.ids().map(route).collect();
        if *self.level_names != tree.levels {
            self.level_names = Arc::new(tree.levels.clone());
            self.has_own_names = tree.levels != LevelNames::default();
        }
    }

    /// The name of a logger, if the tree was looked at since it was made.
    pub(crate) fn logger_name(&self, logger: u32) -> Option<Arc<LoggerCell>> {
        self.routes.get(logger as usize).map(|route| Arc::clone(&route.cell))
    }

    /// Brings a record to the handlers of a logger, but for `except`.
    pub(crate) fn route(&mut self, logger: u32, record: &mut Record<'_>, except: Option<u32>) {
        let at = logger as usize;
        let Some(route) = self.routes.get(at) else { return };
        if route.is_disabled {
            return;
        }
        if self.has_own_names && record.level_name.is_none() {
            record.level_name = self.level_names.known(record.level).map(|name| name.to_owned().into());
        }
        for (key, value) in &self.context {
            if record.fields.get(key).is_none() {
                record.fields.add(key.clone(), value.clone());
            }
        }
        for index in 0..route.filters.len() {
            let Some(&filter) = self.routes.get(at).and_then(|route| route.filters.get(index)) else { break };
            if !self.accepts(filter, record) {
                return;
            }
        }
        self.epoch += 1;
        let count = self.routes.get(at).map_or(0, |route| route.handlers.len());
        if count == 0 {
            if let Some(last) = self.last_resort.filter(|&last| Some(last) != except && self.uses_last_resort)
            {
                self.deliver(last, record, true);
            }
            return;
        }
        for index in 0..count {
            let Some(&handler) = self.routes.get(at).and_then(|route| route.handlers.get(index)) else {
                break;
            };
            if Some(handler) != except {
                self.deliver(handler, record, true);
            }
        }
    }

    /// Asks a filter. One that panics lets the record pass: a fault of a filter must not hide records.
    fn accepts(&mut self, filter: u32, record: &mut Record<'_>) -> bool {
        let Some(Some(filter)) = self.filters.get_mut(filter as usize) else { return true };
        catch_unwind(AssertUnwindSafe(|| filter.accepts(record))).unwrap_or(true)
    }

    fn is_changed_by(&self, filters: &[u32]) -> bool {
        filters.iter().any(|&filter| {
            self.filters
                .get(filter as usize)
                .and_then(Option::as_ref)
                .is_some_and(|filter| filter.changes_records())
        })
    }

    /// Brings a record to one handler.
    pub(crate) fn deliver(&mut self, handler: u32, record: &mut Record<'_>, checks_level: bool) {
        let Some(Some(slot)) = self.slots.get(handler as usize) else { return };
        if checks_level && record.level < slot.level {
            return;
        }
        if slot.filters.is_empty() {
            return self.hand_over(handler, record, true);
        }
        let filters = Arc::clone(&slot.filters);
        if self.is_changed_by(&filters) {
            let mut own = record.clone();
            if filters.iter().all(|&filter| self.accepts(filter, &mut own)) {
                self.hand_over(handler, &own, false);
            }
        } else if filters.iter().all(|&filter| self.accepts(filter, record)) {
            self.hand_over(handler, record, true);
        }
    }

    fn hand_over(&mut self, handler: u32, record: &Record<'_>, is_shared: bool) {
        let Some(Some(slot)) = self.slots.get_mut(handler as usize) else { return };
        let sink = match &mut slot.sink {
            Sink::Memory(memory) => {
                let is_due = memory.push(record, &mut slot.status.dropped);
                slot.status.written += 1;
                if is_due {
                    self.flush_memory(handler);
                }
                return;
            }
            Sink::Handler(sink) => sink,
        };
        let text = if sink.needs_text() {
            text_of(
                &mut self.formatters,
                slot.formatter,
                record,
                is_shared.then_some(self.epoch),
                &mut self.own_text,
            )
        } else {
            Ok("")
        };
        let emitted = text.and_then(|text| guard(|| sink.emit(&Entry::new(record, text))));
        match emitted {
            Ok(()) => {
                slot.status.written += 1;
                slot.is_dirty = true;
            }
            Err(error) => self.fail(handler, &error),
        }
    }

    /// Hands what a memory handler keeps to its target, whose filters apply and whose level does not.
    pub(crate) fn flush_memory(&mut self, handler: u32) {
        let Some(Some(Slot { sink: Sink::Memory(memory), .. })) = self.slots.get_mut(handler as usize) else {
            return;
        };
        let Some(target) = memory.target else { return };
        if self.depth >= MEMORY_DEPTH_MAX {
            return;
        }
        let mut records = std::mem::take(&mut memory.records);
        self.depth += 1;
        for record in &mut records {
            // each is another record for the shared texts
            self.epoch += 1;
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

    /// True if a configuration may replace this handler.
    pub(crate) fn is_configurable(&self, handler: u32) -> bool {
        let slot = self.slots.get(handler as usize).and_then(Option::as_ref);
        Some(handler) != self.last_resort && slot.is_some_and(|slot| !slot.survives)
    }

    /// Sets the target of a memory handler.
    pub(crate) fn set_target(&mut self, handler: u32, target: Option<u32>) {
        if let Some(Some(Slot { sink: Sink::Memory(memory), .. })) = self.slots.get_mut(handler as usize) {
            memory.target = target;
        }
    }

    /// Drops the filters and formatters that nobody uses any more.
    pub(crate) fn sweep(&mut self, tree: &Tree) {
        let slots: Vec<&Slot> = self.slots.iter().flatten().collect();
        let loggers = tree.nodes().iter().flat_map(|node| &node.filters);
        let used: Vec<u32> =
            slots.iter().flat_map(|slot| slot.filters.iter()).chain(loggers).copied().collect();
        let formatters: Vec<u32> = slots.iter().map(|slot| slot.formatter).collect();
        for (id, filter) in (0_u32..).zip(&mut self.filters) {
            if !used.contains(&id) {
                *filter = None;
            }
        }
        for (id, formatter) in (0_u32..).zip(&mut self.formatters).skip(1) {
            if !formatters.contains(&id) {
                let old = formatter.take();
                self.renamed_fields += old.map_or(0, |old| old.formatter.renamed_fields());
            }
        }
    }

    /// True for a memory handler.
    pub(crate) fn is_memory(&self, handler: u32) -> bool {
        matches!(self.slots.get(handler as usize), Some(Some(Slot { sink: Sink::Memory(_), .. })))
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

    /// Drops a handler, which no logger must have any more: its number is used again.
    pub(crate) fn forget(&mut self, handler: u32) {
        if let Some(slot) = self.slots.get_mut(handler as usize) {
            *slot = None;
        }
        for slot in self.slots.iter_mut().flatten() {
            if let Sink::Memory(memory) = &mut slot.sink
                && memory.target == Some(handler)
            {
                memory.target = None;
            }
        }
    }

    /// Sets who takes records that reach no handler.
    pub(crate) fn set_last_resort(&mut self, handler: Option<Box<dyn Handler>>) {
        if let Some(old) = self.last_resort.take() {
            self.forget(old);
        }
        // the limit of handlers leaves room for this one, or else there is none
        self.last_resort = handler.and_then(|handler| self.add_slot(last_resort(handler)).ok());
    }

    /// The numbers of all handlers.
    pub(crate) fn handler_ids(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// The numbers of all handlers, the youngest first.
    pub(crate) fn youngest_first(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.handler_ids().collect();
        ids.sort_by_key(|&id| std::cmp::Reverse(self.slots[id as usize].as_ref().map(|slot| slot.born)));
        ids
    }

    /// The handler of a name.
    pub(crate) fn find_handler(&self, name: &str) -> Option<u32> {
        let mut ids = self.handler_ids().filter(|&id| Some(id) != self.last_resort);
        ids.find(|&id| self.slots[id as usize].as_ref().is_some_and(|slot| slot.status.name == name))
    }

    /// Puts a handler into its place.
    pub(crate) fn add_slot(&mut self, mut slot: Slot) -> Result<u32> {
        if self.slots.iter().flatten().count() >= HANDLERS_MAX {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("adding handler {:?}: there are {HANDLERS_MAX}", slot.status.name),
            ));
        }
        self.born += 1;
        slot.born = self.born;
        // places are used again: a handler is taken away from every logger before it is forgotten
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[free] = Some(slot);
        Ok(u32::try_from(free).unwrap_or(u32::MAX))
    }

    /// Puts a formatter into its place.
    pub(crate) fn add_formatter(&mut self, options: &FormatterOptions) -> Result<u32> {
        let formatter = Formatter::new(options)?;
        let free = self.formatters.iter().position(Option::is_none).unwrap_or(self.formatters.len());
        if free == self.formatters.len() {
            self.formatters.push(None);
        }
        self.formatters[free] = Some(FormatterSlot::new(formatter));
        Ok(u32::try_from(free).unwrap_or(u32::MAX))
    }

    /// Fields that formatters had to rename.
    pub(crate) fn renamed_fields(&self) -> u64 {
        let formatters = self.formatters.iter().flatten().map(|slot| slot.formatter.renamed_fields());
        self.renamed_fields + formatters.sum::<u64>()
    }

    /// Puts a filter into its place.
    pub(crate) fn add_filter(&mut self, filter: Box<dyn Filter>) -> u32 {
        let id = u32::try_from(self.filters.len()).unwrap_or(u32::MAX);
        self.filters.push(Some(filter));
        id
    }

    /// Gives every handler the lowest level that it takes.
    pub(crate) fn set_handler_level(&mut self, handler: u32, level: Level) {
        if let Some(Some(slot)) = self.slots.get_mut(handler as usize) {
            slot.level = level;
        }
    }
}

impl Memory {
    /// Keeps a record; true if it is time to hand over.
    fn push(&mut self, record: &Record<'_>, dropped: &mut u64) -> bool {
        if self.records.len() >= MEMORY_RECORDS_MAX {
            self.records.pop_front();
            *dropped += 1;
        }
        self.records.push_back(record.clone().into_owned());
        self.records.len() >= self.capacity || record.level >= self.flush_level
    }
}

/// The text of a record: made once for each `epoch`, or into `own` if it is nobody else's.
fn text_of<'t>(
    formatters: &'t mut [Option<FormatterSlot>],
    formatter: u32,
    record: &Record<'_>,
    epoch: Option<u64>,
    own: &'t mut String,
) -> Result<&'t str> {
    let slot = formatters.get_mut(formatter as usize).and_then(Option::as_mut);
    let slot = slot.ok_or_else(|| Error::new(ErrorKind::Handler, "its formatter is gone"))?;
    let Some(epoch) = epoch else {
        own.clear();
        slot.formatter.format(record, own)?;
        return Ok(own);
    };
    if slot.epoch != epoch {
        slot.text.clear();
        slot.formatter.format(record, &mut slot.text)?;
        slot.epoch = epoch;
    }
    Ok(&slot.text)
}

/// Runs what belongs to a handler; its panic is an error like any other.
fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::new(ErrorKind::Handler, format!("the handler panicked: {text}")))
    })
}

/// A handler for [`Router::last_resort`].
fn last_resort(handler: Box<dyn Handler>) -> Slot {
    let mut slot = Slot::new("last_resort", "stream", Sink::Handler(handler));
    slot.level = Level::WARNING;
    slot
}
