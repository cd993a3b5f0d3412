//! The one way into the event loop of a live run: a bounded queue.

use std::{
    collections::VecDeque,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    command::{Answer, Command},
    exchange_desk::Told,
};

/// Events that wait before market events are not taken any more: the connector keeps them and comes back.
const EVENTS_MAX: usize = 65_536;
/// Order events are taken beyond that, because none may be lost and none may wait: the connector may report from
/// inside a call that the event loop itself made. So many mean that the loop stands still: the run then ends.
const ORDER_EVENTS_MAX: usize = 1_000_000;

/// Commands that wait: their senders wait for answers, so there are never more than a few. Beyond it none is taken.
const COMMANDS_MAX: usize = 1_024;

/// Everything that can wake the event loop besides its timers.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    filled: Condvar,
    /// Looked at between any two events, so that a command never waits behind a full inbox.
    has_commands: AtomicBool,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// The run is over.
    Closed,
    /// [`COMMANDS_MAX`] wait already.
    Full,
}

#[derive(Default)]
struct State {
    told: VecDeque<Told>,
    /// Each with its number, from the oldest.
    commands: VecDeque<(u64, Command)>,
    /// The number of the last command.
    commands_taken: u64,
    /// Who waits until what is here now has been fed, and whether the loop has taken it already.
    settling: Vec<(Answer<()>, bool)>,
    /// Why the run shall end.
    stop: Option<String>,
    /// There is something to do that no queue has.
    is_woken: bool,
    is_closed: bool,
}

impl Inbox {
    /// Takes as many events as there is room for, in order.
    pub(super) fn push(&self, told: impl Iterator<Item = Told>) -> usize {
        let mut state = self.lock();
        let count = state.take_until(EVENTS_MAX, told);
        drop(state);
        if count > 0 {
            self.filled.notify_one();
        }
        count
    }

    /// Takes order events, at once and beyond the room for market events. Beyond the limit, none is taken and the run
    /// is asked to end.
    pub(super) fn push_orders(&self, told: impl Iterator<Item = Told>) -> usize {
        let mut state = self.lock();
        let count = state.take_until(ORDER_EVENTS_MAX, told);
        if state.told.len() >= ORDER_EVENTS_MAX {
            state.stop.get_or_insert_with(|| format!("{ORDER_EVENTS_MAX} waiting events"));
        }
        drop(state);
        self.filled.notify_one();
        count
    }

    /// Takes a command, and returns its number.
    ///
    /// # Errors
    /// The run is over, or too many wait.
    pub(super) fn push_command(&self, command: Command) -> Result<u64, NotTaken> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(NotTaken::Closed);
        }
        if state.commands.len() >= COMMANDS_MAX {
            return Err(NotTaken::Full);
        }
        state.commands_taken += 1;
        let number = state.commands_taken;
        state.commands.push_back((number, command));
        self.has_commands.store(true, Ordering::Relaxed);
        drop(state);
        self.filled.notify_one();
        Ok(number)
    }

    /// Takes a command back that the event loop has not begun: it is never carried out then. False if it has begun.
    pub(super) fn withdraw(&self, number: u64) -> bool {
        let mut state = self.lock();
        let at = state.commands.iter().position(|(known, _)| *known == number);
        // dropped after the lock is free: it may own an instance of a plugin
        let withdrawn = at.and_then(|at| state.commands.remove(at));
        self.has_commands.store(!state.commands.is_empty(), Ordering::Relaxed);
        drop(state);
        withdrawn.is_some()
    }

    /// The next command that waits.
    #[inline]
    pub(super) fn take_command(&self) -> Option<Command> {
        if !self.has_commands.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.lock();
        let command = state.commands.pop_front().map(|(_, command)| command);
        self.has_commands.store(!state.commands.is_empty(), Ordering::Relaxed);
        command
    }

    /// Answers once everything that was told until now has been fed; false = the run is over, or too many wait.
    pub(super) fn push_settle(&self, answer: Answer<()>) -> bool {
        let mut state = self.lock();
        if state.is_closed || state.settling.len() >= COMMANDS_MAX {
            return false;
        }
        state.settling.push((answer, false));
        drop(state);
        self.filled.notify_one();
        true
    }

    /// How many events and commands wait.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.told.len(), state.commands.len())
    }

    /// Whether nothing can come any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Lets the event loop come round, whatever there is to do.
    pub(super) fn wake(&self) {
        self.lock().is_woken = true;
        self.filled.notify_one();
    }

    /// Asks the event loop to end the run; the first reason counts.
    pub(super) fn stop(&self, reason: &str) {
        self.lock().stop.get_or_insert_with(|| reason.to_owned());
        self.filled.notify_one();
    }

    /// Whether somebody asked to end the run; [`Inbox::take`] tells why.
    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stop.is_some()
    }

    /// Moves what waits to `out`, after waiting for something for at most `patience`; the reason to end, if there is
    /// one.
    pub(super) fn take(&self, out: &mut VecDeque<Told>, patience: Duration) -> Option<String> {
        let state = self.lock();
        let is_idle = |state: &mut State| {
            state.told.is_empty()
                && state.commands.is_empty()
                && state.settling.is_empty()
                && state.stop.is_none()
                && !state.is_woken
        };
        let (mut state, _) =
            self.filled.wait_timeout_while(state, patience, is_idle).unwrap_or_else(PoisonError::into_inner);
        // whoever takes again has fed what was taken before
        state.settling.retain_mut(|(answer, is_taken)| {
            if *is_taken {
                // who asked may have gone
                let _ = answer.try_send(());
                return false;
            }
            *is_taken = true;
            true
        });
        state.is_woken = false;
        // the buffers change places: neither is allocated again
        std::mem::swap(out, &mut state.told);
        // asked once, answered once: who drains afterwards waits again
        state.stop.take()
    }

    /// Takes nothing any more. Who waits for the answer to a command hears that the loop is gone.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let commands = std::mem::take(&mut state.commands);
        let settling = std::mem::take(&mut state.settling);
        self.has_commands.store(false, Ordering::Relaxed);
        drop(state);
        drop((commands, settling));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_until(&mut self, limit: usize, told: impl Iterator<Item = Told>) -> usize {
        if self.is_closed {
            return 0;
        }
        let before = self.told.len();
        self.told.extend(told.take(limit.saturating_sub(before)));
        self.told.len() - before
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

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
    fn order_events_are_taken_beyond_the_room_for_market_events() {
        let inbox = Inbox::default();
        inbox.push(told(EVENTS_MAX));
        assert_eq!(inbox.push(told(1)), 0);
        assert_eq!(inbox.push_orders(told(3)), 3);
        let mut out = VecDeque::new();
        assert_eq!(inbox.take(&mut out, Duration::ZERO), None);
        assert_eq!(out.len(), EVENTS_MAX + 3);
    }

    #[test]
    fn too_many_order_events_end_the_run() {
        let inbox = Inbox::default();
        assert_eq!(inbox.push_orders(told(ORDER_EVENTS_MAX + 1)), ORDER_EVENTS_MAX);
        assert!(inbox.take(&mut VecDeque::new(), Duration::ZERO).is_some());
    }

    #[test]
    fn a_closed_inbox_takes_nothing() {
        let inbox = Inbox::default();
        inbox.close();
        assert_eq!(inbox.push(told(1)) + inbox.push_orders(told(1)), 0);
    }

    #[test]
    fn who_waits_for_what_was_told_is_answered_when_it_was_fed() {
        let inbox = Inbox::default();
        let mut out = VecDeque::new();
        inbox.push(told(2));
        let (sender, answer) = std::sync::mpsc::sync_channel(1);
        assert!(inbox.push_settle(sender));
        inbox.take(&mut out, Duration::ZERO);
        assert!(answer.try_recv().is_err(), "taken, not fed");
        out.clear();
        // it is not kept waiting for the next event
        inbox.take(&mut out, Duration::from_secs(60));
        assert_eq!(answer.try_recv(), Ok(()));
        let (sender, answer) = std::sync::mpsc::sync_channel(1);
        assert!(inbox.push_settle(sender));
        inbox.close();
        assert_eq!(answer.recv(), Err(std::sync::mpsc::RecvError));
        assert!(inbox.is_closed() && !inbox.push_settle(std::sync::mpsc::sync_channel(1).0));
    }

    #[test]
    fn a_stop_wakes_the_loop() {
        let inbox = Inbox::default();
        inbox.stop("first");
        inbox.stop("second");
        assert_eq!(inbox.take(&mut VecDeque::new(), Duration::from_secs(10)).as_deref(), Some("first"));
        assert_eq!(inbox.take(&mut VecDeque::new(), Duration::ZERO), None);
    }
}
