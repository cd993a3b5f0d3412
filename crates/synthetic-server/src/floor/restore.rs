//! The start: a new floor, or one that goes on where the state file ends.
//!
//! Accounts, orders and reports are as they were. Own orders that worked are back in the books, which are otherwise
//! empty: participants come anew and meet them there. Public events are not kept: their numbers go on above all that
//! were used, so that whoever resumes is told `too_old` and takes a snapshot.

use anyhow::{Context, Result, anyhow, bail};
use stratd_plugin_api::{ClientOrderId, Money, OrderStatus, Price, Timestamp};
use stratd_simulation::venue::{AccountId, Feeds, KeptOrder, Resume, Venue, VenueConfig};

use crate::{
    account::Account,
    faults::Faults,
    history::History,
    limits::{PUBLIC_KEPT_MAX, REPORTS_KEPT_MAX},
    order::Orders,
    report::Report,
    state::{AccountRecord, Head, Mark, Record, ReportRecord, StateFile},
};

use super::{Floor, Marks, absorb::move_base};

/// Version of the state file.
const VERSION: u32 = 1;
/// Numbers that a mark sets aside: far more than an operation uses, few enough for a million starts.
const RESERVE: u64 = 10_000_000;
/// Operations, and public events, between two marks.
const MARK_OPERATIONS: u64 = 1_000;
const MARK_EVENTS: u64 = 1_000_000;
/// Records of marks beyond which the file is made anew at the start.
const MARKS_MAX: u64 = 10_000;

/// What a floor is made from.
pub(crate) struct FloorConfig {
    pub(crate) venue: VenueConfig,
    pub(crate) faults: Faults,
    pub(crate) state: Option<std::path::PathBuf>,
    /// Id of this run, unless the state has one.
    pub(crate) run: String,
}

/// What the state file said besides accounts and orders.
#[derive(Default)]
struct Kept {
    head: Option<Head>,
    mark: Mark,
    marks: u64,
    last: Timestamp,
}

impl Floor {
    /// A floor, with what the state folder has.
    pub(crate) fn new(config: FloorConfig) -> Result<Self> {
        let cash = config.venue.cash;
        // what an answer shows beside orders is made from them
        let feeds = Feeds { trades: true, orders: true, quotes: false, book: false };
        let mut venue_config = VenueConfig { feeds, cash: Money::ZERO, ..config.venue };
        let (seed, instruments) = (venue_config.seed, venue_config.instruments);
        let venue = Venue::new(venue_config.clone())?;
        let mut floor = Self {
            instruments: venue.instruments().cloned().collect(),
            by_name: venue.instruments().map(|known| (known.symbol.clone(), known.id)).collect(),
            venue,
            accounts: Vec::new(),
            by_account: std::collections::BTreeMap::new(),
            orders: Orders::default(),
            public: History::after(0, PUBLIC_KEPT_MAX),
            faults: config.faults,
            cash,
            run: config.run,
            state: None,
            failure: None,
            marks: Marks::default(),
            events: Vec::new(),
        };
        let Some(folder) = config.state else { return Ok(floor) };
        let mut kept = Kept::default();
        let state = StateFile::open(&folder, |record| floor.read(record, &mut kept))?;
        floor.state = Some(state);
        if let Some(head) = &kept.head {
            if (head.seed, head.instruments) != (seed, instruments) {
                bail!(
                    "the state in {} is of seed {} and {} instruments, but seed {seed} and {instruments} instruments \
                     are asked for (accepted: the same, or another folder)",
                    folder.display(),
                    head.seed,
                    head.instruments
                );
            }
            floor.run.clone_from(&head.run);
        }
        let start = Timestamp::new(kept.mark.at).max(kept.last).max(venue_config.start);
        venue_config.start = start;
        floor.venue = Venue::new(venue_config)?;
        floor.go_on(&kept).with_context(|| format!("going on with the state in {}", folder.display()))?;
        if kept.head.is_none() || kept.marks > MARKS_MAX || floor.has_forgotten() {
            floor.rewrite(Head { version: VERSION, run: floor.run.clone(), seed, instruments })?;
        } else {
            let mark = floor.mark(RESERVE);
            floor.write(&[mark]);
        }
        floor.failure.take().map_or(Ok(floor), Err)
    }

    fn read(&mut self, record: Record, kept: &mut Kept) -> Result<()> {
        match record {
            Record::Venue(head) if head.version == VERSION => kept.head = Some(head),
            Record::Venue(head) => bail!("the file has version {} (accepted: {VERSION})", head.version),
            Record::Account(account) => self.read_account(&account)?,
            Record::Order(record) => {
                let account = *self.by_account.get(&record.account).ok_or_else(|| {
                    anyhow!("an order of account {:?}, which no line before has", record.account)
                })?;
                let order =
                    record.order(account).ok_or_else(|| anyhow!("an order has a code that is not known"))?;
                if let Some(account) = self.accounts.get_mut(account) {
                    account.by_client.insert(order.client_order_id.clone(), order.number);
                    if !order.status.is_final() {
                        account.open.insert(order.number);
                    }
                }
                let (number, id, public_id) = (order.number, order.exchange_order_id, order.public_id);
                self.orders.insert(order);
                self.orders.restore_name(number, id, public_id);
            }
            Record::Report(record) => {
                let report = self.read_report(&record)?;
                kept.last = kept.last.max(report.ts);
                self.keep_price(&report, &mut kept.mark);
            }
            Record::Mark(mark) => {
                kept.mark = mark;
                kept.marks += 1;
            }
        }
        Ok(())
    }

    fn read_account(&mut self, record: &AccountRecord) -> Result<()> {
        self.by_account.insert(record.name.clone(), self.accounts.len());
        self.accounts.push(Account {
            name: record.name.clone(),
            // the venue's comes when all executions are read
            id: AccountId::FIRST,
            reports: History::after(record.before, REPORTS_KEPT_MAX),
            fills: std::collections::VecDeque::new(),
            fills_forgotten: record.fills_forgotten.map(|(number, ts)| (number, Timestamp::new(ts))),
            by_client: std::collections::HashMap::new(),
            open: std::collections::BTreeSet::new(),
            base: record.base()?,
        });
        Ok(())
    }

    fn read_report(&mut self, record: &ReportRecord) -> Result<Report> {
        let report = record.report().ok_or_else(|| anyhow!("a report has a code that is not known"))?;
        let Some(order) = self.orders.get(record.order) else {
            bail!("a report of order {}, which no line before has", record.order);
        };
        if order.exchange_order_id.0 != record.exchange_order_id {
            let id = stratd_orderbook::OrderId(record.exchange_order_id);
            self.orders.name(record.order, id);
        }
        let index = self.note(&report).ok_or_else(|| anyhow!("a report of an account that is not there"))?;
        let number = self.accounts[index].reports.last();
        if number != record.number {
            bail!("report {number} of account {:?} has number {}", self.accounts[index].name, record.number);
        }
        Ok(report)
    }

    /// An execution after the last mark is a newer price than the mark's.
    fn keep_price(&self, report: &Report, mark: &mut Mark) {
        let (Some(fill), Some(order)) = (report.fill, self.orders.get(report.order)) else { return };
        let at = self.instruments.iter().position(|known| known.id == order.request.instrument);
        mark.prices.resize(self.instruments.len(), 0);
        if let Some(price) = at.and_then(|at| mark.prices.get_mut(at)) {
            *price = fill.price.get();
        }
    }

    /// Gives the venue what was read.
    fn go_on(&mut self, kept: &Kept) -> Result<()> {
        let prices = kept.mark.prices.iter().copied().map(Price::new).collect();
        self.venue.resume(&Resume { ids: kept.mark.ids, trades: kept.mark.trades, prices });
        // one above what a client can have seen: it is told that this is another market
        self.public = History::after(kept.mark.seq + u64::from(kept.head.is_some()), PUBLIC_KEPT_MAX);
        for index in 0..self.accounts.len() {
            let mut present = self.accounts[index].base.clone();
            self.add_fills(index, &mut present);
            let positions: Vec<_> = present.positions.iter().map(|(id, quantity)| (*id, *quantity)).collect();
            let id = self.venue.open_account(present.cash, &positions);
            self.accounts[index].id =
                id.ok_or_else(|| anyhow!("there are more accounts than a venue has"))?;
        }
        let mut open: Vec<(usize, u64)> = Vec::new();
        for (index, account) in self.accounts.iter().enumerate() {
            open.extend(account.open.iter().map(|number| (index, *number)));
        }
        open.sort_by_key(|(_, number)| *number);
        for (index, number) in open {
            self.put_back(index, number)?;
        }
        Ok(())
    }

    /// What an account has now: what it had, moved by the executions that are kept.
    fn add_fills(&self, index: usize, present: &mut crate::account::Base) {
        for (_, report) in self.accounts[index].reports.iter_after(0) {
            let (Some(fill), Some(order)) = (report.fill, self.orders.get(report.order)) else { continue };
            if let Some(instrument) = self.instrument(order.request.instrument) {
                move_base(present, order.request.side, fill, instrument);
            }
        }
    }

    fn put_back(&mut self, index: usize, number: u64) -> Result<()> {
        let Some(order) = self.orders.get(number) else { return Ok(()) };
        if order.status == OrderStatus::PendingNew {
            bail!("order {number} has no report");
        }
        let kept = KeptOrder {
            client_order_id: ClientOrderId(number),
            account: self.accounts[index].id,
            request: order.request,
            exchange_order_id: order.exchange_order_id,
            public_id: order.public_id,
            filled: order.filled,
            created: order.created,
        };
        self.venue.restore(kept).map_err(|reason| anyhow!("order {number} cannot be put back: {reason}"))
    }

    fn has_forgotten(&self) -> bool {
        self.accounts.iter().any(|account| !account.reports.reaches_back_to(0))
    }

    /// Writes the file anew: what is kept, and nothing that is over.
    fn rewrite(&mut self, head: Head) -> Result<()> {
        let mark = self.mark(RESERVE);
        let Some(mut state) = self.state.take() else { return Ok(()) };
        let accounts = self.accounts.iter().map(|account| {
            let before = account.reports.forgotten();
            Record::account(&account.name, &account.base, before, account.fills_forgotten)
        });
        let orders = self.accounts.iter().flat_map(|account| {
            let numbers: std::collections::BTreeSet<u64> = account.by_client.values().copied().collect();
            let orders = numbers.into_iter().filter_map(|number| self.orders.get(number));
            orders.map(|order| Record::order(&account.name, order))
        });
        let reports = self.accounts.iter().flat_map(|account| {
            account.reports.iter_after(0).filter_map(|(number, report)| {
                let order = self.orders.get(report.order)?;
                Some(Record::report(number, order.exchange_order_id, report))
            })
        });
        let lines = std::iter::once(Record::Venue(head)).chain(accounts).chain(orders).chain(reports);
        let lines = lines.chain(std::iter::once(mark));
        state.replace(lines.map(|record| vec![record]))?;
        self.state = Some(state);
        Ok(())
    }

    /// Where the numbers are, and so many more.
    pub(super) fn mark(&mut self, reserve: u64) -> Record {
        let point = self.venue.resume_point();
        let mark = Mark {
            at: self.venue.now().get(),
            seq: self.public.last() + reserve,
            ids: point.ids + reserve,
            trades: point.trades + reserve,
            prices: point.prices.into_iter().map(Price::get).collect(),
        };
        self.marks = Marks { operations: 0, seq: self.public.last() };
        Record::Mark(mark)
    }

    /// Adds a mark when it is time: long before what the last one set aside is used up.
    pub(super) fn keep_mark(&mut self, records: &mut Vec<Record>) {
        if self.state.is_none() {
            return;
        }
        self.marks.operations += 1;
        if self.marks.operations >= MARK_OPERATIONS || self.public.last() - self.marks.seq >= MARK_EVENTS {
            let mark = self.mark(RESERVE);
            records.push(mark);
        }
    }
}
