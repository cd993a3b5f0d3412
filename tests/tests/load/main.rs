//! Loading plugins from real files, good and bad, and what instances of them may do.

mod bad_files;
mod calls;
mod connectors;
mod faults;
mod guide;
mod inspect;
mod place;
mod reload;
mod states;
mod threads;
