//! Strategies with a runtime and threads of their own.

use stratd_control::PluginState;
use stratd_tests::{Ended, plugins};

use crate::desk::{Desk, has_line};

/// Tokio inside: allowed everywhere, and it ends with its instance.
#[test]
fn a_strategy_with_tokio_inside_runs_in_every_mode() {
    let mut config = "trading_type = \"sandbox\"
[plugins]
watch = false
[[exchange]]
plugin = \"synthetic\"
config = { instruments = 1, rate = 300, feeds = [\"trades\"] }
"
    .to_owned();
    let modes = ["none", "thread", "process"];
    for mode in modes {
        config.push_str(&format!(
            "[[strategy]]\nplugin = \"faulty-tokio\"\nname = \"{mode}\"\nisolation = \"{mode}\"\n"
        ));
    }
    let mut desk = Desk::of(&config);
    desk.spawn_with(&[plugins().join("faulty")]);
    desk.wait_for_answer();
    for mode in modes {
        let client = desk.client();
        desk.running().wait_until("trades", || {
            let known = client.send(&stratd_control::Request::plugin("faulty-tokio"));
            let known: Option<stratd_control::Plugin> = known.and_then(|answer| answer.read()).ok();
            let is_so = |i: &stratd_control::Instance| {
                i.name == mode && i.state == PluginState::Started && i.events > 100
            };
            known.is_some_and(|known| known.instances.iter().any(is_so))
        });
    }
    let Ended { status, err, .. } = desk.stop();
    assert_eq!(status.code(), Some(0), "{err}");
    for mode in modes {
        let sum = format!("strategy.{mode}");
        assert!(has_line(&err, &sum, "the sum of all prices is "), "{mode}: {err}");
    }
}
