//! Connectors that misbehave.

use std::process::Command;

use stratd_control::PluginState;
use stratd_tests::Ended;

use crate::desk::{Desk, has_line};

/// The fake exchange in a mode, with a strategy that trades there and one that counts.
fn fake(isolation: &str, config: &str) -> Desk {
    Desk::of(&format!(
        "trading_type = \"sandbox\"
[plugins]
watch = false
[plugins.isolation]
spin = 0
[[exchange]]
plugin = \"fake\"
isolation = \"{isolation}\"
config = {{ interval_ms = 5{config} }}
[[strategy]]
plugin = \"counter\"
[[strategy]]
plugin = \"market-maker\"
"
    ))
}

#[test]
fn a_connector_whose_thread_calls_the_host_after_its_end_is_not_heard() {
    for isolation in ["none", "thread", "process"] {
        let mut desk = fake(isolation, ", goes_on = true");
        // one file of each name: the second build of the exchange lies beside the first
        let folder = desk.path("plug");
        std::fs::create_dir(&folder).expect("a new folder");
        for library in ["exchange_fake", "strategy_counter"] {
            let file = stratd_tests::plugin(library);
            std::fs::copy(&file, folder.join(file.file_name().expect("a file"))).expect("a copy of a plugin");
        }
        desk.spawn_with(&[folder]);
        desk.wait_for_answer();
        desk.wait_for_events();
        let Ended { status, err, .. } = desk.stop();
        assert_eq!(status.code(), Some(0), "{isolation}: {err}");
        let took = err.lines().filter(|line| line.contains("after stop the host took "));
        let took: Vec<&str> = took.filter(|line| !line.contains("took 0 events")).collect();
        assert!(took.is_empty(), "{isolation}: {err}");
    }
}

#[test]
fn a_connector_whose_process_dies_is_started_again_and_its_orders_are_found() {
    let mut desk = fake("process", "");
    let folder = desk.path("plug");
    std::fs::create_dir(&folder).expect("a new folder");
    for library in ["exchange_fake", "strategy_counter"] {
        let file = stratd_tests::plugin(library);
        std::fs::copy(&file, folder.join(file.file_name().expect("a file"))).expect("a copy of a plugin");
    }
    desk.spawn_with(&[folder]);
    desk.wait_for_answer();
    desk.wait_for_events();
    let [process] = desk.children()[..] else { panic!("one process: {:?}", desk.children()) };
    let sent = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -KILL {process}");
    desk.wait_for_line("plugins: exchange fake: the plugin's process", "was killed by SIGKILL");
    let client = desk.client();
    desk.running().wait_until("a new connector", || {
        let known = client.send(&stratd_control::Request::plugin("fake")).and_then(|answer| answer.read());
        let known: Option<stratd_control::Plugin> = known.ok();
        known.is_some_and(|known| {
            known.instances[0].restarts == 1 && known.instances[0].state == PluginState::Started
        })
    });
    desk.wait_for_events();
    let children = desk.children();
    assert!(children.len() == 1 && children[0] != process, "{children:?}");
    let Ended { status, err, .. } = desk.stop();
    assert_eq!(status.code(), Some(0), "{err}");
    assert!(!has_line(&err, "orders are still working", ""), "{err}");
}
