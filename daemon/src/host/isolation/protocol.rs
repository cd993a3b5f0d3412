//! The kinds of messages between the host and the place where a plugin runs.
//!
//! ```text
//! host  ── CALL entry ─────────────────────────────► plugin
//! host  ◄── ASK function ── plugin, while it works; ── ANSWER ──► plugin
//! host  ◄── TELL function ── plugin; no answer
//! host  ◄── RETURN, FAULT or REFUSED ─────────────── plugin
//! ```
//! A second pair of rings, the side, carries ASK and ANSWER alone, from any thread of a child at any time.

use stratd_plugin_api::abi::PAYLOAD_BYTES_MAX;

use super::super::instance::{CONFIG_BYTES_MAX, ERROR_BYTES_MAX, STATE_BYTES_MAX};

/// A call of an entry; the entry's number is added.
pub(super) const CALL: u32 = 0x100;
/// A call of one of the host's functions; the function's number is added.
pub(super) const ASK: u32 = 0x200;
/// As [`ASK`], without an answer.
pub(super) const TELL: u32 = 0x300;
/// The answer to an [`ASK`].
pub(super) const ANSWER: u32 = 0x400;
/// The end of a call that succeeded.
pub(super) const RETURN: u32 = 0x500;
/// The end of a call that failed.
pub(super) const FAULT: u32 = 0x501;
/// The end of a [`Entry::Create`] that was refused.
pub(super) const REFUSED: u32 = 0x502;
/// Kinds of one class differ in the bits below.
const NUMBER: u32 = 0xff;

/// Room for what goes with the largest field of a message.
const FRAME_BYTES_MAX: usize = 64 * 1024;
/// The longest log record: its texts and key-values have limits of their own where they are taken.
const LOG_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most events in one message; more are sent in several.
pub(super) const EMIT_MAX: usize = 4096;
const EVENT_BYTES_MAX: usize = 128;

/// An entry of a plugin's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Entry {
    Create,
    Destroy,
    OnEvents,
    OnOrders,
    OnConfig,
    Slippage,
    TransactionCost,
    Save,
    Restore,
    Quiesce,
    Connect,
    Instruments,
    Subscribe,
    Poll,
    Lookup,
    NewOrder,
    CancelOrder,
    ChangeOrder,
    Accounts,
    OpenOrders,
    FillsSince,
    FindOrder,
    Stop,
}

impl Entry {
    const ALL: [Entry; 23] = [
        Self::Create,
        Self::Destroy,
        Self::OnEvents,
        Self::OnOrders,
        Self::OnConfig,
        Self::Slippage,
        Self::TransactionCost,
        Self::Save,
        Self::Restore,
        Self::Quiesce,
        Self::Connect,
        Self::Instruments,
        Self::Subscribe,
        Self::Poll,
        Self::Lookup,
        Self::NewOrder,
        Self::CancelOrder,
        Self::ChangeOrder,
        Self::Accounts,
        Self::OpenOrders,
        Self::FillsSince,
        Self::FindOrder,
        Self::Stop,
    ];

    pub(super) const fn kind(self) -> u32 {
        CALL + self as u32
    }

    /// The entry of a message's kind.
    pub(super) fn of(kind: u32) -> Option<Self> {
        of_class(kind, CALL, &Self::ALL)
    }

    /// The entry by the number that [`Entry::kind`] adds.
    pub(super) fn numbered(number: u32) -> Option<Self> {
        Self::of(CALL.checked_add(number)?)
    }

    /// The name as in the plugin's table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Destroy => "destroy",
            Self::OnEvents => "on_events",
            Self::OnOrders => "on_orders",
            Self::OnConfig => "on_config",
            Self::Slippage => "slippage",
            Self::TransactionCost => "transaction_cost",
            Self::Save => "save",
            Self::Restore => "restore",
            Self::Quiesce => "quiesce",
            Self::Connect => "connect",
            Self::Instruments => "instruments",
            Self::Subscribe => "subscribe",
            Self::Poll => "poll",
            Self::Lookup => "lookup",
            Self::NewOrder => "new_order",
            Self::CancelOrder => "cancel_order",
            Self::ChangeOrder => "change_order",
            Self::Accounts => "accounts",
            Self::OpenOrders => "open_orders",
            Self::FillsSince => "fills_since",
            Self::FindOrder => "find_order",
            Self::Stop => "stop",
        }
    }

    /// Whether the entry may take long: it is not called between two events, or only once in a while.
    pub(super) const fn is_cold(self) -> bool {
        match self {
            Self::Create
            | Self::Destroy
            | Self::OnConfig
            | Self::Save
            | Self::Restore
            | Self::Quiesce
            | Self::Connect
            | Self::Instruments
            | Self::Poll
            | Self::Stop => true,
            Self::OnEvents
            | Self::OnOrders
            | Self::Slippage
            | Self::TransactionCost
            | Self::Subscribe
            | Self::Lookup
            | Self::NewOrder
            | Self::CancelOrder
            | Self::ChangeOrder
            | Self::Accounts
            | Self::OpenOrders
            | Self::FillsSince
            | Self::FindOrder => false,
        }
    }
}

/// A function of the host's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Function {
    Log,
    Text,
    Intern,
    Submit,
    Cancel,
    Change,
    CancelAll,
    CloseAll,
    Subscribe,
    Lookup,
    Instruments,
    Exchanges,
    Orders,
    PastOrders,
    Fills,
    Positions,
    Accounts,
    Portfolio,
    Risk,
    PriceHistory,
    Book,
    SubscribeBars,
    Timer,
    TimerCancel,
    Stop,
    Shutdown,
    Metric,
    Now,
    Emit,
    EmitOrders,
    Instrument,
    Account,
    OpenOrder,
    Fill,
    Answer,
    Payload,
    Position,
}

impl Function {
    const ALL: [Function; 37] = [
        Self::Log,
        Self::Text,
        Self::Intern,
        Self::Submit,
        Self::Cancel,
        Self::Change,
        Self::CancelAll,
        Self::CloseAll,
        Self::Subscribe,
        Self::Lookup,
        Self::Instruments,
        Self::Exchanges,
        Self::Orders,
        Self::PastOrders,
        Self::Fills,
        Self::Positions,
        Self::Accounts,
        Self::Portfolio,
        Self::Risk,
        Self::PriceHistory,
        Self::Book,
        Self::SubscribeBars,
        Self::Timer,
        Self::TimerCancel,
        Self::Stop,
        Self::Shutdown,
        Self::Metric,
        Self::Now,
        Self::Emit,
        Self::EmitOrders,
        Self::Instrument,
        Self::Account,
        Self::OpenOrder,
        Self::Fill,
        Self::Answer,
        Self::Payload,
        Self::Position,
    ];

    pub(super) const fn ask(self) -> u32 {
        ASK + self as u32
    }

    pub(super) const fn tell(self) -> u32 {
        TELL + self as u32
    }

    /// The function of a message that wants an answer.
    pub(super) fn asked(kind: u32) -> Option<Self> {
        of_class(kind, ASK, &Self::ALL)
    }

    /// The function of a message that wants none: only a log record does not.
    pub(super) fn told(kind: u32) -> Option<Self> {
        of_class(kind, TELL, &Self::ALL).filter(|function| *function == Self::Log)
    }

    const fn bytes_max(self) -> usize {
        match self {
            Self::Log => LOG_BYTES_MAX,
            Self::Payload => FRAME_BYTES_MAX + PAYLOAD_BYTES_MAX,
            Self::Emit | Self::EmitOrders => FRAME_BYTES_MAX + EMIT_MAX * EVENT_BYTES_MAX,
            Self::Text
            | Self::Intern
            | Self::Submit
            | Self::Cancel
            | Self::Change
            | Self::CancelAll
            | Self::CloseAll
            | Self::Subscribe
            | Self::Lookup
            | Self::Instruments
            | Self::Exchanges
            | Self::Orders
            | Self::PastOrders
            | Self::Fills
            | Self::Positions
            | Self::Accounts
            | Self::Portfolio
            | Self::Risk
            | Self::PriceHistory
            | Self::Book
            | Self::SubscribeBars
            | Self::Timer
            | Self::TimerCancel
            | Self::Stop
            | Self::Shutdown
            | Self::Metric
            | Self::Now
            | Self::Instrument
            | Self::Account
            | Self::OpenOrder
            | Self::Fill
            | Self::Answer
            | Self::Position => FRAME_BYTES_MAX,
        }
    }
}

fn of_class<T: Copy>(kind: u32, class: u32, all: &[T]) -> Option<T> {
    if kind & !NUMBER != class {
        return None;
    }
    all.get((kind & NUMBER) as usize).copied()
}

/// What the host takes while it waits for a return.
pub(super) fn limit_of_returns(kind: u32) -> Option<usize> {
    match kind {
        RETURN => Some(STATE_BYTES_MAX + FRAME_BYTES_MAX),
        FAULT | REFUSED => Some(4 * ERROR_BYTES_MAX + FRAME_BYTES_MAX),
        _ => limit_of_asks(kind).or_else(|| Function::told(kind).map(Function::bytes_max)),
    }
}

/// What the host takes on the side.
pub(super) fn limit_of_asks(kind: u32) -> Option<usize> {
    Function::asked(kind).map(Function::bytes_max)
}

/// What the plugin's side takes while it waits for a call.
pub(super) fn limit_of_calls(kind: u32) -> Option<usize> {
    Entry::of(kind).map(|_| STATE_BYTES_MAX + CONFIG_BYTES_MAX + FRAME_BYTES_MAX)
}

/// What the plugin's side takes while it waits for an answer: the host has queries of any size.
pub(super) fn limit_of_answers(kind: u32) -> Option<usize> {
    (kind == ANSWER).then_some(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_belong_together() {
        for entry in Entry::ALL {
            assert_eq!(Entry::of(entry.kind()), Some(entry));
            assert_eq!(Entry::numbered(entry as u32), Some(entry));
        }
        for function in Function::ALL {
            assert_eq!(Function::asked(function.ask()), Some(function));
            assert_eq!(Function::asked(function.tell()), None);
        }
        assert_eq!(Function::told(Function::Log.tell()), Some(Function::Log));
        assert_eq!(Function::told(Function::Submit.tell()), None);
        let beyond = u32::try_from(Entry::ALL.len()).unwrap();
        assert_eq!(Entry::of(CALL + beyond), None);
        assert_eq!(limit_of_returns(CALL), None);
        assert_eq!(limit_of_answers(RETURN), None);
    }
}
