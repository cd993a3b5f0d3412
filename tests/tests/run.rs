//! `stratd run`: the long-running daemon over the synthetic venue, ended by a signal.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    time::{Duration, Instant},
};

use stratd_tests::{Place, Running, plugin};

fn start(place: &Place, arguments: &[&str]) -> Running {
    Running::start(place.command(&[&["run"], arguments].concat()), "run")
}

fn rows_of(place: &Place, file: &str) -> Vec<String> {
    let text = fs::read_to_string(place.path().join("runs/latest").join(file)).unwrap_or_default();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// Waits until a file of the results has so many rows.
fn wait_for_rows(run: &mut Running, place: &Place, file: &str, rows: usize) {
    run.wait_until(&format!("{rows} rows of {file}"), || rows_of(place, file).len() >= rows);
}

fn summary_of(place: &Place) -> serde_json::Value {
    let file: &Path = &place.path().join("runs/latest/summary.json");
    serde_json::from_str(&fs::read_to_string(file).expect("a summary")).expect("a summary that is JSON")
}

/// The market maker at the synthetic venue, faster than the example.
fn sandbox(place: &Place) -> Running {
    start(
        place,
        &[
            "--trading-type",
            "sandbox",
            "--exchange",
            "synthetic,instruments=2,rate=2000",
            "--strategy",
            "market-maker",
        ],
    )
}

/// A sandbox whose orders the exchange takes and never tells anything of: its end waits 5 s for the answers.
fn sandbox_without_answers(place: &Place) -> Running {
    let text = format!(
        "trading_type = \"sandbox\"\n[[exchange]]\nplugin = {:?}\nconfig = {{ interval_ms = 5, ledger = \"ledger\", silent_file = \"silent\" }}\n\
         [[strategy]]\nplugin = {:?}\nconfig = {{ every = 1 }}\n",
        plugin("exchange_fake"),
        plugin("strategy_every"),
    );
    place.write("silent", "");
    place.write("run.toml", &text);
    start(place, &["run.toml"])
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long ago a signal came decides")]
fn signals_in_a_burst_are_one_request_and_a_later_one_ends_the_process() {
    let place = Place::new(&[]);
    let mut run = sandbox(&place);
    wait_for_rows(&mut run, &place, "fills.csv", 5);
    // as `timeout` does, and as a terminal does to a pipeline
    for signal in ["TERM", "INT", "TERM"] {
        run.signal(signal);
    }
    let ended = run.wait_for_end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert_eq!(summary_of(&place)["trading_type"], "sandbox");

    let place = Place::new(&[]);
    let mut run = sandbox_without_answers(&place);
    wait_for_rows(&mut run, &place, "equity.csv", 1);
    run.signal("TERM");
    run.wait_for_log("ends on SIGTERM");
    let (asked, patience) = (Instant::now(), Duration::from_millis(1_500));
    run.wait_until("a second and a half", || asked.elapsed() > patience);
    run.signal("TERM");
    let ended = run.wait_for_end();
    assert_eq!(ended.status.signal(), Some(15), "{}", ended.err);
}

#[test]
fn a_sandbox_trades_at_the_venue_until_sigterm_and_ends_cleanly() {
    let place = Place::new(&[]);
    let mut run = sandbox(&place);
    wait_for_rows(&mut run, &place, "fills.csv", 5);
    let ended = run.end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    let summary = summary_of(&place);
    assert_eq!(summary["trading_type"], "sandbox");
    assert_eq!(summary["fills"], rows_of(&place, "fills.csv").len());
    // every order reached a final state: requested, and written when it was finished
    assert_eq!(summary["orders"], rows_of(&place, "orders.csv").len());
    assert!(ended.out.contains("market-maker"), "{}", ended.out);
}

#[test]
fn sigint_ends_a_run_too() {
    let place = Place::new(&[]);
    let mut run = sandbox(&place);
    wait_for_rows(&mut run, &place, "equity.csv", 1);
    let ended = run.end("INT");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn a_simulation_fills_orders_itself() {
    let place = Place::new(&[]);
    let mut run = start(
        &place,
        &[
            "--trading-type",
            "simulation",
            "--exchange",
            "synthetic,instruments=1,rate=2000",
            "--strategy",
            "buy-and-hold,quantity=10",
        ],
    );
    wait_for_rows(&mut run, &place, "fills.csv", 1);
    let ended = run.end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    let summary = summary_of(&place);
    assert_eq!(summary["trading_type"], "simulation");
    assert_eq!(summary["fills"], 1);
}
