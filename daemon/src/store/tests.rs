//! The store as its users see it.

mod disaster;

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use rusqlite::Connection;

use super::*;
use crate::{
    host::crash::{CrashNote, Culprit},
    plugin_kind::PluginKind,
    store::recovery::Rules,
};

const A: &str = "strategy.a";

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds * 1_000_000_000)
}

/// A state whose content tells its number.
fn state(instance: &str, number: u64, size: usize) -> SavedState {
    let byte = u8::try_from(number % 251).expect("a small number");
    SavedState {
        instance: instance.to_owned(),
        plugin: "strategy-x".to_owned(),
        plugin_version: "1.2.3".to_owned(),
        build_id: String::new(),
        hash: "00ff".to_owned(),
        state_version: u32::MAX,
        state: vec![byte; size],
        saved_at: at(number.try_into().expect("a small number")),
        seq: number,
    }
}

fn run_of(active: &[&str]) -> NewRun {
    NewRun {
        started_at: at(1),
        trading_type: "sandbox".to_owned(),
        version: "0.1.0".to_owned(),
        active: active.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn generation(number: u64) -> Generation {
    Generation {
        plugin: "strategy-x".to_owned(),
        generation: number,
        hash: "aa".to_owned(),
        file: "/plugins/libx.so".to_owned(),
        version: "1".to_owned(),
        build_id: "77".to_owned(),
        at: at(3),
        outcome: "started".to_owned(),
    }
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let base = directory();
    let place = base.path().join("deep/state");
    let store = Store::open(&place).unwrap();
    let first = store.begin_run(run_of(&[A, "exchange.sim"])).unwrap();
    store.end_run(first, at(2)).unwrap();
    let second = store.begin_run(run_of(&[A, A, "strategy.b"])).unwrap();
    assert!(second > first);
    store.write(Write::Join(second, "strategy.late".to_owned())).unwrap();
    store.write(Write::Leave(second, "strategy.b".to_owned())).unwrap();
    store.save_states(vec![state(A, 5, 10), state("strategy.b", 6, 0)]).unwrap();
    store.write(Write::RecordGeneration(generation(1))).unwrap();
    store.write(Write::RecordGeneration(generation(2))).unwrap();
    store.count_crash(A, at(3), "first").unwrap();
    store.count_crash(A, at(4), "second").unwrap();
    store.quarantine("strategy.q", at(5), "why").unwrap();
    store.quarantine("strategy.q", at(6), "later").unwrap();
    store.stop().unwrap();
    assert!(!place.join("state.db-wal").exists(), "a database at rest is one file");
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(place.join("state.db")).unwrap().permissions().mode() & 0o777, 0o600);

    let store = Store::open(&place).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.state_of(A).unwrap(), Some(state(A, 5, 10)));
    assert_eq!(reader.state_of("strategy.b").unwrap(), Some(state("strategy.b", 6, 0)));
    assert_eq!(reader.state_of("strategy.c").unwrap(), None);
    assert_eq!(reader.generations("strategy-x").unwrap(), [generation(1), generation(2)]);
    let crash = Crash { instance: A.to_owned(), count: 2, last_at: at(4), last_what: "second".to_owned() };
    assert_eq!(reader.crashes().unwrap(), [crash]);
    let kept = Quarantine { instance: "strategy.q".to_owned(), since: at(5), reason: "why".to_owned() };
    assert_eq!(reader.quarantined().unwrap(), [kept]);
    let run = reader.last_run().unwrap().unwrap();
    assert_eq!((run.id, run.started_at, run.seen_at, run.ended_at), (second, at(1), at(6), None));
    assert_eq!(run.active, [A, "strategy.late"]);

    store.release("strategy.q").unwrap();
    store.release(A).unwrap();
    store.write_durable(Write::ForgetState(A.to_owned())).unwrap();
    // one that only reads sees what was committed since
    assert_eq!(reader.state_of(A).unwrap(), None);
    assert!(reader.quarantined().unwrap().is_empty() && reader.crashes().unwrap().is_empty());
}

#[test]
fn the_settings_that_the_promises_rest_on_are_set() {
    let base = directory();
    let file = base.path().join(database::FILE_NAME);
    let connection = database::open(&file).unwrap();
    let setting = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(setting("journal_mode"), "wal".to_owned().into());
    assert_eq!(setting("synchronous"), 2.into());
    assert_eq!(setting("foreign_keys"), 1.into());
    assert_eq!(setting("application_id"), schema::APPLICATION_ID.into());
    let reader = database::open_to_read(&file).unwrap();
    assert!(reader.execute("DELETE FROM run", []).is_err(), "a reader writes nothing");
}

#[test]
fn a_second_daemon_is_refused_with_the_holder_s_number() {
    let base = directory();
    let store = Store::open(base.path()).unwrap();
    let refused = Store::open(base.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    fs::write(base.path().join("lock"), "no number").unwrap();
    assert!(Store::open(base.path()).unwrap_err().to_string().contains("another process"));
    drop(store);
    Store::open(base.path()).unwrap();
}

#[test]
fn a_newer_database_and_a_foreign_one_are_refused_and_left_alone() {
    let base = directory();
    drop(Store::open(base.path()).unwrap());
    let file = base.path().join(database::FILE_NAME);
    let edit = |name: &str, value: i64| {
        Connection::open(&file).unwrap().pragma_update(None, name, value).unwrap();
    };
    edit("user_version", 99);
    let before = fs::read(&file).unwrap();
    let refused = Store::open(base.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Newer);
    assert!(refused.to_string().contains("version 99"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
    edit("user_version", 1);
    edit("application_id", 4711);
    let refused = Store::open(base.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    assert!(refused.to_string().contains("another program"), "{refused}");
}

#[test]
fn an_older_database_is_brought_up_to_date_step_by_step() {
    let base = directory();
    let file = base.path().join(database::FILE_NAME);
    let mut connection = database::open(&file).unwrap();
    let run = "INSERT INTO run (started_at, seen_at, trading_type, version) VALUES (1, 1, 'live', '0')";
    connection.execute(run, []).unwrap();
    let mut steps = schema::STEPS.to_vec();
    steps.push("ALTER TABLE run ADD COLUMN host TEXT NOT NULL DEFAULT 'here'");
    schema::migrate(&mut connection, &file, &steps).unwrap();
    schema::migrate(&mut connection, &file, &steps).unwrap();
    let host: String = connection.query_row("SELECT host FROM run", [], |row| row.get(0)).unwrap();
    assert_eq!(host, "here");
    // a step that fails leaves the version before it
    let done = steps.len();
    steps.push("CREATE TABLE half (x); SELECT nonsense FROM nowhere");
    assert!(schema::migrate(&mut connection, &file, &steps).is_err());
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(version), Ok(done));
    assert!(connection.execute("INSERT INTO half VALUES (1)", []).is_err());
}

#[test]
fn a_damaged_file_is_named_and_kept() {
    let check = |damage: &dyn Fn(&Path)| {
        let base = directory();
        let store = Store::open(base.path()).unwrap();
        store.write_durable(Write::SaveStates(vec![state(A, 1, 100_000)])).unwrap();
        drop(store);
        let file = base.path().join(database::FILE_NAME);
        damage(&file);
        let before = fs::read(&file).unwrap();
        let refused = Store::open(base.path()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
        let text = refused.to_string();
        assert!(text.contains(&file.display().to_string()) && text.contains("to another place"), "{text}");
        assert_eq!(fs::read(&file).unwrap(), before);
    };
    check(&|file| {
        fs::write(file, b"no database at all, but long enough to be looked at".repeat(100)).unwrap()
    });
    check(&|file| {
        let whole = fs::metadata(file).unwrap().len();
        fs::OpenOptions::new().write(true).open(file).unwrap().set_len(whole / 2).unwrap();
    });
    check(&|file| {
        // the pages after the first, where the tables are
        let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
        file.seek(SeekFrom::Start(4096)).unwrap();
        file.write_all(&[0x5a; 8192]).unwrap();
    });
}

#[test]
fn what_is_beyond_a_limit_is_refused_before_it_is_written() {
    let base = directory();
    let store = Store::open(base.path()).unwrap();
    let refused = |write: Write| {
        let error = store.write(write.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert_eq!(store.write_durable(write).unwrap_err(), error);
    };
    refused(Write::SaveStates(vec![state(A, 1, 1), state("strategy.b", 1, STATE_BYTES_MAX + 1)]));
    refused(Write::SaveStates(vec![SavedState { seq: u64::MAX, ..state(A, 1, 1) }]));
    refused(Write::ForgetState("x".repeat(5000)));
    refused(Write::BeginRun(NewRun { active: vec![String::new(); 10_001], ..run_of(&[]) }));
    refused(Write::RecordGeneration(generation(u64::MAX)));
    assert_eq!(store.reader().unwrap().state_of(A).unwrap(), None);
    store.write_durable(Write::SaveStates(vec![state(A, 2, STATE_BYTES_MAX)])).unwrap();
    let largest = store.reader().unwrap().state_of(A).unwrap().unwrap();
    assert!(largest == state(A, 2, STATE_BYTES_MAX));
}

#[test]
fn only_so_many_runs_and_generations_are_kept() {
    let base = directory();
    let store = Store::open(base.path()).unwrap();
    for number in 1..=1004 {
        store.write(Write::RecordGeneration(generation(number))).unwrap();
    }
    store.write_durable(Write::RecordGeneration(generation(1005))).unwrap();
    let kept = store.reader().unwrap().generations("strategy-x").unwrap();
    assert_eq!((kept.len(), kept[0].generation, kept[999].generation), (1000, 6, 1005));
    let other = Generation { plugin: "strategy-y".to_owned(), ..generation(1) };
    store.write_durable(Write::RecordGeneration(other.clone())).unwrap();
    assert_eq!(store.reader().unwrap().generations("strategy-y").unwrap(), [other]);
}

#[test]
fn writes_are_committed_in_order_and_each_asker_hears_of_its_own() {
    let base = directory();
    let store = Store::open(base.path()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4u64 {
            let store = &store;
            scope.spawn(move || {
                let name = format!("strategy.{writer}");
                for number in 0..50 {
                    // three that wait for nothing, then one that is there when it is answered
                    for part in 0..3 {
                        store.save_states(vec![state(&name, number * 4 + part, 100)]).unwrap();
                    }
                    let last = state(&name, number * 4 + 3, 100);
                    store.write_durable(Write::SaveStates(vec![last.clone()])).unwrap();
                    assert_eq!(store.reader().unwrap().state_of(&name).unwrap(), Some(last));
                }
            });
        }
    });
    let runs: Vec<RunId> = (0..10).map(|_| store.begin_run(run_of(&[])).unwrap()).collect();
    assert!(runs.is_sorted() && runs[0] < runs[9]);
}

#[test]
fn an_unacceptable_write_leaves_the_others_of_its_transaction_alone() {
    let base = directory();
    let file = base.path().join(database::FILE_NAME);
    let mut connection = database::open(&file).unwrap();
    // a run that does not exist
    let jobs = [
        Write::SaveStates(vec![state(A, 1, 1)]),
        Write::Join(RunId(42), A.to_owned()),
        Write::SaveStates(vec![state(A, 2, 1)]),
    ]
    .map(|write| queue::Job { write, answer: queue::Answer::None });
    let outcomes = writer::commit(&mut connection, &jobs).unwrap();
    let are_done = outcomes.iter().map(|outcome| matches!(outcome, writer::Outcome::Done(_)));
    assert_eq!(are_done.collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(Reader::open(&file).unwrap().state_of(A).unwrap(), Some(state(A, 2, 1)));
}

#[test]
fn a_full_queue_refuses_those_who_cannot_wait() {
    let queue = Queue::default();
    for _ in 0..limits::QUEUE_WRITES_MAX {
        queue.offer(Write::ForgetState(A.to_owned())).unwrap();
    }
    assert!(queue.offer(Write::ForgetState(A.to_owned())).unwrap_err().is_busy());
    std::thread::scope(|scope| {
        // waits for room, then for its answer
        let waiting = scope.spawn(|| queue.put_and_wait(Write::ForgetState(A.to_owned())));
        assert_eq!(queue.take().len(), limits::QUEUE_WRITES_MAX);
        let mut jobs = queue.take();
        assert_eq!(jobs.len(), 1);
        let Some(queue::Answer::Asker(answer)) = jobs.pop_front().map(|job| job.answer) else {
            panic!("someone waits")
        };
        answer.send(Ok(5)).unwrap();
        assert_eq!(waiting.join().expect("no panic"), Ok(5));
    });
    queue.close();
    assert_eq!(queue.offer(Write::ForgetState(A.to_owned())).unwrap_err().kind(), ErrorKind::Closed);
    assert!(queue.take().is_empty());
}

#[test]
fn states_that_wait_are_bounded_in_bytes_and_one_alone_always_fits() {
    let queue = Queue::default();
    let large = || Write::SaveStates((0..3).map(|n| state(A, n, STATE_BYTES_MAX)).collect());
    queue.offer(large()).unwrap();
    assert!(queue.offer(large()).unwrap_err().is_busy());
    queue.offer(Write::ForgetState(A.to_owned())).unwrap();
    assert_eq!(queue.take().len(), 2);
    queue.offer(large()).unwrap();
}

#[test]
fn the_end_of_a_run_is_assessed_once() {
    let base = directory();
    let store = Store::open(base.path()).unwrap();
    let rules = Rules::default();
    assert_eq!(recovery::assess(&store, None, &rules, at(5)).unwrap(), recovery::Assessment::default());
    let note = CrashNote {
        is_hang: false,
        cause: "SIGSEGV".to_owned(),
        culprit: Some(Culprit {
            kind: PluginKind::Strategy,
            instance: "a".to_owned(),
            plugin: "x".to_owned(),
            entry: "save".to_owned(),
        }),
    };
    for count in 1..=3u32 {
        let run = store.begin_run(run_of(&[A, "strategy.b"])).unwrap();
        let assessment = recovery::assess(&store, Some(&note), &rules, at(6)).unwrap();
        assert_eq!(assessment.crash.as_deref(), Some("SIGSEGV in `save` of a (x)"));
        assert_eq!(assessment.quarantined.len(), usize::from(count == 3));
        let again = recovery::assess(&store, Some(&note), &rules, at(6)).unwrap();
        assert_eq!((again.crash, again.verdict), (None, Verdict::default()));
        assert_eq!(again.quarantined, assessment.quarantined);
        let crashes = store.reader().unwrap().crashes().unwrap();
        assert_eq!(crashes.iter().map(|crash| crash.count).collect::<Vec<_>>(), [count]);
        assert!(store.reader().unwrap().last_run().unwrap().is_some_and(|last| last.id == run));
    }
    store.release(A).unwrap();
    assert!(recovery::assess(&store, None, &rules, at(7)).unwrap().quarantined.is_empty());
    // a stable run that ends well forgets what was counted
    store.count_crash("strategy.b", at(7), "once").unwrap();
    let run = store.begin_run(run_of(&["strategy.b"])).unwrap();
    store.end_run(run, at(1 + 600)).unwrap();
    recovery::assess(&store, None, &rules, at(700)).unwrap();
    assert!(store.reader().unwrap().crashes().unwrap().is_empty());
}
