//! What the fake daemon says of trading: a strategy that may not, an order that works, and nothing else.

use serde_json::json;
use stratd::control::{
    ActionError, ActionErrorKind, Basis, InstanceName, OrdersAsked, Outcome, PageAsked, Terms, TradingChange,
    TradingOperations, Verb,
};
use stratd_control::{
    AccountList, CancelAllDone, CancelAllRequest, ChangeOrderRequest, Exchange, ExchangeList, FillList,
    InstanceConfig, InstanceDone, InstrumentList, NewOrderRequest, Order, OrderDone, OrderList, PluginState,
    Portfolio, PositionList, Risk, Strategy, StrategyList, Trading, TradingDone, TradingState,
};

use super::fake::Fake;

const AT: &str = "2026-01-02T03:04:05Z";

fn none<T>(what: &str) -> Result<T, ActionError> {
    Err(ActionError::new(ActionErrorKind::NotFound, format!("the fake has no {what}")))
}

fn basis() -> Basis {
    Basis::new(json!({ "trading": 1 }))
}

fn strategy() -> Strategy {
    Strategy {
        name: "ema-cross".into(),
        plugin: "strategy-ema-cross".into(),
        generation: 2,
        state: PluginState::Started,
        since: AT.into(),
        isolation: "none".into(),
        pid: None,
        events: 1_234_567,
        events_per_second: 5_001,
        latency_ns_p50: Some(310),
        latency_ns_p99: Some(2_111),
        latency_ns_max: Some(1_234_567),
        orders: 12,
        orders_working: 1,
        denials: 1,
        faults: 0,
        restarts: 0,
        last_fault: None,
        positions: 1,
        notional: "15000.5".into(),
        pnl: "-23.50".into(),
        realized_pnl: "0".into(),
        unrealized_pnl: "-23.50".into(),
        fees: "0".into(),
        currency: "USD".into(),
        trading: Trading {
            state: TradingState::Halted,
            reason: Some("requested".into()),
            since: Some(AT.into()),
            note: Some("lunch\x1b[31m".into()),
        },
        etag: "\"0a\"".into(),
    }
}

fn order() -> Order {
    Order {
        client_order_id: "1099511627777".into(),
        exchange_order_id: None,
        strategy: "ema-cross".into(),
        exchange: "synthetic".into(),
        instrument: "AAA".into(),
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
        filled: "2.5".into(),
        price_average: None,
        created: AT.into(),
        updated: AT.into(),
        reason: None,
        held: None,
        group: None,
        attached_to: None,
        by_hand: false,
        etag: "\"0b\"".into(),
    }
}

impl TradingOperations for Fake {
    fn strategies(&self) -> Result<StrategyList, ActionError> {
        Ok(StrategyList { strategies: vec![strategy()] })
    }

    fn strategy(&self, _: &str) -> Result<(Strategy, Basis), ActionError> {
        Ok((strategy(), basis()))
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

    fn set_trading(&self, _: TradingChange, _: &Terms) -> Result<Outcome<TradingDone>, ActionError> {
        none("scope")
    }

    fn orders(&self, _: OrdersAsked) -> Result<(OrderList, Basis), ActionError> {
        Ok((OrderList { orders: vec![order()], next: None }, basis()))
    }

    fn order(&self, _: &str) -> Result<(Order, Basis), ActionError> {
        Ok((order(), basis()))
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

    fn new_order(&self, _: NewOrderRequest, _: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        none("order entry")
    }

    fn change_order(
        &self,
        _: &str,
        _: ChangeOrderRequest,
        _: &Terms,
    ) -> Result<Outcome<OrderDone>, ActionError> {
        none("order entry")
    }

    fn cancel_order(&self, _: &str, _: &Terms) -> Result<Outcome<OrderDone>, ActionError> {
        none("order entry")
    }

    fn cancel_all(&self, _: CancelAllRequest, _: &Terms) -> Result<Outcome<CancelAllDone>, ActionError> {
        none("order entry")
    }
}
