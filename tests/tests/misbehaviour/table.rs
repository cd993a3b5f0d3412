//! What comes of each misbehaviour, by mode. The tests prove it, and the page for authors is written from it.

/// Where the instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Thread,
    Process,
}

impl Mode {
    /// The word of the configuration.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Thread => "thread",
            Self::Process => "process",
        }
    }
}

/// What the host does. The texts are what its log says, without what differs from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The strategy ends with this fault; nothing else does.
    Fails(&'static str),
    /// It is told, by that logger (without one it is no line of the log), and the strategy goes on.
    Told(&'static str, &'static str),
    /// Nothing of it is seen; the strategy goes on.
    Unseen(&'static str),
    /// The strategy ends with this fault and is started again with its last saved state, at once, then after pauses;
    /// at the third time it is quarantined.
    Restarts(&'static str),
    /// The daemon ends: the note that it leaves, and its status.
    Ends(&'static str, Status),
    /// The new version is refused with this, and the one before goes on.
    Keeps(&'static str),
    /// The configuration is refused before the run begins.
    Refused(&'static str),
}

/// How the daemon ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Signal(i32),
    Code(i32),
}

/// When it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// While the run goes on.
    Run,
    /// When the run ends.
    End,
    /// When the run begins, and a state was saved by an earlier one.
    NextStart,
    /// When another version is to take over.
    Reload,
    /// When the configuration is checked.
    Check,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misbehaviour {
    /// `fault` of the configuration of `strategy-faulty`.
    pub(crate) fault: &'static str,
    /// The trade, or the call of another entry, at which it happens.
    pub(crate) at: u32,
    pub(crate) when: When,
    pub(crate) none: Verdict,
    pub(crate) thread: Verdict,
    pub(crate) process: Verdict,
}

impl Misbehaviour {
    pub(crate) fn verdict(&self, mode: Mode) -> Verdict {
        match mode {
            Mode::None => self.none,
            Mode::Thread => self.thread,
            Mode::Process => self.process,
        }
    }
}

use Status::{Code, Signal};
use Verdict::{Ends, Fails, Keeps, Refused, Restarts, Told, Unseen};
use When::{Check, End, NextStart, Reload, Run};

/// The same in every mode.
const fn same(fault: &'static str, at: u32, when: When, verdict: Verdict) -> Misbehaviour {
    Misbehaviour { fault, at, when, none: verdict, thread: verdict, process: verdict }
}

/// The end of the daemon without isolation and on a thread.
const fn fatal(fault: &'static str, at: u32, ends: Verdict, process: Verdict) -> Misbehaviour {
    Misbehaviour { fault, at, when: Run, none: ends, thread: ends, process }
}

/// A hang: the watchdog, a lost thread, a killed process.
const fn hang(fault: &'static str, at: u32, note: &'static str, late: &'static str) -> Misbehaviour {
    Misbehaviour {
        fault,
        at,
        when: Run,
        none: Ends(note, Signal(6)),
        thread: Restarts(late),
        process: Restarts(late),
    }
}

pub(crate) const TABLE: [Misbehaviour; 40] = [
    same(
        "panic",
        5,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_trade"),
    ),
    same(
        "panic-in-start",
        1,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_start"),
    ),
    same(
        "panic-in-quote",
        3,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_quote"),
    ),
    same(
        "panic-in-received",
        5,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_received"),
    ),
    same(
        "panic-in-timer",
        2,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_timer"),
    ),
    same(
        "panic-in-slippage",
        5,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in slippage"),
    ),
    same(
        "panic-in-save",
        2,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in save"),
    ),
    same(
        "panic-in-exit",
        1,
        End,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in on_exit"),
    ),
    same(
        "panic-in-restore",
        1,
        NextStart,
        Fails(
            "panic: its saved state was refused: panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in restore",
        ),
    ),
    same(
        "panic-in-new",
        1,
        Check,
        Refused("panicked at plugins/faulty/src/lib.rs:LINE: as configured, in new"),
    ),
    same(
        "panic-in-payload",
        5,
        Run,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: a panic with a payload that is no text"),
    ),
    Misbehaviour {
        fault: "panic-in-thread",
        at: 5,
        when: Run,
        // the library knows the host of its last instance only, so the name may be that of another instance
        none: Told("strategy.", "panicked at plugins/faulty/src/lib.rs:LINE: as configured, in a thread"),
        thread: Told("strategy.", "panicked at plugins/faulty/src/lib.rs:LINE: as configured, in a thread"),
        process: Told(
            "strategy.panic-in-thread",
            "panicked at plugins/faulty/src/lib.rs:LINE: as configured, in a thread",
        ),
    },
    same("error", 5, Run, Fails("handler_error: as configured, in on_trade")),
    same("error-in-start", 1, Run, Fails("handler_error: as configured, in on_start")),
    same(
        "error-in-restore",
        1,
        NextStart,
        Fails("handler_error: its saved state was refused: handler_error: as configured, in restore"),
    ),
    same("error-in-new", 1, Check, Refused("fault is error-in-new (expected anything else)")),
    fatal(
        "abort",
        5,
        Ends("crash SIGABRT strategy abort strategy-faulty/0.1.0/BUILD on_events", Signal(6)),
        Restarts("crashed: the plugin's process PID was killed by SIGABRT in `on_events`"),
    ),
    fatal(
        "abort-in-start",
        1,
        Ends("crash SIGABRT strategy abort-in-start strategy-faulty/0.1.0/BUILD on_events", Signal(6)),
        Restarts("crashed: the plugin's process PID was killed by SIGABRT in `on_events`"),
    ),
    fatal(
        "abort-in-save",
        2,
        Ends("crash SIGABRT strategy abort-in-save strategy-faulty/0.1.0/BUILD save", Signal(6)),
        Restarts("crashed: the plugin's process PID was killed by SIGABRT in `save`"),
    ),
    same("abort-in-new", 1, Check, Refused("a library whose process was killed by SIGABRT")),
    fatal(
        "segfault",
        5,
        Ends("crash SIGSEGV strategy segfault strategy-faulty/0.1.0/BUILD on_events", Signal(11)),
        Restarts("crashed: the plugin's process PID was killed by SIGSEGV in `on_events`"),
    ),
    fatal(
        "exit",
        5,
        Ends("crash exit strategy exit strategy-faulty/0.1.0/BUILD on_events", Code(3)),
        Restarts("crashed: the plugin's process PID ended by itself with exit code 3 in `on_events`"),
    ),
    fatal(
        "stack-overflow",
        5,
        Ends("crash SIGSEGV strategy stack-overflow strategy-faulty/0.1.0/BUILD on_events", Signal(6)),
        Restarts(
            "crashed: the plugin's process PID was killed by SIGABRT in `on_events`; it last wrote: thread 'main' (PID) has overflowed its stack",
        ),
    ),
    hang(
        "hang",
        5,
        "hang TIME strategy hang strategy-faulty/0.1.0/BUILD on_events",
        "deadline: no answer within 500ms: entry on_events",
    ),
    hang(
        "spin",
        5,
        "hang TIME strategy spin strategy-faulty/0.1.0/BUILD on_events",
        "deadline: no answer within 500ms: entry on_events",
    ),
    Misbehaviour {
        fault: "leak",
        at: 5,
        when: Run,
        none: Unseen("the daemon grows; nothing of the host ends it"),
        thread: Unseen("the daemon grows; nothing of the host ends it"),
        process: Restarts(
            "crashed: the plugin's process PID was killed by SIGABRT in `on_events`; it last wrote: memory allocation of 16777216 bytes failed",
        ),
    },
    Misbehaviour {
        fault: "slow-in-trade",
        at: 5,
        when: Run,
        none: Unseen("the event loop waits: every strategy is late"),
        thread: Unseen("the event loop waits for the answer, for `call_timeout` at most"),
        process: Unseen("the event loop waits for the answer, for `call_timeout` at most"),
    },
    same(
        "slow-in-new",
        1,
        Run,
        Unseen("the start takes longer; during a reload the old version trades on meanwhile"),
    ),
    same(
        "huge-state",
        1,
        Run,
        Told(
            "plugins",
            "the state of strategy huge-state was not saved: handler_error: `save` wrote more than the host takes (accepted: 67108864 bytes)",
        ),
    ),
    same(
        "wrong-state-version",
        1,
        NextStart,
        Fails("handler_error: its saved state was refused: handler_error: state version 1 (expected 2)"),
    ),
    same(
        "detached-thread",
        5,
        Run,
        Unseen("the thread lives as long as its process: without isolation that is the daemon"),
    ),
    same(
        "thread-local",
        5,
        Run,
        Unseen("its library is never unmapped while the thread lives that has a value of it"),
    ),
    Misbehaviour {
        fault: "print",
        at: 5,
        when: Run,
        none: Told("", "as configured, to standard error"),
        thread: Told("", "as configured, to standard error"),
        process: Told("strategy.print.stderr", "as configured, to standard error"),
    },
    same(
        "panic-in-drop",
        1,
        End,
        Told(
            "strategy.panic-in-drop",
            "while dropping the strategy: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in drop",
        ),
    ),
    same("abort-in-drop", 1, Check, Refused("a library whose process was killed by SIGABRT")),
    same(
        "error-in-quiesce",
        1,
        Reload,
        Keeps("quiesce of strategy error-in-quiesce: handler_error: as configured, in quiesce"),
    ),
    // it is poisoned, so it cannot go on either
    same(
        "panic-in-quiesce",
        1,
        Reload,
        Fails("panic: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in quiesce"),
    ),
    Misbehaviour {
        fault: "hang-in-quiesce",
        at: 1,
        when: Reload,
        none: Ends("hang TIME strategy hang-in-quiesce strategy-faulty/0.1.0/BUILD quiesce", Signal(6)),
        thread: Restarts("deadline: no answer within LIMIT: entry quiesce"),
        process: Restarts("deadline: no answer within LIMIT: entry quiesce"),
    },
    // found by the trial in a process of its own, before the strategy that runs is touched
    same(
        "panic-in-restore",
        1,
        Reload,
        Keeps(
            "restore: instance panic-in-restore: panicked at plugins/faulty/src/lib.rs:LINE: as configured, in restore",
        ),
    ),
    same(
        "abort-in-restore",
        1,
        Reload,
        Keeps("restore: instance abort-in-restore: a library whose process was killed by SIGABRT"),
    ),
];

/// The rows that show at that time and of which the verdict in that mode is wanted.
pub(crate) fn rows(
    when: When,
    mode: Mode,
    is_wanted: impl Fn(Verdict) -> bool,
) -> Vec<&'static Misbehaviour> {
    TABLE.iter().filter(|row| row.when == when && is_wanted(row.verdict(mode))).collect()
}

/// The row of a fault that shows while the run goes on.
pub(crate) fn row(fault: &str) -> &'static Misbehaviour {
    let found = TABLE.iter().find(|row| row.fault == fault && row.when == When::Run);
    found.unwrap_or_else(|| panic!("the table has no {fault}"))
}
