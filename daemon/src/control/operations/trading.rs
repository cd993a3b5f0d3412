//! Strategies, exchanges, orders, books and limits: what is shown of them, and what people do by hand.

use stratd_control::{
    AccountList, CancelAllDone, CancelAllRequest, ChangeOrderRequest, Exchange, ExchangeList, ExitRoutine,
    FillList, InstanceConfig, InstanceDone, InstrumentList, NewOrderRequest, Order, OrderDone, OrderList,
    Portfolio, PositionList, Risk, Strategy, StrategyList, TradingDone, TradingState,
};

use super::{ActionError, Basis, Outcome, Terms};

/// What is asked of trading.
pub trait TradingOperations {
    /// All strategies.
    ///
    /// # Errors
    /// The run cannot be asked; here and below.
    fn strategies(&self) -> Result<StrategyList, ActionError>;

    /// One strategy by its name, and what a change of it depends on.
    ///
    /// # Errors
    /// There is none.
    fn strategy(&self, name: &str) -> Result<(Strategy, Basis), ActionError>;

    /// All exchanges.
    ///
    /// # Errors
    /// The run cannot be asked.
    fn exchanges(&self) -> Result<ExchangeList, ActionError>;

    /// One exchange by its name, and what a change of it depends on.
    ///
    /// # Errors
    /// There is none.
    fn exchange(&self, name: &str) -> Result<(Exchange, Basis), ActionError>;

    /// The parameters of a strategy or a connector.
    ///
    /// # Errors
    /// There is none.
    fn instance_config(&self, instance: &InstanceName) -> Result<InstanceConfig, ActionError>;

    /// Starts, stops or restarts a strategy or a connector; returns after it was done.
    ///
    /// # Errors
    /// It was not done.
    fn act_on(
        &self,
        instance: InstanceName,
        verb: Verb,
        terms: &Terms,
    ) -> Result<Outcome<InstanceDone>, ActionError>;

    /// Says what may be traded in a scope from now on.
    ///
    /// # Errors
    /// It was not done.
    fn set_trading(&self, change: TradingChange, terms: &Terms) -> Result<Outcome<TradingDone>, ActionError>;

    /// A page of orders, and what a new one depends on.
    ///
    /// # Errors
    /// A name or the cursor is not known.
    fn orders(&self, asked: OrdersAsked) -> Result<(OrderList, Basis), ActionError>;

    /// One order that works or is remembered, and what a change of it depends on.
    ///
    /// # Errors
    /// There is none.
    fn order(&self, id: &str) -> Result<(Order, Basis), ActionError>;

    /// A page of own executions.
    ///
    /// # Errors
    /// A name or the cursor is not known.
    fn fills(&self, asked: PageAsked) -> Result<FillList, ActionError>;

    /// A page of positions, with those that are closed if `has_flat`.
    ///
    /// # Errors
    /// A name or the cursor is not known.
    fn positions(&self, asked: PageAsked, has_flat: bool) -> Result<PositionList, ActionError>;

    /// The books.
    ///
    /// # Errors
    /// The run cannot be asked.
    fn portfolio(&self) -> Result<Portfolio, ActionError>;

    /// The accounts.
    ///
    /// # Errors
    /// The run cannot be asked.
    fn accounts(&self) -> Result<AccountList, ActionError>;

    /// A page of instruments.
    ///
    /// # Errors
    /// A name or the cursor is not known.
    fn instruments(&self, asked: PageAsked) -> Result<InstrumentList, ActionError>;

    /// What may be traded, the limits and their use; and what a change of it depends on.
    ///
    /// # Errors
    /// The run cannot be asked.
    fn risk(&self) -> Result<(Risk, Basis), ActionError>;

    /// An order by hand; returns after it left, or after the gate denied it.
    ///
    /// # Errors
    /// It was denied, or cannot be.
    fn new_order(&self, order: NewOrderRequest, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError>;

    /// Another price or quantity; returns after the change left.
    ///
    /// # Errors
    /// It was denied, or the order does not work.
    fn change_order(
        &self,
        id: &str,
        change: ChangeOrderRequest,
        terms: &Terms,
    ) -> Result<Outcome<OrderDone>, ActionError>;

    /// A cancel; returns after it left.
    ///
    /// # Errors
    /// The order does not work.
    fn cancel_order(&self, id: &str, terms: &Terms) -> Result<Outcome<OrderDone>, ActionError>;

    /// Cancels of all orders of a kind.
    ///
    /// # Errors
    /// A name is not known.
    fn cancel_all(
        &self,
        which: CancelAllRequest,
        terms: &Terms,
    ) -> Result<Outcome<CancelAllDone>, ActionError>;
}

/// An instance by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceName {
    /// A strategy.
    Strategy(String),
    /// A connector.
    Exchange(String),
}

/// What is done with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It begins again, from its last saved state.
    Start,
    /// It ends; its state is saved.
    Stop,
    /// Both.
    Restart,
}

impl Verb {
    /// The word of the path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// A scope, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TradingScope {
    /// All strategies together.
    Run,
    /// One strategy.
    Strategy(String),
    /// One instrument by symbol, on an exchange if several have it.
    Instrument(String, Option<String>),
    /// All instruments of an exchange.
    Exchange(String),
}

impl std::fmt::Display for TradingScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Run => f.write_str("all strategies"),
            Self::Strategy(name) => write!(f, "strategy {name}"),
            Self::Instrument(symbol, None) => write!(f, "instrument {symbol}"),
            Self::Instrument(symbol, Some(exchange)) => write!(f, "instrument {symbol} of {exchange}"),
            Self::Exchange(name) => write!(f, "exchange {name}"),
        }
    }
}

/// What may be traded from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradingChange {
    /// Where.
    pub scope: TradingScope,
    /// How much.
    pub state: TradingState,
    /// What is done with orders and positions; nothing = what is configured for the kill switch.
    pub exit: Option<ExitRoutine>,
    /// Why, in words.
    pub note: Option<String>,
    /// Asked of all risk, whose tag it depends on then; otherwise of the strategy or exchange itself.
    pub is_of_risk: bool,
}

/// Which rows, and which page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageAsked {
    /// Of one strategy.
    pub strategy: Option<String>,
    /// In one instrument, by symbol.
    pub instrument: Option<String>,
    /// At one exchange.
    pub exchange: Option<String>,
    /// So many at most.
    pub limit: Option<usize>,
    /// Where the page begins.
    pub cursor: Option<String>,
}

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrdersAsked {
    /// `open`, `ended`, `all` or a status; `open` if absent.
    pub state: Option<String>,
    /// What else.
    pub page: PageAsked,
}
