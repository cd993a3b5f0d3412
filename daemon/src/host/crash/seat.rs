//! Where each instance is right now: idle, or in which entry of its plugin and on which thread.
//!
//! Every bridge has a [`Seat`]. The threads that call plugins write it; the watchdog and the crash handler read it, the
//! latter from a signal handler, so nothing here locks or allocates once a seat stands in the list. Seats are leaked
//! with their bridges, and the list only grows: a few hundred bytes per instance that was ever created.
//!
//! Invariants:
//! - One thread at a time calls an instance (`&mut self` of the calls upholds it), so a seat has one writer and counts
//!   with a load and a store.
//! - A word whose low byte is 0 means idle; equal words mean the same call.

use std::{
    fmt,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::plugin_kind::PluginKind;

use super::super::{log::InstanceLog, refusal::Identity};

/// The longest name of an instance or plugin in a note; what is beyond is cut.
const WORD_BYTES_MAX: usize = 128;
/// The low byte of a seat's word is the entry, the rest counts the calls: it wraps after 2^56 of them.
const CALL_STEP: u64 = 1 << 8;
const ENTRY_MASK: u64 = CALL_STEP - 1;

/// What of a plugin is being called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Entry {
    Create = 1,
    Destroy,
    OnEvents,
    OnOrders,
    OnConfig,
    Slippage,
    TransactionCost,
    Save,
    Restore,
    Quiesce,
    Connect,
    Instruments,
    Lookup,
    Subscribe,
    Poll,
    NewOrder,
    CancelOrder,
    ChangeOrder,
    Accounts,
    OpenOrders,
    FillsSince,
    FindOrder,
    Stop,
    Filter,
    Handle,
    Flush,
    Format,
}

/// Each entry at the place of its code, less one.
const ENTRIES: [(Entry, &str); 27] = [
    (Entry::Create, "create"),
    (Entry::Destroy, "destroy"),
    (Entry::OnEvents, "on_events"),
    (Entry::OnOrders, "on_orders"),
    (Entry::OnConfig, "on_config"),
    (Entry::Slippage, "slippage"),
    (Entry::TransactionCost, "transaction_cost"),
    (Entry::Save, "save"),
    (Entry::Restore, "restore"),
    (Entry::Quiesce, "quiesce"),
    (Entry::Connect, "connect"),
    (Entry::Instruments, "instruments"),
    (Entry::Lookup, "lookup"),
    (Entry::Subscribe, "subscribe"),
    (Entry::Poll, "poll"),
    (Entry::NewOrder, "new_order"),
    (Entry::CancelOrder, "cancel_order"),
    (Entry::ChangeOrder, "change_order"),
    (Entry::Accounts, "accounts"),
    (Entry::OpenOrders, "open_orders"),
    (Entry::FillsSince, "fills_since"),
    (Entry::FindOrder, "find_order"),
    (Entry::Stop, "stop"),
    (Entry::Filter, "filter"),
    (Entry::Handle, "handle"),
    (Entry::Flush, "flush"),
    (Entry::Format, "format"),
];

impl Entry {
    /// The name in the plugin's table.
    pub(crate) const fn name(self) -> &'static str {
        ENTRIES[self as usize - 1].1
    }

    fn of_word(word: u64) -> Option<Self> {
        let index = usize::try_from(word & ENTRY_MASK).ok()?.checked_sub(1)?;
        ENTRIES.get(index).map(|(entry, _)| *entry)
    }
}

/// A number of the current thread that no other living thread has: the address of a thread-local.
///
/// The thread-local is a constant without a destructor, so that a signal handler may ask, too.
#[inline]
pub(crate) fn thread_key() -> usize {
    thread_local! { static KEY: u8 = const { 0 }; }
    KEY.with(|key| std::ptr::from_ref(key).addr())
}

/// What one instance is doing.
pub(crate) struct Seat {
    kind: PluginKind,
    instance: String,
    /// The plugin for messages: name, version, file, build id and hash.
    plugin: String,
    /// `KIND NAME PLUGIN `, each without spaces: made beforehand, because a signal handler formats nothing.
    label: String,
    /// The calls so far and the entry of the present one.
    word: AtomicU64,
    /// The key of the thread that is inside a call, 0 = none.
    thread: AtomicUsize,
    next: OnceLock<&'static Seat>,
    /// The log of the instance.
    log: OnceLock<&'static InstanceLog>,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("label", &self.label).field("call", &self.call()).finish_non_exhaustive()
    }
}

/// One call, as another thread sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) entry: Entry,
    pub(crate) thread: usize,
    /// Equal for as long as it is the same call.
    word: u64,
}

impl Seat {
    pub(crate) fn new(kind: PluginKind, instance: &str, plugin: &Identity) -> Self {
        let label = format!("{kind} {} {} ", word(instance), plugin_word(plugin));
        Self {
            kind,
            instance: instance.to_owned(),
            plugin: plugin.to_string(),
            label,
            word: AtomicU64::new(0),
            thread: AtomicUsize::new(0),
            next: OnceLock::new(),
            log: OnceLock::new(),
        }
    }

    /// Runs a call into the plugin.
    // `call` is a call through the C table: it cannot unwind, so nothing needs to be undone
    #[inline]
    pub(crate) fn during<R>(&self, entry: Entry, call: impl FnOnce() -> R) -> R {
        let number = (self.word.load(Ordering::Relaxed) & !ENTRY_MASK).wrapping_add(CALL_STEP);
        self.word.store(number | entry as u64, Ordering::Relaxed);
        self.thread.store(thread_key(), Ordering::Relaxed);
        let result = call();
        self.thread.store(0, Ordering::Relaxed);
        self.word.store(number, Ordering::Relaxed);
        result
    }

    /// Whether this thread is inside a call.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.thread.load(Ordering::Relaxed) == thread_key()
    }

    /// The call of this thread.
    pub(crate) fn entry_here(&self) -> Option<Entry> {
        if self.is_here() { Entry::of_word(self.word.load(Ordering::Relaxed)) } else { None }
    }

    /// The present call, if there is one.
    pub(crate) fn call(&self) -> Option<Call> {
        let word = self.word.load(Ordering::Relaxed);
        let entry = Entry::of_word(word)?;
        Some(Call { entry, thread: self.thread.load(Ordering::Relaxed), word })
    }

    /// Notes the log of the instance, once.
    pub(in super::super) fn set_log(&self, log: &'static InstanceLog) {
        // a second one would be that of another bridge, which there is not
        let _ = self.log.set(log);
    }

    pub(in super::super) fn log(&self) -> Option<&'static InstanceLog> {
        self.log.get().copied()
    }

    pub(crate) fn kind(&self) -> PluginKind {
        self.kind
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }
}

/// The first seat of the process.
static FIRST: OnceLock<&'static Seat> = OnceLock::new();
/// The last one; held for appending only.
static LAST: Mutex<Option<&'static Seat>> = Mutex::new(None);

/// Puts a seat into the list, for good.
pub(crate) fn register(seat: &'static Seat) {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let place = last.map_or(&FIRST, |last| &last.next);
    if place.set(seat).is_ok() {
        *last = Some(seat);
    }
}

/// All seats, without a lock.
pub(crate) fn seats() -> impl Iterator<Item = &'static Seat> {
    std::iter::successors(FIRST.get().copied(), |seat| seat.next.get().copied())
}

/// A text as one word of a note, see [`super::note`].
fn word(text: &str) -> String {
    let mut word = String::new();
    for c in text.chars() {
        let escaped = super::note::escaped(c);
        if word.len() + escaped.len() > WORD_BYTES_MAX {
            break;
        }
        word.push_str(&escaped);
    }
    if word.is_empty() { "-".to_owned() } else { word }
}

/// `NAME/VERSION/BUILD`; of a plugin that has no name, its file.
fn plugin_word(plugin: &Identity) -> String {
    let Some(name) = &plugin.name else { return word(&plugin.file.display().to_string()) };
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    word(&format!("{name}/{}/{}", part(&plugin.version), part(&plugin.build_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(instance: &str) -> &'static Seat {
        let plugin = Identity {
            name: Some("strategy-x".to_owned()),
            version: Some("1.2.3".to_owned()),
            ..Identity::default()
        };
        Box::leak(Box::new(Seat::new(PluginKind::Strategy, instance, &plugin)))
    }

    #[test]
    fn entries_stand_at_the_place_of_their_code() {
        for (index, (entry, name)) in ENTRIES.iter().enumerate() {
            assert_eq!(*entry as usize, index + 1, "{name}");
            assert_eq!(Entry::of_word((7 << 8) | *entry as u64), Some(*entry));
        }
        assert_eq!(Entry::of_word(7 << 8), None);
        assert_eq!(Entry::of_word(0xff), None);
    }

    #[test]
    fn a_seat_tells_the_call_and_only_its_own_thread_is_here() {
        let seat = seat("a");
        assert!(seat.call().is_none() && seat.entry_here().is_none());
        let first = seat.during(Entry::Save, || {
            assert_eq!(seat.entry_here(), Some(Entry::Save));
            let elsewhere =
                std::thread::scope(|scope| scope.spawn(|| seat.entry_here()).join().expect("no panic"));
            assert_eq!(elsewhere, None);
            seat.call().expect("in a call")
        });
        assert!(seat.call().is_none());
        let second = seat.during(Entry::Save, || seat.call().expect("in a call"));
        assert_eq!((first.entry, first.thread), (second.entry, second.thread));
        assert_ne!(first, second);
    }

    #[test]
    fn labels_are_three_words_whatever_the_names_are() {
        assert_eq!(seat("two words\n").label(), "strategy two%20words%0A strategy-x/1.2.3/- ");
        assert_eq!(seat("").label(), "strategy - strategy-x/1.2.3/- ");
        assert!(seat(&"é".repeat(100)).label().starts_with(&format!("strategy {} ", "é".repeat(64))));
    }

    #[test]
    fn registered_seats_are_found_each_once() {
        let mine: Vec<&'static Seat> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    let seat = seat("listed");
                    register(seat);
                    seat
                })
            })
            .map(|thread| thread.join().expect("no panic"))
            .collect();
        for seat in mine {
            assert_eq!(seats().filter(|other| std::ptr::eq(*other, seat)).count(), 1);
        }
    }
}
