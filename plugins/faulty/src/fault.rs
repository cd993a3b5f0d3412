//! Which misbehaviour, and in which entry: `panic-in-trade`, `abort-in-new`, `hang-in-save`, …

use serde::Deserialize;

/// A misbehaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum What {
    /// None: it buys once.
    #[default]
    Nothing,
    /// A panic.
    Panic,
    /// A panic with a payload whose own drop panics.
    Payload,
    /// An error; nothing where an entry cannot return one.
    Error,
    /// `abort()`.
    Abort,
    /// Writes where no memory is.
    Segfault,
    /// `exit(3)`.
    Exit,
    /// Recursion without end.
    StackOverflow,
    /// Waits for ever.
    Hang,
    /// Computes for ever.
    Spin,
    /// Takes memory at every call from then on and gives none back.
    Leak,
    /// Takes as long as configured.
    Slow,
    /// A thread of its own panics.
    ThreadPanic,
    /// Leaves a thread running for ever.
    DetachedThread,
    /// Uses a thread-local with a destructor.
    ThreadLocal,
    /// Prints to standard output and standard error.
    Print,
    /// `save` writes more than any host takes.
    HugeState,
    /// `restore` takes another version than the manifest says.
    WrongStateVersion,
}

/// Where it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Entry {
    New,
    Start,
    #[default]
    Trade,
    Quote,
    Received,
    Timer,
    Config,
    Save,
    Restore,
    Quiesce,
    Slippage,
    Exit,
    Drop,
}

const WHATS: [(&str, What); 18] = [
    ("none", What::Nothing),
    ("panic", What::Panic),
    ("payload", What::Payload),
    ("error", What::Error),
    ("abort", What::Abort),
    ("segfault", What::Segfault),
    ("exit", What::Exit),
    ("stack-overflow", What::StackOverflow),
    ("hang", What::Hang),
    ("spin", What::Spin),
    ("leak", What::Leak),
    ("slow", What::Slow),
    ("thread-panic", What::ThreadPanic),
    ("detached-thread", What::DetachedThread),
    ("thread-local", What::ThreadLocal),
    ("print", What::Print),
    ("huge-state", What::HugeState),
    ("wrong-state-version", What::WrongStateVersion),
];

/// By their names in the configuration and in the code.
const ENTRIES: [(&str, &str, Entry); 13] = [
    ("new", "new", Entry::New),
    ("start", "on_start", Entry::Start),
    ("trade", "on_trade", Entry::Trade),
    ("quote", "on_quote", Entry::Quote),
    ("received", "on_received", Entry::Received),
    ("timer", "on_timer", Entry::Timer),
    ("config", "on_config", Entry::Config),
    ("save", "save", Entry::Save),
    ("restore", "restore", Entry::Restore),
    ("quiesce", "quiesce", Entry::Quiesce),
    ("slippage", "slippage", Entry::Slippage),
    ("exit", "on_exit", Entry::Exit),
    ("drop", "drop", Entry::Drop),
];

/// Names that are no pair of the two.
const OTHERS: [(&str, Fault); 3] = [
    ("panic-in-payload", Fault { what: What::Payload, entry: Entry::Trade }),
    ("panic-in-thread", Fault { what: What::ThreadPanic, entry: Entry::Trade }),
    ("panic-in-order", Fault { what: What::Panic, entry: Entry::Received }),
];

impl Entry {
    /// The method.
    pub(crate) fn method(self) -> &'static str {
        ENTRIES.iter().find(|(_, _, entry)| *entry == self).map_or("an entry", |(_, method, _)| method)
    }
}

/// A misbehaviour in an entry, `WHAT-in-ENTRY` or `WHAT`, which is in `on_trade`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Fault {
    pub(crate) what: What,
    pub(crate) entry: Entry,
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((_, fault)) = OTHERS.iter().find(|(name, _)| *name == text) {
            return Ok(*fault);
        }
        let (what, entry) = text.split_once("-in-").unwrap_or((&text, "trade"));
        let what = WHATS.iter().find(|(name, _)| *name == what).map(|(_, what)| *what);
        let entry = ENTRIES.iter().find(|(name, _, _)| *name == entry).map(|(_, _, entry)| *entry);
        match (what, entry) {
            (Some(what), Some(entry)) => Ok(Self { what, entry }),
            _ => Err(format!(
                "fault is `{text}` (expected WHAT or WHAT-in-ENTRY; what: {}; entry: {})",
                WHATS.map(|(name, _)| name).join(", "),
                ENTRIES.map(|(name, _, _)| name).join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_all_their_forms() {
        let read = |text: &str| Fault::try_from(text.to_owned());
        assert_eq!(read("none"), Ok(Fault::default()));
        assert_eq!(read("abort"), Ok(Fault { what: What::Abort, entry: Entry::Trade }));
        assert_eq!(read("stack-overflow-in-new"), Ok(Fault { what: What::StackOverflow, entry: Entry::New }));
        assert_eq!(read("panic-in-order"), read("panic-in-received"));
        assert_eq!(read("panic-in-payload"), read("payload"));
        for bad in ["", "panic-in-", "panic-in-nothing", "laugh", "in-new"] {
            let refused = read(bad).unwrap_err();
            assert!(refused.starts_with(&format!("fault is `{bad}` (expected WHAT or")), "{refused}");
        }
    }
}
