//! Accounts: their orders, and the history of what happened to them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use stratd_plugin_api::{InstrumentId, Money, Timestamp};
use stratd_simulation::venue::AccountId;

use crate::{history::History, report::Report};

/// One account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// As the venue knows it.
    pub(crate) id: AccountId,
    /// Its reports, numbered from 1.
    pub(crate) reports: History<Report>,
    /// Numbers of the reports that are executions, as far as they are kept.
    pub(crate) fills: VecDeque<u64>,
    /// Its last execution that is not kept: number and time.
    pub(crate) fills_forgotten: Option<(u64, Timestamp)>,
    /// Its orders by the client's id; look-up only.
    pub(crate) by_client: HashMap<String, u64>,
    /// Its orders that work, oldest first.
    pub(crate) open: BTreeSet<u64>,
    /// What it had before the first report that is kept.
    pub(crate) base: Base,
}

/// What an account had at a point of its history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) cash: Money,
    pub(crate) positions: BTreeMap<InstrumentId, i64>,
}
