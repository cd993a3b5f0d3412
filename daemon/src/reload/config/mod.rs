//! The configuration of a run that goes on: which generation is in force, and how another one takes its place.
//!
//! ```text
//! what is asked ─► the new text, merged ─► check, whole ─► divide into parts ─► (a dry run ends here)
//!   ─► make every instance that is needed ─► state.db: "trying" ─► log ─► connectors that must be exchanged
//!   ─► Command::Change: everything else, between two events ─► state.db: "applied" or "unconfirmed"
//! ```
//! Every step can refuse, and then what was done before is undone, in the opposite order: see [`crate::runtime`]'s
//! `change` for what happens between the two events. One thread does this, the manager's, so changes come one after
//! another, and never while a plugin is replaced.
//!
//! A generation that nobody confirms in time goes back to the one before it, here and at the next start: see `confirm`.
//!
//! - `permit`: what an operator may not change; `parts`: what can change while the run goes on; `build`: what that needs;
//!   `apply`: the steps; `carry_out`: what instances are made to do; `note`: what is noted
//! - `exchanges`: those that join and leave
//! - `refusal`: why a change was not done; `confirm`: generations that go back by themselves
//! - `generations`: where they are kept; `show`: what the control socket tells

mod apply;
mod build;
mod carry_out;
mod confirm;
mod exchanges;
mod generations;
mod hangup;
mod note;
mod parts;
mod permit;
mod refusal;
mod show;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Map, Value};
use stratd_plugin_api::Timestamp;

pub(crate) use self::{
    apply::ConfigDone,
    confirm::{Unconfirmed, confirmed},
    generations::Generations,
    hangup::reload_on_hangup,
    permit::ADMIN_SECTIONS,
    refusal::{ConfigRefusal, RefusalKind},
    show::{leaves, warnings},
};
use super::run_store::RunStore;
use crate::{
    config::{Draft, Flags, Problem, RunConfig, Written, edit::Edit, origin::Origins},
    control::Basis,
    runtime::clock,
    store::{ConfigRow, ConfigState},
};
use generations::NewGeneration;

/// Who acts where nobody asked.
const OURSELVES: &str = "stratd";

/// Where files and flags come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigSource {
    /// None for a run that flags alone describe.
    pub(crate) file: Option<PathBuf>,
    pub(crate) flags: Flags,
}

impl ConfigSource {
    /// What the files say now.
    ///
    /// # Errors
    /// A file cannot be read, or is not TOML.
    pub(crate) fn read(&self) -> Result<Written, Vec<Problem>> {
        match &self.file {
            Some(file) => Written::read(file, &self.flags.conf_dirs),
            None => Ok(Written::default()),
        }
    }
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub(crate) struct StartConfig {
    pub(crate) source: ConfigSource,
    pub(crate) written: Written,
    pub(crate) taken: Taken,
}

/// Where the configuration of a start was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// From the files.
    Files,
    /// From what was stored: the generation that was in force last.
    Stored(i64),
    /// As well, because nobody confirmed the later one.
    Reverted {
        /// The one that nobody confirmed.
        unconfirmed: i64,
        /// The one in force again.
        before: i64,
    },
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ConfigChange {
    /// What the new configuration is.
    pub what: What,
    /// It goes back by itself unless it is confirmed within that time.
    pub confirm_within: Option<Duration>,
    /// It counts from the next start on.
    pub at_restart: bool,
}

/// What the new configuration is.
#[derive(Clone, Debug)]
pub enum What {
    /// What the files say now.
    Files,
    /// A text in TOML, with the name that problems call it by.
    Text(String, PathBuf),
    /// A whole configuration.
    Table(Map<String, Value>),
    /// The one in force with an edit at a path.
    Edit(Vec<String>, Edit),
    /// An earlier generation.
    Rollback(i64),
    /// The one in force, for good.
    Confirm,
}

impl ConfigChange {
    /// At once and for good.
    #[must_use]
    pub fn of(what: What) -> Self {
        Self { what, confirm_within: None, at_restart: false }
    }
}

/// The configuration in force, as the control socket and the manager share it.
#[derive(Clone, Debug)]
pub(crate) struct SharedConfig(Arc<Mutex<InForce>>);

impl SharedConfig {
    pub(crate) fn lock(&self) -> MutexGuard<'_, InForce> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) generation: i64,
    pub(crate) since: Timestamp,
    /// Without flags.
    pub(crate) written: Written,
    /// With flags.
    pub(crate) value: Value,
    pub(crate) origins: Origins,
    pub(crate) unconfirmed: Option<Unconfirmed>,
    /// A generation that counts from the next start on.
    pub(crate) pending: Option<i64>,
    pub(crate) generations: Generations,
    pub(crate) source: ConfigSource,
}

impl InForce {
    /// What a change depends on.
    pub(crate) fn basis(&self) -> Basis {
        Basis::new(serde_json::json!({
            "generation": self.generation,
            "unconfirmed": self.unconfirmed.is_some(),
            "pending": self.pending,
        }))
    }

    /// Takes a generation for the one in force.
    fn take(&mut self, generation: i64, written: Written) {
        let draft = Draft::new(written.clone(), &self.source.flags);
        self.generation = generation;
        // it takes the place of one that waited for the next start
        self.pending = None;
        self.since = clock::now();
        self.written = written;
        self.value = draft.value;
        self.origins = draft.origins;
    }
}

/// What the manager keeps of the configuration.
pub(crate) struct Configured {
    pub(super) shared: SharedConfig,
    /// Checked.
    pub(super) config: RunConfig,
}

impl Configured {
    /// Begins with what the run was started with, and says what became of what was stored.
    ///
    /// # Errors
    /// The store cannot be written, in words.
    pub(crate) fn begin(
        start: StartConfig,
        config: RunConfig,
        store: Option<Arc<RunStore>>,
    ) -> Result<Self, String> {
        let StartConfig { source, written, taken } = start;
        let mut generations = Generations::new(store);
        let now = clock::now();
        let put = |generations: &mut Generations, cause: String| {
            let state = ConfigState::Applied;
            let new = NewGeneration { at: now, who: OURSELVES, cause, state, unless_confirmed: None };
            generations.put(new, &written)
        };
        let generation = match taken {
            Taken::Stored(generation) => {
                // a pending one is in force now
                generations.settle(generation, ConfigState::Applied)?;
                generation
            }
            Taken::Reverted { unconfirmed, before } => {
                let cause = format!(
                    "generation {unconfirmed} was not confirmed before the daemon ended: back to {before}"
                );
                tracing::warn!(logger = "config", "{cause}");
                put(&mut generations, cause)?
            }
            Taken::Files => {
                let last = latest(&generations.rows()?).map(|row| row.generation);
                let same = match last {
                    Some(last) => generations.find(last)?.filter(|known| *known == written).and(Some(last)),
                    None => None,
                };
                match same {
                    Some(same) => {
                        generations.settle(same, ConfigState::Applied)?;
                        same
                    }
                    None => put(&mut generations, "start, from the files".to_owned())?,
                }
            }
        };
        // one that waited is decided by now: nobody waits for its confirmation any more
        for row in generations.rows()?.iter().filter(|row| row.state == ConfigState::Unconfirmed) {
            generations.settle(row.generation, ConfigState::Reverted)?;
        }
        let mut in_force = InForce {
            generation,
            since: now,
            written: Written::default(),
            value: Value::Null,
            origins: Origins::default(),
            unconfirmed: None,
            pending: None,
            generations,
            source,
        };
        in_force.take(generation, written);
        tracing::info!(logger = "config", "configuration generation {generation} is in force");
        Ok(Self { shared: SharedConfig(Arc::new(Mutex::new(in_force))), config })
    }

    pub(crate) fn shared(&self) -> SharedConfig {
        self.shared.clone()
    }
}

/// The generation that counts: the latest that was taken.
pub(crate) fn latest(rows: &[ConfigRow]) -> Option<&ConfigRow> {
    rows.iter().rev().find(|row| match row.state {
        ConfigState::Applied | ConfigState::Unconfirmed | ConfigState::Pending => true,
        ConfigState::Trying | ConfigState::Reverted => false,
    })
}
