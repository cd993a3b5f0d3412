//! Configurations by their numbers: in `state.db` if there is one, else in memory as long as the run goes on.

use std::sync::Arc;

use stratd_plugin_api::Timestamp;

use super::super::run_store::RunStore;
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

    /// All, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn rows(&self) -> Result<Vec<ConfigRow>, String> {
        match &self.store {
            Some(store) => {
                let rows = store.store().reader().and_then(|reader| reader.configs());
                rows.map_err(|error| error.to_string())
            }
            None => Ok(self.kept.iter().map(|(row, _)| row.clone()).collect()),
        }
    }

    /// One of them; `None` if there is none, or it was forgotten.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn find(&self, generation: i64) -> Result<Option<Written>, String> {
        let Some(store) = &self.store else {
            let kept = self.kept.iter().find(|(row, _)| row.generation == generation);
            return Ok(kept.map(|(_, written)| written.clone()));
        };
        let text = store.store().reader().and_then(|reader| reader.config(generation));
        let text = text.map_err(|error| error.to_string())?;
        text.map(|text| Written::from_json(&text)).transpose()
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
                if let Err(error) = store.store().write(Write::DropConfig(generation)) {
                    tracing::error!(logger = "store", "{error}");
                }
            }
            None => self.kept.retain(|(row, _)| row.generation != generation),
        }
    }
}
