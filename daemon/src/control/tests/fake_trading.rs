//! What the fake daemon says of trading: it has one order and no risk, and refuses everything else.

use serde_json::json;
use stratd_control::{
    AccountList, CancelAllDone, CancelAllRequest, ChangeOrderRequest, Exchange, ExchangeList, FillList,
    InstanceConfig, InstanceDone, InstrumentList, NewOrderRequest, Order, OrderDone, OrderList, Portfolio,
    PositionList, Risk, Strategy, StrategyList, TradingDone, TradingState,
};

use super::fake::Fake;
use crate::control::{
    ActionError, ActionErrorKind, Basis, InstanceName, OrdersAsked, Outcome, PageAsked, Terms, TradingChange,
    TradingOperations, Verb,
};

/// The id of the order.
pub(super) const ORDER: &str = "1099511627777";

fn none<T>(what: &str) -> Result<T, ActionError> {
    Err(ActionError::new(ActionErrorKind::NotFound, format!("the fake has no {what}")))
}

fn basis() -> Basis {
    Basis::new(json!({ "order": ORDER }))
}

fn order() -> Order {
    Order {
        client_order_id: ORDER.into(),
        exchange_order_id: None,
        strategy: "manual".into(),
        exchange: "synthetic".into(),
        instrument: "SYN0001".into(),
        side: "buy".into(),
        order_type: "limit".into(),
        flags: Vec::new(),
        lifetime: "gtc".into(),
        quantity: "10".into(),
        notional: None,
        price: Some("99.50".into()),
        stop_price: None,
        trail: None,
        status: "open".into(),
        filled: "0".into(),
        price_average: None,
        created: "2026-01-02T03:04:05Z".into(),
        updated: "2026-01-02T03:04:05Z".into(),
        reason: None,
        held: None,
        group: None,
        attached_to: None,
        by_hand: true,
        etag: basis().tag().to_string(),
    }
}

impl Fake {
    fn did<T>(&self, what: String, answer: T) -> Outcome<T> {
        self.note(&what);
        Outcome { answer, report: what, before: basis(), after: basis() }
    }

    fn of_order(&self, id: &str, what: &str, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        let (order, basis) = self.order(id)?;
        terms.check(&basis)?;
        let report = format!("{what} {id}");
        let answer = OrderDone {
            report: report.clone(),
            order,
            attached: Vec::new(),
            reduced_from: None,
            reduced_by: None,
            dry_run: terms.is_dry_run,
        };
        Ok(self.did(report, answer))
    }
}

impl TradingOperations for Fake {
    fn strategies(&self) -> Result<StrategyList, ActionError> {
        Ok(StrategyList { strategies: Vec::new() })
    }

    fn strategy(&self, _: &str) -> Result<(Strategy, Basis), ActionError> {
        none("strategy")
    }

    fn exchanges(&self) -> Result<ExchangeList, ActionError> {
        Ok(ExchangeList { exchanges: Vec::new() })
    }

    fn exchange(&self, _: &str) -> Result<(Exchange, Basis), ActionError> {
        none("exchange")
    }

    fn instance_config(&self, _: &InstanceName) -> Result<InstanceConfig, ActionError> {
        none("instance")
    }

    fn act_on(&self, _: InstanceName, _: Verb, _: &Terms) -> Result<Outcome<InstanceDone>, ActionError> {
        none("instance")
    }

    fn set_trading(&self, change: TradingChange, terms: &Terms) -> Result<Outcome<TradingDone>, ActionError> {
        terms.check(&basis())?;
        let report = format!("{} {} {:?} {:?}", change.scope, change.state.name(), change.exit, change.note);
        let (before, after) = (TradingState::Active, change.state);
        let answer =
            TradingDone { report: report.clone(), before, after, dry_run: terms.is_dry_run, warning: None };
        Ok(self.did(report, answer))
    }

    fn orders(&self, asked: OrdersAsked) -> Result<(OrderList, Basis), ActionError> {
        self.note(&format!("{asked:?}"));
        Ok((OrderList { orders: vec![order()], next: None }, basis()))
    }

    fn order(&self, id: &str) -> Result<(Order, Basis), ActionError> {
        if id == ORDER { Ok((order(), basis())) } else { none("order") }
    }

    fn fills(&self, _: PageAsked) -> Result<FillList, ActionError> {
        Ok(FillList { fills: Vec::new(), next: None })
    }

    fn positions(&self, _: PageAsked, _: bool) -> Result<PositionList, ActionError> {
        Ok(PositionList { positions: Vec::new(), next: None })
    }

    fn portfolio(&self) -> Result<Portfolio, ActionError> {
        none("portfolio")
    }

    fn accounts(&self) -> Result<AccountList, ActionError> {
        Ok(AccountList { accounts: Vec::new() })
    }

    fn instruments(&self, _: PageAsked) -> Result<InstrumentList, ActionError> {
        Ok(InstrumentList { instruments: Vec::new(), next: None })
    }

    fn risk(&self) -> Result<(Risk, Basis), ActionError> {
        none("risk")
    }

    fn new_order(&self, order: NewOrderRequest, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        if order.quantity.as_deref() == Some("1000") {
            let text = "order 7 denied: max_order_quantity";
            let error = ActionError::new(ActionErrorKind::Refused, text).in_step("risk");
            return Err(error.coded("max_order_quantity").found("1000", "at most 100").before(&basis()));
        }
        if order.quantity.as_deref() == Some("0") {
            return Err(ActionError::new(ActionErrorKind::BadRequest, "a quantity of 0").at("/quantity"));
        }
        self.pass();
        let nth = self.done().len() + 1;
        self.of_order(ORDER, &format!("order {nth}:"), terms)
    }

    fn change_order(
        &self,
        id: &str,
        _: ChangeOrderRequest,
        terms: &Terms,
    ) -> Result<Outcome<OrderDone>, ActionError> {
        self.of_order(id, "change", terms)
    }

    fn cancel_order(&self, id: &str, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        self.of_order(id, "cancel", terms)
    }

    fn cancel_all(&self, _: CancelAllRequest, terms: &Terms) -> Result<Outcome<CancelAllDone>, ActionError> {
        terms.check(&basis())?;
        let report = "cancel all".to_owned();
        let answer = CancelAllDone { report: report.clone(), canceled: 1, dry_run: terms.is_dry_run };
        Ok(self.did(report, answer))
    }
}
