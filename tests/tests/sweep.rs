//! `stratd sweep` by the real program: the same rows whatever the number of processes, and after an interruption.

use std::{collections::BTreeMap, fs, path::Path};

use stratd_tests::{Place, Ran, Running, workspace};

/// Crossing averages over a few years of real prices.
fn place() -> Place {
    let prices = workspace().join("configs/data/equities-daily.csv");
    let config = format!(
        "[[exchange]]\nplugin = \"csv\"\n[exchange.config]\nfile = \"{}\"\nadjust = \"adj_close\"\nend = \"2000-12-01\"\n\
         [[strategy]]\nplugin = \"ema-cross\"\nconfig = {{ quantity = 500, reverse = true }}\n",
        prices.display()
    );
    Place::new(&[("sweep.toml", &config)])
}

const GRID: [&str; 6] = ["sweep", "sweep.toml", "--param", "fast=10..40/10", "--param", "slow=20..30/10"];

fn sweep(place: &Place, more: &[&str]) -> Ran {
    place.stratd(&[&GRID, more].concat())
}

/// The files of a sweep that say what came out, kept folders included.
fn outcome(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files);
    files.retain(|name, _| !matches!(name.as_str(), "runs.jsonl" | "sweep.json"));
    files
}

fn collect(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().display());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read_to_string(entry.path()).expect("a file of text"));
        }
    }
}

#[test]
fn one_process_and_many_write_the_same_and_refused_values_are_told() {
    let place = place();
    let one = sweep(&place, &["--jobs", "1", "--output", "one", "--keep", "2"]);
    let many = sweep(&place, &["--jobs", "3", "--output", "many", "--keep", "2"]);
    assert_eq!((one.code, many.code), (0, 0), "{} {}", one.err, many.err);
    assert!(one.out.contains("8 combinations: 3 finished, 5 refused"), "{}", one.out);
    let (one, many) = (outcome(&place.path().join("one")), outcome(&place.path().join("many")));
    assert_eq!(one, many);
    let rows: Vec<&str> = one["results.csv"].lines().collect();
    assert_eq!(rows.len(), 9);
    assert!(rows[0].starts_with("run,fast,slow,state,return,cagr,sharpe,"), "{}", rows[0]);
    assert!(rows[3].starts_with("2,20,20,refused,"), "{}", rows[3]);
    assert!(rows[3].contains("fast"), "the reason: {}", rows[3]);
    let kept: Vec<&str> = one.keys().filter_map(|name| name.strip_suffix("/summary.json")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(one["sweep.html"].contains("<svg"), "the map");
}

#[test]
fn a_row_has_the_figures_of_the_same_backtest() {
    let place = place();
    let swept = sweep(&place, &["--output", "swept", "--keep", "1", "--measure", "return"]);
    assert_eq!(swept.code, 0, "{}", swept.err);
    let files = outcome(&place.path().join("swept"));
    let rows: Vec<Vec<&str>> = files["results.csv"].lines().map(|row| row.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|known| *known == name).expect("a column");
    let best = rows.iter().filter(|row| row[3] == "finished").max_by(|a, b| {
        let of = |row: &[&str]| row[column("return")].parse::<f64>().expect("a number");
        of(a).total_cmp(&of(b))
    });
    let best = best.expect("a run that ended");
    let prices = workspace().join("configs/data/equities-daily.csv").display().to_string();
    let alone = place.backtest(&[
        "--exchange",
        &format!("csv,file={prices},adjust=adj_close,end=2000-12-01"),
        "--strategy",
        &format!("ema-cross,fast={},slow={},quantity=500,reverse=true", best[1], best[2]),
    ]);
    let summary: serde_json::Value = serde_json::from_str(&alone["summary.json"]).expect("a summary");
    assert_eq!(best[column("return")], summary["return"].to_string());
    assert_eq!(best[column("equity_end")], summary["equity_end"].as_str().expect("an amount"));
    // what a kept folder has is what the backtest alone has
    let kept = |name: &str| &files[&format!("runs/{}/{name}", best[0])];
    for name in ["orders.csv", "fills.csv", "equity.csv", "returns.csv"] {
        assert_eq!(kept(name), &alone[name], "{name}");
    }
}

#[test]
fn what_was_killed_goes_on_and_ends_with_the_same() {
    let place = place();
    let whole = sweep(&place, &["--jobs", "2", "--output", "whole"]);
    assert_eq!(whole.code, 0, "{}", whole.err);
    let journal = place.path().join("cut/runs.jsonl");
    let mut running =
        Running::start(place.command(&[&GRID[..], &["--jobs", "2", "--output", "cut"]].concat()), "cut-run");
    running
        .wait_until("two rows", || fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) >= 2);
    let _ = running.end("KILL");
    let known = fs::read_to_string(&journal).expect("the journal");
    let again = sweep(&place, &["--jobs", "2", "--output", "cut"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(outcome(&place.path().join("cut")), outcome(&place.path().join("whole")));
    let journal = fs::read_to_string(&journal).expect("the journal");
    let kept = known.rfind('\n').map_or("", |end| &known[..=end]);
    assert!(journal.starts_with(kept), "rows that were known are not run again");
    assert_eq!(journal.lines().count(), 8);
}

#[test]
fn a_combination_that_kills_its_process_is_told_and_the_others_run() {
    let place = place();
    let prices = workspace().join("configs/data/equities-daily.csv").display().to_string();
    let exchange = format!("csv,file={prices},adjust=adj_close,end=2001-01-01");
    let arguments = [
        "sweep",
        "--exchange",
        &exchange,
        "--strategy",
        "faulty",
        "--plugin-dir",
        &stratd_tests::plugin("strategy_faulty").parent().expect("a folder").display().to_string(),
        "--param",
        "fault=none,abort,segfault",
        "--measure",
        "return",
        "--jobs",
        "1",
        "--output",
        "swept",
    ];
    let ran = place.stratd(&arguments);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    let rows = fs::read_to_string(place.path().join("swept/results.csv")).expect("the rows");
    let rows: Vec<&str> = rows.lines().collect();
    assert!(rows[1].starts_with("0,none,finished,"), "{rows:?}");
    assert!(rows[2].starts_with("1,abort,failed,") && rows[2].contains("SIGABRT"), "{rows:?}");
    assert!(rows[3].starts_with("2,segfault,failed,") && rows[3].contains("SIGSEGV"), "{rows:?}");
}

#[test]
fn what_cannot_be_swept_is_told_before_anything_runs() {
    let place = place();
    let refused = |arguments: &[&str], code: i32, expected: &str| {
        let ran = place.stratd(&[&["sweep", "sweep.toml"], arguments].concat());
        assert_eq!(ran.code, code, "{}", ran.err);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    refused(
        &["--param", "fats=1..2"],
        78,
        "--param fats: strategy[0].config.fats: unknown key (accepted: fast, slow, quantity, reverse; did you mean fast?)",
    );
    refused(
        &["--param", "fast=1..2", "--measure", "luck"],
        1,
        "--measure: found luck (accepted: return, cagr, sharpe",
    );
    refused(&["--param", "fast=1..2", "--jobs", "0"], 1, "--jobs: found 0 (accepted: 1 to 256)");
    refused(&["--param", "fast=2..1"], 1, "found 2..1 (accepted: a first value up to the last");
    assert!(!place.path().join("runs").exists(), "nothing was written");
    place.write("live.toml", "trading_type = \"sandbox\"\n[[exchange]]\nplugin = \"synthetic\"\n[[strategy]]\nplugin = \"ema-cross\"\n");
    let ran = place.stratd(&["sweep", "live.toml", "--param", "fast=1..2"]);
    assert!(ran.err.contains("stratd sweep runs trading type backtest (found sandbox)"), "{}", ran.err);
}
