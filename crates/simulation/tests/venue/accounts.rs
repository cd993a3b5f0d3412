//! Several accounts on one venue, and a venue that goes on where another one ended.

use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    ClientOrderId, Money, OrderEventKind, OrderRequest, OrderStatus, Price, Quantity, Reason, Side,
    Timestamp, abi,
};
use stratd_simulation::venue::{
    ACCOUNTS_MAX, AccountId, KeptOrder, Resume, Submission, Venue, VenueConfig, VenueEvent,
};

use crate::bench::{AAA, config, venue};

fn submit(venue: &mut Venue, account: AccountId, id: u64, request: OrderRequest) -> Vec<abi::OrderEvent> {
    let mut events = Vec::new();
    let order = Submission { client_order_id: ClientOrderId(id), correlation: 0, request };
    venue.submit_as(account, order, &mut events);
    own(&events)
}

fn own(events: &[VenueEvent]) -> Vec<abi::OrderEvent> {
    let own = events.iter().filter_map(|event| match event {
        VenueEvent::Order(event) if event.client_order_id != 0 => Some(*event),
        VenueEvent::Order(_) | VenueEvent::Market(_) => None,
    });
    own.collect()
}

fn buy(quantity: i64, price: i64) -> OrderRequest {
    OrderRequest::limit(AAA, Quantity::new(quantity), Price::new(price))
}

#[test]
fn accounts_trade_with_each_other_and_not_with_themselves() {
    let mut venue = Venue::new(VenueConfig { taker_fee: 0, ..config() }).unwrap();
    let other = venue.open_account(Money::new(5), &[(AAA, 7)]).unwrap();
    submit(&mut venue, AccountId::FIRST, 1, buy(10, 5_000));
    // self-trade prevention is the account's own: the order that is met is of another
    let reports = submit(&mut venue, other, 2, buy(4, 5_000).side(Side::Sell));
    assert_eq!(reports.last().unwrap().status, OrderStatus::Filled.code());
    assert_eq!((venue.position(AAA), venue.position_of(other, AAA)), (4, 3));
    // 200 at one basis point
    let fee = 200 * 10_000;
    assert_eq!(venue.account().unwrap().cash, Money::new(config().cash.get() - 200 * 100_000_000 - fee));
    assert_eq!(venue.account_of(other).unwrap().cash, Money::new(5 + 200 * 100_000_000));
    let reports = submit(&mut venue, AccountId::FIRST, 3, buy(4, 5_000).side(Side::Sell));
    assert_eq!(reports.last().unwrap().reason, Reason::SelfTrade.code());
    // what the first account has is all that the questions without an account tell of
    assert_eq!((venue.open_orders().count(), venue.fills_since(Timestamp::MIN).count()), (1, 1));
    // reduce-only looks at the account's own position
    let reduce = buy(4, 4_000).side(Side::Sell).flags(stratd_plugin_api::OrderFlags::REDUCE_ONLY);
    let reports = submit(&mut venue, other, 4, reduce);
    assert_eq!(reports.last().unwrap().reason, Reason::Reducing.code());
    let more = (0..ACCOUNTS_MAX).map_while(|_| venue.open_account(Money::ZERO, &[])).count();
    assert_eq!(more, ACCOUNTS_MAX - 2);
}

#[test]
fn other_accounts_change_nothing_for_the_first_that_is_alone() {
    let run = |has_other: bool| {
        let mut venue = venue(config(), 200);
        if has_other {
            venue.open_account(Money::new(1), &[(AAA, 5)]);
        }
        let mut events = Vec::new();
        for id in 1..100 {
            let client_order_id = ClientOrderId(id);
            venue
                .submit(Submission { client_order_id, correlation: 0, request: buy(3, 50_000) }, &mut events);
            venue.step(&mut events);
        }
        events
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_venue_goes_on_with_the_orders_of_another() {
    let mut first = venue(config(), 500);
    let account = first.open_account(Money::ZERO, &[]).unwrap();
    submit(&mut first, account, 1, buy(10, 100));
    let point = first.resume_point();
    assert!(point.ids > 100 && point.trades > 10 && point.prices[0].is_positive());

    let mut second = Venue::new(config()).unwrap();
    second.resume(&Resume { ids: point.ids + 1_000, trades: point.trades + 1_000, ..point.clone() });
    let account = second.open_account(Money::ZERO, &[(AAA, 6)]).unwrap();
    // nothing traded here yet: positions are worth the last price of then
    let value = i128::from(point.prices[0].get()) * 6 * 1_000_000;
    assert_eq!(second.account_of(account).unwrap().equity, Money::new(value));
    let kept = KeptOrder {
        client_order_id: ClientOrderId(1),
        account,
        request: buy(10, 100),
        exchange_order_id: OrderId(9),
        public_id: Some(OrderId(9)),
        filled: 4,
        created: config().start,
    };
    second.restore(kept).unwrap();
    assert_eq!(second.restore(kept), Err(Reason::DuplicateId));
    let other = KeptOrder { client_order_id: ClientOrderId(2), ..kept };
    assert_eq!(second.restore(other), Err(Reason::DuplicateId), "the book has an order of this id");
    let stop = KeptOrder {
        client_order_id: ClientOrderId(3),
        request: OrderRequest::stop_market(AAA, Quantity::new(2), Price::new(200)),
        exchange_order_id: OrderId(10),
        public_id: None,
        filled: 0,
        ..kept
    };
    second.restore(stop).unwrap();
    assert_eq!(second.public_order_id(ClientOrderId(3)), None);
    let resting: Vec<_> = second.resting_orders(AAA).collect();
    assert_eq!((resting.len(), resting[0].quantity.get(), resting[0].filled.get()), (1, 10, 4));

    // the rest of it is met, under ids and trade ids above all earlier ones
    let reports = submit(&mut second, AccountId::FIRST, 4, buy(20, 100).side(Side::Sell));
    let (received, sold) = (reports[0], reports[2]);
    let number = |handle: u64| handle ^ stratd_plugin_api::TextTable::number(0);
    assert!(number(received.exchange_order_id) > point.ids + 1_000);
    assert_eq!(number(sold.trade_id), point.trades + 1_001);
    assert_eq!((reports[1].kind, reports[1].cumulative_quantity), (OrderEventKind::Bought.code(), 10));
    assert_eq!((sold.last_quantity, second.position_of(account, AAA)), (6, 12));
    // and the stop triggers: what rests at 100 is bought only when something trades at 200
    submit(&mut second, AccountId::FIRST, 5, buy(5, 200).side(Side::Sell));
    submit(&mut second, account, 6, buy(1, 200));
    assert_eq!(second.public_order_id(ClientOrderId(3)), None);
}
