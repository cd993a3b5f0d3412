//! What an instance has in hand during a call: the events or the order that a record of it is about.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use rustc_hash::FxBuildHasher;
use stratd_plugin_api::abi::{Event, OrderCommand, OrderEvent, logger_id};

use super::{Instruments, Way};

/// Names of instruments that are kept; then they are forgotten, and asked for again.
const SYMBOLS_MAX: usize = 4096;

/// What a call of the host lends to a plugin.
#[derive(Clone, Copy)]
pub(in super::super) enum InHand {
    Nothing,
    Events(NonNull<Event>, usize),
    Orders(NonNull<OrderEvent>, usize),
    Command(NonNull<OrderCommand>),
}

impl InHand {
    /// A slice of events.
    #[inline]
    pub(in super::super) fn events(events: &[Event]) -> Self {
        Self::Events(NonNull::from(events).cast(), events.len())
    }

    /// A slice of order events.
    #[inline]
    pub(in super::super) fn orders(events: &[OrderEvent]) -> Self {
        Self::Orders(NonNull::from(events).cast(), events.len())
    }

    /// An order on its way to the exchange.
    #[inline]
    pub(in super::super) fn command(command: &OrderCommand) -> Self {
        Self::Command(NonNull::from(command))
    }
}

/// What an event is about; 0 = nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) instrument: u32,
    pub(super) order_id: u64,
}

/// The place for what is in hand. Touched by the thread only that is inside of the call.
pub(super) struct Hand {
    what: Cell<InHand>,
    /// Which event of a slice is in work: the plugin writes it.
    in_work: AtomicU64,
    // look-up only
    symbols: RefCell<HashMap<u32, Box<str>, FxBuildHasher>>,
}

impl Default for Hand {
    fn default() -> Self {
        Self { what: Cell::new(InHand::Nothing), in_work: AtomicU64::new(0), symbols: RefCell::default() }
    }
}

impl Hand {
    #[inline]
    pub(super) fn set(&self, what: InHand) {
        self.what.set(what);
    }

    #[inline]
    pub(super) fn begin_slice(&self) -> *mut u64 {
        self.in_work.store(0, Ordering::Relaxed);
        self.in_work.as_ptr()
    }

    #[inline]
    pub(super) fn in_work(&self) -> u64 {
        self.in_work.load(Ordering::Relaxed)
    }

    /// The event in work, if the call has several.
    ///
    /// # Safety
    /// This thread is inside of the call that noted what is in hand.
    pub(super) unsafe fn event_in_work(&self) -> Option<Event> {
        let InHand::Events(first, count @ 2..) = self.what.get() else { return None };
        let index = usize::try_from(self.in_work()).ok().filter(|index| *index < count)?;
        // SAFETY: the index is inside of the slice, which the call lends until it is over
        Some(unsafe { *first.add(index).as_ref() })
    }

    /// What the event at `index` of the slice is about; without a usable index, the only one.
    ///
    /// # Safety
    /// This thread is inside of the call that noted what is in hand.
    pub(super) unsafe fn about(&self, index: u32) -> About {
        let place = |count: usize| match usize::try_from(index) {
            Ok(index) if index < count => Some(index),
            _ if index == logger_id::NO_EVENT && count == 1 => Some(0),
            _ => None,
        };
        match self.what.get() {
            InHand::Nothing => About::default(),
            InHand::Events(first, count) => place(count).map_or_else(About::default, |index| {
                // SAFETY: the index is inside of the slice, which the call lends until it is over
                let event = unsafe { first.add(index).as_ref() };
                About { instrument: event.instrument, order_id: 0 }
            }),
            InHand::Orders(first, count) => place(count).map_or_else(About::default, |index| {
                // SAFETY: as above
                let event = unsafe { first.add(index).as_ref() };
                About { instrument: event.instrument, order_id: event.client_order_id }
            }),
            InHand::Command(command) => {
                // SAFETY: the call lends it until it is over
                let command = unsafe { command.as_ref() };
                About { instrument: command.order.instrument, order_id: command.client_order_id }
            }
        }
    }

    /// Hands the symbol of an instrument to `with`; the empty text if it is not known.
    pub(super) fn with_symbol<R>(
        &self,
        instrument: u32,
        (way, instruments): (&Way, &dyn Instruments),
        with: impl FnOnce(&str) -> R,
    ) -> R {
        // borrowed by a record of this thread already: a symbol more or less is no reason to fail
        let Ok(mut symbols) = self.symbols.try_borrow_mut() else { return with("") };
        if let Some(known) = symbols.get(&instrument) {
            return with(known);
        }
        let mut symbol = String::new();
        let handle = instruments.symbol(instrument);
        if handle != 0 {
            way.text(handle, &mut |text| text.clone_into(&mut symbol));
        }
        if symbols.len() >= SYMBOLS_MAX {
            symbols.clear();
        }
        with(symbols.entry(instrument).or_insert(symbol.into_boxed_str()))
    }
}
