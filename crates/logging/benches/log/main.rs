//! Lines to a file, from the call to the last byte: `cargo bench -p stratd-logging --bench log`.
//!
//! `work.rs` says what is done. Rounds take turns in another order each; a ratio is that of one round, and its median is
//! printed with the smallest and the largest of all rounds. Processor time of all threads together is counted beside the
//! time that passed: it says what the work costs where every processor is busy with something else.
//!
//! `-- ours FOLDER` and `-- format FOLDER` do that part of the work once and print its nanoseconds: `cargo xtask bench log`
//! runs them in rounds with other loggers.
//!
//! Prints a table and writes `bench/log.json` in the target folder. Only ratios of one run on one machine count.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a table")]

mod text;
mod work;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use nix::time::{ClockId, clock_gettime};
use stratd_logging::{Level, Logging, LoggingOptions, log};
use text::{LINES, as_text, text};
use work::{NAME, format_alone, log_lines, logging, pipeline};

const ROUNDS: usize = 9;
/// So many calls are timed one by one, with a pause after each that lets the back end keep up.
const PACED_CALLS: usize = 100_000;
const PAUSE: Duration = Duration::from_micros(2);

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

/// What one way of doing the work took, round by round.
#[derive(Default)]
struct Rounds {
    /// time that passed, nanoseconds per line
    passed: Vec<f64>,
    /// time of processors, nanoseconds per line
    processors: Vec<f64>,
}

impl Rounds {
    fn run(&mut self, work: impl FnOnce() -> Duration) {
        // all threads of this process
        let before = clock(ClockId::CLOCK_PROCESS_CPUTIME_ID);
        let passed = work();
        self.processors.push(
            nanoseconds(clock(ClockId::CLOCK_PROCESS_CPUTIME_ID).saturating_sub(before)) / LINES as f64,
        );
        self.passed.push(nanoseconds(passed) / LINES as f64);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = match &arguments[..] {
        [name, folder, ..] if name == "ours" => pipeline(Path::new(folder), 1),
        [name, folder, ..] if name == "format" => format_alone(Path::new(folder)),
        _ => return measure(),
    };
    println!("{}", once.as_nanos());
}

fn measure() {
    let folder = std::env::temp_dir().join(format!("stratd-bench-log-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the lines can be made");
    let mut table = Table::default();
    let (mut raw, mut one, mut two) = (Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..ROUNDS {
        // whoever goes first in a round finds a colder machine
        for turn in 0..3 {
            match (round + turn) % 3 {
                0 => raw.run(|| format_alone(&folder)),
                1 => one.run(|| pipeline(&folder, 1)),
                _ => two.run(|| pipeline(&folder, 2)),
            }
        }
    }
    table.spread("log.format_ns_per_line", &raw.passed);
    for (rounds, suffix) in [(&one, ""), (&two, "_2_threads")] {
        let ratio = |ours: &[f64], raw: &[f64]| ours.iter().zip(raw).map(|(ours, raw)| ours / raw).collect();
        table.spread(&format!("log.ns_per_line{suffix}"), &rounds.passed);
        let ratios: Vec<f64> = ratio(&rounds.passed, &raw.passed);
        table.spread(&format!("log.ratio_to_format{suffix}"), &ratios);
        let ratios: Vec<f64> = ratio(&rounds.processors, &raw.processors);
        table.spread(&format!("log.processor_ratio{suffix}"), &ratios);
    }
    paced(&folder, &mut table);
    disabled(&mut table);
    allocations(&folder, &mut table);
    // nobody needs the lines any more
    let _ = fs::remove_dir_all(&folder);
    table.finish();
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).map_or(Duration::ZERO, Duration::from)
}

/// What a call costs the thread that logs, one at a time.
fn paced(folder: &Path, table: &mut Table) {
    let logging = logging(folder);
    let logger = logging.logger(NAME).expect("the logger can be made");
    log_lines(&logger, 10_000);
    let mut times = Vec::with_capacity(PACED_CALLS);
    for index in 0..PACED_CALLS {
        let text = text(u64::try_from(index).unwrap_or(0));
        let start = Instant::now();
        logger.log(Level::INFO, as_text(&text));
        let elapsed = start.elapsed();
        times.push(nanoseconds(elapsed));
        while start.elapsed() < PAUSE {
            std::hint::spin_loop();
        }
    }
    times.sort_by(f64::total_cmp);
    for (name, percent) in [("log.call_ns_p50", 50), ("log.call_ns_p99", 99)] {
        table.add(name, times.get(PACED_CALLS * percent / 100).copied().unwrap_or(0.0));
    }
}

/// What a call costs whose level is not enabled, in processor time of this thread.
fn disabled(table: &mut Table) {
    const CALLS: u64 = 10_000_000;
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let logger = logging.logger(NAME).expect("the logger can be made");
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = clock(ClockId::CLOCK_THREAD_CPUTIME_ID);
        for index in 0..CALLS {
            log!(black_box(&logger), Level::DEBUG, "{index}");
        }
        let elapsed = clock(ClockId::CLOCK_THREAD_CPUTIME_ID).saturating_sub(before);
        rounds.push(nanoseconds(elapsed) / CALLS as f64);
    }
    table.spread("log.disabled_ns", &rounds);
}

/// Allocations of both sides once everything has grown to its size.
fn allocations(folder: &Path, table: &mut Table) {
    let logging = logging(folder);
    let logger = logging.logger(NAME).expect("the logger can be made");
    log_lines(&logger, LINES);
    logging.flush();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..10 {
        log_lines(&logger, 5_000);
        logging.flush();
    }
    let count = ALLOCATIONS.load(Ordering::Relaxed) - before;
    table.add("log.allocations_per_record", count as f64 / 50_000.0);
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

#[derive(Default)]
struct Table(Vec<(String, f64)>);

impl Table {
    fn add(&mut self, name: &str, value: f64) {
        println!("{name:34} {value:10.3}");
        self.0.push((name.to_owned(), value));
    }

    /// The median as the number of that name, with the smallest and the largest beside it.
    fn spread(&mut self, name: &str, values: &[f64]) {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [min, .., max] = sorted[..] else { return };
        let median = sorted[sorted.len() / 2];
        println!("{name:34} {median:10.3}   [{min:.3} to {max:.3}]");
        for (suffix, value) in [("", median), ("_min", min), ("_max", max)] {
            self.0.push((format!("{name}{suffix}"), value));
        }
    }

    fn finish(&self) {
        let mut json = String::from("{\n");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index + 1 < self.0.len() { "," } else { "" };
            let _ = writeln!(json, "  \"{name}\": {value}{comma}");
        }
        json.push_str("}\n");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let path = target.join("bench/log.json");
        let written = fs::create_dir_all(target.join("bench")).and_then(|()| fs::write(&path, json));
        written.expect("the numbers can be written");
        println!("written to {}", path.display());
    }
}
