//! `docs/misbehaviour.md`, written from the table that the other tests prove.

use std::fmt::Write as _;

use expect_test::expect_file;

use crate::table::{Misbehaviour, Mode, Status, TABLE, Verdict, When};

const HEAD: &str = "# What the host does about a plugin that misbehaves

This page is written by a test from the table that the tests in `tests/tests/misbehaviour` prove with the real daemon.
Each row is a configuration of `plugins/faulty`, whose name says what it does and in which entry; without an entry it is `on_trade`.
`LINE`, `PID`, `BUILD`, `TIME` and `LIMIT` stand for what differs from run to run.

Where an instance runs is its key `isolation`:

- `none`: on the event loop.
  A panic or an error is caught and ends the strategy.
  What no code can catch ends the daemon, which says in whose code it died; the supervisor starts it again, and a strategy that was active at `plugins.crash_limit` such ends is quarantined at the next start.
  A hang is ended by the watchdog after `plugins.hang_timeout`, and its strategy is quarantined at once.
- `thread`: on a thread of its own.
  As `none`, but a call that takes longer than `plugins.isolation.call_timeout` loses that thread only.
  The thread cannot be stopped: it keeps its memory and perhaps a processor.
- `process`: in a process of its own.
  Nothing but a report reaches the daemon.

A strategy that fails keeps its orders or has them canceled, as its key `cancel_on_stop` says; the others trade on.
A panic or an error is the author's to mend: the strategy stays down until a new version is loaded or a person starts it.
An instance that died or hung is started again by itself with its last saved state: at once, then after 0.1 s, 1 s, 5 s and 30 s.
At the third death within ten minutes (`plugins.crash_limit`) it is quarantined until `stratctl plugin release`.
Within the probation of a new version, each of these failures puts the version before back instead.
";

const TAIL: &str = "## Beyond the table

- A plugin whose panics end the process (`panic = \"abort\"`) is refused when it is loaded, in every mode: `panic mode: a plugin in which a panic ends the process`.
- A runtime such as tokio inside of a strategy works in every mode.
- A connector whose threads call the host after `stop` is not heard: nothing of it is taken.
- A connector whose process dies is started again; its open orders and executions are asked for and compared.
- `stratd` that is killed takes the processes of its plugins with it.
- A thread of a plugin that panics is reported by the plugin's library, which knows the log of its last instance only: without isolation and on threads, the name in that line may be that of another instance of the same plugin.
- What a plugin prints without isolation or on a thread goes to the daemon's own outputs, without a name.
";

fn status(status: Status) -> String {
    match status {
        Status::Signal(number) => format!("by signal {number}"),
        Status::Code(code) => format!("with exit code {code}"),
    }
}

/// As code, although it has quotes of code itself.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Fails(text) => format!("The strategy fails: {}.", code(text)),
        Verdict::Told("", text) => {
            format!("It stands on the daemon's own output: {}; the strategy goes on.", code(text))
        }
        Verdict::Told(logger, text) => {
            let logger = if logger.ends_with('.') { "strategy.NAME" } else { logger };
            format!("It is logged by `{logger}`: {}; the strategy goes on.", code(text))
        }
        Verdict::Keeps(text) => {
            format!("The new version is refused, and the one before goes on: {}.", code(text))
        }
        Verdict::Unseen(words) => format!("The strategy goes on: {words}."),
        Verdict::Restarts(text) => format!("The strategy fails and is started again: {}.", code(text)),
        Verdict::Ends(note, how) => format!("The daemon ends {}: {}.", status(how), code(note)),
        Verdict::Refused(text) => format!("The configuration is refused, exit code 78: {}.", code(text)),
    }
}

fn section(out: &mut String, row: &Misbehaviour) {
    let verdicts = [Mode::None, Mode::Thread, Mode::Process].map(|mode| (mode, row.verdict(mode)));
    let _ = writeln!(out, "\n### `{}`\n", row.fault);
    let is_same = verdicts.iter().all(|(_, verdict)| *verdict == verdicts[0].1);
    if is_same {
        let _ = writeln!(out, "- Every mode: {}", words(verdicts[0].1));
        return;
    }
    for (mode, verdict) in verdicts {
        let _ = writeln!(out, "- `{}`: {}", mode.key(), words(verdict));
    }
}

#[test]
fn the_page_is_what_the_table_says() {
    let mut page = HEAD.to_owned();
    for (when, title) in [
        (When::Run, "While the run goes on"),
        (When::End, "When the run ends"),
        (When::Reload, "When another version is to take over"),
        (When::NextStart, "When a run begins with a saved state"),
        (When::Check, "When the configuration is checked"),
    ] {
        let _ = writeln!(page, "\n## {title}");
        for row in TABLE.iter().filter(|row| row.when == when) {
            section(&mut page, row);
        }
    }
    let _ = write!(page, "\n{TAIL}");
    expect_file!["../../../docs/misbehaviour.md"].assert_eq(&page);
}
