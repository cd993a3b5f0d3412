//! What the control server counts of its requests and connections.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    catalog::{
        CONTROL_BROKEN, CONTROL_CONNECTIONS, CONTROL_REFUSED, CONTROL_REQUESTS, CONTROL_TAKEN, CONTROL_TIME,
    },
    counter::{Counter, Durations},
    page::Page,
};

/// Routes and methods that are told apart; they come from the table of routes, and all else counts as one.
const ROUTES_MAX: usize = 256;
/// What a request for no route counts as.
const NO_ROUTE: &str = "(none)";

/// Requests by route, connections by listener. Written by the thread of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct ControlMeters {
    routes: Arc<Mutex<BTreeMap<(String, String), Route>>>,
    listeners: Arc<Mutex<Vec<Arc<ListenerMeters>>>>,
}

/// Connections of one listener.
#[derive(Debug, Default)]
pub(crate) struct ListenerMeters {
    /// The key of `[control]` that it is of.
    name: &'static str,
    /// Given a place so far, and those of them that have ended.
    pub(crate) taken: Counter,
    pub(crate) ended: Counter,
    /// Told that there are too many.
    pub(crate) refused: Counter,
    /// Ended otherwise than HTTP says.
    pub(crate) broken: Counter,
}

#[derive(Debug, Default)]
struct Route {
    by_status: BTreeMap<u16, u64>,
    durations: Durations,
}

impl ControlMeters {
    /// What counts the connections of a listener.
    pub(crate) fn listener(&self, name: &'static str) -> Arc<ListenerMeters> {
        let meters = Arc::new(ListenerMeters { name, ..ListenerMeters::default() });
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&meters));
        meters
    }

    /// A request was answered. `route` is the pattern of its path; `None` for what matches none.
    pub(crate) fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        // methods are whatever a peer writes
        let key = match route {
            Some(route) => (method.to_owned(), route.to_owned()),
            None => (String::new(), NO_ROUTE.to_owned()),
        };
        if routes.len() >= ROUTES_MAX && !routes.contains_key(&key) {
            return;
        }
        let route = routes.entry(key).or_default();
        *route.by_status.entry(status).or_default() += 1;
        route.durations.add(took);
    }

    /// Adds what was counted.
    pub(crate) fn tell(&self, page: &mut Page) {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route), counted) in &*routes {
            for (status, count) in &counted.by_status {
                page.counter(&CONTROL_REQUESTS, &[method, route, &status.to_string()], *count);
            }
            page.durations(&CONTROL_TIME, &[method, route], &counted.durations);
        }
        for listener in &*self.listeners.lock().unwrap_or_else(PoisonError::into_inner) {
            // first those that ended: one more meanwhile must not make it less than none
            let (ended, taken) = (listener.ended.get(), listener.taken.get());
            page.count(&CONTROL_CONNECTIONS, &[listener.name], taken.saturating_sub(ended));
            page.counter(&CONTROL_TAKEN, &[listener.name], taken);
            page.counter(&CONTROL_REFUSED, &[listener.name], listener.refused.get());
            page.counter(&CONTROL_BROKEN, &[listener.name], listener.broken.get());
        }
    }
}
