//! The places of handlers, filters and formatters: numbers that loggers and records refer to.
//!
//! The place of a handler and of a formatter is used again once nobody refers to it; that of a filter is not.

use super::{
    Router,
    router::FilterSlot,
    slot::{Memory, Sink, Slot},
    texts::FormatterSlot,
};
use crate::{
    error::{Error, ErrorKind, Result},
    filter::Filter,
    format::{Formatter, FormatterOptions},
    handler::Handler,
    level::Level,
    tree::Tree,
};

/// Handlers of one system.
const HANDLERS_MAX: usize = 1024;

impl Router {
    /// True if a configuration may replace this handler.
    pub(crate) fn is_configurable(&self, handler: u32) -> bool {
        let slot = self.slots.get(handler as usize).and_then(Option::as_ref);
        Some(handler) != self.last_resort && slot.is_some_and(|slot| !slot.survives)
    }

    /// True if what a handler is given comes to `other`: it is that one, or a memory handler that feeds it.
    pub(crate) fn feeds(&self, handler: u32, other: u32) -> bool {
        let mut at = Some(handler);
        for _ in 0..=self.slots.len() {
            let Some(id) = at else { return false };
            if id == other {
                return true;
            }
            at = match self.slots.get(id as usize) {
                Some(Some(Slot { sink: Sink::Memory(memory), .. })) => memory.target,
                _ => None,
            };
        }
        false
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
        for (id, formatter) in (0_u32..).zip(&mut self.texts.formatters).skip(1) {
            if !formatters.contains(&id) {
                let old = formatter.take();
                self.renamed_fields += old.map_or(0, |old| old.renamed_fields());
            }
        }
    }

    /// True for a memory handler.
    pub(crate) fn is_memory(&self, handler: u32) -> bool {
        matches!(self.slots.get(handler as usize), Some(Some(Slot { sink: Sink::Memory(_), .. })))
    }

    /// True for a handler that was configured with this kind and these options.
    pub(crate) fn has_identity(&self, handler: u32, kind: &str, options: &toml::Table) -> bool {
        let slot = self.slots.get(handler as usize).and_then(Option::as_ref);
        let identity = slot.and_then(|slot| slot.identity.as_ref());
        identity.is_some_and(|(own, known)| own == kind && known == options)
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

    /// The numbers of all handlers in the order in which they end: the youngest first, as in Python, but every memory
    /// handler before its target, which must still take what was kept. In Python a target is always the older one; a
    /// configuration may name them in any order.
    pub(crate) fn youngest_first(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.handler_ids().collect();
        ids.sort_by_key(|&id| {
            let born = self.slots.get(id as usize).and_then(Option::as_ref).map(|slot| slot.born);
            std::cmp::Reverse((self.targets_behind(id), born))
        });
        ids
    }

    /// How many handlers its records pass through after it, memory handlers before the last one.
    fn targets_behind(&self, handler: u32) -> usize {
        let target = |id: &u32| match self.slots.get(*id as usize).and_then(Option::as_ref)?.sink {
            Sink::Memory(Memory { target, .. }) => target,
            Sink::Handler(_) => None,
        };
        // as many as there are handlers at most: a chain might lead back to itself
        std::iter::successors(Some(handler), target).take(self.slots.len()).count()
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
        let free =
            self.texts.formatters.iter().position(Option::is_none).unwrap_or(self.texts.formatters.len());
        if free == self.texts.formatters.len() {
            self.texts.formatters.push(None);
        }
        self.texts.formatters[free] = Some(FormatterSlot::new(formatter));
        Ok(u32::try_from(free).unwrap_or(u32::MAX))
    }

    /// Fields that formatters had to rename.
    pub(crate) fn renamed_fields(&self) -> u64 {
        let formatters = self.texts.formatters.iter().flatten().map(FormatterSlot::renamed_fields);
        self.renamed_fields + formatters.sum::<u64>()
    }

    /// Puts a filter into its place.
    pub(crate) fn add_filter(&mut self, filter: Box<dyn Filter>) -> u32 {
        let id = u32::try_from(self.filters.len()).unwrap_or(u32::MAX);
        self.filters.push(Some(FilterSlot::new(filter)));
        id
    }

    /// Gives every handler the lowest level that it takes.
    pub(crate) fn set_handler_level(&mut self, handler: u32, level: Level) {
        if let Some(Some(slot)) = self.slots.get_mut(handler as usize) {
            slot.level = level;
        }
    }
}

/// A handler for [`Router::last_resort`].
fn last_resort(handler: Box<dyn Handler>) -> Slot {
    let mut slot = Slot::new("last_resort", "stream", Sink::Handler(handler));
    slot.level = Level::WARNING;
    slot
}
