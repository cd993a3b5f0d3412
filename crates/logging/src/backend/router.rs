//! Brings one record to the handlers that it reaches. Pure but for what handlers do: no clock, no thread, no lock.
//!
//! Order: the logger's filters, then for each handler on the way its level, its filters, its text, the handler itself.
//! A text is made once for each formatter, unless a handler's filter changed the record for that handler.
//!
//! This is the path of every record: what can be known before (whether a filter changes records, whether a handler wants a
//! text) is kept in its place, and nothing is copied or counted by reference on the way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{
    duties::guard,
    slot::{Sink, Slot},
    texts::Texts,
};
use crate::{
    error::Error,
    filter::Filter,
    format::{Formatter, FormatterOptions},
    handler::Entry,
    level::LevelNames,
    record::Record,
    tree::{LoggerCell, Tree},
    value::Value,
};

pub(crate) struct Router {
    routes: Vec<Route>,
    tree_version: u64,
    pub(crate) slots: Vec<Option<Slot>>,
    pub(super) filters: Vec<Option<FilterSlot>>,
    pub(super) texts: Texts,
    pub(crate) last_resort: Option<u32>,
    pub(crate) uses_last_resort: bool,
    /// fields that every record gets unless it has them
    pub(crate) context: Vec<(String, Value<'static>)>,
    pub(crate) level_names: Arc<LevelNames>,
    has_own_names: bool,
    /// handlers that were made so far
    pub(super) born: u64,
    /// how deep memory handlers feed each other right now
    pub(super) depth: usize,
    /// fields that were renamed by formatters that are gone
    pub(super) renamed_fields: u64,
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

pub(super) struct FilterSlot {
    filter: Box<dyn Filter>,
    changes_records: bool,
}

impl FilterSlot {
    pub(super) fn new(filter: Box<dyn Filter>) -> Self {
        let changes_records = filter.changes_records();
        Self { filter, changes_records }
    }
}

/// What became of a record at a handler.
enum Outcome {
    Taken,
    /// a memory handler took it, and is to hand over what it keeps
    MemoryIsDue,
    Failed(Error),
}

impl Router {
    pub(crate) fn new() -> Self {
        // the default options are those of Python's default formatter, which compiles
        let default = Formatter::new(&FormatterOptions::default()).ok();
        Self {
            routes: Vec::new(),
            tree_version: 0,
            slots: Vec::new(),
            filters: Vec::new(),
            texts: Texts::new(default),
            last_resort: None,
            uses_last_resort: true,
            context: Vec::new(),
            level_names: Arc::new(LevelNames::default()),
            has_own_names: false,
            born: 0,
            depth: 0,
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
        if !route.filters.iter().all(|&filter| accepts(&mut self.filters, filter, record)) {
            return;
        }
        self.texts.next_record();
        if route.handlers.is_empty() {
            let last = self.last_resort.filter(|&last| Some(last) != except && self.uses_last_resort);
            if let Some(last) = last {
                self.deliver(last, record, true);
            }
            return;
        }
        // a memory handler may deliver to others meanwhile; the routes stay as they are
        let mut index = 0;
        while let Some(&handler) = self.routes.get(at).and_then(|route| route.handlers.get(index)) {
            if Some(handler) != except {
                self.deliver(handler, record, true);
            }
            index += 1;
        }
    }

    /// Brings a record to one handler.
    pub(crate) fn deliver(&mut self, handler: u32, record: &mut Record<'_>, checks_level: bool) {
        let Some(Some(slot)) = self.slots.get_mut(handler as usize) else { return };
        if checks_level && record.level < slot.level {
            return;
        }
        let (filters, texts) = (&mut self.filters, &mut self.texts);
        let changes_record = |&filter: &u32| {
            let slot: Option<&FilterSlot> = filters.get(filter as usize).and_then(Option::as_ref);
            slot.is_some_and(|slot| slot.changes_records)
        };
        let outcome = if slot.filters.iter().any(changes_record) {
            let mut own = record.clone();
            if !slot.filters.iter().all(|&filter| accepts(filters, filter, &mut own)) {
                return;
            }
            hand_over(slot, texts, &own, false)
        } else {
            if !slot.filters.iter().all(|&filter| accepts(filters, filter, record)) {
                return;
            }
            hand_over(slot, texts, record, true)
        };
        match outcome {
            Outcome::Taken => {}
            Outcome::MemoryIsDue => self.flush_memory(handler),
            Outcome::Failed(error) => self.fail(handler, &error),
        }
    }
}

/// Asks a filter. One that panics lets the record pass: a fault of a filter must not hide records.
fn accepts(filters: &mut [Option<FilterSlot>], filter: u32, record: &mut Record<'_>) -> bool {
    let Some(Some(slot)) = filters.get_mut(filter as usize) else { return true };
    catch_unwind(AssertUnwindSafe(|| slot.filter.accepts(record))).unwrap_or(true)
}

fn hand_over(slot: &mut Slot, texts: &mut Texts, record: &Record<'_>, is_shared: bool) -> Outcome {
    let emitted = match &mut slot.sink {
        Sink::Memory(memory) => {
            let is_due = memory.push(record, &mut slot.status.dropped);
            return if is_due { Outcome::MemoryIsDue } else { Outcome::Taken };
        }
        Sink::Handler(sink) if slot.needs_text => texts
            .of(slot.formatter, record, is_shared)
            .and_then(|text| guard(|| sink.emit(&Entry::new(record, text)))),
        Sink::Handler(sink) => guard(|| sink.emit(&Entry::new(record, ""))),
    };
    match emitted {
        Ok(()) => {
            slot.status.written += u64::from(!slot.counts_written);
            slot.is_dirty = true;
            Outcome::Taken
        }
        Err(error) => Outcome::Failed(error),
    }
}
