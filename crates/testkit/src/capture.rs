//! What plugins log without a context, in a process without a host: it goes to the desk that this thread made last, so
//! that tests which run side by side do not mix.

use std::{
    cell::RefCell,
    sync::{Arc, Once, Weak, atomic::AtomicI32},
};

use stratd_plugin_api::{Log, LogSink, capture_linked};

use crate::services::Services;

thread_local! {
    static DESK: RefCell<Weak<Services>> = const { RefCell::new(Weak::new()) };
}

/// Sends what this thread logs to `services` from now on.
pub(crate) fn into(services: &Arc<Services>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| capture_linked(Arc::new(Capture(AtomicI32::new(EVERYTHING)))));
    DESK.with_borrow_mut(|desk| *desk = Arc::downgrade(services));
}

/// A desk keeps records of all levels.
const EVERYTHING: i32 = i32::MIN;

struct Capture(AtomicI32);

impl LogSink for Capture {
    fn threshold(&self) -> &AtomicI32 {
        &self.0
    }

    fn send(&self, record: &Log<'_>) {
        // a thread that ends, or that never made a desk, has nobody to tell
        let desk = DESK.try_with(|desk| desk.borrow().upgrade()).ok().flatten();
        if let Some(desk) = desk {
            desk.push(format!("{} plugin: {}", record.level.get(), record.message));
        }
    }
}
