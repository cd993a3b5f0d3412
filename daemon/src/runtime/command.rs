//! What the control plane asks of the event loop. Commands enter through the inbox and are carried out between two
//! events; an answer means done.

use std::{
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use stratd_engine::{
    Replacement, StrategyConfig, StrategyId, StrategyState, SwapRefused, Swapped, TradingCommand,
    TradingState,
};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, ExchangeInstance, Fault, Money, Reason, StrategyInstance, Timestamp,
    abi::{OrderRecord, PortfolioRecord, TextHandle},
};

use super::{
    change::{Change, ChangeDone, ChangeRefused},
    exchange_desk::ExchangeDesk,
    recovery::{Asked, Found},
    trading::{Halt, Hand, HandOutcome, KeptHalt, LookUp, TradingChanged, TradingWish},
};
use crate::{host::isolation::Watch, recorder::Build};

/// Notes that may wait for their reader; they tell of rare things. Beyond it they are counted and logged.
pub(crate) const NOTES_MAX: usize = 65_536;

/// Where an answer goes; who asked may have gone.
pub(crate) type Answer<T> = SyncSender<T>;

/// What is asked.
pub(crate) enum Command {
    /// The states of strategies, to be stored or tried; with memory for each, as in [`Replacement::room`].
    Save { strategies: Vec<(StrategyId, Vec<u8>)>, answer: Answer<Vec<SavedByLoop>> },
    /// Another instance for a strategy that runs. The version of the state of the one that runs is known here only, and
    /// put into the replacement.
    Swap {
        strategy: StrategyId,
        replacement: Box<Replacement>,
        tag: Tag,
        build: Box<Build>,
        patience: Duration,
        answer: Answer<SwapAnswer>,
    },
    /// A new instance for a strategy that has ended.
    Restart { strategy: StrategyId, restart: OwnedRestart, answer: Answer<RestartAnswer> },
    /// One more strategy.
    Add { added: Box<AddedStrategy>, answer: Answer<AddAnswer> },
    /// The end of a strategy; its instance, to be dropped away from the loop.
    Stop { strategy: StrategyId, reason: Reason, answer: Answer<Option<Box<dyn StrategyInstance>>> },
    /// A strategy that died is not started again by itself.
    GiveUp { strategy: StrategyId },
    /// An isolated instance died, perhaps between two calls. If a call has returned the death by the time this is
    /// carried out, another instance may have the place.
    Fail { strategy: StrategyId, fault: Fault, watch: Watch },
    /// The version before goes on, if it still stands by.
    RollBack { strategy: StrategyId, fault: Fault },
    /// What people look up: bounded copies.
    LookUp(LookUp),
    /// What people ask for by hand, if what may be traded by all is still as they saw it; or what would come of it.
    ByHand { asked: Box<Hand>, seen: Option<u64>, is_dry_run: bool, answer: Answer<HandOutcome> },
    /// What may be traded in a scope that has a name.
    SetTrading { wish: Box<TradingWish>, answer: Answer<TradingChanged> },
    /// What may be traded from now on, by signal.
    Trading { command: TradingCommand },
    /// A change of the configuration, whole or not at all.
    Change { change: Box<Change>, answer: Answer<Result<ChangeDone, ChangeRefused>> },
    /// How things are.
    Look { answer: Answer<Snapshot> },
    /// The state of a connector; `None` outside: there is no such exchange.
    ExchangeSave { exchange: ExchangeId, answer: Answer<Option<Result<Option<Vec<u8>>, Fault>>> },
    /// The desk of a connector.
    ExchangeDesk { exchange: ExchangeId, answer: Answer<Option<Arc<ExchangeDesk>>> },
    /// The orders that work at an exchange, or ended there lately; none where our own fill model executes them.
    ExchangeOrders { exchange: ExchangeId, answer: Answer<Vec<OrderRecord>> },
    /// As [`Command::ExchangeOrders`], with the time from which on fills are asked for; nothing where our own fill model
    /// executes orders.
    ExchangeCheck { exchange: ExchangeId, answer: Answer<Option<(Vec<OrderRecord>, Timestamp)>> },
    /// A question to the connector in place, which answers it at its desk; `None` outside: there is no such exchange.
    ExchangeAsk { exchange: ExchangeId, question: Question, answer: Answer<Option<Result<(), Fault>>> },
    /// What a connector answered to these questions, and the orders as they were before them.
    ExchangeFound { exchange: ExchangeId, asked: Box<Asked>, answer: Answer<Found> },
    /// A connector leaves its place: its instruments are halted, and the loop gives it away.
    ExchangeOut { exchange: ExchangeId, answer: Answer<Option<ExchangeLeft>> },
    /// A connector takes its place; the one before.
    ExchangeIn {
        exchange: ExchangeId,
        instance: Box<dyn ExchangeInstance>,
        desk: Arc<ExchangeDesk>,
        answer: Answer<Option<Box<dyn ExchangeInstance>>>,
    },
    /// Trading goes on where [`Command::ExchangeOut`] halted it, and cancels that may have been lost are sent again.
    ExchangeGoOn { exchange: ExchangeId, answer: Answer<()> },
}

impl Command {
    /// Whether it is carried out when the run ends: what looks, and what brings back a connector that is away, so that
    /// the cancels of the end reach it.
    pub(super) fn is_for_the_end(&self) -> bool {
        match self {
            Self::Look { .. }
            | Self::LookUp(_)
            | Self::ExchangeDesk { .. }
            | Self::ExchangeOrders { .. }
            | Self::ExchangeCheck { .. }
            | Self::ExchangeAsk { .. }
            | Self::ExchangeFound { .. }
            | Self::ExchangeIn { .. }
            | Self::ExchangeGoOn { .. } => true,
            Self::Save { .. }
            | Self::Swap { .. }
            | Self::Restart { .. }
            | Self::Add { .. }
            | Self::Stop { .. }
            | Self::Fail { .. }
            | Self::GiveUp { .. }
            | Self::RollBack { .. }
            | Self::Trading { .. }
            | Self::ByHand { .. }
            | Self::SetTrading { .. }
            | Self::Change { .. }
            | Self::ExchangeSave { .. }
            | Self::ExchangeOut { .. } => false,
        }
    }
}

/// What a connector is asked about our orders; the number is that of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// What was filled.
    FillsSince(u64, Timestamp),
    /// The accounts.
    Accounts(u64),
    /// How one order is, by our id and by its own.
    Order(u64, ClientOrderId, TextHandle),
    /// What works.
    OpenOrders(u64),
}

impl Question {
    /// Asks.
    ///
    /// # Errors
    /// The connector refuses.
    pub(crate) fn ask(self, instance: &mut dyn ExchangeInstance) -> Result<(), Fault> {
        match self {
            Self::FillsSince(correlation, since) => instance.fills_since(correlation, since),
            Self::OpenOrders(correlation) => instance.open_orders(correlation),
            Self::Order(correlation, order, handle) => instance.find_order(correlation, order, handle),
            Self::Accounts(correlation) => instance.accounts(correlation),
        }
    }
}

/// A connector that left its place.
pub(crate) struct ExchangeLeft {
    pub(crate) instance: Box<dyn ExchangeInstance>,
    pub(crate) desk: Arc<ExchangeDesk>,
}

/// Which build an instance is of, and what it saves. The event loop keeps it beside each instance: what the manager
/// knows may be older than a rollback whose note waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The generation of its plugin.
    pub(crate) generation: u64,
    /// The version of the states that it saves.
    pub(crate) state_version: u32,
}

/// The state of one strategy.
#[derive(Debug)]
pub(crate) struct SavedByLoop {
    pub(crate) strategy: StrategyId,
    /// Whose state it is.
    pub(crate) tag: Tag,
    /// `None` inside: it keeps none.
    pub(crate) state: Result<Option<Vec<u8>>, Fault>,
    /// The last input before it.
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
}

/// A swap that was done or refused, and how long the strategy was kept from its events.
pub(crate) struct SwapAnswer {
    pub(crate) swapped: Result<Swapped, Box<SwapRefused>>,
    pub(crate) pause: Duration,
    pub(crate) seq: u64,
    /// The build that was in place, whose state was carried.
    pub(crate) before: Tag,
    /// It took longer than the deadline, and the one before was put back.
    pub(crate) is_late: bool,
}

/// A restart that was done, with the instance before, or refused.
pub(crate) type RestartAnswer = Result<Option<Box<dyn StrategyInstance>>, Box<SwapRefused>>;

/// [`stratd_engine::Restart`], owned.
pub(crate) struct OwnedRestart {
    pub(crate) tag: Tag,
    pub(crate) build: Box<Build>,
    pub(crate) instance: Box<dyn StrategyInstance>,
    pub(crate) is_batch_safe: bool,
    pub(crate) state: Option<(u32, Arc<Vec<u8>>)>,
}

/// A strategy that joins a run.
pub(crate) struct AddedStrategy {
    pub(crate) tag: Tag,
    pub(crate) build: Box<Build>,
    pub(crate) config: StrategyConfig,
    /// The plugin with its version, for the results.
    pub(crate) plugin: String,
    pub(crate) instance: Box<dyn StrategyInstance>,
    pub(crate) state: Option<(u32, Arc<Vec<u8>>)>,
}

/// The id of a strategy that joined, and its state after its start.
pub(crate) type AddAnswer = Result<(StrategyId, StrategyState), String>;

/// How things are, for people.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) time: Timestamp,
    pub(crate) events: u64,
    pub(crate) seq: u64,
    pub(crate) orders_working: u64,
    /// What may be traded by all strategies, and why not everything.
    pub(crate) trading: Trading,
    pub(crate) equity: Option<Money>,
    pub(crate) is_exiting: bool,
    /// Why nothing is traded: what the run before left is not known to be as the exchanges have it.
    pub(crate) not_recovered: Option<String>,
    /// By id, from 1.
    pub(crate) exchanges: Vec<ExchangeSnapshot>,
    /// By id.
    pub(crate) strategies: Vec<StrategySnapshot>,
}

/// What may be traded in a scope, and why not everything.
#[derive(Clone, Debug)]
pub(crate) struct Trading {
    pub(crate) state: TradingState,
    pub(crate) reason: Reason,
    pub(crate) halt: Option<Halt>,
    /// The number of the last change of it, as [`TradingSeen`](super::TradingSeen) has it: no two states of a run have
    /// the same.
    pub(crate) change: u64,
}

impl Trading {
    /// Of what never was anything else.
    pub(crate) const ACTIVE: Self =
        Self { state: TradingState::Active, reason: Reason::None, halt: None, change: 0 };
}

/// How one exchange is.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeSnapshot {
    pub(crate) instruments: u64,
    /// Those that were halted because the connector left.
    pub(crate) halted: u64,
    /// Its orders go to its connector.
    pub(crate) has_entry: bool,
    pub(crate) orders_working: u64,
    /// By command.
    pub(crate) trading: Trading,
}

/// How one strategy is.
#[derive(Clone, Debug)]
pub(crate) struct StrategySnapshot {
    pub(crate) events_per_second: u64,
    pub(crate) orders_working: u64,
    /// Instruments in which it has a position.
    pub(crate) positions: u64,
    /// Cash and positions together; `None` only after an overflow.
    pub(crate) pnl: Option<Money>,
    pub(crate) book: PortfolioRecord,
    /// By its own state and that of the run, whichever is stricter.
    pub(crate) trading: Trading,
    /// The owner of orders by hand, who is no strategy.
    pub(crate) is_manual: bool,
    pub(crate) state: StrategyState,
    pub(crate) events: u64,
    pub(crate) orders: u64,
    pub(crate) denials: u64,
    /// Events left and the end of its probation.
    pub(crate) probation: Option<(u64, Timestamp)>,
}

/// What the event loop tells without being asked.
pub(crate) enum Note {
    /// A strategy failed and has ended.
    Faulted { strategy: StrategyId, tag: Tag, fault: Fault },
    /// A new version failed in its probation, and the one before goes on.
    RolledBack { strategy: StrategyId, failed: Tag, before: Tag, fault: Fault },
    /// A new version stays.
    ProbationPassed { strategy: StrategyId },
    /// A strategy ended in good order.
    Stopped { strategy: StrategyId },
    /// What may be traded in a scope, to be kept for later runs.
    Trading(KeptHalt),
    /// An exchange says that it goes on: how our orders stand there is to be asked.
    Reconnected(ExchangeId),
    /// An instance that is not needed any more, to be dropped away from the loop.
    Retired(Box<dyn StrategyInstance>),
}

/// Takes a note, or gives it back if there is no room.
type Send = Box<dyn Fn(Note) -> Result<(), Box<Note>> + std::marker::Send>;

/// Instances that wait to be dropped elsewhere; beyond it the loop drops them itself.
const BACKLOG_MAX: usize = 4_096;

/// Where notes go.
pub(crate) struct Notes {
    send: Send,
    /// Instances for which there was no room: the loop must not run their destructors.
    backlog: Vec<Note>,
    lost: u64,
}

impl Notes {
    /// Notes that `send` takes without waiting.
    pub(crate) fn new(send: impl Fn(Note) -> Result<(), Box<Note>> + std::marker::Send + 'static) -> Self {
        Self { send: Box::new(send), backlog: Vec::new(), lost: 0 }
    }

    /// Nobody listens: a run without a control plane.
    pub(crate) fn nowhere() -> Self {
        Self::new(|_| Ok(()))
    }

    pub(super) fn tell(&mut self, note: Note) {
        while let Some(waiting) = self.backlog.pop() {
            if let Err(waiting) = (self.send)(waiting) {
                self.backlog.push(*waiting);
                break;
            }
        }
        let Err(note) = (self.send)(note) else { return };
        if matches!(*note, Note::Retired(_)) && self.backlog.len() < BACKLOG_MAX {
            self.backlog.push(*note);
            return;
        }
        self.lost += 1;
        if self.lost.is_power_of_two() {
            tracing::error!(
                logger = "stratd",
                "{} notes on strategies were lost: nobody reads them",
                self.lost
            );
        }
    }
}
