//! What it costs a plugin to log: `cargo xtask bench log_ffi`.
//!
//! The daemon runs a backtest of a few rows with `plugins/faulty/talker`, which times its calls one at a time, with a
//! pause after each that lets the back end keep up. Records go the whole way: the table, the logger, the ring, and a file
//! behind a filter and two handlers. Each time holds one reading of the clock, whose own time is told beside it.
//! The limit is that of the clock plus a copy: what `log.call_ns_p50` of the benchmark `log` shows for the pipeline alone.

use std::{env, fs, path::PathBuf, process::Command};

const CONFIG: &str = r#"
trading_type = "backtest"

[logging.formatters.line]
format = "%(asctime)s %(levelname)-8s %(name)s %(message)s"
[logging.formatters.json]
format = "%(fields_json)s"
[logging.filters.none]
kind = "contains"
field = "message"
value = "never said"
negate = true
[logging.handlers.all]
kind = "file"
path = "all.log"
formatter = "line"
filters = ["none"]
[logging.handlers.figures]
kind = "file"
path = "figures.log"
level = "WARNING"
formatter = "json"
[logging.root]
level = "INFO"
handlers = ["all", "figures"]

[[exchange]]
plugin = "csv"
config = { file = "rows.csv", symbol = "AAPL" }

[[strategy]]
plugin = "talker"
config = { say = ["measure"] }
"#;
const ROWS: &str = "date,open,high,low,close,volume\n2020-01-02,10,11,9,10,100\n2020-01-03,10,11,9,10,100\n";

fn main() {
    let plugins = env::var_os("STRATD_PLUGINS").map(PathBuf::from).expect("STRATD_PLUGINS names the plugins");
    let place = tempfile::tempdir().expect("a folder can be made");
    fs::write(place.path().join("stratd.toml"), CONFIG).expect("a file can be written");
    fs::write(place.path().join("rows.csv"), ROWS).expect("a file can be written");
    let ran = Command::new(env!("CARGO_BIN_EXE_stratd"))
        .args(["run", "stratd.toml", "--plugin-dir"])
        .arg(plugins.join("faulty"))
        .current_dir(place.path())
        .output()
        .expect("the program can be started");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let text = fs::read_to_string(place.path().join("figures.log")).expect("the figures were logged");
    let found: serde_json::Value =
        text.lines().rev().find_map(|line| serde_json::from_str(line).ok()).expect("a line of JSON");
    let figures = found.as_object().expect("an object");
    let figures = figures.iter().filter(|(name, _)| name.contains("_ns"));
    let numbers: serde_json::Map<_, _> =
        figures.map(|(name, value)| (format!("log.{name}"), value.clone())).collect();
    for (name, value) in &numbers {
        println!("{name:32} {value:>12}");
    }
    assert!(numbers.contains_key("log.ffi_call_ns_p50"), "{text}");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let json = serde_json::to_string_pretty(&numbers).expect("figures are JSON");
    let written = fs::create_dir_all(target.join("bench"))
        .and_then(|()| fs::write(target.join("bench/log_ffi.json"), json + "\n"));
    written.expect("the numbers can be written");
}
