//! The thread that writes.
//!
//! It takes all that waits and commits it as one transaction: under load, one sync of the disk serves many writes. If
//! that fails, each write is tried alone once, so that a state that finds no room does not take a small write with it.
//!
//! After a failed sync nothing is written any more, by this process: the system may take pages for written that the disk does
//! not have, so that a further sync says nothing. All that asks is refused with the error of that sync; a restart reads what
//! there is.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, ErrorCode, Savepoint, TransactionBehavior, config::DbConfig, params};
use stratd_plugin_api::Timestamp;

use super::{
    error::{Error, ErrorKind},
    limits::{CONFIGS_MAX, GENERATIONS_MAX, RUNS_MAX},
    meters::StoreMeters,
    queue::{Answer, Job, Queue},
    rows::{ConfigRow, Crash, Generation, NewRun, Quarantine, RunId, SavedState, TradingRow, Verdict, Write},
    trading::{self, Commits},
};
use crate::runtime::clock::Moment;

/// Writes until the queue is closed and empty.
pub(super) fn run(
    mut connection: Connection,
    queue: &Queue,
    health: &Mutex<Option<Error>>,
    meters: &StoreMeters,
) {
    // whatever ends this thread, nobody may wait for it
    let _gone = Gone(queue);
    let file = connection.path().map(PathBuf::from).unwrap_or_default();
    let mut broken: Option<Error> = None;
    // of the run that goes on: it is ill for as long as its batches are, whatever else succeeds, if only because a write that
    // changes nothing needs no room
    let mut batches: Option<Arc<Commits>> = None;
    loop {
        let jobs = queue.take();
        if jobs.is_empty() {
            break;
        }
        let failed = |e: &rusqlite::Error| Error::database("writing to", &file, e);
        if let Some(error) = &broken {
            meters.failed.bump_by(jobs.len() as u64);
            jobs.into_iter().for_each(|job| tell(job.answer, Err(error.clone())));
            continue;
        }
        batches = jobs.iter().rev().find_map(commits_of).cloned().or(batches);
        let started = Moment::now();
        let (jobs, late) = sort_out(jobs);
        let outcomes = match commit(&mut connection, &jobs) {
            Ok(outcomes) => outcomes,
            Err(e) => without_all(&mut connection, &jobs, &failed(&e), &failed),
        };
        let trouble = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Failed(e) => Some(e.clone()),
            Outcome::Done(_) | Outcome::Refused(_) => None,
        });
        broken = trouble.clone().filter(|error| error.kind() == ErrorKind::Sync);
        // those that were tried one by one after that are part of it: so long others waited
        meters.commits.add(started.elapsed());
        let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count();
        meters.written.bump_by(done as u64);
        meters.failed.bump_by((outcomes.len() - done) as u64);
        note(health, trouble.or_else(|| batches.as_ref()?.failed()));
        answer(jobs, outcomes, &failed);
        for (job, error) in late {
            tell(job.answer, Err(error));
        }
    }
    if broken.is_some() {
        // closing would sync and clean up; the next start does
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        return;
    }
    // a database at rest is one file; if this fails, the next start does it
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

struct Gone<'a>(&'a Queue);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// What became of a write.
pub(super) enum Outcome {
    Done(i64),
    /// The write itself is not acceptable.
    Refused(rusqlite::Error),
    /// The transaction could not be committed.
    Failed(Error),
}

/// Batches of a run that had one that failed are not written: whoever made them hands everything over anew when the
/// cause is gone.
fn sort_out(jobs: VecDeque<Job>) -> (VecDeque<Job>, Vec<(Job, Error)>) {
    let mut late = Vec::new();
    let mut good = VecDeque::with_capacity(jobs.len());
    for job in jobs {
        match why_not(&job) {
            Some(error) => late.push((job, error)),
            None => good.push_back(job),
        }
    }
    (good, late)
}

fn why_not(job: &Job) -> Option<Error> {
    commits_of(job)?.failed()
}

fn commits_of(job: &Job) -> Option<&Arc<Commits>> {
    match &job.answer {
        Answer::Ticket(ticket) => Some(&ticket.commits),
        Answer::None | Answer::Asker(_) => None,
    }
}

/// The transaction of all failed: others than batches are tried one by one. Of batches none is tried again, because orders
/// wait for them: what a disk says after it failed once is not to be relied on.
fn without_all(
    connection: &mut Connection,
    jobs: &VecDeque<Job>,
    error: &Error,
    failed: &dyn Fn(&rusqlite::Error) -> Error,
) -> Vec<Outcome> {
    let is_last_word = |job: &Job| {
        jobs.len() == 1 || error.kind() == ErrorKind::Sync || matches!(job.answer, Answer::Ticket(_))
    };
    let alone = |job: &Job| {
        if is_last_word(job) {
            return Outcome::Failed(error.clone());
        }
        match commit(connection, [job]) {
            Ok(mut outcomes) => outcomes.pop().unwrap_or(Outcome::Done(0)),
            Err(e) => Outcome::Failed(failed(&e)),
        }
    };
    jobs.iter().map(alone).collect()
}

fn answer(jobs: VecDeque<Job>, outcomes: Vec<Outcome>, failed: &dyn Fn(&rusqlite::Error) -> Error) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        let is_refused = matches!(outcome, Outcome::Refused(_));
        let result = match outcome {
            Outcome::Done(number) => Ok(number),
            Outcome::Refused(e) => Err(failed(&e)),
            Outcome::Failed(e) => Err(e),
        };
        if let (Answer::None, Err(e), true) = (&job.answer, &result, is_refused) {
            tracing::warn!(logger = "store", "{e}");
        }
        tell(job.answer, result);
    }
}

fn tell(answer: Answer, result: Result<i64, Error>) {
    match answer {
        Answer::None => {}
        // who asked may have gone meanwhile
        Answer::Asker(asker) => drop(asker.send(result)),
        Answer::Ticket(ticket) => ticket.settle(result.map(drop)),
    }
}

/// Keeps what is wrong, and tells each change of it once.
fn note(health: &Mutex<Option<Error>>, trouble: Option<Error>) {
    let mut health = health.lock().unwrap_or_else(PoisonError::into_inner);
    if *health == trouble {
        return;
    }
    match &trouble {
        Some(e) => tracing::error!(logger = "store", "{e}; what was stored before stays"),
        None => tracing::info!(logger = "store", "writes to the state database succeed again"),
    }
    *health = trouble;
}

/// All writes in one transaction, in order. An unacceptable one leaves the others alone.
pub(super) fn commit<'a>(
    connection: &mut Connection,
    jobs: impl IntoIterator<Item = &'a Job>,
) -> rusqlite::Result<Vec<Outcome>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::new();
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        outcomes.push(match apply(&savepoint, &job.write) {
            Ok(number) => {
                savepoint.commit()?;
                Outcome::Done(number)
            }
            // dropping the savepoint undoes it
            Err(e) if is_its_own_fault(&e) => Outcome::Refused(e),
            Err(e) => return Err(e),
        });
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn is_its_own_fault(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
    )
}

fn apply(db: &Savepoint<'_>, write: &Write) -> rusqlite::Result<i64> {
    match write {
        Write::BeginRun(run) => return begin_run(db, run),
        Write::Join(run, instance) => {
            db.prepare_cached("INSERT OR IGNORE INTO active (run, instance) VALUES (?1, ?2)")?
                .execute(params![run.0, instance])?;
        }
        Write::Leave(run, instance) => {
            db.prepare_cached("DELETE FROM active WHERE run = ?1 AND instance = ?2")?
                .execute(params![run.0, instance])?;
        }
        Write::Seen(run, at) => seen(db, Some(*run), at.get())?,
        Write::EndRun(run, at) => {
            db.prepare_cached("UPDATE run SET ended_at = ?2, seen_at = max(seen_at, ?2) WHERE id = ?1")?
                .execute(params![run.0, at.get()])?;
        }
        Write::SaveStates(states) => {
            for state in states {
                save_state(db, state)?;
            }
        }
        Write::ForgetState(instance) => {
            db.prepare_cached("DELETE FROM strategy_state WHERE instance = ?1")?.execute([instance])?;
        }
        Write::RecordGeneration(generation) => record_generation(db, generation)?,
        Write::CountCrash { instance, at, what } => {
            db.prepare_cached(
                "INSERT INTO crash (instance, count, last_at, last_what) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT (instance) DO UPDATE SET count = count + 1, last_at = ?2, last_what = ?3",
            )?
            .execute(params![instance, at.get(), what])?;
        }
        Write::ResetCrashes(instances) => reset_crashes(db, instances)?,
        Write::Quarantine(quarantine) => put_in_quarantine(db, quarantine)?,
        Write::Release(instance) => {
            db.prepare_cached("DELETE FROM quarantine WHERE instance = ?1")?.execute([instance])?;
            reset_crashes(db, std::slice::from_ref(instance))?;
        }
        Write::KeepTrading(TradingRow { scope, state, reason, since, note }, number) => {
            if !is_latest(db, scope, *number)? {
                return Ok(0);
            }
            db.prepare_cached(
                "INSERT OR REPLACE INTO trading (scope, state, reason, since, note) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![scope, state, reason, since.get(), note])?;
        }
        Write::ForgetTrading(scope, number) => {
            if !is_latest(db, scope, *number)? {
                return Ok(0);
            }
            db.prepare_cached("DELETE FROM trading WHERE scope = ?1")?.execute([scope])?;
        }
        Write::Assess(run, verdict) => assess(db, *run, verdict)?,
        Write::PutConfig(row, document) => return put_config(db, row, document),
        Write::SettleConfig(generation, state) => {
            db.prepare_cached("UPDATE config SET state = ?2 WHERE generation = ?1")?
                .execute(params![generation, state.name()])?;
        }
        Write::Identify(number, trading_type, at) => trading::identify(db, (*number, trading_type, *at))?,
        Write::Trading(batch) => trading::batch(db, batch)?,
        Write::Prune(before) => return trading::prune(db, *before),
        Write::DropConfig(generation) => {
            db.prepare_cached("DELETE FROM config WHERE generation = ?1")?.execute([generation])?;
        }
    }
    Ok(0)
}

/// Whether no later change of a scope was written before: threads that wait for their writes are not in the order of
/// the event loop. Undone with the transaction, as what it lets pass is.
fn is_latest(db: &Savepoint<'_>, scope: &str, number: u64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "INSERT INTO temp.trading_number (scope, number) VALUES (?1, ?2)
             ON CONFLICT (scope) DO UPDATE SET number = excluded.number WHERE excluded.number >= number",
        )?
        .execute(params![scope, i64::try_from(number).unwrap_or(i64::MAX)])?;
    Ok(changed > 0)
}

fn put_config(db: &Savepoint<'_>, row: &ConfigRow, document: &str) -> rusqlite::Result<i64> {
    let ConfigRow { generation: _, at, who, cause, digest, state, before, confirm_by } = row;
    db.prepare_cached(
        "INSERT INTO config (at, who, cause, document, digest, state, before, confirm_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        at.get(),
        who,
        cause,
        document,
        digest,
        state.name(),
        before,
        confirm_by.map(Timestamp::get)
    ])?;
    let id = db.last_insert_rowid();
    db.prepare_cached("DELETE FROM config WHERE generation <= ?1")?.execute([id - CONFIGS_MAX])?;
    Ok(id)
}

fn begin_run(db: &Savepoint<'_>, run: &NewRun) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO run (started_at, seen_at, trading_type, version) VALUES (?1, ?1, ?2, ?3)",
    )?
    .execute(params![run.started_at.get(), run.trading_type, run.version])?;
    let id = db.last_insert_rowid();
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO active (run, instance) VALUES (?1, ?2)")?;
    for instance in &run.active {
        insert.execute(params![id, instance])?;
    }
    db.prepare_cached("DELETE FROM run WHERE id <= ?1")?.execute([id - RUNS_MAX])?;
    Ok(id)
}

/// The run, or the latest one if it is going on, was alive at that time.
fn seen(db: &Savepoint<'_>, run: Option<RunId>, at: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE run SET seen_at = max(seen_at, ?2)
         WHERE id = coalesce(?1, (SELECT max(id) FROM run)) AND ended_at IS NULL",
    )?
    .execute(params![run.map(|run| run.0), at])?;
    Ok(())
}

fn save_state(db: &Savepoint<'_>, state: &SavedState) -> rusqlite::Result<()> {
    let SavedState { instance, plugin, plugin_version, build_id, hash, state_version, state, saved_at, seq } =
        state;
    db.prepare_cached(
        "INSERT OR REPLACE INTO strategy_state
         (instance, plugin, plugin_version, build_id, hash, state_version, saved_at, seq, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        instance,
        plugin,
        plugin_version,
        build_id,
        hash,
        state_version,
        saved_at.get(),
        seq,
        state
    ])?;
    seen(db, None, saved_at.get())
}

fn record_generation(db: &Savepoint<'_>, generation: &Generation) -> rusqlite::Result<()> {
    let Generation { plugin, generation, hash, file, version, build_id, at, outcome } = generation;
    db.prepare_cached(
        "INSERT INTO generation (plugin, generation, hash, file, version, build_id, at, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![plugin, generation, hash, file, version, build_id, at.get(), outcome])?;
    db.prepare_cached(
        "DELETE FROM generation WHERE plugin = ?1 AND rowid <=
         (SELECT rowid FROM generation WHERE plugin = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![plugin, GENERATIONS_MAX])?;
    Ok(())
}

fn reset_crashes(db: &Savepoint<'_>, instances: &[String]) -> rusqlite::Result<()> {
    let mut delete = db.prepare_cached("DELETE FROM crash WHERE instance = ?1")?;
    for instance in instances {
        delete.execute([instance])?;
    }
    Ok(())
}

fn put_in_quarantine(db: &Savepoint<'_>, quarantine: &Quarantine) -> rusqlite::Result<()> {
    let Quarantine { instance, since, reason } = quarantine;
    db.prepare_cached("INSERT OR IGNORE INTO quarantine (instance, since, reason) VALUES (?1, ?2, ?3)")?
        .execute(params![instance, since.get(), reason])?;
    Ok(())
}

/// Once per run: were the daemon to crash right after this, the next start would find it done.
fn assess(db: &Savepoint<'_>, run: RunId, verdict: &Verdict) -> rusqlite::Result<()> {
    let changed = db
        .prepare_cached("UPDATE run SET is_assessed = 1 WHERE id = ?1 AND is_assessed = 0")?
        .execute([run.0])?;
    if changed == 0 {
        return Ok(());
    }
    reset_crashes(db, &verdict.reset)?;
    let mut set = db.prepare_cached(
        "INSERT OR REPLACE INTO crash (instance, count, last_at, last_what) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for Crash { instance, count, last_at, last_what } in &verdict.crashes {
        set.execute(params![instance, count, last_at.get(), last_what])?;
    }
    verdict.quarantined.iter().try_for_each(|quarantine| put_in_quarantine(db, quarantine))
}
