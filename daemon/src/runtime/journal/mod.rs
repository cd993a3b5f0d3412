//! What of a run is kept in `state.db` while it goes on: orders, fills, positions, books. For runs whose orders reach an
//! exchange that outlives them.
//!
//! ```text
//! Driver ─ submit, reports, outputs ─► Journal: what changed ─ Batch (rows of one moment) ─► store ─► Commits ─► event loop
//!                                         └─ Outbox: orders, cancels and changes on their way, in order ─► connector
//! ```
//!
//! Invariants:
//! - A new order is handed to its connector after the batch that has it is on the disk, never before. The event loop does
//!   not wait for the disk: what follows for the same exchange waits behind it, in order, and everything else goes on.
//! - A batch is made as soon as there is a new order, otherwise [`WAIT_MAX`] after the first change. It has everything that
//!   changed until then, so that the rows agree.
//! - An order that the engine holds is kept as a new order is: its batch is made at once. It is told as received before that,
//!   because nobody waits for the disk; but every order that is sent after it leaves after it is on the disk. What changes of
//!   it later, as the level of a stop that follows, is written like everything else.
//! - What could not be written stops new orders: they are refused with [`Reason::NotStored`], and cancels still go out, past
//!   everything that waits. Nothing is written until somebody says that the cause is gone; then everything is.
//!
//! Limits: [`outbox::WAITING_MAX`] requests that wait for the disk; further orders are refused.

mod aliases;
mod outbox;
mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use stratd_engine::{Engine, HeldChanges, Output, StrategyId};
use stratd_plugin_api::{ClientOrderId, ExchangeId, InstrumentId, Timestamp, abi};

pub(super) use self::{
    aliases::Aliases,
    outbox::{Outbox, Pending, Sent},
};
use super::{Services, clock::Stopwatch};
use crate::{
    reload::RunStore,
    store::{
        Error,
        trading::{AccountRow, Batch, Commits, Ticket},
    },
};

/// What is no new order waits so long for others, so that one commit serves many: with the commit itself it is on the disk
/// within 50 ms.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// How often the losses that limits count are written, if they changed.
const LOSSES_EVERY: Duration = Duration::from_secs(1);

/// What is kept of one run.
pub(super) struct Journal {
    store: Arc<RunStore>,
    commits: Arc<Commits>,
    services: Arc<Services>,
    names: rows::Names,
    run: i64,
    /// The number of the last batch.
    number: u64,
    dirty: Dirty,
    /// Since the first change that is in no batch.
    since: Option<Stopwatch>,
    /// There is a new order among the changes.
    has_intent: bool,
    losses: (Stopwatch, u64),
    pub(super) outbox: Outbox,
    pub(super) aliases: Aliases,
    /// Orders that are held, with the batch that has them; 0: an earlier run kept them.
    held: BTreeMap<ClientOrderId, u64>,
    /// Counters of orders that were found, by owner.
    adopted: BTreeMap<StrategyId, u64>,
    /// How often a fill without an id looked the same, by order: part of the id that it gets.
    same_fills: BTreeMap<(u64, u64), u32>,
    /// It was told that batches cannot be written.
    is_told: bool,
}

/// What changed since the last batch.
#[derive(Default)]
struct Dirty {
    orders: BTreeSet<ClientOrderId>,
    groups: BTreeSet<(StrategyId, u64)>,
    fills: Vec<(StrategyId, abi::FillRecord, Timestamp)>,
    positions: BTreeSet<(StrategyId, InstrumentId)>,
    portfolios: BTreeSet<StrategyId>,
    accounts: Vec<AccountRow>,
    /// Everything is to be written, whether it changed or not.
    is_all: bool,
}

impl Journal {
    pub(super) fn new(
        store: Arc<RunStore>,
        services: &Arc<Services>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let run = i64::try_from(store.number()).unwrap_or(i64::MAX);
        Self {
            store,
            commits: Commits::new(wake),
            services: Arc::clone(services),
            names: rows::Names::default(),
            run,
            number: 0,
            dirty: Dirty::default(),
            since: None,
            has_intent: false,
            losses: (Stopwatch::start(), 0),
            outbox: Outbox::default(),
            aliases: Aliases::default(),
            held: BTreeMap::new(),
            adopted: BTreeMap::new(),
            same_fills: BTreeMap::new(),
            is_told: false,
        }
    }

    /// The exchanges of the run.
    pub(super) fn name_exchanges(&mut self, names: impl Iterator<Item = (ExchangeId, String)>) {
        self.names.set_exchanges(names);
    }

    /// Why nothing is written any more.
    pub(super) fn failed(&self) -> Option<Error> {
        self.commits.failed()
    }

    /// Why nothing is written any more, the first time that it is asked.
    pub(super) fn newly_failed(&mut self) -> Option<Error> {
        let error = self.commits.failed().filter(|_| !self.is_told)?;
        self.is_told = true;
        Some(error)
    }

    /// Lets everything be written anew; false if only another start helps.
    pub(super) fn mend(&mut self) -> bool {
        if !self.commits.mend() {
            return false;
        }
        self.is_told = false;
        self.dirty.is_all = true;
        self.touch();
        true
    }

    /// The number of the batch that will have what changes now.
    pub(super) fn next_number(&self) -> u64 {
        self.number + 1
    }

    /// The number of the last batch that is on the disk.
    pub(super) fn done(&self) -> u64 {
        self.commits.done()
    }

    /// A new order waits for the disk.
    pub(super) fn intent(&mut self, id: ClientOrderId) {
        self.dirty.orders.insert(id);
        self.has_intent = true;
        self.touch();
    }

    /// An order is another one.
    pub(super) fn order(&mut self, id: ClientOrderId) {
        if id.0 != 0 {
            self.dirty.orders.insert(id);
            self.touch();
        }
    }

    /// Takes note of what came out of a step.
    pub(super) fn outputs(&mut self, at: Timestamp, outputs: &[Output]) {
        for output in outputs {
            match output {
                Output::Submit(order) => {
                    self.held.remove(&order.get().id);
                    self.order(order.get().id);
                }
                Output::Cancel(cancel) => self.order(cancel.id),
                Output::Change(change) => self.order(change.get().id),
                Output::OrderFinished(order) => {
                    self.held.remove(&order.id);
                    self.order(order.id);
                    self.dirty.portfolios.insert(order.strategy);
                }
                Output::Filled(report) => {
                    self.order(ClientOrderId(report.fill.client_order_id));
                    self.dirty.positions.insert((report.strategy, InstrumentId(report.fill.instrument)));
                    self.dirty.portfolios.insert(report.strategy);
                    self.dirty.fills.push((report.strategy, report.fill, at));
                }
                Output::Held(order) => {
                    self.held.entry(order.id).or_insert(self.number + 1);
                    self.intent(order.id);
                }
                Output::ByHand { .. }
                | Output::Denied(_)
                | Output::Reduced(_)
                | Output::Trading { .. }
                | Output::SessionClosed { .. }
                | Output::StrategyStopped { .. }
                | Output::StrategyFaulted { .. }
                | Output::StrategyRolledBack { .. }
                | Output::ProbationPassed { .. }
                | Output::Shutdown { .. }
                | Output::Metric { .. }
                | Output::UnknownOrder(_)
                | Output::Overfilled(_)
                | Output::BookGap(_)
                | Output::Exited => {}
            }
        }
    }

    /// An earlier run kept this order, which is held.
    pub(super) fn know_held(&mut self, id: ClientOrderId) {
        self.held.insert(id, 0);
    }

    /// The orders that are held and not on the disk: who has none of them on the disk after a failure must not count on them.
    pub(super) fn held_unkept(&self) -> Vec<ClientOrderId> {
        let done = self.commits.done();
        self.held.iter().filter(|(_, number)| **number > done).map(|(id, _)| *id).collect()
    }

    /// Takes note of what changed of what is held, and no output tells.
    pub(super) fn held_changes(&mut self, changes: HeldChanges) {
        self.dirty.orders.extend(changes.orders);
        self.dirty.groups.extend(changes.groups);
        self.touch();
    }

    /// An exchange told an account.
    pub(super) fn account(&mut self, exchange: &str, record: &abi::AccountRecord, at: Timestamp) {
        let row = rows::account(exchange, record, (&self.services, at));
        self.dirty.accounts.push(row);
        self.touch();
    }

    /// The owner's numbers have to be there before its orders.
    pub(super) fn owner(&mut self, strategy: StrategyId) {
        self.dirty.portfolios.insert(strategy);
        self.touch();
    }

    /// The counters of orders that were found, as they were kept.
    pub(super) fn set_adopted(&mut self, strategy: StrategyId, counter: u64) {
        self.adopted.insert(strategy, counter);
    }

    /// The counter for the next order that is found for an owner.
    pub(super) fn next_adopted(&mut self, strategy: StrategyId) -> u64 {
        let counter = self.adopted.entry(strategy).or_default();
        *counter += 1;
        let counter = *counter;
        self.owner(strategy);
        counter
    }

    /// A fill that was kept has no id of its exchange: its like get others.
    pub(super) fn know_fill(&mut self, fill: &abi::FillRecord) {
        *self.same_fills.entry((fill.client_order_id, rows::likeness(fill))).or_default() += 1;
    }

    fn touch(&mut self) {
        if self.since.is_none() {
            self.since = Some(Stopwatch::start());
        }
    }

    /// Whether a batch is to be made now.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.has_intent || self.since.is_some_and(|since| since.elapsed() >= WAIT_MAX)
    }

    /// Whether a batch is to be made soon.
    pub(super) fn is_dirty(&self) -> bool {
        self.since.is_some()
    }

    /// How long the event loop may sleep.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.is_dirty().then_some(WAIT_MAX)
    }

    /// Hands over what changed, if there is room; otherwise it is tried again.
    pub(super) fn flush(&mut self, engine: &Engine) {
        if self.since.is_none() || self.commits.failed().is_some() || !self.store.has_room() {
            return;
        }
        let batch = self.batch(engine);
        if batch.is_empty() {
            return;
        }
        let number = self.next_number();
        let ticket = Ticket { number, commits: Arc::clone(&self.commits) };
        match self.store.write_batch(batch, ticket) {
            Ok(()) => self.number = number,
            // somebody took the room meanwhile: everything again, so that nothing is missing
            Err(error) => {
                tracing::warn!(logger = "store", "{error}");
                self.dirty.is_all = true;
                self.has_intent = true;
                self.touch();
            }
        }
    }

    fn batch(&mut self, engine: &Engine) -> Batch {
        self.names.learn(engine);
        let mut dirty = std::mem::take(&mut self.dirty);
        (self.since, self.has_intent) = (None, false);
        if dirty.is_all {
            // counted anew, from the first fill on
            self.same_fills.clear();
            add_all(&mut dirty, engine);
        }
        let mut batch = Batch { accounts: std::mem::take(&mut dirty.accounts), ..Batch::default() };
        for id in &dirty.orders {
            if let Some(order) = engine.order(*id) {
                // an owner that is new has its row first
                if !self.names.is_kept(order.strategy) {
                    dirty.portfolios.insert(order.strategy);
                }
                if order.state.is_final() {
                    self.forget_likeness(*id);
                }
                batch.orders.extend(rows::order(self, engine, order));
                batch.stand_ins.extend(rows::stand_in(engine, order));
                dirty.portfolios.insert(order.strategy);
            }
        }
        for group in &dirty.groups {
            batch.groups.extend(rows::group(self, engine, *group));
        }
        for (strategy, fill, at) in &dirty.fills {
            batch.fills.extend(rows::fill(self, engine, (*strategy, fill), *at));
        }
        for (strategy, instrument) in &dirty.positions {
            rows::positions(self, engine, (*strategy, *instrument), &mut batch.positions);
        }
        for strategy in &dirty.portfolios {
            let adopted = self.adopted.get(strategy).copied().unwrap_or_default();
            batch.portfolios.extend(rows::portfolio(&mut self.names, engine, *strategy, adopted));
        }
        let (since, version) = self.losses;
        let is_due = since.elapsed() >= LOSSES_EVERY || !dirty.fills.is_empty() || dirty.is_all;
        if is_due && version != engine.books_version() {
            batch.losses = rows::losses(&self.names, engine);
            self.losses = (Stopwatch::start(), engine.books_version());
        }
        batch
    }

    /// Of an order that has ended, fills without an id come no more, but for late ones, which look otherwise.
    fn forget_likeness(&mut self, id: ClientOrderId) {
        if self.same_fills.len() > outbox::WAITING_MAX {
            self.same_fills.retain(|(order, _), _| *order != id.0);
        }
    }

    /// How far an order is on its way.
    fn is_unsent(&self, id: ClientOrderId) -> bool {
        self.outbox.has_order(id)
    }

    /// The same exchange has told this before.
    fn same_fill(&mut self, fill: &abi::FillRecord) -> u32 {
        let count = self.same_fills.entry((fill.client_order_id, rows::likeness(fill))).or_default();
        *count += 1;
        *count
    }
}

/// After batches that were lost: whatever may not be on the disk.
fn add_all(dirty: &mut Dirty, engine: &Engine) {
    dirty.fills.clear();
    dirty.groups.extend(engine.groups());
    dirty.orders.extend(engine.working_orders().chain(engine.ended_orders()).map(|order| order.id));
    for index in 0..engine.strategies().count() {
        let Ok(strategy) = u16::try_from(index).map(StrategyId) else { return };
        dirty.portfolios.insert(strategy);
        dirty.positions.extend(engine.positions(strategy).map(|(instrument, _)| (strategy, instrument)));
        let mut fills: Vec<_> = engine.fills(strategy, u64::MAX).collect();
        fills.reverse();
        dirty.fills.extend(fills.into_iter().map(|(_, fill)| (strategy, *fill, Timestamp::new(fill.ts))));
    }
}

#[cfg(test)]
mod tests;
