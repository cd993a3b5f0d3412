//! Each test starts itself again as a child that dies, and looks at how it died and what it said.

use std::{
    env,
    os::unix::process::ExitStatusExt as _,
    process::{Command, Output},
    time::Duration,
};

use super::*;
use crate::{
    host::{Identity, Watchdog, WatchdogOptions},
    plugin_kind::PluginKind,
};

const CHILD: &str = "STRATD_TEST_STATE_DIR";

/// What a child said and how it ended.
struct Death {
    note: Option<CrashNote>,
    output: Output,
}

impl Death {
    fn signal(&self) -> Option<i32> {
        self.output.status.signal()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// In the parent: runs this test alone in a child and returns its death. In the child: `die`, with notes installed.
fn dies(test: &str, die: impl FnOnce(&'static Seat)) -> Death {
    if let Some(directory) = env::var_os(CHILD) {
        die(prepared(Path::new(&directory)));
        // a status that libtest does not use
        nix_exit(77);
    }
    run_child(test)
}

/// As [`dies`], on the child's main thread: libtest runs tests on others, and leaves the main thread to `exit`. Nothing
/// in the child.
fn dies_on_main_thread(test: &str) -> Option<Death> {
    extern "C" fn die() {
        assert_eq!(nix::unistd::gettid(), nix::unistd::getpid(), "the main thread");
        let directory = env::var_os(CHILD).expect("only a child asks for it");
        prepared(Path::new(&directory)).during(Entry::OnOrders, || overflow(0));
    }
    if env::var_os(CHILD).is_some() {
        // SAFETY: a function that may be called at any time
        assert_eq!(unsafe { libc::atexit(die) }, 0);
        return None;
    }
    Some(run_child(test))
}

fn prepared(directory: &Path) -> &'static Seat {
    install(Some(&file(directory))).expect("a directory of ours");
    let plugin = Identity {
        name: Some("strategy-x".to_owned()),
        version: Some("1.0".to_owned()),
        build_id: Some("ab".to_owned()),
        ..Identity::default()
    };
    let seat: &'static Seat = Box::leak(Box::new(Seat::new(PluginKind::Strategy, "my ema", &plugin)));
    seat::register(seat);
    seat
}

fn run_child(test: &str) -> Death {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(env::current_exe().expect("a test program has a path"))
        .args(["--exact", &format!("host::crash::tests::{test}"), "--nocapture", "--test-threads=1"])
        .env(CHILD, directory.path())
        .output()
        .expect("the program that runs this test");
    let note = last(directory.path());
    forget(directory.path()).expect("the note is ours");
    assert_eq!(last(directory.path()), None);
    Death { note, output }
}

fn nix_exit(status: c_int) {
    // SAFETY: `exit` runs what `atexit` was given; no other thread of the child uses anything of it
    unsafe { libc::exit(status) }
}

fn check(death: &Death, signal: Option<Signal>, note: &str) {
    assert_eq!(death.signal(), signal.map(|signal| signal as i32), "{}", death.stderr());
    check_note(death, note);
}

fn check_note(death: &Death, note: &str) {
    assert_eq!(death.note.as_ref().map_or_else(String::new, ToString::to_string), note, "{}", death.stderr());
}

#[test]
fn a_wild_pointer_in_a_call_names_the_instance() {
    let death = dies("a_wild_pointer_in_a_call_names_the_instance", |seat| {
        seat.during(Entry::OnEvents, || {
            // SAFETY: none: this is the crash
            unsafe { std::ptr::write_volatile(std::ptr::without_provenance_mut::<u8>(16), 1) }
        });
    });
    check(&death, Some(Signal::SIGSEGV), "SIGSEGV in `on_events` of my ema (strategy-x/1.0/ab)");
    let culprit = death.note.as_ref().and_then(|note| note.culprit.as_ref()).expect("checked above");
    assert_eq!(culprit.key(), "strategy.my ema");
    assert!(death.stderr().contains("crash SIGSEGV strategy my%20ema strategy-x/1.0/ab on_events\n"));
}

#[test]
fn an_abort_in_a_call_names_the_instance() {
    let death = dies("an_abort_in_a_call_names_the_instance", |seat| {
        seat.during(Entry::Restore, || std::process::abort());
    });
    check(&death, Some(Signal::SIGABRT), "SIGABRT in `restore` of my ema (strategy-x/1.0/ab)");
}

#[test]
fn an_illegal_division_that_is_sent_ends_the_process_too() {
    let death = dies("an_illegal_division_that_is_sent_ends_the_process_too", |seat| {
        seat.during(Entry::Save, || raise(Signal::SIGFPE).expect("a signal to oneself"));
    });
    check(&death, Some(Signal::SIGFPE), "SIGFPE in `save` of my ema (strategy-x/1.0/ab)");
}

/// Uses up any stack.
#[expect(unconditional_recursion, reason = "the crash of these tests")]
fn overflow(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    overflow(depth + 1) + page[0]
}

#[test]
fn a_stack_overflow_of_the_main_thread_names_the_instance() {
    let Some(death) = dies_on_main_thread("a_stack_overflow_of_the_main_thread_names_the_instance") else {
        return;
    };
    // The main thread is in `exit`, where the standard library has put its own handler's things away already: whether
    // it still knows an overflow from another fault is its business.
    let ends = [Signal::SIGABRT, Signal::SIGSEGV].map(|signal| Some(signal as i32));
    assert!(ends.contains(&death.signal()), "{}", death.stderr());
    check_note(&death, "SIGSEGV in `on_orders` of my ema (strategy-x/1.0/ab)");
}

#[test]
fn a_stack_overflow_of_another_thread_names_the_instance() {
    let death = dies("a_stack_overflow_of_another_thread_names_the_instance", |seat| {
        let call = move || seat.during(Entry::OnConfig, || overflow(0));
        let _ = std::thread::spawn(call).join();
    });
    // the standard library's handler comes after ours and ends the process by `abort`
    assert!(death.stderr().contains("overflowed its stack"), "{}", death.stderr());
    check(&death, Some(Signal::SIGABRT), "SIGSEGV in `on_config` of my ema (strategy-x/1.0/ab)");
}

#[test]
fn an_exit_in_a_call_names_the_instance_and_one_outside_says_nothing() {
    let death = dies("an_exit_in_a_call_names_the_instance_and_one_outside_says_nothing", |seat| {
        seat.during(Entry::Create, || nix_exit(3));
    });
    check(&death, None, "exit in `create` of my ema (strategy-x/1.0/ab)");
    assert_eq!(death.output.status.code(), Some(3));
}

#[test]
fn a_panic_that_is_caught_and_a_normal_end_say_nothing() {
    let death = dies("a_panic_that_is_caught_and_a_normal_end_say_nothing", |seat| {
        let caught = std::panic::catch_unwind(|| panic!("an ordinary panic"));
        assert!(caught.is_err() && seat.during(Entry::Save, || true));
    });
    check(&death, None, "");
    assert_eq!(death.output.status.code(), Some(77));
}

#[test]
fn a_crash_of_a_thread_that_is_in_no_call_names_nobody() {
    let death = dies("a_crash_of_a_thread_that_is_in_no_call_names_nobody", |seat| {
        seat.during(Entry::OnEvents, || {
            let _ = std::thread::spawn(|| std::process::abort()).join();
        });
    });
    check(&death, Some(Signal::SIGABRT), "SIGABRT outside of every plugin");
}

/// Watches its own thread with short times.
fn watched() -> Watchdog {
    Watchdog::start(WatchdogOptions {
        limit: Duration::from_millis(200),
        interval: Duration::from_millis(20),
    })
    .expect("a thread")
}

#[test]
fn a_hang_of_the_event_loop_is_named_and_ends_the_process() {
    let death = dies("a_hang_of_the_event_loop_is_named_and_ends_the_process", |seat| {
        let _watchdog = watched();
        for _ in 0..1000 {
            seat.during(Entry::OnEvents, || ());
        }
        seat.during(Entry::OnEvents, || {
            loop {
                std::thread::park();
            }
        });
    });
    assert_eq!(death.signal(), Some(Signal::SIGABRT as i32), "{}", death.stderr());
    let note = death.note.as_ref().expect("a note");
    assert!(note.is_hang, "{note}");
    let lasted: f64 = note.cause.trim_end_matches('s').parse().expect("seconds");
    assert!(lasted > 0.1 && lasted < 60.0, "{note}");
    assert_eq!(note.culprit.as_ref().map(|culprit| culprit.entry.as_str()), Some("on_events"));
}

#[test]
fn a_long_call_of_another_thread_does_not_end_the_process() {
    let death = dies("a_long_call_of_another_thread_does_not_end_the_process", |seat| {
        let watchdog = watched();
        let call = move || seat.during(Entry::Create, || std::thread::park_timeout(Duration::from_secs(1)));
        std::thread::spawn(call).join().expect("no panic");
        drop(watchdog);
    });
    check(&death, None, "");
    assert_eq!(death.output.status.code(), Some(77));
}
