//! The order book on a million generated operations, beside its naive twin: `cargo bench -p stratd-orderbook`.
//!
//! Every round replays the whole stream, in turns on both books, and must come to the known trade, level and queue
//! hashes. Ids are looked up by hash, never used as an index; they are measured as the stream has them, in sequence, and
//! scattered over all 64 bits. The tally of the events is part of the measured time, but not of the latencies.
//!
//! Prints a table and writes `bench/book.json` in the target folder. Only ratios of one run on one machine count.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a table")]

#[path = "../tests/support/genops.rs"]
mod genops;
#[path = "../tests/support/replay.rs"]
mod replay;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt::Write as _,
    fs, io,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use stratd_orderbook::{BookConfig, NaiveBook, OrderBook};

use genops::{ANSWERS_1M, Answers, GenOp, OPERATIONS_HASH_1M, PREFILL, generate};
use replay::{Book, Tally, operate};

const OPERATIONS: usize = 1_000_000;
const SEED: u64 = 42;
const ROUNDS: usize = 7;
/// Most events of one operation of the stream, generously.
const EVENTS: usize = 1_024;

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator as it came; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` or `realloc` above, which are the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for `dealloc` and `alloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> io::Result<()> {
    let stream = generate(OPERATIONS, SEED);
    assert_eq!(
        (stream.operations_hash, stream.answers),
        (OPERATIONS_HASH_1M, ANSWERS_1M),
        "the stream itself"
    );
    println!(
        "{OPERATIONS} operations after {PREFILL} orders, {ROUNDS} rounds in turns; clock {} ns\n",
        clock_ns()
    );
    println!(
        "{:<22}{:>9}{:>9}{:>9}  {:>7}{:>7}{:>7}{:>9}  {:>9}",
        "ns per operation", "median", "min", "max", "p50", "p99", "p99.9", "max", "allocs/op"
    );

    let sequential = Measured::take("", &stream.operations);
    let scattered: Vec<GenOp> =
        stream.operations.iter().map(|operation| operation.map_ids(scatter)).collect();
    let scattered = Measured::take(", scattered", &scattered);
    println!();
    println!("ratio to naive {:.2}, with scattered ids {:.2}", sequential.ratio(), scattered.ratio());

    let measures = [
        ("book.ratio_to_naive", sequential.ratio()),
        ("book.ns_per_op", sequential.fast.median()),
        ("book.p99_ns", sequential.fast.percentile(0.99)),
        ("book.allocations_per_op", sequential.fast.allocations),
        ("book.naive_ns_per_op", sequential.naive.median()),
        ("book.p50_ns", sequential.fast.percentile(0.5)),
        ("book.p999_ns", sequential.fast.percentile(0.999)),
        ("book.scattered_ids_ratio_to_naive", scattered.ratio()),
        ("book.scattered_ids_ns_per_op", scattered.fast.median()),
        ("book.scattered_ids_p99_ns", scattered.fast.percentile(0.99)),
        ("book.scattered_ids_allocations_per_op", scattered.fast.allocations),
    ];
    let path = write_json(&measures)?;
    println!("{}", path.display());
    Ok(())
}

/// What was measured of both books on one stream.
struct Measured {
    fast: Figures,
    naive: Figures,
}

impl Measured {
    fn take(label: &str, operations: &[GenOp]) -> Self {
        // what the books must come to: the known answers, but for the ids in two of the hashes
        let expected = Round::run(NaiveBook::new(config()), operations).answers;
        assert_eq!(Answers { trade_hash: ANSWERS_1M.trade_hash, l3: ANSWERS_1M.l3, ..expected }, ANSWERS_1M);
        if label.is_empty() {
            assert_eq!(expected, ANSWERS_1M);
        }
        let mut measured = Self { fast: Figures::default(), naive: Figures::default() };
        for _ in 0..ROUNDS {
            measured.fast.add(&Round::run(OrderBook::new(config()), operations), &expected);
            measured.naive.add(&Round::run(NaiveBook::new(config()), operations), &expected);
        }
        measured.fast.latencies = latencies(OrderBook::new(config()), operations, &expected);
        measured.naive.latencies = latencies(NaiveBook::new(config()), operations, &expected);
        measured.fast.print(&format!("book{label}"));
        measured.naive.print(&format!("naive{label}"));
        measured
    }

    fn ratio(&self) -> f64 {
        self.naive.median() / self.fast.median()
    }
}

fn config() -> BookConfig {
    BookConfig::default().expecting(20_000, 700_000)
}

/// One replay.
struct Round {
    ns_per_operation: f64,
    allocations_per_operation: f64,
    answers: Answers,
}

impl Round {
    /// The prefill and the first half of the operations count as warm-up for the allocations, not for the time.
    fn run(mut book: impl Book, operations: &[GenOp]) -> Self {
        let (mut tally, mut events) = (Tally::new(), Vec::with_capacity(EVENTS));
        let (prefill, operations) = operations.split_at(PREFILL);
        let (first, second) = operations.split_at(operations.len() / 2);
        for operation in prefill {
            tally.replay(*operation, &mut book, &mut events);
        }
        let start = Instant::now();
        for operation in first {
            tally.replay(*operation, &mut book, &mut events);
        }
        let allocations = ALLOCATIONS.load(Ordering::Relaxed);
        for operation in second {
            tally.replay(*operation, &mut book, &mut events);
        }
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
        let elapsed = start.elapsed();
        Self {
            ns_per_operation: elapsed.as_nanos() as f64 / operations.len() as f64,
            allocations_per_operation: allocations as f64 / second.len() as f64,
            answers: tally.answers(&book),
        }
    }
}

/// Nanoseconds of every single operation, sorted. The reading of the clock is in each, the tally is not.
fn latencies(mut book: impl Book, operations: &[GenOp], expected: &Answers) -> Vec<u64> {
    let (mut tally, mut events) = (Tally::new(), Vec::with_capacity(EVENTS));
    let (prefill, operations) = operations.split_at(PREFILL);
    for operation in prefill {
        tally.replay(*operation, &mut book, &mut events);
    }
    let mut latencies = Vec::with_capacity(operations.len());
    for operation in operations {
        let start = Instant::now();
        let outcome = operate(*operation, &mut book, &mut events);
        latencies.push(nanoseconds(start));
        tally.note(outcome, &events);
    }
    assert_eq!(tally.answers(&book), *expected, "a book came to another result");
    latencies.sort_unstable();
    latencies
}

#[derive(Default)]
struct Figures {
    ns_per_operation: Vec<f64>,
    allocations: f64,
    latencies: Vec<u64>,
}

impl Figures {
    fn add(&mut self, round: &Round, expected: &Answers) {
        assert_eq!(round.answers, *expected, "a book came to another result");
        self.ns_per_operation.push(round.ns_per_operation);
        self.ns_per_operation.sort_by(f64::total_cmp);
        self.allocations = self.allocations.max(round.allocations_per_operation);
    }

    fn median(&self) -> f64 {
        self.ns_per_operation[self.ns_per_operation.len() / 2]
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a length")]
    fn percentile(&self, fraction: f64) -> f64 {
        let index = (self.latencies.len() as f64 * fraction) as usize;
        self.latencies[index.min(self.latencies.len() - 1)] as f64
    }

    fn print(&self, label: &str) {
        println!(
            "{label:<22}{:>9.1}{:>9.1}{:>9.1}  {:>7}{:>7}{:>7}{:>9}  {:>9.6}",
            self.median(),
            self.ns_per_operation[0],
            self.ns_per_operation[self.ns_per_operation.len() - 1],
            self.percentile(0.5),
            self.percentile(0.99),
            self.percentile(0.999),
            self.percentile(1.0),
            self.allocations,
        );
    }
}

/// Spreads the ids of the stream over all 64 bits, one to one.
fn scatter(id: u64) -> u64 {
    let id = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (id ^ (id >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// What reading the clock twice takes: the part of each latency that is not the book's.
fn clock_ns() -> u64 {
    let mut readings: Vec<u64> = (0..10_001).map(|_| nanoseconds(Instant::now())).collect();
    readings.sort_unstable();
    readings[readings.len() / 2]
}

fn nanoseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn write_json(measures: &[(&str, f64)]) -> io::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    let folder = target.join("bench");
    fs::create_dir_all(&folder)?;
    let mut json = String::from("{\n");
    for (index, (name, value)) in measures.iter().enumerate() {
        let comma = if index + 1 < measures.len() { "," } else { "" };
        let _ = writeln!(json, "  \"{name}\": {value}{comma}");
    }
    json.push_str("}\n");
    let path = folder.join("book.json");
    fs::write(&path, json)?;
    Ok(path)
}
