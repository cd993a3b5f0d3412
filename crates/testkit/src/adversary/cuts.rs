//! Orders that risk cut down: by no more than the limits ask for.

use stratd_engine::Denial;
use stratd_plugin_api::{Money, OrderRequest, Quantity};

use super::{
    ensure,
    gate::{Question, scopes},
    scenario::{lot, point},
    twin::Twin,
    working::Working,
};

impl Twin {
    /// An order was cut down: a limit spoke against what was asked, and against one lot more than what passed.
    pub(super) fn reduced(&self, denial: &Denial) -> Result<(), String> {
        let Some(order) = self.working.get(&denial.order.0) else {
            return Err(format!("{denial:?}: the order does not work"));
        };
        if denial.is_change {
            return Ok(());
        }
        if let Some(amount) = order.amount {
            return self.amount_reduced(denial, order, amount);
        }
        let request = OrderRequest {
            // of one that was held, as it goes out
            price: denial.request.price.or(denial.request.stop_price),
            group: order.group,
            ..OrderRequest::market(denial.instrument, Quantity::ZERO).side(denial.side).flags(order.flags)
        };
        let against = |quantity: i64| {
            let request = OrderRequest { quantity: Quantity::new(quantity), ..request };
            let asked =
                Question { strategy: denial.strategy, request: &request, quantity, changed: Some(order) };
            let limits = scopes(&asked).map(|scope| (scope, self.scenario.limits.get(&scope)));
            let limits = limits.into_iter().filter_map(|(scope, limits)| Some((scope, limits?)));
            limits.flat_map(|(scope, limits)| self.against_by_size(scope, limits, &asked)).collect::<Vec<_>>()
        };
        ensure(against(denial.asked.get()).contains(&denial.reason), || {
            format!("reduced although nothing speaks against it: {denial:?}")
        })?;
        if order.group != 0 || order.is_stop() {
            // its group may have left even less, or its price, when it went out at once
            return Ok(());
        }
        ensure(!against(denial.allowed.get() + lot(denial.instrument.0)).is_empty(), || {
            format!("reduced to less than the limits leave: {denial:?}")
        })
    }

    /// The amount of an order was cut: with what one more lot costs a limit would speak against it.
    fn amount_reduced(&self, denial: &Denial, order: &Working, amount: i128) -> Result<(), String> {
        let id = order.instrument;
        let of_lot = self.last.get(&id).map_or(0, |last| i128::from(*last) * i128::from(lot(id)) * point(id));
        let more = OrderRequest {
            notional: Some(Money::new(amount + of_lot)),
            ..OrderRequest::market(denial.instrument, Quantity::ZERO).side(denial.side).flags(order.flags)
        };
        let asked = Question { strategy: denial.strategy, request: &more, quantity: 0, changed: Some(order) };
        let limits = scopes(&asked).map(|scope| (scope, self.scenario.limits.get(&scope)));
        let mut limits = limits.into_iter().filter_map(|(scope, limits)| Some((scope, limits?)));
        let is_needed = limits.any(|(scope, limits)| !self.against_by_size(scope, limits, &asked).is_empty());
        ensure(is_needed, || format!("reduced to less than the limits leave: {denial:?}"))
    }
}
