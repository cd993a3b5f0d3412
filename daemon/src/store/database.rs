//! Opening `state.db`.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{
    error::Error,
    limits::{BUSY_MS, WAL_BYTES_KEPT},
    schema,
};

pub(super) const FILE_NAME: &str = "state.db";

/// The writer's connection: checked, with the settings that the promises of this module rest on, and up to date.
///
/// The check reads the whole file, which takes about a second for a gigabyte; states make it large, not runs.
pub(super) fn open(file: &Path) -> Result<Connection, Error> {
    // made here for its mode: the files beside it get the same
    let mut options = OpenOptions::new();
    let made = options.write(true).create(true).truncate(false).mode(0o600).open(file);
    made.map_err(|e| Error::io("opening", file, &e))?;
    let failed = |e: rusqlite::Error| Error::database("opening", file, &e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS)).map_err(failed)?;
    let check: String =
        connection.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(failed)?;
    if check != "ok" {
        return Err(Error::damaged(file, &check));
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let found =
            format!("a file system without shared memory for the write-ahead log (journal mode {mode})");
        return Err(Error::new(super::ErrorKind::System, format!("opening {}: {found}", file.display())));
    }
    connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT).map_err(failed)?;
    schema::migrate(&mut connection, file, schema::STEPS)?;
    connection.pragma_update(None, "temp_store", "memory").map_err(failed)?;
    // of this run only: the numbers of the next are others
    let numbers = "CREATE TEMP TABLE trading_number (scope TEXT PRIMARY KEY, number INTEGER NOT NULL)";
    connection.execute_batch(numbers).map_err(failed)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_to_read(file: &Path) -> Result<Connection, Error> {
    let failed = |e: rusqlite::Error| Error::database("opening to read", file, &e);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS)).map_err(failed)?;
    Ok(connection)
}
