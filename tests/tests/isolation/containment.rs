//! What a misbehaving instance does to the host: nothing but a report.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use stratd::host::isolation::{ChannelOptions, Isolation, ProcessOptions, abandoned_threads};
use stratd_plugin_api::Reason;
use stratd_tests::plugin;

use crate::place::{Place, Running, is_alive, of_process, process, wait_until};

/// The text of a fault without the number of the process.
fn told(text: &str, pid: u32) -> String {
    text.replace(&pid.to_string(), "PID")
}

#[test]
fn a_process_that_ends_is_reported_with_how_and_where() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    for (fault, how) in [
        ("abort", "was killed by SIGABRT in `on_events`"),
        ("segfault", "was killed by SIGSEGV in `on_events`"),
        ("exit", "ended by itself with exit code 3 in `on_events`"),
        ("stack-overflow", "was killed by SIGABRT in `on_events`; it last wrote: "),
    ] {
        let mut running = Running::of(&faulty, &json!({ "fault": fault }), &process());
        let pid = running.pid();
        // as soon as it ends, and not when the time is up: then the reason would be another
        let dead = running.trades(&[1]).expect_err("its process ends");
        assert_eq!(dead.reason, Reason::Crashed);
        let expected = format!("the plugin's process PID {how}");
        assert!(told(&dead.message, pid).starts_with(&expected), "{fault}: {dead}");
        assert_eq!(fault == "stack-overflow", dead.message.contains("overflow"), "{fault}: {dead}");
        // it stays dead, in the same words
        assert_eq!(running.trades(&[2]).expect_err("it is dead"), dead);
        assert_eq!(running.death(), format!("crashed: {}", dead.message));
        assert!(!is_alive(pid));
    }
}

#[test]
fn a_process_that_ends_in_another_entry_is_reported_with_it() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    let refusal = Running::new(&faulty, &json!({"fault": "segfault-in-new"}), &process()).err();
    let refusal = refusal.expect("it dies").to_string();
    assert!(
        refusal.contains("create: the plugin's process ") && refusal.contains("SIGSEGV in `create`"),
        "{refusal}"
    );
    let mut running = Running::of(&faulty, &json!({"fault": "abort-in-save"}), &process());
    let dead = running.call(|strategy, host| strategy.save(host)).expect_err("it dies");
    assert!(dead.message.contains("killed by SIGABRT in `save`"), "{dead}");
    // the end of one that dies in its destructor is logged, and nobody is told of a death
    let mut running = Running::of(&faulty, &json!({"fault": "abort-in-drop"}), &process());
    let (watch, services) = (running.watch().clone(), running.services.clone());
    running.end();
    wait_until("its end is logged", || services.messages().iter().any(|text| text.contains("in `destroy`")));
    drop(watch);
}

#[test]
fn a_hang_ends_at_the_deadline_and_the_process_is_killed() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    for fault in ["hang", "spin"] {
        let channel =
            ChannelOptions { call_timeout: Duration::from_millis(200), ..ChannelOptions::default() };
        let isolation = Isolation::Process(ProcessOptions { channel, ..of_process() });
        let mut running = Running::of(&faulty, &json!({ "fault": fault }), &isolation);
        let pid = running.pid();
        let dead = running.trades(&[1]).expect_err("it hangs");
        assert_eq!(
            (dead.reason, &*dead.message),
            (Reason::Deadline, "no answer within 200ms: entry on_events")
        );
        wait_until("the process is gone", || !is_alive(pid));
        assert_eq!(running.trades(&[2]).expect_err("it is dead"), dead);
    }
}

#[test]
fn a_hang_of_a_thread_loses_that_thread_only() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    let options = ChannelOptions { call_timeout: Duration::from_millis(200), ..ChannelOptions::default() };
    let isolation = Isolation::Thread(options);
    let mut slow = Running::of(&faulty, &json!({"fault": "slow", "ms": 1_000}), &isolation);
    let dead = slow.trades(&[1]).expect_err("it is too slow");
    assert_eq!((dead.reason, &*dead.message), (Reason::Deadline, "no answer within 200ms: entry on_events"));
    assert_eq!(slow.death(), "deadline: no answer within 200ms: entry on_events");
    let before = abandoned_threads();
    slow.end();
    // it comes back after all, and then it counts no more
    wait_until("the thread ends", || abandoned_threads() <= before);
    let mut hung = Running::of(&faulty, &json!({"fault": "hang"}), &isolation);
    hung.trades(&[1]).expect_err("it hangs");
    hung.end();
    wait_until("the thread counts as lost", || abandoned_threads() >= 1);
    // others are not touched
    let mut other = Running::of(&faulty, &json!({}), &isolation);
    assert_eq!(other.trades(&[1]), Ok(1));
    assert_eq!(other.host.calls, ["buy 1 of 1"]);
}

#[test]
fn a_leak_ends_at_the_limit_of_memory() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    let isolation = Isolation::Process(ProcessOptions { memory_max: Some(256 << 20), ..of_process() });
    let mut running = Running::of(&faulty, &json!({"fault": "leak"}), &isolation);
    let dead =
        (0..100).find_map(|_| running.trades(&[1]).err()).expect("100 times 16 MiB are more than the limit");
    assert_eq!(dead.reason, Reason::Crashed);
    assert!(dead.message.contains("memory allocation of 16777216 bytes failed"), "{dead}");
}

#[test]
fn a_death_between_two_calls_is_told_at_once() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    let mut running = Running::of(&ema, &json!({}), &process());
    let pid = running.pid();
    let kill = |signal: &str| {
        assert!(Command::new("kill").args([signal, &pid.to_string()]).status().expect("kill runs").success());
    };
    // what stops the daemon is the daemon's business
    for signal in ["-HUP", "-INT", "-TERM"] {
        kill(signal);
        assert_eq!(running.trades(&[1]), Ok(1));
    }
    kill("-KILL");
    let expected = "crashed: the plugin's process PID was killed by SIGKILL between two calls";
    assert_eq!(told(&running.death(), pid), expected);
    let dead = running.trades(&[1]).expect_err("it is dead");
    assert_eq!(told(&dead.to_string(), pid), expected);
}

#[test]
fn a_confined_process_may_open_files_and_sockets_and_no_more() {
    let place = Place::new();
    let confined = place.load(&place.c("confined"));
    let mut running = Running::of(&confined, &json!({}), &process());
    running.trades(&[2]).expect("it lives");
    assert_eq!(
        running.services.messages(),
        [
            "fork EPERM, exec EPERM, kill EPERM, itself done, trace EPERM, mount EPERM, user EPERM, signal EPERM, limit EPERM, file done, socket done",
            "a thread of its own",
            "secret absent, standard input 0 bytes, descriptor 9 EBADF",
        ]
    );
}

#[test]
fn what_a_process_prints_is_logged_as_a_warning() {
    let place = Place::new();
    let confined = place.load(&place.c("confined"));
    let mut running = Running::of(&confined, &json!({}), &process());
    running.trades(&[1]).expect("it prints");
    wait_until("both lines are logged", || running.services.lines().len() == 2);
    let lines = running.services.lines();
    assert!(lines.iter().all(|line| line.level == 30 && line.instance == "mine"), "{lines:?}");
    let mut messages = running.services.messages();
    messages.sort();
    assert_eq!(messages, ["to standard error", "to standard output"]);
}

/// Set for the process that plays the daemon.
const ROLE: &str = "STRATD_TEST_PARENT";

#[test]
fn a_process_ends_with_its_parent() {
    let place = Place::new();
    if env::var_os(ROLE).is_some() {
        let ema = place.load(&plugin("strategy_ema_cross"));
        let running = Running::of(&ema, &json!({}), &process());
        println!("child {}", running.pid());
        loop {
            std::thread::park();
        }
    }
    let mut parent = Command::new(env::current_exe().expect("a test program has a path"))
        .args(["--exact", "containment::a_process_ends_with_its_parent", "--nocapture"])
        .env(ROLE, "1")
        .env("STRATD_PLUGINS", stratd_tests::plugins())
        .env("STRATD_BIN", stratd_tests::stratd())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test runs again");
    let lines = BufReader::new(parent.stdout.take().expect("a pipe")).lines();
    let child =
        lines.map_while(Result::ok).find_map(|line| line.split_once("child ").map(|(_, pid)| pid.to_owned()));
    let child: u32 = child.and_then(|pid| pid.parse().ok()).expect("the parent tells its child");
    assert!(is_alive(child));
    parent.kill().expect("it lives");
    parent.wait().expect("it is ours");
    wait_until("the child is gone", || !is_alive(child));
}

#[test]
fn a_place_that_cannot_be_made_is_a_refusal() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    let refused = |options| {
        let refused = Running::new(&ema, &json!({}), &Isolation::Process(options)).err();
        refused.expect("it cannot be made").to_string()
    };
    let refusal = refused(ProcessOptions { program: Some("/nowhere".into()), ..of_process() });
    assert!(refusal.contains("starting /nowhere plugin-host: No such file"), "{refusal}");
    let refusal = refused(ProcessOptions { program: Some("/bin/false".into()), ..of_process() });
    assert!(refusal.contains("ended by itself with exit code 1"), "{refusal}");
    // too little memory for the library itself
    let refusal = refused(ProcessOptions { memory_max: Some(1 << 20), ..of_process() });
    assert!(refusal.contains("create") || refusal.contains("open"), "{refusal}");
}
