//! Questions to the database, on a connection that cannot write.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use stratd_plugin_api::Timestamp;

use super::{
    database,
    error::Error,
    rows::{ConfigRow, ConfigState, Crash, Generation, LastRun, Quarantine, RunId, SavedState, TradingRow},
    trading::{self, Kept, WhatToKeep},
};

/// Reads what was committed. Cheap to make; one thread at a time uses it.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    file: PathBuf,
}

impl Reader {
    pub(super) fn open(file: &Path) -> Result<Self, Error> {
        Ok(Self { connection: database::open_to_read(file)?, file: file.to_owned() })
    }

    /// What an instance last saved.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn state_of(&self, instance: &str) -> Result<Option<SavedState>, Error> {
        self.one(
            "SELECT instance, plugin, plugin_version, build_id, hash, state_version, saved_at, seq, state
             FROM strategy_state WHERE instance = ?1",
            [instance],
            |row| {
                Ok(SavedState {
                    instance: row.get(0)?,
                    plugin: row.get(1)?,
                    plugin_version: row.get(2)?,
                    build_id: row.get(3)?,
                    hash: row.get(4)?,
                    state_version: row.get(5)?,
                    saved_at: time(row, 6)?,
                    seq: row.get(7)?,
                    state: row.get(8)?,
                })
            },
        )
    }

    /// The builds of a plugin that were tried, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn generations(&self, plugin: &str) -> Result<Vec<Generation>, Error> {
        self.all(
            "SELECT plugin, generation, hash, file, version, build_id, at, outcome
             FROM generation WHERE plugin = ?1 ORDER BY rowid",
            [plugin],
            |row| {
                Ok(Generation {
                    plugin: row.get(0)?,
                    generation: row.get(1)?,
                    hash: row.get(2)?,
                    file: row.get(3)?,
                    version: row.get(4)?,
                    build_id: row.get(5)?,
                    at: time(row, 6)?,
                    outcome: row.get(7)?,
                })
            },
        )
    }

    /// The crashes that count, by instance.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn crashes(&self) -> Result<Vec<Crash>, Error> {
        self.all("SELECT instance, count, last_at, last_what FROM crash ORDER BY instance", [], |row| {
            Ok(Crash {
                instance: row.get(0)?,
                count: row.get(1)?,
                last_at: time(row, 2)?,
                last_what: row.get(3)?,
            })
        })
    }

    /// The instances that are not started, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn quarantined(&self) -> Result<Vec<Quarantine>, Error> {
        self.all("SELECT instance, since, reason FROM quarantine ORDER BY instance", [], |row| {
            Ok(Quarantine { instance: row.get(0)?, since: time(row, 1)?, reason: row.get(2)? })
        })
    }

    /// The scopes in which not everything may be traded, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn trading(&self) -> Result<Vec<TradingRow>, Error> {
        self.all("SELECT scope, state, reason, since, note FROM trading ORDER BY scope", [], |row| {
            Ok(TradingRow {
                scope: row.get(0)?,
                state: row.get(1)?,
                reason: row.get(2)?,
                since: time(row, 3)?,
                note: row.get(4)?,
            })
        })
    }

    /// The run that began last.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn last_run(&self) -> Result<Option<LastRun>, Error> {
        let run = self.one(
            "SELECT id, started_at, seen_at, ended_at, is_assessed FROM run ORDER BY id DESC LIMIT 1",
            [],
            |row| {
                Ok(LastRun {
                    id: RunId(row.get(0)?),
                    started_at: time(row, 1)?,
                    seen_at: time(row, 2)?,
                    ended_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::new),
                    is_assessed: row.get(4)?,
                    active: Vec::new(),
                })
            },
        )?;
        let Some(mut run) = run else { return Ok(None) };
        run.active =
            self.all("SELECT instance FROM active WHERE run = ?1 ORDER BY instance", [run.id.0], |row| {
                row.get(0)
            })?;
        Ok(Some(run))
    }

    /// Whether the database is new enough to hold configurations: one that no newer stratd has opened to write is not.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_configs(&self) -> Result<bool, Error> {
        let found =
            self.one("SELECT 1 FROM sqlite_schema WHERE name = 'config'", [], |row| row.get::<_, i64>(0))?;
        Ok(found.is_some())
    }

    /// The configurations, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn configs(&self) -> Result<Vec<ConfigRow>, Error> {
        self.all(
            "SELECT generation, at, who, cause, digest, state, before, confirm_by FROM config ORDER BY generation",
            [],
            |row| {
                let state: String = row.get(5)?;
                Ok(ConfigRow {
                    generation: row.get(0)?,
                    at: time(row, 1)?,
                    who: row.get(2)?,
                    cause: row.get(3)?,
                    digest: row.get(4)?,
                    // the table takes no other words
                    state: ConfigState::of_name(&state).unwrap_or(ConfigState::Reverted),
                    before: row.get(6)?,
                    confirm_by: row.get::<_, Option<i64>>(7)?.map(Timestamp::new),
                })
            },
        )
    }

    /// The document of a configuration.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn config(&self, generation: i64) -> Result<Option<String>, Error> {
        self.one("SELECT document FROM config WHERE generation = ?1", [generation], |row| row.get(0))
    }

    /// What is kept of orders, fills and books, of one moment.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn kept(&self, what: WhatToKeep) -> Result<Kept, Error> {
        let read = || {
            let transaction = self.connection.unchecked_transaction()?;
            trading::kept(&transaction, what)
        };
        read().map_err(|e| self.failed(&e))
    }

    /// The accounts as exchanges told them last: exchange, account, currency, cash, equity, margin, and when.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn accounts(&self) -> Result<Vec<([String; 6], Timestamp)>, Error> {
        trading::accounts(&self.connection).map_err(|e| self.failed(&e))
    }

    fn one<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        let answer = self.connection.prepare_cached(query);
        let answer = answer.and_then(|mut query| query.query_row(parameters, read).optional());
        answer.map_err(|e| self.failed(&e))
    }

    fn all<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let answer = self.connection.prepare_cached(query);
        let answer = answer.and_then(|mut query| query.query_map(parameters, read)?.collect());
        answer.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        match error {
            // only hands other than ours write such values: the tables are strict
            rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..) => Error::damaged(&self.file, &error.to_string()),
            _ => Error::database("reading", &self.file, error),
        }
    }
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::new)
}
