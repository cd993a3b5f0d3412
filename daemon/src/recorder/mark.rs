//! What happens to the engine besides its inputs, as rows of a recording.
//!
//! Whatever changes the engine between two inputs is a mark, in its place among them: a replay carries it out with the
//! engine's same function. Where the engine may refuse, what came of it follows as a mark of its own, to be compared.

use std::sync::Arc;

use stratd_engine::{Scope, StrategyId, TradingState};
use stratd_plugin_api::{Reason, Timestamp, abi};

use super::{
    deed::Deed,
    head::HeadInstrument,
    row::{Row, at_place, kind, narrow, place, reason, scope, scope_words, text},
};

/// What happens to the engine besides its inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// The owner of orders by hand joined.
    Owner(String),
    /// What an earlier run left halted was taken up.
    HaltedBefore(Scope, TradingState, Reason),
    /// A strategy was asked for its state: the fingerprint of the state, 0 for none, or nothing if it could not save.
    Saved(StrategyId, Option<u64>),
    /// Something that a replay does not carry out, in words.
    Changed(String),
    /// An instrument that an exchange brought which joined the run, and the name of that exchange.
    Joined(Box<abi::InstrumentRecord>, String),
    /// What was done to a strategy or to limits, with the state that it got, if it got one.
    Did(Box<Deed>, Option<Arc<Vec<u8>>>),
    /// Whether the last deed was done or refused, with the fingerprint of the state that it carried, 0 for none.
    Came(bool, u64),
}

/// The row of a mark; the bytes that belong to it are put into `payload`, which is emptied before.
pub(crate) fn encode_mark(mark: &Mark, (time, seq, at): (i64, u64, Timestamp), payload: &mut Vec<u8>) -> Row {
    payload.clear();
    let (kind, words) = match mark {
        Mark::Owner(name) => {
            payload.extend_from_slice(name.as_bytes());
            (kind::OWNER, [0; 4])
        }
        Mark::HaltedBefore(scope, state, reason) => {
            let [which, id] = scope_words(*scope);
            let words = [which, id, place(&TradingState::ALL, *state), u64::from(reason.code())];
            (kind::HALTED_BEFORE, words)
        }
        Mark::Saved(strategy, state) => {
            let words = [u64::from(strategy.0), u64::from(state.is_some()), state.unwrap_or(0), 0];
            (kind::SAVED, words)
        }
        Mark::Changed(what) => {
            payload.extend_from_slice(what.as_bytes());
            (kind::CHANGED, [0; 4])
        }
        Mark::Joined(record, exchange) => {
            let joined = (HeadInstrument::of(record), exchange);
            // a struct of numbers and a text: nothing of it can fail
            *payload = serde_json::to_vec(&joined).unwrap_or_default();
            (kind::JOINED, [u64::from(record.id), 0, 0, 0])
        }
        Mark::Did(deed, state) => {
            // a struct of numbers, texts and a checked configuration: nothing of it can fail
            *payload = serde_json::to_vec(deed).unwrap_or_default();
            let length = payload.len() as u64;
            payload.extend_from_slice(state.as_deref().map_or(&[], Vec::as_slice));
            (kind::DID, [length, u64::from(state.is_some()), 0, 0])
        }
        Mark::Came(is_done, state) => (kind::CAME, [u64::from(*is_done), *state, 0, 0]),
    };
    Row::other((time, seq, at), kind, words, payload.len())
}

/// Reads a mark back, with the bytes that belong to it.
///
/// # Errors
/// It is none that this program writes; what was found, in words.
pub(super) fn decode_mark(row: &Row, payload: &[u8]) -> Result<Mark, String> {
    let [_, _, _, _, a, b, c, d, _] = row.0;
    Ok(match row.kind() {
        kind::OWNER => Mark::Owner(text(payload)?),
        kind::HALTED_BEFORE => Mark::HaltedBefore(scope(a, b)?, at_place(&TradingState::ALL, c)?, reason(d)?),
        kind::SAVED => Mark::Saved(StrategyId(narrow(a)?), (b != 0).then_some(c)),
        kind::CHANGED => Mark::Changed(text(payload)?),
        kind::JOINED => {
            let (record, exchange) = joined(payload)?;
            Mark::Joined(Box::new(record), exchange)
        }
        kind::DID => {
            let parts = usize::try_from(a).ok().and_then(|length| payload.split_at_checked(length));
            let (deed, state) =
                parts.ok_or_else(|| format!("a deed of {a} bytes (accepted: at most {})", payload.len()))?;
            let deed = serde_json::from_slice(deed).map_err(|error| format!("a deed: {error}"))?;
            Mark::Did(deed, (b != 0).then(|| Arc::new(state.to_vec())))
        }
        kind::CAME => Mark::Came(a != 0, b),
        other => return Err(format!("a row of kind {other}, which this version does not know")),
    })
}

/// The instrument of a row of the kind [`kind::JOINED`], and the name of its exchange.
pub(super) fn joined(payload: &[u8]) -> Result<(abi::InstrumentRecord, String), String> {
    let read: Result<(HeadInstrument, String), _> = serde_json::from_slice(payload);
    let (instrument, exchange) = read.map_err(|error| format!("an instrument that joined: {error}"))?;
    let record = instrument.record().ok_or("an instrument that joined has more than 4 sessions")?;
    Ok((record, exchange))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            deed::{Build, StateAfter},
            row::{Recorded, decode},
        },
        *,
    };

    #[test]
    fn every_mark_comes_back_as_it_was() {
        let build = Build { plugin: "strategy-x".to_owned(), sha256: "ab".to_owned(), ..Build::default() };
        let swap = Deed::Swap {
            strategy: 3,
            build: build.clone(),
            has_spare: true,
            is_batch_safe: false,
            state_version: 2,
            accepts: (1, u32::MAX),
            deadline: i64::MIN,
            probation: (u64::MAX, 5),
        };
        let state = Some(StateAfter { version: 7 });
        let restart = Deed::Restart { strategy: 1, build, is_batch_safe: true, state };
        for mark in [
            Mark::Owner("manual".to_owned()),
            Mark::HaltedBefore(Scope::Strategy(StrategyId(1)), TradingState::Halted, Reason::MaxDrawdown),
            Mark::Saved(StrategyId(2), None),
            Mark::Saved(StrategyId(2), Some(0)),
            Mark::Changed("a change".to_owned()),
            Mark::Joined(
                Box::new(abi::InstrumentRecord { id: 7, tick: 3, ..Default::default() }),
                "x".to_owned(),
            ),
            Mark::Did(Box::new(swap), None),
            Mark::Did(Box::new(restart), Some(Arc::new(vec![1, 2, 3]))),
            Mark::Did(Box::new(Deed::UndoLimits), None),
            Mark::Came(true, u64::MAX),
        ] {
            let mut payload = Vec::new();
            let row = encode_mark(&mark, (1, 2, Timestamp::new(3)), &mut payload);
            match decode(&row, &payload) {
                Ok(Recorded::Mark(2, back)) => assert_eq!(back, mark),
                other => panic!("{mark:?}: {other:?}"),
            }
        }
    }
}
