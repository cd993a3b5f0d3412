//! The one way in.

use stratd_plugin_api::{Fault, InstrumentId, Reason, Timestamp, abi};

use crate::{ByHand, ExitRoutine, Restored, Scope, StrategyId, TradingState};

/// One thing that happens to the engine.
#[derive(Clone, Debug)]
pub struct Input {
    /// Position in the order of all inputs: each is larger than the one before. The number orders, time never does.
    pub seq: u64,
    /// The engine's time from now on.
    pub at: Timestamp,
    /// What happens.
    pub kind: InputKind,
}

/// Everything that can happen to the engine.
#[derive(Clone, Debug)]
pub enum InputKind {
    /// A market event of an exchange; its `seq` is overwritten.
    Market(abi::Event),
    /// A market event from before the run. For nobody, it brings books and prices to where they are when the run begins;
    /// for a strategy, which has not started yet, it warms this one up and changes nothing else.
    History(Option<StrategyId>, abi::Event),
    /// An order event of an exchange (or of the fill model): the feed's, or a report on an own order.
    Order(abi::OrderEvent),
    /// Timers that are due by now fire.
    Timers,
    /// The run starts.
    Start,
    /// The run ends: strategies get `on_exit`, working orders are canceled.
    Exit(Reason),
    /// Trading halts, in one instrument or everywhere.
    Halt(Option<InstrumentId>, Reason),
    /// Trading goes on.
    Continue(Option<InstrumentId>, Reason),
    /// A command says what may be traded; the kill switch is one of them.
    Trading(TradingCommand),
    /// One strategy ends.
    StopStrategy(StrategyId, Reason),
    /// One strategy starts: it was added or restarted while the run goes on, or a swap lets it start anew.
    StartStrategy(StrategyId),
    /// The instance of a strategy failed between two calls, as one that runs in a process of its own can.
    FailStrategy(StrategyId, Fault),
    /// A person asks for an order, or for a change or cancel of one.
    ByHand(ByHand),
    /// Something that an earlier run left is put in, or an order that was found at an exchange.
    Restored(Restored),
    /// An exchange tells of an account. Nothing is counted with it; strategies find it in their queries.
    Account(abi::AccountRecord),
}

/// What may be traded from now on, by command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingCommand {
    /// Where.
    pub scope: Scope,
    /// What may be traded. `Active` also lifts what a loss stopped: losses are counted from here on then.
    pub state: TradingState,
    /// What becomes of working orders and positions.
    pub exit: ExitRoutine,
    /// Why; denials for a reason other than [`Reason::Requested`] say it.
    pub reason: Reason,
}

impl TradingCommand {
    /// The kill switch: the whole run halts.
    #[must_use]
    pub fn kill(exit: ExitRoutine) -> Self {
        Self { scope: Scope::Run, state: TradingState::Halted, exit, reason: Reason::Requested }
    }
}
