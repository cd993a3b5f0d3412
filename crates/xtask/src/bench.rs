//! Runs a benchmark by name.
//!
//! Each prints a table and writes `TARGET/bench/NAME.json`, a flat object of numbers; it finds TARGET in
//! `CARGO_TARGET_DIR`, which every task sets for the programs that it starts.

mod control;
mod log;
mod order_limits;
mod orders;
mod reload;
mod restart;
mod sweep;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command, stdout};
use crate::{TaskResult, USAGE_ERROR, plugins, usage_error};

struct Bench {
    name: &'static str,
    by: By,
    needs: Needs,
    beside: Beside,
    about: &'static str,
}

/// The plugins that are built before.
#[derive(PartialEq)]
enum Needs {
    Nothing,
    Plugins,
    /// Those for tests, too.
    AllPlugins,
}

/// Who measures.
enum By {
    /// A benchmark of a package.
    Package(&'static str),
    /// A function here, which drives a daemon from outside; it writes its numbers to the file.
    Us(fn(&Workspace, &Path) -> Result<()>),
}

/// Who is measured beside ours, if anybody.
enum Beside {
    Nobody,
    /// A package of its own, no member of the workspace, that measures what others make of the same input.
    Package(Peers),
    /// A function here, which adds its numbers to the file.
    Us(fn(&Workspace, &Path) -> Result<()>),
}

struct Peers {
    manifest: &'static str,
    /// The measure of ours that theirs are divided by.
    ours: &'static str,
    /// What the names of the ratios start with.
    ratio: &'static str,
}

/// Every benchmark of the workspace; a new one is a new row.
const BENCHES: &[Bench] = &[
    Bench {
        name: "book",
        by: By::Package("stratd-orderbook"),
        needs: Needs::Nothing,
        beside: Beside::Package(Peers {
            manifest: "crates/orderbook/peers/Cargo.toml",
            ours: "book.ns_per_op",
            ratio: "book.ratio_",
        }),
        about: "order book: nanoseconds per add, cancel and match, beside its naive twin and two other crates",
    },
    Bench {
        name: "call",
        by: By::Package("stratd-tests"),
        needs: Needs::Plugins,
        beside: Beside::Nobody,
        about: "a strategy through the plugin table: nanoseconds per event, against the same one linked statically",
    },
    Bench {
        name: "control",
        by: By::Us(control::measure),
        // it builds the misbehaving ones, too
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "the control socket: request p50 and p99 idle and while events flow, a strategy configured anew, abusive clients",
    },
    Bench {
        name: "engine",
        by: By::Package("stratd-tests"),
        needs: Needs::AllPlugins,
        beside: Beside::Nobody,
        about: "a whole backtest on a mapped file of ticks: nanoseconds per tick and order, beside a read and a call",
    },
    Bench {
        name: "isolation",
        by: By::Package("stratd-tests"),
        needs: Needs::Plugins,
        beside: Beside::Nobody,
        about: "a strategy in a thread or process of its own: round trip p50 and p99, beside the calling thread",
    },
    Bench {
        name: "log",
        by: By::Package("stratd-logging"),
        needs: Needs::Nothing,
        beside: Beside::Us(log::measure_peers),
        about: "logging: lines to a file through hierarchy, filter and two handlers, beside formatting on one thread and four other loggers",
    },
    Bench {
        name: "log_ffi",
        by: By::Package("stratd"),
        // it takes the one that talks, which is for tests
        needs: Needs::AllPlugins,
        beside: Beside::Nobody,
        about: "a record of a plugin: nanoseconds of the call through the table, p50 and p99 paced, and of a level that is off",
    },
    Bench {
        name: "orders",
        by: By::Us(orders::measure),
        // it builds the strategy of the measurement, too
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "from a tick to its order at a venue over a WebSocket: p50 and p99 with their parts, and orders per second",
    },
    Bench {
        name: "recorder",
        by: By::Package("stratd-tests"),
        needs: Needs::AllPlugins,
        beside: Beside::Nobody,
        about: "the recorder: nanoseconds of the event loop per event, and a replay beside the run on a mapped file",
    },
    Bench {
        name: "reload",
        by: By::Us(reload::measure),
        // it builds the misbehaving ones, too
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "a settled file to running code: milliseconds with and without the probe, beside what the kernel needs",
    },
    Bench {
        name: "restart",
        by: By::Us(restart::measure),
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "the start after a kill -9 with 100,000 rows of orders and fills: milliseconds to READY=1, with their parts",
    },
    Bench {
        name: "sweep",
        by: By::Us(sweep::measure),
        // it builds them itself, unless the environment names them
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "300 backtests of a sweep: how much sooner two processes are done than one",
    },
    Bench {
        name: "tea",
        by: By::Package("teafile"),
        needs: Needs::Nothing,
        beside: Beside::Nobody,
        about: "TeaFiles: scans, writes, seeks and merges, beside a bare mapping, read(2) and write(2)",
    },
];

/// The task `bench [NAME]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let [name] = arguments else {
        if let Some(argument) = arguments.get(1) {
            return Ok(usage_error("bench", argument));
        }
        print!("{}", list());
        return Ok(ExitCode::SUCCESS);
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        eprint!("xtask bench: there is no benchmark '{name}'\n\n{}", list());
        return Ok(ExitCode::from(USAGE_ERROR));
    };
    measure(workspace, bench)?;
    Ok(ExitCode::SUCCESS)
}

fn measure(workspace: &Workspace, bench: &Bench) -> Result<()> {
    let numbers = workspace.bench_results().join(format!("{}.json", bench.name));
    // numbers of an earlier run must not pass for those of this one
    if numbers.exists() {
        fs::remove_file(&numbers).with_context(|| format!("removing {}", numbers.display()))?;
    }
    match bench.by {
        By::Package(package) => {
            let mut cargo = workspace.cargo(&["bench", "-p", package, "--bench", bench.name]);
            if bench.needs != Needs::Nothing {
                cargo.env("STRATD_PLUGINS", plugins::build(workspace, bench.needs == Needs::AllPlugins)?);
            }
            run_command(&mut cargo)?;
        }
        By::Us(measure) => measure(workspace, &numbers)?,
    }
    if !numbers.is_file() {
        bail!("benchmark '{}' ended without writing {}", bench.name, numbers.display());
    }
    match &bench.beside {
        Beside::Nobody => {}
        Beside::Package(peers) => measure_peers(workspace, peers, &numbers)?,
        Beside::Us(measure) => measure(workspace, &numbers)?,
    }
    eprintln!("numbers in {}", numbers.display());
    Ok(())
}

/// Right after ours, on the same machine. Where the peers cannot be had, only their rows are missing.
fn measure_peers(workspace: &Workspace, peers: &Peers, numbers: &Path) -> Result<()> {
    let mut cargo =
        workspace.cargo(&["run", "--release", "--locked", "--quiet", "--manifest-path", peers.manifest]);
    let Some(table) = stdout(cargo.env("CARGO_TARGET_DIR", workspace.peers()))? else {
        println!(
            "\nno peers beside it: {} does not build or run here (see above; no network?)",
            peers.manifest
        );
        return Ok(());
    };
    let json = fs::read_to_string(numbers).with_context(|| format!("reading {}", numbers.display()))?;
    let Some(ours) = number(&json, peers.ours) else {
        bail!("{} has no number '{}'", numbers.display(), peers.ours);
    };
    println!("\n{:<22}{:>9}{:>9}{:>9}{:>9}  trades", "beside it, ns/op", "median", "min", "max", "ratio");
    let mut ratios = Vec::new();
    for row in table.lines() {
        let peer = Peer::parse(row).with_context(|| format!("a row of {} is '{row}'", peers.manifest))?;
        let Peer { name, median, min, max, trades } = peer;
        let ratio = median / ours;
        println!("{name:<22}{median:>9.1}{min:>9.1}{max:>9.1}{ratio:>9.2}  {trades}");
        ratios.push((format!("{}{}", peers.ratio, name.replace('-', "_")), ratio));
    }
    fs::write(numbers, with_numbers(&json, &ratios)).with_context(|| format!("writing {}", numbers.display()))
}

/// A row that a program of peers writes: its name, nanoseconds per operation, and what it says of its trades.
struct Peer<'a> {
    name: &'a str,
    median: f64,
    min: f64,
    max: f64,
    trades: String,
}

impl<'a> Peer<'a> {
    fn parse(row: &'a str) -> Option<Self> {
        let mut words = row.split_whitespace();
        let name = words.next()?;
        let mut figure = || words.next()?.parse().ok();
        let (median, min, max) = (figure()?, figure()?, figure()?);
        Some(Self { name, median, min, max, trades: words.collect::<Vec<_>>().join(" ") })
    }
}

/// The number of that name in a flat object with one number per line.
fn number(json: &str, name: &str) -> Option<f64> {
    let value = |line: &str| -> Option<f64> {
        let value = line.trim().strip_prefix(&format!("\"{name}\":"))?;
        value.trim_end_matches(',').trim().parse().ok()
    };
    json.lines().find_map(value)
}

/// The flat object with more numbers at its end.
fn with_numbers(json: &str, numbers: &[(String, f64)]) -> String {
    let mut text = json.trim_end().trim_end_matches('}').trim_end().to_owned();
    for (name, number) in numbers {
        let comma = if text.ends_with('{') { "" } else { "," };
        // writing to a String cannot fail
        let _ = write!(text, "{comma}\n  \"{name}\": {number}");
    }
    text.push_str("\n}\n");
    text
}

fn list() -> String {
    let mut text = String::from("benchmarks:\n");
    for bench in BENCHES {
        // writing to a String cannot fail
        let _ = writeln!(text, "  {:<9} {}", bench.name, bench.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Peer, number, with_numbers};

    #[test]
    fn numbers_are_found_and_added() {
        let json = "{\n  \"book.ns_per_op_max\": 9,\n  \"book.ns_per_op\": 25.5\n}\n";
        assert_eq!(number(json, "book.ns_per_op"), Some(25.5));
        assert_eq!(number(json, "book.ns"), None);
        let more = with_numbers(json, &[("book.ratio_a".to_owned(), 2.5), ("book.ratio_b".to_owned(), 10.0)]);
        assert_eq!(
            more,
            "{\n  \"book.ns_per_op_max\": 9,\n  \"book.ns_per_op\": 25.5,\n  \
             \"book.ratio_a\": 2.5,\n  \"book.ratio_b\": 10\n}\n"
        );
        assert_eq!(with_numbers(json, &[]), json);
        assert_eq!(with_numbers("{\n}\n", &[("a".to_owned(), 1.0)]), "{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn a_row_of_a_peer_is_read() {
        let peer = Peer::parse("lobster      310.5    300.0    320.1  same 1 trades").expect("a row");
        assert_eq!((peer.name, peer.median, peer.min, peer.max), ("lobster", 310.5, 300.0, 320.1));
        assert_eq!(peer.trades, "same 1 trades");
        assert!(Peer::parse("lobster 310.5 fast 320.1").is_none());
    }
}
