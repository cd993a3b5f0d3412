//! The plugins of a run that goes on: which there are, what replaces them, and when.
//!
//! One thread, "plugins", takes requests one at a time: files that came to rest (`host::Watcher`), commands from the
//! control socket, and notes of the event loop. It does everything that may take time or run foreign code away from
//! the event loop; the loop only exchanges two instances between two events.
//!
//! ```text
//! file at rest ─► read (hash) ─► trust ─► elf ─► private copy ─► probe child (open, create, restore a copy of the state)
//!   ─► open ─► name, kind, configuration against its schema ─► create ─► Command::Swap ─► event loop:
//!        quiesce(old) ─► save(old) ─► restore(new) ─► exchange ─► next event
//! ```
//! Every step can refuse; then the old generation runs on, the refusal is logged and kept for `stratctl plugin show`,
//! and the same content is not tried again unless a command asks for it.
//!
//! - `registry`, `record`: what is known, behind one lock that is never held across a call of a plugin
//! - `manager`: the thread; `replace`: the steps above up to `create`, `take_over`: those from there on, `exchange`: the
//!   same for connectors (`connector`: one is made, `reconcile`: its orders, `away`: there is none); `join`: files of which
//!   no plugin was known
//! - `config`: another configuration takes the place of the one in force
//! - `restart`: isolated instances that died; `saving`: the states of all strategies, every so often
//! - `unload`: libraries that nobody uses any more
//! - `trading`: what the control socket shows of trading, and does by hand
//! - `report`: what the control socket shows

mod away;
mod basis;
mod changes;
pub(crate) mod config;
mod connector;
mod exchange;
mod factory;
mod join;
mod manager;
mod observed;
mod operations;
mod plane;
mod record;
mod registry;
mod rehearse;
mod replace;
mod report;
mod restart;
mod run_store;
mod saving;
mod take_over;
mod trading;
mod unload;

pub(crate) use factory::Factory;
pub(crate) use manager::{Manager, ManagerOptions, ManagerParts, Request};
pub(crate) use operations::ManagerOperations;
pub(crate) use plane::{Hangups, Plane, PlaneParts};
pub(crate) use record::{InstanceRecord, InstanceSettings, Place, PluginRecord, Saved};
pub(crate) use registry::{Registry, SharedRegistry};
pub(crate) use report::RunFacts;
pub(crate) use run_store::{LastRun, RunStore};
