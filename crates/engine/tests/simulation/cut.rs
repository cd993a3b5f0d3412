//! A run that is cut off between two inputs, and one that goes on from what was kept of it: they do the same from there on.

use stratd_engine::{
    Accounting, Engine, Input, InputKind, Order, Output, Restored, RestoredOrder, RestoredPosition,
    StrategyId,
};
use stratd_plugin_api::{ExchangeId, InstrumentId, Timestamp, abi};

use crate::desk;

/// The run that goes on from what was kept.
pub(crate) struct Twin {
    engine: Engine,
    seq: u64,
}

impl Twin {
    /// Takes up what is kept of an engine, as a start of the daemon does it.
    pub(crate) fn of(cut: &Engine, at: Timestamp, price: i64) -> Self {
        let mut engine = desk::engine("1000000".parse().expect("an amount"), Accounting::Average);
        engine.add_owner("a").expect("a free id");
        engine.set_takes(ExchangeId(1), cut.takes(ExchangeId(1)));
        let mut twin = Self { engine, seq: 0 };
        let event = abi::Event {
            instrument: 1,
            kind: abi::event_kind::TRADE,
            data: [price, 1, 0, 0, 0],
            ..abi::Event::default()
        };
        twin.feed(at, InputKind::History(None, event));
        for restored in kept(cut) {
            let outputs = twin.feed(at, InputKind::Restored(restored));
            assert!(outputs.is_empty(), "putting back does nothing: {outputs:?}");
        }
        twin.feed(at, InputKind::Start);
        twin
    }

    fn feed(&mut self, at: Timestamp, kind: InputKind) -> Vec<String> {
        self.seq += 1;
        let input = Input { seq: self.seq, at, kind };
        words(self.engine.step(&input).expect("it goes on"))
    }

    /// Takes the input that the other run took, and does the same.
    pub(crate) fn follow(&mut self, at: Timestamp, kind: InputKind, outputs: &[Output], other: &Engine) {
        let named = format!("{kind:?}");
        assert_eq!(self.feed(at, kind), words(outputs), "after {named}");
        let standing = |engine: &Engine| {
            let orders = engine.working_orders();
            orders.map(|order| (order.id, order.kept_stand_in(), order.request.quantity)).collect::<Vec<_>>()
        };
        assert_eq!(standing(&self.engine), standing(other), "after {named}");
        let groups = |engine: &Engine| engine.groups().map(|id| engine.group(id)).collect::<Vec<_>>();
        assert_eq!(groups(&self.engine), groups(other), "after {named}");
    }
}

/// What goes out, and what ends.
fn words(outputs: &[Output]) -> Vec<String> {
    let one = |output: &Output| match output {
        Output::Submit(order) => Some(format!("submit {:?}", order.get())),
        Output::Cancel(cancel) => Some(format!("cancel {}", cancel.id)),
        Output::Change(change) => Some(format!("change {:?}", change.get())),
        Output::Held(order) => Some(format!("held {order:?}")),
        Output::OrderFinished(order) => {
            Some(format!("finished {} {:?} {}", order.id, order.state, order.filled))
        }
        Output::Denied(denial) => Some(format!("denied {} {}", denial.order, denial.reason)),
        _ => None,
    };
    outputs.iter().filter_map(one).collect()
}

fn kept(cut: &Engine) -> Vec<Restored> {
    let strategy = StrategyId(0);
    let (number, counter) = cut.ids_of(strategy).expect("an owner");
    let mut all = vec![Restored::Begin, Restored::Ids { strategy, number, counter }];
    let instrument = InstrumentId(1);
    all.extend(cut.positions_in(strategy, instrument).map(|position| {
        let price_last = cut.last_price(instrument);
        Restored::Position(Box::new(RestoredPosition {
            strategy,
            instrument,
            position: *position,
            price_last,
            lots: Vec::new(),
        }))
    }));
    all.push(Restored::Books);
    all.extend(cut.ended_orders().chain(cut.working_orders()).map(order));
    all.extend(cut.groups().filter_map(|group| cut.group(group)).map(Restored::Group));
    all
}

fn order(order: &Order) -> Restored {
    Restored::Order(Box::new(RestoredOrder {
        id: order.id,
        strategy: order.strategy,
        exchange: order.exchange,
        request: order.request,
        exchange_order_id: order.exchange_order_id,
        state: order.state,
        filled: order.filled,
        filled_value: order.filled_value,
        created: order.created,
        updated: order.updated,
        is_by_hand: order.is_by_hand,
        is_closing: order.is_closing(),
        trade_ids: Vec::new(),
        stand_in: order.kept_stand_in(),
    }))
}
