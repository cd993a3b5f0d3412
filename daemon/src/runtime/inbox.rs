//! The one way into the event loop of a live run: a bounded queue.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::exchange_desk::Told;

/// Events that wait at most. When it is full, market events are not taken (the connector keeps them and comes back)
/// and order events wait, because none may be lost.
const EVENTS_MAX: usize = 65_536;

/// Everything that can wake the event loop besides its timers.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    told: VecDeque<Told>,
    /// Why the run shall end.
    stop: Option<String>,
    is_closed: bool,
}

impl Inbox {
    /// Takes as many events as there is room for, in order.
    pub(super) fn push(&self, told: impl Iterator<Item = Told>) -> usize {
        let mut state = self.lock();
        let count = state.take(told);
        drop(state);
        if count > 0 {
            self.filled.notify_one();
        }
        count
    }

    /// Takes all events, in order, waiting for room; fewer only if the inbox is closed meanwhile.
    pub(super) fn push_all(&self, told: impl Iterator<Item = Told>) -> usize {
        let mut told = told.peekable();
        let mut count = 0;
        while told.peek().is_some() {
            let state = self.lock();
            let is_full = |state: &mut State| state.told.len() >= EVENTS_MAX && !state.is_closed;
            let mut state = self.emptied.wait_while(state, is_full).unwrap_or_else(PoisonError::into_inner);
            if state.is_closed {
                break;
            }
            count += state.take(&mut told);
            drop(state);
            self.filled.notify_one();
        }
        count
    }

    /// Asks the event loop to end the run; the first reason counts.
    pub(super) fn stop(&self, reason: &str) {
        self.lock().stop.get_or_insert_with(|| reason.to_owned());
        self.filled.notify_one();
    }

    /// Moves what waits to `out`, after waiting for something for at most `patience`; the reason to end, if there is
    /// one.
    pub(super) fn take(&self, out: &mut VecDeque<Told>, patience: Duration) -> Option<String> {
        let state = self.lock();
        let is_idle = |state: &mut State| state.told.is_empty() && state.stop.is_none();
        let (mut state, _) =
            self.filled.wait_timeout_while(state, patience, is_idle).unwrap_or_else(PoisonError::into_inner);
        // the buffers change places: neither is allocated again
        std::mem::swap(out, &mut state.told);
        let stop = state.stop.clone();
        drop(state);
        self.emptied.notify_all();
        stop
    }

    /// Takes nothing any more: who waits for room goes on.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.emptied.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, told: impl Iterator<Item = Told>) -> usize {
        if self.is_closed {
            return 0;
        }
        let before = self.told.len();
        self.told.extend(told.take(EVENTS_MAX.saturating_sub(before)));
        self.told.len() - before
    }
}

#[cfg(test)]
mod tests {
    use std::{iter::repeat_n, sync::Arc, thread};

    use stratd_plugin_api::abi;

    use super::*;

    fn told(count: usize) -> impl Iterator<Item = Told> {
        repeat_n(Told::Market(abi::Event::default()), count)
    }

    #[test]
    fn a_full_inbox_takes_a_part() {
        let inbox = Inbox::default();
        assert_eq!(inbox.push(told(EVENTS_MAX - 1)), EVENTS_MAX - 1);
        assert_eq!(inbox.push(told(5)), 1);
        assert_eq!(inbox.push(told(5)), 0);
        let mut out = VecDeque::new();
        assert_eq!(inbox.take(&mut out, Duration::ZERO), None);
        assert_eq!(out.len(), EVENTS_MAX);
        assert_eq!(inbox.push(told(5)), 5);
    }

    #[test]
    fn order_events_wait_for_room_and_are_all_taken() {
        let inbox = Arc::new(Inbox::default());
        inbox.push(told(EVENTS_MAX));
        let pusher = thread::spawn({
            let inbox = Arc::clone(&inbox);
            move || inbox.push_all(told(3))
        });
        let (mut out, mut seen) = (VecDeque::new(), 0);
        while seen < EVENTS_MAX + 3 {
            inbox.take(&mut out, Duration::from_secs(10));
            seen += out.len();
            out.clear();
        }
        assert_eq!(pusher.join().unwrap(), 3);
    }

    #[test]
    fn closing_frees_who_waits() {
        let inbox = Arc::new(Inbox::default());
        inbox.push(told(EVENTS_MAX));
        let pusher = thread::spawn({
            let inbox = Arc::clone(&inbox);
            move || inbox.push_all(told(3))
        });
        inbox.close();
        assert_eq!(pusher.join().unwrap(), 0);
        assert_eq!(inbox.push(told(1)), 0);
    }

    #[test]
    fn a_stop_wakes_the_loop() {
        let inbox = Inbox::default();
        inbox.stop("first");
        inbox.stop("second");
        assert_eq!(inbox.take(&mut VecDeque::new(), Duration::from_secs(10)).as_deref(), Some("first"));
    }
}
