//! What strategies and connectors have in common once they are created.

use stratd_plugin_api::{Fault, Reason, Timestamp, TradingType};

use super::call::LastError;

/// What an instance may know at any time, inside of a call or not.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What the run is.
    pub trading_type: TradingType,
    /// The host's clock; without one, a strategy that asks for the time outside of a call gets that of the last
    /// event. A backtest has none.
    pub clock: Option<fn() -> Timestamp>,
}

/// The longest configuration that is handed over.
pub(super) const CONFIG_BYTES_MAX: usize = 1024 * 1024;
/// The longest text about a failure that is kept.
pub(super) const ERROR_BYTES_MAX: usize = 4096;
/// The largest saved state.
pub const STATE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The fault of a negative status.
#[cold]
pub(super) fn fault(entry: &str, status: i64, error: &LastError, index: usize) -> Fault {
    let code = status.checked_neg().and_then(|code| u32::try_from(code).ok());
    let reason = match code.and_then(Reason::from_code) {
        Some(Reason::Panic) => Reason::Panic,
        _ => Reason::HandlerError,
    };
    let mut message = error.take();
    if message.is_empty() {
        message = format!("`{entry}` returned {status} and gave no reason");
    }
    Fault { reason, message, index }
}

/// The result of an entry that returns 0 or a negative status; positive numbers are reserved and count as success.
pub(super) fn done(entry: &str, status: i64, error: &LastError) -> Result<(), Fault> {
    if status < 0 {
        return Err(fault(entry, status, error, 0));
    }
    error.forget();
    Ok(())
}

/// The result of an entry that returns how many of `limit` it consumed or wrote, at least `least`.
#[inline]
pub(super) fn count(
    entry: &str,
    returned: i64,
    (least, limit): (usize, usize),
    error: &LastError,
    failed_index: u64,
) -> Result<usize, Fault> {
    if let Ok(count) = usize::try_from(returned)
        && (least..=limit).contains(&count)
    {
        error.forget();
        return Ok(count);
    }
    Err(bad_count(entry, returned, (least, limit), error, failed_index))
}

#[cold]
fn bad_count(
    entry: &str,
    returned: i64,
    (least, limit): (usize, usize),
    error: &LastError,
    failed_index: u64,
) -> Fault {
    if returned >= 0 {
        error.forget();
        return Fault::error(format!("`{entry}` returned {returned} (accepted: {least} to {limit})"));
    }
    // an index beyond the slice is the plugin's mistake; the last event is the nearest that exists
    let index = usize::try_from(failed_index).unwrap_or(usize::MAX).min(limit.saturating_sub(1));
    fault(entry, returned, error, index)
}
