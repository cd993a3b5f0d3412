//! Formatters: from a record to its text.
//!
//! A format string is parsed once ([`Formatter::new`]) into literals and conversions; every fault that can be seen without
//! a record is an error there: a field that no record has, a conversion that does not fit the type its attribute always
//! has, a width above [`WIDTH_MAX`]. What depends on a value (`%(quantity)d` where a text arrives) is an error of that
//! record, which its handler reports and counts.
//!
//! Differences from Python, all of them refusals when the formatter is made: attribute and index access, positional
//! fields, widths taken from values, and fields that nobody declared.

mod attribute;
mod brace;
mod brace_spec;
mod dollar;
mod formatter;
mod number;
mod options;
mod percent;
mod prefix;
mod render;
mod segment;
pub(crate) mod structured;
mod template;
mod text;
mod time;
mod zone;

pub(crate) use attribute::{level_name, lookup as attribute_value};
pub use formatter::{Formatter, format_batch};
pub use options::{ExceptionText, FormatterOptions, Layout, Style};
pub use render::{Render, Renderer};
pub(crate) use template::Template;
pub(crate) use text::text_of;
pub use time::{MSEC_FORMAT, TIME_FORMAT};
pub use zone::{NamedZone, Zone};

/// The widest field, and the most digits of a number; more is refused when a format is compiled.
pub const WIDTH_MAX: usize = 4096;
