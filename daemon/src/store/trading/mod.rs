//! Orders, fills, positions and what belongs to them, in `state.db`.
//!
//! ```text
//! event loop ─ Batch, with a number ─► queue ─► thread "store": one transaction for all that waits ─► Commits ─► event loop
//! ```
//!
//! Invariants:
//! - A batch is of one moment: its rows agree with each other, and it is written whole or not at all.
//! - Batches are committed in the order of their numbers. [`Commits::done`] says up to which they are on the disk: an order
//!   may leave when the batch with its intent is.
//! - After a batch that could not be written none is written any more, until somebody says that the cause is gone
//!   ([`Commits::mend`]) and everything is handed over anew. After a sync of the disk that failed nobody can: what the disk has
//!   then is not known to anyone, and only a start that looks at it and asks the exchanges tells.
//! - Amounts are exact decimal numbers in text, so that a changed number of decimals changes no meaning.

mod amount;
mod commits;
mod kept;
mod rows;
mod write;

pub(crate) use self::{
    amount::{Amount, units},
    commits::{Commits, Ticket},
    kept::{Kept, KeptFill, KeptGroup, KeptLoss, KeptOrder, KeptPosition, KeptStandIn, WhatToKeep},
    rows::{
        AccountRow, Batch, FillRow, GroupRow, LossRow, OrderRow, Phase, PortfolioRow, PositionRow, StandInRow,
    },
};
pub(in crate::store) use self::{
    kept::{accounts, kept},
    write::{batch, identify, prune},
};
