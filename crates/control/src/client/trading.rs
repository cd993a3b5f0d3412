//! What can be asked for of trading: one constructor a route.

use super::request::{Request, encoded};
use crate::{CancelAllRequest, ChangeOrderRequest, Error, HaltRequest, NewOrderRequest, TradingRequest};

/// Which rows of a list, and which page of them: what is empty is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one strategy, or of `manual`.
    pub strategy: Option<String>,
    /// In one instrument, by symbol.
    pub instrument: Option<String>,
    /// At one exchange.
    pub exchange: Option<String>,
    /// So many at most.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

impl Filter {
    /// A query with further keys in front.
    fn query(&self, more: &[(&str, Option<&str>)]) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let own = [
            ("strategy", self.strategy.as_deref()),
            ("instrument", self.instrument.as_deref()),
            ("exchange", self.exchange.as_deref()),
            ("limit", limit.as_deref()),
            ("cursor", self.cursor.as_deref()),
        ];
        let mut text = String::new();
        for (key, value) in more.iter().chain(&own) {
            if let Some(value) = value {
                text.push(if text.is_empty() { '?' } else { '&' });
                text.push_str(&format!("{key}={}", encoded(value)));
            }
        }
        text
    }
}

impl Request {
    /// All strategies.
    #[must_use]
    pub fn strategies() -> Self {
        Self::get("strategies")
    }

    /// One strategy.
    #[must_use]
    pub fn strategy(name: &str) -> Self {
        Self::get(&format!("strategies/{}", encoded(name)))
    }

    /// The parameters of a strategy.
    #[must_use]
    pub fn strategy_config(name: &str) -> Self {
        Self::get(&format!("strategies/{}/config", encoded(name)))
    }

    /// Starts, stops or restarts a strategy.
    #[must_use]
    pub fn strategy_verb(name: &str, verb: &str) -> Self {
        Self::of("strategies", name, verb)
    }

    /// Lets a strategy trade nothing.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn strategy_halt(name: &str, body: &HaltRequest) -> Result<Self, Error> {
        Self::of("strategies", name, "halt").with_body(body)
    }

    /// All exchanges.
    #[must_use]
    pub fn exchanges() -> Self {
        Self::get("exchanges")
    }

    /// One exchange.
    #[must_use]
    pub fn exchange(name: &str) -> Self {
        Self::get(&format!("exchanges/{}", encoded(name)))
    }

    /// The parameters of the connector of an exchange.
    #[must_use]
    pub fn exchange_config(name: &str) -> Self {
        Self::get(&format!("exchanges/{}/config", encoded(name)))
    }

    /// Starts, stops or restarts the connector of an exchange.
    #[must_use]
    pub fn exchange_verb(name: &str, verb: &str) -> Self {
        Self::of("exchanges", name, verb)
    }

    /// Lets nothing be traded at an exchange.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn exchange_halt(name: &str, body: &HaltRequest) -> Result<Self, Error> {
        Self::of("exchanges", name, "halt").with_body(body)
    }

    /// A page of orders: those that work, unless `state` says otherwise.
    #[must_use]
    pub fn orders(state: Option<&str>, filter: &Filter) -> Self {
        Self::get(&format!("orders{}", filter.query(&[("state", state)])))
    }

    /// One order by its `client_order_id`.
    #[must_use]
    pub fn order(id: &str) -> Self {
        Self::get(&format!("orders/{}", encoded(id)))
    }

    /// An order by hand.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn new_order(body: &NewOrderRequest) -> Result<Self, Error> {
        Self::post("orders", "orders").with_body(body)
    }

    /// Another price or quantity.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn change_order(id: &str, body: &ChangeOrderRequest) -> Result<Self, Error> {
        let order = format!("orders/{}", encoded(id));
        Self::post(&order, &order).by("PATCH").with_body(body)
    }

    /// Cancels an order.
    #[must_use]
    pub fn cancel_order(id: &str) -> Self {
        let order = format!("orders/{}", encoded(id));
        Self::post(&order, &order).by("DELETE")
    }

    /// Cancels all orders, or those of a strategy or instrument.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn cancel_all(body: &CancelAllRequest) -> Result<Self, Error> {
        Self::post("orders/cancel-all", "orders").with_body(body)
    }

    /// A page of own executions.
    #[must_use]
    pub fn fills(filter: &Filter) -> Self {
        Self::get(&format!("fills{}", filter.query(&[])))
    }

    /// A page of positions, with those that are closed if asked for.
    #[must_use]
    pub fn positions(has_flat: bool, filter: &Filter) -> Self {
        Self::get(&format!("positions{}", filter.query(&[("flat", has_flat.then_some("true"))])))
    }

    /// The books.
    #[must_use]
    pub fn portfolio() -> Self {
        Self::get("portfolio")
    }

    /// The accounts.
    #[must_use]
    pub fn accounts() -> Self {
        Self::get("accounts")
    }

    /// A page of instruments; a strategy is nothing to ask them for.
    #[must_use]
    pub fn instruments(filter: &Filter) -> Self {
        let filter = Filter { strategy: None, ..filter.clone() };
        Self::get(&format!("instruments{}", filter.query(&[])))
    }

    /// What may be traded, and the limits.
    #[must_use]
    pub fn risk() -> Self {
        Self::get("risk")
    }

    /// The kill switch.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn kill(body: &HaltRequest) -> Result<Self, Error> {
        Self::post("risk/kill", "risk").with_body(body)
    }

    /// Lets trading go on.
    #[must_use]
    pub fn release_trading() -> Self {
        Self::post("risk/release", "risk")
    }

    /// Says what may be traded in a scope.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn trading_state(body: &TradingRequest) -> Result<Self, Error> {
        Self::post("risk/state", "risk").with_body(body)
    }

    fn of(kind: &str, name: &str, verb: &str) -> Self {
        let one = format!("{kind}/{}", encoded(name));
        Self::post(&format!("{one}/{verb}"), &one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_not_in_the_query() {
        let filter = Filter { instrument: Some("A&B".to_owned()), limit: Some(5), ..Filter::default() };
        for (request, target) in [
            (Request::orders(None, &Filter::default()), "GET /v1/orders"),
            (Request::orders(Some("ended"), &filter), "GET /v1/orders?state=ended&instrument=A%26B&limit=5"),
            (Request::positions(true, &Filter::default()), "GET /v1/positions?flat=true"),
            (Request::cancel_order("7"), "DELETE /v1/orders/7"),
            (Request::strategy_verb("a/b", "stop"), "POST /v1/strategies/a%2Fb/stop"),
        ] {
            assert_eq!(request.to_string(), target);
        }
        assert_eq!(
            Request::cancel_order("7").tag_request().map(|look| look.to_string()),
            Some("GET /v1/orders/7".to_owned())
        );
    }
}
