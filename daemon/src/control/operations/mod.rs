//! What the control server asks of the daemon. It knows nothing of it beyond this.
//!
//! One trait a resource, one file a trait. Calls may block: they run on threads of their own, several at once. They
//! must come to an end by themselves: a call that is no longer waited for is not interrupted.
//!
//! A change gets the [`Terms`] of its request. Where changes of the resource are done one after another, it compares
//! the [`Basis`] with the terms ([`Terms::check`]), checks everything else, ends there if it is a dry run, and tells the
//! basis before and after in its [`Outcome`].

mod error;
mod plugins;
mod run;
mod terms;

pub use self::{
    error::{ActionError, ActionErrorKind},
    plugins::{Action, PluginOperations},
    run::RunOperations,
    terms::{Basis, Outcome, Terms},
};

/// The daemon, as the control server sees it.
pub trait Operations: PluginOperations + RunOperations + Send + Sync {}

impl<T: PluginOperations + RunOperations + Send + Sync> Operations for T {}
