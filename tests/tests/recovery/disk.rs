//! A disk that is full, or that fails in a sync: nothing new is sent, cancels are, and everybody is told.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use stratd_control::{Health, HealthState, NewOrderRequest, Order, OrderDone, Request, Status, TradingDone};
use stratd_tests::c_library;

use crate::desk::Desk;

/// The numbers of `tests/instruments/disk.c`.
const WORKS: u64 = 0;
const FAILS_IN_SYNCS: u64 = 3;
const IS_FULL: u64 = 4;

/// A daemon whose disk does what a file says.
struct Bad {
    desk: Desk,
    words: File,
}

impl Bad {
    /// It trades, and the disk works.
    fn new() -> Self {
        let mut desk = Desk::new("");
        let library = c_library("tests/instruments/disk.c", "disk", &[], &desk.path(""));
        fs::write(desk.path("words"), [0; 4_096]).expect("a file that can be written");
        let words = File::options().write(true).open(desk.path("words")).expect("a file of ours");
        desk.set_environment("LD_PRELOAD", library);
        desk.set_environment("STRATD_DISK", desk.path("words"));
        desk.start();
        desk.wait_for_orders(20);
        Self { desk, words }
    }

    fn disk(&self, does: u64) {
        self.words.write_all_at(&does.to_ne_bytes(), 0).expect("a word");
    }

    /// Waits until new orders have stopped, and looks at all that tells of it.
    fn assert_stopped(&mut self) {
        let desk = &mut self.desk;
        desk.wait("a warning", |desk| {
            desk.warnings().iter().any(|text| text.contains("state.db cannot be written"))
        });
        assert!(desk.log().contains("CRITICAL store: no new order is sent"), "{}", desk.log());
        let status: Status = desk.ask(&Request::status());
        let store = status.store.expect("a store");
        assert!(!store.healthy && store.error.is_some(), "{store:?}");
        let health: Health = desk.ask(&Request::health());
        assert_eq!(health.state, HealthState::Degraded);
        // the market maker cancels its orders at a halt
        desk.wait("cancels at the exchange", |desk| desk.working().is_empty());
        let sent = desk.received().len();
        let buy = NewOrderRequest {
            instrument: "FAKE-A".to_owned(),
            side: "buy".to_owned(),
            quantity: Some("1".to_owned()),
            ..NewOrderRequest::default()
        };
        let refused = desk.client().send(&Request::new_order(&buy).expect("plain data"));
        let refused = refused.and_then(|answer| answer.read::<OrderDone>()).expect_err("it is refused");
        assert!(refused.to_string().contains("not_stored"), "{refused}");
        assert_eq!(desk.received().len(), sent, "nothing was sent");
    }

    fn let_go_on(&self) -> Result<TradingDone, String> {
        let answer = self.desk.client().send(&Request::release_trading());
        answer.and_then(|answer| answer.read()).map_err(|error| error.to_string())
    }
}

/// What the exchange and the database have agrees after another start.
fn assert_equal_after_a_kill(mut desk: Desk) {
    desk.kill();
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log("orders of ours worked there");
    desk.end();
    desk.assert_equal();
}

#[test]
fn a_full_disk_stops_new_orders_until_there_is_room_and_somebody_says_so() {
    let mut bad = Bad::new();
    bad.disk(IS_FULL);
    bad.assert_stopped();
    // who says so too early sees it stop again
    bad.let_go_on().expect("it is tried");
    bad.assert_stopped();
    bad.disk(WORKS);
    bad.let_go_on().expect("there is room");
    bad.desk.wait_for_orders(10);
    let cannot = |desk: &Desk| desk.warnings().iter().any(|text| text.contains("state.db cannot be written"));
    bad.desk.wait("the end of the warning", |desk| !cannot(desk));
    // everything of before is written then
    let first = bad.desk.received()[0];
    let order: Order = bad.desk.order(first);
    bad.desk.wait("its row", |desk| {
        desk.rows(&format!("SELECT status FROM orders WHERE client_order_id = {first}"))
            == [order.status.clone()]
    });
    assert_equal_after_a_kill(bad.desk);
}

#[test]
fn a_failed_sync_stops_new_orders_until_the_next_start() {
    let mut bad = Bad::new();
    bad.disk(FAILS_IN_SYNCS);
    bad.assert_stopped();
    // it seems to work again; nobody knows what it has
    bad.disk(WORKS);
    let refused = bad.let_go_on().expect_err("only a restart helps");
    assert!(refused.contains("a restart of stratd"), "{refused}");
    bad.assert_stopped();
    let log = bad.desk.log();
    assert!(!log.contains("writes to the state database succeed again"), "{log}");
    bad.desk.kill();
    bad.desk.start();
    bad.let_go_on().expect("a halt that was kept ends by command");
    bad.desk.wait_for_orders(10);
    assert_equal_after_a_kill(bad.desk);
}
