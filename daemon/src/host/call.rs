//! The context of one strategy instance: what the host's table reaches, and when.
//!
//! A strategy gets a pointer to a [`HostV1`] that it may keep for ever and call from any thread. The engine, in
//! contrast, lends itself (`&mut dyn StrategyHost`) for one call on one thread. [`Bridge::during`] joins the two:
//! it notes the lent host and the thread for the duration of a call, and [`Bridge::lent`] hands the host out
//! only on that thread. So no lock is needed: whoever finds its own thread in the [`Seat`] is inside the call that
//! took it.
//!
//! A bridge is leaked, a few hundred bytes per instance: a plugin may keep the table longer than the instance lives.
#![expect(unsafe_code, reason = "lends a borrowed value through a pointer that the plugin holds")]

use std::{
    cell::Cell,
    ffi::c_void,
    ptr::NonNull,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use stratd_plugin_api::{
    StrategyHost, StrategyServices, Timestamp,
    abi::{Filter, HostV1, TextHandle},
};

use super::{
    callbacks,
    crash::seat::{self, Entry, Seat},
    instance::Run,
    log::{InHand, InstanceLog, Instruments, Way},
};

/// The context of an instance; `HostV1::ctx` points to it.
pub(super) struct Bridge {
    table: HostV1,
    /// Knows which thread is inside a call.
    seat: Seat,
    run: Run,
    services: Arc<dyn StrategyServices>,
    log: InstanceLog,
    /// The lent host. Only touched by the thread that is inside a call.
    host: Cell<Option<NonNull<dyn StrategyHost>>>,
    /// The time of the last event: what `now` tells outside of calls without a clock.
    time: AtomicI64,
    error: LastError,
}

// SAFETY: `host` is only touched by the thread that the seat says is inside a call, as `during` and `lent` uphold; the table's
// pointer is the address of this bridge and never written; all else is `Sync` by itself
unsafe impl Sync for Bridge {}

impl Bridge {
    /// A bridge that lives as long as the process.
    /// `library` is a number that instances of one library share.
    pub(super) fn leak(
        seat: Seat,
        run: Run,
        services: Arc<dyn StrategyServices>,
        library: usize,
    ) -> &'static Self {
        let way = Way::Strategy(Arc::clone(&services), seat.instance().to_owned());
        let bridge = Box::into_raw(Box::new(Self {
            log: InstanceLog::new(way, library),
            table: callbacks::table(std::ptr::null_mut()),
            seat,
            run,
            services,
            host: Cell::new(None),
            time: AtomicI64::new(0),
            error: LastError::default(),
        }));
        // SAFETY: just allocated, and nobody else knows of it
        unsafe { (*bridge).table.ctx = bridge.cast() };
        // SAFETY: as above, and it never moves again
        unsafe { (*bridge).log.settle() };
        // SAFETY: never freed, and from here on only shared
        let bridge = unsafe { &*bridge };
        bridge.log.belongs_to(&bridge.seat, bridge);
        seat::register(&bridge.seat);
        bridge
    }

    /// The bridge that a callback got as its context.
    ///
    /// # Safety
    /// `ctx` is `HostV1::ctx` of a bridge, as the ABI demands of the plugin.
    pub(super) unsafe fn of(ctx: *mut c_void) -> &'static Self {
        // SAFETY: as demanded of the caller; bridges are never freed
        unsafe { &*ctx.cast::<Self>() }
    }

    pub(super) fn table(&'static self) -> *const HostV1 {
        &raw const self.table
    }

    /// Runs a call into the plugin, during which callbacks on this thread reach `host`.
    // `call` is a call through the C table: it cannot unwind, so nothing needs to be undone
    #[inline]
    pub(super) fn during<R>(&self, host: &mut dyn StrategyHost, entry: Entry, call: impl FnOnce() -> R) -> R {
        // SAFETY: only the lifetime changes; `lent` uses the pointer only until the end of this function
        let host = unsafe {
            std::mem::transmute::<NonNull<dyn StrategyHost + '_>, NonNull<dyn StrategyHost + 'static>>(
                NonNull::from(host),
            )
        };
        self.host.set(Some(host));
        let result = self.seat.during(entry, call);
        self.host.set(None);
        self.log.hold(InHand::Nothing);
        result
    }

    /// Runs a call into the plugin that has no host to reach: the first and the last of an instance.
    pub(super) fn during_alone<R>(&self, entry: Entry, call: impl FnOnce() -> R) -> R {
        self.seat.during(entry, call)
    }

    /// Hands the lent host to `body`; `failed` outside of a call and on other threads.
    pub(super) fn lent<R>(&self, failed: R, body: impl FnOnce(&mut dyn StrategyHost) -> R) -> R {
        if !self.seat.is_here() {
            return failed;
        }
        // taken out while in use: were `body` to lead back here, it would find nothing rather than an alias
        let Some(mut host) = self.host.take() else { return failed };
        // SAFETY: `during` is still running on this thread, its `&mut` is not used meanwhile, and taking it out
        // makes this the only reference
        let lent = unsafe { host.as_mut() };
        // SAFETY: this thread is inside of the call, as the seat says
        if let Some(event) = unsafe { self.log.event_in_work() } {
            lent.begin_event(&event);
        }
        let result = body(lent);
        self.host.set(Some(host));
        result
    }

    /// Notes the time of an event that is about to be delivered.
    #[inline]
    pub(super) fn set_time(&self, ts: i64) {
        self.time.store(ts, Ordering::Relaxed);
    }

    /// The time of the event in work; outside of a call the clock's, or without one the last event's.
    pub(super) fn now(&self) -> Timestamp {
        if let Some(now) = self.lent(None, |host| Some(host.now())) {
            return now;
        }
        match self.run.clock {
            Some(clock) => clock(),
            None => Timestamp::new(self.time.load(Ordering::Relaxed)),
        }
    }

    pub(super) fn instance(&self) -> &str {
        self.seat.instance()
    }

    pub(super) fn run(&self) -> Run {
        self.run
    }

    pub(super) fn services(&self) -> &dyn StrategyServices {
        &*self.services
    }

    /// The log of the instance.
    #[inline]
    pub(super) fn log(&'static self) -> &'static InstanceLog {
        &self.log
    }

    pub(super) fn error(&self) -> &LastError {
        &self.error
    }
}

impl Instruments for Bridge {
    fn symbol(&self, instrument: u32) -> TextHandle {
        let filter = Filter { instrument, ..Filter::default() };
        let mut symbol = 0;
        self.lent((), |host| host.instruments(&filter, &mut |record| symbol = record.symbol));
        symbol
    }

    fn keep_time(&self) {
        self.lent((), |_| {});
    }
}

/// What the plugin last said about a failure.
#[derive(Default)]
pub(super) struct LastError {
    /// Spares calls that succeed the lock.
    is_set: AtomicBool,
    text: Mutex<String>,
}

impl LastError {
    pub(super) fn set(&self, text: &str) {
        let mut place = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        place.clear();
        place.push_str(text);
        self.is_set.store(true, Ordering::Relaxed);
    }

    /// Takes the text away, so that it explains no later failure.
    #[cold]
    pub(super) fn take(&self) -> String {
        self.is_set.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// After a call that succeeded: what was said has nothing to explain.
    #[inline]
    pub(super) fn forget(&self) {
        if self.is_set.load(Ordering::Relaxed) {
            self.take();
        }
    }
}
