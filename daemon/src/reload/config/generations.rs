//! Configurations by their numbers: in `state.db` if there is one, else in memory as long as the run goes on.

use std::sync::Arc;

use stratd_plugin_api::Timestamp;

use super::{super::run_store::RunStore, SharedConfig};
use crate::{
    config::Written,
    store::{ConfigRow, ConfigState, Write},
};

/// Configurations that are kept in memory; the oldest go.
const KEPT_MAX: usize = 50;

/// The configurations of a run, and of those before it.
#[derive(Debug)]
pub(crate) struct Generations {
    store: Option<Arc<RunStore>>,
    kept: Vec<(ConfigRow, Written)>,
    last: i64,
}

/// What a configuration is put in with.
pub(super) struct NewGeneration<'a> {
    pub(super) at: Timestamp,
    pub(super) who: &'a str,
    pub(super) cause: String,
    pub(super) state: ConfigState,
    /// What it goes back to unless somebody confirms it, and when.
    pub(super) unless_confirmed: Option<(i64, Timestamp)>,
}

impl Generations {
    pub(super) fn new(store: Option<Arc<RunStore>>) -> Self {
        Self { store, kept: Vec::new(), last: 0 }
    }

    /// Where they are, or those that are kept here. Who reads the store need not keep others from what is in force.
    fn shelf(&self) -> Shelf<'_> {
        self.store.as_ref().map_or(Shelf::Kept(&self.kept), |store| Shelf::Stored(Arc::clone(store)))
    }

    /// All, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn rows(&self) -> Result<Vec<ConfigRow>, String> {
        match self.shelf() {
            Shelf::Kept(kept) => Ok(rows_of(kept)),
            Shelf::Stored(store) => stored_rows(&store),
        }
    }

    /// One of them; `None` if there is none, or it was forgotten.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn find(&self, generation: i64) -> Result<Option<Written>, String> {
        match self.shelf() {
            Shelf::Kept(kept) => Ok(find_of(kept, generation)),
            Shelf::Stored(store) => stored(&store, generation),
        }
    }

    /// Puts one in; its number. It is on the disk when this returns.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn put(&mut self, new: NewGeneration<'_>, written: &Written) -> Result<i64, String> {
        let NewGeneration { at, who, cause, state, unless_confirmed } = new;
        let mut row = ConfigRow {
            generation: 0,
            at,
            who: who.to_owned(),
            cause,
            digest: written.digest.clone(),
            state,
            before: unless_confirmed.map(|(before, _)| before),
            confirm_by: unless_confirmed.map(|(_, by)| by),
        };
        let number = match &self.store {
            Some(store) => {
                let put = Write::PutConfig(row, written.to_json()?);
                return store.store().write_durable(put).map_err(|error| error.to_string());
            }
            None => self.last + 1,
        };
        self.last = number;
        row.generation = number;
        self.kept.push((row, written.clone()));
        let surplus = self.kept.len().saturating_sub(KEPT_MAX);
        self.kept.drain(..surplus);
        Ok(number)
    }

    /// Says what became of one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn settle(&mut self, generation: i64, state: ConfigState) -> Result<(), String> {
        if let Some(store) = &self.store {
            let settled = store.store().write_durable(Write::SettleConfig(generation, state));
            return settled.map(drop).map_err(|error| error.to_string());
        }
        if let Some((row, _)) = self.kept.iter_mut().find(|(row, _)| row.generation == generation) {
            row.state = state;
        }
        Ok(())
    }

    /// Takes one away that was refused. Where that fails it stays as one that was being tried, which never counts.
    pub(super) fn take_away(&mut self, generation: i64) {
        match &self.store {
            Some(store) => {
                // who asked looks at the history next
                if let Err(error) = store.store().write_durable(Write::DropConfig(generation)) {
                    tracing::error!(logger = "store", "{error}");
                }
            }
            None => self.kept.retain(|(row, _)| row.generation != generation),
        }
    }
}

/// Where generations are.
enum Shelf<'a> {
    Stored(Arc<RunStore>),
    Kept(&'a [(ConfigRow, Written)]),
}

impl SharedConfig {
    /// As [`Generations::rows`], with the lock free while the store is read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn rows(&self) -> Result<Vec<ConfigRow>, String> {
        let store = match self.lock().generations.shelf() {
            Shelf::Kept(kept) => return Ok(rows_of(kept)),
            Shelf::Stored(store) => store,
        };
        stored_rows(&store)
    }

    /// As [`Generations::find`], with the lock free while the store is read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn find(&self, generation: i64) -> Result<Option<Written>, String> {
        let store = match self.lock().generations.shelf() {
            Shelf::Kept(kept) => return Ok(find_of(kept, generation)),
            Shelf::Stored(store) => store,
        };
        stored(&store, generation)
    }
}

fn rows_of(kept: &[(ConfigRow, Written)]) -> Vec<ConfigRow> {
    kept.iter().map(|(row, _)| row.clone()).collect()
}

fn find_of(kept: &[(ConfigRow, Written)], generation: i64) -> Option<Written> {
    kept.iter().find(|(row, _)| row.generation == generation).map(|(_, written)| written.clone())
}

fn stored_rows(store: &RunStore) -> Result<Vec<ConfigRow>, String> {
    let rows = store.store().reader().and_then(|reader| reader.configs());
    rows.map_err(|error| error.to_string())
}

fn stored(store: &RunStore, generation: i64) -> Result<Option<Written>, String> {
    let text = store.store().reader().and_then(|reader| reader.config(generation));
    let text = text.map_err(|error| error.to_string())?;
    text.map(|text| Written::from_json(&text)).transpose()
}
