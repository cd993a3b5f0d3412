//! Backtests in children of the daemon.

use stratd_control::{Backtest, BacktestDone, BacktestRequest};

use super::{ActionError, Basis, Outcome, Terms};

/// What is asked about backtests.
pub trait BacktestOperations {
    /// All that are known, the oldest first. The basis is what governs a new one.
    ///
    /// # Errors
    /// They cannot be asked.
    fn backtests(&self) -> Result<(Vec<Backtest>, Basis), ActionError>;

    /// One, with its summary if it has one.
    ///
    /// # Errors
    /// There is none of this id.
    fn backtest(&self, id: &str) -> Result<(Backtest, Basis), ActionError>;

    /// Takes one, after a look at its configuration.
    ///
    /// # Errors
    /// The configuration has problems, or too many wait.
    fn submit_backtest(
        &self,
        request: BacktestRequest,
        terms: &Terms,
    ) -> Result<Outcome<BacktestDone>, ActionError>;

    /// Takes one from the queue, or ends its process.
    ///
    /// # Errors
    /// There is none of this id, or it has ended.
    fn cancel_backtest(&self, id: &str, terms: &Terms) -> Result<Outcome<BacktestDone>, ActionError>;
}
