//! TeaFiles: time series as flat binary files that describe themselves.
//!
//! A file is a header, which says what an item is, and then items, one behind the other, each as it is in memory. So a file
//! is read by mapping it, any language can read it, and a writer appends to it. The format is that of discretelogics
//! (version 1.0); files are those of the other implementations, bit for bit.
//!
//! ```
//! use teafile::{Description, Mapped, Reader, TeaItem};
//!
//! #[derive(Clone, Copy, Debug, TeaItem)]
//! #[repr(C)]
//! struct Tick {
//!     time: i64,
//!     price: f64,
//!     volume: i64,
//! }
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("acme.tea");
//! // write
//! let description = Description::of::<Tick>()?.content("prices of acme at NYSE").name_value("decimals", 2);
//! let mut file = teafile::create(&path, &description)?.typed::<Tick>()?;
//! file.write(&Tick { time: 1_299_229_200_000, price: 45.11, volume: 4_500 })?;
//! file.write(&Tick { time: 1_299_232_800_000, price: 46.33, volume: 1_100 })?;
//! file.close()?;
//!
//! // append, by value
//! let mut file = teafile::append(&path)?;
//! file.write(&[1_299_236_400_000_i64.into(), 46.5.into(), 300.into()])?;
//! file.close()?;
//!
//! // read what is mapped: a slice, a part of it by time, a column
//! let file = Mapped::open(&path)?;
//! let ticks: &[Tick] = file.items()?;
//! assert_eq!(ticks[1..3].iter().map(|tick| tick.volume).sum::<i64>(), 1_400);
//! assert_eq!(file.between::<Tick>(1_299_232_800_000..)?.len(), 2);
//! assert_eq!(file.column::<f64>("price")?.iter().fold(0.0, f64::max), 46.5);
//!
//! // read any file, whatever its items are
//! let mut file = Reader::open(&path)?;
//! let texts: Vec<String> = file.items(..1)?.map(|item| Ok(item?.to_string())).collect::<Result<_, teafile::Error>>()?;
//! assert_eq!(texts, ["Tick(time=2011-03-04 09:00:00:000, price=45.11, volume=4500)"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which reader
//! | | takes | if the file shrinks |
//! |---|---|---|
//! | [`Mapped`] | slices, columns and rows without a copy; the fastest | its contract is broken: SIGBUS |
//! | [`Reader`], [`ItemReader`] | rows or items by pread, in blocks; any byte order and layout | fewer items |
//! | [`Follower`] | items as they are written by somebody else | an error, then what is left |
//! | [`Merge`] | slices of many files in the order of their times | as [`Mapped`] |
//! | [`MergedRows`] | many files of any items, in memory that does not depend on their size | fewer items |
//!
//! # What is promised
//! - A file has one writer, by a lock that ends with its process; readers take none.
//! - A writer writes whole items only. What a kill or a full disk leaves of an item is not seen by readers, and the next
//!   writer saves it beside the file and cuts it off ([`append`]).
//! - `flush` makes items visible to others, `sync` makes them survive a loss of power; [`Durability`] does either by
//!   itself. A file that ends in zeros where a loss of power may have left them is refused, not mended in silence.
//! - What a file says about itself is changed in the room that its header has ([`HeaderEdit`]), whole or not at all.
//! - Whatever bytes a file has: opening it never panics, takes less than 1 MiB for the header, and never maps beyond it.
//! - Fields are read where the file says that they are, in its byte order. Types that nobody knows are bytes.
//!
//! # Limits
//! | what | limit | beyond it |
//! |---|---|---|
//! | the header up to its last section | 256 KiB ([`HEADER_BYTES_MAX`]) | refused |
//! | sections, name-values, fields | 1,024, 4,096, 4,096 | refused |
//! | an item that is read into a buffer or written | 64 MiB ([`ITEM_BYTES_MAX`]) | refused |
//! | a buffer of a writer | 64 MiB | made smaller |
//! | zeros that are looked for at the end | the last 64 MiB | those count |
//! | what is saved of a cut tail | 1 MiB | the rest is counted |
//! | files of a merge | 65,536 ([`MERGE_SOURCES_MAX`]) | refused |
//!
//! # What is not here
//! No clock: whoever has one calls [`tick`](Writer::tick). No sums in a file: what guards against a disk that forgets is
//! beside it ([`index()`]), because other readers refuse sections that they do not know.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod blocks;
mod byte_order;
mod calendar;
pub mod clockwise;
mod description;
mod edit;
mod error;
mod event_time;
mod field_type;
mod follower;
mod header;
mod index;
mod item;
mod item_builder;
mod item_description;
mod mapped;
mod merge;
mod name_values;
mod owned;
mod primitives;
mod reader;
mod row;
mod search;
mod snapshot;
mod sys;
mod text;
mod time_scale;
mod value;
mod verify;
mod writer;

pub use blocks::ITEM_BYTES_MAX;
pub use byte_order::ByteOrder;
pub use description::{CustomSection, Description};
pub use edit::HeaderEdit;
pub use error::{Error, ErrorKind};
pub use field_type::FieldType;
pub use follower::Follower;
pub use header::{HEADER_BYTES_MAX, Header, NAME_VALUES_MAX, SECTIONS_MAX, Section, Strictness};
pub use index::{IndexCheck, IndexCheckup, Indexed, index};
pub use item::{ItemField, TeaField, TeaItem, TimedItem};
pub use item_builder::ItemBuilder;
pub use item_description::{FIELDS_MAX, Field, ItemDescription};
pub use mapped::{Column, ColumnIter, Mapped};
pub use merge::{MERGE_SOURCES_MAX, Merge, MergedRows};
pub use name_values::{NameValues, NamedValue, Uuid};
pub use owned::Item;
pub use reader::{ItemReader, Items, Reader};
pub use row::Row;
pub use teafile_derive::TeaItem;
pub use time_scale::TimeScale;
pub use value::Value;
pub use verify::{Repair, State, Verification, repair, verify};
pub use writer::{
    AppendOptions, CreateOptions, Durability, ItemWriter, Repaired, TimeOrder, TornTail, Writer, ZeroTail,
    append, create,
};

/// What the derive macro writes needs it; it is no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::any_bytes_are_an_item;
    pub use bytemuck;
}
