//! Backtests in children of a daemon that trades meanwhile.

use std::path::Path;

use serde_json::{Map, Value, json};
use stratd_control::{
    Backtest, BacktestDone, BacktestList, BacktestRequest, BacktestState, Problem, Request,
};

use crate::desk::Desk;

/// A backtest of so many steps of the synthetic venue.
fn config(steps: u64) -> Map<String, Value> {
    let config = json!({
        "backtest": { "cash": 1_000_000 },
        "exchange": [{ "plugin": "synthetic", "config": { "seed": 7, "instruments": 2, "steps": steps } }],
        "strategy": [{ "plugin": "market-maker" }],
    });
    config.as_object().cloned().expect("an object")
}

fn inline(config: Map<String, Value>, name: &str) -> Request {
    let body = BacktestRequest { config: Some(config), name: Some(name.to_owned()), file: None };
    Request::submit_backtest(&body).expect("a body")
}

fn submit(desk: &Desk, steps: u64) -> Backtest {
    desk.ask::<BacktestDone>(&inline(config(steps), "test")).backtest.expect("one that was taken")
}

/// Waits until it is in a state that is asked for.
fn wait(desk: &mut Desk, id: &str, is_so: impl Fn(&Backtest) -> bool) -> Backtest {
    let client = desk.client();
    let mut shown = None;
    desk.running().wait_until("a state of a backtest", || {
        let answer = client.send(&Request::backtest(id)).and_then(|answer| answer.read::<Backtest>());
        shown = Some(answer.unwrap_or_else(|error| panic!("{error}")));
        shown.as_ref().is_some_and(|shown| is_so(shown) || shown.state == BacktestState::Failed)
    });
    shown.expect("an answer")
}

#[test]
fn a_backtest_runs_to_its_end_beside_the_run() {
    let mut desk = Desk::start("");
    // rehearsed first: nothing is there afterwards
    let done: BacktestDone = desk.ask(&inline(config(2_000), "test").dry_run());
    assert!(done.dry_run && done.backtest.is_none(), "{done:?}");
    assert_eq!(desk.ask::<BacktestList>(&Request::backtests()).backtests, []);
    let submitted = submit(&desk, 2_000);
    let ended = wait(&mut desk, &submitted.id, |shown| shown.state.has_ended());
    assert_eq!((ended.state, ended.error.as_deref()), (BacktestState::Finished, None), "{ended:?}");
    let folder = ended.run_folder.expect("a folder");
    assert!(Path::new(&folder).join("fills.csv").is_file(), "{folder}");
    let events = ended.summary.as_ref().and_then(|summary| summary["events"].as_u64()).expect("a summary");
    let progress = ended.progress.expect("progress");
    assert!(events > 0 && progress.events == events, "{events} {progress:?}");
    let list = desk.ask::<BacktestList>(&Request::backtests()).backtests;
    assert!(matches!(&list[..], [one] if one.id == submitted.id && one.summary.is_none()), "{list:?}");
    // a file with tables that the daemon decides about
    let text = "[plugins.trust]\nrequire_signature = true\n[logging]\n[backtest]\ncash = 5\n[[exchange]]\nplugin = \"synthetic\"\nconfig = { steps = 10 }\n[[strategy]]\nplugin = \"market-maker\"\n";
    desk.place.write("some/where.toml", text);
    let file = Some(desk.path("some/where.toml").display().to_string());
    let request =
        Request::submit_backtest(&BacktestRequest { file, ..BacktestRequest::default() }).expect("a body");
    let submitted = desk.ask::<BacktestDone>(&request).backtest.expect("one that was taken");
    let ended = wait(&mut desk, &submitted.id, |shown| shown.state.has_ended());
    assert_eq!(ended.state, BacktestState::Finished, "{ended:?}");
    desk.end();
}

#[test]
fn what_cannot_run_is_refused_before_it_is_taken() {
    let desk = Desk::start("");
    let refused = |change: &dyn Fn(&mut Map<String, Value>)| -> Problem {
        let mut config = config(10);
        change(&mut config);
        desk.refused(&inline(config, "test"))
    };
    let problem = refused(&|config| drop(config.insert("plugins".into(), json!({ "trust": {} }))));
    assert_eq!((problem.status, problem.pointer.as_deref()), (400, Some("/config/plugins")), "{problem:?}");
    let problem = refused(&|config| config["exchange"][0]["config"]["speed"] = json!(5));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/config")), "{problem:?}");
    assert!(
        problem.detail.contains("exchange[0].config.speed") && problem.detail.contains("accepted"),
        "{problem:?}"
    );
    let problem = refused(&|config| drop(config.insert("trading_type".into(), json!("sandbox"))));
    assert!(problem.status == 422 && problem.detail.contains("accepted: backtest"), "{problem:?}");
    let problem = desk.refused(&Request::backtest("7"));
    assert_eq!(problem.status, 404, "{problem:?}");
    desk.end();
}

#[test]
fn backtests_wait_for_their_turn_are_canceled_and_end_with_the_daemon() {
    let mut desk = Desk::start("[backtests]\nrunning_max = 1\nqueued_max = 1\n");
    const LONG: u64 = 1_000_000_000;
    let first = submit(&desk, LONG);
    let running = wait(&mut desk, &first.id, |shown| shown.pid.is_some() && shown.progress.is_some());
    let second = submit(&desk, LONG);
    assert_eq!(desk.ask::<Backtest>(&Request::backtest(&second.id)).state, BacktestState::Queued);
    let problem = desk.refused(&inline(config(LONG), "test"));
    assert!(
        problem.status == 503 && problem.detail.starts_with("1 of at most 1 backtests wait"),
        "{problem:?}"
    );
    let done: BacktestDone = desk.ask(&Request::cancel_backtest(&first.id));
    let canceled = done.backtest.expect("itself");
    assert_eq!((canceled.state, canceled.pid), (BacktestState::Canceled, None), "{canceled:?}");
    let lives = |pid: u32| Path::new(&format!("/proc/{pid}")).exists();
    assert!(!lives(running.pid.expect("a process")));
    assert_eq!(desk.refused(&Request::cancel_backtest(&first.id)).status, 409);
    // the next one has its turn, and the daemon ends
    let pid = wait(&mut desk, &second.id, |shown| shown.pid.is_some()).pid.expect("a process");
    assert!(lives(pid));
    desk.end();
    assert!(!lives(pid), "no child outlives its daemon");
}
