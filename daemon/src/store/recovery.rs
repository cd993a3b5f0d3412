//! What follows from how the last run ended: the crash-loop guard.
//!
//! ```text
//! let note = crash::last(dir);
//! let assessment = recovery::assess(&store, note.as_ref(), &Rules::default(), clock::now())?;
//! crash::forget(dir)?;
//! ```
//!
//! The rules:
//! - A run that was not ended has crashed.
//! - The note names an instance whose call did not return: quarantine, at once. It would hang again.
//! - The note names an instance that the process died in: its crashes + 1, however long the run had lasted. Quarantine
//!   at the limit.
//! - Nobody is named (power, SIGKILL, a thread of a plugin, a crash of our own): + 1 for every instance that was active,
//!   since any of them may have done it. After a stable run they start again at 1: three power cuts
//!   in a year are no loop.
//! - A stable run that ended in good order forgets the crashes of the instances that were active. A short one proves
//!   nothing.
//! - Exchanges are counted and never quarantined: a run has no use without its exchange, so whoever starts the run wants
//!   it. The start warns; a stable run that ended in good order forgets their crashes, too.
//! - Stable means: it lasted [`Rules::stable_after`], as far as it was seen to live.
//!
//! What follows is written with the mark that it was done, in one transaction, so doing it twice changes nothing.

use std::{collections::BTreeMap, time::Duration};

use stratd_plugin_api::Timestamp;

use super::{Crash, Error, LastRun, Quarantine, Store, Verdict, Write};
use crate::{host::crash::CrashNote, plugin_kind::PluginKind};

/// When a crash has consequences.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// An instance with so many crashes is put in quarantine.
    pub crashes_max: u32,
    /// A run that lasted so long was stable.
    pub stable_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { crashes_max: 3, stable_after: Duration::from_secs(600) }
    }
}

/// How things stand at a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// How the last run crashed, in words; nothing if it did not, or if that was told at an earlier start.
    pub crash: Option<String>,
    /// What followed from it just now.
    pub verdict: Verdict,
    /// Every instance that must not be started, those of the verdict included.
    pub quarantined: Vec<Quarantine>,
}

/// Draws the consequences of the last run's end and stores them. Call it before a run begins.
///
/// # Errors
/// The store cannot be read or written.
pub fn assess(
    store: &Store,
    note: Option<&CrashNote>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Assessment, Error> {
    let reader = store.reader()?;
    let mut assessment = Assessment::default();
    if let Some(run) = reader.last_run()?.filter(|run| !run.is_assessed) {
        let crashes = reader.crashes()?;
        let (crash, verdict) = judge(&run, note, &crashes, rules, now);
        store.write_durable(Write::Assess(run.id, verdict.clone()))?;
        assessment.crash = crash;
        assessment.verdict = verdict;
    }
    assessment.quarantined = reader.quarantined()?;
    // an earlier release stored such
    assessment.quarantined.retain(|quarantine| !is_exchange(&quarantine.instance));
    Ok(assessment)
}

/// Whether the key is that of an exchange, which is counted and never quarantined.
pub fn is_exchange(key: &str) -> bool {
    key.split_once('.').is_some_and(|(kind, _)| kind == PluginKind::Exchange.name())
}

/// The rules as such.
fn judge(
    run: &LastRun,
    note: Option<&CrashNote>,
    crashes: &[Crash],
    rules: &Rules,
    now: Timestamp,
) -> (Option<String>, Verdict) {
    let is_stable = lasted(run) >= rules.stable_after;
    if run.ended_at.is_some() {
        // a note of a run that ended well is of no consequence: it died after its last word
        let exchanges = crashes.iter().map(|crash| &crash.instance).filter(|key| is_exchange(key));
        let reset =
            if is_stable { run.active.iter().chain(exchanges).cloned().collect() } else { Vec::new() };
        return (None, Verdict { reset, ..Verdict::default() });
    }
    let counts: BTreeMap<&str, u32> = crashes.iter().map(|c| (c.instance.as_str(), c.count)).collect();
    let before = |instance: &str| counts.get(instance).copied().unwrap_or(0);
    let what = note
        .map_or_else(|| "ended without a word: power, SIGKILL, or memory".to_owned(), ToString::to_string);
    let counted = |instance: String, before: u32| Crash {
        instance,
        count: before.saturating_add(1),
        last_at: now,
        last_what: what.clone(),
    };
    let crashes: Vec<Crash> = match note.and_then(|note| note.culprit.as_ref()) {
        Some(culprit) => vec![counted(culprit.key(), before(&culprit.key()))],
        None => {
            let before = |instance: &str| if is_stable { 0 } else { before(instance) };
            run.active.iter().map(|instance| counted(instance.clone(), before(instance))).collect()
        }
    };
    let is_hang = note.is_some_and(|note| note.is_hang);
    let quarantined = crashes
        .iter()
        .filter(|crash| is_hang || crash.count >= rules.crashes_max)
        .filter(|crash| !is_exchange(&crash.instance))
        .map(|crash| Quarantine {
            instance: crash.instance.clone(),
            since: now,
            reason: if is_hang {
                format!("the daemon hung: {what}")
            } else {
                format!("{} crashes of the daemon; the last one: {what}", crash.count)
            },
        })
        .collect();
    (Some(what), Verdict { crashes, reset: Vec::new(), quarantined })
}

/// How long a run lived at least. A clock that was set back makes it short, which forgets nothing.
fn lasted(run: &LastRun) -> Duration {
    let end = run.ended_at.unwrap_or(run.seen_at).max(run.seen_at);
    let nanoseconds = end.get().saturating_sub(run.started_at.get());
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::{host::crash::Culprit, store::RunId};

    const MINUTE: i64 = 60_000_000_000;

    /// A run of `a` and `b` that lasted so many minutes; `b` has crashed twice before, `c` twice in earlier runs.
    fn check(minutes: i64, is_ended: bool, note: Option<&CrashNote>, expect: &Expect) {
        let run = LastRun {
            id: RunId(7),
            started_at: Timestamp::new(5 * MINUTE),
            seen_at: Timestamp::new((5 + minutes) * MINUTE),
            ended_at: is_ended.then_some(Timestamp::new((5 + minutes) * MINUTE)),
            is_assessed: false,
            active: vec!["strategy.a".to_owned(), "strategy.b".to_owned()],
        };
        let crashes = ["strategy.b", "strategy.c"].map(|instance| Crash {
            instance: instance.to_owned(),
            count: 2,
            last_at: Timestamp::new(0),
            last_what: String::new(),
        });
        let (crash, verdict) = judge(&run, note, &crashes, &Rules::default(), Timestamp::new(99 * MINUTE));
        let mut text = format!("{}\n", crash.as_deref().unwrap_or("no crash"));
        for crash in &verdict.crashes {
            let _ = writeln!(text, "{} {}", crash.instance, crash.count);
        }
        for instance in &verdict.reset {
            let _ = writeln!(text, "{instance} reset");
        }
        for one in &verdict.quarantined {
            let _ = writeln!(text, "{} quarantined: {}", one.instance, one.reason);
        }
        expect.assert_eq(&text);
    }

    fn note(is_hang: bool, instance: Option<&str>) -> CrashNote {
        CrashNote {
            is_hang,
            cause: if is_hang { "10.0s" } else { "SIGSEGV" }.to_owned(),
            culprit: instance.map(|instance| Culprit {
                kind: PluginKind::Strategy,
                instance: instance.to_owned(),
                plugin: "x".to_owned(),
                entry: "save".to_owned(),
            }),
        }
    }

    #[test]
    fn a_run_that_ended_well_forgets_crashes_if_it_was_stable() {
        check(
            10,
            true,
            None,
            &expect![[r#"
            no crash
            strategy.a reset
            strategy.b reset
        "#]],
        );
        check(
            9,
            true,
            None,
            &expect![[r#"
            no crash
        "#]],
        );
        check(
            -10,
            true,
            None,
            &expect![[r#"
            no crash
        "#]],
        );
        check(
            10,
            true,
            Some(&note(true, Some("a"))),
            &expect![[r#"
            no crash
            strategy.a reset
            strategy.b reset
        "#]],
        );
    }

    #[test]
    fn a_named_crash_counts_for_that_instance_only() {
        check(
            1,
            false,
            Some(&note(false, Some("a"))),
            &expect![[r#"
            SIGSEGV in `save` of a (x)
            strategy.a 1
        "#]],
        );
        check(
            600,
            false,
            Some(&note(false, Some("b"))),
            &expect![[r#"
            SIGSEGV in `save` of b (x)
            strategy.b 3
            strategy.b quarantined: 3 crashes of the daemon; the last one: SIGSEGV in `save` of b (x)
        "#]],
        );
        // it joined the run later, or the run's list was lost: the note is right all the same
        check(
            1,
            false,
            Some(&note(false, Some("z"))),
            &expect![[r#"
            SIGSEGV in `save` of z (x)
            strategy.z 1
        "#]],
        );
    }

    #[test]
    fn a_hang_is_quarantined_at_once() {
        check(
            600,
            false,
            Some(&note(true, Some("a"))),
            &expect![[r#"
            a (x) did not return from `save` within 10.0s
            strategy.a 1
            strategy.a quarantined: the daemon hung: a (x) did not return from `save` within 10.0s
        "#]],
        );
    }

    #[test]
    fn an_exchange_is_counted_never_quarantined_and_forgotten_after_a_stable_run() {
        let exchange = |is_hang| {
            let mut note = note(is_hang, Some("fake"));
            if let Some(culprit) = &mut note.culprit {
                culprit.kind = PluginKind::Exchange;
            }
            note
        };
        let crash = |count| Crash {
            instance: "exchange.fake".to_owned(),
            count,
            last_at: Timestamp::new(0),
            last_what: String::new(),
        };
        let mut run = LastRun {
            id: RunId(7),
            started_at: Timestamp::new(0),
            seen_at: Timestamp::new(99 * MINUTE),
            ended_at: None,
            is_assessed: false,
            active: vec!["strategy.a".to_owned()],
        };
        for is_hang in [false, true] {
            let (_, verdict) =
                judge(&run, Some(&exchange(is_hang)), &[crash(7)], &Rules::default(), Timestamp::new(0));
            assert_eq!((verdict.crashes.len(), verdict.crashes[0].count), (1, 8));
            assert!(verdict.quarantined.is_empty(), "{verdict:?}");
        }
        run.ended_at = Some(run.seen_at);
        let (_, verdict) = judge(&run, None, &[crash(8)], &Rules::default(), Timestamp::new(0));
        assert_eq!(verdict.reset, ["strategy.a", "exchange.fake"]);
    }

    #[test]
    fn a_crash_without_a_name_counts_for_all_that_were_active() {
        check(
            1,
            false,
            None,
            &expect![[r#"
            ended without a word: power, SIGKILL, or memory
            strategy.a 1
            strategy.b 3
            strategy.b quarantined: 3 crashes of the daemon; the last one: ended without a word: power, SIGKILL, or memory
        "#]],
        );
        check(
            1,
            false,
            Some(&note(false, None)),
            &expect![[r#"
            SIGSEGV outside of every plugin
            strategy.a 1
            strategy.b 3
            strategy.b quarantined: 3 crashes of the daemon; the last one: SIGSEGV outside of every plugin
        "#]],
        );
        check(
            10,
            false,
            None,
            &expect![[r#"
            ended without a word: power, SIGKILL, or memory
            strategy.a 1
            strategy.b 1
        "#]],
        );
    }
}
