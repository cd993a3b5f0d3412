//! The floor: the venue, its accounts, and everything that happened, in one place and without a clock or a socket.
//!
//! Each verb carries out one request or action to its end and books what came of it: reports into the histories of
//! accounts, public events into the public history, and, with a state folder, records into its file. Nobody is told
//! anything here; connections read the histories afterwards.

mod absorb;
mod enter;
mod queries;
mod restore;

use std::collections::{BTreeMap, HashMap};

use stratd_plugin_api::{Instrument, InstrumentId, Money, Timestamp};
use stratd_simulation::venue::{Venue, VenueEvent};

use crate::{
    account::{Account, Base},
    faults::Faults,
    history::History,
    limits::{REPORTS_KEPT_MAX, TEXT_BYTES_MAX},
    order::Orders,
    public::PublicEvent,
    refusal::{Code, Refusal},
    state::{Record, StateFile},
};

pub(crate) use enter::Sender;
pub(crate) use restore::FloorConfig;

/// The floor.
pub(crate) struct Floor {
    pub(crate) venue: Venue,
    pub(crate) instruments: Vec<Instrument>,
    by_name: BTreeMap<String, InstrumentId>,
    accounts: Vec<Account>,
    by_account: BTreeMap<String, usize>,
    orders: Orders,
    pub(crate) public: History<PublicEvent>,
    pub(crate) faults: Faults,
    /// Cash of a new account.
    cash: Money,
    /// Changes with each start, unless the state is kept.
    pub(crate) run: String,
    state: Option<StateFile>,
    /// Why the state could not be written: from then on nothing is done any more.
    failure: Option<anyhow::Error>,
    marks: Marks,
    /// The events of the operation under way, empty between two.
    events: Vec<VenueEvent>,
}

/// When the last mark was written.
#[derive(Debug, Default)]
struct Marks {
    /// Operations since.
    operations: u64,
    /// The last public event of then.
    seq: u64,
}

impl Floor {
    /// The time of the venue.
    pub(crate) fn now(&self) -> Timestamp {
        self.venue.now()
    }

    pub(crate) fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        let index = id.0.checked_sub(1)?;
        self.instruments.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn instrument_named(&self, name: &str) -> Result<InstrumentId, Refusal> {
        self.by_name.get(name).copied().ok_or_else(|| {
            let mut known: Vec<&str> = self.instruments.iter().take(10).map(|i| i.symbol.as_str()).collect();
            if self.instruments.len() > known.len() {
                known.push("…: see INSTRUMENTS");
            }
            let known = known.join(", ");
            Refusal::new(Code::UnknownInstrument, format!("instrument is {name:?} (accepted: {known})"))
        })
    }

    pub(crate) fn account(&self, index: usize) -> Option<&Account> {
        self.accounts.get(index)
    }

    /// The account of a name, opened if there is none.
    pub(crate) fn log_in(&mut self, name: &str) -> Result<usize, Refusal> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > TEXT_BYTES_MAX || !name.bytes().all(is_name) {
            let message = format!(
                "account is {name:?} (accepted: 1 to {TEXT_BYTES_MAX} letters, digits, '-', '_' and '.')"
            );
            return Err(Refusal::new(Code::BadRequest, message));
        }
        if let Some(index) = self.by_account.get(name) {
            return Ok(*index);
        }
        let base = Base { cash: self.cash, ..Base::default() };
        let index = self.open_account(name, base.clone()).ok_or_else(|| {
            let limit = stratd_simulation::venue::ACCOUNTS_MAX - 1;
            let message =
                format!("account {name:?} is new, but there are {limit} already (accepted: one of those)");
            Refusal::new(Code::Limit, message)
        })?;
        self.write(&[Record::account(name, &base, 0, None)]);
        Ok(index)
    }

    fn open_account(&mut self, name: &str, base: Base) -> Option<usize> {
        let positions: Vec<_> = base.positions.iter().map(|(id, quantity)| (*id, *quantity)).collect();
        let id = self.venue.open_account(base.cash, &positions)?;
        let index = self.accounts.len();
        self.by_account.insert(name.to_owned(), index);
        self.accounts.push(Account {
            name: name.to_owned(),
            id,
            reports: History::after(0, REPORTS_KEPT_MAX),
            fills: std::collections::VecDeque::new(),
            fills_forgotten: None,
            by_client: HashMap::new(),
            open: std::collections::BTreeSet::new(),
            base,
        });
        Some(index)
    }

    /// How much happened that anybody could be told of.
    pub(crate) fn happened(&self) -> u64 {
        self.accounts.iter().map(|account| account.reports.last()).sum::<u64>() + self.public.last()
    }

    /// Why nothing may be told any more, if that is so.
    pub(crate) fn failure(&self) -> Option<&anyhow::Error> {
        self.failure.as_ref()
    }

    /// Writes records, if there is a state folder. When that fails the venue ends: what is not in the file must not
    /// have happened to anybody.
    fn write(&mut self, records: &[Record]) {
        if self.failure.is_some() || records.is_empty() {
            return;
        }
        if let Some(state) = &mut self.state
            && let Err(error) = state.append(records)
        {
            self.failure = Some(error);
        }
    }

    /// The end of a run: makes the file durable.
    pub(crate) fn close(&mut self) -> anyhow::Result<()> {
        let mark = self.mark(0);
        self.write(&[mark]);
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        self.state.take().map_or(Ok(()), StateFile::close)
    }
}
