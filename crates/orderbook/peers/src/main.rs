//! Other order books on the stream of `benches/book.rs`, for `cargo xtask bench book`.
//!
//! Every round replays prefill and operations, in turns on all books, on one thread and with a tally of the trades as
//! in our own benchmark. Prints one line per book: name, nanoseconds per operation (median, min, max), and whether its
//! trades were those of our book. Writes nothing else.
//!
//! What differs, to the disadvantage of ours: it emits all events of an order (accepted, canceled, matched for
//! the maker and for the taker), these return trades only. None of them replaces an order under a new id in one call;
//! the stream's replacements are a cancel and an add for every book, ours included.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a table")]

// the generator names the side as our contract does, which is not worth building the contract for
extern crate self as stratd_plugin_api;

#[expect(dead_code, reason = "the benchmark and the tests of the book use more of it")]
#[path = "../../tests/support/genops.rs"]
mod genops;
mod lobster_book;
mod orderbook_rs_book;

use std::time::Instant;

use genops::{ANSWERS_1M, GenOp, HASH_START, OPERATIONS_HASH_1M, PREFILL, generate, mix};
use lobster_book::Lobster;
use orderbook_rs_book::OrderbookRs;

const OPERATIONS: usize = 1_000_000;
const SEED: u64 = 42;
const ROUNDS: usize = 5;

/// The side of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
}

/// A book that can replay the stream. Refusals are no errors: the stream cancels finished orders too.
trait Book {
    fn add(&mut self, side: Side, id: u64, price: u16, quantity: u32, tally: &mut Tally);
    fn market(&mut self, side: Side, id: u64, quantity: u32, tally: &mut Tally);
    /// Whether there was such an order, as far as the book says.
    fn cancel(&mut self, id: u64) -> bool;

    #[inline]
    fn operate(&mut self, operation: GenOp, tally: &mut Tally) {
        match operation {
            GenOp::Add { side, id, price, quantity } => self.add(side, id, price, quantity, tally),
            GenOp::Cancel { id } => {
                self.cancel(id);
            }
            GenOp::Replace { side, old, id, price, quantity } => {
                if self.cancel(old) {
                    self.add(side, id, price, quantity, tally);
                }
            }
            GenOp::Market { side, id, quantity } => self.market(side, id, quantity, tally),
        }
    }
}

/// What was traded.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tally {
    trades: u64,
    volume: u64,
    notional: u64,
    hash: u64,
}

impl Tally {
    const EMPTY: Self = Self { trades: 0, volume: 0, notional: 0, hash: HASH_START };
    const OURS: Self = Self {
        trades: ANSWERS_1M.trades,
        volume: ANSWERS_1M.volume,
        notional: ANSWERS_1M.notional,
        hash: ANSWERS_1M.trade_hash,
    };

    #[inline]
    fn count(&mut self, taker: u64, maker: u64, price: u64, quantity: u64) {
        for word in [taker, maker, price, quantity] {
            mix(&mut self.hash, word);
        }
        self.trades += 1;
        self.volume += quantity;
        self.notional += price * quantity;
    }

    fn verdict(self) -> String {
        let Self { trades, volume, .. } = self;
        if self == Self::OURS {
            format!("same {trades} trades, volume {volume}")
        } else if (trades, volume) == (Self::OURS.trades, Self::OURS.volume) {
            format!("same count {trades} and volume {volume}, other trades")
        } else {
            let Self { trades: our_trades, volume: our_volume, .. } = Self::OURS;
            format!("OTHER: {trades} trades, volume {volume} (ours {our_trades}, {our_volume})")
        }
    }
}

struct Peer {
    name: &'static str,
    run: fn(&[GenOp]) -> (f64, Tally),
    ns_per_operation: Vec<f64>,
    tally: Tally,
}

impl Peer {
    fn new(name: &'static str, run: fn(&[GenOp]) -> (f64, Tally)) -> Self {
        Self { name, run, ns_per_operation: Vec::new(), tally: Tally::OURS }
    }

    fn round(&mut self, operations: &[GenOp]) {
        let (ns_per_operation, tally) = (self.run)(operations);
        self.ns_per_operation.push(ns_per_operation);
        self.ns_per_operation.sort_by(f64::total_cmp);
        // one bad round is told
        if tally != Tally::OURS {
            self.tally = tally;
        }
    }
}

fn main() {
    let stream = generate(OPERATIONS, SEED);
    assert_eq!(
        (stream.operations_hash, stream.answers),
        (OPERATIONS_HASH_1M, ANSWERS_1M),
        "the stream itself"
    );
    let mut peers = [
        Peer::new("lobster", |operations| replay(&mut Lobster::new(), operations)),
        Peer::new("orderbook-rs", |operations| replay(&mut OrderbookRs::new(), operations)),
    ];
    for _ in 0..ROUNDS {
        for peer in &mut peers {
            peer.round(&stream.operations);
        }
    }
    for Peer { name, ns_per_operation, tally, .. } in &peers {
        let [min, .., max] = ns_per_operation[..] else { continue };
        let median = ns_per_operation[ns_per_operation.len() / 2];
        println!("{name:<22}{median:>9.1}{min:>9.1}{max:>9.1}  {}", tally.verdict());
    }
}

/// Nanoseconds per operation after the prefill, and what was traded.
fn replay(book: &mut impl Book, operations: &[GenOp]) -> (f64, Tally) {
    let mut tally = Tally::EMPTY;
    let (prefill, operations) = operations.split_at(PREFILL);
    for operation in prefill {
        book.operate(*operation, &mut tally);
    }
    let start = Instant::now();
    for operation in operations {
        book.operate(*operation, &mut tally);
    }
    (start.elapsed().as_nanos() as f64 / operations.len() as f64, tally)
}
