//! Reads one column of a TeaFile in different ways and tells how long it took: our side of `cargo xtask peers bench tea`.
//!
//! ```text
//! cargo run --release -p teafile --example column -- make ticks.tea 20000000
//! cargo run --release -p teafile --example column -- mapped ticks.tea
//! cargo run --release -p teafile --example column -- compiled ticks.tea
//! ```
//!
//! `mapped` reads a struct's field of a typed mapping, `compiled` a column of a file of which nobody knows the type. The
//! answer is a line of JSON: seconds that passed and of the processor from opening the file to the sum of its prices, the
//! sum, and how many there were. Prices are quarters, so that a sum is exact, in whatever order it is made.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde_json::json;
use teafile::{CreateOptions, Description, Mapped, TeaItem};

/// 24 bytes, as a trade.
#[derive(Clone, Copy, Debug, TeaItem)]
#[repr(C)]
struct Tick {
    time: i64,
    price: f64,
    volume: i64,
}

type Problem = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["make", path, count] => make(path, count),
        ["mapped", path] => tell(|| mapped(path)),
        ["compiled", path] => tell(|| compiled(path)),
        _ => Err("usage: column make FILE COUNT | mapped FILE | compiled FILE".into()),
    };
    done.map_or_else(
        |problem| {
            eprintln!("column: {problem}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn make(path: &str, count: &str) -> Result<(), Problem> {
    let count: i64 = count.parse()?;
    let options = CreateOptions::default().overwrite(true);
    let mut file = options.create(path, &Description::of::<Tick>()?)?.typed::<Tick>()?;
    let (mut price, mut random) = (400_i32, 1_u64);
    for number in 0..count {
        // a walk in steps of a quarter: prices repeat, as those of a market do
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        price = (price + [-1, 0, 0, 1][usize::try_from(random >> 62)?]).max(4);
        let time = 1_299_229_200_000 + number * 7;
        let volume = i64::try_from((random >> 40) % 500)?;
        file.write(&Tick { time, price: f64::from(price) / 4.0, volume })?;
    }
    file.close()?;
    Ok(())
}

fn mapped(path: &str) -> Result<(u64, f64), Problem> {
    let file = Mapped::open(path)?;
    let ticks = file.items::<Tick>()?;
    Ok((ticks.len().try_into()?, ticks.iter().map(|tick| tick.price).sum()))
}

fn compiled(path: &str) -> Result<(u64, f64), Problem> {
    let file = Mapped::open(path)?;
    let prices = file.column::<f64>("price")?;
    Ok((prices.len().try_into()?, prices.iter().sum()))
}

/// Runs it, and prints the line.
fn tell(run: impl FnOnce() -> Result<(u64, f64), Problem>) -> Result<(), Problem> {
    let processor = || clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from);
    let (started, worked) = (Instant::now(), processor()?);
    let (items, sum) = run()?;
    let (seconds, processor) = (started.elapsed(), processor()? - worked);
    let answer = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "seconds": seconds.as_secs_f64(),
        "processor": processor.as_secs_f64(),
        "items": items,
        "sum": sum,
    });
    println!("{answer}");
    Ok(())
}
