//! Sockets of receivers in the descriptor store of systemd: they stay open while the daemon is restarted, and also if it
//! is killed.
//!
//! The store belongs to the unit (`FileDescriptorStoreMax=`), and nobody tells what became of a descriptor that was sent:
//! therefore what is in the store is counted here, and never more is sent than it takes. A plain stop of the service
//! empties it. Without systemd nothing is kept.

use std::{
    collections::BTreeMap,
    env,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sd_notify::NotifyState;
use stratd_logging::SocketKeeper;

/// What the unit says; systemd 254 and later says itself how many it takes.
const SOCKETS_MAX: usize = 64;
/// The variable in which it does.
const MAX_VARIABLE: &str = "FDSTORE";
/// The store forgets a descriptor with an error unless it is told not to look: a datagram that nobody took is one.
const WITHOUT_LOOK: NotifyState<'static> = NotifyState::Custom("FDPOLL=0");

/// The descriptor store of our unit.
#[derive(Debug)]
pub(crate) struct KeptSockets {
    max: usize,
    store: Mutex<Store>,
}

#[derive(Debug, Default)]
struct Store {
    /// What the process before left, until somebody takes it.
    left: Vec<(String, OwnedFd)>,
    /// How many are in the store under each name.
    counts: BTreeMap<String, usize>,
}

impl KeptSockets {
    /// With what the process before left.
    pub(crate) fn new(left: Vec<(String, OwnedFd)>) -> Self {
        let max = match env::var(MAX_VARIABLE) {
            Ok(text) => text.parse().unwrap_or(0),
            Err(_) => SOCKETS_MAX,
        };
        Self::with_max(left, max)
    }

    fn with_max(left: Vec<(String, OwnedFd)>, max: usize) -> Self {
        let mut counts = BTreeMap::new();
        for (name, _) in &left {
            *counts.entry(name.clone()).or_default() += 1;
        }
        Self { max, store: Mutex::new(Store { left, counts }) }
    }

    /// Forgets what the process before left and nobody has taken: nobody would ever close it.
    pub(crate) fn forget_rest(&self) {
        let left = std::mem::take(&mut self.store().left);
        for (name, _) in left {
            self.forget(&name);
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, if there is room.
    fn enter(&self, name: &str) -> bool {
        let mut store = self.store();
        if store.counts.values().sum::<usize>() >= self.max {
            return false;
        }
        *store.counts.entry(name.to_owned()).or_default() += 1;
        true
    }
}

impl SocketKeeper for KeptSockets {
    fn take(&self, name: &str) -> Vec<OwnedFd> {
        let mut store = self.store();
        let (taken, left) = std::mem::take(&mut store.left).into_iter().partition(|(known, _)| known == name);
        store.left = left;
        taken.into_iter().map(|(_, socket): (String, OwnedFd)| socket).collect()
    }

    fn keep(&self, name: &str, socket: BorrowedFd<'_>) -> bool {
        if env::var_os("NOTIFY_SOCKET").is_none() || !self.enter(name) {
            return false;
        }
        let states = [NotifyState::FdStore, NotifyState::FdName(name), WITHOUT_LOOK];
        let sent = sd_notify::notify_with_fds(&states, &[socket]);
        if let Err(error) = &sent {
            tracing::warn!(logger = "stratd.logging", "leaving {name} with systemd: {error}");
            if let Some(count) = self.store().counts.get_mut(name) {
                *count = count.saturating_sub(1);
            }
        }
        sent.is_ok()
    }

    fn forget(&self, name: &str) {
        if self.store().counts.remove(name).is_none() {
            return;
        }
        let states = [NotifyState::FdStoreRemove, NotifyState::FdName(name)];
        if let Err(error) = sd_notify::notify(&states) {
            tracing::warn!(logger = "stratd.logging", "having systemd forget {name}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn left(names: &[&str]) -> Vec<(String, OwnedFd)> {
        let fd = || OwnedFd::from(UnixDatagram::unbound().unwrap());
        names.iter().map(|name| ((*name).to_owned(), fd())).collect()
    }

    #[test]
    fn no_more_are_kept_than_the_store_takes() {
        let store = KeptSockets::with_max(left(&["a", "a"]), 3);
        assert!(store.enter("b"));
        assert!(!store.enter("c"), "two that were left and one are three");
        store.forget("a");
        assert!(store.enter("c") && store.enter("c") && !store.enter("c"));
    }

    #[test]
    fn what_was_left_is_taken_once_and_the_rest_forgotten() {
        let store = KeptSockets::with_max(left(&["a", "b", "a", "c"]), 64);
        assert_eq!((store.take("a").len(), store.take("a").len()), (2, 0));
        store.forget_rest();
        assert_eq!(store.take("b").len(), 0);
        assert_eq!(store.store().counts, BTreeMap::from([("a".to_owned(), 2)]));
    }
}
