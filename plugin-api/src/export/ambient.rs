//! The log of whoever was created last, without a table at hand.

pub(crate) use super::table_log::{lowest, send_ambient as send};
