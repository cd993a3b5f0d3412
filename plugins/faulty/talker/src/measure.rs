//! What a call costs the thread that logs, one at a time, with a pause after each that lets the back end keep up.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a figure")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use stratd_plugin_api::{Context, Level, PluginLog, log};

const PAUSE: Duration = Duration::from_micros(2);
/// Loops that are timed as a whole.
const DISABLED_CALLS: u64 = 50_000_000;
/// A text as long as that of the benchmark of the pipeline.
const TEXT: &str = "order 0000000000 filled at 101.25, 500 of AAPL on synthetic exchange.";

/// Measures, and logs a record with what came out.
pub(crate) fn run(ctx: &Context<'_>, calls: usize) {
    let clock = paced(calls, || {});
    // rings and tables grow to their size
    paced(calls / 10, || log!(ctx, Level::INFO, "{}", black_box(TEXT)));
    let text = paced(calls, || log!(ctx, Level::INFO, "{}", black_box(TEXT)));
    let literal = paced(calls, || log!(ctx, Level::INFO, "order filled"));
    let fields = paced(
        calls,
        || log!(ctx, Level::INFO, ["quantity" => 500_i64, "side" => "buy"], "{}", black_box(TEXT)),
    );
    let ambient = paced(calls, || log!(PluginLog, Level::INFO, "{}", black_box(TEXT)));
    let disabled_by_context = disabled(|index| log!(black_box(ctx), Level::DEBUG, "{index}"));
    let disabled_by_plugin = disabled(|index| log!(black_box(PluginLog), Level::DEBUG, "{index}"));
    log!(
        ctx,
        Level::WARNING,
        [
            "clock_ns_p50" => at(&clock, 50.0),
            "ffi_call_ns_p50" => at(&text, 50.0),
            "ffi_call_ns_p90" => at(&text, 90.0),
            "ffi_call_ns_p99" => at(&text, 99.0),
            "ffi_call_ns_p999" => at(&text, 99.9),
            "ffi_literal_ns_p50" => at(&literal, 50.0),
            "ffi_fields_ns_p50" => at(&fields, 50.0),
            "ffi_ambient_ns_p50" => at(&ambient, 50.0),
            "ffi_disabled_ns" => disabled_by_context,
            "ffi_disabled_ambient_ns" => disabled_by_plugin,
        ],
        "measured"
    );
}

fn paced(calls: usize, call: impl Fn()) -> Vec<u64> {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let start = Instant::now();
        call();
        let elapsed = start.elapsed();
        times.push(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
        while start.elapsed() < PAUSE {
            std::hint::spin_loop();
        }
    }
    times.sort_unstable();
    times
}

fn disabled(call: impl Fn(u64)) -> f64 {
    let start = Instant::now();
    for index in 0..DISABLED_CALLS {
        call(index);
    }
    start.elapsed().as_nanos() as f64 / DISABLED_CALLS as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the times")]
fn at(times: &[u64], percent: f64) -> u64 {
    let index = (times.len() as f64 * percent / 100.0) as usize;
    times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or(0)
}
