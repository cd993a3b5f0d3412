//! Reloads of a strategy in a process of its own.
#![expect(clippy::disallowed_methods, reason = "the test measures")]

use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use stratd_control::{Done, PluginState, Request};
use stratd_tests::{Ended, plugin};

use crate::desk::{Desk, parent_of};

const FILE: &str = "libstrategy_counter.so";
const BUILDS: [&str; 2] = ["strategy_counter", "strategy_counter_second"];
/// How often the strategy is replaced, and after how many of them the figures must have settled.
const RELOADS: u64 = 50;
const SETTLED: u64 = 10;
/// What forty reloads may leave in the daemon: far less than one library each.
const GROWTH_KIB_MAX: u64 = 4 * 1024;

/// A daemon whose counting strategy runs in a process of its own.
fn counting(probation_events: u32) -> Desk {
    let desk = Desk::of(&format!(
        "trading_type = \"sandbox\"
[plugins]
watch = false
probation_events = {probation_events}
probation_time = \"60s\"
[plugins.isolation]
spin = 0
[[exchange]]
plugin = \"synthetic\"
config = {{ instruments = 1, rate = 300, feeds = [\"trades\", \"quotes\"] }}
[[strategy]]
plugin = \"counter\"
isolation = \"process\"
config = {{ state_bytes = 65536 }}
"
    ));
    fs::create_dir(desk.path("plug")).expect("a new folder");
    put(&desk, 0);
    desk
}

fn put(desk: &Desk, build: usize) {
    let unfinished = desk.path("plug").join("unfinished");
    fs::copy(plugin(BUILDS[build]), &unfinished).expect("a copy of a plugin");
    fs::rename(unfinished, desk.path("plug").join(FILE)).expect("a file that can be renamed");
}

fn start(desk: &mut Desk) {
    let folder: PathBuf = desk.path("plug");
    desk.spawn_with(&[folder]);
    desk.wait_for_answer();
    desk.wait_for_events();
}

fn reload(desk: &Desk) -> Done {
    let answer = desk.client().send(&Request::reload("counter")).and_then(|answer| answer.read());
    answer.unwrap_or_else(|error| panic!("{error}"))
}

fn pid_of(desk: &Desk) -> u32 {
    desk.instance("counter", "counter").pid.expect("it has a process of its own")
}

/// The figures that the strategy logs at its end.
fn check_figures(ended: &Ended, restores: u64) {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    let figures = ended.err.lines().find(|line| line.contains(" build: count ")).unwrap_or_default();
    let expected = format!("duplicates 0 out_of_order 0 restores {restores} ");
    assert!(figures.contains(&expected), "{expected}: {}", ended.err);
}

#[test]
fn the_second_process_is_there_before_the_first_goes() {
    let mut desk = counting(2_000);
    start(&mut desk);
    let first = pid_of(&desk);
    put(&desk, 1);
    let done = reload(&desk);
    assert!(done.report.contains("carries its state of 65536 bytes"), "{}", done.report);
    let second = pid_of(&desk);
    assert_ne!(first, second);
    // the first stands by while the second is on probation
    let children = desk.children();
    assert!(children.contains(&first) && children.contains(&second), "{first} {second}: {children:?}");
    desk.wait_for_line("passed the probation of generation 2", "");
    desk.running().wait_until("the end of the first process", || parent_of(first).is_none());
    desk.wait_for_events();
    assert_eq!(desk.children(), [second]);
    check_figures(&desk.stop(), 1);
}

#[test]
fn a_process_that_dies_within_its_probation_gives_way_to_the_one_before() {
    let mut desk = counting(1_000_000);
    start(&mut desk);
    let first = pid_of(&desk);
    put(&desk, 1);
    reload(&desk);
    let second = pid_of(&desk);
    kill(second);
    desk.wait_for_line("rolled back from generation 2 to 1", "was killed by SIGKILL");
    desk.wait_for_events();
    let counter = desk.instance("counter", "counter");
    assert_eq!((counter.pid, counter.generation, counter.faults), (Some(first), 1, 1));
    assert_eq!(counter.state, PluginState::Started);
    assert_eq!(desk.children(), [first]);
    // nothing stands by any more: when this one dies, it is started again
    kill(first);
    // saved again after the rollback: 65,584 bytes if events came to nobody meanwhile, else 65,536
    desk.wait_for_line("strategy counter started with a saved state of 655", "");
    desk.wait_for_events();
    let counter = desk.instance("counter", "counter");
    assert!(counter.restarts == 1 && counter.pid.is_some_and(|pid| pid != first), "{counter:?}");
    // of either death the state is that of the last save, and the events since then came to nobody: `gaps` says it
    check_figures(&desk.stop(), 1);
}

fn kill(pid: u32) {
    let sent = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -KILL {pid}");
}

/// What the daemon occupies.
#[derive(Debug)]
struct Occupied {
    resident_kib: u64,
    descriptors: usize,
    threads: usize,
}

fn occupied(pid: u32) -> Occupied {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon lives");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).expect("the daemon lives").count();
    Occupied {
        resident_kib: resident.expect("a figure of /proc"),
        descriptors: count("fd"),
        threads: count("task"),
    }
}

#[test]
fn reloads_leave_nothing_in_the_daemon() {
    let mut desk = counting(1);
    start(&mut desk);
    let daemon = desk.running().id();
    let begin = Instant::now();
    let mut settled = None;
    for number in 1..=RELOADS {
        put(&desk, usize::from(number % 2 == 1));
        let done = reload(&desk);
        assert_eq!(done.plugin.generation, number + 1, "{}", done.report);
        // the one before is gone before the next comes
        let mut desk_children = desk.children();
        let deadline = Instant::now() + Duration::from_secs(30);
        while desk_children.len() > 1 {
            assert!(Instant::now() < deadline, "{desk_children:?} live after reload {number}");
            std::thread::yield_now();
            desk_children = desk.children();
        }
        if number == SETTLED {
            settled = Some(occupied(daemon));
        }
    }
    let (settled, end) = (settled.expect("there were more reloads"), occupied(daemon));
    println!(
        "after {SETTLED} reloads {settled:?}, after {RELOADS} {end:?}, {:?} a reload",
        begin.elapsed() / u32::try_from(RELOADS).expect("a small number")
    );
    assert!(end.resident_kib < settled.resident_kib + GROWTH_KIB_MAX, "{settled:?}, then {end:?}");
    // threads that end and connections of this test make a difference of some
    assert!(end.descriptors < settled.descriptors + 8, "{settled:?}, then {end:?}");
    assert!(end.threads < settled.threads + 8, "{settled:?}, then {end:?}");
    let maps = fs::read_to_string(format!("/proc/{daemon}/maps")).expect("the daemon lives");
    assert!(!maps.contains("strategy_counter"), "the daemon never opens a library that runs elsewhere");
    check_figures(&desk.stop(), RELOADS);
}
