//! The words of the protocol.

use stratd_control::{Trading as ShownTrading, TradingState as ShownState};
use stratd_engine::{ExitRoutine, TradingState};
use stratd_plugin_api::{Money, OrderFlags, Reason, abi};

use crate::{reload::report::time_text, runtime::Trading};

pub(super) fn state(state: TradingState) -> ShownState {
    match state {
        TradingState::Active => ShownState::Active,
        TradingState::Reducing => ShownState::Reducing,
        TradingState::Halted => ShownState::Halted,
    }
}

pub(super) fn of_state(state: ShownState) -> TradingState {
    match state {
        ShownState::Active => TradingState::Active,
        ShownState::Reducing => TradingState::Reducing,
        ShownState::Halted => TradingState::Halted,
    }
}

pub(super) fn of_exit(exit: stratd_control::ExitRoutine) -> ExitRoutine {
    match exit {
        stratd_control::ExitRoutine::None => ExitRoutine::None,
        stratd_control::ExitRoutine::CancelAll => ExitRoutine::CancelAll,
        stratd_control::ExitRoutine::CloseAll => ExitRoutine::CloseAll,
    }
}

pub(super) fn trading(trading: &Trading) -> ShownTrading {
    let is_active = trading.state == TradingState::Active;
    let halt = trading.halt.as_ref().filter(|_| !is_active);
    ShownTrading {
        state: state(trading.state),
        reason: (!is_active).then(|| trading.reason.name().to_owned()),
        since: halt.map(|halt| time_text(halt.since)),
        note: halt.and_then(|halt| halt.words.clone()),
    }
}

/// An amount without needless zeros.
pub(super) fn money(money: Money) -> String {
    let text = money.to_string();
    match text.split_once('.') {
        Some((whole, part)) => {
            let part = part.trim_end_matches('0');
            if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
        }
        None => text,
    }
}

pub(super) fn bits(bits: abi::MoneyBits) -> String {
    money(bits.into())
}

/// The flags of an order with their words.
pub(super) const FLAGS: [(OrderFlags, &str); 5] = [
    (OrderFlags::FILL_OR_KILL, "fill_or_kill"),
    (OrderFlags::ALL_OR_NONE, "all_or_none"),
    (OrderFlags::IMMEDIATE_OR_CANCEL, "immediate_or_cancel"),
    (OrderFlags::POST_ONLY, "post_only"),
    (OrderFlags::REDUCE_ONLY, "reduce_only"),
];

pub(super) fn reason(reason: Reason) -> Option<String> {
    (reason != Reason::None).then(|| reason.name().to_owned())
}
