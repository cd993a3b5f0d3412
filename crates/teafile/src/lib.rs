//! TeaFiles: time series as flat binary files that describe themselves.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod blocks;
mod byte_order;
mod calendar;
pub mod clockwise;
mod description;
mod error;
mod event_time;
mod field_type;
mod header;
mod item_builder;
mod item_description;
mod name_values;
mod owned;
mod reader;
mod row;
mod search;
mod snapshot;
mod text;
mod time_scale;
mod value;
mod writer;

pub use blocks::ITEM_BYTES_MAX;
pub use byte_order::ByteOrder;
pub use description::{CustomSection, Description};
pub use error::{Error, ErrorKind};
pub use field_type::FieldType;
pub use header::{HEADER_BYTES_MAX, Header, NAME_VALUES_MAX, SECTIONS_MAX, Section, Strictness};
pub use item_builder::ItemBuilder;
pub use item_description::{FIELDS_MAX, Field, ItemDescription};
pub use name_values::{NameValues, NamedValue, Uuid};
pub use owned::Item;
pub use reader::{Items, Reader};
pub use row::Row;
pub use time_scale::TimeScale;
pub use value::Value;
pub use writer::{
    AppendOptions, CreateOptions, Durability, Repaired, TimeOrder, TornTail, Writer, ZeroTail, append, create,
};
