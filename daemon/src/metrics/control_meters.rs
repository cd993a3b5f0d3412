//! What the control server counts of its requests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    catalog::{CONTROL_REQUESTS, CONTROL_TIME},
    counter::Durations,
    page::Page,
};

/// Routes and methods that are told apart; they come from the table of routes, and all else counts as one.
const ROUTES_MAX: usize = 256;
/// What a request for no route counts as.
const NO_ROUTE: &str = "(none)";

/// Requests by route. Written by the thread of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct ControlMeters(Arc<Mutex<BTreeMap<(String, String), Route>>>);

#[derive(Debug, Default)]
struct Route {
    by_status: BTreeMap<u16, u64>,
    durations: Durations,
}

impl ControlMeters {
    /// A request was answered. `route` is the pattern of its path; `None` for what matches none.
    pub(crate) fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route), counted) in &*routes {
            for (status, count) in &counted.by_status {
                page.counter(&CONTROL_REQUESTS, &[method, route, &status.to_string()], *count);
            }
            page.durations(&CONTROL_TIME, &[method, route], &counted.durations);
        }
    }
}
