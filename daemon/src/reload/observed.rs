//! The control socket's questions about events, figures and backtests.

use serde_json::json;
use stratd_control::{Backtest, BacktestDone, BacktestRequest};

use super::ManagerOperations;
use crate::{
    backtests::BacktestError,
    control::{
        ActionError, ActionErrorKind, BacktestOperations, Basis, EventOperations, MetricsOperations, Outcome,
        Terms,
    },
    feed::Feed,
    metrics::Page,
};

impl EventOperations for ManagerOperations {
    fn feed(&self) -> Result<Feed, ActionError> {
        Ok(self.figures.feed.clone())
    }
}

impl MetricsOperations for ManagerOperations {
    fn metrics(&self) -> Result<Page, ActionError> {
        Ok(self.figures.page())
    }
}

impl BacktestOperations for ManagerOperations {
    fn backtests(&self) -> Result<(Vec<Backtest>, Basis), ActionError> {
        Ok((self.figures.backtests.list(), self.policy()))
    }

    fn backtest(&self, id: &str) -> Result<(Backtest, Basis), ActionError> {
        let shown = self.figures.backtests.show(id).map_err(error)?;
        let basis = basis(&shown);
        Ok((shown, basis))
    }

    fn submit_backtest(
        &self,
        request: BacktestRequest,
        terms: &Terms,
    ) -> Result<Outcome<BacktestDone>, ActionError> {
        let policy = self.policy();
        terms.check(&policy)?;
        let submitted = self.figures.backtests.submit(request, terms.is_dry_run).map_err(error)?;
        let report = match &submitted {
            Some(backtest) => format!("backtest {} is {}", backtest.id, backtest.state.name()),
            None => "the backtest would be taken; nothing was done".to_owned(),
        };
        let answer = BacktestDone { backtest: submitted, report: report.clone(), dry_run: terms.is_dry_run };
        Ok(Outcome { answer, report, before: policy.clone(), after: policy })
    }

    fn cancel_backtest(&self, id: &str, terms: &Terms) -> Result<Outcome<BacktestDone>, ActionError> {
        let (before, before_basis) = self.backtest(id)?;
        terms.check(&before_basis)?;
        let cancel = self.figures.backtests.cancel(id, terms.is_dry_run);
        let after = cancel.map_err(|failed| error(failed).before(&before_basis))?;
        let report = if terms.is_dry_run {
            format!("backtest {id}, which is {}, would be canceled", before.state.name())
        } else {
            format!("backtest {id} was {}, is {}", before.state.name(), after.state.name())
        };
        let after_basis = basis(&after);
        let answer =
            BacktestDone { backtest: Some(after), report: report.clone(), dry_run: terms.is_dry_run };
        Ok(Outcome { answer, report, before: before_basis, after: after_basis })
    }
}

impl ManagerOperations {
    /// What governs new backtests: the list itself changes without anybody.
    fn policy(&self) -> Basis {
        let (running_max, queued_max) = self.figures.backtests.limits();
        Basis::new(json!({ "running_max": running_max, "queued_max": queued_max }))
    }
}

/// What a cancel depends on: not whether it waits or runs, which changes by itself.
fn basis(backtest: &Backtest) -> Basis {
    Basis::new(json!({ "id": backtest.id, "has_ended": backtest.state.has_ended() }))
}

fn error(error: BacktestError) -> ActionError {
    match error {
        BacktestError::Refused(refused) => {
            let kind =
                if refused.is_configuration { ActionErrorKind::Refused } else { ActionErrorKind::BadRequest };
            let error = ActionError::new(kind, refused.text);
            match refused.pointer {
                Some(pointer) => error.at(pointer),
                None => error,
            }
        }
        BacktestError::NotFound(text) => ActionError::new(ActionErrorKind::NotFound, text),
        BacktestError::Conflict(text) => ActionError::new(ActionErrorKind::Conflict, text),
        BacktestError::Busy(text) => ActionError::new(ActionErrorKind::Busy, text),
        BacktestError::Failed(text) => ActionError::new(ActionErrorKind::Failed, text),
    }
}
