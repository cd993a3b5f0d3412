//! What the control socket shows of trading, and does by hand: from its words to commands of the event loop, and from
//! copies to texts.

mod books;
mod hand;
mod instances;
mod orders;
mod page;
mod restart_one;
mod risk;
mod words;

use stratd_control::{
    AccountList, CancelAllDone, CancelAllRequest, ChangeOrderRequest, Exchange, ExchangeList, FillList,
    InstanceConfig, InstanceDone, InstrumentList, NewOrderRequest, Order, OrderDone, OrderList, Portfolio,
    PositionList, Risk, Strategy, StrategyList, TradingDone,
};

pub(super) use self::restart_one::ActedOn;
use super::operations::{ManagerOperations, busy};
use crate::{
    control::{
        ActionError, Basis, InstanceName, OrdersAsked, Outcome, PageAsked, Terms, TradingChange,
        TradingOperations, Verb,
    },
    runtime::{Answer, Command},
};

impl ManagerOperations {
    /// Asks the event loop, which answers between two events.
    fn ask<T>(&self, make: impl FnOnce(Answer<T>) -> Command) -> Result<T, ActionError> {
        self.event_loop.ask(make).map_err(|gone| busy(&gone))
    }
}

impl TradingOperations for ManagerOperations {
    fn strategies(&self) -> Result<StrategyList, ActionError> {
        instances::strategies(self)
    }

    fn strategy(&self, name: &str) -> Result<(Strategy, Basis), ActionError> {
        instances::strategy(self, name)
    }

    fn exchanges(&self) -> Result<ExchangeList, ActionError> {
        instances::exchanges(self)
    }

    fn exchange(&self, name: &str) -> Result<(Exchange, Basis), ActionError> {
        instances::exchange(self, name)
    }

    fn instance_config(&self, instance: &InstanceName) -> Result<InstanceConfig, ActionError> {
        instances::config(self, instance)
    }

    fn act_on(
        &self,
        instance: InstanceName,
        verb: Verb,
        terms: &Terms,
    ) -> Result<Outcome<InstanceDone>, ActionError> {
        restart_one::ask(self, instance, verb, terms)
    }

    fn set_trading(&self, change: TradingChange, terms: &Terms) -> Result<Outcome<TradingDone>, ActionError> {
        risk::set(self, change, terms)
    }

    fn orders(&self, asked: OrdersAsked) -> Result<(OrderList, Basis), ActionError> {
        orders::list(self, asked)
    }

    fn order(&self, id: &str) -> Result<(Order, Basis), ActionError> {
        orders::show(self, id)
    }

    fn fills(&self, asked: PageAsked) -> Result<FillList, ActionError> {
        orders::fills(self, asked)
    }

    fn positions(&self, asked: PageAsked, has_flat: bool) -> Result<PositionList, ActionError> {
        books::positions(self, asked, has_flat)
    }

    fn portfolio(&self) -> Result<Portfolio, ActionError> {
        books::portfolio(self)
    }

    fn accounts(&self) -> Result<AccountList, ActionError> {
        books::accounts(self)
    }

    fn instruments(&self, asked: PageAsked) -> Result<InstrumentList, ActionError> {
        books::instruments(self, asked)
    }

    fn risk(&self) -> Result<(Risk, Basis), ActionError> {
        risk::show(self)
    }

    fn new_order(&self, order: NewOrderRequest, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        hand::new(self, order, terms)
    }

    fn change_order(
        &self,
        id: &str,
        change: ChangeOrderRequest,
        terms: &Terms,
    ) -> Result<Outcome<OrderDone>, ActionError> {
        hand::change(self, id, change, terms)
    }

    fn cancel_order(&self, id: &str, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        hand::cancel(self, id, terms)
    }

    fn cancel_all(
        &self,
        which: CancelAllRequest,
        terms: &Terms,
    ) -> Result<Outcome<CancelAllDone>, ActionError> {
        hand::cancel_all(self, which, terms)
    }
}
