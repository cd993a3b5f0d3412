//! What holds for every sequence of events and orders.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, LiquiditySide, Money, OrderEventKind, OrderFlags, OrderRequest, Price,
    Quantity, Side, Timestamp, abi,
};

use super::{ID, MS, event, instrument};
use crate::{Fees, FillModel, FillRule, Liquidity, OrderToFill, SimulatedExchange};

#[derive(Clone, Debug)]
enum Step {
    Order { is_buy: bool, quantity: i64, price: Option<i64>, flags: u8 },
    Cancel(u64),
    Change(u64, i64, i64),
    Event(String),
}

fn step() -> impl Strategy<Value = Step> {
    let price = || 95i64..106;
    let flags = prop::sample::select(vec![0u8, 0, 0, 1, 2, 4, 8]);
    prop_oneof![
        4 => (any::<bool>(), 1i64..20, prop::option::of(price()), flags)
            .prop_map(|(is_buy, quantity, price, flags)| Step::Order { is_buy, quantity, price, flags }),
        1 => (1u64..12).prop_map(Step::Cancel),
        1 => (1u64..12, price(), 1i64..20).prop_map(|(id, price, quantity)| Step::Change(id, price, quantity)),
        4 => (price(), 1i64..15).prop_map(|(price, quantity)| Step::Event(format!("trade {price} {quantity}"))),
        3 => (95i64..100, 0i64..15).prop_map(|(price, quantity)| Step::Event(format!("bid {price} {quantity}"))),
        3 => (100i64..106, 0i64..15).prop_map(|(price, quantity)| Step::Event(format!("ask {price} {quantity}"))),
        2 => (95i64..100, 0i64..15, 100i64..106, 0i64..15)
            .prop_map(|(bid, b, ask, a)| Step::Event(format!("quote {bid} {b} {ask} {a}"))),
    ]
}

fn fees() -> Fees {
    Fees {
        maker: "-0.0001".parse().unwrap(),
        taker: "0.0007".parse().unwrap(),
        per_unit: "0.013".parse().unwrap(),
    }
}

/// The reports of a run, with the step in which each came.
fn reports(model: &FillModel, steps: &[Step]) -> Vec<(usize, abi::OrderEvent)> {
    reports_of(model, steps, false)
}

/// As [`reports`]; `passes`: events that another one outdoes at once are not shown.
fn reports_of(model: &FillModel, steps: &[Step], passes: bool) -> Vec<(usize, abi::OrderEvent)> {
    let market_event = |index: usize| match steps.get(index) {
        Some(Step::Event(text)) => {
            let words: Vec<_> = text.split_whitespace().collect();
            let from_bar = if words.last() == Some(&"from_bar") { abi::event_flag::FROM_BAR } else { 0 };
            let words: Vec<_> = words.into_iter().filter(|word| *word != "from_bar").collect();
            let event = event(&words, Timestamp::new(i64::try_from(index).unwrap() * MS));
            Some(abi::Event { flags: event.flags | from_bar, ..event })
        }
        _ => None,
    };
    let instrument = instrument();
    let mut exchange = SimulatedExchange::new(model.clone());
    let (mut orders, mut all) = (0, Vec::new());
    for (index, step) in steps.iter().enumerate() {
        let now = Timestamp::new(i64::try_from(index).unwrap() * MS);
        match step {
            Step::Order { is_buy, quantity, price, flags } => {
                orders += 1;
                let mut request = OrderRequest::market(ID, Quantity::new(*quantity));
                if let Some(price) = price {
                    request = OrderRequest::limit(ID, Quantity::new(*quantity), Price::new(*price));
                }
                request.side = if *is_buy { Side::Buy } else { Side::Sell };
                request.flags = OrderFlags::from_bits(*flags).unwrap();
                let order = OrderToFill { id: ClientOrderId(orders), exchange: ExchangeId(1), request };
                exchange.submit(&order, &instrument, now);
            }
            Step::Cancel(id) => exchange.cancel(ClientOrderId(*id), now),
            Step::Change(id, price, quantity) => {
                exchange.change(ClientOrderId(*id), Price::new(*price), Quantity::new(*quantity), now);
            }
            Step::Event(_) => {
                let (event, next) = (market_event(index).unwrap(), market_event(index + 1));
                let is_outdone = next.is_some_and(|next| exchange.is_outdone(&event, &next));
                if !(passes && is_outdone && exchange.is_idle()) {
                    exchange.on_event(&event, &instrument);
                }
            }
        }
        while let Some(report) = exchange.pop_report() {
            all.push((index, report));
        }
    }
    exchange.end(Timestamp::new(i64::MAX));
    while let Some(report) = exchange.pop_report() {
        all.push((steps.len(), report));
    }
    all
}

fn is_fill(report: &abi::OrderEvent) -> bool {
    report.last_quantity != 0
}

fn models() -> impl Strategy<Value = FillModel> {
    let rules = vec![FillRule::NextPrice, FillRule::SamePrice, FillRule::AsAsked, FillRule::Book];
    (prop::sample::select(rules), 0i64..4, prop::option::of(1i64..10)).prop_map(|(rule, latency, tenths)| {
        FillModel {
            rule,
            latency_ns: latency * MS,
            liquidity: tenths.map_or(Liquidity::Unlimited, |tenths| {
                Liquidity::Volume(stratd_plugin_api::Decimal::new(tenths, 1).unwrap())
            }),
            fees: fees(),
        }
    })
}

proptest! {
    /// Each order ends exactly once, is never filled beyond its quantity, sums up its parts, and pays the fee of
    /// each part.
    #[test]
    fn orders_end_once_and_add_up(model in models(), steps in prop::collection::vec(step(), 1..60)) {
        let mut filled: BTreeMap<u64, i64> = BTreeMap::new();
        let mut ended: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, report) in reports(&model, &steps) {
            let id = report.client_order_id;
            if report.kind == OrderEventKind::RequestRejected.code() {
                continue;
            }
            prop_assert!(!ended.contains_key(&id), "a report after the end: {:?}", report);
            if is_fill(&report) {
                prop_assert!(report.last_quantity > 0);
                let sum = filled.entry(id).or_default();
                *sum += report.last_quantity;
                let side = LiquiditySide::from_event_flags(report.flags).unwrap();
                let fee = fees().of(&instrument(), Price::new(report.last_price), Quantity::new(report.last_quantity), side);
                prop_assert_eq!(Some(Money::from(report.fee)), fee);
            }
            prop_assert_eq!(report.cumulative_quantity, filled.get(&id).copied().unwrap_or(0));
            prop_assert!(report.cumulative_quantity <= report.quantity);
            let status = stratd_plugin_api::OrderStatus::from_code(report.status).unwrap();
            if status.is_final() {
                *ended.entry(id).or_default() += 1;
            }
        }
        let orders = steps.iter().filter(|step| matches!(step, Step::Order { .. })).count();
        prop_assert_eq!(ended.len(), orders, "every order ends");
    }

    /// No price is worse than the limit; a market order under `as_asked` has none.
    #[test]
    fn limits_hold(model in models(), steps in prop::collection::vec(step(), 1..60)) {
        for (_, report) in reports(&model, &steps) {
            if is_fill(&report) && report.price != 0 && model.rule != FillRule::AsAsked {
                let is_buy = report.side == Side::Buy.code();
                let is_within = if is_buy { report.last_price <= report.price } else { report.last_price >= report.price };
                prop_assert!(is_within, "{:?}", report);
            }
        }
    }

    /// Between two updates of a level, takers have at most what it displayed.
    #[test]
    fn takers_have_what_is_displayed(steps in prop::collection::vec(step(), 1..60)) {
        let steps: Vec<_> = steps
            .into_iter()
            .filter(|step| !matches!(step, Step::Event(text) if text.starts_with("quote")))
            .collect();
        let first = "snapshot 1 1".to_owned();
        let steps = [vec![Step::Event(first)], steps].concat();
        let model = FillModel::from(FillRule::Book);
        let mut left: BTreeMap<(u8, i64), i64> = BTreeMap::from([((Side::Sell.code(), 1), 1)]);
        let all = reports(&model, &steps);
        for (index, step) in steps.iter().enumerate() {
            if let Step::Event(text) = step {
                let words: Vec<_> = text.split_whitespace().collect();
                let taker = match words[0] {
                    "ask" => Some(Side::Buy.code()),
                    "bid" => Some(Side::Sell.code()),
                    _ => None,
                };
                if let Some(taker) = taker {
                    left.insert((taker, words[1].parse().unwrap()), words[2].parse().unwrap());
                }
            }
            for (_, report) in all.iter().filter(|(at, report)| *at == index && is_fill(report)) {
                if LiquiditySide::from_event_flags(report.flags) == Some(LiquiditySide::Taker) {
                    let level = left.entry((report.side, report.last_price)).or_default();
                    *level -= report.last_quantity;
                    prop_assert!(*level >= 0, "{:?}", report);
                }
            }
        }
    }

    /// Under a limit of volume, the fills of one event have at most its part.
    #[test]
    fn parts_of_the_volume_hold(
        tenths in 1i64..=10,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let fraction = stratd_plugin_api::Decimal::new(tenths, 1).unwrap();
        let model = FillModel { liquidity: Liquidity::Volume(fraction), ..FillRule::NextPrice.into() };
        let all = reports(&model, &steps);
        for (index, step) in steps.iter().enumerate() {
            let fills = all.iter().filter(|(at, report)| *at == index && is_fill(report));
            let total: i64 = fills.map(|(_, report)| report.last_quantity).sum();
            match step {
                Step::Event(text) if text.starts_with("trade") => {
                    let quantity: i64 = text.split_whitespace().nth(2).unwrap().parse().unwrap();
                    prop_assert!(total <= quantity * tenths / 10, "{}: {}", text, total);
                }
                Step::Event(text) if text.starts_with("quote") => {}
                _ => prop_assert_eq!(total, 0),
            }
        }
    }

    /// A market order arrives later, and is filled later, the longer it travels.
    #[test]
    fn latency_is_monotone(
        prices in prop::collection::vec((95i64..106, 1i64..9), 2..30),
        quantity in 1i64..30,
    ) {
        let order = Step::Order { is_buy: true, quantity, price: None, flags: 0 };
        let events = prices.iter().map(|(price, quantity)| Step::Event(format!("trade {price} {quantity}")));
        let steps: Vec<_> = std::iter::once(order).chain(events).collect();
        let mut before: Vec<usize> = Vec::new();
        for latency in 0..6 {
            let model = FillModel {
                latency_ns: latency * MS,
                liquidity: Liquidity::Volume(1u32.into()),
                ..FillRule::NextPrice.into()
            };
            let fills: Vec<_> = reports(&model, &steps).iter().filter(|(_, r)| is_fill(r)).map(|(at, _)| *at).collect();
            let is_later = before.iter().zip(&fills).all(|(early, late)| early <= late);
            prop_assert!(is_later && before.first() <= fills.first().or(Some(&usize::MAX)));
            before = fills;
        }
    }

    /// The same inputs give the same reports.
    #[test]
    fn runs_repeat(model in models(), steps in prop::collection::vec(step(), 1..40)) {
        prop_assert_eq!(reports(&model, &steps), reports(&model, &steps));
    }

    /// What an idle exchange is not shown would have changed nothing: rests of quantities, bars and trades of bars included.
    #[test]
    fn an_event_that_is_outdone_changes_nothing(
        model in models(),
        steps in prop::collection::vec(
            prop_oneof![
                3 => step(),
                4 => (95i64..106, 1i64..15).prop_map(|(price, quantity)| Step::Event(format!("trade {price} {quantity}"))),
                1 => (95i64..106).prop_map(|price| Step::Event(format!("trade {price} 5 buy from_bar"))),
                1 => (95i64..106).prop_map(|price| Step::Event(format!("bar {price} 106 94 {price} 20"))),
            ],
            1..60,
        ),
    ) {
        prop_assert_eq!(reports_of(&model, &steps, true), reports(&model, &steps));
    }
}
