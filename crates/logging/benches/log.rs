//! Lines to a file, from the call to the last byte: `cargo bench -p stratd-logging --bench log`.
//!
//! A line has 121 bytes: time with milliseconds, level, logger, text. On our side it goes through the tree, one filter and
//! two handlers, of which the second takes errors only. The limit beside it is the least that anybody can do on one thread:
//! read the clock, format the same line with a cached second, append it to a buffer of 64 KiB in front of the file.
//! Rounds take turns; ratios are those of one round, and the median of them is printed.
//!
//! Prints a table and writes `bench/log.json` in the target folder. Only ratios of one run on one machine count.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a table")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt::Write as _,
    fs::{self, File},
    hint::black_box,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use stratd_logging::{Config, Level, Logger, Logging, LoggingOptions, log};

const LINES: u64 = 300_000;
const ROUNDS: usize = 7;
const LINE_BYTES: u64 = 121;
/// So many calls are timed one by one, with a pause after each that lets the back end keep up.
const PACED_CALLS: usize = 100_000;
const PAUSE: Duration = Duration::from_micros(2);
const NAME: &str = "strategy.momentum";

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

fn main() {
    let folder = std::env::temp_dir().join(format!("stratd-bench-log-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the lines can be made");
    let mut table = Table::default();
    let (mut raw, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // whoever goes first in a round finds a colder machine
        for turn in 0..3 {
            match (round + turn) % 3 {
                0 => raw.push(format_alone(&folder.join("raw.log"))),
                1 => one.push(pipeline(&folder, 1)),
                _ => two.push(pipeline(&folder, 2)),
            }
        }
    }
    let ns_per_line =
        |times: &[Duration]| median(times.iter().map(|time| nanoseconds(*time) / LINES as f64).collect());
    let ratio = |times: &[Duration]| {
        median(times.iter().zip(&raw).map(|(ours, raw)| ours.as_secs_f64() / raw.as_secs_f64()).collect())
    };
    table.add("log.format_ns_per_line", ns_per_line(&raw));
    table.add("log.ns_per_line", ns_per_line(&one));
    table.add("log.ratio_to_format", ratio(&one));
    table.add("log.ns_per_line_2_threads", ns_per_line(&two));
    table.add("log.ratio_to_format_2_threads", ratio(&two));
    paced(&folder, &mut table);
    disabled(&mut table);
    allocations(&folder, &mut table);
    // nobody needs the lines any more
    let _ = fs::remove_dir_all(&folder);
    table.finish();
}

/// The text of a line: with time, level and name it makes 121 bytes.
fn text(index: u64) -> [u8; 69] {
    let mut text = *b"order 0000000000 filled at 101.25, 500 of AAPL on synthetic exchange.";
    let mut rest = index;
    for slot in text.iter_mut().skip(6).take(10).rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    text
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the text is ASCII")
}

/// The least that one thread must do.
fn format_alone(path: &Path) -> Duration {
    let mut file = BufWriter::with_capacity(64 << 10, File::create(path).expect("the file can be made"));
    let start = Instant::now();
    let (mut second, mut time, mut line) = (u64::MAX, String::new(), String::new());
    for index in 0..LINES {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() != second {
            second = now.as_secs();
            time = calendar(second);
        }
        line.clear();
        let text = text(index);
        let _ = writeln!(line, "{time},{:03} {:<8} {NAME} {}", now.subsec_millis(), "INFO", as_text(&text));
        file.write_all(line.as_bytes()).expect("the file can be written");
    }
    file.flush().expect("the file can be written");
    let elapsed = start.elapsed();
    assert_eq!(fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(0), LINES * LINE_BYTES);
    elapsed
}

/// Date and time of a second, in universal time.
fn calendar(second: u64) -> String {
    let days = second / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

fn logging(folder: &Path) -> Logging {
    let path = folder.join("ours.log");
    // a file of an earlier round
    let _ = fs::remove_file(&path);
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let config = format!(
        "[formatters.f]\nformat = \"%(asctime)s %(levelname)-8s %(name)s %(message)s\"\nutc = true\n\
         [filters.own]\nkind = \"name\"\nname = \"strategy\"\n\
         [handlers.all]\nkind = \"file\"\npath = {path:?}\nformatter = \"f\"\nfilters = [\"own\"]\n\
         [handlers.errors]\nkind = \"file\"\npath = {:?}\nlevel = \"ERROR\"\nformatter = \"f\"\n\
         [loggers.strategy]\nlevel = \"DEBUG\"\nhandlers = [\"errors\"]\n\
         [root]\nlevel = \"WARNING\"\nhandlers = [\"all\"]",
        folder.join("errors.log"),
    );
    let config = Config::parse(&config).expect("the configuration is good");
    logging.apply(config).expect("the files can be opened");
    logging
}

fn log_lines(logger: &Logger, count: u64) {
    for index in 0..count {
        let text = text(index);
        log!(logger, Level::INFO, "{}", as_text(&text));
    }
}

/// From the first call to the last byte in the file, with some threads that share the lines.
fn pipeline(folder: &Path, threads: u64) -> Duration {
    let logging = logging(folder);
    let logger = logging.logger(NAME).expect("the logger can be made");
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| log_lines(&logger, LINES / threads));
        }
    });
    logging.flush();
    let elapsed = start.elapsed();
    assert_eq!(logging.lost(), 0);
    let bytes = fs::metadata(folder.join("ours.log")).map(|metadata| metadata.len()).unwrap_or(0);
    assert_eq!(bytes, LINES * LINE_BYTES, "every line arrived");
    elapsed
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

/// What a call costs whose level is not enabled.
fn disabled(table: &mut Table) {
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let logger = logging.logger(NAME).expect("the logger can be made");
    let calls = 100_000_000_u64;
    let start = Instant::now();
    for index in 0..calls {
        log!(black_box(&logger), Level::DEBUG, "{index}");
    }
    table.add("log.disabled_ns", nanoseconds(start.elapsed()) / calls as f64);
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[derive(Default)]
struct Table(Vec<(&'static str, f64)>);

impl Table {
    fn add(&mut self, name: &'static str, value: f64) {
        println!("{name:32} {value:12.4}");
        self.0.push((name, value));
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
