//! Generations that go back by themselves: nothing else changes while one waits, and the way back is tried until it is
//! done.

use serde_json::json;
use stratd_control::{ConfigApplyRequest, ConfigHistory, Request};

use crate::{
    config::{apply, files, put},
    desk::{COUNTING, Desk, SYNTHETIC},
};

/// `counter` reports so often, unless it is confirmed within that time.
fn tentative(log_every: u64, seconds: u64) -> Request {
    let patch = json!({ "strategy": { "counter": { "config": { "log_every": log_every } } } });
    apply(ConfigApplyRequest {
        patch: patch.as_object().cloned(),
        confirm_within_s: Some(seconds),
        ..ConfigApplyRequest::default()
    })
}

fn states(desk: &Desk) -> Vec<String> {
    let history: ConfigHistory = desk.ask(&Request::config_history()).expect("the history");
    history.generations.into_iter().map(|one| one.state).collect()
}

fn log_every(desk: &Desk) -> u64 {
    desk.part("strategy/counter/config/log_every").value.as_u64().expect("a number")
}

#[test]
fn while_a_generation_waits_only_its_confirmation_and_the_way_back_are_taken() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.changed(&put("strategy/counter/config/log_every", json!(400)));
    desk.changed(&tentative(500, 3600));
    desk.write(
        "stratd.toml",
        &format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}config.log_every = 9000\n"),
    );
    let at_restart = ConfigApplyRequest {
        patch: json!({ "slice_max": 3 }).as_object().cloned(),
        at_restart: true,
        ..ConfigApplyRequest::default()
    };
    for request in [
        tentative(600, 3600),
        put("risk/max_open_orders", json!(7)),
        put("risk/max_open_orders", json!(7)).dry_run(),
        Request::config_delete("strategy/counter/config"),
        Request::config_rollback(1),
        apply(at_restart),
        files(),
    ] {
        let problem = desk.unchanged(&request);
        assert_eq!(problem.status, 409, "{request}: {problem}");
        assert!(problem.detail.contains("`stratctl config confirm`"), "{problem}");
        assert!(problem.detail.contains("`stratctl config rollback 2`"), "{problem}");
        let config = desk.config();
        assert_eq!((config.generation, config.unconfirmed.map(|one| one.goes_back_to)), (3, Some(2)));
    }
    let (code, said) = desk.stratctl(&["config", "set", "risk/max_open_orders", "7"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stratctl config confirm"), "{said}");
    // what changes nothing is no change
    assert_eq!(desk.changed(&put("strategy/counter/config/log_every", json!(500))).generation, 3);
    assert!(desk.config().unconfirmed.is_some(), "and confirms nothing");
    assert_eq!(states(&desk), ["applied", "applied", "unconfirmed"]);
    // the way back, before its time
    let done = desk.changed(&Request::config_rollback(2));
    assert_eq!((done.generation, log_every(&desk)), (4, 400));
    assert!(desk.config().unconfirmed.is_none());
    assert_eq!(states(&desk), ["applied", "applied", "reverted", "applied"]);
    // after a confirmation everything goes again
    desk.changed(&tentative(500, 3600));
    assert_eq!(desk.stratctl(&["config", "confirm"]).0, Some(0));
    desk.changed(&put("risk/max_open_orders", json!(7)));
    desk.end();
}

#[test]
fn what_goes_back_is_the_same_after_an_end_and_after_a_kill() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.changed(&tentative(400, 3600));
    assert_eq!(desk.stratctl(&["config", "confirm"]).0, Some(0));
    desk.changed(&tentative(500, 3600));
    assert_eq!(desk.unchanged(&tentative(600, 3600)).status, 409);
    desk.end();
    desk.start();
    assert!(desk.log().contains("generation 3 was not confirmed before the daemon ended: back to 2"));
    assert_eq!((desk.config().generation, log_every(&desk)), (4, 400));
    desk.changed(&tentative(700, 3600));
    assert_eq!(desk.unchanged(&put("risk/max_open_orders", json!(7))).status, 409);
    desk.kill();
    desk.start();
    assert_eq!((desk.config().generation, log_every(&desk)), (6, 400));
    assert_eq!(states(&desk), ["applied", "applied", "reverted", "applied", "reverted", "applied"]);
    assert!(desk.config().unconfirmed.is_none());
    // what was put in force by hand is no way back that waits
    desk.changed(&tentative(800, 3600));
    desk.changed(&Request::config_rollback(6));
    desk.kill();
    desk.start();
    assert_eq!((desk.config().generation, log_every(&desk)), (8, 400));
    desk.end();
}

/// A strategy that needs a credential, on a desk that has it.
fn keyed() -> Desk {
    let strategy =
        "\n[[strategy]]\nplugin = \"faulty\"\nname = \"keyed\"\nconfig = { fault = \"${credential:api}\" }\n";
    let mut desk = Desk::new(&format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}{strategy}"));
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    desk.write("creds/api", "none");
    desk.start_with(&[("CREDENTIALS_DIRECTORY", "creds")]);
    desk
}

/// Without the strategy that needs a credential, unless it is confirmed within a second.
fn without_keyed() -> Request {
    apply(ConfigApplyRequest {
        patch: json!({ "strategy": { "keyed": null } }).as_object().cloned(),
        confirm_within_s: Some(1),
        ..ConfigApplyRequest::default()
    })
}

#[test]
fn a_way_back_that_is_refused_is_tried_again_until_it_is_done() {
    let mut desk = keyed();
    desk.changed(&without_keyed());
    // what the generation before needs is gone
    std::fs::remove_file(desk.path("creds/api")).expect("the credential");
    desk.running().wait_for_log("it is tried again in 1 s");
    desk.running().wait_for_log("it is tried again in 2 s");
    let config = desk.config();
    assert_eq!((config.generation, config.unconfirmed.map(|one| one.goes_back_to)), (2, Some(1)));
    assert_eq!(states(&desk), ["applied", "unconfirmed"]);
    let warnings = desk.status().warnings;
    let is_told = |warning: &String| warning.contains("should have gone back to 1");
    assert!(warnings.iter().any(is_told), "{warnings:?}");
    let problem = desk.unchanged(&put("risk/max_open_orders", json!(7)));
    assert!(problem.detail.contains("should have gone back to 1"), "{problem}");
    // and comes back
    desk.write("creds/api", "none");
    let client = desk.client();
    desk.running().wait_until("generation 1 in force again", || {
        let config = client.send(&Request::config()).and_then(|answer| answer.read());
        config.is_ok_and(|config: stratd_control::Config| config.generation == 3)
    });
    assert_eq!(states(&desk), ["applied", "reverted", "applied"]);
    assert!(desk.config().unconfirmed.is_none());
    assert!(desk.status().warnings.iter().all(|warning| !is_told(warning)));
    desk.wait("faulty", "events", |plugin| crate::desk::instance_of(plugin, "keyed").events > 10);
    desk.end();
}

#[test]
fn a_way_back_that_is_refused_can_be_given_up_by_a_confirmation() {
    let mut desk = keyed();
    desk.changed(&without_keyed());
    std::fs::remove_file(desk.path("creds/api")).expect("the credential");
    desk.running().wait_for_log("it is tried again in 1 s");
    assert_eq!(desk.stratctl(&["config", "confirm"]).0, Some(0));
    desk.changed(&put("risk/max_open_orders", json!(7)));
    assert_eq!(states(&desk), ["applied", "applied", "applied"]);
    // killed before anybody confirmed, it counts as unconfirmed still
    desk.changed(&tentative(700, 1));
    desk.kill();
    desk.start_with(&[("CREDENTIALS_DIRECTORY", "creds")]);
    assert_eq!(states(&desk).last().map(String::as_str), Some("applied"));
    assert_eq!(desk.config().config["strategy"][0].get("config"), None);
    desk.end();
}
