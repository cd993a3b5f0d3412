//! Verdicts of the gate.

use stratd_plugin_api::{Decimal, ExchangeId, InstrumentId, InstrumentType, OrderType};

use super::*;

fn equity() -> Instrument {
    let mut instrument = Instrument::new("X", InstrumentType::Equity);
    instrument.exchange = ExchangeId(1);
    instrument
}

fn judged(request: OrderRequest, limits: &RiskLimits, sizes: (i64, i64)) -> Result<Passed, Refusal> {
    judged_in(&equity(), request, limits, sizes)
}

fn judged_in(
    instrument: &Instrument,
    request: OrderRequest,
    limits: &RiskLimits,
    (net, open): (i64, i64),
) -> Result<Passed, Refusal> {
    let scope = ScopeView {
        scope: Scope::Run,
        limits,
        state: (TradingState::Active, Reason::None),
        is_open: true,
        open_orders: 2,
        sent: 2,
    };
    let view = RiskView {
        instrument,
        price_last: Some(Price::new(10_000)),
        net_size: Quantity::new(net),
        open_quantity: open,
        is_expired: false,
        is_halted: false,
        is_new: true,
        bounds: Some(Box::new(Bounds {
            own_size: Quantity::new(net),
            own_open: open,
            open_opposite: 0,
            account: None,
            scopes: [Some(scope), None, None],
        })),
    };
    check(request, &view)
}

fn verdict(request: OrderRequest, limits: &RiskLimits, net: i64, open: i64) -> String {
    match judged(request, limits, (net, open)) {
        Err(refusal) => refusal.reason.to_string(),
        Ok(Passed { reduced: None, .. }) => "approved".to_owned(),
        Ok(Passed { request, reduced: Some(reduced) }) => {
            let (request, Reduced { why, asked, .. }) = (request.get(), *reduced);
            let left = request.notional.map_or(request.quantity.to_string(), |amount| format!("{amount:.2}"));
            format!("{asked} reduced to {left}: {}", why.reason)
        }
    }
}

fn market(quantity: i64) -> OrderRequest {
    OrderRequest::market(InstrumentId(1), Quantity::new(quantity))
}

#[test]
fn fields_must_be_on_the_grid() {
    let free = RiskLimits::default();
    assert_eq!(verdict(market(1), &free, 0, 0), "approved");
    assert_eq!(verdict(market(0), &free, 0, 0), "bad_quantity");
    assert_eq!(verdict(market(-5), &free, 0, 0), "bad_quantity");
    let by_notional = OrderRequest::market_notional(InstrumentId(1), "1000".parse().unwrap());
    assert_eq!(verdict(by_notional, &free, 0, 0), "approved");
    assert_eq!(
        verdict(OrderRequest { order_type: OrderType::Limit, ..by_notional }, &free, 0, 0),
        "bad_order"
    );
    let mut coarse = equity();
    (coarse.tick, coarse.lot) = (Price::new(5), Quantity::new(10));
    let on_grid = |request: OrderRequest| match judged_in(&coarse, request, &free, (0, 0)) {
        Ok(_) => "approved".to_owned(),
        Err(refusal) => refusal.reason.to_string(),
    };
    let (x, ten) = (InstrumentId(1), Quantity::new(10));
    for (price, verdict) in [(9_995, "approved"), (9_996, "off_tick"), (9_999, "off_tick")] {
        let price = Price::new(price);
        assert_eq!(on_grid(OrderRequest::limit(x, ten, price)), verdict, "limit {price}");
        assert_eq!(on_grid(OrderRequest::stop_market(x, ten, price)), verdict, "stop {price}");
        assert_eq!(on_grid(OrderRequest::trailing_stop(x, ten, price)), verdict, "trail {price}");
    }
    assert_eq!(on_grid(market(20)), "approved");
    for quantity in [1, 9, 15] {
        assert_eq!(on_grid(market(quantity)), "off_lot", "{quantity} is neither rounded nor taken");
    }
}

#[test]
fn reduce_only_never_opens_or_grows() {
    let free = RiskLimits::default();
    let reduce = market(5).flags(OrderFlags::REDUCE_ONLY);
    assert_eq!(verdict(reduce, &free, 0, 0), "reducing");
    assert_eq!(verdict(reduce, &free, 5, 0), "reducing");
    assert_eq!(verdict(reduce, &free, -4, 0), "reducing");
    assert_eq!(verdict(reduce, &free, -5, 0), "approved");
    assert_eq!(verdict(reduce.side(Side::Sell), &free, 5, 0), "approved");
    assert_eq!(verdict(reduce.side(Side::Sell), &free, 9, 5), "reducing");
}

#[test]
fn the_boundary_itself_passes() {
    let limits = RiskLimits {
        max_order_quantity: Some(Decimal::from(10).into()),
        max_order_notional: Some(Limit::from("900".parse::<Money>().unwrap())),
        max_position: Some(Decimal::from(20).into()),
        ..RiskLimits::default()
    };
    assert_eq!(verdict(market(9), &limits, 0, 0), "approved");
    assert_eq!(verdict(market(10), &limits, 0, 0), "max_order_notional");
    assert_eq!(verdict(market(11), &limits, 0, 0), "max_order_quantity");
    assert_eq!(verdict(market(5), &limits, 10, 5), "approved");
    assert_eq!(verdict(market(6), &limits, 10, 5), "max_position");
    assert_eq!(verdict(market(9).side(Side::Sell), &limits, 10, 21), "approved");
    assert_eq!(verdict(market(9).side(Side::Sell), &limits, 10, 22), "max_position");
}

#[test]
fn an_order_by_notional_counts_with_what_it_can_buy() {
    let limits = RiskLimits { max_position: Some(Decimal::from(9).into()), ..RiskLimits::default() };
    let by_notional = OrderRequest::market_notional(InstrumentId(1), "1000".parse().unwrap());
    assert_eq!(verdict(by_notional, &limits, 0, 0), "max_position");
}

fn reduce<T>(limit: T) -> Option<Limit<T>> {
    Some(Limit { limit, on_breach: OnBreach::Reduce })
}

#[test]
fn an_order_is_cut_to_what_the_tightest_limit_leaves() {
    let limits = RiskLimits {
        max_order_quantity: reduce(Decimal::from(10)),
        max_order_notional: reduce("900.50".parse().unwrap()),
        max_position: reduce(Decimal::from(20)),
        ..RiskLimits::default()
    };
    assert_eq!(verdict(market(9), &limits, 0, 0), "approved");
    assert_eq!(verdict(market(10), &limits, 0, 0), "10 reduced to 9: max_order_notional");
    assert_eq!(verdict(market(50), &limits, 10, 5), "50 reduced to 5: max_position");
    assert_eq!(verdict(market(50), &limits, 10, 10), "max_position");
    assert_eq!(verdict(market(50), &limits, 10, 11), "max_position");
    assert_eq!(verdict(market(50).side(Side::Sell), &limits, 10, 29), "50 reduced to 1: max_position");
}

#[test]
fn what_is_left_is_rounded_down_to_the_lot_and_a_fraction_of_a_limit_counts() {
    let limits = RiskLimits {
        max_position: reduce("9.99".parse().unwrap()),
        max_order_quantity: Some(Limit::from("12.5".parse::<Decimal>().unwrap())),
        ..RiskLimits::default()
    };
    assert_eq!(verdict(market(10), &limits, 0, 0), "10 reduced to 9: max_position");
    assert_eq!(verdict(market(12), &limits, 0, 0), "12 reduced to 9: max_position");
    assert_eq!(verdict(market(13), &limits, 0, 0), "max_order_quantity");
    let mut by_lots = Instrument::new("X", InstrumentType::Equity);
    by_lots.lot = Quantity::new(4);
    assert_eq!([11, 12, 3, -5].map(|quantity| whole_lots(quantity, &by_lots)), [8, 12, 0, 0]);
}

#[test]
fn an_amount_buys_no_lot_more_than_its_rounded_value_allows() {
    // a lot of 0.00000001 at 0.5 is worth half a unit: rounded to even, two lots and three are worth one and two units
    let coin = Instrument::new("X", InstrumentType::Pair).price_decimals(1).quantity_decimals(8);
    let lots = |amount: i128| lots_worth(Money::new(amount), Price::new(5), &coin);
    assert_eq!([0, 1, 2].map(lots), [Some(0), Some(2), Some(4)]);
    let worth = |lots: i64| coin.notional(Price::new(5), Quantity::new(lots)).unwrap().get();
    assert_eq!([1, 2, 3, 4, 5].map(worth), [0, 1, 2, 2, 2]);
    assert_eq!(lots_worth(Money::new(1), Price::ZERO, &coin), None);
}

#[test]
fn a_reduced_order_by_amount_buys_what_the_limit_leaves() {
    let limits = RiskLimits { max_position: reduce(Decimal::from(4)), ..RiskLimits::default() };
    let by_notional = OrderRequest::market_notional(InstrumentId(1), "1000".parse().unwrap());
    assert_eq!(verdict(by_notional, &limits, 0, 0), "10 reduced to 400.00: max_position");
    assert_eq!(verdict(by_notional, &limits, 4, 0), "max_position");
}

#[test]
fn counts_and_collars_let_their_own_value_pass() {
    let orders =
        |max_open_orders| RiskLimits { max_open_orders: Some(max_open_orders), ..RiskLimits::default() };
    assert_eq!(verdict(market(1), &orders(3), 0, 0), "approved");
    assert_eq!(verdict(market(1), &orders(2), 0, 0), "max_open_orders");
    let rate = |count| RiskLimits {
        max_order_rate: Some(OrderRate { count, window_ns: 1 }),
        ..RiskLimits::default()
    };
    assert_eq!(verdict(market(1), &rate(3), 0, 0), "approved");
    assert_eq!(verdict(market(1), &rate(2), 0, 0), "order_rate");
    let collar = |percent: &str| RiskLimits {
        price_collar: PriceCollar::percent(percent.parse().unwrap()),
        ..RiskLimits::default()
    };
    let limit = |price| OrderRequest::limit(InstrumentId(1), Quantity::new(1), Price::new(price));
    for price in [9_875, 10_125] {
        assert_eq!(verdict(limit(price), &collar("1.25"), 0, 0), "approved");
        assert_eq!(verdict(limit(price), &collar("1.249"), 0, 0), "price_collar");
    }
    assert_eq!(
        PriceCollar::basis_points(Decimal::from(125)).unwrap().distance_max(Price::new(10_000)),
        Some(125)
    );
    assert_eq!(verdict(market(1), &collar("0.01"), 0, 0), "approved");
}

#[test]
fn a_refusal_says_what_would_be_used_of_which_limit() {
    let limits = RiskLimits { max_position: Some(Decimal::from(20).into()), ..RiskLimits::default() };
    let refusal = judged(market(6), &limits, (10, 5)).err().unwrap();
    let breach = refusal.breach.unwrap();
    assert_eq!(
        (breach.scope, breach.used.to_string(), breach.limit.to_string()),
        (Scope::Run, "21.00000000".to_owned(), "20.00000000".to_owned())
    );
}
