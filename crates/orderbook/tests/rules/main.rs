//! The rules of the book that the golden rows do not cover, one script each, run on both implementations.
//!
//! An event reads: sequence number, kind, id, side, filled/quantity, price.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "../support/pair.rs"]
mod pair;
#[path = "../support/script.rs"]
mod script;

mod changes;
mod entry;
mod limits_and_queries;
mod stops;
mod terms_and_self_trade;

use expect_test::Expect;
use stratd_orderbook::BookConfig;

fn check(script: &str, expect: Expect) {
    expect.assert_eq(&script::run(BookConfig::default(), script));
}

fn check_with(config: BookConfig, script: &str, expect: Expect) {
    expect.assert_eq(&script::run(config, script));
}
