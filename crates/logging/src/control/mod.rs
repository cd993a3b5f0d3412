//! What can be asked and changed while the system runs. Loggers and handlers are named; a change is in force when the call
//! returns, for every record that is logged afterwards.

mod filters;
mod handlers;
mod levels;
mod loggers;

pub use filters::FilterId;
pub use handlers::MemoryOptions;
