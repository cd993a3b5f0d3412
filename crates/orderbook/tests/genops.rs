//! The stream on which several matching engines agree: the same trades, levels and queues, to the last bit.

#[path = "support/genops.rs"]
mod genops;
#[path = "support/replay.rs"]
mod replay;

use stratd_orderbook::{BookConfig, NaiveBook, OrderBook};

use genops::{ANSWERS_1M, Answers, OPERATIONS_HASH_1M, Stream, generate};
use replay::{Book, Tally};

/// The known answers for 200,000 operations.
const ANSWERS_200K: Answers = Answers {
    trades: 52_691,
    volume: 1_944_693,
    notional: 1_908_555_744,
    trade_hash: 0xf3c8_685d_6281_f788,
    live: 10_000,
    bid_levels: 507,
    ask_levels: 464,
    l2: 0xa15e_c0fc_9386_8a60,
    l3: 0x49cf_a193_0598_7b03,
};
const OPERATIONS_HASH_200K: u64 = 0x9738_09e5_905f_353f;

fn replay(stream: &Stream, mut book: impl Book) -> (Answers, u64) {
    let (mut tally, mut events) = (Tally::new(), Vec::new());
    for operation in &stream.operations {
        tally.replay(*operation, &mut book, &mut events);
    }
    (tally.answers(&book), tally.refused)
}

#[test]
fn both_books_come_to_the_known_answers_for_200_thousand_operations() {
    let stream = generate(200_000, 42);
    assert_eq!((stream.operations_hash, stream.answers), (OPERATIONS_HASH_200K, ANSWERS_200K));
    // the refused ones are the cancels of finished orders
    assert_eq!(replay(&stream, OrderBook::new(BookConfig::default())), (ANSWERS_200K, 607));
    assert_eq!(replay(&stream, NaiveBook::new(BookConfig::default())), (ANSWERS_200K, 607));
}

#[test]
fn both_books_come_to_the_known_answers_for_a_million_operations() {
    let stream = generate(1_000_000, 42);
    assert_eq!((stream.operations_hash, stream.answers), (OPERATIONS_HASH_1M, ANSWERS_1M));
    assert_eq!(replay(&stream, OrderBook::new(BookConfig::default())), (ANSWERS_1M, 3_127));
    assert_eq!(replay(&stream, NaiveBook::new(BookConfig::default())), (ANSWERS_1M, 3_127));
}

#[test]
fn grown_and_reserved_books_with_scattered_ids_agree() {
    let mut stream = generate(100_000, 7);
    let scatter = |id: u64| id.wrapping_mul(0x9E37_79B9_7F4A_7C15).swap_bytes();
    for operation in &mut stream.operations {
        *operation = operation.map_ids(scatter);
    }
    let grown = replay(&stream, OrderBook::new(BookConfig::default()));
    assert_eq!(grown, replay(&stream, OrderBook::new(BookConfig::default().expecting(20_000, 200_000))));
    assert_eq!(grown, replay(&stream, NaiveBook::new(BookConfig::default())));
}
