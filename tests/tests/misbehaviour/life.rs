//! The ends of processes: of a plugin's, and of the daemon's.
#![expect(clippy::disallowed_methods, reason = "the test measures")]

use std::{
    fmt::Write as _,
    fs,
    process::Command,
    time::{Duration, Instant},
};

use stratd_control::PluginState;

use crate::desk::{Desk, parent_of};

/// Strategies of which each dies once; the first restart comes at once, so each gives a figure.
const STRATEGIES: usize = 8;
/// Far more than any of it takes.
const DEADLINE: Duration = Duration::from_secs(30);

fn config(exchange_isolation: &str) -> String {
    let mut config = format!(
        "trading_type = \"sandbox\"
[plugins]
watch = false
[plugins.isolation]
spin = 0
[[exchange]]
plugin = \"synthetic\"
isolation = \"{exchange_isolation}\"
config = {{ instruments = 1, rate = 300, feeds = [\"trades\", \"quotes\"] }}
[[strategy]]
plugin = \"counter\"
"
    );
    for number in 0..STRATEGIES {
        let _ = write!(
            config,
            "[[strategy]]\nplugin = \"faulty\"\nname = \"s{number}\"\nisolation = \"process\"\nconfig = {{ at = 1000000 }}\n"
        );
    }
    config
}

#[test]
fn a_process_that_is_killed_is_reported_and_replaced_at_once() {
    let mut desk = Desk::of(&config("none"));
    desk.start();
    let log = desk.path("run1.err");
    let (mut reported, mut replaced) = (Vec::new(), Vec::new());
    for number in 0..STRATEGIES {
        let name = format!("s{number}");
        desk.wait_for_instance(&name, "events", |i| i.events > 20);
        let before = desk.instance("faulty", &name).pid.expect("it has a process of its own");
        let start = Instant::now();
        let sent = Command::new("kill").args(["-KILL", &before.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -KILL {before}");
        let told =
            format!("strategy.{name}: failed: crashed: the plugin's process {before} was killed by SIGKILL");
        let is_told = || fs::read_to_string(&log).unwrap_or_default().contains(&told);
        while !is_told() {
            assert!(start.elapsed() < DEADLINE, "{told}: {}", desk.log());
            std::thread::yield_now();
        }
        reported.push(start.elapsed());
        loop {
            let now = desk.instance("faulty", &name);
            if now.state == PluginState::Started && now.pid.is_some_and(|pid| pid != before) {
                assert_eq!((now.faults, now.restarts), (1, 1));
                break;
            }
            assert!(start.elapsed() < DEADLINE, "{now:?}: {}", desk.log());
        }
        replaced.push(start.elapsed());
    }
    // the time that `kill` takes to start is in it
    for (what, mut times) in [("reported", reported), ("replaced", replaced)] {
        times.sort_unstable();
        println!("killed -> {what}: p50 {:.1?}, max {:.1?}", times[STRATEGIES / 2], times[STRATEGIES - 1]);
    }
    desk.wait_for_events();
    let ended = desk.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn processes_end_with_the_daemon_even_if_it_is_killed() {
    let mut desk = Desk::of(&config("process"));
    desk.start();
    desk.wait_for_events();
    let children = desk.children();
    assert_eq!(children.len(), STRATEGIES + 1, "{children:?}");
    desk.kill();
    let start = Instant::now();
    // whoever adopts them has not started them
    let is_left = |pid: &&u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        parent_of(**pid).is_some() && name.contains("plugin-host")
    };
    while let Some(left) = children.iter().find(is_left) {
        assert!(start.elapsed() < DEADLINE, "process {left} outlives the daemon");
        std::thread::yield_now();
    }
    println!("daemon killed -> {} processes gone: {:.1?}", children.len(), start.elapsed());
}
