//! The protocol's text: frames of the venue as fields, requests as frames, numbers as the decimals that they are.

mod fields;
mod number;
mod request;
mod words;

pub(crate) use fields::{Fields, InstrumentFields, OrderFields, kind_of};
pub(crate) use number::{decimal, money, seconds, timestamp};
pub(crate) use request::{PROTOCOL, change, frame, login, new_order};
pub(crate) use words::{Names, handle, reason, side, status};
