//! The tables, and how a database of an older version becomes one of this version.
//!
//! Steps are only ever added: a published step never changes, so a database of every released version can be opened.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::{Error, ErrorKind};

/// Marks the file as ours ("STRD"), for `file` and for whoever opens the wrong one.
pub(super) const APPLICATION_ID: i32 = 0x5354_5244;

/// Step N leads from version N to version N + 1. The comments stay in the database, for those who open it with `sqlite3`.
pub(super) const STEPS: &[&str] = &["
CREATE TABLE run (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at   INTEGER NOT NULL, -- times are nanoseconds since 1970, UTC
    seen_at      INTEGER NOT NULL, -- when the run last saved something: how long it lived at least
    ended_at     INTEGER,          -- null until a clean end
    trading_type TEXT    NOT NULL,
    version      TEXT    NOT NULL, -- of stratd
    is_assessed  INTEGER NOT NULL DEFAULT 0 CHECK (is_assessed IN (0, 1)) -- a crash of it was counted
) STRICT;

CREATE TABLE active ( -- the instances that take part in a run
    run      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    instance TEXT    NOT NULL, -- strategy.NAME or exchange.NAME, here and below
    PRIMARY KEY (run, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategy_state ( -- what each instance last saved
    instance       TEXT    PRIMARY KEY NOT NULL,
    plugin         TEXT    NOT NULL,
    plugin_version TEXT    NOT NULL,
    build_id       TEXT    NOT NULL,
    hash           TEXT    NOT NULL, -- SHA-256 of the plugin's file, hexadecimal
    state_version  INTEGER NOT NULL, -- the plugin's number for the form of its state
    saved_at       INTEGER NOT NULL,
    seq            INTEGER NOT NULL, -- of the last event that the state knows
    state          BLOB    NOT NULL
) STRICT;

CREATE TABLE generation ( -- which builds of a plugin were tried, and what became of it
    plugin     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    file       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    build_id   TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    outcome    TEXT    NOT NULL
) STRICT;
CREATE INDEX generation_of_plugin ON generation (plugin);

CREATE TABLE crash ( -- crashes of the daemon that an instance caused or was present at, since the last stable run
    instance  TEXT    PRIMARY KEY NOT NULL,
    count     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    last_what TEXT    NOT NULL
) STRICT;

CREATE TABLE quarantine ( -- instances that are not started
    instance TEXT    PRIMARY KEY NOT NULL,
    since    INTEGER NOT NULL,
    reason   TEXT    NOT NULL
) STRICT;
", "
CREATE TABLE config ( -- the configurations that were in force, or are to be; the latest one that was taken counts
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    who        TEXT    NOT NULL, -- the user who asked, or stratd
    cause      TEXT    NOT NULL, -- in words
    document   TEXT    NOT NULL, -- JSON; secrets are references: ${NAME} and ${credential:NAME}
    digest     TEXT    NOT NULL, -- of the files as they were then, empty if there were none
    state      TEXT    NOT NULL CHECK (state IN ('trying', 'applied', 'unconfirmed', 'pending', 'reverted')),
    before     INTEGER,          -- what an unconfirmed one goes back to
    confirm_by INTEGER           -- and when
) STRICT;
", "
CREATE TABLE trading ( -- what may not be traded: by command, or after a fall that only a command lifts
    scope  TEXT    PRIMARY KEY NOT NULL, -- run, strategy.NAME, instrument.SYMBOL@EXCHANGE or exchange.NAME
    state  TEXT    NOT NULL,             -- reducing or halted
    reason TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    note   TEXT                          -- what who did it said
) STRICT;
"];

/// Brings a database up to date, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, file: &Path, steps: &[&str]) -> Result<(), Error> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |e: rusqlite::Error| Error::database(&what, file, &e)
    };
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = number("user_version").map_err(failed("reading the version of"))?;
    let application = number("application_id").map_err(failed("reading the version of"))?;
    let done = check_origin(connection, file, (application, version), steps.len())?;
    for (index, step) in steps.iter().enumerate().skip(done) {
        let what = format!("bringing to version {} the database", index + 1);
        let apply = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
            transaction.commit()
        };
        apply(connection).map_err(failed(&what))?;
    }
    Ok(())
}

/// How many steps were taken; refuses what is not ours or from the future.
fn check_origin(
    connection: &Connection,
    file: &Path,
    (application, version): (i64, i64),
    steps: usize,
) -> Result<usize, Error> {
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| Error::database("reading the tables of", file, &e))?;
    let is_empty = application == 0 && version == 0 && tables == 0;
    if application != i64::from(APPLICATION_ID) && !is_empty {
        return Err(Error::damaged(file, "the database of another program"));
    }
    match usize::try_from(version) {
        Ok(done) if done <= steps => Ok(done),
        _ => Err(Error::new(
            ErrorKind::Newer,
            format!(
                "reading {}: a database of version {version}, written by a newer stratd (accepted: up to version \
                 {steps}; run the newer stratd, or move the file to another place to start empty)",
                file.display()
            ),
        )),
    }
}
