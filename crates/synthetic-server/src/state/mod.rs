//! What survives the server's own end: accounts, orders, reports, and where the numbers had come to.
//!
//! `venue.jsonl` in the state folder is a log: one line per operation, a JSON list of records, written with one call
//! before anybody is told what it says. A line that is not whole is the end of a run that died while writing: nobody
//! knows of it, and it is cut off. Anything else that cannot be read is an error that names the line.
//! Numbers are scaled integers; kinds, sides and the like are the codes of the plugin ABI.
//! The file is written through to the disk at a clean end; until then it survives the process, not the machine.

mod file;
mod record;

pub(crate) use file::StateFile;
pub(crate) use record::{AccountRecord, Head, Mark, Record, ReportRecord};
