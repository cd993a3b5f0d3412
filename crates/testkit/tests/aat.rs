//! What aat promises to a strategy, and what it gets wrong, with the strategies' own words: see docs/aat-parity.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Map, Value};
use stratd_engine::InputKind;
use stratd_plugin_api::{
    Bar, Context, Data, Error, EventKind, ExchangeId, Exit, Filter, Halt, HandlerError, Instrument,
    InstrumentId, InstrumentType, OptionType, OrderEvent, OrderRequest, Price, Quantity, Reason, Result,
    Side, Strategy, Timestamp, Trade, TradingType, abi,
};
use stratd_testkit::{Desk, FillRule, RiskLimits, StrategyState};

/// Says the name of each handler that is called, and asks for something at each trade.
struct Noter {
    trades: u32,
    fails: bool,
}

impl Strategy for Noter {
    type Config = Map<String, Value>;

    fn new(config: Self::Config) -> Result<Self> {
        Ok(Self { trades: 0, fails: config.contains_key("fails") })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        if self.fails {
            return Err(Error::new("as configured"));
        }
        ctx.info("trade");
        self.trades += 1;
        let all = trade.instrument;
        match self.trades {
            1 => drop(ctx.buy(OrderRequest::market(all, Quantity::new(10)))?),
            2 => drop(ctx.sell(OrderRequest::market(all, Quantity::new(14)))?),
            3 => drop(ctx.sell(OrderRequest::limit(all, Quantity::new(2), Price::new(20_000)))?),
            4 => ctx.cancel_all(None)?,
            5 => drop(ctx.buy(OrderRequest::market(all, Quantity::ZERO))?),
            6 => ctx.close_all(None)?,
            _ => {}
        }
        Ok(())
    }

    fn on_data(&mut self, ctx: &mut Context<'_>, _: &Data) -> Result<()> {
        ctx.info("data");
        Ok(())
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, _: &Bar) -> Result<()> {
        ctx.info("bar");
        Ok(())
    }
    fn on_open(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("open");
        Ok(())
    }
    fn on_cancel(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("cancel");
        Ok(())
    }
    fn on_change(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("change");
        Ok(())
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("fill");
        Ok(())
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("order");
        Ok(())
    }
    fn on_received(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("received");
        Ok(())
    }
    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        ctx.info(format_args!("rejected: {}", order.reason));
        Ok(())
    }
    fn on_canceled(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("canceled");
        Ok(())
    }
    fn on_bought(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        ctx.info(format_args!("bought {}", fill.last_quantity));
        Ok(())
    }
    fn on_sold(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        ctx.info(format_args!("sold {}", fill.last_quantity));
        Ok(())
    }
    fn on_traded(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("traded");
        Ok(())
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.info("start");
        Ok(())
    }
    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        ctx.info("exit");
        Ok(())
    }
    fn on_halt(&mut self, ctx: &mut Context<'_>, _: &Halt) -> Result<()> {
        ctx.info("halt");
        Ok(())
    }
    fn on_continue(&mut self, ctx: &mut Context<'_>, _: &Halt) -> Result<()> {
        ctx.info("continue");
        Ok(())
    }
    fn on_error(&mut self, ctx: &mut Context<'_>, error: &HandlerError) -> Result<()> {
        let text = ctx.text(error.message);
        ctx.info(format_args!("error: {text}"));
        Ok(())
    }
}

/// What the strategies said since the last time, in one line.
fn said(desk: &Desk, from: &mut usize) -> String {
    let logs = desk.logs();
    let words: Vec<_> = logs[*from..].iter().map(|line| line.split_once(": ").unwrap().1).collect();
    *from = logs.len();
    words.join(", ")
}

fn aapl() -> Instrument {
    Instrument::new("AAPL", InstrumentType::Equity)
}

#[test]
fn each_event_of_aat_reaches_its_handler() {
    let mut desk = Desk::with(FillRule::SamePrice, RiskLimits::default());
    let aapl = desk.instrument(aapl());
    desk.strategy::<Noter>("{}").unwrap();
    let mut from = 0;
    let mut then = |desk: &mut Desk, what: &dyn Fn(&mut Desk)| {
        what(desk);
        said(desk, &mut from)
    };
    assert_eq!(then(&mut desk, &|desk| desk.start()), "start");
    let trade: &dyn Fn(&mut Desk) = &|desk| desk.trade(aapl, "100.00", "1000");
    assert_eq!(then(&mut desk, trade), "trade, received, bought 10, traded");
    // through zero, into a short position
    assert_eq!(then(&mut desk, trade), "trade, received, sold 14, traded");
    assert_eq!(then(&mut desk, trade), "trade, received");
    assert_eq!(then(&mut desk, trade), "trade, canceled");
    assert_eq!(then(&mut desk, trade), "trade, rejected: bad_quantity");
    assert_eq!(then(&mut desk, trade), "trade, received, bought 4, traded");

    // of anyone's orders
    for (kind, name) in [
        (abi::order_event_kind::OPEN, "open"),
        (abi::order_event_kind::CANCEL, "cancel"),
        (abi::order_event_kind::CHANGE, "change"),
        (abi::order_event_kind::FILL, "fill"),
    ] {
        let event = abi::OrderEvent {
            kind,
            instrument: aapl.0,
            exchange: 1,
            side: abi::side::BUY,
            status: abi::order_status::OPEN,
            quantity: 5,
            price: 9_900,
            ..abi::OrderEvent::default()
        };
        let heard = then(&mut desk, &|desk| desk.feed(InputKind::Order(event)));
        assert_eq!(heard, format!("{name}, order"));
    }
    let data = abi::Event { kind: EventKind::Data.code(), instrument: aapl.0, ..abi::Event::default() };
    assert_eq!(then(&mut desk, &|desk| desk.feed(InputKind::Market(data))), "data");
    assert_eq!(then(&mut desk, &|desk| desk.feed(InputKind::Halt(None, Reason::Exchange))), "halt");
    assert_eq!(then(&mut desk, &|desk| desk.feed(InputKind::Continue(None, Reason::Exchange))), "continue");
    assert_eq!(then(&mut desk, &|desk| desk.end()), "exit");
}

#[test]
fn an_error_of_a_handler_is_told_to_its_strategy_alone() {
    let mut desk = Desk::new();
    let aapl = desk.instrument(aapl());
    let failing = desk.strategy::<Noter>(r#"{"fails": true}"#).unwrap();
    let other = desk.strategy::<Noter>("{}").unwrap();
    desk.start();
    desk.trade(aapl, "100.00", "1");
    assert_eq!(said(&desk, &mut 2), "error: as configured, trade, received");
    assert!(matches!(desk.state(failing), StrategyState::Faulted(_)));
    assert!(matches!(desk.state(other), StrategyState::Started));
}

/// Buys 10, sells 4, leaves a limit order, and asks everything that can be asked.
struct Asker {
    trades: u32,
}

impl Strategy for Asker {
    type Config = Map<String, Value>;

    fn new(_: Self::Config) -> Result<Self> {
        Ok(Self { trades: 0 })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        let id = trade.instrument;
        self.trades += 1;
        match self.trades {
            1 => drop(ctx.buy(OrderRequest::market(id, Quantity::new(10)))?),
            2 => drop(ctx.sell(OrderRequest::market(id, Quantity::new(4)))?),
            3 => drop(ctx.sell(OrderRequest::limit(id, Quantity::new(2), Price::new(20_000)))?),
            _ => ask(ctx, id)?,
        }
        Ok(())
    }
}

fn ask(ctx: &mut Context<'_>, id: InstrumentId) -> Result<()> {
    let of = Filter::instrument(id);
    let sides = |side| Filter { side: Some(side), ..of };
    assert_eq!(ctx.orders(of).len(), 1);
    assert_eq!((ctx.orders(sides(Side::Buy)).len(), ctx.orders(sides(Side::Sell)).len()), (0, 1));
    assert_eq!((ctx.past_orders(of).len(), ctx.past_orders(sides(Side::Buy)).len()), (2, 1));
    assert_eq!((ctx.fills(of).len(), ctx.fills(sides(Side::Sell)).len()), (2, 1));

    let [position] = ctx.positions(of)[..] else { panic!("one position") };
    assert_eq!((position.size, position.price_average), (Quantity::new(6), Price::new(10_100)));
    let amounts = [position.realized, position.unrealized, position.cost, position.notional];
    assert_eq!(amounts.map(|amount| format!("{amount:.2}")), ["8.00", "24.00", "606.00", "630.00"]);

    let portfolio = ctx.portfolio();
    assert_eq!(portfolio.currency, "USD");
    assert_eq!(format!("{:.2} {:.2}", portfolio.cash, portfolio.equity_run), "-598.00 1000032.00");
    // that of the run first
    let [account, _] = &ctx.accounts(None)[..] else { panic!("the accounts of the run and of the exchange") };
    assert_eq!(format!("{:.2} {:.2}", account.cash, account.equity), "999402.00 1000032.00");

    let exchange = ctx.instrument(id)?.exchange;
    let (here, elsewhere) =
        [Some(exchange), Some(ExchangeId(9))].map(|exchange| Filter { exchange, ..Filter::default() }).into();
    let counts = |filter| {
        let lists = [ctx.orders(filter).len(), ctx.past_orders(filter).len(), ctx.fills(filter).len()];
        (lists, ctx.positions(filter).len())
    };
    assert_eq!((counts(here), counts(elsewhere)), (([1, 2, 2], 1), ([0, 0, 0], 0)));
    assert!(ctx.accounts(Some(ExchangeId(9))).is_empty());
    let [of_exchange] = &ctx.accounts(Some(exchange))[..] else { panic!("the account of the exchange") };
    assert_eq!((of_exchange.id.as_str(), of_exchange.currency.as_str()), ("U123", "EUR"));
    assert_eq!(format!("{:.2} {:.2}", of_exchange.cash, of_exchange.equity), "250.00 300.00");

    let risk = ctx.risk(Some(&position));
    let lost = [risk.realized, risk.unrealized, risk.notional].map(|amount| format!("{amount:.2}"));
    assert_eq!(lost, ["8.00", "24.00", "630.00"]);
    assert_eq!(format!("{:.2} {:.2}", risk.exposure, risk.open_order_exposure), "630.00 400.00");
    let [limit] = risk.limits[..] else { panic!("the limit of the run: {:?}", risk.limits) };
    assert_eq!(limit.reason, Reason::MaxPosition);
    assert_eq!(format!("{:.0} {:.0}", limit.limit, limit.headroom), "100 94");

    let prices: Vec<_> = ctx.price_history(id).iter().map(|point| point.price.get()).collect();
    assert_eq!(prices, [10_100, 10_300, 10_300, 10_500]);
    assert_eq!(ctx.trading_type(), TradingType::Backtest);
    assert_eq!(ctx.now(), "2024-01-02T14:33:00Z".parse::<Timestamp>().unwrap());

    let names = |found: Vec<std::sync::Arc<Instrument>>| -> Vec<String> {
        found.iter().map(|instrument| instrument.symbol.clone()).collect()
    };
    assert_eq!(names(ctx.instruments(None, None)?), ["AAPL", "EUR"]);
    assert_eq!(names(ctx.instruments(Some(InstrumentType::Currency), None)?), ["EUR"]);
    assert_eq!(ctx.lookup("AAPL", None)?.id, id);
    assert!(ctx.lookup("MSFT", None).is_err());
    assert_eq!(ctx.exchanges(Some(InstrumentType::Equity)).len(), 1);
    assert_eq!(ctx.exchanges(None).iter().map(|exchange| exchange.id).collect::<Vec<_>>(), [exchange]);
    ctx.info("asked");
    Ok(())
}

#[test]
fn each_query_of_aat_answers() {
    let limits = RiskLimits {
        max_position: Some(stratd_plugin_api::Decimal::from(100).into()),
        ..RiskLimits::default()
    };
    let mut desk = Desk::with(FillRule::SamePrice, limits);
    let aapl = desk.instrument(aapl());
    desk.instrument(Instrument::new("EUR", InstrumentType::Currency));
    let strategy = desk.strategy::<Asker>("{}").unwrap();
    desk.at("2024-01-02T14:30:00Z");
    desk.start();
    desk.account("U123", "EUR", ["250", "300"]);
    for (minute, price) in ["101.00", "103.00", "103.00", "105.00"].iter().enumerate() {
        desk.at(&format!("2024-01-02T14:3{minute}:00Z"));
        desk.trade(aapl, price, "1000");
    }
    assert_eq!(said(&desk, &mut 0), "asked", "{:?}", desk.state(strategy));
}

/// Trades as its configuration says, one order at each trade: `[10, -4]` buys ten, then sells four.
struct Script(Vec<i64>);

impl Strategy for Script {
    type Config = Map<String, Value>;

    fn new(config: Self::Config) -> Result<Self> {
        let orders = config["orders"].as_array().unwrap().iter();
        Ok(Self(orders.rev().map(|order| order.as_i64().unwrap()).collect()))
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        match self.0.pop() {
            Some(quantity @ 1..) => {
                ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(quantity)))?
            }
            Some(quantity) => ctx.sell(OrderRequest::market(trade.instrument, Quantity::new(-quantity)))?,
            None => return Ok(()),
        };
        Ok(())
    }
}

/// Size and realized PnL after an instrument was traded at these prices.
fn traded(instrument: Instrument, orders: &str, prices: &[&str]) -> (String, Desk) {
    let mut desk = Desk::with(FillRule::SamePrice, RiskLimits::default());
    let id = desk.instrument(instrument);
    let strategy = desk.strategy::<Script>(&format!(r#"{{"orders": {orders}}}"#)).unwrap();
    desk.start();
    for price in prices {
        desk.trade(id, price, "1000");
    }
    let position = desk.position(strategy, id);
    (format!("{} realized {:.2}", position.size, position.realized), desk)
}

#[test]
fn the_golden_numbers_of_aat_are_right_here() {
    let prices = ["101.00", "103.00", "105.00"];
    assert_eq!(traded(aapl(), "[10, -4, -6]", &prices).0, "0 realized 32.00");
    assert_eq!(traded(aapl(), "[-10, 4, 6]", &prices).0, "0 realized -32.00");
}

#[test]
fn options_futures_pairs_and_spreads_count_with_their_multiplier() {
    let expiry = Some("2024-06-21T20:00:00Z".parse().unwrap());
    let legs = [Some((InstrumentId(1), Some(Side::Buy))), Some((InstrumentId(2), Some(Side::Sell)))];
    let of = |name, instrument_type| Instrument::new(name, instrument_type);
    let hundred = 100 * stratd_plugin_api::MULTIPLIER_ONE;
    let option = Instrument {
        multiplier: hundred,
        strike: Price::new(15_000),
        option_type: Some(OptionType::Call),
        expiry,
        underlying: Some(InstrumentId(1)),
        ..of("AAPL240621C150", InstrumentType::Option)
    };
    let future = Instrument { multiplier: hundred / 2, expiry, ..of("ESM4", InstrumentType::Future) };
    let pair = of("EURUSD", InstrumentType::Pair);
    let spread = Instrument { legs, ..of("ESM4-ESU4", InstrumentType::Spread) };
    for (instrument, gain) in [(option, "300.00"), (future, "150.00"), (pair, "3.00"), (spread, "3.00")] {
        let symbol = instrument.symbol.clone();
        let (text, desk) = traded(instrument, "[2, -2]", &["10.00", "11.50"]);
        assert_eq!(text, format!("0 realized {gain}"), "{symbol}");
        assert_eq!(format!("{:.2}", desk.equity()), format!("1000{gain:0>6}"), "{symbol}");
    }
}

#[test]
fn instrument_types_are_those_of_aat() {
    let names: Vec<_> = InstrumentType::ALL.iter().map(|known| known.name()).collect();
    let of_aat = [
        "other",
        "equity",
        "bond",
        "option",
        "future",
        "pair",
        "spread",
        "future_option",
        "mutual_fund",
        "commodity",
        "currency",
        "index",
    ];
    assert_eq!(names, of_aat);
    for instrument_type in InstrumentType::ALL {
        let (text, desk) = traded(Instrument::new("X", *instrument_type), "[1]", &["10.00"]);
        let is_traded = instrument_type.is_tradable();
        assert_eq!(text, format!("{} realized 0.00", u8::from(is_traded)));
        assert_eq!(is_traded, !matches!(instrument_type, InstrumentType::Currency | InstrumentType::Index));
        drop(desk);
    }
}
