//! Loading plugins from real files, good and bad, and what instances of them may do.

mod bad_files;
mod calls;
mod connectors;
mod faults;
mod generations;
mod guide;
mod inspect;
mod place;
mod probe;
mod reload;
mod states;
mod threads;
