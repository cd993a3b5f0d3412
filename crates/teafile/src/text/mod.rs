//! The text forms of the original Python API: numbers, names and values as it prints them.

mod number;
mod strings;

pub(crate) use number::{double, rounded};
pub(crate) use strings::{display_name, hex, quoted};
