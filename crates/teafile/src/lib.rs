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
mod follower;
mod header;
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
pub use error::{Error, ErrorKind};
pub use field_type::FieldType;
pub use follower::Follower;
pub use header::{HEADER_BYTES_MAX, Header, NAME_VALUES_MAX, SECTIONS_MAX, Section, Strictness};
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
    pub use bytemuck;
}
