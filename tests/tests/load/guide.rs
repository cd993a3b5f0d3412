//! What docs/writing-plugins.md quotes is what the host says.

use std::fs;

use serde_json::json;
use stratd_plugin_api::Fault;
use stratd_tests::{plugin, workspace};

use crate::place::{Place, Running};

/// The guide quotes this message; what differs from build to build is left out.
fn is_quoted(message: &str) {
    let guide = workspace().join("docs/writing-plugins.md");
    let text = fs::read_to_string(&guide).unwrap_or_else(|e| panic!("reading {}: {e}", guide.display()));
    assert!(text.contains(message), "{} does not say: {message}", guide.display());
}

fn faulty(place: &Place, fault: &str) -> Running {
    Running::new(&place.load(&plugin("strategy_faulty")), &json!({ "fault": fault })).expect("it is created")
}

#[test]
fn the_guide_quotes_what_the_host_says_of_calls() {
    let place = Place::new();
    let mut panicking = faulty(&place, "panic-in-trade");
    let fault = panicking.trades(&[10]).expect_err("it panics");
    let (place_of, what) = fault.message.rsplit_once(": ").expect("place and text");
    is_quoted(place_of.rsplit_once(':').expect("file and line").0);
    is_quoted(&format!(": {what}"));
    is_quoted(&panicking.trades(&[10]).expect_err("it is poisoned").message);
    let Fault { reason, message, .. } = faulty(&place, "error-in-trade").trades(&[10]).expect_err("it fails");
    is_quoted(&format!("failed: {reason}: {message}"));
    let fault = faulty(&place, "huge-state").call(|s, host| s.save(host)).expect_err("it is too large");
    is_quoted(&fault.message);
    let mut plain = Running::of(&place.load(&plugin("strategy_ema_cross")));
    is_quoted(&plain.call(|s, host| s.restore(host, 1, b"x")).expect_err("it keeps none").message);
    is_quoted(&plain.call(|s, host| s.on_config(host, "{}")).expect_err("it takes none").message);
    let half = json!({"fast": 1, "slow": 2, "quantity": 0.5});
    let mut half = Running::new(&place.load(&plugin("strategy_ema_cross")), &half).expect("it is created");
    is_quoted(&half.trades(&[10]).expect_err("there are no half shares").message);
}

#[test]
fn the_guide_quotes_what_the_host_says_beside_calls() {
    let place = Place::new();
    let mut dropping = faulty(&place, "panic-in-drop");
    dropping.end();
    let (before, after) =
        dropping.services.messages()[0].split_once(" at ").map_or_else(Default::default, |m| {
            (m.0.to_owned(), m.1.rsplit_once(": ").expect("place and text").1.to_owned())
        });
    is_quoted(&format!("{before} at …: {after}"));
    let mut thread = faulty(&place, "panic-in-thread");
    thread.trades(&[10]).expect("it goes on");
    is_quoted(thread.services.messages()[0].rsplit_once(": ").expect("place and text").1);
    let config = json!({"fast": 30, "slow": 20});
    let refusal =
        Running::new(&place.load(&plugin("strategy_ema_cross")), &config).err().expect("it refuses");
    is_quoted(&refusal.found);
    let name = place.loader.load(&place.c_strategy("name", &["-DNAME=\"Strategy X\""]));
    is_quoted(&place.told(&name.expect_err("no name")));
    let mut half = fs::read(plugin("strategy_faulty")).expect("it was built");
    half.truncate(half.len() / 2);
    let refusal = place.loader.load(&place.file("half.so", &half)).expect_err("it is cut");
    is_quoted(refusal.found.split_once(" at byte").expect("the place of the end").0);
    is_quoted(&format!("(accepted: {})", refusal.accepted));
}
