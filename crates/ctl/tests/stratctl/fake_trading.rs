//! Trading of the fake: it has none. What stratctl says of trading is tested with a real daemon.

use stratd::control::{
    ActionError, ActionErrorKind, Basis, InstanceName, OrdersAsked, Outcome, PageAsked, Terms, TradingChange,
    TradingOperations, Verb,
};
use stratd_control::{
    AccountList, CancelAllDone, CancelAllRequest, ChangeOrderRequest, Exchange, ExchangeList, FillList,
    InstanceConfig, InstanceDone, InstrumentList, NewOrderRequest, Order, OrderDone, OrderList, Portfolio,
    PositionList, Risk, Strategy, StrategyList, TradingDone,
};

use crate::fake::Fake;

fn none<T>() -> Result<T, ActionError> {
    Err(ActionError::new(ActionErrorKind::NotFound, "the fake does not trade"))
}

impl TradingOperations for Fake {
    fn strategies(&self) -> Result<StrategyList, ActionError> {
        none()
    }

    fn strategy(&self, _: &str) -> Result<(Strategy, Basis), ActionError> {
        none()
    }

    fn exchanges(&self) -> Result<ExchangeList, ActionError> {
        none()
    }

    fn exchange(&self, _: &str) -> Result<(Exchange, Basis), ActionError> {
        none()
    }

    fn instance_config(&self, _: &InstanceName) -> Result<InstanceConfig, ActionError> {
        none()
    }

    fn act_on(&self, _: InstanceName, _: Verb, _: &Terms) -> Result<Outcome<InstanceDone>, ActionError> {
        none()
    }

    fn set_trading(&self, _: TradingChange, _: &Terms) -> Result<Outcome<TradingDone>, ActionError> {
        none()
    }

    fn orders(&self, _: OrdersAsked) -> Result<(OrderList, Basis), ActionError> {
        none()
    }

    fn order(&self, _: &str) -> Result<(Order, Basis), ActionError> {
        none()
    }

    fn fills(&self, _: PageAsked) -> Result<FillList, ActionError> {
        none()
    }

    fn positions(&self, _: PageAsked, _: bool) -> Result<PositionList, ActionError> {
        none()
    }

    fn portfolio(&self) -> Result<Portfolio, ActionError> {
        none()
    }

    fn accounts(&self) -> Result<AccountList, ActionError> {
        none()
    }

    fn instruments(&self, _: PageAsked) -> Result<InstrumentList, ActionError> {
        none()
    }

    fn risk(&self) -> Result<(Risk, Basis), ActionError> {
        none()
    }

    fn new_order(&self, _: NewOrderRequest, _: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        none()
    }

    fn change_order(
        &self,
        _: &str,
        _: ChangeOrderRequest,
        _: &Terms,
    ) -> Result<Outcome<OrderDone>, ActionError> {
        none()
    }

    fn cancel_order(&self, _: &str, _: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        none()
    }

    fn cancel_all(&self, _: CancelAllRequest, _: &Terms) -> Result<Outcome<CancelAllDone>, ActionError> {
        none()
    }
}
