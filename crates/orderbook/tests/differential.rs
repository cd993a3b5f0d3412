//! The fast book against its naive twin over random operations of every type and flag: outcomes, events with their
//! sequence numbers, and every query after every operation.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/pair.rs"]
mod pair;

use std::collections::BTreeMap;

use expect_test::expect;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use stratd_orderbook::{
    BookConfig, EventKind, NewOrder, NewStop, Notional, Operation, OrderId, OwnerId, SelfTrade, Terms,
};
use stratd_plugin_api::{OrderFlags, Price, Quantity, Side};

use pair::Pair;

/// Where numbers come from: few and close together, so that everything meets, or from everywhere.
#[derive(Clone, Debug)]
struct Numbers {
    ids: BoxedStrategy<u64>,
    prices: BoxedStrategy<i64>,
    quantities: BoxedStrategy<i64>,
    notionals: BoxedStrategy<i128>,
}

fn close() -> Numbers {
    Numbers {
        ids: (0..40u64).boxed(),
        prices: (-6..=12i64).boxed(),
        quantities: prop_oneof![1 => -1..=0i64, 20 => 1..=12i64].boxed(),
        notionals: (-1..=200i128).boxed(),
    }
}

/// Prices pages apart, and the ends of every range.
fn far() -> Numbers {
    let price = prop_oneof![
        4 => -300..=300i64,
        2 => (-9..=9i64).prop_map(|step| step * 1_000_000_007),
        1 => (0..=3i64).prop_map(|step| i64::MAX - step),
        1 => (0..=3i64).prop_map(|step| i64::MIN + step),
    ];
    let quantity = prop_oneof![
        6 => 1..=50i64,
        1 => (0..=2i64).prop_map(|step| i64::MAX - step),
        1 => (0..=2i64).prop_map(|step| i64::MAX / 2 + step),
        1 => Just(i64::MIN),
    ];
    let notional = prop_oneof![0..=5_000i128, Just(i128::MAX), Just(i128::MIN), Just(i128::from(i64::MAX))];
    Numbers {
        ids: prop_oneof![3 => 0..200u64, 1 => (0..20u64).prop_map(|id| id << 58), 1 => (0..20u64).prop_map(|id| !id)]
            .boxed(),
        prices: price.boxed(),
        quantities: quantity.boxed(),
        notionals: notional.boxed(),
    }
}

fn flags() -> impl Strategy<Value = OrderFlags> {
    prop_oneof![
        8 => Just(OrderFlags::NONE),
        2 => Just(OrderFlags::FILL_OR_KILL),
        2 => Just(OrderFlags::ALL_OR_NONE),
        2 => Just(OrderFlags::IMMEDIATE_OR_CANCEL),
        2 => Just(OrderFlags::POST_ONLY),
        1 => (0..32u8).prop_map(|bits| OrderFlags::from_bits(bits).unwrap()),
    ]
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    prop_oneof![
        Just(SelfTrade::Allow),
        Just(SelfTrade::CancelNewest),
        Just(SelfTrade::CancelOldest),
        Just(SelfTrade::Decrement),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn terms(numbers: &Numbers) -> impl Strategy<Value = Terms> + use<> {
    let (quantity, price) = (numbers.quantities.clone(), numbers.prices.clone());
    let protection = proptest::option::of(price.clone().prop_map(Price::new));
    prop_oneof![
        6 => (quantity.clone(), price)
            .prop_map(|(q, p)| Terms::Limit { quantity: Quantity::new(q), price: Price::new(p) }),
        2 => (quantity, protection.clone())
            .prop_map(|(q, price)| Terms::Market { quantity: Quantity::new(q), price }),
        1 => (numbers.notionals.clone(), protection)
            .prop_map(|(n, price)| Terms::MarketNotional { notional: Notional::new(n), price }),
    ]
}

fn order(numbers: &Numbers) -> impl Strategy<Value = NewOrder> + use<> {
    (numbers.ids.clone(), 0..4u32, side(), terms(numbers), flags(), self_trade()).prop_map(
        |(id, owner, side, terms, flags, self_trade)| NewOrder {
            id: OrderId(id),
            owner: OwnerId(owner),
            side,
            terms,
            flags,
            self_trade,
        },
    )
}

fn operation(numbers: &Numbers) -> impl Strategy<Value = Operation> + use<> {
    let stop = (numbers.ids.clone(), numbers.prices.clone(), order(numbers), 0..20u32).prop_map(
        |(id, price, target, fault)| {
            let mut stop = NewStop::new(OrderId(id), Price::new(price), target);
            match fault {
                0 => stop.side = stop.side.opposite(),
                1 => stop.owner = OwnerId(9),
                _ => {}
            }
            Operation::AddStop(stop)
        },
    );
    let change = (numbers.ids.clone(), numbers.prices.clone(), numbers.quantities.clone()).prop_map(
        |(id, price, quantity)| Operation::Change {
            id: OrderId(id),
            price: Price::new(price),
            quantity: Quantity::new(quantity),
        },
    );
    prop_oneof![
        10 => order(numbers).prop_map(Operation::Add),
        3 => stop,
        3 => numbers.ids.clone().prop_map(|id| Operation::Cancel(OrderId(id))),
        4 => change,
    ]
}

/// Grids and limits: mostly the plain one.
fn config() -> impl Strategy<Value = BookConfig> {
    let plain = BookConfig::default();
    prop_oneof![
        6 => Just(plain),
        1 => Just(BookConfig::new(Price::new(2), Quantity::new(3)).unwrap()),
        1 => Just(plain.orders_max(4)),
        1 => Just(plain.stops_max(2)),
        1 => Just(plain.ids_max(12).expecting(100, 100)),
    ]
}

/// Ids are unique for a book's lifetime, so random ones would soon be refused: most new orders get a fresh id, and
/// most cancels and changes one of the last few.
fn with_likely_ids(operations: &[Operation]) -> Vec<Operation> {
    let mut next_id = 1_000;
    let mut fresh = |id: &mut OrderId| {
        if !id.0.is_multiple_of(8) {
            *id = OrderId(next_id);
            next_id += 1;
        }
    };
    let mut adapted = operations.to_vec();
    let mut newest = Vec::new();
    for operation in &mut adapted {
        match operation {
            Operation::Add(order) => {
                fresh(&mut order.id);
                newest.push(order.id);
            }
            Operation::AddStop(stop) => {
                fresh(&mut stop.id);
                fresh(&mut stop.target.id);
                newest.extend([stop.id, stop.target.id]);
            }
            Operation::Cancel(id) | Operation::Change { id, .. } => {
                let back = usize::try_from(id.0 % 16).unwrap();
                *id = newest.iter().rev().nth(back).copied().unwrap_or(*id);
            }
        }
    }
    adapted
}

fn agree(config: BookConfig, operations: &[Operation]) {
    let mut pair = Pair::new(config);
    for operation in with_likely_ids(operations) {
        // the pair asserts; a refusal is as good an outcome as another
        let _ = pair.apply(operation);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn both_books_agree_where_everything_meets(
        config in config(),
        operations in proptest::collection::vec(operation(&close()), 1..80),
    ) {
        agree(config, &operations);
    }

    #[test]
    fn both_books_agree_on_numbers_from_everywhere(
        config in config(),
        operations in proptest::collection::vec(operation(&far()), 1..80),
    ) {
        agree(config, &operations);
    }
}

/// The comparison is worth what the operations reach: every event and every refusal.
#[test]
fn random_operations_reach_every_event_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for numbers in [close(), far()] {
        let run = (config(), proptest::collection::vec(operation(&numbers), 60));
        for _ in 0..300 {
            let (config, operations) = run.new_tree(&mut runner).unwrap().current();
            let mut pair = Pair::new(config);
            for operation in with_likely_ids(&operations) {
                let names = match pair.apply(operation) {
                    Ok(events) => events.iter().map(|event| name(&event.kind)).collect(),
                    Err(reason) => vec![format!("refused: {reason}")],
                };
                for name in names {
                    *reached.entry(name).or_default() += 1;
                }
            }
        }
    }
    let often: Vec<&str> =
        reached.iter().filter(|(_, times)| **times >= 5).map(|(name, _)| name.as_str()).collect();
    expect![[r#"
        cancel: host_limit
        cancel: max_order_notional
        cancel: overflow
        cancel: requested
        cancel: self_trade
        cancel: unfilled
        cancel: would_execute
        change
        change by execution
        fill
        open
        refused: bad_order
        refused: bad_quantity
        refused: duplicate_id
        refused: host_limit
        refused: off_lot
        refused: off_tick
        refused: overflow
        refused: unknown_order
        refused: volume_not_above_filled
        refused: would_execute
        stop cancel
        stop change
        stop open
        stop trigger
        trade"#]]
    .assert_eq(&often.join("\n"));
}

fn name(kind: &EventKind) -> String {
    match kind {
        EventKind::Open { .. } => "open".to_owned(),
        EventKind::Change { last: Some(_), .. } => "change by execution".to_owned(),
        EventKind::Change { last: None, .. } => "change".to_owned(),
        EventKind::Fill { .. } => "fill".to_owned(),
        EventKind::Trade(_) => "trade".to_owned(),
        EventKind::Cancel { reason, .. } => format!("cancel: {reason}"),
        EventKind::StopOpen { .. } => "stop open".to_owned(),
        EventKind::StopChange { .. } => "stop change".to_owned(),
        EventKind::StopTrigger { .. } => "stop trigger".to_owned(),
        EventKind::StopCancel { .. } => "stop cancel".to_owned(),
    }
}
