//! One strategy desk: instruments, strategies, a scripted market.

use std::sync::Arc;

use stratd_engine::{
    AccountRules, Accounting, Driver, Engine, EngineConfig, FillReport, InputKind, Order, OrderIds, Output,
    Position, RiskLimits, StrategyConfig, StrategyId, StrategyState,
};
use stratd_plugin_api::{
    Bar, ClientOrderId, ExchangeId, Fault, Instrument, InstrumentId, LinkedStrategy, LiquiditySide, Money,
    OmsType, OrderRequest, PositionSide, Quote, Reason, Side, Strategy, StrategyInstance, StrategyServices,
    Takes, Timestamp, Trade, TradingType, abi, export::instrument_to_record,
};
use stratd_simulation::{CostModels, FillModel, FillRule};

use crate::{capture, services::Services, simulated_link::SimulatedLink};

/// A desk: add instruments and strategies, start it, script the market, look at what happened.
///
/// Methods panic with a message when the script itself is wrong (a price that is no number, an unknown instrument):
/// that is a failing test.
pub struct Desk {
    driver: Driver<SimulatedLink>,
    services: Arc<Services>,
    outputs: Vec<Output>,
    now: Timestamp,
    rule: FillRule,
}

/// A script starts here: 2024-01-02 14:30 UTC.
const START_NS: i64 = 1_704_205_800_000_000_000;
/// Time between two scripted events.
const STEP_NS: i64 = 1_000_000_000;

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    /// A desk with 1,000,000 USD, the fill rule `next_price` and no limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with(FillRule::NextPrice, RiskLimits::default())
    }

    /// A desk with a fill model (or a fill rule alone) and limits.
    #[must_use]
    pub fn with(model: impl Into<FillModel>, limits: RiskLimits) -> Self {
        Self::with_costs(model, limits, CostModels::default())
    }

    /// A desk with a fill model, limits, and costs beyond the fees.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn with_costs(model: impl Into<FillModel>, limits: RiskLimits, costs: CostModels) -> Self {
        Self::make(model.into(), limits, costs, OmsType::Netting)
    }

    /// As [`Desk::with`], where positions are hedged: long and short side by side.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn hedging(model: impl Into<FillModel>, limits: RiskLimits) -> Self {
        Self::make(model.into(), limits, CostModels::default(), OmsType::Hedging)
    }

    fn make(model: FillModel, limits: RiskLimits, costs: CostModels, oms_type: OmsType) -> Self {
        let rule = model.rule;
        let services = Arc::new(Services::new());
        capture::into(&services);
        let config = EngineConfig {
            trading_type: TradingType::Backtest,
            cash: "1000000".parse().expect("a literal amount"),
            currency: services.intern("USD"),
            limits,
            order_ids: OrderIds::default(),
            account: AccountRules::default(),
            oms_type,
            accounting: Accounting::default(),
            costs: Box::new(costs),
        };
        let for_engine: Arc<dyn StrategyServices> = services.clone();
        let mut engine = Engine::new(config, for_engine);
        engine.add_exchange(abi::ExchangeRecord {
            name: services.intern("test"),
            id: 1,
            instrument_types: u32::MAX,
            trading_types: u32::MAX,
            ..abi::ExchangeRecord::default()
        });
        Self {
            driver: Driver::new(engine, SimulatedLink::new(model)),
            services,
            outputs: Vec::new(),
            now: Timestamp::new(START_NS),
            rule,
        }
    }

    /// The rule by which orders fill.
    #[must_use]
    pub fn fill_rule(&self) -> FillRule {
        self.rule
    }

    /// The exchange takes these orders only: what the engine can stand in for of the others it holds.
    pub fn takes(&mut self, takes: Takes) {
        self.driver.engine_mut().set_takes(ExchangeId(1), takes);
    }

    /// Adds an instrument.
    ///
    /// # Panics
    /// The instrument is not usable.
    pub fn instrument(&mut self, mut instrument: Instrument) -> InstrumentId {
        instrument.validate().expect("an instrument with usable numbers");
        instrument.exchange = ExchangeId(1);
        let record = instrument_to_record(&instrument, |text| self.services.intern(text));
        self.driver.engine_mut().add_instrument(instrument, record).expect("a free id")
    }

    /// Adds a strategy with its configuration as JSON.
    ///
    /// # Errors
    /// The strategy refused the configuration.
    pub fn strategy<S: Strategy>(&mut self, config: &str) -> Result<StrategyId, Fault> {
        let linked = LinkedStrategy::<S>::new(config)?;
        Ok(self
            .instance(std::any::type_name::<S>().rsplit("::").next().unwrap_or("strategy"), Box::new(linked)))
    }

    /// Adds any strategy instance.
    ///
    /// # Panics
    /// More strategies than ids.
    pub fn instance(&mut self, name: &str, instance: Box<dyn StrategyInstance>) -> StrategyId {
        let config = StrategyConfig {
            name: name.to_owned(),
            may_shutdown: true,
            cancels_on_stop: true,
            is_batch_safe: false,
            bars: Vec::new(),
        };
        self.driver.engine_mut().add_strategy(config, instance).expect("a free id")
    }

    /// Starts the run.
    pub fn start(&mut self) {
        self.feed(InputKind::Start);
    }

    /// Ends the run: the data ended, strategies get `on_exit`.
    pub fn end(&mut self) {
        let now = self.now;
        self.driver.link_mut().end(now);
        self.check(|driver| driver.feed_reports(now));
        self.feed(InputKind::Exit(Reason::DataEnded));
    }

    /// Sets the time of the next event; each event moves it by a second.
    ///
    /// # Panics
    /// The text is no time.
    pub fn at(&mut self, time: &str) {
        self.now = time.parse().expect("a time such as 2024-01-02T14:30:00Z");
    }

    pub(crate) fn set_time(&mut self, at: Timestamp) {
        self.now = at;
    }

    /// A public trade.
    ///
    /// # Panics
    /// The texts are no numbers on the instrument's grid.
    pub fn trade(&mut self, instrument: InstrumentId, price: &str, quantity: &str) {
        let (price, quantity) = (self.price(instrument, price), self.quantity(instrument, quantity));
        let trade = Trade {
            ts: self.now,
            ts_recv: Timestamp::default(),
            seq: 0,
            instrument,
            price,
            quantity,
            aggressor: None,
            is_from_bar: false,
            trade_id: 0,
        };
        self.market(&(&trade).into());
    }

    /// Best bid and offer.
    ///
    /// # Panics
    /// The texts are no numbers on the instrument's grid.
    pub fn quote(&mut self, instrument: InstrumentId, bid: &str, ask: &str, quantity: &str) {
        let size = self.quantity(instrument, quantity);
        let quote = Quote {
            ts: self.now,
            ts_recv: Timestamp::default(),
            seq: 0,
            instrument,
            bid: self.price(instrument, bid),
            bid_quantity: size,
            ask: self.price(instrument, ask),
            ask_quantity: size,
        };
        self.market(&(&quote).into());
    }

    /// A bar, and the trade at its close that every source of bars sends after it.
    ///
    /// # Panics
    /// The texts are no numbers on the instrument's grid.
    pub fn bar(&mut self, instrument: InstrumentId, [open, high, low, close]: [&str; 4], volume: &str) {
        let bar = Bar {
            ts: self.now,
            instrument,
            open: self.price(instrument, open),
            high: self.price(instrument, high),
            low: self.price(instrument, low),
            close: self.price(instrument, close),
            volume: self.quantity(instrument, volume),
            ..Bar::default()
        };
        let at = self.now;
        self.market(&(&bar).into());
        let trade = abi::Event {
            kind: abi::event_kind::TRADE,
            flags: abi::event_flag::FROM_BAR,
            data: [bar.close.get(), bar.volume.get(), 0, 0, 0],
            ..(&bar).into()
        };
        self.now = at;
        self.market(&trade);
    }

    /// Any market event.
    pub fn market(&mut self, event: &abi::Event) {
        self.check(|driver| SimulatedLink::market(driver, event));
        self.now = self.now.checked_add(STEP_NS).unwrap_or(Timestamp::MAX);
    }

    /// The exchange tells of an account: its id and currency, its cash and equity.
    ///
    /// # Panics
    /// The texts are no amounts.
    pub fn account(&mut self, id: &str, currency: &str, [cash, equity]: [&str; 2]) {
        let amount = |text: &str| text.parse::<Money>().expect("an amount such as 250.00").into();
        let told = abi::AccountRecord {
            id: self.services.intern(id),
            currency: self.services.intern(currency),
            exchange: 1,
            cash: amount(cash),
            equity: amount(equity),
            ..abi::AccountRecord::default()
        };
        self.feed(InputKind::Account(told));
    }

    /// Lets the time pass without a market event: timers fire.
    ///
    /// # Panics
    /// The text is no time.
    pub fn pass_until(&mut self, time: &str) {
        self.at(time);
        let now = self.now;
        self.check(|driver| driver.feed_timers(now));
    }

    /// Any input.
    pub fn feed(&mut self, kind: InputKind) {
        let now = self.now;
        self.check(|driver| driver.feed(now, kind));
    }

    // ---- what happened ----

    /// What a strategy asked for that passed risk, in words: `submit buy 10 AAPL`, `hold sell 10 AAPL`, `cancel buy 10 AAPL`,
    /// `change buy 5 AAPL @ 99.00`. What risk denied is among [`Desk::finished_orders`].
    #[must_use]
    pub fn requests(&self, strategy: StrategyId) -> Vec<String> {
        let owner = |id| self.owner_of(id) == Some(strategy);
        let requests = self.outputs.iter().filter_map(|output| match output {
            Output::Submit(order) if order.get().strategy == strategy => {
                Some(("submit", &order.get().request))
            }
            Output::Held(order) if order.strategy == strategy => Some(("hold", &order.request)),
            Output::Cancel(cancel) if owner(cancel.id) => Some(("cancel", &cancel.request)),
            Output::Change(change) if owner(change.get().id) => Some(("change", &change.get().request)),
            _ => None,
        });
        requests.map(|(what, request)| format!("{what} {}", self.request_in_words(request))).collect()
    }

    /// The executions of a strategy, in words: `buy 10 AAPL @ 102.00`.
    #[must_use]
    pub fn fills(&self, strategy: StrategyId) -> Vec<String> {
        let fills = self.outputs.iter().filter_map(|output| match output {
            Output::Filled(FillReport { strategy: owner, fill, .. }) if *owner == strategy => Some(fill),
            _ => None,
        });
        fills.map(|fill| self.in_words(fill.side, fill.quantity, fill.instrument, fill.price)).collect()
    }

    /// What the executions of a strategy cost, in words: `taker: fee 0.50, slippage 0.10, transaction cost 1.00`.
    #[must_use]
    pub fn costs(&self, strategy: StrategyId) -> Vec<String> {
        let fills = self.outputs.iter().filter_map(|output| match output {
            Output::Filled(FillReport { strategy: owner, fill, .. }) if *owner == strategy => Some(fill),
            _ => None,
        });
        let in_words = |fill: &abi::FillRecord| {
            let liquidity = LiquiditySide::from_code(fill.liquidity).map_or("unknown", LiquiditySide::name);
            let [fee, slippage, cost] = [fill.fee, fill.slippage, fill.transaction_cost].map(Money::from);
            format!("{liquidity}: fee {fee:.2}, slippage {slippage:.2}, transaction cost {cost:.2}")
        };
        fills.map(in_words).collect()
    }

    /// The finished orders of a strategy, in words: `filled buy 10 AAPL`, `denied sell 5 AAPL: max_position`.
    #[must_use]
    pub fn finished_orders(&self, strategy: StrategyId) -> Vec<String> {
        let orders = self.outputs.iter().filter_map(|output| match output {
            Output::OrderFinished(order) if order.strategy == strategy => Some(order),
            _ => None,
        });
        orders.map(|order| self.order_in_words(order)).collect()
    }

    /// Everything that came out of the engine, in order.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// A position of a strategy that is netted; flat if it never had one.
    #[must_use]
    pub fn position(&self, strategy: StrategyId, instrument: InstrumentId) -> Position {
        self.position_of_side(strategy, instrument, PositionSide::Net)
    }

    /// A position of a strategy, of a desk of [`Desk::hedging`] the long or the short one; flat if it never had one.
    #[must_use]
    pub fn position_of_side(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: PositionSide,
    ) -> Position {
        let mut positions = self.driver.engine().positions(strategy);
        let found = positions.find(|(id, position)| *id == instrument && position.side == side);
        found.map_or(Position { side, ..Position::default() }, |(_, position)| *position)
    }

    /// Cash and the value of all positions.
    ///
    /// # Panics
    /// After an overflow.
    #[must_use]
    pub fn equity(&self) -> Money {
        self.driver.engine().equity().expect("amounts in range")
    }

    /// The state of a strategy.
    ///
    /// # Panics
    /// There is no such strategy.
    #[must_use]
    pub fn state(&self, strategy: StrategyId) -> StrategyState {
        let mut strategies = self.driver.engine().strategies();
        strategies.nth(usize::from(strategy.0)).expect("a strategy of this desk").1.clone()
    }

    /// What the strategies logged: `20 BuyOnce: bought`. What they logged through
    /// [`PluginLog`](stratd_plugin_api::PluginLog), and through the crates `log` and `tracing` if those features of the SDK
    /// are on, reads `20 plugin: …`, as far as it was this thread that logged, after it made the latest desk.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.services.logs()
    }

    fn check(
        &mut self,
        body: impl FnOnce(&mut Driver<SimulatedLink>) -> Result<(), stratd_engine::EngineError>,
    ) {
        if let Err(error) = body(&mut self.driver) {
            panic!("{error}");
        }
        let outputs = self.driver.take_outputs();
        self.outputs.extend_from_slice(&outputs);
        self.driver.give_back(outputs);
    }

    fn known(&self, instrument: InstrumentId) -> &Instrument {
        self.driver.engine().instrument(instrument).expect("an instrument of this desk")
    }

    fn price(&self, instrument: InstrumentId, text: &str) -> stratd_plugin_api::Price {
        self.known(instrument).parse_price(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn quantity(&self, instrument: InstrumentId, text: &str) -> stratd_plugin_api::Quantity {
        self.known(instrument).parse_quantity(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn in_words(&self, side: u8, quantity: i64, instrument: u32, price: i64) -> String {
        let instrument = self.known(InstrumentId(instrument));
        let side = Side::from_code(side).map_or("?", Side::name);
        let quantity = instrument.quantity_text(stratd_plugin_api::Quantity::new(quantity));
        let price = instrument.price_text(stratd_plugin_api::Price::new(price));
        format!("{side} {quantity} {} @ {price}", instrument.symbol)
    }

    /// Whose order it is, by the order that was sent.
    fn owner_of(&self, id: ClientOrderId) -> Option<StrategyId> {
        self.outputs.iter().find_map(|output| match output {
            Output::Submit(order) if order.get().id == id => Some(order.get().strategy),
            _ => None,
        })
    }

    fn request_in_words(&self, request: &OrderRequest) -> String {
        let instrument = self.known(request.instrument);
        let size = match request.notional {
            Some(amount) => format!("for {amount:.2}"),
            None => instrument.quantity_text(request.quantity).to_string(),
        };
        let words = format!("{} {size} {}", request.side, instrument.symbol);
        let price = |at: &str, price: Option<stratd_plugin_api::Price>| {
            price.map_or(String::new(), |price| format!(" {at} {}", instrument.price_text(price)))
        };
        words + &price("stop", request.stop_price) + &price("@", request.price)
    }

    fn order_in_words(&self, order: &Order) -> String {
        let request = &order.request;
        let known = self.driver.engine().instrument(request.instrument);
        let symbol = known.map_or("?", |instrument| &instrument.symbol);
        let quantity = known
            .map_or_else(|| request.quantity.to_string(), |i| i.quantity_text(request.quantity).to_string());
        let words = format!("{} {} {quantity} {symbol}", order.status(), request.side);
        match order.reason() {
            Reason::None => words,
            reason => format!("{words}: {reason}"),
        }
    }
}
