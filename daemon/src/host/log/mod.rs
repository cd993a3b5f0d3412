//! The log of one instance: what the host's side of the extension `stratd.log/1` reaches.
//!
//! Every bridge has one. It knows the loggers that the instance asked for, the fields that its records have besides their
//! own, and which events are in hand, so that a record of a handler names instrument and order without the plugin's help.
//!
//! Invariants: everything is copied before a call returns, nothing points into the plugin. A logger that was handed out
//! stays for ever, as its bridge does. What is in hand is touched by the thread only that is inside of the call.
//! Limits: [`LOGGERS_MAX`], [`CONTEXT_MAX`], and those of `record.rs`; beyond them the instance's own logger takes the
//! record, or the field is refused.
#![expect(unsafe_code, reason = "reads events through a pointer that a call of the host lends")]

mod hand;
mod loggers;
mod record;
mod table;

use std::{
    ffi::c_void,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use stratd_plugin_api::{
    ExchangeHost, Log, LogSink, LogValue, StrategyServices,
    abi::{Event, LogHostV1, TextHandle},
};

use self::{hand::Hand, loggers::Loggers};
pub(super) use self::{
    hand::InHand,
    record::{with_base, with_field},
};
use super::crash::seat::Seat;

/// Loggers of one instance.
pub(super) const LOGGERS_MAX: usize = 1024;
/// Fields that an instance sets for all of its records.
const CONTEXT_MAX: usize = 16;

/// Where records of an instance go.
pub(super) enum Way {
    Strategy(Arc<dyn StrategyServices>, String),
    Exchange(Arc<dyn ExchangeHost>),
}

impl Way {
    /// The logger of a name below the instance's.
    fn sink(&self, name: &str) -> Arc<dyn LogSink> {
        let sink = match self {
            Self::Strategy(services, instance) => services.log_sink(instance, name),
            Self::Exchange(host) => host.log_sink(name),
        };
        sink.unwrap_or_else(|| Arc::new(loggers::OneByOne::new(self.clone(), name)))
    }

    fn log(&self, record: &Log<'_>) {
        match self {
            Self::Strategy(services, instance) => services.log(instance, record),
            Self::Exchange(host) => host.log(record),
        }
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        match self {
            Self::Strategy(services, _) => services.text(handle, visit),
            Self::Exchange(host) => host.text(handle, visit),
        }
    }
}

impl Clone for Way {
    fn clone(&self) -> Self {
        match self {
            Self::Strategy(services, instance) => Self::Strategy(Arc::clone(services), instance.clone()),
            Self::Exchange(host) => Self::Exchange(Arc::clone(host)),
        }
    }
}

/// Whoever can tell the name of an instrument during a call.
pub(super) trait Instruments: Sync {
    /// The text of the symbol of an instrument; 0 if it is not known.
    fn symbol(&self, instrument: u32) -> TextHandle;
    /// Sees to it that the time of the run is that of the event in work.
    fn keep_time(&self);
}

/// The log of an instance.
pub(super) struct InstanceLog {
    table: LogHostV1,
    way: Way,
    loggers: Loggers,
    /// Set once, when the bridge has its place.
    place: OnceLock<Place>,
    /// Instances of one library have the same number.
    library: usize,
    context: Mutex<Vec<(String, record::Owned)>>,
    has_context: AtomicBool,
    hand: Hand,
}

/// The bridge around it.
struct Place {
    seat: &'static Seat,
    instruments: &'static dyn Instruments,
}

// SAFETY: `hand` is only touched by the thread that the seat says is inside a call; the table's pointers are written
// before anybody else knows of it; all else is `Sync` by itself
unsafe impl Sync for InstanceLog {}

impl InstanceLog {
    /// The log of an instance of `library`, a number that instances of one library share.
    pub(super) fn new(way: Way, library: usize) -> Self {
        let own = way.sink("");
        Self {
            table: table::table(std::ptr::null_mut()),
            loggers: Loggers::new(own),
            way,
            place: OnceLock::new(),
            library,
            context: Mutex::default(),
            has_context: AtomicBool::new(false),
            hand: Hand::default(),
        }
    }

    /// Notes its own address in its table: nobody may move it afterwards.
    pub(super) fn settle(&mut self) {
        self.table.ctx = std::ptr::from_mut(self).cast();
    }

    /// Tells it of the bridge around it.
    pub(super) fn belongs_to(&'static self, seat: &'static Seat, instruments: &'static dyn Instruments) {
        let place = Place { seat, instruments };
        if self.place.set(place).is_ok() {
            seat.set_log(self);
        }
    }

    /// The table, for a plugin that asks for the extension.
    pub(super) fn table(&'static self) -> *const c_void {
        (&raw const self.table).cast()
    }

    /// Notes what is in hand, for the length of a call.
    #[inline]
    pub(super) fn hold(&self, what: InHand) {
        self.hand.set(what);
    }

    /// A slice of events begins with its first: where the plugin says which of them is in work.
    #[inline]
    pub(super) fn begin_slice(&self) -> *mut u64 {
        self.hand.begin_slice()
    }

    /// Which event of the slice is in work, or was last.
    #[inline]
    pub(super) fn in_work(&self) -> u64 {
        self.hand.in_work()
    }

    /// The event in work, if the call has several.
    ///
    /// # Safety
    /// This thread is inside of the call that noted what is in hand.
    pub(super) unsafe fn event_in_work(&self) -> Option<Event> {
        // SAFETY: as demanded of the caller
        unsafe { self.hand.event_in_work() }
    }

    /// The log of the instance that this thread is inside a call of, if it is one of the same library.
    fn in_hand(&'static self) -> &'static Self {
        let is_mine = |seat: &Seat| seat.is_here();
        if self.place.get().is_none_or(|place| is_mine(place.seat)) {
            return self;
        }
        let mut here = super::crash::seat::seats().filter(|seat| is_mine(seat));
        let found = here.next().and_then(|seat| seat.log());
        found.filter(|log| log.library == self.library).unwrap_or(self)
    }

    /// Whether this thread is inside of a call of the instance.
    fn is_here(&self) -> Option<&Place> {
        self.place.get().filter(|place| place.seat.is_here())
    }

    /// Sets a field of all later records; false if there are too many.
    fn set_context(&self, key: &str, value: LogValue<'_>) -> bool {
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let known = context.iter().position(|(known, _)| known == key);
        match (known, record::Owned::new(value)) {
            (Some(at), None) => drop(context.remove(at)),
            (Some(at), Some(value)) => {
                if let Some(slot) = context.get_mut(at) {
                    slot.1 = value;
                }
            }
            (None, None) => {}
            (None, Some(_)) if context.len() >= CONTEXT_MAX => return false,
            (None, Some(value)) => context.push((key.to_owned(), value)),
        }
        self.has_context.store(!context.is_empty(), Ordering::Relaxed);
        true
    }
}
